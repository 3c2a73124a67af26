"""Cleaned texts, ticks, limits; and the clipping of lines against a brute-force one."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate_tui.tui.figure import Axis, Bars, Line, Panel, Points
from ablate_tui.tui.painters.cloud import clipped, staircase
from ablate_tui.tui.painters.labels import clean, log_ticks, span, tick_texts, ticks
from ablate_tui.tui.painters.palette import colour, ink_on, paper, shade


@given(st.text())
def test_cleaned_text_is_one_printable_line(text: str) -> None:
    assert clean(text).isprintable() or not clean(text)
    assert clean(clean(text)) == clean(text)


def test_clean_keeps_words_apart_and_accents() -> None:
    assert clean("a\nb\tc\x1b[0m\u202e") == "a b c[0m"
    assert clean("e\u0301 层") == "é 层"


@given(
    st.floats(-1e12, 1e12),
    st.floats(1e-6, 1e12),
    st.integers(1, 12),
)
def test_ticks_are_few_round_and_inside(low: float, width: float, most: int) -> None:
    high = low + width
    if high - low < 1e-9 * max(abs(low), abs(high)):
        return
    found = ticks(low, high, most)
    slack = 1e-6 * (high - low)
    assert len(found) <= most + 1
    assert all(low - slack <= t <= high + slack for t in found)
    if len(found) > 2:
        steps = np.diff(found)
        assert np.allclose(steps, steps[0], rtol=1e-3)
        mantissa = steps[0] / 10 ** math.floor(math.log10(steps[0]) + 1e-9)
        assert min(abs(mantissa - m) for m in (1, 2, 5, 10)) < 1e-2


@pytest.mark.parametrize(
    ("positions", "texts"),
    [
        ([0.0, 0.05, 0.1], ["0.00", "0.05", "0.10"]),
        ([-1.0, 0.0, 1.0], ["−1", "0", "1"]),
        ([-0.0, 0.5], ["0.0", "0.5"]),
        ([100.0, 200.0], ["100", "200"]),
        ([], []),
    ],
)
def test_tick_texts(positions: list[float], texts: list[str]) -> None:
    assert tick_texts(positions) == texts


def test_tick_texts_tell_ticks_apart() -> None:
    for positions in (ticks(1e7, 1e7 + 30, 5), ticks(1e-7, 9e-7, 5), ticks(2.31, 2.3102, 5)):
        assert len(set(tick_texts(positions))) == len(positions) >= 3


def test_log_ticks_are_powers_of_ten() -> None:
    assert log_ticks(1e-4, 1.0, 10) == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1.0])
    assert log_ticks(1.0, 9.0, 10) == pytest.approx([1.0, 2.0, 5.0])


def test_log_ticks_of_a_narrow_axis_are_round_numbers() -> None:
    assert log_ticks(0.9, 1.2, 4) == pytest.approx([0.9, 1.0, 1.1, 1.2])
    assert log_ticks(0.4, 2.5, 6) == pytest.approx([0.5, 1.0, 2.0])


def test_span_of_a_stack_reaches_from_its_ground_to_its_end() -> None:
    stack = (Bars((0.0, 1.0), (2.0, 4.0)), Bars((0.0, 1.0), (2.0, 8.0), base=(2.0, 4.0), fill="light"))
    assert span(Panel("", Axis(), Axis(), stack), "y") == pytest.approx((0.0, 8.4))
    # a part of no length at the top is no ground: there is air over it
    flat = (Bars((0.0,), (8.0,)), Bars((0.0,), (8.0,), base=(8.0,), fill="light"))
    assert span(Panel("", Axis(), Axis(), flat), "y") == pytest.approx((0.0, 8.4))


def test_span_sees_finite_values_only() -> None:
    nan, inf = math.nan, math.inf
    points = Points((nan, 0.0, 10.0, inf), (1.0, nan, -inf, 3.0))
    panel = Panel("", Axis(), Axis(), (points,))
    assert span(panel, "x") == pytest.approx((-0.5, 10.5))
    assert span(panel, "y") == pytest.approx((0.9, 3.1))


def test_span_of_bars_stands_on_their_base_and_of_a_constant_is_not_empty() -> None:
    bars = Panel("", Axis(), Axis(), (Bars((0.0, 1.0), (2.0, 4.0)),))
    assert span(bars, "y") == pytest.approx((0.0, 4.2))
    flat = Panel("", Axis(), Axis(), (Line((1.0, 2.0), (5.0, 5.0)),))
    low, high = span(flat, "y")
    assert low < 5.0 < high
    assert span(Panel("", Axis(limits=(3.0, 1.0)), Axis(), ()), "x") == (1.0, 3.0)


finite = st.floats(-5, 5)


@given(st.lists(st.tuples(finite | st.just(math.nan), finite), min_size=1, max_size=8))
def test_clipping_keeps_what_is_inside_and_only_that(points: list[tuple[float, float]]) -> None:
    box = (-1.0, 1.0, -1.0, 1.0)
    x, y = np.array(points).T
    pieces = clipped(x, y, box)
    drawn = [np.stack(piece) for piece in pieces]
    for piece in drawn:
        assert (np.abs(piece) <= 1).all()  # NaN fails this too
    # every point of the line that is well inside lies on some piece
    for (x0, y0), (x1, y1) in pairwise(points):
        for t in np.linspace(0, 1, 7):
            at = np.array([x0 + t * (x1 - x0), y0 + t * (y1 - y0)])
            if np.isfinite(at).all() and (np.abs(at) < 0.999).all():
                assert min((_distance(at, px, py) for px, py in drawn), default=9.0) < 1e-6


def _distance(at: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """From a point to a polyline."""
    corners = np.stack([x, y], axis=1)
    if len(corners) == 1:
        return float(np.linalg.norm(at - corners[0]))
    best = math.inf
    for a, b in pairwise(corners):
        length = float(((b - a) ** 2).sum())
        t = 0.0 if length == 0 else min(1.0, max(0.0, float((at - a) @ (b - a)) / length))
        best = min(best, float(np.linalg.norm(at - a - t * (b - a))))
    return best


def test_a_staircase_keeps_each_value_until_the_next() -> None:
    x, y = staircase((0.0, 1.0, 2.0), (5.0, 6.0, 7.0))
    assert x.tolist() == [0.0, 1.0, 1.0, 2.0, 2.0]
    assert y.tolist() == [5.0, 5.0, 6.0, 6.0, 7.0]


def luminance(rgb: tuple[int, int, int]) -> float:
    parts = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [True, False])
def test_roles_stand_out_from_the_paper_and_texts_from_their_shades(dark: bool) -> None:
    for role in ("on", "off", "neutral", "accent", "muted"):
        assert contrast(colour(role, dark), paper(dark)) >= 3.0  # WCAG 2, for graphics  # type: ignore[arg-type]
    for value in np.linspace(-1, 1, 41):
        tint = shade(float(value), dark)
        assert contrast(tint, ink_on(tint)) >= 4.5  # WCAG 2, for text
    assert shade(math.nan, dark) == shade(0.0, dark) == paper(dark)

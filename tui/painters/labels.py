"""Names and numbers as both painters write them: cleaned texts, tick positions, legend entries."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.sentences import typeset
from ablate_tui.tui.figure import (
    Axis,
    Bars,
    Box,
    Cells,
    Intervals,
    Line,
    Mark,
    Panel,
    Points,
    Role,
    Rule,
    Violin,
)

# control characters, format characters (joiners, direction overrides), surrogates, unassigned and private
# ones: none of them can be drawn, and some would steer the terminal
_DROPPED = {"Cc", "Cf", "Cs", "Cn", "Co"}
Floats = NDArray[np.float64]
FURTHEST = 1e300  # beyond, the differences that scaling needs overflow; such values count as infinite


def clean(text: str) -> str:
    """A text from data as one line of printable characters."""
    if text.isascii() and text.isprintable():
        return text
    kept = []
    for character in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(character)
        if character in "\n\r\t\v\f" or kind in ("Zl", "Zp", "Zs"):
            kept.append(" ")
        elif kind not in _DROPPED and not "\ufe00" <= character <= "\ufe0f":  # variation selectors change widths
            kept.append(character)
    return "".join(kept)


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` round positions (1, 2 or 5 times a power of ten) inside low … high."""
    span = high - low
    if not (math.isfinite(span) and span > 0) or most < 1:
        return []
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next((m * power for m in (1, 2, 5, 10) if span / (m * power) <= most), 20 * power)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)][: most + 1]


def tick_texts(positions: list[float]) -> list[str]:
    """Tick positions in words, all with the same number of decimals and a real minus sign."""
    if not positions:
        return []
    largest = max(abs(p) for p in positions)
    step = min((b - a for a, b in pairwise(positions)), default=largest) or 1.0
    if largest >= 1e6 or step < 1e-5:
        digits = max(1, min(12, math.ceil(math.log10(max(largest, 1e-300) / step)) + 1)) if largest else 1
        texts = [f"{p:.{digits}g}" for p in positions]
    else:
        decimals = next((d for d in range(7) if abs(round(step, d) - step) < 1e-3 * step), 6)
        texts = [f"{p:.{decimals}f}" for p in positions]
        texts = [t[1:] if t.startswith("-") and float(t) == 0 else t for t in texts]
    return [typeset(t) for t in texts]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Powers of ten inside low … high (both > 0), at most `most`; with 2 and 5 where there are few.

    Within a few percent or tens of percent even those are few: then evenly spaced round numbers.
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    decades = [10.0**k for k in range(first, last + 1)]
    if len(decades) < 3:
        decades = [m * 10.0**k for k in range(first - 1, last + 1) for m in (1, 2, 5)]
        decades = [d for d in decades if low * (1 - 1e-9) <= d <= high * (1 + 1e-9)]
        if len(decades) < 3:
            return ticks(low, high, most)
    return decades[:: max(1, math.ceil(len(decades) / max(1, most)))]


def log_texts(positions: list[float]) -> list[str]:
    """Ticks of a log axis, each as short as it can be."""
    return [typeset(f"{p:g}") for p in positions]


@dataclass(frozen=True)
class Entry:
    """One line of a legend."""

    label: str
    role: Role
    mark: Mark


def legend(panel: Panel) -> tuple[Entry, ...]:
    """What a panel's legend says: nothing where one thing is drawn, or where the ticks already say it.

    Marks of the same label and role (a histogram and its density) share one entry.
    """
    said = {clean(text) for axis in (panel.x, panel.y) for _, text in axis.ticks}
    entries: dict[tuple[str, Role], Entry] = {}
    for mark in panel.marks:
        if not isinstance(mark, Cells) and (label := clean(mark.label).strip()) and label not in said:
            entries.setdefault((label, mark.role), Entry(label, mark.role, mark))
    if len(entries) < 2 and not any(isinstance(entry.mark, Rule) for entry in entries.values()):
        return ()
    return tuple(entries.values())


def values_of(mark: Mark, which: str) -> Floats:
    """Every x or every y that a mark wants in sight (None, NaN and infinities left out)."""
    x = which == "x"
    if isinstance(mark, Line) and not x:
        return _finite(mark.y, mark.low, mark.high)
    if isinstance(mark, Line | Points):
        return _finite(mark.x if x else mark.y)
    if isinstance(mark, Bars):
        if mark.horizontal == x:
            return _finite(mark.values, mark.low, mark.high, tuple(mark.base_of(i) for i in range(len(mark.at))))
        return _finite(tuple(a + d for a in mark.at for d in (-mark.width / 2, mark.width / 2)))
    if isinstance(mark, Intervals):
        if mark.horizontal == x:
            return _finite(mark.values, mark.low, mark.high)
        return _finite(tuple(a + d for a in mark.at for d in (-0.5, 0.5)))
    if isinstance(mark, Box | Violin) and x:
        return _finite((mark.at - 0.5, mark.at + 0.5))
    if isinstance(mark, Box):
        return _finite(mark.outliers, (mark.q25, mark.median, mark.q75, mark.low, mark.high, mark.mean))
    if isinstance(mark, Violin):
        return _finite(mark.y, (mark.q25, mark.median, mark.q75))
    if isinstance(mark, Rule):
        return _finite((mark.at,) if mark.vertical == x else ())
    end = max((len(row) for row in mark.texts), default=1) if x else len(mark.texts)
    return _finite((-0.5, end - 0.5))


def _finite(*groups: tuple[float | None, ...]) -> Floats:
    values = np.array([v for group in groups for v in group] if len(groups) > 1 else groups[0], dtype=np.float64)
    return values[np.abs(values) < FURTHEST]  # None becomes NaN


def span(panel: Panel, which: str) -> tuple[float, float]:
    """The limits of one axis ("x" or "y"): those asked for, else the finite values with a little air.

    An axis with ticks shows its categories, half a step beyond the first and the last. Bars stand on
    their base without air under them, and so do lines that are filled.
    """
    axis: Axis = panel.x if which == "x" else panel.y
    if axis.limits is not None and all(abs(v) < FURTHEST for v in axis.limits):
        low, high = sorted(axis.limits)
        if high - low > 1e-12 * max(abs(low), abs(high)) and (low > 0 or not is_log(axis)):
            return low, high
    if axis.ticks:
        return categories(axis)
    log = is_log(axis)
    values = np.concatenate([np.zeros(0), *(values_of(mark, which) for mark in panel.marks)])
    if log:
        values = values[(values > 1e-280) & (values < 1e280)]
    if not len(values):
        return (1.0, 10.0) if log else (0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    if log:
        air = 10 ** (0.04 * (math.log10(high) - math.log10(low))) if high > low else 2.0
        return low / air, high * air
    # a lone value, or a spread that rounding would swallow
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        air = abs(high) * 0.1 or 1.0
        return low - air, high + air
    grounds = _grounds(panel, which)
    air = 0.05 * (high - low)
    return (low if low in grounds else low - air), (high if high in grounds else high + air)


def is_log(axis: Axis) -> bool:
    """Whether an axis is logarithmic; one of categories never is."""
    return axis.log and not axis.ticks


def categories(axis: Axis) -> tuple[float, float]:
    """Limits of an axis with ticks: half a step beyond the first and the last category."""
    positions = [p for p, _ in axis.ticks if abs(p) < 1e9] or [0.0]  # half steps need exact floats
    return min(positions) - 0.5, max(positions) + 0.5


def _grounds(panel: Panel, which: str) -> set[float]:
    """Values at which marks stand on the axis, so that no air belongs beyond them."""
    found: set[float] = set()
    for mark in panel.marks:
        if isinstance(mark, Bars) and not isinstance(mark.base, tuple) and mark.horizontal == (which == "x"):
            found.add(mark.base)
        elif isinstance(mark, Line) and which == "y" and _finite(mark.y).min(initial=math.inf) == 0:
            found.add(0.0)
    return found


Obstacle: TypeAlias = tuple[float, float]


def obstacles(panel: Panel) -> tuple[Obstacle, ...]:
    """Marked points as (value, position of the row): what a text at the end of a bar must not cover."""
    found: list[Obstacle] = []
    for mark in panel.marks:
        if isinstance(mark, Points) and mark.size == "large":
            found += zip(mark.x, mark.y, strict=True)
        elif isinstance(mark, Intervals) and mark.horizontal:
            ends = (*mark.high, *[None] * len(mark.at))
            for at, value, high in zip(mark.at, mark.values, ends, strict=False):
                found += [(v, at) for v in (value, high) if v is not None]
    return tuple(sorted(pair for pair in found if all(abs(v) < FURTHEST for v in pair)))


def clear_of(things: tuple[Obstacle, ...], at: float, end: float, reach: float) -> float:
    """Where a text of length `reach`, meant to begin at `end`, begins so as to cover no point of its row."""
    for value, position in things:  # ascending
        if abs(position - at) < 0.3 and end < value <= end + reach:
            end = value
    return end

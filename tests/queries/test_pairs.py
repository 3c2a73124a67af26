"""Matched pairs against a plain loop."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ablate_tui.data.errors import UsageError
from ablate_tui.data.schema import FINISHED, Factor, Response, RunTable
from ablate_tui.queries.effects import effects
from ablate_tui.queries.pairs import pairs
from ablate_tui.queries.reasons import reason
from ablate_tui.queries.slices import Sample, Slice, take

from .make import sweep


@st.composite
def tables(draw: st.DrawFn) -> RunTable:
    n = draw(st.integers(1, 50))
    level = st.sampled_from(["false", "true", "true", None])
    frame = pd.DataFrame(
        {
            "a": pd.Series(draw(st.lists(level, min_size=n, max_size=n)), dtype=object),
            "b": pd.Series(draw(st.lists(level, min_size=n, max_size=n)), dtype=object),
            "c": draw(st.lists(st.sampled_from("xyz"), min_size=n, max_size=n)),
            "seed": draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)),
            "y": draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.5, math.nan]), min_size=n, max_size=n)),
        }
    )
    levels = {"a": ("false", "true"), "b": ("false", "true"), "c": ("x", "y", "z")}
    return sweep(frame, replicates=("seed",), levels=levels, goal=draw(st.sampled_from(["min", "max"])))


def by_loop(sample: Sample, switch: str) -> list[tuple[float, float]]:
    row = sample.table.positions[switch]
    cells: dict[tuple[int, ...], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for i in range(sample.runs):
        codes = sample.codes[:, i].tolist()
        side = codes.pop(row)
        if side >= 0 and sample.status[i] == FINISHED:
            cells[*codes, int(sample.replicate[i])][side].append(float(sample.y[i]))
    found = [(np.mean(cell[1]), np.mean(cell[0])) for _, cell in sorted(cells.items()) if len(cell) == 2]
    return [(float(on), float(off)) for on, off in found]


@settings(max_examples=120, deadline=None)
@given(tables(), st.sampled_from([{}, {"b": ("on",)}, {"c": ("x", "z")}]))
def test_against_a_loop(made: RunTable, filters: dict[str, tuple[str, ...]]) -> None:
    sample = take(made, Slice.of(made, filters))
    want = by_loop(sample, "a")
    found = pairs(sample, "a")
    assert [(row.on, row.off) for row in found.rows] == pytest.approx(want)
    assert found.total == len(want)
    table = effects(sample)
    effect = table.rows[0]
    assert effect.pairs == len(want)
    if not want:
        assert [effect.pair_mean_diff, effect.pair_win_rate, effect.wilcoxon_p] == [None] * 3
        return
    d = np.array(want) @ [1.0, -1.0]
    assert effect.pair_mean_diff == pytest.approx(d.mean())
    assert effect.pair_median_diff == pytest.approx(np.median(d))
    assert effect.pair_win_rate == pytest.approx(np.mean(d < 0 if made.response.goal == "min" else d > 0))
    if d.any():
        assert effect.wilcoxon_p == pytest.approx(stats.wilcoxon(d).pvalue, rel=1e-6)
    else:
        assert effect.wilcoxon_p is None
    if not d.all():
        assert "equal" in str(reason(table.notes, "a", "pair_win_rate"))


def test_the_words_of_a_pair() -> None:
    frame = pd.DataFrame(
        {
            "a": [True, False, True],
            "b": ["x", "x", "y"],
            "c": [1, 1, 2],
            "seed": [7, 7, 7],
            "y": [1.0, 3.0, 4.0],
        }
    )
    made = sweep(frame, replicates=("seed",))
    (row,) = pairs(take(made, Slice()), "a").rows
    assert (row.pair, row.configuration, row.replicate) == (1, "b=x, c=1", 0)
    assert (row.on, row.off, row.difference) == (1.0, 3.0, -2.0)
    (row,) = pairs(take(made, Slice.of(made, {"b": ("x",)})), "a").rows
    assert row.configuration == "c=1"
    found = pairs(take(made, Slice.of(made, {"a": ("on",)})), "a")
    assert found.rows == ()
    assert "fixed by the filter" in found.notes[0].reason


def test_more_pairs_than_are_listed() -> None:
    made = sweep(pd.DataFrame({"a": [True, False] * 9, "seed": np.repeat(range(9), 2), "y": np.arange(18.0)}),
                 replicates=("seed",))  # fmt: skip
    found = pairs(take(made, Slice()), "a", limit=4)
    assert (len(found.rows), found.total) == (4, 9)
    assert found.notes[0].reason == "4 of 9 pairs listed"


def test_many_switches_and_replicates() -> None:
    """The sparse way: far more possible cells than runs."""
    rng = np.random.default_rng(3)
    half = rng.integers(0, 2, (200, 400)).astype(np.int16)
    codes = np.concatenate([half, half], axis=1)
    codes[17, 400:] = 1 - codes[17, 400:]
    seed = np.tile(rng.permutation(400), 2).astype(np.int32)
    y = rng.normal(size=800)
    factors = tuple(Factor(f"s{i}", ("false", "true")) for i in range(200))
    blank = np.zeros(800, np.uint8)
    made = RunTable(
        "x",
        "x",
        (),
        factors,
        ("seed",),
        Response("y", '"y"', "min"),
        codes,
        y,
        blank,
        blank.astype(bool),
        seed,
    )
    sign = np.where(codes[17, :400] == 1, 1, -1)
    want = np.sort(sign * (y[:400] - y[400:]))
    got = np.sort([row.difference for row in pairs(take(made, Slice()), "s17").rows])
    assert got == pytest.approx(want)
    assert pairs(take(made, Slice()), "s3").total == 0


def test_a_factor_has_no_pairs() -> None:
    made = sweep(pd.DataFrame({"f": list("abc"), "y": [1.0, 2.0, 3.0]}))
    with pytest.raises(UsageError, match="3 levels"):
        pairs(take(made, Slice()), "f")

"""Two slices beside each other: what each says alone, common axes, and the interval of a difference."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.queries.make import sweep

from ablate_tui.data.schema import RunTable
from ablate_tui.queries.compare import compare
from ablate_tui.queries.effects import effects
from ablate_tui.queries.inference.least_squares import Estimate
from ablate_tui.queries.inference.location import location
from ablate_tui.queries.reasons import reason
from ablate_tui.queries.slices import Sample, Slice, take
from ablate_tui.queries.two_slices import compare_slices, difference_interval, effects_of_slices


def made(rng: np.random.Generator, b: float = 0.5, noise: tuple[float, float] = (0.1, 0.3), seeds: int = 4) -> RunTable:
    """Four switches and some seeds; what b does is `b` where a is on, and nothing where it is off."""
    rows = [
        (*levels, seed, levels[0] + b * levels[0] * levels[1] + rng.normal(0, noise[levels[0]]))
        for levels in itertools.product((0, 1), repeat=4)
        for seed in range(seeds)
    ]
    return sweep(pd.DataFrame(rows, columns=["a", "b", "c", "d", "seed", "y"]), replicates=["seed"])


def slices(table: RunTable, contrast: str | None = "b") -> tuple[Sample, Sample]:
    """Where a is on, and where it is off."""
    return tuple(take(table, Slice.of(table, {"a": (level,)}, contrast)) for level in ("1", "0"))  # type: ignore[return-value]


def test_each_slice_says_what_it_says_alone() -> None:
    """Rows, boxes and steps are those of one slice; bins and grid span both."""
    a, b = slices(made(np.random.default_rng(1)))
    found = compare_slices(a, b)
    for of, sample in ((found.a, a), (found.b, b)):
        alone = compare(sample)
        assert (of.rows, of.boxes, of.ecdf) == (alone.rows, alone.boxes, alone.ecdf)
        edges = np.array(of.histogram.edges)
        for level, name in (("0", "off"), ("1", "on")):
            y = sample.y[sample.code("b") == int(level)]
            assert of.histogram.counts[level] == tuple(np.histogram(y, edges)[0].tolist()), name
            density = stats.gaussian_kde(y)(np.array(of.kde.x))
            assert of.kde.density[level] == pytest.approx(density, rel=1e-9, abs=1e-12)
    assert found.a.histogram.edges == found.b.histogram.edges
    assert found.a.kde.x == found.b.kde.x
    low, high = found.a.histogram.edges[0], found.a.histogram.edges[-1]
    every = np.concatenate([a.y, b.y])
    assert (low, high) == pytest.approx((every.min(), every.max()))
    assert found.shared == 0
    means = [s.y[s.code("b") == 1].mean() - s.y[s.code("b") == 0].mean() for s in (a, b)]
    assert (found.mean_diff_a, found.mean_diff_b) == pytest.approx(means)
    assert found.mean_diff_difference == pytest.approx(means[0] - means[1])


def test_without_a_contrast_the_slices_are_the_sides() -> None:
    """One side each, and no effect to speak of."""
    a, b = slices(made(np.random.default_rng(1)), None)
    found = compare_slices(a, b)
    assert [row.n for row in (*found.a.rows, *found.b.rows)] == [32, 32]
    assert found.mean_diff_a is None
    assert found.mean_diff_difference is None


def test_the_interval_of_a_difference_is_welchs() -> None:
    """Two means of normal samples: the interval is that of Welch's t test."""
    rng = np.random.default_rng(2)
    x, y = rng.normal(0, 1, 12), rng.normal(1, 3, 7)
    one, other = (
        Estimate(float(v.mean()), float(v.std(ddof=1) / math.sqrt(len(v))), len(v) - 1, math.nan) for v in (x, y)
    )
    welch = stats.ttest_ind(x, y, equal_var=False).confidence_interval(0.95)
    assert difference_interval(one, other) == pytest.approx((welch.low, welch.high), rel=1e-9)
    assert difference_interval(Estimate(1.0, 0.0, 3, 0.0), Estimate(2.0, 0.0, 3, 0.0)) is None
    assert difference_interval(Estimate(1.0, 0.0, 3, 0.0), one) == pytest.approx(
        (1 - one.interval()[1], 1 - one.interval()[0])
    )


def test_effects_of_both_and_their_difference() -> None:
    """The tables are those of one slice; the interval is of the location models' estimates."""
    a, b = slices(made(np.random.default_rng(3)))
    found = effects_of_slices(a, b)
    assert found.a.rows == effects(a).rows
    assert found.b.rows == effects(b).rows
    assert [row.switch for row in found.rows] == ["a", "b", "c", "d"]
    row = found.rows[1]
    one, other = (location(sample).levels["b", "1"] for sample in (a, b))
    assert row.difference == pytest.approx(one.value - other.value)  # balanced
    assert (row.low, row.high) == pytest.approx(difference_interval(one, other))
    assert row.low < 0.5 < row.high
    assert row.low > 0
    fixed = found.rows[0]
    assert (fixed.difference, fixed.low, fixed.high) == (None, None, None)
    assert {note.field for note in found.why if note.row == "a"} == {"difference", "low high"}


def test_slices_that_share_runs_have_no_interval() -> None:
    """The difference stays, as a figure over runs, and a note says why there is no more."""
    table = made(np.random.default_rng(4))
    a, _ = slices(table)
    found = effects_of_slices(a, take(table, Slice.of(table, {}, "b")))
    assert found.shared == 32
    assert found.rows[1].difference is not None
    assert all(row.low is None for row in found.rows)
    assert any("share runs (32)" in note.reason and note.row == "*" for note in found.why)


def test_an_empty_slice_gives_nulls_with_reasons() -> None:
    """No run on one side of the comparison."""
    table = made(np.random.default_rng(5))
    a, _ = slices(table)
    nothing = Sample(table, Slice(contrast="b"), np.zeros(table.combinations.n, dtype=bool))
    found = effects_of_slices(a, nothing)
    assert all(row.difference is None and row.low is None for row in found.rows)
    assert all(reason(found.why, row.switch, field) for row in found.rows for field in ("difference", "low", "high"))
    both = compare_slices(a, nothing)
    assert [row.n for row in both.b.rows] == [0, 0]
    assert both.mean_diff_difference is None
    assert len(both.a.histogram.edges) > 1


def test_the_interval_covers_what_it_should() -> None:
    """Near 95 % of simulated differences, with noise three times as large in one slice."""
    rng = np.random.default_rng(6)
    hits, n = 0, 150
    for _ in range(n):
        a, b = slices(made(rng, seeds=2))
        one, other = (location(sample).levels["b", "1"] for sample in (a, b))
        low, high = difference_interval(one, other)  # type: ignore[misc]
        hits += low <= 0.5 <= high
    assert hits >= stats.binom.ppf(0.001, n, 0.95)


def test_differences_that_no_number_holds_are_null_with_reasons() -> None:
    """Means of two sides that are there, and lie further apart than numbers go."""
    frame = pd.DataFrame(itertools.product((0, 1), (0, 1), range(2)), columns=["a", "b", "seed"])
    frame["y"] = np.where(frame["b"] == frame["a"], 1.2e308, -1.2e308)
    table = sweep(frame, replicates=["seed"])
    a, b = slices(table)
    both = compare_slices(a, b)
    assert (both.mean_diff_a, both.mean_diff_b, both.mean_diff_difference) == (None, None, None)
    assert all(reason(both.why, "*", field) for field in ("mean_diff", "mean_diff_difference"))
    wide = Estimate(1.5e308, 1e307, 2, 0.0)
    assert difference_interval(wide, Estimate(-1.5e308, 1e307, 2, 0.0)) is None

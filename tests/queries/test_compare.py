"""The comparison against numpy, scipy, matplotlib and DuckDB."""

from __future__ import annotations

import itertools
import math
import warnings
from dataclasses import asdict, fields

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.cbook import boxplot_stats
from scipy import stats
from statsmodels.stats.multitest import multipletests

from ablate_tui.queries.compare import Comparison, SideRow, compare, compare_sql
from ablate_tui.queries.descriptive.ascending import Values
from ablate_tui.queries.descriptive.distributions import (
    DIRECT,
    OUTLIERS,
    bandwidth,
    box_stats,
    density,
    ecdf,
    histogram_edges,
)
from ablate_tui.queries.reasons import reason
from ablate_tui.queries.slices import Slice, take

from .make import SHARED, degenerate, reference, sweep

FIELDS = "level n diverged missing mean sd min q05 q25 median q75 q95 max"


def two_sides(on: np.ndarray, off: np.ndarray) -> Comparison:
    frame = pd.DataFrame({"s": [True] * len(on) + [False] * len(off), "y": np.concatenate([on, off])})
    made = sweep(frame, levels={"s": ("false", "true")})
    return compare(take(made, Slice.of(made, {}, "s")))


def test_fields_are_those_of_the_contract() -> None:
    assert " ".join(field.name for field in fields(SideRow)) == FIELDS


def test_rows_against_numpy() -> None:
    rng = np.random.default_rng(0)
    on, off = rng.normal(2, 3, 101), rng.gamma(2, 1, 58)
    found = two_sides(np.r_[on, np.nan, np.inf], off)
    assert [row.level for row in found.rows] == ["false", "true"]
    for row, y, diverged in zip(found.rows, (off, on), (0, 2), strict=True):
        assert (row.n, row.diverged, row.missing) == (len(y), diverged, 0)
        q = np.quantile(y, [0.05, 0.25, 0.5, 0.75, 0.95])
        want = [y.mean(), y.std(ddof=1), y.min(), *q, y.max()]
        assert [row.mean, row.sd, row.min, row.q05, row.q25, row.median, row.q75, row.q95, row.max] == (
            pytest.approx(want, rel=1e-12)
        )


def test_missing_runs_and_runs_without_a_level() -> None:
    frame = pd.DataFrame(
        {
            "f": pd.Series(["a", "b", "c", "a", None, None], dtype=object),
            "y": pd.Series([1.0, None, math.nan, 2.0, 3.0, 4.0], dtype=object),
        }
    )
    made = sweep(frame)
    found = compare(take(made, Slice.of(made, {}, "f")))
    assert [(row.level, row.n, row.diverged, row.missing) for row in found.rows] == [
        ("a", 2, 0, 0),
        ("b", 0, 0, 1),
        ("c", 0, 1, 0),
    ]
    assert "runs without a level of f (2)" in str(reason(found.notes, "a", "n"))
    assert sum(map(sum, found.histogram.counts.values())) == 2
    (row,) = compare(take(made, Slice())).rows
    assert (row.level, row.n, row.diverged, row.missing) == ("all", 4, 1, 1)


@settings(max_examples=60)
@given(st.lists(st.floats(-50, 50).map(lambda v: round(v, 5)), min_size=2, max_size=80), st.floats(0.1, 100))
def test_density_against_scipy(values: list[float], scale: float) -> None:
    y = np.sort(values) * scale
    if np.ptp(y) < 1e-3:
        return
    x = np.linspace(y[0] - scale, y[-1] + scale, 50)
    assert density(Values(y), bandwidth(Values(y)), x) == pytest.approx(stats.gaussian_kde(y)(x), rel=1e-9, abs=1e-300)


def test_density_of_many_runs_keeps_its_promise() -> None:
    rng = np.random.default_rng(4)
    for y in (rng.normal(size=20_000), np.r_[rng.standard_t(2, 15_000), rng.normal(3, 0.01, 5_000)]):
        y = np.sort(y)
        assert len(y) > DIRECT
        h = bandwidth(Values(y))
        x = np.linspace(y[0] - 3 * h, y[-1] + 3 * h, 200)
        off = np.abs(density(Values(y), h, x) - stats.gaussian_kde(y)(x))
        assert off.max() <= 5.1e-5 / (h * math.sqrt(2 * math.pi))


def test_density_of_many_runs_where_the_bound_is_tight() -> None:
    y = np.r_[0.0, np.full(6_000, 0.01)]  # half-way between two nodes, at bandwidth 1
    x = np.linspace(-3, 3, 61)
    want = np.exp(-0.5 * (x[:, None] - y) ** 2).sum(axis=1) / (len(y) * math.sqrt(2 * math.pi))
    off = np.abs(density(Values(y), 1.0, x) - want).max() * math.sqrt(2 * math.pi)
    assert 4e-5 < off < 5e-5


def test_kde_is_a_density_on_a_common_grid() -> None:
    rng = np.random.default_rng(1)
    on, off = rng.normal(5, 1, 200), rng.normal(0, 0.5, 300)
    found = two_sides(on, off).kde
    x = np.array(found.x)
    h = stats.gaussian_kde(off).factor * off.std(ddof=1)
    assert x[0] == pytest.approx(off.min() - 3 * h)
    for level, y in (("true", on), ("false", off)):
        values = found.density[level]
        assert values == pytest.approx(stats.gaussian_kde(y)(x), rel=1e-9)
        assert np.trapezoid(values, x) == pytest.approx(1, abs=2e-3)


def test_a_side_that_has_no_density() -> None:
    found = two_sides(np.full(9, 0.1), np.arange(9.0))
    assert found.kde.density["true"] is None
    assert found.kde.density["false"] is not None
    assert reason(found.notes, "true", "kde") == "all finished runs are equal"
    found = two_sides(np.array([1.0]), np.arange(9.0))
    assert reason(found.notes, "true", "kde") == "fewer than two finished runs"


def test_a_grid_too_wide_for_the_bandwidth_is_told() -> None:
    rng = np.random.default_rng(2)
    found = two_sides(rng.normal(0, 1e-4, 400), np.r_[rng.normal(size=300), 1e3])
    assert "peaks can be missed" in str(reason(found.notes, "true", "kde"))


@settings(max_examples=80)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200), st.booleans())
def test_histogram_counts_every_run(values: list[float], whole: bool) -> None:
    y = np.sort(np.rint(values) if whole else values)
    edges = histogram_edges(Values(y))
    assert 1 <= len(edges) - 1 <= 60
    assert (np.diff(edges) > 0).all()
    found = two_sides(y, y[::2])
    assert list(found.histogram.counts["true"]) == np.histogram(y, found.histogram.edges)[0].tolist()
    assert sum(found.histogram.counts["false"]) == len(y[::2])


def test_histogram_follows_numpy_where_numpy_is_within_bounds() -> None:
    y = np.sort(np.random.default_rng(3).normal(size=2_000))
    want = np.histogram_bin_edges(y, "auto")
    assert 10 < len(want) - 1 < 60
    assert histogram_edges(Values(y)) == pytest.approx(want)
    assert len(histogram_edges(Values(np.r_[y, 1e9]))) - 1 == 60
    assert len(histogram_edges(Values(y[:2]))) - 1 == 10


def test_histogram_of_whole_numbers_and_of_one_value() -> None:
    assert histogram_edges(Values(np.array([2.0, 3.0, 3.0, 5.0]))).tolist() == [1.5, 2.5, 3.5, 4.5, 5.5]
    wide = histogram_edges(Values(np.arange(1_000.0)))
    assert np.unique(np.diff(wide)) % 1 == 0
    assert wide[0] == -0.5
    assert wide[-1] >= 999
    assert histogram_edges(Values(np.full(4, 7.0))).tolist() == [6.5, 7.5]
    assert np.diff(histogram_edges(Values(np.full(4, 1e300))))[0] > 0


@settings(max_examples=60)
@given(st.lists(st.integers(0, 2_000).map(float), min_size=1, max_size=900))
def test_ecdf_is_exact_where_it_is_given(values: list[float]) -> None:
    y = np.sort(values)
    x, share, steps = ecdf(Values(y))
    want = stats.ecdf(y).cdf
    assert steps == len(want.quantiles)
    assert len(x) == min(steps, 512)
    assert (x[0], x[-1], share[-1]) == (y[0], y[-1], 1.0)
    assert share == pytest.approx(want.evaluate(x))


def test_thinning_is_told() -> None:
    rng = np.random.default_rng(6)
    found = two_sides(rng.standard_cauchy(3_000), rng.normal(size=300))
    assert found.ecdf_of == {"false": "300 of 300", "true": "512 of 3,000"}
    assert "512 of 3,000 steps" in str(reason(found.notes, "true", "ecdf"))
    box = found.boxes[1]
    assert len(box.outliers) == OUTLIERS < box.outlier_count
    assert (box.outliers[0], box.outliers[-1]) == (found.rows[1].min, found.rows[1].max)
    assert f"of {box.outlier_count:,} outliers" in str(reason(found.notes, "true", "outliers"))


@settings(max_examples=80)
@given(st.lists(st.floats(-100, 100).map(lambda v: round(v**3, 4)), min_size=1, max_size=60))
def test_boxes_against_matplotlib(values: list[float]) -> None:
    y = np.sort(values)
    found = box_stats("x", Values(y))
    (want,) = boxplot_stats(y)
    got = [found.q25, found.median, found.q75, found.low, found.high, found.mean]
    assert got == pytest.approx([want[k] for k in ("q1", "med", "q3", "whislo", "whishi", "mean")])
    assert np.sort(want["fliers"]) == pytest.approx(found.outliers)
    assert found.outlier_count == len(want["fliers"])


@pytest.mark.skipif(not SHARED.exists(), reason="the real sweeps are not here")
@pytest.mark.parametrize(("name", "contrast"), [("att_norm", "attn_activ"), ("llvm", "gvn"), ("npk", None)])
def test_sql_gives_the_same_rows_on_real_sweeps(name: str, contrast: str | None) -> None:
    made, frame = reference(name)
    first = made.factors[1]
    sample = take(made, Slice.of(made, {first.name: first.levels[:1]}, contrast))
    with duckdb.connect() as connection:
        connection.register(name, frame)
        same_rows(connection, sample)


def test_sql_counts_diverged_and_missing_runs() -> None:
    frame = pd.DataFrame({"level": [True, False] * 20, "b": ["x", "it's"] * 20})
    y = [math.nan if i % 5 == 0 else None if i % 7 == 0 else i**2 for i in range(40)]
    frame["y"] = pd.Series(y, dtype=object)
    made = sweep(frame)
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE runs (level BOOLEAN, b VARCHAR, y DOUBLE)")
        for row in zip(frame.level, frame.b, y, strict=True):
            connection.execute("INSERT INTO runs VALUES (?, ?, ?)", list(row))
        for slice_ in (Slice.of(made, {}, "level"), Slice.of(made, {"b": ("it's",)}), Slice()):
            sample = take(made, slice_)
            assert sample.diverged
            assert sample.missing
            same_rows(connection, sample)


def same_rows(connection: duckdb.DuckDBPyConnection, sample: object) -> None:
    table = connection.execute(compare_sql(sample)).fetchall()
    want = [row for row in compare(sample).rows if row.n]
    assert [description[0] for description in connection.description] == FIELDS.split()
    assert len(table) == len(want)
    for got, row in zip(sorted(table), sorted(want, key=lambda row: row.level), strict=True):
        assert got[0] == row.level
        assert got[1:] == pytest.approx([getattr(row, field) for field in FIELDS.split()[1:]], rel=1e-9)


SCIPY = {
    "welch": lambda a, b: stats.ttest_ind(a, b, equal_var=False).pvalue,
    "mann_whitney": lambda a, b: stats.mannwhitneyu(a, b).pvalue,
    "brown_forsythe": lambda a, b: stats.levene(a, b, center="median").pvalue,
}


def levels_against_scipy(found: Comparison, sides: dict[str, np.ndarray]) -> None:
    """Every pair of levels, Holm over the pairs, and the tests of all levels at once."""
    assert [(row.a, row.b) for row in found.pairwise] == list(itertools.combinations(sides, 2))
    for row in found.pairwise:
        a, b = sides[row.a], sides[row.b]
        assert (row.n_a, row.n_b) == (len(a), len(b))
        assert row.mean_diff == pytest.approx(b.mean() - a.mean(), rel=1e-9)
        assert row.sd_ratio == pytest.approx(b.std(ddof=1) / a.std(ddof=1), rel=1e-9)
    for test, by_scipy in SCIPY.items():
        p = [by_scipy(sides[row.a], sides[row.b]) for row in found.pairwise]
        assert [getattr(row, f"{test}_p") for row in found.pairwise] == pytest.approx(p, rel=1e-6)
        adjusted = multipletests(p, method="holm")[1]
        assert [getattr(row, f"{test}_holm_p") for row in found.pairwise] == pytest.approx(adjusted, rel=1e-6)
    assert found.omnibus is not None
    assert found.omnibus.kruskal_p == pytest.approx(stats.kruskal(*sides.values()).pvalue, rel=1e-6)
    spread = stats.levene(*sides.values(), center="median").pvalue
    assert found.omnibus.brown_forsythe_p == pytest.approx(spread, rel=1e-6)
    assert "descriptive" in str(reason(found.notes, "*", "pairwise"))


@pytest.mark.skipif(not SHARED.exists(), reason="the real sweeps are not here")
@pytest.mark.parametrize(("contrast", "filters"), [("attn_activ", {}), ("qk_norm", {"attn_activ": ("softmax",)})])
def test_levels_in_pairs_on_the_real_sweep(contrast: str, filters: dict[str, tuple[str, ...]]) -> None:
    made, frame = reference("att_norm")
    for name, kept in filters.items():
        frame = frame[frame[name].isin(kept)]
    sides = {level: frame.last_val_loss[frame[contrast] == level].to_numpy() for level in made.factor(contrast).levels}
    levels_against_scipy(compare(take(made, Slice.of(made, filters, contrast))), sides)


@pytest.mark.parametrize("digits", [0, 1, 9])
def test_levels_in_pairs_with_and_without_ties(digits: int) -> None:
    """Unequal sides, few runs (exact Mann-Whitney), and many ties."""
    rng = np.random.default_rng(digits)
    sides = {
        level: rng.normal(at, 1 + at, n).round(digits)
        for at, (level, n) in enumerate(zip("wxyz", (5, 40, 9, 70), strict=True))
    }
    frame = pd.DataFrame([(level, value) for level, y in sides.items() for value in y], columns=["f", "y"])
    made = sweep(frame.sample(frac=1, random_state=1))
    levels_against_scipy(compare(take(made, Slice.of(made, {}, "f"))), sides)


def test_two_levels_are_no_pairs_of_levels() -> None:
    rng = np.random.default_rng(0)
    found = two_sides(rng.normal(size=9), rng.normal(size=9))
    assert (found.pairwise, found.omnibus) == ((), None)


def test_pairs_of_levels_that_have_no_test() -> None:
    """A level without runs is in no pair; one run or no spread gives nulls with their reasons, not in Holm's family."""
    y = {"a": [1.0, 1.0], "b": [2.0], "c": [math.nan], "d": [1.0, 3.0, 4.0]}
    frame = pd.DataFrame([(level, value) for level, values in y.items() for value in values], columns=["f", "y"])
    made = sweep(frame)
    found = compare(take(made, Slice.of(made, {}, "f")))
    assert [row.name for row in found.pairwise] == ["b − a", "d − a", "d − b"]
    for row in found.pairwise:
        for field in fields(row):
            assert getattr(row, field.name) is not None or reason(found.notes, row.name, field.name), field.name
    first, second, third = found.pairwise
    assert (first.mean_diff, first.sd_ratio, first.welch_p, first.welch_holm_p) == (1.0, None, None, None)
    assert reason(found.notes, "d − a", "sd_ratio") == "the SD of a is zero"
    assert second.welch_p is not None
    assert second.welch_holm_p == second.welch_p
    assert third.welch_p is None


def test_too_many_levels_for_pairs() -> None:
    frame = pd.DataFrame({"f": [f"l{i % 21}" for i in range(63)], "y": np.arange(63.0)})
    made = sweep(frame)
    found = compare(take(made, Slice.of(made, {}, "f")))
    assert found.pairwise == ()
    assert "21 levels" in str(reason(found.notes, "*", "pairwise"))
    assert found.omnibus is not None
    y = [group.to_numpy() for _, group in frame.groupby("f").y]
    assert found.omnibus.kruskal_p == pytest.approx(stats.kruskal(*y).pvalue, rel=1e-6)


@pytest.mark.parametrize("name", degenerate())
def test_levels_of_odd_sweeps(name: str) -> None:
    """Nulls have a reason, and nothing warns."""
    made = degenerate()[name]
    if not made.factors:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compare(take(made, Slice.of(made, {}, "b")))
    assert found.omnibus is not None
    for field, value in asdict(found.omnibus).items():
        assert value is not None or reason(found.notes, "*", field), field
    for row in found.pairwise:
        for field, value in asdict(row).items():
            assert value is not None or reason(found.notes, row.name, field), (row.name, field)

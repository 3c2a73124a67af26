"""The effects table against the published answers, scipy, statsmodels, pandas and DuckDB."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ablate_tui.data.cube import Combinations
from ablate_tui.data.schema import DIVERGED, FINISHED, MISSING, Factor, Response, RunTable
from ablate_tui.queries.effects import EffectRow, effects, effects_sql, glance, input_sql
from ablate_tui.queries.reasons import reason
from ablate_tui.queries.slices import Sample, Slice, take

from .make import SHARED, reference, sweep

needs_answers = pytest.mark.skipif(not (SHARED / "answers.json").exists(), reason="the real sweeps are not here")

FIELDS = (
    "switch on off n_on n_off diverged_on diverged_off mean_on mean_off mean_diff mean_diff_low"
    " mean_diff_high median_on median_off median_diff sd_on sd_off sd_ratio sd_ratio_low sd_ratio_high"
    " iqr_on iqr_off welch_p mann_whitney_p brown_forsythe_p failed_on failed_off failure_p location_p"
    " location_basis sd_between_on sd_between_off sd_within_on sd_within_off noise_basis noise_ratio"
    " noise_ratio_median ln_f_star noise_p pairs pair_mean_diff pair_median_diff pair_win_rate wilcoxon_p"
    " best_share_on base_share_on best_p location_q noise_q verdict spread_cause reason kruskal_p"
    " omnibus_brown_forsythe_p"
)
ANSWER = {
    "n_on": "n_on", "n_off": "n_off", "mean_on": "mean_on", "mean_off": "mean_off", "delta_mean": "mean_diff",
    "median_on": "median_on", "median_off": "median_off", "delta_median": "median_diff", "std_on": "sd_on",
    "std_off": "sd_off", "std_ratio": "sd_ratio", "share_on_all": "base_share_on",
    "share_on_best10": "best_share_on", "share_on_best10_ties": "best_share_on",
    "bf_p": "brown_forsythe_p", "mwu_p": "mann_whitney_p", "welch_p": "welch_p",
}  # fmt: skip
PAIRED = {
    "n_pairs": "pairs", "mean_d": "pair_mean_diff", "median_d": "pair_median_diff",
    "wilcoxon_p": "wilcoxon_p", "share_of_pairs_on_better": "pair_win_rate",
}  # fmt: skip


def agree(got: float | None, want: float, field: str) -> None:
    assert got is not None, field
    p = field.endswith("_p")
    assert got == pytest.approx(want, rel=1e-6 if p else 1e-9, abs=1e-300 if p else 1e-12), field


def whole(table: RunTable) -> dict[str, EffectRow]:
    return {row.name: row for row in effects(take(table, Slice())).rows}


def test_fields_are_those_of_the_contract() -> None:
    assert " ".join(field.name for field in fields(EffectRow)) == FIELDS


@needs_answers
@pytest.mark.parametrize("name", ["att_norm", "att_norm_raw", "llvm", "npk"])
def test_real_sweeps(name: str) -> None:
    made, _ = reference(name)
    rows = whole(made)
    (answers,) = json.loads((SHARED / "answers.json").read_text())[name.removesuffix("_raw")]["responses"].values()
    checked = 0
    for switch, wanted in answers["two_level"].items():
        row = asdict(rows[switch])
        assert (row["on"], row["off"]) == (str(wanted["on"]), str(wanted["off"]))
        pairs = wanted.get("paired", {"n_pairs": 0})
        for key, field in ANSWER.items():
            agree(row[field], wanted[key], field)
        for key, value in pairs.items():
            if key in PAIRED:
                agree(row[PAIRED[key]], value, PAIRED[key])
        assert row["kruskal_p"] is None
        checked += 1
    for factor, wanted in answers["multi_level"].items():
        for level, against_rest in wanted["level_vs_rest"].items():
            row = asdict(rows[f"{factor}={level}"])
            assert (row["on"], row["off"]) == (level, "rest")
            for key, field in ANSWER.items():
                agree(row[field], against_rest[key], field)
            agree(row["kruskal_p"], wanted["kruskal_p"], "kruskal_p")
            agree(row["omnibus_brown_forsythe_p"], wanted["bf_p"], "omnibus_brown_forsythe_p")
            assert row["pairs"] is None
            checked += 1
    assert checked == len(rows)


@needs_answers
@pytest.mark.parametrize("name", ["att_norm", "llvm", "npk"])
def test_sql_gives_the_same_figures(name: str) -> None:
    made, frame = reference(name)
    with duckdb.connect() as connection:
        connection.register(name, frame)
        some = made.factors[0]
        for filters in ({}, {some.name: some.levels[:1]}):
            sample = take(made, Slice.of(made, filters))
            table = connection.execute(effects_sql(sample)).fetchall()
            by_side = {(switch, on, side): values for switch, on, side, *values in table}
            rows = [row for row in effects(sample).rows if row.mean_on is not None]
            assert len(rows) >= len(made.factors) - len(filters)
            for row in rows:
                on = by_side[row.switch, row.on, row.on]
                off = by_side[row.switch, row.on, row.off]
                assert on == pytest.approx([row.n_on, row.mean_on, row.median_on, row.sd_on, row.iqr_on])
                assert off == pytest.approx([row.n_off, row.mean_off, row.median_off, row.sd_off, row.iqr_off])
            inputs = connection.sql(input_sql(sample)).df()
            assert inputs["y"].tolist() == pytest.approx(sample.y.tolist())
            assert list(inputs.columns[: len(made.factors)]) == [factor.name for factor in made.factors]


def test_sql_with_unkind_names() -> None:
    names = ['a"b', "y", "level", "x y; --\n'", "切换", "Y_"]
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.integers(0, 2, 40).astype(bool) for name in names})
    frame['loss"] FROM runs'] = rng.normal(size=40)
    made = sweep(frame, 'loss"] FROM runs', table='my "runs"')
    sample = take(made, Slice.of(made, {'a"b': ("on",), "y": ("on", "off")}))
    with duckdb.connect() as connection:
        connection.execute('CREATE TABLE "my ""runs""" AS SELECT * FROM frame')
        table = connection.execute(effects_sql(sample)).fetchall()
        want = {row.switch: row.mean_on for row in effects(sample).rows if row.mean_on is not None}
        got = {row[0]: row[4] for row in table if row[1] == row[2]}
        assert len(want) == len(names) - 1
        assert {name: got[name] for name in want} == pytest.approx(want)
        assert len(connection.execute(input_sql(sample)).fetchall()) == sample.runs


@st.composite
def samples(draw: st.DrawFn) -> tuple[Sample, np.ndarray, np.ndarray]:
    """A sweep of a switch and a factor of three levels; few distinct values, so ties, or many."""
    n = draw(st.integers(4, 60))
    code = draw(st.lists(st.sampled_from([0, 0, 1, 1, 1, -1]), min_size=n, max_size=n))
    other = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    value = draw(
        st.sampled_from(
            [
                st.integers(-3, 3).map(float),
                st.floats(-1e3, 1e3).map(lambda v: round(v, 6)),
                st.one_of(st.floats(0, 9).map(lambda v: round(v, 3)), st.sampled_from([math.nan, math.inf, None])),
            ]
        )
    )
    y = draw(st.lists(value, min_size=n, max_size=n))
    frame = pd.DataFrame(
        {
            "s": pd.Series([None if c < 0 else bool(c) for c in code], dtype=object),
            "f": [f"l{c}" for c in other],
            "y": pd.Series(y, dtype=object),
        }
    )
    made = sweep(frame, levels={"s": ("false", "true"), "f": ("l0", "l1", "l2")})
    return take(made, Slice()), np.array(code), np.array(other)


@settings(max_examples=150)
@given(samples())
def test_against_scipy(drawn: tuple[Sample, np.ndarray, np.ndarray]) -> None:
    sample, code, other = drawn
    ok = sample.status == FINISHED
    sides = [("s", sample.y[ok & (code == 1)], sample.y[ok & (code == 0)])]
    sides += [(f"f=l{i}", sample.y[ok & (other == i)], sample.y[ok & (other != i)]) for i in range(3)]
    rows = {row.name: row for row in effects(sample).rows}
    for name, on, off in sides:
        row = rows[name]
        for side, of, y in (("on", row, on), ("off", row, off)):
            got = [getattr(of, f"{field}_{side}") for field in ("n", "mean", "median", "sd", "iqr")]
            want = [len(y), None, None, None, None]
            if len(y):
                want[1:] = [y.mean(), np.median(y), y.std(ddof=1) if len(y) > 1 else None, stats.iqr(y)]
            assert got == pytest.approx(want, rel=1e-9, abs=1e-9)
        pooled = np.concatenate([on, off])
        if not len(on) or not len(off) or np.ptp(pooled) == 0:
            assert row.mann_whitney_p is None
            continue
        assert row.mann_whitney_p == pytest.approx(stats.mannwhitneyu(on, off).pvalue, rel=1e-6)
        if min(len(on), len(off)) > 1 and min(np.ptp(on), np.ptp(off)) > 1e-3:
            want = stats.ttest_ind(on, off, equal_var=False).pvalue
            assert row.welch_p == pytest.approx(want, rel=1e-6, abs=1e-300)
            away = [np.abs(y - np.median(y)) for y in (on, off)]
            if max(np.ptp(z) for z in away) > 1e-6:
                want = stats.levene(on, off, center="median").pvalue
                assert row.brown_forsythe_p == pytest.approx(want, rel=1e-6, abs=1e-300)
    groups = [sample.y[ok & (other == i)] for i in range(3) if (ok & (other == i)).any()]
    pooled = np.concatenate(groups) if groups else np.zeros(0)
    if len(groups) > 1 and np.ptp(pooled) > 0:
        assert rows["f=l0"].kruskal_p == pytest.approx(stats.kruskal(*groups).pvalue, rel=1e-6)
        away = [np.abs(y - np.median(y)) for y in groups]
        if max(np.ptp(z) for z in away) > 1e-6:
            want = stats.levene(*groups, center="median").pvalue
            assert rows["f=l0"].omnibus_brown_forsythe_p == pytest.approx(want, rel=1e-6, abs=1e-300)
    else:
        assert rows["f=l0"].kruskal_p is None


def test_a_large_offset_costs_no_digits() -> None:
    rng = np.random.default_rng(1)
    on, off = rng.normal(1e9, 1e-1, 500), rng.normal(1e9, 2e-1, 700)
    made = sweep(pd.DataFrame({"s": [True] * 500 + [False] * 700, "y": np.concatenate([on, off])}))
    (row,) = effects(take(made, Slice())).rows
    assert row.sd_on == pytest.approx(np.std(on - 1e9, ddof=1), rel=1e-9)
    assert row.sd_off == pytest.approx(np.std(off - 1e9, ddof=1), rel=1e-9)


def test_counts_by_side_and_failures() -> None:
    frame = pd.DataFrame(
        {
            "s": pd.Series([True, True, True, True, False, False, False, None], dtype=object),
            "y": pd.Series([1.0, math.nan, math.inf, None, 2.0, 3.0, -math.inf, math.nan], dtype=object),
        }
    )
    made = sweep(frame, failed=[False, True, True, False, True, False, True, True])
    assert made.status.tolist() == [0, DIVERGED, DIVERGED, MISSING, 0, 0, DIVERGED, DIVERGED]
    found = effects(take(made, Slice()))
    (row,) = found.rows
    assert (row.n_on, row.n_off, row.diverged_on, row.diverged_off) == (1, 2, 2, 1)
    assert (row.failed_on, row.failed_off) == (2 / 3, 2 / 3)
    assert reason(found.notes, "s", "n_on") == "on neither side: runs without a level (1)"


@pytest.mark.parametrize("goal", ["min", "max"])
def test_best_share_takes_ties_at_the_border_in_full(goal: str) -> None:
    y = [1.0] * 3 + [2.0] * 27 + [3.0] * 4
    on = [True, False, False] + [True] * 10 + [False] * 17 + [True] * 3 + [False]
    made = sweep(pd.DataFrame({"s": on, "y": y}), goal=goal)
    found = effects(take(made, Slice()))
    assert math.ceil(len(y) * 0.1) == 4
    if goal == "min":
        assert found.rows[0].best_share_on == 11 / 30
        assert "30 runs for the best 4" in str(reason(found.notes, "s", "best_share_on"))
    else:
        assert found.rows[0].best_share_on == 3 / 4
        assert reason(found.notes, "s", "best_share_on") is None
    assert found.rows[0].base_share_on == 14 / 34


def test_thirty_runs_have_three_best() -> None:
    made = sweep(pd.DataFrame({"s": [True] * 4 + [False] * 26, "y": np.arange(30.0)}))
    assert effects(take(made, Slice())).rows[0].best_share_on == 1.0
    made = sweep(pd.DataFrame({"s": [True] * 3 + [False] * 27, "y": np.arange(30.0)}))
    assert effects(take(made, Slice())).rows[0].best_share_on == 1.0


def test_a_level_that_the_filter_leaves_out() -> None:
    frame = pd.DataFrame({"f": list("abc") * 4, "s": [True, False] * 6, "y": np.arange(12.0) ** 2})
    made = sweep(frame)
    found = effects(take(made, Slice.of(made, {"f": ("a", "b")})))
    rows = {row.name: row for row in found.rows}
    assert reason(found.notes, "f=c", "mean_on") == "left out by the filter"
    a, b = frame.y[frame.f == "a"], frame.y[frame.f == "b"]
    assert rows["f=a"].mean_diff == pytest.approx(a.mean() - b.mean())
    assert rows["f=a"].kruskal_p == pytest.approx(stats.kruskal(a, b).pvalue)
    found = effects(take(made, Slice.of(made, {"f": ("b",)})))
    assert reason(found.notes, "f=b", "mean_on") == "fixed by the filter"


def test_a_factor_with_ten_thousand_levels_is_not_compared() -> None:
    codes = np.arange(20_000, dtype=np.int16) % 10_000
    y = np.sin(np.arange(20_000.0))
    factors = (Factor("f", tuple(map(str, range(10_000)))),)
    blank = np.zeros(20_000, np.uint8)
    made = RunTable(
        "x", "x", (), factors, (), Response("y", '"y"', "min"),
        Combinations.of(codes[None], (10_000,)), y, blank, blank.astype(bool),
        np.zeros(20_000, np.int32),
    )  # fmt: skip
    found = effects(take(made, Slice()))
    assert len(found.rows) == 10_000
    assert found.rows[7].n_on == 2
    assert "too many to compare" in str(reason(found.notes, "f=7", "mean_on"))


def test_glance_counts_every_factor() -> None:
    frame = pd.DataFrame(
        {
            "s": pd.Series([True, True, False, None, False], dtype=object),
            "f": list("abcab"),
            "t": [True, False, True, False, True],
            "y": pd.Series([1.0, 2.0, 5.0, 9.0, math.nan], dtype=object),
        }
    )
    made = sweep(frame)
    s, f, t = glance(take(made, Slice()))
    assert (s.switch, s.levels, s.runs, s.finished) == ("s", ("false", "true"), (2, 2), (1, 2))
    assert s.mean_diff == 1.5 - 5.0
    assert (f.runs, f.finished, f.mean_diff) == ((2, 2, 1), (2, 1, 1), None)
    assert t.mean_diff == 3.0 - 5.5
    s, f, t = glance(take(made, Slice.of(made, {"t": ("true",)})))
    assert (t.runs, t.mean_diff) == ((0, 3), None)
    assert s.mean_diff == 1.0 - 5.0

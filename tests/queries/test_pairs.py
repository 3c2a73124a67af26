"""Matched pairs against a plain loop."""

from __future__ import annotations

import itertools
import math
import warnings
from collections import defaultdict
from dataclasses import asdict

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from ablate_tui.data.cube import Combinations
from ablate_tui.data.schema import FINISHED, Factor, Goal, Response, RunTable
from ablate_tui.queries.descriptive.pair_ends import histogram
from ablate_tui.queries.effects import effects
from ablate_tui.queries.pairs import pairs, pairs_sql
from ablate_tui.queries.reasons import Reasons, reason
from ablate_tui.queries.slices import Sample, Slice, take

from .make import SHARED, degenerate, json_ready, reference, sweep

needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="the real sweeps are not here")


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
        codes = sample.table.combinations.codes[:, sample.configuration[i]].tolist()
        side = codes.pop(row)
        if side >= 0 and sample.status[i] == FINISHED:
            cells[*codes, int(sample.replicate[i])][side].append(float(sample.y[i]))
    found = [(np.mean(cell[1]), np.mean(cell[0])) for _, cell in sorted(cells.items()) if len(cell) == 2]
    return [(float(on), float(off)) for on, off in found]


@settings(max_examples=120)
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
    assert (row.pair, row.configuration, row.replicate) == (1, "b=x, c=1", "7")
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
    assert reason(found.notes, "*", "pair") == "4 of 9 pairs listed"


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
        Combinations.of(codes, (2,) * len(codes)),
        y,
        blank,
        blank.astype(bool),
        seed,
        tuple(map(str, range(400))),
    )
    sign = np.where(codes[17, :400] == 1, 1, -1)
    want = np.sort(sign * (y[:400] - y[400:]))
    got = np.sort([row.difference for row in pairs(take(made, Slice()), "s17").rows])
    assert got == pytest.approx(want)
    assert pairs(take(made, Slice()), "s3").total == 0


def paired(frame: pd.DataFrame, factor: str, off: str, on: str, response: str) -> pd.DataFrame:
    """Both sides and their difference, by pandas; one row a pair."""
    shared = [column for column in frame if column not in (factor, response)]
    wide = frame.groupby([*shared, factor], dropna=False)[response].mean().unstack(factor)
    wide = wide[[off, on]].dropna()
    return wide.assign(difference=wide[on] - wide[off]).reset_index()


def att_norm() -> tuple[RunTable, pd.DataFrame]:
    made, frame = reference("att_norm")
    return made, frame[["qk_activ", "qk_norm", "attn_activ", "post_attn_norm", "seed", "last_val_loss"]]


@needs_shared
def test_a_crossover_on_the_real_sweep() -> None:
    """Over single pairs Wilcoxon says .012; over the 24 configurations there is nothing."""
    made, frame = att_norm()
    found = pairs(take(made, Slice.of(made, {}, "post_attn_norm")), "post_attn_norm")
    want = paired(frame, "post_attn_norm", "none", "rms_norm", "last_val_loss")
    means = want.groupby(["qk_activ", "qk_norm", "attn_activ"]).difference.mean()
    assert found.figures is not None
    assert (found.figures.off, found.figures.on, found.total, found.figures.equal) == ("none", "rms_norm", 120, 0)
    assert found.figures.mean_diff == pytest.approx(want.difference.mean(), rel=1e-9)
    assert found.figures.median_diff == pytest.approx(want.difference.median(), rel=1e-9)
    assert found.figures.win_rate == pytest.approx((want.difference < 0).mean(), rel=1e-12)
    assert found.figures.wilcoxon_p == pytest.approx(0.01193, abs=5e-6)
    assert found.figures.wilcoxon_p == pytest.approx(stats.wilcoxon(want.difference).pvalue, rel=1e-6)
    assert found.figures.configurations == 24
    assert found.figures.configuration_p == pytest.approx(stats.wilcoxon(means).pvalue, rel=1e-6)
    assert 0.4 < found.figures.configuration_p < 0.6
    assert {row.replicate for row in found.rows} == set(frame.seed.astype(str))

    want = want.sort_values("difference", kind="stable")
    best = [row for row in found.ends if row.end == "best"]
    worst = [row for row in found.ends if row.end == "worst"]
    assert [row.difference for row in best] == pytest.approx(want.difference.head(6).tolist(), rel=1e-12)
    assert [row.difference for row in worst] == pytest.approx(want.difference.tail(6)[::-1].tolist(), rel=1e-12)
    first = want.iloc[0]
    assert best[0].configuration == (
        f"qk_activ={first.qk_activ}, qk_norm={first.qk_norm}, attn_activ={first.attn_activ}"
    )
    assert (best[0].replicate, best[0].off, best[0].on) == (str(first.seed), first["none"], first["rms_norm"])
    assert dict(zip(found.others, best[0].levels, strict=True)) == {name: first[name] for name in found.others}
    assert found.others[0] == "attn_activ"  # what the crossover hangs on
    assert found.end_sizes == {"best": 12, "worst": 12}
    for row in found.end_levels:
        end = want.head(12) if row.end == "best" else want.tail(12)
        assert row.n == (end[row.switch] == row.level).sum()
        assert row.share == pytest.approx((end[row.switch] == row.level).mean())
        assert row.base == pytest.approx((want[row.switch] == row.level).mean())
    assert len(found.end_levels) == 2 * (2 + 3 + 4)
    assert [row.mean for row in found.by_configuration] == pytest.approx(
        [*means.sort_values().head(6), *means.sort_values().tail(6)], rel=1e-9
    )
    assert [row.place for row in found.by_configuration] == [1, 2, 3, 4, 5, 6, 19, 20, 21, 22, 23, 24]
    assert {(row.pairs, row.of) for row in found.by_configuration} == {(5, 24)}


@needs_shared
@pytest.mark.parametrize("factor", ["attn_activ", "qk_norm"])
def test_levels_two_by_two_on_the_real_sweep(factor: str) -> None:
    made, frame = att_norm()
    found = pairs(take(made, Slice.of(made, {}, factor)), factor)
    levels = made.factor(factor).levels
    assert [(row.off, row.on) for row in found.level_pairs] == list(itertools.combinations(levels, 2))
    raw: dict[str, list[float]] = {"wilcoxon": [], "configuration": []}
    for row in found.level_pairs:
        want = paired(frame, factor, row.off, row.on, "last_val_loss")
        others = [name for name in ("qk_activ", "qk_norm", "attn_activ", "post_attn_norm") if name != factor]
        means = want.groupby(others).difference.mean()
        assert (row.pairs, row.configurations) == (len(want), len(means))
        assert row.mean_diff == pytest.approx(want.difference.mean(), rel=1e-9)
        assert row.median_diff == pytest.approx(want.difference.median(), rel=1e-9)
        assert row.win_rate == pytest.approx((want.difference < 0).mean())
        raw["wilcoxon"].append(float(stats.wilcoxon(want.difference).pvalue))
        raw["configuration"].append(float(stats.wilcoxon(means).pvalue))
    for test, p in raw.items():
        assert [getattr(row, f"{test}_p") for row in found.level_pairs] == pytest.approx(p, rel=1e-6)
        adjusted = multipletests(p, method="holm")[1]
        assert [getattr(row, f"{test}_holm_p") for row in found.level_pairs] == pytest.approx(adjusted, rel=1e-6)
    largest = max(found.level_pairs, key=lambda row: abs(row.mean_diff or 0.0))
    assert found.figures is not None
    assert (found.figures.off, found.figures.on) == (largest.off, largest.on)
    assert found.total == largest.pairs == len(found.rows)


def test_the_two_levels_that_a_filter_leaves() -> None:
    frame = pd.DataFrame(itertools.product("wxyz", [False, True], range(3)), columns=["f", "s", "seed"])
    frame["y"] = np.random.default_rng(5).normal(size=len(frame))
    made = sweep(frame, replicates=("seed",))
    found = pairs(take(made, Slice.of(made, {"f": ("z", "x")})), "f")
    want = paired(frame, "f", "x", "z", "y")
    assert found.figures is not None
    assert (found.figures.off, found.figures.on, found.level_pairs) == ("x", "z", ())
    assert [row.difference for row in found.rows] == pytest.approx(want.difference.tolist())
    found = pairs(take(made, Slice.of(made, {"f": ("w", "x", "z")})), "f")
    assert [row.name for row in found.level_pairs] == ["x − w", "z − w", "z − x"]
    found = pairs(take(made, Slice.of(made, {"f": ("w",)})), "f")
    assert (found.figures, found.rows) == (None, ())
    assert "fixed by the filter" in found.notes[0].reason


def test_too_many_levels_to_pair() -> None:
    frame = pd.DataFrame(itertools.product([f"l{i:02}" for i in range(21)], range(2)), columns=["f", "seed"])
    made = sweep(frame.assign(y=np.arange(42.0)), replicates=("seed",))
    found = pairs(take(made, Slice()), "f")
    assert (found.figures, found.level_pairs) == (None, ())
    assert "21 levels are too many" in found.notes[0].reason
    some = made.factor("f").levels[:20]
    assert len(pairs(take(made, Slice.of(made, {"f": some})), "f").level_pairs) == 190


def test_levels_that_never_meet() -> None:
    """c is in no configuration with another level: its pairs are null, with the reason."""
    frame = pd.DataFrame({"f": list("ababc"), "s": [0, 0, 1, 1, 2], "y": [1.0, 2.0, 3.0, 5.0, 9.0]})
    made = sweep(frame)
    found = pairs(take(made, Slice()), "f")
    known, *others = found.level_pairs
    assert (known.name, known.pairs, known.mean_diff) == ("b − a", 2, 1.5)
    for row in others:
        assert (row.pairs, row.mean_diff, row.win_rate, row.wilcoxon_p, row.wilcoxon_holm_p) == (0, *[None] * 4)
        assert "no two finished runs" in str(reason(found.notes, row.name, "win_rate"))
    assert known.wilcoxon_holm_p == known.wilcoxon_p


@settings(max_examples=150)
@given(st.lists(st.sampled_from([-3.5, -1.0, -0.25, 0.0, 0.0, 0.5, 2.0, 7.25]), min_size=1, max_size=60),
       st.sampled_from(["min", "max"]))  # fmt: skip
def test_the_bars_part_at_zero(differences: list[float], goal: Goal) -> None:
    """Every pair is counted once, and the bars on the better side hold exactly the pairs that are better."""
    d = np.array(differences)
    found = histogram(d, goal, Reasons())
    edges, counts = np.array(found.edges), np.array(found.counts)
    assert counts.sum() == len(d)
    assert (np.diff(edges) > 0).all()
    assert edges[0] <= d.min()
    assert edges[-1] >= d.max()
    if d.min() < 0 < d.max():
        assert 0.0 in found.edges
        better = edges[1:] <= 0 if goal == "min" else edges[:-1] >= 0
        assert counts[better].sum() == np.count_nonzero(d < 0 if goal == "min" else d > 0)


@settings(max_examples=60)
@given(tables())
def test_ends_against_a_loop(made: RunTable) -> None:
    """The outermost pairs by brute force; no pair is at both ends."""
    found = pairs(take(made, Slice()), "a")
    by_gain = sorted((row.difference or 0.0) * (1 if made.response.goal == "min" else -1) for row in found.rows)
    best = [row for row in found.ends if row.end == "best"]
    worst = [row for row in found.ends if row.end == "worst"]
    sign = 1 if made.response.goal == "min" else -1
    assert [sign * row.difference for row in best] == by_gain[: len(best)]
    assert [sign * row.difference for row in worst] == by_gain[::-1][: len(worst)]
    assert len(best) + len(worst) == min(12, len(by_gain))
    assert len({row.pair for row in found.ends}) == len(found.ends)
    for row in found.ends:
        assert row.difference == found.rows[row.pair - 1].difference


def test_an_end_in_which_most_pairs_tie() -> None:
    """29 of 30 pairs are equal: the worst end would be nearly all pairs, and explains nothing."""
    frame = pd.DataFrame(itertools.product([False, True], [False, True], range(15)), columns=["a", "b", "seed"])
    y = np.where(frame.a & frame.b & (frame.seed == 3), -1.0, 0.0)
    made = sweep(frame.assign(y=y), replicates=("seed",))
    found = pairs(take(made, Slice()), "a")
    assert found.end_sizes == {}
    assert "tie at the worst end" in found.notes[-1].reason
    assert found.end_levels == ()


def test_without_replicate_columns() -> None:
    made = sweep(pd.DataFrame({"a": [True, False] * 4, "b": list("wwxxyyzz"), "y": np.arange(8.0)}))
    found = pairs(take(made, Slice()), "a")
    assert [row.replicate for row in found.rows] == [None] * 4
    assert found.end_levels == ()
    assert reason(found.notes, "*", "end_levels") == "fewer than 10 pairs"


@pytest.mark.parametrize("name", degenerate())
def test_nothing_to_pair(name: str) -> None:
    """Odd sweeps give nulls, and a reason for every one of them; never a warning."""
    made = degenerate()[name]
    for factor in made.factors:
        for filters in ({}, {"b": ("x", "z")}, {"a": ("true",)}):
            sample = take(made, Slice.of(made, filters))
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found = pairs(sample, factor.name)
            json_ready(asdict(found), name)
            if found.figures is None:
                assert found.notes[0].reason
                continue
            rows = [(pair.name, pair) for pair in found.level_pairs] or [("*", found.figures)]
            for row, figures in rows:
                for field, value in asdict(figures).items():
                    assert value is not None or reason(found.notes, row, field), (row, field)
            assert found.histogram.counts or reason(found.notes, "*", "histogram")


def test_sql_gives_the_pairs() -> None:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(
        {
            "on": rng.choice(["x", "it's", "z"], 200),
            "b": rng.choice([True, False], 200),
            "c": rng.choice([1, 2, 3], 200),
            "seed": rng.integers(0, 3, 200),
            "y": np.where(rng.random(200) < 0.1, np.nan, rng.normal(size=200)),
        }
    )
    made = sweep(frame, replicates=("seed",))
    with duckdb.connect() as connection:
        connection.register("runs", frame)
        for switch, filters in (("b", {}), ("on", {}), ("on", {"on": ("x", "z"), "c": ("1", "2")})):
            sample = take(made, Slice.of(made, filters))
            found = pairs(sample, switch)
            table = connection.execute(pairs_sql(sample, found)).fetchall()
            assert len(table) == found.total > 5
            want = sorted((row.difference, row.on, row.off) for row in found.rows)
            assert [row[-1] for row in table] == pytest.approx([row[0] for row in want])
            assert sorted(row[-3:-1] for row in table) == pytest.approx(sorted(row[1:] for row in want))
        none = take(made, Slice.of(made, {"b": ("true",)}))
        assert connection.execute(pairs_sql(none, pairs(none, "b"))).fetchall() == []

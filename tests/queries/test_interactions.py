"""Pairs of factors against statsmodels, scipy, printed figures and enumeration."""

from __future__ import annotations

from dataclasses import asdict
from itertools import combinations, product
from math import factorial

import duckdb
import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy.special import gamma
from scipy.stats import false_discovery_control
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests
from tests.queries.make import degenerate, json_ready, reference, sweep

from ablate_tui.data.errors import UsageError
from ablate_tui.queries.attribution.explanation import COMBINATIONS
from ablate_tui.queries.attribution.shapley import interaction_values
from ablate_tui.queries.dependence import dependence
from ablate_tui.queries.importance import importance, with_uncertainty
from ablate_tui.queries.interactions import Interactions, interactions, interactions_sql
from ablate_tui.queries.pair_card import pair_card
from ablate_tui.queries.reasons import reason
from ablate_tui.queries.slices import Slice, take

FACTORS = ["qk_activ", "qk_norm", "attn_activ", "post_attn_norm"]


def found(table, **slice_) -> Interactions:
    return interactions(take(table, Slice(**slice_)), None)


def row_of(result: Interactions, a: str, b: str):
    return next(row for row in result.rows if (row.a, row.b) == (a, b))


def random_sweep(n: int = 400, seed: int = 1, **more) -> pd.DataFrame:
    """An unbalanced sweep of four switches with replicates whose noise depends on two of them."""
    rng = np.random.default_rng(seed)
    x = (rng.random((n, 4)) < (0.5, 0.35, 0.6, 0.5)).astype(int)
    noise = np.exp(0.6 * x[:, 0] * x[:, 1] - 1)
    y = x @ [1.0, -0.5, 0.2, 0.0] + 0.8 * x[:, 2] * x[:, 3] + noise * rng.normal(size=n)
    return pd.DataFrame({**dict(zip("abcd", x.T, strict=True)), "y": y, **more})


def configuration_means(frame: pd.DataFrame, factors: list[str], y: str) -> pd.DataFrame:
    return frame.groupby(factors)[y].agg(mean="mean", sd="std", n="size").reset_index()


# ---- the mean


def weights_of(frame: pd.DataFrame, names: dict[str, int], pair: dict[str, str]) -> np.ndarray:
    """A level against the mean of its factor's other levels, for both factors, on statsmodels' coefficients."""
    weights = np.zeros(len(names))
    levels = {factor: sorted(frame[factor].astype(str).unique()) for factor in pair}
    for combination in product(*levels.values()):
        weight = 1.0
        for (factor, chosen), level in zip(pair.items(), combination, strict=True):
            weight *= 1.0 if level == chosen else -1 / (len(levels[factor]) - 1)
        term = ":".join(f"C({f})[T.{level}]" for f, level in zip(pair, combination, strict=True))
        if term in names:
            weights[names[term]] += weight
    return weights


@pytest.mark.parametrize(("a", "b", "active"), [("attn_activ", "post_attn_norm", True), ("qk_activ", "qk_norm", False)])
def test_factors_of_several_levels_equal_statsmodels(a, b, active):
    """Joint test, differences of differences and intervals: weighted least squares with HC3."""
    table, frame = reference("att_norm")
    result = found(table)
    groups = configuration_means(frame, FACTORS, "last_val_loss")
    terms = ["attn_activ:post_attn_norm", "qk_norm:attn_activ"]
    pairs = {frozenset(term.split(":")) for term in terms} | {frozenset((a, b))}
    formula = "mean ~ " + " + ".join(f"C({f})" for f in FACTORS)
    formula += "".join(f" + C({x}):C({y})" for x, y in (sorted(pair, key=FACTORS.index) for pair in pairs))
    fit = smf.wls(formula, groups, weights=groups["n"]).fit(cov_type="HC3", use_t=True)
    names = {name: at for at, name in enumerate(fit.params.index)}

    own = result.pair(a, b)
    assert own.active is active
    mine = [name for name in names if name.startswith(f"C({a})") and f":C({b})" in name]
    joint = fit.f_test(np.eye(len(names))[[names[name] for name in mine]])
    assert own.mean_p == pytest.approx(float(joint.pvalue), rel=1e-6)
    if active:
        assert own.mean_p < 1e-7

    switches = {"qk_activ": "gelu", "post_attn_norm": "rms_norm"}
    for place in own.rows:
        row = result.rows[place]
        chosen = {f: switches.get(f, name.removeprefix(f"{f}=")) for f, name in ((a, row.a), (b, row.b))}
        weights = weights_of(frame, names, chosen)
        test = fit.t_test(weights)
        assert row.mean_did == pytest.approx(test.effect[0], rel=1e-9)
        low, high = test.conf_int()[0]
        assert (row.mean_did_low, row.mean_did_high) == pytest.approx((low, high), rel=1e-7)


def test_switches_equal_statsmodels_in_an_unbalanced_sweep():
    """Every pair joins the main effects and the active interaction."""
    frame = random_sweep()
    result = found(sweep(frame))
    groups = configuration_means(frame, list("abcd"), "y")
    active = [(pair.a, pair.b) for pair in result.pairs if pair.active]
    assert ("c", "d") in active
    p = {}
    for a, b in combinations("abcd", 2):
        terms = dict.fromkeys([*(f"{x}:{y}" for x, y in active), f"{a}:{b}"])
        fit = smf.wls(f"mean ~ a + b + c + d + {' + '.join(terms)}", groups, weights=groups["n"])
        fit = fit.fit(cov_type="HC3", use_t=True)
        row = row_of(result, a, b)
        assert row.mean_did == pytest.approx(fit.params[f"{a}:{b}"], rel=1e-9)
        assert (row.mean_did_low, row.mean_did_high) == pytest.approx(tuple(fit.conf_int().loc[f"{a}:{b}"]), rel=1e-7)
        p[a, b] = fit.pvalues[f"{a}:{b}"]
        assert result.pair(a, b).mean_p == pytest.approx(p[a, b], rel=1e-6)
    q = dict(zip(p, false_discovery_control(list(p.values())), strict=True))
    for (a, b), value in q.items():
        assert row_of(result, a, b).mean_q == pytest.approx(value, rel=1e-6)


def test_location_terms_that_were_given_stay_in_the_model():
    frame = random_sweep()
    groups = configuration_means(frame, list("abcd"), "y")
    result = found(sweep(frame), location=(("a", "b"), ("a", "c")))
    fit = smf.wls("mean ~ a + b + c + d + a:b + a:c + c:d", groups, weights=groups["n"]).fit(cov_type="HC3", use_t=True)
    assert result.pair("c", "d").mean_p == pytest.approx(fit.pvalues["c:d"], rel=1e-6)
    assert {(pair.a, pair.b) for pair in result.pairs if pair.active} == {("a", "b"), ("a", "c")}


def test_npk_equals_the_printed_sums_of_squares():
    """R's aov(yield ~ block + N*P*K): SS of N:P 21.2817, N:K 33.1350, P:K 0.4817; SS = n (DID/2)²/4."""
    table, _ = reference("npk")
    result = found(table)
    for (a, b), squares in {("N", "P"): 21.2817, ("N", "K"): 33.1350, ("P", "K"): 0.4817}.items():
        assert 24 * (row_of(result, a, b).mean_did / 2) ** 2 / 4 == pytest.approx(squares, rel=1e-4)


def test_a_small_factorial_is_judged_by_its_replicates():
    """2² with replicates: the F test of the two-way analysis of variance."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(list(product([0, 1], [0, 1], range(5))), columns=["a", "b", "run"]).drop(columns="run")
    frame["y"] = frame["a"] * frame["b"] + rng.normal(size=20)
    row = found(sweep(frame)).rows[0]
    fit = smf.ols("y ~ a * b", frame).fit()
    assert row.mean_q == pytest.approx(anova_lm(fit).loc["a:b", "PR(>F)"], rel=1e-9)
    assert (row.mean_did_low, row.mean_did_high) == pytest.approx(tuple(fit.conf_int().loc["a:b"]), rel=1e-9)


def test_rows_of_a_pair_are_judged_by_holm_within_it():
    """q of a row: the larger of the pair's q and the row's own p by Holm's method."""
    table, frame = reference("att_norm")
    result = found(table)
    pair = result.pair("qk_norm", "attn_activ")
    rows = [result.rows[at] for at in pair.rows]
    groups = configuration_means(frame, FACTORS, "last_val_loss")
    formula = "mean ~ C(qk_activ) + C(qk_norm) * C(attn_activ) + C(attn_activ) * C(post_attn_norm)"
    fit = smf.wls(formula, groups, weights=groups["n"]).fit(cov_type="HC3", use_t=True)
    names = {name: at for at, name in enumerate(fit.params.index)}
    p = [
        fit.t_test(
            weights_of(
                frame,
                names,
                {"qk_norm": row.a.removeprefix("qk_norm="), "attn_activ": row.b.removeprefix("attn_activ=")},
            )
        ).pvalue.item()
        for row in rows
    ]
    expected = np.maximum(multipletests(p, method="holm")[1], pair.mean_q)
    assert [row.mean_q for row in rows] == pytest.approx(expected.tolist(), rel=1e-6)


# ---- ln SD


def c4(r: np.ndarray) -> np.ndarray:
    return np.sqrt(2 / (r - 1)) * gamma(r / 2) / gamma((r - 1) / 2)


def test_log_sd_equals_statsmodels_without_the_seeds_shared_effects():
    """ln z of the configurations, after each seed's mean deviation has gone; ordinary least squares with HC3."""
    rng = np.random.default_rng(5)
    rows = [(*x, seed) for x in product([0, 1], repeat=4) for seed in range(6)]
    frame = pd.DataFrame(rows, columns=[*"abcd", "seed"])
    shared = rng.normal(size=6)[frame["seed"]]
    frame["y"] = 5 * shared + np.exp(0.9 * frame["a"] * frame["b"]) * rng.normal(size=len(frame))
    result = found(sweep(frame, replicates=["seed"]))
    residual = frame["y"] - frame.groupby("seed")["y"].transform("mean")
    groups = configuration_means(frame.assign(r=residual), list("abcd"), "r")
    groups["ln_z"] = np.log(groups["sd"] / c4(groups["n"].to_numpy()))
    p = {}
    for a, b in combinations("abcd", 2):
        fit = smf.ols(f"ln_z ~ a + b + c + d + {a}:{b}", groups).fit(cov_type="HC3", use_t=True)
        row = row_of(result, a, b)
        assert row.log_sd_did == pytest.approx(fit.params[f"{a}:{b}"], rel=1e-8)
        interval = tuple(fit.conf_int().loc[f"{a}:{b}"])
        assert (row.log_sd_did_low, row.log_sd_did_high) == pytest.approx(interval, rel=1e-7)
        p[a, b] = fit.pvalues[f"{a}:{b}"]
    for (a, b), value in zip(p, false_discovery_control(list(p.values())), strict=True):
        assert row_of(result, a, b).log_sd_q == pytest.approx(value, rel=1e-6)


def test_equal_replicates_are_left_out_and_counted():
    frame = random_sweep(run=range(400))
    first = frame.groupby(list("abcd")).ngroup() == 0
    frame.loc[first, "y"] = 1.0
    result = found(sweep(frame, replicates=["run"]))
    assert result.noise_left_out == 1
    groups = configuration_means(frame[~first], list("abcd"), "y")
    groups["ln_z"] = np.log(groups["sd"] / c4(groups["n"].to_numpy()))
    fit = smf.ols("ln_z ~ a + b + c + d + a:b", groups).fit()
    assert row_of(result, "a", "b").log_sd_did == pytest.approx(fit.params["a:b"], rel=1e-8)


def test_without_replicates_there_is_no_ln_sd():
    frame = pd.DataFrame(list(product([0, 1], repeat=5)), columns=list("abcde"))
    frame["y"] = np.random.default_rng(0).normal(size=32)
    result = found(sweep(frame))
    assert all(row.log_sd_did is None and row.log_sd_q is None for row in result.rows)
    assert "replicates" in reason(result.notes, "a:b", "log_sd_did")


# ---- cells


def test_cells_count_and_describe_the_finished_runs():
    """n, mean and SD per cell; a run without a level is in no cell of that factor."""
    frame = random_sweep(300)
    frame["e"] = np.random.default_rng(2).choice(["x", "y", "z"], 300)
    frame.loc[::7, "y"] = np.nan
    frame["a"] = frame["a"].astype(object)
    frame.loc[::11, "a"] = None
    result = found(sweep(frame[["a", "b", "c", "e", "y"]]))
    whole = frame[frame["y"].notna()]
    for row, cells in zip(result.rows, result.cells, strict=True):
        assert (row.a, row.b) == (cells.a, cells.b)
        masks = []
        for name in (row.a, row.b):
            factor, _, level = name.partition("=")
            there = whole[factor].notna()
            masks.append((there, whole[factor] == (level or 1)))
        for i, j in product((0, 1), repeat=2):
            inside = [there & (on if yes else ~on) for (there, on), yes in zip(masks, (i, j), strict=True)]
            y = whole.loc[inside[0] & inside[1], "y"]
            assert getattr(row, f"n_{i}{j}") == len(y)
            assert getattr(cells, f"mean_{i}{j}") == pytest.approx(y.mean(), rel=1e-12)
            assert getattr(cells, f"sd_{i}{j}") == pytest.approx(y.std(ddof=1), rel=1e-9)


def test_the_sql_gives_the_cells():
    frame = random_sweep(200).astype(dict.fromkeys("abcd", str))
    frame.loc[::9, "y"] = np.nan
    sample = take(sweep(frame, table="runs"), Slice())
    with duckdb.connect() as connection:
        connection.register("runs", frame)
        rows = connection.sql(interactions_sql(sample)).df()
    assert len(rows) == 24
    row = rows[(rows["a"] == "b") & (rows["b"] == "d") & (rows["level_a"] == "1") & (rows["level_b"] == "0")].iloc[0]
    y = frame.loc[(frame["b"] == "1") & (frame["d"] == "0"), "y"].dropna()
    assert row["n"] == len(y)
    assert (row["mean"], row["sd"]) == pytest.approx((y.mean(), y.std(ddof=1)), rel=1e-12)


# ---- aliases


def factorial_frame(k: int, seed: int = 0) -> pd.DataFrame:
    frame = pd.DataFrame(list(product([0, 1], repeat=k)), columns=list("abcdefg"[:k]))
    return frame.assign(y=np.random.default_rng(seed).normal(size=len(frame)))


def test_pairs_that_are_the_same_column_are_named_not_told_apart():
    """A half fraction with e = abcd: ab is cde; with d = abc of sixteen runs: ab is cd."""
    frame = pd.concat([factorial_frame(3, seed) for seed in range(4)], ignore_index=True)
    frame.insert(3, "d", frame["a"] ^ frame["b"] ^ frame["c"])
    result = found(sweep(frame))
    for first, second in (("a:b", "c:d"), ("a:c", "b:d"), ("a:d", "b:c")):
        for one, other in ((first, second), (second, first)):
            row = row_of(result, *one.split(":"))
            assert (row.mean_did, row.mean_q, row.log_sd_did) == (None, None, None)
            assert reason(result.notes, one, "mean_did") == f"aliased with {other} in this slice"


def test_a_pair_that_is_a_main_effect_names_it():
    """c = ab: each product of two is the third one's column."""
    frame = pd.concat([factorial_frame(2, seed) for seed in range(5)], ignore_index=True)
    frame.insert(2, "c", frame["a"] ^ frame["b"])
    frame["d"] = np.random.default_rng(1).integers(0, 2, len(frame))
    result = found(sweep(frame))
    assert row_of(result, "a", "b").mean_did is None
    assert reason(result.notes, "a:b", "mean_did") == "aliased with c in this slice"


def test_an_active_pair_and_its_alias_are_both_withheld():
    frame = pd.concat([factorial_frame(3, seed) for seed in range(4)], ignore_index=True)
    frame.insert(3, "d", frame["a"] ^ frame["b"] ^ frame["c"])
    frame["y"] += 20 * frame["a"] * frame["b"]
    result = found(sweep(frame), location=(("a", "b"),))
    assert result.pair("a", "b").active
    assert row_of(result, "a", "b").mean_did is None
    assert reason(result.notes, "a:b", "mean_did") == "aliased with c:d in this slice"
    assert reason(result.notes, "c:d", "mean_did") == "aliased with a:b in this slice"


def test_an_empty_cell_is_said():
    frame = random_sweep()
    result = found(sweep(frame[~((frame["a"] == 1) & (frame["b"] == 1))]))
    row = row_of(result, "a", "b")
    assert (row.n_11, row.mean_did, row.log_sd_did) == (0, None, None)
    assert reason(result.notes, "a:b", "mean_did") == "no finished run in one of the four cells"
    assert row_of(result, "a", "c").mean_did is not None


def test_levels_that_never_meet_leave_the_others_testable():
    """Of a 3 × 3 table with one empty cell, the joint test has three degrees of freedom."""
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(rng.choice(["p", "q", "r"], (500, 3)), columns=list("abc"))
    frame = frame[~((frame["a"] == "p") & (frame["b"] == "p"))].reset_index(drop=True)
    frame["y"] = rng.normal(size=len(frame))
    result = found(sweep(frame), location=())
    groups = configuration_means(frame, list("abc"), "y")
    fit = smf.wls("mean ~ C(a, Treatment('r')) * C(b, Treatment('r')) + C(c)", groups, weights=groups["n"])
    there = ~np.all(fit.exog == 0, axis=0)
    whole = type(fit)(fit.endog, fit.exog[:, there], weights=groups["n"]).fit(cov_type="HC3", use_t=True)
    kept = [name for name, yes in zip(fit.exog_names, there, strict=True) if yes]
    tested = np.eye(len(kept))[[at for at, name in enumerate(kept) if ":" in name]]
    assert len(tested) == 3
    assert result.pair("a", "b").mean_p == pytest.approx(float(whole.f_test(tested).pvalue), rel=1e-6)
    assert row_of(result, "a=p", "b=p").mean_did is None
    assert sum(row.mean_did is None for row in result.rows) >= 1


# ---- SHAP


def brute_force(training, explanation, count) -> np.ndarray:
    """Mean |Shapley interaction index| of each pair by enumeration of all coalitions, weighted by runs."""
    surface, rates = explanation.surface, explanation.rates
    k = surface.ndim
    codes = training.configurations.codes[:, explanation.at]

    def value(coalition: frozenset[int], x: np.ndarray) -> float:
        part = surface
        for axis in reversed(range(k)):
            part = np.take(part, x[axis], axis) if axis in coalition else np.tensordot(part, rates[axis], (axis, 0))
        return float(part)

    found = np.zeros((k, k))
    for i, j in combinations(range(k), 2):
        others = [axis for axis in range(k) if axis not in (i, j)]
        index = np.zeros(codes.shape[1])
        for size in range(len(others) + 1):
            weight = factorial(size) * factorial(k - size - 2) / factorial(k - 1)
            for chosen in combinations(others, size):
                s = frozenset(chosen)
                for at, x in enumerate(codes.T):
                    index[at] += weight * (value(s | {i, j}, x) - value(s | {i}, x) - value(s | {j}, x) + value(s, x))
        found[i, j] = np.average(np.abs(index), weights=count)
    return found


def test_shap_interactions_equal_enumeration():
    """The whole pair: the Shapley interaction index, averaged in size over the runs."""
    sample = take(sweep(random_sweep()), Slice())
    ranked = importance(sample)
    result = interactions(sample, ranked)
    expected = brute_force(ranked.training, ranked.explanation, ranked.count)
    assert expected.max() > 0.05
    for i, j in combinations(range(4), 2):
        row = row_of(result, "abcd"[i], "abcd"[j])
        assert row.shap_interaction == pytest.approx(expected[i, j], abs=1e-9)


def test_shap_interactions_of_levels_equal_enumeration():
    """Factors of several levels at unequal rates: each is one player, and runs weigh the configurations."""
    rng = np.random.default_rng(6)
    a, b, c = (rng.choice(len(p), 500, p=p) for p in ((0.6, 0.3, 0.1), (0.7, 0.3), (0.1, 0.2, 0.3, 0.4)))
    y = 0.5 * a * b + 0.4 * (a == 2) * (c == 1) + 0.3 * b + rng.normal(0, 0.2, 500)
    sample = take(sweep(pd.DataFrame({"a": a, "b": b, "c": c, "y": y})), Slice())
    ranked = importance(sample)
    assert ranked.levels == (("0", "1", "2"), ("0", "1"), ("0", "1", "2", "3"))
    assert np.ptp(ranked.count) > 10
    result = interactions(sample, ranked)
    expected = brute_force(ranked.training, ranked.explanation, ranked.count)
    assert expected.max() > 0.05
    for i, j in combinations(range(3), 2):
        assert result.pair("abc"[i], "abc"[j]).shap_interaction == pytest.approx(expected[i, j], abs=1e-9)


def test_shap_interactions_are_worked_out_once(monkeypatch):
    """By whichever view comes first; refits change nothing of them."""
    calls = []

    def counted(*arguments):
        calls.append(len(arguments))
        return interaction_values(*arguments)

    monkeypatch.setattr("ablate_tui.queries.attribution.explanation.interaction_values", counted)
    sample = take(sweep(random_sweep()), Slice())
    ranked = importance(sample)
    assert not calls
    dependence(ranked, "a")
    refitted = with_uncertainty(ranked, bootstraps=2, permutations=1)
    assert interactions(sample, refitted).pair("a", "b").shap_interaction is not None
    assert dependence(refitted, "b").color is not None
    assert len(calls) == 1


def test_shap_interactions_need_the_exact_transform():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.integers(0, 2, (120, 18)), columns=[f"s{i:02}" for i in range(18)])
    frame["y"] = frame["s00"] * frame["s01"] + rng.normal(size=120)
    assert COMBINATIONS < 2**18
    sample = take(sweep(frame), Slice())
    result = interactions(sample, importance(sample))
    assert len(result.rows) == 153
    assert all(row.shap_interaction is None for row in result.rows)
    assert "exact" in reason(result.notes, "s00:s01", "shap_interaction")


# ---- failures


def test_failures_equal_statsmodels():
    """Ordinary least squares of the configurations' failed shares, HC3; shares per cell over runs."""
    frame = random_sweep(500)
    rng = np.random.default_rng(6)
    fails = rng.random(500) < 0.05 + 0.5 * frame["a"] * frame["b"]
    frame.loc[fails, "y"] = np.nan
    result = found(sweep(frame))
    groups = frame.assign(failed=fails.astype(float)).groupby(list("abcd"))["failed"].mean().reset_index()
    p = {}
    for a, b in combinations("abcd", 2):
        fit = smf.ols(f"failed ~ a + b + c + d + {a}:{b}", groups).fit(cov_type="HC3", use_t=True)
        row = next(row for row in result.failures if (row.a, row.b) == (a, b))
        assert row.did == pytest.approx(fit.params[f"{a}:{b}"], rel=1e-9)
        assert (row.did_low, row.did_high) == pytest.approx(tuple(fit.conf_int().loc[f"{a}:{b}"]), rel=1e-7)
        p[a, b] = fit.pvalues[f"{a}:{b}"]
        assert row.failed_11 == pytest.approx(fails[(frame[a] == 1) & (frame[b] == 1)].mean(), rel=1e-12)
        assert row.failed_10 == pytest.approx(fails[(frame[a] == 1) & (frame[b] == 0)].mean(), rel=1e-12)
    for (a, b), q in zip(p, false_discovery_control(list(p.values())), strict=True):
        row = next(row for row in result.failures if (row.a, row.b) == (a, b))
        assert (row.p, row.q) == pytest.approx((p[a, b], q), rel=1e-6)
    assert (result.failures[0].a, result.failures[0].b) == ("a", "b")


def test_no_failure_no_table():
    result = found(sweep(random_sweep()))
    assert result.failures == ()
    assert reason(result.notes, "*", "failures") == "no run has failed"


# ---- odd sweeps


@pytest.mark.parametrize("name", degenerate())
def test_odd_sweeps_give_nulls_with_reasons(name):
    sample = take(degenerate()[name], Slice())
    result = interactions(sample, importance(sample))
    json_ready(asdict(result), name)
    assert result.rows or result.notes
    for row in result.rows:
        for field, value in asdict(row).items():
            assert value is not None or reason(result.notes, f"{row.a}:{row.b}", field), (name, field)


def test_forty_switches_give_all_their_pairs():
    rng = np.random.default_rng(9)
    frame = pd.DataFrame(rng.integers(0, 2, (300, 40)), columns=[f"s{i:02}" for i in range(40)])
    frame["y"] = 4.0 * frame["s03"] * frame["s17"] + rng.normal(size=300)
    result = found(sweep(frame))
    assert len(result.rows) == 780
    assert (result.rows[0].a, result.rows[0].b) == ("s03", "s17")
    assert result.rows[0].mean_q < 1e-6


def test_a_factor_of_many_levels_is_left_out_with_the_reason():
    rng = np.random.default_rng(9)
    frame = random_sweep(600, e=rng.integers(0, 12, 600).astype(str), f=rng.integers(0, 11, 600).astype(str))
    result = found(sweep(frame))
    assert result.pair("e", "f") is None
    assert result.pair("a", "e") is not None
    assert "132 combinations" in reason(result.notes, "e:f", "mean_did")


def test_the_strongest_come_first_and_the_contrast_does_not_matter():
    table = sweep(random_sweep())
    result = found(table)
    strength = [min(q for q in (row.mean_q, row.log_sd_q) if q is not None) for row in result.rows]
    assert strength == sorted(strength)
    assert found(table, contrast="a").rows == result.rows


# ---- the card


def test_the_card_describes_every_cell():
    frame = random_sweep()
    sample = take(sweep(frame), Slice())
    card = pair_card(sample, "a", "c")
    assert (card.levels_a, card.levels_b) == (("0", "1"), ("0", "1"))
    for i, j in product((0, 1), repeat=2):
        cell = card.cell(i, j)
        y = frame.loc[(frame["a"] == i) & (frame["c"] == j), "y"]
        assert (cell.n, cell.mean, cell.sd) == (len(y), pytest.approx(y.mean()), pytest.approx(y.std(ddof=1)))
        assert cell.counts == tuple(np.histogram(y, card.edges)[0].tolist())
        groups = configuration_means(frame[(frame["a"] == i) & (frame["c"] == j)], list("abcd"), "y")
        z = groups["sd"] / c4(groups["n"].to_numpy())
        assert cell.noise == pytest.approx(float(np.exp(np.log(z).mean())), rel=1e-9)


def test_the_card_keeps_the_four_commonest_levels():
    levels = ["a"] * 5 + ["b"] * 9 + ["c"] * 2 + ["d"] * 7 + ["e"] * 6
    frame = pd.DataFrame({"f": levels, "g": ["0", "1"] * 14 + ["0"], "y": np.arange(29.0)})
    card = pair_card(take(sweep(frame), Slice()), "f", "g")
    assert card.levels_a == ("a", "b", "d", "e")
    assert sum(cell.n for cell in card.cells) == 27
    assert "4 of 5" in reason(card.notes, "f", "levels")


def test_a_card_needs_two_factors():
    sample = take(sweep(random_sweep()), Slice())
    with pytest.raises(UsageError, match="itself"):
        pair_card(sample, "a", "a")
    with pytest.raises(UsageError, match="nothing"):
        pair_card(sample, "a", "nothing")

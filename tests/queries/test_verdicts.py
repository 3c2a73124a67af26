"""The tests whose unit is the configuration, against statsmodels, scipy and printed figures."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from ablate_tui.data.schema import RunTable
from ablate_tui.queries.configurations import configurations
from ablate_tui.queries.effects import EffectRow, Effects, effects
from ablate_tui.queries.inference import replicates
from ablate_tui.queries.inference.families import benjamini_hochberg, holm
from ablate_tui.queries.inference.location import location
from ablate_tui.queries.inference.noise import c4, components
from ablate_tui.queries.inference.verdicts import sd_ratio_interval, verdicts
from ablate_tui.queries.reasons import reason
from ablate_tui.queries.slices import Slice, take

from . import textbooks
from .make import SHARED, reference, sweep

needs_data = pytest.mark.skipif(not (SHARED / "att_norm.csv").exists(), reason="the real sweeps are not here")


def everything(table: RunTable, *location_terms: tuple[str, ...]):
    return take(table, Slice(location=location_terms or None))


def rows(found: Effects) -> dict[str, EffectRow]:
    return {row.name: row for row in found.rows}


def experiment(seed: int, n: int = 64, replicates: int = 3, k: int = 5, **more: float) -> pd.DataFrame:
    """Random configurations of k switches: a moves the mean, b the noise, c and d cross over."""
    rng = np.random.default_rng(seed)
    every = np.array(np.meshgrid(*[[0, 1]] * k)).reshape(k, -1)
    chosen = every[:, rng.choice(every.shape[1], min(n, every.shape[1]), replace=False)]
    frame = pd.DataFrame(np.repeat(chosen.T, replicates, axis=0), columns=list("abcdefgh"[:k])).astype(bool)
    frame["seed"] = np.tile(np.arange(replicates), chosen.shape[1])
    noise = rng.normal(size=len(frame)) * np.where(frame.b, more.get("ratio", 3.0), 1.0)
    cross = np.where(frame.c == frame.d, 1.0, -1.0) * more.get("cross", 1.5)
    frame["y"] = more.get("shift", 2.0) * frame.a + cross + noise + more.get("seeds", 0.0) * frame.seed
    return frame


def means(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    by = frame.groupby(names, as_index=False).y.agg(["mean", "std", "count"]).reset_index()
    by[names] = by[names].astype(int)
    return by


# families


def test_q_values_are_those_of_scipy() -> None:
    p = np.random.default_rng(0).uniform(size=30) ** 3
    p[3] = p[4]
    q = benjamini_hochberg(dict(enumerate(p.tolist())))
    np.testing.assert_allclose([q[at] for at in range(30)], stats.false_discovery_control(p), rtol=1e-12)
    assert benjamini_hochberg({}) == {}


def test_holm_adjusts_step_by_step() -> None:
    """Worked by hand: 4 × .01, then 3 × .02 = .06, which .03 and .04 can't go below; at most 1."""
    assert holm({"a": 0.04, "b": 0.01, "c": 0.03, "d": 0.02}) == pytest.approx(
        {"b": 0.04, "d": 0.06, "c": 0.06, "a": 0.06}
    )
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}


# replicates


def test_reruns_count_once_in_the_tests() -> None:
    frame = experiment(0)
    twice = pd.concat([frame, frame.iloc[:40]], ignore_index=True)
    options = {"replicates": ["seed"], "factors": list("abcde")}
    once, again = (effects(take(sweep(f, **options), Slice())) for f in (frame, twice))
    for row, other in zip(once.rows, again.rows, strict=True):
        assert (row.location_p, row.noise_p) == (other.location_p, other.noise_p)
        assert other.n_on + other.n_off == len(twice)  # descriptive figures count all runs
    assert "re-runs counted once in the tests (40)" in str(reason(again.notes, "a", "location_p"))


def test_a_shared_seed_effect_does_not_hide_a_noise_ratio() -> None:
    """Seeds that move all configurations by far more than the noise: gone before the spreads are compared."""
    quiet, loud = experiment(1), experiment(1, seeds=50.0)
    options = {"replicates": ["seed"], "factors": list("abcde")}
    found = [rows(effects(take(sweep(f, **options), Slice()))) for f in (quiet, loud)]
    assert found[1]["b"].noise_ratio == pytest.approx(found[0]["b"].noise_ratio, rel=1e-9)
    assert found[1]["b"].noise_p == pytest.approx(found[0]["b"].noise_p, rel=1e-6)
    assert found[1]["b"].sd_within_on > 10 * found[0]["b"].sd_within_on  # the component of the runs as they are


def test_shared_effects_are_those_of_the_additive_model() -> None:
    """Also where runs are missing: statsmodels' coefficients of configuration + seed."""
    frame = experiment(2, n=12, k=4, seeds=4.0).drop(index=[1, 5, 17]).reset_index(drop=True)
    names = list("abcd")
    runs = replicates.tested(take(sweep(frame, replicates=["seed"], factors=names), Slice()))
    frame["cell"] = frame.groupby(names).ngroup()
    fit = smf.ols("y ~ C(cell) + C(seed)", frame).fit()
    effect = np.array([0.0, fit.params["C(seed)[T.1]"], fit.params["C(seed)[T.2]"]])
    effect -= np.bincount(frame.seed) @ effect / len(frame)
    np.testing.assert_allclose(runs.adjusted().y, frame.y - effect[frame.seed], rtol=1e-9)
    assert runs.blocks == 3
    assert runs.pure_error == pytest.approx(fit.mse_resid)
    assert runs.freedom == fit.df_resid


def test_wild_configurations_do_not_make_the_shared_effects() -> None:
    """A quarter with fifty times the noise: the means over all would put its noise on the quiet ones."""
    rng = np.random.default_rng(4)
    frame = experiment(4, n=32, k=5)
    shared = np.array([0.0, 0.3, -0.3])[frame.seed]
    frame["y"] = rng.normal(size=len(frame)) * np.where(frame.a & frame.b, 50.0, 0.05) + shared
    runs = replicates.tested(take(sweep(frame, replicates=["seed"], factors=list("abcde")), Slice()))
    quiet = ~((runs.groups.codes[0] == 1) & (runs.groups.codes[1] == 1))
    assert np.sqrt(runs.groups.variance[quiet].mean()) < 0.1
    assert np.sqrt(runs.plain.variance[quiet].mean()) > 0.25


def test_seeds_of_their_own_are_no_blocks() -> None:
    frame = experiment(3, n=12, k=4)
    frame["seed"] = np.arange(len(frame))
    runs = replicates.tested(take(sweep(frame, replicates=["seed"], factors=list("abcd")), Slice()))
    assert runs.blocks == 0
    np.testing.assert_array_equal(runs.adjusted().y, frame.y)


# location


@pytest.mark.parametrize("seed", range(3))
def test_location_is_the_hc3_model_of_configuration_means(seed: int) -> None:
    frame = experiment(seed, n=40, k=6).iloc[: -1 - seed]
    names = list("abcdef")
    sample = take(sweep(frame, factors=names), Slice())
    found = location(sample)
    assert found.basis == "HC3"
    assert [found.groups.words(term) for term in found.active] == ["c:d"]
    table = means(frame, names)
    for name in names:
        table[f"{name}0"] = table[name] - np.average(table[name], weights=table["count"])
    table["cd"] = table.c0 * table.d0
    fit = smf.wls("mean ~ a + b + c0 + d0 + e + f + cd", table, weights=table["count"]).fit(cov_type="HC3", use_t=True)
    result = effects(sample)
    for name, term in zip(names, ("a", "b", "c0", "d0", "e", "f"), strict=True):
        row = rows(result)[name]
        assert row.location_p == pytest.approx(fit.pvalues[term], rel=1e-6)
        np.testing.assert_allclose((row.mean_diff_low, row.mean_diff_high), fit.conf_int().loc[term], rtol=1e-6)
        assert row.location_basis == "HC3"


def test_location_terms_can_be_given() -> None:
    frame = experiment(4, n=40, k=5)
    names = list("abcde")
    sample = take(sweep(frame, factors=names), Slice(location=(("a",), ("a", "b"))))
    found = location(sample)
    assert found.active == ((0, 1),)
    table = means(frame, names)
    for name in "ab":
        table[name] = table[name] - np.average(table[name], weights=table["count"])
    fit = smf.wls("mean ~ a * b + c + d + e", table, weights=table["count"]).fit(cov_type="HC3", use_t=True)
    assert found.factors["e"] == pytest.approx(fit.pvalues["e"], rel=1e-6)
    np.testing.assert_allclose(found.residual, fit.resid, atol=1e-9)


def test_few_configurations_take_the_replicates_error() -> None:
    """The pilot plant: T, C and TK stand out by the variance of the replicates, 8 (p. 320)."""
    frame, printed = textbooks.pilot_plant()
    found = location(take(sweep(frame.drop(columns="run"), factors=["T", "C", "K"]), Slice()))
    assert found.basis == "pure error"
    assert found.runs.pure_error == pytest.approx(printed["pure_error"])
    assert found.runs.freedom == printed["pure_error_degrees"]
    assert [found.groups.words(term) for term in found.active] == ["T:K"]
    for name in "TCK":
        estimate = found.levels[name, "1"]
        assert estimate.value == pytest.approx(printed["effects"][name])
        assert estimate.error == pytest.approx(printed["effect_error"], abs=0.05)
        t = printed["effects"][name] / math.sqrt(printed["pure_error"] / 4)
        assert estimate.p == pytest.approx(2 * stats.t(8).sf(abs(t)), rel=1e-9)


def test_the_pilot_plants_raw_sd_ratio_is_an_interaction() -> None:
    """K, the catalyst: SD ratio 2.3 over the runs, and no noise effect that could be claimed."""
    frame, _ = textbooks.pilot_plant()
    row = rows(effects(take(sweep(frame, replicates=["run"], factors=["T", "C", "K"]), Slice())))["K"]
    assert row.sd_ratio == pytest.approx(2.3, abs=0.05)
    assert row.spread_cause != "noise"
    assert "shift" not in str(row.verdict)


def test_filtration_rate_by_lenth() -> None:
    frame, printed = textbooks.filtration()
    result = effects(take(sweep(frame), Slice()))
    for name in "ABCD":
        row = rows(result)[name]
        effect = printed["effects"][name]
        assert row.location_basis == "Lenth"
        assert row.location_p == pytest.approx(2 * stats.t(5).sf(abs(effect) / printed["pse"]), rel=1e-6)
        assert row.mean_diff_high - effect == pytest.approx(printed["me"], abs=5e-3)
    found = location(take(sweep(frame), Slice()))
    assert {found.groups.words(term) for term in found.terms} == {"A", "C", "D", "A:C", "A:D"}


def test_panels_dispersion_effect_shows_in_the_residuals_only() -> None:
    """Clamp time: the raw SD ratio is 1.03, ln F* of the residuals 2.39 (printed 2.37, from rounded SDs)."""
    frame, printed = textbooks.panels()
    result = rows(effects(take(sweep(frame), Slice())))
    assert result["B"].sd_ratio == pytest.approx(1.03, abs=0.005)
    assert result["B"].noise_basis == "residuals"
    assert result["B"].ln_f_star == pytest.approx(printed["ln_f_star_of_B"], abs=5e-4)
    for name in "ABCD":
        assert result[name].ln_f_star == pytest.approx(printed["ln_f_star"][name], abs=0.02)
    assert min(result, key=lambda name: result[name].noise_p) == "B"


def test_injection_moulding_with_its_location_terms() -> None:
    frame, printed = textbooks.injection_moulding()
    result = rows(effects(everything(sweep(frame), ("A",), ("B",), ("A", "B"))))
    for name in "ABCDEF":
        assert result[name].ln_f_star == pytest.approx(printed["ln_f_star"][name], abs=0.015)
    assert result["C"].ln_f_star == pytest.approx(2.50, abs=0.005)


def test_npk_without_its_interactions_is_the_printed_analysis_of_variance() -> None:
    """Sums of squares of nested location models, and the residual of the whole one."""
    frame, printed = textbooks.npk()
    table = sweep(frame, goal="max")
    pairs = [("N", "P"), ("N", "K"), ("P", "K")]

    def squares(*terms: tuple[str, ...]) -> float:
        found = location(everything(table, ("N",), *terms))
        return float(found.residual @ found.residual)

    degrees, residual = printed["residual"]
    whole = squares(*pairs)
    assert whole == pytest.approx(residual, abs=1e-3)
    for pair in pairs:
        _, square, p = printed["anova"][":".join(pair)]
        without = squares(*(other for other in pairs if other != pair))
        assert without - whole == pytest.approx(square, abs=1e-3)
        assert stats.f(1, degrees).sf((without - whole) / (whole / degrees)) == pytest.approx(p, abs=1e-4)


def test_aliased_switches_are_named_and_not_tested() -> None:
    frame = experiment(5).assign(f=lambda made: ~made.a)
    result = effects(take(sweep(frame, replicates=["seed"], factors=list("abcdef")), Slice()))
    alone = effects(take(sweep(frame, replicates=["seed"], factors=list("abcde")), Slice()))
    assert rows(result)["a"].location_p is None
    assert reason(result.notes, "a", "location_p") == "aliased with f in this slice"
    assert reason(result.notes, "f", "noise_p") == "aliased with a in this slice"
    assert rows(result)["b"].location_p == pytest.approx(rows(alone)["b"].location_p, rel=1e-9)


def test_a_switch_that_is_an_interaction_says_so() -> None:
    """The welding experiment's chains, as its source prints them: M is TP and WH."""
    frame, _ = textbooks.welding()
    row = rows(effects(take(sweep(frame), Slice())))["M"]
    assert row.verdict is not None
    assert "aliased with T:P and W:H" in str(row.reason)


# noise


def test_noise_p_is_the_hc3_model_of_z() -> None:
    frame = experiment(6, n=30, k=5).iloc[:-2]
    names = list("abcde")
    result = effects(take(sweep(frame, factors=names), Slice()))
    table = means(frame, names)
    table = table[table["count"] > 1]
    unbiased = [math.sqrt(2 / (r - 1)) * math.gamma(r / 2) / math.gamma((r - 1) / 2) for r in table["count"]]
    table["z"] = table["std"] / unbiased
    fit = smf.ols("z ~ a + b + c + d + e", table).fit(cov_type="HC3", use_t=True)
    squares = (table["count"] - 1) * table["std"] ** 2
    for name in names:
        row, on = rows(result)[name], table[name] == 1
        assert row.noise_basis == "replicates"
        assert row.noise_p == pytest.approx(fit.pvalues[name], rel=1e-6)
        within = [math.sqrt(squares[m].sum() / (table["count"][m] - 1).sum()) for m in (on, ~on)]
        assert row.noise_ratio == pytest.approx(within[0] / within[1], rel=1e-9)
        assert (row.sd_within_on, row.sd_within_off) == pytest.approx(within, rel=1e-9)
        assert row.noise_ratio_median == pytest.approx(table.z[on].median() / table.z[~on].median(), rel=1e-9)


def test_c4_unbiases_the_sd() -> None:
    """Montgomery's appendix table: c4(2) = 0.7979, c4(5) = 0.9400, c4(25) = 0.9896."""
    np.testing.assert_allclose(c4(np.array([2, 5, 25])), [0.7979, 0.9400, 0.9896], atol=5e-5)


def test_variance_components_of_unequal_groups() -> None:
    """Against the method of moments written out over the runs."""
    frame = experiment(7, n=20, k=5).iloc[:-4]
    names = list("abcde")
    groups = configurations(take(sweep(frame, factors=names), Slice()))
    on = groups.codes[0] == 1
    part = frame[frame.a]
    by = part.groupby(names).y
    within = sum(((y - y.mean()) ** 2).sum() for _, y in by) / (len(part) - by.ngroups)
    between = sum(len(y) * (y.mean() - part.y.mean()) ** 2 for _, y in by) / (by.ngroups - 1)
    n0 = (len(part) - (by.size() ** 2).sum() / len(part)) / (by.ngroups - 1)
    found = components(groups, on)
    assert found.within == pytest.approx(math.sqrt(within), rel=1e-9)
    assert found.between == pytest.approx(math.sqrt(max(0.0, (between - within) / n0)), rel=1e-9)


def test_without_replicates_the_residuals_are_tested() -> None:
    frame = experiment(8, n=200, replicates=1, k=8, shift=4.0, cross=3.0)
    names = list("abcdefgh")
    result = effects(take(sweep(frame.drop(columns="seed"), factors=names), Slice()))
    found = location(take(sweep(frame.drop(columns="seed"), factors=names), Slice()))
    on = found.groups.codes[1] == 1
    row = rows(result)["b"]
    assert row.noise_basis == "residuals"
    assert row.noise_ratio is None
    assert row.ln_f_star == pytest.approx(math.log(found.residual[on].var(ddof=1) / found.residual[~on].var(ddof=1)))
    assert row.noise_p == pytest.approx(stats.levene(found.residual[on], found.residual[~on], center="median").pvalue)
    assert "Pan 1999" in str(reason(result.notes, "b", "noise_p"))
    assert row.verdict == "spread"
    assert row.spread_cause == "noise"
    assert "Pan 1999" in str(row.reason)


# verdicts


def test_the_family_is_of_all_location_and_noise_tests() -> None:
    frame = experiment(9)
    result = effects(take(sweep(frame, replicates=["seed"], factors=list("abcde")), Slice()))
    p = [row.location_p for row in result.rows] + [row.noise_p for row in result.rows]
    q = [row.location_q for row in result.rows] + [row.noise_q for row in result.rows]
    np.testing.assert_allclose(q, stats.false_discovery_control(p), rtol=1e-9)


def test_verdicts_of_known_truths() -> None:
    frame = experiment(10, cross=4.0)
    result = rows(effects(take(sweep(frame, replicates=["seed"], factors=list("abcde")), Slice())))
    assert (result["a"].verdict, result["a"].spread_cause) == ("shift", None)
    assert (result["b"].verdict, result["b"].spread_cause) == ("spread", "noise")
    assert result["e"].verdict == "neither"
    assert result["c"].verdict == "neither"  # a crossover of equal sizes widens neither side


def test_an_interaction_that_widens_is_no_noise() -> None:
    """Off, d does nothing; on, it moves the response by six noise SDs: a spread, made by the interaction."""
    rng = np.random.default_rng(0)
    frame = experiment(11, ratio=1.0, cross=0.0)
    frame["y"] += np.where(frame.c, 6.0 * (frame.d - 0.5), 0.0) + rng.normal(0, 0.1, len(frame))
    row = rows(effects(take(sweep(frame, replicates=["seed"], factors=list("abcde")), Slice())))["c"]
    assert (row.verdict, row.spread_cause) == ("spread", "interactions")
    assert row.reason == "interacts with d"
    assert row.sd_between_on > 2 * row.sd_between_off
    assert row.noise_p > 0.05


def test_levels_of_a_significant_factor_are_held_by_holm() -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        [(f, a, s) for f in "uvwx" for a in (False, True) for s in range(6)], columns=["f", "a", "seed"]
    )
    frame["b"] = frame.seed % 2 == 0
    frame["y"] = rng.normal(size=len(frame)) + 3.0 * (frame.f == "w")
    result = effects(take(sweep(frame, replicates=["seed"], factors=["f", "a", "b"]), Slice()))
    levels = {row.on: row for row in result.rows if row.switch == "f"}
    test = next(test for test in result.factors if test.factor == "f")
    adjusted = holm({level: row.location_p for level, row in levels.items()})
    for level, row in levels.items():
        assert row.location_q == pytest.approx(max(test.location_q, adjusted[level]), rel=1e-12)
    assert levels["w"].verdict == "shift"


@needs_data
def test_att_norm_as_a_careful_statistician_has_it() -> None:
    table, _ = reference("att_norm")
    result = rows(effects(take(table, Slice())))
    norm = result["post_attn_norm"]
    assert (norm.verdict, norm.spread_cause) == ("spread", "both")
    assert norm.sd_ratio == pytest.approx(0.310, abs=5e-4)
    assert norm.location_p > 0.2
    assert norm.mann_whitney_p < 0.1
    assert norm.wilcoxon_p == pytest.approx(0.012, abs=5e-4)  # what the runs would have said
    assert result["qk_activ"].verdict == "neither"
    assert result["attn_activ=softmax"].verdict.startswith("shift")
    found = verdicts(take(table, Slice()))
    assert ("attn_activ", "post_attn_norm") in {
        tuple(found.runs.groups.factors[at].name for at in term) for term in found.location.active
    }


# the interval of the SD ratio


def test_the_interval_covers_the_true_ratio() -> None:
    """Configurations with strong effects of their own: 95 % intervals that count runs cover 60 %."""
    rng = np.random.default_rng(3)
    covered = trials = 0
    every = np.array(np.meshgrid(*[[0, 1]] * 7)).reshape(7, -1)
    for _ in range(300):
        center = rng.normal(size=128) * 2.0
        frame = pd.DataFrame(np.repeat(every.T, 4, axis=0), columns=list("abcdefg")).astype(bool)
        frame["y"] = np.repeat(center, 4) + rng.normal(size=512)
        groups = configurations(take(sweep(frame, factors=list("abcdefg")), Slice()))
        low, high = sd_ratio_interval(groups, groups.codes[0] == 1)
        covered += low < 1.0 < high
        trials += 1
    assert 0.92 <= covered / trials <= 0.985


def test_few_configurations_make_it_approximate() -> None:
    result = effects(take(sweep(experiment(12, n=20), replicates=["seed"], factors=list("abcde")), Slice()))
    assert "approximate: 20 configurations" in str(reason(result.notes, "a", "sd_ratio_low"))


# failures


def test_given_success_leaves_the_failed_out() -> None:
    rng = np.random.default_rng(0)
    frame = experiment(13, cross=0.0, ratio=1.0)
    collapsed = rng.random(len(frame)) < np.where(frame.b, 0.02, 0.2)
    frame.loc[collapsed, "y"] += 30.0
    made = sweep(frame, replicates=["seed"], factors=list("abcde"), failed=collapsed.tolist())
    result = effects(take(replace(made, fail_condition="y > 20"), Slice()))
    given = {row.switch: row for row in result.given_success}["b"]
    on, off = (frame.y[~collapsed & (frame.b == level)] for level in (True, False))
    assert (given.n_on, given.n_off) == (len(on), len(off))
    assert given.mean_diff == pytest.approx(on.mean() - off.mean())
    assert given.sd_ratio == pytest.approx(on.std() / off.std())
    assert rows(result)["b"].sd_ratio < 0.6 < given.sd_ratio


def test_given_success_leaves_out_configurations_with_a_diverged_run() -> None:
    """The noise ratio is of configurations in which nothing failed, worked out by pandas."""
    frame = experiment(15, cross=0.0).drop(columns="seed")
    failed = np.zeros(len(frame), dtype=bool)
    frame.loc[[0, 30], "y"] = np.nan
    failed[[0, 30, 61]] = True
    result = effects(take(sweep(frame, factors=list("abcde"), failed=failed.tolist()), Slice()))
    frame["failed"] = failed
    clean = frame.groupby(list("abcde")).filter(lambda runs: not runs.failed.any())
    by = clean.groupby(list("abcde")).y.agg(["var", "count"]).reset_index()
    within = [
        math.sqrt(((part["count"] - 1) * part["var"]).sum() / (part["count"] - 1).sum())
        for part in (by[by.b], by[~by.b])
    ]
    given = {row.switch: row for row in result.given_success}["b"]
    assert given.noise_ratio == pytest.approx(within[0] / within[1], rel=1e-9)


def test_without_failures_there_is_nothing_to_leave_out() -> None:
    assert effects(take(sweep(experiment(14), replicates=["seed"], factors=list("abcde")), Slice())).given_success == ()

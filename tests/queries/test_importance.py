"""The ranking: SHAP values against the shap package, and what is said of how far to trust them."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from math import isfinite
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from ablate_tui.data.cube import Combinations
from ablate_tui.data.schema import DIVERGED, FINISHED, MISSING, Factor, Response, RunTable
from ablate_tui.queries.attribution import explanation, surrogate
from ablate_tui.queries.attribution.explanation import explain, means, r_squared_ceiling, spreads
from ablate_tui.queries.cancelling import Cancelled
from ablate_tui.queries.configurations import configurations
from ablate_tui.queries.importance import (
    Importance,
    importance,
    with_fit,
    with_uncertainty,
)
from ablate_tui.queries.reasons import PENDING
from ablate_tui.queries.slices import Sample, Slice, take

SHARED = Path(os.environ.get("ABLATE_SHARED", Path(__file__).resolve().parents[2] / "../shared")) / "data"
SWITCH = ("false", "true")


def sweep(codes: np.ndarray, y: np.ndarray, levels: dict[str, tuple[str, ...]] | None = None) -> RunTable:
    """A run table of (k, n) codes; switches a, b, c … unless told otherwise."""
    if levels is None:
        levels = {"abcdefghijklmnopqrstuvwxyz"[i]: SWITCH for i in range(len(codes))}
    y = np.asarray(y, dtype=np.float64)
    status = np.where(np.isfinite(y), FINISHED, DIVERGED).astype(np.uint8)
    return RunTable(
        path="made.csv",
        table="made",
        columns=(),
        factors=tuple(Factor(name, texts) for name, texts in levels.items()),
        replicates=(),
        response=Response("loss", '"loss"', "min"),
        combinations=Combinations.of(np.asarray(codes, dtype=np.int16), tuple(map(len, levels.values()))),
        y=np.where(np.isfinite(y), y, np.nan),
        status=status,
        failed=status == DIVERGED,
        replicate=np.zeros(len(y), dtype=np.int32),
    )


def factorial(*sizes: int, replicates: int = 1) -> np.ndarray:
    """Codes of a full factorial, (k, n)."""
    return np.repeat(np.indices(sizes).reshape(len(sizes), -1), replicates, axis=1)


def everything(table: RunTable, **filters: str) -> Sample:
    return take(table, Slice.of(table, {name: (level,) for name, level in filters.items()}))


def read_csv(name: str, factors: int) -> RunTable:
    """A reference sweep: its first columns are factors, its last is the response."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not here")
    with path.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    columns = list(zip(*rows, strict=True))
    levels = {
        header[i]: tuple(sorted(set(columns[i]), key=lambda text: (text != "none", text))) for i in range(factors)
    }
    codes = [[levels[header[i]].index(text) for text in columns[i]] for i in range(factors)]
    return sweep(np.array(codes), np.array(columns[-1], dtype=float), levels)


def shap_package(result: Importance) -> np.ndarray:
    """SHAP values of the same model by shap.TreeExplainer against every combination of levels.

    shap has no weighted background: where the rates differ, it is the weighted mean of explainers of one
    row each.
    """
    import shap

    training, found = result.training, result.explanation
    assert training is not None
    assert found is not None
    model = training.fit(training.outcome, np.ones(len(training.outcome), dtype=np.int64))
    weight = np.ones(1)
    for rate in found.rates:
        weight = np.outer(weight, rate).ravel()
    even = np.allclose(weight, weight[0])
    total = 0.0
    for rows, share in [(training.grid, 1.0)] if even else zip(training.grid[:, None, :], weight, strict=True):
        masker = shap.maskers.Independent(rows, max_samples=len(rows))
        explainer = shap.TreeExplainer(model.booster, masker, feature_perturbation="interventional")
        total = total + share * explainer.shap_values(training.columns)
    ends = np.cumsum(surrogate.widths(training.configurations.sizes))[:-1]
    return model.scale * np.stack([part.sum(axis=1) for part in np.split(np.asarray(total), ends, axis=1)])


def shap_of_players(result: Importance) -> np.ndarray:
    """The same by shap.explainers.Exact, which sees level codes, so that each factor is one player."""
    import shap

    training = result.training
    assert training is not None
    model = training.fit(training.outcome, np.ones(len(training.outcome), dtype=np.int64))
    sizes = training.configurations.sizes

    def predict(codes: np.ndarray) -> np.ndarray:
        return model.predict(surrogate.encode(codes.T.astype(np.int16), sizes))

    every = np.indices(sizes).reshape(len(sizes), -1).T
    explainer = shap.explainers.Exact(predict, shap.maskers.Independent(every, max_samples=len(every)))
    return explainer(training.configurations.codes.T.astype(int)).values.T


def agrees_with_shap(result: Importance, reference: Callable[[Importance], np.ndarray] = shap_package) -> None:
    assert result.method == "exact"
    tolerance = 1e-6 * np.ptp(result.prediction)
    assert tolerance > 0
    np.testing.assert_allclose(result.phi, reference(result), rtol=0, atol=tolerance)
    np.testing.assert_allclose(result.base + result.phi.sum(axis=0), result.prediction, atol=tolerance)


def strong(codes: np.ndarray, seed: int = 0, noise: float = 0.1) -> np.ndarray:
    """A response with one strong switch (a), one weaker (b), and an interaction of b and c."""
    rng = np.random.default_rng(seed)
    return 3 - 2.0 * codes[0] + 0.8 * codes[1] + 0.9 * codes[1] * codes[2] + rng.normal(0, noise, codes.shape[1])


# SHAP values against the shap package


def test_balanced_factorial_agrees_with_shap() -> None:
    codes = factorial(2, 2, 2, 2, 2, 2, replicates=2)
    agrees_with_shap(importance(everything(sweep(codes, strong(codes)))))


def test_unbalanced_rates_agree_with_weighted_shap() -> None:
    rng = np.random.default_rng(1)
    codes = (rng.random((5, 300)) < np.array([0.2, 0.5, 0.7, 0.9, 0.4])[:, None]).astype(int)
    result = importance(everything(sweep(codes, strong(codes))))
    assert result.explanation is not None
    np.testing.assert_allclose(result.explanation.rates[0], [1 - codes[0].mean(), codes[0].mean()])
    agrees_with_shap(result)


def test_a_factor_of_several_levels_is_one_player() -> None:
    codes = factorial(3, 2, 4, 2, replicates=2)
    levels = {"norm": ("none", "rms", "layer"), "b": SWITCH, "act": ("w", "x", "y", "z"), "d": SWITCH}
    result = importance(everything(sweep(codes, strong(codes), levels)))
    assert result.phi.shape == (4, 48)
    agrees_with_shap(result, shap_of_players)
    signed = {row.switch: row.signed_effect for row in result.rows}
    assert signed["norm"] is None
    assert signed["b"] is not None


@pytest.mark.parametrize(("name", "factors", "first"), [("llvm.csv", 10, "licm"), ("att_norm.csv", 4, "attn_activ")])
def test_reference_sweeps_agree_with_shap(name: str, factors: int, first: str) -> None:
    table = read_csv(name, factors)
    result = importance(everything(table))
    assert result.rows[0].switch == first
    if name == "llvm.csv":  # shap takes 15 s for all
        few = np.random.default_rng(0).choice(1024, 24, replace=False)
        training = result.training
        assert training is not None
        import shap

        model = training.fit(training.outcome, np.ones(1024, dtype=np.int64))
        masker = shap.maskers.Independent(training.grid, max_samples=1024)
        explainer = shap.TreeExplainer(model.booster, masker, feature_perturbation="interventional")
        values = model.scale * explainer.shap_values(training.columns[few]).T
        np.testing.assert_allclose(result.phi[:, few], values, rtol=0, atol=1e-6 * np.ptp(result.prediction))
    else:
        agrees_with_shap(result, shap_of_players)


def test_beyond_the_limit_the_shap_package_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = factorial(2, 2, 2, 2, 2)
    sample = everything(sweep(codes, strong(codes)))
    exact = importance(sample)
    monkeypatch.setattr(explanation, "COMBINATIONS", 4)
    tree = importance(sample)
    assert (exact.method, tree.method) == ("exact", "tree")
    np.testing.assert_allclose(tree.phi, exact.phi, atol=1e-6 * np.ptp(exact.prediction))
    assert tree.base == pytest.approx(exact.base)
    done = with_uncertainty(tree, bootstraps=3, permutations=2)
    assert all(row.low is not None and row.noise_floor is not None for row in done.rows)
    assert any("to save time" in note.reason for note in done.notes)


def test_beyond_the_limit_the_columns_of_a_factor_are_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explanation, "COMBINATIONS", 4)
    codes = factorial(2, 2, 3, 2)
    levels = {"a": SWITCH, "b": SWITCH, "c": ("x", "y", "z"), "d": SWITCH}
    result = importance(everything(sweep(codes, strong(codes), levels)))
    assert result.training is not None
    model = result.training.fit(result.training.outcome, np.ones(24, dtype=np.int64))
    np.testing.assert_allclose(result.prediction, model.predict(result.training.columns), atol=1e-6)
    assert result.rows[0].switch == "a"
    assert any(note.row == "c" and "then summed" in note.reason for note in result.notes)


def test_many_switches_say_how_many_configurations_were_used(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, (18, 120))
    limits = explanation.Limits(background=30, explained=50)
    monkeypatch.setattr("ablate_tui.queries.attribution.explanation.explain.__defaults__", (None, limits))
    monkeypatch.setattr("ablate_tui.queries.importance.ONCE", limits)
    result = importance(everything(sweep(codes, strong(codes))))
    assert result.method == "tree"
    assert result.phi.shape == (18, 50)
    assert result.rows[0].switch == "a"
    reasons = {note.field: note.reason for note in result.notes if note.reason != PENDING}
    assert reasons["background"].startswith("30 of 120 configurations")
    assert reasons["mean_abs_shap"].startswith("50 of 120 configurations")


def test_many_switches_agree_with_shap() -> None:
    """Every configuration is its own background here, so the values are those of one explainer."""
    import shap

    rng = np.random.default_rng(0)
    codes = np.unique((rng.random((20, 200)) < np.linspace(0.2, 0.8, 20)[:, None]).astype(int), axis=1)
    result = importance(everything(sweep(codes, strong(codes))))
    training = result.training
    assert training is not None
    assert result.method == "tree"
    model = training.fit(training.outcome, np.ones(result.configurations, dtype=np.int64))
    masker = shap.maskers.Independent(training.columns, max_samples=result.configurations)
    explainer = shap.TreeExplainer(model.booster, masker, feature_perturbation="interventional")
    values = model.scale * explainer.shap_values(training.columns).T
    np.testing.assert_allclose(result.phi, values, rtol=0, atol=1e-6 * np.ptp(result.prediction))
    np.testing.assert_allclose(result.prediction, model.predict(training.columns), rtol=1e-12)


# Rows


def test_rows_are_means_over_the_runs() -> None:
    rng = np.random.default_rng(5)
    codes = rng.integers(0, 2, (4, 200))
    result = importance(everything(sweep(codes, strong(codes))))
    per_run = {}  # every run has the SHAP values of its configuration
    for place in range(result.codes.shape[1]):
        per_run[tuple(result.codes[:, place])] = result.phi[:, place]
    phi = np.array([per_run[tuple(run)] for run in codes.T])
    assert [row.rank for row in result.rows] == [1, 2, 3, 4]
    sizes = np.array([row.mean_abs_shap for row in result.rows])
    np.testing.assert_allclose(sizes, np.sort(np.abs(phi).mean(axis=0))[::-1])
    for row in result.rows:
        at = "abcd".index(row.switch)
        on = codes[at] == 1
        assert row.mean_abs_shap == pytest.approx(np.abs(phi[:, at]).mean())
        assert row.share == pytest.approx(np.abs(phi[:, at]).mean() / np.abs(phi).mean(axis=0).sum())
        assert row.signed_effect == pytest.approx(phi[on, at].mean() - phi[~on, at].mean())
    assert result.rows[0].switch == "a"
    assert result.rows[0].signed_effect == pytest.approx(-2, abs=0.2)


def test_many_runs_of_a_configuration_are_one_weighted_row() -> None:
    codes = factorial(2, 2, 2, 2)
    y = strong(codes)
    once = importance(everything(sweep(codes, y)))
    often = importance(everything(sweep(np.tile(codes, 50), np.tile(y, 50))))
    assert often.configurations == once.configurations == 16
    np.testing.assert_allclose(often.phi, once.phi, atol=1e-6)


def test_values_follow_the_unit_of_the_response() -> None:
    codes = factorial(2, 2, 2, 2)
    y = strong(codes)
    plain = importance(everything(sweep(codes, y)))
    moved = importance(everything(sweep(codes, 1e9 + 1e-3 * y)))  # single precision alone would lose this
    np.testing.assert_allclose(moved.phi, 1e-3 * plain.phi, atol=1e-6)
    huge = with_uncertainty(importance(everything(sweep(codes, 1e200 * y))), bootstraps=2, permutations=2)
    np.testing.assert_allclose(huge.phi, 1e200 * plain.phi, rtol=1e-5, atol=1e194)
    finite(huge)


def test_a_fixed_switch_is_left_out_and_a_level_that_does_not_occur_is_no_level() -> None:
    codes = factorial(2, 2, 3, 2)
    levels = {"a": SWITCH, "b": SWITCH, "c": ("x", "y", "z"), "d": SWITCH}
    table = sweep(codes, strong(codes), levels)
    fixed = importance(everything(table, a="true"))
    assert {row.switch for row in fixed.rows} == {"b", "c", "d"}
    two = importance(take(table, Slice.of(table, {"c": ("x", "z")})))
    assert two.levels[2] == ("x", "z")
    assert two.configurations == 16


def test_runs_without_a_level_or_a_response_are_kept_out_and_told() -> None:
    codes = factorial(2, 2, 2, 2, replicates=2)
    y = strong(codes)
    codes[1, :3] = -1
    y[5] = np.nan
    table = sweep(codes, y)
    status = table.status.copy()
    status[7], y = MISSING, np.where(np.arange(len(y)) == 7, np.nan, table.y)
    table = replace(table, status=status, y=y)
    result = importance(everything(table))
    assert result.count.sum() == 32 - 3 - 2
    assert any(note.reason.startswith("3 finished runs") for note in result.notes)


def test_combinations_never_run_and_aliases_are_flagged() -> None:
    codes = factorial(2, 2, 2, 2)
    codes = np.vstack([codes, 1 - codes[0]])  # e is never on where a is
    result = importance(everything(sweep(codes, strong(codes))))
    assert "a and e always change together" in result.warning
    assert any(note.reason.startswith("16 of 32 combinations") for note in result.notes)
    agrees_with_shap(result)
    assert not importance(everything(sweep(codes[:4], strong(codes)))).warning


# What the ranking is worth


def test_a_strong_switch_comes_first_and_its_interval_holds_it() -> None:
    codes = factorial(2, 2, 2, 2, 2, replicates=2)
    shares = []
    start = importance(everything(sweep(codes, strong(codes))))
    assert {note.field for note in start.notes if note.reason == PENDING} == {
        "low", "high", "noise_floor", "r2_out_of_fold", "r2_ceiling",
    }  # fmt: skip
    result = with_uncertainty(start, shares.append, bootstraps=30, permutations=20)
    assert not [note for note in result.notes if note.reason == PENDING]
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    first = result.rows[0]
    assert first.switch == "a"
    assert first.low < first.mean_abs_shap < first.high
    assert first.low > first.noise_floor > 0
    assert {row.switch for row in result.rows if row.mean_abs_shap > row.noise_floor} == {"a", "b", "c"}
    assert 0.8 < result.r2_out_of_fold < result.r2_ceiling < 1
    assert result.warning == ""


def test_pure_noise_stays_under_its_floor_and_the_ranking_says_so() -> None:
    codes = factorial(2, 2, 2, 2, 2)
    above = without = 0
    for seed in range(12):
        y = np.random.default_rng(seed).normal(size=codes.shape[1])
        result = with_uncertainty(importance(everything(sweep(codes, y))), bootstraps=1, permutations=20)
        above += result.rows[0].mean_abs_shap > result.rows[0].noise_floor
        without += "ranking means nothing" in result.warning
        assert ("ranking means nothing" in result.warning) == (result.r2_out_of_fold <= 0)
    assert above <= 3
    assert without >= 10


def test_out_of_fold_predictions_come_from_models_that_did_not_see_the_configuration() -> None:
    codes = factorial(2, 2, 2, 2)
    y = strong(codes)
    result = with_fit(importance(everything(sweep(codes, y))))
    fold = np.random.default_rng(0).permutation(16) % 5
    for changed in (0, 9):
        other = y.copy()
        other[changed] += 50.0
        again = with_fit(importance(everything(sweep(codes, other))))
        assert again.out_of_fold[changed] == pytest.approx(result.out_of_fold[changed], abs=1e-6)
        rest = np.delete(np.arange(16), np.flatnonzero(fold == fold[changed]))
        assert np.abs(again.out_of_fold - result.out_of_fold)[rest].max() > 0.1
    expected = 1 - np.mean((y - result.out_of_fold) ** 2) / np.var(y)
    assert result.r2_out_of_fold == pytest.approx(expected)


def test_ceiling_is_the_r_squared_of_the_true_means() -> None:
    rng = np.random.default_rng(2)
    codes = factorial(*(2,) * 12, replicates=4)
    truth = 1.0 * codes[0] + 0.7 * codes[1] * codes[2]
    table = sweep(codes, truth + rng.normal(0, 1.0, codes.shape[1]))
    training = means(configurations(everything(table)))
    true_means = truth[::4]
    reached = 1 - np.sum((training.outcome - true_means) ** 2) / np.sum(
        (training.outcome - training.outcome.mean()) ** 2
    )
    assert r_squared_ceiling(training) == pytest.approx(reached, abs=0.03)
    f = stats.f_oneway(*table.y.reshape(-1, 4)).statistic
    assert r_squared_ceiling(training) == pytest.approx(1 - 1 / f)


def test_no_ceiling_without_replicates() -> None:
    codes = factorial(2, 2, 2, 2)
    result = with_fit(importance(everything(sweep(codes, strong(codes)))))
    assert result.r2_ceiling is None
    assert any(note.field == "r2_ceiling" and note.reason != PENDING for note in result.notes)


def test_the_same_input_gives_the_same_result() -> None:
    codes = factorial(2, 2, 3, 2, replicates=2)
    levels = {"a": SWITCH, "b": SWITCH, "c": ("x", "y", "z"), "d": SWITCH}
    table = sweep(codes, strong(codes), levels)
    one, two = (with_uncertainty(importance(everything(table)), bootstraps=5, permutations=5) for _ in range(2))
    assert one.rows == two.rows
    assert one.r2_out_of_fold == two.r2_out_of_fold
    np.testing.assert_array_equal(one.phi, two.phi)


def test_bootstrap_takes_configurations_as_often_as_drawn() -> None:
    codes = factorial(2, 2, 2, 2, replicates=2)
    table = sweep(codes, strong(codes))
    training = means(configurations(everything(table)))
    times = np.array([0, 2, 1, 1, 3, 0, 1, 0, 1, 1, 2, 0, 1, 1, 1, 1])
    found = explain(training, training.outcome, times)
    runs = np.repeat(times[:, None], 2, axis=1).ravel()
    drawn = sweep(np.repeat(codes, runs, axis=1), np.repeat(table.y, runs))
    again = importance(everything(drawn))
    np.testing.assert_allclose(found.phi, again.phi, atol=1e-6)
    np.testing.assert_allclose(found.rates, again.explanation.rates)


def test_cancelled_between_the_fits() -> None:
    codes = factorial(2, 2, 2, 2)
    result = importance(everything(sweep(codes, strong(codes))))
    with pytest.raises(Cancelled):
        with_fit(result, lambda: True)
    with pytest.raises(Cancelled):
        importance(everything(sweep(codes, strong(codes))), cancelled=lambda: True)
    told: list[float] = []
    with pytest.raises(Cancelled):
        with_uncertainty(result, told.append, lambda: len(told) >= 3, bootstraps=2, permutations=5)
    assert len(told) == 3


# The spread


def test_spread_ranks_what_moves_the_noise() -> None:
    rng = np.random.default_rng(4)
    codes = factorial(2, 2, 2, 2, 2, replicates=5)
    y = 3.0 * codes[1] + rng.normal(size=codes.shape[1]) * np.where(codes[0] == 1, 0.2, 1.0)
    sample = everything(sweep(codes, y))
    assert importance(sample).rows[0].switch == "b"
    result = with_uncertainty(importance(sample, "spread"), bootstraps=5, permutations=20)
    assert result.rows[0].switch == "a"
    assert result.rows[0].signed_effect == pytest.approx(np.log(0.2), abs=0.4)
    assert result.rows[0].mean_abs_shap > result.rows[0].noise_floor
    # the ceiling: what knowing the two true ln SDs explains of ln s, whose sampling variance is known
    training, _ = spreads(configurations(sample))
    chance = 1 / training.weight[0]
    assert result.r2_ceiling == pytest.approx(1 - chance / training.outcome.var(ddof=1), abs=0.02)


def test_spread_outcome_has_the_moments_of_ln_s() -> None:
    codes = factorial(2, 2, 2, 2, replicates=3)
    y = np.random.default_rng(0).normal(size=48)
    training, notes = spreads(configurations(everything(sweep(codes, y))))
    assert notes == ()

    def moment(power: int, center: float) -> float:  # of ln s, s² ~ χ²(2) / 2, numerically
        density = stats.chi2(2).pdf
        return integrate.quad(lambda q: (0.5 * np.log(q / 2) - center) ** power * density(q), 0, np.inf)[0]

    mean = moment(1, 0.0)
    np.testing.assert_allclose(training.weight, 1 / moment(2, mean), rtol=1e-6)
    np.testing.assert_allclose(training.outcome, np.log(y.reshape(-1, 3).std(axis=1, ddof=1)) - mean, rtol=1e-6)


def test_spread_leaves_out_what_has_no_spread_and_tells() -> None:
    rng = np.random.default_rng(0)
    codes = factorial(2, 2, 2, 2, replicates=2)
    y = rng.normal(size=32)
    y[1] = y[0]
    codes, y = codes[:, :-1], y[:-1]
    training, notes = spreads(configurations(everything(sweep(codes, y))))
    assert training.configurations.n == 14
    assert [note.reason for note in notes if note.field == "configurations"] == [
        "1 of 16 without replicates are left out",
        "1 of 16 whose replicates are all equal are left out",
    ]


# Nothing to rank


def finite(result: Importance) -> None:
    """No NaN or infinity anywhere."""
    for row in result.rows:
        for value in (row.mean_abs_shap, row.low, row.high, row.share, row.signed_effect, row.noise_floor):
            assert value is None or isfinite(value)
    for value in (result.r2_out_of_fold, result.r2_ceiling, result.base):
        assert value is None or isfinite(value)
    assert np.all(np.isfinite(result.phi))


FULL = factorial(2, 2, 2, 2, replicates=2)
NOTHING = {
    "no runs": (FULL[:, :0], np.zeros(0), "no finished runs"),
    "all diverged": (FULL, np.full(32, np.inf), "no finished runs"),
    "one run": (FULL[:, :1], np.ones(1), "no switch varies"),
    "one configuration": (FULL[:, :2], np.array([1.0, 2.0]), "no switch varies"),
    "no factor": (FULL[:0], np.arange(32.0), "no switch varies"),
    "no level anywhere": (np.full((2, 9), -1), np.arange(9.0), "no switch varies"),
    "four configurations": (factorial(2, 2), np.arange(4.0), "4 configurations are too few"),
}


@pytest.mark.parametrize("target", ["mean", "spread"])
@pytest.mark.parametrize("name", NOTHING)
def test_nothing_to_rank_is_said(name: str, target: str) -> None:
    codes, y, reason = NOTHING[name]
    result = with_uncertainty(importance(everything(sweep(codes, y)), target))
    assert result.rows == ()
    assert result.notes[0].row == result.notes[0].field == "*"
    assert target == "spread" or reason in result.notes[0].reason
    finite(result)


def test_spread_without_replicates_ranks_the_residuals() -> None:
    """Twice the noise with a on, over strong means: the residuals of the location model show it."""
    rng = np.random.default_rng(1)
    codes = factorial(*(2,) * 8)
    y = 5.0 * codes[1] - 3.0 * codes[2] + rng.normal(size=256) * np.where(codes[0] == 1, 3.0, 1.0)
    result = with_fit(importance(everything(sweep(codes, y)), "spread"))
    assert result.rows[0].switch == "a"
    assert result.rows[0].signed_effect == pytest.approx(np.log(3.0), abs=0.3)
    assert result.r2_ceiling is None
    reasons = " ".join(note.reason for note in result.notes)
    assert "no replicates: ln |residual|" in reasons
    assert "floored: " in reasons


def test_every_switch_fixed_is_said() -> None:
    table = sweep(FULL, strong(FULL))
    result = importance(everything(table, a="on", b="on", c="off", d="off"))
    assert result.rows == ()
    assert "no switch varies" in result.notes[0].reason


@pytest.mark.parametrize("y", [np.full(32, 0.1), np.full(32, 0.1) + np.arange(32) % 2 * 1e-17])
def test_constant_response_has_no_importance(y: np.ndarray) -> None:
    result = with_uncertainty(importance(everything(sweep(FULL, y))), bootstraps=2, permutations=2)
    assert [row.switch for row in result.rows] == ["a", "b", "c", "d"]
    for row in result.rows:
        assert (row.mean_abs_shap, row.low, row.high, row.noise_floor, row.share) == (0, 0, 0, 0, None)
    assert result.r2_out_of_fold is None
    assert {"share", "r2_out_of_fold", "r2_ceiling"} <= {note.field for note in result.notes}
    finite(result)


def test_too_many_levels_are_said() -> None:
    levels = {"name": tuple(map(str, range(9000))), "b": SWITCH}
    codes = np.vstack([np.arange(9000), np.arange(9000) % 2])
    result = importance(everything(sweep(codes, np.arange(9000.0), levels)))
    assert result.rows == ()
    assert "--role name=ignored" in result.notes[0].reason


def test_equal_replicates_have_no_spread_for_all_rounding() -> None:
    codes = factorial(2, 2, replicates=1000)
    groups = configurations(everything(sweep(codes, np.full(4000, 0.1))))
    np.testing.assert_array_equal(groups.variance, 0.0)


def test_configurations_are_those_of_a_plain_grouping() -> None:
    rng = np.random.default_rng(9)
    codes = np.vstack([rng.integers(0, 2, 400), rng.integers(-1, 3, 400), rng.integers(0, 2, 400), np.zeros(400)])
    y = np.where(rng.random(400) < 0.1, np.nan, rng.normal(5, 1, 400))
    levels = {"a": SWITCH, "b": ("x", "y", "z"), "c": SWITCH, "constant": ("p", "q")}
    groups = configurations(everything(sweep(codes, y, levels), c="true"))
    expected: dict[tuple[int, ...], list[float]] = {}
    for a, b, c, value in zip(*codes[:3], y, strict=True):
        if c == 1 and b >= 0 and np.isfinite(value):
            expected.setdefault((a, b), []).append(value)
    assert [factor.name for factor in groups.factors] == ["a", "b"]
    assert [tuple(code) for code in groups.codes.T] == sorted(expected)
    runs = [expected[key] for key in sorted(expected)]
    np.testing.assert_array_equal(groups.count, [len(values) for values in runs])
    np.testing.assert_allclose(groups.mean, [np.mean(values) for values in runs])
    np.testing.assert_allclose(groups.variance, [np.var(values, ddof=1) for values in runs])
    assert groups.left_out == np.sum((codes[2] == 1) & (codes[1] < 0) & np.isfinite(y))


def test_a_fit_prints_nothing_and_imports_no_more_than_it_needs() -> None:
    program = """
import sys
import numpy as np
from ablate_tui.queries.attribution import surrogate
columns = np.indices((2, 2, 2)).reshape(3, -1).T.astype(float)
for outcome in (columns[:, 0], np.zeros(8)):
    surrogate.fit(columns, outcome, np.ones(8), small=True).predict(columns)
surrogate.fit(columns * 0, columns[:, 0], np.ones(8), small=True)
assert not {"sklearn", "pandas", "shap"} & sys.modules.keys()
import pandas
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_ceiling_takes_a_shared_seed_effect_out() -> None:
    """Crossed replicates: the noise is the residual mean square of the two-way layout, as statsmodels has it."""
    import pandas as pd
    import statsmodels.formula.api as smf

    codes = factorial(2, 2, 2, replicates=3)
    rng = np.random.default_rng(5)
    seed = np.arange(codes.shape[1]) % 3
    y = strong(codes) + np.array([0.0, 2.0, -1.0])[seed] + rng.normal(0, 0.1, codes.shape[1])
    table = replace(sweep(codes, y), replicates=("seed",), replicate=seed.astype(np.int32))
    groups = configurations(everything(table))
    frame = pd.DataFrame({"y": y, "c": table.configuration, "seed": seed})
    fit = smf.ols("y ~ C(c) + C(seed)", frame).fit()
    assert groups.noise == pytest.approx(fit.mse_resid, rel=1e-9)
    lone = configurations(everything(replace(table, replicate=np.zeros(len(y), dtype=np.int32))))
    assert lone.noise == pytest.approx(smf.ols("y ~ C(c)", frame).fit().mse_resid, rel=1e-9)

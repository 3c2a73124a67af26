"""Verdicts on simulated sweeps with a known truth: few of them false, true effects found.

The bounds are far from what right tests give (docs/false_verdicts.md has those, from many more sweeps), and
nearer than what broken ones do. Seeds are fixed: each test has one outcome.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import false_verdicts
from judged_sweeps import Judged, Power, any_verdict, false_discoveries, judge, run_level, together
from simulated_sweeps import scenarios


@cache
def judged(name, sweeps=100):
    """All sweeps of the scenario of that name."""
    (scenario,) = [s for s in scenarios() if s.name == name]
    return false_verdicts.run((scenario, 0, sweeps))


@pytest.mark.parametrize("design", ["2^4 × 1", "2^6 × 3", "64 of 1,024 × 3", "2^6 × 3, crossed seeds"])
def test_sweeps_of_noise_alone_seldom_show_a_verdict(design):
    found = judged(f"{design}: null")
    assert any_verdict(found).value <= 0.12
    # the runs' own tests do, most of the time: the simulation could tell a broken judge
    if "crossed" not in design:
        assert run_level(found, adjusted=False)[0].any(axis=1).mean() >= 0.2


@pytest.mark.parametrize("scenario", ["2^6 × 3: noise, pairs", "64 of 1,024 × 3: strong, lognormal"])
def test_few_discoveries_are_false_beside_strong_switches(scenario):
    found = judged(scenario)
    assert false_discoveries(found).value <= 0.08
    assert found.claims["shift"][:, :3].mean() >= 0.95


def test_a_shift_and_a_noise_effect_are_found_beside_strong_switches():
    shift, noise = judged("2^6 × 3: shift, pairs"), judged("2^6 × 3: noise, pairs")
    assert shift.claims["shift"][:, 3].mean() >= 0.5
    assert noise.claims["noise"][:, 3].mean() >= 0.9
    # in a balanced factorial the runs' own test misses both: the strong switches are its noise
    assert np.mean(shift.p["mann_whitney"][:, 3] < 0.05) <= 0.4
    assert np.mean(noise.p["brown_forsythe"][:, 3] < 0.05) <= 0.4


def test_a_spread_by_an_interaction_is_not_called_noise():
    found = judged("2^6 × 3: systematic")
    assert found.claims["interactions"][:, 0].mean() >= 0.9
    assert found.claims["noise"][:, 0].mean() <= 0.05


def test_an_inert_label_on_the_shipped_sweep_gets_no_verdict():
    found = judged("shipped: 64 configurations × 3 seeds")
    assert np.any([claim[:, -1] for claim in found.claims.values()], axis=0).mean() <= 0.08


def test_run_level_tests_are_those_of_scipy():
    (scenario,) = [s for s in scenarios() if s.name == "64 of 1,024 × 3: pairs"]
    sweep = scenario.sweep(7)
    found = judge(sweep)
    for at, code in enumerate(sweep.table.codes[sweep.place]):
        on, off = sweep.table.y[code == 1], sweep.table.y[code == 0]
        np.testing.assert_allclose(found.p["mann_whitney"][0, at], stats.mannwhitneyu(on, off).pvalue, rtol=1e-9)
        np.testing.assert_allclose(found.p["welch"][0, at], stats.ttest_ind(on, off, equal_var=False).pvalue, rtol=1e-9)
        np.testing.assert_allclose(
            found.p["brown_forsythe"][0, at], stats.levene(on, off, center="median").pvalue, rtol=1e-9
        )


def test_sweeps_depend_on_their_number_alone():
    scenario = next(scenarios())
    np.testing.assert_array_equal(scenario.sweep(3).table.y, scenario.sweep(3).table.y)
    assert not np.array_equal(scenario.sweep(3).table.y, scenario.sweep(4).table.y)


def test_a_false_discovery_is_a_claim_without_its_effect():
    none, first = np.array([[False, False]]), np.array([[True, False]])
    truth = {"mean": first, "scale": none, "mixed": none}
    claims = {"shift": np.array([[True, True]]), "noise": np.array([[False, True]]), "interactions": none}
    made = Judged({}, claims, truth)
    assert false_discoveries(together([made, made])).value == pytest.approx(2 / 3)


def test_power_is_taken_where_the_target_does_nothing():
    """Two tests that order the sweeps alike have the same power, however far their levels are from .05."""
    n, rng = 400, np.random.default_rng(0)
    under, null = rng.uniform(size=n) ** 3, rng.uniform(size=(n, 2))
    nothing, first = np.zeros((n, 2), dtype=bool), np.tile([True, False], (n, 1))

    def sweeps(p, mean):
        return Judged({"fair": p, "cautious": np.sqrt(p)}, {}, {"mean": mean, "scale": nothing, "mixed": nothing})

    found = sweeps(np.column_stack([under, null[:, 0]]), first)
    without = sweeps(null, nothing)
    fair, cautious = (Power.beside(found, without, test, 0, np.ones(2, dtype=bool)) for test in ("fair", "cautious"))
    assert fair.level == pytest.approx(0.05, abs=0.02)
    assert cautious.level < 0.01
    assert fair.at_true_level == pytest.approx(0.05 ** (1 / 3), abs=0.06)
    assert cautious.at_true_level == pytest.approx(fair.at_true_level, abs=0.01)
    assert abs(fair.less(cautious).value) <= 2 * fair.less(cautious).error + 0.01
    # strong switches of the sweeps that the level comes from, and those unlike the target, do not count
    alone = Power.beside(found, sweeps(null, first), "fair", 0, np.ones(2, dtype=bool))
    assert np.isfinite(alone.nothing[0]).sum() == n
    # one level for several situations is that of the worst
    worse = sweeps(null**2, nothing)
    everywhere = Power.anywhere(found, [without, worse], "fair", 0, "mean")
    assert everywhere.level == Power.beside(found, worse, "fair", 0, np.ones(2, dtype=bool)).level > fair.level
    assert everywhere.at_true_level < fair.at_true_level
    # what does something else than the claim counts as a situation, what makes the claim does not
    busy = sweeps(null**3, first)
    assert len(Power.anywhere(found, [busy], "fair", 0, "scale").nothing) == 2
    assert len(Power.anywhere(found, [busy], "fair", 0, "mean").nothing) == 1
    overlapping = next(s for s in scenarios() if "overlapping" in s.name).design
    assert overlapping.alike(1).tolist() == [True, True, *[False] * 7, True]
    assert overlapping.alike(3).sum() == 7


def test_a_sweep_holds_the_effects_of_its_truth():
    """The difference that a crossover makes, and how often the overlapping switch follows the product."""
    (scenario,) = [s for s in scenarios() if s.name == "2^6 × 3: crossover"]
    y, n = 0.0, 200
    for number in range(n):
        sweep = scenario.sweep(number)
        a, b = sweep.place[list(sweep.pair)]
        codes = sweep.table.codes
        same = codes[a] == codes[b]
        y += (sweep.table.y[same].mean() - sweep.table.y[~same].mean()) / n
        assert sweep.mixed.sum() == 2
        assert not sweep.mean.any()
    # 4.5 standard errors 2/√192 of a difference of two halves; over 200 sweeps within 4 of its own
    assert y == pytest.approx(4.5 * 2 / np.sqrt(192), abs=4 * 2 / np.sqrt(192 * n))
    design = next(s for s in scenarios() if "overlapping" in s.name).design
    codes = design.draw(np.random.default_rng(0))
    assert 0.8 < np.mean(codes[-1] == codes[0] ^ codes[1]) < 1

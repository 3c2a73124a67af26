"""Verdicts on simulated sweeps with a known truth: few of them false, true effects found.

The bounds are far from what right tests give (docs/false_verdicts.md has those, from many more sweeps), and
nearer than what broken ones do. Seeds are fixed: each test has one outcome.
"""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy import stats

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks/false_verdicts.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("false_verdicts", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["false_verdicts"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


table = load()


@cache
def judged(name, sweeps=100):
    """All sweeps of the scenario of that name."""
    (scenario,) = [s for s in table.scenarios() if s.name == name]
    return table.run((scenario, 0, sweeps))


@pytest.mark.parametrize("design", ["2^4 × 1", "2^6 × 3", "64 of 1,024 × 3", "2^6 × 3, crossed seeds"])
def test_sweeps_of_noise_alone_seldom_show_a_verdict(design):
    found = judged(f"{design}: null")
    assert table.any_verdict(found).value <= 0.12
    # the runs' own tests do, most of the time: the simulation could tell a broken judge
    if "crossed" not in design:
        assert table.run_level(found, adjusted=False)[0].any(axis=1).mean() >= 0.2


@pytest.mark.parametrize("scenario", ["2^6 × 3: noise, pairs", "64 of 1,024 × 3: strong, lognormal"])
def test_few_discoveries_are_false_beside_strong_switches(scenario):
    found = judged(scenario)
    assert table.false_discoveries(found).value <= 0.08
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
    (scenario,) = [s for s in table.scenarios() if s.name == "64 of 1,024 × 3: pairs"]
    sweep = scenario.sweep(7)
    found = table.judge(sweep)
    for at, code in enumerate(sweep.table.codes):
        on, off = sweep.table.y[code == 1], sweep.table.y[code == 0]
        np.testing.assert_allclose(found.p["mann_whitney"][0, at], stats.mannwhitneyu(on, off).pvalue, rtol=1e-9)
        np.testing.assert_allclose(found.p["welch"][0, at], stats.ttest_ind(on, off, equal_var=False).pvalue, rtol=1e-9)
        np.testing.assert_allclose(
            found.p["brown_forsythe"][0, at], stats.levene(on, off, center="median").pvalue, rtol=1e-9
        )


def test_sweeps_depend_on_their_number_alone():
    scenario = next(table.scenarios())
    np.testing.assert_array_equal(scenario.sweep(3).table.y, scenario.sweep(3).table.y)
    assert not np.array_equal(scenario.sweep(3).table.y, scenario.sweep(4).table.y)


def test_a_false_discovery_is_a_claim_without_its_effect():
    none, first = np.array([[False, False]]), np.array([[True, False]])
    truth = {"mean": first, "scale": none, "mixed": none}
    claims = {"shift": np.array([[True, True]]), "noise": np.array([[False, True]]), "interactions": none}
    share = table.false_discoveries(table.Judged({}, {k: np.repeat(v, 2, 0) for k, v in claims.items()}, {k: np.repeat(v, 2, 0) for k, v in truth.items()}))
    assert share.value == pytest.approx(2 / 3)

"""Shrunken means against printed figures, statsmodels, and simulations with a known truth."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import statsmodels.api as sm

from ablate_tui.data.schema import Factor
from ablate_tui.queries.configurations import Configurations
from ablate_tui.queries.inference.moderated import moderated
from ablate_tui.queries.inference.shrinkage import Shrunken, shrunken


def design(k: int, mean: np.ndarray, count: np.ndarray | int) -> Configurations:
    """The full factorial of k switches."""
    codes = np.array(list(itertools.product((0, 1), repeat=k)), dtype=np.int16).reshape(2**k, k).T
    n = 2**k
    return Configurations(
        factors=tuple(Factor(f"s{at}", ("0", "1")) for at in range(k)),
        levels=(("0", "1"),) * k,
        codes=codes,
        count=np.broadcast_to(np.asarray(count), (n,)),
        mean=np.asarray(mean, dtype=float),
        variance=np.full(n, np.nan),
        noise=math.nan,
        left_out=0,
    )


def mains(k: int) -> list[tuple[int, ...]]:
    return [(at,) for at in range(k)]


def test_batting_averages() -> None:
    """Efron & Morris (1977), Stein's paradox in statistics, Scientific American 236(5), 119–127: 18 players,
    grand mean .265, shrinking factor .212, Clemente's .400 becomes .294; (k − 3)/(k − 1) of our B."""
    hits = np.array([18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7])
    y = hits / 45
    n = len(y)
    groups = Configurations(
        (Factor("player", tuple(map(str, range(n)))),),
        (tuple(map(str, range(n))),),
        np.arange(n, dtype=np.int16)[None],
        np.ones(n, dtype=int),
        y,
        np.full(n, np.nan),
        math.nan,
        0,
    )
    grand = y.mean()
    found = shrunken(groups, [], grand * (1 - grand) / 45)
    assert grand == pytest.approx(0.265, abs=0.001)
    np.testing.assert_allclose(found.fitted, grand)
    factor = 1 - found.weight[0] * (n - 3) / (n - 1)
    assert factor == pytest.approx(0.212, abs=0.002)
    assert grand + factor * (y[0] - grand) == pytest.approx(0.294, abs=0.001)


@pytest.mark.parametrize("noise", [0.5, 2.0, 50.0])
def test_equal_counts_have_a_closed_form(noise: float) -> None:
    """B = v (C − p)/Σe², at most 1, about an ordinary least-squares fit."""
    rng = np.random.default_rng(1)
    groups = design(4, rng.normal(size=16) + np.arange(16) / 4, 3)
    found = shrunken(groups, mains(4), noise)
    fit = sm.OLS(groups.mean, sm.add_constant(groups.codes.T)).fit()
    b = min(1.0, noise / 3 * fit.df_resid / fit.ssr)
    np.testing.assert_allclose(found.weight, b, rtol=1e-8)
    np.testing.assert_allclose(found.fitted, fit.fittedvalues)
    np.testing.assert_allclose(found.mean, fit.fittedvalues + (1 - b) * fit.resid, rtol=1e-8)
    assert found.tau2 == pytest.approx(max(0.0, fit.ssr / fit.df_resid - noise / 3), abs=1e-8)


def test_unequal_variances_solve_the_moment_equation() -> None:
    rng = np.random.default_rng(2)
    count = rng.integers(1, 6, 32)
    noise = rng.gamma(2.0, size=32)
    groups = design(5, rng.normal(size=32) * 1.5 + np.arange(32) / 6, count)
    terms = [*mains(5), (0, 3)]
    found = shrunken(groups, terms, noise)
    codes = groups.codes.T
    x = sm.add_constant(np.column_stack([codes, codes[:, 0] * codes[:, 3]]))
    v = noise / count
    fit = sm.WLS(groups.mean, x, weights=1 / (v + found.tau2)).fit()
    assert found.tau2 > 0
    assert np.sum(fit.resid**2 / (v + found.tau2)) == pytest.approx(fit.df_resid, rel=1e-7)
    np.testing.assert_allclose(found.fitted, fit.fittedvalues, rtol=1e-9)
    b = v / (v + found.tau2)
    np.testing.assert_allclose(found.weight, b)
    np.testing.assert_allclose(found.mean, fit.fittedvalues + (1 - b) * fit.resid)

    # Morris's standard error, term by term
    total = found.tau2 + v
    of_fit = np.einsum("ij,jk,ik->i", x, fit.normalized_cov_params, x)
    f = fit.df_resid
    drawn = b * (f - 2) / f
    mean_v = np.average(v, weights=1 / total)
    squared = v * (1 - drawn) + drawn**2 * of_fit
    squared += 2 / (f - 2) * drawn**2 * fit.resid**2 * (mean_v + found.tau2) / total
    np.testing.assert_allclose(found.error, np.sqrt(squared), rtol=1e-8)
    np.testing.assert_allclose(found.high - found.mean, 1.959964 * found.error, rtol=1e-6)
    np.testing.assert_allclose(found.mean - found.low, found.high - found.mean)


def simulated(k: int, count: int, tau: float, unequal: float, sweeps: int, seed: int) -> dict[str, float]:
    """How far the winners are from their true means, and how often intervals hold them."""
    rng = np.random.default_rng(seed)
    codes = design(k, np.zeros(2**k), count).codes
    raw, better, all_in, best_in, claimed = [], [], [], [], []
    for _ in range(sweeps):
        true = codes.T @ rng.normal(0, 0.5, k) + rng.normal(0, tau, 2**k)
        sd = np.exp(rng.normal(0, unequal, 2**k))
        seen = sd**2 * rng.chisquare(count - 1, 2**k) / (count - 1)
        groups = design(k, true + sd / np.sqrt(count) * rng.normal(size=2**k), count)
        noise = moderated(seen, np.full(2**k, count - 1.0))
        assert noise is not None
        found = shrunken(groups, mains(k), noise.variance)
        assert not found.why
        winner = int(np.argmin(groups.mean))  # the apparent one
        raw.append(groups.mean[winner] - true[winner])
        better.append(found.mean[winner] - true[winner])
        inside = (found.low <= true) & (true <= found.high)
        first = int(np.argmin(found.mean))
        all_in.append(inside.mean())
        best_in.append(inside[first])
        claimed.append(found.mean[first] - true[first])
    return {
        "raw bias": float(np.mean(raw)),
        "bias": float(np.mean(better)),
        "raw distance": float(np.mean(np.abs(raw))),
        "distance": float(np.mean(np.abs(better))),
        "coverage": float(np.mean(all_in)),
        "coverage of the first": float(np.mean(best_in)),
    }


@pytest.mark.parametrize("unequal", [0.0, 0.5])
@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_winners_luck_is_taken_out(count: int, tau: float, unequal: float) -> None:
    found = simulated(6, count, tau, unequal, 150, seed=count)
    assert found["raw bias"] < -0.2  # the apparent winner looks better than it is
    assert found["bias"] > 0.4 * found["raw bias"]
    assert found["distance"] < (0.9 if tau == 1 and count == 5 else 0.75) * found["raw distance"]
    assert found["coverage"] > 0.9
    # with equal noise also where one looks: at the first of the list
    assert found["coverage of the first"] > (0.88 if unequal == 0 else 0.74)


def test_intervals_cover_with_few_configurations() -> None:
    for tau in (0.0, 0.5, 2.0):
        assert simulated(4, 3, tau, 0.0, 250, seed=3)["coverage"] > 0.92


def refused(found: Shrunken) -> str:
    assert np.isnan([found.mean, found.low, found.high, found.error]).all()
    return found.why


def test_what_cannot_be_told_has_a_reason() -> None:
    y = np.arange(16.0)
    groups = design(4, y, 2)
    assert "no replicates" in refused(shrunken(groups, mains(4), math.nan))
    assert "do not differ" in refused(shrunken(groups, mains(4), 0.0))
    assert "too large" in refused(shrunken(groups, mains(4), math.inf))
    assert "too large" in refused(shrunken(design(4, y * 1e200, 2), mains(4), 1.0))
    assert "1 degrees of freedom" in refused(shrunken(design(2, y[:4], 2), mains(2), 1.0))
    assert refused(shrunken(design(0, y[:1], 2), [], 1.0))


def test_no_term_draws_to_the_grand_mean() -> None:
    groups = design(3, np.arange(8.0), 2)
    found = shrunken(groups, [], 4.0)
    np.testing.assert_allclose(found.fitted, 3.5)
    assert found.tau2 == pytest.approx(np.arange(8.0).var(ddof=1) - 2)

"""Moderated variances against their definition, numerical integration and a known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from ablate_tui.queries.inference.moderated import _inverse_trigamma, moderated


def drawn(rng: np.random.Generator, n: int, d: int, d0: float, s0: float) -> tuple[np.ndarray, np.ndarray]:
    """True variances from a scaled inverse χ² and sample variances with d degrees of freedom."""
    true = s0**2 * d0 / rng.chisquare(d0, n) if math.isfinite(d0) else np.full(n, s0**2)
    return true, true * rng.chisquare(d, n) / d


@pytest.mark.parametrize("value", [1e-8, 1e-3, 0.3, 1.0, 20.0, 1e5, 1e9])
def test_inverse_trigamma(value: float) -> None:
    assert special.polygamma(1, _inverse_trigamma(value)) == pytest.approx(value, rel=1e-3 if value > 1e7 else 1e-6)


def test_prior_solves_the_moment_equations() -> None:
    rng = np.random.default_rng(1)
    degrees = rng.integers(1, 6, 80).astype(float)
    variance = np.exp(rng.normal(0, 1.5, 80)) * rng.chisquare(degrees) / degrees
    found = moderated(variance, degrees)
    e = np.log(variance) - special.digamma(degrees / 2) + np.log(degrees / 2)
    excess = e.var(ddof=1) - special.polygamma(1, degrees / 2).mean()
    d0 = optimize.brentq(lambda d: special.polygamma(1, d / 2) - excess, 1e-3, 1e4)
    assert found.prior_degrees == pytest.approx(d0, rel=1e-6)
    assert math.log(found.prior) == pytest.approx(e.mean() + special.digamma(d0 / 2) - math.log(d0 / 2), abs=1e-6)


def test_recovers_a_known_prior() -> None:
    true, seen = drawn(np.random.default_rng(2), 40_000, 3, 6.0, 0.5)
    found = moderated(seen, np.full(40_000, 3.0))
    assert found.prior_degrees == pytest.approx(6.0, rel=0.1)
    assert found.prior == pytest.approx(0.25, rel=0.03)
    # on average the expected variance is the true one, also among those whose sample variance is small
    small = seen < np.quantile(seen, 0.1)
    assert found.variance[small].mean() == pytest.approx(true[small].mean(), rel=0.05)
    assert found.variance.mean() == pytest.approx(true.mean(), rel=0.05)


def test_variance_is_the_posterior_mean() -> None:
    rng = np.random.default_rng(3)
    _, seen = drawn(rng, 400, 4, 5.0, 2.0)
    found = moderated(seen, np.full(400, 4.0))
    prior = stats.invgamma(found.prior_degrees / 2, scale=found.prior_degrees * found.prior / 2)
    for at in (0, 17, 200):

        def density(v: float, s2: float = seen[at]) -> float:
            return prior.pdf(v) * stats.chi2(4).pdf(4 * s2 / v) / v

        whole = integrate.quad(density, 0, np.inf)[0]
        mean = integrate.quad(lambda v: v * density(v), 0, np.inf)[0] / whole
        assert found.variance[at] == pytest.approx(mean, rel=1e-4)


def test_variances_that_differ_less_than_chance_are_pooled() -> None:
    seen, degrees = np.array([0.9, 1.0, 1.1, 1.2]), np.array([2.0, 2.0, 4.0, 4.0])
    found = moderated(seen, degrees)
    assert math.isinf(found.prior_degrees)
    np.testing.assert_allclose(found.variance, (1.8 + 2.0 + 4.4 + 4.8) / 12)


def test_equal_true_variances_are_drawn_together() -> None:
    _, seen = drawn(np.random.default_rng(4), 20_000, 3, math.inf, 1.0)
    found = moderated(seen, np.full(20_000, 3.0))
    assert found.variance.std() < 0.1 * seen.std()
    assert found.variance.mean() == pytest.approx(1.0, rel=0.03)


def test_without_a_sample_variance_the_prior_counts() -> None:
    rng = np.random.default_rng(5)
    _, seen = drawn(rng, 300, 4, 8.0, 1.0)
    degrees = np.full(300, 4.0)
    degrees[:10], seen[:10] = 0.0, np.nan
    found = moderated(seen, degrees)
    d0 = found.prior_degrees
    np.testing.assert_allclose(found.variance[:10], found.prior * d0 / (d0 - 2))
    assert np.isfinite(found.variance).all()


def test_nothing_to_go_by() -> None:
    assert moderated(np.array([0.0, 0.0]), np.array([2.0, 2.0])) is None
    assert moderated(np.array([np.nan]), np.array([0.0])) is None
    assert moderated(np.array([2.0]), np.array([3.0])).variance.tolist() == [2.0]


def test_zero_variances_are_drawn_to_the_prior() -> None:
    rng = np.random.default_rng(6)
    _, seen = drawn(rng, 200, 3, 4.0, 1.0)
    seen[:5] = 0.0
    found = moderated(seen, np.full(200, 3.0))
    assert np.all(found.variance[:5] > 0)

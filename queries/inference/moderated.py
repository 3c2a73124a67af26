"""The noise of each configuration, estimated with the help of all the others."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


MOST_INFLATION = 5.0  # of a variance, for being known from so few runs


@dataclass(frozen=True, eq=False)
class Moderated:
    """Variances of a single run, one a configuration."""

    variance: Array  # (C,) expected, given all sample variances
    prior: float  # the variance that each is drawn to
    prior_degrees: float  # how much it counts for; infinite where variances do not differ beyond chance


def moderated(variance: Array, degrees: Array) -> Moderated | None:
    """Draw sample variances toward a common one, the more so the less they differ beyond chance.

    The true variances are taken for draws from a scaled inverse χ² distribution, whose scale s₀² and degrees
    of freedom d₀ come from the mean and variance of ln s² (Smyth 2004, section 6.2).

    Parameters
    ----------
    variance : (C,) float
        Sample variances; anything where `degrees` is 0.
    degrees : (C,) float
        Their degrees of freedom, not necessarily whole.

    Returns
    -------
    Moderated or None
        The true variance as expected after seeing the sample's, (d₀ s₀² + d s²)/(d₀ + d − 2); the pooled
        variance for all where those of ln s² are no wider than chance. None where no sample variance is
        positive. A variance of zero (equal replicates) tells nothing of s₀ and d₀.

    References
    ----------
    Smyth, G. K. (2004). Linear models and empirical Bayes methods for assessing differential expression in
    microarray experiments. Statistical Applications in Genetics and Molecular Biology 3(1), 3.
    https://doi.org/10.2202/1544-6115.1027
    """
    from scipy.special import digamma, polygamma

    some = degrees > 0
    use = some & (variance > 0) & np.isfinite(variance)
    if not use.any():
        return None
    half = degrees[use] / 2
    log = np.log(variance[use]) - digamma(half) + np.log(half)
    center, n = float(log.mean()), len(log)
    excess = float(np.sum((log - center) ** 2) / max(n - 1, 1) - polygamma(1, half).mean())
    if excess <= 0:
        pooled = float(degrees[some] @ variance[some]) / float(degrees[some].sum())
        return Moderated(np.full(len(variance), pooled), pooled, math.inf)
    prior_degrees = 2 * _inverse_trigamma(excess)
    prior = math.exp(center + float(digamma(prior_degrees / 2)) - math.log(prior_degrees / 2))
    own = np.where(some, degrees, 0.0)
    together = prior_degrees + own
    scale = (prior_degrees * prior + own * np.where(some, variance, 0.0)) / together
    inflation = together / np.maximum(together - 2, together / MOST_INFLATION)
    return Moderated(scale * inflation, prior, prior_degrees)


def _inverse_trigamma(value: float) -> float:
    """Where the trigamma function has a positive value, by Newton's method (Smyth 2004, appendix)."""
    from scipy.special import polygamma

    if value > 1e7:
        return 1 / math.sqrt(value)
    if value < 1e-6:
        return 1 / value
    x = 0.5 + 1 / value
    for _ in range(50):
        now = float(polygamma(1, x))
        step = now * (1 - now / value) / float(polygamma(2, x))
        x += step
        if -step < 1e-8 * x:
            break
    return x

"""Configuration means drawn toward the model: what the best ones owe to luck goes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.configurations import Configurations
from ablate_tui.queries.inference.least_squares import MOST_COLUMNS, least_squares
from ablate_tui.queries.inference.model_terms import Columns, Term

Array = NDArray[np.float64]

FEWEST_DEGREES = 3  # of residuals: with fewer, tau² is anything
STEPS = 30
NORMAL = 1.959963984540054  # the normal distribution's 97.5 % quantile


@dataclass(frozen=True, eq=False)
class Shrunken:
    """What is expected of each configuration's true mean; all NaN, and `why`, where that can't be told."""

    mean: Array  # (C,)
    error: Array  # (C,) standard error
    low: Array  # (C,) 95 % interval
    high: Array
    weight: Array  # (C,) B: how far each mean is drawn to the model, 0 not at all, 1 all the way
    fitted: Array  # (C,) what the model expects
    tau2: float  # variance of the true means about the model
    why: str = ""


def shrunken(groups: Configurations, terms: Sequence[Term], noise_variance: float | Array) -> Shrunken:
    """Empirical Bayes estimates of the configurations' true means, and their 95 % intervals.

    A mean of r runs with noise variance σ² is y = θ + e, Var e = v = σ²/r; the true mean θ lies about the
    model's value with variance τ². Then θ is expected at fitted + (1 − B)(y − fitted), B = v/(v + τ²)
    (James & Stein's estimator for unequal variances: Morris 1983; Fay & Herriot 1979). The model is fitted
    with weights 1/(v + τ²), and τ² is the solution of Σ(y − fitted)²/(v + τ²) = C − p, or 0 where there
    is none (method of moments: Fay & Herriot 1979, as DerSimonian & Laird's, iterated).

    The largest of many means is not only good but lucky; its expectation, given all the means, takes the
    luck out, so no further correction is due to having looked for the best (Efron 2011).

    Parameters
    ----------
    groups : Configurations
    terms : sequence of Term
        Of the model, as in `location.Location.terms`.
    noise_variance : float or (C,) float
        Of a single run. NaN where there are no replicates.

    Returns
    -------
    Shrunken
        The squared standard error is v(1 − B) + B² Var(fitted) + (2/(C − p − 2)) B² (y − fitted)² (v̄ + τ²)/(v + τ²),
        the last for τ² being an estimate (Morris 1983, section 4), v̄ the mean of v weighted by 1/(v + τ²).
        The interval reaches 1.96 of them each way.

    References
    ----------
    Morris, C. N. (1983). Parametric empirical Bayes inference: theory and applications. Journal of the
    American Statistical Association 78(381), 47–55. https://doi.org/10.1080/01621459.1983.10477920

    Fay, R. E. & Herriot, R. A. (1979). Estimates of income for small places. Journal of the American
    Statistical Association 74(366), 269–277. https://doi.org/10.1080/01621459.1979.10482505

    Efron, B. (2011). Tweedie's formula and selection bias. Journal of the American Statistical Association
    106(496), 1602–1614. https://doi.org/10.1198/jasa.2011.tm11181
    """
    y, n = groups.mean, groups.n
    v = np.broadcast_to(np.asarray(noise_variance, dtype=np.float64), (n,)) / groups.count
    if not n:
        return _none(groups, "no configuration with finished runs")
    if np.isnan(v).any():
        return _none(groups, "no replicates: luck can't be told from merit")
    with np.errstate(over="ignore", invalid="ignore"):
        small = np.isfinite(np.square(y).sum() + v.sum())
    if not small:
        return _none(groups, "the responses are too large")
    if not np.all(v > 0):
        return _none(groups, "the replicates do not differ: there is no noise to take out")
    if len(terms) > MOST_COLUMNS:
        return _none(groups, f"the model has more than {MOST_COLUMNS} columns")

    tau2 = 0.0
    for step in range(STEPS):
        weight = 1 / (v + tau2)
        fit = least_squares(Columns(groups, terms, weight / weight.mean()), y, (1.0, 1))
        freedom = n - 1 - fit.rank
        if fit.columns.p > MOST_COLUMNS or freedom < FEWEST_DEGREES:
            return _none(groups, f"{n} configurations leave {max(freedom, 0)} degrees of freedom about the model")
        squares = fit.residual**2 * weight
        q = float(squares.sum())
        # 1/q is concave in τ² (a line where all v are equal): from 0 on, Newton's method never steps too far
        if q <= freedom * (1 + 1e-9) or step == STEPS - 1:
            break
        tau2 += (q - freedom) * q / (freedom * float(squares @ weight))

    b = v * weight
    drawn = b * (freedom - 2) / freedom  # a little less than B, for τ² being an estimate
    off = y - fit.fitted
    inflated = v + tau2
    average = float(np.average(v, weights=weight))
    squared = v * (1 - drawn) + drawn**2 * _fitted_variance(fit.columns, fit.covariance, weight.mean())
    squared += 2 / (freedom - 2) * drawn**2 * off**2 * (average + tau2) / inflated
    error = np.sqrt(squared)
    mean = fit.fitted + (1 - b) * off
    return Shrunken(mean, error, mean - NORMAL * error, mean + NORMAL * error, b, fit.fitted, tau2)


def _fitted_variance(columns: Columns, inverse: Array, scale: float) -> Array:
    """(C,) variance of the fitted values, when the weights are the inverse variances divided by `scale`."""
    found = np.empty(columns.n)
    for at, x in columns.blocks():
        found[at] = 1 / columns.weight.sum() + np.einsum("ij,ij->i", x @ inverse, x)
    return found / scale


def _none(groups: Configurations, why: str) -> Shrunken:
    nothing = np.full(groups.n, math.nan)
    return Shrunken(nothing, nothing, nothing, nothing, nothing, nothing, math.nan, why)

"""Exact Shapley values and interactions of a function of a few factors, from all its values at once.

The function is a tensor with one axis per factor. Under a background in which the factors vary
independently, with given rates of their levels, it has a unique functional ANOVA decomposition
f = Σ_S f_S whose parts average to zero over each of their factors (Hoeffding 1948; Owen 2014). The
parts are the Harsanyi dividends of the game v(S) = E[f(x_S, X_−S)], so every factor of S gets an equal
share of f_S: φ_i = Σ_{S∋i} f_S / |S|. One change of basis per axis, and one back, gives all of them.

References
----------
Hoeffding, W. (1948). A class of statistics with asymptotically normal distribution. Annals of
Mathematical Statistics 19(3), 293–325. https://doi.org/10.1214/aoms/1177730196
Owen, A. B. (2014). Sobol' indices and Shapley value. SIAM/ASA Journal on Uncertainty Quantification
2(1), 245–251. https://doi.org/10.1137/130936233
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Tensor = NDArray[np.float64]


def shapley_values(surface: Tensor, rates: Sequence[Tensor]) -> tuple[float, Tensor]:
    """Shapley values of every combination of levels.

    Parameters
    ----------
    surface : (L1, …, Lk) float
        The function at every combination of levels; finite.
    rates : k arrays, the i-th of length Li
        Rates of the levels in the background: not negative, each array of sum 1. A level of rate 0 can
        still be explained.

    Returns
    -------
    base : float
        Mean of the function over the background.
    values : (k, L1, …, Lk) float
        In the unit of the function. Over the factors they sum to the function minus `base`.
    """
    parts = _decompose(surface, rates)
    order = _order(rates)
    base = float(parts.flat[int(np.flatnonzero(order.ravel() == 0)[0])])
    shared = _compose(_divided(parts, order), rates)
    values = np.empty((surface.ndim, *surface.shape))
    for axis in range(surface.ndim):
        values[axis] = shared - _mean(shared, axis, rates[axis])
    return base, values


def interaction_values(surface: Tensor, rates: Sequence[Tensor], cells: NDArray[np.intp], weights: Tensor) -> Tensor:
    """Weighted mean absolute SHAP interaction value of every pair of factors.

    Off the diagonal half of the Shapley interaction index, Σ_{S⊇{i,j}} f_S / (|S| − 1), so that both
    halves together are the pair's; on it what is left of the factor's Shapley value (Lundberg et al. 2020).

    Parameters
    ----------
    surface, rates
        As in `shapley_values`.
    cells : (n,) int
        Positions in the flattened surface to average over.
    weights : (n,) float
        Their weights: not negative, not all zero.

    Returns
    -------
    (k, k) float
        Symmetric, in the unit of the function.

    References
    ----------
    Grabisch, M. & Roubens, M. (1999). An axiomatic approach to the concept of interaction among players
    in cooperative games. International Journal of Game Theory 28, 547–565.
    https://doi.org/10.1007/s001820050125
    Lundberg, S. M. et al. (2020). From local explanations to global understanding with explainable AI for
    trees. Nature Machine Intelligence 2, 56–67. https://doi.org/10.1038/s42256-019-0138-9
    """
    share = weights / weights.sum()
    shared = _compose(_divided(_decompose(surface, rates), _order(rates) - 1), rates)
    main = shapley_values(surface, rates)[1].reshape(surface.ndim, -1)[:, cells]
    result = np.zeros((surface.ndim, surface.ndim))
    centered = [shared - _mean(shared, axis, rates[axis]) for axis in range(surface.ndim)]
    for i, j in combinations(range(surface.ndim), 2):
        half = ((centered[i] - _mean(centered[i], j, rates[j])) / 2).ravel()[cells]
        result[i, j] = result[j, i] = share @ np.abs(half)
        main[i] -= half
        main[j] -= half
    np.fill_diagonal(result, np.abs(main) @ share)
    return result


def _mean(tensor: Tensor, axis: int, rate: Tensor) -> Tensor:
    """Mean over one axis, kept as an axis of length 1."""
    mean = np.einsum("alb,l->ab", _blocks(tensor, axis), rate)
    kept: Tensor = mean.reshape(*tensor.shape[:axis], 1, *tensor.shape[axis + 1 :])
    return kept


def _blocks(tensor: Tensor, axis: int) -> Tensor:
    """A view with the axis in the middle: (what is before it, its levels, what is after it)."""
    levels = tensor.shape[axis]
    before = int(np.prod(tensor.shape[:axis]))
    return tensor.reshape(before, levels, tensor.size // (before * levels))


def _decompose(surface: Tensor, rates: Sequence[Tensor]) -> Tensor:
    """Coefficients on each axis: the mean, in the place of the commonest level; else level minus mean."""
    parts = np.array(surface, dtype=np.float64, order="C")
    for axis, rate in enumerate(rates):
        block = _blocks(parts, axis)
        mean = np.einsum("alb,l->ab", block, rate)
        block -= mean[:, None, :]
        block[:, int(np.argmax(rate)), :] = mean
    return parts


def _compose(parts: Tensor, rates: Sequence[Tensor]) -> Tensor:
    """The inverse of `_decompose`, in place: the commonest level follows from the others' mean of zero."""
    for axis, rate in enumerate(rates):
        block = _blocks(parts, axis)
        commonest = int(np.argmax(rate))
        others = rate.copy()
        others[commonest] = 0.0
        mean = block[:, commonest, :].copy()
        deviation = np.einsum("alb,l->ab", block, others) / rate[commonest]
        block += mean[:, None, :]
        block[:, commonest, :] = mean - deviation
    return parts


def _order(rates: Sequence[Tensor]) -> NDArray[np.int64]:
    """For each coefficient, how many factors its part depends on: |S|."""
    order = np.zeros((), dtype=np.int64)
    for rate in rates:
        order = np.add.outer(order, np.arange(len(rate)) != int(np.argmax(rate)))
    return order


def _divided(parts: Tensor, by: NDArray[np.int64]) -> Tensor:
    """Coefficients over whole numbers; those over zero or less are left out."""
    return np.where(by > 0, parts / np.maximum(by, 1), 0.0)

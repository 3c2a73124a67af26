"""The configurations that none beats in both mean and spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.schema import Goal

Array = NDArray[np.float64]


def pareto(mean: Array, sd: Array, goal: Goal) -> NDArray[np.bool_]:
    """Mark the non-dominated of some points: no other is at least as good in both figures and better in one.

    Parameters
    ----------
    mean : (n,) float
        Better when smaller ("min") or larger ("max").
    sd : (n,) float
        Better when smaller.
    goal : "min" or "max"

    Returns
    -------
    (n,) bool
        False where a figure is NaN. Points that are equal in both are marked together. Takes O(n log n).

    References
    ----------
    Kung, H. T., Luccio, F. & Preparata, F. P. (1975). On finding the maxima of a set of vectors. Journal of
    the ACM 22(4), 469–476. https://doi.org/10.1145/321906.321910
    """
    front = np.zeros(len(mean), dtype=bool)
    at = np.flatnonzero(np.isfinite(mean) & np.isfinite(sd))
    if not len(at):
        return front
    worth = mean[at] if goal == "min" else -mean[at]
    order = np.lexsort((sd[at], worth))
    worth, spread = worth[order], sd[at][order]
    first = np.r_[True, worth[1:] != worth[:-1]]
    group = np.cumsum(first) - 1
    smallest = spread[first]  # of each mean
    before = np.r_[np.inf, np.minimum.accumulate(smallest)[:-1]]  # of all better means
    front[at[order]] = (spread == smallest[group]) & (spread < before[group])
    return front

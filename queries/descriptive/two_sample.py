"""Moments and quantiles of one side, and the tests that need no ranks: Welch and Brown-Forsythe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.descriptive.ascending import Ascending, Values

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Side:
    """What is known of the finished runs of one side; NaN for what an empty side has not."""

    n: int
    mean: float
    squares: float  # Σ(y − mean)²
    median: float
    q25: float
    q75: float
    distance: float  # mean of |y − median|
    distance_squares: float  # Σ(|y − median| − distance)²
    magnitude: float  # largest |y|: the scale of rounding

    @property
    def sd(self) -> float:
        """Standard deviation with ddof=1, NaN with fewer than two runs."""
        return math.sqrt(self.squares / (self.n - 1)) if self.n > 1 else math.nan

    @property
    def iqr(self) -> float:
        """Distance of the quartiles."""
        return self.q75 - self.q25


def side(runs: Ascending) -> Side:
    """Describe one side.

    Parameters
    ----------
    runs : Ascending

    Returns
    -------
    Side
    """
    if not runs.n:
        return Side(0, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan)
    q25, median, q75 = runs.quantiles((0.25, 0.5, 0.75))
    magnitude = max(abs(runs.low), abs(runs.high))
    return Side(runs.n, *runs.moments(), median, q25, q75, *runs.distances(median), magnitude)


def side_of(values: NDArray[np.float64]) -> Side:
    """Describe finite values in any order, (n,)."""
    return side(Values(np.sort(values)))


def welch(on: Side, off: Side) -> float:
    """Two-sided p of Welch's t test (Welch 1947), as ``scipy.stats.ttest_ind(equal_var=False)``.

    NaN where a side has fewer than two runs or both have no variance.
    """
    if on.n < 2 or off.n < 2 or not 0 < on.squares + off.squares < math.inf:
        return math.nan
    from scipy.special import stdtr

    a, b = on.squares / (on.n - 1) / on.n, off.squares / (off.n - 1) / off.n
    share = a / (a + b)
    degrees = 1 / (share * share / (on.n - 1) + (1 - share) * (1 - share) / (off.n - 1))
    return 2 * float(stdtr(degrees, -abs(on.mean - off.mean) / math.sqrt(a + b)))


def brown_forsythe(sides: Sequence[Side]) -> float:
    """P of Brown and Forsythe's test of equal spreads (1974), as ``scipy.stats.levene(center="median")``.

    Parameters
    ----------
    sides : sequence of Side
        Empty ones do not count.

    Returns
    -------
    float
        NaN with fewer than two sides that have runs, or where the distances from the medians do not
        vary within any side beyond rounding.
    """
    there = [s for s in sides if s.n]
    n, k = sum(s.n for s in there), len(there)
    if k < 2 or n <= k:
        return math.nan
    within = sum(s.distance_squares for s in there)
    rounding = 4 * EPSILON * max(s.magnitude for s in there)
    if not within > n * rounding * rounding:
        return math.nan
    from scipy.special import fdtrc

    centre = sum(s.n * s.distance for s in there) / n
    between = sum(s.n * (s.distance - centre) * (s.distance - centre) for s in there)
    return float(fdtrc(k - 1, n - k, (n - k) * between / ((k - 1) * within)))

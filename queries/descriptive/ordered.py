"""The finished runs of a slice, sorted once by the response; ranks and quantiles are read off it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.schema import Goal
from ablate_tui.queries.slices import Sample


@dataclass(frozen=True, eq=False)
class Ordered:
    """n finished runs in ascending order of the response; equal ones keep the source's order."""

    at: NDArray[np.int64]  # (n,) positions in the sample
    y: NDArray[np.float64]  # (n,) ascending, finite

    @property
    def n(self) -> int:
        """Number of finished runs."""
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Ranks:
    """Average ranks of ascending values, and Σ(t³ − t) over groups of t equal ones."""

    rank: NDArray[np.float64]
    ties: float

    @property
    def constant(self) -> bool:
        """Whether all values are equal."""
        n = len(self.rank)
        return n == 0 or self.rank[0] == self.rank[-1]


def order(sample: Sample) -> Ordered:
    """Sort the finished runs of a slice."""
    at = np.flatnonzero(sample.finished)
    y = sample.y[at]
    by = np.argsort(y, kind="stable")
    return Ordered(at[by], y[by])


def rank(y: NDArray[np.float64]) -> Ranks:
    """Rank ascending values from 1, equal ones by the mean of their ranks.

    Parameters
    ----------
    y : (n,) float64
        Ascending.

    Returns
    -------
    Ranks
    """
    n = len(y)
    first = np.flatnonzero(np.r_[True, y[1:] != y[:-1]]) if n else np.zeros(0, dtype=np.int64)
    size = np.diff(first, append=n)
    if len(first) == n:
        return Ranks(np.arange(1.0, n + 1), 0.0)
    t = size.astype(np.float64)
    return Ranks(np.repeat(first + (t + 1) / 2, size), float(np.sum(t**3 - t)))


def quantile(y: NDArray[np.float64], q: float) -> float:
    """Linear quantile of ascending values, as numpy's default (Hyndman & Fan 1996, type 7).

    Returns NaN without values.
    """
    if not len(y):
        return math.nan
    place = q * (len(y) - 1)
    low = math.floor(place)
    high = min(low + 1, len(y) - 1)
    a, b, part = float(y[low]), float(y[high]), place - low
    return a if a == b else a * (1 - part) + b * part  # b − a could be too large for a number


@dataclass(frozen=True)
class BestRuns:
    """The best share of the finished runs: positions start…stop of an `Ordered`."""

    start: int
    stop: int
    k: int  # how many were asked for: ceil(share · n)

    @property
    def n(self) -> int:
        """How many there are: more than `k` where runs tie at the border; they are taken in full."""
        return self.stop - self.start

    @property
    def ties(self) -> str | None:
        """Ties at the border in words, None without any."""
        if self.n == self.k:
            return None
        return f"{self.n:,} runs for the best {self.k:,}: ties at the border are taken in full"


def best_runs(runs: Ordered, share: float, goal: Goal) -> BestRuns:
    """The best ceil(share · n) runs by the goal, and those that tie with the last of them."""
    k = min(runs.n, math.ceil(share * runs.n - 1e-9))  # .1 · 30 is a little over 3 in binary
    if k == 0:
        return BestRuns(0, 0, 0)
    if goal == "min":
        return BestRuns(0, int(np.searchsorted(runs.y, runs.y[k - 1], side="right")), k)
    return BestRuns(int(np.searchsorted(runs.y, runs.y[-k], side="left")), runs.n, k)

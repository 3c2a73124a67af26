"""The finished runs of a slice in ascending order of the response, and the best of them.

There are two ways to the same figures: those of a small sweep are sifted out of its order, those of a large one
are counted where they stand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import sort
from ablate_tui.data.schema import Goal
from ablate_tui.queries.descriptive.ascending import Ascending, Values
from ablate_tui.queries.descriptive.blocked import Blocked
from ablate_tui.queries.slices import Sample


def order(sample: Sample, rows: bool = True) -> Ascending:
    """The finished runs of a slice, in order.

    Parameters
    ----------
    sample : Sample
    rows : bool
        Whether somebody will ask for their rows in the source.
    """
    whole, size = sample.table.in_order, sample.table.combinations.n
    if not sample.plain:
        at, y = sort(sample.y, sample.finished)
        return Values(y, sample.index[at] if rows else None, sample.configuration[at], size)
    if whole.blocked:
        return Blocked.several(whole, sample.table.moments, [sample.inside])[0]
    values = Values(whole.y, whole.run, whole.configuration, size)
    return values if sample.inside.all() else values.where(sample.inside)


@dataclass(frozen=True)
class BestRuns:
    """The best share of the finished runs: places start…stop of an `Ascending`."""

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

    def counts(self, runs: Ascending) -> NDArray[np.int64]:
        """Their numbers by the sweep's configurations."""
        return runs.first(self.stop) - runs.first(self.start)


def best_runs(runs: Ascending, share: float, goal: Goal) -> BestRuns:
    """The best ceil(share · n) runs by the goal, and those that tie with the last of them."""
    k = min(runs.n, math.ceil(share * runs.n - 1e-9))  # .1 · 30 is a little over 3 in binary
    if k == 0:
        return BestRuns(0, 0, 0)
    border = runs.at(np.array([k - 1 if goal == "min" else runs.n - k]))
    if goal == "min":
        return BestRuns(0, int(runs.below(border, equal=True)[0]), k)
    return BestRuns(int(runs.below(border)[0]), runs.n, k)


def best_rows(runs: Ascending, most: int, goal: Goal) -> NDArray[np.int64]:
    """Rows of the source of the best runs, at most so many; equal ones in the source's order."""
    k = min(most, runs.n)
    if goal == "min" or not k:
        return runs.rows(0, k)
    start = int(runs.below(runs.at(np.array([runs.n - k])))[0])
    rows, y = runs.rows(start, runs.n), runs.at(np.arange(start, runs.n))
    return rows[np.argsort(-y, kind="stable")][:k]

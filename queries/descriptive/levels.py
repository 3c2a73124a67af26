"""What the effects table reads of one factor: counts of its levels, and their sums of ranks."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import NO_LEVEL
from ablate_tui.queries.descriptive.ascending import Ascending, RankSums
from ablate_tui.queries.slices import Sample


class Levels:
    """Runs of a factor's levels; a run without a level is in none of them.

    Parameters
    ----------
    sample : Sample
    name : str
        The factor.
    best : (C,) int64
        The best runs, by the sweep's configurations.
    """

    def __init__(self, sample: Sample, name: str, best: NDArray[np.int64]) -> None:
        self.sample, self.name, self.code = sample, name, sample.levels(name)
        outcomes = sample.outcomes
        self.runs, self.n, self.diverged = map(self.sums, (outcomes.runs, outcomes.finished, outcomes.diverged))
        self.failures, self.best = self.sums(outcomes.failed), self.sums(best)
        self.outcomes = self.n + self.diverged
        self.nulls = int(outcomes.runs.sum() - self.runs.sum())
        self.finished_nulls = int(outcomes.finished.sum() - self.n.sum())
        self.total = int(self.n.sum()), int(self.diverged.sum())

    def sums(self, of: NDArray[np.int64]) -> NDArray[np.int64]:
        """(levels,) counts, of what is counted by the sweep's configurations."""
        return self.sample.by_level(self.name, of).astype(np.int64)

    def masks(self, level: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(C,) the configurations that have a level, and those that have another one."""
        return self.code == level, (self.code != level) & (self.code != NO_LEVEL)

    def sides(self, level: int) -> tuple[int, int, int, int]:
        """Finished on and off, diverged on and off."""
        n, diverged = int(self.n[level]), int(self.diverged[level])
        return n, self.total[0] - n, diverged, self.total[1] - diverged

    def failed(self, level: int) -> tuple[float, float]:
        """Share of failed runs on and off, NaN without any outcome."""
        failed, of = int(self.failures[level]), int(self.outcomes[level])
        others, of_others = int(self.failures.sum()) - failed, int(self.outcomes.sum()) - of
        return failed / of if of else math.nan, others / of_others if of_others else math.nan

    def shares(self, level: int) -> tuple[float, float]:
        """Share of a level among the best runs and among all finished ones that have a level."""
        best, base = int(self.best.sum()), self.total[0]
        return int(self.best[level]) / best if best else math.nan, int(self.n[level]) / base if base else math.nan


class Ranked:
    """Sums of ranks by level. Runs without a level have no rank, and then all others have their own."""

    def __init__(self, runs: Ascending) -> None:
        self.runs = runs

    @cached_property
    def whole(self) -> RankSums:
        """Of all runs."""
        return self.runs.ranked()

    def among(self, levels: Levels) -> tuple[NDArray[np.float64], RankSums]:
        """(levels,) sums of ranks of a factor's levels, and what they are sums of."""
        ranks = self.runs.where(levels.code != NO_LEVEL).ranked() if levels.finished_nulls else self.whole
        return levels.sample.by_level(levels.name, ranks.sums), ranks

"""What the effects table reads of one factor: counts per level, and its runs in ascending order."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.schema import DIVERGED, FINISHED, MISSING, NO_LEVEL
from ablate_tui.queries.descriptive.ordered import BestRuns, Ordered, Ranks, rank


class LevelCounts:
    """Runs by level and status; a run without a level is in none of them."""

    def __init__(
        self, code: NDArray[np.int16], status: NDArray[np.uint8], failed: NDArray[np.bool_], levels: int
    ) -> None:
        slot = 3 * (code.astype(np.int64) + 1) + status  # NO_LEVEL comes first
        by = np.bincount(slot, minlength=3 * (levels + 1)).reshape(-1, 3)[1:]
        self.n, self.diverged = by[:, FINISHED], by[:, DIVERGED]
        self.outcomes = self.n + self.diverged
        hit = code[failed & (status != MISSING)].astype(np.int64) + 1
        self.failures = np.bincount(hit, minlength=levels + 1)[1:]
        self.total = int(self.n.sum()), int(self.diverged.sum())

    def sides(self, level: int) -> tuple[int, int, int, int]:
        """Finished on and off, diverged on and off."""
        n, diverged = int(self.n[level]), int(self.diverged[level])
        return n, self.total[0] - n, diverged, self.total[1] - diverged

    def failed(self, level: int) -> tuple[float, float]:
        """Share of failed runs on and off, NaN without any outcome."""
        failed, of = int(self.failures[level]), int(self.outcomes[level])
        others, of_others = int(self.failures.sum()) - failed, int(self.outcomes.sum()) - of
        return failed / of if of else math.nan, others / of_others if of_others else math.nan


class RankedByLevel:
    """The finished runs that have a level of one factor, ascending, and their ranks."""

    def __init__(self, ordered: Ordered, ranks: Ranks, best: BestRuns, code: NDArray[np.int16]) -> None:
        self.code: NDArray[np.int16] = code[ordered.at]
        self.y = ordered.y
        self.ranks = ranks
        self.best = self.code[best.start : best.stop]
        known = self.code != NO_LEVEL
        if not known.all():
            self.code, self.y, self.best = self.code[known], self.y[known], self.best[self.best != NO_LEVEL]
            self.ranks = rank(self.y)

    @property
    def n(self) -> int:
        """Number of these runs."""
        return len(self.y)

    def shares(self, level: int) -> tuple[float, float]:
        """Share of a level among the best runs and among all."""
        best, base = np.count_nonzero(self.best == level), np.count_nonzero(self.code == level)
        return best / len(self.best) if len(self.best) else math.nan, base / self.n if self.n else math.nan

"""The runs as the tests take them: re-runs once, and without what a seed does to all configurations alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.configurations import Configurations, configurations, grouped
from ablate_tui.queries.slices import Sample

MARGIN = 0.5  # of the mean ln variance, by which effects of weighted configurations must be better
MOST_CELLS = 20_000_000  # configurations × replicates of the table that shared effects are worked out from


@dataclass(frozen=True, eq=False)
class Tested:
    """What the tests read of a slice.

    `plain` and `groups` hold the same configurations in the same order; in `groups` the shared effects of
    the replicates are gone.
    """

    sample: Sample  # finished runs, each re-run once, with adjusted responses
    plain: Configurations
    groups: Configurations
    slot: NDArray[np.int64]  # (sweep's configurations,) number in `groups`; −1: no run here, or no level
    reruns: int  # runs left out because they repeat another
    blocks: int  # replicates whose shared effects went; 0 where they are not crossed with configurations

    @property
    def replicated(self) -> NDArray[np.bool_]:
        """(C,) configurations with two runs or more."""
        return np.asarray(self.groups.count > 1)

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the replicates' variance."""
        return int((self.groups.count - 1).sum()) - max(self.blocks - 1, 0)

    @property
    def pure_error(self) -> float:
        """The replicates' variance, pooled over configurations; NaN without any."""
        if self.freedom < 1:
            return float("nan")
        again = self.replicated
        squares = (self.groups.count[again] - 1) @ self.groups.variance[again]
        return float(squares) / self.freedom

    @property
    def pure(self) -> tuple[float, int] | None:
        """Variance of one run by its replicates and its degrees of freedom; None where they tell no error."""
        return (self.pure_error, self.freedom) if self.freedom > 0 and self.pure_error > 0 else None

    @property
    def number(self) -> NDArray[np.int64]:
        """(n,) each run's configuration; −1 without a level of a free factor."""
        return self.slot[self.sample.configuration]

    def numbers(self, sample: Sample) -> NDArray[np.int64]:
        """(runs,) of the same sample, the failed and diverged ones too: the configuration of each, −1 where no
        finished run has it."""
        return np.asarray(self.slot[sample.configuration])


def tested(sample: Sample) -> Tested:
    """Prepare the finished runs of a slice for the tests.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    Tested
        Re-runs are rows that equal another in every factor, replicate and response. Shared effects are
        the least-squares effects of the replicates in the additive model configuration + replicate (in
        complete designs, their means), where each replicate occurs in at least half of the configurations
        that have several runs. A few configurations that vary much can make those effects, and taking
        them from the others would add noise there: where the typical configuration's SD comes out smaller
        by a fifth when configurations are weighted down by their variance, they are, and where it comes
        out no smaller at all, nothing is taken.
    """
    rerun = sample.table.rerun[sample.index] if sample.table.rerun.any() else None
    reruns = 0 if rerun is None else int(np.count_nonzero(sample.finished & rerun))
    runs = sample.only(sample.finished & ~rerun) if rerun is not None else sample
    plain, slot = grouped(runs)
    if not sample.table.replicates:
        return Tested(runs, plain, plain, slot, reruns, 0)
    runs = runs.only(runs.finished)
    crossed = _crossed(runs, plain, slot)
    if crossed is not None:
        even = np.ones(plain.n)
        typical = float(np.median(plain.variance[plain.count > 1]))
        steady = typical / (np.where(plain.count > 1, plain.variance, np.inf) + typical) if typical > 0 else even
        best, least = None, 0.0
        for weight, margin in ((even, 0.0), (steady, MARGIN)):
            effect = crossed.effects(weight)
            adjusted = runs.having(y=runs.y - effect[runs.replicate])
            groups = configurations(adjusted)
            change = _log_variance(groups, plain) - _log_variance(plain, groups)
            if change < least - margin:
                best, least = Tested(adjusted, plain, groups, slot, reruns, crossed.blocks), change
        if best is not None:
            return best
    return Tested(runs, plain, plain, slot, reruns, 0)


def _log_variance(groups: Configurations, other: Configurations) -> float:
    """Mean ln s² of the configurations where it exists in both."""
    both = (groups.variance > 0) & (other.variance > 0)
    return float(np.log(groups.variance[both]).mean()) if both.any() else 0.0


@dataclass(frozen=True, eq=False)
class _Crossed:
    """Runs whose replicates are crossed with their configurations."""

    cells: NDArray[np.int64]  # (C, B) runs of each configuration and replicate
    number: NDArray[np.int64]  # (n,) configuration of each run
    block: NDArray[np.int64]  # (n,) its replicate, 0 … B − 1
    residual: NDArray[np.float64]  # (n,) response less its configuration's mean
    codes: NDArray[np.int64]  # (B,) the replicates' codes in the sweep

    @property
    def blocks(self) -> int:
        """Number of replicates."""
        return len(self.codes)

    def effects(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Effect by replicate code, with mean zero over the runs; configurations count by their weight."""
        count = self.cells.sum(axis=1)
        # normal equations of the replicates once the configurations are eliminated
        system = np.diag(weight @ self.cells) - self.cells.T @ (self.cells * (weight / count)[:, None])
        right = np.bincount(self.block, weights=self.residual * weight[self.number], minlength=self.blocks)
        effect = np.linalg.lstsq(system, right, rcond=1e-9)[0]
        per_block = self.cells.sum(axis=0)
        effect -= per_block @ effect / per_block.sum()
        found = np.zeros(int(self.codes[-1]) + 1)
        found[self.codes] = effect
        return found


def _crossed(runs: Sample, groups: Configurations, slot: NDArray[np.int64]) -> _Crossed | None:
    """The runs by configuration and replicate; None where the two are not crossed."""
    number = slot[runs.configuration]
    known = number >= 0
    if not known.any():
        return None
    number, y, code = number[known], runs.y[known], runs.replicate[known]
    there = np.flatnonzero(np.bincount(runs.replicate))
    n, b = groups.n, len(there)
    several = groups.count > 1
    if b < 2 or several.sum() < 2 or n * b > MOST_CELLS:
        return None
    place = np.full(int(there[-1]) + 1, -1, dtype=np.int64)
    place[there] = np.arange(b)
    block = place[code]
    cells = np.bincount(number * b + block, minlength=n * b).reshape(n, b)
    if np.any(2 * (cells[several] > 0).sum(axis=0) < several.sum()):
        return None
    return _Crossed(cells, number, block, y - groups.mean[number], there)

"""The runs as the tests take them: re-runs once, and without what a seed does to all configurations alike."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.configurations import Configurations, configurations, grouped
from ablate_tui.queries.slices import Sample

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
    number: NDArray[np.int64]  # (n,) each run's configuration; −1 without a level of a free factor
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


def tested(sample: Sample) -> Tested:
    """Prepare the finished runs of a slice for the tests.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    Tested
        Re-runs are rows that equal another in every factor, replicate and response. Shared effects are
        the least-squares effects of the replicates in the additive model configuration + replicate, where
        each replicate occurs in at least half of the configurations that have several runs.
    """
    rerun = sample.table.rerun[sample.index]
    keep = sample.finished & ~rerun
    index = np.flatnonzero(keep)
    runs = replace(
        sample,
        index=sample.index[index],
        codes=sample.codes[:, index],
        y=sample.y[index],
        status=sample.status[index],
        failed=sample.failed[index],
        replicate=sample.replicate[index],
        configuration=sample.configuration[index],
    )
    plain, number = grouped(runs)
    reruns = int(np.count_nonzero(sample.finished & rerun))
    shared = _shared_effects(runs, plain, number)
    if shared is None:
        return Tested(runs, plain, plain, number, reruns, 0)
    effect, blocks = shared
    adjusted = replace(runs, y=runs.y - effect[runs.replicate])
    return Tested(adjusted, plain, configurations(adjusted), number, reruns, blocks)


def _shared_effects(
    runs: Sample, groups: Configurations, number: NDArray[np.int64]
) -> tuple[NDArray[np.float64], int] | None:
    """Effect by replicate code, with weighted mean zero, and how many there are; None where they are not crossed."""
    known = number >= 0
    if not runs.table.replicates or not known.any():
        return None
    number, y, code = number[known], runs.y[known], runs.replicate[known]
    there = np.flatnonzero(np.bincount(code))
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
    # normal equations of the replicates once the configurations are eliminated
    per_block = cells.sum(axis=0)
    system = np.diag(per_block) - cells.T @ (cells / groups.count[:, None])
    right = np.bincount(block, weights=y - groups.mean[number], minlength=b)
    effect = np.linalg.lstsq(system, right, rcond=1e-9)[0]
    effect -= per_block @ effect / per_block.sum()
    found = np.zeros(int(runs.replicate.max()) + 1)
    found[there] = effect
    return (found, b) if np.any(np.abs(effect) > 1e-12 * np.abs(y).max()) else None

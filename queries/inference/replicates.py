"""The runs as the tests take them: re-runs once, and without what a seed does to all configurations alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import MOST_CELLS, PIECE, Crossing
from ablate_tui.data.schema import FINISHED
from ablate_tui.queries.configurations import Configurations, cleaned, configurations, grouped
from ablate_tui.queries.slices import Sample

Floats = NDArray[np.float64]

EQUAL = 1e-9  # of the mean ln variance, below which a change is nothing but rounding
MARGIN = 0.5  # of the mean ln variance, by which effects of weighted configurations must be better
DIRECT = 512  # replicates up to which their normal equations are solved directly
ROUNDING = 1e-13  # share of sums of squares below which their difference is nothing but rounding
TOLERANCE = 1e-13  # of the residual of the normal equations, where they are solved by iteration


@dataclass(frozen=True, eq=False)
class Tested:
    """What the tests read of a slice.

    `plain` and `groups` hold the same configurations in the same order; in `groups` the shared effects of
    the replicates are gone.
    """

    sample: Sample  # the slice, each re-run once
    plain: Configurations
    groups: Configurations
    slot: NDArray[np.int64]  # (sweep's configurations,) number in `groups`; −1: no run here, or no level
    reruns: int  # runs left out because they repeat another
    blocks: int  # replicates whose shared effects went; 0 where they are not crossed with configurations
    effect: Floats | None = None  # shared effects by replicate code

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

    def adjusted(self) -> Sample:
        """The finished runs, without the shared effects; their arrays are made here."""
        runs = self.sample.done()
        return runs if self.effect is None else runs.having(y=runs.y - self.effect[runs.replicate])


def tested(sample: Sample) -> Tested:
    """Prepare the finished runs of a slice for the tests; once, whichever of them ask for it.

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
    return sample.once(_tested)


def _tested(sample: Sample) -> Tested:
    table, runs, reruns = sample.table, sample, 0
    if table.rerun.any():
        if sample.plain:
            runs = Sample(table.without_reruns, sample.slice, sample.inside)
        else:
            runs = sample.only(~table.rerun[sample.index])
        reruns = int(sample.outcomes.finished.sum() - runs.outcomes.finished.sum())
    plain, slot = grouped(runs)
    crossed = _crossed(runs, plain, slot) if table.replicates else None
    if crossed is not None:
        even = np.ones(plain.n)
        typical = float(np.median(plain.variance[plain.count > 1]))
        steady = typical / (np.where(plain.count > 1, plain.variance, np.inf) + typical) if typical > 0 else even
        best, least = None, 0.0
        for weight, margin in ((even, EQUAL), (steady, MARGIN)):
            effect = crossed.effects(weight)
            groups = crossed.without(effect)
            change = _log_variance(groups, plain) - _log_variance(plain, groups)
            if change < least - margin:
                best, least = Tested(runs, plain, groups, slot, reruns, crossed.blocks, crossed.by_code(effect)), change
        if best is not None:
            return best
    return Tested(runs, plain, plain, slot, reruns, 0)


def _log_variance(groups: Configurations, other: Configurations) -> float:
    """Mean ln s² of the configurations where it exists in both."""
    both = (groups.variance > 0) & (other.variance > 0)
    return float(np.log(groups.variance[both]).mean()) if both.any() else 0.0


@dataclass(frozen=True, eq=False)
class _Crossed:
    """C configurations and B replicates that are crossed."""

    runs: Sample
    groups: Configurations
    cells: Floats  # (C, B) runs of each configuration and replicate
    residuals: Floats  # (C, B) Σ(y − mean of the configuration)
    codes: NDArray[np.int64]  # (B,) the replicates' codes in the sweep

    @property
    def blocks(self) -> int:
        """Number of replicates."""
        return len(self.codes)

    @cached_property
    def count(self) -> Floats:
        """(C,) runs of each configuration."""
        return np.asarray(self.cells.sum(axis=1))

    def effects(self, weight: Floats) -> Floats:
        """Effect by replicate, with mean zero over the runs; configurations count by their weight."""
        # normal equations of the replicates once the configurations are eliminated
        right, diagonal, share = weight @ self.residuals, weight @ self.cells, weight / self.count
        if self.blocks <= DIRECT:
            system = np.diag(diagonal) - self.cells.T @ (self.cells * share[:, None])
            effect = np.linalg.lstsq(system, right, rcond=1e-9)[0]
        else:
            effect = _conjugate(lambda x: diagonal * x - (share * (self.cells @ x)) @ self.cells, right)
        per_block = self.cells.sum(axis=0)
        return np.asarray(effect - per_block @ effect / per_block.sum())

    def by_code(self, effect: Floats) -> Floats:
        """The same by replicate code, zero for those that are not here."""
        found = np.zeros(int(self.runs.table.replicate.max()) + 1)
        found[self.codes] = effect
        return found

    def without(self, effect: Floats) -> Configurations:
        """The configurations without the shared effects."""
        if not self.runs.table.in_order.blocked:  # where sums would save nothing, they need not round either
            runs = self.runs.done()
            found = configurations(runs.having(y=runs.y - self.by_code(effect)[runs.replicate]))
            rounding = found.variance <= ROUNDING * self.groups.variance
            return replace(found, variance=np.where(rounding, 0.0, found.variance))
        shift = self.cells @ effect / self.count
        mean = self.groups.mean - shift
        squares = np.where(self.count > 1, self.groups.variance * (self.count - 1), 0.0)
        gone = self.cells @ effect**2
        left = squares + gone - 2 * (self.residuals @ effect) - self.count * shift**2
        # responses far from zero leave residuals that many digits fewer
        digits = 4 * np.finfo(np.float64).eps * np.abs(self.groups.mean) * np.sqrt(self.count * (squares + gone))
        left[left <= ROUNDING * (squares + gone) + digits] = 0.0
        return cleaned(replace(self.groups, mean=mean), left)


def _conjugate(times: Callable[[Floats], Floats], right: Floats) -> Floats:
    """Solve a positive semi-definite system by conjugate gradients; from zero, they end at the shortest solution.

    References
    ----------
    Hestenes, M. R. & Stiefel, E. (1952). Methods of conjugate gradients for solving linear systems. Journal
    of Research of the National Bureau of Standards 49(6), 409–436. https://doi.org/10.6028/jres.049.044
    """
    from scipy.sparse.linalg import LinearOperator, cg

    operator = LinearOperator((len(right), len(right)), matvec=times, dtype=np.float64)
    found, _ = cg(operator, right, rtol=TOLERANCE, maxiter=200)
    return np.asarray(found)


def _crossed(runs: Sample, groups: Configurations, slot: NDArray[np.int64]) -> _Crossed | None:
    """The runs by configuration and replicate; None where the two are not crossed."""
    several = groups.count > 1
    if several.sum() < 2:
        return None
    there = np.flatnonzero(slot >= 0)
    # of a large sweep the table of cells is made once for all slices
    whole = runs.table.crossing if runs.plain and runs.table.in_order.blocked and len(there) == groups.n else None
    if whole is not None:
        rows = there[np.argsort(slot[there])]
        counts, residuals = whole.counts, whole.residuals
        if not np.array_equal(rows, np.arange(len(counts))):
            counts, residuals = counts[rows], residuals[rows]
    else:
        if runs.plain and runs.table.large:
            rows = runs.head(PIECE)
            rows = rows[(runs.table.status[rows] == FINISHED) & (slot[runs.table.configuration[rows]] >= 0)]
            some = np.unique(runs.table.replicate[rows])
            if len(some) * int(several.sum()) > 2 * int(groups.count.sum()):
                return None  # these alone would need more runs than there are to be in half of the configurations
        done = runs.done()
        number = slot[done.configuration]
        known = number >= 0
        number, code, y = number[known], done.replicate[known], done.y[known]
        found, block = np.unique(code, return_inverse=True)
        if groups.n * len(found) > MOST_CELLS:
            return None
        made = Crossing.of(number.astype(np.int32), block.astype(np.int32), y - groups.mean[number], groups.n)
        counts, residuals = made.counts, made.residuals
    seen = counts.sum(axis=0) > 0
    codes = np.flatnonzero(seen) if whole is not None else found[seen]
    if not seen.all():
        counts, residuals = counts[:, seen], residuals[:, seen]
    if len(codes) < 2 or np.any(2 * (counts[several] > 0).sum(axis=0) < several.sum()):
        return None
    return _Crossed(runs, groups, counts, residuals, codes.astype(np.int64))

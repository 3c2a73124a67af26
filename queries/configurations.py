"""The configurations inside a slice: runs that agree in every free factor, as one weighted row each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import NO_LEVEL, Moments, dense
from ablate_tui.data.schema import Factor
from ablate_tui.queries.slices import Sample


@dataclass(frozen=True, eq=False)
class Configurations:
    """k factors that vary in the slice, C combinations of their levels that have finished runs.

    `levels[i]` are the levels of `factors[i]` that occur; `codes` counts within them, and the
    configurations are in lexicographic order of their codes.
    """

    factors: tuple[Factor, ...]
    levels: tuple[tuple[str, ...], ...]
    codes: NDArray[np.int16]  # (k, C)
    count: NDArray[np.int64]  # (C,) finished runs
    mean: NDArray[np.float64]  # (C,)
    variance: NDArray[np.float64]  # (C,) with ddof=1; NaN where count is 1
    noise: float  # variance of replicates, pooled over configurations; NaN without any
    left_out: int  # finished runs that have no level of a free factor

    @cached_property  # asked for by every pair of factors
    def sizes(self) -> tuple[int, ...]:
        """Number of levels of each factor."""
        return tuple(len(levels) for levels in self.levels)

    @property
    def n(self) -> int:
        """Number of configurations."""
        return len(self.count)

    def words(self, term: tuple[int, ...]) -> str:
        """A term of some factors, by their places, as "a" or "a:b"."""
        return ":".join(self.factors[at].name for at in term)


def configurations(sample: Sample) -> Configurations:
    """Group the finished runs of a slice by the levels of its free factors.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    Configurations
        A free factor with one level among these runs is left out. A run without a level in one of the
        others is kept out and counted. Of factors that only a branch of the runs has (`Sample.apart`) none
        is among these, but runs that differ in one are of two configurations, whose codes may then be equal.
    """
    return grouped(sample)[0]


def grouped(sample: Sample, outcome: Moments | None = None) -> tuple[Configurations, NDArray[np.int64]]:
    """The configurations, and for each of the sweep's the number of its own; −1 where it is left out.

    Of another outcome than the response where its sums are given; their noise is not known then.
    """
    sums = sample.moments if outcome is None else outcome
    there = np.flatnonzero(sums.n)
    codes = sample.table.combinations.codes[:, there]

    rows = [sample.table.positions[factor.name] for factor in sample.free]
    rows = [row for row in rows if len(_levels(codes[row])) > 1]
    whole = np.all(codes[rows] != NO_LEVEL, axis=0)
    rows = [row for row in rows if len(_levels(codes[row, whole])) > 1]

    # Two combinations of the whole sweep can be one here: they differ in a factor that was left out.
    present = [_levels(codes[row, whole]) for row in rows]
    compact = np.empty((len(rows), int(whole.sum())), dtype=np.int16)
    for place, (row, levels) in enumerate(zip(rows, present, strict=True)):
        compact[place] = np.searchsorted(levels, codes[row, whole])
    apart = [sample.table.positions[name] for name in sample.apart]
    merged = dense(
        np.vstack([compact, codes[apart][:, whole]]),
        (*(len(levels) for levels in present), *(len(sample.table.factors[row].levels) for row in apart)),
    )
    _, representative = np.unique(merged, return_index=True)
    slot = np.full(sample.table.combinations.n, -1, dtype=np.int64)
    slot[there[whole]] = merged

    part = sums.at(there[whole]).merged(merged, len(representative))
    count, mean = part.n, part.mean
    factors = tuple(sample.table.factors[row] for row in rows)
    found = Configurations(
        factors=factors,
        levels=tuple(tuple(f.levels[code] for code in levels) for f, levels in zip(factors, present, strict=True)),
        codes=compact[:, representative],
        count=count,
        mean=mean,
        variance=np.empty(0),
        noise=float("nan"),
        left_out=int(sums.n.sum() - count.sum()),
    )
    found = cleaned(found, part.squares)
    if outcome is not None:
        return found, slot
    return replace(found, noise=_noise(sample, slot, count, mean, found.variance)), slot


def cleaned(groups: Configurations, squares: NDArray[np.float64]) -> Configurations:
    """The configurations with the variances of Σ(y − mean)², (C,).

    What rounding of the mean alone can make of equal replicates is no variance.
    """
    count = groups.count
    rounding = np.sqrt(squares / count) <= 4 * np.finfo(float).eps * count * np.abs(groups.mean)
    variance = np.where(count > 1, np.where(rounding, 0.0, squares) / np.maximum(count - 1, 1), np.nan)
    return replace(groups, variance=variance)


def _noise(
    sample: Sample,
    slot: NDArray[np.int64],
    count: NDArray[np.int64],
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
) -> float:
    """Pooled variance of replicates within configurations.

    Where every configuration has every replicate once, the replicates are a block: what a seed does to
    all configurations alike is no noise of their comparison, and goes first (the residual mean square of
    the two-way layout without interaction; Box, Hunter & Hunter 2005, section 4.2).
    """
    again = count > 1
    if not again.any():
        return float("nan")
    freedom = count[again] - 1
    pooled = float(freedom @ variance[again]) / float(freedom.sum())
    if not sample.table.replicates or len(count) < 2 or count.min() < count.max():  # without a look at the runs
        return pooled
    done = sample.done()
    group = slot[done.configuration]
    known = group >= 0
    group, y, replicate = group[known], done.y[known], done.replicate[known]
    block = (np.cumsum(np.bincount(replicate) > 0) - 1)[replicate]
    blocks, n = int(block.max()) + 1, len(count)
    crossed = blocks > 1 and n > 1 and len(y) == n * blocks
    if crossed and np.all(np.bincount(group * blocks + block, minlength=n * blocks) == 1):
        residual = y - mean[group]
        residual = residual - (np.bincount(block, weights=residual) / n)[block]
        return float(residual @ residual) / ((n - 1) * (blocks - 1))
    return pooled


def chosen(groups: Configurations, keep: NDArray[np.bool_]) -> Configurations:
    """Some of the configurations; the factors and their levels stay."""
    return replace(
        groups,
        codes=groups.codes[:, keep],
        count=groups.count[keep],
        mean=groups.mean[keep],
        variance=groups.variance[keep],
    )


def moving_together(groups: Configurations) -> list[list[int]]:
    """Places of the factors, those together that always change together, level for level."""
    same: dict[bytes, list[int]] = {}
    for place, codes in enumerate(groups.codes):
        _, first, number = np.unique(codes, return_index=True, return_inverse=True)
        by_appearance = np.argsort(np.argsort(first))[number].astype(np.int16)
        same.setdefault(by_appearance.tobytes(), []).append(place)
    return list(same.values())


def aliases(groups: Configurations) -> list[tuple[str, ...]]:
    """Names of factors that always change together, level for level."""
    return [
        tuple(groups.factors[place].name for place in places) for places in moving_together(groups) if len(places) > 1
    ]


def _levels(codes: NDArray[np.int16]) -> NDArray[np.int16]:
    """The level codes that occur, ascending."""
    return np.unique(codes[codes != NO_LEVEL])

"""Matched pairs: runs that differ in one switch alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.errors import UsageError
from ablate_tui.data.schema import NO_LEVEL, Factor, dense
from ablate_tui.queries.cells import CellsInSlice, cells
from ablate_tui.queries.note import Note
from ablate_tui.queries.slices import Sample

LISTED = 10_000


@dataclass(frozen=True, eq=False)
class FinishedRuns:
    """The finished runs of a slice with what pairs are matched by; made once for all switches."""

    at: NDArray[np.int64]  # positions in the sample
    y: NDArray[np.float64]
    cell: NDArray[np.int64]
    replicate: NDArray[np.int64]
    distinct: CellsInSlice


def finished_runs(sample: Sample, distinct: CellsInSlice) -> FinishedRuns:
    """Gather the finished runs."""
    at = np.flatnonzero(sample.finished)
    replicate = sample.replicate[at].astype(np.int64)
    return FinishedRuns(at, sample.y[at], distinct.number[at], replicate, distinct)


@dataclass(frozen=True, eq=False)
class Matched:
    """m pairs, ordered by the other factors' codes, then by the replicate's."""

    on: NDArray[np.float64]  # (m,) mean response of the pair's runs with the switch on
    off: NDArray[np.float64]
    run: NDArray[np.int64]  # (m,) position in the sample of one of the pair's runs

    @property
    def difference(self) -> NDArray[np.float64]:
        """(m,) on less off."""
        return self.on - self.off


def match(sample: Sample, runs: FinishedRuns, switch: Factor) -> Matched:
    """Pair the finished runs of a slice across one switch.

    Two runs match when all other factors have the same level and the replicate is the same. A NULL is
    a level of its own in the other factors; runs without a level of the switch are left out. Where a
    side of a pair has several runs, their mean stands for them.

    Parameters
    ----------
    sample : Sample
    runs : FinishedRuns
        Of the same sample.
    switch : Factor
        With two levels.

    Returns
    -------
    Matched
    """
    row = sample.table.positions[switch.name]
    sizes = tuple(len(f.levels) for f in sample.table.factors)
    others = dense(np.delete(runs.distinct.codes, row, axis=0), sizes[:row] + sizes[row + 1 :])
    replicates = int(runs.replicate.max(initial=0)) + 1
    group = others.astype(np.int64)[runs.cell] * replicates + runs.replicate
    code = runs.distinct.codes[row][runs.cell]
    y, at = runs.y, runs.at
    if (code == NO_LEVEL).any():
        known = code != NO_LEVEL
        group, code, y, at = group[known], code[known], y[known], at[known]
    size = (int(others.max(initial=-1)) + 1) * replicates
    if size > 4 * len(y) + 65_536:  # sparse: number the groups that occur
        _, group = np.unique(group, return_inverse=True)
        size = int(group.max(initial=-1)) + 1
    slot = 2 * group + code
    count = np.bincount(slot, minlength=2 * size).reshape(-1, 2)
    total = np.bincount(slot, weights=y, minlength=2 * size).reshape(-1, 2)
    both = np.flatnonzero(count.min(axis=1, initial=1))
    run = np.zeros(size, dtype=np.int64)
    run[group] = at
    return Matched(total[both, 1] / count[both, 1], total[both, 0] / count[both, 0], run[both])


@dataclass(frozen=True)
class PairRow:
    """One pair; `on` and `off` are responses (means where a side has several runs)."""

    pair: int
    configuration: str  # the other free factors, "a=true, b=false"
    replicate: int | None  # code of the replicate; None where the sweep has no replicate columns
    on: float | None  # None where it is too large for a number
    off: float | None
    difference: float | None


@dataclass(frozen=True)
class Pairs:
    """Pairs of one switch, the first `len(rows)` of `total`."""

    switch: str
    total: int
    rows: tuple[PairRow, ...]
    notes: tuple[Note, ...]


def pairs(sample: Sample, switch: str, limit: int = LISTED) -> Pairs:
    """List the matched pairs of a switch inside a slice.

    Parameters
    ----------
    sample : Sample
    switch : str
    limit : int
        How many to list; a note says when there are more.

    Returns
    -------
    Pairs

    Raises
    ------
    UsageError
        No such switch, or a factor with more than two levels.
    """
    factor = sample.table.factor(switch)
    if not factor.is_switch:
        raise UsageError(
            f'"{switch}" has {len(factor.levels)} levels; pairs need a switch: filter it to two levels in the'
            " source, or compare its levels"
        )
    found = match(sample, finished_runs(sample, cells(sample)), factor)
    shown = [(sample.table.positions[other.name], other) for other in sample.free if other.name != factor.name]
    rows = []
    for number, (at, on, off) in enumerate(
        zip(found.run[:limit].tolist(), found.on.tolist(), found.off.tolist(), strict=False), start=1
    ):
        words = [f"{other.name}={_level(other, int(sample.codes[row, at]))}" for row, other in shown]
        replicate = int(sample.replicate[at]) if sample.table.replicates else None
        figures = (value if math.isfinite(value) else None for value in (on, off, on - off))
        rows.append(PairRow(number, ", ".join(words), replicate, *figures))
    notes = []
    total = len(found.run)
    if len(sample.slice.set.get(factor.name, ())) == 1:
        notes.append(Note("*", "*", f"{factor.name} is fixed by the filter: no pairs"))
    elif not total:
        notes.append(Note("*", "*", "no two finished runs differ in this switch alone"))
    elif total > limit:
        notes.append(Note("*", "pair", f"{limit:,} of {total:,} pairs listed"))
    return Pairs(factor.name, total, tuple(rows), tuple(notes))


def _level(factor: Factor, code: int) -> str:
    return "NULL" if code == NO_LEVEL else factor.levels[code]

"""The design of a sweep: what its columns are, how balanced it is, and what is still to run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.schema import DIVERGED, MISSING, NO_LEVEL, Factor
from ablate_tui.data.sql import quote
from ablate_tui.queries.aliases import Correlation, overlap
from ablate_tui.queries.cells import CellsInSlice, cells
from ablate_tui.queries.note import Note
from ablate_tui.queries.reasons import Reasons
from ablate_tui.queries.slices import Sample
from ablate_tui.queries.sql import factor_columns, free_name, over_finished, response_name, with_input

MOST_CELLS = 65_536  # of a full factorial that is searched for empty cells
LISTED = 200


@dataclass(frozen=True)
class DesignRow:
    """A column of the source.

    `levels`: for a factor those that occur in the slice. `n`: runs with a value (of the whole source for
    columns that are neither factor nor response). `aliases`: factors that carry the same information.
    """

    column: str
    role: str
    levels: tuple[str, ...]
    n: int
    constant: bool
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class Design:
    """Columns, coverage and balance. Configurations and replicates count runs that are not missing."""

    rows: tuple[DesignRow, ...]
    next: tuple[Mapping[str, str], ...]  # configurations to run next, at most 200
    next_of: int | None  # how many there are; None where the full factorial is too large to search
    configurations: int  # combinations of the free factors' levels that have a run
    possible: int  # cells of their full factorial
    replicates_min: int | None  # over the configurations that have a run
    replicates_median: float | None
    replicates_max: int | None
    balance: Mapping[str, Mapping[str, int]]  # per factor, runs per level, missing ones included
    correlations: tuple[Correlation, ...]
    reruns: int  # runs that repeat another in every factor, replicate and response
    notes: tuple[Note, ...]


def design(sample: Sample) -> Design:
    """Describe the design inside a slice.

    Configurations to run next are the empty cells of the full factorial of the free factors' levels that
    the filters allow, those whose levels have the fewest runs first; where every cell has a run, the
    cells with fewer runs than the fullest, fewest first. A run whose response is missing fills no cell;
    one that diverged does.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    Design
    """
    reasons = Reasons()
    factors = sample.table.factors
    distinct = cells(sample)
    weights = np.bincount(distinct.number, minlength=distinct.n)
    found = overlap(factors, distinct.codes, weights)
    if found.unchecked:
        words = f"too many levels for correlations: {', '.join(found.unchecked)}"
        reasons.say("*", "correlations", words)
    aliases: dict[str, list[str]] = {}
    for a, b in found.aliased:
        aliases.setdefault(a, []).append(b)
        aliases.setdefault(b, []).append(a)
    balance = {
        factor.name: dict(
            zip(
                factor.levels,
                np.bincount(code[code != NO_LEVEL], minlength=len(factor.levels)).tolist(),
                strict=True,
            )
        )
        for factor, code in zip(factors, sample.codes, strict=True)
    }
    grid = _Grid(sample, distinct, reasons)
    replicates = grid.count[grid.count > 0]
    chosen, total = grid.next(reasons)
    rows = _rows(sample, balance, aliases, reasons)
    if not len(replicates):
        reasons.say("*", "replicates_min replicates_median replicates_max", "no run with an outcome")
    return Design(
        rows=rows,
        next=chosen,
        next_of=total,
        configurations=len(replicates),
        possible=grid.possible,
        replicates_min=int(replicates.min()) if len(replicates) else None,
        replicates_median=float(np.median(replicates)) if len(replicates) else None,
        replicates_max=int(replicates.max()) if len(replicates) else None,
        balance=balance,
        correlations=found.correlations,
        reruns=_reruns(sample),
        notes=reasons.notes([row.column for row in rows]),
    )


def _rows(
    sample: Sample,
    balance: Mapping[str, Mapping[str, int]],
    aliases: Mapping[str, list[str]],
    reasons: Reasons,
) -> tuple[DesignRow, ...]:
    rows = []
    whole = sample.runs == sample.table.runs
    for column in sample.table.columns:
        levels, constant, n = column.levels, column.constant, sample.table.runs - column.nulls
        if column.name in balance:
            counts = balance[column.name]
            levels = tuple(level for level, runs in counts.items() if runs)
            constant, n = len(levels) <= 1, sum(counts.values())
        elif column.name == sample.table.response.name:
            n = sample.runs - sample.missing
        elif not whole:
            reasons.say(column.name, "levels n constant", "of the whole source, not of the slice")
        rows.append(DesignRow(column.name, column.role, levels, n, constant, tuple(aliases.get(column.name, ()))))
    return tuple(rows)


class _Grid:
    """The full factorial of the free factors' allowed levels, and how many runs its seen cells have."""

    def __init__(self, sample: Sample, distinct: CellsInSlice, reasons: Reasons) -> None:
        self.factors: tuple[Factor, ...] = sample.free
        rows = [sample.table.positions[factor.name] for factor in self.factors]
        allowed = sample.slice.set
        self.levels = [
            [factor.code(level) for level in allowed[factor.name]]
            if factor.name in allowed
            else list(range(len(factor.levels)))
            for factor in self.factors
        ]
        outcome = distinct.number[sample.status != MISSING]
        count = np.bincount(outcome, minlength=distinct.n)
        known = np.all(distinct.codes[rows] != NO_LEVEL, axis=0)
        left_out = int(count[~known].sum())
        if left_out:
            reasons.say("*", "configurations", f"left out: runs without a level of a free factor ({left_out:,})")
        self.count: NDArray[np.int64] = count[known]
        self.codes: NDArray[np.int16] = distinct.codes[rows][:, known]
        self.possible = math.prod(len(levels) for levels in self.levels)

    def next(self, reasons: Reasons) -> tuple[tuple[dict[str, str], ...], int | None]:
        """Configurations to run next, and how many there are in all."""
        if not self.factors:
            reasons.say("*", "next", "no factor is free")
            return (), 0
        if self.possible > MOST_CELLS:
            words = f"{_large(self.possible)} cells are too many to search; filter some factors"
            reasons.say("*", "next next_of", words)
            return (), None
        sizes = tuple(len(levels) for levels in self.levels)
        place = [np.searchsorted(levels, codes) for levels, codes in zip(self.levels, self.codes, strict=True)]
        runs = np.bincount(np.ravel_multi_index(place, sizes), weights=self.count, minlength=self.possible).astype(
            np.int64
        )
        cell = np.indices(sizes).reshape(len(sizes), -1)
        order = np.flatnonzero(runs == 0)
        if len(order):
            coverage = np.zeros(self.possible)
            for at, size in zip(cell, sizes, strict=True):
                coverage += np.bincount(at, weights=runs, minlength=size)[at]
            order = order[np.argsort(coverage[order], kind="stable")]
        else:
            order = np.flatnonzero(runs < runs.max())
            order = order[np.argsort(runs[order], kind="stable")]
        if len(order) > LISTED:
            reasons.say("*", "next", f"{LISTED} of {len(order):,} configurations listed")
        chosen = tuple(
            {
                factor.name: factor.levels[levels[at]]
                for factor, levels, at in zip(self.factors, self.levels, cell[:, number].tolist(), strict=True)
            }
            for number in order[:LISTED]
        )
        return chosen, len(order)


def _large(number: int) -> str:
    return f"{number:,}" if number < 10**15 else f"some 10^{math.floor(math.log10(number))}"


def _reruns(sample: Sample) -> int:
    """Runs beyond the first of each group that is equal in every factor, replicate and response.

    Diverged runs have equal responses; missing ones have none to compare.
    """
    here = np.flatnonzero(sample.status != MISSING)
    y = np.where(sample.status[here] == DIVERGED, np.inf, sample.y[here])
    replicate, configuration = sample.replicate[here], sample.configuration[here]
    by = np.lexsort((y, replicate, configuration))
    same = np.ones(max(len(by) - 1, 0), dtype=bool)
    for values in (y, replicate, configuration):
        ordered = values[by]
        same &= ordered[1:] == ordered[:-1]
    return int(np.count_nonzero(same))


def design_sql(sample: Sample) -> str:
    """SQL of the configurations in the slice, with their runs, fewest first.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    str
        The factors, then runs, finished, diverged and missing.
    """
    y, runs = response_name(sample), free_name(sample, "runs")
    names = [quote(factor.name) for factor in sample.table.factors]
    columns = "".join(f"input.{name}, " for name in names)
    group = f"GROUP BY {columns.removesuffix(', ')}\n" if columns else ""
    return (
        f"{with_input(sample, factor_columns(sample))}\n"
        f"SELECT {columns}count(*) AS {runs},\n"
        f"  {over_finished('count(*)', y)} AS {free_name(sample, 'finished')},\n"
        f"  count(*) FILTER (NOT isfinite({y})) AS {free_name(sample, 'diverged')},\n"
        f"  count(*) FILTER ({y} IS NULL) AS {free_name(sample, 'missing')}\n"
        f"FROM input\n{group}ORDER BY {runs}"
    )

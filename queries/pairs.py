"""Matched pairs: runs that differ in one factor alone, and what the pairs of two levels say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import PIECE, dense, pieces
from ablate_tui.data.schema import FINISHED, Factor, Goal
from ablate_tui.data.sql import literal, quote
from ablate_tui.queries.descriptive.pair_ends import (
    ConfigurationRow,
    DifferenceHistogram,
    EndLevel,
    EndPair,
    Ends,
    PairRow,
    histogram,
    means_by_configuration,
)
from ablate_tui.queries.descriptive.rank_tests import wilcoxon
from ablate_tui.queries.inference.families import holm
from ablate_tui.queries.note import Note
from ablate_tui.queries.reasons import Reasons
from ablate_tui.queries.slices import Sample
from ablate_tui.queries.sql import factor_columns, free_name, response_name, with_input

LISTED = 10_000
MOST_LEVELS = 20  # of a factor: 190 pairs of levels


@dataclass(frozen=True, eq=False)
class Matched:
    """m pairs, ordered by the other factors' codes, then by the replicate's."""

    on: NDArray[np.float64]  # (m,) mean response of the pair's runs with the switch on
    off: NDArray[np.float64]
    row: NDArray[np.int32]  # (m,) row of the source of one of the pair's runs
    configuration: NDArray[np.int64]  # (m,) number of the other factors' levels together, ascending

    @property
    def difference(self) -> NDArray[np.float64]:
        """(m,) on less off."""
        return self.on - self.off


class Cells:
    """The finished runs of a slice by configuration and replicate; where several share both, their mean stands
    for them.

    Where most of these cells have a run they are tables, (C, R) of C configurations and R replicates, so that two
    configurations are paired row by row; else only the cells that occur are listed.

    Parameters
    ----------
    sample : Sample
    """

    def __init__(self, sample: Sample) -> None:
        self.table = sample.table
        self.replicates = int(self.table.replicate.max(initial=0)) + 1
        shape = (self.table.combinations.n, self.replicates)
        size, n = shape[0] * shape[1], int(sample.outcomes.finished.sum())
        self.whole = size <= 8 * n + 131_072
        if self.whole:
            mean, row, there = np.zeros(size), np.zeros(size, dtype=np.int32), np.zeros(size, dtype=bool)
            for at, y, configuration, replicate in _finished(sample):
                cell = configuration * np.int64(self.replicates) + replicate
                mean[cell], row[cell], there[cell] = y, at, True
            self.mean, self.row, self.there = mean.reshape(shape), row.reshape(shape), there.reshape(shape)
            if np.count_nonzero(there) == n:
                return
        runs = sample.done()
        cell = runs.configuration * np.int64(self.replicates) + runs.replicate
        if self.whole:
            total, count = np.bincount(cell, weights=runs.y, minlength=size), np.bincount(cell, minlength=size)
            self.mean = (total / count).reshape(shape)
            return
        self.cell, first, number, count = np.unique(cell, return_index=True, return_inverse=True, return_counts=True)
        self.mean, self.row = np.bincount(number, weights=runs.y) / count, runs.index[first].astype(np.int32)

    def listed(self, configurations: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which of the listed cells are of some configurations, and (ascending) their place there and replicate."""
        number = np.full(self.table.combinations.n, -1)
        number[configurations] = np.arange(len(configurations))
        own = number[self.cell // self.replicates]
        at = np.flatnonzero(own >= 0)
        key = own[at] * self.replicates + self.cell[at] % self.replicates
        by = np.argsort(key)
        return at[by], key[by]


def _finished(
    sample: Sample,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int32], NDArray[np.int32]]]:
    """Row, response, configuration and replicate of the finished runs, some at a time."""
    if not sample.plain:
        runs = sample.done()
        yield runs.index, runs.y, runs.configuration, runs.replicate
        return
    table = sample.table
    for here in pieces(slice(0, table.runs)):
        at = here.start + np.flatnonzero(sample.inside[table.configuration[here]] & (table.status[here] == FINISHED))
        yield at, table.y[at], table.configuration[at], table.replicate[at]


class Partners:
    """The configurations of a slice by the level of one factor.

    Two runs match when all other factors have the same level and the replicate is the same. A NULL is a
    level of its own in the other factors; runs without a level of this one are left out.
    """

    def __init__(self, cells: Cells, factor: Factor) -> None:
        row = cells.table.positions[factor.name]
        sizes = tuple(len(f.levels) for f in cells.table.factors)
        codes = cells.table.combinations.codes
        self.cells, self.level = cells, codes[row]
        self.others = dense(np.delete(codes, row, axis=0), sizes[:row] + sizes[row + 1 :]).astype(np.int64)

    def configurations(self, off: int, on: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of the configurations with each of two levels that have a partner, ordered by the other factors."""
        here, there = np.flatnonzero(self.level == on), np.flatnonzero(self.level == off)
        _, at, to = np.intersect1d(self.others[here], self.others[there], assume_unique=True, return_indices=True)
        return here[at], there[to]

    def pair(self, off: int, on: int) -> Matched:
        """Pair the runs of two levels."""
        cells = self.cells
        on_side, off_side = self.configurations(off, on)
        if cells.whole:
            both = cells.there[on_side] & cells.there[off_side]
            group = np.repeat(self.others[on_side], both.sum(axis=1))
            return Matched(cells.mean[on_side][both], cells.mean[off_side][both], cells.row[on_side][both], group)
        (at, key), (to, partner) = cells.listed(on_side), cells.listed(off_side)
        _, left, right = np.intersect1d(key, partner, assume_unique=True, return_indices=True)
        at, to = at[left], to[right]
        return Matched(cells.mean[at], cells.mean[to], cells.row[at], self.others[cells.cell[at] // cells.replicates])

    def differences(self, off: int, on: int) -> NDArray[np.float64]:
        """(m,) differences of the pairs of two levels, on less off, in the same order."""
        cells = self.cells
        if not cells.whole:
            return self.pair(off, on).difference
        on_side, off_side = self.configurations(off, on)
        both = cells.there[on_side] & cells.there[off_side]
        found, filled = np.empty(np.count_nonzero(both)), 0
        step = max(1, PIECE // cells.replicates)
        for first in range(0, len(both), step):
            here = slice(first, first + step)
            some = (cells.mean[on_side[here]] - cells.mean[off_side[here]])[both[here]]
            found[filled : filled + len(some)] = some
            filled += len(some)
        return found


@dataclass(frozen=True)
class PairFigures:
    """What the pairs of two levels say; differences are `on` less `off`.

    `win_rate` is the share of pairs in which on is better by the goal; equal ones count as not better.
    `wilcoxon_p` is over pairs, which are not independent where they share a configuration;
    `configuration_p` is the same test over the means of the configurations' differences.
    """

    off: str
    on: str
    pairs: int
    wins: int  # pairs in which on is better
    equal: int
    mean_diff: float | None
    median_diff: float | None
    win_rate: float | None
    wilcoxon_p: float | None
    configurations: int
    configuration_p: float | None


@dataclass(frozen=True)
class LevelPair(PairFigures):
    """Two levels of a factor that has more; p-values also adjusted over the factor's pairs of levels (Holm)."""

    wilcoxon_holm_p: float | None
    configuration_holm_p: float | None

    @property
    def name(self) -> str:
        """How the two levels are called together."""
        return f"{self.on} − {self.off}"


@dataclass(frozen=True)
class Pairs:
    """The pairs of two levels of a factor, the first `len(rows)` of `total`, and what lies at their ends.

    Of a factor with more than two levels in the slice: those of the two levels with the largest mean
    difference; `level_pairs` has the figures of all.
    """

    switch: str
    figures: PairFigures | None  # None: nothing could be paired
    rows: tuple[PairRow, ...]
    histogram: DifferenceHistogram
    others: tuple[str, ...]  # the other free factors; those that tell the ends apart most come first
    ends: tuple[EndPair, ...]
    end_sizes: Mapping[str, int]  # pairs among which levels are counted, by end
    end_levels: tuple[EndLevel, ...]
    by_configuration: tuple[ConfigurationRow, ...]
    level_pairs: tuple[LevelPair, ...]
    notes: tuple[Note, ...]

    @property
    def total(self) -> int:
        """Number of pairs."""
        return self.figures.pairs if self.figures else 0


def no_pairs(switch: str, reason: str, level_pairs: tuple[LevelPair, ...] = (), notes: tuple[Note, ...] = ()) -> Pairs:
    """A result without any pair, and why."""
    blank = DifferenceHistogram((), ())
    return Pairs(switch, None, (), blank, (), (), {}, (), (), level_pairs, (Note("*", "*", reason), *notes))


def pairs(sample: Sample, switch: str, limit: int = LISTED) -> Pairs:
    """List and describe the matched pairs of a switch, or of a factor's levels, inside a slice.

    Parameters
    ----------
    sample : Sample
    switch : str
        A switch; or a factor, whose two levels are paired where the filters leave two, else every two of
        its levels, the later one in the factor's order taken as "on".
    limit : int
        How many pairs to list; a note says when there are more.

    Returns
    -------
    Pairs
        Differences are on less off; a note says why there are none. A figure that cannot be computed is
        None.

    Raises
    ------
    UsageError
        No such factor.
    """
    factor = sample.table.factor(switch)
    left = sample.slice.set.get(factor.name, factor.levels)
    if len(left) == 1:
        return no_pairs(factor.name, f"{factor.name} is fixed by the filter: no pairs")
    if len(left) > MOST_LEVELS:
        why = f"{len(left):,} levels are too many to pair with each other; filter them to at most {MOST_LEVELS}"
        return no_pairs(factor.name, why)
    with np.errstate(all="ignore"):
        return _pairs(sample, factor, left, limit)


def _pairs(sample: Sample, factor: Factor, left: tuple[str, ...], limit: int) -> Pairs:
    goal = sample.table.response.goal
    reasons = Reasons()
    partners = Partners(Cells(sample), factor)
    level_pairs = _level_pairs(partners, factor, left, goal, reasons) if len(left) > 2 else ()
    names = [pair.name for pair in level_pairs]
    largest = max(level_pairs, key=lambda pair: abs(pair.mean_diff or 0.0), default=None)
    off, on = (largest.off, largest.on) if largest else left
    found = partners.pair(factor.code(off), factor.code(on))
    if not len(found.row):
        what = "in this switch alone" if factor.is_switch else f"in {factor.name} alone"
        return no_pairs(factor.name, f"no two finished runs differ {what}", level_pairs, reasons.notes(names))
    figures = largest or _figures("*", off, on, found, goal, reasons)
    others = [f for f in sample.table.factors if f.name != factor.name and (f in sample.free or f.name in sample.apart)]
    ends = Ends(sample, found.row, found.on, found.off, others, goal, reasons)
    if len(found.row) > limit:
        reasons.say("*", "pair", f"{limit:,} of {len(found.row):,} pairs listed")
    return Pairs(
        switch=factor.name,
        figures=figures,
        rows=ends.listed(limit),
        histogram=histogram(found.difference, goal, reasons),
        others=tuple(f.name for f in ends.others),
        ends=ends.pairs(),
        end_sizes=ends.sizes,
        end_levels=ends.levels,
        by_configuration=ends.by_configuration(found.configuration),
        level_pairs=level_pairs,
        notes=reasons.notes(names),
    )


def _figures(row: str, off: str, on: str, found: Matched, goal: Goal, reasons: Reasons) -> PairFigures:
    difference = found.difference
    n = len(difference)
    wins = int(np.count_nonzero(difference < 0 if goal == "min" else difference > 0))
    equal = int(np.count_nonzero(difference == 0))
    means = means_by_configuration(difference, found.configuration)
    none = "no two finished runs differ in this alone"
    large = "too large for a number" if n else none
    finite = bool(np.isfinite(difference).all()) and bool(np.isfinite(means).all())
    why_p = none if not n else "all pairs are equal" if finite else large
    if equal:
        reasons.say(row, "win_rate", f"equal pairs count as not better ({equal:,})")
    return PairFigures(
        off=off,
        on=on,
        pairs=n,
        wins=wins,
        equal=equal,
        mean_diff=reasons.figure(row, "mean_diff", float(difference.mean()) if n else math.nan, large),
        median_diff=reasons.figure(row, "median_diff", float(np.median(difference)) if n else math.nan, large),
        win_rate=reasons.figure(row, "win_rate", wins / n if n else math.nan, none),
        wilcoxon_p=reasons.figure(row, "wilcoxon_p", wilcoxon(difference) if finite else math.nan, why_p),
        configurations=len(means),
        configuration_p=reasons.figure(row, "configuration_p", wilcoxon(means) if finite else math.nan, why_p),
    )


def _level_pairs(
    partners: Partners, factor: Factor, left: tuple[str, ...], goal: Goal, reasons: Reasons
) -> tuple[LevelPair, ...]:
    """Every two levels, in the factor's order, with p-values adjusted over all of them."""
    made: list[PairFigures] = []
    for off, on in combinations(left, 2):
        found = partners.pair(factor.code(off), factor.code(on))
        made.append(_figures(f"{on} − {off}", off, on, found, goal, reasons))
    over_pairs = holm({at: row.wilcoxon_p for at, row in enumerate(made) if row.wilcoxon_p is not None})
    over_means = holm({at: row.configuration_p for at, row in enumerate(made) if row.configuration_p is not None})
    for at, row in enumerate(made):
        if at not in over_pairs:
            reasons.say(
                f"{row.on} − {row.off}", "wilcoxon_holm_p configuration_holm_p", "there is no p-value to adjust"
            )
    return tuple(
        LevelPair(**vars(row), wilcoxon_holm_p=over_pairs.get(at), configuration_holm_p=over_means.get(at))
        for at, row in enumerate(made)
    )


def pairs_sql(sample: Sample, found: Pairs) -> str:
    """SQL of the pairs: what they share, both responses and their difference, in its order.

    Parameters
    ----------
    sample : Sample
    found : Pairs
        Of the same sample; says which two levels.

    Returns
    -------
    str
        One row per pair, none where nothing could be paired.
    """
    if found.figures is None:
        return "-- Nothing can be paired in this slice.\nSELECT NULL AS difference WHERE FALSE"
    y, on, off = response_name(sample), free_name(sample, "on"), free_name(sample, "off")
    difference, switch = free_name(sample, "difference"), quote(found.switch)
    shared = [f.name for f in sample.table.factors if f.name != found.switch] + list(sample.table.replicates)
    shown = "".join(f"{quote(name)}, " for name in shared)
    replicates = "".join(f"{quote(name)}, " for name in sample.table.replicates)

    def side(level: str) -> str:
        return f"avg({y}) FILTER (isfinite({y}) AND {switch} = {literal(level)})"

    return (
        f"{with_input(sample, factor_columns(sample) + replicates)}, sides AS (\n"
        f"SELECT {shown}{side(found.figures.on)} AS {on},\n  {side(found.figures.off)} AS {off}\n"
        f"FROM input\nGROUP BY ALL\n)\n"
        f"SELECT *, {on} - {off} AS {difference}\nFROM sides\n"
        f"WHERE {on} IS NOT NULL AND {off} IS NOT NULL\nORDER BY {difference}"
    )

"""The design of a sweep: what its columns are, how balanced it is, what it can tell apart, and what is still to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ablate_tui.data.sql import quote
from ablate_tui.queries.designs.aliases import (
    STRONG,
    Correlation,
    TermAlias,
    alias_classes,
    of_main_effects,
    overlap,
    two_factor_aliases,
)
from ablate_tui.queries.designs.collinearity import collinearity
from ablate_tui.queries.designs.grid import Grid, grid
from ablate_tui.queries.designs.next_runs import NextRun, next_runs
from ablate_tui.queries.note import Note
from ablate_tui.queries.reasons import Reasons
from ablate_tui.queries.slices import Sample
from ablate_tui.queries.sql import factor_columns, free_name, over_finished, response_name, with_input

MOST_BINS = 30  # of the histogram of replicates
LISTED = 200  # aliases, and pairs of levels without a run
MOST_LEVELS = 2_000  # of all factors, whose pairs are looked through


@dataclass(frozen=True)
class DesignRow:
    """A column of the source.

    `levels`: for a factor those that occur in the slice. `n`: runs with a value (of the whole source for
    columns that are neither factor nor response). `aliases`: what its main effect can't be told from: a
    factor that carries the same information, the sum of others ("b + c"), an interaction ("b:c").
    """

    column: str
    role: str
    levels: tuple[str, ...]
    n: int
    constant: bool
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class LevelPair:
    """Levels of two factors that no run has together, though there are runs of both."""

    a: str
    level_a: str
    b: str
    level_b: str


@dataclass(frozen=True)
class Replicates:
    """Configurations by their number of runs: counts[i] of them have from lows[i] to highs[i] runs."""

    lows: tuple[int, ...]
    highs: tuple[int, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Design:
    """Columns, coverage and balance. Configurations and replicates count runs that are not missing."""

    rows: tuple[DesignRow, ...]
    next: tuple[NextRun, ...]  # at most 200, those that matter most first
    next_of: int | None  # how many there are; None where there are too many cells to count
    configurations: int  # combinations of the free factors' levels that have a run
    possible: int  # cells of their full factorial
    replicates_min: int | None  # over the configurations that have a run
    replicates_median: float | None
    replicates_max: int | None
    replicates: Replicates
    balance: Mapping[str, Mapping[str, int]]  # per factor, runs per level, missing ones included
    correlations: tuple[Correlation, ...]
    vif: Mapping[str, float | None]  # by free factor that varies
    sums: tuple[tuple[str, ...], ...]  # sets of factors: the main effect of each is a sum of the others'
    term_aliases: tuple[TermAlias, ...]  # with and among two-factor interactions
    empty_pairs: tuple[LevelPair, ...]
    empty_pairs_of: int | None  # how many there are; None where they were not looked for
    reruns: int  # runs that repeat another in every factor, replicate and response
    notes: tuple[Note, ...]

    @property
    def alias_classes(self) -> tuple[tuple[tuple[str, ...], ...], ...]:
        """Terms that are all the same, as the complete aliases link them."""
        return alias_classes(self.term_aliases)

    @property
    def vif_max(self) -> tuple[str, float] | None:
        """The factor whose estimate the others inflate most."""
        known = [(name, value) for name, value in self.vif.items() if value is not None]
        return max(known, key=lambda pair: pair[1], default=None)


def design(sample: Sample) -> Design:
    """Describe the design inside a slice.

    What can be told apart is judged by the configurations that have a run, each once; a run whose response
    is missing counts for none, one that diverged does. `next_runs.next_runs` says how the configurations
    to run next are chosen.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    Design
    """
    reasons = Reasons()
    factors = sample.table.factors
    runs = sample.outcomes.runs
    there = np.flatnonzero(runs)
    codes, weights = sample.table.combinations.codes[:, there], runs[there]
    found = overlap(factors, codes, weights)
    if found.unchecked:
        words = f"too many levels for correlations: {', '.join(found.unchecked)}"
        reasons.say("*", "correlations", words)
    balance = {
        factor.name: dict(zip(factor.levels, sample.by_level(factor.name, runs).astype(int).tolist(), strict=True))
        for factor in factors
    }
    whole = grid(sample)
    if whole.left_out:
        words = f"left out: runs without a level of a free factor ({whole.left_out:,})"
        reasons.say("*", "configurations", words)
    groups = whole.configurations()
    main = collinearity(groups)
    terms = two_factor_aliases(groups)
    for factor, value in main.vif.items():
        if value is None:
            reasons.say(factor, "vif", f"infinite: {_sum_of(factor, main.sums)}")
    if main.unchecked:
        reasons.say("*", "vif", f"too many levels to look at: {', '.join(main.unchecked)}")
    for note in terms.notes:
        reasons.say("*", "term_aliases", note)
    if len(terms.pairs) > LISTED:
        reasons.say("*", "term_aliases", f"{LISTED} of {len(terms.pairs):,} listed")
    tied = [(alias.a, alias.b) for alias in terms.pairs]
    tied[:0] = [((pair.a,), (pair.b,)) for pair in found.correlations if abs(pair.value) >= STRONG]
    free, said = {factor.name for factor in whole.factors}, {frozenset(names) for names in main.sums}
    tied = [pair for pair in tied if free.issuperset([*pair[0], *pair[1]]) and {*pair[0], *pair[1]} not in said]
    chosen = next_runs(whole, tied, main.sums)
    for note in chosen.notes:
        reasons.say("*", "next" if chosen.total is not None else "next next_of", note)
    empty = _empty_pairs(whole)
    if empty is None:
        reasons.say("*", "empty_pairs empty_pairs_of", "too many levels to look through their pairs")
    elif len(empty) > LISTED:
        reasons.say("*", "empty_pairs", f"{LISTED} of {len(empty):,} pairs of levels listed")
    replicates = whole.count
    if not len(replicates):
        reasons.say("*", "replicates_min replicates_median replicates_max", "no run with an outcome")
    rows = _rows(sample, balance, _aliases(found.aliased, main.sums, terms.pairs), reasons)
    return Design(
        rows=rows,
        next=chosen.runs,
        next_of=chosen.total,
        configurations=len(replicates),
        possible=whole.possible,
        replicates_min=int(replicates.min()) if len(replicates) else None,
        replicates_median=float(np.median(replicates)) if len(replicates) else None,
        replicates_max=int(replicates.max()) if len(replicates) else None,
        replicates=_histogram(whole),
        balance=balance,
        correlations=found.correlations,
        vif=main.vif,
        sums=main.sums,
        term_aliases=terms.pairs[:LISTED],
        empty_pairs=(empty or ())[:LISTED],
        empty_pairs_of=len(empty) if empty is not None else None,
        reruns=int(np.count_nonzero(sample.table.rerun[sample.index])),
        notes=reasons.notes([row.column for row in rows]),
    )


def _aliases(
    pairs: tuple[tuple[str, str], ...], sums: tuple[tuple[str, ...], ...], terms: tuple[TermAlias, ...]
) -> dict[str, list[str]]:
    """By factor, what its main effect can't be told from, in words."""
    found: dict[str, dict[str, None]] = {}
    for a, b in pairs:
        found.setdefault(a, {})[b] = None
        found.setdefault(b, {})[a] = None
    for names in sums:
        for name in names:
            found.setdefault(name, {})[_others(name, names)] = None
    for name, interactions in of_main_effects(terms).items():
        found.setdefault(name, {}).update(dict.fromkeys(interactions))
    return {name: list(others) for name, others in found.items()}


def _others(name: str, names: tuple[str, ...], limit: int = 6) -> str:
    others = [other for other in names if other != name]
    more = f" + {len(others) - limit} more" if len(others) > limit else ""
    return " + ".join(others[:limit]) + more


def _sum_of(factor: str, sums: tuple[tuple[str, ...], ...]) -> str:
    return next(f"it can't be told from {_others(factor, names)}" for names in sums if factor in names)


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


def _histogram(whole: Grid) -> Replicates:
    """Configurations by their number of runs, in classes of equal width."""
    if not len(whole.count):
        return Replicates((), (), ())
    low, high = int(whole.count.min()), int(whole.count.max())
    step = -(-(high - low + 1) // MOST_BINS)
    counts = np.bincount((whole.count - low) // step)
    lows = range(low, high + 1, step)
    highs = (min(high, start + step - 1) for start in lows)
    return Replicates(tuple(lows), tuple(highs), tuple(counts.tolist()))


def _empty_pairs(whole: Grid) -> tuple[LevelPair, ...] | None:
    """Levels of two factors that no run has together, each of which has runs."""
    if sum(whole.sizes) > MOST_LEVELS:
        return None
    met = whole.met()
    alone = np.diag(met)
    owner = np.repeat(np.arange(len(whole.sizes)), whole.sizes)
    named = [
        (factor.name, level) for factor, levels in zip(whole.factors, whole.levels, strict=True) for level in levels
    ]
    missing = ~met & alone[:, None] & alone[None, :] & (owner[:, None] < owner[None, :])
    return tuple(LevelPair(*named[i], *named[j]) for i, j in np.argwhere(missing).tolist())


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

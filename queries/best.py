"""The best runs, and which levels are frequent among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ablate_tui.data.sql import literal, quote
from ablate_tui.queries.descriptive.ordered import best_rows, best_runs, order
from ablate_tui.queries.inference.enrichment import SHARE, BestPair, best_p, best_pairs
from ablate_tui.queries.inference.replicates import tested
from ablate_tui.queries.note import Note
from ablate_tui.queries.reasons import Reasons
from ablate_tui.queries.slices import Sample
from ablate_tui.queries.sql import factor_columns, free_name, response_name, with_input

LISTED = 1_000


@dataclass(frozen=True)
class BestRow:
    """A switch's "on", or a level of a factor: its share among the best runs and among all finished.

    `p` counts configurations, since runs of one configuration are not independent: see `enrichment.best_p`.
    """

    switch: str
    level: str
    share: float | None
    base: float | None
    p: float | None


@dataclass(frozen=True)
class Best:
    """The best runs of a slice; `index`, `response` and `rank` belong together, best first."""

    rows: tuple[BestRow, ...]
    k: int  # how many make the best share
    n_best: int  # k and those that tie with the last of them
    n: int  # finished runs
    index: tuple[int, ...]  # rows of the source, at most 1,000
    response: tuple[float, ...]
    rank: tuple[int, ...]  # from 1; equal responses share the smallest
    pairs: tuple[BestPair, ...]  # levels that are together among the best configurations, at most 40
    pairs_of: int  # combinations of two levels that were looked through
    notes: tuple[Note, ...]


def best(sample: Sample, share: float = SHARE) -> Best:
    """List the best runs of a slice and count what they have in common.

    Parameters
    ----------
    sample : Sample
    share : float
        The best ceil(share · n) of n finished runs count as best; runs that tie with the last of them
        are taken in full. So it is for the configurations, by their means, in `p` and `pairs`.

    Returns
    -------
    Best
        Shares are of the runs that have a level of the factor. Rows in the order of the factors, levels
        in theirs.
    """
    goal = sample.table.response.goal
    runs = order(sample)
    with np.errstate(all="ignore"):
        groups = tested(sample).groups
        fisher = best_p(groups, goal, share)
        pairs = best_pairs(groups, goal, share)
    chosen = best_runs(runs, share, goal)
    reasons = Reasons()
    rows: list[BestRow] = []
    by_configuration = chosen.counts(runs), sample.outcomes.finished
    for factor in sample.table.factors:
        counts = [sample.by_level(factor.name, of).astype(int).tolist() for of in by_configuration]
        among, base = (sum(of) for of in counts)
        allowed = set(sample.slice.set.get(factor.name, factor.levels))
        for level in (1,) if factor.is_switch else range(len(factor.levels)):
            text = factor.levels[level]
            name = _name(factor.name, text, factor.is_switch)
            if among and len(allowed) > 1 and text in allowed:
                shares = counts[0][level] / among, counts[1][level] / base
                p = fisher.p.get((factor.name, text))
                if p is None:
                    reasons.say(name, "p", fisher.why or "no configuration has this level, or all have it")
                rows.append(BestRow(factor.name, text, *shares, p))
                continue
            why = "no finished run among the best has a level"
            if len(allowed) == 1:
                why = "fixed by the filter"
            elif text not in allowed:
                why = "left out by the filter"
            reasons.say(name, "share base p", why)
            rows.append(BestRow(factor.name, text, None, None, None))
    if chosen.ties:
        reasons.say("*", "share", chosen.ties)
    for words in fisher.notes if rows else ():
        reasons.say("*", "p", words)
    for words in pairs.notes:
        reasons.say("*", "pairs", words)
    listed = min(LISTED, runs.n)
    index = best_rows(runs, listed, goal)
    if listed < runs.n:
        reasons.say("*", "runs", f"{listed:,} of {runs.n:,} finished runs listed")
    y = sample.table.y[index]
    new = np.r_[True, y[1:] != y[:-1]] if listed else np.zeros(0, dtype=bool)
    rank = np.maximum.accumulate(np.where(new, np.arange(1, listed + 1), 0))
    names = [_name(row.switch, row.level, sample.table.factor(row.switch).is_switch) for row in rows]
    return Best(
        rows=tuple(rows),
        k=chosen.k,
        n_best=chosen.n,
        n=runs.n,
        index=tuple(index.tolist()),
        response=tuple(y.tolist()),
        rank=tuple(rank.tolist()),
        pairs=pairs.rows,
        pairs_of=pairs.of,
        notes=reasons.notes(names),
    )


def _name(switch: str, level: str, is_switch: bool) -> str:
    return switch if is_switch else f"{switch}={level}"


def best_sql(sample: Sample, share: float = SHARE) -> str:
    """SQL of the shares among the best runs and among all finished ones.

    Parameters
    ----------
    sample : Sample
    share : float

    Returns
    -------
    str
        One row per switch and per level of a factor that occurs.
    """
    if not sample.table.factors:
        return "-- No column is a switch.\nSELECT NULL AS switch WHERE FALSE"
    y, place, k = response_name(sample), free_name(sample, "place"), free_name(sample, "k")
    direction = "ASC" if sample.table.response.goal == "min" else "DESC"
    parts = []
    for factor in sample.table.factors:
        column = f"ranked.{quote(factor.name)}"
        levels = f"(SELECT DISTINCT {quote(factor.name)} AS level FROM ranked) AS levels"
        if factor.is_switch:
            levels = f"(SELECT {literal(factor.on)} AS level) AS levels"
        same = f"avg(CAST({column} = levels.level AS INTEGER))"
        parts.append(
            f"SELECT {literal(factor.name)} AS switch, levels.level AS level,\n"
            f"  {same} FILTER (ranked.{place} <= ranked.{k}) AS share, {same} AS base\n"
            f"FROM ranked, {levels}\nWHERE {column} IS NOT NULL AND levels.level IS NOT NULL\n"
            f"GROUP BY levels.level"
        )
    body = "\nUNION ALL\n".join(parts)
    # rank() gives runs that tie at the border the same place, so they are in or out together
    return (
        f"{with_input(sample, factor_columns(sample))}, ranked AS (\n"
        f"SELECT *, rank() OVER (ORDER BY {y} {direction}) AS {place},"
        f" ceil({share!r} * count(*) OVER () - 1e-9) AS {k}\nFROM input WHERE isfinite({y})\n)\n"
        f"{body}\nORDER BY switch, level"
    )

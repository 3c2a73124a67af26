"""The effects table: what each switch does to the response, its mean and its spread, side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.schema import Factor
from ablate_tui.data.sql import literal, quote
from ablate_tui.queries.cancelling import Cancelled
from ablate_tui.queries.descriptive.ascending import Ascending
from ablate_tui.queries.descriptive.levels import Levels, Ranked
from ablate_tui.queries.descriptive.ordered import BestRuns, best_runs, order
from ablate_tui.queries.descriptive.rank_tests import kruskal, mann_whitney, wilcoxon
from ablate_tui.queries.descriptive.two_sample import Side, brown_forsythe, side, welch
from ablate_tui.queries.effect_row import FIGURES, OMNIBUS, PAIR_FIGURES, REST, EffectRow, row_name
from ablate_tui.queries.inference.enrichment import best_p
from ablate_tui.queries.inference.failures import Failures, failure_p
from ablate_tui.queries.inference.given_success import GivenSuccess, given_success
from ablate_tui.queries.inference.verdicts import LARGE_RATIO, SIGNIFICANT, FactorTest, Judge, Verdicts, verdicts
from ablate_tui.queries.note import Note
from ablate_tui.queries.pairs import Cells, Partners
from ablate_tui.queries.reasons import PENDING, Reasons
from ablate_tui.queries.slices import Sample
from ablate_tui.queries.sql import factor_columns, input_sql, over_finished, response_name, with_input

__all__ = ["EffectRow", "Effects", "Glance", "effects", "effects_sql", "glance", "input_sql"]

BEST_SHARE = 0.1
MOST_COMPARISONS = 100_000_000  # levels × runs: beyond, a factor's levels are not set against the rest


@dataclass(frozen=True)
class Effects:
    """One row per switch and per level of a factor, in the source's order."""

    rows: tuple[EffectRow, ...]
    factors: tuple[FactorTest, ...]  # the tests of every free factor as a whole
    failures: Mapping[str, float]  # p of every free factor as a whole
    given_success: tuple[GivenSuccess, ...]  # where failures are told apart: the runs that did not fail
    notes: tuple[Note, ...]


def effects(sample: Sample, by_runs: bool = True, cancelled: Callable[[], bool] | None = None) -> Effects:
    """Describe what every factor does inside a slice.

    Means, medians, SDs, quartiles, and the tests of Welch, Mann-Whitney, Brown-Forsythe and
    Kruskal-Wallis are over finished runs; their p-values are descriptive, since runs of one
    configuration are not independent. Matched pairs: see `pairs.Partners`; only switches have them.
    `best_share_on` is the share of "on" among the best tenth of the finished runs that have a level of
    the factor, runs tied at its border taken in full; `base_share_on` among all of them. `failure_p`:
    see `failures.failure_p`.

    Parameters
    ----------
    sample : Sample
    by_runs : bool
        Whether to look at every run, as pairs and sums of ranks ask for: seconds at ten million runs. Without,
        their figures are None with a note.
    cancelled : callable, optional
        Asked before each such look.

    Returns
    -------
    Effects
        A figure that cannot be computed is None, and a note says why.

    Raises
    ------
    Cancelled
        Where `cancelled` said so.
    """
    with np.errstate(all="ignore"):
        return _Table(sample, verdicts(sample, by_runs), by_runs, cancelled or (lambda: False)).effects()


class _Table:
    """What all rows share, computed once; and the reasons found on the way."""

    def __init__(self, sample: Sample, found: Verdicts, by_runs: bool, cancelled: Callable[[], bool]) -> None:
        self.sample, self.by_runs, self.cancelled = sample, by_runs, cancelled
        self.ordered: Ascending = order(sample)
        self.ranks = Ranked(self.ordered)
        self.best: BestRuns = best_runs(self.ordered, BEST_SHARE, sample.table.response.goal)
        best = self.best.counts(self.ordered)
        self.counts = {factor.name: Levels(sample, factor.name, best) for factor in sample.table.factors}
        self.cells = Cells(sample) if by_runs else None
        self.failures: Failures = failure_p(sample)
        self.levels = dict(sample.slice.filters)
        self.sides = self._sides()
        self.reasons = Reasons()
        self.verdicts = found
        self.judge = Judge(self.verdicts, self.reasons)
        self.best_p = best_p(found.runs.groups, sample.table.response.goal, BEST_SHARE)

    def effects(self) -> Effects:
        rows = tuple(row for factor in self.sample.table.factors for row in self.rows(factor))
        if not rows:
            nothing = Note("*", "*", "no column is a switch or a factor with two levels or more")
            return Effects((), (), {}, (), (nothing,))
        if self.best.ties:
            self.reasons.say("*", "best_share_on", self.best.ties)
        for words in self.best_p.notes:
            self.reasons.say("*", "best_p", words)
        if self.failures.left_out:
            why = f"left out: runs without a level of some free factor ({self.failures.left_out:,})"
            self.reasons.say("*", "failure_p", why)
        return Effects(
            rows,
            tuple(self.verdicts.factors.values()),
            self.failures.factors,
            given_success(self.sample, self.verdicts.runs) if self.by_runs else (),
            self.reasons.notes([row.name for row in rows]),
        )

    def rows(self, factor: Factor) -> Iterator[EffectRow]:
        counts = self.counts[factor.name]
        allowed = self.levels.get(factor.name, factor.levels)
        if factor.is_switch:
            sides = (1, factor.off)
            if len(allowed) == 1:
                yield self.fixed(factor.name, counts, factor.on, *sides, "fixed by the filter")
            else:
                self.say_null_levels(factor, counts)
                yield self.compared(factor, counts, factor.on, *sides)
            return

        if self.too_many(factor) or len(allowed) == 1:
            why = f"{len(factor.levels):,} levels in {counts.total[0]:,} runs are too many to compare"
            for level, text in enumerate(factor.levels):
                yield self.fixed(
                    factor.name,
                    counts,
                    text,
                    level,
                    REST,
                    "fixed by the filter" if len(allowed) == 1 else why,
                )
            return
        self.say_null_levels(factor, counts)
        omnibus = self.omnibus(factor, counts)
        for level, text in enumerate(factor.levels):
            if text in allowed:
                yield self.compared(factor, counts, text, level, REST, omnibus)
            else:
                yield self.fixed(factor.name, counts, text, level, REST, "left out by the filter")

    def too_many(self, factor: Factor) -> bool:
        """Whether a factor's levels in these runs are too many to set each against the rest."""
        return not factor.is_switch and len(factor.levels) * self.counts[factor.name].total[0] > MOST_COMPARISONS

    def _sides(self) -> dict[tuple[str, int, bool], Side]:
        """Every side that is compared: by factor and level, whether it is the level or the others."""
        keys: list[tuple[str, int, bool]] = []
        masks: list[NDArray[np.bool_]] = []
        for factor in self.sample.table.factors:
            allowed = self.levels.get(factor.name, factor.levels)
            if len(allowed) < 2 or self.too_many(factor):
                continue
            for level in (1,) if factor.is_switch else range(len(factor.levels)):
                keys += [(factor.name, level, True), (factor.name, level, False)]
                masks += self.counts[factor.name].masks(level)
        return {key: side(runs) for key, runs in zip(keys, self.ordered.split(masks), strict=True)}

    def say_null_levels(self, factor: Factor, counts: Levels) -> None:
        if counts.nulls:
            for level in (factor.on,) if factor.is_switch else factor.levels:
                row = row_name(factor.name, level, factor.off if factor.is_switch else REST)
                self.reasons.say(row, "n_on n_off", f"on neither side: runs without a level ({counts.nulls:,})")

    def fixed(self, switch: str, counts: Levels, on: str, level: int, off: str, why: str) -> EffectRow:
        """A row that has its counts only."""
        name = row_name(switch, on, off)
        self.reasons.say(name, FIGURES + (f" {OMNIBUS}" if off == REST else ""), why)
        if off != REST:
            self.reasons.say(name, OMNIBUS, "for factors with more than two levels")
        return EffectRow(switch, on, off, *counts.sides(level))

    def omnibus(self, factor: Factor, counts: Levels) -> tuple[float | None, float | None]:
        """Kruskal-Wallis' and Brown-Forsythe's p over all levels of a factor."""
        sides = [self.sides[factor.name, level, True] for level in range(len(factor.levels))]
        values, why = (math.nan, brown_forsythe(sides)), PENDING
        if self.by_runs:
            sums, ranks = self.ranks.among(counts)
            values = kruskal(sums, np.array([s.n for s in sides]), ranks), values[1]
            why = "fewer than two levels with finished runs, or no spread"
        for field, value in zip(OMNIBUS.split(), values, strict=True):
            if not math.isfinite(value):
                for level in factor.levels:
                    if level in self.levels.get(factor.name, factor.levels):
                        self.reasons.say(row_name(factor.name, level, REST), field, why)
        kruskal_p, spread_p = (v if math.isfinite(v) else None for v in values)
        return kruskal_p, spread_p

    def compared(
        self,
        factor: Factor,
        counts: Levels,
        on_text: str,
        level: int,
        off_text: str,
        omnibus: tuple[float | None, float | None] | None = None,
    ) -> EffectRow:
        """One row: the level of that code against all other levels of the factor."""
        on, off = self.sides[factor.name, level, True], self.sides[factor.name, level, False]
        name = row_name(factor.name, on_text, off_text)
        figure, say = self.reasons.figure, self.reasons.say

        def described(field: str, of_on: float, of_off: float, need: int) -> tuple[float | None, float | None]:
            why = "no finished run on this side" if need == 1 else "fewer than two finished runs on this side"
            return tuple(  # type: ignore[return-value]
                figure(name, f"{field}_{which}", value, why if s.n < need else "too large for a number")
                for which, value, s in (("on", of_on, on), ("off", of_off, off))
            )

        mean_on, mean_off = described("mean", on.mean, off.mean, 1)
        median_on, median_off = described("median", on.median, off.median, 1)
        sd_on, sd_off = described("sd", on.sd, off.sd, 2)
        iqr_on, iqr_off = described("iqr", on.iqr, off.iqr, 1)
        missing_side = "needs finished runs on both sides" if 0 in (on.n, off.n) else "too large for a number"
        ratio = on.sd / off.sd if off.sd > 0 else math.nan
        why_ratio = "the SD of off is zero" if off.sd == 0 else "needs two finished runs on both sides"
        rank_p, why_rank = math.nan, PENDING
        if self.by_runs:
            rank_sums, ranks = self.ranks.among(counts)
            rank_p = mann_whitney(float(rank_sums[level]), on.n, off.n, ranks)
            why_rank = "needs finished runs on both sides, not all equal"
        failure = self.failures
        key = (factor.name, level)
        why_failure = failure.why_none or failure.reasons.get(key, "this level or the others have no run")
        pairing = self.paired(factor, name)
        best, base = counts.shares(level)
        if not omnibus:
            say(name, OMNIBUS, "for factors with more than two levels")
        failed_on, failed_off = counts.failed(level)
        no_outcome = "no run with an outcome on this side"
        row = EffectRow(
            factor.name,
            on_text,
            off_text,
            *counts.sides(level),
            mean_on=mean_on,
            mean_off=mean_off,
            mean_diff=figure(name, "mean_diff", on.mean - off.mean, missing_side),
            median_on=median_on,
            median_off=median_off,
            median_diff=figure(name, "median_diff", on.median - off.median, missing_side),
            sd_on=sd_on,
            sd_off=sd_off,
            sd_ratio=figure(name, "sd_ratio", ratio, why_ratio),
            iqr_on=iqr_on,
            iqr_off=iqr_off,
            welch_p=figure(name, "welch_p", welch(on, off), "needs two runs on both sides, and some variance"),
            mann_whitney_p=figure(name, "mann_whitney_p", rank_p, why_rank),
            brown_forsythe_p=figure(
                name,
                "brown_forsythe_p",
                brown_forsythe((on, off)),
                "needs runs on both sides, at unequal distances from their median",
            ),
            failed_on=figure(name, "failed_on", failed_on, no_outcome),
            failed_off=figure(name, "failed_off", failed_off, no_outcome),
            failure_p=figure(name, "failure_p", failure.p.get(key, math.nan), why_failure),
            pairs=pairing[0],
            pair_mean_diff=pairing[1],
            pair_median_diff=pairing[2],
            pair_win_rate=pairing[3],
            wilcoxon_p=pairing[4],
            best_share_on=figure(name, "best_share_on", best, "no run among the best has a level"),
            base_share_on=figure(name, "base_share_on", base, "no finished run has a level"),
            best_p=figure(
                name,
                "best_p",
                self.best_p.p.get((factor.name, on_text), math.nan),
                self.best_p.why or "one level only among the configurations",
            ),
            kruskal_p=omnibus[0] if omnibus else None,
            omnibus_brown_forsythe_p=omnibus[1] if omnibus else None,
        )
        return self.judge.row(row, raw_difference(row))

    def paired(
        self, factor: Factor, name: str
    ) -> tuple[int | None, float | None, float | None, float | None, float | None]:
        """Number of pairs, mean and median difference, share of pairs where on is better, Wilcoxon's p."""
        if not factor.is_switch:
            why = "a level against the rest has no single partner; pairs are for switches"
            self.reasons.say(name, f"pairs {PAIR_FIGURES}", why)
            return None, None, None, None, None
        if self.cells is None:
            self.reasons.say(name, f"pairs {PAIR_FIGURES}", PENDING)
            return None, None, None, None, None
        if self.cancelled():
            raise Cancelled
        difference = Partners(self.cells, factor).differences(0, 1)
        if not len(difference):
            self.reasons.say(name, PAIR_FIGURES, "no two finished runs differ in this switch alone")
            return 0, None, None, None, None
        better = difference < 0 if self.sample.table.response.goal == "min" else difference > 0
        equal = int(np.count_nonzero(difference == 0))
        if equal:
            self.reasons.say(name, "pair_win_rate", f"equal pairs count as not better ({equal:,})")
        figure, large = self.reasons.figure, "too large for a number"
        return (
            len(difference),
            figure(name, "pair_mean_diff", float(difference.mean()), large),
            figure(name, "pair_median_diff", float(np.median(difference)), large),
            int(np.count_nonzero(better)) / len(difference),
            figure(name, "wilcoxon_p", wilcoxon(difference), "all pairs are equal"),
        )


def raw_difference(row: EffectRow) -> bool:
    """Whether the runs look different on the two sides: what a notebook would stop at."""
    tests = (row.mann_whitney_p, row.welch_p, row.brown_forsythe_p)
    return any(p is not None and p < SIGNIFICANT for p in tests) or (
        row.sd_ratio is not None and not 1 / LARGE_RATIO <= row.sd_ratio <= LARGE_RATIO
    )


@dataclass(frozen=True)
class Glance:
    """What the list of switches shows of one factor: runs per level (in the order of its levels)."""

    switch: str
    levels: tuple[str, ...]
    runs: tuple[int, ...]  # finished or not
    finished: tuple[int, ...]
    mean_diff: float | None  # on less off; None for factors, and where a side has no finished run


def glance(sample: Sample) -> tuple[Glance, ...]:
    """Counts of every factor's levels in a slice, and the switches' mean differences.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    tuple of Glance
        One per factor, those that the filters fix included. Runs without a level are not counted.
    """
    outcomes, mean = sample.outcomes, sample.moments.mean
    there = outcomes.finished > 0
    with np.errstate(all="ignore"):
        center = float(np.median(mean[there])) if there.any() else 0.0  # of large numbers with small differences
        totals = outcomes.finished * np.where(there, mean - center, 0.0)
    found = []
    for factor in sample.table.factors:
        runs, n = (sample.by_level(factor.name, of).astype(int).tolist() for of in (outcomes.runs, outcomes.finished))
        diff = None
        if factor.is_switch and all(n):
            with np.errstate(all="ignore"):
                off, on = (sample.by_level(factor.name, totals) / n).tolist()
            diff = on - off if math.isfinite(on - off) else None
        found.append(Glance(factor.name, factor.levels, tuple(runs), tuple(n), diff))
    return tuple(found)


def effects_sql(sample: Sample) -> str:
    """SQL of the counts, means, medians, SDs and interquartile ranges of every side.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    str
        One row per switch and side; for a factor with more levels, each level and its "rest".
    """
    if not sample.table.factors:
        return "-- No column is a switch.\nSELECT NULL AS switch WHERE FALSE"
    y = response_name(sample)
    figures = ",\n  ".join(
        over_finished(call, y) + f" AS {name}"
        for call, name in (
            ("count(*)", "n"),
            (f"avg({y})", "mean"),
            (f"quantile_cont({y}, 0.5)", "median"),
            (f"stddev_samp({y})", "sd"),
            (f"quantile_cont({y}, 0.75)", "q75"),
            (f"quantile_cont({y}, 0.25)", "q25"),
        )
    )
    parts = []
    for factor in sample.table.factors:
        column = f"input.{quote(factor.name)}"
        if factor.is_switch:
            on, rest = literal(factor.on), literal(factor.off)
            levels = f"(SELECT {on} AS level) AS levels"
        else:
            rest = literal(REST)
            levels = f"(SELECT DISTINCT {quote(factor.name)} AS level FROM input) AS levels"
        parts.append(
            f"SELECT {literal(factor.name)} AS switch, levels.level AS level,"
            f" CASE WHEN {column} = levels.level THEN levels.level ELSE {rest} END AS side,\n  {figures}\n"
            f"FROM input, {levels}\nWHERE {column} IS NOT NULL AND levels.level IS NOT NULL\n"
            f"GROUP BY levels.level, {column} = levels.level"
        )
    body = "\nUNION ALL\n".join(parts)
    return (
        f'{with_input(sample, factor_columns(sample))}\nSELECT switch, level AS "on", side, n, mean, median,'
        f" sd, q75 - q25 AS iqr\nFROM (\n{body}\n)\nORDER BY switch, level, side = level DESC"
    )

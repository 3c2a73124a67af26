"""What a factor does to the mean."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ablate_tui.queries.effect_row import EffectRow
from ablate_tui.queries.findings.clause import Clause
from ablate_tui.queries.findings.evidence import MOST_NAMED, Evidence, Value
from ablate_tui.queries.inference.families import holm
from ablate_tui.queries.inference.location import LENTH, means_fit
from ablate_tui.queries.inference.verdicts import SIGNIFICANT, FactorTest
from ablate_tui.queries.sentences import bracket, chance, figure, interval, listed, share, signed

FRACTION = 3.0  # a median this many times smaller than the mean tells another story


def shift(evidence: Evidence, test: FactorTest) -> Clause | None:
    """The clause about the mean, where the factor is told to move it."""
    if not evidence.holds("location", test.factor) or test.location_p is None:
        return None
    row = evidence.rows.get(test.factor)
    if row is None:
        return levels(evidence, test, test.location_p)
    return switch(evidence, row, test.location_p) if row.mean_diff is not None else None


def switch(evidence: Evidence, row: EffectRow, p: float) -> Clause:
    """How much a switch moves the mean, and whether the matched pairs say the same."""
    diff, q = estimate(row), evidence.q["location", row.switch]
    figures: dict[str, Value] = {
        "mean_diff": diff, "mean_diff_low": row.mean_diff_low, "mean_diff_high": row.mean_diff_high, "location_q": q,
    }  # fmt: skip
    low, high = row.mean_diff_low, row.mean_diff_high
    ends = (low, high) if diff > 0 else (minus(high), minus(low))
    predicate = (
        f"{'lowers' if diff < 0 else 'raises'} the mean {evidence.response} by {figure(abs(diff))}"
        f"{bracket(interval(*ends), chance('q', q))}, for the {'better' if evidence.better(diff) else 'worse'}"
    )
    if row.pair_win_rate is not None and row.pair_median_diff is not None:
        figures |= {"pair_win_rate": row.pair_win_rate, "pair_median_diff": row.pair_median_diff}
        on = "on" if evidence.on_off(row.switch) else row.on
        wins = f"{on} is better in {share(row.pair_win_rate)} of the matched pairs"
        predicate += f": {wins}{doubt(diff, row.pair_median_diff, row.wilcoxon_p)}"
    subject = evidence.subject(row)
    size = evidence.in_sds(diff)
    return Clause(subject, predicate, (), f"{subject} {signed(diff)}", diff, "effects", size, figures, p, q)


def estimate(row: EffectRow) -> float:
    """The model's difference of the means, else that of the runs."""
    if row.mean_diff_low is not None and row.mean_diff_high is not None:
        return (row.mean_diff_low + row.mean_diff_high) / 2
    return row.mean_diff or 0.0


def minus(value: float | None) -> float | None:
    """A figure with the other sign."""
    return None if value is None else -value


def doubt(diff: float, median: float, wilcoxon: float | None) -> str:
    """Where the median pair says something else than the mean."""
    if median * diff < 0:
        return f", and the median pair goes the other way ({signed(median)}), so some configurations make the mean"
    if abs(median) < abs(diff) / FRACTION:
        return f", and the median pair differs by {signed(median)} only, so some configurations make the mean"
    if wilcoxon is not None and wilcoxon >= SIGNIFICANT:
        return f", which do not tell it by themselves (Wilcoxon {chance('p', wilcoxon)})"
    return ""


def levels(evidence: Evidence, test: FactorTest, p: float) -> Clause | None:
    """Which levels of a factor are best, and which can't be told from the best."""
    value, apart = against_best(evidence, test)
    if not value:
        return None
    q = evidence.q["location", test.factor]
    order = sorted(value, key=lambda level: value[level], reverse=evidence.goal == "max")
    alike = [level for level in order if level not in apart]
    behind = [level for level in order if level in apart]
    gap = {level: value[level] - value[order[0]] for level in order}
    figures: dict[str, Value] = {"best": ", ".join(alike), "location_q": q}
    figures |= {f"mean_diff {level}": gap[level] for level in order[1:]}
    last = gap[order[-1]]
    size = evidence.in_sds(last)
    short = f"{test.factor} {figure(abs(last))} from {order[0]} to {order[-1]}"
    if not behind:
        predicate = (
            f"moves the mean {evidence.response}, by {figure(abs(last))} from {order[0]}, the best, to "
            f"{order[-1]}{bracket(chance('q', q))}, but no single level is told from the best"
        )
        return Clause(test.factor, predicate, (), short, last, "compare", size, figures, p, q)
    near, far = (figure(abs(gap[level])) for level in (behind[0], behind[-1]))
    predicate = (
        f"{listed(alike, MOST_NAMED)} {'are' if len(alike) > 1 else 'is'} best for the mean {evidence.response}"
        f"{' (not told apart)' if len(alike) > 1 else ''}; {listed(behind, MOST_NAMED)} "
        f"{'are' if len(behind) > 1 else 'is'} {'higher' if evidence.goal == 'min' else 'lower'} by "
        f"{near if len(behind) == 1 else f'{near} to {far}'}{bracket(chance('q', q))}"
    )
    return Clause(f"{test.factor}:", predicate, (), short, last, "compare", size, figures, p, q)


def against_best(evidence: Evidence, test: FactorTest) -> tuple[Mapping[str, float], frozenset[str]]:
    """The model's value of every level, and the levels that are told from the best one, by Holm's method."""
    found = evidence.verdicts
    if found.location.basis in (None, LENTH):
        return {}, frozenset()
    groups = found.runs.groups
    fit = means_fit(found.runs, found.location.terms)
    at = [factor.name for factor in groups.factors].index(test.factor)
    names, place = groups.levels[at], fit.columns.place[(at,)]
    value = {name: 0.0 if n == 0 else float(fit.coefficients[place][n - 1]) for n, name in enumerate(names)}
    best = (min if evidence.goal == "min" else max)(value, key=lambda name: value[name])
    p: dict[str, float] = {}
    for name in names:
        weights = np.zeros(len(names))
        weights[names.index(name)] += 1.0
        weights[names.index(best)] -= 1.0
        whole = np.zeros(fit.columns.p)
        whole[place] = weights[1:]  # the first level's effect is zero
        found_p = fit.estimate(whole) if name != best else None
        if found_p is not None:
            p[name] = found_p.p
    return value, frozenset(name for name, adjusted in holm(p).items() if adjusted < SIGNIFICANT)

"""Factors that move the mean, or change the spread."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ablate_tui.queries.effect_row import REST, EffectRow
from ablate_tui.queries.families import holm
from ablate_tui.queries.findings.evidence import (
    EACH,
    FOUND,
    MINOR,
    Evidence,
    Finding,
    Ranked,
    Value,
    number,
)
from ablate_tui.queries.least_squares import least_squares
from ablate_tui.queries.location import LENTH
from ablate_tui.queries.model_terms import Columns
from ablate_tui.queries.noise import REPLICATES, RESIDUALS
from ablate_tui.queries.sentences import bracket, chance, figure, interval, listed, share
from ablate_tui.queries.verdicts import SIGNIFICANT, FactorTest

FRACTION = 3.0  # a median this many times smaller than the mean tells another story


def shifts(evidence: Evidence) -> Iterator[Ranked]:
    """Factors that move the mean."""
    found = []
    for test in evidence.effects.factors:
        if not evidence.holds("location", test.factor):
            continue
        row = evidence.rows.get(test.factor)
        if row is None:
            best = best_levels(evidence, test)
            if best is not None:
                found.append(best)
        elif row.mean_diff is not None:
            found.append((evidence.in_sds(evidence.estimate(row)), shift(evidence, row, test)))
    found.sort(key=lambda one: -one[0])
    for size, finding in found[: EACH + 1]:
        yield Ranked(FOUND, size, finding)
    others = found[EACH + 1 :]
    if others:
        words = [f"{one.figures['switch']} {evidence.signed(one.figures['mean_diff'])}" for _, one in others]
        p = max(one.p or 0.0 for _, one in others)
        q = max(float(one.figures["q"] or 0.0) for _, one in others)
        text = f"Smaller shifts of the mean, on less off: {listed(words)}{bracket(chance('q', q))}."
        yield Ranked(MINOR, others[0][0], Finding(text, "effects", {"q": q}, p))


def shift(evidence: Evidence, row: EffectRow, test: FactorTest) -> Finding:
    diff = evidence.estimate(row)
    q = evidence.q["location", row.switch]
    text = (
        f"{row.name} {'lowers' if diff < 0 else 'raises'} the mean {evidence.response} by {figure(abs(diff))}"
        f"{bracket(interval(row.mean_diff_low, row.mean_diff_high), chance('q', q))}, "
        f"for the {'better' if evidence.better(diff) else 'worse'}"
    )
    figures: dict[str, Value] = {
        "switch": row.switch, "mean_diff": diff, "low": row.mean_diff_low, "high": row.mean_diff_high, "q": q,
    }  # fmt: skip
    if row.pair_win_rate is not None and row.pair_median_diff is not None:
        figures |= {"pair_win_rate": row.pair_win_rate, "pair_median_diff": row.pair_median_diff}
        text += f"; {'on' if evidence.on_off(row.switch) else row.on} is better in {share(row.pair_win_rate)} of the matched pairs"
        alone = row.wilcoxon_p is not None and row.wilcoxon_p >= SIGNIFICANT
        if alone or row.pair_median_diff * diff <= 0 or abs(row.pair_median_diff) < abs(diff) / FRACTION:
            text += (
                f", and the median pair differs by {evidence.signed(row.pair_median_diff)} only: "
                "some configurations make the mean"
            )
    return Finding(f"{text}.", "effects", figures, test.location_p)


def best_levels(evidence: Evidence, test: FactorTest) -> tuple[float, Finding] | None:
    """Which levels of a factor are best, and which can't be told from the best."""
    found = evidence.verdicts
    if found.location.basis in (None, LENTH):
        return None
    fit = least_squares(
        Columns(found.runs.groups, found.location.terms, found.runs.groups.count.astype(float)),
        found.runs.groups.mean,
    )
    at = [factor.name for factor in found.runs.groups.factors].index(test.factor)
    levels = found.runs.groups.levels[at]
    place = fit.columns.place[(at,)]
    value = {level: 0.0 if n == 0 else float(fit.coefficients[place][n - 1]) for n, level in enumerate(levels)}
    order = sorted(levels, key=lambda level: value[level], reverse=evidence.goal == "max")
    p: dict[str, float] = {}
    for level in order[1:]:
        weights = np.zeros(fit.columns.p)
        for name, sign in ((level, 1.0), (order[0], -1.0)):
            if levels.index(name):
                weights[place][levels.index(name) - 1] = sign
        estimate = fit.estimate(weights)
        if estimate is not None:
            p[level] = estimate.p
    adjusted = holm(p)
    alike = [order[0], *(level for level in order[1:] if adjusted.get(level, 1.0) >= SIGNIFICANT)]
    others = [level for level in order if level not in alike]
    q = evidence.q["location", test.factor]
    if not others:
        return None
    low, high = value[others[0]] - value[order[0]], value[others[-1]] - value[order[0]]
    gaps = figure(abs(low)) if len(others) == 1 else f"{figure(abs(low))} to {figure(abs(high))}"
    together = " (not told apart)" if len(alike) > 1 else ""
    text = (
        f"{test.factor}: {listed(alike)} {'are' if len(alike) > 1 else 'is'} best for the mean {evidence.response}{together}; "
        f"{listed(others)} {'are' if len(others) > 1 else 'is'} {'higher' if evidence.goal == 'min' else 'lower'} by {gaps}"
        f"{bracket(chance('q', q))}."
    )
    figures: dict[str, Value] = {"switch": test.factor, "best": ", ".join(alike), "mean_diff": high, "q": q}
    return evidence.in_sds(high), Finding(text, "compare", figures, test.location_p)


def spreads(evidence: Evidence) -> Iterator[Ranked]:
    """Factors that change the spread, and whose spread it is."""
    found = []
    for test in evidence.effects.factors:
        noisy = evidence.holds("noise", test.factor)
        uneven = test.distance_q is not None and test.distance_q < SIGNIFICANT
        rows = [row for row in evidence.effects.rows if row.switch == test.factor and row.sd_ratio]
        if not (noisy or uneven) or not rows:
            continue
        clear = [one for one in rows if noisy and one.noise_q is not None and one.noise_q < SIGNIFICANT]
        row = max(clear or rows, key=lambda one: abs(math.log(one.sd_ratio or 1.0)))
        found.append((abs(math.log(row.sd_ratio or 1.0)), spread(evidence, row, test, noisy, uneven)))
    found.sort(key=lambda one: -one[0])
    for size, finding in found[:EACH]:
        yield Ranked(FOUND, size, finding)
    others = found[EACH:]
    if others:
        words = [f"{one.figures['switch']} {figure(number(one.figures['sd_ratio']))}" for _, one in others]
        text = f"Smaller changes of the spread, as ratios of the SDs: {listed(words)}{bracket('each q < .05')}."
        yield Ranked(MINOR, others[0][0], Finding(text, "effects", {}, max(one.p or 0.0 for _, one in others)))


def spread(evidence: Evidence, row: EffectRow, test: FactorTest, noisy: bool, uneven: bool) -> Finding:
    verb = "narrows" if (row.sd_ratio or 1.0) < 1 else "widens"
    q = evidence.q.get(("noise", test.factor))
    text = (
        f"{row.name} {verb} the spread: SD {figure(row.sd_on)} against {figure(row.sd_off)} with "
        f"{evidence.is_off(row)}, ratio {figure(row.sd_ratio)}{bracket(interval(row.sd_ratio_low, row.sd_ratio_high))}"
    )
    parts = []
    if noisy and row.noise_basis == REPLICATES and row.noise_ratio is not None:
        parts.append(
            f"runs of one configuration scatter {figure(row.noise_ratio)} times as much "
            f"(by the medians {figure(row.noise_ratio_median)}; {chance('q', q)})"
        )
    elif noisy and row.noise_basis == RESIDUALS:
        parts.append(
            f"the residuals scatter differently (ln F* {figure(row.ln_f_star)}; {chance('q', q)}), unless two missed "
            "terms whose product is this switch make it so"
        )
    if uneven:
        more = "less" if verb == "narrows" else "more"
        between = (
            f"SD between configurations {figure(row.sd_between_on)} against {figure(row.sd_between_off)}; "
            if row.sd_between_on is not None and row.sd_between_off is not None
            else ""
        )
        parts.append(
            f"the other switches matter {more} ({between}it interacts with {listed(test.partners)}; "
            f"{chance('q', test.distance_q)})"
        )
    if not noisy and row.noise_ratio is not None:
        parts.append(f"noise is not told from unchanged (noise ratio {figure(row.noise_ratio)}; {chance('q', q)})")
    text += f": {'; '.join(parts)}." if parts else "."
    if row.off != REST and not evidence.holds("location", test.factor) and row.location_p is not None:
        text += f" Its mean is not told from unmoved{bracket(interval(row.mean_diff_low, row.mean_diff_high), chance('p', row.location_p))}."
    figures: dict[str, Value] = {
        "switch": test.factor, "level": row.on, "sd_on": row.sd_on, "sd_off": row.sd_off, "sd_ratio": row.sd_ratio,
        "low": row.sd_ratio_low, "high": row.sd_ratio_high, "noise_ratio": row.noise_ratio, "q": q,
        "distance_q": test.distance_q,
    }  # fmt: skip
    return Finding(text, "effects", figures, test.noise_p)

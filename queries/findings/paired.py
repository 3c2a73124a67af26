"""Factors whose effects depend on each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ablate_tui.queries.findings.evidence import (
    EACH,
    FOUND,
    MINOR,
    Evidence,
    Finding,
    Ranked,
    Value,
)
from ablate_tui.queries.least_squares import Fit, least_squares
from ablate_tui.queries.model_terms import Columns, Term
from ablate_tui.queries.sentences import bracket, chance, listed
from ablate_tui.queries.verdicts import SIGNIFICANT


def pairs(evidence: Evidence) -> Iterator[Ranked]:
    """Factors whose effects depend on each other."""
    found = []
    for pair in evidence.interactions.pairs:
        name = f"{pair.a}:{pair.b}"
        if evidence.holds("mean", name) and pair.mean_p is not None:
            size, finding = interaction(evidence, pair.a, pair.b, pair.mean_p, evidence.q["mean", name])
            found.append((size, finding))
    found.sort(key=lambda one: -one[0])
    for size, finding in found[:EACH]:
        yield Ranked(FOUND, size, finding)
    others = found[EACH:]
    if others:
        words = [f"{one.figures['a']} with {one.figures['b']}" for _, one in others[:6]]
        more = f" and {len(others) - 6} more" if len(others) > 6 else ""
        text = f"Weaker interactions: {', '.join(words)}{more}{bracket('each q < .05')}."
        yield Ranked(MINOR, others[0][0], Finding(text, "interactions", {}, max(one.p or 0.0 for _, one in others)))


def interaction(evidence: Evidence, a: str, b: str, p: float, q: float) -> tuple[float, Finding]:
    """How the effect of one factor depends on the other's level; the switch is the one that acts."""
    found = evidence.verdicts
    groups = found.runs.groups
    names = [factor.name for factor in groups.factors]
    if groups.sizes[names.index(a)] > 2:
        a, b = b, a
    i, j = names.index(a), names.index(b)
    pair: Term = (min(i, j), max(i, j))
    columns = Columns(
        groups, [*((at,) for at in range(len(names))), *found.location.active, pair], groups.count.astype(float)
    )
    fit = least_squares(columns, groups.mean)
    figures: dict[str, Value] = {"a": a, "b": b, "q": q}
    if groups.sizes[i] > 2:
        text = f"The effect of {a} on the mean {evidence.response} depends on {b}{bracket(chance('q', q))}."
        return 0.0, Finding(text, "interactions", figures, p)
    effect = {level: simple_effect(fit, i, j, at) for at, level in enumerate(groups.levels[j])}
    size = evidence.in_sds(
        (max(effect.values(), key=lambda e: e[0])[0] - min(effect.values(), key=lambda e: e[0])[0]) / 2
    )
    for level, (value, _) in effect.items():
        figures[f"{a} at {b}={level}"] = value
    helps = {level: e for level, e in effect.items() if evidence.better(e[0])}
    hurts = {level: e for level, e in effect.items() if level not in helps}
    clear = all(any(p_of is not None and p_of < SIGNIFICANT for _, p_of in part.values()) for part in (helps, hurts))

    def words(part: Mapping[str, tuple[float, float | None]]) -> str:
        return listed([f"{evidence.level(b, level)} ({evidence.signed(value)})" for level, (value, _) in part.items()])

    if helps and hurts and clear:
        text = (
            f"{a} helps with {words(helps)} and hurts with {words(hurts)}: a crossover of the mean "
            f"{evidence.response}{bracket(chance('q', q))}."
        )
    else:
        text = (
            f"The effect of {a} on the mean {evidence.response} depends on {b}: "
            f"{', '.join(f'{evidence.signed(value)} with {evidence.level(b, level)}' for level, (value, _) in effect.items())}"
            f"{bracket(chance('q', q))}."
        )
    return size, Finding(text, "interactions", figures, p)


def simple_effect(fit: Fit, switch: int, other: int, level: int) -> tuple[float, float | None]:
    """Effect of a switch at one level of another factor, and its p."""
    columns = fit.columns
    weights = np.zeros(columns.p)
    weights[columns.place[(switch,)]] = 1.0
    indicator = (np.arange(1, columns.groups.sizes[other]) == level) - columns.rates[other][1:]
    weights[columns.place[(min(switch, other), max(switch, other))]] = indicator
    estimate = fit.estimate(weights)
    return float(weights @ fit.coefficients), estimate.p if estimate is not None else None

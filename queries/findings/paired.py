"""Factors whose effects depend on each other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ablate_tui.queries.findings.evidence import (
    EACH,
    FOUND,
    MINOR,
    MOST_NAMED,
    Evidence,
    Finding,
    Ranked,
    Value,
    number,
    pair_name,
)
from ablate_tui.queries.inference.least_squares import Fit
from ablate_tui.queries.inference.location import means_fit
from ablate_tui.queries.inference.model_terms import Term
from ablate_tui.queries.inference.verdicts import SIGNIFICANT
from ablate_tui.queries.interactions import FactorPair
from ablate_tui.queries.sentences import bracket, chance, each, figure, listed, signed


@dataclass(frozen=True)
class Simple:
    """The effect of a switch at one level of another factor."""

    value: float
    p: float | None

    @property
    def clear(self) -> bool:
        """Whether it is told from zero, by itself."""
        return self.p is not None and self.p < SIGNIFICANT


@dataclass(frozen=True)
class Reading:
    """A pair read one way: what `acts`, at its level `on`, does at every level of `other`."""

    acts: str
    on: str
    other: str
    effects: Mapping[str, Simple]

    @property
    def crossover(self) -> bool:
        """Whether it clearly raises at one level and clearly lowers at another."""
        return any(e.clear and e.value > 0 for e in self.effects.values()) and any(
            e.clear and e.value < 0 for e in self.effects.values()
        )

    @property
    def contrast(self) -> float:
        """How unlike the effects are: 1 where one of two is zero, 2 where they are opposite."""
        values = [e.value for e in self.effects.values()]
        largest = max(abs(value) for value in values)
        return (max(values) - min(values)) / largest if largest else 0.0


def pairs(evidence: Evidence) -> Iterator[Ranked]:
    """Interactions on the mean, the strongest one by one, and those on the noise."""
    found = [
        interaction(evidence, pair, pair.mean_p)
        for pair in evidence.interactions.pairs
        if evidence.holds("mean", pair_name(pair)) and pair.mean_p is not None
    ]
    found.sort(key=lambda one: -one.size)
    yield from found[:EACH]
    if found[EACH:]:
        rest = found[EACH:]
        words = [f"{one.finding.figures['a']} with {one.finding.figures['b']}" for one in rest]
        q = [number(one.finding.figures["q"]) for one in rest]
        text = f"Smaller interactions on the mean: {listed(words, MOST_NAMED)}{bracket(each(q))}."
        figures: dict[str, Value] = {f"q {name}": value for name, value in zip(words, q, strict=True)}
        p = max(one.finding.p or 0.0 for one in rest)
        yield Ranked(MINOR, rest[0].size, Finding(text, "interactions", figures, p))
    yield from noise_pairs(evidence)


def noise_pairs(evidence: Evidence) -> Iterator[Ranked]:
    """Factors whose effects on the noise depend on each other, in one sentence."""
    words, figures, p, q = [], dict[str, Value](), [], []
    for pair in evidence.interactions.pairs:
        if not evidence.holds("ln sd", pair_name(pair)) or pair.log_sd_p is None:
            continue
        p.append(pair.log_sd_p)
        name = f"{pair.a} with {pair.b}"
        ratios = [evidence.interactions.rows[at].log_sd_did for at in pair.rows]
        ratio = math.exp(ratios[0]) if len(ratios) == 1 and ratios[0] is not None and abs(ratios[0]) < 700 else None
        words.append(name if ratio is None else f"{name} (× {figure(ratio)})")
        figures[f"ratio of ratios {name}"] = ratio
        q.append(evidence.q["ln sd", pair_name(pair)])
        figures[f"q {name}"] = q[-1]
    if words:
        text = f"Interactions on the noise: {listed(words, MOST_NAMED)}{bracket(each(q))}."
        if any("×" in word for word in words):
            text += " In brackets: what both together do to the noise beyond what each does."
        yield Ranked(MINOR, 0.0, Finding(text, "interactions", figures, max(p)))


def interaction(evidence: Evidence, pair: FactorPair, p: float) -> Ranked:
    """How the effect of one factor depends on the other's level."""
    q = evidence.q["mean", pair_name(pair)]
    readings = readings_of(evidence, pair)
    if not readings:
        return levels(evidence, pair, p, q)
    best = max(readings, key=lambda reading: (reading.crossover, reading.contrast))
    values = [e.value for e in best.effects.values()]
    figures: dict[str, Value] = {"a": best.acts, "b": best.other, "q": q}
    figures |= {f"effect at {level}": e.value for level, e in best.effects.items()}
    subject = best.acts if evidence.on_off(best.acts) else f"{best.acts} = {best.on}"
    if best.crossover:
        helps = {level: e for level, e in best.effects.items() if evidence.better(e.value)}
        hurts = {level: e for level, e in best.effects.items() if level not in helps}
        text = (
            f"{subject} helps where {where(evidence, best.other, helps)} and hurts where "
            f"{where(evidence, best.other, hurts, again=True)}: a crossover of the mean {evidence.response}"
            f"{bracket(chance('q', q))}."
        )
    else:
        parts = [f"{signed(e.value)} {evidence.at(best.other, level)}" for level, e in best.effects.items()]
        text = (
            f"The effect of {subject} on the mean {evidence.response} depends on {best.other}: "
            f"{listed(parts, MOST_NAMED)}{bracket(chance('q', q))}."
        )
    size = evidence.in_sds((max(values) - min(values)) / 2)
    return Ranked(FOUND, size, Finding(text, "interactions", figures, p))


def where(evidence: Evidence, factor: str, effects: Mapping[str, Simple], again: bool = False) -> str:
    """ "attn is tanh (−1.0) or none (−1.6)"; "it is …" where the factor was just named."""
    states = [f"{evidence.state(factor, level)} ({signed(e.value)})" for level, e in effects.items()]
    return f"{'it' if again else factor} is {listed(states, MOST_NAMED, 'or')}"


def readings_of(evidence: Evidence, pair: FactorPair) -> list[Reading]:
    """A pair read either way, as far as the factor that acts is a switch."""
    found = evidence.verdicts
    groups = found.runs.groups
    names = [factor.name for factor in groups.factors]
    i, j = names.index(pair.a), names.index(pair.b)
    if groups.sizes[i] > 2 and groups.sizes[j] > 2:
        return []
    term: Term = (min(i, j), max(i, j))
    mains: list[Term] = [(at,) for at in range(len(names))]
    fit = means_fit(found.runs, [*mains, *found.location.active, term])
    return [
        Reading(
            names[a],
            groups.levels[a][1],
            names[b],
            {level: simple(fit, a, b, at) for at, level in enumerate(groups.levels[b])},
        )
        for a, b in ((i, j), (j, i))
        if groups.sizes[a] == 2
    ]


def simple(fit: Fit, switch: int, other: int, level: int) -> Simple:
    """Effect of a switch at one level of another factor."""
    columns = fit.columns
    weights = np.zeros(columns.p)
    weights[columns.place[(switch,)]] = 1.0
    indicator = (np.arange(1, columns.groups.sizes[other]) == level) - columns.rates[other][1:]
    weights[columns.place[(min(switch, other), max(switch, other))]] = indicator
    estimate = fit.estimate(weights)
    return Simple(float(weights @ fit.coefficients), estimate.p if estimate is not None else None)


def levels(evidence: Evidence, pair: FactorPair, p: float, q: float) -> Ranked:
    """Two factors of more levels: the pair of levels that stands out."""
    rows = [evidence.interactions.rows[at] for at in pair.rows]
    clear = [row for row in rows if row.mean_did is not None and row.mean_q is not None and row.mean_q < SIGNIFICANT]
    figures: dict[str, Value] = {"a": pair.a, "b": pair.b, "q": q}
    text = f"The effects of {pair.a} and {pair.b} on the mean {evidence.response} depend on each other"
    text += bracket(chance("q", q))
    size = 0.0
    if clear:
        most = max(clear, key=lambda row: abs(row.mean_did or 0.0))
        did = most.mean_did or 0.0
        figures |= {"level a": most.a, "level b": most.b, "mean_did": did}
        size = evidence.in_sds(did / 2)
        a, b = (name.replace("=", " = ", 1) for name in (most.a, most.b))
        text += (
            f", most of all {a} with {b}: {figure(abs(did))} {'higher' if did > 0 else 'lower'} than their effects "
            "add up to, each against its other levels"
        )
    return Ranked(FOUND, size, Finding(f"{text}.", "interactions", figures, p))

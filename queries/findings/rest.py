"""What the best runs have, what could not be told from nothing, and what the design cannot tell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ablate_tui.data.schema import FINISHED
from ablate_tui.queries.effect_row import REST, EffectRow
from ablate_tui.queries.findings.evidence import (
    EACH,
    FOUND,
    LIMIT,
    MINOR,
    MOST_NAMED,
    NOTHING,
    Evidence,
    Finding,
    Ranked,
    Value,
    pair_name,
)
from ablate_tui.queries.noise import RESIDUALS
from ablate_tui.queries.sentences import bracket, chance, figure, interval, listed, share
from ablate_tui.queries.verdicts import SIGNIFICANT, FactorTest

MOST_INTERVALS = 8  # factors without a claim that are told with their intervals


def best(evidence: Evidence) -> Iterator[Ranked]:
    """Levels that the best configurations have more often than their share, above all where the mean says nothing."""
    against_mean, with_mean = [], []
    for row in evidence.effects.rows:
        if not evidence.holds("best", row.name) or row.best_share_on is None or row.base_share_on is None:
            continue
        gain = row.best_share_on - row.base_share_on
        shifted = evidence.holds("location", row.switch)
        if row.off != REST and not (shifted and evidence.better(row.mean_diff or 0.0) == (gain > 0)):
            against_mean.append(paradox(evidence, row, gain, shifted))
        elif gain > 0 or row.off != REST:
            with_mean.append((row, gain))
    against_mean.sort(key=lambda one: -one.size)
    yield from against_mean[:EACH]
    if with_mean:
        with_mean.sort(key=lambda one: -abs(one[1]))
        words = [f"{state(evidence, row, gain)} in {of_best(row, gain)}" for row, gain in with_mean]
        text = f"Of the best 10 % of runs: {listed(words, MOST_NAMED)}{bracket('each q < .05, over configurations')}."
        figures: dict[str, Value] = {f"best_share_on {row.name}": row.best_share_on for row, _ in with_mean}
        p = max(row.best_p or 0.0 for row, _ in with_mean)
        yield Ranked(MINOR, 0.5, Finding(text, "best", figures, p))


def state(evidence: Evidence, row: EffectRow, gain: float) -> str:
    """The side of a row that the best runs have more often."""
    if row.off == REST or not evidence.on_off(row.switch):
        return f"{row.switch} = {row.on if gain > 0 else row.off}"
    return f"{row.switch} {'on' if gain > 0 else 'off'}"


def of_best(row: EffectRow, gain: float) -> str:
    """ "84 % (of all runs 50 %)", of that side."""
    among, base = row.best_share_on or 0.0, row.base_share_on or 0.0
    return f"{share(among if gain > 0 else 1 - among)} (of all runs {share(base if gain > 0 else 1 - base)})"


def paradox(evidence: Evidence, row: EffectRow, gain: float, shifted: bool) -> Ranked:
    """The best runs have one side of a switch, and the mean does not say so."""
    q = evidence.q["best", row.name]
    other = evidence.sides(row)[1 if gain > 0 else 0]
    mean = f"the mean is better {other}" if shifted else "its mean is not told to be better"
    text = (
        f"The best runs have {state(evidence, row, gain)}, though {mean}: {of_best(row, gain)} of the best 10 % of runs"
        f"{bracket(chance('q', q))}"
    )
    test = next((one for one in evidence.effects.factors if one.factor == row.switch), None)
    spread = test is not None and (evidence.holds("noise", row.switch) or evidence.uneven(test))
    wider = row.sd_ratio is not None and (row.sd_ratio > 1) == (gain > 0)
    if spread and wider:
        on, off = evidence.sides(row)
        text += f". They come of the wider spread there: SD {figure(row.sd_on)} {on}, {figure(row.sd_off)} {off}"
    figures: dict[str, Value] = {
        "switch": row.switch, "level": row.on, "best_share_on": row.best_share_on, "base_share_on": row.base_share_on,
        "mean_diff": row.mean_diff, "q": q,
    }  # fmt: skip
    return Ranked(FOUND, abs(gain), Finding(f"{text}.", "best", figures, row.best_p))


def nothing(evidence: Evidence) -> Iterator[Ranked]:
    """Factors without a claim: hints that the family does not carry, and what could still be."""
    hints: list[tuple[float, str]] = []
    quiet: list[FactorTest] = []
    for test in evidence.effects.factors:
        tests = {"mean": test.location_p, "noise": test.noise_p}
        known = {name: p for name, p in tests.items() if p is not None}
        if not known or claimed(evidence, test):
            continue
        name = min(known, key=lambda one: known[one])
        if known[name] < SIGNIFICANT:
            hints.append((known[name], f"{test.factor} ({name}, {chance('p', known[name])} by itself)"))
        else:
            quiet.append(test)
    if hints:
        hints.sort()
        text = (
            f"Unresolved: {listed([words for _, words in hints], MOST_NAMED)}. Chance gives as much among so many tests; "
            "more runs would tell."
        )
        figures: dict[str, Value] = {f"p {words.split(' (')[0]}": p for p, words in hints}
        yield Ranked(NOTHING, 1.0, Finding(text, "effects", figures, hints[0][0]))
    if quiet:
        yield without_effect(evidence, quiet)


def claimed(evidence: Evidence, test: FactorTest) -> bool:
    """Whether any test of a factor, or of a pair that it is in, is told as found."""
    if evidence.holds("location", test.factor) or evidence.holds("noise", test.factor) or evidence.uneven(test):
        return True
    mine = [pair_name(pair) for pair in evidence.interactions.pairs if test.factor in (pair.a, pair.b)]
    return any(evidence.holds(kind, name) for kind in ("mean", "ln sd") for name in mine)


def without_effect(evidence: Evidence, quiet: list[FactorTest]) -> Ranked:
    """The factors of which nothing is told, with the intervals of the mean difference."""
    words, figures = [], dict[str, Value]()
    for test in quiet:
        row = evidence.rows.get(test.factor)
        low, high = (row.mean_diff_low, row.mean_diff_high) if row is not None else (None, None)
        words.append(test.factor + bracket(interval(low, high)))
        if row is not None:
            figures |= {f"mean_diff_low {test.factor}": low, f"mean_diff_high {test.factor}": high}
        figures |= {f"location_p {test.factor}": test.location_p, f"noise_p {test.factor}": test.noise_p}
    text = f"No effect on mean or spread is told of {listed(words, MOST_INTERVALS)}."
    if any("%" in word for word in words):
        text += " In brackets: where the mean difference may still lie."
    p = min(p for test in quiet for p in (test.location_p, test.noise_p) if p is not None)
    return Ranked(NOTHING, 0.0, Finding(text, "effects", figures, p))


def limits(evidence: Evidence) -> Iterator[Ranked]:
    """What the design cannot tell."""
    found = evidence.verdicts
    finished = int(np.count_nonzero(evidence.sample.status == FINISHED))
    groups = found.runs.groups
    figures: dict[str, Value] = {"configurations": groups.n, "finished": finished}
    if found.location.why:
        text = f"This sweep cannot tell what moves the mean: {found.location.why}."
        yield Ranked(LIMIT, 3, Finding(text, "design", figures, None))
    aliased: dict[frozenset[str], str] = {}  # a with b is b with a
    for name, why in found.location.reasons.items():
        if why.startswith("aliased with "):
            others = why.removeprefix("aliased with ").removesuffix(" in this slice")
            aliased.setdefault(frozenset({name, *others.split(" and ")}), f"{name} from {others}")
    if aliased:
        text = (
            f"This sweep cannot tell {listed(list(aliased.values()), EACH + 1)}: they change together. The design view "
            "lists runs that would separate them."
        )
        yield Ranked(LIMIT, 2, Finding(text, "design", figures | {"aliases": len(aliased)}, None))
    if found.noise.why and not found.location.why:
        text = f"This sweep cannot tell noise: {found.noise.why}."
        yield Ranked(LIMIT, 1, Finding(text, "design", figures, None))
    elif found.noise.basis == RESIDUALS:
        text = (
            "Without replicates, noise is judged from the residuals of the location model, where two missed "
            "interactions can look like noise. A few repeated runs would tell."
        )
        yield Ranked(LIMIT, 1, Finding(text, "design", figures, None))

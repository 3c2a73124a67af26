"""What the best runs have, what could not be told from nothing, and what the design cannot tell."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

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
from ablate_tui.queries.findings.shift import estimate
from ablate_tui.queries.inference.noise import RESIDUALS
from ablate_tui.queries.inference.verdicts import LARGE_RATIO, SIGNIFICANT, FactorTest
from ablate_tui.queries.sentences import bracket, chance, each, figure, interval, listed, share, signed

MOST_INTERVALS = 8  # factors without a claim that are told with their intervals


def best(evidence: Evidence) -> Iterator[Ranked]:
    """Levels that the best configurations have more often than their share, above all where the mean says nothing."""
    against_mean, with_mean = [], []
    for row in evidence.effects.rows:
        if not evidence.holds("best", row.name) or row.best_share_on is None or row.base_share_on is None:
            continue
        gain = row.best_share_on - row.base_share_on
        shifted = evidence.holds("location", row.switch)
        if row.off != REST and not (shifted and evidence.better(estimate(row)) == (gain > 0)):
            against_mean.append(paradox(evidence, row, gain, shifted))
        elif gain > 0 or row.off != REST:
            with_mean.append((row, gain))
    against_mean.sort(key=lambda one: -one.size)
    yield from against_mean[:EACH]
    if with_mean:
        with_mean.sort(key=lambda one: -abs(one[1]))
        words = []
        for row, gain in with_mean:
            among, base = shares(row, gain)
            words.append(f"{state(evidence, row, gain)} in {among} (of all runs {base})")
        q = each([evidence.q["best", row.name] for row, _ in with_mean])
        text = f"The best 10 % of runs have {listed(words, MOST_NAMED)}{bracket(f'{q}, over configurations')}."
        figures: dict[str, Value] = {f"best_share_on {row.name}": row.best_share_on for row, _ in with_mean}
        p = max(row.best_p or 0.0 for row, _ in with_mean)
        yield Ranked(MINOR, 0.5, Finding(text, "best", figures, p))


def state(evidence: Evidence, row: EffectRow, gain: float) -> str:
    """The side of a row that the best runs have more often."""
    if row.off == REST or not evidence.on_off(row.switch):
        return f"{row.switch} = {row.on if gain > 0 else row.off}"
    return f"{row.switch} {'on' if gain > 0 else 'off'}"


def shares(row: EffectRow, gain: float) -> tuple[str, str]:
    """How many of the best runs, and of all, are on the side that the best have more often."""
    among, base = row.best_share_on or 0.0, row.base_share_on or 0.0
    return (share(among), share(base)) if gain > 0 else (share(1 - among), share(1 - base))


def paradox(evidence: Evidence, row: EffectRow, gain: float, shifted: bool) -> Ranked:
    """The best runs have one side of a switch, and the mean does not say so."""
    q = evidence.q["best", row.name]
    other = evidence.with_sides(row)[1] if gain > 0 else f"with {'it on' if evidence.on_off(row.switch) else row.on}"
    mean = f"the mean is better {other}" if shifted else "no difference of the means is told"
    among, base = shares(row, gain)
    text = (
        f"{among} of the best 10 % of runs have {state(evidence, row, gain)}"
        f"{bracket(f'of all runs {base}', chance('q', q))}, though {mean}"
    )
    test = evidence.verdicts.factors.get(row.switch)
    spread = test is not None and (evidence.holds("noise", row.switch) or evidence.uneven(test))
    if spread and row.sd_ratio is not None and (row.sd_ratio > 1) == (gain > 0):
        wide, narrow = (row.sd_on, row.sd_off) if gain > 0 else (row.sd_off, row.sd_on)
        text += f": they come of the wider spread, SD {figure(wide)} against {figure(narrow)}"
    figures: dict[str, Value] = {
        "switch": row.switch, "level": row.on, "best_share_on": row.best_share_on, "base_share_on": row.base_share_on,
        "mean_diff": row.mean_diff, "q": q,
    }  # fmt: skip
    return Ranked(FOUND, abs(gain), Finding(f"{text}.", "best", figures, row.best_p))


def nothing(evidence: Evidence, explained: Collection[str]) -> Iterator[Ranked]:
    """Factors without a claim: spreads whose cause is not told, hints that the family does not carry, the others."""
    spreads: list[EffectRow] = []
    hints: list[tuple[float, str]] = []
    quiet: list[FactorTest] = []
    for test in evidence.effects.factors:
        tests = {"mean": test.location_p, "noise": test.noise_p}
        known = {name: p for name, p in tests.items() if p is not None}
        if not known or claimed(evidence, test):
            continue
        name = min(known, key=lambda one: known[one])
        row = evidence.rows.get(test.factor)
        if row is not None and test.factor not in explained and differs(row):
            spreads.append(row)
        elif known[name] < SIGNIFICANT:
            hints.append((known[name], f"{test.factor} ({name}, {chance('p', known[name])} by itself)"))
        else:
            quiet.append(test)
    if spreads:
        yield without_cause(evidence, spreads)
    if hints:
        hints.sort()
        text = (
            f"Unresolved: {listed([words for _, words in hints], MOST_NAMED)}. Chance gives as much among so many "
            "tests; more runs would tell."
        )
        figures: dict[str, Value] = {f"p {words.split(' (')[0]}": p for p, words in hints}
        yield Ranked(NOTHING, 1.0, Finding(text, "effects", figures, hints[0][0]))
    if quiet:
        yield without_effect(evidence, quiet)


def differs(row: EffectRow) -> bool:
    """Whether the SDs of the two sides differ much, by all of their interval."""
    low, high = row.sd_ratio_low, row.sd_ratio_high
    return low is not None and high is not None and (low > LARGE_RATIO or high < 1 / LARGE_RATIO)


def without_cause(evidence: Evidence, rows: list[EffectRow]) -> Ranked:
    """Spreads that the runs show, and no test says whose they are."""
    rows = sorted(rows, key=lambda row: -abs(math.log(row.sd_ratio or 1.0)))
    words = [
        f"{evidence.subject(row)} (SD ratio {figure(row.sd_ratio)}; {interval(row.sd_ratio_low, row.sd_ratio_high)})"
        for row in rows
    ]
    text = (
        f"Unresolved: the spread of the runs differs by {listed(words, MOST_NAMED)}, but neither noise nor a two-"
        "factor interaction is told to make it."
    )
    figures: dict[str, Value] = {f"sd_ratio {row.name}": row.sd_ratio for row in rows}
    p = min(p for row in rows for p in (row.location_p, row.noise_p) if p is not None)
    return Ranked(NOTHING, 1.5, Finding(text, "effects", figures, p))


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
    finished = int(evidence.sample.outcomes.finished.sum())
    groups = found.runs.groups
    figures: dict[str, Value] = {"configurations": groups.n, "finished": finished}
    if found.location.why:
        text = f"This sweep cannot tell what moves the mean: {found.location.why}."
        yield Ranked(LIMIT, 3, Finding(text, "design", figures, None))
    aliased: dict[frozenset[str], str] = {}  # a with b is b with a
    for name, others in found.location.confounded.items():
        aliased.setdefault(frozenset({name, *others}), f"{name} from {listed(others, EACH, 'or')}{raw(evidence, name)}")
    if aliased:
        text = (
            f"This sweep cannot tell {listed(list(aliased.values()), EACH + 1)}: they change together. The design view "
            "lists runs that would separate them."
        )
        yield Ranked(LIMIT, 2, Finding(text, "design", figures | {"aliases": len(aliased)}, None))
    alike = dict(found.aliases)
    for pair, twins in found.twins.items():  # of active interactions alone: nothing is said of the others
        if twins:
            alike[":".join(name for name in found.factors if name in pair)] = twins
    if alike:
        words = [f"{name} from {listed(others, EACH, 'or')}" for name, others in alike.items()]
        text = (
            f"This sweep cannot tell some effects from interactions: {listed(words, EACH + 1)}. What is said of one "
            "may be of the other; the design view lists runs that would separate them."
        )
        yield Ranked(LIMIT, 1.5, Finding(text, "design", figures | {"aliases": len(alike)}, None))
    if found.noise.why and not found.location.why:
        text = f"This sweep cannot tell noise: {found.noise.why}."
        yield Ranked(LIMIT, 1, Finding(text, "design", figures, None))
    elif found.noise.basis == RESIDUALS:
        text = (
            "Without replicates, noise is judged from the residuals of the location model, where two missed "
            "interactions can look like noise. A few repeated runs would tell."
        )
        yield Ranked(LIMIT, 1, Finding(text, "design", figures, None))


def raw(evidence: Evidence, name: str) -> str:
    """What the runs show of a factor that can't be tested."""
    row = evidence.rows.get(name)
    if row is None or row.mean_diff is None or row.sd_ratio is None:
        return ""
    return f" (untested: mean difference {signed(row.mean_diff)}, SD ratio {figure(row.sd_ratio)})"

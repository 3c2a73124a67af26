"""Who fails more often, and what that makes of the spread."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ablate_tui.queries.effect_row import EffectRow
from ablate_tui.queries.findings.evidence import (
    EACH,
    FAILED,
    MINOR,
    MOST_NAMED,
    NOTHING,
    Evidence,
    Finding,
    Ranked,
    Value,
    number,
)
from ablate_tui.queries.findings.separated import Separated
from ablate_tui.queries.inference.given_success import GivenSuccess
from ablate_tui.queries.inference.verdicts import LARGE_RATIO, SIGNIFICANT
from ablate_tui.queries.sentences import bracket, chance, each, figure, listed, share, signed

SELECTED = "given success, a selected comparison"
MOST, ALL = 0.5, 0.8  # of the logarithm of an SD ratio that is left without the failed runs


def failures(evidence: Evidence) -> Iterator[Ranked]:
    """Rows whose sides fail at different rates, the largest difference first."""
    given = {(row.switch, row.level): row for row in evidence.effects.given_success}
    found: list[Ranked] = []
    told: set[str] = set()  # rows that part the runs as one before them does
    for row in evidence.effects.rows:
        if row.failed_on == row.failed_off or row.name in told or not claimed(evidence, row):
            continue
        found.append(failure(evidence, row, given.get((row.switch, row.on))))
        if row.name in evidence.separated:
            told.update(evidence.separated[row.name].same)
    found.sort(key=lambda one: -one.size)
    yield from found[:EACH]
    if found[EACH:]:
        yield others(evidence, [one.finding for one in found[EACH:]])
    if not found:
        yield from unmoved(evidence)


def claimed(evidence: Evidence, row: EffectRow) -> bool:
    """Whether the rates of a row differ: in the family, and of a level also by itself."""
    if evidence.holds("separated", row.name):
        return True
    return evidence.holds("failure", row.switch) and row.failure_p is not None and row.failure_p < SIGNIFICANT


def fails(evidence: Evidence) -> str:
    """What failed runs did."""
    return "failed" if evidence.condition else "diverged"


def rates(evidence: Evidence, row: EffectRow) -> str:
    """ "3.0 % of runs failed with use_norm on, 13 % with it off"."""
    on, off = evidence.with_sides(row)
    first = "All runs" if row.failed_on == 1 else "No run" if row.failed_on == 0 else f"{share(row.failed_on)} of runs"
    second = {0.0: "none", 1.0: "all"}.get(-1.0 if row.failed_off is None else row.failed_off, share(row.failed_off))
    return f"{first} {fails(evidence)} {on}, {second} {off}"


def exact(found: Separated) -> str:
    """The test of a row that the model of the rates fits exactly."""
    return f"Fisher's exact test over {found.configurations} configurations, since the model of the rates fits exactly"


def same(found: Separated) -> str:
    """What else may be the cause."""
    return f" {listed(found.same, EACH)} changed with it: either may be the cause." if found.same else ""


def failure(evidence: Evidence, row: EffectRow, clean: GivenSuccess | None) -> Ranked:
    """The rates of one row, and its spread without the failed runs."""
    separated = evidence.separated.get(row.name)
    if separated is not None:
        p, q = separated.p, evidence.q["separated", row.name]
        test, more = exact(separated), same(separated)
    else:
        p, q = row.failure_p or 0.0, evidence.q["failure", row.switch]
        test = more = ""
    text = f"{rates(evidence, row)}{bracket(chance('q', q), test)}.{more}"
    figures: dict[str, Value] = {
        "switch": row.switch, "level": row.on, "failed_on": row.failed_on, "failed_off": row.failed_off, "q": q,
    }  # fmt: skip
    explained = False
    if clean is not None and row.sd_ratio and clean.sd_ratio:
        text += f" {without_failures(row, row.sd_ratio, clean, clean.sd_ratio)}"
        explained = kept(row, row.sd_ratio, clean.sd_ratio) < MOST
        figures |= {
            "mean_diff": row.mean_diff,
            "mean_diff_given_success": clean.mean_diff,
            "sd_ratio": row.sd_ratio,
            "sd_ratio_given_success": clean.sd_ratio,
            "noise_ratio_given_success": clean.noise_ratio,
        }
    size = abs((row.failed_on or 0.0) - (row.failed_off or 0.0))
    return Ranked(FAILED, size, Finding(text, "effects", figures, p), row.switch if explained else "")


def kept(row: EffectRow, ratio: float, clean: float) -> float:
    """How much of an SD ratio, on the scale of logarithms, is left without the failed runs."""
    wider_where_failing = (ratio > 1) == ((row.failed_on or 0.0) > (row.failed_off or 0.0))
    if abs(math.log(ratio)) < math.log(LARGE_RATIO) or not wider_where_failing:
        return 1.0  # there is nothing for the failures to make
    return math.log(clean) / math.log(ratio)


def without_failures(row: EffectRow, ratio: float, clean: GivenSuccess, clean_ratio: float) -> str:
    """Spread and mean without the failed runs, and how much of the spread they make."""
    left = kept(row, ratio, clean_ratio)
    if left < MOST:
        text = f"That makes {'' if left < MOST / 2 else 'most of '}the SD ratio of {figure(ratio)}"
    elif left < ALL:
        text = f"That makes a part of the SD ratio of {figure(ratio)}"
    else:
        text = f"It does not make the SD ratio of {figure(ratio)}"
    text += f": without failed runs it is {figure(clean_ratio)}"
    if clean.noise_ratio is not None:
        text += f", and the noise ratio among configurations without a failure {figure(clean.noise_ratio)}"
    if row.mean_diff is not None and clean.mean_diff is not None:
        text += f"; the mean difference is {signed(clean.mean_diff)} in place of {signed(row.mean_diff)}"
    return f"{text} ({SELECTED})."


def others(evidence: Evidence, found: list[Finding]) -> Ranked:
    """The smaller differences in one sentence."""
    words, figures = [], dict[str, Value]()
    for one in found:
        row = row_of(evidence, one)
        words.append(f"{evidence.is_on(row)} {share(row.failed_on)} (else {share(row.failed_off)})")
        figures |= {f"failed_on {row.name}": row.failed_on, f"failed_off {row.name}": row.failed_off}
    q = each([number(one.figures["q"]) for one in found])
    what = f"Smaller differences in the share of runs that {fails(evidence)}"
    text = f"{what}: {listed(words, MOST_NAMED)}{bracket(q)}."
    return Ranked(MINOR, 1.0, Finding(text, "effects", figures, max(one.p or 0.0 for one in found)))


def row_of(evidence: Evidence, one: Finding) -> EffectRow:
    """The row of the effects that a finding is about."""
    return next(
        row for row in evidence.effects.rows if (row.switch, row.on) == (one.figures["switch"], one.figures["level"])
    )


def unmoved(evidence: Evidence) -> Iterator[Ranked]:
    """Runs failed, and no factor is told to change how often."""
    if evidence.separated:
        name = min(evidence.separated, key=lambda one: evidence.separated[one].p)
        one, row = evidence.separated[name], evidence.rows[name]
        text = (
            f"{rates(evidence, row)}, but over so few configurations chance might do that"
            f"{bracket(chance('p', one.p), exact(one))}.{same(one)}"
        )
        figures: dict[str, Value] = {
            "switch": row.switch, "level": row.on, "failed_on": row.failed_on, "failed_off": row.failed_off,
        }  # fmt: skip
        yield Ranked(FAILED, 0.0, Finding(text, "effects", figures, one.p))
        return
    outcomes = evidence.sample.outcomes
    of = int(outcomes.outcomes.sum())
    failed = int(outcomes.failed.sum()) / of if of else 0.0
    tests = evidence.effects.failures
    if not failed or not tests:
        return
    least = min(tests, key=lambda name: tests[name])
    text = (
        f"{share(failed)} of runs {fails(evidence)}; no factor is told to change how often"
        f"{bracket(f'the nearest is {least}, ' + chance('p', tests[least]) + ' by itself')}."
    )
    yield Ranked(NOTHING, 2.0, Finding(text, "effects", {"failed": failed, "switch": least}, tests[least]))

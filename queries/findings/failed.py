"""Who fails more often, and what that makes of the spread."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ablate_tui.data.schema import MISSING
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
)
from ablate_tui.queries.given_success import GivenSuccess
from ablate_tui.queries.sentences import bracket, chance, figure, listed, share
from ablate_tui.queries.verdicts import LARGE_RATIO, SIGNIFICANT

SELECTED = "given success, a selected comparison"


def failures(evidence: Evidence) -> Iterator[Ranked]:
    """Rows whose sides fail at different rates, the largest difference first."""
    given = {(row.switch, row.level): row for row in evidence.effects.given_success}
    found = [
        failure(evidence, row, given.get((row.switch, row.on)))
        for row in evidence.effects.rows
        if row.failed_on != row.failed_off and claimed(evidence, row)
    ]
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


def failure(evidence: Evidence, row: EffectRow, clean: GivenSuccess | None) -> Ranked:
    """The rates of one row, and its spread without the failed runs."""
    on, off = evidence.with_sides(row)
    separated = evidence.separated.get(row.name)
    if separated is not None:
        p, q = separated.p, evidence.q["separated", row.name]
        test = f"Fisher's exact test over {separated.configurations} configurations, for the model fits exactly"
        more = f" So does {listed(separated.same, EACH)}: either may be the cause." if separated.same else ""
    else:
        p, q = row.failure_p or 0.0, evidence.q["failure", row.switch]
        test = more = ""
    text = (
        f"{share(row.failed_on)} of runs {fails(evidence)} {on}, {share(row.failed_off)} {off}"
        f"{bracket(chance('q', q), test)}.{more}"
    )
    figures: dict[str, Value] = {
        "switch": row.switch, "level": row.on, "failed_on": row.failed_on, "failed_off": row.failed_off, "q": q,
    }  # fmt: skip
    explained = False
    if clean is not None and row.sd_ratio and clean.sd_ratio:
        words, explained = without_failures(row, row.sd_ratio, clean.sd_ratio, clean.noise_ratio)
        text += f" {words}"
        figures |= {
            "sd_ratio": row.sd_ratio,
            "sd_ratio_given_success": clean.sd_ratio,
            "noise_ratio_given_success": clean.noise_ratio,
        }
    size = abs((row.failed_on or 0.0) - (row.failed_off or 0.0))
    return Ranked(FAILED, size, Finding(text, "effects", figures, p), row.switch if explained else "")


def without_failures(row: EffectRow, ratio: float, clean: float, noise: float | None) -> tuple[str, bool]:
    """What the SD ratio is without the failed runs, and whether they make the larger part of it."""
    wider_where_failing = (ratio > 1) == ((row.failed_on or 0.0) > (row.failed_off or 0.0))
    if abs(math.log(ratio)) < math.log(LARGE_RATIO) or not wider_where_failing:
        kept, words = 1.0, "The SD ratio is {}, and {} without failed runs"
    else:
        kept = math.log(clean) / math.log(ratio)
        if kept < 0.5:
            words = (
                f"That makes {'' if kept < 0.25 else 'most of '}the SD ratio of {{}}: without failed runs it is {{}}"
            )
        elif kept < 0.8:
            words = "That makes a part of the SD ratio of {}: without failed runs it is {}"
        else:
            words = "That does not make the SD ratio of {}: without failed runs it is {}"
    text = words.format(figure(ratio), figure(clean))
    if noise is not None:
        text += f", and the noise ratio among configurations without a failure {figure(noise)}"
    return f"{text} ({SELECTED}).", kept < 0.5


def others(evidence: Evidence, found: list[Finding]) -> Ranked:
    """The smaller differences in one sentence."""
    words, figures = [], dict[str, Value]()
    for one in found:
        row = row_of(evidence, one)
        words.append(f"{evidence.is_on(row)} {share(row.failed_on)} (else {share(row.failed_off)})")
        figures |= {f"failed_on {row.name}": row.failed_on, f"failed_off {row.name}": row.failed_off}
    text = (
        f"Smaller differences in the share of runs that {fails(evidence)}: {listed(words, MOST_NAMED)}"
        f"{bracket('each q < .05')}."
    )
    return Ranked(MINOR, 1.0, Finding(text, "effects", figures, max(one.p or 0.0 for one in found)))


def row_of(evidence: Evidence, one: Finding) -> EffectRow:
    """The row of the effects that a finding is about."""
    return next(
        row for row in evidence.effects.rows if (row.switch, row.on) == (one.figures["switch"], one.figures["level"])
    )


def unmoved(evidence: Evidence) -> Iterator[Ranked]:
    """Runs failed, and no factor is told to change how often."""
    outcome = evidence.sample.status != MISSING
    failed = float(np.mean(evidence.sample.failed[outcome])) if outcome.any() else 0.0
    tests = evidence.effects.failures
    if not failed or not tests:
        return
    least = min(tests, key=lambda name: tests[name])
    text = (
        f"{share(failed)} of runs {fails(evidence)}; no factor is told to change how often"
        f"{bracket(f'the nearest is {least}, ' + chance('p', tests[least]) + ' by itself')}."
    )
    yield Ranked(NOTHING, 2.0, Finding(text, "effects", {"failed": failed, "switch": least}, tests[least]))

"""Who fails more often, and spreads that are rates of collapse."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ablate_tui.queries.cells import cells
from ablate_tui.queries.effects import raw_difference
from ablate_tui.queries.failures import failure_p
from ablate_tui.queries.findings.evidence import (
    EACH,
    FAILED,
    MINOR,
    Evidence,
    Finding,
    Ranked,
    Value,
    number,
)
from ablate_tui.queries.sentences import bracket, chance, figure, listed, share
from ablate_tui.queries.two_sample import side
from ablate_tui.queries.verdicts import SIGNIFICANT

WORST = 0.05  # share of runs that a spread must not hang on
TWOFOLD = 2.0


def failures(evidence: Evidence) -> Iterator[Ranked]:
    """Who fails more often, and spreads that are rates of collapse."""
    given = {(row.switch, row.level): row for row in evidence.effects.given_success}
    what = "failed" if evidence.condition else "diverged"
    found = []
    for row in evidence.effects.rows:
        if row.failed_on is None or row.failed_off is None or row.failed_on == row.failed_off:
            continue
        q = evidence.q.get(("failure", row.switch))
        if row.failure_p is None or q is None or q >= SIGNIFICANT or row.failure_p >= SIGNIFICANT:
            continue
        words = f"{share(row.failed_on)} of runs {what} with {evidence.is_on(row)}, {share(row.failed_off)} with {evidence.is_off(row)}"
        figures: dict[str, Value] = {"failed_on": row.failed_on, "failed_off": row.failed_off, "q": q}
        text = f"{words}{bracket(chance('q', q))}."
        clean = given.get((row.switch, row.on))
        if clean is not None:
            figures |= {"sd_ratio": row.sd_ratio, "sd_ratio_given_success": clean.sd_ratio}
            figures["noise_ratio_given_success"] = clean.noise_ratio
            text += (
                f" The SD ratio of {figure(row.sd_ratio)} is {figure(clean.sd_ratio)} without failed runs"
                + (
                    f", and the noise ratio among configurations without a failure {figure(clean.noise_ratio)}"
                    if clean.noise_ratio is not None
                    else ""
                )
                + " (given success, a selected comparison)."
            )
        figures["row"] = row.name
        found.append((abs(row.failed_on - row.failed_off), Finding(text, "effects", figures, row.failure_p)))
    found.sort(key=lambda one: -one[0])
    for size, finding in found[:EACH]:
        yield Ranked(FAILED, size, finding)
    if found[EACH:]:
        words = [
            f"{one.figures['row']} ({share(number(one.figures['failed_on']))} on, {share(number(one.figures['failed_off']))} off)"
            for _, one in found[EACH:]
        ]
        text = f"Smaller differences in how often runs {'fail' if evidence.condition else 'diverge'}: {listed(words)}{bracket('each q < .05')}."
        p = max(one.p or 0.0 for _, one in found[EACH:])
        yield Ranked(MINOR, 0.0, Finding(text, "effects", {}, p))


def worst(evidence: Evidence) -> Iterator[Ranked]:
    """SD ratios that the worst runs make: more likely a rate of collapse than noise."""
    sample = evidence.sample
    y = sample.y[sample.finished]
    if evidence.condition is not None or len(y) < 1 / WORST:  # failures are told apart already
        return
    worst_first = np.sort(y if evidence.goal == "max" else -y)
    limit = float(worst_first[math.ceil(WORST * len(y)) - 1])
    bad = sample.finished & ((sample.y <= limit) if evidence.goal == "max" else (-sample.y <= limit))
    if bad.sum() > 2 * WORST * len(y):  # ties: no tail to speak of
        return
    kept = sample.finished & ~bad
    tests = failure_p(replace(sample, failed=bad), cells(sample))
    border = -limit if evidence.goal == "min" else limit
    for row in evidence.effects.rows:
        if row.sd_ratio is None or not raw_difference(row):
            continue
        factor = sample.table.factor(row.switch)
        code = sample.code(row.switch)
        here = code == factor.code(row.on)
        on, off = (side(np.sort(sample.y[kept & mask])) for mask in (here, ~here & (code >= 0)))
        if not off.sd > 0 or not on.sd > 0:
            continue
        without = on.sd / off.sd
        change = row.sd_ratio / without
        reverses = (row.sd_ratio - 1) * (without - 1) < 0 and abs(math.log(row.sd_ratio)) > math.log(1.25)
        p = tests.p.get((row.switch, factor.code(row.on)))
        if not (reverses or not 1 / TWOFOLD < change < TWOFOLD) or p is None or p >= SIGNIFICANT:
            continue
        shares = [float(np.mean(bad[sample.finished & mask])) for mask in (here, ~here & (code >= 0))]
        sign = ">" if evidence.goal == "min" else "<"
        yield Ranked(
            FAILED,
            abs(shares[0] - shares[1]) - 1,
            Finding(
                f"The SD ratio of {row.name}, {figure(row.sd_ratio)}, hangs on the worst 5 % of runs: without them it "
                f"is {figure(without)}. {share(shares[0])} of runs with {evidence.is_on(row)} and {share(shares[1])} with "
                f"{evidence.is_off(row)} are among them{bracket(chance('p', p))}: a rate of collapse may look like a spread; "
                f'--fail "{evidence.response} {sign} {figure(border).replace("−", "-")}" tells them apart.',
                "effects",
                {
                    "sd_ratio": row.sd_ratio,
                    "sd_ratio_without_worst": without,
                    "worst_on": shares[0],
                    "worst_off": shares[1],
                },
                p,
            ),
        )

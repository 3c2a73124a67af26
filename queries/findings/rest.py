"""What the best runs have, what could not be told from nothing, and what the design cannot tell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ablate_tui.data.schema import FINISHED
from ablate_tui.queries.effect_row import REST
from ablate_tui.queries.findings.evidence import (
    FOUND,
    LIMIT,
    MINOR,
    NOTHING,
    Evidence,
    Finding,
    Ranked,
)
from ablate_tui.queries.noise import RESIDUALS
from ablate_tui.queries.sentences import bracket, chance, interval, listed, share
from ablate_tui.queries.verdicts import SIGNIFICANT


def best(evidence: Evidence) -> Iterator[Ranked]:
    """Levels that the best configurations have more often than their share, above all where the mean says nothing."""
    words, p = [], 0.0
    for row in evidence.effects.rows:
        if not evidence.holds("best", row.name) or row.best_share_on is None or row.base_share_on is None:
            continue
        gain = row.best_share_on - row.base_share_on
        estimate = row.mean_diff or 0.0
        shifted = evidence.holds("location", row.switch)
        if row.off != REST and not (shifted and evidence.better(estimate) == (gain > 0)):
            much = "on" if gain > 0 else "off"
            text = (
                f"{row.name} is {much} in {share(row.best_share_on if gain > 0 else 1 - row.best_share_on)} of the best 10 % "
                f"of runs, {share(row.base_share_on if gain > 0 else 1 - row.base_share_on)} of all"
                f"{bracket(chance('q', evidence.q['best', row.name]))}, though its mean is "
                f"{'no better' if not shifted else 'worse'} there: the spread makes the best runs, not the mean."
            )
            yield Ranked(FOUND, abs(gain), Finding(text, "best", {"switch": row.switch, "gain": gain}, row.best_p))
        elif gain > 0 or row.off != REST:
            state = row.on if row.off == REST else ("on" if gain > 0 else "off")
            of = row.best_share_on if gain > 0 else 1 - row.best_share_on
            all_ = row.base_share_on if gain > 0 else 1 - row.base_share_on
            words.append(f"{row.switch} {state} in {share(of)} (of all runs {share(all_)})")
            p = max(p, row.best_p or 0.0)
    if words:
        text = f"The best 10 % of runs have {listed(words[:5])}{bracket('each q < .05, over configurations')}."
        yield Ranked(MINOR, 1.0, Finding(text, "best", {}, p))


def nothing(evidence: Evidence) -> Iterator[Ranked]:
    """Factors without a claim: what could still be is inside the interval."""
    words, quiet, hints = [], [], []
    for test in evidence.effects.factors:
        claimed = (
            evidence.holds("location", test.factor)
            or evidence.holds("noise", test.factor)
            or (test.distance_q is not None and test.distance_q < SIGNIFICANT)
            or any(
                evidence.holds("mean", f"{pair.a}:{pair.b}")
                for pair in evidence.interactions.pairs
                if test.factor in (pair.a, pair.b)
            )
        )
        tested = [p for p in (test.location_p, test.noise_p) if p is not None]
        if claimed or not tested:
            continue
        row = evidence.rows.get(test.factor)
        if min(tested) < SIGNIFICANT:
            which = "mean" if test.location_p == min(tested) else "noise"
            hints.append((min(tested), f"{test.factor} ({which}, {chance('p', min(tested))} by itself)"))
            continue
        quiet += tested
        words.append(test.factor + (bracket(interval(row.mean_diff_low, row.mean_diff_high)) if row else ""))
    if hints:
        text = (
            f"Unresolved, since chance gives as much among so many tests: {listed([words_ for _, words_ in sorted(hints)[:5]])}. "
            "More runs would tell."
        )
        yield Ranked(NOTHING, 1.0, Finding(text, "effects", {}, min(hints)[0]))
    if words:
        most = "" if len(words) <= 8 else f" and {len(words) - 8} more"
        text = (
            f"No effect on mean or spread told from none: {', '.join(words[:8])}{most}. The intervals are what the mean "
            "difference could still be."
        )
        yield Ranked(NOTHING, 0.0, Finding(text, "effects", {}, min(quiet)))


def limits(evidence: Evidence) -> Iterator[Ranked]:
    """What the design cannot tell."""
    found = evidence.verdicts
    finished = int(np.count_nonzero(evidence.sample.status == FINISHED))
    groups = found.runs.groups
    if found.location.why:
        text = f"This sweep cannot tell what moves the mean: {found.location.why}."
        yield Ranked(LIMIT, 3, Finding(text, "design", {"configurations": groups.n, "finished": finished}, None))
    aliased = {name: why for name, why in found.location.reasons.items() if "aliased" in why}
    if aliased:
        told = listed([f"{name} is {why.removesuffix(' in this slice')}" for name, why in list(aliased.items())[:4]])
        text = (
            f"This sweep cannot tell some factors apart: {told}. The design view lists runs that would separate them."
        )
        yield Ranked(LIMIT, 2, Finding(text, "design", {}, None))
    if found.noise.why and not found.location.why:
        text = f"This sweep cannot tell noise: {found.noise.why}."
        yield Ranked(LIMIT, 1, Finding(text, "design", {}, None))
    elif found.noise.basis == RESIDUALS:
        text = (
            "No configuration was run often enough to see noise by itself: what is said of it comes from the residuals of "
            "the location model, where two missed interactions can look the same. Replicates would tell."
        )
        yield Ranked(LIMIT, 1, Finding(text, "design", {"configurations": groups.n}, None))

"""What a factor does to the spread, and whose spread it is: noise, or the other factors'."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ablate_tui.queries.effect_row import EffectRow
from ablate_tui.queries.findings.clause import Clause
from ablate_tui.queries.findings.evidence import EACH, MOST_NAMED, Evidence, Value
from ablate_tui.queries.inference.noise import REPLICATES, RESIDUALS
from ablate_tui.queries.inference.verdicts import FactorTest
from ablate_tui.queries.sentences import bracket, chance, figure, interval, listed

FRACTION = 3.0  # on the scale of logarithms: a median ratio this much nearer to 1 tells another story


@dataclass(frozen=True)
class Claim:
    """Which of the two causes of a spread is told."""

    test: FactorTest
    noisy: bool
    uneven: bool
    noise_q: float | None

    @property
    def p(self) -> float:
        """The largest p of the tests that it rests on."""
        both = (self.test.noise_p, self.noisy), (self.test.distance_p, self.uneven)
        return max(p for p, told in both if told and p is not None)

    @property
    def q(self) -> float:
        """The largest q."""
        both = (self.noise_q, self.noisy), (self.test.distance_q, self.uneven)
        return max(q for q, told in both if told and q is not None)


def spread(evidence: Evidence, test: FactorTest) -> Clause | None:
    """The clause about the spread, where the factor is told to change it."""
    claim = Claim(
        test, evidence.holds("noise", test.factor), evidence.uneven(test), evidence.q.get(("noise", test.factor))
    )
    if not (claim.noisy or claim.uneven):
        return None
    row = evidence.rows.get(test.factor)
    if row is not None:
        return switch(evidence, row, claim) if row.sd_ratio else None
    return levels(evidence, claim)


def switch(evidence: Evidence, row: EffectRow, claim: Claim) -> Clause:
    """How a switch changes the spread."""
    ratio = row.sd_ratio or math.nan
    noise = noise_ratio(row) if claim.noisy else None
    on, off = evidence.sides(row)
    sds = f"SD {figure(row.sd_on)} {on}, {figure(row.sd_off)} {off}"
    range_ = bracket(f"ratio {figure(ratio)}", interval(row.sd_ratio_low, row.sd_ratio_high))
    alone = noise is not None and not claim.uneven and not whole(row, ratio, noise)
    if alone and noise is not None:
        predicate = f"{'raises' if noise > 1 else 'lowers'} the noise, but not the whole spread: {sds}{range_}"
    else:
        predicate = f"{'narrows' if ratio < 1 else 'widens'} the spread: {sds}{range_}"
    more = (*noise_words(row, claim), *interaction_words(evidence, row, claim))
    figures: dict[str, Value] = {
        "sd_on": row.sd_on, "sd_off": row.sd_off, "sd_ratio": ratio,
        "sd_ratio_low": row.sd_ratio_low, "sd_ratio_high": row.sd_ratio_high,
        "noise_ratio": row.noise_ratio, "noise_ratio_median": row.noise_ratio_median, "ln_f_star": row.ln_f_star,
        "noise_q": claim.noise_q, "distance_q": claim.test.distance_q,
    }  # fmt: skip
    subject, value = evidence.subject(row), noise if alone and noise is not None else ratio
    short = f"{subject} {figure(value)}{' (noise)' if alone else ''}"
    return Clause(subject, predicate, more, short, value, "effects", abs(math.log(value)), figures, claim.p, claim.q)


def whole(row: EffectRow, ratio: float, noise: float) -> bool:
    """Whether all runs show what the noise does: an SD ratio on the same side of 1, with all of its interval."""
    end = row.sd_ratio_low if noise > 1 else row.sd_ratio_high
    return ((ratio if end is None else end) > 1) == (noise > 1)


def noise_ratio(row: EffectRow) -> float | None:
    """Noise on by noise off: of the replicates, else of the residuals."""
    if row.noise_basis == REPLICATES:
        return row.noise_ratio or None
    return math.exp(row.ln_f_star / 2) if row.ln_f_star is not None and abs(row.ln_f_star) < 1_000 else None


def noise_words(row: EffectRow, claim: Claim) -> list[str]:
    """Whether the noise changes."""
    q = chance("q", claim.noise_q)
    ratio = noise_ratio(row)
    if not claim.noisy:
        known = row.noise_ratio is not None
        return [f"Whether the noise changes is not told (ratio {figure(row.noise_ratio)}; {q})."] if known else []
    if ratio is None:
        return [f"The noise differs{bracket(q)}."]
    if row.noise_basis == RESIDUALS:
        return [f"The residuals scatter {figure(ratio)} times as much (ln F* {figure(row.ln_f_star)}; {q})."]
    text = f"Runs of one configuration scatter {figure(ratio)} times as much ({q})"
    median = row.noise_ratio_median
    if median and ((median - 1) * (ratio - 1) < 0 or abs(math.log(median)) < abs(math.log(ratio)) / FRACTION):
        text += f", but {figure(median)} times in the median one"
    return [f"{text}."]


def interaction_words(evidence: Evidence, row: EffectRow, claim: Claim) -> list[str]:
    """Whether the other factors matter more on one side."""
    if not claim.uneven:
        return []
    on, off = row.sd_between_on, row.sd_between_off
    more = on > off if on is not None and off is not None else (row.sd_ratio or 1.0) > 1
    between = f"SD between configurations {figure(on)} against {figure(off)}" if None not in (on, off) else ""
    remarks = bracket(between, with_partners(evidence, claim.test), chance("q", claim.test.distance_q))
    return [f"Other factors matter {'more' if more else 'less'} with it{remarks}."]


def with_partners(evidence: Evidence, test: FactorTest) -> str:
    """What a factor interacts with, the strongest first."""

    def strength(other: str) -> float:
        pair = evidence.interactions.pair(test.factor, other)
        return 2.0 if pair is None or pair.mean_p is None else pair.mean_p

    partners = [evidence.verdicts.partner(test.factor, other) for other in sorted(test.partners, key=strength)]
    return f"it interacts with {listed(partners, EACH)}"


def levels(evidence: Evidence, claim: Claim) -> Clause | None:
    """How the spread differs between the levels of a factor."""
    rows = sorted(
        (row for row in evidence.effects.rows if row.switch == claim.test.factor and row.sd_on),
        key=lambda row: row.sd_on or 0.0,
    )
    if len(rows) < 2:
        return None
    named = rows if len(rows) <= MOST_NAMED else [rows[0], rows[-1]]
    sds = listed([f"{figure(row.sd_on)} with {row.on}" for row in named])
    more = []
    within = sorted((row for row in rows if row.sd_within_on is not None), key=lambda row: row.sd_within_on or 0.0)
    if claim.noisy and claim.test.noise_p is not None:
        replicated = rows[0].noise_basis == REPLICATES
        what = "noise" if replicated else "scatter of the residuals"
        remarks = bracket(noise_ends(within) if replicated else "", chance("q", claim.noise_q))
        more.append(f"The {what} differs{remarks}.")
    if claim.uneven:
        remarks = bracket(with_partners(evidence, claim.test), chance("q", claim.test.distance_q))
        more.append(f"Other factors matter more at some levels than at others{remarks}.")
    ends = (rows[0].sd_on or math.nan), (rows[-1].sd_on or math.nan)
    figures: dict[str, Value] = {f"sd_on {row.on}": row.sd_on for row in rows}
    figures |= {"noise_q": claim.noise_q, "distance_q": claim.test.distance_q}
    name, ratio = claim.test.factor, ends[1] / ends[0]
    predicate, short = f"changes the spread: SD {sds}", f"{name} {figure(ratio)} from {rows[0].on} to {rows[-1].on}"
    size = math.log(ratio)
    return Clause(name, predicate, tuple(more), short, ratio, "effects", size, figures, claim.p, claim.q)


def noise_ends(rows: list[EffectRow]) -> str:
    """The levels with the least and the most noise; `rows` ascend."""
    if len(rows) < 2:
        return ""
    low, high = (f"{figure(row.sd_within_on)} with {row.on}" for row in (rows[0], rows[-1]))
    return f"SD of one configuration's runs {low} to {high}"

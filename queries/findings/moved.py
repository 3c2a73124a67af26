"""Factors that move the mean, or change the spread: one finding each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ablate_tui.queries.effect_row import EffectRow
from ablate_tui.queries.findings.clause import Clause, joined
from ablate_tui.queries.findings.evidence import EACH, FOUND, MINOR, MOST_NAMED, Evidence, Finding, Ranked, Value
from ablate_tui.queries.findings.shift import shift
from ablate_tui.queries.findings.spread import spread
from ablate_tui.queries.inference.verdicts import SIGNIFICANT, FactorTest
from ablate_tui.queries.sentences import bracket, chance, each, interval, listed

MOST_FACTORS = 5  # that have a finding of their own; the others share one


@dataclass(frozen=True)
class Moved:
    """What one factor does."""

    test: FactorTest
    shift: Clause | None
    spread: Clause | None

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Those that are there."""
        return tuple(clause for clause in (self.shift, self.spread) if clause is not None)

    @property
    def size(self) -> float:
        """Of the larger effect."""
        return max(clause.size for clause in self.clauses)


def moved(evidence: Evidence, explained: Collection[str]) -> Iterator[Ranked]:
    """What each factor does to mean and spread, the largest effect first.

    Parameters
    ----------
    evidence : Evidence
    explained : collection of str
        Factors whose spread is told already.
    """
    found = []
    for test in evidence.effects.factors:
        one = Moved(test, shift(evidence, test), None if test.factor in explained else spread(evidence, test))
        if one.clauses:
            found.append(one)
    found.sort(key=lambda one: -one.size)
    for one in found[:MOST_FACTORS]:
        yield Ranked(FOUND, one.size, finding(evidence, one))
    rest = found[MOST_FACTORS:]
    yield from shared("mean_diff", "Smaller shifts of the mean", [one.shift for one in rest if one.shift])
    yield from shared(
        "sd_ratio", "Smaller changes of the spread, as ratios of the SDs", [one.spread for one in rest if one.spread]
    )


def finding(evidence: Evidence, one: Moved) -> Finding:
    """The sentences about one factor."""
    text = joined(one.shift, one.spread)
    row = evidence.rows.get(one.test.factor)
    figures: dict[str, Value] = {"switch": one.test.factor}
    if row is not None:
        figures["level"] = row.on
    if one.shift is None and row is not None and row.location_p is not None:
        text += f" {of_the_mean(row, row.location_p)}"
        figures |= {"mean_diff_low": row.mean_diff_low, "mean_diff_high": row.mean_diff_high}
    alike = evidence.verdicts.aliases.get(one.test.factor, ())
    if alike:
        text += f" It may be {listed(alike, EACH, 'or')} instead, which this design cannot tell from it."
        figures["aliased"] = ", ".join(alike)
    for clause in one.clauses:
        figures |= clause.figures
    return Finding(text, one.clauses[0].view, figures, max(clause.p for clause in one.clauses))


def of_the_mean(row: EffectRow, p: float) -> str:
    """What is known of the mean where no shift is told."""
    remarks = interval(row.mean_diff_low, row.mean_diff_high), chance("p", p)
    if p < SIGNIFICANT:
        return f"Whether it moves the mean is unresolved{bracket(remarks[0], f'{remarks[1]} by itself')}."
    return f"Whether it moves the mean is not told{bracket(*remarks)}."


def shared(field: str, what: str, clauses: Sequence[Clause]) -> Iterator[Ranked]:
    """Several smaller effects in one sentence."""
    if not clauses:
        return
    words = listed([clause.short for clause in clauses], MOST_NAMED)
    text = f"{what}: {words}{bracket(each([clause.q for clause in clauses]))}."
    figures: dict[str, Value] = {}
    figures |= {f"{field} {clause.subject.removesuffix(':')}": clause.value for clause in clauses}
    figures["q"] = max(clause.q for clause in clauses)
    yield Ranked(MINOR, clauses[0].size, Finding(text, "effects", figures, max(clause.p for clause in clauses)))

"""A part of a sentence: what one factor does to the mean, or to the spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ablate_tui.queries.findings.evidence import Value


@dataclass(frozen=True)
class Clause:
    """What follows the subject, without a full stop at its end, and sentences that explain it."""

    subject: str
    predicate: str
    more: tuple[str, ...]  # whole sentences
    short: str  # in a list of smaller effects
    value: float  # the figure in `short`
    view: str
    size: float
    figures: Mapping[str, Value]
    p: float  # the largest of the tests that it rests on
    q: float


def joined(shift: Clause | None, spread: Clause | None) -> str:
    """One or two clauses about one factor as text."""
    parts: list[str] = []
    for clause in (shift, spread):
        if clause is not None:
            parts.append(f"{'It also' if parts else clause.subject} {clause.predicate}.")
            parts += clause.more
    return " ".join(parts)

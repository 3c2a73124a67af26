"""What a sweep shows, in sentences: each with its figures, its test, and the view that shows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ablate_tui.data.schema import RunTable
from ablate_tui.queries.findings.evidence import LIMIT, Evidence, Finding
from ablate_tui.queries.findings.failed import failures
from ablate_tui.queries.findings.moved import moved
from ablate_tui.queries.findings.paired import pairs
from ablate_tui.queries.findings.rest import best, limits, nothing
from ablate_tui.queries.findings.worst import worst
from ablate_tui.queries.note import Note
from ablate_tui.queries.slices import Slice, Term, take

__all__ = ["Finding", "Findings", "findings"]

MOST = 12  # sentences
MOST_LIMITS = 3  # of them, on what the design cannot tell


@dataclass(frozen=True)
class Findings:
    """At most a dozen, the most important first."""

    rows: tuple[Finding, ...]
    notes: tuple[Note, ...]


def findings(table: RunTable, location: tuple[Term, ...] | None = None) -> Findings:
    """Tell what a whole sweep shows.

    All tests of all switches and pairs are one family: Benjamini and Hochberg's q over the p-values of
    failures, location, noise, interactions (mean and ln SD) and enrichment among the best.

    Parameters
    ----------
    table : RunTable
        Filters play no part: the family is that of the whole sweep.
    location : tuple of terms, optional
        Of the location model.

    Returns
    -------
    Findings
        Failures first, then what moves mean or spread by the size of the effect, then what could not be
        told from nothing, then what the design cannot tell.
    """
    with np.errstate(all="ignore"):
        evidence = Evidence(take(table, Slice(location=location)))
        if not evidence.effects.rows:
            return Findings((), (Note("*", "*", "no column is a switch or a factor: nothing to tell"),))
        found = [*failures(evidence), *worst(evidence)]
        explained = {one.explains for one in found}
        found += [*moved(evidence, explained), *pairs(evidence), *best(evidence)]
        found += [*nothing(evidence, explained), *limits(evidence)]
    found.sort(key=lambda one: (one.kind, -one.size))
    bounds = [one.finding for one in found if one.kind == LIMIT][:MOST_LIMITS]
    claims = [one.finding for one in found if one.kind != LIMIT]
    rows = (*claims[: MOST - len(bounds)], *bounds)
    notes = [Note("*", "p", "tests have the configuration as their unit; q is over all tests of this sweep")]
    if len(claims) + len(bounds) > len(rows):
        notes.append(Note("*", "text", f"{len(rows)} of {len(claims) + len(bounds)} sentences told"))
    return Findings(rows, tuple(notes))

"""Do switches change each other's effect on how often runs fail? Pairs on the configurations' failed shares."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ablate_tui.queries.configurations import grouped
from ablate_tui.queries.descriptive.pair_cells import PairCells
from ablate_tui.queries.inference.families import benjamini_hochberg
from ablate_tui.queries.inference.least_squares import least_squares
from ablate_tui.queries.inference.model_terms import Columns
from ablate_tui.queries.inference.pair_tests import pair_tests
from ablate_tui.queries.note import Note
from ablate_tui.queries.reasons import Reasons
from ablate_tui.queries.slices import Sample

FIGURES = "did did_low did_high p q"  # that can be null where the runs are there


@dataclass(frozen=True)
class FailureRow:
    """Two switches: the failed share of the runs in each cell, and whether the shares interact.

    The difference of differences is (11 − 01) − (10 − 00); the first digit is a.
    """

    a: str
    b: str
    failed_00: float | None  # of the runs that are not missing
    failed_01: float | None
    failed_10: float | None
    failed_11: float | None
    did: float | None  # of the configurations' failed shares
    did_low: float | None  # 95 % interval
    did_high: float | None
    p: float | None
    q: float | None


def failure_interactions(sample: Sample) -> tuple[tuple[FailureRow, ...], tuple[Note, ...]]:
    """Test every pair of switches on the share of failed runs.

    Ordinary least squares of the configurations' failed shares, each configuration once, on the main
    effects of all free factors and the pair; HC3 standard errors, Student's t. Runs that are missing are
    no outcome.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    rows : tuple of FailureRow
        By p, the unknown last. Empty, with a note, where no run has failed, or every one. `q` is of one
        Benjamini-Hochberg family (1995) over the pairs.
    notes : tuple of Note
    """
    count = int(sample.outcomes.failed.sum())
    if count in (0, int(sample.outcomes.outcomes.sum())):
        why = "every run has failed" if count else "no run has failed"
        return (), (Note("*", "failures", why),)
    groups, _ = grouped(sample, sample.outcomes.failures)
    switches = [at for at, factor in enumerate(groups.factors) if factor.is_switch]
    pairs = list(combinations(switches, 2))
    if not pairs:
        return (), (Note("*", "failures", "fewer than two switches vary in this slice"),)
    fit = least_squares(Columns(groups, [(at,) for at in range(len(groups.factors))], np.ones(groups.n)), groups.mean)
    if not fit.rank:
        return (), (Note("*", "failures", fit.why),)
    tests = pair_tests(fit, groups.mean, pairs)
    q = benjamini_hochberg({pair: test.p for pair, test in tests.items() if test.p is not None})
    levels = {groups.factors[at].name: groups.levels[at] for at in switches}
    known = PairCells(sample, levels, sample.outcomes.failures)
    reasons = Reasons()
    rows: list[FailureRow] = []
    for pair in sorted(pairs, key=lambda pair: (q.get(pair, 2.0), tests[pair].p or 0.0)):
        (a, b), test = (groups.factors[at] for at in pair), tests[pair]
        share = known.four(a.name, a.on, b.name, b.on).mean
        found = test.cells.get((1, 1))
        estimate = found.estimate if found is not None else None
        low, high = estimate.interval() if estimate is not None else (None, None)
        did = found.value if found is not None else None
        rows.append(FailureRow(a.name, b.name, *share, did, low, high, test.p, q.get(pair)))
        null = [field for field in FIGURES.split() if getattr(rows[-1], field) is None]
        if null:
            why = "no run in one of the four cells" if None in share else test.why
            reasons.say(groups.words(pair), [f"failures.{field}" for field in null], why)
    return tuple(rows), reasons.notes(())

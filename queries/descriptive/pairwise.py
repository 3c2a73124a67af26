"""A factor's levels against each other, two at a time and all at once. Over runs, so descriptive."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.descriptive.ascending import Ascending
from ablate_tui.queries.descriptive.rank_tests import kruskal, mann_whitney
from ablate_tui.queries.descriptive.two_sample import Side, brown_forsythe, side, welch
from ablate_tui.queries.inference.families import holm
from ablate_tui.queries.reasons import Reasons

MOST_LEVELS = 20  # that are set against each other: 190 pairs
TESTS = ("welch", "mann_whitney", "brown_forsythe")


@dataclass(frozen=True)
class PairwiseRow:
    """Level `b` against level `a`: the mean of b less that of a, the SD of b over that of a.

    The p-values are over runs; those in `…_holm_p` are adjusted over the factor's pairs of levels, each
    test a family of its own (Holm 1979).
    """

    a: str
    b: str
    n_a: int
    n_b: int
    mean_diff: float | None
    sd_ratio: float | None
    welch_p: float | None
    mann_whitney_p: float | None
    brown_forsythe_p: float | None
    welch_holm_p: float | None
    mann_whitney_holm_p: float | None
    brown_forsythe_holm_p: float | None

    @property
    def name(self) -> str:
        """How the two levels are called together."""
        return f"{self.b} − {self.a}"


@dataclass(frozen=True, eq=False)
class Sides:
    """The finished runs of a factor's levels, in its order."""

    together: Ascending
    runs: Mapping[str, Ascending]  # by level
    masks: Mapping[str, NDArray[np.bool_]]  # by level: its configurations, among the sweep's


@dataclass(frozen=True)
class Omnibus:
    """All levels of a factor at once: Kruskal-Wallis' p of location, Brown-Forsythe's p of spread."""

    kruskal_p: float | None
    brown_forsythe_p: float | None


def omnibus(sides: Sides, reasons: Reasons) -> Omnibus:
    """Test all levels of a factor at once.

    Parameters
    ----------
    sides : Sides
    reasons : Reasons
        Told why a p-value is null, under the row "*".

    Returns
    -------
    Omnibus
    """
    ranks = sides.together.ranked()
    n = np.array([runs.n for runs in sides.runs.values()])
    sums = np.array([ranks.sums[mask].sum() for mask in sides.masks.values()])
    why = "fewer than two levels with finished runs, or no spread"
    return Omnibus(
        reasons.figure("*", "kruskal_p", kruskal(sums, n, ranks), why),
        reasons.figure("*", "brown_forsythe_p", brown_forsythe([side(runs) for runs in sides.runs.values()]), why),
    )


def pairwise(sides: Sides, reasons: Reasons) -> tuple[PairwiseRow, ...]:
    """Set every two levels of a factor against each other.

    Parameters
    ----------
    sides : Sides
        A level without runs is in no pair.
    reasons : Reasons
        Told why a figure is null, under the row's name.

    Returns
    -------
    tuple of PairwiseRow
        None where there are more than 20 levels with runs.
    """
    there = {level: runs for level, runs in sides.runs.items() if runs.n}
    if len(there) > MOST_LEVELS:
        reasons.say("*", "pairwise", f"{len(there):,} levels are too many to set against each other")
        return ()
    described = {level: side(runs) for level, runs in there.items()}
    p: dict[tuple[str, str], dict[str, float]] = {
        (a, b): {
            "welch": welch(described[b], described[a]),
            "mann_whitney": _mann_whitney(sides, b, a),
            "brown_forsythe": brown_forsythe((described[b], described[a])),
        }
        for a, b in combinations(there, 2)
    }
    adjusted = {test: holm({ab: row[test] for ab, row in p.items() if math.isfinite(row[test])}) for test in TESTS}
    return tuple(
        _row(a, b, described, p[a, b], {test: adjusted[test].get((a, b), math.nan) for test in TESTS}, reasons)
        for a, b in p
    )


def _mann_whitney(sides: Sides, on: str, off: str) -> float:
    ranks = sides.together.where(sides.masks[on] | sides.masks[off]).ranked()
    return mann_whitney(float(ranks.sums[sides.masks[on]].sum()), sides.runs[on].n, sides.runs[off].n, ranks)


def _row(
    a: str,
    b: str,
    described: Mapping[str, Side],
    p: Mapping[str, float],
    adjusted: Mapping[str, float],
    reasons: Reasons,
) -> PairwiseRow:
    name, of_a, of_b = f"{b} − {a}", described[a], described[b]
    ratio = of_b.sd / of_a.sd if of_a.sd > 0 else math.nan
    why_ratio = f"the SD of {a} is zero" if of_a.sd == 0 else "needs two finished runs of both levels"
    why = {
        "welch": "needs two runs of both levels, and some variance",
        "mann_whitney": "all runs are equal",
        "brown_forsythe": "needs runs at unequal distances from their median",
    }
    found = {}
    for test in TESTS:
        found[f"{test}_p"] = reasons.figure(name, f"{test}_p", p[test], why[test])
        found[f"{test}_holm_p"] = reasons.figure(name, f"{test}_holm_p", adjusted[test], why[test])
    return PairwiseRow(
        a=a,
        b=b,
        n_a=of_a.n,
        n_b=of_b.n,
        mean_diff=reasons.figure(name, "mean_diff", of_b.mean - of_a.mean, "too large for a number"),
        sd_ratio=reasons.figure(name, "sd_ratio", ratio, why_ratio),
        **found,
    )

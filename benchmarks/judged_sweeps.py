"""What the verdicts, and the tests that a notebook runs over runs, say of sweeps with a known truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from simulated_sweeps import Bools, Floats, Sweep

from ablate_tui.queries.descriptive.ascending import rank
from ablate_tui.queries.descriptive.rank_tests import mann_whitney
from ablate_tui.queries.descriptive.two_sample import brown_forsythe, side_of, welch
from ablate_tui.queries.inference.families import benjamini_hochberg
from ablate_tui.queries.inference.verdicts import SIGNIFICANT, verdicts
from ablate_tui.queries.slices import Slice, take

TESTS = ("location", "noise", "mann_whitney", "welch", "brown_forsythe")
CLAIMS = ("shift", "noise", "interactions")
BOOTSTRAPS = 200


@dataclass
class Judged:
    """What was found in the sweeps of a scenario; each array is (sweeps, switches), in the truth's order."""

    p: dict[str, Floats] = field(default_factory=dict)  # by TESTS; NaN where nothing could be tested
    claims: dict[str, Bools] = field(default_factory=dict)  # by CLAIMS
    truth: dict[str, Bools] = field(default_factory=dict)  # mean, scale, mixed
    pair: Floats = field(default_factory=lambda: np.zeros((0, 2)))  # found by ours, Welch's p of the product


def judge(sweep: Sweep) -> Judged:
    """Ours and the run-level tests, on one sweep."""
    table = sweep.table
    k = len(table.factors)
    found = verdicts(take(table, Slice()))
    p = {name: np.full(k, np.nan) for name in TESTS}
    claims = {name: np.zeros(k, dtype=bool) for name in CLAIMS}
    for at, factor in enumerate(table.factors):
        test = found.factors.get(factor.name)
        if test is None:
            continue
        for name, value in (("location", test.location_p), ("noise", test.noise_p)):
            p[name][at] = np.nan if value is None else value
        for name, q in (("shift", test.location_q), ("noise", test.noise_q), ("interactions", test.distance_q)):
            claims[name][at] = q is not None and q < SIGNIFICANT
    order = np.argsort(table.y)
    y, codes = table.y[order], table.codes[:, order]
    ranks = rank(y)
    for at in range(k):
        is_on = codes[at] == 1
        on, off = side_of(y[is_on]), side_of(y[~is_on])
        p["mann_whitney"][at] = mann_whitney(float(ranks.rank[is_on].sum()), on.n, off.n, ranks)
        p["welch"][at] = welch(on, off)
        p["brown_forsythe"][at] = brown_forsythe((on, off))
    pair = np.full((1, 2), np.nan)
    if sweep.pair is not None:
        a, b = sorted(sweep.place[list(sweep.pair)].tolist())
        same = codes[a] == codes[b]
        pair[0] = float((a, b) in found.location.active), welch(side_of(y[same]), side_of(y[~same]))
    truth = {"mean": sweep.mean, "scale": sweep.scale, "mixed": sweep.mixed}
    return Judged(
        {name: value[None, sweep.place] for name, value in p.items()},
        {name: value[None, sweep.place] for name, value in claims.items()},
        {name: value[None] for name, value in truth.items()},
        pair,
    )


def together(parts: Sequence[Judged]) -> Judged:
    """The sweeps of several parts."""
    made = Judged()
    for into, of in ((made.p, "p"), (made.claims, "claims"), (made.truth, "truth")):
        for name in getattr(parts[0], of):
            into[name] = np.concatenate([getattr(part, of)[name] for part in parts])
    made.pair = np.concatenate([part.pair for part in parts])
    return made


@dataclass(frozen=True)
class Share:
    """A mean over sweeps and its Monte Carlo standard error."""

    value: float
    error: float

    @classmethod
    def of(cls, values: ArrayLike) -> Share:
        """Of one value a sweep."""
        each = np.asarray(values, dtype=np.float64)
        return cls(float(each.mean()), float(each.std(ddof=1) / math.sqrt(len(each))))

    def __str__(self) -> str:
        return f"{100 * self.value:.1f}"


def any_verdict(found: Judged) -> Share:
    """Share of sweeps in which some switch gets a verdict."""
    return Share.of(np.logical_or.reduce([c.any(axis=1) for c in found.claims.values()]))


def false_discoveries(found: Judged) -> Share:
    """Mean false discovery proportion: false claims among all claims of a sweep, 0 without any."""
    truth = found.truth
    right = {"shift": truth["mean"], "noise": truth["scale"], "interactions": truth["mixed"]}
    claims = sum(c.sum(axis=1) for c in found.claims.values())
    false = sum((c & ~right[name]).sum(axis=1) for name, c in found.claims.items())
    return Share.of(false / np.maximum(claims, 1))


def run_level(found: Judged, adjusted: bool) -> tuple[Bools, Bools]:
    """(sweeps, 2 · switches) claims of Mann-Whitney and Brown-Forsythe at .05, and which are false.

    A spread that an interaction makes counts as true.

    Parameters
    ----------
    found : Judged
    adjusted : bool
        By Benjamini and Hochberg over both tests of all switches.
    """
    p = np.hstack([found.p["mann_whitney"], found.p["brown_forsythe"]])
    if adjusted:
        p = np.array(
            [list(benjamini_hochberg(dict(enumerate(row.tolist()))).values()) for row in np.nan_to_num(p, nan=1)]
        )
    true = np.hstack([found.truth["mean"], found.truth["scale"] | found.truth["mixed"]])
    return p < SIGNIFICANT, (p < SIGNIFICANT) & ~true


def inert(found: Judged) -> Bools:
    """(sweeps, switches) those that do nothing."""
    return ~(found.truth["mean"] | found.truth["scale"] | found.truth["mixed"])


@dataclass(frozen=True)
class Power:
    """How often a test finds a target, and what it finds where a target does nothing."""

    target: Floats  # (sweeps,) p of the target
    nothing: tuple[Floats, ...]  # by situation, (sweeps, switches): p of those that do nothing; NaN elsewhere

    @classmethod
    def beside(cls, found: Judged, without: Judged, test: str, at: int, alike: Bools) -> Power:
        """Of the switch `at`; the situation: sweeps of the same truth in which it does nothing.

        `alike` (switches,) are those which the design treats like the target: they tell the level with it.
        """
        return cls(found.p[test][:, at], (np.where(inert(without) & alike, without.p[test], np.nan),))

    @classmethod
    def anywhere(cls, found: Judged, nulls: Sequence[Judged], test: str, at: int, claim: str) -> Power:
        """The same over several truths; the situations: switches that do nothing at all, and those that do
        something else than `claim`, "mean" or "scale"."""
        some = [
            np.where(mask, judged.p[test], np.nan)
            for judged in nulls
            for mask in (inert(judged), ~inert(judged) & ~judged.truth[claim])
            if mask.any()
        ]
        return cls(found.p[test][:, at], tuple(some))

    @property
    def level(self) -> float:
        """True level at p < .05: the largest of all situations."""
        known = [p[np.isfinite(p)] for p in self.nothing]
        return max((float(np.mean(p < SIGNIFICANT)) for p in known if len(p)), default=math.nan)

    @property
    def at_true_level(self) -> float:
        """Power at the p with which the level is truly .05, in all situations."""
        return float(np.mean(self.target <= min(np.nanquantile(p, SIGNIFICANT) for p in self.nothing)))

    def less(self, peer: Power) -> Share:
        """How much more power it has than another test of the same sweeps; the error is a bootstrap's."""
        rng = np.random.default_rng(0)
        drawn = []
        for _ in range(BOOTSTRAPS):
            some, *others = (rng.integers(0, len(p), len(p)) for p in (self.target, *self.nothing))
            again = [
                Power(one.target[some], tuple(p[at] for p, at in zip(one.nothing, others, strict=True)))
                for one in (self, peer)
            ]
            drawn.append(again[0].at_true_level - again[1].at_true_level)
        return Share(self.at_true_level - peer.at_true_level, float(np.std(drawn, ddof=1)))

"""The finished runs of some configurations in ascending order of the response; ranks and quantiles are read off it.

There are two ways to the same figures. Of a small sweep the runs are sifted out of the order. Of a large one
nothing is: a place in the slice's order is found by counting whole blocks of the sweep's order and looking
into one.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import PIECE, InOrder, Moments, sort
from ablate_tui.data.schema import Goal
from ablate_tui.queries.slices import Sample

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]

FEW_SETS = 4  # of configurations, up to which each is summed up by itself
_ROUNDING = 1e-7  # share of Σ(y − m)² that may cancel before the sums lose too many digits


class Ascending(ABC):
    """n finished runs in ascending order; equal ones in the source's order."""

    n: int

    @abstractmethod
    def at(self, places: Places) -> Floats:
        """The responses at some places, counted from 0."""

    @abstractmethod
    def below(self, values: Floats, equal: bool = False) -> Places:
        """How many runs lie below each value, or not above it."""

    @abstractmethod
    def evenly(self, places: Places) -> tuple[Floats, Places]:
        """Responses at these places or, where that saves a search, close to them; and the places they are at."""

    @abstractmethod
    def where(self, keep: Mask) -> Ascending:
        """The runs of some of the configurations, by a mask over those of the sweep."""

    @abstractmethod
    def split(self, keeps: Sequence[Mask]) -> Iterator[Ascending]:
        """The runs of several sets of configurations, each made when it is asked for where that takes memory."""

    @abstractmethod
    def moments(self) -> tuple[float, float]:
        """Mean and Σ(y − mean)²; NaN without runs, exact for equal ones."""

    @abstractmethod
    def distances(self, center: float) -> tuple[float, float]:
        """Mean of |y − center|, and the sum of its squared deviations from that mean."""

    @abstractmethod
    def distances_by_configuration(self) -> Floats:
        """(C,) sums of |y − median| by the sweep's configurations."""

    @abstractmethod
    def first(self, places: int) -> NDArray[np.int64]:
        """Runs by the sweep's configurations among so many first places."""

    @abstractmethod
    def rows(self, start: int, stop: int) -> NDArray[np.int64]:
        """Rows of the source at some places."""

    @abstractmethod
    def ranked(self) -> RankSums:
        """Sums of ranks by configuration. Takes a look at every run."""

    @abstractmethod
    def whole_numbers(self) -> bool:
        """Whether all responses are whole numbers."""

    @cached_property
    def low(self) -> float:
        """The smallest response; there must be one."""
        return float(self.at(np.zeros(1, dtype=np.int64))[0])

    @cached_property
    def high(self) -> float:
        """The largest response; there must be one."""
        return float(self.at(np.full(1, self.n - 1))[0])

    @property
    def constant(self) -> bool:
        """Whether all responses are equal."""
        return self.n == 0 or self.low == self.high

    def quantiles(self, shares: Sequence[float]) -> list[float]:
        """Linear quantiles, as numpy's default (Hyndman & Fan 1996, type 7); NaN without runs."""
        if not self.n:
            return [math.nan] * len(shares)
        places = np.array(shares) * (self.n - 1)
        low = np.floor(places).astype(np.int64)
        found = self.at(np.concatenate([low, np.minimum(low + 1, self.n - 1)])).tolist()
        return [
            between(a, b, part)
            for a, b, part in zip(found[: len(low)], found[len(low) :], (places - low).tolist(), strict=True)
        ]


def between(a: float, b: float, part: float) -> float:
    """A part of the way from a to b, whose difference could be too large for a number."""
    return a if a == b else a * (1 - part) + b * part


@dataclass(frozen=True, eq=False)
class Ranks:
    """Average ranks of ascending values, and Σ(t³ − t) over groups of t equal ones."""

    rank: Floats
    ties: float

    @property
    def constant(self) -> bool:
        """Whether all values are equal."""
        n = len(self.rank)
        return n == 0 or self.rank[0] == self.rank[-1]


@dataclass(frozen=True, eq=False)
class RankSums:
    """Sums of average ranks by the sweep's configurations, and what tests on ranks ask of all runs."""

    sums: Floats  # (C,)
    ties: float  # Σ(t³ − t) over groups of t equal runs
    constant: bool


def rank(y: Floats) -> Ranks:
    """Rank ascending values from 1, equal ones by the mean of their ranks.

    Parameters
    ----------
    y : (n,) float64
        Ascending.

    Returns
    -------
    Ranks
    """
    n = len(y)
    first = np.flatnonzero(np.r_[True, y[1:] != y[:-1]]) if n else np.zeros(0, dtype=np.int64)
    size = np.diff(first, append=n)
    if len(first) == n:
        return Ranks(np.arange(1.0, n + 1), 0.0)
    t = size.astype(np.float64)
    return Ranks(np.repeat(first + (t + 1) / 2, size), float(np.sum(t**3 - t)))


class Values(Ascending):
    """Runs sifted out of the order.

    Parameters
    ----------
    y : (n,) float64
        Ascending, finite.
    run : (n,) int, optional
        Row of the source; without, nobody may ask for `rows`.
    configuration : (n,) int, optional
        Number among the sweep's configurations; `size` is how many those are.
    """

    def __init__(
        self,
        y: Floats,
        run: NDArray[np.signedinteger] | None = None,
        configuration: NDArray[np.signedinteger] | None = None,
        size: int = 1,
    ) -> None:
        self.y, self.n, self.size = y, len(y), size
        self.run = run
        self.configuration = np.zeros(self.n, dtype=np.int32) if configuration is None else configuration

    def at(self, places: Places) -> Floats:
        """See `Ascending`."""
        return self.y[places]

    def below(self, values: Floats, equal: bool = False) -> Places:
        """See `Ascending`."""
        return np.searchsorted(self.y, values, side="right" if equal else "left")

    def evenly(self, places: Places) -> tuple[Floats, Places]:
        """See `Ascending`."""
        return self.y[places], places

    def where(self, keep: Mask) -> Values:
        """See `Ascending`."""
        at = np.flatnonzero(keep[self.configuration])
        return Values(self.y[at], None if self.run is None else self.run[at], self.configuration[at], self.size)

    def split(self, keeps: Sequence[Mask]) -> Iterator[Ascending]:
        """See `Ascending`."""
        return (self.where(keep) for keep in keeps)

    def moments(self) -> tuple[float, float]:
        """See `Ascending`; in two passes (Chan, Golub & LeVeque 1983)."""
        return _moments(self.y) if self.n else (math.nan, math.nan)

    def distances(self, center: float) -> tuple[float, float]:
        """See `Ascending`."""
        return _moments(np.abs(self.y - center))

    def distances_by_configuration(self) -> Floats:
        """See `Ascending`."""
        if not self.n:
            return np.zeros(self.size)
        away = np.abs(self.y - self.quantiles([0.5])[0])
        return np.asarray(np.bincount(self.configuration, weights=away, minlength=self.size))

    def first(self, places: int) -> NDArray[np.int64]:
        """See `Ascending`."""
        return np.bincount(self.configuration[:places], minlength=self.size)

    def rows(self, start: int, stop: int) -> NDArray[np.int64]:
        """See `Ascending`."""
        assert self.run is not None
        return self.run[start:stop].astype(np.int64)

    def ranked(self) -> RankSums:
        """See `Ascending`."""
        ranks = rank(self.y)
        sums = np.bincount(self.configuration, weights=ranks.rank, minlength=self.size)
        return RankSums(sums.astype(np.float64), ranks.ties, ranks.constant)

    def whole_numbers(self) -> bool:
        """See `Ascending`."""
        return bool(np.array_equal(self.y, np.rint(self.y)))


def _moments(y: Floats) -> tuple[float, float]:
    low = float(y.min())
    if low == float(y.max()):
        return low, 0.0
    mean = float(y.mean())
    off = y - mean
    rest = float(off.sum())  # zero but for rounding
    return mean, max(0.0, float(off @ off) - rest * rest / len(y))


class Blocked(Ascending):
    """Runs that stay where they are: places are counted by blocks of the sweep's order.

    Parameters
    ----------
    order : InOrder
        Of the sweep.
    sums : Moments
        Of the sweep.
    keep : (C,) bool
        The configurations whose runs count.
    counts, totals : (B,) float
        Their runs in each block, and the sum of responses less `order.center`.
    """

    def __init__(self, order: InOrder, sums: Moments, keep: Mask, counts: NDArray[np.floating], totals: Floats) -> None:
        self.order, self.keep, self.sums, self.totals = order, keep, sums, totals
        self.counts = np.rint(counts).astype(np.int64)
        self.before = np.r_[0, np.cumsum(self.counts)]  # (B + 1,) runs before each edge
        self.n = int(self.before[-1])

    @classmethod
    def several(cls, order: InOrder, sums: Moments, keeps: Sequence[Mask]) -> list[Ascending]:
        """For several sets of configurations at once: many of them by one product of matrices."""
        if len(keeps) > FEW_SETS:
            masks = np.array(keeps)
            counts, totals = masks.astype(np.float32) @ order.counts, masks.astype(np.float64) @ order.sums
            return [cls(order, sums, *each) for each in zip(keeps, counts, totals, strict=True)]
        return [cls(order, sums, keep, *cls._summed(order, keep)) for keep in keeps]

    @staticmethod
    def _summed(order: InOrder, keep: Mask) -> tuple[NDArray[np.float32], Floats]:
        """(B,) runs and (B,) sums of some configurations."""
        if 4 * np.count_nonzero(keep) > len(keep):
            return keep.astype(np.float32) @ order.counts, keep.astype(np.float64) @ order.sums
        at = np.flatnonzero(keep)  # copying so few costs less than a product with all
        return np.ones(len(at), np.float32) @ order.counts[at], np.ones(len(at)) @ order.sums[at]

    def _inside(self, block: int) -> Places:
        """Places in the sweep's order of a block's runs that count."""
        start, stop = self.order.edges[block], self.order.edges[block + 1]
        return np.asarray(start + np.flatnonzero(self.keep[self.order.configuration[start:stop]]))

    def _places(self, places: Places) -> Places:
        """Places in the sweep's order of places in this one."""
        by = np.argsort(places)
        block = np.searchsorted(self.before, places[by], side="right") - 1
        ends = [*np.flatnonzero(np.diff(block, prepend=-1)).tolist(), len(block)]
        found = np.empty(len(places), dtype=np.int64)
        for start, stop in pairwise(ends):  # of equal blocks
            one, mine = int(block[start]), by[start:stop]
            found[mine] = self._inside(one)[places[mine] - self.before[one]]
        return found

    def _before(self, places: Places) -> Places:
        """How many of these runs come before places in the sweep's order."""
        edges, own = self.order.edges, self.order.configuration
        block = np.searchsorted(edges, places, side="right") - 1
        found = self.before[block]
        for at in np.flatnonzero(edges[block] < places).tolist():
            found[at] += np.count_nonzero(self.keep[own[edges[block[at]] : places[at]]])
        return np.asarray(found)

    def at(self, places: Places) -> Floats:
        """See `Ascending`."""
        return self.order.y[self._places(places)]

    def below(self, values: Floats, equal: bool = False) -> Places:
        """See `Ascending`."""
        return self._before(np.searchsorted(self.order.y, values, side="right" if equal else "left"))

    def evenly(self, places: Places) -> tuple[Floats, Places]:
        """See `Ascending`: the last runs of the blocks that end nearest, and the runs at both ends."""
        edge = np.searchsorted(self.before, places)
        nearer = self.before[edge] - places > places - self.before[np.maximum(edge - 1, 0)]
        edge = np.unique(np.maximum(edge - nearer, 1))
        if 4 * len(edge) < 3 * len(places):  # they lie in few blocks, which can as well be looked into
            return self.at(places), places
        found = self.order.edges[edge][:, None] - np.arange(1, 65)  # most blocks have one among their last 64
        inside = self.keep[self.order.configuration[np.maximum(found, 0)]] & (found >= 0)
        back = inside.argmax(axis=1)
        at = found[np.arange(len(edge)), back]
        last = self.before[edge] - 1
        lost = np.flatnonzero(~inside.any(axis=1) & (last >= 0))
        at[lost] = self._places(last[lost])
        ends = np.unique(places[[0, -1]])
        at, last = np.r_[at[last >= 0], self._places(ends)], np.r_[last[last >= 0], ends]
        last, first = np.unique(last, return_index=True)
        return self.order.y[at[first]], last

    def where(self, keep: Mask) -> Ascending:
        """See `Ascending`."""
        return next(self.split([keep]))

    def split(self, keeps: Sequence[Mask]) -> Iterator[Ascending]:
        """See `Ascending`."""
        parts = [self.keep & keep for keep in keeps]
        smaller = [part for part in parts if not np.array_equal(part, self.keep)]
        made = iter(Blocked.several(self.order, self.sums, smaller))
        return iter([self if np.array_equal(part, self.keep) else next(made) for part in parts])

    def moments(self) -> tuple[float, float]:
        """See `Ascending`; sums of configurations, merged (Chan, Golub & LeVeque 1983)."""
        return self._merged

    @cached_property
    def _merged(self) -> tuple[float, float]:
        if self.constant:
            return (self.low, 0.0) if self.n else (math.nan, math.nan)
        at = np.flatnonzero(self.keep & (self.sums.n > 0))
        whole = self.sums.at(at).merged(np.zeros_like(at), 1)
        return float(whole.mean[0]), float(whole.squares[0])

    def distances(self, center: float) -> tuple[float, float]:
        """See `Ascending`; from the sums of both sides of the centre."""
        place = np.searchsorted(self.order.y, [center])
        block = int(np.searchsorted(self.order.edges, place[0], side="right")) - 1
        start = int(self.order.edges[block])
        near = self.keep[self.order.configuration[start : place[0]]]
        off = center - self.order.center
        low = float(self.totals[:block].sum() + (self.order.y[start : place[0]][near] - self.order.center).sum())
        n_low = int(self._before(place)[0])
        total = float(self.totals.sum())
        high = total - low
        distance = (high - (self.n - n_low) * off + n_low * off - low) / self.n
        around = self.moments()[1] + self.n * (total / self.n - off) ** 2
        rest = around - self.n * distance * distance
        if rest > _ROUNDING * around:
            return distance, rest
        return Values(self.order.y[self.keep[self.order.configuration]]).distances(center)

    def distances_by_configuration(self) -> Floats:
        """See `Ascending`; from the sums of both sides of the median."""
        if not self.n:
            return np.zeros(len(self.keep))
        median = self.quantiles([0.5])[0]
        n_low, block, near = self._counts(int(np.searchsorted(self.order.y, median)))
        off_center = self.order.y[near] - self.order.center
        own = np.bincount(self.order.configuration[near], weights=off_center, minlength=len(self.keep))
        low = self.order.sums[:, :block].sum(axis=1) + own
        total = self.sums.n * ((self.sums.mean - self.order.center) + self.sums.rest)
        off = median - self.order.center
        return np.where(self.keep, total - 2 * low + (2 * n_low - self.sums.n) * off, 0.0)

    def first(self, places: int) -> NDArray[np.int64]:
        """See `Ascending`."""
        if not places:
            return np.zeros(len(self.keep), dtype=np.int64)
        counts, _, _ = self._counts(int(self._places(np.array([places - 1]))[0]) + 1)
        return np.where(self.keep, counts, 0).astype(np.int64)

    def _counts(self, place: int) -> tuple[Floats, int, slice]:
        """(C,) runs before a place in the sweep's order: those of whole blocks, how many those are, and the rest."""
        block = int(np.searchsorted(self.order.edges, place, side="right")) - 1
        rest = slice(int(self.order.edges[block]), place)
        own = np.bincount(self.order.configuration[rest], minlength=len(self.keep))
        return self.order.counts[:, :block].sum(axis=1, dtype=np.float64) + own, block, rest

    def rows(self, start: int, stop: int) -> NDArray[np.int64]:
        """See `Ascending`."""
        if stop <= start:
            return np.zeros(0, dtype=np.int64)
        low, high = self._places(np.array([start, stop - 1])).tolist()
        near = slice(low, high + 1)
        return self.order.run[near][self.keep[self.order.configuration[near]]].astype(np.int64)

    def ranked(self) -> RankSums:
        """See `Ascending`."""
        if not self.order.distinct:
            at = np.flatnonzero(self.keep[self.order.configuration])
            return Values(self.order.y[at], None, self.order.configuration[at], len(self.keep)).ranked()
        sums, before = np.zeros(len(self.keep)), 0
        for first in range(0, self.order.n, PIECE):
            own = self.order.configuration[first : first + PIECE]
            mine = own[self.keep[own]]
            sums += np.bincount(mine, weights=np.arange(before + 1.0, before + len(mine) + 1), minlength=len(sums))
            before += len(mine)
        return RankSums(sums, 0.0, self.constant)

    def whole_numbers(self) -> bool:
        """See `Ascending`."""
        return not self.order.fractional[self.keep].any()

    @cached_property
    def nodes(self) -> tuple[Floats, Floats, Floats, Mask]:
        """Of the blocks that have runs: their mean, their number, the block's variance, and which blocks."""
        there = self.counts > 0
        mean = self.totals[there] / self.counts[there] + self.order.center
        return mean, self.counts[there].astype(np.float64), self.order.within[there], there


def order(sample: Sample, rows: bool = True) -> Ascending:
    """The finished runs of a slice, in order.

    Parameters
    ----------
    sample : Sample
    rows : bool
        Whether somebody will ask for their rows in the source.
    """
    whole, size = sample.table.in_order, sample.table.combinations.n
    if not sample.plain:
        at, y = sort(sample.y, sample.finished)
        return Values(y, sample.index[at] if rows else None, sample.configuration[at], size)
    if whole.blocked:
        return Blocked.several(whole, sample.table.moments, [sample.inside])[0]
    values = Values(whole.y, whole.run, whole.configuration, size)
    return values if sample.inside.all() else values.where(sample.inside)


@dataclass(frozen=True)
class BestRuns:
    """The best share of the finished runs: places start…stop of an `Ascending`."""

    start: int
    stop: int
    k: int  # how many were asked for: ceil(share · n)

    @property
    def n(self) -> int:
        """How many there are: more than `k` where runs tie at the border; they are taken in full."""
        return self.stop - self.start

    @property
    def ties(self) -> str | None:
        """Ties at the border in words, None without any."""
        if self.n == self.k:
            return None
        return f"{self.n:,} runs for the best {self.k:,}: ties at the border are taken in full"

    def counts(self, runs: Ascending) -> NDArray[np.int64]:
        """Their numbers by the sweep's configurations."""
        return runs.first(self.stop) - runs.first(self.start)


def best_runs(runs: Ascending, share: float, goal: Goal) -> BestRuns:
    """The best ceil(share · n) runs by the goal, and those that tie with the last of them."""
    k = min(runs.n, math.ceil(share * runs.n - 1e-9))  # .1 · 30 is a little over 3 in binary
    if k == 0:
        return BestRuns(0, 0, 0)
    border = runs.at(np.array([k - 1 if goal == "min" else runs.n - k]))
    if goal == "min":
        return BestRuns(0, int(runs.below(border, equal=True)[0]), k)
    return BestRuns(int(runs.below(border)[0]), runs.n, k)


def best_rows(runs: Ascending, most: int, goal: Goal) -> NDArray[np.int64]:
    """Rows of the source of the best runs, at most so many; equal ones in the source's order."""
    k = min(most, runs.n)
    if goal == "min" or not k:
        return runs.rows(0, k)
    start = int(runs.below(runs.at(np.array([runs.n - k])))[0])
    rows, y = runs.rows(start, runs.n), runs.at(np.arange(start, runs.n))
    return rows[np.argsort(-y, kind="stable")][:k]

"""Runs in ascending order that are sifted out of nothing: counted by blocks of the sweep's order instead.

A place in the slice's order is found by counting whole blocks and looking into one, so that it costs the same
whether the sweep has a hundred thousand runs or ten million.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import InOrder, Moments, pieces
from ablate_tui.queries.descriptive.ascending import Ascending, Floats, Mask, Places, RankSums, Values

FEW_SETS = 4  # of configurations, up to which each is summed up by itself
_ROUNDING = 1e-7  # share of Σ(y − m)² that may cancel before the sums lose too many digits


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
        for piece in pieces(slice(0, self.order.n)):
            own = self.order.configuration[piece]
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

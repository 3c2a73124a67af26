"""What every toggle reads instead of the runs: counts and sums by configuration, and the runs in the order of
the response.

All of it is made once for a sweep, and lazily, so that the first figures need the sums alone. A slice is a set
of configurations, so that a figure of a slice is a sum over configurations or a place in the order.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PIECE = 1 << 18  # runs that are looked at in one go: arrays of ten million would each take 80 MB
NO_LEVEL = -1  # the code of a run whose factor is NULL
AHEAD = 1_000_000  # values that are worth a second thread, and one which sorts them ahead
FEWEST = 65_536  # runs that are worth blocks
BLOCKS = 2_048  # of the runs in order, at most
CELLS = 8_000_000  # blocks × configurations at most: the counts take 4 bytes each, the sums 8
TOGETHER = 64  # blocks that are counted in one go
MOST_CELLS = 20_000_000  # configurations × replicates of the table that shared effects are worked out from
TAIL = 1e-5  # share of the runs at either end that equally wide blocks leave out


@dataclass(frozen=True, eq=False)
class Combinations:
    """The C configurations of a sweep: combinations of its k factors' levels that occur."""

    codes: NDArray[np.int16]  # (k, C) in lexicographic order; NO_LEVEL where NULL
    of_run: NDArray[np.int32]  # (runs,) number of each run's configuration

    @classmethod
    def of(cls, codes: NDArray[np.int16], sizes: tuple[int, ...]) -> Combinations:
        """Number the combinations of (k, runs) codes; `sizes` are the factors' numbers of levels."""
        number = dense(codes, sizes)
        first = np.zeros(int(number.max(initial=-1)) + 1, dtype=np.int64)
        first[number[::-1]] = np.arange(len(number))[::-1]
        return cls(codes[:, first].astype(np.int16), number)

    @property
    def n(self) -> int:
        """Number of configurations."""
        return int(self.codes.shape[1])


def dense(codes: NDArray[np.int16], sizes: tuple[int, ...]) -> NDArray[np.int32]:
    """Number the distinct columns of a code matrix from 0, in lexicographic order.

    Parameters
    ----------
    codes : (k, n) int16
        Codes from NO_LEVEL (-1) to sizes[i] - 1.
    sizes : tuple of int, length k

    Returns
    -------
    (n,) int32
    """
    key: NDArray[np.signedinteger] = np.zeros(codes.shape[1], dtype=np.int64)
    span = 1
    for row, size in zip(codes, sizes, strict=True):
        if span > 2**62 // (size + 1):  # the mixed-radix number would overflow: number what there is so far
            key = numbered(key, 2**62)[1]
            span = int(key.max(initial=0)) + 1
        key = key * (size + 1) + (row.astype(np.int64) + 1)
        span *= size + 1
    return numbered(key, span)[1]


def numbered(key: NDArray[np.integer], span: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The distinct values of keys below `span`, ascending, and for each key the place of its own among them."""
    if span <= max(4 * len(key), 65_536):  # a table of all keys is cheaper than a sort
        there, of_run = np.zeros(span, dtype=bool), np.empty(len(key), dtype=np.int32)
        for here in pieces(slice(0, len(key))):
            there[key[here]] = True
        place = (np.cumsum(there) - 1).astype(np.int32)
        for here in pieces(slice(0, len(key))):
            of_run[here] = place[key[here]]
        return np.flatnonzero(there), of_run
    found, place = np.unique(key, return_inverse=True)
    return found, np.asarray(place, dtype=np.int32)


@dataclass(frozen=True, eq=False)
class Moments:
    """Finished runs by configuration: how many, their mean, and Σ(y − mean)²; the mean of none is 0."""

    n: NDArray[np.int64]  # (C,)
    mean: NDArray[np.float64]  # (C,)
    rest: NDArray[np.float64]  # (C,) what rounding took from the mean
    squares: NDArray[np.float64]  # (C,)

    @classmethod
    def of(
        cls,
        configuration: NDArray[np.int32],
        y: NDArray[np.float64],
        size: int,
        finished: NDArray[np.bool_] | None = None,
    ) -> Moments:
        """Sum up the finished responses; sums of squares in two passes (Chan, Golub & LeVeque 1983)."""

        def parts() -> Iterator[tuple[NDArray[np.int32], NDArray[np.float64]]]:
            for here in pieces(slice(0, len(y))):
                if finished is None or finished[here].all():
                    yield configuration[here], y[here]
                else:
                    yield configuration[here][finished[here]], y[here][finished[here]]

        n, mean = np.zeros(size, dtype=np.int64), np.zeros(size)
        rest, squares = np.zeros(size), np.zeros(size)
        with np.errstate(all="ignore"):
            for own, values in parts():
                n += np.bincount(own, minlength=size)
                mean += np.bincount(own, weights=values, minlength=size)
            mean /= np.maximum(n, 1)
            for own, values in parts():
                deviation = values - mean[own]
                rest += np.bincount(own, weights=deviation, minlength=size)
                squares += np.bincount(own, weights=deviation * deviation, minlength=size)
            rest /= np.maximum(n, 1)
            return cls(n, mean, rest, np.maximum(squares - n * rest * rest, 0.0))

    def inside(self, keep: NDArray[np.bool_]) -> Moments:
        """Those of some configurations; nothing in the others."""
        return Moments(*(np.where(keep, values, 0) for values in vars(self).values()))

    def at(self, some: NDArray[np.integer]) -> Moments:
        """Those of some configurations alone."""
        return Moments(*(values[some] for values in vars(self).values()))

    def merged(self, group: NDArray[np.integer], size: int) -> Moments:
        """Of groups of these configurations, each with a run: their numbers, (C,), and how many groups there are.

        Means that lie close together far from zero lose no digits (Chan, Golub & LeVeque 1983).
        """
        n = np.bincount(group, weights=self.n, minlength=size)
        first = np.zeros(size)
        first[group] = self.mean
        off = (self.mean - first[group]) + self.rest
        shift = np.bincount(group, weights=self.n * off, minlength=size) / np.maximum(n, 1)
        squares = np.bincount(group, weights=self.squares + self.n * (off - shift[group]) ** 2, minlength=size)
        mean = first + shift
        return Moments(n.astype(np.int64), mean, (first - mean) + shift, squares.astype(np.float64, copy=False))


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Runs by configuration and what became of them, each (C,) int64."""

    finished: NDArray[np.int64]
    diverged: NDArray[np.int64]
    missing: NDArray[np.int64]
    failed: NDArray[np.int64]  # diverged, or meets the condition of failure; missing ones do not count
    failed_finished: NDArray[np.int64]  # those of them that have a finite response

    @classmethod
    def of(
        cls, configuration: NDArray[np.int32], status: NDArray[np.uint8], failed: NDArray[np.bool_], size: int
    ) -> Outcomes:
        """Count runs; `status` is 0 finished, 1 diverged, 2 missing."""
        by = np.zeros((size, 3), dtype=np.int64)
        for here in pieces(slice(0, len(status))):
            slot = configuration[here] * np.int64(3) + status[here]
            by += np.bincount(slot, minlength=3 * size).reshape(size, 3)
        hit = np.flatnonzero(failed)
        of_failed = np.bincount(configuration[hit] * np.int64(3) + status[hit], minlength=3 * size).reshape(size, 3)
        return cls(by[:, 0], by[:, 1], by[:, 2], of_failed[:, 0] + of_failed[:, 1], of_failed[:, 0])

    @property
    def outcomes(self) -> NDArray[np.int64]:
        """(C,) runs that are not missing."""
        return self.finished + self.diverged

    @property
    def runs(self) -> NDArray[np.int64]:
        """(C,) all runs."""
        return self.outcomes + self.missing

    @property
    def failures(self) -> Moments:
        """Of failure as an outcome: 1 for runs that failed, 0 for the others."""
        share = self.failed / np.maximum(self.outcomes, 1)
        return Moments(self.outcomes, share, np.zeros(len(share)), self.failed * (1 - share))

    def inside(self, keep: NDArray[np.bool_]) -> Outcomes:
        """Those of some configurations; nothing in the others."""
        return Outcomes(*(np.where(keep, count, 0) for count in vars(self).values()))


@dataclass(frozen=True, eq=False)
class Crossing:
    """The finished runs by configuration and replicate, both float64 so that BLAS sums them."""

    counts: NDArray[np.float64]  # (C, replicates)
    residuals: NDArray[np.float64]  # (C, replicates) Σ(y − mean of the configuration)

    @classmethod
    def of(
        cls, configuration: NDArray[np.int32], replicate: NDArray[np.int32], residual: NDArray[np.float64], size: int
    ) -> Crossing:
        """Sum up residuals of `size` configurations."""
        several = int(replicate.max(initial=0)) + 1
        cell = configuration * np.int64(several) + replicate
        counts = np.bincount(cell, minlength=size * several).astype(np.float64)
        residuals = np.bincount(cell, weights=residual, minlength=size * several).astype(np.float64, copy=False)
        return cls(counts.reshape(size, several), residuals.reshape(size, several))


@dataclass(frozen=True, eq=False)
class InOrder:
    """The n finished runs in ascending order of the response; equal ones keep the source's order.

    The order is cut into blocks, whose runs are counted by configuration: what lies below a place is then a
    sum over whole blocks and a look at one.
    """

    y: NDArray[np.float64]  # (n,) ascending, finite
    run: NDArray[np.int32]  # (n,) row of the source
    configuration: NDArray[np.int32]  # (n,) number of its configuration
    edges: NDArray[np.int64]  # (B + 1,) places where blocks begin and the last one ends
    counts: NDArray[np.float32]  # (C, B) runs; float32 is exact here, and BLAS sums it
    sums: NDArray[np.float64]  # (C, B) Σ(y − center)
    within: NDArray[np.float64]  # (B,) variance inside each block
    center: float
    fractional: NDArray[np.bool_]  # (C,) configurations with a response that is no whole number
    distinct: bool  # whether no two responses are equal

    @classmethod
    @np.errstate(all="ignore")
    def of(
        cls, run: NDArray[np.int32], ascending: NDArray[np.float64], configuration: NDArray[np.int32], size: int
    ) -> InOrder:
        """Count the sorted runs of a sweep of `size` configurations by blocks."""
        own = np.empty(len(run), dtype=np.int32)

        def own_part(part: slice) -> None:
            for here in pieces(part):
                own[here] = configuration[run[here]]

        halves(own_part, len(run))
        distinct = bool((ascending[1:] != ascending[:-1]).all())
        n = len(run)
        center = float(ascending[n // 2]) if n else 0.0
        edges = _edges(ascending, min(BLOCKS, CELLS // max(size, 1)))
        blocks = len(edges) - 1
        counts = np.zeros((size, blocks), dtype=np.float32)
        sums, within, fractional = np.zeros((size, blocks)), np.zeros(blocks), np.zeros(size, dtype=bool)
        for first in range(0, blocks, TOGETHER):  # none of a small sweep
            some = slice(first, min(first + TOGETHER, blocks))
            number = np.diff(edges[some.start : some.stop + 1])
            here = slice(int(edges[some.start]), int(edges[some.stop]))
            values, owners = ascending[here], own[here]
            shape, starts = (len(number), size), edges[some] - here.start
            cell = np.repeat(size * np.arange(len(number)), number) + owners
            off_center = values - center
            counts[:, some] = np.bincount(cell, minlength=math.prod(shape)).reshape(shape).T
            sums[:, some] = np.bincount(cell, weights=off_center, minlength=math.prod(shape)).reshape(shape).T
            off_center -= np.repeat(np.add.reduceat(off_center, starts) / number, number)
            within[some] = np.add.reduceat(off_center * off_center, starts) / number
            if not fractional.all():
                fractional[owners[values != np.rint(values)]] = True
        return cls(ascending, run, own, edges, counts, sums, within, center, fractional, distinct)

    @property
    def n(self) -> int:
        """Number of finished runs."""
        return len(self.y)

    @property
    def blocked(self) -> bool:
        """Whether there are blocks: without them a slice is sifted out of the order."""
        return len(self.edges) > 1


class Sorting:
    """The finished values of a sweep in ascending order.

    Parameters
    ----------
    y : (n,) float64
    finished : (n,) bool
        Those that count; they are finite.
    """

    def __init__(self, y: NDArray[np.float64], finished: NDArray[np.bool_]) -> None:
        self._turn = threading.RLock()
        self._asked = y, finished
        self._found: tuple[NDArray[np.int32], NDArray[np.float64]] | None = None
        if len(y) >= AHEAD:  # nothing waits for this thread at the end of the program
            threading.Thread(target=self.result, daemon=True).start()

    def result(self) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """What `sort` finds; of many values, a thread has begun with it."""
        with self._turn:
            if self._found is None:
                self._found = sort(*self._asked)
            return self._found


@np.errstate(all="ignore")
def sort(y: NDArray[np.float64], finished: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Places of the finished values in ascending order, equal ones in the order of their places; and the values.

    Whole numbers sort several times faster than places by their values. Up to 2^24 values are scaled to 40
    bits, their places are the other 24, and what the scaling made equal is put right afterwards. One array is
    scaled, sorted and filled with the values: memory that a process has not had before costs as much as a sort.
    """
    run = np.empty(np.count_nonzero(finished), dtype=np.int32)
    scaled, filled = np.empty(len(run)), 0
    for here in pieces(slice(0, len(y))):
        at = np.flatnonzero(finished[here]) + here.start
        there = slice(filled, filled := filled + len(at))
        run[there], scaled[there] = at, y[at]
    low, high = (scaled.min(), scaled.max()) if len(run) else (0.0, 0.0)
    scale = (2**40 - 1) / (high - low) if high > low else 0.0
    if len(y) <= 1 << 24 and len(run) > 4096 and 0 < scale < math.inf:
        key = scaled.view(np.uint64)

        def scale_part(part: slice) -> None:
            for here in pieces(part):
                key[here] = (_scaled(scaled[here], low, scale) << np.uint64(24)) | run[here].astype(np.uint64)

        def read_part(part: slice) -> None:
            for here in pieces(part):
                run[here] = key[here] & np.uint64(2**24 - 1)
                scaled[here] = y[run[here]]

        halves(scale_part, len(run))
        sort_numbers(key)
        halves(read_part, len(run))
        ascending = scaled
        wrong = np.flatnonzero(ascending[1:] < ascending[:-1])
        if not len(wrong):
            return run, ascending
        key = _scaled(ascending, low, scale)
        bad = np.unique(key[wrong])
        start, stop = np.searchsorted(key, bad), np.searchsorted(key, bad, side="right")
        if int((stop - start).sum()) < len(key) // 8:
            at = np.concatenate([np.arange(a, b) for a, b in zip(start.tolist(), stop.tolist(), strict=True)])
            run[at] = run[at[np.lexsort((run[at], ascending[at]))]]
            ascending[at] = y[run[at]]
            return run, ascending
    run = np.argsort(y, kind="stable")[: len(run)].astype(np.int32)  # NaN come last
    return run, y[run]


def sort_numbers(key: NDArray[np.uint64]) -> None:
    """Sort whole numbers where they are."""
    halves(lambda part: key[part].sort(), len(key))
    if len(key) >= AHEAD:
        key.sort(kind="stable")  # Timsort: merges the halves


def halves(work: Callable[[slice], None], n: int) -> None:
    """Work on arrays of n values, on both halves of large ones at once: numpy lets two threads compute."""
    if n < AHEAD:
        work(slice(0, n))
        return
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(work, slice(n // 2, n))
        work(slice(0, n // 2))
        other.result()


def pieces(part: slice) -> Iterator[slice]:
    """A range of places in parts that stay in the processor's cache."""
    return (slice(first, min(first + PIECE, part.stop)) for first in range(part.start, part.stop, PIECE))


def _scaled(y: NDArray[np.float64], low: float, scale: float) -> NDArray[np.uint64]:
    """Values as whole numbers of 40 bits."""
    return ((y - low) * scale).astype(np.uint64)


def _edges(y: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Where blocks begin: half of them hold equally many runs, half are equally wide but for the tails.

    The former bound what a look into one block costs, the latter how far its runs lie apart.
    """
    n = len(y)
    if n < FEWEST or most < 16:
        return np.zeros(1, dtype=np.int64)
    even = np.linspace(0, n, most // 2 + 1).astype(np.int64)
    low, high = float(y[int(TAIL * n)]), float(y[int((1 - TAIL) * n)])
    wide = np.searchsorted(y, np.linspace(low, high, most - most // 2)) if math.isfinite(high - low) else even
    return np.unique(np.concatenate([even, wide]))

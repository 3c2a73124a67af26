"""Runs in ascending order of the response, as what reads ranks and quantiles off them sees it; sifted into an array."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]


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

"""Which factors carry the same information in a slice, and which are correlated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.schema import NO_LEVEL, Factor

MOST_LEVELS = 64  # of a factor whose correlations are computed
MOST_COMPARED = 2_000_000_000  # pairs × configurations, for the factors beyond
BLOCK = 8_192
NOTEWORTHY = 0.1


@dataclass(frozen=True)
class Correlation:
    """Two factors that do not vary independently in the slice.

    `value` is φ of two switches, −1 … 1, positive where on goes with on; else Cramér's V, 0 … 1.
    """

    a: str
    b: str
    value: float


@dataclass(frozen=True)
class Overlap:
    """Aliased pairs, and correlations above 0.1 in size, largest first."""

    aliased: tuple[tuple[str, str], ...]
    correlations: tuple[Correlation, ...]
    unchecked: tuple[str, ...]  # factors with too many levels for a correlation


def overlap(factors: tuple[Factor, ...], codes: NDArray[np.int16], weights: NDArray[np.int64]) -> Overlap:
    """Compare all pairs of factors.

    Parameters
    ----------
    factors : tuple of Factor, length k
    codes : (k, C) int16
        Level codes of C configurations.
    weights : (C,) int64
        Runs of each.

    Returns
    -------
    Overlap
        Over the runs that have a level of both. Two factors are aliased when each one's level tells the
        other's (the same or mirrored switches). φ and V: Cramér (1946), without bias correction.
    """
    small = [row for row, factor in enumerate(factors) if len(factor.levels) <= MOST_LEVELS]
    large = [row for row in range(len(factors)) if row not in set(small)]
    aliased, correlations = [], []
    tables = _Contingency([len(factors[row].levels) for row in small], codes[small], weights)
    for i, j in combinations(range(len(small)), 2):
        a, b = factors[small[i]], factors[small[j]]
        counts = tables.pair(i, j)
        counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
        rows, columns = counts.shape
        if rows < 2 or columns < 2:
            continue
        if rows == columns == np.count_nonzero(counts):
            aliased.append((a.name, b.name))
        value = _phi(counts) if a.is_switch and b.is_switch else _cramer(counts)
        if abs(value) > NOTEWORTHY:
            correlations.append(Correlation(a.name, b.name, value))
    pairs = [(i, j) for i, j in combinations(range(len(factors)), 2) if i in set(large) or j in set(large)]
    if len(pairs) * codes.shape[1] <= MOST_COMPARED:
        for i, j in pairs:
            if _tell_each_other(codes[i], codes[j]):
                aliased.append((factors[i].name, factors[j].name))
    correlations.sort(key=lambda found: -abs(found.value))
    return Overlap(tuple(aliased), tuple(correlations), tuple(factors[row].name for row in large))


class _Contingency:
    """All two-way tables at once: products of indicator columns, one per level."""

    def __init__(self, sizes: list[int], codes: NDArray[np.int16], weights: NDArray[np.int64]) -> None:
        self.start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64).tolist()
        width = self.start[-1]
        self.counts = np.zeros((width, width))
        for first in range(0, codes.shape[1], BLOCK):
            block = codes[:, first : first + BLOCK]
            x = np.zeros((block.shape[1], width))
            for row, start in enumerate(self.start[:-1]):
                known = np.flatnonzero(block[row] != NO_LEVEL)
                x[known, start + block[row, known]] = 1
            self.counts += x.T @ (x * weights[first : first + BLOCK, None])

    def pair(self, i: int, j: int) -> NDArray[np.float64]:
        """(levels of i, levels of j) runs."""
        part: NDArray[np.float64] = self.counts[self.start[i] : self.start[i + 1], self.start[j] : self.start[j + 1]]
        return part


def _phi(counts: NDArray[np.float64]) -> float:
    (a, b), (c, d) = counts.tolist()
    return float((a * d - b * c) / math.sqrt((a + b) * (c + d) * (a + c) * (b + d)))


def _cramer(counts: NDArray[np.float64]) -> float:
    n = counts.sum()
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / n
    chi_squared = float((((counts - expected) ** 2) / expected).sum())
    return min(1.0, math.sqrt(chi_squared / (n * (min(counts.shape) - 1))))


def _tell_each_other(a: NDArray[np.int16], b: NDArray[np.int16]) -> bool:
    known = (a != NO_LEVEL) & (b != NO_LEVEL)
    a, b = a[known], b[known]
    levels = len(np.unique(a))
    if levels < 2 or levels != len(np.unique(b)):
        return False
    return len(np.unique(a.astype(np.int64) * 65_536 + b)) == levels

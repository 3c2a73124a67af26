"""Columns of main effects and two-factor interactions, coded by a full factorial whatever was run of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int16]
Term = tuple[int, ...]  # factors by their place, ascending: (2,) or (0, 3); () is the intercept

BLOCK = 8_192  # configurations at a time: memory stays flat
MOST_WORK = 4_000_000_000  # configurations × columns², a second or so


class FactorialColumns:
    """An intercept, the main effects of k factors, and their two-factor interactions if they are asked for.

    A factor of L levels has L − 1 Helmert contrasts with mean square 1 over the levels (−1 and 1 for a
    switch), an interaction their products. Over the full factorial all columns are orthogonal with mean
    square 1, so that no column is preferred by its scale or by what happened to be run.

    Parameters
    ----------
    sizes : sequence of int, length k
        Levels of each factor.
    interactions : bool
    """

    def __init__(self, sizes: Sequence[int], interactions: bool) -> None:
        self.sizes = tuple(sizes)
        self.terms: tuple[Term, ...] = ((), *((factor,) for factor in range(len(sizes))))
        self.place: dict[Term, slice] = {(): slice(0, 1)}
        start = 1
        for factor, size in enumerate(sizes):
            self.place[factor,] = slice(start, start + size - 1)
            start += size - 1
        left: list[int] = []
        right: list[int] = []
        if interactions:
            for pair in combinations(range(len(sizes)), 2):
                one, other = (range(start)[self.place[factor,]] for factor in pair)
                self.place[pair] = slice(start + len(left), start + len(left) + len(one) * len(other))
                left += [u for u in one for _ in other]
                right += [v for _ in one for v in other]
            self.terms += tuple(combinations(range(len(sizes)), 2))
        self._left, self._right = np.array(left, dtype=np.int64), np.array(right, dtype=np.int64)
        self.p = start + len(left)
        self._contrasts = [helmert(size) for size in sizes]

    def rows(self, codes: Codes) -> Array:
        """(n, p) columns of n configurations, codes (k, n) from 0."""
        main = np.concatenate(
            [np.ones((codes.shape[1], 1)), *(table[code] for table, code in zip(self._contrasts, codes, strict=True))],
            axis=1,
        )
        return np.concatenate([main, main[:, self._left] * main[:, self._right]], axis=1)

    def cross_products(self, codes: Codes) -> Array:
        """(p, p) sums of products over the configurations, each once."""
        total = np.zeros((self.p, self.p))
        for first in range(0, codes.shape[1], BLOCK):
            x = self.rows(codes[:, first : first + BLOCK])
            total += x.T @ x
        return total

    def affordable(self, codes: Codes) -> Codes:
        """The configurations, or as many of them, drawn with a fixed seed, as can be looked at in a second."""
        most = max(BLOCK, MOST_WORK // self.p**2)
        if codes.shape[1] <= most:
            return codes
        drawn = np.random.default_rng(0).choice(codes.shape[1], most, replace=False)
        return codes[:, np.sort(drawn)]


def width(sizes: Sequence[int], interactions: bool) -> int:
    """Number of columns that FactorialColumns would have."""
    main = [size - 1 for size in sizes]
    pairs = (sum(main) ** 2 - sum(own**2 for own in main)) // 2
    return 1 + sum(main) + (pairs if interactions else 0)


def helmert(size: int) -> Array:
    """(levels, levels − 1) each level against the mean of those before it, mean square 1."""
    table = np.zeros((size, size - 1))
    for level in range(1, size):
        scale = sqrt(size / (level * (level + 1)))
        table[:level, level - 1] = -scale
        table[level, level - 1] = level * scale
    return table

"""How strongly the terms of a model hang together in a design: partial canonical correlations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.designs.factorial_columns import FactorialColumns, Term

Array = NDArray[np.float64]

FULL = 1 - 1e-6  # a correlation from here on is complete: rounding apart, the terms are the same
NOTHING = 1e-8  # of a column's sum of squares: what is left where the columns before it hold all of it
BYTES = 32_000_000  # at a time


@dataclass(frozen=True)
class Link:
    """Terms whose effects might be taken for each other's: `left` for the sum of `right`, beside `given`."""

    left: Term
    right: tuple[Term, ...]
    given: tuple[Term, ...]

    @classmethod
    def between(cls, left: Term, right: Term) -> Link:
        """Two terms, beside the main effects of what the interactions among them are made of."""
        parents = {(factor,) for term in (left, right) for factor in term} - {left, right}
        return cls(left, (right,), ((), *sorted(parents)))

    @classmethod
    def sum(cls, left: int, right: Sequence[int]) -> Link:
        """A main effect, and the sum of others."""
        return cls((left,), tuple((factor,) for factor in right), ((),))


class Correlations:
    """Partial canonical correlations of many links, by the cross products of a design.

    For columns X, Y and Z of left, right and given terms: the largest correlation between what Z leaves of
    a combination of X and what it leaves of one of Y (Hotelling 1936; Rao 1969). It is the same for every
    coding of the factors. 1 is a complete alias: an effect of the one looks like an effect of the other.

    References
    ----------
    Hotelling, H. (1936). Relations between two sets of variates. Biometrika 28, 321–377.
    https://doi.org/10.1093/biomet/28.3-4.321
    """

    def __init__(self, columns: FactorialColumns, links: Sequence[Link]) -> None:
        self.n = len(links)
        at = {term: tuple(range(columns.p)[where]) for term, where in columns.place.items()}
        shapes: dict[tuple[int, int, int], list[tuple[int, tuple[int, ...]]]] = defaultdict(list)
        for number, link in enumerate(links):
            given = tuple(column for term in link.given for column in at[term])
            left = at[link.left]
            right = tuple(column for term in link.right for column in at[term])
            shapes[len(given), len(left), len(right)].append((number, given + left + right))
        self._shapes = {
            shape: (np.array([number for number, _ in found]), np.array([index for _, index in found]))
            for shape, found in shapes.items()
        }

    def of(self, cross_products: Array) -> Array:
        """One correlation a link.

        Parameters
        ----------
        cross_products : (p, p)
            Of the columns, the intercept among them.

        Returns
        -------
        (n,)
            −1 … 1 where left and right have a column each, else 0 … 1; NaN where the given terms leave
            nothing of one side (cells without a run).
        """
        found = np.full(self.n, np.nan)
        for (given, left, right), (numbers, index) in self._shapes.items():
            step = max(1, BYTES // (8 * index.shape[1] ** 2))
            for first in range(0, len(numbers), step):
                part = index[first : first + step]
                block = cross_products[part[:, :, None], part[:, None, :]]
                found[numbers[first : first + step]] = _correlations(block, given, left, left + right)
        return found


def _correlations(block: Array, given: int, left: int, both: int) -> Array:
    """(m,) of m blocks of cross products, ordered given, left, right."""
    whole = block[:, given:, given:]
    trace = np.maximum(np.einsum("mii->m", block[:, :given, :given]), 1.0)
    ridge = 1e-11 * trace[:, None, None] * np.eye(given)
    across = block[:, :given, given:]
    rest = whole - np.swapaxes(across, 1, 2) @ np.linalg.solve(block[:, :given, :given] + ridge, across)
    size = np.einsum("mii->mi", whole)
    if both == 2:
        own = np.einsum("mii->mi", rest)
        there = (own > NOTHING * size).all(axis=1)
        scale = np.sqrt(np.where(there[:, None], own, 1.0)).prod(axis=1)
        return np.where(there, np.clip(rest[:, 0, 1] / scale, -1, 1), np.nan)
    one, one_there = _whitened(rest[:, :left, :left], size[:, :left])
    other, other_there = _whitened(rest[:, left:, left:], size[:, left:])
    values = np.linalg.svd(np.swapaxes(one, 1, 2) @ rest[:, :left, left:] @ other, compute_uv=False)
    return np.where(one_there & other_there, np.minimum(values[:, 0], 1.0), np.nan)


def _whitened(rest: Array, size: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Combinations of columns with unit sums of squares, zeros for those of which nothing is left."""
    values, vectors = np.linalg.eigh(rest)
    kept = values > NOTHING * size.max(axis=1)[:, None]
    return vectors * np.where(kept, 1 / np.sqrt(np.where(kept, values, 1.0)), 0.0)[:, None, :], kept.any(axis=1)

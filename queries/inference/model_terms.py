"""Columns of a linear model of the configurations: main effects and interactions of factors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.configurations import Configurations

Array = NDArray[np.float64]
Term = tuple[int, ...]  # factors by their place in Configurations.factors, ascending: (2,) or (0, 3)
Cell = tuple[int, ...]  # one level of each factor of a term

BLOCK = 16_384  # configurations at a time: memory stays flat


class Columns:
    """The columns of some terms over C configurations, without an intercept.

    A factor of L levels has L − 1 columns, the indicators of all levels but the first, less their means;
    an interaction has their products. All are centred about their weighted mean over the configurations,
    so that the coefficient of a switch is its effect averaged over what the other factors were.

    Parameters
    ----------
    groups : Configurations
    terms : sequence of Term
    weight : (C,) float
        Of each configuration; positive.
    """

    def __init__(self, groups: Configurations, terms: Sequence[Term], weight: Array) -> None:
        self.groups, self.weight, self.n = groups, weight, groups.n
        self.terms: tuple[Term, ...] = tuple(dict.fromkeys(terms))
        share = weight / weight.sum() if len(weight) else weight
        self.rates = [
            np.bincount(codes, weights=share, minlength=size)
            for codes, size in zip(groups.codes, groups.sizes, strict=True)
        ]
        self.place: dict[Term, slice] = {}
        start = 0
        for term in self.terms:
            width = prod(groups.sizes[factor] - 1 for factor in term)
            self.place[term] = slice(start, start + width)
            start += width
        self.p = start
        self.mean = np.zeros(self.p)
        for at, x in self._raw():
            self.mean += share[at] @ x

    def blocks(self) -> Iterator[tuple[slice, Array]]:
        """The matrix in blocks of rows: which configurations, and (rows, p) columns."""
        for at, x in self._raw():
            yield at, x - self.mean

    def matrix(self) -> Array:
        """(C, p) all of it at once."""
        return np.concatenate([x for _, x in self.blocks()]) if self.n else np.empty((0, self.p))

    def _raw(self) -> Iterator[tuple[slice, Array]]:
        for start in range(0, self.n, BLOCK):
            at = slice(start, min(start + BLOCK, self.n))
            single = [
                (codes[at, None] == np.arange(1, size)) - rate[1:]
                for codes, size, rate in zip(self.groups.codes, self.groups.sizes, self.rates, strict=True)
            ]
            x = np.empty((at.stop - at.start, self.p))
            for term, where in self.place.items():
                part = single[term[0]]
                for factor in term[1:]:
                    part = (part[:, :, None] * single[factor][:, None, :]).reshape(len(part), -1)
                x[:, where] = part
            yield at, x

    def level(self, factor: int, level: int) -> Array:
        """(p,) weights on the coefficients: a level less the mean of the factor's other levels."""
        weights = np.zeros(self.p)
        weights[self.place[(factor,)]] = _against_rest(self.groups.sizes[factor], level)
        return weights

    def cell(self, term: Term, levels: Cell) -> Array:
        """(p,) weights: the interaction of some levels, each against the mean of its factor's others.

        For two switches, the difference of differences (11 − 01) − (10 − 00).
        """
        part: Array = np.ones(1)
        for factor, level in zip(term, levels, strict=True):
            part = np.outer(part, _against_rest(self.groups.sizes[factor], level)).ravel()
        weights = np.zeros(self.p)
        weights[self.place[term]] = part
        return weights

    def whole(self, term: Term) -> Array:
        """(width of the term, p) weights that take all of its coefficients."""
        return np.eye(self.p)[self.place[term]]


def cells_of(groups: Configurations, term: Term) -> Iterator[Cell]:
    """The levels that a term's rows are about: "on" of a switch, every level of a larger factor."""
    return product(*((1,) if groups.sizes[factor] == 2 else range(groups.sizes[factor]) for factor in term))


def _against_rest(size: int, level: int) -> Array:
    weights = np.full(size, -1 / (size - 1))
    weights[level] = 1.0
    return weights[1:]  # the first level's column is not there: its effect is zero

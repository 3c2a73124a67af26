"""The full factorial that a slice allows, and which of its cells have runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import NO_LEVEL, dense
from ablate_tui.data.schema import Factor
from ablate_tui.queries.configurations import Configurations
from ablate_tui.queries.slices import Sample

BLOCK = 8_192  # configurations at a time


@dataclass(frozen=True, eq=False)
class Grid:
    """k free factors with the levels that the filters allow, and C of their combinations that have runs."""

    factors: tuple[Factor, ...]
    levels: tuple[tuple[str, ...], ...]
    codes: NDArray[np.int16]  # (k, C) places in `levels`
    count: NDArray[np.int64]  # (C,) runs that are not missing
    left_out: int  # runs without a level of a free factor

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of levels of each factor."""
        return tuple(len(levels) for levels in self.levels)

    @property
    def possible(self) -> int:
        """Number of cells of the full factorial."""
        return math.prod(self.sizes)

    def configuration(self, codes: Sequence[int]) -> dict[str, str]:
        """A cell in words, {factor: level}."""
        return {
            factor.name: levels[code] for factor, levels, code in zip(self.factors, self.levels, codes, strict=True)
        }

    def met(self) -> NDArray[np.bool_]:
        """(levels of all factors, the same) whether a run has both levels; on the diagonal, whether one has it."""
        start = np.cumsum([0, *self.sizes])
        met = np.zeros((start[-1], start[-1]), dtype=bool)
        for first in range(0, len(self.count), BLOCK):
            codes = self.codes[:, first : first + BLOCK]
            flags = np.zeros((codes.shape[1], start[-1]), dtype=np.float32)
            for at, code in zip(start[:-1], codes, strict=True):
                flags[np.arange(len(code)), at + code] = 1
            met |= (flags.T @ flags) > 0
        return met

    def configurations(self) -> Configurations:
        """The cells that have runs, without an outcome; factors that do not vary among them are left out."""
        present = [np.unique(codes) for codes in self.codes]
        varying = [at for at, codes in enumerate(present) if len(codes) > 1]
        compact = [np.searchsorted(present[at], self.codes[at]) for at in varying]
        n = len(self.count)
        return Configurations(
            factors=tuple(self.factors[at] for at in varying),
            levels=tuple(tuple(self.levels[at][code] for code in present[at]) for at in varying),
            codes=np.array(compact, dtype=np.int16).reshape(len(varying), n),
            count=self.count,
            mean=np.full(n, np.nan),
            variance=np.full(n, np.nan),
            noise=math.nan,
            left_out=self.left_out,
        )


def grid(sample: Sample) -> Grid:
    """The full factorial of a slice's free factors.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    Grid
        A run whose response is missing fills no cell; one that diverged does.
    """
    allowed = sample.slice.set
    rows = [sample.table.positions[factor.name] for factor in sample.free]
    places = [
        np.array([factor.code(level) for level in allowed.get(factor.name, factor.levels)], dtype=np.int16)
        for factor in sample.free
    ]
    count, of = sample.outcomes.outcomes, sample.table.combinations.codes[rows]
    known = np.all(of != NO_LEVEL, axis=0)
    seen = known & (count > 0)
    compact = [np.searchsorted(place, row[seen]) for row, place in zip(of, places, strict=True)]
    codes = np.array(compact, dtype=np.int16).reshape(len(rows), int(seen.sum()))
    # configurations that differ in a factor that is not free fill one cell
    cell = dense(codes, tuple(len(place) for place in places))
    _, first = np.unique(cell, return_index=True)
    return Grid(
        factors=sample.free,
        levels=tuple(
            tuple(factor.levels[code] for code in place) for factor, place in zip(sample.free, places, strict=True)
        ),
        codes=codes[:, first],
        count=np.bincount(cell, weights=count[seen], minlength=len(first)).astype(np.int64),
        left_out=int(count[~known].sum()),
    )

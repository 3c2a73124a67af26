"""The four cells of every pair of levels: how many finished runs, their mean and SD."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import Moments
from ablate_tui.queries.slices import Sample

BLOCK = 8_192  # configurations at a time
ROUNDING = 1e-13  # share of the sums of squares below which an SD is nothing but rounding

Four = tuple[float | None, float | None, float | None, float | None]


@dataclass(frozen=True)
class FourCells:
    """Of one level of a and one of b. The order is 00, 01, 10, 11; the first digit is a, 1 the level itself.

    For a switch 0 is off, for a level of a larger factor the rest of its levels.
    """

    n: tuple[int, int, int, int]  # finished runs
    mean: Four  # None without a finished run
    sd: Four  # ddof=1; None with fewer than two


class PairCells:
    """All levels of some factors against each other, summed up in one pass over the configurations.

    Parameters
    ----------
    sample : Sample
        Runs that lack a level are in no cell of that factor, but in those of the other factors.
    levels : mapping of str to sequence of str
        The factors, and those of their levels that count.
    outcome : Moments, optional
        Sums of another outcome than the response.
    """

    def __init__(self, sample: Sample, levels: Mapping[str, Sequence[str]], outcome: Moments | None = None) -> None:
        table = sample.table
        self.places: dict[str, dict[str, int]] = {}  # of each factor's levels, in the matrices
        width = 0
        for name, texts in levels.items():
            self.places[name] = {text: width + at for at, text in enumerate(texts)}
            width += len(texts)
        rows = [table.positions[name] for name in levels]
        column = [np.full(len(table.factors[row].levels) + 1, -1) for row in rows]  # by code; NO_LEVEL is the last
        for name, row, places in zip(levels, rows, column, strict=True):
            for text, place in self.places[name].items():
                places[table.factors[row].code(text)] = place
        with np.errstate(all="ignore"):
            self._sum(sample.moments if outcome is None else outcome, table.combinations.codes[rows], column, width)

    def _sum(
        self,
        sums: Moments,
        every: NDArray[np.int16],
        column: list[NDArray[np.int64]],
        width: int,
    ) -> None:
        there = np.flatnonzero(sums.n)
        part = sums.at(there)
        count = part.n.astype(np.float64)
        self.center = float(part.merged(np.zeros_like(there), 1).mean[0]) if len(there) else 0.0
        off = (part.mean - self.center) + part.rest
        total = count * off
        squares = part.squares + total * off
        self.sums = np.zeros((3, width, width))  # of runs, of deviations, of their squares
        codes = every[:, there]
        for first in range(0, len(there), BLOCK):
            block = codes[:, first : first + BLOCK]
            x = np.zeros((block.shape[1], width))
            for row, places in zip(block, column, strict=True):
                place = places[row]
                known = np.flatnonzero(place >= 0)
                x[known, place[known]] = 1.0
            for which, values in enumerate((count, total, squares)):
                self.sums[which] += x.T @ (x * values[first : first + BLOCK, None])

    def four(self, a: str, level_a: str, b: str, level_b: str) -> FourCells:
        """The cells of a level of one factor and a level of another."""
        first, second = self.places[a], self.places[b]
        part = self.sums[:, list(first.values())][:, :, list(second.values())]
        at, to = list(first).index(level_a), list(second).index(level_b)
        both, row, column = part[:, at, to], part[:, at], part[:, :, to]
        others = np.delete(part, at, axis=1)
        stacked = np.array(
            [
                np.delete(others, to, axis=2).sum(axis=(1, 2)),
                np.delete(column, at, axis=1).sum(axis=1),
                np.delete(row, to, axis=1).sum(axis=1),
                both,
            ]
        )
        n = np.rint(stacked[:, 0]).astype(int).tolist()
        found = [self._figures(int(size), float(s), float(q)) for size, (_, s, q) in zip(n, stacked, strict=True)]
        mean00, mean01, mean10, mean11 = (mean for mean, _ in found)
        sd00, sd01, sd10, sd11 = (sd for _, sd in found)
        return FourCells((n[0], n[1], n[2], n[3]), (mean00, mean01, mean10, mean11), (sd00, sd01, sd10, sd11))

    def _figures(self, n: int, total: float, squares: float) -> tuple[float | None, float | None]:
        if not n:
            return None, None
        mean = total / n
        rest = squares - mean * total
        if rest <= ROUNDING * squares:
            rest = 0.0
        sd = math.sqrt(rest / (n - 1)) if n > 1 and rest >= 0 else None
        mean += self.center
        return (mean if math.isfinite(mean) else None, sd if sd is not None and math.isfinite(sd) else None)

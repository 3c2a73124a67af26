"""One pair of factors from near: the runs of each combination of their levels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.errors import UsageError
from ablate_tui.data.schema import NO_LEVEL
from ablate_tui.queries.descriptive.distributions import BoxStats, box_stats, histogram_edges
from ablate_tui.queries.descriptive.ordered import order
from ablate_tui.queries.inference.noise import noise_scale
from ablate_tui.queries.inference.replicates import tested
from ablate_tui.queries.note import Note
from ablate_tui.queries.slices import Sample

MOST_LEVELS = 4  # of each factor


@dataclass(frozen=True)
class CardCell:
    """The finished runs of one combination of levels."""

    level_a: str
    level_b: str
    n: int
    mean: float | None
    sd: float | None  # ddof=1
    noise: float | None  # geometric mean of the SDs within its configurations
    box: BoxStats
    counts: tuple[int, ...]  # runs in each bin; a run on an edge is in the bin above


@dataclass(frozen=True)
class PairCard:
    """At most 4 × 4 cells, those of one level of a beside each other."""

    a: str
    b: str
    levels_a: tuple[str, ...]
    levels_b: tuple[str, ...]
    cells: tuple[CardCell, ...]
    edges: tuple[float, ...]  # common bins; empty without a finished run
    notes: tuple[Note, ...]

    def cell(self, a: int, b: int) -> CardCell:
        """By the places of its levels."""
        return self.cells[a * len(self.levels_b) + b]


def pair_card(sample: Sample, a: str, b: str) -> PairCard:
    """Describe the runs of each combination of two factors' levels.

    Parameters
    ----------
    sample : Sample
    a, b : str
        Names of two factors.

    Returns
    -------
    PairCard
        Of a factor with more than 4 levels, those with the most finished runs, in their own order. `noise`
        is exp(mean ln z) over the cell's configurations with replicates that differ, z = s/c4(r) with
        shared effects of the replicates removed; None without any.

    Raises
    ------
    UsageError
        Where one of the factors is not there, or both are the same.
    """
    factors = sample.table.factor(a), sample.table.factor(b)
    if a == b:
        raise UsageError(f'"{a}" can\'t be paired with itself; name two switches')
    runs = order(sample)
    codes = sample.code(a)[runs.at], sample.code(b)[runs.at]
    kept, notes = [], []
    for factor, code in zip(factors, codes, strict=True):
        count = np.bincount(code[code != NO_LEVEL], minlength=len(factor.levels))
        most = np.sort(np.argsort(-count, kind="stable")[:MOST_LEVELS])
        kept.append(most.tolist())
        if len(most) < len(factor.levels):
            words = f"{len(most)} of {len(factor.levels):,} levels, those with the most runs"
            notes.append(Note(factor.name, "levels", words))
    inside = np.isin(codes[0], kept[0]) & np.isin(codes[1], kept[1])
    y = runs.y[inside]
    first, second = codes[0][inside], codes[1][inside]
    edges = histogram_edges(y) if len(y) else np.zeros(0)
    noise = _noise(sample, a, b)
    cells = tuple(
        _cell(
            (factors[0].levels[i], factors[1].levels[j]),
            y[(first == i) & (second == j)],
            edges,
            noise.get((factors[0].levels[i], factors[1].levels[j])),
        )
        for i in kept[0]
        for j in kept[1]
    )
    levels = [tuple(factor.levels[at] for at in places) for factor, places in zip(factors, kept, strict=True)]
    return PairCard(a, b, levels[0], levels[1], cells, tuple(edges.tolist()), tuple(notes))


def _cell(levels: tuple[str, str], y: NDArray[np.float64], edges: NDArray[np.float64], noise: float | None) -> CardCell:
    counts: tuple[int, ...] = ()
    if len(edges):
        below = np.searchsorted(y, edges[:-1], side="left")
        counts = tuple(np.diff(below, append=len(y)).tolist())
    with np.errstate(all="ignore"):
        mean = float(y.mean()) if len(y) else math.nan
        sd = float(np.std(y, ddof=1)) if len(y) > 1 else math.nan
        if len(y) and y[0] == y[-1]:
            mean, sd = float(y[0]), 0.0 if len(y) > 1 else math.nan
        box = box_stats(levels[1], y)
    return CardCell(
        level_a=levels[0],
        level_b=levels[1],
        n=len(y),
        mean=mean if math.isfinite(mean) else None,
        sd=sd if math.isfinite(sd) else None,
        noise=noise,
        box=box,
        counts=counts,
    )


def _noise(sample: Sample, a: str, b: str) -> dict[tuple[str, str], float]:
    """Typical SD within the configurations of each cell."""
    groups, z = noise_scale(tested(sample))
    names = [factor.name for factor in groups.factors]
    if a not in names or b not in names:
        return {}
    at, to = names.index(a), names.index(b)
    usable = (z > 0) & np.isfinite(z)
    found = {}
    for i, level_a in enumerate(groups.levels[at]):
        for j, level_b in enumerate(groups.levels[to]):
            here = usable & (groups.codes[at] == i) & (groups.codes[to] == j)
            if here.any():
                found[level_a, level_b] = math.exp(float(np.log(z[here]).mean()))
    return found

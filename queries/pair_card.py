"""One pair of factors from near: the runs of each combination of their levels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.errors import UsageError
from ablate_tui.queries.descriptive.ascending import Ascending
from ablate_tui.queries.descriptive.distributions import BoxStats, box_stats, counts_between, histogram_edges
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
    runs, finished = order(sample), sample.outcomes.finished
    codes = sample.levels(a), sample.levels(b)
    kept, notes = [], []
    for factor in factors:
        count = sample.by_level(factor.name, finished)
        most = np.sort(np.argsort(-count, kind="stable")[:MOST_LEVELS])
        kept.append(most.tolist())
        if len(most) < len(factor.levels):
            words = f"{len(most)} of {len(factor.levels):,} levels, those with the most runs"
            notes.append(Note(factor.name, "levels", words))
    edges = histogram_edges(runs.where(np.isin(codes[0], kept[0]) & np.isin(codes[1], kept[1])))
    both = [(i, j) for i in kept[0] for j in kept[1]]
    parts = runs.split([(codes[0] == i) & (codes[1] == j) for i, j in both])
    noise = _noise(sample, a, b)
    cells = tuple(
        _cell(
            (factors[0].levels[i], factors[1].levels[j]),
            part,
            edges,
            noise.get((factors[0].levels[i], factors[1].levels[j])),
        )
        for (i, j), part in zip(both, parts, strict=True)
    )
    levels = [tuple(factor.levels[at] for at in places) for factor, places in zip(factors, kept, strict=True)]
    return PairCard(a, b, levels[0], levels[1], cells, tuple(edges.tolist()), tuple(notes))


def _cell(levels: tuple[str, str], runs: Ascending, edges: NDArray[np.float64], noise: float | None) -> CardCell:
    with np.errstate(all="ignore"):
        counts = counts_between(runs, edges)
        mean, squares = runs.moments()
        sd = math.sqrt(squares / (runs.n - 1)) if runs.n > 1 else math.nan
        box = box_stats(levels[1], runs)
    return CardCell(
        level_a=levels[0],
        level_b=levels[1],
        n=runs.n,
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

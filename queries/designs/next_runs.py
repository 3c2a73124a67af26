"""The configurations worth running next: what separates the confounded, then empty cells, then replicates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ablate_tui.queries.designs.factorial_columns import Array, Codes, FactorialColumns, Term, width
from ablate_tui.queries.designs.grid import Grid
from ablate_tui.queries.designs.term_correlations import FULL, Correlations, Link

MOST_CELLS = 65_536  # of a full factorial that is searched
LISTED = 200
MOST_COLUMNS = 400  # of the model that runs are chosen for
MOST_NUMBERS = 1_000_000  # candidates × columns
DRAWN = 8_192  # candidates at random where there are more cells than are searched
MOST_WATCHED = 400  # pairs of terms
CERTAIN = 1e-6  # prior precision of the intercept and the main effects, in runs
LIKELY_SMALL = 1.0  # prior precision of an interaction
EMPTY = "an empty cell"

Names = tuple[str, ...]


@dataclass(frozen=True)
class NextRun:
    """A configuration to run, and what for.

    `separates`: the aliases that end with it, "a from b:c", the earlier ones of the list being run.
    `gain`: what it adds to the logarithm of the determinant of the information; None where it is a
    further replicate.
    """

    configuration: Mapping[str, str]
    runs: int  # that it has already
    separates: tuple[str, ...]
    why: str
    gain: float | None


@dataclass(frozen=True)
class NextRuns:
    """At most 200, those that matter most first. `total`: how many cells are empty, or have fewer runs than
    the fullest; None where there are too many cells to count. `notes`: what was cut short."""

    runs: tuple[NextRun, ...]
    total: int | None
    notes: tuple[str, ...]


def next_runs(grid: Grid, tied: Sequence[tuple[Names, Names]] = (), sums: Sequence[Names] = ()) -> NextRuns:
    """Choose the configurations to run next.

    Empty cells of the full factorial come first, each the one that adds most to the determinant of the
    information XᵀX + K, given the runs that are there and those chosen before it (Wynn 1970; the first
    stage of Mitchell 1974): the model holds all main effects and two-factor interactions, K next to
    nothing for main effects and 1 for an interaction, which is thought to be small (DuMouchel & Jones
    1994). So a main effect that is confounded with another comes before one that is confounded with an
    interaction, and this before two interactions. Every configuration counts once. Ties go to levels with
    the fewest runs. Then come the cells with fewer runs than the fullest, fewest first.

    Parameters
    ----------
    grid : Grid
    tied : sequence of pairs of terms, optional
        Terms, as factors' names, whose correlation a run may lower; the strongest first.
    sums : sequence of tuples of names, optional
        The first factor's main effect is the sum of the others'.

    Returns
    -------
    NextRuns

    References
    ----------
    Wynn, H. P. (1970). The sequential generation of D-optimum experimental designs. Annals of Mathematical
    Statistics 41(5), 1655–1664. https://doi.org/10.1214/aoms/1177696809

    Mitchell, T. J. (1974). An algorithm for the construction of "D-optimal" experimental designs.
    Technometrics 16(2), 203–210. https://doi.org/10.1080/00401706.1974.10489175

    DuMouchel, W. & Jones, B. (1994). A simple Bayesian modification of D-optimal designs to reduce
    dependence on an assumed model. Technometrics 36(1), 37–47.
    https://doi.org/10.1080/00401706.1994.10485399
    """
    if not grid.factors:
        return NextRuns((), 0, ("no factor is free",))
    notes: list[str] = []
    interactions = width(grid.sizes, interactions=True) <= MOST_COLUMNS
    if grid.possible <= MOST_CELLS:
        empty = _empty(grid)
        total: int | None = len(empty[0]) + int(np.count_nonzero(grid.count < grid.count.max(initial=0)))
    else:
        empty, total = _drawn(grid), None
        notes.append(f"{_large(grid.possible)} cells: chosen from {len(empty[0]):,} empty ones, drawn at random")
    empty = empty[:, np.argsort(_coverage(grid, empty), kind="stable")]
    chosen: list[NextRun] = []
    if width(grid.sizes, interactions) > MOST_COLUMNS:
        notes.append("too many levels to choose by what they tell apart: the levels with the fewest runs come first")
        chosen += [NextRun(grid.configuration(cell), 0, (), EMPTY, None) for cell in empty.T[:LISTED].tolist()]
    else:
        columns = FactorialColumns(grid.sizes, interactions)
        if len(empty[0]) * columns.p > MOST_NUMBERS:
            drawn = np.random.default_rng(0).choice(len(empty[0]), MOST_NUMBERS // columns.p, replace=False)
            notes.append(f"chosen from {len(drawn):,} of {len(empty[0]):,} empty cells, drawn at random")
            empty = empty[:, np.sort(drawn)]
        if empty.shape[1]:
            information = columns.cross_products(columns.affordable(grid.codes))
            ties = _Ties(grid, columns, information, tied, sums)
            chosen += _optimal(grid, columns, information, empty, ties)
    most = int(grid.count.max(initial=0))
    again = np.flatnonzero(grid.count < most)
    for cell in again[np.argsort(grid.count[again], kind="stable")][: LISTED - len(chosen)].tolist():
        runs = int(grid.count[cell])
        why = f"{runs:,} {'run' if runs == 1 else 'runs'}, where the fullest cell has {most:,}"
        chosen.append(NextRun(grid.configuration(grid.codes[:, cell].tolist()), runs, (), why, None))
    if total is not None and total > len(chosen):
        notes.append(f"{len(chosen)} of {total:,} configurations listed")
    return NextRuns(tuple(chosen), total, tuple(notes))


def _empty(grid: Grid) -> Codes:
    """(k, cells) the cells without a run."""
    taken = np.zeros(grid.possible, dtype=bool)
    taken[np.ravel_multi_index(tuple(grid.codes.astype(np.int64)), grid.sizes)] = True
    return np.array(np.unravel_index(np.flatnonzero(~taken), grid.sizes), dtype=np.int16)


def _drawn(grid: Grid) -> Codes:
    """(k, cells) some cells without a run, drawn with a fixed seed."""
    draw = np.random.default_rng(0)
    cells = np.array([draw.integers(0, size, DRAWN) for size in grid.sizes], dtype=np.int16)
    seen = {codes.tobytes() for codes in np.ascontiguousarray(grid.codes.T)}
    kept = []
    for place, codes in enumerate(np.ascontiguousarray(cells.T)):
        key = codes.tobytes()
        if key not in seen:
            seen.add(key)
            kept.append(place)
    return cells[:, kept]


def _coverage(grid: Grid, cells: Codes) -> Array:
    """(cells,) runs that share a level with each, summed over factors."""
    total = np.zeros(cells.shape[1])
    for seen, codes, size in zip(grid.codes, cells, grid.sizes, strict=True):
        total += np.bincount(seen, weights=grid.count, minlength=size)[codes]
    return total


def _optimal(grid: Grid, columns: FactorialColumns, information: Array, cells: Codes, ties: _Ties) -> list[NextRun]:
    """The cells one after the other, each adding most to the information."""
    prior = np.full(columns.p, CERTAIN)
    for term, where in columns.place.items():
        if len(term) == 2:
            prior[where] = LIKELY_SMALL
    inverse = np.linalg.inv(information + np.diag(prior))
    x = columns.rows(cells)
    variance = np.einsum("ij,ij->i", x @ inverse, x)  # of a prediction, in units of a run's
    chosen: list[NextRun] = []
    while len(chosen) < min(LISTED, cells.shape[1]):
        at = int(np.argmax(variance >= variance.max() * (1 - 1e-6)))  # the first of those that tie
        row, gain = x[at], float(variance[at])
        direction = inverse @ row
        inverse -= np.outer(direction, direction) / (1 + gain)  # Sherman & Morrison
        variance -= (x @ direction) ** 2 / (1 + gain)
        variance[at] = -math.inf
        codes = cells[:, at].tolist()
        separates, why = ties.broken_by(codes, row)
        chosen.append(NextRun(grid.configuration(codes), 0, separates, why, math.log1p(gain)))
    return chosen


class _Ties:
    """What the runs so far can't tell apart, and which levels they have not brought together."""

    def __init__(
        self,
        grid: Grid,
        columns: FactorialColumns,
        information: Array,
        tied: Sequence[tuple[Names, Names]],
        sums: Sequence[Names],
    ) -> None:
        self.grid, self.columns = grid, columns
        place = {factor.name: at for at, factor in enumerate(grid.factors)}

        def term(names: Names) -> Term:
            return tuple(sorted(place[name] for name in names))

        wanted = [(term(one), term(other)) for one, other in tied]
        singles = [term for term in columns.terms if len(term) == 1]
        pairs = [term for term in columns.terms if len(term) == 2]
        apart = [(one, pair) for one in singles for pair in pairs if one[0] not in pair]
        if len(apart) + len(pairs) ** 2 // 2 <= MOST_WATCHED:
            # runs that free some terms of the ones above may leave them tied to each other
            wanted = list(dict.fromkeys([*wanted, *apart, *combinations(pairs, 2)]))
        links = [Link.sum(place[names[0]], [place[name] for name in names[1:]]) for names in sums]
        links += [Link.between(*both) for both in wanted if columns.place.keys() >= {*both}]
        self.links = links[:MOST_WATCHED]
        self.words = [
            (self._name(link.left), " + ".join(self._name(right) for right in link.right)) for link in self.links
        ]
        self.cross_products = information.copy()
        self.correlations = Correlations(columns, self.links)
        self.values = np.abs(self.correlations.of(self.cross_products))
        self.start = np.cumsum([0, *grid.sizes])[:-1]
        self.together = grid.met()

    def _name(self, term: Term) -> str:
        return ":".join(self.grid.factors[factor].name for factor in term)

    def broken_by(self, codes: list[int], row: Array) -> tuple[tuple[str, ...], str]:
        """Add a run: the aliases that it ends, and in words what it is good for."""
        self.cross_products += np.outer(row, row)
        new = self._levels_met(codes)
        if not self.links:
            return (), f"first run with {_some(new)}" if new else EMPTY
        before, after = self.values, np.abs(self.correlations.of(self.cross_products))
        ended = np.flatnonzero((before >= FULL) & (after < FULL))
        separates = tuple(f"{self.words[at][0]} from {self.words[at][1]}" for at in ended)
        drop = np.where(np.isnan(before - after), 0.0, before - after)
        drop[before >= FULL] = 0.0
        loosened = int(drop.argmax())
        parts = []
        if separates:
            parts.append(f"separates {_some(separates)}")
        if new:
            parts.append(f"first run with {_some(new)}")
        if not parts and drop[loosened] >= 0.005:
            one, other = self.words[loosened]
            parts.append(f"loosens {one} ~ {other} ({before[loosened]:.2f} to {after[loosened]:.2f})")
        self.values = after
        return separates, "; ".join(parts) or EMPTY

    def _levels_met(self, codes: list[int]) -> list[str]:
        """Levels, and pairs of levels, that no run had so far."""
        at = self.start + np.array(codes)
        known = self.together[np.ix_(at, at)]
        self.together[np.ix_(at, at)] = True
        said = [
            f"{factor.name} = {levels[code]}"
            for factor, levels, code in zip(self.grid.factors, self.grid.levels, codes, strict=True)
        ]
        fresh = np.flatnonzero(~np.diag(known))
        if len(fresh):
            return [said[place] for place in fresh]
        return [f"{said[i]} and {said[j]}" for i, j in np.argwhere(~known).tolist() if i < j]


def _some(parts: Sequence[str], limit: int = 3) -> str:
    more = f" and {len(parts) - limit} more" if len(parts) > limit else ""
    return ", ".join(parts[:limit]) + more


def _large(number: int) -> str:
    return f"{number:,}" if number < 10**15 else f"some 10^{math.floor(math.log10(number))}"

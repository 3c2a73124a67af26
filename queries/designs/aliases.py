"""Which factors and interactions carry the same information in a slice, and which are correlated."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import NO_LEVEL
from ablate_tui.data.schema import Factor
from ablate_tui.queries.configurations import Configurations, aliases
from ablate_tui.queries.designs.factorial_columns import FactorialColumns, Term, width
from ablate_tui.queries.designs.term_correlations import FULL, Correlations, Link

MOST_LEVELS = 64  # of a factor whose correlations are computed
MOST_COMPARED = 2_000_000_000  # pairs × configurations, for the factors beyond
BLOCK = 8_192
NOTEWORTHY = 0.1
STRONG = 0.5  # correlation from which a main effect and an interaction may be taken for each other
MOST_FACTORS = 40  # whose interactions are looked at
MOST_COLUMNS = 1_200
MOST_LINKS = 40_000  # pairs of terms


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


@dataclass(frozen=True)
class TermAlias:
    """Two terms that hang together; terms are the names of their factors, one or two.

    `correlation` is what is left of it beside the main effects of the factors of the interactions among
    the two: −1 … 1 between switches, else the largest canonical correlation, 0 … 1. At 1 in size the
    terms are aliased: what one does to a response, the other might have done. `single`: each is one
    contrast, as those of switches are, so that they are then the same; others share a contrast.
    """

    a: tuple[str, ...]
    b: tuple[str, ...]
    correlation: float
    single: bool = True

    @property
    def complete(self) -> bool:
        """Whether nothing tells the two apart."""
        return abs(self.correlation) >= FULL

    @property
    def words(self) -> str:
        """ "a = b:c", "a = −b:c" where they are opposite, "a overlaps b:c", "a ~ b:c" where they are not the same."""
        link = ("= " if self.single else "overlaps ") if self.complete else "~ "
        return f"{':'.join(self.a)} {link}{'−' if self.correlation < 0 else ''}{':'.join(self.b)}"


@dataclass(frozen=True)
class TwoFactorAliases:
    """Terms that hang together: complete aliases first, main effects before interactions; `notes` says what
    was not looked at."""

    pairs: tuple[TermAlias, ...]
    notes: tuple[str, ...]


def alias_classes(pairs: Iterable[TermAlias]) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """Contrasts that are all the same in a design, as complete aliases link them: "a:b = c:d = e:f"."""
    classes: list[dict[tuple[str, ...], None]] = []  # terms in the order in which they are met
    for pair in pairs:
        if pair.complete and pair.single:
            linked = [found for found in classes if pair.a in found or pair.b in found]
            classes = [found for found in classes if found not in linked]
            classes.append({term: None for found in linked for term in found} | {pair.a: None, pair.b: None})
    return tuple(tuple(found) for found in classes)


def of_main_effects(pairs: Iterable[TermAlias]) -> dict[str, list[str]]:
    """By factor, the interactions that its main effect can't be told from at all, in words."""
    found: dict[str, list[str]] = {}
    for pair in pairs:
        if pair.complete and len(pair.a) == 1:
            found.setdefault(pair.a[0], []).append(":".join(pair.b))
    return found


def two_factor_aliases(groups: Configurations) -> TwoFactorAliases:
    """Aliases of main effects with two-factor interactions, and of these with each other.

    Parameters
    ----------
    groups : Configurations
        Each counts once, however many runs it has.

    Returns
    -------
    TwoFactorAliases
        Main effects with interactions from 0.5 in size on, interactions with each other where the alias is
        complete, largest first. Of factors that always change together the first one stands for all. An
        interaction of which the cells that have runs leave nothing has no correlation. The same whatever
        the coding; in a regular fraction of a two-level factorial these are the words of its defining
        relation (Box, Hunter & Hunter 2005, chapter 6).
    """
    notes: list[str] = []
    again = {name for names in aliases(groups) for name in names[1:]}
    kept = [at for at, factor in enumerate(groups.factors) if factor.name not in again]
    by_size = sorted(kept, key=lambda at: groups.sizes[at])[:MOST_FACTORS]
    while width([groups.sizes[at] for at in by_size], interactions=True) > MOST_COLUMNS:
        by_size.pop()
    if len(by_size) < len(kept):
        left_out = [groups.factors[at].name for at in kept if at not in set(by_size)]
        more = f" and {len(left_out) - 5} more" if len(left_out) > 5 else ""
        words = f"{', '.join(left_out[:5])}{more}"
        notes.append(f"too many factors or levels to look at all interactions: those of {words} are left out")
    kept = sorted(by_size)
    if len(kept) < 3 or groups.n < 2:
        return TwoFactorAliases((), tuple(notes))
    columns = FactorialColumns([groups.sizes[at] for at in kept], interactions=True)
    codes = columns.affordable(groups.codes[kept])
    if codes.shape[1] < groups.n:
        notes.append(f"looked for in {codes.shape[1]:,} of {groups.n:,} configurations, drawn at random")
    singles = [term for term in columns.terms if len(term) == 1]
    pairs = [term for term in columns.terms if len(term) == 2]
    links = [Link.between(one, pair) for one in singles for pair in pairs if one[0] not in pair]
    if len(pairs) * (len(pairs) - 1) // 2 + len(links) <= MOST_LINKS:
        links += [Link.between(*both) for both in combinations(pairs, 2)]
    else:
        notes.append("too many interactions to compare with each other")
    values = Correlations(columns, links).of(columns.cross_products(codes))

    def names(term: Term) -> tuple[str, ...]:
        return tuple(groups.factors[kept[at]].name for at in term)

    found = [
        TermAlias(
            names(link.left),
            names(link.right[0]),
            value,
            all(columns.sizes[factor] == 2 for factor in (*link.left, *link.right[0])),
        )
        for link, value in zip(links, values.tolist(), strict=True)
        if abs(value) >= (STRONG if len(link.left) == 1 else FULL)
    ]
    found.sort(key=lambda alias: (not alias.complete, 0 if alias.complete else -abs(alias.correlation), len(alias.a)))
    return TwoFactorAliases(tuple(found), tuple(notes))


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

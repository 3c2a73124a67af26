"""Contrasts of the configurations' means: one effect a term, all of the same variance."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import combinations, islice
from math import prod

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.configurations import Configurations, moving_together
from ablate_tui.queries.inference.model_terms import Cell, Columns, Term, cells_of

Array = NDArray[np.float64]

TINY = 1e-6  # of a column's length: what is left of one that the columns before it hold
MOST_TRIED = 20_000  # columns


@dataclass(frozen=True, eq=False)
class Contrasts:
    """m contrasts of C configurations.

    ``weights @ y`` are the effects on an outcome of the configurations, in its unit: the mean where a
    term's sign is + less the mean where it is −, where the design is orthogonal. All rows of `weights`
    are of the same length (in the metric of the configurations' weights), so that all effects of noise
    have the same variance.
    """

    groups: Configurations
    terms: tuple[Term, ...]
    levels: tuple[Cell, ...]  # of each term's factors: 1, "on", of a switch
    weights: Array  # (m, C)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of each contrast: "a:b", "factor=level"; with its aliases of at most two factors, "a:b = c:d"."""
        return named(self.groups, list(zip(self.terms, self.levels, strict=True)))

    def effects(self, y: Array) -> Array:
        """(m,) effects on an outcome (C,); what is within the rounding of the outcome is zero."""
        found = self.weights @ (y - y.mean()) if len(y) else np.zeros(0)
        noise = 8 * np.finfo(float).eps * float(np.abs(y).max(initial=0.0))
        return np.where(np.abs(found) > noise, found, 0.0)


def contrasts(
    groups: Configurations,
    weight: Array | None = None,
    order: int | None = None,
    among: Sequence[int] | None = None,
) -> Contrasts:
    """All contrasts that a design can tell apart, lowest order first: at most C − 1.

    Main effects are those of the model of all main effects: coefficients over their standard errors, put
    on the scale of effects by a factor common to all. Interactions follow by order, each less what main
    effects and interactions before it hold of it. Where the design is orthogonal (full factorials and
    their regular fractions) these are the usual contrasts of signs, and each stands for all its aliases.

    Parameters
    ----------
    groups : Configurations
    weight : (C,) float, optional
        Inverse variance of each configuration's outcome, up to a factor; equal without.
    order : int, optional
        Of the largest interactions; as many factors as there are without.
    among : sequence of int, optional
        Factors whose interactions are taken; all without.

    Returns
    -------
    Contrasts
        A factor of more than two levels has a contrast a level, against its other levels; these are not
        independent.

    References
    ----------
    Box, G. E. P., Hunter, J. S. & Hunter, W. G. (2005). Statistics for experimenters, 2nd ed. Wiley.
    Sections 5.8 and 6.5.
    """
    n = groups.n
    weight = np.ones(n) if weight is None else weight
    order = len(groups.factors) if order is None else order
    if n < 2 or not groups.factors:
        return Contrasts(groups, (), (), np.zeros((0, n)))
    root = np.sqrt(weight)
    span = _Span(root)
    found = list(_mains(groups, weight, root, span))
    factors = distinct(groups)
    if among is not None:
        factors = [factor for factor in factors if factor in among]
    for term in islice(_interactions(groups, factors, order), MOST_TRIED):
        if span.rank == n:
            break
        found += _interaction(groups, term, weight, root, span)
    scale = 2 / math.sqrt(float(weight.sum()))
    rows = [scale * direction * root for _, _, direction in found]
    return Contrasts(
        groups=groups,
        terms=tuple(term for term, _, _ in found),
        levels=tuple(cell for _, cell, _ in found),
        weights=np.array(rows).reshape(len(rows), n),
    )


def signs(groups: Configurations, term: Term, levels: Cell) -> Array:
    """(C,) the product, over a term's factors, of +1 at a level and −1 elsewhere."""
    column = np.ones(groups.n)
    for factor, level in zip(term, levels, strict=True):
        column *= np.where(groups.codes[factor] == level, 1.0, -1.0)
    return column


def name_of(groups: Configurations, term: Term, levels: Cell) -> str:
    """A term in words: "a:b" of switches, "factor=level" of others."""
    return ":".join(
        groups.factors[factor].name
        if groups.sizes[factor] == 2
        else f"{groups.factors[factor].name}={groups.levels[factor][level]}"
        for factor, level in zip(term, levels, strict=True)
    )


class _Span:
    """What the columns so far hold, as an orthonormal basis; the intercept is there from the start."""

    def __init__(self, root: Array) -> None:
        self.basis = np.empty((len(root), len(root)), order="F")
        self.basis[:, 0] = root / np.linalg.norm(root)
        self.rank = 1

    def rest(self, columns: Array) -> Array:
        """What is new of some columns (n, b)."""
        held = self.basis[:, : self.rank]
        columns = columns - held @ (held.T @ columns)
        return columns - held @ (held.T @ columns)  # once more: rounding

    def add(self, columns: Array) -> Array:
        """(b, n) pseudo-inverse of what is new of some columns, which are held from now on."""
        left, sizes, right = np.linalg.svd(self.rest(columns), full_matrices=False)
        kept = sizes > TINY * float(np.linalg.norm(columns, axis=0).max(initial=0.0))
        kept[len(self.basis) - self.rank :] = False
        new = int(kept.sum())
        self.basis[:, self.rank : self.rank + new] = left[:, kept]
        self.rank += new
        inverse: Array = (right[kept].T / sizes[kept]) @ left[:, kept].T
        return inverse


def _mains(groups: Configurations, weight: Array, root: Array, span: _Span) -> Iterator[tuple[Term, Cell, Array]]:
    """Main effects in the model of main effects; a column that the ones before it hold is left out of it."""
    columns = Columns(groups, [(factor,) for factor in range(len(groups.factors))], weight)
    x = columns.matrix() * root[:, None]
    kept = np.zeros(columns.p, dtype=bool)
    for at in range(columns.p):
        before = span.rank
        span.add(x[:, at : at + 1])
        kept[at] = span.rank > before
    inverse = np.zeros((columns.p, groups.n))
    inverse[kept] = np.linalg.pinv(x[:, kept])
    for factor in range(len(groups.factors)):
        place = columns.place[(factor,)]
        for cell in cells_of(groups, (factor,)):
            if kept[place].all():
                row = columns.level(factor, cell[0]) @ inverse
            else:  # a level that is told from those left out alone
                row = inverse[place][cell[0] - 1] if cell[0] else np.zeros(groups.n)
            length = float(np.linalg.norm(row))
            if length > 0:
                yield (factor,), cell, row / length


def _interactions(groups: Configurations, factors: Sequence[int], order: int) -> Iterator[Term]:
    """Interactions of some factors: by order, those of switches before those of larger factors."""
    for size in range(2, order + 1):
        terms: Iterable[Term] = combinations(factors, size)
        yield from terms if size > 2 else sorted(terms, key=lambda pair: prod(groups.sizes[at] - 1 for at in pair))


def _interaction(
    groups: Configurations, term: Term, weight: Array, root: Array, span: _Span
) -> Iterator[tuple[Term, Cell, Array]]:
    """An interaction's contrasts in the model of what is held so far and itself."""
    if all(groups.sizes[factor] == 2 for factor in term):
        cell = (1,) * len(term)
        inverse = span.add((signs(groups, term, cell) * root)[:, None])
        length = float(np.linalg.norm(inverse))
        if length > 0:
            yield term, cell, inverse[0] / length
        return
    columns = Columns(groups, [term], weight)
    inverse = span.add(columns.matrix() * root[:, None])
    known = inverse @ np.linalg.pinv(inverse)  # projection onto what can be estimated
    for cell in cells_of(groups, term):
        at = columns.cell(term, cell)
        row = at @ inverse
        if np.linalg.norm(at - at @ known) < TINY:
            yield term, cell, row / np.linalg.norm(row)


def distinct(groups: Configurations) -> list[int]:
    """Factors whose levels do not simply follow those of a factor before them."""
    return [places[0] for places in moving_together(groups)]


def named(groups: Configurations, found: Sequence[tuple[Term, Cell]]) -> tuple[str, ...]:
    """Names of contrasts, each with its aliases."""
    alike_of = {cell: cells for cells in alike(groups) for cell in cells}
    told = set(found)
    names = []
    for cell in found:
        others = [other for other in alike_of.get(cell, ()) if other not in told]
        told.update(others)
        names.append(" = ".join(name_of(groups, *each) for each in (cell, *others)))
    return tuple(names)


def alike(groups: Configurations) -> list[list[tuple[Term, Cell]]]:
    """Main effects and two-factor interactions, those together that a design doesn't tell apart.

    Without those that are the same in all configurations: they have no effect.
    """
    same: dict[bytes, list[tuple[Term, Cell]]] = defaultdict(list)
    single = [(factor, cell[0]) for factor in range(len(groups.factors)) for cell in cells_of(groups, (factor,))]
    columns = np.array([signs(groups, (factor,), (level,)) for factor, level in single], dtype=np.int8)
    columns = columns.reshape(len(single), groups.n)
    columns *= columns[:, :1]  # columns that tell the configurations apart in the same way are now the same
    for (factor, level), column in zip(single, columns, strict=True):
        same[_digest(column)].append(((factor,), (level,)))
    for at, (factor, level) in enumerate(single):
        for (other, another), column in zip(single[at + 1 :], columns[at] * columns[at + 1 :], strict=True):
            if other != factor:
                same[_digest(column)].append(((factor, other), (level, another)))
    same.pop(_digest(np.ones(groups.n, dtype=np.int8)), None)
    return list(same.values())


def _digest(column: NDArray[np.int8]) -> bytes:
    """A short key of a long column."""
    return blake2b(np.packbits(column > 0).tobytes(), digest_size=16).digest()

"""How well the main effects of a design can be told from each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.configurations import Configurations
from ablate_tui.queries.designs.factorial_columns import FactorialColumns, width

Array = NDArray[np.float64]

MOST_COLUMNS = 600
NOTHING = 1e-8  # of a column's sum of squares: what is left of a sum of other columns


@dataclass(frozen=True)
class Collinearity:
    """Variance inflation, and factors that are sums of others.

    `vif`: by factor, None where its main effect can't be told from others. `sums`: sets of factors such
    that the main effect of each, or a part of it, is a sum of the others'; those with the fewest levels
    first, so that the first one is a sum of the others in whole. Without any of them the rest could be told apart.
    """

    vif: Mapping[str, float | None]
    sums: tuple[tuple[str, ...], ...]
    unchecked: tuple[str, ...]  # factors with too many levels to look at


def collinearity(groups: Configurations) -> Collinearity:
    """Look at the model of all main effects, every configuration once.

    Parameters
    ----------
    groups : Configurations

    Returns
    -------
    Collinearity
        For a switch the variance inflation factor 1 / (1 − R²), R² that of its column on all other
        factors'; for a factor of L levels its generalised form to the power 1 / (L − 1), which is on the
        same scale (Fox & Monette 1992): 1 is a design in which the other factors cost nothing.

    References
    ----------
    Fox, J. & Monette, G. (1992). Generalized collinearity diagnostics. Journal of the American Statistical
    Association 87(417), 178–183. https://doi.org/10.1080/01621459.1992.10475190

    Goodnight, J. H. (1979). A tutorial on the SWEEP operator. The American Statistician 33(3), 149–158.
    """
    by_size = sorted(range(len(groups.factors)), key=lambda at: groups.sizes[at])
    while width([groups.sizes[at] for at in by_size], interactions=False) > MOST_COLUMNS:
        by_size.pop()
    kept = sorted(by_size)
    unchecked = tuple(f.name for at, f in enumerate(groups.factors) if at not in set(kept))
    if not kept or groups.n < 2:
        return Collinearity({}, (), unchecked)
    columns = FactorialColumns([groups.sizes[at] for at in kept], interactions=False)
    codes = columns.affordable(groups.codes[kept])
    cross = columns.cross_products(codes)
    centred = cross[1:, 1:] - np.outer(cross[0, 1:], cross[0, 1:]) / cross[0, 0]
    scale = np.sqrt(np.maximum(np.diag(centred), np.finfo(float).tiny))
    correlation = centred / np.outer(scale, scale)
    owner = np.repeat(np.arange(len(kept)), [groups.sizes[at] - 1 for at in kept])
    # larger factors first: what is nested in one is then said by it alone
    order = sorted(range(len(owner)), key=lambda at: (-columns.sizes[owner[at]], at))
    swept, pivots = _swept(correlation, order)

    sums: dict[frozenset[int], tuple[int, ...]] = {}
    for at in sorted(set(range(len(owner))) - set(pivots)):
        used = [pivot for pivot in pivots if abs(swept[pivot, at]) > math.sqrt(NOTHING)]
        own = int(owner[at])
        members = sorted({own} | {int(owner[pivot]) for pivot in used})
        smallest = min(columns.sizes[member] for member in members)
        members.sort(key=lambda member: columns.sizes[member] > smallest)
        sums.setdefault(frozenset(members), tuple(members))
    entangled = set().union(*sums)
    vif: dict[str, float | None] = {}
    for at, factor in enumerate(kept):
        where = np.flatnonzero(owner == at)
        block = np.ix_(where, where)
        inflation = float(np.linalg.det(correlation[block]) * np.linalg.det(swept[block]))
        name = groups.factors[factor].name
        vif[name] = None if at in entangled else max(1.0, inflation ** (1 / len(where)))
    named = tuple(tuple(groups.factors[kept[at]].name for at in found) for found in sums.values())
    return Collinearity(vif, named, unchecked)


def _swept(matrix: Array, order: list[int]) -> tuple[Array, list[int]]:
    """Sweep the columns in turn, leaving out those that the ones before them say (Goodnight 1979).

    Returns
    -------
    matrix : (p, p)
        Among the columns swept the inverse; in each other column its coefficients on those.
    pivots : list of int
    """
    swept, pivots = matrix.copy(), []
    for at in order:
        pivot = float(swept[at, at])
        if pivot <= NOTHING:
            continue
        pivots.append(at)
        row = swept[at] / pivot
        column = swept[:, at].copy()
        swept -= np.outer(column, row)
        swept[:, at] = -column / pivot
        swept[at] = row
        swept[at, at] = 1 / pivot
    return swept, sorted(pivots)

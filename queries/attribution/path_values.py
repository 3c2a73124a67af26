"""Interventional SHAP values of trees on 0/1 columns, where there are too many combinations to list.

A leaf's value v counts where its d conditions hold. In the game of a configuration x against one z of the
background, a coalition S of conditions takes its columns from x, the others come from z. Let F(x) be the
conditions that x fails. Averaged over the background, the leaf is reached with probability c(S) = P(F(z) ⊆ S)
where S and F(x) have nothing in common, else never. With w(s) = s! (d − s − 1)! / d!, H(P) = Σ_{S⊆P} w(|S|) c(S)
and U(P) = Σ_{S⊆P, S≠∅} w(|S| − 1) c(S), Shapley's formula becomes, for the conditions P that x meets,

    φ_j = v (U(P) − U(P∖j) − H(P∖j)),

which is −v H(P) for a condition j that x fails. Three sums over subsets, of 2^d terms, give the values of
whatever configuration. Interventional values are those of `shap.TreeExplainer` with the same background
(Lundberg et al. 2020), which walks down the trees for each pair of a configuration with one of the background.

References
----------
Lundberg, S. M. et al. (2020). From local explanations to global understanding with explainable AI for
trees. Nature Machine Intelligence 2, 56–67. https://doi.org/10.1038/s42256-019-0138-9
Shapley, L. S. (1953). A value for n-person games. Contributions to the Theory of Games 2, 307–317.
https://doi.org/10.1515/9781400881970-018
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.attribution.leaves import Leaves, Matrix

States = NDArray[np.int64]

DEEP = 12  # conditions; of a leaf with more, the pairs that occur are fewer than the subsets
TABLE = 2**20  # numbers in the tables that are made at once


def path_values(
    leaves: Leaves, background: Matrix, columns: Matrix, check: Callable[[], None] | None = None
) -> tuple[float, Matrix]:
    """SHAP values of the sum of all leaves, each column a player.

    Parameters
    ----------
    leaves : Leaves
    background, columns : (b, c), (n, c) float
        Configurations to compare with, and to explain, as 0/1 columns.
    check : callable, optional
        Called every few hundredths of a second; what it raises ends the computation.

    Returns
    -------
    base : float
        Mean of the sum over the background.
    values : (c, n) float
        Over the columns they add up to the sum minus `base`.
    """
    x, z = (np.ascontiguousarray(part.T > 0) for part in (columns, background))
    depths = np.count_nonzero(leaves.column >= 0, axis=1)
    base, values = 0.0, np.zeros(x.shape)
    for depth in np.unique(depths).tolist():
        every = np.flatnonzero(depths == depth)
        step = max(1, TABLE // (max(depth, 1) << min(depth, DEEP)))
        for start in range(0, len(every), step):
            if check is not None:
                check()
            at = every[start : start + step]
            asked, one, value = leaves.column[at, :depth], leaves.one[at, :depth], leaves.value[at]
            failed_z, failed_x = _failed(z, asked, one), _failed(x, asked, one)
            base += float(value @ np.mean(failed_z == 0, axis=1))
            for leaf in range(len(at) if depth > DEEP else 0):
                values[asked[leaf]] += value[leaf] * _by_pairs(failed_z[leaf], failed_x[leaf], depth)
            if 0 < depth <= DEEP:
                tables = _by_subsets(failed_z, depth) * value[:, None, None]
                met = failed_x ^ (2**depth - 1)
                for leaf in range(len(at)):
                    values[asked[leaf]] += tables[leaf][:, met[leaf]]
    return base, values


def _failed(columns: NDArray[np.bool_], asked: NDArray[np.intp], one: NDArray[np.bool_]) -> States:
    """(leaves, n) the conditions that configurations fail, the j-th as the bit 2^j."""
    failed = np.zeros((len(asked), columns.shape[1]), dtype=np.int64)
    for place in range(asked.shape[1]):
        failed |= (columns[asked[:, place]] != one[:, place, None]).astype(np.int64) << place
    return failed


def _by_subsets(failed_z: States, depth: int) -> Matrix:
    """(leaves, depth, 2^depth) values of each condition, by the conditions that are met; see above."""
    leaves, size = len(failed_z), 2**depth
    number = np.bincount((failed_z + size * np.arange(leaves)[:, None]).ravel(), minlength=leaves * size)
    reached = _over_subsets(number.reshape(leaves, size) / failed_z.shape[1], depth)
    weight = np.array([1 / (depth * comb(depth - 1, s)) for s in range(depth)])
    members = np.bitwise_count(np.arange(size))
    h = _over_subsets(reached * np.append(weight, 0.0)[members], depth)
    u = _over_subsets(reached * np.append(0.0, weight)[members], depth)
    tables = np.empty((leaves, depth, size))
    for place in range(depth):
        halves = (leaves, -1, 2, 1 << place)  # without the condition, with it
        table, of_u, of_h = tables[:, place].reshape(halves), u.reshape(halves), h.reshape(halves)
        table[:, :, 0] = -of_h[:, :, 0]
        table[:, :, 1] = of_u[:, :, 1] - of_u[:, :, 0] - of_h[:, :, 0]
    return tables


def _over_subsets(terms: Matrix, depth: int) -> Matrix:
    """Sums over the subsets of each set, (leaves, 2^depth)."""
    sums = terms.copy()
    for place in range(depth):
        halves = sums.reshape(len(sums), -1, 2, 1 << place)
        halves[:, :, 1] += halves[:, :, 0]
    return sums


def _by_pairs(failed_z: States, failed_x: States, depth: int) -> Matrix:
    """(depth, n) values of a leaf's conditions, from all pairs of what occurs.

    Where z fails a conditions, x fails b others and none fails both, each of z's counts for
    (a − 1)! b! / (a + b)! and each of x's for −a! (b − 1)! / (a + b)!.
    """
    of_x, which = np.unique(failed_x, return_inverse=True)
    of_z, number = np.unique(failed_z, return_counts=True)
    apart = ((of_x[:, None] & of_z) == 0) * (number / len(failed_z))
    counts = range(depth + 1)
    share = np.array([[1 / (a * comb(a + b, a)) if a else 0.0 for b in counts] for a in counts])
    a, b = np.bitwise_count(of_z), np.bitwise_count(of_x)[:, None]
    bits_x, bits_z = (((of[:, None] >> np.arange(depth)) & 1).astype(np.float64) for of in (of_x, of_z))
    values: Matrix = (apart * share[a, b]) @ bits_z - (apart * share[b, a]).sum(axis=1)[:, None] * bits_x
    return values.T[:, which]

"""Tests on ranks: Mann-Whitney, Kruskal-Wallis, Wilcoxon's signed ranks, with scipy's defaults.

Every function returns NaN where there is nothing to test.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import pieces, sort_numbers
from ablate_tui.queries.descriptive.ascending import Ranks, RankSums, rank

EXACT_SIDE = 8  # Mann-Whitney is exact where a side has at most so many runs and there are no ties
EXACT_CELLS = 4_000_000  # … and n_on · n_off is at most this: the null distribution has as many values
EXACT_PAIRS = 50  # Wilcoxon is exact up to so many pairs without ties and zeros
EXACT_TIED_PAIRS = 13  # … and with them up to so many


def mann_whitney(rank_sum: float, n_on: int, n_off: int, ranks: Ranks | RankSums) -> float:
    """Two-sided Mann-Whitney p (Mann & Whitney 1947), as ``scipy.stats.mannwhitneyu``.

    Exact where the smaller side has at most 8 runs and no two runs tie (and the sides are not so
    unequal that the exact distribution would have more than four million values); else the normal
    approximation with correction for ties and continuity.

    Parameters
    ----------
    rank_sum : float
        Sum of the ranks of the "on" runs among both sides.
    n_on, n_off : int
    ranks : Ranks or RankSums
        Ranks of both sides together.

    Returns
    -------
    float
        NaN where a side is empty or all values are equal.
    """
    if n_on == 0 or n_off == 0 or ranks.constant:
        return math.nan
    u_on = rank_sum - n_on * (n_on + 1) / 2
    u = max(u_on, n_on * n_off - u_on)
    if min(n_on, n_off) <= EXACT_SIDE and ranks.ties == 0 and n_on * n_off <= EXACT_CELLS:
        return _exact_mann_whitney(round(n_on * n_off - u), min(n_on, n_off), max(n_on, n_off))
    from scipy.special import ndtr

    n = n_on + n_off
    sd = math.sqrt(n_on * n_off / 12 * ((n + 1) - ranks.ties / (n * (n - 1))))
    return min(1.0, 2 * float(ndtr(-(u - n_on * n_off / 2 - 0.5) / sd)))


def _exact_mann_whitney(u: int, m: int, n: int) -> float:
    """P(U ≤ u) + P(U ≥ mn − u): counts are coefficients of the Gaussian binomial ∏(1−q^(n+i))/(1−q^i)."""
    count = np.zeros(u + 1)
    count[0] = 1
    for i in range(1, m + 1):
        if n + i <= u:
            count[n + i :] -= count[: -(n + i)].copy()
        padded = np.zeros(-(-len(count) // i) * i)
        padded[: len(count)] = count
        count = np.cumsum(padded.reshape(-1, i), axis=0).ravel()[: u + 1]
    return min(1.0, 2 * float(count.sum()) / math.comb(m + n, m))


def kruskal(rank_sums: NDArray[np.float64], n: NDArray[np.intp], ranks: Ranks | RankSums) -> float:
    """Kruskal-Wallis p, corrected for ties (Kruskal & Wallis 1952), as ``scipy.stats.kruskal``.

    Parameters
    ----------
    rank_sums, n : (levels,)
        Sum of ranks and number of runs of each level; empty levels do not count.
    ranks : Ranks or RankSums
        Ranks of all levels together.

    Returns
    -------
    float
        NaN with fewer than two levels that have runs, or where all values are equal.
    """
    there = n > 0
    groups = int(np.count_nonzero(there))
    if groups < 2 or ranks.constant:
        return math.nan
    from scipy.special import chdtrc

    total = float(n.sum())
    between = float(np.sum(rank_sums[there] ** 2 / n[there]))
    h = 12 / (total * (total + 1)) * between - 3 * (total + 1)
    h /= 1 - ranks.ties / (total**3 - total)
    return float(chdtrc(groups - 1, max(h, 0.0)))  # rounding can put it a little below zero


def wilcoxon(differences: NDArray[np.float64]) -> float:
    """Two-sided p of Wilcoxon's signed ranks (Wilcoxon 1945), as ``scipy.stats.wilcoxon``.

    Zeros are left out. Exact up to 50 pairs without ties and zeros and up to 13 with them, else the
    normal approximation with correction for ties.

    Parameters
    ----------
    differences : (pairs,) float64
        Finite.

    Returns
    -------
    float
        NaN where no difference is other than zero.
    """
    signed = differences if differences.all() else differences[differences != 0]
    n = len(signed)
    if not n:
        return math.nan
    # Bits of positive floats are in the floats' order, and the topmost is free: sorting them with the sign
    # of the difference in the last place is several times faster than sorting an index.
    key = np.abs(signed).view(np.uint64)
    key <<= np.uint64(1)
    key |= signed > 0
    sort_numbers(key)
    plus, ties = _plus(key), 0.0
    if plus is None:
        ranks = rank((key >> np.uint64(1)).view(np.float64))
        plus, ties = float(ranks.rank[(key & np.uint64(1)).astype(bool)].sum()), ranks.ties
    if len(differences) <= (EXACT_PAIRS if not ties and n == len(differences) else EXACT_TIED_PAIRS):
        return _exact_wilcoxon(plus, np.arange(1.0, n + 1) if not ties else ranks.rank)
    from scipy.special import ndtr

    sd = math.sqrt((n * (n + 1) * (2 * n + 1) - ties / 2) / 24)
    return 2 * float(ndtr(-abs(plus - n * (n + 1) / 4) / sd))


def _plus(key: NDArray[np.uint64]) -> float | None:
    """Sum of the ranks of those with a bit in the last place; None where any two are equal but for it."""
    total = 0
    for here in pieces(slice(0, len(key))):
        part = key[here.start : here.stop + 1]
        if ((part[1:] ^ part[:-1]) <= 1).any():
            return None
        at = np.flatnonzero(key[here] & np.uint64(1))
        total += int(at.sum()) + len(at) * (here.start + 1)
    return float(total)


def _exact_wilcoxon(plus: float, ranks: NDArray[np.float64]) -> float:
    """Over all 2ⁿ choices of signs. Ranks are doubled, so that ties keep them whole."""
    whole = np.rint(2 * ranks).astype(np.int64)
    count = np.zeros(int(whole.sum()) + 1)
    count[0] = 1
    for step in whole.tolist():
        count[step:] += count[:-step].copy()
    at = round(2 * plus)
    tail = min(float(count[: at + 1].sum()), float(count[at:].sum()))
    return min(1.0, 2 * tail / float(2 ** len(whole)))

"""What is frequent among the best configurations: levels, and pairs of levels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.schema import Goal
from ablate_tui.queries.configurations import Configurations
from ablate_tui.queries.inference.families import benjamini_hochberg

Array = NDArray[np.float64]

SHARE = 0.1
LISTED_PAIRS = 40
MOST_CELLS = 20_000  # combinations of two levels that are looked through
ROUNDING = 1e-12  # means this close, relative to their size, are equal


@dataclass(frozen=True, eq=False)
class AmongBest:
    """Which configurations are among the best, and what to know about it."""

    mask: NDArray[np.bool_]  # (C,)
    k: int  # how many were asked for
    notes: tuple[str, ...]
    why: str  # why none can be named, else ""

    @property
    def n(self) -> int:
        """How many there are: more than `k` where means tie at the border."""
        return int(np.count_nonzero(self.mask))


@dataclass(frozen=True, eq=False)
class BestP:
    """Fisher's p of every level that occurs, and the configurations that it counts."""

    p: Mapping[tuple[str, str], float]  # by factor and level
    among: AmongBest

    @property
    def notes(self) -> tuple[str, ...]:
        """Ties and configurations left out, in words."""
        return self.among.notes

    @property
    def why(self) -> str:
        """Why there is no p at all, else ""."""
        return self.among.why


@dataclass(frozen=True)
class BestPair:
    """Two levels together among the best configurations."""

    a: str
    level_a: str
    b: str
    level_b: str
    share: float  # of the best configurations that have both levels
    base: float  # of all configurations
    expected: float | None  # of the best, if each level were as frequent there as it is, and no more
    p: float  # Fisher's, of the share against the base
    q: float  # over all combinations of two levels
    pair_p: float | None  # of the share against the expected one: a statement about the pair
    pair_q: float | None


@dataclass(frozen=True)
class BestPairs:
    """The strongest combinations of two levels, at most 40."""

    rows: tuple[BestPair, ...]
    of: int  # combinations that were looked through
    notes: tuple[str, ...]


def among_best(groups: Configurations, goal: Goal, share: float = SHARE) -> AmongBest:
    """The best ceil(share · C) of C configurations by their means, and those that tie with the last of them.

    Parameters
    ----------
    groups : Configurations
    goal : "min" or "max"
    share : float

    Returns
    -------
    AmongBest
        Means equal but for rounding count as ties.
    """
    n = groups.n
    k = min(n, math.ceil(share * n - 1e-9))
    notes: list[str] = []
    if groups.left_out:
        notes.append(f"left out: runs without a level of some free factor ({groups.left_out:,})")
    if not n or not np.all(np.isfinite(groups.mean)):
        why = "the responses are too large for means" if n else "no configuration with finished runs"
        return AmongBest(np.zeros(n, dtype=bool), 0, tuple(notes), why)
    worth = groups.mean if goal == "min" else -groups.mean
    border = float(np.partition(worth, k - 1)[k - 1])
    mask = np.asarray(worth <= border + ROUNDING * abs(border))
    if mask.sum() > k:
        notes.append(f"{mask.sum():,} configurations for the best {k:,}: ties at the border are taken in full")
    return AmongBest(mask, k, tuple(notes), "")


def best_p(groups: Configurations, goal: Goal, share: float = SHARE) -> BestP:
    """Test whether a level is more or less frequent among the best configurations than among the others.

    Fisher's exact test, two-sided, of level against the rest of its factor × among the best; every
    configuration counts once.

    Parameters
    ----------
    groups : Configurations
    goal : "min" or "max"
    share : float
        See `among_best`.

    Returns
    -------
    BestP

    References
    ----------
    Fisher, R. A. (1935). The logic of inductive inference. Journal of the Royal Statistical Society 98(1),
    39–82. https://doi.org/10.2307/2342435
    """
    among = among_best(groups, goal, share)
    p: dict[tuple[str, str], float] = {}
    if not among.why:
        for factor, levels, codes in zip(groups.factors, groups.levels, groups.codes, strict=True):
            have = np.bincount(codes, minlength=len(levels))
            best = np.bincount(codes[among.mask], minlength=len(levels))
            found = exact_p(best, have, np.full(len(levels), among.n), groups.n)
            p |= {(factor.name, level): float(value) for level, value in zip(levels, found, strict=True)}
    return BestP(p, among)


def best_pairs(groups: Configurations, goal: Goal, share: float = SHARE) -> BestPairs:
    """Find the combinations of two levels that stand out among the best configurations.

    `p` asks whether both levels together are more or less frequent among the best than among the others
    (Fisher's exact test). What each level does alone answers much of that, so `expected` is the share of
    the combination among the best if both levels had their shares there, and were associated no more than
    in the whole design: the product of the two shares where the design is balanced, else the share with
    the same odds ratio as in the design (Plackett 1965). `pair_p` tests the share against it: the two
    levels' counts among the best given, the count of both is noncentral hypergeometric with that odds ratio
    (Fisher 1935). A share is not a mean: two switches whose effects simply add can be less frequent together
    than expected.

    Parameters
    ----------
    groups : Configurations
    goal : "min" or "max"
    share : float
        See `among_best`.

    Returns
    -------
    BestPairs
        Sorted by `pair_p`, then by `p`. `expected` and `pair_p` are None where the design has no odds ratio
        because some of the four cells (level or rest × level or rest) are empty. q: Benjamini and
        Hochberg's, over all combinations.

    References
    ----------
    Plackett, R. L. (1965). A class of bivariate distributions. Journal of the American Statistical
    Association 60(310), 516–522. https://doi.org/10.1080/01621459.1965.10480807
    """
    among = among_best(groups, goal, share)
    cells = sum(a * b for a, b in combinations(groups.sizes, 2))
    if among.why or not cells:
        return BestPairs((), 0, (among.why or "fewer than two factors vary in this slice",))
    if cells > MOST_CELLS:
        return BestPairs((), 0, (f"{cells:,} combinations of two levels are too many; {MOST_CELLS:,} at most",))
    names: list[tuple[str, str, str, str]] = []
    tables = []  # one row a combination: both, a, b among the best; both, a, b of all
    for i, j in combinations(range(len(groups.factors)), 2):
        wide = groups.sizes[j]
        both = groups.codes[i].astype(np.int64) * wide + groups.codes[j]
        counts = [
            np.bincount(both[at], minlength=groups.sizes[i] * wide).reshape(-1, wide)
            for at in (among.mask, slice(None))
        ]
        columns = [
            whole
            for table in counts
            for whole in (table, *np.broadcast_arrays(table.sum(axis=1)[:, None], table.sum(axis=0)))
        ]
        tables.append(np.stack(columns, axis=-1).reshape(-1, 6))
        names += [
            (groups.factors[i].name, level, groups.factors[j].name, other)
            for level in groups.levels[i]
            for other in groups.levels[j]
        ]
    table = np.concatenate(tables)
    there = table[:, 3] > 0  # a combination that the design does not have can't be among the best
    table, names = table[there], [name for name, found in zip(names, there, strict=True) if found]
    x, a, b, m, m_a, m_b = table.T
    n, n_best = groups.n, among.n
    p = exact_p(x, m, np.full(len(x), n_best), n)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_odds = np.log(m) + np.log(n - m_a - m_b + m) - np.log(m_a - m) - np.log(m_b - m)
    expected = n_best * joint_share(a / n_best, b / n_best, np.exp(log_odds))
    known = np.isfinite(log_odds) & np.isfinite(expected)
    pair_p = np.full(len(x), math.nan)
    pair_p[known] = exact_p(x[known], a[known], b[known], n_best, log_odds[known])
    q = benjamini_hochberg(dict(enumerate(p.tolist())))
    pair_q = benjamini_hochberg({at: float(pair_p[at]) for at in np.flatnonzero(known).tolist()})
    # the four combinations of two switches have the same p of the pair, but for rounding
    with np.errstate(divide="ignore"):
        strength = np.round(np.log(np.where(known, pair_p, 2.0)), 6)
    order = np.lexsort((p, strength))[:LISTED_PAIRS].tolist()
    rows = tuple(
        BestPair(
            a=names[at][0],
            level_a=names[at][1],
            b=names[at][2],
            level_b=names[at][3],
            share=float(x[at] / n_best),
            base=float(m[at] / n),
            expected=float(expected[at] / n_best) if known[at] else None,
            p=float(p[at]),
            q=q[at],
            pair_p=float(pair_p[at]) if known[at] else None,
            pair_q=pair_q[at] if known[at] else None,
        )
        for at in order
    )
    notes = list(among.notes)
    if len(rows) < len(x):
        notes.append(f"{len(rows):,} of {len(x):,} combinations of two levels listed")
    if not all(known[at] for at in order):
        notes.append("no expected share: the levels do not occur in all four combinations with the others")
    return BestPairs(rows, len(x), tuple(notes))


def joint_share(a: Array, b: Array, odds: Array) -> Array:
    """Share of both of two events with shares a and b and a given odds ratio (Plackett 1965).

    Parameters
    ----------
    a, b, odds : (n,) float

    Returns
    -------
    (n,) float
        a · b where the odds ratio is 1; NaN where it is infinite or not a number.
    """
    with np.errstate(all="ignore"):
        s = 1 + (a + b) * (odds - 1)
        root = np.sqrt(np.maximum(s * s - 4 * odds * (odds - 1) * a * b, 0.0))
        # the smaller root of the quadratic, written so that nothing cancels near an odds ratio of 1
        found = np.where(s > 0, 2 * odds * a * b / (s + root), (s - root) / (2 * (odds - 1)))
    return np.asarray(np.where(np.isfinite(odds), found, math.nan))


def exact_p(
    both: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    n: int,
    log_odds: Array | None = None,
) -> Array:
    """Two-sided exact p of 2 × 2 tables with their margins given.

    Parameters
    ----------
    both, first, second : (tables,) int
        Units with both properties, with the first, with the second.
    n : int
        All units of each table.
    log_odds : (tables,) float, optional
        The log odds ratio under the null hypothesis; 0 where it is left out (Fisher's exact test).

    Returns
    -------
    (tables,) float
        The sum of the probabilities that are no larger than that of the table, as
        ``scipy.stats.fisher_exact``.
    """
    from scipy.special import gammaln

    odds = np.zeros(len(both)) if log_odds is None else log_odds
    keys, number = np.unique(np.stack([first, second, odds], axis=-1), axis=0, return_inverse=True)
    p = np.empty(len(both))
    for at, (a, b, log_odd) in enumerate(keys.tolist()):
        low, high = _window(a, b, n, log_odd)
        values = np.arange(low, high + 1)
        logs = log_odd * values - gammaln(values + 1) - gammaln(a - values + 1) - gammaln(b - values + 1)
        logs -= gammaln(n - a - b + values + 1)
        mass = np.exp(logs - logs.max())
        mass /= mass.sum()
        ascending = np.sort(mass)
        here = np.flatnonzero(number == at)
        x = both[here] - low
        inside = (x >= 0) & (x < len(mass))
        upto = np.searchsorted(ascending, mass[np.where(inside, x, 0)] * (1 + 1e-7), side="right")
        p[here] = np.where(inside, np.minimum(np.cumsum(ascending)[upto - 1], 1.0), 0.0)
    return p


def _window(a: float, b: float, n: int, log_odds: float) -> tuple[int, int]:
    """The counts that have any probability: all that are possible, or 40 standard deviations each way."""
    low, high = int(max(0, a + b - n)), int(min(a, b))
    if high - low <= 1_000:
        return low, high
    share = joint_share(np.array([a / n]), np.array([b / n]), np.exp(np.array([log_odds])))
    x = n * float(share[0])
    parts = np.maximum([x, a - x, b - x, n - a - b + x], 1e-9)
    reach = 400 + 40 / math.sqrt(float(np.sum(1 / parts)))
    return max(low, math.floor(x - reach)), min(high, math.ceil(x + reach))

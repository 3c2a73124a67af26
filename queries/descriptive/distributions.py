"""The shape of a sample as plain numbers: histogram, kernel density, ECDF, box plot."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.descriptive.ascending import Ascending
from ablate_tui.queries.descriptive.blocked import Blocked

FEWEST_BINS, MOST_BINS = 10, 60
GRID = 200  # points of a density
DIRECT = 5_000  # runs up to which every run has its own kernel
AT_ONCE = 32_768  # kernels that are added up in one go: they stay in the processor's cache
PER_BANDWIDTH = 50  # nodes that more runs are binned onto, per bandwidth
NARROW = 4  # parts of a bandwidth that a block may be wide, to stand as one node
REACH = 7.0  # bandwidths beyond which a kernel adds less than 3e-11 of its height
TOGETHER = 16  # points of a density that share their nodes: a call for each point costs more than its sum
STEPS = 512  # points of an ECDF
OUTLIERS = 200


def histogram_edges(runs: Ascending) -> NDArray[np.float64]:
    """Edges of equal bins for all sides together.

    The width is the smaller of Freedman and Diaconis' (1981), 2·IQR·n^(−1/3), and Sturges', as numpy's
    "auto"; the number of bins is then held between 10 and 60, whatever outliers there are. Whole numbers
    get bins of a whole width around them, 60 at most. Equal values get one bin.

    Parameters
    ----------
    runs : Ascending

    Returns
    -------
    (bins + 1,) float64
        Empty where there is no run, or the range is too large for a number.
    """
    if not runs.n:
        return np.zeros(0)
    low, high = runs.low, runs.high
    span = high - low
    if not math.isfinite(span):
        return np.zeros(0)
    if span == 0:
        half = max(0.5, 8 * float(np.spacing(abs(low))))
        return np.array([low - half, low + half])
    q25, q75 = runs.quantiles((0.25, 0.75))
    widths = [span / (math.log2(runs.n) + 1), 2 * (q75 - q25) / runs.n ** (1 / 3)]
    width = min(w for w in widths if w > 0)
    if max(abs(low), abs(high)) < 2**52 and runs.whole_numbers():
        whole = max(1, math.ceil(width), math.ceil((span + 1) / MOST_BINS))
        bins = math.ceil((span + 1) / whole)
        return np.asarray(low - 0.5 + whole * np.arange(bins + 1.0))
    bins = math.ceil(min(max(span / width, FEWEST_BINS), MOST_BINS))
    edges = np.linspace(low, high, bins + 1)
    return edges if (np.diff(edges) > 0).all() else np.array([low, high])


def counts_between(runs: Ascending, edges: NDArray[np.float64]) -> tuple[int, ...]:
    """Runs in each bin; one on an edge is in the bin above, the last bin is closed."""
    return tuple(np.diff(runs.below(edges[:-1]), append=runs.n).tolist()) if len(edges) else ()


def bandwidth(runs: Ascending) -> float:
    """Scott's (1992): SD (ddof=1) times n^(−1/5); NaN or 0 where there is no density."""
    if runs.n < 2 or runs.constant:
        return 0.0
    return math.sqrt(runs.moments()[1] / (runs.n - 1)) * math.pow(runs.n, -0.2)


def density(runs: Ascending, h: float, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussian kernel density, as ``scipy.stats.gaussian_kde`` with its default bandwidth.

    Up to 5,000 runs it is the plain sum over runs. More are first shared out linearly between nodes
    h/50 apart (Wand 1994), which adds at most (1/50)²/8 = 5e-5 of a kernel's height, 1/(h√2π), at
    any point; kernels are cut off beyond 7 bandwidths. Of runs that are counted by blocks, those in a block
    narrower than h/4 stand at their mean, with the block's own variance as a second-order term; what that
    leaves out is below 5e-5 of a kernel's height, too.

    Parameters
    ----------
    runs : Ascending
    h : float
        Bandwidth, in the unit of the response.
    x : (m,) float64
        Where to evaluate, ascending.

    Returns
    -------
    (m,) float64
        Per unit of the response.
    """
    height = 1 / (runs.n * h * math.sqrt(2 * math.pi))
    if isinstance(runs, Blocked):
        return _of_nodes(*_block_nodes(runs, h), h, x) * height
    y = runs.at(np.arange(runs.n))
    if len(y) <= DIRECT:
        rows = max(1, AT_ONCE // len(y))
        parts = (x[at : at + rows, np.newaxis] for at in range(0, len(x), rows))
        return np.concatenate([np.exp(-0.5 * ((part - y) / h) ** 2).sum(axis=1) for part in parts]) * height
    nodes, weights = _shared_out(y, h)
    return _of_nodes(nodes, weights, np.zeros(len(nodes)), h, x) * height


def _shared_out(y: NDArray[np.float64], h: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ascending values, shared out between nodes; the nodes and their weights."""
    if not len(y):
        return y, y
    step = h / PER_BANDWIDTH
    place = (y - y[0]) / step
    node = np.floor(place)
    left, slot = np.unique(node, return_inverse=True)
    part = np.bincount(slot, weights=place - node)
    nodes = np.concatenate([left, left + 1])
    weights = np.concatenate([np.bincount(slot) - part, part])
    by = np.argsort(nodes)
    return y[0] + nodes[by] * step, weights[by]


def _block_nodes(runs: Blocked, h: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Nodes, weights and variances: narrow blocks as one node each, the runs of wide ones shared out."""
    mean, weight, variance, there = runs.nodes
    edges, y = runs.order.edges, runs.order.y
    first, last = edges[:-1][there], edges[1:][there] - 1
    wide = y[last] - y[first] > h / NARROW
    inside = [np.arange(a, b + 1) for a, b in zip(first[wide].tolist(), last[wide].tolist(), strict=True)]
    at = np.concatenate(inside) if inside else np.zeros(0, dtype=np.int64)
    nodes, weights = _shared_out(y[at[runs.keep[runs.order.configuration[at]]]], h)
    nodes, weights = np.r_[mean[~wide], nodes], np.r_[weight[~wide], weights]
    variances = np.r_[variance[~wide], np.zeros(len(nodes) - int(np.count_nonzero(~wide)))]
    by = np.argsort(nodes)
    return nodes[by], weights[by], variances[by]


def _of_nodes(
    nodes: NDArray[np.float64],
    weights: NDArray[np.float64],
    variances: NDArray[np.float64],
    h: float,
    x: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Sum of kernels at ascending nodes; a node's variance widens its kernel, to second order."""
    found = np.empty(len(x))
    wide = variances.any()
    spread = weights * variances / (2 * h * h)
    level, x, nodes = weights - spread, x / h, nodes / h
    for first in range(0, len(x), TOGETHER):
        part = x[first : first + TOGETHER]
        near = slice(*np.searchsorted(nodes, (part[0] - REACH, part[-1] + REACH)).tolist())
        squares = (part[:, None] - nodes[near]) ** 2
        kernels = np.exp(-0.5 * squares)
        found[first : first + TOGETHER] = kernels @ level[near]
        if wide:
            kernels *= squares
            found[first : first + TOGETHER] += kernels @ spread[near]
    return found


def ecdf(runs: Ascending) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Steps of the empirical distribution function.

    Parameters
    ----------
    runs : Ascending

    Returns
    -------
    x, share, steps
        At x the function jumps to `share`. Of more than 512 steps, about 512 are given, evenly
        by their order or close to it, first and last included; each is exact. `steps` is how many there are;
        runs that are counted by blocks all count, also where some are equal.
    """
    if isinstance(runs, Blocked) and runs.n:
        x, at = runs.evenly(np.rint(np.linspace(0, runs.n - 1, STEPS)).astype(np.int64))
        if not runs.order.distinct:  # at x all that equal it have come
            x = np.unique(x)
            at = runs.below(x, equal=True) - 1
        return x, (at + 1) / runs.n, runs.n
    y = runs.at(np.arange(runs.n))
    last = np.flatnonzero(np.r_[y[1:] != y[:-1], True]) if len(y) else np.zeros(0, dtype=np.int64)
    kept = last
    if len(last) > STEPS:
        kept = last[np.rint(np.linspace(0, len(last) - 1, STEPS)).astype(np.int64)]
    return y[kept], (kept + 1) / max(len(y), 1), len(last)


@dataclass(frozen=True)
class BoxStats:
    """Tukey's box plot (1977) of one side; None without a finished run.

    The whiskers end at the furthest runs within 1.5 interquartile ranges of the box. `outliers` are
    the runs beyond, at most 200 of them, evenly by their order with both extremes.
    """

    level: str
    n: int
    q25: float | None
    median: float | None
    q75: float | None
    low: float | None
    high: float | None
    mean: float | None
    outliers: tuple[float, ...]
    outlier_count: int


def box_stats(level: str, runs: Ascending) -> BoxStats:
    """Numbers of a box plot."""
    n = runs.n
    if not n:
        return BoxStats(level, 0, None, None, None, None, None, None, (), 0)
    q25, median, q75 = runs.quantiles((0.25, 0.5, 0.75))
    reach = 1.5 * (q75 - q25)
    first = int(runs.below(np.array([q25 - reach]))[0])
    stop = int(runs.below(np.array([q75 + reach]), equal=True)[0])
    low, high = runs.at(np.array([first, stop - 1])).tolist()
    count = first + n - stop
    if count <= OUTLIERS:
        shown = runs.at(np.r_[np.arange(first), np.arange(stop, n)])
    else:
        places = np.rint(np.linspace(0, count - 1, OUTLIERS)).astype(np.int64)
        ends = (places[places < first], places[places >= first] - first + stop)
        shown = np.concatenate([runs.evenly(beyond)[0] for beyond in ends if len(beyond)])
    mean = runs.moments()[0]
    return BoxStats(
        level=level,
        n=n,
        q25=q25,
        median=median,
        q75=q75,
        low=min(low, q25),  # without a run between the fence and the box, the whisker has no length
        high=max(high, q75),
        mean=mean if math.isfinite(mean) else None,
        outliers=tuple(shown.tolist()),
        outlier_count=count,
    )

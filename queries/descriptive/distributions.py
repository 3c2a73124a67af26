"""The shape of a sample as plain numbers: histogram, kernel density, ECDF, box plot."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.descriptive.ordered import quantile

FEWEST_BINS, MOST_BINS = 10, 60
GRID = 200  # points of a density
DIRECT = 5_000  # runs up to which every run has its own kernel
PER_BANDWIDTH = 50  # nodes that more runs are binned onto, per bandwidth
REACH = 9.0  # bandwidths beyond which a kernel adds less than 1e-17 of its height
STEPS = 512  # points of an ECDF
OUTLIERS = 200


def histogram_edges(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges of equal bins for all sides together.

    The width is the smaller of Freedman and Diaconis' (1981), 2·IQR·n^(−1/3), and Sturges', as numpy's
    "auto"; the number of bins is then held between 10 and 60, whatever outliers there are. Whole numbers
    get bins of a whole width around them, 60 at most. Equal values get one bin.

    Parameters
    ----------
    y : (n,) float64
        Ascending, finite, n ≥ 1.

    Returns
    -------
    (bins + 1,) float64
        Empty where the range is too large for a number.
    """
    low, high = float(y[0]), float(y[-1])
    span = high - low
    if not math.isfinite(span):
        return np.zeros(0)
    if span == 0:
        half = max(0.5, 8 * float(np.spacing(abs(low))))
        return np.array([low - half, low + half])
    widths = [span / (math.log2(len(y)) + 1), 2 * (quantile(y, 0.75) - quantile(y, 0.25)) / len(y) ** (1 / 3)]
    width = min(w for w in widths if w > 0)
    if max(abs(low), abs(high)) < 2**52 and np.array_equal(y, np.rint(y)):
        whole = max(1, math.ceil(width), math.ceil((span + 1) / MOST_BINS))
        bins = math.ceil((span + 1) / whole)
        return np.asarray(low - 0.5 + whole * np.arange(bins + 1.0))
    bins = math.ceil(min(max(span / width, FEWEST_BINS), MOST_BINS))
    edges = np.linspace(low, high, bins + 1)
    return edges if (np.diff(edges) > 0).all() else np.array([low, high])


def bandwidth(y: NDArray[np.float64]) -> float:
    """Scott's (1992): SD (ddof=1) times n^(−1/5); NaN or 0 where there is no density."""
    if len(y) < 2 or y[0] == y[-1]:
        return 0.0
    return float(np.std(y, ddof=1)) * math.pow(len(y), -0.2)


def density(y: NDArray[np.float64], h: float, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussian kernel density, as ``scipy.stats.gaussian_kde`` with its default bandwidth.

    Up to 5,000 runs it is the plain sum over runs. More are first shared out linearly between nodes
    h/50 apart (Wand 1994), which adds at most (1/50)²/8 = 5e-5 of a kernel's height, 1/(h√2π), at
    any point; kernels are cut off at 9 bandwidths.

    Parameters
    ----------
    y : (n,) float64
        Ascending, finite.
    h : float
        Bandwidth, in the unit of y.
    x : (m,) float64
        Where to evaluate.

    Returns
    -------
    (m,) float64
        Per unit of y.
    """
    height = 1 / (len(y) * h * math.sqrt(2 * math.pi))
    if len(y) <= DIRECT:
        return np.array([float(np.exp(-0.5 * ((at - y) / h) ** 2).sum()) for at in x]) * height
    step = h / PER_BANDWIDTH
    place = (y - y[0]) / step
    node = np.floor(place)
    left, slot = np.unique(node, return_inverse=True)
    part = np.bincount(slot, weights=place - node)
    nodes = np.concatenate([left, left + 1])
    weights = np.concatenate([np.bincount(slot) - part, part])
    by = np.argsort(nodes)
    nodes, weights = y[0] + nodes[by] * step, weights[by]
    found = np.zeros(len(x))
    start = np.searchsorted(nodes, x - REACH * h)
    stop = np.searchsorted(nodes, x + REACH * h)
    for i, at in enumerate(x):
        near = slice(start[i], stop[i])
        found[i] = weights[near] @ np.exp(-0.5 * ((at - nodes[near]) / h) ** 2)
    return found * height


def ecdf(y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Steps of the empirical distribution function.

    Parameters
    ----------
    y : (n,) float64
        Ascending, finite.

    Returns
    -------
    x, share, steps
        At x the function jumps to `share`. Of more than 512 steps, 512 are given, evenly by their
        order, first and last included; each is exact. `steps` is how many there are.
    """
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


def box_stats(level: str, y: NDArray[np.float64]) -> BoxStats:
    """Numbers of a box plot from ascending finite values."""
    if not len(y):
        return BoxStats(level, 0, None, None, None, None, None, None, (), 0)
    q25, median, q75 = (quantile(y, q) for q in (0.25, 0.5, 0.75))
    reach = 1.5 * (q75 - q25)
    first = int(np.searchsorted(y, q25 - reach, side="left"))
    stop = int(np.searchsorted(y, q75 + reach, side="right"))
    # without a run between the fence and the box, the whisker has no length
    low, high = min(float(y[first]), q25), max(float(y[stop - 1]), q75)
    beyond = np.concatenate([y[:first], y[stop:]])
    shown = beyond
    if len(beyond) > OUTLIERS:
        shown = beyond[np.rint(np.linspace(0, len(beyond) - 1, OUTLIERS)).astype(np.int64)]
    mean = float(y.mean())
    return BoxStats(
        level=level,
        n=len(y),
        q25=q25,
        median=median,
        q75=q75,
        low=low,
        high=high,
        mean=mean if math.isfinite(mean) else None,
        outliers=tuple(shown.tolist()),
        outlier_count=len(beyond),
    )

"""The shape of one column of an answer: how its numbers are spread."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ablate_tui.queries.descriptive.ascending import Values
from ablate_tui.queries.descriptive.distributions import counts_between, histogram_edges


@dataclass(frozen=True)
class ColumnShape:
    """A histogram of the finite numbers, and how many values are none."""

    n: int  # finite numbers
    infinite: int  # NaN among them
    missing: int
    edges: tuple[float, ...]  # of the bins, 60 at most; none without a number, or where their range is too large
    counts: tuple[int, ...]


def column_shape(values: Iterable[float | None]) -> ColumnShape:
    """Count a column's values in equal bins; see `histogram_edges`.

    Parameters
    ----------
    values : iterable of numbers or None

    Returns
    -------
    ColumnShape
    """
    listed = list(values)
    y = np.array([math.nan if value is None else float(value) for value in listed])
    missing = sum(value is None for value in listed)
    finite = Values(np.sort(y[np.isfinite(y)]))
    edges = histogram_edges(finite)
    counts = counts_between(finite, edges)
    return ColumnShape(finite.n, len(y) - missing - finite.n, missing, tuple(edges.tolist()), counts)

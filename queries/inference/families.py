"""Many tests at once: Benjamini and Hochberg's false discovery rate, and Holm's method."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np

K = TypeVar("K", bound=Hashable)


def benjamini_hochberg(p: Mapping[K, float]) -> dict[K, float]:
    """Adjusted p-values of one family: the smallest false discovery rate at which each is rejected.

    As ``scipy.stats.false_discovery_control``.

    References
    ----------
    Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the Royal
    Statistical Society B 57(1), 289–300. https://doi.org/10.1111/j.2517-6161.1995.tb02031.x
    """
    names = sorted(p, key=lambda name: p[name])
    m = len(names)
    raw = np.array([p[name] for name in names]) * m / np.arange(1, m + 1)
    q = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
    return dict(zip(names, q.tolist(), strict=True))


def holm(p: Mapping[K, float]) -> dict[K, float]:
    """Adjusted p-values that keep the chance of any false rejection in the family.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of
    Statistics 6(2), 65–70. https://www.jstor.org/stable/4615733
    """
    names = sorted(p, key=lambda name: p[name])
    m = len(names)
    raw = np.array([p[name] for name in names]) * np.arange(m, 0, -1)
    adjusted = np.minimum(np.maximum.accumulate(raw), 1.0)
    return dict(zip(names, adjusted.tolist(), strict=True))

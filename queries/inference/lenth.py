"""Lenth's method: which of many contrasts stand out, where nothing but the contrasts tells the noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST = 3  # contrasts
LEVEL = 0.95  # of the margins
TINY = 1e-12  # of the largest contrast: what rounding leaves of a zero


@dataclass(frozen=True, eq=False)
class Lenth:
    """Margins of m contrasts, in their unit; None where there are none, and `why` says why, else "".

    `t` and `p` are NaN where there are no margins.
    """

    pse: float | None  # pseudo standard error of a contrast
    me: float | None  # margin of error: for one contrast
    sme: float | None  # simultaneous margin of error: for all of them together
    t: Array  # (m,) contrast / PSE
    p: Array  # (m,) two-sided, of Student's t on m/3 degrees of freedom
    degrees: float  # m/3
    why: str = ""


def lenth(effects: Array) -> Lenth:
    """Judge contrasts of equal variance by each other: most are taken to be nothing but noise.

    Parameters
    ----------
    effects : (m,) float
        Finite.

    Returns
    -------
    Lenth
        s0 = 1.5 median |c|; PSE = 1.5 median of the |c| below 2.5 s0; ME = t(.975, m/3) PSE;
        SME = t(γ, m/3) PSE with γ = (1 + .95^(1/m))/2. No margins below three contrasts, or where more
        than half of them are zero.

    References
    ----------
    Lenth, R. V. (1989). Quick and easy analysis of unreplicated factorials. Technometrics 31(4), 469–473.
    https://doi.org/10.1080/00401706.1989.10488595
    """
    m = len(effects)
    nothing = np.full(m, np.nan)
    if m < FEWEST:
        why = f"{m} contrast{'' if m == 1 else 's'}; Lenth's method needs {FEWEST}"
        return Lenth(None, None, None, nothing, nothing, m / 3, why)
    size = np.abs(effects)
    size = np.where(size > TINY * size.max(), size, 0.0)
    first = 1.5 * float(np.median(size))
    small = size[size < 2.5 * first]
    pse = 1.5 * float(np.median(small)) if len(small) else 0.0
    if not pse > 0:
        why = "most contrasts are zero: no scale to judge the others by"
        return Lenth(None, None, None, nothing, nothing, m / 3, why)
    from scipy.special import stdtr, stdtrit

    degrees = m / 3
    me = float(stdtrit(degrees, (1 + LEVEL) / 2)) * pse
    sme = float(stdtrit(degrees, (1 + LEVEL ** (1 / m)) / 2)) * pse
    t = effects / pse
    return Lenth(pse, me, sme, t, 2 * stdtr(degrees, -np.abs(t)), degrees)

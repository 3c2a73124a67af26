"""Does a switch change how often runs fail? Main effects on the configurations' failed shares."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.schema import MISSING, NO_LEVEL, Factor
from ablate_tui.queries.cells import CellsInSlice
from ablate_tui.queries.slices import Sample

MOST_TERMS = 500  # the normal equations are solved densely
BLOCK = 16_384  # configurations at a time: memory stays flat
TINY = 1e-9

Term = tuple[str, int]  # factor, level code


@dataclass(frozen=True)
class Failures:
    """P-value per factor and level, and why one is missing."""

    p: Mapping[Term, float]
    reasons: Mapping[Term, str]
    why_none: str | None  # the reason where nothing at all could be fitted
    left_out: int  # runs without a level of some free factor, which the fit leaves out


def failure_p(sample: Sample, distinct: CellsInSlice) -> Failures:
    """Test the main effect of every free factor on the share of failed runs.

    Ordinary least squares of the configurations' failed shares on the main effects of all free factors,
    each configuration once; HC3 standard errors (MacKinnon & White 1985), Student's t on the residual
    degrees of freedom. The row of a level tests that level against the mean of the factor's other levels.
    Runs that are MISSING are no outcome and do not count.

    Parameters
    ----------
    sample : Sample
    distinct : CellsInSlice
        Of the same sample.

    Returns
    -------
    Failures
        With nothing in `p` where no run or every run failed, terms outnumber configurations, a level
        hangs on one configuration (leverage 1), or the shares follow the main effects exactly.
    """
    outcome = sample.status != MISSING
    failed = sample.failed & outcome
    if not failed.any():
        return _none("no run has failed")
    if np.count_nonzero(failed) == np.count_nonzero(outcome):
        return _none("every run has failed")
    rows = [sample.table.positions[factor.name] for factor in sample.free]
    count = np.bincount(distinct.number[outcome], minlength=distinct.n)
    whole = (count > 0) & np.all(distinct.codes[rows] != NO_LEVEL, axis=0)
    share = np.bincount(distinct.number[failed], minlength=distinct.n)[whole] / count[whole]
    fit = _Design(sample.free, distinct.codes[rows][:, whole])
    left_out = int(count.sum() - count[whole].sum())
    if not fit.columns:
        return _none("no switch varies", left_out)
    if len(fit.columns) > MOST_TERMS:
        return _none(f"{len(fit.columns)} terms are more than {MOST_TERMS}", left_out)
    return _test(fit, share, left_out)


def _none(why: str, left_out: int = 0) -> Failures:
    return Failures({}, {}, why, left_out)


class _Design:
    """Dummy columns of the levels that occur (the first of each factor is the base), centred and scaled."""

    def __init__(self, factors: tuple[Factor, ...], codes: NDArray[np.int16]) -> None:
        self.codes = codes
        self.levels: dict[str, list[int]] = {}
        self.columns: list[tuple[int, Term]] = []  # (row of codes, term)
        for row, factor in enumerate(factors):
            levels = np.flatnonzero(np.bincount(codes[row], minlength=1)).tolist()
            if len(levels) > 1:
                self.levels[factor.name] = levels
                self.columns += [(row, (factor.name, level)) for level in levels[1:]]
        self.n = codes.shape[1]
        means = np.array([np.mean(codes[row] == term[1]) for row, term in self.columns])
        self.means, self.scale = means, np.sqrt(self.n * means * (1 - means))

    def blocks(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        for start in range(0, self.n, BLOCK):
            at = slice(start, min(start + BLOCK, self.n))
            x = np.stack([self.codes[row, at] == term[1] for row, term in self.columns], axis=1)
            yield at, (x - self.means) / self.scale

    def contrast(self, factor: str, level: int) -> NDArray[np.float64]:
        """Weights on the coefficients: this level less the mean of the factor's other levels."""
        levels = self.levels[factor]
        weight = {other: -1 / (len(levels) - 1) for other in levels} | {level: 1.0}
        raw = [weight[term[1]] if term[0] == factor else 0.0 for _, term in self.columns]
        weights: NDArray[np.float64] = np.array(raw) / self.scale
        return weights


def _test(fit: _Design, share: NDArray[np.float64], left_out: int) -> Failures:
    k = len(fit.columns)
    gram, right = np.zeros((k, k)), np.zeros(k)
    for at, x in fit.blocks():
        gram += x.T @ x
        right += x.T @ (share[at] - share.mean())
    values, vectors = np.linalg.eigh(gram)
    kept = values > TINY * k
    basis = vectors[:, kept]
    inverse = (basis / values[kept]) @ basis.T
    degrees = fit.n - 1 - int(kept.sum())
    if degrees < 1:
        return _none(f"{fit.n} configurations leave no residual degrees of freedom", left_out)

    coefficients = inverse @ right
    meat, largest_leverage, largest_residual = np.zeros((k, k)), 0.0, 0.0
    for at, x in fit.blocks():
        room = 1 - 1 / fit.n - np.einsum("ij,jk,ik->i", x, inverse, x, optimize=True)
        residual = share[at] - share.mean() - x @ coefficients
        largest_leverage = max(largest_leverage, 1 - float(room.min()))
        largest_residual = max(largest_residual, float(np.abs(residual).max()))
        weighted = x * (residual / np.maximum(room, TINY))[:, None]
        meat += weighted.T @ weighted
    if largest_leverage > 1 - TINY:
        return _none("a level hangs on a single configuration (leverage 1)", left_out)
    if largest_residual < TINY:
        return _none("the failed shares follow the main effects exactly, without a residual", left_out)
    covariance = inverse @ meat @ inverse

    from scipy.special import stdtr

    p: dict[Term, float] = {}
    reasons: dict[Term, str] = {}
    for factor, levels in fit.levels.items():
        for level in levels:
            weights = fit.contrast(factor, level)
            stray = weights - basis @ (basis.T @ weights)  # what the design says nothing about
            variance = float(weights @ covariance @ weights)
            if np.linalg.norm(stray) > 1e-6 * np.linalg.norm(weights):
                reasons[factor, level] = "aliased with other switches in this slice"
            elif not variance > 0:
                reasons[factor, level] = "no standard error: the residuals that matter are zero"
            else:
                t = float(weights @ coefficients) / math.sqrt(variance)
                p[factor, level] = 2 * float(stdtr(degrees, -abs(t)))
    return Failures(p, reasons, None, left_out)

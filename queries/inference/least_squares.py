"""Weighted least squares of configurations, with standard errors that unequal variances do not spoil."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.inference.model_terms import Columns

Array = NDArray[np.float64]

TINY = 1e-9
MOST_COLUMNS = 500  # the normal equations are solved densely


@dataclass(frozen=True)
class Estimate:
    """A combination of coefficients: its value, standard error and Student's t against zero."""

    value: float
    error: float
    degrees: float
    p: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Where the true value lies with that confidence."""
        from scipy.special import stdtrit

        half = float(stdtrit(self.degrees, (1 + level) / 2)) * self.error
        return self.value - half, self.value + half


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted model. `why` says why there are no standard errors, else "".

    A combination of coefficients that the design says nothing about has no estimate.
    """

    columns: Columns
    intercept: float
    coefficients: Array  # (p,)
    covariance: Array  # (p, p) of the coefficients
    basis: Array  # (p, rank) orthonormal: what can be estimated
    degrees: int  # of the standard errors
    fitted: Array  # (C,)
    residual: Array  # (C,)
    why: str

    @property
    def rank(self) -> int:
        """Number of independent columns."""
        return int(self.basis.shape[1])

    def estimable(self, weights: Array) -> bool:
        """Whether the design tells a combination of coefficients from all others."""
        stray = weights - self.basis @ (self.basis.T @ weights)
        return bool(np.linalg.norm(stray) <= 1e-6 * np.linalg.norm(weights))

    def estimate(self, weights: Array) -> Estimate | None:
        """Test one combination of the coefficients against zero; None where that can't be done."""
        if self.why or not self.estimable(weights):
            return None
        variance = float(weights @ self.covariance @ weights)
        if not variance > 0 or not math.isfinite(variance):
            return None
        from scipy.special import stdtr

        value, error = float(weights @ self.coefficients), math.sqrt(variance)
        return Estimate(value, error, self.degrees, 2 * float(stdtr(self.degrees, -abs(value / error))))

    def wald(self, weights: Array) -> float | None:
        """P of a joint test that several combinations, the rows of a matrix, are all zero (F).

        Of combinations that can't be estimated, the part that can is tested, which may be that of an alias:
        ask `confounded` first. None where nothing is left.
        """
        if self.why:
            return None
        weights = (weights @ self.basis) @ self.basis.T  # what can be estimated of them
        _, sizes, right = np.linalg.svd(weights, full_matrices=False)
        rows = right[sizes > 1e-6 * max(float(sizes.max(initial=0.0)), TINY)]
        if not len(rows):
            return None
        middle = rows @ self.covariance @ rows.T
        scale = np.sqrt(np.diag(middle))
        if not np.all(scale > 0) or not np.all(np.isfinite(middle)):
            return None
        value = (rows @ self.coefficients) / scale
        middle = middle / np.outer(scale, scale)
        if np.linalg.cond(middle) > 1e12:
            return None
        from scipy.special import fdtrc

        f = float(value @ np.linalg.solve(middle, value)) / len(rows)
        return float(fdtrc(len(rows), self.degrees, f))


def least_squares(columns: Columns, y: Array, pure_error: tuple[float, int] | None = None) -> Fit:
    """Fit a model of the configurations.

    Parameters
    ----------
    columns : Columns
        With the weights of the configurations.
    y : (C,) float
        Finite.
    pure_error : (variance of one run, its degrees of freedom), optional
        From replicates; the standard errors then come from it, each configuration having as many runs as
        its weight says.

    Returns
    -------
    Fit
        Without `pure_error` the covariance is HC3, Σ w²e²/(1 − h)² xxᵀ between inverses of the normal
        equations, with t on the residual degrees of freedom (MacKinnon & White 1985).

    References
    ----------
    MacKinnon, J. G. & White, H. (1985). Some heteroskedasticity-consistent covariance matrix estimators
    with improved finite sample properties. Journal of Econometrics 29(3), 305–325.
    https://doi.org/10.1016/0304-4076(85)90158-7
    """
    weight, n, p = columns.weight, columns.n, columns.p
    nothing = np.zeros((p, 0))
    if not n or p > MOST_COLUMNS:
        why = "no configuration" if not n else f"{p:,} columns are more than {MOST_COLUMNS}"
        return Fit(columns, math.nan, np.zeros(p), np.zeros((p, p)), nothing, 0, y, np.zeros(n), why)
    center = float(np.average(y, weights=weight))
    gram, right = np.zeros((p, p)), np.zeros(p)
    for at, x in columns.blocks():
        weighted = x * weight[at, None]
        gram += weighted.T @ x
        right += weighted.T @ (y[at] - center)
    scale = np.sqrt(np.diag(gram))
    scale[scale <= TINY * math.sqrt(float(weight.sum()))] = np.inf  # columns of zeros
    values, vectors = np.linalg.eigh(gram / np.outer(scale, scale))
    kept = values > TINY * max(p, 1)
    # an orthonormal basis of the row space, in the units of the coefficients
    basis = np.linalg.qr(vectors[:, kept] * np.where(np.isinf(scale), 0.0, scale)[:, None])[0]
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T / np.outer(scale, scale)
    inverse = basis @ (basis.T @ inverse @ basis) @ basis.T
    coefficients = inverse @ right
    rank = int(kept.sum())
    degrees = n - 1 - rank

    fitted = np.empty(n)
    for at, x in columns.blocks():
        fitted[at] = center + x @ coefficients
    residual = y - fitted
    size = float(np.abs(y - center).max())
    residual[np.abs(residual) <= TINY * size] = 0.0  # what rounding leaves of an exact fit

    def made(covariance: Array, of: int, why: str = "") -> Fit:
        return Fit(columns, center, coefficients, covariance, basis, of, fitted, residual, why)

    if pure_error is not None:
        return made(pure_error[0] * inverse, pure_error[1])
    if degrees < 1:
        return made(inverse, degrees, f"{n} configurations leave no residual degrees of freedom")
    meat, least_room, total = np.zeros((p, p)), 1.0, float(weight.sum())
    for at, x in columns.blocks():
        w = weight[at]
        room = 1 - w / total - w * np.einsum("ij,jk,ik->i", x, inverse, x, optimize=True)
        least_room = min(least_room, float(room.min()))
        scaled = x * (w * residual[at] / np.maximum(room, TINY))[:, None]
        meat += scaled.T @ scaled
    covariance = inverse @ meat @ inverse
    if least_room < TINY:
        return made(covariance, degrees, "a level hangs on a single configuration (leverage 1)")
    if not residual.any():
        return made(covariance, degrees, "the model fits exactly, without a residual")
    return made(covariance, degrees)


def aliased_with(names: Sequence[str]) -> str:
    """Why there is no estimate, where `confounded` gave those names."""
    return f"aliased with {' and '.join(names)} in this slice"


def confounded(fit: Fit, factor: int) -> tuple[str, ...]:
    """Terms of a model that a factor's main effect can't be told from, in words."""
    columns = fit.columns
    unknown = np.eye(columns.p) - fit.basis @ fit.basis.T  # directions that the design says nothing about
    mine = columns.place[(factor,)]
    if np.linalg.norm(unknown[mine]) < 1e-6:
        return ()
    return tuple(
        columns.groups.words(term)
        for term, place in columns.place.items()
        if term != (factor,) and np.linalg.norm(unknown[mine, place]) > 1e-6
    )

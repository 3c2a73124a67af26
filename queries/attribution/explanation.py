"""What a model of a slice's configurations learns, and the SHAP values of what it learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.attribution import surrogate
from ablate_tui.queries.attribution.leaves import BITS
from ablate_tui.queries.attribution.shapley import interaction_values, shapley_values
from ablate_tui.queries.configurations import Configurations, chosen
from ablate_tui.queries.inference.location import Location
from ablate_tui.queries.note import Note

Target = Literal["mean", "spread"]
Array = NDArray[np.float64]

COMBINATIONS = 2**16  # of levels; up to here SHAP values are exact
FLOOR = 0.1  # of the median |residual|
CELLS = 2**25  # numbers in the largest matrix handed to LightGBM (256 MiB)
MANY = 2**12  # combinations; more are predicted from the leaves


@dataclass(frozen=True)
class Limits:
    """How many configurations are compared with and explained, beyond COMBINATIONS."""

    background: int
    explained: int


ONCE = Limits(background=256, explained=2000)
REFIT = Limits(background=32, explained=64)


@dataclass(frozen=True, eq=False)
class Training:
    """An outcome of each configuration, with the weight of its squared error."""

    configurations: Configurations
    outcome: Array  # (C,) finite
    weight: Array  # (C,) positive

    @cached_property
    def columns(self) -> Array:
        """The configurations as the model takes them."""
        return surrogate.encode(self.configurations.codes, self.configurations.sizes)

    @cached_property
    def grid(self) -> Array:
        """All combinations of levels, likewise, in the order of a flattened tensor."""
        return surrogate.grid(self.configurations.sizes)

    @cached_property
    def cells(self) -> NDArray[np.intp]:
        """(C,) rows of the grid that were run."""
        cells: NDArray[np.intp] = np.ravel_multi_index(tuple(self.configurations.codes), self.configurations.sizes)
        return cells

    @property
    def combinations(self) -> int:
        """How many combinations of levels there are."""
        return prod(self.configurations.sizes)

    @property
    def exact(self) -> bool:
        """Whether they can all be listed."""
        return self.combinations <= COMBINATIONS

    @property
    def too_wide(self) -> bool:
        """Whether a matrix of them would not fit."""
        sizes = self.configurations.sizes
        rows = self.combinations if self.exact else self.configurations.n
        return rows * sum(surrogate.widths(sizes)) > CELLS

    def surface(self, model: surrogate.Surrogate, keep: NDArray[np.bool_]) -> Array:
        """Predictions for all combinations of levels, (L1, …, Lk), of a model fitted to some configurations."""
        sizes = self.configurations.sizes
        surface = np.empty(self.combinations)
        unseen = np.ones(self.combinations, dtype=bool)
        unseen[self.cells[keep]] = False
        if np.count_nonzero(unseen) <= MANY or sum(surrogate.widths(sizes)) > BITS:
            if unseen.any():
                surface[unseen] = model.predict(self.grid[unseen])
            surface[self.cells[keep]] = model.fitted()
        else:
            surface[:] = model.combinations(sizes)
        return surface.reshape(sizes)

    def fit(
        self, outcome: Array, times: NDArray[np.int64], check: Callable[[], None] | None = None
    ) -> surrogate.Surrogate:
        """A model of an outcome of the configurations, each taken so many times."""
        keep = times > 0
        small = self.configurations.n < surrogate.SMALL
        return surrogate.fit(self.columns[keep], outcome[keep], (self.weight * times)[keep], small=small, check=check)


@dataclass(frozen=True, eq=False)
class Explanation:
    """SHAP values of E configurations."""

    at: NDArray[np.intp]  # (E,) which of the training's configurations
    base: float  # mean prediction over the background
    phi: Array  # (k, E)
    surface: Array | None  # (L1, …, Lk) predictions of all combinations, where the method is exact
    rates: tuple[Array, ...]  # of each factor's levels in the background
    cells: NDArray[np.intp]  # (E,) places in the flattened surface; empty without one
    runs: Array  # (E,) runs that each stands for

    @cached_property
    def interactions(self) -> Array | None:
        """(k, k) `interaction_values` over the runs, from the same surface; None without one."""
        if self.surface is None:
            return None
        return interaction_values(self.surface, self.rates, self.cells, self.runs)

    @property
    def prediction(self) -> Array:
        """(E,) what the values add up to."""
        total: Array = self.base + self.phi.sum(axis=0)
        return total


def means(groups: Configurations) -> Training:
    """Learn the configurations' means, weighted by their runs."""
    return Training(groups, _steady(groups.mean), groups.count.astype(np.float64))


def spreads(groups: Configurations) -> tuple[Training, tuple[Note, ...]]:
    """Learn ln s of the configurations that have replicates.

    Parameters
    ----------
    groups : Configurations

    Returns
    -------
    training : Training
        ln s less its expectation for normal replicates, ½(ψ(ν/2) + ln 2 − ln ν) with ν = r − 1, weighted
        by the inverse of its variance, ¼ψ′(ν/2). Maybe of no configuration.
    notes : tuple of Note
        How many were left out, and why.

    References
    ----------
    Bartlett, M. S. & Kendall, D. G. (1946). The statistical analysis of variance-heterogeneity and the
    logarithmic transformation. Supplement to the Journal of the Royal Statistical Society 8(1), 128–138.
    https://doi.org/10.2307/2983618
    """
    from scipy.special import digamma, polygamma

    replicated = groups.count > 1
    varied = replicated & (groups.variance > 0)
    notes = []
    single, equal = int((~replicated).sum()), int((replicated & ~varied).sum())
    if single:
        notes.append(Note("*", "configurations", f"{single:,} of {groups.n:,} without replicates are left out"))
    if equal:
        reason = f"{equal:,} of {groups.n:,} whose replicates are all equal are left out"
        notes.append(Note("*", "configurations", reason))
    kept = chosen(groups, varied)
    half = (kept.count - 1) / 2
    expected = (digamma(half) - np.log(half)) / 2
    training = Training(kept, _steady(np.log(kept.variance) / 2 - expected), 4 / polygamma(1, half))
    return training, tuple(notes)


def residual_spreads(model: Location) -> tuple[Training, tuple[Note, ...]]:
    """Learn ln |residual| of the configurations, where none or few have replicates.

    Parameters
    ----------
    model : Location

    Returns
    -------
    training : Training
        Configurations count once. Residuals below a tenth of their median size are taken for that: the
        logarithm of a residual near zero says nothing but would outweigh all others. Of no configuration
        where the model has no residuals.
    notes : tuple of Note
    """
    size = np.abs(model.residual)
    if model.why or not size.any():
        nothing = chosen(model.groups, np.zeros(model.groups.n, dtype=bool))
        why = model.why or "the location model fits exactly, without a residual"
        return Training(nothing, np.empty(0), np.empty(0)), (Note("*", "configurations", why),)
    floor = FLOOR * float(np.median(size[size > 0]))
    outcome = np.log(np.maximum(size, floor))
    notes = (
        Note("*", "target", "no replicates: ln |residual| of the location model stands for ln SD"),
        Note("*", "target", f"floored: {int(np.count_nonzero(size < floor)):,} of {model.groups.n:,} residuals"),
    )
    return Training(model.groups, _steady(outcome), np.ones(model.groups.n)), notes


def explain(
    training: Training,
    outcome: Array,
    times: NDArray[np.int64] | None = None,
    limits: Limits = ONCE,
    *,
    check: Callable[[], None] | None = None,
) -> Explanation:
    """Fit a model and take the SHAP values of its predictions.

    The background is every combination of levels weighted by the product of the levels' rates among the
    runs; beyond COMBINATIONS it is a draw of configurations in proportion to their runs, and a factor of
    more than two levels is no longer one player: the values of its columns are summed.

    Parameters
    ----------
    training : Training
        Of at least one configuration and one factor.
    outcome : (C,) float
        What to fit: the training's own outcome, or one made from it.
    times : (C,) int, optional
        How often each configuration is taken; once without.
    limits : Limits
        For the draws, which have seed 0.
    check : callable, optional
        Called several times a second; what it raises ends the computation.

    Returns
    -------
    Explanation
    """
    groups = training.configurations
    if times is None:
        times = np.ones(groups.n, dtype=np.int64)
    model = training.fit(outcome, times, check)
    runs = (groups.count * times).astype(np.float64)
    rates = tuple(
        np.bincount(row, weights=runs, minlength=size) / runs.sum()
        for row, size in zip(groups.codes, groups.sizes, strict=True)
    )
    at = np.flatnonzero(times)
    if training.exact:
        surface = training.surface(model, times > 0)
        base, values = shapley_values(surface, rates)
        cells = training.cells[at]
        return Explanation(at, base, values.reshape(len(rates), -1)[:, cells], surface, rates, cells, runs[at])

    rng = np.random.default_rng(0)
    background = at
    if len(at) > limits.background or np.ptp(runs[at]) > 0:
        background = rng.choice(at, limits.background, p=runs[at] / runs.sum())
    if len(at) > limits.explained:
        at = np.sort(rng.choice(at, limits.explained, replace=False))
    columns = training.columns
    base, values = model.values(columns[background], columns[at], groups.sizes, check)
    return Explanation(at, base, values, None, rates, at[:0], runs[at])


def mean_absolute(training: Training, found: Explanation, times: NDArray[np.int64] | None = None) -> Array:
    """(k,) mean |SHAP| of each factor over the runs that were explained."""
    runs = training.configurations.count if times is None else training.configurations.count * times
    weight: Array = runs[found.at] / runs[found.at].sum()
    mean: Array = np.abs(found.phi) @ weight
    return mean


def r_squared(training: Training, predicted: Array) -> float | None:
    """Share of the outcome's variance that predictions explain, 1 − Σw(y − ŷ)² / Σw(y − ȳ)².

    None where the outcome is constant.
    """
    if np.ptp(training.outcome) == 0:
        return None
    deviation = training.outcome - np.average(training.outcome, weights=training.weight)
    error = training.outcome - predicted
    largest = float(np.abs(deviation).max())  # squares of huge responses must not overflow
    deviation, error = deviation / largest, error / largest
    return float(1 - (training.weight @ error**2) / (training.weight @ deviation**2))


def r_squared_ceiling(training: Training) -> float | None:
    """The R² that the true means would reach, 1 − σ²/MS_between, not below zero.

    σ² is the replicates' pooled variance (a shared effect of a seed goes first), MS_between that of the
    configuration means weighted by their runs: with r replicates each, this is 1 minus the noise variance of a
    mean over the variance of the means. None without replicates, or where the means do not differ.
    """
    groups = training.configurations
    if not np.isfinite(groups.noise) or np.ptp(training.outcome) == 0:
        return None
    deviation = groups.mean - np.average(groups.mean, weights=groups.count)
    largest = float(np.abs(deviation).max())
    within = groups.noise / largest**2
    between = float(groups.count @ (deviation / largest) ** 2) / (groups.n - 1)
    ceiling = max(0.0, 1 - within / between)
    return ceiling if np.isfinite(ceiling) else None


def spread_ceiling(training: Training) -> float | None:
    """The R² that the true ln SDs would reach, 1 − 1/MS, not below zero.

    MS is the mean square of the outcome in units of its sampling variance, one over the weight: 1 on
    average where nothing but chance tells the configurations' SDs apart. None with fewer than two.
    """
    n = len(training.outcome)
    if n < 2:
        return None
    deviation = training.outcome - np.average(training.outcome, weights=training.weight)
    square = float(training.weight @ deviation**2) / (n - 1)
    return max(0.0, 1 - 1 / square) if square > 0 else None


def _steady(outcome: Array) -> Array:
    """An outcome that differs by rounding only is constant, lest rounding errors get ranked."""
    if len(outcome) and np.ptp(outcome) <= 1e-12 * np.abs(outcome).max():
        return np.full_like(outcome, outcome[0])
    return outcome

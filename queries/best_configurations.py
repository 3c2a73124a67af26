"""The best configurations: what is left of their means without luck, and which of them none beats."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.configurations import Configurations
from ablate_tui.queries.descriptive.pareto import pareto
from ablate_tui.queries.inference.location import location
from ablate_tui.queries.inference.moderated import moderated
from ablate_tui.queries.inference.replicates import Tested, tested
from ablate_tui.queries.inference.shrinkage import Shrunken, shrunken
from ablate_tui.queries.note import Note
from ablate_tui.queries.slices import Sample

Array = NDArray[np.float64]

LISTED = 200
FEW = 4  # replicates, up to which a small SD is often luck

KEY = "configurations"


TOO_SURE = "of a configuration chosen beforehand: too narrow for those that came out best, where noise differs"


@dataclass(frozen=True)
class BestConfiguration:
    """One configuration: its levels, its runs, and its mean with and without luck."""

    configuration: Mapping[str, str]  # level by factor, of the factors that vary
    n: int
    mean: float | None
    sd: float | None
    shrunken: float | None
    low: float | None
    high: float | None
    pareto: bool | None  # whether none has both a better mean and a smaller SD; None without an SD


@dataclass(frozen=True, eq=False)
class BestConfigurations:
    """All C configurations, best first, as arrays; and the list of the first."""

    rows: tuple[BestConfiguration, ...]  # at most 200
    groups: Configurations  # the others are in the order of these
    order: NDArray[np.int64]  # (C,) best first
    sd: Array  # (C,) NaN with one run
    shrunken: Shrunken
    pareto: NDArray[np.bool_]  # (C,)
    slot: NDArray[np.int64]  # (sweep's configurations,) number among these; −1 where it is none of them
    no_pareto: str  # why there is no Pareto set, else ""
    notes: tuple[Note, ...]


def best_configurations(sample: Sample) -> BestConfigurations:
    """List the configurations by their shrunken means, and mark the Pareto set of mean against SD.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    BestConfigurations
        Re-runs count once. `mean` and `sd` are of the runs as they are. Means are drawn to the location
        model with the noise that `moderated` expects of each configuration (see `shrunken`); best first by
        shrunken means, by raw ones where there are none. The Pareto set is over raw means and SDs of the
        configurations with two runs or more.
    """
    runs = tested(sample)
    with np.errstate(all="ignore"):
        model = location(sample)
        groups = runs.groups
        goal = sample.table.response.goal
        expected = shrunken(groups, model.terms, _noise(groups, runs))
        plain = runs.plain
        sd = np.sqrt(plain.variance)
        front = pareto(plain.mean, sd, goal)
        by = plain.mean if expected.why else expected.mean
        order = np.argsort(by if goal == "min" else -by, kind="stable")
    no_pareto = "" if front.any() else "no configuration has two finished runs: there is no SD"
    return BestConfigurations(
        rows=tuple(_row(runs.plain, expected, sd, front, int(at)) for at in order[:LISTED]),
        groups=runs.plain,
        order=order,
        sd=sd,
        shrunken=expected,
        pareto=front,
        slot=runs.slot,
        no_pareto=no_pareto,
        notes=_notes(runs, groups, expected, no_pareto),
    )


def _noise(groups: Configurations, runs: Tested) -> float | Array:
    """Expected variance of a single run, NaN without replicates, 0 where no two of them differ."""
    degrees = (groups.count - 1).astype(np.float64)
    if not degrees.any():
        return math.nan
    if groups is not runs.plain:  # the shared effects have taken some
        degrees *= max(runs.freedom, 1) / degrees.sum()
    squares = np.where(groups.count > 1, groups.variance * (groups.count - 1), 0.0)
    found = moderated(squares / np.where(degrees > 0, degrees, 1.0), degrees)
    return 0.0 if found is None else found.variance


def _row(groups: Configurations, expected: Shrunken, sd: Array, front: NDArray[np.bool_], at: int) -> BestConfiguration:
    return BestConfiguration(
        configuration={
            factor.name: levels[code]
            for factor, levels, code in zip(groups.factors, groups.levels, groups.codes[:, at].tolist(), strict=True)
        },
        n=int(groups.count[at]),
        mean=_known(groups.mean[at]),
        sd=_known(sd[at]),
        shrunken=_known(expected.mean[at]),
        low=_known(expected.low[at]),
        high=_known(expected.high[at]),
        pareto=bool(front[at]) if np.isfinite(sd[at]) else None,
    )


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _notes(runs: Tested, groups: Configurations, expected: Shrunken, no_pareto: str) -> tuple[Note, ...]:
    """Why figures are null, and what to know about the others."""
    plain = runs.plain
    found = []
    if expected.why:
        found.append(Note("*", f"{KEY}.shrunken {KEY}.low {KEY}.high", expected.why))
    single = int(np.count_nonzero(plain.count == 1))
    if no_pareto:
        found.append(Note("*", f"{KEY}.sd {KEY}.pareto", no_pareto))
    elif single:
        found.append(Note("*", f"{KEY}.sd {KEY}.pareto", f"one run only: {single:,} of {plain.n:,} configurations"))
    if not np.all(np.isfinite(plain.mean)):
        found.append(Note("*", f"{KEY}.mean", "too large for a number"))
    if groups is not plain:
        found.append(
            Note("*", f"{KEY}.shrunken", "what a replicate does to all configurations alike is taken out first")
        )
    if not expected.why:
        found.append(Note("*", f"{KEY}.low {KEY}.high", TOO_SURE))
    if not no_pareto and float(np.median(plain.count[plain.count > 1])) <= FEW:
        found.append(Note("*", f"{KEY}.pareto", "with so few replicates a small SD is often luck"))
    if plain.n > LISTED:
        found.append(Note("*", KEY, f"{LISTED:,} of {plain.n:,} configurations listed"))
    if plain.left_out:
        found.append(Note("*", KEY, f"left out: runs without a level of some free factor ({plain.left_out:,})"))
    if runs.reruns:
        found.append(Note("*", KEY, f"runs that repeat another are counted once ({runs.reruns:,})"))
    return tuple(found)

"""Refits of the model: to other draws of the configurations, and to noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ablate_tui.queries.attribution.explanation import REFIT, Array, Training, explain, mean_absolute


@dataclass(frozen=True, eq=False)
class Refits:
    """What the first so many of all planned refits found."""

    drawn: Array  # (b, k) mean |SHAP| of each factor where configurations were drawn with replacement
    largest: Array  # (p,) that of the largest factor where residuals were permuted
    bootstraps: int  # planned
    permutations: int
    states: tuple[Mapping[str, Any], Mapping[str, Any]]  # of the two streams of random numbers, to go on from

    @property
    def done(self) -> int:
        """How many there are."""
        return len(self.drawn) + len(self.largest)

    @property
    def planned(self) -> int:
        """How many there will be."""
        return self.bootstraps + self.permutations

    @property
    def interval(self) -> tuple[Array, Array] | None:
        """(k,) 2.5th and (k,) 97.5th percentiles of the draws; None before the first."""
        if not len(self.drawn):
            return None
        low, high = np.percentile(self.drawn, (2.5, 97.5), axis=0)
        return low, high

    @property
    def floor(self) -> float | None:
        """95th percentile of what noise reaches; None before the first permutation."""
        return float(np.percentile(self.largest, 95)) if len(self.largest) else None


def refits(
    training: Training,
    residual: Array,
    bootstraps: int,
    permutations: int,
    so_far: Refits | None = None,
    check: Callable[[], None] | None = None,
) -> Iterator[Refits]:
    """Refit, one by one, permutations spread evenly among the bootstraps.

    Parameters
    ----------
    training : Training
    residual : (C,) float
        Of predictions that did not see the configuration: what is permuted.
    bootstraps : int
        Draws of the configurations, each with all its runs; seed 0.
    permutations : int
        Of the residuals; seed 1. Two streams of random numbers, so that the order in which draws and
        permutations come changes neither.
    so_far : Refits, optional
        What was found earlier, for the same arguments, is not computed again.
    check : callable, optional
        Called many times in each refit; what it raises ends them.

    Yields
    ------
    Refits
        After each new refit, those so far and this one.
    """
    n, k = len(training.outcome), len(training.configurations.factors)
    drawn, largest = np.empty((bootstraps, k)), np.empty(permutations)
    draws, shuffles = np.random.default_rng(0), np.random.default_rng(1)
    even = np.full(n, 1 / n)
    b = p = 0
    if so_far is not None:
        b, p = len(so_far.drawn), len(so_far.largest)
        drawn[:b], largest[:p] = so_far.drawn, so_far.largest
        draws.bit_generator.state, shuffles.bit_generator.state = so_far.states
    total = bootstraps + permutations
    for step in range(b + p, total):
        if (step + 1) * bootstraps // total > step * bootstraps // total:
            times = draws.multinomial(n, even)
            drawn[b] = mean_absolute(training, explain(training, training.outcome, times, REFIT, check=check), times)
            b += 1
        else:
            outcome = shuffles.permutation(residual)
            largest[p] = mean_absolute(training, explain(training, outcome, limits=REFIT, check=check)).max()
            p += 1
        states = (draws.bit_generator.state, shuffles.bit_generator.state)
        yield Refits(drawn[:b], largest[:p], bootstraps, permutations, states)

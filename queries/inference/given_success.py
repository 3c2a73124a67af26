"""Mean and spread of the runs that did not fail: a selected comparison, told beside the whole one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ablate_tui.queries.configurations import chosen
from ablate_tui.queries.descriptive.ordered import order
from ablate_tui.queries.descriptive.two_sample import side
from ablate_tui.queries.inference.replicates import Tested
from ablate_tui.queries.slices import Sample


@dataclass(frozen=True)
class GivenSuccess:
    """One switch, or a level against the rest, among the finished runs that have not failed.

    `noise_ratio` is the ratio of the SDs within configurations that have no failed run at all. Given
    success, the sides are selected: what would have failed is not among them.
    """

    switch: str
    level: str
    n_on: int
    n_off: int
    mean_on: float | None
    mean_off: float | None
    mean_diff: float | None
    sd_on: float | None
    sd_off: float | None
    sd_ratio: float | None
    noise_ratio: float | None


def given_success(sample: Sample, runs: Tested) -> tuple[GivenSuccess, ...]:
    """Compare the sides without the failed runs.

    Parameters
    ----------
    sample : Sample
    runs : Tested
        Of the same sample.

    Returns
    -------
    tuple of GivenSuccess
        One per switch and level; empty where no finished run counts as failed, for then nothing changes.
    """
    if not sample.outcomes.failed_finished.any():
        return ()
    succeeded = order(sample.only(sample.finished & ~sample.failed))
    groups = runs.groups
    slot = runs.slot
    failed = np.bincount(slot[slot >= 0], weights=sample.outcomes.failed[slot >= 0], minlength=groups.n)
    whole = failed == 0  # diverged runs are failed, too
    clean = chosen(groups, whole & (groups.count > 1))
    squares = (clean.count - 1) * clean.variance
    found = []
    for at, factor in enumerate(groups.factors):
        code = sample.levels(factor.name)
        for level, text in enumerate(groups.levels[at]):
            if groups.sizes[at] == 2 and level == 0:
                continue
            here = code == factor.code(text)
            on, off = (side(succeeded.where(mask)) for mask in (here, ~here & (code >= 0)))
            within = []
            for mask in (clean.codes[at] == level, clean.codes[at] != level):
                freedom = float((clean.count[mask] - 1).sum())
                within.append(math.sqrt(float(squares[mask].sum()) / freedom) if freedom else math.nan)
            found.append(
                GivenSuccess(
                    switch=factor.name,
                    level=text,
                    n_on=on.n,
                    n_off=off.n,
                    mean_on=_finite(on.mean),
                    mean_off=_finite(off.mean),
                    mean_diff=_finite(on.mean - off.mean),
                    sd_on=_finite(on.sd),
                    sd_off=_finite(off.sd),
                    sd_ratio=_finite(on.sd / off.sd) if off.sd > 0 else None,
                    noise_ratio=_finite(within[0] / within[1]) if within[1] > 0 else None,
                )
            )
    return tuple(found)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

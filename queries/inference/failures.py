"""Does a switch change how often runs fail? Main effects on the configurations' failed shares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import NO_LEVEL
from ablate_tui.data.schema import Factor
from ablate_tui.queries.configurations import Configurations
from ablate_tui.queries.inference.least_squares import aliased_with, confounded, least_squares
from ablate_tui.queries.inference.model_terms import Columns
from ablate_tui.queries.inference.model_terms import Term as ModelTerm
from ablate_tui.queries.slices import Sample

Term = tuple[str, int]  # factor, level code


@dataclass(frozen=True)
class Failures:
    """P-value per factor and level, and why one is missing."""

    p: Mapping[Term, float]
    factors: Mapping[str, float]  # p of each factor as a whole
    reasons: Mapping[Term, str]
    why_none: str | None  # the reason where nothing at all could be fitted
    left_out: int  # runs without a level of some free factor, which the fit leaves out


def failure_p(sample: Sample) -> Failures:
    """Test the main effect of every free factor on the share of failed runs.

    Ordinary least squares of the configurations' failed shares on the main effects of all free factors,
    each configuration once; HC3 standard errors (MacKinnon & White 1985), Student's t on the residual
    degrees of freedom. The row of a level tests that level against the mean of the factor's other levels.
    Runs that are MISSING are no outcome and do not count.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    Failures
        With nothing in `p` where no run or every run failed, terms outnumber configurations, a level
        hangs on one configuration (leverage 1), or the shares follow the main effects exactly.
    """
    count, failed = sample.outcomes.outcomes, sample.outcomes.failed
    if not failed.any():
        return _none("no run has failed")
    if failed.sum() == count.sum():
        return _none("every run has failed")
    codes = sample.table.combinations.codes[[sample.table.positions[factor.name] for factor in sample.free]]
    whole = (count > 0) & np.all(codes != NO_LEVEL, axis=0)
    left_out = int(count.sum() - count[whole].sum())
    return _test(_groups(sample.free, codes[:, whole]), failed[whole] / count[whole], left_out)


def _none(why: str, left_out: int = 0) -> Failures:
    return Failures({}, {}, {}, why, left_out)


def _groups(factors: tuple[Factor, ...], codes: NDArray[np.int16]) -> Configurations:
    """The configurations that have an outcome, finished or not; each counts once."""
    found = [np.unique(row) for row in codes]
    kept = [row for row, levels in enumerate(found) if len(levels) > 1]
    n = codes.shape[1]
    compact = [np.searchsorted(found[row], codes[row]) for row in kept]
    return Configurations(
        factors=tuple(factors[row] for row in kept),
        levels=tuple(tuple(factors[row].levels[code] for code in found[row]) for row in kept),
        codes=np.array(compact, dtype=np.int16).reshape(len(kept), n),
        count=np.ones(n, dtype=np.int64),
        mean=np.zeros(n),
        variance=np.full(n, np.nan),
        noise=math.nan,
        left_out=0,
    )


def _test(groups: Configurations, share: NDArray[np.float64], left_out: int) -> Failures:
    if not groups.factors:
        return _none("no switch varies", left_out)
    mains: list[ModelTerm] = [(at,) for at in range(len(groups.factors))]
    fit = least_squares(Columns(groups, mains, np.ones(groups.n)), share)
    if fit.why:
        return _none(fit.why, left_out)
    p: dict[Term, float] = {}
    whole: dict[str, float] = {}
    reasons: dict[Term, str] = {}
    for at, factor in enumerate(groups.factors):
        other = confounded(fit, at)
        joint = fit.wald(fit.columns.whole((at,)))
        if joint is not None and not other:
            whole[factor.name] = joint
        for level, text in enumerate(groups.levels[at]):
            key = (factor.name, factor.code(text))
            found = fit.estimate(fit.columns.level(at, level))
            if found is not None:
                p[key] = found.p
            elif other:
                reasons[key] = aliased_with(other)
            else:
                reasons[key] = "no standard error: the residuals that matter are zero"
    return Failures(p, whole, reasons, None, left_out)

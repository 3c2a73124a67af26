"""Where the spread comes from: noise within configurations, or configurations that differ."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.configurations import Configurations, chosen
from ablate_tui.queries.descriptive.two_sample import brown_forsythe, side_of
from ablate_tui.queries.inference.least_squares import Fit, aliased_with, confounded, least_squares
from ablate_tui.queries.inference.location import FEWEST_DEGREES, Location
from ablate_tui.queries.inference.model_terms import Array, Columns, Term
from ablate_tui.queries.inference.replicates import Tested

REPLICATES, RESIDUALS = "replicates", "residuals"
LOOKS_THE_SAME = "two missed active terms whose product is this switch would look the same (Pan 1999)"


@dataclass(frozen=True)
class SideNoise:
    """Of one switch or level: the noise on its side against the other's. None where it can't be had."""

    ratio: float | None  # of the SDs within configurations
    ratio_median: float | None  # of the medians of z
    ln_f_star: float | None
    p: float | None


@dataclass(frozen=True, eq=False)
class Noise:
    """Dispersion effects. `why` says why none could be tested, else ""."""

    basis: str | None  # "replicates", "residuals"
    levels: Mapping[tuple[str, str], SideNoise]  # by factor and level, against the factor's other levels
    factors: Mapping[str, float]  # p of each factor as a whole
    reasons: Mapping[str, str]
    why: str


def c4(r: NDArray[np.int64]) -> Array:
    """What a normal sample's SD is of the true one on average: √(2/(r−1)) Γ(r/2)/Γ((r−1)/2)."""
    from scipy.special import gammaln

    value: Array = np.sqrt(2 / (r - 1)) * np.exp(gammaln(r / 2) - gammaln((r - 1) / 2))
    return value


def noise_scale(runs: Tested) -> tuple[Configurations, Array]:
    """The configurations with two runs or more, and z = s/c4(r), unbiased for their SD under normality.

    Parameters
    ----------
    runs : Tested
        Shared effects of the replicates are gone: they would make a small SD look as large as a large one.

    Returns
    -------
    groups : Configurations
    z : (C,) float
        Zero where the replicates are all equal.
    """
    groups = chosen(runs.groups, runs.replicated)
    return groups, np.sqrt(groups.variance) / c4(groups.count)


def noise(model: Location) -> Noise:
    """Test what every factor does to the noise.

    With replicates: z of each configuration on the main effects of all free factors, ordinary least
    squares with HC3 standard errors. Without (in half of the configurations or more): the residuals of the
    location model, the logarithm of the ratio of their variances (Box & Meyer 1986) and Brown and
    Forsythe's test on them.

    Parameters
    ----------
    model : Location

    Returns
    -------
    Noise

    References
    ----------
    Box, G. E. P. & Meyer, R. D. (1986). Dispersion effects from fractional designs. Technometrics 28(1),
    19–27. https://doi.org/10.1080/00401706.1986.10488094
    Pan, G. (1999). The impact of unidentified location effects on dispersion-effects identification from
    unreplicated factorial designs. Technometrics 41(4), 313–326. https://doi.org/10.1080/00401706.1999.10485931
    """
    replicated = model.runs.replicated
    if replicated.any() and 2 * int(replicated.sum()) >= model.groups.n:
        return _from_replicates(model.runs)
    return _from_residuals(model)


def _from_replicates(runs: Tested) -> Noise:
    groups, z = noise_scale(runs)
    mains: list[Term] = [(at,) for at in range(len(groups.factors))]
    levels: dict[tuple[str, str], SideNoise] = {}
    factors: dict[str, float] = {}
    reasons: dict[str, str] = {}
    fit: Fit | None = None
    why = ""
    if not z.any():
        why = "the replicates are all equal"
    else:
        fit = least_squares(Columns(groups, mains, np.ones(groups.n)), z)
        degrees = groups.n - 1 - fit.rank
        why = fit.why
        if degrees < FEWEST_DEGREES:
            why = f"{groups.n} configurations with replicates leave {max(degrees, 0)} residual degrees of freedom"
    squares = (groups.count - 1) * groups.variance
    for at, factor in enumerate(groups.factors):
        other = confounded(fit, at) if fit is not None else ()
        if other:
            reasons[factor.name] = aliased_with(other)
        joint = fit.wald(fit.columns.whole((at,))) if fit is not None and not why and not other else None
        if joint is not None:
            factors[factor.name] = joint
        for level, text in enumerate(groups.levels[at]):
            on = groups.codes[at] == level
            if not on.any() or on.all():
                continue
            found = fit.estimate(fit.columns.level(at, level)) if fit is not None and not why else None
            within = [math.sqrt(squares[mask].sum() / (groups.count[mask] - 1).sum()) for mask in (on, ~on)]
            median = [float(np.median(z[mask])) for mask in (on, ~on)]
            levels[factor.name, text] = SideNoise(
                ratio=_ratio(*within), ratio_median=_ratio(*median), ln_f_star=None, p=found.p if found else None
            )
    return Noise(REPLICATES, levels, factors, reasons, why)


def _ratio(on: float, off: float) -> float | None:
    return on / off if off > 0 and math.isfinite(on / off) else None


def _from_residuals(model: Location) -> Noise:
    if model.why:
        return Noise(None, {}, {}, {}, f"no residuals: {model.why}")
    groups, residual = model.groups, model.residual
    if not residual.any():
        return Noise(None, {}, {}, {}, "the location model fits exactly, without a residual")
    levels: dict[tuple[str, str], SideNoise] = {}
    factors: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for at, factor in enumerate(groups.factors):
        if factor.name in model.confounded:
            reasons[factor.name] = aliased_with(model.confounded[factor.name])
        sides = [side_of(residual[groups.codes[at] == level]) for level in range(groups.sizes[at])]
        if factor.name not in reasons:
            joint = brown_forsythe(sides)
            if math.isfinite(joint):
                factors[factor.name] = joint
            else:
                reasons[factor.name] = "needs two residuals on both sides that differ"
        for level, text in enumerate(groups.levels[at]):
            rest = side_of(residual[groups.codes[at] != level]) if len(sides) > 2 else sides[1 - level]
            p = brown_forsythe((sides[level], rest))
            on, off = sides[level].sd, rest.sd
            star = 2 * math.log(on / off) if on > 0 and off > 0 else None
            levels[factor.name, text] = SideNoise(
                None, None, star, p if math.isfinite(p) and factor.name not in reasons else None
            )
    return Noise(RESIDUALS, levels, factors, reasons, "")


@dataclass(frozen=True)
class Components:
    """SDs of one side: of its configurations' true means, and of runs of one configuration."""

    between: float | None
    within: float | None


def components(groups: Configurations, on: NDArray[np.bool_]) -> Components:
    """Variance components of one side by the analysis of variance.

    Parameters
    ----------
    groups : Configurations
    on : (C,) bool
        The configurations of the side.

    Returns
    -------
    Components
        within² = Σ(r−1)s²/Σ(r−1); between² = max(0, (MS_between − within²)/n0) with
        n0 = (N − Σr²/N)/(C − 1). None without replicates on this side.

    References
    ----------
    Searle, S. R., Casella, G. & McCulloch, C. E. (1992). Variance components. Wiley. Section 3.6.
    """
    count, mean, variance = groups.count[on], groups.mean[on], groups.variance[on]
    again = count > 1
    if not again.any():
        return Components(None, None)
    within = float((count[again] - 1) @ variance[again]) / float((count[again] - 1).sum())
    n, total = len(count), float(count.sum())
    if n < 2:
        return Components(None, math.sqrt(within))
    center = float(count @ mean) / total
    between = float(count @ (mean - center) ** 2) / (n - 1)
    per = (total - float(count @ count) / total) / (n - 1)
    return Components(math.sqrt(max(0.0, (between - within) / per)), math.sqrt(within))

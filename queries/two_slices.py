"""Two slices of a sweep beside each other: the same contrast in each, and the difference of their effects."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ablate_tui.data.cube import NO_LEVEL
from ablate_tui.queries.compare import Comparison, Ground, comparison_of, side_codes, sides_of
from ablate_tui.queries.descriptive.ordered import order
from ablate_tui.queries.effect_row import EffectRow
from ablate_tui.queries.effects import Effects, effects
from ablate_tui.queries.inference.least_squares import Estimate
from ablate_tui.queries.inference.location import location
from ablate_tui.queries.note import Note
from ablate_tui.queries.reasons import Reasons
from ablate_tui.queries.slices import Sample, Slice

TOO_LARGE = "too large for a number"


@dataclass(frozen=True)
class TwoComparisons:
    """The same contrast inside two slices: bins and the grid of the densities are common to both."""

    a: Comparison
    b: Comparison
    shared: int  # runs that lie in both
    mean_diff_a: float | None  # on less off inside a slice, over runs; None unless the contrast is a switch
    mean_diff_b: float | None
    mean_diff_difference: float | None  # of a less that of b; descriptive
    notes: tuple[Note, ...]  # of a
    why: tuple[Note, ...]  # why a difference of means that are there is None


@dataclass(frozen=True)
class EffectDifference:
    """A row of the effects table in both slices: how far apart the two effects on the mean are, a less b.

    `difference` is that of the two `mean_diff`, over runs; `low` and `high` are a 95 % interval from the
    location models.
    """

    switch: str
    on: str
    off: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class TwoEffects:
    """The effects tables of two slices, and how their rows differ."""

    a: Effects
    b: Effects
    rows: tuple[EffectDifference, ...]  # in the order of the tables' rows, which are of the same switches
    shared: int  # runs that lie in both
    why: tuple[Note, ...]  # why figures of `rows` are null
    notes: tuple[Note, ...]  # of a


def shared_runs(a: Sample, b: Sample) -> int:
    """How many runs lie in both of two slices of a sweep."""
    return int(a.table.outcomes.runs[a.inside & b.inside].sum())


def compare_slices(a: Sample, b: Sample) -> TwoComparisons:
    """Compare the sides of one contrast inside two slices.

    Parameters
    ----------
    a, b : Sample
        Of one sweep, with one contrast. They may share runs.

    Returns
    -------
    TwoComparisons
        Each as `compare` gives it, with bins and a grid of densities that span both.
    """
    sides = sides_of(a), sides_of(b)
    either = Sample(a.table, Slice(contrast=a.slice.contrast), a.inside | b.inside)
    (pooled,) = order(either).split([side_codes(either) != NO_LEVEL])
    ground = Ground(pooled, (*sides[0].runs.values(), *sides[1].runs.values()))
    of_a, of_b = comparison_of(a, sides[0], ground), comparison_of(b, sides[1], ground)
    reasons = Reasons()
    mean_diff_a, mean_diff_b = _mean_diff(a, of_a), _mean_diff(b, of_b)
    apart = None if mean_diff_a is None or mean_diff_b is None else mean_diff_a - mean_diff_b

    def figure(field: str, value: float | None) -> float | None:
        return None if value is None else reasons.figure("*", field, value, TOO_LARGE)

    return TwoComparisons(
        a=of_a,
        b=of_b,
        shared=shared_runs(a, b),
        mean_diff_a=figure("mean_diff_difference", mean_diff_a),
        mean_diff_b=figure("mean_diff", mean_diff_b),
        mean_diff_difference=figure("mean_diff_difference", apart),
        notes=of_a.notes,
        why=reasons.notes([]),
    )


def _mean_diff(sample: Sample, of: Comparison) -> float | None:
    """The mean of on less that of off, where both sides have finished runs."""
    if of.contrast is None or not sample.table.factor(of.contrast).is_switch:
        return None
    off, on = (row.mean for row in of.rows)
    return None if off is None or on is None else on - off


def effects_of_slices(
    a: Sample, b: Sample, by_runs: bool = True, cancelled: Callable[[], bool] | None = None
) -> TwoEffects:
    """The effects inside two slices, and the differences of the effects on the mean.

    Parameters
    ----------
    a, b : Sample
        Of one sweep.
    by_runs, cancelled
        As `effects` takes them.

    Returns
    -------
    TwoEffects
        A difference has an interval where the slices share no run and both location models estimate the
        effect: then their errors are independent, but for what runs of one seed have in common.

    Raises
    ------
    Cancelled
        Where `cancelled` said so.
    """
    of_a, of_b = effects(a, by_runs, cancelled), effects(b, by_runs, cancelled)
    shared = shared_runs(a, b)
    levels_a, levels_b = location(a).levels, location(b).levels
    reasons, rows = Reasons(), []
    for one, other in zip(of_a.rows, of_b.rows, strict=True):
        key = (one.switch, one.on)
        raw = None
        if one.mean_diff is not None and other.mean_diff is not None:
            raw = reasons.figure(one.name, "difference", one.mean_diff - other.mean_diff, TOO_LARGE)
        else:
            reasons.say(one.name, "difference", f"no difference of means in {_without(one, other)}")
        interval = None
        if shared:
            why = f"the slices share runs ({shared:,}), so the two estimates are not independent"
            reasons.say(one.name, "low high", why)
        elif key not in levels_a or key not in levels_b:
            lacking = [name for name, levels in (("A", levels_a), ("B", levels_b)) if key not in levels]
            reasons.say(one.name, "low high", f"the location model has no estimate in {' and '.join(lacking)}")
        else:
            interval = difference_interval(levels_a[key], levels_b[key])
            if interval is None:
                reasons.say(one.name, "low high", "the standard errors are zero, or it is too large for a number")
        low, high = interval or (None, None)
        rows.append(EffectDifference(one.switch, one.on, one.off, raw, low, high))
    names = [row.name for row in of_a.rows]
    return TwoEffects(of_a, of_b, tuple(rows), shared, reasons.notes(names), of_a.notes)


def _without(one: EffectRow, other: EffectRow) -> str:
    """The slices whose row has no difference of means."""
    return " and ".join(name for name, row in (("A", one), ("B", other)) if row.mean_diff is None)


def difference_interval(a: Estimate, b: Estimate) -> tuple[float, float] | None:
    """95 % interval of the difference of two independent estimates.

    Parameters
    ----------
    a, b : Estimate
        With standard errors s and degrees of freedom ν of their own.

    Returns
    -------
    low, high : float
        a − b ± t √(s_a² + s_b²), Student's t on (s_a² + s_b²)² / (s_a⁴/ν_a + s_b⁴/ν_b) degrees of freedom
        (Welch 1947, after Satterthwaite 1946). None where both standard errors are zero, or an end is too large
        for a number.

    References
    ----------
    Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components.
    Biometrics Bulletin 2(6), 110–114. https://doi.org/10.2307/3002019
    Welch, B. L. (1947). The generalization of "Student's" problem when several different population
    variances are involved. Biometrika 34(1–2), 28–35. https://doi.org/10.1093/biomet/34.1-2.28
    """
    error = math.hypot(a.error, b.error)
    if not (error > 0 and math.isfinite(error)):
        return None
    share = (a.error / error) ** 2
    degrees = 1 / (share**2 / a.degrees + (1 - share) ** 2 / b.degrees)
    low, high = Estimate(a.value - b.value, error, degrees, math.nan).interval()
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None

"""A metric against steps: median and quartiles over the runs on each side of the contrast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.curves import Curves
from ablate_tui.data.sql import literal, quote
from ablate_tui.queries.note import Note
from ablate_tui.queries.slices import Sample
from ablate_tui.queries.sql import as_text, input_sql, runs_in_slice

ALL = "all"
MOST_STEPS = 400  # that are shown, evenly by their order
QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class CurveRow:
    """One side at one step: over `n` runs that have a finite value there."""

    level: str
    step: float
    n: int
    q25: float
    median: float
    q75: float


@dataclass(frozen=True)
class CurveBands:
    """The curves of a metric, by the sides of a contrast."""

    metric: str | None
    contrast: str | None
    rows: tuple[CurveRow, ...]  # by level, then by step
    others: tuple[str, ...]  # metrics that there are curves of besides
    notes: tuple[Note, ...]


def curve_bands(sample: Sample, curves: Curves | None, others: tuple[str, ...] = ()) -> CurveBands:
    """Summarize curves over the runs of each side.

    Parameters
    ----------
    sample : Sample
        Without a contrast there is one side, "all". Runs of every outcome count, also those that diverged later.
    curves : Curves or None
        None where the source has no curve.
    others : tuple of str
        Metrics that could be shown instead.

    Returns
    -------
    CurveBands
        Quantiles are linear (Hyndman & Fan 1996, type 7), over the finite values at exactly that step.
    """
    contrast = sample.slice.contrast
    if curves is None:
        why = "the source has no curves: no list in a cell, and no table curves (run_id, step, metric, value)"
        return CurveBands(None, contrast, (), others, (Note("*", "q25 median q75", why),))
    levels = sample.contrast.levels if sample.contrast else (ALL,)
    side = np.full(sample.table.runs, -1, dtype=np.int64)
    side[sample.index] = sample.levels(contrast)[sample.configuration] if contrast else 0
    own, step, value = side[curves.row], curves.step, curves.value
    inside = own >= 0
    notes = []
    steps = np.unique(step[inside])
    if len(steps) > MOST_STEPS:
        shown = steps[np.linspace(0, len(steps) - 1, MOST_STEPS).astype(np.int64)]
        notes.append(Note("*", "step", f"{MOST_STEPS} of {len(steps):,} steps, evenly by their order"))
        inside &= np.isin(step, shown)
    finite = np.isfinite(value)
    gone = int(np.count_nonzero(inside & ~finite))
    if gone:
        notes.append(Note("*", "q25 median q75", f"{gone:,} values that are NaN or infinite are in no quantile"))
    rows = _bands(own[inside & finite], step[inside & finite], value[inside & finite], levels)
    with_curve = len(np.unique(curves.row[side[curves.row] >= 0]))
    known = int(np.count_nonzero(side >= 0))
    if with_curve < known:
        notes.append(Note("*", "n", f"{with_curve:,} of {known:,} runs have a curve of {curves.metric}"))
    return CurveBands(curves.metric, contrast, rows, others, tuple(notes))


def curves_sql(sample: Sample, curves: Curves | None) -> str:
    """SQL of the rows: quartiles by side and step.

    Parameters
    ----------
    sample : Sample
    curves : Curves or None
        Only its metric, and where that is from, are looked at.
    """
    if curves is None:
        return input_sql(sample)
    figures = ", ".join(
        f"quantile_cont(value, {share}) AS {name}"
        for share, name in zip(QUARTILES, ("q25", "median", "q75"), strict=True)
    )
    return (
        f"WITH points AS (\n{points_sql(sample, curves)}\n)\nSELECT level, step, count(*) AS n, {figures}\n"
        "FROM points\nWHERE level IS NOT NULL AND isfinite(value)\nGROUP BY level, step\nORDER BY level, step"
    )


def points_sql(sample: Sample, curves: Curves) -> str:
    """SQL of the curves' points: level, step and value."""
    contrast, metric = sample.slice.contrast, quote(curves.metric)
    side = f"{as_text(contrast)} AS level" if contrast else f"'{ALL}' AS level"
    if curves.listed:
        values = f"TRY_CAST({metric} AS DOUBLE[])"  # the list may be a text
        points = f"SELECT level, step, values[step] AS value FROM (SELECT {side}, {values} AS values, "
        return f"{points}unnest(range(1, len({values}) + 1)) AS step\n{runs_in_slice(sample)})"
    runs = f"SELECT run_id, {side}\n{runs_in_slice(sample)}"
    points = f"SELECT level, step, value FROM curves JOIN ({runs}) AS inside\n"
    return f"{points}ON curves.run_id = CAST(inside.run_id AS VARCHAR) WHERE metric = {literal(curves.metric)}"


def _bands(
    side: NDArray[np.int64], step: NDArray[np.float64], value: NDArray[np.float64], levels: tuple[str, ...]
) -> tuple[CurveRow, ...]:
    """Quartiles of each group of equal side and step."""
    by = np.lexsort((value, step, side))
    side, step, value = side[by], step[by], value[by]
    first = np.flatnonzero(np.r_[True, (side[1:] != side[:-1]) | (step[1:] != step[:-1])]) if len(side) else by
    n = np.diff(first, append=len(side))
    quartiles = []
    for share in QUARTILES:
        place = share * (n - 1)
        low = np.floor(place).astype(np.int64)
        part = place - low
        a, b = value[first + low], value[first + np.minimum(low + 1, n - 1)]
        quartiles.append(np.where(a == b, a, a * (1 - part) + b * part))
    return tuple(
        CurveRow(levels[at], *figures)
        for at, *figures in zip(
            side[first].tolist(), step[first].tolist(), n.tolist(), *(q.tolist() for q in quartiles), strict=True
        )
    )

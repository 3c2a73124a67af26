"""The sides of a contrast beside each other: statistics, and the shape of their distributions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import NO_LEVEL, Outcomes
from ablate_tui.data.sql import quote
from ablate_tui.queries.descriptive.ascending import Ascending
from ablate_tui.queries.descriptive.distributions import (
    GRID,
    BoxStats,
    bandwidth,
    box_stats,
    counts_between,
    density,
    ecdf,
    histogram_edges,
)
from ablate_tui.queries.descriptive.ordered import order
from ablate_tui.queries.descriptive.pairwise import Omnibus, PairwiseRow, Sides, omnibus, pairwise
from ablate_tui.queries.note import Note
from ablate_tui.queries.reasons import Reasons
from ablate_tui.queries.slices import Sample
from ablate_tui.queries.sql import as_text, free_name, over_finished, response_name, with_input

ALL = "all"
DESCRIPTIVE = "p-values over runs, which are not independent: descriptive, not verdicts"
QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}


@dataclass(frozen=True)
class SideRow:
    """One side: `n` finished runs and what they look like; the SD has ddof=1."""

    level: str
    n: int
    diverged: int
    missing: int
    mean: float | None
    sd: float | None
    min: float | None
    q05: float | None
    q25: float | None
    median: float | None
    q75: float | None
    q95: float | None
    max: float | None


@dataclass(frozen=True)
class Histogram:
    """Counts per level in common bins; a run on an edge is in the bin above, the last bin is closed."""

    edges: tuple[float, ...]
    counts: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Kde:
    """Densities per level, per unit of the response, on a common grid; None where there is none."""

    x: tuple[float, ...]
    density: Mapping[str, tuple[float, ...] | None]


@dataclass(frozen=True)
class Ecdf:
    """Per level: at x the share of runs at or below x jumps to y."""

    x: Mapping[str, tuple[float, ...]]
    y: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class Comparison:
    """The sides of a contrast: off and on of a switch, the levels of a factor, or all runs."""

    contrast: str | None
    rows: tuple[SideRow, ...]
    boxes: tuple[BoxStats, ...]
    histogram: Histogram
    kde: Kde
    ecdf: Ecdf
    ecdf_of: Mapping[str, str]  # "512 of 3,072": steps given, and all there are
    pairwise: tuple[PairwiseRow, ...]  # of a contrast with more than two levels, else empty
    omnibus: Omnibus | None  # of such a contrast
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Ground:
    """What the shapes of several sides stand on: the runs that are binned, and the sides that share a grid."""

    pooled: Ascending
    runs: tuple[Ascending, ...]


def compare(sample: Sample) -> Comparison:
    """Compare the sides of the slice's contrast.

    Parameters
    ----------
    sample : Sample
        Without a contrast there is one side, "all".

    Returns
    -------
    Comparison
        Diverged and missing runs are counted and in no figure. Runs without a level of the contrast are
        on no side. A side with fewer than two finished runs, or equal ones only, has no density. Levels
        of a factor are also set against each other, in pairs and all at once.
    """
    sides = sides_of(sample)
    return comparison_of(sample, sides, Ground(sides.together, tuple(sides.runs.values())))


def side_codes(sample: Sample) -> NDArray[np.int16]:
    """(C,) which side each of the sweep's configurations is on."""
    contrast = sample.slice.contrast
    return sample.levels(contrast) if contrast else np.zeros(len(sample.inside), dtype=np.int16)


def sides_of(sample: Sample) -> Sides:
    """The sides of the contrast, and all of them together."""
    contrast, code = sample.contrast, side_codes(sample)
    levels = contrast.levels if contrast else (ALL,)
    masks = {level: code == at for at, level in enumerate(levels)}
    *parts, pooled = order(sample).split([*masks.values(), code != NO_LEVEL])
    return Sides(pooled, dict(zip(levels, parts, strict=True)), masks)


def comparison_of(sample: Sample, sides: Sides, ground: Ground) -> Comparison:
    """The sides described, their shapes on a common ground."""
    contrast, outcomes, levels = sample.slice.contrast, sample.outcomes, tuple(sides.runs)
    masks, reasons = sides.masks, Reasons()
    nulls = int(outcomes.runs[side_codes(sample) == NO_LEVEL].sum())
    if nulls:
        reasons.say("*", "n", f"on no side: runs without a level of {contrast} ({nulls:,})")
    with np.errstate(all="ignore"):
        rows = tuple(_row(level, of, outcomes, masks[level], reasons) for level, of in sides.runs.items())
        boxes = tuple(box_stats(level, of) for level, of in sides.runs.items())
        histogram = _histogram(sides, ground, reasons)
        kde = _kde(sides.runs, ground, reasons)
        several, of_pairs = len(levels) > 2, Reasons()
        every = omnibus(sides, of_pairs) if several else None
        two_by_two = pairwise(sides, of_pairs) if several else ()
    if several:
        of_pairs.say("*", "pairwise omnibus", DESCRIPTIVE)
    steps = {level: ecdf(of) for level, of in sides.runs.items()}
    for level, (x, _, total) in steps.items():
        if len(x) < total:
            reasons.say(level, "ecdf", f"{len(x)} of {total:,} steps, evenly by their order")
    for box in boxes:
        if len(box.outliers) < box.outlier_count:
            words = f"{len(box.outliers)} of {box.outlier_count:,} outliers, the extremes among them"
            reasons.say(box.level, "outliers", words)
    return Comparison(
        contrast=contrast,
        rows=rows,
        boxes=boxes,
        histogram=histogram,
        kde=kde,
        ecdf=Ecdf(
            {level: tuple(x.tolist()) for level, (x, _, _) in steps.items()},
            {level: tuple(share.tolist()) for level, (_, share, _) in steps.items()},
        ),
        ecdf_of={level: f"{len(x):,} of {total:,}" for level, (x, _, total) in steps.items()},
        pairwise=two_by_two,
        omnibus=every,
        notes=(*reasons.notes(levels), *of_pairs.notes([row.name for row in two_by_two])),
    )


def _row(level: str, runs: Ascending, outcomes: Outcomes, mask: NDArray[np.bool_], reasons: Reasons) -> SideRow:
    n = runs.n
    none, few, large = "no finished run", "fewer than two finished runs", "too large for a number"
    mean, squares = runs.moments()
    sd = math.sqrt(squares / (n - 1)) if n > 1 else math.nan
    ends = (runs.low, runs.high) if n else (math.nan, math.nan)
    why = large if n else none
    found = zip(QUANTILES, runs.quantiles(tuple(QUANTILES.values())), strict=True)
    points = {field: reasons.figure(level, field, value, why) for field, value in found}
    return SideRow(
        level=level,
        n=n,
        diverged=int(outcomes.diverged[mask].sum()),
        missing=int(outcomes.missing[mask].sum()),
        mean=reasons.figure(level, "mean", mean, why),
        sd=reasons.figure(level, "sd", sd, large if n > 1 else few),
        min=reasons.figure(level, "min", ends[0], why),
        max=reasons.figure(level, "max", ends[1], why),
        **points,
    )


def _histogram(sides: Sides, ground: Ground, reasons: Reasons) -> Histogram:
    edges = histogram_edges(ground.pooled)
    if not len(edges):
        why = "the range is too large for a number" if ground.pooled.n else "no finished run"
        reasons.say("*", "histogram", why)
    counts = {level: counts_between(runs, edges) for level, runs in sides.runs.items()}
    return Histogram(tuple(edges.tolist()), counts)


def _kde(sides: Mapping[str, Ascending], ground: Ground, reasons: Reasons) -> Kde:
    widths = {level: bandwidth(runs) for level, runs in sides.items()}
    usable = {level: h for level, h in widths.items() if math.isfinite(h) and h > 0}
    x = np.zeros(0)
    if usable:
        spans = [(runs, bandwidth(runs)) for runs in ground.runs]
        ends = [(runs.low - 3 * h, runs.high + 3 * h) for runs, h in spans if math.isfinite(h) and h > 0]
        x = np.linspace(min(low for low, _ in ends), max(high for _, high in ends), GRID)
        if not np.isfinite(x).all():
            usable, x = {}, np.zeros(0)
    found: dict[str, tuple[float, ...] | None] = dict.fromkeys(sides)
    for level, runs in sides.items():
        if level not in usable:
            few = "fewer than two finished runs" if runs.n < 2 else "all finished runs are equal"
            reasons.say(level, "kde", few if not widths[level] else "the range is too large for a number")
            continue
        values = density(runs, usable[level], x)
        if not np.isfinite(values).all():
            reasons.say(level, "kde", "the range is too small for a number")
            continue
        found[level] = tuple(values.tolist())
        if x[1] - x[0] > usable[level]:
            reasons.say(level, "kde", "the grid is wider than the bandwidth, so peaks can be missed")
    return Kde(tuple(x.tolist()), found)


def compare_sql(sample: Sample) -> str:
    """SQL of the rows: counts, mean, SD and quantiles of every side.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    str
        One row per level of the contrast that has runs.
    """
    y, level = response_name(sample), free_name(sample, "level")
    contrast = sample.slice.contrast
    side = as_text(contrast) if contrast else "'all'"
    calls = {
        "mean": f"avg({y})",
        "sd": f"stddev_samp({y})",
        "min": f"min({y})",
        **{name: f"quantile_cont({y}, {q})" for name, q in QUANTILES.items()},
        "max": f"max({y})",
    }
    figures = "".join(f",\n  {over_finished(call, y)} AS {quote(name)}" for name, call in calls.items())
    return (
        f"{with_input(sample, f'{side} AS {level}, ')}\nSELECT {level} AS level,\n"
        f"  {over_finished('count(*)', y)} AS n,\n"
        f"  count(*) FILTER (NOT isfinite({y})) AS diverged,\n"
        f"  count(*) FILTER ({y} IS NULL) AS missing{figures}\n"
        f"FROM input\nWHERE {level} IS NOT NULL\nGROUP BY {level}\nORDER BY {level}"
    )

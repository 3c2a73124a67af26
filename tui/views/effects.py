"""The variance table: what each switch does to the mean, to the spread, and to the best runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ablate_tui.queries.effects import Effects, effects, effects_sql
from ablate_tui.tui.figure import Axis, Bars, Figure, Intervals, Panel, Points, Rule, Table
from ablate_tui.tui.views.base import Inputs, View, framed, plain, reasons, table_of

MOST_ROWS = 40  # in the picture; the table has them all
DESCRIPTIVE = "p-values are per run and descriptive, not verdicts"


def read(inputs: Inputs) -> Effects:
    """The table of the slice."""
    return effects(inputs.sample)


def figure(result: Effects, inputs: Inputs) -> Figure:
    """Location, spread and best runs side by side, the largest mean difference on top."""
    known = sorted((row for row in result.rows if row.mean_diff is not None), key=lambda r: -abs(r.mean_diff or 0.0))
    rows = known[:MOST_ROWS]
    places = tuple(float(at) for at in range(len(rows)))
    names = tuple((at, row.name) for at, row in zip(places, rows, strict=True))
    response = inputs.sample.table.response
    empty = "" if rows else (result.notes[0].reason if result.notes else "no switch varies in this slice")
    limits = (-0.6, len(rows) - 0.4)

    def points(field: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
        known = [
            (getattr(row, field), at) for at, row in zip(places, rows, strict=True) if getattr(row, field) is not None
        ]
        return tuple(value for value, _ in known), tuple(at for _, at in known)

    off, on = points("sd_off"), points("sd_on")
    location = Panel(
        "location: on − off",
        Axis(f"difference in {response.name} ({response.better})"),
        Axis(ticks=names, limits=limits),
        (
            Rule(0.0, vertical=True),
            Intervals(
                places,
                tuple(row.mean_diff for row in rows),
                role="accent",
                label="mean",
            ),
            Points(*points("median_diff"), role="neutral", label="median", size="large"),
        ),
        name="location",
        empty=empty,
        weight=1.5,
    )
    spread = Panel(
        "spread: SD",
        Axis(f"SD of {response.name}"),
        Axis(ticks=names, limits=limits),
        (Points(*off, role="off", label="off", size="large"), Points(*on, role="on", label="on", size="large")),
        name="spread",
        empty=empty,
    )
    share = Panel(
        "share of on",
        Axis("share of runs with on", limits=(0.0, 1.0)),
        Axis(ticks=names, limits=limits),
        (
            Bars(
                places, tuple(row.best_share_on for row in rows), role="on", label="of the best 10 %", horizontal=True
            ),
            Points(*points("base_share_on"), role="neutral", label="of all", size="large"),
        ),
        name="best",
        empty=empty,
    )
    notes = (f"{len(rows)} of {len(known)} rows shown",) if len(rows) < len(known) else ()
    return framed(
        "effects",
        "Effects: location, spread and share among the best",
        (location, spread, share),
        inputs,
        columns=3,
        notes=notes,
    )


def table(result: Effects, inputs: Inputs) -> Table:
    """The figures that tell location from spread first, then the rest."""
    columns: list[tuple[str, str] | tuple[str, str, bool]] = [
        ("name", "switch", False),
        ("mean_diff", "Δ mean"),
        ("sd_ratio", "SD ratio"),
        ("best_share_on", "on in best"),
        ("base_share_on", "on in all"),
        ("sd_off", "SD off"),
        ("sd_on", "SD on"),
        ("median_diff", "Δ median"),
        ("failed_off", "failed off"),
        ("failed_on", "failed on"),
        ("failure_p", "failure p"),
        ("pairs", "pairs"),
        ("pair_mean_diff", "Δ pairs"),
        ("pair_win_rate", "pairs won"),
        ("n_off", "n off"),
        ("n_on", "n on"),
        ("diverged_off", "div. off"),
        ("diverged_on", "div. on"),
        ("mean_off", "mean off"),
        ("mean_on", "mean on"),
        ("median_off", "median off"),
        ("median_on", "median on"),
        ("iqr_off", "IQR off"),
        ("iqr_on", "IQR on"),
        ("pair_median_diff", "Δ pairs, median"),
        ("welch_p", "Welch p"),
        ("mann_whitney_p", "M-W p"),
        ("brown_forsythe_p", "B-F p"),
        ("wilcoxon_p", "Wilcoxon p"),
        ("on", "on", False),
        ("off", "off", False),
    ]
    if any(row.kruskal_p is not None for row in result.rows):
        columns += [("kruskal_p", "Kruskal p"), ("omnibus_brown_forsythe_p", "factor's B-F p")]
    notes = (f"Δ is on − off; {DESCRIPTIVE}", *reasons(result.notes))
    factors = tuple(row.switch for row in result.rows)
    return replace(table_of(result.rows, tuple(columns), "Effects", notes), factors=factors)


def document(result: Effects, inputs: Inputs) -> dict[str, Any]:
    """JSON's rows: every field of the contract."""
    return {"rows": plain(result.rows)}


def sql(inputs: Inputs) -> str:
    """Counts, means, quantiles and SDs of every side."""
    return effects_sql(inputs.sample)


VIEW = View(
    name="effects",
    title="Effects",
    about="The variance table: for every switch the change of mean and median, the SD on each side, failures, matched "
    "pairs, and the share of on among the best runs against its share of all.",
    read=read,
    figure=figure,
    table=table,
    document=document,
    sql=sql,
)

"""The half-normal plot: which effects stand out of the noise, for the mean and for the spread side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ablate_tui.queries.half_normal import HalfNormal, HalfNormalRow, half_normal
from ablate_tui.queries.sql import input_sql
from ablate_tui.tui.figure import Axis, Figure, Line, Mark, Panel, Points, Role, Rule, Table, TableColumn
from ablate_tui.tui.formats import number
from ablate_tui.tui.views.base import BothTargets, Inputs, View, framed, other_target, plain

LABELLED = 10  # active effects with their names in the plot
SHOWN = 60  # rows of the table
IN_SIGHT = 2.5  # times the largest effect: a margin beyond would press the effects to the axis
Both = BothTargets[HalfNormal]
AXIS = {"response": "|effect| on the mean", "ln SD": "|effect| on ln SD", "ln F*": "|ln F*| of residuals"}


def read(inputs: Inputs) -> Both:
    """Both plots of the slice."""
    asked, other = (half_normal(inputs.sample, t) for t in (inputs.target, other_target(inputs.target)))
    return Both(asked, other)


def beyond(row: HalfNormalRow, plot: HalfNormal) -> str | None:
    """The larger margin that an effect exceeds, "" for none; None where there are no margins."""
    if plot.me is None or plot.sme is None:
        return None
    return "SME" if abs(row.effect) > plot.sme else "ME" if row.active else ""


def active(plot: HalfNormal) -> list[HalfNormalRow]:
    """The effects beyond the margin of error, the largest first."""
    return [row for row in plot.rows if row.active]


def count(plot: HalfNormal) -> str:
    """How many effects stand out, in words."""
    if plot.me is None:
        return f"{plot.target}, no margins"
    return f"{plot.target}, {len(active(plot))} of {len(plot.rows)} active"


def panel(plot: HalfNormal) -> Panel:
    """|effect| against quantile, the line of pure noise, the margins, names of what lies beyond them."""
    if not plot.rows:
        return Panel(count(plot), Axis(), Axis(), (), name=plot.target, empty=plot.notes[-1].reason)
    size = max(abs(row.effect) for row in plot.rows)
    right = max(row.quantile for row in plot.rows)
    top = size
    marks: list[Mark] = []
    if plot.pse is not None and plot.me is not None and plot.sme is not None:
        marks.append(Line((0.0, right), (0.0, plot.pse * right), "muted", "noise"))
        if plot.me <= IN_SIGHT * size:
            top = max(top, plot.me)
            marks.append(Rule(plot.me, vertical=False, role="muted", label="ME"))
        if plot.sme <= 1.3 * top:
            top = max(top, plot.sme)
            marks.append(Rule(plot.sme, vertical=False, role="neutral", label="SME"))
    loud = active(plot)
    quiet = [row for row in plot.rows if not row.active]
    if quiet:
        marks.append(points(quiet, "neutral", ""))
    if loud:
        names = tuple(row.term for row in loud[:LABELLED]) + ("",) * (len(loud) - LABELLED)
        marks.append(replace(points(loud, "accent", "beyond ME"), texts=names))
    return Panel(
        count(plot),
        Axis("half-normal quantile", limits=(0.0, 1.12 * right)),
        Axis(AXIS[plot.unit], limits=(0.0, 1.12 * top or 1.0)),
        tuple(marks),
        name=plot.target,
    )


def points(rows: list[HalfNormalRow], role: Role, label: str) -> Points:
    """Effects as points."""
    return Points(
        tuple(row.quantile for row in rows), tuple(abs(row.effect) for row in rows), role, label, size="large"
    )


def figure(result: Both, inputs: Inputs) -> Figure:
    """The plot of the target that was asked for, and the other beside it."""
    plots = (result.asked, result.other)
    title = f"Half-normal plot: {count(plots[0])}; {count(plots[1])}"
    said = remarks([plot for plot in plots if plot.rows])
    return framed("halfnormal", title, tuple(panel(plot) for plot in plots), inputs, notes=said)


def remarks(plots: Sequence[HalfNormal]) -> tuple[str, ...]:
    """The notes of some plots, those that they share once."""
    said: dict[str, list[str]] = {}
    for plot in plots:
        for note in plot.notes:
            said.setdefault(note.reason, []).append(plot.target)
    return tuple(f"{' and '.join(targets)}: {text}" for text, targets in said.items())


def table(result: Both, inputs: Inputs) -> Table:
    """The effects on the mean and on the spread, a term a row, the largest of the target asked for first."""
    plots = (result.asked, result.other)
    columns = [TableColumn("term", "term", numeric=False)]
    for plot in plots:
        columns += [
            TableColumn(f"effect_{plot.target}", {"response": "on mean"}.get(plot.unit, f"on {plot.unit}")),
            TableColumn(f"beyond_{plot.target}", "beyond", numeric=False),
        ]
    columns += [TableColumn(f"quantile_{plot.target}", f"quantile, {plot.target}") for plot in plots]
    found = [{row.term: row for row in plot.rows} for plot in plots]
    terms = list(dict.fromkeys(term for rows in found for term in rows))
    made: list[tuple[object, ...]] = []
    for term in terms[:SHOWN]:
        pair = [rows.get(term) for rows in found]
        judged: list[object] = []
        for row, plot in zip(pair, plots, strict=True):
            judged += [row.effect, beyond(row, plot)] if row is not None else [None, None]
        made.append((term, *judged, *(row.quantile if row is not None else None for row in pair)))
    notes = [line for line in (margins(plots),) if line]
    if len(terms) > SHOWN:
        notes.append(f"the first {SHOWN} of {len(terms)} terms are shown; --json has them all")
    return Table(tuple(columns), tuple(made), "Half-normal plot", (*notes, *remarks(plots)))


def margins(plots: Sequence[HalfNormal]) -> str:
    """PSE, ME and SME of the plots that have them."""
    said = [
        f"{plot.target}: PSE {number(plot.pse, 3)}, ME {number(plot.me, 3)}, SME {number(plot.sme, 3)}"
        for plot in plots
        if plot.me is not None
    ]
    return "; ".join(said) + " (Lenth's margins: ME for one effect, SME for all together)" if said else ""


def document(result: Both, inputs: Inputs) -> dict[str, Any]:
    """JSON's own keys, of the target asked for."""
    plot = result.asked
    return {"rows": plain(plot.rows), "target": plot.target, "pse": plot.pse, "me": plot.me, "sme": plot.sme}


def sql(inputs: Inputs) -> str:
    """Contrasts are no SQL; the runs that they are made of are."""
    return input_sql(inputs.sample)


VIEW = View(
    name="halfnormal",
    title="Half-normal",
    about="Which effects stand out of the noise, judged by each other: |effect| of every term against half-normal "
    "quantiles with Lenth's margins, for the mean and for ln SD. Noise lies on the line.",
    read=read,
    figure=figure,
    table=table,
    document=document,
    sql=sql,
    table_first=False,
)

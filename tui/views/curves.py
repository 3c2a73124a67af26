"""Training curves: the median of each side against steps, in a band from quartile to quartile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ablate_tui.data.curves import written
from ablate_tui.queries.curves import CurveBands, curve_bands, curves_sql, points_sql
from ablate_tui.queries.polars_code import PolarsCode, curves_polars, input_rows
from ablate_tui.tui.figure import Axis, Figure, Line, Panel, Table
from ablate_tui.tui.views.base import Inputs, View, framed, plain, reasons, side_role, side_words, table_of

MOST_SIDES = 6  # that can be told apart


def read(inputs: Inputs) -> CurveBands:
    """The curves of the response's metric, else of the likeliest one."""
    curves, others = inputs.curves()
    return curve_bands(inputs.sample, curves, others)


def figure(result: CurveBands, inputs: Inputs) -> Figure:
    """A line and its band a side."""
    factor = inputs.sample.contrast
    levels = list(dict.fromkeys(row.level for row in result.rows))
    lines = []
    for level in levels[:MOST_SIDES]:
        rows = [row for row in result.rows if row.level == level]
        most = max(row.n for row in rows)
        words = f"{side_words(factor, level)} n={most:,}"
        x, low, middle, high = zip(*((row.step, row.q25, row.median, row.q75) for row in rows), strict=True)
        lines.append(Line(x, middle, side_role(factor, level), words, low=low, high=high))
    empty = "" if lines else result.notes[0].reason if result.metric is None else "no value in this slice"
    panel = Panel(
        f"{result.metric or 'curves'}: median and quartiles",
        Axis("step"),
        Axis(result.metric or ""),
        tuple(lines),
        "curves",
        empty,
    )
    left_out = len(levels) - len(lines)
    notes = (f"{left_out} more levels are in the table",) if left_out else ()
    return framed("curves", title_of(result), (panel,), inputs, columns=1, notes=notes)


def title_of(result: CurveBands) -> str:
    """What is shown."""
    about = f"Training curves of {result.metric}" if result.metric else "Training curves"
    return f"{about} by {result.contrast}" if result.contrast else about


def table(result: CurveBands, inputs: Inputs) -> Table:
    """One row a side and step."""
    columns = (
        ("level", result.contrast or "", False),
        ("step", "step"),
        ("n", "n"),
        ("q25", "25 %"),
        ("median", "median"),
        ("q75", "75 %"),
    )
    notes = list(reasons(result.notes))
    if result.others:
        some = ", ".join(result.others[:4]) + (f" and {len(result.others) - 4} more" if len(result.others) > 4 else "")
        notes.append(f"also curves of {some}: r, then last({written(result.others[0])})")
    rows = tuple(replace(row, level=side_words(inputs.sample.contrast, row.level)) for row in result.rows)
    return table_of(rows, columns, title_of(result), tuple(notes))


def document(result: CurveBands, inputs: Inputs) -> dict[str, Any]:
    """JSON's own keys."""
    return {"rows": plain(result.rows), "metric": result.metric, "others": list(result.others)}


def sql(inputs: Inputs) -> str:
    """Quartiles by side and step."""
    return curves_sql(inputs.sample, inputs.curves()[0])


def polars(inputs: Inputs) -> PolarsCode:
    """The same in Polars; without curves the input rows."""
    found = inputs.curves()[0]
    return input_rows(inputs.sample) if found is None else curves_polars(points_sql(inputs.sample, found))


VIEW = View(
    name="curves",
    title="Curves",
    about="Training curves by the sides of the contrast: the median against steps, and a band from the lower to the "
    "upper quartile of the runs. Of the response's metric; r and last(METRIC) choose another.",
    read=read,
    figure=figure,
    table=table,
    document=document,
    sql=sql,
    polars=polars,
    by_runs=True,
    table_first=False,
)

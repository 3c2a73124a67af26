"""The runs themselves, all columns of the source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ablate_tui.data.sql import quote
from ablate_tui.queries.note import Note
from ablate_tui.queries.polars_code import PolarsCode, sql_literal
from ablate_tui.queries.slices import where
from ablate_tui.tui.figure import Axis, Figure, Panel, Points, Table, TableColumn
from ablate_tui.tui.views.base import Inputs, View, framed, level_words, plain, side_role

if TYPE_CHECKING:
    import polars as pl

POINTS = 3000  # in the picture


@dataclass(frozen=True, eq=False)
class Runs:
    """The first runs of a slice, in the order asked for."""

    frame: pl.DataFrame
    of: int  # runs in the slice
    notes: tuple[Note, ...] = ()


def read(inputs: Inputs) -> Runs:
    """Fetch the rows that are shown."""
    return Runs(inputs.fetch(inputs.order()), inputs.sample.runs)


def figure(result: Runs, inputs: Inputs) -> Figure:
    """The response of each run in the order of the source: a drift or a bad hour shows here."""
    sample = inputs.sample
    factor = sample.contrast
    finished, shown = int(sample.outcomes.finished.sum()), sample.draw(POINTS)
    own = sample.levels(factor.name)[sample.table.configuration[shown]] if factor else np.zeros(len(shown))
    marks = []
    for code, level in enumerate(factor.levels if factor else ("",)):
        mine = shown[own == code]
        words = level_words(factor, level) if factor else ""
        x, y = (mine + 1).astype(float), sample.table.y[mine]
        marks.append(Points(tuple(x.tolist()), tuple(y.tolist()), side_role(factor, level), words))
    some = f" ({len(shown):,} of {finished:,})" if len(shown) < finished else ""
    empty = "" if len(shown) else "no finished run in this slice"
    response = sample.table.response.name
    panel = Panel(f"{response} by place in the source{some}", Axis("row"), Axis(response), tuple(marks), "runs", empty)
    title = "Runs in the order of the source" + (f", by {factor.name}" if factor else "")
    return framed("runs", title, (panel,), inputs, columns=1)


def table(result: Runs, inputs: Inputs) -> Table:
    """The rows; the columns that were set by the experimenter and the response first."""
    import polars as pl

    frame = result.frame
    first = [factor.name for factor in inputs.sample.table.factors]
    response = [inputs.sample.table.response.name]
    names = [name for name in (*response, *first) if name in frame.columns]
    names += [name for name in frame.columns if name not in names]
    columns = tuple(TableColumn(name, name, numeric=frame.schema[name].is_numeric()) for name in names)
    shown = f"{frame.height:,} of {result.of:,} runs shown" if frame.height < result.of else f"{result.of:,} runs"
    cells = []
    for name in names:
        values = frame[name].to_list()
        if frame.schema[name].is_integer() or frame.schema[name] == pl.Boolean:
            # a seed or an id is a name, not an amount: no thousands separators
            values = [None if value is None else str(value).lower() for value in values]
        cells.append(values)
    return Table(columns, tuple(zip(*cells, strict=True)), "Runs", (shown,))


def document(result: Runs, inputs: Inputs) -> dict[str, Any]:
    """JSON's rows have the source's own columns."""
    return {"rows": plain(list(result.frame.iter_rows(named=True)))}


def sql(inputs: Inputs) -> str:
    """The rows as SQL."""
    sample = inputs.sample
    order = ""
    if inputs.sort is not None:
        order = f"\nORDER BY {quote(inputs.sort[0])} {'DESC' if inputs.sort[1] else 'ASC'} NULLS LAST"
    return f"SELECT *\nFROM {quote(sample.table.table)}\nWHERE {where(sample.slice.set)}{order};"


VIEW = View(
    name="runs",
    title="Runs",
    about="The runs of the slice, all columns; s sorts all of them, enter opens one.",
    read=read,
    figure=figure,
    table=table,
    document=document,
    sql=sql,
    polars=lambda inputs: PolarsCode(f"table = source.sql({sql_literal(sql(inputs))}).pl()\n", None),
    sorts_itself=True,
    fetches=True,
)

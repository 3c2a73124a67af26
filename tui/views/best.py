"""The best runs, and what they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ablate_tui.queries.best import Best, BestRow, best, best_sql
from ablate_tui.queries.note import Note
from ablate_tui.tui.figure import Axis, Bars, Figure, Panel, Points, Table, TableColumn
from ablate_tui.tui.views.base import Inputs, View, framed, level_words, plain, reasons

SHOWN = 100  # runs in the table
MOST_ROWS = 40  # levels in the picture


@dataclass(frozen=True, eq=False)
class BestRuns:
    """The query's result and the rows of the source that it lists."""

    best: Best
    runs: pl.DataFrame

    @property
    def notes(self) -> tuple[Note, ...]:
        """Why figures are null."""
        return self.best.notes


def read(inputs: Inputs) -> BestRuns:
    """The best runs with all their columns."""
    found = best(inputs.sample)
    return BestRuns(found, inputs.fetch(np.asarray(found.index, dtype=np.int64)))


def gain(row: BestRow) -> float:
    """How much more frequent a level is among the best than among all."""
    return (row.share or 0.0) - (row.base or 0.0)


def name_of(row: BestRow, inputs: Inputs) -> str:
    """A switch by its name, a level with its factor's."""
    return row.switch if inputs.sample.table.factor(row.switch).is_switch else f"{row.switch}={row.level}"


def figure(result: BestRuns, inputs: Inputs) -> Figure:
    """Share of each level among the best runs against its share of all."""
    known = [row for row in result.best.rows if row.share is not None and row.base is not None]
    known.sort(key=lambda row: -abs(gain(row)))
    rows = known[:MOST_ROWS]
    at = tuple(float(place) for place in range(len(rows)))
    names = tuple((place, f"{name_of(row, inputs)} {row.share:4.0%}") for place, row in zip(at, rows, strict=True))
    panel = Panel(
        f"share among the best {result.best.n_best:,} of {result.best.n:,}",
        Axis("share of on, or of the level", limits=(0.0, 1.0)),
        Axis(ticks=names, limits=(-0.6, len(rows) - 0.4)),
        (
            Bars(at, tuple(row.share for row in rows), role="on", label="among the best", horizontal=True),
            Points(tuple(row.base or 0.0 for row in rows), at, role="neutral", label="among all", size="large"),
        ),
        name="enrichment",
        empty="" if rows else "no finished run in this slice",
    )
    return framed("best", "Best runs: what the best 10 % have in common", (panel,), inputs, columns=1)


def table(result: BestRuns, inputs: Inputs) -> Table:
    """The best runs: rank, response, switches, replicates."""
    whole = inputs.sample.table
    frame = result.runs.head(SHOWN)
    names = [f.name for f in whole.factors if f.name in frame.columns]
    names += [name for name in whole.replicates if name in frame.columns]
    columns = (
        TableColumn("rank", "#"),
        TableColumn("response", whole.response.name),
        *(TableColumn(name, name, numeric=False) for name in names),
    )
    rows = tuple(
        (
            rank,
            response,
            *(None if value is None else words(inputs, name, value) for name, value in zip(names, values, strict=True)),
        )
        for rank, response, values in zip(
            result.best.rank, result.best.response, frame.select(names).iter_rows(), strict=False
        )
    )
    most = sorted((row for row in result.best.rows if row.share is not None), key=lambda row: -abs(gain(row)))[:3]
    common = "; ".join(f"{name_of(row, inputs)} in {row.share:.1%} of them, {row.base:.1%} of all" for row in most)
    shown = f"{len(rows):,} of {result.best.n:,} finished runs shown"
    notes = (f"the best {result.best.n_best:,}: {common}",) if common else ()
    return Table(columns, rows, "Best runs", (*notes, shown, *reasons(result.notes)))


def words(inputs: Inputs, name: str, value: object) -> str:
    """A level as on and off where it is a switch's."""
    table = inputs.sample.table
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return level_words(table.factor(name), text) if name in table.positions else text


def document(result: BestRuns, inputs: Inputs) -> dict[str, Any]:
    """JSON's own keys."""
    return {
        "rows": plain(result.best.rows),
        "k": result.best.k,
        "n_best": result.best.n_best,
        "runs": plain(list(result.runs.iter_rows(named=True))),
    }


def sql(inputs: Inputs) -> str:
    """Shares among the best and among all."""
    return best_sql(inputs.sample)


VIEW = View(
    name="best",
    title="Best runs",
    about="The best runs of the slice, and how frequent each switch is among the best 10 % against all; "
    "enter opens a run.",
    read=read,
    figure=figure,
    table=table,
    document=document,
    sql=sql,
)

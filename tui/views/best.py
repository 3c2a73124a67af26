"""The best runs, and what they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ablate_tui.data.schema import RunTable
from ablate_tui.queries.best import Best, BestRow, best, best_sql
from ablate_tui.queries.best_configurations import BestConfigurations, best_configurations
from ablate_tui.queries.note import Note
from ablate_tui.queries.polars_code import best_polars
from ablate_tui.tui.figure import Axis, Bars, Figure, Panel, Points, Table, TableColumn
from ablate_tui.tui.formats import number
from ablate_tui.tui.views.base import Inputs, View, framed, level_words, plain, reasons
from ablate_tui.tui.views.best_panels import (
    configurations_panel,
    explained,
    letters,
    pairs_panel,
    pareto_panel,
    words_of,
)

if TYPE_CHECKING:
    import polars as pl

SHOWN = 100  # runs in the table
MOST_ROWS = 40  # levels in the picture
NAMED = 8  # members of the Pareto set that are named under the table


@dataclass(frozen=True, eq=False)
class BestRuns:
    """The queries' results and the rows of the source that they list."""

    best: Best
    configurations: BestConfigurations
    runs: pl.DataFrame

    @property
    def notes(self) -> tuple[Note, ...]:
        """Why figures are null."""
        return (*self.best.notes, *self.configurations.notes)


def read(inputs: Inputs) -> BestRuns:
    """The best runs with all their columns, and the best configurations."""
    found = best(inputs.sample)
    return BestRuns(
        found,
        best_configurations(inputs.sample),
        inputs.fetch(np.asarray(found.index, dtype=np.int64)),
    )


def gain(row: BestRow) -> float:
    """How much more frequent a level is among the best than among all."""
    return (row.share or 0.0) - (row.base or 0.0)


def name_of(row: BestRow, inputs: Inputs) -> str:
    """A switch by its name, a level with its factor's."""
    return row.switch if inputs.sample.table.factor(row.switch).is_switch else f"{row.switch}={row.level}"


def common(result: BestRuns, inputs: Inputs) -> str:
    """The three levels that the best runs have in common most, in words."""
    known = sorted((row for row in result.best.rows if row.share is not None), key=lambda row: -abs(gain(row)))
    parts = [
        f"{name_of(row, inputs)} in {row.share:.1%} of them, {row.base:.1%} of all (p {number(row.p, 2)})"
        for row in known[:3]
    ]
    return f"the best {result.best.n_best:,}: {'; '.join(parts)}" if parts else ""


def figure(result: BestRuns, inputs: Inputs) -> Figure:
    """Shares among the best; the best configurations without luck; mean against SD; pairs of levels."""
    known = [row for row in result.best.rows if row.share is not None and row.base is not None]
    known.sort(key=lambda row: -abs(gain(row)))
    rows = known[:MOST_ROWS]
    at = tuple(float(place) for place in range(len(rows)))
    names = tuple((place, name_of(row, inputs)) for place, row in zip(at, rows, strict=True))
    enrichment = Panel(
        f"share among the best {result.best.n_best:,} of {result.best.n:,}",
        Axis("share of on, or of the level", limits=(0.0, 1.0)),
        Axis(ticks=names, limits=(-0.6, len(rows) - 0.4)),
        (
            Bars(
                at,
                tuple(row.share for row in rows),
                role="on",
                label="among the best",
                horizontal=True,
                texts=tuple(f"{row.share:.0%}" for row in rows),
            ),
            Points(tuple(row.base or 0.0 for row in rows), at, role="neutral", label="among all", size="large"),
        ),
        name="enrichment",
        empty="" if rows else "no finished run in this slice",
    )
    panels = (
        enrichment,
        configurations_panel(result.configurations, inputs),
        pareto_panel(result.configurations, inputs),
        pairs_panel(result.best, inputs),
    )
    title = "Best runs: what the best 10 % have in common"
    notes = tuple(filter(None, (common(result, inputs), explained(result.configurations))))
    return framed("best", title, panels, inputs, columns=1, notes=notes)


def table(result: BestRuns, inputs: Inputs) -> Table:
    """The best runs: rank, response, what their configuration is worth, switches, replicates."""
    whole = inputs.sample.table
    frame = result.runs.head(SHOWN)
    names = [f.name for f in whole.factors if f.name in frame.columns]
    names += [name for name in whole.replicates if name in frame.columns]
    columns = (
        TableColumn("rank", "#"),
        TableColumn("response", whole.response.name),
        TableColumn("shrunken", "shrunken"),
        TableColumn("pareto", "Pareto", numeric=False),
        *(TableColumn(name, name, numeric=False) for name in names),
    )
    found = result.configurations
    of_run = found.slot[whole.configuration[list(result.best.index[:SHOWN])]].tolist()
    letter = letters(found)
    texts = zip(*(words(whole, name, frame[name].to_list()) for name in names), strict=True)
    rows = tuple(
        (
            rank,
            response,
            float(found.shrunken.mean[of]) if of >= 0 and not found.shrunken.why else None,
            letter.get(of, "") if not found.no_pareto else None,
            *values,
        )
        for rank, response, of, values in zip(result.best.rank, result.best.response, of_run, texts, strict=False)
    )
    shown = f"{len(rows):,} of {result.best.n:,} finished runs shown"
    notes = (
        "p: Fisher's exact, over configurations; shrunken: the configuration's mean, drawn to the model",
        *pareto_words(result.configurations, letter),
        shown,
        *reasons(result.notes),
    )
    title = ". ".join(filter(None, ("Best runs", common(result, inputs))))
    return Table(columns, rows, title, notes)


def pareto_words(found: BestConfigurations, letter: dict[int, str]) -> tuple[str, ...]:
    """The Pareto set by name, with mean and SD."""
    if not letter:
        return ()
    named = [
        f"{text} {words_of(found, at)} {number(float(found.groups.mean[at]))} ± {number(float(found.sd[at]), 2)}"
        for at, text in letter.items()
    ]
    more = int(found.pareto.sum()) - min(NAMED, len(named))
    words = "; ".join(named[:NAMED]) + (f"; and {more} more" if more > 0 else "")
    return (f"Pareto set (mean ± SD; 1 on, 0 off, in the switches' order): {words}",)


def words(table: RunTable, name: str, values: list[object]) -> list[str | None]:
    """A column's levels: on and off where it is a switch's."""
    factor = table.factor(name) if name in table.positions else None
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    return [
        None if value is None else text if factor is None else level_words(factor, text)
        for value, text in zip(values, texts, strict=True)
    ]


def document(result: BestRuns, inputs: Inputs) -> dict[str, Any]:
    """JSON's own keys."""
    return {
        "rows": plain(result.best.rows),
        "k": result.best.k,
        "n_best": result.best.n_best,
        "pairs": plain(result.best.pairs),
        "configurations": plain(result.configurations.rows),
        "runs": plain(list(result.runs.iter_rows(named=True))),
    }


def sql(inputs: Inputs) -> str:
    """Shares among the best and among all."""
    return best_sql(inputs.sample)


VIEW = View(
    name="best",
    title="Best runs",
    about="The best runs of the slice, and how frequent each switch, and each pair, is among the best 10 % against "
    "all; the best configurations, without the luck of the best; mean against SD. Enter opens a run.",
    read=read,
    figure=figure,
    table=table,
    document=document,
    sql=sql,
    polars=lambda inputs: best_polars(inputs.sample),
    fetches=True,
)

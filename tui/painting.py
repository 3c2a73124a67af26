"""A view's figure and table, painted for an area of the screen. Runs in a worker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from rich.text import Text

from ablate_tui.tui.figure import Figure, Table
from ablate_tui.tui.layout import Arrangement, arrange
from ablate_tui.tui.painters import terminal
from ablate_tui.tui.views.base import View

MOST_PANELS = 6  # plots on the screen at once

Sizes: TypeAlias = tuple[int, int, int]  # width and height in cells, and which part of the view is asked for
Sort: TypeAlias = tuple[str, bool] | None  # a table's field, and whether the largest comes first


@dataclass(frozen=True)
class Painted:
    """A view, ready to be put on the screen."""

    view: str
    figure: Figure
    table: Table
    sort: Sort
    sizes: Sizes
    arrangement: Arrangement
    panels: tuple[Text, ...]


def sorted_table(table: Table, sort: Sort) -> Table:
    """Rows in the order of one column; nulls last either way."""
    fields = [column.field for column in table.columns]
    if sort is None or sort[0] not in fields:
        return table
    at, descending = fields.index(sort[0]), sort[1]
    numeric = all(isinstance(row[at], (int, float)) for row in table.rows if row[at] is not None)

    def key(place: int) -> Any:
        value = table.rows[place][at]
        return value if numeric else str(value)

    places = range(len(table.rows))
    known = sorted((p for p in places if table.rows[p][at] is not None), key=key, reverse=descending)
    order = [*known, *(p for p in places if table.rows[p][at] is None)]
    rows = tuple(table.rows[p] for p in order)
    return replace(table, rows=rows, factors=tuple(table.factors[p] for p in order) if table.factors else ())


def paint_view(view: View, figure: Figure, table: Table, sizes: Sizes, sort: Sort, colour: bool) -> Painted:
    """Choose what fits, and paint it.

    Parameters
    ----------
    view, figure, table
        What is shown.
    sizes : (width, height, part)
        Cells of the area, and which part of the view is asked for.
    sort : (field, descending), optional
    colour : bool
        Whether colours may be used.
    """
    width, height, part = sizes
    table = table if view.sorts_itself else sorted_table(table, sort)
    panels = figure.panels[:MOST_PANELS]
    arrangement = arrange(len(table.rows), len(panels), width, height, part, view.table_first)
    painted = tuple(
        Text.from_ansi(
            terminal.paint(panels[at], arrangement.panel_width, arrangement.panel_height, colour=colour),
            end="",
        )
        for at in arrangement.panels
    )
    return Painted(view.name, figure, table, sort, sizes, arrangement, painted)

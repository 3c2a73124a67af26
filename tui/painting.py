"""A view's figure and table, painted for an area of the screen. Runs in a worker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from rich.segment import Segment

from ablate_tui.tui.figure import Cells, Figure, Table
from ablate_tui.tui.layout import PANEL_HEIGHT, PANEL_WIDTH, Arrangement, arrange
from ablate_tui.tui.painters import terminal
from ablate_tui.tui.painters.grid import Row
from ablate_tui.tui.painters.palette import Palette
from ablate_tui.tui.views.base import View

MOST_PANELS = 6  # plots on the screen at once
MATRIX_NAMES = 16  # cells for the names of a matrix's rows

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
    panels: tuple[tuple[Row, ...], ...]
    picture: tuple[Row, ...]  # the panels in their places
    order: tuple[int, ...]  # where each row of the table stands in the view's own table


def row_order(table: Table, sort: Sort) -> tuple[int, ...]:
    """Places of the rows in the order of one column; NaN and nulls last either way."""
    fields = [column.field for column in table.columns]
    if sort is None or sort[0] not in fields:
        return tuple(range(len(table.rows)))
    at, descending = fields.index(sort[0]), sort[1]
    numeric = all(isinstance(row[at], (int, float)) for row in table.rows if row[at] is not None)

    def key(place: int) -> Any:
        value = table.rows[place][at]
        return value if numeric else str(value)

    places = range(len(table.rows))
    last = [p for p in places if table.rows[p][at] != table.rows[p][at]]  # NaN, which no order has a place for
    last += [p for p in places if table.rows[p][at] is None]
    left_out = set(last)
    known = sorted((p for p in places if p not in left_out), key=key, reverse=descending)
    return (*known, *last)


def in_order(table: Table, order: tuple[int, ...]) -> Table:
    """The table with its rows in another order."""
    rows = tuple(table.rows[p] for p in order)
    return replace(table, rows=rows, factors=tuple(table.factors[p] for p in order) if table.factors else ())


def paint_view(view: View, figure: Figure, table: Table, sizes: Sizes, sort: Sort, palette: Palette | None) -> Painted:
    """Choose what fits, and paint it.

    Parameters
    ----------
    view, figure, table
        What is shown.
    sizes : (width, height, part)
        Cells of the area, and which part of the view is asked for.
    sort : (field, descending), optional
    palette : Palette, optional
        None where there are no colours.
    """
    width, height, part = sizes
    order = row_order(table, None if view.sorts_itself else sort)
    table = in_order(table, order)
    told = bool(table.rows) and any(column.prose for column in table.columns)  # what a panel of words would repeat
    panels = 0 if told else min(len(figure.panels), MOST_PANELS)
    arrangement = arrange(len(table.rows), panels, width, height, part, view.table_first, least=least_panel(figure))
    painted = paint_panels(figure, arrangement, palette)
    picture = beside(painted, arrangement.columns, width)
    return Painted(view.name, figure, table, sort, sizes, arrangement, painted, picture, order)


def paint_card(figure: Figure, sizes: Sizes, palette: Palette | None) -> Painted:
    """Paint a figure that has no table beside it.

    Parameters
    ----------
    figure : Figure
    sizes : (width, height, part)
        Cells of the area, and which part of the figure is asked for.
    palette : Palette, optional
        None where there are no colours.
    """
    width, height, part = sizes
    panels = min(len(figure.panels), MOST_PANELS)
    arrangement = arrange(0, panels, width, height, part, table_first=False, has_table=False)
    painted = paint_panels(figure, arrangement, palette)
    picture = beside(painted, arrangement.columns, width)
    return Painted(figure.name, figure, Table((), ()), None, sizes, arrangement, painted, picture, ())


def least_panel(figure: Figure) -> tuple[int, int]:
    """Width and height in cells below which a panel of a figure can't be read: a matrix needs all its columns."""
    width, height = PANEL_WIDTH, PANEL_HEIGHT
    for mark in (mark for panel in figure.panels for mark in panel.marks):
        if isinstance(mark, Cells) and mark.texts:
            longest = max(len(text) for row in mark.texts for text in row)
            columns = max(map(len, mark.texts))
            width = max(width, MATRIX_NAMES + (longest + 1) * columns)
            height = max(height, 2 + len(mark.texts))
    return width, height


def paint_panels(figure: Figure, arrangement: Arrangement, palette: Palette | None) -> tuple[tuple[Row, ...], ...]:
    """The panels that an arrangement shows, a column free between them."""
    width, height = arrangement.panel_width - (arrangement.columns > 1), arrangement.panel_height
    return tuple(terminal.paint(figure.panels[at], width, height, palette) for at in arrangement.panels)


def beside(panels: tuple[tuple[Row, ...], ...], columns: int, width: int) -> tuple[Row, ...]:
    """Panels as one picture, so many beside each other in an area so wide."""
    starts = [at * width // columns for at in range(columns)]
    lines: list[Row] = []
    for first in range(0, len(panels), columns):
        for rows in zip(*panels[first : first + columns], strict=True):
            line: list[Segment] = []
            end = 0
            for start, row in zip(starts, rows, strict=False):
                if row:
                    line += [Segment(" " * (start - end)), *row] if start > end else row
                    end = start + sum(piece.cell_length for piece in row)
            lines.append(tuple(line))
    return tuple(lines)

"""The selected view: a caption, its table, its panels, and what to know about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical
from textual.coordinate import Coordinate
from textual.message import Message
from textual.widgets import DataTable, Static

from ablate_tui.tui.figure import Table
from ablate_tui.tui.formats import cell, clean, width
from ablate_tui.tui.layout import Arrangement
from ablate_tui.tui.painting import MOST_PANELS, Painted, Sort

WIDEST = 400  # cells of a column; the table scrolls sideways
FIGURE = 8  # cells of most figures: −0.01234


class ViewTable(DataTable[Text], inherit_bindings=True):
    """The table of a view, with the keys that this house uses."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False, id="table.down"),
        Binding("k", "cursor_up", "Up", show=False, id="table.up"),
        Binding("h", "cursor_left", "Left", show=False, id="table.left"),
        Binding("l", "cursor_right", "Right", show=False, id="table.right"),
    ]


class Body(Vertical):
    """Shows one Painted at a time."""

    @dataclass
    class RowEntered(Message):
        """Enter, or a click, on a row of the table."""

        row: int

    @dataclass
    class HeadingClicked(Message):
        """A click on a column's heading."""

        field: str

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.painted: Painted | None = None
        self.shown_table: Table | None = None
        self.shown_sort: Sort = None
        self.column_widths: list[int] = []

    def compose(self) -> ComposeResult:
        """Lay out the parts once; they are filled and hidden later."""
        yield Static("", id="caption", markup=False)
        yield ViewTable(id="table", cursor_type="row", zebra_stripes=True)
        with Grid(id="plots"):
            for at in range(MOST_PANELS):
                yield Static("", id=f"plot{at}", classes="plot", markup=False)
        yield Static("", id="remarks", markup=False)

    @property
    def room(self) -> tuple[int, int]:
        """Cells for the table and the panels together."""
        return self.size.width, max(1, self.size.height - 2)

    def show(self, painted: Painted) -> None:
        """Put a view on the screen; what is as it was is left alone, since every new layout costs a repaint."""
        before, self.painted = self.painted, painted
        if before is None or before.arrangement != painted.arrangement:
            self.place(painted.arrangement)
        if painted.arrangement.table_height:
            self.fill(self.query_one(ViewTable), painted.table, painted.sort)
        for at, panel in enumerate(painted.panels):
            self.query_one(f"#plot{at}", Static).update(panel, layout=False)
        self.query_one("#caption", Static).update(self.caption(painted), layout=False)
        remarks = (*painted.figure.notes, *painted.table.notes)
        words = Text(" " + clean("  ·  ".join(remarks)), "dim", no_wrap=True)
        self.query_one("#remarks", Static).update(words, layout=False)

    def place(self, arrangement: Arrangement) -> None:
        """Give the parts their places."""
        table, grid = self.query_one(ViewTable), self.query_one("#plots", Grid)
        table.display = arrangement.table_height > 0
        table.styles.height = max(1, arrangement.table_height)
        grid.display = bool(arrangement.panels)
        grid.styles.grid_size_columns = arrangement.columns
        grid.styles.grid_rows = str(max(1, arrangement.panel_height))
        for at in range(MOST_PANELS):
            self.query_one(f"#plot{at}", Static).display = at < len(arrangement.panels)

    def caption(self, painted: Painted) -> Text:
        """The view's title, and how to see the rest of it."""
        arrangement = painted.arrangement
        text = Text(" ", no_wrap=True, overflow="ellipsis")
        if arrangement.parts > 1:
            shown = len(arrangement.panels) + bool(arrangement.table_height)
            text.append(f"v: {shown} of {len(painted.figure.panels) + 1} parts · ", "dim")
        return text.append(clean(painted.figure.title), "bold")

    def fill(self, widget: ViewTable, table: Table, sort: Sort) -> None:
        """Write the rows, keeping the cursor where it was.

        Columns have fixed widths that only grow: a column that follows its content would have the whole
        screen laid out again at almost every toggle.
        """
        if table == self.shown_table and sort == self.shown_sort:
            return
        before = self.shown_table
        same = before is not None and table.columns == before.columns and sort == self.shown_sort
        widths = self.widths(table)
        if same and any(width > now for width, now in zip(widths, self.column_widths, strict=True)):
            widths, same = [max(pair) for pair in zip(widths, self.column_widths, strict=True)], False
        self.shown_table, self.shown_sort = table, sort
        if same and before is not None and len(before.rows) == len(table.rows):
            for at, (old, new) in enumerate(zip(before.rows, table.rows, strict=True)):
                for place, (was, value) in enumerate(zip(old, new, strict=True)):
                    if was != value:
                        text = self.cell(value, table.columns[place].numeric)
                        widget.update_cell_at(Coordinate(at, place), text)
            return
        row, column, top = widget.cursor_row, widget.cursor_column, widget.scroll_y
        widget.clear(columns=not same)
        if not same:
            self.column_widths = widths
            for named, width in zip(table.columns, widths, strict=True):
                mark = (" ▼" if sort[1] else " ▲") if sort and sort[0] == named.field else ""
                label = Text(clean(named.label) + mark, justify="right" if named.numeric else "left", no_wrap=True)
                widget.add_column(label, key=named.field, width=width)
        widget.add_rows(
            [self.cell(value, named.numeric) for value, named in zip(values, table.columns, strict=True)]
            for values in table.rows
        )
        if before is not None and table.columns == before.columns and table.rows:
            widget.move_cursor(row=min(row, len(table.rows) - 1), column=column, scroll=False)
            widget.scroll_to(y=top, animate=False)

    @staticmethod
    def widths(table: Table) -> list[int]:
        """Cells of each column: its name with a mark of its order, its widest value, and room for most figures."""
        made = []
        for at, named in enumerate(table.columns):
            figures = any(isinstance(row[at], float) for row in table.rows)
            widest = max((width(cell(row[at])) for row in table.rows), default=0)
            made.append(min(WIDEST, max(width(clean(named.label)) + 2, widest, FIGURE * figures)))
        return made

    @staticmethod
    def cell(value: object, numeric: bool) -> Text:
        """A value as it stands in the table."""
        return Text(cell(value), justify="right" if numeric else "left", no_wrap=True)

    def fail(self, words: str) -> None:
        """Say why there is no view."""
        self.query_one("#caption", Static).update(Text(f" {clean(words)}", "bold"))
        self.painted = None
        self.place(Arrangement(0, (), 1, 0, 0, 1))
        self.query_one("#remarks", Static).update("")

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Pass a chosen row on."""
        event.stop()
        self.post_message(self.RowEntered(event.cursor_row))

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        """Pass a clicked heading on."""
        event.stop()
        self.post_message(self.HeadingClicked(str(event.column_key.value)))

"""The selected view: a caption, its table, its panels, and what to know about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical
from textual.message import Message
from textual.widgets import DataTable, Static

from ablate_tui.tui.figure import Table
from ablate_tui.tui.formats import cell, clean
from ablate_tui.tui.painting import MOST_PANELS, Painted


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
        self.shown_sort: tuple[str, bool] | None = None

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
        """Put a view on the screen; parts that are as they were are left alone."""
        self.painted = painted
        arrangement = painted.arrangement
        table = self.query_one(ViewTable)
        if arrangement.table_height:
            table.styles.height = arrangement.table_height
            self.fill(table, painted.table, painted.sort)
        table.display = arrangement.table_height > 0
        grid = self.query_one("#plots", Grid)
        grid.display = bool(painted.panels)
        grid.styles.grid_size_columns = arrangement.columns
        grid.styles.grid_rows = str(max(1, arrangement.panel_height))
        for at in range(MOST_PANELS):
            plot = self.query_one(f"#plot{at}", Static)
            plot.display = at < len(painted.panels)
            if plot.display:
                plot.update(painted.panels[at])
        self.query_one("#caption", Static).update(self.caption(painted))
        remarks = (*painted.figure.notes, *painted.table.notes)
        self.query_one("#remarks", Static).update(Text(" " + clean("  ·  ".join(remarks)), "dim", no_wrap=True))

    def caption(self, painted: Painted) -> Text:
        """The view's title, and how to see the rest of it."""
        arrangement = painted.arrangement
        text = Text(" ", no_wrap=True, overflow="ellipsis")
        if arrangement.parts > 1:
            names = [painted.figure.panels[at].name for at in arrangement.panels]
            text.append(f"v {'+'.join(names) or 'table'} of {arrangement.parts} parts · ", "dim")
        return text.append(clean(painted.figure.title), "bold")

    def fill(self, widget: ViewTable, table: Table, sort: tuple[str, bool] | None) -> None:
        """Write the rows, keeping the cursor where it was."""
        if table == self.shown_table and sort == self.shown_sort:
            return
        same = self.shown_table is not None and table.columns == self.shown_table.columns and sort == self.shown_sort
        row, column, top = widget.cursor_row, widget.cursor_column, widget.scroll_y
        widget.clear(columns=not same)
        if not same:
            for named in table.columns:
                mark = (" ▼" if sort[1] else " ▲") if sort and sort[0] == named.field else ""
                widget.add_column(Text(clean(named.label) + mark, no_wrap=True), key=named.field)
        widget.add_rows(
            [
                Text(cell(value), justify="right" if named.numeric else "left", no_wrap=True)
                for value, named in zip(values, table.columns, strict=True)
            ]
            for values in table.rows
        )
        if same and table.rows:
            widget.move_cursor(row=min(row, len(table.rows) - 1), column=column, scroll=False)
            widget.scroll_to(y=top, animate=False)
        self.shown_table, self.shown_sort = table, sort

    def fail(self, words: str) -> None:
        """Say why there is no view."""
        self.query_one("#caption", Static).update(Text(f" {clean(words)}", "bold"))
        self.query_one(ViewTable).display = False
        self.query_one("#plots", Grid).display = False
        self.query_one("#remarks", Static).update("")

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Pass a chosen row on."""
        event.stop()
        self.post_message(self.RowEntered(event.cursor_row))

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        """Pass a clicked heading on."""
        event.stop()
        self.post_message(self.HeadingClicked(str(event.column_key.value)))

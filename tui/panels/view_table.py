"""The table of a view. Lines are made once, as text: what is off the screen costs nothing to paint."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ablate_tui.tui.figure import Table
from ablate_tui.tui.formats import cell, clean, fold, pad, told, width
from ablate_tui.tui.painting import Sort
from ablate_tui.tui.panels.ground import Grounded

FIGURE = 8  # cells of most figures: −0.01234
GAP = "  "
WIDE = 90  # cells from which what stands beside prose has columns of its own


class ViewTable(ScrollView, Grounded, can_focus=True):
    """Rows under a heading; the heading and the first column stay while the rest scrolls."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--heading", "table--odd", "table--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False, id="table.up"),
        Binding("down,j", "move(1)", "down", show=False, id="table.down"),
        Binding("left,h", "sideways(-1)", "to the left", show=False, id="table.left"),
        Binding("right,l", "sideways(1)", "to the right", show=False, id="table.right"),
        Binding("pageup", "move(-10)", "ten up", show=False, id="table.page_up"),
        Binding("pagedown", "move(10)", "ten down", show=False, id="table.page_down"),
        Binding("home", "move(-1000000)", "to the first", show=False, id="table.first"),
        Binding("end", "move(1000000)", "to the last", show=False, id="table.last"),
        Binding("enter", "enter", "open the row: a run, a switch, a column's role", show=False, id="table.enter"),
    ]

    @dataclass
    class RowEntered(Message):
        """Enter, or a double click, on a row."""

        row: int

    @dataclass
    class HeadingClicked(Message):
        """A click on a column's heading."""

        field: str

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.table = Table((), ())
        self.shown = self.table  # with what stands beside prose in the same column, where it is narrow
        self.sort: Sort = None
        self.widths: list[int] = []
        self.lines: list[tuple[str, str]] = []  # the first column, and the rest; the heading is line 0
        self.rows: list[int] = []  # of each line below the heading: a row whose text is folded has several
        self.room = 0  # cells that the text was folded to
        self.cursor = 0

    def show(self, table: Table, sort: Sort) -> None:
        """Show a table; the cursor and the place stay where they are, and lines that stay are not painted again.

        Columns only grow while the table has the same ones: a column that follows its figures jumps about.
        """
        if table == self.table and sort == self.sort and self.lines:
            return
        self.room = self.size.width
        prose = any(named.prose for named in table.columns)
        shown = told(table) if prose and self.room < WIDE else table
        same = shown.columns == self.shown.columns
        columns = [[cell(row[at]) for row in shown.rows] for at in range(len(shown.columns))]
        widths = self.measured(shown, columns, same)
        room = self.room - 1 - sum(widths) - len(GAP) * len(widths)  # 1: the bar that scrolls, if it comes
        folded = [
            fold(named, texts, room + size) for named, texts, size in zip(shown.columns, columns, widths, strict=True)
        ]
        self.widths = [
            max(width(line) for lines in [[clean(named.label)], *texts] for line in lines) if named.prose else size
            for named, texts, size in zip(shown.columns, folded, widths, strict=True)
        ]
        self.table, self.shown, self.sort = table, shown, sort
        lines, rows, cursor = self.lines, self.rows, self.cursor
        heading = [clean(named.label) + self.mark(named.field) for named in shown.columns]
        self.lines, self.rows = [self.line(heading)], []
        for row, parts in enumerate(zip(*folded, strict=True)):
            for line in zip_longest(*parts, fillvalue=""):
                self.lines.append(self.line(line))
                self.rows.append(row)
        self.cursor = max(0, min(self.cursor if same else 0, len(table.rows) - 1))
        size = Size(sum(self.widths) + len(GAP) * len(widths), len(self.lines))
        if size != self.virtual_size:
            self.virtual_size = size
        if rows != self.rows or cursor != self.cursor:
            self.refresh()
            return
        top = self.scroll_offset.y
        both = enumerate(zip_longest(lines, self.lines))
        changed = [at - top if at else 0 for at, (old, new) in both if old != new]
        seen = [Region(0, y, self.size.width, 1) for y in changed if 0 <= y < self.size.height]
        if seen:
            self.refresh(*seen)

    def measured(self, table: Table, columns: list[list[str]], same: bool) -> list[int]:
        """Cells of each column, before prose is folded; none where it will be."""
        widths = []
        for at, (named, texts) in enumerate(zip(table.columns, columns, strict=True)):
            figures = FIGURE * any(isinstance(row[at], float) for row in table.rows)
            least = self.widths[at] if same and self.widths else 0
            wide = max(width(clean(named.label)) + 2, figures, least, *map(width, texts))
            widths.append(0 if named.prose else wide)
        return widths

    def on_resize(self) -> None:
        """Fold the text anew."""
        if self.size.width != self.room and any(named.prose for named in self.table.columns):
            table, cursor = self.table, self.cursor
            self.table = Table((), ())
            self.show(table, self.sort)
            self.cursor = cursor
            self.action_move(0)

    def mark(self, field: str) -> str:
        """Which way the table is sorted by a column."""
        if self.sort is None or self.sort[0] != field:
            return ""
        return " ▼" if self.sort[1] else " ▲"

    def line(self, texts: Sequence[str]) -> tuple[str, str]:
        """The first column and the rest of one line."""
        parts = [
            pad(text, size, named.numeric)
            for text, size, named in zip(texts, self.widths, self.shown.columns, strict=True)
        ]
        return f" {parts[0]} " if parts else "", GAP.join(parts[1:])

    def render_line(self, y: int) -> Strip:
        """Draw one line: the heading on top, then rows from the place that is scrolled to."""
        at = y if y == 0 else y + self.scroll_offset.y
        room = self.size.width
        if at >= len(self.lines):
            return Strip.blank(room, self.ground)
        style = self.ground
        if at == 0:
            style += self.get_component_rich_style("table--heading")
        elif self.rows[at - 1] == self.cursor:
            style += self.get_component_rich_style("table--cursor")
        elif self.rows[at - 1] % 2 == 0:
            style += self.get_component_rich_style("table--odd")
        first, rest = self.lines[at]
        fixed = Strip([Segment(first, style)])
        start = self.scroll_offset.x
        moving = Strip([Segment(rest, style)]).crop(start, self.whole(start + max(0, room - fixed.cell_length)))
        return Strip([*fixed, *moving]).adjust_cell_length(room, style)

    def whole(self, end: int) -> int:
        """Where to stop so that no figure is cut: half a number is a wrong number."""
        at = 0
        for named, size in zip(self.shown.columns[1:], self.widths[1:], strict=True):
            if at < end < at + size and named.numeric:
                return at
            at += size + len(GAP)
        return end

    def action_move(self, by: int) -> None:
        """Move the cursor by some rows."""
        before, self.cursor = self.cursor, max(0, min(self.cursor + by, len(self.table.rows) - 1))
        top, rows = self.scroll_offset.y, self.scrollable_content_region.height - 1
        first = bisect_left(self.rows, self.cursor)
        last = bisect_right(self.rows, self.cursor) - 1
        if first < top:
            self.scroll_to(y=first, animate=False)
        elif last >= top + rows:
            self.scroll_to(y=min(first, last - rows + 1), animate=False)
        if before != self.cursor:
            self.refresh()

    def action_sideways(self, by: int) -> None:
        """Scroll to the next column, or back by one."""
        starts = [0]
        for size in self.widths[1:]:
            starts.append(starts[-1] + size + len(GAP))
        now = self.scroll_offset.x
        after = [at for at in starts if at > now] if by > 0 else [at for at in starts if at < now][::-1]
        if after:
            self.scroll_to(x=after[0], animate=False)

    def action_enter(self) -> None:
        """Open the row under the cursor."""
        if self.table.rows:
            self.post_message(self.RowEntered(self.cursor))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a second one opens the row; on the heading, it sorts."""
        if event.y == 0:
            field = self.field_at(event.x)
            if field is not None:
                self.post_message(self.HeadingClicked(field))
            return
        line = event.y + self.scroll_offset.y - 1
        if line < len(self.rows):
            self.action_move(self.rows[line] - self.cursor)
        if event.chain == 2:
            self.action_enter()

    def field_at(self, x: int) -> str | None:
        """The column under a cell of the heading."""
        if not self.widths or x < self.widths[0] + 2:
            return self.shown.columns[0].field if self.widths else None
        place = x - self.widths[0] - 2 + self.scroll_offset.x
        for named, size in zip(self.shown.columns[1:], self.widths[1:], strict=True):
            if place < size + len(GAP):
                return named.field
            place -= size + len(GAP)
        return None

"""The table of an answer: thousands of rows of which a line is made when it is seen, and a cursor that has a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, overload

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from ablate_tui.tui.answer_words import Laid
from ablate_tui.tui.formats import clean, fit
from ablate_tui.tui.panels.view_table import GAP, ViewTable

CURSOR = Style(reverse=True)


class ResultTable(ViewTable):
    """Rows under a heading, with a column under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "row", tooltip="Show all of the row", id="result.enter"),
        Binding("s", "screen.sort", "sort", tooltip="Sort by the column; turn round; not at all", id="result.sort"),
        Binding("e", "screen.export", "export", tooltip="Write the answer to a CSV file", id="result.export"),
        Binding("y", "screen.copy", "copy", tooltip="Copy the answer as text", id="result.copy"),
    ]

    @dataclass
    class ColumnMoved(Message):
        """Another column is under the cursor."""

        column: int

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.column = 0

    def lay(self, laid: Laid, column: int) -> None:
        """Show an answer, from its first row, with the cursor in a column."""
        self.table = self.shown = laid.table
        self.sort, self.widths, self.cursor, self.column = laid.sort, list(laid.widths), 0, column
        heading = [
            fit(clean(named.label), size - 2).rstrip() + self.mark(named.field)
            for named, size in zip(laid.table.columns, laid.widths, strict=True)
        ]
        self.lines = Rows(self, heading, laid)  # type: ignore[assignment]
        self.rows = range(len(laid.order))  # type: ignore[assignment]
        self.virtual_size = Size(sum(self.widths) + len(GAP) * len(self.widths), len(self.lines))
        self.scroll_to(0, 0, animate=False)
        self.call_after_refresh(self.into_view)  # it can't scroll further than it was wide before
        self.refresh()

    def on_resize(self) -> None:
        """The column under the cursor stays on the screen."""
        self.into_view()

    @property
    def starts(self) -> list[int]:
        """Where the columns begin that scroll, all but the first."""
        found = [0]
        for size in self.widths[1:]:
            found.append(found[-1] + size + len(GAP))
        return found

    @property
    def fixed(self) -> int:
        """Cells of the first column, which does not scroll."""
        return self.widths[0] + len(GAP) if self.widths else 0

    def action_sideways(self, by: int) -> None:
        """Go to the next column, or back by one."""
        self.go_to(self.column + by)

    def go_to(self, column: int) -> None:
        """Put the cursor in a column."""
        column = max(0, min(column, len(self.widths) - 1))
        if column != self.column:
            self.column = column
            self.into_view()
            self.refresh()
            self.post_message(self.ColumnMoved(column))

    def into_view(self) -> None:
        """Scroll sideways until the cursor's column is seen as a whole."""
        if self.column == 0:
            return
        starts, room = self.starts, self.size.width - self.fixed
        start, now = starts[self.column - 1], self.scroll_offset.x
        if start < now:
            self.scroll_to(x=start, animate=False)
        elif start + self.widths[self.column] > now + room:
            fits = [at for at in starts if at <= start and start + self.widths[self.column] - at <= room]
            self.scroll_to(x=fits[0] if fits else start, animate=False)

    def render_line(self, y: int) -> Strip:
        """A line; the heading of the cursor's column, and its cell, stand out."""
        strip = super().render_line(y)
        at = y + self.scroll_offset.y
        if not self.widths or (y and (at > len(self.rows) or at - 1 != self.cursor or not self.has_focus)):
            return strip
        if self.column == 0:
            first, last = 0, self.fixed
        else:
            start = self.fixed + self.starts[self.column - 1] - self.scroll_offset.x
            first, last = max(self.fixed, start), start + self.widths[self.column]
        parts = (strip.crop(0, first), strip.crop(first, last), strip.crop(last))
        marked = [Segment(text, (style or Style()) + CURSOR) for text, style, _ in parts[1]]
        return Strip([*parts[0], *marked, *parts[2]], strip.cell_length)

    def on_focus(self) -> None:
        """The cell under the cursor shows."""
        self.refresh()

    def on_blur(self) -> None:
        """And no longer."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click also moves to the column; then Textual calls what the table itself does at one."""
        field = self.field_at(event.x)
        if field is not None:
            self.go_to([named.field for named in self.table.columns].index(field))


class Rows(Sequence[tuple[str, str]]):
    """The heading and the rows as lines, each made when it is asked for."""

    def __init__(self, owner: ViewTable, heading: list[str], laid: Laid) -> None:
        self.owner, self.heading, self.laid = owner, heading, laid

    def __len__(self) -> int:
        return len(self.laid.order) + 1

    @overload
    def __getitem__(self, at: int) -> tuple[str, str]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[tuple[str, str]]: ...
    def __getitem__(self, at: int | slice) -> tuple[str, str] | Sequence[tuple[str, str]]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        if at == 0:
            return self.owner.line(self.heading)
        place = self.laid.order[at - 1]
        return self.owner.line([column[place] for column in self.laid.texts])

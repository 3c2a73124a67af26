"""The selected view: a caption, its table, its panels, and what to know about them."""

from __future__ import annotations

from dataclasses import dataclass

from rich.segment import Segment
from textual.app import ComposeResult
from textual.message import Message

from ablate_tui.tui.formats import clean, fit, width
from ablate_tui.tui.keymap import worded
from ablate_tui.tui.layout import Arrangement
from ablate_tui.tui.painters.grid import Row
from ablate_tui.tui.painting import Painted
from ablate_tui.tui.panels.ground import BOLD, DIM, Column
from ablate_tui.tui.panels.lines import Lines
from ablate_tui.tui.panels.view_table import ViewTable


def notes_of(painted: Painted) -> tuple[str, ...]:
    """What to know about a view, each once."""
    return tuple(dict.fromkeys((*painted.figure.notes, *painted.table.notes)))


class Body(Column):
    """Shows one Painted at a time.

    Parameters
    ----------
    id : str, optional
    part, notes : str
        Ids of the bindings that show its next part and all of its notes.
    """

    @dataclass
    class Resized(Message):
        """There is more or less room, and by now it has been measured."""

    def __init__(self, id: str | None = None, part: str = "part", notes: str = "notes") -> None:
        super().__init__(id=id)
        self.part_id, self.notes_id = part, notes
        self.painted: Painted | None = None

    def compose(self) -> ComposeResult:
        """Lay out the parts once; they are filled and hidden later."""
        yield Lines(id="caption")
        yield ViewTable(id="table")
        yield Lines(id="plots")
        yield Lines(id="remarks")

    def on_resize(self) -> None:
        """Tell that what is shown was painted for another room."""
        self.post_message(self.Resized())

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
            self.query_one(ViewTable).show(painted.table, painted.sort)
        self.query_one("#plots", Lines).show(painted.picture)
        self.query_one("#caption", Lines).show([self.caption(painted)])
        self.query_one("#remarks", Lines).show([self.remarks(painted)])

    def remarks(self, painted: Painted) -> Row:
        """As many of the notes as there is room for, and how to read the rest."""
        line = " " + clean("  ·  ".join(notes_of(painted)))
        if width(line) <= self.size.width:
            return (Segment(line, DIM),)
        more = worded(f" {{{self.notes_id}}}: all notes ", self)
        return Segment(fit(line, max(0, self.size.width - len(more))), DIM), Segment(more, BOLD)

    def place(self, arrangement: Arrangement) -> None:
        """Give the parts their places."""
        table, picture = self.query_one(ViewTable), self.query_one("#plots", Lines)
        table.display = arrangement.table_height > 0
        table.styles.height = max(1, arrangement.table_height)
        picture.display = bool(arrangement.panels)

    def caption(self, painted: Painted) -> Row:
        """The view's title, and how to see the rest of it."""
        arrangement = painted.arrangement
        more = ""
        if arrangement.parts > 1:
            shown = len(arrangement.panels) + bool(arrangement.table_height)
            parts = len(painted.figure.panels) + bool(painted.table.columns)
            more = f"{shown}/{parts} parts {worded(f'({{{self.part_id}}})', self)} · "
        return Segment(f" {more}", DIM), Segment(clean(painted.figure.title), BOLD)

    def say(self, words: str) -> None:
        """Say why there is no view."""
        self.query_one("#caption", Lines).show([(Segment(f" {clean(words)}", BOLD),)])
        self.painted = None
        self.place(Arrangement(0, (), 1, 0, 0, 1))
        self.query_one("#remarks", Lines).show([])

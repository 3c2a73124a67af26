"""A picture among the cells: the terminal draws it, over the lines that are painted blank before it."""

from __future__ import annotations

from rich.segment import ControlType, Segment
from textual.strip import Strip

from ablate_tui.tui.panels.ground import Grounded

NO_TEXT = ((ControlType.CURSOR_FORWARD, 0),)  # a piece of a line that takes no cells, and is sent as it is


class Picture(Grounded):
    """Sends what shows the picture with its last line: whenever that is painted, the picture is drawn after it."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.sequence = ""

    def show(self, sequence: str) -> None:
        """Draw what an escape sequence draws; it leaves the cursor where it was."""
        if sequence != self.sequence:
            self.sequence = sequence
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """A blank line, behind the last one the picture."""
        blank = self.strip((), self.size.width)
        if y < self.size.height - 1 or not self.sequence:
            return blank
        return Strip([*blank, Segment(self.sequence, None, NO_TEXT)], self.size.width)

"""Lines of styled text: the panels of a view, painted elsewhere, and whatever is said in a line or two."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.strip import Strip

from ablate_tui.tui.painters.grid import Row
from ablate_tui.tui.panels.ground import Grounded


class Lines(Grounded):
    """Shows lines as they are given, cut with "…"; of new ones only those that differ are painted again.

    Every line is text from data or words of ours, never markup.
    """

    # Textual's own asks for a second layout and paint after each change of size: for scroll bars, which are not here
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), repaint=False)

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines: Sequence[Row] = ()

    def show(self, lines: Sequence[Row]) -> None:
        """Put lines on the screen."""
        before, self.lines = self.lines, lines
        changed = [y for y, (old, new) in enumerate(zip_longest(before, lines)) if old != new]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """Draw one line on the widget's ground."""
        row = self.lines[y] if y < len(self.lines) else ()
        return self.strip(row, self.size.width)

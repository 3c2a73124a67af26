"""The panels of a view, painted elsewhere: lines that only have to be put on the screen."""

from __future__ import annotations

from itertools import zip_longest

from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.strip import Strip

from ablate_tui.tui.painters.grid import Row
from ablate_tui.tui.panels.ground import Grounded


class Picture(Grounded):
    """Shows painted lines; of a new picture only the lines that differ are painted again."""

    # Textual's own asks for a second layout and paint after each change of size: for scroll bars, which are not here
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), repaint=False)

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines: tuple[Row, ...] = ()

    def show(self, lines: tuple[Row, ...]) -> None:
        """Put a picture on the screen."""
        before, self.lines = self.lines, lines
        changed = [y for y, (old, new) in enumerate(zip_longest(before, lines)) if old != new]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """Draw one line on the ground of the screen."""
        row = self.lines[y] if y < len(self.lines) else ()
        return Strip(row).adjust_cell_length(self.size.width).apply_style(self.ground)

"""Widgets that draw their own lines on the ground that the style sheet gives them, and those that draw none."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

BOLD, DIM = Style(bold=True), Style(dim=True)


class Grounded(Widget):
    """Knows its ground for the length of a paint: Textual works it out anew, from all ancestors, at every question.

    Comes last among the bases: Textual takes the style sheets of the first one.
    """

    _ground: Style | None = None

    @property
    def ground(self) -> Style:
        """The style that text without one of its own has here."""
        if self._ground is None:
            self._ground = self.rich_style
        return self._ground

    def strip(self, row: Iterable[Segment], room: int) -> Strip:
        """A line of exactly so many cells on the ground, cut with "…"."""
        ground, size, pieces = self.ground, 0, []
        for text, style, _ in row:
            piece = Segment(text, ground if style is None else ground + style)
            size += piece.cell_length
            pieces.append(piece)
        if size > room:
            return Strip([*Strip(pieces, size).crop(0, room - 1), Segment("…", ground)], room)
        if size < room:
            pieces.append(Segment(" " * (room - size), ground))
        return Strip(pieces, room)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw some lines."""
        self._ground = None
        return super().render_lines(crop)


class Frame(Widget):
    """Only lays others out: what they leave free shows what is behind, which saves a paint of every line.

    Comes last among the bases, too.
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw nothing."""
        return []


class Column(Vertical, Frame):
    """Widgets below each other."""


class Beside(Horizontal, Frame):
    """Widgets beside each other."""

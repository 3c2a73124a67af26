"""Widgets that draw their own lines on the ground that the style sheet gives them, and those that draw none."""

from __future__ import annotations

from rich.style import Style
from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class Grounded(Widget):
    """Knows its ground and size for the length of a paint: Textual works them out anew at every question.

    Comes last among the bases: Textual takes the style sheets of the first one.
    """

    _ground: Style | None = None

    @property
    def ground(self) -> Style:
        """The style that text without one of its own has here."""
        if self._ground is None:
            self._ground = self.rich_style
        return self._ground

    def on_ground(self, style: Style | None) -> Style:
        """A style on the ground."""
        return self.ground if style is None else self.ground + style

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

"""Widgets that draw their own lines on the ground that the style sheet gives them."""

from __future__ import annotations

from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


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

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw some lines."""
        self._ground = None
        return super().render_lines(crop)

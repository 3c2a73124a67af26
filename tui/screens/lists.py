"""Lists to choose from: Textual's, without what ends the program where they have changed since a key or a click."""

from __future__ import annotations

from textual import events
from textual._widget_navigation import Direction
from textual.command import CommandList
from textual.widgets import OptionList


class Steady(OptionList):
    """A list of options."""

    def _move_page(self, direction: Direction) -> None:
        """Move by a page, where there is room for any line."""
        if self.scrollable_content_region:
            super()._move_page(direction)

    async def _on_click(self, event: events.Click) -> None:
        """Take an option, unless it was drawn before the list became shorter."""
        option = event.style.meta.get("option")
        if option is not None and option >= self.option_count:
            event.prevent_default()


class Choices(Steady):
    """What a text narrows."""


class Commands(CommandList, Steady):
    """What the command palette offers."""

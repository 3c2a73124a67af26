"""A line to type in."""

from __future__ import annotations

from textual.widgets import Input


class Field(Input):
    """An input whose cursor does not blink: nothing is sent while nothing happens."""

    def on_mount(self) -> None:
        """Have the cursor stay."""
        self.cursor_blink = False

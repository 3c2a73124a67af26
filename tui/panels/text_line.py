"""A line to type in. Names from the data come into it, too, and Textual sends what is in them to the terminal."""

from __future__ import annotations

from typing import Any

from rich.text import Text
from textual.widgets import Input

from ablate_tui.tui.formats import clean

MOST = 4096  # signs: no path is longer, and a pasted file would hold up every key


def shown(text: str) -> str:
    """A text that can be changed, sign for sign, without control characters; a tab is shown as blanks anyway."""
    return "\t".join(map(clean, text.split("\t")))


class TextLine(Input):
    """Textual's line, with a stand-in for each sign that could move the cursor; its value has the sign itself."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, max_length=MOST, **options)

    def action_paste(self) -> None:
        """Paste the first line of what was copied here, as the terminal's own paste does."""
        for line in self.app.clipboard.splitlines()[:1]:
            self.replace(line, *self.selection)

    def restricted(self) -> None:
        """Say why nothing was typed or pasted."""
        self.notify(f"this line takes {MOST:,} signs at most", severity="warning")

    @property
    def _value(self) -> Text:
        return Text(shown(self.value), no_wrap=True, overflow="ignore", end="")

"""A line to type in. Names from the data come into it, too, and Textual sends what is in them to the terminal."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Input

from ablate_tui.tui.formats import clean


def shown(text: str) -> str:
    """A text that can be changed, sign for sign, without control characters; a tab is shown as blanks anyway."""
    return "\t".join(map(clean, text.split("\t")))


class TextLine(Input):
    """Textual's line, with a stand-in for each sign that could move the cursor; its value has the sign itself."""

    @property
    def _value(self) -> Text:
        return Text(shown(self.value), no_wrap=True, overflow="ignore", end="")

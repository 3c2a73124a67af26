"""Lines of words that change now and then."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static


def write(line: Static, words: Text) -> None:
    """Put words on the screen, unless they are there: every update costs a repaint."""
    if line.content != words:
        line.update(words, layout=False)

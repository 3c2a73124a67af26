"""Pieces of Markdown as GitHub shows it, safe for whatever stands in a sweep."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from urllib.parse import quote

from ablate_tui.tui.formats import clean, escape_markdown

BAR = re.compile(r"(?<!\\)\|")  # would end a cell of a table, also within backticks
ESCAPED = r"\\|"


def plain(words: object) -> str:
    """Words that mean nothing to Markdown."""
    return escape_markdown(clean(words))


def code(name: object) -> str:
    """A name or a command between backticks, more of them than it has itself."""
    text = clean(name)
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    padded = f" {text} " if len(ticks) > 1 or not text.strip() else text
    return f"{ticks}{padded}{ticks}"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: int = 0) -> str:
    """A table of cells that are Markdown already.

    Parameters
    ----------
    columns : sequence of str
    rows : sequences of str
    numeric : int
        How many columns at the end hold figures, which stand to the right.
    """
    left = len(columns) - numeric

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(BAR.sub(ESCAPED, cell) for cell in cells)} |"

    rule = "|".join("---" if at < left else "---:" for at in range(len(columns)))
    return "\n".join([line(columns), f"|{rule}|", *map(line, rows)]) + "\n"


def image(path: str, alt: str, width: int = 100) -> str:
    """A picture, so many percent of the page wide."""
    return f'<img src="{quote(path)}" alt="{html.escape(clean(alt))}" width="{width}%">'


def link(words: str, path: str) -> str:
    """A link to a file beside the text."""
    return f"[{plain(words)}]({quote(path)})"


def folded(summary: str, body: str, is_open: bool = False) -> str:
    """Something that a click opens under one line of words."""
    mark = " open" if is_open else ""
    return f"<details{mark}><summary>{html.escape(clean(summary))}</summary>\n\n{body}\n\n</details>\n"


def shell(command: str) -> str:
    """A command line to copy; of one with signs that a line can't show, such as a NUL, it says that it won't run."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", command)), default=0))
    shown = clean(command)
    lost = "" if shown == command else "\nIt has a name with signs that no line can show (�): as it is it won't run.\n"
    return f"{fence}sh\n{shown}\n{fence}\n{lost}"

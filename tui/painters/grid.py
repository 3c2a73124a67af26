"""A grid of terminal cells, written out as ANSI text or as plain text."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len, get_character_cell_size

from ablate_tui.tui.painters.labels import clean
from ablate_tui.tui.painters.palette import RGB


@dataclass(frozen=True)
class Style:
    """Colours of a cell; None is the terminal's own."""

    ink: RGB | None = None
    paper: RGB | None = None
    bold: bool = False

    def code(self) -> str:
        """The escape code that switches to this style from none."""
        parts = ["1"] if self.bold else []
        if self.ink is not None:
            parts.append("38;2;{};{};{}".format(*self.ink))
        if self.paper is not None:
            parts.append("48;2;{};{};{}".format(*self.paper))
        return f"\x1b[{';'.join(parts)}m" if parts else ""


PLAIN = Style()


def fit(text: str, width: int) -> str:
    """A cleaned text cut to a display width, with "…" where something was cut."""
    text = clean(text)
    if cell_len(text) <= width:
        return text
    kept, used = [], 0
    for character in text:
        used += get_character_cell_size(character)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept) + "…" if width > 0 else ""


class Grid:
    """Cells that are written and overwritten; what lies outside is left out."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        # "" is the right half of a wide character
        self.texts = [[" "] * width for _ in range(height)]
        self.styles = [[PLAIN] * width for _ in range(height)]

    def inside(self, column: int, row: int) -> bool:
        """Whether there is such a cell."""
        return 0 <= column < self.width and 0 <= row < self.height

    def put(self, column: int, row: int, character: str, style: Style = PLAIN) -> None:
        """Write one narrow character."""
        if not self.inside(column, row):
            return
        texts = self.texts[row]
        if texts[column] == "" and column:
            texts[column - 1] = " "
        if column + 1 < self.width and texts[column + 1] == "":
            texts[column + 1] = " "
        texts[column] = character
        self.styles[row][column] = style

    def write(self, column: int, row: int, text: str, style: Style = PLAIN) -> None:
        """Write a cleaned text from a column on; wide characters take two cells, combining marks none."""
        last = -1
        for character in text:
            size = get_character_cell_size(character)
            if size == 0:
                if self.inside(last, row):
                    self.texts[row][last] += character
                continue
            if column >= 0 and column + size <= self.width:
                self.put(column, row, character, style)
                if size == 2:
                    self.put(column + 1, row, " ", style)
                    self.texts[row][column + 1] = ""
                last = column
            column += size

    def string(self, colour: bool) -> str:
        """All rows, without trailing blanks, joined by newlines."""
        return "\n".join(self._row(row, colour) for row in range(self.height))

    def _row(self, row: int, colour: bool) -> str:
        texts, styles = self.texts[row], self.styles[row]
        if not colour:
            return "".join(texts).rstrip()
        end = self.width
        while end and texts[end - 1] == " " and styles[end - 1].paper is None:
            end -= 1
        parts: list[str] = []
        now = PLAIN
        for text, style in zip(texts[:end], styles[:end], strict=True):
            if style is not now and style != now and (text != " " or style.paper != now.paper):
                if now != PLAIN:
                    parts.append("\x1b[0m")
                parts.append(style.code())
                now = style
            parts.append(text)
        if now != PLAIN:
            parts.append("\x1b[0m")
        return "".join(parts)

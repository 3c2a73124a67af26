"""A grid of terminal cells, given out as pieces of text with their styles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from rich.cells import cell_len, get_character_cell_size
from rich.color import Color
from rich.segment import Segment
from rich.style import Style as RichStyle

from ablate_tui.tui.painters.labels import clean
from ablate_tui.tui.painters.palette import RGB, Palette


@dataclass(frozen=True)
class Style:
    """Colours of a cell; None is the terminal's own."""

    ink: RGB | None = None
    paper: RGB | None = None
    bold: bool = False


Row: TypeAlias = tuple[Segment, ...]
PLAIN = Style()


@lru_cache(maxsize=1024)
def rich_style(style: Style, palette: Palette) -> RichStyle | None:
    """A style as rich has it; None for the terminal's own. Remembered: a picture has a dozen of them."""
    if style == PLAIN:
        return None
    ink = None if style.ink is None or style.ink == palette.own_ink else rich_colour(style.ink, palette)
    paper = None if style.paper is None else rich_colour(style.paper, palette)
    return RichStyle(color=ink, bgcolor=paper, bold=style.bold or None)


def rich_colour(rgb: RGB, palette: Palette) -> Color | None:
    """A palette's colour as rich has it; None for the terminal's own."""
    if not palette.few:
        return Color.from_rgb(*rgb)
    code = palette.codes[rgb]
    return None if code is None else Color.from_ansi(code)


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

    def rows(self, palette: Palette | None) -> tuple[Row, ...]:
        """All rows, without trailing blanks, each in as few pieces as its styles allow; without a palette in one."""
        return tuple(self._row(row, palette) for row in range(self.height))

    def _row(self, row: int, palette: Palette | None) -> Row:
        texts, styles = self.texts[row], self.styles[row]
        if palette is None:
            text = "".join(texts).rstrip()
            return (Segment(text),) if text else ()
        end = self.width
        while end and texts[end - 1] == " " and styles[end - 1].paper is None:
            end -= 1
        pieces: list[Segment] = []
        start, now = 0, PLAIN
        for at in range(end):
            style = styles[at]
            if style is not now and style != now and (texts[at] != " " or style.paper != now.paper):
                if start < at:
                    pieces.append(Segment("".join(texts[start:at]), rich_style(now, palette)))
                start, now = at, style
        if start < end:
            pieces.append(Segment("".join(texts[start:end]), rich_style(now, palette)))
        return tuple(pieces)

"""How the keys of a legend are laid out: as many beside each other as fit, each label no longer than the line."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ablate_tui.tui.painters.labels import Entry

HANDLE, GAP, BETWEEN = 1.6, 0.8, 1.2  # font sizes: the key, the space behind it, that before the next one
LINE = 0.18  # inches

Wide = Callable[[str, float], float]


@dataclass(frozen=True)
class Keys:
    """The entries of one legend, and how they are laid out."""

    entries: tuple[Entry, ...]
    labels: list[str]
    columns: int

    @classmethod
    def of(cls, entries: tuple[Entry, ...], room: float, size: float, wide: Wide) -> Keys:
        """Lay out entries in a room of so many inches."""
        labels, columns = layout([entry.label for entry in entries], room, size, wide)
        # matplotlib fills one column after the other; lines are to be read as lines
        order = [at for column in range(columns) for at in range(column, len(labels), columns)]
        return cls(tuple(entries[at] for at in order), [labels[at] for at in order], columns)

    @property
    def lines(self) -> int:
        """How many lines they take."""
        return math.ceil(len(self.labels) / self.columns)

    @property
    def more(self) -> float:
        """Inches beyond those of one line, for which there is room anyway."""
        return LINE * max(0, self.lines - 1)


def layout(labels: Sequence[str], room: float, size: float, wide: Wide) -> tuple[list[str], int]:
    """Labels that fit, and into how many columns they go.

    Parameters
    ----------
    labels : sequence of str
    room : float
        Inches.
    size : float
        Of the font, in points.
    wide : callable
        Inches of a text in a font of a size.

    Returns
    -------
    labels : list of str
        Cut with "…" where one is wider than the room.
    columns : int
        At least one; the first `columns` labels stand on the first line.
    """
    key, between = (HANDLE + GAP) * size / 72, BETWEEN * size / 72
    fitted = [_cut(label, room - key, size, wide) for label in labels]
    widths = [key + wide(label, size) for label in fitted]
    columns = max(1, len(widths))
    while columns > 1 and sum(max(widths[at::columns]) for at in range(columns)) + between * (columns - 1) > room:
        columns -= 1
    return fitted, columns


def _cut(label: str, room: float, size: float, wide: Wide) -> str:
    if wide(label, size) <= room:
        return label
    low, high = 0, len(label)  # characters that fit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if wide(f"{label[:middle]}…", size) <= room else (low, middle - 1)
    return f"{label[:low]}…"

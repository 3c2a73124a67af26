"""Painted panels as text."""

from __future__ import annotations

from collections.abc import Iterable

from ablate_tui.tui.figure import Panel
from ablate_tui.tui.painters import terminal
from ablate_tui.tui.painters.grid import Row
from ablate_tui.tui.painters.palette import DARK, Palette


def paint(panel: Panel, width: int, height: int, colour: bool = True, palette: Palette = DARK) -> str:
    """A panel as a terminal is told it: its lines with their escape codes."""
    rows = terminal.paint(panel, width, height, palette if colour else None)
    return "\n".join(
        "".join(piece.style.render(piece.text) if piece.style else piece.text for piece in row) for row in rows
    )


def text_of(rows: Iterable[Row]) -> str:
    """What a painted panel says."""
    return "\n".join("".join(piece.text for piece in row) for row in rows)

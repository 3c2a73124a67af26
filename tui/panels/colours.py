"""The palette's roles as rich styles."""

from __future__ import annotations

from functools import cache

from rich.color import Color
from rich.style import Style

from ablate_tui.tui.figure import Role
from ablate_tui.tui.painters.palette import colour


@cache
def inked(role: Role, bold: bool = False) -> Style:
    """Ink of a role's colour, for the dark ground of the screen."""
    return Style(color=Color.from_rgb(*colour(role, dark=True)), bold=bold)

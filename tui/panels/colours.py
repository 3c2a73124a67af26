"""The palette's roles as rich colours."""

from __future__ import annotations

from functools import cache

from rich.color import Color

from ablate_tui.tui.figure import Role
from ablate_tui.tui.painters.palette import colour


@cache
def colour_of(role: Role) -> Color:
    """A role's colour on the dark ground of the screen."""
    return Color.from_rgb(*colour(role, dark=True))

"""The palette's roles as rich styles, in the colours of the theme."""

from __future__ import annotations

from functools import cache
from typing import Any

from rich.style import Style
from textual.app import App

from ablate_tui.tui.figure import Role
from ablate_tui.tui.painters.grid import rich_colour
from ablate_tui.tui.painters.palette import DARK, PALETTES, Palette


def palette_of(app: App[Any]) -> Palette:
    """The colours that go with the theme."""
    return PALETTES.get(app.theme, DARK)


def painter_palette(app: App[Any]) -> Palette | None:
    """The colours of the plots; none under NO_COLOR."""
    return None if app.no_color else palette_of(app)


@cache
def inked(role: Role, palette: Palette, bold: bool = False) -> Style:
    """Ink of a role's colour."""
    rgb = palette.colour(role)
    return Style(color=None if rgb == palette.own_ink else rich_colour(rgb, palette), bold=bold)

"""Colour roles as RGB, for both painters and the screen, on four kinds of paper.

The two sides of a contrast are a blue and a vermilion, after Okabe & Ito (2008, "Color universal
design"), which colour-blind people tell apart. The series are a ramp, after viridis: each is lighter than
the one before, cut where it would vanish into the paper, and moved until every two of them stay apart for
colour-blind people too. `tests/tui/painters/test_palette.py` has the figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ablate_tui.tui.figure import Role

RGB: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Palette:
    """The colours of one kind of paper."""

    paper: RGB
    ink: RGB  # text and axes
    roles: Mapping[Role, RGB]
    codes: Mapping[RGB, int | None] = field(default_factory=dict)
    """Of a terminal's own colours: which of the 16 each stands for, None for its paper."""

    @property
    def few(self) -> bool:
        """Whether there are no colours between those of the roles."""
        return bool(self.codes)

    @property
    def own_ink(self) -> RGB | None:
        """What the terminal writes with unless it is told otherwise; None where it always is told."""
        return self.ink if self.few else None

    def colour(self, role: Role) -> RGB:
        """The colour of a role."""
        return self.roles[role]

    def blend(self, over: RGB, share: float) -> RGB:
        """`share` (0 … 1) of a colour over the paper; of few colours, whichever is nearer."""
        if self.few:
            return over if share >= 0.5 else self.paper
        return blend(over, self.paper, share)

    def shade(self, value: float) -> RGB:
        """The paper tinted by a cell's shade: −1 is the colour of "off", 1 that of "on", 0 or NaN none."""
        if not math.isfinite(value):
            return self.paper
        return self.blend(self.colour("on" if value > 0 else "off"), 0.8 * min(1.0, abs(value)))


LIGHT = Palette(
    (255, 255, 255),
    (34, 38, 44),
    {
        "off": (0, 116, 188),
        "on": (188, 79, 0),
        "neutral": (64, 70, 78),
        "accent": (0, 110, 80),
        "muted": (106, 112, 120),
        "series0": (69, 0, 83),
        "series1": (60, 83, 141),
        "series2": (28, 124, 146),
        "series3": (110, 125, 106),
        "series4": (109, 153, 98),
        "series5": (180, 141, 2),
    },
)
DARK = Palette(
    (24, 26, 31),
    (226, 228, 232),
    {
        "off": (96, 165, 250),
        "on": (240, 134, 64),
        "neutral": (208, 212, 218),
        "accent": (80, 205, 130),
        "muted": (134, 140, 148),
        "series0": (116, 93, 217),
        "series1": (123, 136, 221),
        "series2": (72, 157, 166),
        "series3": (13, 200, 149),
        "series4": (145, 203, 101),
        "series5": (252, 226, 45),
    },
)
CONTRAST = Palette(
    (0, 0, 0),
    (255, 255, 255),
    {
        "off": (120, 180, 255),
        "on": (255, 150, 70),
        "neutral": (255, 255, 255),
        "accent": (90, 240, 150),
        "muted": (190, 194, 200),
        "series0": (121, 100, 230),
        "series1": (121, 140, 199),
        "series2": (40, 161, 158),
        "series3": (0, 205, 151),
        "series4": (136, 203, 25),
        "series5": (255, 240, 111),
    },
)
# The colours are xterm's, to reckon with; what is sent is their number. Its blue, red and greys are left out: on one
# of the common grounds nobody can read them.
TERMINAL = Palette(
    (1, 1, 1),
    (229, 229, 229),
    {
        "off": (0, 205, 205),
        "on": (205, 205, 0),
        "neutral": (229, 229, 229),
        "accent": (0, 205, 0),
        "muted": (229, 229, 229),
        "series0": (92, 92, 255),
        "series1": (205, 0, 205),
        "series2": (0, 205, 205),
        "series3": (0, 205, 0),
        "series4": (205, 205, 0),
        "series5": (229, 229, 229),
    },
    {
        (1, 1, 1): None,
        (0, 0, 0): 0,
        (0, 205, 0): 2,
        (205, 205, 0): 3,
        (205, 0, 205): 5,
        (0, 205, 205): 6,
        (229, 229, 229): 7,
        (92, 92, 255): 12,
        (255, 255, 255): 15,
    },
)
PALETTES: Mapping[str, Palette] = {"dark": DARK, "light": LIGHT, "contrast": CONTRAST, "terminal": TERMINAL}


def on(dark: bool) -> Palette:
    """The palette of a picture on dark or light paper."""
    return DARK if dark else LIGHT


def colour(role: Role, dark: bool) -> RGB:
    """The colour of a role in a picture."""
    return on(dark).colour(role)


def hexed(rgb: RGB) -> str:
    """A colour as "#rrggbb"."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def paper(dark: bool) -> RGB:
    """A picture's background."""
    return on(dark).paper


def ink(dark: bool) -> RGB:
    """Text and axes of a picture."""
    return on(dark).ink


def blend(over: RGB, under: RGB, share: float) -> RGB:
    """`share` (0 … 1) of one colour over another."""
    red, green, blue = (round(share * a + (1 - share) * b) for a, b in zip(over, under, strict=True))
    return red, green, blue


def shade(value: float, dark: bool) -> RGB:
    """A picture's paper tinted by a cell's shade."""
    return on(dark).shade(value)


def luminance(rgb: RGB) -> float:
    """How much light a colour gives, 0 … 1 (WCAG 2's relative luminance)."""

    def linear(channel: int) -> float:
        part = channel / 255
        return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)

    return 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2])


def ink_on(rgb: RGB) -> RGB:
    """Black or white, whichever reads better on a colour."""
    # contrast with white is 1.05 / (L + .05), with black (L + .05) / .05; equal at L = .179
    return (0, 0, 0) if luminance(rgb) > 0.179 else (255, 255, 255)

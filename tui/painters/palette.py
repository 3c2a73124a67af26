"""Colour roles as RGB, for both painters, on dark and on light paper.

The two sides of a contrast are the blue and the vermilion of Okabe & Ito (2008, "Color universal
design"), which colour-blind people tell apart; on dark paper their lighter relatives. The series are a
ramp, from viridis, cut where it would vanish into the paper.
"""

from __future__ import annotations

import math
from typing import TypeAlias

from ablate_tui.tui.figure import Role

RGB: TypeAlias = tuple[int, int, int]

_LIGHT: dict[Role, RGB] = {
    "off": (0, 114, 178),
    "on": (213, 94, 0),
    "neutral": (64, 70, 78),
    "accent": (0, 138, 100),
    "muted": (140, 144, 150),
    "series0": (68, 30, 112),
    "series1": (59, 82, 139),
    "series2": (38, 124, 142),
    "series3": (31, 158, 120),
    "series4": (122, 183, 60),
    "series5": (214, 176, 20),
}
_DARK: dict[Role, RGB] = {
    "off": (86, 180, 233),
    "on": (240, 134, 64),
    "neutral": (208, 212, 218),
    "accent": (48, 196, 152),
    "muted": (122, 128, 136),
    "series0": (133, 112, 214),
    "series1": (94, 136, 214),
    "series2": (62, 164, 190),
    "series3": (52, 190, 142),
    "series4": (142, 208, 84),
    "series5": (250, 224, 66),
}


def colour(role: Role, dark: bool) -> RGB:
    """The colour of a role."""
    return (_DARK if dark else _LIGHT)[role]


def hexed(rgb: RGB) -> str:
    """A colour as "#rrggbb"."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def paper(dark: bool) -> RGB:
    """The background."""
    return (24, 26, 31) if dark else (255, 255, 255)


def ink(dark: bool) -> RGB:
    """Text and axes."""
    return (226, 228, 232) if dark else (34, 38, 44)


def blend(over: RGB, under: RGB, share: float) -> RGB:
    """`share` (0 … 1) of one colour over another."""
    red, green, blue = (round(share * a + (1 - share) * b) for a, b in zip(over, under, strict=True))
    return red, green, blue


def shade(value: float, dark: bool) -> RGB:
    """The paper tinted by a cell's shade: −1 is the colour of "off", 1 that of "on", 0 or NaN none."""
    if not math.isfinite(value):
        return paper(dark)
    share = min(1.0, abs(value))
    return blend(colour("on" if value > 0 else "off", dark), paper(dark), 0.8 * share)


def ink_on(rgb: RGB) -> RGB:
    """Black or white, whichever reads better on a colour (WCAG 2 relative luminance)."""

    def linear(channel: int) -> float:
        part = channel / 255
        return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)

    luminance = 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2])
    # contrast with white is 1.05 / (L + .05), with black (L + .05) / .05; equal at L = .179
    return (0, 0, 0) if luminance > 0.179 else (255, 255, 255)

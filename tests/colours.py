"""What colours look like: contrast (WCAG 2), difference (CIEDE2000), and as colour-blind people see them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ablate_tui.tui.painters.palette import RGB, luminance

# Machado, Oliveira & Fernandes (2009), "A physiologically-based model for simulation of color vision deficiency",
# IEEE TVCG 15(6):1291-1298, table of matrices for severity 1.0, on linear RGB
BLINDNESS = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
SIGHTS = ("normal", *BLINDNESS)
# IEC 61966-2-1: linear sRGB to XYZ under D65
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def contrast(one: RGB, other: RGB) -> float:
    """Contrast ratio (WCAG 2.2), 1 … 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def linear(rgb: RGB) -> NDArray[np.float64]:
    """sRGB's channels as amounts of light."""
    part = np.array(rgb) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(rgb: RGB, sight: str = "normal") -> NDArray[np.float64]:
    """CIELAB under D65 of a colour as it is seen."""
    light = linear(rgb)
    if sight != "normal":
        light = np.clip(np.array(BLINDNESS[sight]) @ light, 0, 1)
    white = XYZ @ np.ones(3)
    ratio = XYZ @ light / white
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Difference of two CIELAB colours (Sharma, Wu & Dalal 2005, Color Res. Appl. 30(1):21-30)."""
    (l1, a1, b1), (l2, a2, b2) = map(tuple, (one, other))
    mean_c = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - math.sqrt(mean_c**7 / (mean_c**7 + 25**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = (math.degrees(math.atan2(b, a)) % 360 if a or b else 0.0 for a, b in ((a1, b1), (a2, b2)))
    turn = h2 - h1
    if c1 * c2 == 0:
        turn = 0.0
    elif abs(turn) > 180:
        turn -= math.copysign(360, turn)
    dl, dc, dh = l2 - l1, c2 - c1, 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    ml, mc, mh = (l1 + l2) / 2, (c1 + c2) / 2, h1 + h2
    if c1 * c2:
        mh = (mh if abs(h1 - h2) <= 180 else mh + 360 if mh < 360 else mh - 360) / 2
    t = 1 - 0.17 * _cos(mh - 30) + 0.24 * _cos(2 * mh) + 0.32 * _cos(3 * mh + 6) - 0.20 * _cos(4 * mh - 63)
    sl = 1 + 0.015 * (ml - 50) ** 2 / math.sqrt(20 + (ml - 50) ** 2)
    sc, sh = 1 + 0.045 * mc, 1 + 0.015 * mc * t
    around = 60 * math.exp(-(((mh - 275) / 25) ** 2))
    rt = -math.sin(math.radians(around)) * 2 * math.sqrt(mc**7 / (mc**7 + 25**7))
    return math.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * dc / sc * dh / sh)


def _cos(degrees: float) -> float:
    return math.cos(math.radians(degrees))


def difference(one: RGB, other: RGB, sight: str = "normal") -> float:
    """CIEDE2000 of two colours as they are seen."""
    return ciede2000(lab(one, sight), lab(other, sight))

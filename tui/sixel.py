"""A picture as sixels: bands of six rows, one pass for each colour of a band.

DEC's "Sixel graphics" (VT330/VT340 Programmer Reference Manual, volume 2, chapter 14).
"""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np

COLOURS = 64  # of a plot, with the shades at the edges of letters
RUN = re.compile(rb"(.)\1{3,}", re.S)


def scaled(png: bytes, width: int, height: int) -> Any:
    """A PNG as a Pillow image of a size, in few colours."""
    from PIL import Image

    image = Image.open(io.BytesIO(png)).convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    return image.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def encode(png: bytes, width: int, height: int) -> str:
    """The escape sequence that draws a PNG in a size, from the cursor on."""
    image = scaled(png, width, height)
    palette = image.getpalette()
    pixels = np.asarray(image)
    used = np.unique(pixels)
    out = [f'\x1bP0;1;0q"1;1;{width};{height}'.encode()]
    for number in used:
        red, green, blue = (round(value * 100 / 255) for value in palette[3 * number : 3 * number + 3])
        out.append(b"#%d;2;%d;%d;%d" % (number, red, green, blue))
    for top in range(0, height, 6):
        band = pixels[top : top + 6]
        weights = (1 << np.arange(len(band), dtype=np.uint8))[:, None]
        passes = []
        for number in np.unique(band):
            columns = ((band == number) * weights).sum(axis=0, dtype=np.uint8) + 63
            text = columns.tobytes().rstrip(b"?")
            passes.append(b"#%d" % number + RUN.sub(lambda run: b"!%d%c" % (len(run.group()), run.group(1)[0]), text))
        out.append(b"$".join(passes) + b"-")
    out.append(b"\x1b\\")
    return b"".join(out).decode("ascii")

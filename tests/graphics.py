"""Terminals that show pictures: what they answer, and what they would show of what is sent to them."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
from PIL import Image

from ablate_tui.tui.terminals import GRAPHICS

CELL = b"\x1b[6;20;10t"
KITTY = {
    GRAPHICS.encode(): b"\x1b_Gi=31;OK\x1b\\",
    b"\x1b[>q": b"\x1bP>|kitty(0.36.4)\x1b\\",
    b"\x1b[16t": CELL,
    b"\x1b[c": b"\x1b[?62;52;c",
}
ITERM = {b"\x1b[>q": b"\x1bP>|iTerm2 3.5.11\x1b\\", b"\x1b[16t": CELL, b"\x1b[c": b"\x1b[?62;4c"}
SIXEL = {  # xterm -ti vt340
    b"\x1b[>q": b"\x1bP>|XTerm(390)\x1b\\",
    b"\x1b[16t": CELL,
    b"\x1b[c": b"\x1b[?63;1;2;4;6;9;15;16;22;28c",
}
PLAIN = {b"\x1b[c": b"\x1b[?62;22c"}


def unwrapped(raw: bytes) -> bytes:
    """What comes through tmux of what was wrapped for the terminal, and that alone."""
    wrapped = re.findall(rb"\x1bPtmux;((?:[^\x1b]|\x1b\x1b)*)\x1b\\", raw)
    return b"".join(part.replace(b"\x1b\x1b", b"\x1b") for part in wrapped)


def kitty_pictures(raw: bytes) -> list[tuple[dict[str, str], bytes]]:
    """Pictures by kitty's protocol: the keys of the first message, and the file."""
    pictures: list[tuple[dict[str, str], bytes]] = []
    for keys, payload in re.findall(rb"\x1b_G([^;\x1b]*)(?:;([^\x1b]*))?\x1b\\", raw):
        told = dict(pair.split("=") for pair in keys.decode().split(","))
        if told.get("a") == "T":
            pictures.append((told, b""))
        if told.get("a") in ("T", None):
            assert len(payload) <= 4096
            pictures[-1] = (pictures[-1][0], pictures[-1][1] + payload)
            done = told["m"] == "0"
    assert not pictures or done
    return [(told, base64.b64decode(payload, validate=True)) for told, payload in pictures]


def iterm_files(raw: bytes) -> list[tuple[dict[str, str], bytes]]:
    """Files by iTerm2's OSC 1337, whole or in parts."""
    files: list[tuple[dict[str, str], bytes]] = []
    parts = b""
    for command, rest in re.findall(rb"\x1b\]1337;(\w+)=?([^\x07]*)\x07", raw):
        head, _, payload = rest.partition(b":")
        if command == b"FilePart":
            parts += rest
        elif command == b"FileEnd":
            files[-1] = (files[-1][0], base64.b64decode(parts, validate=True))
        else:
            told = dict(pair.split("=", 1) for pair in head.decode().split(";"))
            files.append((told, base64.b64decode(payload, validate=True)))
            parts = b""
    for told, content in files:
        assert int(told["size"]) == len(content)
    return files


def sixel_picture(raw: bytes) -> np.ndarray:
    """The pixels of the last sixel picture, as DEC's manual has it."""
    raster, body = re.findall(rb"\x1bP[\d;]*q\"([\d;]+)((?:[^\x1b])*)\x1b\\", raw)[-1]
    _, _, width, height = map(int, raster.split(b";"))
    pixels = np.full((-(-height // 6) * 6, width, 3), -1.0)
    colours: dict[int, tuple[float, ...]] = {}
    x = y = 0
    colour: tuple[float, ...] = (0.0, 0.0, 0.0)
    token = re.compile(rb"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|([$-])")
    at = 0
    while at < len(body):
        found = token.match(body, at)
        assert found, body[at : at + 20]
        at = found.end()
        number, red, green, blue, count, repeated, single, move = found.groups()
        if number is not None:
            if red is not None:
                colours[int(number)] = tuple(int(part) * 2.55 for part in (red, green, blue))
            colour = colours[int(number)]
        elif move == b"$":
            x = 0
        elif move == b"-":
            x, y = 0, y + 6
        else:
            times, sign = int(count or 1), (repeated or single)[0] - 63
            for bit in range(6):
                if sign >> bit & 1:
                    pixels[y + bit, x : x + times] = colour
            x += times
    shown = pixels[:height]
    assert (shown >= 0).all(), "every pixel is painted"
    return shown


def pixels_of(png: bytes, size: tuple[int, int] | None = None) -> np.ndarray:
    """A picture's pixels, perhaps scaled."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS) if size else image).astype(float)

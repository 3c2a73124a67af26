"""What is sent to a terminal beyond text: pictures, files, its clipboard. Functions that give the bytes, as text."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass
from functools import cache
from unicodedata import combining, decomposition

from ablate_tui.tui.sixel import encode
from ablate_tui.tui.terminals import Terminal

IMAGE = 171  # kitty's number of our picture: in tmux it is told as one of 256 colours, which tmux never changes
CHUNK = 4096  # of base64 in one of kitty's messages, which is the most it takes
WHOLE = 700_000  # of base64 in one sequence for iTerm2: tmux takes a megabyte, and WezTerm knows no parts
PART = 64 * 1024  # of base64 in each part of a larger file
LARGEST = 20 * 1024 * 1024  # bytes of a file that is offered for download: beyond, scp is quicker
PLACEHOLDER = "\U0010eeee"


@dataclass(frozen=True)
class Area:
    """Cells of the screen."""

    x: int
    y: int
    width: int
    height: int


def through(sequence: str, terminal: Terminal) -> str:
    """A sequence for the terminal itself: tmux lets it through where it is wrapped, with its escapes doubled."""
    if terminal.tmux is None:
        return sequence
    return f"\x1bPtmux;{sequence.replace(chr(27), chr(27) * 2)}\x1b\\"


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG in pixels, from its header."""
    width, height = struct.unpack(">II", png[16:24])
    return int(width), int(height)


def fitted(png: bytes, area: Area, cell: tuple[int, int]) -> tuple[Area, tuple[int, int]]:
    """The cells and pixels that a picture takes in the middle of an area, as large as its shape allows."""
    width, height = size_of(png)
    scale = min(area.width * cell[0] / width, area.height * cell[1] / height)
    pixels = max(1, int(width * scale)), max(1, int(height * scale))
    columns = min(area.width, -(-pixels[0] // cell[0]))
    rows = min(area.height, -(-pixels[1] // cell[1]), len(marks()))
    return Area(area.x + (area.width - columns) // 2, area.y, columns, rows), pixels


def picture(png: bytes, area: Area, terminal: Terminal) -> tuple[str, str]:
    """What shows a PNG in an area of the screen; the cursor goes back to where it was.

    Returns
    -------
    once, again : str
        What is sent once, and what is sent as often as the area is painted.
    """
    place, pixels = fitted(png, area, terminal.cell)
    if terminal.pictures == "kitty":
        once = f"\x1b7\x1b[{place.y + 1};{place.x + 1}H{_kitty(png, place, terminal)}\x1b8"
        return once, f"\x1b7{_placeholders(place)}\x1b8" if terminal.tmux is not None else ""
    if terminal.pictures == "iterm2":
        shown = _iterm2(png, place, terminal)
    elif terminal.pictures == "sixel":
        shown = f"\x1b[{place.y + 1};{place.x + 1}H{encode(png, *pixels)}"
    else:
        return "", ""
    return "", f"\x1b7{shown}\x1b8"


def erased(terminal: Terminal) -> str:
    """What takes the picture from the screen, and everything else with it."""
    forgotten = through(f"\x1b_Ga=d,d=I,i={IMAGE},q=2\x1b\\", terminal) if terminal.pictures == "kitty" else ""
    return f"{forgotten}\x1b[2J"


def _kitty(png: bytes, place: Area, terminal: Terminal) -> str:
    """kitty's graphics protocol: the PNG itself in chunks, shown at the cursor; in tmux, where `_placeholders` say."""
    virtual = ",U=1" if terminal.tmux is not None else ""
    first = f"a=T,f=100,t=d,i={IMAGE},q=2,C=1,c={place.width},r={place.height}{virtual},"
    text = base64.b64encode(png).decode("ascii")
    chunks = [text[at : at + CHUNK] for at in range(0, len(text), CHUNK)]
    return "".join(
        through(f"\x1b_G{'' if at else first}m={int(at + 1 < len(chunks))};{chunk}\x1b\\", terminal)
        for at, chunk in enumerate(chunks)
    )


def _placeholders(place: Area) -> str:
    """Cells of text that stand for kitty's picture: tmux does not know where a picture lies, but where text does."""
    rest = PLACEHOLDER * (place.width - 1)  # the first cell of a line says its row and column, the others go on from it
    lines = (
        f"\x1b[{place.y + row + 1};{place.x + 1}H{PLACEHOLDER}{marks()[row]}{marks()[0]}{rest}"
        for row in range(place.height)
    )
    return f"\x1b[38;5;{IMAGE}m{''.join(lines)}\x1b[39m"


@cache
def marks() -> tuple[str, ...]:
    """The marks that number the rows of kitty's placeholders: those above a letter that no letter is made of.

    Its list is of Unicode 6; in this range, newer versions have the same.
    """
    parts = {
        part
        for code in range(0xA0, 0x2000)
        if (made := decomposition(chr(code))) and not made.startswith("<")
        for part in made.split()[1:]
    }
    above = (chr(code) for code in range(0x300, 0x830) if f"{code:04X}" not in parts)
    return tuple(sign for sign in above if combining(sign) == 230 and not decomposition(sign))


def _iterm2(png: bytes, place: Area, terminal: Terminal) -> str:
    """iTerm2's inline images (OSC 1337). In tmux the place is that in the terminal, beyond the pane's."""
    left, top = (terminal.tmux.left, terminal.tmux.top) if terminal.tmux is not None else (0, 0)
    options = f"inline=1;width={place.width};height={place.height};preserveAspectRatio=1;doNotMoveCursor=1"
    moved = f"\x1b[{top + place.y + 1};{left + place.x + 1}H"
    parts = _file(options, png)
    parts[-1] = moved + parts[-1]  # which shows it: between two parts tmux may have moved the cursor
    return "".join(through(part, terminal) for part in parts)


def _file(options: str, content: bytes) -> list[str]:
    """A file for iTerm2, in one sequence, or in parts where it is large."""
    text = base64.b64encode(content).decode("ascii")
    if len(text) <= WHOLE:
        return [f"\x1b]1337;File={options};size={len(content)}:{text}\a"]
    parts = [f"\x1b]1337;FilePart={text[at : at + PART]}\a" for at in range(0, len(text), PART)]
    return [f"\x1b]1337;MultipartFile={options};size={len(content)}\a", *parts, "\x1b]1337;FileEnd\a"]


def download(name: str, content: bytes, terminal: Terminal) -> str:
    """What offers a file to iTerm2, which asks the person."""
    told = base64.b64encode(name.encode("utf-8", "replace")).decode("ascii")
    return "".join(through(part, terminal) for part in _file(f"name={told};inline=0", content))


def clipboard(text: str, terminal: Terminal) -> str:
    """What puts a text into the clipboard (OSC 52), straight or through tmux."""
    told = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    sequence = f"\x1b]52;c;{told}\a"
    return through(sequence, terminal) if terminal.clipboard == "passthrough" else sequence

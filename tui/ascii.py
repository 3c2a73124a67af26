"""Signs of ASCII in place of all others, one cell for one cell, so that what stood in columns still does.

The words, lines and marks of this program have stand-ins that mean the same; of names from data, a letter
that ASCII has not becomes "?" on the screen and in tables.
"""

from __future__ import annotations

import codecs
import io
import sys

ERRORS = "ablate-tui-ascii"  # as in text.encode("ascii", ERRORS)

_PAIRS = (
    ("−–—‐‑→←↑↓›‹…·²³₀₁⁸ⁿ×±≤≥≠∘“”‘’′•⏎", "-----><^v><..23018nx~<>!o\"\"'''*\\"),
    ("▸▹▾▼▲◆◈◇●○■□✗√∞ΔΣστφνθχπψγΓ", ">+vv^**o@o#=xV8DSstfvqcpygG"),
    ("─━┄┅═╌╍▔▁▂▃▄▅▆▇█▓▒░▀▏▎▍▌▋▊▉▕▐", '--------___o####%+."|||||##||'),
    ("│┃║╏┊┆▘▝▖▗▚▞▙▛▜▟", '||||::""ooOOOOOO'),
)
_CORNERS = "┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝┏┓┗┛"
STAND_INS: dict[str, str] = {sign: own for signs, owns in _PAIRS for sign, own in zip(signs, owns, strict=True)}
STAND_INS |= dict.fromkeys(_CORNERS, "+")


def _braille(dots: int) -> str:
    """The line or cloud that eight dots draw, as one sign."""
    left = [row for row, bit in enumerate((0x01, 0x02, 0x04, 0x40)) if dots & bit]
    right = [row for row, bit in enumerate((0x08, 0x10, 0x20, 0x80)) if dots & bit]
    rows = sorted({*left, *right})
    if not rows:
        return " "
    if left and right:
        rise = sum(left) / len(left) - sum(right) / len(right)
        if abs(rise) >= 1.5:
            return "/" if rise > 0 else "\\"
    if len(left) + len(right) >= 6:
        return ":"
    if len(rows) >= 3:
        return "|"
    middle = sum(rows) / len(rows)
    return "'" if middle < 1 else "." if middle > 2 else "-"


STAND_INS |= {chr(0x2800 + dots): _braille(dots) for dots in range(256)}


def _replaced(error: UnicodeError) -> tuple[str, int]:
    """What stands for the signs of a text that ASCII has not, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    run = error.object[error.start : error.end]
    known = [STAND_INS.get(sign) for sign in run]
    if None not in known:
        return "".join(str(own) for own in known), error.end
    from rich.cells import cell_len

    parts = [own if own is not None else "?" * cell_len(sign) for own, sign in zip(known, run, strict=True)]
    return "".join(parts), error.end


codecs.register_error(ERRORS, _replaced)


def as_ascii(text: str) -> str:
    """A text in ASCII, in as many cells."""
    return text.encode("ascii", ERRORS).decode("ascii")


def speak(everywhere: bool = True) -> None:
    """Send ASCII alone from here on, whoever writes: the screen goes through stdout, too; or to terminals alone."""
    for stream in {sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__}:
        if isinstance(stream, io.TextIOWrapper) and (everywhere or stream.isatty()):
            stream.reconfigure(encoding="ascii", errors=ERRORS)


def speak_unicode() -> None:
    """Send every sign as it is, whatever the locale says; half a sign of a name as an escape."""
    for stream in {sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__}:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")

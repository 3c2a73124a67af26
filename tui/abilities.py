"""What a terminal can show, from what it says of itself in the environment; nothing is asked of it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

MILLIONS = 1 << 24
PLAIN_TERMS = re.compile(r"linux|vt\d.*|ansi|cons25.*|dumb|unknown")
"""Their fonts have few signs: that of the Linux console knows no braille and few blocks, at most 512 in all."""


def colours(environment: Mapping[str, str] | None = None) -> int:
    """How many colours may be sent: none under NO_COLOR, else what COLORTERM and terminfo know of TERM."""
    told = os.environ if environment is None else environment
    if "NO_COLOR" in told:
        return 0
    if told.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return MILLIONS
    term = told.get("TERM", "")
    if term.endswith("-direct"):
        return MILLIONS
    if "kitty" in term:
        return 256
    if said := re.search(r"-(\d+)color$", term):
        return int(said[1])
    return _terminfo(term)


def _terminfo(term: str) -> int:
    try:
        import curses

        with open(os.devnull, "wb") as nowhere:
            curses.setupterm(term or "unknown", nowhere.fileno())
            return max(0, curses.tigetnum("colors"))
    except Exception:  # no curses, or a terminal that it doesn't know: as most have it
        return 0 if term in ("dumb", "unknown") else 8


def has_screen(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the cursor can be moved."""
    told = os.environ if environment is None else environment
    return told.get("TERM", "") not in ("dumb", "unknown")


def speaks_unicode(environment: Mapping[str, str] | None = None) -> bool:
    """Whether signs beyond ASCII can be shown.

    No, where the locale says another encoding than UTF-8, as C and POSIX do, or the terminal is one whose
    font lacks most signs. Yes, where nothing is said: so it is in most containers, under terminals that can.
    """
    told = os.environ if environment is None else environment
    if PLAIN_TERMS.fullmatch(told.get("TERM", "")):
        return False
    # Python itself sets LC_CTYPE=C.UTF-8 where it finds the C locale (PEP 538), so that says nothing
    kind = told.get("LC_CTYPE", "")
    spoken = told.get("LC_ALL") or ("" if kind == "C.UTF-8" else kind) or told.get("LANG", "")
    return not spoken or re.search("utf-?8", spoken, re.IGNORECASE) is not None

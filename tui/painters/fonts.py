"""Fonts of pictures: matplotlib's own, then whatever installed one has the characters that it lacks."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal

Weight = Literal["normal", "bold"]
Slant = Literal["normal", "italic"]

OWN = "DejaVu Sans"  # matplotlib brings it along
# looked at first, since their letters suit; then all others by name
_FIRST = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Noto Sans JP",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "SimHei",
    "Arial Unicode MS",
)
# they have a box for every character, or other signs in the places of letters
_FALSE = ("Last Resort", "LastResort", "STIX", "cm", "Adobe Blank", "Symbol", "Wingdings", "Webdings")


def families(texts: Iterable[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Which fonts write texts, and the characters that no installed font has.

    Characters of other scripts make it look through the installed fonts, once for each in a process.
    """
    foreign = {character for text in texts for character in text if not character.isascii()}
    found = {character: family_of(character) for character in foreign}
    names = sorted({name for name in found.values() if name and name != OWN}, key=_place)
    return (OWN, *names), frozenset(character for character, name in found.items() if not name)


def plain(text: str, weight: Weight, style: Slant) -> bool:
    """Whether a text has letters that our own font has upright and of normal weight only, as Arabic ones."""
    foreign = [ord(character) for character in text if not character.isascii()]
    if not foreign:
        return False
    upright, asked = _face("normal", "normal"), _face(weight, style)
    return any(upright.get_char_index(sign) and not asked.get_char_index(sign) for sign in foreign)


@contextmanager
def quiet() -> Iterator[None]:
    """Without matplotlib's word that a font has no bold or no italic letters."""
    told = logging.getLogger("matplotlib.font_manager")
    level = told.level
    told.setLevel(logging.ERROR)
    try:
        yield
    finally:
        told.setLevel(level)


@cache
def family_of(character: str) -> str | None:
    """The first font that has a character; None where no installed one has."""
    if _face("normal", "normal").get_char_index(ord(character)):
        return OWN
    for entries in (_known, _new):
        for name, path in entries():
            if _has(path, character):
                return name
    return None


@cache
def _face(weight: Weight, style: Slant) -> Any:
    from matplotlib import font_manager

    wanted = font_manager.FontProperties(family=OWN, weight=weight, style=style)
    return font_manager.get_font(font_manager.findfont(wanted))


@cache
def _known() -> list[tuple[str, str]]:
    """The upright fonts that matplotlib knows of, those that suit best first."""
    from matplotlib import font_manager

    paths: dict[str, str] = {}
    for font in font_manager.fontManager.ttflist:
        if font.style == "normal" and not font.name.startswith(_FALSE):
            paths.setdefault(font.name, font.fname)
    return sorted(paths.items(), key=lambda entry: _place(entry[0]))


@cache
def _new() -> list[tuple[str, str]]:
    """Those installed since matplotlib made its list, which it keeps for good."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    listed = {font.fname for font in manager.ttflist}
    before = {name for name, _ in _known()}
    for path in sorted({*font_manager.findSystemFonts()} - listed):
        try:
            manager.addfont(path)
        except Exception:  # fonts of bitmaps, broken files: matplotlib leaves them out in the same way
            continue
    _known.cache_clear()
    return [entry for entry in _known() if entry[0] not in before]


def _has(path: str, character: str) -> bool:
    from matplotlib import font_manager

    try:
        return bool(font_manager.get_font(path).get_char_index(ord(character)))
    except (OSError, RuntimeError):  # it was there when the list was made
        return False


def _place(name: str) -> tuple[int, bool, str]:
    """Where a font stands in the order."""
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST)), "Sans" not in name, name

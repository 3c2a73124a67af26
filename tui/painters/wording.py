"""The texts of a figure as a picture writes them: what no font has by its number, Hebrew and Arabic in their place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

from ablate_tui.tui.figure import Axis, Bars, Cells, Figure, Intervals, Mark, Panel, Points

LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"
_RIGHT_TO_LEFT = re.compile("r[rm]*(?:[ '’_-]+r[rm]*)*")

Change = Callable[[str], str]


def changed(figure: Figure, change: Change) -> Figure:
    """A figure with every text put through a function."""
    return replace(
        figure,
        title=change(figure.title),
        subtitle=change(figure.subtitle),
        footer=change(figure.footer),
        notes=tuple(map(change, figure.notes)),
        panels=tuple(_panel(panel, change) for panel in figure.panels),
    )


def _panel(panel: Panel, change: Change) -> Panel:
    ramp = panel.colorbar and (change(panel.colorbar[0]), change(panel.colorbar[1]))
    return replace(
        panel,
        title=change(panel.title),
        empty=change(panel.empty),
        words=tuple(map(change, panel.words)),
        colorbar=ramp,
        x=_axis(panel.x, change),
        y=_axis(panel.y, change),
        marks=tuple(_mark(mark, change) for mark in panel.marks),
    )


def _axis(axis: Axis, change: Change) -> Axis:
    ticks = tuple((position, change(text)) for position, text in axis.ticks)
    return replace(axis, label=change(axis.label), ticks=ticks)


def _mark(mark: Mark, change: Change) -> Mark:
    if isinstance(mark, Cells):
        return replace(mark, texts=tuple(tuple(map(change, row)) for row in mark.texts))
    if isinstance(mark, Bars | Intervals | Points):
        return replace(mark, label=change(mark.label), texts=tuple(map(change, mark.texts)))
    return replace(mark, label=change(mark.label))


def written(text: str, missing: frozenset[str]) -> str:
    """A text in which ‹6B63 5219› stands for characters that no font has, so that names stay apart."""
    signs = "".join(map(re.escape, sorted(missing)))
    return re.sub(f"[{signs}]+", lambda run: f"‹{' '.join(f'{ord(sign):04X}' for sign in run[0])}›", text)


def directed(text: str) -> str:
    """Lines that run from left to right whatever letters they begin with.

    Where matplotlib orders letters (from 3.11 on), a line that begins with Hebrew or Arabic would run from right to
    left as a whole, and numbers and signs behind such a name would change sides with it: "name = 5" became "5 = name".
    A mark at the start of the line and one behind each name of such letters keep the rest where it belongs.
    """
    return "\n".join(map(_line, text.split("\n")))


def _line(line: str) -> str:
    if line.isascii():
        return line
    kinds = "".join(_kind(sign) for sign in line)
    ends = [found.end() for found in _RIGHT_TO_LEFT.finditer(kinds)]
    if not ends:
        return line
    parts = [line[a:b] for a, b in zip([0, *ends], [*ends, len(line)], strict=True)]
    return LEFT_TO_RIGHT + LEFT_TO_RIGHT.join(parts)


def _kind(sign: str) -> str:
    """What a sign is: r for letters from right to left, m for signs on a letter; blanks and hyphens as they are."""
    if sign in " '’_-":
        return sign
    return {"R": "r", "AL": "r", "NSM": "m"}.get(unicodedata.bidirectional(sign), "x")

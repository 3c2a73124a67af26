"""Lines, clouds and filled shapes by plotext, in dots of an eighth of a cell. plotext's one home.

plotext draws the plotting area alone: no axes and no texts, so that nothing from data reaches it but
coordinates. A value that is not finite, or far outside the limits, would end the process; so values
become positions in cells first, and only those inside the area are passed on.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate_tui.tui.painters.palette import RGB

Floats = NDArray[np.float64]
_INSET = 1e-3  # keeps a point on the border inside the last dot
_CELL = re.compile(r"\x1b\[([0-9;]*)m|([^\x1b\n])")


@dataclass(frozen=True)
class Stroke:
    """Connected or single points of one colour, in cells from the upper left corner."""

    x: Floats
    y: Floats
    connected: bool
    marker: str  # "braille", "hd" or one character
    ink: RGB


def load() -> Any:
    """plotext without its manual, which takes two thirds of its import."""
    manual = "plotext._doc.doc"
    if "plotext" not in sys.modules:
        sys.modules[manual] = ModuleType(manual)
        sys.modules[manual].docs = None  # type: ignore[attr-defined]
    try:
        import plotext
    finally:
        if not hasattr(sys.modules.get(manual), "__file__"):
            sys.modules.pop(manual, None)
    return plotext


def draw(strokes: Iterable[Stroke], width: int, height: int) -> list[tuple[int, int, str, RGB | None]]:
    """Draw strokes onto an empty area.

    Parameters
    ----------
    strokes : iterable of Stroke
        Later ones lie above earlier ones. Points outside the area and those that are not finite break a
        line, and are left out of a cloud.
    width, height : int
        Of the area, in cells.

    Returns
    -------
    list of (column, row, character, colour)
        The cells that are not blank.
    """
    plotext = load()
    pieces = [piece for stroke in strokes for piece in _pieces(stroke, width, height)]
    if not pieces or width < 1 or height < 1:
        return []
    figure = _figure(width, height)
    for piece in pieces:
        marker = plotext.marker(piece.marker, plotext.pixel(piece.ink))
        y = height - piece.y - 0.5
        if height == 1:
            y = np.clip(y, 0.0, 0.5)
        # `figure.signal(x, y)` copies the marker for every point, and `figure.draw` asks every point for its colour,
        # so as to give others next: most of plotext's time, and nothing that is needed here
        signal = type(figure.signal([], []))(len(y))
        signal._append_points((piece.x - 0.5).tolist(), y.tolist(), [marker] * len(y))
        figure._signals._add(signal.lines() if piece.connected else signal)
    return list(_cells(figure.build().string()))


class _Own(threading.local):
    """A thread's own terminal and figure: the module's are shared by all threads, and new ones take a while."""

    figure: Any = None


_own = _Own()


def _figure(width: int, height: int) -> Any:
    """An empty figure without axes, whose coordinates are cells."""
    plotext = load()
    if _own.figure is None:
        terminal = type(plotext.terminal)()
        terminal.limit(False, False)
        _own.figure = type(plotext.figure)(parent=terminal)
        _own.figure.theme("colorless")
        _own.figure.canvas("default")
        _own.figure.axes(False)
        for axis in ("x", "y"):
            _own.figure.ruler(axis).frequency(0)
    figure = _own.figure
    figure.clear.data()
    figure.plot_size(width, height)
    for axis, cells in (("x", width), ("y", height)):
        figure.ruler(axis).lim(0, max(1, cells - 1))  # plotext's limits are the middles of the outer cells
    return figure


def _cells(text: str) -> Iterable[tuple[int, int, str, RGB | None]]:
    for row, line in enumerate(text.split("\n")):
        column, ink = 0, None
        for code, character in _CELL.findall(line):
            if character:
                if character not in " \u2800":
                    yield column, row, character, ink
                column += 1
            elif code.startswith("38;2;"):
                red, green, blue = (int(part) for part in code.split(";")[2:5])
                ink = (red, green, blue)
            else:
                ink = None


def _pieces(stroke: Stroke, width: int, height: int) -> Iterable[Stroke]:
    """The parts of a stroke that lie inside the area, thinned to its dots."""
    box = (_INSET, width - _INSET, _INSET, height - _INSET)
    if stroke.connected:
        for x, y in clipped(stroke.x, stroke.y, box):
            dots = np.floor(np.stack([2 * x, 4 * y]))
            keep = np.ones(len(x), dtype=bool)
            keep[1:] = (np.diff(dots) != 0).any(axis=0)
            yield Stroke(x[keep], y[keep], keep.sum() > 1, stroke.marker, stroke.ink)
        return
    inside = (stroke.x >= 0) & (stroke.x <= width) & (stroke.y >= 0) & (stroke.y <= height)
    if inside.any():
        x, y = np.clip(stroke.x[inside], *box[:2]), np.clip(stroke.y[inside], *box[2:])
        dots = np.unique(np.floor(2 * x) + 2 * width * np.floor(4 * y))
        row, column = np.divmod(dots, 2 * width)
        yield Stroke((column + 0.5) / 2, (row + 0.5) / 4, False, stroke.marker, stroke.ink)


def clipped(x: ArrayLike, y: ArrayLike, box: tuple[float, float, float, float]) -> list[tuple[Floats, Floats]]:
    """The parts of a line that lie inside a box (Liang & Barsky 1984, ACM TOG 3(1):1-22).

    Parameters
    ----------
    x, y : (n,) array_like
        A value that is not finite breaks the line.
    box : (left, right, low, high)

    Returns
    -------
    list of (x, y)
        Unbroken pieces; a point that stands alone is one, if it lies inside.
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    finite = np.isfinite(xs) & np.isfinite(ys)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]]).astype(np.int8)))
    pieces: list[tuple[Floats, Floats]] = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        pieces.extend(_clipped_run(xs[start:end], ys[start:end], box))
    return pieces


def _clipped_run(x: Floats, y: Floats, box: tuple[float, float, float, float]) -> list[tuple[Floats, Floats]]:
    left, right, low, high = box
    inside = (x >= left) & (x <= right) & (y >= low) & (y <= high)
    if inside.all() or len(x) == 1:
        return [(x, y)] if inside.all() else []
    dx, dy = np.diff(x), np.diff(y)
    enter, leave = np.zeros(len(dx)), np.ones(len(dx))
    seen = np.ones(len(dx), dtype=bool)
    for p, q in ((-dx, x[:-1] - left), (dx, right - x[:-1]), (-dy, y[:-1] - low), (dy, high - y[:-1])):
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            t = q / p
        enter = np.where(p < 0, np.maximum(enter, t), enter)
        leave = np.where(p > 0, np.minimum(leave, t), leave)
        seen &= ~((p == 0) & (q < 0))
    seen &= enter <= leave
    at = np.flatnonzero(seen)
    if not len(at):
        return []
    t0, t1 = enter[at], leave[at]
    # a piece goes on where the next segment is seen from its start, and the one before to its end
    new = np.ones(len(at), dtype=bool)
    new[1:] = (np.diff(at) != 1) | (t1[:-1] != 1.0) | (t0[1:] != 0.0)
    ends = np.cumsum(1 + new) - 1
    starts = ends[new] - 1
    px, py = np.empty(ends[-1] + 1), np.empty(ends[-1] + 1)
    px[ends], py[ends] = x[at] + t1 * dx[at], y[at] + t1 * dy[at]
    first = at[new]
    px[starts], py[starts] = x[first] + t0[new] * dx[first], y[first] + t0[new] * dy[first]
    px, py = np.clip(px, left, right), np.clip(py, low, high)
    return list(zip(np.split(px, starts[1:]), np.split(py, starts[1:]), strict=True))


def staircase(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """The corners of a step line that keeps each y until the next x ("post")."""
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    return np.repeat(xs, 2)[1:], np.repeat(ys, 2)[:-1]


def filled(x: Floats, half: Floats, middle: float, width: int, height: int, ink: RGB) -> list[Stroke]:
    """A shape that reaches `half` cells to both sides of the row position `middle`, at positions x.

    Cells that are full are drawn as one character each: eight times fewer points for plotext.
    """
    columns = (np.arange(2 * width, dtype=np.float64) + 0.5) / 2
    rows = (np.arange(4 * height, dtype=np.float64) + 0.5) / 4
    known = np.isfinite(x) & np.isfinite(half)
    if known.sum() < 2:
        return []
    order = np.argsort(x[known], kind="stable")
    reach = np.interp(columns, x[known][order], half[known][order], left=-1.0, right=-1.0)
    # at least one dot wherever there is density at all, so that thin tails are seen
    reach = np.where(reach > 0, np.maximum(reach, 0.13), reach)
    dots = np.abs(rows[:, None] - middle) <= reach[None, :]
    full = dots.reshape(height, 4, width, 2).all(axis=(1, 3))
    edge_row, edge = np.nonzero(dots & ~np.repeat(np.repeat(full, 4, axis=0), 2, axis=1))
    full_row, column = np.nonzero(full)
    return [
        Stroke(columns[2 * column] + 0.25, rows[4 * full_row] + 0.375, False, "\u28ff", ink),
        Stroke(columns[edge], rows[edge_row], False, "braille", ink),
    ]

"""Where the labels of points stand: beside their points, not over each other. For both painters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ablate_tui.tui.figure import Panel, Points
from ablate_tui.tui.painters.labels import clean

Size: TypeAlias = tuple[float, float]
Array: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float64]]
# where a label may go, from the best place on: the direction, in shares of its own size and of a line
_SIDES = ((1, 0), (-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1), (0, -1), (0, 1))
_COVERED = 30  # a covered point is as bad as so many places further off


@dataclass(frozen=True)
class Label:
    """A text to be placed at a point of the area."""

    x: float
    y: float
    text: str
    width: float
    height: float


def labelled(panel: Panel) -> list[tuple[float, float, str]]:
    """Every labelled point of a panel: x, y and cleaned text; the first ones are placed first."""
    return [
        (x, y, clean(text).strip())
        for mark in panel.marks
        if isinstance(mark, Points)
        for x, y, text in zip(mark.x, mark.y, mark.texts, strict=False)
        if clean(text).strip()
    ]


def place(
    labels: Sequence[Label],
    room: Size,
    gap: Size,
    points: Sequence[tuple[float, float]] = (),
    reach: int = 1,
    radius: float = 0.0,
) -> list[tuple[float, float] | None]:
    """Choose a place for each label, one after the other.

    Parameters
    ----------
    labels : sequence of Label
        Positions and sizes in any unit, y downward. The earlier ones choose first.
    room : (width, height)
        Of the area: labels lie inside.
    gap : (across, down)
        Air between a label and its point.
    points : sequence of (x, y)
        Points that labels cover only where free places are far off, those of the labels never.
    reach : int
        How many lines up and down a label may move from its point.
    radius : float
        Of the points.

    Returns
    -------
    list of (left, top) or None
        None where every place within reach would cover another label, or a point that has one.
    """
    named = np.array([(label.x, label.y) for label in labels], dtype=np.float64).reshape(-1, 2)
    dots = np.array([p for p in points if np.isfinite(p).all()], dtype=np.float64).reshape(-1, 2)
    taken = np.hstack([named - radius, named + radius])
    dots = np.hstack([dots - radius, dots + radius])
    found: list[tuple[float, float] | None] = []
    for label in labels:
        boxes = _boxes(label, room[0], gap, reach)
        inside = (boxes[:, :2] >= 0).all(axis=1) & (boxes[:, 2] <= room[0]) & (boxes[:, 3] <= room[1])
        free = inside & ~_covered(boxes, taken).any(axis=1)
        if not free.any():
            found.append(None)
            continue
        covered = _covered(boxes, dots).sum(axis=1)
        cost = np.arange(len(boxes)) + _COVERED * covered  # `boxes` run from near to far
        best = int(np.argmin(np.where(free, cost, np.iinfo(np.int64).max)))
        taken = np.vstack([taken, boxes[best]])
        found.append((float(boxes[best, 0]), float(boxes[best, 1])))
    return found


def _covered(boxes: Array, others: Array) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """(places, others): which places lie over which other boxes."""
    left, top, right, bottom = boxes.T[:, :, None]
    covered: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = (
        (left < others[:, 2]) & (others[:, 0] < right) & (top < others[:, 3]) & (others[:, 1] < bottom)
    )
    return covered


def _boxes(label: Label, room: float, gap: Size, reach: int) -> Array:
    """(places, 4): left, top, right and bottom of every place that a label may take, the best first."""
    made = []
    for ring in range(1, reach + 1):
        for across, down in _SIDES:
            if down == 0 and ring > 1:
                continue
            left = label.x + (gap[0] if across > 0 else -gap[0] - label.width if across < 0 else -label.width / 2)
            if across == 0:  # over or under its point, and inside
                left = max(0.0, min(left, room - label.width))
            middle = label.y + down * (gap[1] + (ring - 0.5) * label.height)
            top = middle - label.height / 2
            made.append((left, top, left + label.width, top + label.height))
    return np.array(made)

"""The labels of points on matplotlib's axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ablate_tui.tui.figure import Points
from ablate_tui.tui.painters.marks import Pen, finite
from ablate_tui.tui.painters.placement import Label, labelled, place
from ablate_tui.tui.painters.wording import directed

_SIZE = 7.5  # of the font
_LINE = 1.25  # height of a label, in font sizes
_GAP = (6.5, 2.5)  # points of air between a label and its point
_RADIUS = 2.5  # of a point, in points
_REACH = 10  # lines up and down that a label may move: a thin line leads back to its point


def write(pen: Pen) -> None:
    """Write the labels of a panel whose layout is settled; where some find no place, say how many did."""
    from matplotlib.font_manager import FontProperties

    axes, canvas = pen.axes, pen.axes.figure
    scale = 72 / canvas.dpi  # pixels to points
    box = axes.get_window_extent()
    renderer, font = canvas.canvas.get_renderer(), FontProperties(size=_SIZE)

    def at(x: tuple[float, ...], y: tuple[float, ...]) -> Any:
        """Positions in points from the upper left corner of the axes."""
        pixels = axes.transData.transform(np.column_stack([finite(x), finite(y)]))
        return np.column_stack([pixels[:, 0] - box.x0, box.y1 - pixels[:, 1]]) * scale

    room = box.width * scale, box.height * scale
    dots = [tuple(p) for mark in pen.panel.marks if isinstance(mark, Points) for p in at(mark.x, mark.y)]
    labels, ends = [], []
    for x, y, text in labelled(pen.panel):
        across, down = at((x,), (y,))[0]
        if 0 <= across <= room[0] and 0 <= down <= room[1]:
            wide = renderer.get_text_width_height_descent(text, font, False)[0] * scale
            labels.append(Label(across, down, text, wide + 2, _SIZE * _LINE))
            ends.append((x, y))
    places = place(labels, room, _GAP, dots, _REACH, _RADIUS)
    # over clouds, under large points: the paper behind a label must not hide a neighbour
    for label, end, spot in zip(labels, ends, places, strict=True):
        if spot is None:
            continue
        middle = spot[1] + label.height / 2
        line = {"arrowstyle": "-", "linewidth": 0.5, "color": pen.hex("muted"), "shrinkB": 3}
        axes.annotate(
            directed(label.text), end, xytext=(spot[0] + 1 - label.x, label.y - middle), textcoords="offset points",
            ha="left", va="center", fontsize=_SIZE, color=pen.ink, zorder=3.9, annotation_clip=False, in_layout=False,
            bbox={"facecolor": pen.tint("neutral", 0.0), "alpha": 0.7, "linewidth": 0, "pad": 0.3},
            arrowprops=line if abs(middle - label.y) > 1.5 * label.height else None,
        )  # fmt: skip
    written = sum(spot is not None for spot in places)
    if written < len(labels):
        axes.text(
            1, 0.01, f"{written} of {len(labels)} labelled", transform=axes.transAxes, ha="right",
            va="bottom", fontsize=7, color=pen.hex("muted"), in_layout=False,
        )  # fmt: skip

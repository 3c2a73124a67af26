"""The marks of a panel on matplotlib's axes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ablate_tui.tui.figure import (
    Axis,
    Bars,
    Box,
    Cells,
    Intervals,
    Line,
    Mark,
    Panel,
    Points,
    Role,
    Rule,
    Violin,
)
from ablate_tui.tui.formats import chopped, folded
from ablate_tui.tui.formats import width as cells
from ablate_tui.tui.painters.labels import (
    FURTHEST,
    Entry,
    clear_of,
    is_log,
    log_texts,
    log_ticks,
    obstacles,
    span,
    tick_texts,
)
from ablate_tui.tui.painters.labels import ticks as round_positions
from ablate_tui.tui.painters.palette import blend, colour, hexed, ink, ink_on, paper, shade
from ablate_tui.tui.painters.wording import directed

RAMP: tuple[Role, ...] = ("series0", "series1", "series2", "series3", "series4", "series5")
MOST = 250  # categories of a y axis in one picture
HEADING = 30  # columns of a text that a column's name over a matrix may take; a Chinese sign takes two
NAME = 34  # those that a line of a name on an axis may take
LINES = 3  # of a name on an axis; what is longer loses its middle
LARGE_CLOUD = 3000  # points from which a cloud is a bitmap in SVG and PDF
# no role is told by its colour alone
_DASHES: dict[Role, Any] = {
    "on": (0, (4.5, 1.4)),
    "series1": (0, (5, 1.5)),
    "series2": (0, (1.2, 1.2)),
    "series3": (0, (5, 1.2, 1.2, 1.2)),
    "series4": (0, (3, 1.2)),
    "series5": (0, (3, 1.2, 1.2, 1.2, 1.2, 1.2)),
}
_SHAPES: dict[Role, str] = {
    "off": "o",
    "on": "^",
    "neutral": "o",
    "accent": "D",
    "muted": "o",
    "series0": "o",
    "series1": "s",
    "series2": "^",
    "series3": "D",
    "series4": "v",
    "series5": "P",
}
_HATCHES: dict[Role, str] = {"on": "////", "series1": "....", "series3": "\\\\\\\\", "series5": "xxxx"}


@dataclass
class Pen:
    """Draws one panel. `axes` may be None where only legend keys are wanted."""

    axes: Any
    panel: Panel
    dark: bool
    inches: float  # width of the panel

    def hex(self, role: Role) -> str:
        """A role's colour."""
        return hexed(colour(role, self.dark))

    def tint(self, role: Role, share: float) -> str:
        """A role's colour over the paper, opaque: transparency would mix where things overlap."""
        return hexed(blend(colour(role, self.dark), paper(self.dark), share))

    @property
    def ink(self) -> str:
        """The colour of words."""
        return hexed(ink(self.dark))

    def draw(self, names: bool) -> None:
        """All marks and both axes; `names` says whether the categories of the y axis are written."""
        matrix = any(isinstance(mark, Cells) for mark in self.panel.marks)
        for order, mark in enumerate(self.panel.marks):
            self._mark(mark, 3 + order / 100)
        self._limits()
        if matrix:
            self._matrix_axes()
        else:
            self._axis("x", self.panel.x, True)
            self._axis("y", self.panel.y, names)

    def _mark(self, mark: Mark, order: float) -> None:
        if isinstance(mark, Line):
            self._line(mark, order)
        elif isinstance(mark, Points):
            self._points(mark, order)
        elif isinstance(mark, Bars):
            self._bars(mark, order)
        elif isinstance(mark, Intervals):
            self._intervals(mark, order)
        elif isinstance(mark, Box):
            self._box(mark, order)
        elif isinstance(mark, Violin):
            self._violin(mark, order)
        elif isinstance(mark, Rule):
            line = self.axes.axvline if mark.vertical else self.axes.axhline
            if abs(mark.at) < FURTHEST:
                line(mark.at, color=self.hex(mark.role), linewidth=0.9, linestyle=(0, (2, 2)), zorder=2.5)
        else:
            self._cells(mark)

    # ---- marks

    def _line(self, mark: Line, order: float) -> None:
        x, y = finite(mark.x), finite(mark.y)
        steps = "post" if mark.step else None
        style = _DASHES.get(mark.role, "-")
        if mark.fill:  # an outline over a light shade stays behind the lines that are not filled
            self.axes.fill_between(
                x, 0, y, step=steps, color=self.hex(mark.role), alpha=0.16, linewidth=0, zorder=order - 0.9
            )
            style, order = "-", order - 0.8
        if mark.low:
            low, high = finite(mark.low), finite(mark.high)
            self.axes.fill_between(x, low, high, color=self.hex(mark.role), alpha=0.16, linewidth=0, zorder=order - 0.9)
        self.axes.plot(
            x,
            y,
            color=self.hex(mark.role),
            linewidth=0.8 if mark.fill else 1.6,
            alpha=0.75 if mark.fill else 1.0,
            linestyle=style,
            drawstyle="steps-post" if mark.step else "default",
            zorder=order,
        )

    def _points(self, mark: Points, order: float) -> None:
        x, y = finite(mark.x), finite(mark.y)
        keep = np.isfinite(x) & np.isfinite(y)
        shape = "o" if self.panel.colorbar and mark.role in RAMP else _SHAPES[mark.role]
        if mark.size == "large":
            self.axes.scatter(
                x[keep], y[keep], s=34, marker=shape, color=self.hex(mark.role),
                edgecolors=self.tint("neutral", 0.0), linewidths=0.7, zorder=order + 1,
            )  # fmt: skip
            return
        count = sum(len(other.x) for other in self.panel.marks if isinstance(other, Points))
        area = 13.0 if count < 400 else 8.0 if count < LARGE_CLOUD else 4.0
        self.axes.scatter(
            x[keep], y[keep], s=area, marker=shape, color=self.hex(mark.role),
            alpha=0.7 if count < LARGE_CLOUD else 0.45, linewidths=0, zorder=order,
            rasterized=count >= LARGE_CLOUD,
        )  # fmt: skip

    def _bars(self, mark: Bars, order: float) -> None:
        at, values = finite(mark.at), finite(mark.values)
        keep = np.isfinite(at) & np.isfinite(values)
        draw = self.axes.barh if mark.horizontal else self.axes.bar
        base = finite(tuple(mark.base_of(i) for i in range(len(at))))
        keep &= np.isfinite(base)
        draw(
            at[keep], values[keep] - base[keep], mark.width * 0.94,
            **{"left" if mark.horizontal else "bottom": base[keep]}, **self._filled(mark), zorder=order,
        )  # fmt: skip
        low, high = _padded(mark.low, len(at)), _padded(mark.high, len(at))
        self._spans(at, low, high, mark.horizontal, self.ink, 0.9, order + 0.5, caps=True)
        self._texts(mark, at, values, low, high)

    def _filled(self, mark: Bars) -> dict[str, Any]:
        """How a bar is filled. Solid, light and mixed ones differ in shade and hatch, in grey too."""
        hatch, edge = _HATCHES.get(mark.role, ""), self.tint(mark.role, 0.5)
        if mark.fill == "solid":
            look = {"facecolor": self.tint(mark.role, 0.85), "edgecolor": edge if hatch else "none", "linewidth": 0}
        elif mark.fill == "light":
            hatch = ""
            look = {"facecolor": self.tint(mark.role, 0.22), "edgecolor": self.hex(mark.role), "linewidth": 0.7}
        else:
            hatch = hatch + "\\\\\\\\" if hatch else "...."
            look = {"facecolor": self.tint(mark.role, 0.4), "edgecolor": self.hex(mark.role), "linewidth": 0}
        return {**look, "hatch": hatch}

    def _spans(
        self,
        at: Any,
        low: Any,
        high: Any,
        horizontal: bool,
        ink_: str,
        width: float,
        order: float,
        caps: bool = False,
    ) -> None:
        keep = np.isfinite(at) & np.isfinite(low) & np.isfinite(high)
        if not keep.any():
            return
        draw = self.axes.hlines if horizontal else self.axes.vlines
        draw(at[keep], low[keep], high[keep], color=ink_, linewidth=width, zorder=order)
        if caps:
            for ends in (low[keep], high[keep]):
                x, y = (ends, at[keep]) if horizontal else (at[keep], ends)
                mark = "|" if horizontal else "_"
                self.axes.plot(
                    x,
                    y,
                    linestyle="none",
                    marker=mark,
                    markersize=4,
                    color=ink_,
                    markeredgewidth=width,
                    zorder=order,
                )

    def _texts(self, mark: Bars | Intervals, at: Any, values: Any, low: Any, high: Any) -> None:
        ends = np.fmax(np.fmax(values, high), low)
        if isinstance(mark, Bars):
            ends = np.fmax(ends, finite(tuple(mark.base_of(i) for i in range(len(at)))))
        things = obstacles(self.panel)
        for text, position, end in zip(mark.texts, at, ends, strict=False):
            if not text or not math.isfinite(position) or not math.isfinite(end):
                continue
            if mark.horizontal:
                low_limit, high_limit = span(self.panel, "x")
                reach = (high_limit - low_limit) * (cells(text) * 4.6 + 10) / (72 * self.inches * 0.6)
                end = clear_of(things, position, end, reach)
            point, offset, side = ((end, position), (4, 0), "left") if mark.horizontal else (
                (position, end), (0, 2), "center")  # fmt: skip
            self.axes.annotate(
                text, point, xytext=offset, textcoords="offset points", ha=side,
                va="center" if mark.horizontal else "bottom", fontsize=7.5, color=self.ink, zorder=2.8,
                annotation_clip=True,
                bbox={"facecolor": self.tint("neutral", 0.0), "alpha": 0.75, "linewidth": 0, "pad": 0.6},
            )  # fmt: skip

    def _intervals(self, mark: Intervals, order: float) -> None:
        at, values = finite(mark.at), finite(mark.values)
        low, high = _padded(mark.low, len(at)), _padded(mark.high, len(at))
        self._spans(at, low, high, mark.horizontal, self.hex(mark.role), 1.5, order)
        keep = np.isfinite(at) & np.isfinite(values)
        x, y = (values, at) if mark.horizontal else (at, values)
        self.axes.plot(
            x[keep], y[keep], linestyle="none", marker=_SHAPES[mark.role], markersize=5.2,
            color=self.hex(mark.role), zorder=order + 0.5,
        )  # fmt: skip
        self._texts(mark, at, values, low, high)

    def _box(self, mark: Box, order: float) -> None:
        if not all(abs(v) < FURTHEST for v in (mark.q25, mark.median, mark.q75, mark.low, mark.high)):
            return
        line = {"color": self.hex(mark.role), "linewidth": 1.2}
        stats = {"q1": mark.q25, "med": mark.median, "q3": mark.q75, "whislo": mark.low, "whishi": mark.high}
        self.axes.bxp(
            [{**stats, "fliers": []}],
            positions=[mark.at],
            widths=mark.width,
            showfliers=False,
            patch_artist=True,
            manage_ticks=False,
            boxprops={
                "facecolor": self.tint(mark.role, 0.28),
                "edgecolor": self.hex(mark.role),
                "linewidth": 1.2,
                "hatch": _HATCHES.get(mark.role, ""),
            },
            medianprops={"color": self.ink, "linewidth": 1.8},
            whiskerprops=line,
            capprops=line,
            zorder=order,
        )
        outliers = finite(mark.outliers)
        outliers = outliers[np.isfinite(outliers)]
        self.axes.plot(
            np.full(len(outliers), mark.at), outliers, linestyle="none", marker=_SHAPES[mark.role],
            markersize=2.6, color=self.hex(mark.role), alpha=0.55, markeredgewidth=0, zorder=order,
            rasterized=len(outliers) >= LARGE_CLOUD,
        )  # fmt: skip
        if math.isfinite(mark.mean):
            self.axes.plot(
                [mark.at], [mark.mean], marker="D", markersize=4.6, color=self.tint("neutral", 0.0),
                markeredgecolor=self.ink, markeredgewidth=1.0, zorder=order + 1,
            )  # fmt: skip

    def _violin(self, mark: Violin, order: float) -> None:
        y, half = finite(mark.y), finite(mark.half_width)
        keep = np.isfinite(y) & np.isfinite(half)
        y, half = y[keep], half[keep]
        self.axes.fill_betweenx(
            y, mark.at - half, mark.at + half, facecolor=self.tint(mark.role, 0.28),
            edgecolor=self.hex(mark.role), linewidth=1.2, hatch=_HATCHES.get(mark.role), zorder=order,
        )  # fmt: skip
        if all(abs(v) < FURTHEST for v in (mark.q25, mark.median, mark.q75)):
            self.axes.plot(
                [mark.at, mark.at], [mark.q25, mark.q75], color=self.ink, linewidth=4.2,
                solid_capstyle="butt", zorder=order + 0.5,
            )  # fmt: skip
            self.axes.plot(
                [mark.at], [mark.median], marker="o", markersize=4.4, color=self.tint("neutral", 0.0),
                markeredgecolor=self.ink, markeredgewidth=1.0, zorder=order + 1,
            )  # fmt: skip

    def _cells(self, mark: Cells) -> None:
        from matplotlib.collections import PolyCollection

        columns = max((len(row) for row in mark.texts), default=0)
        room = (self.inches - names_width(self.panel) - 0.3) / max(1, columns)
        size = max(3.0, min(8.0, 8.0 * room / cell_width(mark.texts)))
        squares, faces = [], []
        for i, texts in enumerate(mark.texts[:MOST]):
            for j, text in enumerate(texts):
                value = mark.shade[i][j] if i < len(mark.shade) and j < len(mark.shade[i]) else 0.0
                tint = shade(value, self.dark)
                squares.append([(j + x, i + y) for x, y in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))])
                faces.append(hexed(tint))
                # a square holds its text: no room need be found for each
                self.axes.text(
                    j, i, text, ha="center", va="center", fontsize=size, color=hexed(ink_on(tint)), zorder=4,
                    in_layout=False,
                )  # fmt: skip
        edge = self.tint("muted", 0.25)
        self.axes.add_collection(PolyCollection(squares, facecolors=faces, edgecolors=edge, linewidths=0.5, zorder=1))

    # ---- axes

    def _limits(self) -> None:
        """The same limits as in the terminal, with room for the texts at the ends of bars."""
        for which, axis in (("x", self.panel.x), ("y", self.panel.y)):
            low, high = span(self.panel, which)
            if is_log(axis):
                (self.axes.set_xscale if which == "x" else self.axes.set_yscale)("log")
            marks = [
                mark
                for mark in self.panel.marks
                if isinstance(mark, Bars | Intervals) and mark.texts and mark.horizontal == (which == "x")
            ]
            if marks and not axis.ticks and not is_log(axis):
                if which == "x":
                    longest = max(cells(text) for mark in marks for text in mark.texts)
                    share = min(0.45, (longest * 4.6 + 6) / (72 * self.inches * 0.62))
                else:
                    share = 0.08
                high += (high - low) * share / (1 - share)
            if which == "y" and axis.ticks:
                high = min(high, low + MOST)
                low, high = high, low  # categories are read from top to bottom, as a list
            (self.axes.set_xlim if which == "x" else self.axes.set_ylim)(low, high)

    def _axis(self, which: str, axis: Axis, names: bool) -> None:
        axes, side = self.axes, self.axes.xaxis if which == "x" else self.axes.yaxis
        beside = self.inches - names_width(self.panel)
        room = max(24, int(min(self.inches * 12, (beside + 0.7) * 11))) if which == "x" or self.panel.y.ticks else 30
        label = wrapped(axis.label, room)
        (axes.set_xlabel if which == "x" else axes.set_ylabel)(label)
        if not axis.ticks:
            low, high = span(self.panel, which)
            most = max(3, min(7, int(self.inches * 1.7))) if which == "x" else 6
            if is_log(axis):
                positions = log_ticks(low, high, most)
                side.set_ticks([], minor=True)
                side.set_ticks(positions, log_texts(positions))
            else:
                positions = round_positions(low, high, most)
                side.set_ticks(positions, tick_texts(positions))
                axes.spines["bottom" if which == "x" else "left"].set_bounds(low, high)
            # the grid runs across the values: where one axis has categories, along the other alone
            other = self.panel.y if which == "x" else self.panel.x
            if which == "y" or other.ticks:
                side.grid(True)
            return
        low, high = sorted((axes.get_xlim if which == "x" else axes.get_ylim)())
        ticks = [(p, text) for p, text in axis.ticks if low <= p <= high]
        ticks = ticks[:: 1 + len(ticks) // 60] if which == "x" else ticks
        positions, texts = [p for p, _ in ticks], [text for _, text in ticks]
        side.set_ticks(positions, [""] * len(texts) if not names else [directed(_broken(t, NAME)) for t in texts])
        axes.tick_params(axis=which, length=0)
        if which == "x":
            self._turn(texts, self.inches * 0.8 / max(1, len(texts)))

    def _turn(self, texts: list[str], room: float) -> None:
        """Names of an x axis at a slant, where they would run into each other (room in inches)."""
        if max(map(cells, texts), default=0) * 0.075 > room:
            for label in self.axes.get_xticklabels():
                label.set(rotation=35, ha="right", rotation_mode="anchor")

    def _matrix_axes(self) -> None:
        axes = self.axes
        columns = [directed(_short(text, HEADING)) for _, text in self.panel.x.ticks]
        rows = [(p, directed(_broken(text, NAME))) for p, text in self.panel.y.ticks if p < MOST]
        axes.set_xticks([p for p, _ in self.panel.x.ticks], columns)
        axes.set_yticks([p for p, _ in rows], [text for _, text in rows])
        axes.tick_params(length=0, top=False, bottom=False, labeltop=True, labelbottom=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        if max(map(cells, columns), default=0) * 0.075 > self.inches * 0.7 / max(1, len(columns)):
            for label in axes.get_xticklabels():
                label.set(rotation=40, ha="left", rotation_mode="anchor")
        axes.set_xlabel(self.panel.x.label)
        axes.set_ylabel(self.panel.y.label)

    # ---- legend

    def handle(self, entry: Entry) -> Any:
        """The key of a legend's entry."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        mark, role = entry.mark, entry.role
        if isinstance(mark, Bars):
            return Patch(**self._filled(mark))
        if isinstance(mark, Box | Violin) or (isinstance(mark, Line) and mark.fill):
            hatch = "" if isinstance(mark, Line) else _HATCHES.get(role, "")
            return Patch(facecolor=self.tint(role, 0.28), edgecolor=self.hex(role), hatch=hatch, linewidth=0.8)
        if isinstance(mark, Rule):
            return Line2D([], [], color=self.hex(role), linewidth=0.9, linestyle=(0, (2, 2)))
        if isinstance(mark, Line):
            return Line2D([], [], color=self.hex(role), linewidth=1.6, linestyle=_DASHES.get(role, "-"))
        line = "-" if isinstance(mark, Intervals) else "none"
        return Line2D([], [], color=self.hex(role), marker=_SHAPES[role], markersize=5, linestyle=line)


def names_width(panel: Panel) -> float:
    """Inches that the names of a y axis take, about."""
    return 0.072 * min(NAME, max((cells(text) for _, text in panel.y.ticks), default=0))


def row_height(panel: Panel) -> float:
    """Inches from one name of a y axis to the next: more where the lines of two neighbours need it."""
    lines = [_broken(text, NAME).count("\n") + 1 for _, text in panel.y.ticks[:MOST]]
    most = max((a + b for a, b in pairwise(lines)), default=2)
    return 0.26 if most <= 3 else 0.09 * most


def cell_width(texts: Sequence[tuple[str, ...]]) -> float:
    """Inches that the longest text of a matrix takes at 8 points, with a little air."""
    return 0.1 + 0.072 * max((cells(text) for row in texts for text in row), default=1)


def finite(values: tuple[float | None, ...]) -> Any:
    """As an array; None, infinities and what can't be scaled become NaN, which breaks lines."""
    array = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    return np.where(np.abs(array) < FURTHEST, array, np.nan)


def _padded(values: tuple[float | None, ...], count: int) -> Any:
    return finite((*values, *[None] * (count - len(values)))[:count])


def wrapped(text: str, width: int) -> str:
    """A text in lines of so many columns."""
    return "\n".join(folded(text, width))


def _broken(text: str, width: int) -> str:
    """A long name on a few lines, broken after "_" and the like where that is possible."""
    parts = [part for word in re.findall(r"[^_ /.,-]*[_ /.,-]?", text) if word for part in chopped(word, width)]
    lines = [""]
    for part in parts:
        if lines[-1] and cells(lines[-1]) + cells(part) > width:
            lines.append("")
        lines[-1] += part
    if len(lines) > LINES:
        lines[LINES - 1 :] = [_short("".join(lines[LINES - 1 :]), width)]
    return "\n".join(lines)


def _short(text: str, width: int) -> str:
    """A text in so many columns, its middle left out where it is longer."""
    if cells(text) <= width:
        return text
    tail = (width - 1) // 2
    head, end = chopped(text, width - 1 - tail)[0], chopped(text[::-1], tail)[0][::-1]
    return f"{head}…{end}"

"""The plotting area of a terminal panel: where values lie in it, and the marks made of characters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from rich.cells import cell_len

from ablate_tui.tui.figure import Bars, Box, Cells, Intervals, Panel, Points, Role, Rule, Violin
from ablate_tui.tui.painters.grid import Grid, Style, fit
from ablate_tui.tui.painters.labels import Floats, Obstacle, clean, clear_of
from ablate_tui.tui.painters.palette import Palette, ink_on
from ablate_tui.tui.painters.placement import Label, labelled, place

# what a large point looks like, by role, so that no role is told by its colour alone
LARGE: dict[Role, str] = {
    "off": "○",
    "on": "●",
    "neutral": "◆",
    "accent": "▲",
    "muted": "·",
    "series0": "●",
    "series1": "■",
    "series2": "▲",
    "series3": "◆",
    "series4": "○",
    "series5": "□",
}
_LEFT_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LOWER_EIGHTHS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Scale:
    """One axis: values from `low` to `high` over `cells` characters, the other way round if `down`."""

    low: float
    high: float
    cells: int
    log: bool = False
    down: bool = False

    def at(self, value: float) -> float:
        """Position in cells, 0 at the start of the first; NaN where there is none."""
        if self.log:
            if not value > 0:
                return math.nan
            share = (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.cells * (1 - share if self.down else share)

    def cell(self, value: float | None) -> int | None:
        """Number of the cell that holds a value, None outside the axis."""
        position = math.nan if value is None else self.at(value)
        if not -1e-6 <= position <= self.cells + 1e-6:  # also NaN
            return None
        # a value on the border of two cells belongs to the first: the upper of two rows carries the label
        return min(self.cells - 1, max(0, math.floor(position - 1e-6)))

    def all(self, values: ArrayLike) -> Floats:
        """Positions of many values; NaN where there is none, or so far out that sums would overflow."""
        values = np.asarray(values, dtype=np.float64)
        with np.errstate(all="ignore"):
            if self.log:
                logs = np.log(np.where(values > 0, values, np.nan)) - math.log(self.low)
                share = logs / (math.log(self.high) - math.log(self.low))
            else:
                share = (values - self.low) / (self.high - self.low)
            position = self.cells * (1 - share if self.down else share)
        return np.where(np.abs(position) < 1e100, position, np.nan)

    def taken(self, values: ArrayLike) -> list[int]:
        """The cells that hold some of many values, see `cell`."""
        position = self.all(values)
        position = position[(position >= -1e-6) & (position <= self.cells + 1e-6)]
        cells: list[int] = np.unique(np.clip(np.floor(position - 1e-6), 0, self.cells - 1)).astype(int).tolist()
        return cells

    def clamped(self, value: float) -> float:
        """Position in cells, moved to the nearest end where it lies outside."""
        position = self.at(value)
        return 0.0 if math.isnan(position) else min(float(self.cells), max(0.0, position))


@dataclass(frozen=True)
class Plot:
    """The plotting area: a part of a grid, with its two scales. Rows count from the top."""

    grid: Grid
    left: int
    top: int
    x: Scale
    y: Scale  # of rows: down for a numeric axis, whose values grow upward
    palette: Palette
    obstacles: tuple[Obstacle, ...] = ()  # points that texts must not cover
    stacked: bool = False  # bars have parts, told apart by what fills whole cells

    def style(self, role: Role, bold: bool = False) -> Style:
        """Ink in the colour of a role."""
        return Style(self.palette.colour(role), bold=bold)

    @property
    def ink(self) -> Style:
        """Ink of text and of what is drawn over bars."""
        return Style(self.palette.ink)

    def bar_style(self, mark: Bars) -> Style:
        """Ink of a bar; paler where it is light or mixed, since half rows have no texture."""
        tint = self.palette.colour(mark.role)
        share = {"solid": 1.0, "light": 0.5, "mixed": 0.75}[mark.fill]
        return Style(self.palette.blend(tint, share))

    def inside(self, column: int, row: int) -> bool:
        """Whether a cell, counted from the area's corner, lies in the area."""
        return 0 <= column < self.x.cells and 0 <= row < self.y.cells

    def put(self, column: int, row: int, character: str, style: Style) -> None:
        """Write one character into the area; outside it nothing happens."""
        if self.inside(column, row):
            self.grid.put(self.left + column, self.top + row, character, style)

    def over(self, column: int, row: int, character: str, style: Style) -> None:
        """Write one character and keep what fills the cell behind it, if a bar does."""
        if not self.inside(column, row):
            return
        behind = self.grid.styles[self.top + row][self.left + column]
        filled = self.grid.texts[self.top + row][self.left + column] in ("█", "▓")
        back = behind.ink if filled else behind.paper
        if back is not None:
            style = Style(ink_on(back), back)
        self.put(column, row, character, style)

    def rule(self, mark: Rule) -> None:
        """A dotted reference line."""
        style = self.style(mark.role)
        if mark.vertical and (column := self.x.cell(mark.at)) is not None:
            for row in range(self.y.cells):
                self.put(column, row, "┊", style)
        elif not mark.vertical and (row_ := self.y.cell(mark.at)) is not None:
            for column in range(self.x.cells):
                self.put(column, row_, "┄", style)

    def bars(self, mark: Bars) -> None:
        """Bars of block characters, to an eighth of a cell, with their intervals and texts."""
        for i, (at, value) in enumerate(zip(mark.at, mark.values, strict=True)):
            low, high = _item(mark.low, i), _item(mark.high, i)
            text = mark.texts[i] if i < len(mark.texts) else ""
            if mark.horizontal:
                row = self.y.cell(at)
                if row is not None:
                    if value is not None and math.isfinite(value):
                        self._row_bar(mark, at, mark.base_of(i), value)
                    self._row_interval(row, low, high, self.ink, over=True)
                    self._row_text(at, row, (value, high, low, mark.base_of(i)), text)
            elif self.x.cell(at) is not None:
                if value is not None and math.isfinite(value):
                    self._column_bar(mark, at, mark.base_of(i), value)
                self._column_interval(at, low, high, self.ink, over=True)
                self._column_text(mark, at, (value, high), text)

    def _row_bar(self, mark: Bars, at: float, base: float, value: float) -> None:
        """One horizontal bar: whole rows to an eighth of a column, half rows to half a column."""
        per_step = self.y.cells / (self.y.high - self.y.low)
        thick = 2 * mark.width * per_step  # in half rows
        halves = max(1, round(thick) if per_step < 1.5 else math.floor(thick + 1e-9))
        first = round(2 * self.y.at(at) - halves / 2)
        start, end = sorted((self.x.clamped(base), self.x.clamped(value)))
        if self.stacked:
            start, end = float(round(start)), float(round(end))
            if per_step >= 2 and mark.width <= 0.5:  # a row for each of two bars; half a row has no texture
                middle = round(at)
                first, halves = 2 * (round(self.y.at(middle - 0.5)) + (at > middle)), 2
        style = self.bar_style(mark)
        for row in range(first // 2, (first + halves - 1) // 2 + 1):
            upper, lower = first <= 2 * row < first + halves, first <= 2 * row + 1 < first + halves
            for column in range(math.floor(start), math.ceil(end)):
                self._bar_cell(column, row, (upper, lower), (start - column, end - column), style, full(mark))

    def _bar_cell(
        self,
        column: int,
        row: int,
        halves: tuple[bool, bool],
        extent: tuple[float, float],
        style: Style,
        full_block: str,
    ) -> None:
        start, end = max(0.0, extent[0]), min(1.0, extent[1])
        upper, lower = halves
        if not self.inside(column, row):
            return
        if upper and lower:
            if start > 0:  # there are no blocks that fill from the right, but for the half
                self.put(column, row, "▐" if end - start >= 0.25 else "▕", style)
            elif end == 1:
                self.put(column, row, full_block, style)
            elif block := _LEFT_EIGHTHS[round(8 * end)].strip():
                self.put(column, row, block, style)
            return
        whole = start < 0.25 and end > 0.75
        if not whole and end - start < 0.25:
            return
        there = self.grid.texts[self.top + row][self.left + column]
        if there in ("▀", "▄") and there != ("▀" if upper else "▄"):  # the other half is taken
            other = self.grid.styles[self.top + row][self.left + column].ink
            inks = (style.ink, other) if upper else (other, style.ink)
            self.put(column, row, "▀", Style(*inks))
        elif whole:
            self.put(column, row, "▀" if upper else "▄", style)
        else:
            self.put(column, row, ("▘▖" if start < 0.25 else "▝▗")[int(lower)], style)

    def _column_bar(self, mark: Bars, at: float, base: float, value: float) -> None:
        half = mark.width / 2
        left = math.ceil(self.x.clamped(at - half) - 0.5)
        right = max(left + 1, math.floor(self.x.clamped(at + half) + 0.5))
        if right - left > 2 and self.x.clamped(at + half) - self.x.clamped(at - half) > 3:
            right -= 1  # a gap between neighbours that touch
        top, bottom = sorted((self.y.clamped(base), self.y.clamped(value)))
        if self.stacked:
            top, bottom = float(round(top)), float(round(bottom))
        style = self.bar_style(mark)
        for row in range(math.floor(top), math.ceil(bottom)):
            start, end = max(0.0, top - row), min(1.0, bottom - row)
            character = full(mark)
            if start > 0:
                character = _LOWER_EIGHTHS[round(8 * (1 - start))].strip()
            elif end < 1:  # hangs from the base: only the upper half can be filled
                character = "▀" if end >= 0.25 else ""
            for column in range(left, right):
                if character:
                    self.put(column, row, character, style)

    def _row_interval(self, row: int, low: float | None, high: float | None, style: Style, over: bool = False) -> None:
        if low is None or high is None or math.isnan(low) or math.isnan(high):
            return
        put = self.over if over else self.put
        first, last = self.x.cell(low), self.x.cell(high)
        # an end outside the axis leaves the line open
        start = int(self.x.clamped(low)) if first is None else first
        end = min(self.x.cells - 1, int(self.x.clamped(high))) if last is None else last
        for column in range(start, end + 1):
            put(column, row, "─", style)
        if first is not None and end > start:
            put(start, row, "├", style)
        if last is not None and end > start:
            put(end, row, "┤", style)

    def _column_interval(
        self, at: float, low: float | None, high: float | None, style: Style, over: bool = False
    ) -> None:
        column = self.x.cell(at)
        if column is None or low is None or high is None or math.isnan(low) or math.isnan(high):
            return
        put = self.over if over else self.put
        top, bottom = self.y.cell(high), self.y.cell(low)
        first = int(self.y.clamped(high)) if top is None else top
        last = min(self.y.cells - 1, int(self.y.clamped(low))) if bottom is None else bottom
        for row in range(first, last + 1):
            put(column, row, "│", style)
        if top is not None and last > first:
            put(column, first, "┬", style)
        if bottom is not None and last > first:
            put(column, last, "┴", style)

    def _row_text(self, at: float, row: int, ends: tuple[float | None, ...], text: str) -> None:
        """A text right of everything that was drawn for it."""
        text = clean(text)
        known = [v for v in ends if v is not None and math.isfinite(v)]
        if text and known:
            reach = (cell_len(text) + 2) * (self.x.high - self.x.low) / self.x.cells
            end = clear_of(self.obstacles, at, max(known), reach)
            column = self.left + min(math.ceil(self.x.clamped(end)), self.x.cells) + 1
            room = self.grid.width - column
            # what is cut ends before the edge, since another panel may begin there
            self.grid.write(column, self.top + row, text if cell_len(text) <= room else fit(text, room - 1), self.ink)

    def _column_text(self, mark: Bars, at: float, ends: tuple[float | None, ...], text: str) -> None:
        known = [self.y.clamped(v) for v in ends if v is not None and math.isfinite(v)]
        column = self.x.at(at)
        room = int(self.x.cells / (self.x.high - self.x.low) * mark.width + 1)
        if not text or not known or cell_len(text) > room or math.isnan(column):
            return  # half a number would be a wrong number
        row = max(0, math.floor(min(known)) - 1)
        start = round(column - cell_len(text) / 2)
        start = max(0, min(self.x.cells - cell_len(text), start))
        self.grid.write(self.left + start, self.top + row, fit(text, room), self.ink)

    def intervals(self, mark: Intervals) -> None:
        """A dot and its interval at each position."""
        style = self.style(mark.role)
        for i, (at, value) in enumerate(zip(mark.at, mark.values, strict=True)):
            low, high = _item(mark.low, i), _item(mark.high, i)
            if mark.horizontal:
                row = self.y.cell(at)
                if row is None:
                    continue
                self._row_interval(row, low, high, style)
                if (column := self.x.cell(value)) is not None:
                    self.put(column, row, LARGE[mark.role], self.style(mark.role, bold=True))
                self._row_text(at, row, (value, high, low), mark.texts[i] if i < len(mark.texts) else "")
            else:
                self._column_interval(at, low, high, style)
                column, row = self.x.cell(at), self.y.cell(value)
                if column is not None and row is not None:
                    self.put(column, row, LARGE[mark.role], self.style(mark.role, bold=True))

    def box(self, mark: Box) -> None:
        """A box plot that lies on its side; `at` is a row, the values run along x."""
        if any(math.isnan(v) for v in (mark.low, mark.q25, mark.median, mark.q75, mark.high)):
            return
        rows = self.y.cells / (self.y.high - self.y.low)
        middle = self.y.cell(mark.at)
        edges = [self.x.cell(v) for v in (mark.low, mark.q25, mark.median, mark.q75, mark.high)]
        if middle is None:
            return
        style = self.style(mark.role)
        for taken in self.x.taken(mark.outliers):
            self.put(taken, middle, "·", style)
        low, q25, median, q75, high = (
            edge if edge is not None else int(min(self.x.cells - 1, self.x.clamped(value)))
            for edge, value in zip(edges, (mark.low, mark.q25, mark.median, mark.q75, mark.high), strict=True)
        )
        for column in (*range(low, q25), *range(q75 + 1, high + 1)):
            self.put(column, middle, "─", style)
        if low < q25:
            self.put(low, middle, "├", style)
        if high > q75:
            self.put(high, middle, "┤", style)
        half = 2 if rows >= 7 else 1
        if rows < 3:
            for column in range(q25, q75 + 1):
                self.put(column, middle, "▒", style)
            self.put(median, middle, "┃", self.style(mark.role, bold=True))
        else:
            self._outline((q25, median, q75), (middle - half, middle + half), middle, (low, high), style)
        if (column := self.x.cell(mark.mean)) is not None:
            self.put(column, middle, "◆", self.ink)

    def _outline(
        self,
        columns: tuple[int, int, int],
        rows: tuple[int, int],
        middle: int,
        whiskers: tuple[int, int],
        style: Style,
    ) -> None:
        q25, median, q75 = columns
        heavy = Style(style.ink, bold=True)
        for column in range(q25 + 1, q75):
            for row in rows:
                self.put(column, row, "─", style)
        for row in range(rows[0], rows[1] + 1):
            self.put(q25, row, "│", style)
            self.put(q75, row, "│", style)
            self.put(median, row, "┃", heavy)
        for row, left, right in ((rows[0], "┌", "┐"), (rows[1], "└", "┘")):
            self.put(q25, row, left, style)
            self.put(q75, row, right, style)
        if whiskers[0] < q25:
            self.put(q25, middle, "┤", style)
        if whiskers[1] > q75:
            self.put(q75, middle, "├", style)
        if median in (q25, q75):
            for row in range(rows[0], rows[1] + 1):
                self.put(median, row, "┃", heavy)

    def quartiles(self, mark: Violin) -> None:
        """The quartiles and the median inside a violin that lies on its side."""
        row = self.y.cell(mark.at)
        first, last, median = (self.x.cell(v) for v in (mark.q25, mark.q75, mark.median))
        if row is None:
            return
        if first is not None and last is not None:
            for column in range(first, last + 1):
                self.put(column, row, "━", self.ink)
        if median is not None:
            self.put(median, row, "●", self.ink)

    def large(self, mark: Points) -> None:
        """A few marked points, one character each."""
        for x, y in zip(mark.x, mark.y, strict=True):
            column, row = self.x.cell(x), self.y.cell(y)
            if column is not None and row is not None:
                self.put(column, row, LARGE[mark.role], self.style(mark.role, bold=True))

    def point_texts(self, panel: Panel) -> tuple[int, int]:
        """The labels of points; returns how many found a place, and how many there are in sight."""
        labels = []
        for x, y, text in labelled(panel):
            column, row = self.x.cell(x), self.y.cell(y)
            if column is not None and row is not None:
                text = fit(text, self.x.cells)
                labels.append(Label(column + 0.5, row + 0.5, text, cell_len(text) + 1.0, 1.0))  # and a blank
        if not labels:
            return 0, 0
        dots = set()
        for mark in panel.marks:
            if isinstance(mark, Points):
                dots |= {(self.x.cell(x), self.y.cell(y)) for x, y in zip(mark.x, mark.y, strict=True)}
        taken = [(c + 0.5, r + 0.5) for c, r in dots if c is not None and r is not None]
        places = place(labels, (self.x.cells + 1.0, float(self.y.cells)), (1.5, 0.5), taken)
        for label, spot in zip(labels, places, strict=True):
            if spot is not None:
                self.grid.write(self.left + math.floor(spot[0]), self.top + round(spot[1]), label.text, self.ink)
        return sum(spot is not None for spot in places), len(labels)

    def cells(self, mark: Cells) -> None:
        """Texts on their shades; row 0 on top."""
        for i, texts in enumerate(mark.texts):
            top, bottom = round(self.y.clamped(i - 0.5)), round(self.y.clamped(i + 0.5))
            for j, text in enumerate(texts):
                left, right = round(self.x.clamped(j - 0.5)), round(self.x.clamped(j + 0.5))
                value = mark.shade[i][j] if i < len(mark.shade) and j < len(mark.shade[i]) else 0.0
                tint = self.palette.shade(value)
                style = Style(ink_on(tint), tint) if tint != self.palette.paper else self.ink
                for row in range(top, bottom):
                    for column in range(left, right - 1):
                        self.put(column, row, " ", style)
                # a cell that is too narrow shows nothing rather than part of a number
                if top < bottom and cell_len(text) <= right - left - 1:
                    start = left + (right - left - 1 - cell_len(text)) // 2
                    self.grid.write(self.left + start, self.top + (top + bottom - 1) // 2, fit(text, 99), style)


def _item(values: tuple[float | None, ...], i: int) -> float | None:
    return values[i] if i < len(values) else None


def full(mark: Bars) -> str:
    """What fills a bar: "on" has a texture of its own, and so have the parts of a stack."""
    return {"solid": "▓" if mark.role == "on" else "█", "light": "░", "mixed": "▒"}[mark.fill]

"""One panel as terminal text, in pieces: layout, axes, legend; the marks are drawn by `plot` and `cloud`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from rich.cells import cell_len

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
from ablate_tui.tui.painters import cloud
from ablate_tui.tui.painters.grid import PLAIN, Grid, Row, Style, fit
from ablate_tui.tui.painters.labels import (
    Entry,
    categories,
    clean,
    is_log,
    legend,
    log_texts,
    log_ticks,
    obstacles,
    span,
    tick_texts,
    ticks,
)
from ablate_tui.tui.painters.legend import fitting, room_of
from ablate_tui.tui.painters.palette import DARK, Palette
from ablate_tui.tui.painters.plot import LARGE, Plot, Scale, full

M = TypeVar("M", bound=Mark)

SMALLEST = (24, 6)  # columns and rows below which there is no room for a plot
_RAMP: tuple[Role, ...] = ("series0", "series1", "series2", "series3", "series4", "series5")
# dots of "on" are four times as large as those of "off": told apart without colour
_DOTS: dict[Role, str] = {"on": "hd", "accent": "hd", "series1": "hd", "series2": "×", "series3": "+"}
_DOTS |= {"series4": "∘", "series5": "*"}
_RAMP_PLAIN = dict(zip(_RAMP, "·:∘o●█", strict=True))  # a ramp without colour: from light to heavy


def paint(panel: Panel, width: int, height: int, palette: Palette | None = DARK) -> tuple[Row, ...]:
    """Draw a panel as rows of styled text.

    Box plots and violins lie on their side, so that their values have the length of a line for their
    axis. Categories of a y axis run from top to bottom. Where they are more than the rows, the first ones
    are shown and the title says how many.

    Parameters
    ----------
    panel : Panel
    width, height : int
        Size in cells.
    palette : Palette, optional
        Of the screen's ground; None leaves out every style.

    Returns
    -------
    tuple of rows
        Exactly `height` of at most `width` cells.
    """
    width, height = max(1, width), max(1, height)
    grid = Grid(width, height)
    if width < SMALLEST[0] or height < SMALLEST[1]:
        _message(grid, 0, "too small", Style())
        if height > 1 and panel.title:
            grid.write(0, 0, fit(panel.title, width), Style(bold=True))
            _message(grid, 1, "too small", Style())
    else:
        lies = not panel.y.ticks and any(isinstance(mark, Box | Violin) for mark in panel.marks)
        spans = span(panel, "x"), span(panel, "y")
        if lies:
            panel, spans = _turned(panel), spans[::-1]
        _Painter(panel, spans, grid, palette or DARK, palette is None or palette.few).run()
    return grid.rows(palette)


def _message(grid: Grid, top: int, text: str, style: Style) -> None:
    """Words in the middle of what is below `top`, wrapped."""
    lines = _lines(text, grid.width)[: max(1, grid.height - top)]
    row = top + max(0, (grid.height - top - len(lines)) // 2)
    for i, line in enumerate(lines):
        grid.write(max(0, (grid.width - cell_len(line)) // 2), row + i, line, style)


def _paragraphs(grid: Grid, top: int, paragraphs: tuple[str, ...]) -> None:
    """Paragraphs from `top` downward, with a blank line between them where all of it fits then."""
    wrapped = [_lines(text, grid.width - 1) for text in paragraphs]
    blank = sum(map(len, wrapped)) + len(wrapped) - 1 <= grid.height - top
    row = top
    for lines in wrapped:
        for line in lines:
            if row < grid.height:
                grid.write(0, row, line)
            row += 1
        row += blank
    if row - blank > grid.height > top:
        grid.write(grid.width - 2, grid.height - 1, " …")  # there is more


def _lines(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for word in clean(text).split():
        if lines and cell_len(lines[-1]) + 1 + cell_len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(fit(word, width))
    return lines


def _turned(panel: Panel) -> Panel:
    """A panel turned by a quarter; boxes and violins have no direction of their own."""

    def turned(mark: Mark) -> Mark:
        if isinstance(mark, Line | Points):
            return replace(mark, x=mark.y, y=mark.x)
        if isinstance(mark, Bars | Intervals):
            return replace(mark, horizontal=not mark.horizontal)
        if isinstance(mark, Rule):
            return replace(mark, vertical=not mark.vertical)
        return mark

    return replace(panel, x=panel.y, y=panel.x, marks=tuple(turned(mark) for mark in panel.marks))


@dataclass
class _Painter:
    panel: Panel
    spans: tuple[tuple[float, float], tuple[float, float]]  # of x and y
    grid: Grid
    palette: Palette
    few: bool  # colours alone tell neither the steps of a ramp nor the parts of a bar

    def run(self) -> None:
        top = self._head()
        if self.panel.words and not self.panel.empty:
            _paragraphs(self.grid, top, self.panel.words)
            return
        if self.panel.empty or not self.panel.marks:
            _message(self.grid, top, self.panel.empty or "nothing to draw", self.muted)
            return
        plot = self._cells_area(top) if self._matrix() else self._area(top)
        if plot is None:
            _message(self.grid, top, "too small", self.muted)
            return
        self._marks(plot)

    @property
    def muted(self) -> Style:
        return Style(self.palette.colour("muted"))

    def _stacked(self) -> bool:
        return any(bars.fill != "solid" for bars in self._of(Bars))

    def _matrix(self) -> bool:
        return any(isinstance(mark, Cells) for mark in self.panel.marks)

    # ---- above the plot

    def _head(self) -> int:
        """Title, then the y axis's label with the legend; returns the first free row."""
        panel, width = self.panel, self.grid.width
        top = 0
        if panel.title:
            self.grid.write(0, 0, fit(panel.title, width), Style(bold=True))
            top = 1
        if panel.empty or not panel.marks:
            return top
        label = clean(panel.y.label)
        row = 1 if panel.title else 0
        column = width
        if panel.colorbar:
            column = self._ramp(row, column)
        samples = fitting([(*self._sample(entry), fit(entry.label, 24)) for entry in legend(panel)], column)
        if samples:
            column -= sum(map(room_of, samples))
            start = column
            for sample in samples:
                sign, style, text = sample
                self.grid.write(start + 1, row, sign, style)
                self.grid.write(start + 2 + cell_len(sign), row, text)
                start += room_of(sample)
        if label and column > 8 and self.grid.height >= 8:
            self.grid.write(0, row, fit(label, column - 1), self.muted)
            top = row + 1
        # panels with the same categories keep their rows in line, whether they have a legend or not
        return row + 1 if samples or panel.colorbar or (panel.y.ticks and not self._matrix()) else top

    def _sample(self, entry: Entry) -> tuple[str, Style]:
        mark, style = entry.mark, Style(self.palette.colour(entry.role))
        if isinstance(mark, Rule):
            return "┊" if mark.vertical else "┄┄", style
        if isinstance(mark, Bars):
            return full(mark) + ("─┤" if any(end is not None for end in mark.high) else full(mark)), style
        if isinstance(mark, Intervals):
            return f"─{LARGE[entry.role]}─", style
        if isinstance(mark, Points) and mark.size == "large":
            return LARGE[entry.role], style
        dots = self._dots(entry.role)
        if isinstance(mark, Line):
            return {"braille": "⠤⠤", "hd": "▄▄"}.get(dots, dots * 2), style
        return {"braille": "⢕", "hd": "▚"}.get(dots, dots), style

    def _ramp(self, row: int, column: int) -> int:
        """What the ramp of colours means, right-aligned; returns the first column taken."""
        assert self.panel.colorbar is not None
        low, high = (fit(text, 16) for text in self.panel.colorbar)
        start = column - cell_len(low) - cell_len(high) - 8
        if start < 0:
            return column
        self.grid.write(start, row, low)
        for i, role in enumerate(_RAMP):
            character = _RAMP_PLAIN[role] if self.few else "■"
            self.grid.put(start + cell_len(low) + 1 + i, row, character, Style(self.palette.colour(role)))
        self.grid.write(start + cell_len(low) + 8, row, high)
        return start

    def _dots(self, role: Role) -> str:
        if self.panel.colorbar and role in _RAMP:
            return _RAMP_PLAIN[role] if self.few else "braille"
        return _DOTS.get(role, "braille")

    # ---- axes

    def _rows_each(self, room: int, categories: int) -> int:
        """Rows for one category: no more than its marks can use."""
        boxes = bool(self._of(Box) or self._of(Violin))
        dodged = len({round(at % 1, 6) for bars in self._of(Bars) for at in bars.at}) > 1
        if boxes:
            most = 13 if self._of(Violin) else 7
        elif any(points.size == "small" for points in self._of(Points)):
            most = 6
        else:
            most = 3 if dodged else 2
        least = 2 if dodged and self.few else 1  # half rows tell one bar from the other by their colour alone
        each = max(least, min(most, room // categories))
        return each - 1 if boxes and each % 2 == 0 else each  # boxes have a middle row

    def _area(self, top: int) -> Plot | None:
        """Axes around the plotting area."""
        panel, width, height = self.panel, self.grid.width, self.grid.height
        below = 3 if clean(panel.x.label) and height - top >= 8 else 2
        if panel.y.ticks and np.ptp(categories(panel.y)) > height - top - below:
            below = 2  # a category more is worth more than the axis's label
        room = height - top - below
        if room < 2:
            return None
        (x_low, x_high), (y_low, y_high) = self.spans
        if panel.y.ticks:
            y_low, y_high = categories(panel.y)  # whole rows: what limits would add is left out
            steps = round(y_high - y_low)
            each = self._rows_each(room, steps)
            shown = min(steps, room // each)
            y = Scale(y_low, y_low + (y_high - y_low) * shown / steps, each * shown)
            if shown < steps:
                self._say_shown(shown, steps)
            labels = [(p, clean(text)) for p, text in panel.y.ticks]
            gutter = min(max((cell_len(text) for _, text in labels), default=0), max(8, int(0.42 * width)))
        else:
            if any(bars.texts for bars in self._of(Bars)) and panel.y.limits is None and not is_log(panel.y):
                y_high += 1.5 * (y_high - y_low) / room  # a row for the texts over the bars
            y = Scale(y_low, y_high, room, is_log(panel.y), down=True)
            labels = self._numbers(panel.y, y_low, y_high, max(2, room // 2))
            gutter = max((cell_len(text) for _, text in labels), default=0)
        left = gutter + 1
        right = max(
            (cell_len(clean(t)) + 1 for m in panel.marks for t in _row_texts(m)),
            default=0,
        )
        columns = width - left - min(right, width // 3)
        if columns < 8:
            return None
        x = Scale(x_low, x_high, columns, is_log(panel.x))
        plot = Plot(self.grid, left, top, x, y, self.palette, obstacles(panel), self._stacked())
        self._y_axis(plot, labels, gutter)
        self._x_axis(plot, below == 3)
        return plot

    def _say_shown(self, shown: int, steps: int) -> None:
        self._say(f" first {shown} of {steps}")

    def _say(self, text: str) -> None:
        """Words behind the title."""
        start = min(cell_len(clean(self.panel.title)), max(0, self.grid.width - len(text)))
        self.grid.write(start, 0, text, self.muted)

    def _numbers(self, axis: Axis, low: float, high: float, most: int) -> list[tuple[float, str]]:
        places = log_ticks if is_log(axis) else ticks
        # one number alone gives no scale: rather a few that stand close
        tried = (places(low, high, count) for count in range(most, most + 3))
        positions = next((found for found in tried if len(found) > 1), places(low, high, most))
        texts = log_texts(positions) if is_log(axis) else tick_texts(positions)
        return list(zip(positions, texts, strict=True))

    def _y_axis(self, plot: Plot, labels: list[tuple[float, str]], gutter: int) -> None:
        for row in range(plot.y.cells):
            self.grid.put(plot.left - 1, plot.top + row, "│", self.muted)
        for position, text in labels:
            row_ = plot.y.cell(position)
            if row_ is None:
                continue
            text = fit(text, gutter)
            if self.panel.y.ticks:
                self.grid.write(gutter - cell_len(text), plot.top + row_, text)
            else:
                self.grid.write(gutter - cell_len(text), plot.top + row_, text, self.muted)
                self.grid.put(plot.left - 1, plot.top + row_, "┤", self.muted)

    def _x_axis(self, plot: Plot, label: bool) -> None:
        axis, row = self.panel.x, plot.top + plot.y.cells
        self.grid.put(plot.left - 1, row, "└", self.muted)
        for column in range(plot.x.cells):
            self.grid.put(plot.left + column, row, "─", self.muted)
        if axis.ticks:
            labels = [(p, clean(text)) for p, text in axis.ticks]
            slot = max(1, int(plot.x.cells / max(1.0, plot.x.high - plot.x.low)) - 1)
        else:
            labels = self._numbers(axis, plot.x.low, plot.x.high, max(2, plot.x.cells // 10))
            slot = plot.x.cells
        end = -1  # the column after the last text
        for position, text in labels:
            column_ = plot.x.cell(position)
            if column_ is None:
                continue
            text = fit(text, slot)
            size = cell_len(text)
            start = max(0, min(plot.left + column_ - (size - 1) // 2, self.grid.width - size))
            if start <= end:
                continue
            self.grid.write(start, row + 1, text, PLAIN if axis.ticks else self.muted)
            self.grid.put(plot.left + column_, row, "┴" if axis.ticks else "┬", self.muted)
            end = start + size
        if label:
            text = fit(axis.label, self.grid.width)
            start = plot.left + (plot.x.cells - cell_len(text)) // 2
            start = max(0, min(start, self.grid.width - cell_len(text)))
            self.grid.write(start, row + 2, text, self.muted)

    def _cells_area(self, top: int) -> Plot | None:
        """The names of a matrix: rows at the left, columns on top."""
        panel, width = self.panel, self.grid.width
        tables = [mark for mark in panel.marks if isinstance(mark, Cells)]
        rows = max((len(mark.texts) for mark in tables), default=0)
        columns = max((len(row) for mark in tables for row in mark.texts), default=0)
        names = {round(p): clean(text) for p, text in panel.y.ticks if abs(p) < 1e9}
        heads = {round(p): clean(text) for p, text in panel.x.ticks if abs(p) < 1e9}
        room = self.grid.height - top - 1
        if rows == 0 or columns == 0 or room < 1:
            return None
        gutter = min(max((cell_len(t) for t in names.values()), default=0), max(8, int(0.35 * width)))
        each = min(14, (width - gutter - 1) // columns)
        shown = columns
        least = min(5, 1 + max((cell_len(text) for mark in tables for row in mark.texts for text in row), default=4))
        least = max(3, least)
        if each < least:
            each, shown = least, (width - gutter - 1) // least
        if shown < 1:
            return None
        if any(cell_len(t) > each - 1 for t in heads.values()) and set(heads.values()) <= set(names.values()):
            # names that don't fit are numbered: the numbers stand before the names of the rows
            number = {text: str(i + 1) for i, text in names.items()}
            heads = {i: number[text] for i, text in heads.items()}
            names = {i: f"{i + 1} {text}" for i, text in names.items()}
            gutter = min(max(cell_len(t) for t in names.values()), max(8, int(0.35 * width)))
            each = max(1, min(each, (width - gutter - 1) // shown))
        tall = min(2, room // rows) or 1
        seen = min(rows, room // tall)
        if seen < rows:
            self._say_shown(seen, rows)
        elif shown < columns:
            self._say_shown(shown, columns)
        x = Scale(-0.5, shown - 0.5, each * shown)
        plot = Plot(self.grid, gutter + 1, top + 1, x, Scale(-0.5, seen - 0.5, tall * seen), self.palette)
        for j in range(shown):
            text = fit(heads.get(j, ""), each - 1)
            start = plot.left + j * each + (each - 1 - cell_len(text)) // 2
            self.grid.write(start, top, text, self.muted)
        for i in range(seen):
            text = fit(names.get(i, ""), gutter)
            self.grid.write(gutter - cell_len(text), plot.top + i * tall, text)
        return plot

    # ---- marks, from the back to the front

    def _marks(self, plot: Plot) -> None:
        for rule in self._of(Rule):
            plot.rule(rule)
        for cells in self._of(Cells):
            plot.cells(cells)
        for bars in self._of(Bars):
            plot.bars(bars)
        strokes = [stroke for mark in self.panel.marks for stroke in self._strokes(mark, plot)]
        for column, row, character, ink in cloud.draw(strokes, plot.x.cells, plot.y.cells):
            plot.put(column, row, character, Style(ink))
        for violin in self._of(Violin):
            plot.quartiles(violin)
        for box in self._of(Box):
            plot.box(box)
        for intervals in self._of(Intervals):
            plot.intervals(intervals)
        for points in self._of(Points):
            if points.size == "large":
                plot.large(points)
        written, labels = plot.point_texts(self.panel)
        if written < labels:
            self._say(f" {written} of {labels} labelled")

    def _of(self, kind: type[M]) -> list[M]:
        return [mark for mark in self.panel.marks if isinstance(mark, kind)]

    def _strokes(self, mark: Mark, plot: Plot) -> Iterator[cloud.Stroke]:
        """What plotext draws of a mark, in cells."""
        if isinstance(mark, Line):
            x, y = plot.x.all(mark.x), plot.y.all(mark.y)
            if mark.step:
                x, y = cloud.staircase(x, y)
            ink = self.palette.colour(mark.role)
            # what is shaded in pictures stays behind: a histogram under its density
            pale = self.palette.blend(ink, 0.55)
            for edge in (mark.low, mark.high):
                if edge:
                    yield cloud.Stroke(x, plot.y.all(edge), True, self._dots(mark.role), pale)
            ink = pale if mark.fill else ink
            yield cloud.Stroke(x, y, True, self._dots(mark.role), ink)
        elif isinstance(mark, Points) and mark.size == "small":
            x, y = plot.x.all(mark.x), plot.y.all(mark.y)
            yield cloud.Stroke(x, y, False, self._dots(mark.role), self.palette.colour(mark.role))
        elif isinstance(mark, Violin):
            along = plot.x.all(mark.y)
            with np.errstate(over="ignore", invalid="ignore"):
                half = np.array(mark.half_width, dtype=float) * (plot.y.cells / (plot.y.high - plot.y.low))
            middle, ink = plot.y.at(mark.at), self.palette.colour(mark.role)
            yield from cloud.filled(along, half, middle, plot.x.cells, plot.y.cells, ink)


def _row_texts(mark: Mark) -> tuple[str, ...]:
    return mark.texts if isinstance(mark, Bars | Intervals) and mark.horizontal else ()

"""A figure as PNG, SVG or PDF: layout and words; the marks are in `marks` and `point_labels`, how texts are written
in `wording`, fonts in `fonts`, settings in `style`, what suits a slide or a paper in `paper_sizes`.

These files are matplotlib's one home. Nothing global is touched: no pyplot, and the settings hold
inside a `rc_context`. matplotlib's settings are the process's, so one picture is drawn at a time.
"""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass, replace
from typing import Any, Literal

from ablate_tui.tui.figure import Bars, Cells, Figure, Intervals, Panel
from ablate_tui.tui.formats import NO_BREAK, TIED
from ablate_tui.tui.formats import width as cells
from ablate_tui.tui.painters import point_labels
from ablate_tui.tui.painters.fonts import families, plain, quiet
from ablate_tui.tui.painters.keys import BETWEEN, HANDLE, Keys
from ablate_tui.tui.painters.labels import Entry, clean, legend, span
from ablate_tui.tui.painters.marks import HEADING, MOST, RAMP, Pen, cell_width, names_width, row_height, wrapped
from ablate_tui.tui.painters.palette import colour, hexed, paper
from ablate_tui.tui.painters.paper_sizes import FREE, PAPERS, Paper, PaperSize
from ablate_tui.tui.painters.placement import labelled
from ablate_tui.tui.painters.style import SIZE, settings
from ablate_tui.tui.painters.wording import changed, directed, written

PictureFormat = Literal["png", "svg", "pdf"]
_LOCK = threading.Lock()
_LINE = 1.35  # line height, in font sizes
_MOST_PIXELS = 40e6  # 160 MB while a PNG is drawn; pictures that are larger get fewer dots per inch
WORDY = 5.0  # inches a panel that words beside bars may ask for; what is wider than its paper is shrunk in it
NARROW = 5.0  # inches up to which a title is smaller
PROSE = 9  # points, of words in a panel
_WIDTHS = {1: 6.0, 2: 8.4, 3: 10.8}  # inches, by panels side by side


def render(
    figure: Figure,
    format: PictureFormat,
    *,
    dark: bool = False,
    width_in: float | None = None,
    size: PaperSize | None = None,
    dpi: int | None = None,
) -> bytes:
    """Draw a figure.

    Parameters
    ----------
    figure : Figure
    format : "png", "svg" or "pdf"
    dark : bool
        Light ink on dark paper.
    width_in : float, optional
        Width in inches; by default it grows with the number of panels side by side. The height follows
        from the panels and from how many categories they have.
    size : "slide", "column" or "page", optional
        What the picture is for: a slide of 16:9, a column of a paper, or the whole width of its page. It settles
        the width; a matrix is given the width that its texts need all the same.
    dpi : int, optional
        Dots per inch, of a PNG and of large clouds in the other formats; by default 160, or what suits the size.

    Returns
    -------
    bytes
        The same for the same figure: no clock, no random names. Characters that no installed font has are
        written as their numbers, and a line under the picture says so.
    """
    import matplotlib

    figure, fonts = _readable(figure)
    with _LOCK, quiet(), matplotlib.rc_context(settings(dark, fonts)):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as Canvas

        canvas = Canvas(facecolor=hexed(paper(dark)))
        FigureCanvasAgg(canvas)
        kind = PAPERS[size] if size else FREE
        picture = _Picture(figure, canvas, dark, kind)
        picture.draw(picture.laid_out(width_in))
        metadata = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[format]
        width, height = canvas.get_size_inches()
        fine = min(dpi or kind.dpi(width), (_MOST_PIXELS / (width * height)) ** 0.5, 60_000 / max(width, height))
        canvas.set_dpi(fine)
        engine = canvas.get_layout_engine()
        if engine is not None and canvas.axes:  # settled here, else savefig draws all of it an extra time for that
            engine.execute(canvas)
        canvas.set_layout_engine("none")
        stream = io.BytesIO()
        canvas.savefig(stream, format=format, dpi=fine, metadata=metadata, facecolor=canvas.get_facecolor())
        return stream.getvalue()


@dataclass
class _Words:
    """A block of words above or below the panels: lines, size, and how they look."""

    lines: list[str]
    size: float
    options: dict[str, Any]

    @property
    def height(self) -> float:
        """In inches, with the air under it."""
        return len(self.lines) * self.size * _LINE / 72


@dataclass(frozen=True)
class _Layout:
    """What goes where, in inches."""

    columns: int
    width: float
    rows: list[tuple[Panel, ...]]
    heights: list[float]
    head: list[_Words]
    foot: list[_Words]
    keys: Keys  # of the legend that panels share
    said: set[tuple[str, Any]]  # its entries

    @property
    def top(self) -> float:
        """Height of what stands over the panels."""
        shared = 0.28 + self.keys.more if self.keys.entries else 0.0
        return 0.14 + sum(block.height for block in self.head) + shared + 0.08

    @property
    def bottom(self) -> float:
        """Height of what stands under them."""
        return 0.1 + sum(block.height for block in self.foot) + (0.06 if any(b.lines for b in self.foot) else 0)

    @property
    def height(self) -> float:
        """Of the picture."""
        return self.top + sum(self.heights) + self.bottom

    def stretched(self, height: float) -> _Layout:
        """With higher panels, so that the picture is so high; never with lower ones."""
        share = max(1.0, (height - self.top - self.bottom) / max(sum(self.heights), 0.01))
        return replace(self, heights=[each * share for each in self.heights])


@dataclass
class _Picture:
    spec: Figure
    canvas: Any
    dark: bool
    paper: Paper

    def laid_out(self, width: float | None) -> _Layout:
        """The layout for the paper: of those that it tries, the first that is not too high, else the last."""
        panels = self.spec.panels
        self.widths: dict[tuple[str, float, Any, Any], float] = {}
        widest = max(map(_matrix_width, panels), default=0.0)
        if self.paper is not FREE:
            widest = max(widest, min(WORDY, max(map(_words_width, panels), default=0.0)))
        for columns, inches, tall in self.paper.tries(self.spec.columns, len(panels)):
            free = width or inches or _WIDTHS.get(columns, 3.5 * columns)
            layout = self._layout(columns, free if width else max(free, columns * widest), tall)
            if layout.height <= self.paper.most(layout.width):
                break
        return self.paper.fitted(layout)

    def _layout(self, columns: int, width: float, tall: float) -> _Layout:
        """So many panels side by side; those without categories are so high."""
        spec, self.width, self.tall = self.spec, width, tall
        self.labelled: list[Pen] = []
        rows = [spec.panels[i : i + columns] for i in range(0, len(spec.panels), columns)]
        shared = _shared_legend(spec.panels)
        said = {(entry.label, entry.role) for entry in shared}
        heights = []
        for row in rows:
            more = max(keys.more for keys in self._keys(row, self._widths(row, columns), said))
            heights.append(max(self._height(panel, width / columns) for panel in row) + more)

        muted = hexed(colour("muted", self.dark))
        head = [
            self._words(spec.title, 12.5 if width > NARROW else 10.5, fontweight="bold"),
            self._words(spec.subtitle, 9),
        ]
        foot = [self._words(text, 8, fontstyle="italic") for text in spec.notes]
        footer = self._words(spec.footer, 7.5, color=muted)
        foot.append(footer)
        keys = Keys.of(shared, width - 0.28, 9, self._wide)
        return _Layout(columns, width, rows, heights, head, foot, keys, said)

    def draw(self, layout: _Layout) -> None:
        """Draw the words and panels where they go."""
        self.width, self.height = layout.width, layout.height
        top, bottom = layout.top, layout.bottom
        self.canvas.set_size_inches(self.width, self.height)
        self._write(layout.head, 0.14)
        self._write(layout.foot, self.height - bottom + 0.06)
        if layout.keys.entries:
            self._shared_keys(layout.keys, self.height - top + 0.06)
        self.canvas.set_layout_engine(
            "constrained",
            rect=(0.0, bottom / self.height, 1.0, 1 - (top + bottom) / self.height),
            w_pad=0.1,
            h_pad=0.06,
            wspace=0.03,
            hspace=0.03,
        )
        self._panels(layout.rows, layout.heights, layout.columns, layout.said)
        self._directed()
        self._point_labels()

    # ---- words

    def _words(self, text: str, size: float, **options: Any) -> _Words:
        """A text wrapped to the width of the picture."""
        text = text.strip()
        if not text:
            return _Words([], size, options)
        if plain(text, options.get("fontweight", "normal"), options.get("fontstyle", "normal")):
            options = {name: value for name, value in options.items() if name not in ("fontweight", "fontstyle")}
        font = options.get("fontweight", "normal"), options.get("fontstyle", "normal")
        return _Words(self._folded(text, self.width - 0.28, size, *font), size, options)

    def _folded(self, text: str, room: float, size: float, weight: Any = "normal", style: Any = "normal") -> list[str]:
        """The lines of a text that has so many inches."""

        def wide(part: str) -> float:
            return self._wide(part, size, weight, style)

        lines = [""]
        for word in TIED.sub(NO_BREAK, text).split(" "):
            longer = f"{lines[-1]} {word}" if lines[-1] else word
            if wide(longer) <= room:
                lines[-1] = longer
                continue
            if lines[-1]:
                lines.append("")
            for character in word:  # a word longer than the line is broken anywhere
                if wide(lines[-1] + character) > room:
                    lines.append("")
                lines[-1] += character
        return lines

    def _wide(self, text: str, size: float, weight: Any = "normal", style: Any = "normal") -> float:
        """Inches that a text takes; measured once, since several layouts may be tried."""
        from matplotlib.font_manager import FontProperties

        key = (text, size, weight, style)
        if key not in self.widths:
            font = FontProperties(size=size, weight=weight, style=style)
            width, _, _ = self.canvas.canvas.get_renderer().get_text_width_height_descent(text, font, False)
            self.widths[key] = float(width) / float(self.canvas.dpi)
        return self.widths[key]

    def _widths(self, row: tuple[Panel, ...], columns: int) -> list[float]:
        """Inches of each panel of a row, and of the empty places behind them."""
        weights = _weights(row, columns)
        return [self.width * weight / sum(weights) for weight in weights]

    def _keys(self, row: tuple[Panel, ...], widths: list[float], said: set[tuple[str, Any]]) -> list[Keys]:
        """The panels' own legends."""
        found = []
        for place, panel in enumerate(row):
            entries = () if panel.empty else tuple(e for e in legend(panel) if (e.label, e.role) not in said)
            margin = 0.3 + (0.0 if _again(row, place) else names_width(panel)) if panel.y.ticks else 0.75
            found.append(Keys.of(entries, widths[place] - margin, SIZE, self._wide))
        return found

    def _write(self, blocks: list[_Words], down: float) -> None:
        """Words from a distance to the upper edge (inches) downward."""
        for block in blocks:
            for line in block.lines:
                down += block.size * _LINE / 72
                y = 1 - (down - 0.3 * block.size / 72) / self.height
                self.canvas.text(
                    0.14 / self.width,
                    y,
                    line,
                    fontsize=block.size,
                    va="baseline",
                    in_layout=False,
                    **block.options,
                )

    # ---- panels

    def _height(self, panel: Panel, inches: float) -> float:
        """Height in inches: a row for each category of a y axis or line of words, else a fixed shape."""
        if panel.words and not panel.empty:
            return 0.4 + 0.152 * (self._prose(panel, inches).count("\n") + 1)
        if not panel.y.ticks or panel.empty:
            long = max((cells(text) for _, text in panel.x.ticks), default=0)
            return self.tall + 0.12 * len(labelled(panel)) + (0.4 if long * len(panel.x.ticks) > 60 else 0)
        low, high = span(panel, "y")
        high = min(high, low + MOST)
        matrix = any(isinstance(mark, Cells) for mark in panel.marks)
        heads = min(HEADING, max((cells(text) for _, text in panel.x.ticks), default=0)) if matrix else 0
        return max(1.5, 0.85 + (high - low) * row_height(panel) + 0.045 * heads)

    def _panels(
        self, rows: list[tuple[Panel, ...]], heights: list[float], columns: int, said: set[tuple[str, Any]]
    ) -> None:
        if not rows:
            return
        # one grid keeps the columns in line; rows of their own where the weights differ, or where the names of
        # one panel would take room from all that stand under it
        alike = columns > 1 and all(panel.weight == 1.0 for row in rows for panel in row)
        same = alike or len(rows) == 1
        if same:
            weights = _weights(rows[0], columns)
            grid = self.canvas.add_gridspec(len(rows), columns, height_ratios=heights, width_ratios=weights)
        else:
            outer = self.canvas.add_gridspec(len(rows), 1, height_ratios=heights)
        for number, row in enumerate(rows):
            if same:
                slots = [grid[number, place] for place in range(columns)]
            else:
                slots = outer[number].subgridspec(1, columns, width_ratios=_weights(row, columns))
            widths = self._widths(row, columns)
            keys = self._keys(row, widths, said)
            # titles of a row stand on one line, above the highest legend
            ramp = any(panel.colorbar is not None and not panel.empty for panel in row)
            lines = max(int(ramp), *(own.lines for own in keys))
            for place, panel in enumerate(row):
                axes = self.canvas.add_subplot(slots[place])
                self._panel(axes, panel, widths[place], _again(row, place), keys[place], lines)

    def _directed(self) -> None:
        """Every text from left to right; the names on axes are so already, since each drawing sets them again."""
        from matplotlib.text import Text

        for text in self.canvas.findobj(Text):
            text.set_text(directed(text.get_text()))

    def _point_labels(self) -> None:
        """Labels of points go where there is room, which is known once everything else has its place."""
        if self.labelled:
            self.canvas.draw_without_rendering()
        for pen in self.labelled:
            point_labels.write(pen)

    def _panel(self, axes: Any, panel: Panel, inches: float, again: bool, own: Keys, lines: int) -> None:
        pen = Pen(axes, panel, self.dark, inches)
        low, high = span(panel, "y")
        many = f" (first {MOST} of {high - low:.0f})" if panel.y.ticks and high - low > MOST else ""
        axes.set_title(
            wrapped(
                panel.title + many,
                max(18, int((inches - max(0.35, 0 if again else names_width(panel))) * 10.5)),
            ),
            loc="left",
            fontsize=9.5,
            fontweight="normal" if plain(panel.title, "bold", "normal") else "bold",
            pad=7 + 13 * lines,
        )
        if panel.words and not panel.empty:
            axes.set_axis_off()
            text = self._prose(panel, inches)
            axes.text(0.0, 1.0, text, va="top", fontsize=PROSE, transform=axes.transAxes, in_layout=False)
            return
        if panel.empty or not panel.marks:
            axes.set_axis_off()
            text = wrapped(panel.empty or "nothing to draw", max(16, int(inches * 11)))
            axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, color=pen.hex("muted"))
            return
        pen.draw(names=not again)
        if labelled(panel):
            self.labelled.append(pen)
        if panel.colorbar:
            self._ramp(axes, panel.colorbar)
        elif own.entries:
            axes.legend(
                [pen.handle(entry) for entry in own.entries],
                own.labels,
                loc="lower left",
                bbox_to_anchor=(-0.02, 1.0),
                borderpad=0.1,
                borderaxespad=0.1,
                ncols=own.columns,
                handlelength=HANDLE,
                columnspacing=BETWEEN,
            )

    def _prose(self, panel: Panel, inches: float) -> str:
        """A panel's paragraphs, folded."""
        room = max(1.0, inches - 0.76)  # the axes beside and under it have labels on the left
        return "\n\n".join("\n".join(self._folded(part, room, PROSE)) for part in panel.words)

    def _ramp(self, axes: Any, words: tuple[str, str]) -> None:
        """The ramp of colours between its two words, over the axes."""
        from matplotlib.lines import Line2D

        inks = [hexed(colour(role, self.dark)) for role in RAMP]
        low, high = words
        blank = Line2D([], [], linestyle="none")
        dots = [Line2D([], [], linestyle="none", marker="s", markersize=6, color=c) for c in inks]
        axes.legend(
            [blank, *dots, blank],
            [f"{low} ", "", "", "", "", "", "", high],
            loc="lower left",
            bbox_to_anchor=(-0.02, 1.0),
            borderpad=0.1,
            borderaxespad=0.1,
            ncols=8,
            handlelength=0.6,
            handletextpad=0.25,
            columnspacing=0.35,
        )

    def _shared_keys(self, common: Keys, y: float) -> None:
        panels = [next(p for p in self.spec.panels if entry in legend(p)) for entry in common.entries]
        pens = [Pen(None, panel, self.dark, self.width) for panel in panels]
        made = self.canvas.legend(
            [pen.handle(entry) for pen, entry in zip(pens, common.entries, strict=True)],
            common.labels,
            loc="lower left",
            bbox_to_anchor=(0.14 / self.width, y / self.height),
            borderpad=0.0,
            borderaxespad=0.0,
            ncols=common.columns,
            handlelength=HANDLE,
            columnspacing=BETWEEN,
            fontsize=9,
        )
        made.set_in_layout(False)


def _readable(figure: Figure) -> tuple[Figure, tuple[str, ...]]:
    """A figure whose texts can be written, and the fonts that write them."""
    texts: list[str] = []

    def cleaned(text: str) -> str:
        texts.append(clean(text))
        return texts[-1]

    figure = changed(figure, cleaned)
    fonts, missing = families(texts)
    if not missing:
        return figure, fonts
    figure = changed(figure, lambda text: written(text, missing))
    first = f"{ord(min(missing)):04X}"
    note = f"‹{first}› stands for U+{first}, a character that no installed font has; the fonts called Noto have most."
    return replace(figure, notes=(*figure.notes, note)), fonts


def _weights(row: tuple[Panel, ...], columns: int) -> list[float]:
    """Shares of the width, also of the empty places behind the panels of a row."""
    return [max(0.1, panel.weight) for panel in row] + [1.0] * (columns - len(row))


def _again(row: tuple[Panel, ...], place: int) -> bool:
    """Whether a panel has the names of the one before it, which need not be written twice."""
    return place > 0 and bool(row[place].y.ticks) and row[place].y.ticks == row[place - 1].y.ticks


def _shared_legend(panels: tuple[Panel, ...]) -> tuple[Entry, ...]:
    """Entries that two or more panels have in common, said once for the whole picture."""
    seen: dict[tuple[str, Any], list[Entry]] = {}
    for panel in panels:
        if not panel.empty:
            for entry in legend(panel):
                seen.setdefault((entry.label, entry.role), []).append(entry)
    return tuple(entries[0] for entries in seen.values() if len(entries) > 1)


def _matrix_width(panel: Panel) -> float:
    """Inches that a matrix needs for its texts to be read; zero without one."""
    rows = [row for mark in panel.marks if isinstance(mark, Cells) for row in mark.texts]
    if not rows:
        return 0.0
    return names_width(panel) + 0.3 + max(len(row) for row in rows) * cell_width(rows)


def _words_width(panel: Panel) -> float:
    """Inches that lying bars and intervals need with their names and the words at their ends; zero without words."""
    told = (mark for mark in panel.marks if isinstance(mark, Bars | Intervals) and mark.horizontal)
    words = [text for mark in told for text in mark.texts]
    longest = max(map(cells, words), default=0)
    return names_width(panel) + 0.3 + 0.065 * longest + 1.0 if longest else 0.0

"""The figure spec: what is drawn, as plain numbers, words and colour roles.

A view makes one `Figure`; the painters draw it with plotext or matplotlib and decide nothing about
the data: binning, order, thinning and warnings are settled here. No RGB and no library objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Role: TypeAlias = Literal[
    "on", "off", "neutral", "accent", "muted",
    "series0", "series1", "series2", "series3", "series4", "series5",
]  # fmt: skip
"""Colour roles. on/off: the two sides of a contrast; neutral: ink; muted: grid and reference lines."""


@dataclass(frozen=True)
class Axis:
    """One axis. `ticks` are (position, text) where the positions are categories.

    Categories of an x axis run from left to right, those of a y axis from top to bottom, as a list does:
    position 0 is the first row.
    """

    label: str = ""
    ticks: tuple[tuple[float, str], ...] = ()
    limits: tuple[float, float] | None = None
    log: bool = False


@dataclass(frozen=True)
class Line:
    """A line through points; y may be NaN to break it. `step` draws it as a staircase (post).

    With `low` and `high` it runs in a band between them.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    role: Role = "neutral"
    label: str = ""
    step: bool = False
    fill: bool = False  # shade down to zero, lightly (pictures only)
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True)
class Points:
    """Points, all of one role. `size` is "small" for clouds and "large" for a few marked ones.

    `texts` are labels beside the points, "" for none, at most some twenty in a panel; where two would lie
    over each other the later one makes way.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    role: Role = "neutral"
    label: str = ""
    size: Literal["small", "large"] = "small"
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bars:
    """Bars from `base` to values at categorical positions, with an optional interval each.

    A base for each bar stacks it on another. `fill` tells the parts of a stack apart beyond the colour of
    their role: "solid" for the first part, "light" for the second, "mixed" for what can't be taken apart.
    """

    at: tuple[float, ...]
    values: tuple[float | None, ...]
    role: Role = "neutral"
    label: str = ""
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    horizontal: bool = False
    width: float = 0.8
    texts: tuple[str, ...] = ()  # written at the end of each bar
    base: float | tuple[float, ...] = 0.0
    fill: Literal["solid", "light", "mixed"] = "solid"

    def base_of(self, bar: int) -> float:
        """Where a bar begins."""
        return self.base[bar] if isinstance(self.base, tuple) else self.base


@dataclass(frozen=True)
class Intervals:
    """A dot with a bar of its interval at each categorical position (a forest plot when horizontal)."""

    at: tuple[float, ...]
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    role: Role = "neutral"
    label: str = ""
    horizontal: bool = True
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Box:
    """A box plot (Tukey): quartiles, median, whiskers, mean; outliers already thinned."""

    at: float
    q25: float
    median: float
    q75: float
    low: float  # whisker ends: the furthest run within 1.5 IQR of the box
    high: float
    mean: float
    outliers: tuple[float, ...]
    role: Role
    label: str = ""
    width: float = 0.5


@dataclass(frozen=True)
class Violin:
    """A density mirrored about a categorical position, with the quartiles in it."""

    at: float
    y: tuple[float, ...]
    half_width: tuple[float, ...]  # in units of the categorical axis
    q25: float
    median: float
    q75: float
    role: Role
    label: str = ""


@dataclass(frozen=True)
class Rule:
    """A straight reference line through the whole panel."""

    at: float
    vertical: bool
    role: Role = "muted"
    label: str = ""


@dataclass(frozen=True)
class Cells:
    """A grid of values with a text in each cell, row 0 on top (a matrix, or a table with shades)."""

    texts: tuple[tuple[str, ...], ...]
    shade: tuple[tuple[float, ...], ...]  # −1 … 1; 0 is no shade


Mark: TypeAlias = Line | Points | Bars | Intervals | Box | Violin | Rule | Cells


@dataclass(frozen=True)
class Panel:
    """One set of axes."""

    title: str
    x: Axis
    y: Axis
    marks: tuple[Mark, ...]
    name: str = ""  # how a person picks this panel: "box", "ecdf", …
    empty: str = ""  # why there is nothing to draw; shown in place of the marks
    words: tuple[str, ...] = ()  # paragraphs, in place of the marks
    colorbar: tuple[str, str] | None = None  # words at the low and high end of series0…series5 as a ramp
    weight: float = 1.0  # share of the width


@dataclass(frozen=True)
class Figure:
    """Panels side by side, under a title and over a line that says what was looked at."""

    title: str
    panels: tuple[Panel, ...]
    subtitle: str = ""  # the slice in words, "n of N runs, d diverged"
    footer: str = ""  # response and goal, source's name, date
    notes: tuple[str, ...] = ()  # warnings to read with the picture
    columns: int = 2  # panels side by side in a picture
    name: str = ""


@dataclass(frozen=True)
class TableColumn:
    """A column of a table: JSON field name, words for the screen, and alignment.

    Prose is folded to the width that is there, not cut.
    """

    field: str
    label: str
    numeric: bool = True
    prose: bool = False


@dataclass(frozen=True)
class Table:
    """A view as text: values are str, int, float or None (shown as "–")."""

    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[object, ...], ...]
    title: str = ""
    notes: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()  # the factor that each row is about, where rows are about factors

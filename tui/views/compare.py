"""The sides of the contrast beside each other, in five ways; more than two of them also in pairs."""

from __future__ import annotations

from typing import Any

from ablate_tui.queries.compare import Comparison, SideRow, compare, compare_sql
from ablate_tui.queries.note import Note
from ablate_tui.queries.polars_code import compare_polars
from ablate_tui.tui.figure import (
    Axis,
    Bars,
    Box,
    Figure,
    Intervals,
    Line,
    Mark,
    Panel,
    Role,
    Rule,
    Table,
    TableColumn,
    Violin,
)
from ablate_tui.tui.formats import number
from ablate_tui.tui.views.base import Inputs, View, framed, plain, reasons, side_role, side_words

MOST_SIDES = 8  # that can be told apart in one picture; the table has them all
MOST_PAIRS = 28  # of levels in one picture: those of eight
SIDE = (
    TableColumn("n", "n"),
    TableColumn("mean", "mean"),
    TableColumn("sd", "SD"),
    TableColumn("median", "median"),
    TableColumn("diverged", "diverged"),
    TableColumn("missing", "missing"),
    TableColumn("min", "min"),
    TableColumn("q05", "5 %"),
    TableColumn("q25", "25 %"),
    TableColumn("q75", "75 %"),
    TableColumn("q95", "95 %"),
    TableColumn("max", "max"),
)
PAIRWISE = (
    TableColumn("sd_ratio", "SD ratio"),
    TableColumn("welch_holm_p", "Welch p"),
    TableColumn("mann_whitney_holm_p", "M-W p"),
    TableColumn("brown_forsythe_holm_p", "B-F p"),
    TableColumn("welch_p", "Welch p, raw"),
    TableColumn("mann_whitney_p", "M-W p, raw"),
    TableColumn("brown_forsythe_p", "B-F p, raw"),
)
VIOLIN = 0.42  # half of the widest violin, in units of the categorical axis


def read(inputs: Inputs) -> Comparison:
    """The sides of the slice's contrast."""
    return compare(inputs.sample)


class Sides:
    """Names, words and roles of the sides that are drawn, from a place on; of one slice among two, with its name."""

    def __init__(
        self, result: Comparison, inputs: Inputs, slice_: str = "", start: int = 0, most: int = MOST_SIDES
    ) -> None:
        factor = inputs.sample.contrast
        rows = [row for row in result.rows if row.n][:most]
        self.start = start
        self.levels = [row.level for row in rows]
        self.rows = rows
        self.roles: dict[str, Role] = {row.level: side_role(factor, row.level) for row in rows}
        self.words = {row.level: f"{slice_} {side_words(factor, row.level)}".strip() for row in rows}
        self.named = {row.level: f"{self.words[row.level]} n={row.n:,}" for row in rows}
        self.left_out = len([row for row in result.rows if row.n]) - len(rows)

    def ticks(self) -> tuple[tuple[float, str], ...]:
        """One category a side."""
        return tuple((self.place(level), self.named[level]) for level in self.levels)

    def place(self, level: str) -> float:
        """Position of a side among the categories."""
        return float(self.start + self.levels.index(level))

    def drawn(self) -> tuple[tuple[SideRow, Role, str], ...]:
        """Figures, role and words of each side."""
        return tuple((row, self.roles[row.level], self.words[row.level]) for row in self.rows)


def figure(result: Comparison, inputs: Inputs) -> Figure:
    """Box, ECDF, histogram with density, statistics and violin."""
    sides = Sides(result, inputs)
    response = inputs.sample.table.response
    empty = "" if sides.levels else "no finished run in this slice"
    value = Axis(response.name)
    category = Axis(result.contrast or "", ticks=sides.ticks(), limits=(-0.6, len(sides.levels) - 0.4))
    panels = (
        Panel("box plot", category, value, boxes(result, sides), "box", empty),
        Panel(
            "cumulative distribution (ECDF)",
            value,
            Axis("share of runs", limits=(0.0, 1.0)),
            steps(result, sides),
            "ecdf",
            empty,
        ),
        Panel("histogram and density (KDE)", value, Axis("density"), shapes(result, sides), "hist+kde", empty),
        statistics(sides.drawn(), response.name, empty),
        Panel("violin", category, value, violins(result, sides), "violin", empty),
        *((two_by_two(result, response.name),) if result.pairwise else ()),
    )
    notes = (f"{sides.left_out} more levels are in the table",) if sides.left_out else ()
    return framed("compare", figure_title(result), panels, inputs, columns=3, notes=notes)


def boxes(result: Comparison, sides: Sides) -> tuple[Mark, ...]:
    """A box a side."""
    marks = []
    for box in result.boxes:
        if box.level not in sides.levels or None in (
            box.q25,
            box.median,
            box.q75,
            box.low,
            box.high,
            box.mean,
        ):
            continue
        marks.append(
            Box(
                sides.place(box.level),
                box.q25 or 0.0,
                box.median or 0.0,
                box.q75 or 0.0,
                box.low or 0.0,
                box.high or 0.0,
                box.mean or 0.0,
                box.outliers,
                sides.roles[box.level],
                sides.words[box.level],
            )
        )
    return tuple(marks)


def steps(result: Comparison, sides: Sides) -> tuple[Mark, ...]:
    """A staircase a side."""
    return tuple(
        Line(
            (result.ecdf.x[level][0], *result.ecdf.x[level]),
            (0.0, *result.ecdf.y[level]),
            sides.roles[level],
            sides.words[level],
            step=True,
        )
        for level in sides.levels
    )


def shapes(result: Comparison, sides: Sides) -> tuple[Mark, ...]:
    """Histogram outline, as a density, and the kernel density over it."""
    marks: list[Mark] = []
    edges = result.histogram.edges
    for row in sides.rows:
        counts = result.histogram.counts[row.level]
        density = result.kde.density.get(row.level)
        heights = [count / (row.n * (b - a)) for count, a, b in zip(counts, edges, edges[1:], strict=False) if b > a]
        if heights:
            x, y = (edges[0], *edges), (0.0, *heights, 0.0)
            label = "" if density else sides.words[row.level]
            marks.append(Line(x, y, sides.roles[row.level], label, step=True, fill=True))
        if density:
            marks.append(Line(result.kde.x, density, sides.roles[row.level], sides.words[row.level]))
    return tuple(marks)


def statistics(sides: tuple[tuple[SideRow, Role, str], ...], response: str, empty: str) -> Panel:
    """Mean, median, SD and IQR as bars from zero."""
    bars: list[Mark] = []
    ticks: list[tuple[float, str]] = []
    several = len(sides) > 1
    for at, (row, role, words) in enumerate(sides):
        iqr = None if row.q75 is None or row.q25 is None else row.q75 - row.q25
        values = (row.mean, row.median, row.sd, iqr)
        places = tuple(float(group * len(sides) + at) for group in range(4))
        ticks += [
            (place, f"{name} {words}" if several else name)
            for place, name in zip(places, ("mean", "median", "SD", "IQR"), strict=True)
        ]
        bars.append(
            Bars(
                places,
                values,
                role,
                words if several else "",
                horizontal=True,
                texts=tuple(number(value) for value in values),
            )
        )
    return Panel("statistics", Axis(response), Axis(ticks=tuple(sorted(ticks))), tuple(bars), "stats", empty)


def violins(result: Comparison, sides: Sides) -> tuple[Mark, ...]:
    """The density of each side, mirrored; all on one scale, so that areas are equal."""
    found = {level: result.kde.density.get(level) for level in sides.levels}
    top = max((max(density) for density in found.values() if density), default=0.0)
    marks = []
    for at, row in enumerate(sides.rows):
        density = found[row.level]
        if not density or not top or row.q25 is None or row.median is None or row.q75 is None:
            continue
        # the grid is common to all sides: where one has no runs its violin ends
        shape = [
            (x, height / top * VIOLIN) for x, height in zip(result.kde.x, density, strict=True) if height > top / 500
        ]
        x, half = tuple(value for value, _ in shape), tuple(value for _, value in shape)
        marks.append(
            Violin(float(at), x, half, row.q25, row.median, row.q75, sides.roles[row.level], sides.words[row.level])
        )
    return tuple(marks)


def two_by_two(result: Comparison, response: str) -> Panel:
    """Every two levels: the difference of their means as a dot, the ratio of their SDs beside it."""
    rows = result.pairwise[:MOST_PAIRS]
    places = tuple(float(at) for at in range(len(rows)))
    texts = tuple("" if row.sd_ratio is None else f"SD ×{number(row.sd_ratio, 3)}" for row in rows)
    dots = Intervals(places, tuple(row.mean_diff for row in rows), role="accent", texts=texts)
    shown = f", {len(rows)} of {len(result.pairwise)} pairs" if len(rows) < len(result.pairwise) else ""
    return Panel(
        f"levels in pairs: Δ mean, SD ratio{shown}",
        Axis(f"difference in {response}"),
        Axis(ticks=tuple(zip(places, (row.name for row in rows), strict=True)), limits=(-0.6, len(rows) - 0.4)),
        (Rule(0.0, vertical=True), dots),
        "pairwise",
    )


def table(result: Comparison, inputs: Inputs) -> Table:
    """One row a side; of more than two levels also one for every two of them."""
    columns = (
        TableColumn("level", result.contrast or "", numeric=False),
        *SIDE[:2],
        *((TableColumn("mean_diff", "Δ mean"),) if result.omnibus else ()),
        SIDE[2],
        *(PAIRWISE if result.omnibus else ()),
        *SIDE[3:],
    )
    sides = [(side_words(inputs.sample.contrast, row.level), row) for row in result.rows]
    named = sides + [(row.name, row) for row in result.pairwise]
    rows = tuple((name, *(getattr(row, column.field, None) for column in columns[1:])) for name, row in named)
    return Table(columns, rows, figure_title(result), (*omnibus_words(result), *reasons(told(result))))


def told(result: Comparison) -> tuple[Note, ...]:
    """The notes, but for how many steps of an ECDF are given: no plot could show more."""
    return tuple(note for note in result.notes if note.field != "ecdf" or " steps" not in note.reason)


def omnibus_words(result: Comparison) -> tuple[str, ...]:
    """The tests of all levels at once, and how to read the rows of two."""
    every = result.omnibus
    if every is None:
        return ()
    return (
        f"all levels: Kruskal-Wallis p {number(every.kruskal_p, 2)} (location), Brown-Forsythe p "
        f"{number(every.brown_forsythe_p, 2)} (spread); over runs, descriptive",
        "a − b: mean of a less that of b, SD of a over that of b; p adjusted for the pairs of levels (Holm), raw: not",
    )


def figure_title(result: Comparison) -> str:
    """What is compared."""
    return f"Comparison by {result.contrast}" if result.contrast else "Distribution of all runs"


def document(result: Comparison, inputs: Inputs) -> dict[str, Any]:
    """JSON's own keys."""
    return {
        "rows": plain(result.rows),
        "histogram": plain(result.histogram),
        "kde": plain(result.kde),
        "ecdf": plain(result.ecdf),
        "pairwise": plain(result.pairwise),
        "omnibus": plain(result.omnibus),
    }


def sql(inputs: Inputs) -> str:
    """Counts, mean, SD and quantiles of every side."""
    return compare_sql(inputs.sample)


VIEW = View(
    name="compare",
    title="Compare",
    about="The two sides of the contrast (c chooses it): box plot, ECDF, histogram with density, statistics and violin "
    "of the response inside the filters; a factor's levels also two by two.",
    read=read,
    figure=figure,
    table=table,
    document=document,
    sql=sql,
    polars=lambda inputs: compare_polars(inputs.sample),
)

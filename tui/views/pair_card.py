"""The card of one pair: the runs of each combination of levels, the interaction plot, and the words."""

from __future__ import annotations

import math

from ablate_tui.data.schema import Factor
from ablate_tui.queries.interactions import Interactions, interactions
from ablate_tui.queries.pair_card import PairCard, pair_card
from ablate_tui.queries.slices import Sample
from ablate_tui.tui.figure import Axis, Box, Figure, Intervals, Line, Mark, Panel, Rule
from ablate_tui.tui.formats import number
from ablate_tui.tui.views.base import level_words, sample_words, side_role, source_name
from ablate_tui.tui.views.pair_words import sentences

TITLE = 38  # signs of a histogram's title
AIR = 0.04  # above and below boxes, as a share of their axis
DODGE = 0.06  # between the lines of the interaction plot, in units of its categories


def card_figure(
    sample: Sample,
    a: str,
    b: str,
    found: Interactions | None = None,
    row: int | None = None,
    date: str = "",
    room: int = TITLE,
) -> Figure:
    """Draw the card of two factors.

    Parameters
    ----------
    sample : Sample
    a, b : str
        Names of two factors that vary in the slice.
    found : Interactions, optional
        Of the same sample, where it is there already.
    row : int, optional
        Which of its rows the words are about; without it, the strongest of the pair.
    date : str
        For the line at the foot.
    room : int
        Signs of a panel's title.

    Returns
    -------
    Figure
        For two switches four histograms, else boxes, a panel for each level of a (4 × 4 at most); the
        interaction plot; the differences in words.

    Raises
    ------
    UsageError
        Where there is no such factor.
    """
    found = found or interactions(sample, None)
    card = pair_card(sample, a, b)
    table = sample.table
    factors = table.factor(a), table.factor(b)
    crossed = all(factor.is_switch for factor in factors)
    shapes = (
        histograms(card, factors, table.response.name, room) if crossed else boxes(card, factors, table.response.name)
    )
    about = f"response: {table.response.name} ({table.response.better}) · {source_name(table)}"
    return Figure(
        title=f"{a} × {b}",
        panels=(*shapes, means(card, factors, table.response.name, room // 2), words(sample, card, found, row)),
        subtitle=sample_words(sample),
        footer=f"{about} · {date}" if date else about,
        notes=tuple(f"{note.row}: {note.reason}" for note in card.notes),
        columns=2,
        name=f"{a}_vs_{b}",
    )


def histograms(card: PairCard, factors: tuple[Factor, Factor], response: str, room: int) -> tuple[Panel, ...]:
    """One a cell, all on the same axes: shares of the cell's runs, since cells can differ in their number."""
    top = 1.05 * max((max(cell.counts) / cell.n for cell in card.cells if cell.counts and cell.n), default=1.0)
    limits = (card.edges[0], card.edges[-1]) if card.edges else None
    panels: list[Panel] = []
    for cell in card.cells:
        marks: tuple[Mark, ...] = ()
        if cell.n and card.edges:
            x, y = (card.edges[0], *card.edges), (0.0, *(count / cell.n for count in cell.counts), 0.0)
            marks = (Line(x, y, side_role(factors[1], cell.level_b), step=True, fill=True),)
            if cell.mean is not None:
                marks += (Rule(cell.mean, vertical=True, role="neutral"),)
        about = f"{response}: n {cell.n:,}, mean {number(cell.mean)}, SD {number(cell.sd, 3)}"
        panels.append(
            Panel(
                title(factors, (cell.level_a, cell.level_b), room),
                Axis(about, limits=limits),
                Axis("share of runs", limits=(0.0, top)),
                marks,
                name=f"histogram {len(panels) + 1}",
                empty="" if marks else "no finished run",
            )
        )
    return tuple(panels)


def title(factors: tuple[Factor, Factor], levels: tuple[str, str], room: int) -> str:
    """Both factors with their levels, short enough for a small panel."""
    words = [level_words(factor, level) for factor, level in zip(factors, levels, strict=True)]
    each = max(6, (room - sum(map(len, words)) - 4) // 2)
    return ", ".join(f"{short(factor.name, each)} {word}" for factor, word in zip(factors, words, strict=True))


def short(name: str, room: int, keep_end: bool = False) -> str:
    """A name in so many signs, its middle left out where it is longer; `keep_end` leaves more of the end."""
    if len(name) <= room:
        return name
    tail = (room - 1) * 2 // 3 if keep_end else (room - 1) // 3
    return f"{name[: room - 1 - tail]}…{name[len(name) - tail :]}"


def boxes(card: PairCard, factors: tuple[Factor, Factor], response: str) -> tuple[Panel, ...]:
    """A panel for each level of a, with a box for each level of b."""
    ticks = tuple((float(at), level_words(factors[1], level)) for at, level in enumerate(card.levels_b))
    limits = None
    if card.edges:
        air = AIR * (card.edges[-1] - card.edges[0])
        limits = (card.edges[0] - air, card.edges[-1] + air)
    panels = []
    for i, level in enumerate(card.levels_a):
        marks = []
        for j, second in enumerate(card.levels_b):
            box = card.cell(i, j).box
            if None in (box.q25, box.median, box.q75, box.low, box.high, box.mean):
                continue
            marks.append(
                Box(
                    at=float(j),
                    q25=box.q25 or 0.0,
                    median=box.median or 0.0,
                    q75=box.q75 or 0.0,
                    low=box.low or 0.0,
                    high=box.high or 0.0,
                    mean=box.mean or 0.0,
                    outliers=box.outliers,
                    role=side_role(factors[1], second),
                )
            )
        panels.append(
            Panel(
                f"{factors[0].name} = {level_words(factors[0], level)}",
                Axis(factors[1].name, ticks=ticks, limits=(-0.6, len(ticks) - 0.4)),
                Axis(response, limits=limits),
                tuple(marks),
                name=f"box {i + 1}",
                empty="" if marks else "no finished run",
            )
        )
    return tuple(panels)


def means(card: PairCard, factors: tuple[Factor, Factor], response: str, room: int) -> Panel:
    """The interaction plot: means of a's levels, joined for each level of b; bars of one SD."""
    marks: list[Mark] = []
    for j, level in enumerate(card.levels_b):
        cells = [card.cell(i, j) for i in range(len(card.levels_a))]
        shift = DODGE * (j - (len(card.levels_b) - 1) / 2)
        at = tuple(i + shift for i in range(len(cells)))
        role = side_role(factors[1], level)
        label = f"= {level_words(factors[1], level)}"  # not the same words as the ticks of the axis
        marks.append(Line(at, tuple(math.nan if cell.mean is None else cell.mean for cell in cells), role, label))
        ends = [
            (None, None) if cell.mean is None or cell.sd is None else (cell.mean - cell.sd, cell.mean + cell.sd)
            for cell in cells
        ]
        low, high = zip(*ends, strict=True)
        marks.append(Intervals(at, tuple(cell.mean for cell in cells), low, high, role, horizontal=False))
    ticks = tuple((float(i), level_words(factors[0], level)) for i, level in enumerate(card.levels_a))
    return Panel(
        f"means and one SD, by {short(factors[1].name, room)}",
        Axis(factors[0].name, ticks=ticks, limits=(-0.5, len(ticks) - 0.5)),
        Axis(response),
        tuple(marks),
        name="means",
        empty="" if any(cell.n for cell in card.cells) else "no finished run in this slice",
    )


def words(sample: Sample, card: PairCard, found: Interactions, row: int | None) -> Panel:
    """The differences of differences, as sentences."""
    pair = found.pair(card.a, card.b)
    said: tuple[str, ...]
    if pair is None:
        said = (next((note.reason for note in found.notes if note.field == "*"), "not among the pairs of this slice"),)
    else:
        at = pair.rows[0] if row is None else row
        noise = None
        if all(sample.table.factor(name).is_switch for name in (pair.a, pair.b)):
            by_level = {(cell.level_a, cell.level_b): cell.noise for cell in card.cells}
            a, b = sample.table.factor(pair.a), sample.table.factor(pair.b)
            swapped = pair.a != card.a
            keys = [(x, y) for x in (a.off, a.on) for y in (b.off, b.on)]
            noise = tuple(by_level.get((y, x) if swapped else (x, y)) for x, y in keys)
        said = sentences(sample.table, pair, found.rows[at], found.cells[at], noise)
    return Panel("in words", Axis(), Axis(), (), name="words", words=said)

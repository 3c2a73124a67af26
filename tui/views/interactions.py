"""Which switches change each other's effect: all pairs as a matrix and a forest plot, and the card of one pair."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from ablate_tui.queries.interactions import CLAIMED, InteractionRow, Interactions, interactions, interactions_sql
from ablate_tui.queries.polars_code import interactions_polars
from ablate_tui.tui.figure import Axis, Cells, Figure, Intervals, Panel, Rule, Table, TableColumn
from ablate_tui.tui.formats import number
from ablate_tui.tui.views.base import Inputs, View, framed, plain, reasons, table_of
from ablate_tui.tui.views.pair_card import card_figure, short

MOST_FACTORS = 12  # in the matrix
MOST_PAIRS = 20  # in the forest plot; the table has them all
PAIR = 31  # signs of both names of a pair in the table
TICK = 34  # and in the forest plot, with their numbers

__all__ = ["VIEW", "card_figure"]


def read(inputs: Inputs) -> Interactions:
    """All pairs of the slice."""
    return interactions(inputs.sample, inputs.importance())


def nothing(result: Interactions) -> str:
    """Why there is no pair; "" where there is one."""
    if result.rows:
        return ""
    return next((note.reason for note in result.notes), "fewer than two switches vary in this slice")


def figure(result: Interactions, inputs: Inputs) -> Figure:
    """The matrix of all pairs, the strongest pairs' differences of differences, and the pair that is looked at."""
    panels = [matrix(result), forest(result, inputs.sample.table.response.name)]
    contrast, color = inputs.sample.slice.contrast, inputs.color
    if contrast and color and result.pair(contrast, color) is not None:
        card = card_figure(inputs.sample, contrast, color, result)
        panels.append(replace(card.panels[-2], title=f"{contrast}: means and one SD, by {color}"))
    notes = [
        "a number where q < .05, over all pairs",
        "a difference of differences (DID) is how much the effect of one switch changes when the other goes on",
    ]
    if any(len(pair.rows) > 1 for pair in result.pairs):
        notes.insert(1, "of more than two levels, the strongest against the rest")
    factors = order(result)
    if len(factors) > MOST_FACTORS:
        notes.append(f"the {MOST_FACTORS} factors of the strongest pairs, of {len(factors)}; the table has all pairs")
    if result.noise_left_out:
        notes.append(f"{result.noise_left_out:,} configurations with equal replicates have no ln SD")
    return framed("interactions", heading(result), tuple(panels), inputs, columns=2, notes=tuple(notes))


def heading(result: Interactions) -> str:
    """How many pairs interact."""
    if not result.rows:
        return "Interactions"
    mean, spread = (
        sum(q is not None and q < CLAIMED for q in column)
        for column in ([pair.mean_q for pair in result.pairs], [pair.log_sd_q for pair in result.pairs])
    )
    return f"Interactions: {mean} of {len(result.pairs)} pairs on the mean, {spread} on ln SD"


def order(result: Interactions) -> tuple[str, ...]:
    """The factors, those of the strongest pairs first."""
    return tuple(dict.fromkeys(name for pair in result.pairs for name in (pair.a, pair.b)))


def strongest(rows: list[InteractionRow], field: str) -> tuple[float | None, bool]:
    """The value that stands for a pair of factors in the matrix, and whether it is claimed."""
    name = field.removesuffix("_did")
    known = [row for row in rows if getattr(row, field) is not None]
    if not known:
        return None, False

    def rank(row: InteractionRow) -> tuple[float, float]:
        q = getattr(row, f"{name}_q")
        return (2.0 if q is None else q), -abs(getattr(row, field))

    row = min(known, key=rank)
    return getattr(row, field), rank(row)[0] < CLAIMED


def unit(values: list[float]) -> float:
    """The power of ten in which the largest value has two digits."""
    largest = max((abs(value) for value in values), default=0.0)
    if not largest > 0:
        return 1.0
    power = math.floor(math.log10(largest)) - 1
    return 10.0 ** (power + (round(largest / 10.0**power) == 100))


def matrix(result: Interactions) -> Panel:
    """Pairs on the mean above the diagonal, on ln SD below it; a number where q < .05."""
    names = order(result)[:MOST_FACTORS]
    values: dict[tuple[int, int], tuple[float | None, bool]] = {}
    for pair in result.pairs:
        if pair.a in names and pair.b in names:
            low, high = sorted((names.index(pair.a), names.index(pair.b)))
            rows = [result.rows[at] for at in pair.rows]
            values[low, high] = strongest(rows, "mean_did")
            values[high, low] = strongest(rows, "log_sd_did")
    halves = [
        [value for (i, j), (value, _) in values.items() if (i < j) == upper and value is not None]
        for upper in (True, False)
    ]
    units = [unit(half) for half in halves]
    largest = [max(map(abs, half), default=0.0) or 1.0 for half in halves]
    texts, shades = [], []
    for i in range(len(names)):
        line, tints = [], []
        for j in range(len(names)):
            value, claimed = values.get((i, j), (None, False))
            half = int(i > j)
            line.append("" if i == j else "–" if value is None else signed(value / units[half]) if claimed else "·")
            tints.append(0.0 if value is None else value / largest[half] * (1.0 if claimed else 0.3))
        texts.append(tuple(line))
        shades.append(tuple(tints))
    return Panel(
        f"◥ mean in {units[0]:g}  ◣ ln SD in {units[1]:g}",
        Axis(ticks=tuple((float(at), str(at + 1)) for at in range(len(names)))),
        Axis(ticks=tuple((float(at), f"{at + 1} {name}") for at, name in enumerate(names))),
        (Cells(tuple(texts), tuple(shades)),) if names else (),
        name="matrix",
        empty=nothing(result),
    )


def signed(value: float) -> str:
    """A whole number with its sign."""
    return f"{round(value):+d}".replace("-", "−")


def numbered(result: Interactions) -> dict[int, str]:
    """Of each row, the numbers that its factors have in the matrix: "1×3 ", or nothing."""
    numbers = {name: at + 1 for at, name in enumerate(order(result)[:MOST_FACTORS])}
    return {
        row: f"{numbers[pair.a]}×{numbers[pair.b]} "
        for pair in result.pairs
        for row in pair.rows
        if pair.a in numbers and pair.b in numbers
    }


def pair_name(row: InteractionRow, room: int = PAIR) -> str:
    """Both names in so many signs; what a short one leaves goes to the other. Of a level, the level stays."""
    room -= 3
    first = max(room // 2, room - len(row.b))
    a = short(row.a, first, "=" in row.a)
    return f"{a} × {short(row.b, room - len(a), '=' in row.b)}"


def forest(result: Interactions, response: str) -> Panel:
    """The strongest rows' differences of differences with intervals; SHAP interactions at their ends."""
    known = [(place, row) for place, row in enumerate(result.rows) if row.mean_did is not None]
    known.sort(key=lambda item: (2.0 if item[1].mean_q is None else item[1].mean_q, -abs(item[1].mean_did or 0.0)))
    known = known[:MOST_PAIRS]
    numbers, rows = numbered(result), [row for _, row in known]
    at = tuple(float(place) for place in range(len(rows)))
    ticks = []
    for i, (place, row) in enumerate(known):
        prefix = numbers.get(place, "")
        ticks.append((float(i), prefix + pair_name(row, TICK - len(prefix))))
    exact = any(row.shap_interaction is not None for row in rows)
    claimed = tuple(row.mean_q is not None and row.mean_q < CLAIMED for row in rows)
    marks = tuple(
        Intervals(
            tuple(place for place, yes in zip(at, claimed, strict=True) if yes == side),
            tuple(row.mean_did for row, yes in zip(rows, claimed, strict=True) if yes == side),
            tuple(row.mean_did_low for row, yes in zip(rows, claimed, strict=True) if yes == side),
            tuple(row.mean_did_high for row, yes in zip(rows, claimed, strict=True) if yes == side),
            role="accent" if side else "muted",
            label="q < .05" if side else "q ≥ .05",
            texts=tuple(number(row.shap_interaction, 2) for row, yes in zip(rows, claimed, strict=True) if yes == side)
            if exact
            else (),
        )
        for side in (True, False)
        if side in claimed
    )
    return Panel(
        "mean DID, 95 %" + ("; |SHAP interaction|" if exact else ""),
        Axis(f"difference of differences ({response})"),
        Axis(ticks=tuple(ticks), limits=(-0.6, max(len(rows), 1) - 0.4)),
        (Rule(0.0, vertical=True), *marks) if rows else (),
        name="forest",
        weight=1.25,
        empty=nothing(result) or ("" if rows else "no pair can be estimated"),
    )


def table(result: Interactions, inputs: Inputs) -> Table:
    """Every pair, the strongest first."""
    columns = (
        ("mean_did", "mean DID"),
        ("mean_q", "q"),
        ("log_sd_did", "ln SD DID"),
        ("log_sd_q", "q ln SD"),
        ("shap_interaction", "|SHAP|"),
        ("mean_did_low", "low"),
        ("mean_did_high", "high"),
        ("log_sd_did_low", "ln SD low"),
        ("log_sd_did_high", "ln SD high"),
        ("n_00", "n 00"),
        ("n_01", "n 01"),
        ("n_10", "n 10"),
        ("n_11", "n 11"),
        ("a", "a", False),
        ("b", "b", False),
    )
    failures = [row for row in result.failures if row.q is not None and row.q < CLAIMED]
    notes = [f"failures interact: {row.a} × {row.b} (DID {number(row.did)}, q {number(row.q)})" for row in failures[:3]]
    made = table_of(result.rows, columns, heading(result), (*notes, *reasons(result.notes)))
    # both names in the column that stays while the others scroll
    named = tuple((pair_name(row), *values) for row, values in zip(result.rows, made.rows, strict=True))
    return replace(made, columns=(TableColumn("pair", "a × b", numeric=False), *made.columns), rows=named)


def document(result: Interactions, inputs: Inputs) -> dict[str, Any]:
    """JSON's own keys."""
    return {
        "rows": plain(result.rows),
        "cells": plain(result.cells),
        "pairs": plain(result.pairs),
        "failures": plain(result.failures),
        "target": result.target,
    }


def card(row: int, result: Interactions, inputs: Inputs) -> Figure:
    """The card of the pair in a row of the table."""
    pair = next(pair for pair in result.pairs if row in pair.rows)
    return card_figure(inputs.sample, pair.a, pair.b, result, row, inputs.date)


def sql(inputs: Inputs) -> str:
    """The cells of every pair."""
    return interactions_sql(inputs.sample)


VIEW = View(
    name="interactions",
    title="Interactions",
    about="Which switches change each other's effect, on the mean and on the noise (ln SD): a matrix of all pairs, "
    "the strongest with their intervals and SHAP interactions; enter opens a pair's card.",
    read=read,
    figure=figure,
    table=table,
    document=document,
    sql=sql,
    polars=lambda inputs: interactions_polars(inputs.sample),
    uses_importance=True,
    card=card,
)

"""What each column was taken for, how balanced the sweep is, and what is still to run."""

from __future__ import annotations

from typing import Any

from ablate_tui.queries.design import Design, design, design_sql
from ablate_tui.tui.figure import Axis, Bars, Figure, Mark, Panel, Role, Table, TableColumn
from ablate_tui.tui.formats import number
from ablate_tui.tui.views.base import NO_SWITCH, SERIES, Inputs, View, framed, plain, reasons

MOST_FACTORS = 30  # in the picture
MOST_LEVELS = 8  # named in a cell of the table


def read(inputs: Inputs) -> Design:
    """The design inside the slice."""
    return design(inputs.sample)


def facts(result: Design) -> tuple[str, ...]:
    """The design in a few sentences."""
    lines = [f"{result.configurations:,} of {result.possible:,} configurations have runs"]
    if result.replicates_min is not None:
        lines[0] += (
            f"; replicates per configuration {result.replicates_min:,} to {result.replicates_max:,}, "
            f"median {number(result.replicates_median)}"
        )
    if result.reruns:
        lines.append(f"{result.reruns:,} runs repeat another in every factor, replicate and response")
    if result.next:
        lines.append(f"{result.next_of or len(result.next):,} configurations to run next (in --json, key next)")
    lines += [f"{pair.a} and {pair.b} go together ({number(pair.value, 2)})" for pair in result.correlations[:5]]
    return tuple(lines)


def figure(result: Design, inputs: Inputs) -> Figure:
    """Runs per level of each factor."""
    factors = inputs.sample.table.factors[:MOST_FACTORS]
    groups: dict[str, tuple[Role, str, list[float], list[float]]] = {}
    ticks: list[tuple[float, str]] = []
    at = 0.0
    for factor in factors:
        for code, level in enumerate(factor.levels[:MOST_LEVELS]):
            role: Role = ("off", "on")[code] if factor.is_switch else SERIES[code % len(SERIES)]
            label = ("off", "on")[code] if factor.is_switch else ""
            group = groups.setdefault(role, (role, label, [], []))
            group[2].append(at)
            group[3].append(float(result.balance[factor.name].get(level, 0)))
            ticks.append((at, f"{factor.name} = {level}"))
            at += 1
    marks: tuple[Mark, ...] = tuple(
        Bars(
            tuple(places),
            tuple(values),
            role,
            label,
            horizontal=True,
            texts=tuple(f"{value:,.0f}" for value in values),
        )
        for role, label, places, values in groups.values()
    )
    panel = Panel(
        "balance: runs of each level",
        Axis("runs"),
        Axis(ticks=tuple(ticks)),
        marks,
        "balance",
        "" if factors else NO_SWITCH,
    )
    return framed("design", "Design: columns, balance and coverage", (panel,), inputs, columns=1, notes=facts(result))


def table(result: Design, inputs: Inputs) -> Table:
    """One row a column of the source, with why it was taken for what."""
    why = {column.name: column.why for column in inputs.sample.table.columns}
    columns = (
        TableColumn("column", "column", False),
        TableColumn("role", "role", False),
        TableColumn("levels", "levels", False),
        TableColumn("n", "n"),
        TableColumn("constant", "constant", False),
        TableColumn("aliases", "aliases", False),
        TableColumn("why", "why", False),
    )
    rows = tuple(
        (
            row.column,
            row.role,
            levels(row.levels),
            row.n,
            row.constant,
            ", ".join(row.aliases),
            why.get(row.column, ""),
        )
        for row in result.rows
    )
    notes = (*facts(result), *inputs.sample.table.notes, *reasons(result.notes))
    return Table(columns, rows, "Design", notes)


def levels(names: tuple[str, ...]) -> str:
    """Some levels, and how many more there are."""
    more = f" … {len(names) - MOST_LEVELS:,} more" if len(names) > MOST_LEVELS else ""
    return ", ".join(names[:MOST_LEVELS]) + more


def document(result: Design, inputs: Inputs) -> dict[str, Any]:
    """JSON's own keys."""
    return {
        "rows": plain(result.rows),
        "next": plain(result.next),
        "configurations": {
            "run": result.configurations,
            "possible": result.possible,
            "replicates_min": result.replicates_min,
            "replicates_median": result.replicates_median,
            "replicates_max": result.replicates_max,
            "reruns": result.reruns,
        },
        "balance": plain(result.balance),
        "correlations": plain(result.correlations),
    }


def sql(inputs: Inputs) -> str:
    """Runs of every configuration."""
    return design_sql(inputs.sample)


VIEW = View(
    name="design",
    title="Design",
    about="What each column was taken for and why (--role changes it), balance, replicates, aliases, and "
    "configurations still to run.",
    read=read,
    figure=figure,
    table=table,
    document=document,
    sql=sql,
)

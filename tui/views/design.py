"""What each column was taken for, what the sweep can tell apart, and what is worth running next."""

from __future__ import annotations

from typing import Any

from ablate_tui.queries.design import Design, design, design_sql
from ablate_tui.queries.polars_code import design_polars
from ablate_tui.tui.figure import Figure, Table, TableColumn
from ablate_tui.tui.views import design_panels
from ablate_tui.tui.views.base import Inputs, View, framed, plain, reasons
from ablate_tui.tui.views.design_words import facts, some, to_run

MOST_LEVELS = 8  # named in a cell of the table
MOST_ALIASES = 4


def read(inputs: Inputs) -> Design:
    """The design inside the slice."""
    return design(inputs.sample)


def figure(result: Design, inputs: Inputs) -> Figure:
    """What to run next, balance, correlations, replicates."""
    panels = (
        design_panels.next_runs(result, inputs),
        design_panels.balance(result, inputs),
        design_panels.correlations(result, inputs),
        design_panels.replicates(result),
    )
    title = "Design: what this sweep can tell apart, and what to run next"
    return framed("design", title, panels, inputs, columns=2, notes=(*facts(result), *to_run(result, named=False)))


def table(result: Design, inputs: Inputs) -> Table:
    """One row a column of the source, with why it was taken for what."""
    why = {column.name: column.why for column in inputs.sample.table.columns}
    columns = (
        TableColumn("column", "column", False),
        TableColumn("role", "role", False),
        TableColumn("aliases", "aliases", False),
        TableColumn("vif", "VIF"),
        TableColumn("levels", "levels", False),
        TableColumn("n", "n"),
        TableColumn("constant", "constant", False),
        TableColumn("why", "why", False),
    )
    rows = tuple(
        (
            row.column,
            row.role,
            some(row.aliases, MOST_ALIASES),
            result.vif.get(row.column),
            some(row.levels, MOST_LEVELS),
            row.n,
            row.constant,
            why.get(row.column, ""),
        )
        for row in result.rows
    )
    notes = (*facts(result), *to_run(result, named=True), *inputs.sample.table.notes, *reasons(result.notes))
    return Table(columns, rows, "Design", notes)


def document(result: Design, inputs: Inputs) -> dict[str, Any]:
    """JSON's own keys; `next` is what a launcher reads."""
    return {
        "rows": plain(result.rows),
        "next": [dict(run.configuration) for run in result.next],
        "next_reasons": [
            {"runs": run.runs, "separates": list(run.separates), "why": run.why, "gain": run.gain}
            for run in result.next
        ],
        "next_of": result.next_of,
        "configurations": {
            "run": result.configurations,
            "possible": result.possible,
            "replicates_min": result.replicates_min,
            "replicates_median": result.replicates_median,
            "replicates_max": result.replicates_max,
            "reruns": result.reruns,
        },
        "replicates": plain(result.replicates),
        "balance": plain(result.balance),
        "correlations": plain(result.correlations),
        "vif": plain(result.vif),
        "sums": plain(result.sums),
        "term_aliases": [
            {
                "a": ":".join(alias.a),
                "b": ":".join(alias.b),
                "correlation": alias.correlation,
                "complete": alias.complete,
            }
            for alias in result.term_aliases
        ],
        "alias_classes": [[":".join(term) for term in terms] for terms in result.alias_classes],
        "empty_pairs": plain(result.empty_pairs),
        "empty_pairs_of": result.empty_pairs_of,
    }


def sql(inputs: Inputs) -> str:
    """Runs of every configuration."""
    return design_sql(inputs.sample)


VIEW = View(
    name="design",
    title="Design",
    about="What each column was taken for and why (--role changes it), balance, replicates, what is aliased, and "
    "the configurations worth running next. For a launcher: show --view design --json has them under next, one "
    "object {factor: level} each, the most telling first (jq -c '.next[]' gives one a line), and under "
    "next_reasons, in the same order, what each separates; factors that a filter fixes are under slice.set.",
    read=read,
    figure=figure,
    table=table,
    document=document,
    sql=sql,
    polars=lambda inputs: design_polars(inputs.sample),
)

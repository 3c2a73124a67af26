"""What the sweep shows, in sentences, each with the view that shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ablate_tui.queries.findings import Finding, Findings, findings
from ablate_tui.queries.note import Note
from ablate_tui.queries.polars_code import input_rows
from ablate_tui.queries.slices import Slice, take
from ablate_tui.queries.sql import input_sql
from ablate_tui.tui.figure import Axis, Figure, Panel, Table, TableColumn
from ablate_tui.tui.views.base import Inputs, View, framed, plain, reasons

WHOLE = "findings are of the whole sweep: the filters do not count here"


def read(inputs: Inputs) -> Findings:
    """The findings of the whole sweep."""
    found = findings(inputs.sample.table, inputs.sample.slice.location)
    return replace(found, notes=(Note("*", "*", WHOLE), *found.notes)) if inputs.sample.slice.filters else found


def figure(result: Findings, inputs: Inputs) -> Figure:
    """The sentences, to be read."""
    paragraphs = tuple(f"{at}. {row.text} [{row.view}]" for at, row in enumerate(result.rows, start=1))
    panel = Panel(
        "",
        Axis(),
        Axis(),
        (),
        name="sentences",
        words=paragraphs,
        empty="" if paragraphs else "nothing to tell: no test found anything, or there is nothing to test",
    )
    notes = (WHOLE,) if inputs.sample.slice.filters else ()
    return framed("findings", "Findings", (panel,), inputs, columns=1, notes=notes)


def table(result: Findings, inputs: Inputs) -> Table:
    """One row per sentence."""
    columns = (
        TableColumn("view", "view", numeric=False),
        TableColumn("text", "what the sweep shows", numeric=False, prose=True),
        TableColumn("p", "p"),
    )
    rows = tuple((row.view, row.text, row.p) for row in result.rows)
    return Table(columns, rows, "Findings", reasons(result.notes), factors=tuple(map(factor, result.rows)))


def factor(row: Finding) -> str:
    """The factor that a finding is about, the first of a pair; "" where it is about several."""
    named = row.figures.get("switch") or row.figures.get("a")
    return str(named) if named is not None else ""


def document(result: Findings, inputs: Inputs) -> dict[str, Any]:
    """JSON's rows."""
    return {"rows": plain(result.rows)}


def sql(inputs: Inputs) -> str:
    """The runs that the tests read."""
    return input_sql(take(inputs.sample.table, Slice()))


VIEW = View(
    name="findings",
    title="Findings",
    about="What the whole sweep shows, in at most a dozen sentences: failures first, then what moves mean and spread, "
    "interactions, the best runs, and what the design cannot tell. Every claim has its test; enter goes to the view "
    "that shows it.",
    read=read,
    by_runs=True,
    tests_all=True,
    figure=figure,
    table=table,
    document=document,
    sql=sql,
    polars=lambda inputs: input_rows(take(inputs.sample.table, Slice())),
    whole_sweep=True,
)

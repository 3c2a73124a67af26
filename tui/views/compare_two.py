"""The sides of one contrast inside two slices, in the same axes or in axes of the same limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ablate_tui.queries.compare import Comparison
from ablate_tui.queries.two_slices import TwoComparisons, compare_slices
from ablate_tui.tui.figure import Axis, Figure, Line, Mark, Panel, Table, TableColumn
from ablate_tui.tui.formats import number
from ablate_tui.tui.views import compare
from ablate_tui.tui.views.base import Inputs, View, framed, notes_of, reasons, side_words
from ablate_tui.tui.views.compare import SIDE, Sides
from ablate_tui.tui.views.two_slices import other, second, shared_words, slices_words, sql_of_both

MOST_SIDES = 4  # of each slice in one picture


def read(inputs: Inputs) -> TwoComparisons:
    """The sides of the contrast in A and in B."""
    return compare_slices(inputs.sample, other(inputs).sample)


def sides_of(result: TwoComparisons, inputs: Inputs) -> tuple[Sides, Sides]:
    """The sides of both slices; those of B stand after those of A."""
    a = Sides(result.a, inputs, "A", most=MOST_SIDES)
    return a, Sides(result.b, inputs, "B", start=len(a.levels), most=MOST_SIDES)


def figure(result: TwoComparisons, inputs: Inputs) -> Figure:
    """Boxes and statistics of all sides together; distributions slice by slice, in axes of the same limits."""
    a, b = sides_of(result, inputs)
    response = inputs.sample.table.response.name
    ticks = (*a.ticks(), *b.ticks())
    category = Axis(result.a.contrast or "", ticks=ticks, limits=(-0.6, len(ticks) - 0.4))
    empty = "" if ticks else "no finished run in these slices"
    both = ((result.a, a, "A"), (result.b, b, "B"))
    steps = [(name, compare.steps(of, sides)) for of, sides, name in both]
    shapes = [(name, compare.shapes(of, sides)) for of, sides, name in both]
    panels = (
        Panel(
            "box plot",
            category,
            Axis(response),
            (*compare.boxes(result.a, a), *compare.boxes(result.b, b)),
            "box",
            empty,
        ),
        *distributions("cumulative distribution (ECDF)", "ecdf", response, "share of runs", steps, (0.0, 1.0)),
        compare.statistics((*a.drawn(), *b.drawn()), response, empty),
        *distributions("histogram and density (KDE)", "hist+kde", response, "density", shapes, None),
    )
    left_out = a.left_out + b.left_out
    notes = (*mean_words(result), *((f"{left_out} more levels are in the table",) if left_out else ()))
    made = framed("compare", title(result.a), panels, inputs, columns=3, notes=notes)
    return replace(made, subtitle=" — ".join(slices_words(inputs)))


def distributions(
    name: str,
    key: str,
    response: str,
    label: str,
    marks: list[tuple[str, tuple[Mark, ...]]],
    limits: tuple[float, float] | None,
) -> tuple[Panel, ...]:
    """A panel for each slice; the limits of both axes are the same in all of them."""
    lines = [mark for _, found in marks for mark in found if isinstance(mark, Line)]
    x = [value for line in lines for value in line.x]
    top = max((value for line in lines for value in line.y), default=1.0)
    span = (min(x), max(x)) if x and min(x) < max(x) else None
    return tuple(
        Panel(
            f"{slice_}: {name}",
            Axis(response, limits=span),
            Axis(label, limits=limits or (0.0, 1.05 * top)),
            found,
            f"{key}-{slice_.lower()}",
            "" if found else "no finished run in this slice",
        )
        for slice_, found in marks
    )


def title(of: Comparison) -> str:
    """What is compared."""
    return f"Comparison by {of.contrast} in two slices" if of.contrast else "Distribution in two slices"


def mean_words(result: TwoComparisons) -> tuple[str, ...]:
    """The contrast's effect on the mean in both slices."""
    if result.mean_diff_difference is None:
        return ()
    return (
        f"Δ mean, on − off: A {number(result.mean_diff_a, 3)}, B {number(result.mean_diff_b, 3)}, A − B "
        f"{number(result.mean_diff_difference, 3)}; over runs, descriptive: its interval is in the effects view",
    )


def table(result: TwoComparisons, inputs: Inputs) -> Table:
    """One row a side, those of A first."""
    rows = tuple(
        (name, side_words(inputs.sample.contrast, row.level), *(getattr(row, column.field) for column in SIDE))
        for name, of in (("A", result.a), ("B", result.b))
        for row in of.rows
    )
    notes = (
        *mean_words(result),
        *reasons(result.why),
        *slices_words(inputs),
        *shared_words(result.shared),
        *(f"{name} {line}" for name, of in (("A", result.a), ("B", result.b)) for line in reasons(of.notes, 3)),
    )
    names = (TableColumn("slice", "", numeric=False), TableColumn("level", result.a.contrast or "", numeric=False))
    return Table((*names, *SIDE), rows, title(result.a), notes)


def document(result: TwoComparisons, inputs: Inputs) -> dict[str, Any]:
    """JSON of A as without a second slice, and of B under "versus"; bins and grid are common to both."""
    own = compare.document(result.b, other(inputs))
    effects = {
        "mean_diff": result.mean_diff_b,
        "mean_diff_difference": result.mean_diff_difference,
        "notes": notes_of((*result.b.notes, *result.why)),
    }
    return {**compare.document(result.a, inputs), **second(inputs, result.shared, {**own, **effects})}


VIEW = View(
    name="compare",
    title="Compare",
    about="",
    read=read,
    figure=figure,
    table=table,
    document=document,
    sql=sql_of_both(compare.sql),
)

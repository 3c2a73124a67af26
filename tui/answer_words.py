"""An answer as what is shown of it: a table, the texts of its cells, a histogram of a column, CSV."""

from __future__ import annotations

from dataclasses import dataclass

from ablate_tui.data.answers import Answer, Value
from ablate_tui.queries.column_shape import column_shape
from ablate_tui.tui.figure import Axis, Line, Panel, Table, TableColumn
from ablate_tui.tui.formats import as_csv, as_text, clean, fit, number, width
from ablate_tui.tui.painting import Sort, in_order, row_order

WIDEST = 40  # cells of a column
DIGITS = 6  # of a number on the screen; CSV has them all
LONGEST = 4_000  # characters of a value in the details of a row


@dataclass(frozen=True, eq=False)
class Laid:
    """An answer ready for the screen: the texts are made away from the keys."""

    table: Table
    texts: tuple[tuple[str, ...], ...]  # by column
    widths: tuple[int, ...]
    order: tuple[int, ...]  # place in the answer of each row
    sort: Sort = None


def lay_out(answer: Answer) -> Laid:
    """The table of an answer, in its own order."""
    columns = tuple(
        TableColumn(name, name, numeric) for name, numeric in zip(answer.names, answer.numeric, strict=True)
    )
    texts = tuple(tuple(shown(row[at]) for row in answer.rows) for at in range(len(columns)))
    widths = tuple(
        min(WIDEST, max([width(clean(named.label)) + 2, *map(width, column)]))
        for named, column in zip(columns, texts, strict=True)
    )
    return Laid(Table(columns, answer.rows), texts, widths, tuple(range(len(answer.rows))))


def in_sort(answer: Answer, laid: Laid, sort: Sort) -> Laid:
    """The same answer by one of its columns."""
    table = Table(laid.table.columns, answer.rows)
    order = row_order(table, sort)
    return Laid(in_order(table, order), laid.texts, laid.widths, order, sort)


def shown(value: Value) -> str:
    """A value in a cell of its column's width, one line."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number(value, DIGITS)
    if isinstance(value, int):
        return str(value).replace("-", "−")
    text = clean(value[: WIDEST + 1])
    return fit(text, WIDEST) if width(text) > WIDEST else text


def whole(value: object) -> object:
    """A value in the details of its row: all of it, unless it is very long."""
    if value is None or isinstance(value, bool):
        return shown(value)
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}… ({len(value):,} characters)"
    return repr(value) if isinstance(value, int | float) else value


def histogram(answer: Answer, at: int) -> Panel:
    """How a column's numbers are spread, with what is no number counted."""
    name = clean(answer.names[at])
    if not answer.numeric[at]:
        return Panel(name, Axis(), Axis(), (), empty="no numbers; ← → go to another column")
    shape = column_shape(row[at] for row in answer.rows)  # type: ignore[misc]
    parts = [f"{name}: {plural(shape.n, 'number')}{' of the rows here' if answer.more else ''}"]
    parts += [
        f"{count:,} {what}" for count, what in ((shape.infinite, "NaN or infinite"), (shape.missing, "NULL")) if count
    ]
    title = ", ".join(parts)
    if not shape.edges:
        return Panel(title, Axis(), Axis(), (), empty="no finite number" if not shape.n else "too wide a range")
    x, y = (shape.edges[0], *shape.edges), (0.0, *map(float, shape.counts), 0.0)
    return Panel(title, Axis(name), Axis("rows"), (Line(x, y, "accent", step=True, fill=True),))


def csv_of(answer: Answer) -> str:
    """All rows of an answer, every digit."""
    return as_csv([dict(zip(answer.names, row, strict=True)) for row in answer.rows], answer.names)


def text_of(laid: Laid, most: int) -> str:
    """The first rows as aligned columns, as they are on the screen."""
    rows = tuple(tuple(column[place] for column in laid.texts) for place in laid.order[:most])
    return as_text(Table(laid.table.columns, rows))


def size_words(answer: Answer) -> str:
    """How much of an answer there is, and how long it took."""
    rows, columns = len(answer.rows), len(answer.names)
    count = f"the first {rows:,} of at least {rows + 1:,} rows" if answer.more else plural(rows, "row")
    return f"{count} × {plural(columns, 'column')} · {answer.seconds:.2f} s"


def plural(count: int, noun: str) -> str:
    """A count and its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"

"""A table as plain text, Markdown and CSV; a document as JSON."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from ablate_tui.tui.figure import Table


def clean(text: object) -> str:
    """A text from data without control characters, so that it can't move the cursor or break a line."""
    return "".join("�" if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp", "Cs") else sign for sign in str(text))


def cell(value: object) -> str:
    """A value for a person: four significant digits, "–" for none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    if isinstance(value, float):
        return number(value)
    return clean(value)


def number(value: float | None, digits: int = 4) -> str:
    """A number with some significant digits, a real minus sign, "–" for none."""
    return "–" if value is None else f"{value:.{digits}g}".replace("-", "−")


def width(text: str) -> int:
    """Cells that a text takes in a terminal."""
    from rich.cells import cell_len

    return cell_len(text)


def pad(text: str, cells: int, right: bool) -> str:
    """Fill a text up to a number of cells."""
    space = " " * max(0, cells - width(text))
    return space + text if right else text + space


def fit(text: str, cells: int) -> str:
    """A text in exactly so many cells, cut with "…"."""
    from rich.cells import set_cell_size

    if width(text) <= cells:
        return set_cell_size(text, cells)
    return set_cell_size(text, cells - 1) + "…"


def as_text(table: Table) -> str:
    """Aligned columns under their names, notes beneath."""
    head = [clean(column.label) for column in table.columns]
    body = [[cell(value) for value in row] for row in table.rows]
    widths = [max(width(line[at]) for line in [head, *body]) for at in range(len(head))]
    lines = [clean(table.title), ""] if table.title else []
    for line in [head, ["─" * size for size in widths], *body]:
        parts = [pad(text, size, c.numeric) for text, size, c in zip(line, widths, table.columns, strict=True)]
        lines.append("  ".join(parts).rstrip())
    if table.notes:
        lines += ["", *(clean(note) for note in table.notes)]
    return "\n".join(lines) + "\n"


def as_markdown(table: Table) -> str:
    """A GitHub table."""

    def line(parts: list[str]) -> str:
        return "| " + " | ".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts) + " |"

    lines = [f"**{clean(table.title)}**", ""] if table.title else []
    lines.append(line([clean(column.label) for column in table.columns]))
    lines.append("|" + "|".join("---:" if column.numeric else "---" for column in table.columns) + "|")
    lines += [line([cell(value) for value in row]) for row in table.rows]
    if table.notes:
        lines += ["", *(f"- {clean(note)}" for note in table.notes)]
    return "\n".join(lines) + "\n"


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """JSON's rows as comma-separated values: every field and digit, nothing for none, lists as JSON."""
    out = io.StringIO()
    fields = list(dict.fromkeys(field for row in rows for field in row))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(fields)
    for row in rows:
        values = (row.get(field) for field in fields)
        writer.writerow([json.dumps(v, ensure_ascii=False) if isinstance(v, (list, dict, bool)) else v for v in values])
    return out.getvalue()


def as_json(document: Mapping[str, Any]) -> str:
    """One object; NaN and infinity are refused."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"

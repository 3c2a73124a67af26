"""A table as plain text, Markdown and CSV; a document as JSON."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ablate_tui.queries.sentences import typeset
from ablate_tui.tui.figure import Table, TableColumn

LEAST_PROSE = 24  # cells that prose is folded to at least
NO_BREAK = "\N{NO-BREAK SPACE}"
VARIATION = re.compile("[\ufe00-\ufe0f]")
TIED = re.compile(r" (?=%)|(?<=\b[pq]) (?=[<=≤\d])|(?<=[<=≤]) (?=\.)")  # spaces at which no line ends


def clean(text: object) -> str:
    """A text from data without control characters, so that it can't move the cursor or break a line.

    Nor has it signs that choose how an emoji looks: terminals don't agree how wide it is with them.
    """
    text = str(text)
    if not text.isascii():
        text = VARIATION.sub("", text)
    if text.isprintable():  # true of no sign of these kinds
        return text
    return "".join("�" if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp", "Cs") else sign for sign in text)


def unmarked(text: object) -> str:
    """A text from data for what Textual reads as markup, such as the command palette."""
    return clean(text).replace("[", "\\[")  # Textual's own escape leaves "[/" and a backslash before a bracket


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
    """A number with some significant digits, and all before the point up to a million; "–" for none."""
    if value is None:
        return "–"
    text = f"{value:.{digits}g}"
    return typeset(f"{value:,.0f}" if "e+" in text and abs(value) < 1e6 else text)


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


def fold(column: TableColumn, texts: Sequence[str], room: int) -> list[list[str]]:
    """The lines of each cell of a column: one, but for prose, which is folded at spaces."""
    if not column.prose:
        return [[text] for text in texts]
    return [folded(text, max(LEAST_PROSE, room)) for text in texts]


def folded(text: str, room: int) -> list[str]:
    """A text in lines of so many cells; "5 %" and "q = .03" stay whole, a word that is too long is cut up."""
    lines, used = [""], 0
    for word in TIED.sub(NO_BREAK, text).split(" "):
        for part in chopped(word.replace(NO_BREAK, " "), room):
            cells = width(part)
            if not used:
                lines[-1], used = part, cells
            elif used + 1 + cells <= room:
                lines[-1], used = f"{lines[-1]} {part}", used + 1 + cells
            else:
                lines.append(part)
                used = cells
    return lines


def chopped(word: str, room: int) -> list[str]:
    """A word, or its parts where it is longer than a line."""
    from rich.cells import chop_cells

    return [word] if width(word) <= room else chop_cells(word, room)


def as_text(table: Table, room: int | None = None) -> str:
    """Aligned columns under their names, notes beneath.

    Parameters
    ----------
    table : Table
    room : int, optional
        Cells of a terminal's line: a wider table goes on in a block below, its first column repeated.
    """
    lines = [clean(table.title), ""] if table.title else []
    columns = [[clean(named.label), *(cell(row[at]) for row in table.rows)] for at, named in enumerate(table.columns)]
    widths = [max(map(width, column)) for column in columns]
    if any(column.prose for column in table.columns):
        return "\n".join([*lines, *prose(table, room)]) + "\n"
    for block in blocks(widths, room):
        if lines and lines[-1]:
            lines.append("")
        for at in range(len(table.rows) + 1):
            parts = [pad(columns[c][at], widths[c], table.columns[c].numeric) for c in block]
            lines.append("  ".join(parts).rstrip())
            if at == 0:
                lines.append("  ".join("─" * widths[c] for c in block))
    if table.notes:
        lines += ["", *(clean(note) for note in table.notes)]
    return "\n".join(lines) + "\n"


def prose(table: Table, room: int | None = None) -> list[str]:
    """Rows as numbered paragraphs."""
    lines: list[str] = []
    for number_, (whole,) in enumerate(told(table).rows, start=1):
        first = f"{number_}. "
        text = str(whole)
        folded = [text] if room is None else fold(TableColumn("", "", prose=True), [text], room - len(first))[0]
        lines += [first + folded[0], *(" " * len(first) + line for line in folded[1:])]
    return [*lines, "", *(clean(note) for note in table.notes)] if table.notes else lines


def told(table: Table) -> Table:
    """A table with prose as one column: what stands beside the text follows it in brackets."""
    rows = []
    for row in table.rows:
        words, aside = [], []
        for column, value in zip(table.columns, row, strict=True):
            if column.prose:
                words.append(cell(value))
            elif value is not None:
                text = number(value, 2) if isinstance(value, float) else cell(value)
                aside.append(f"{clean(column.label)} {text}")
        rows.append((f"{' '.join(words)} ({', '.join(aside)})" if aside else " ".join(words),))
    return replace(table, columns=tuple(column for column in table.columns if column.prose)[:1], rows=tuple(rows))


def blocks(widths: list[int], room: int | None) -> list[list[int]]:
    """Which columns stand beside each other, the first one in every block."""
    if room is None or not widths:
        return [list(range(len(widths)))]
    made, used = [[0]], widths[0]
    for at in range(1, len(widths)):
        if used + 2 + widths[at] > room and len(made[-1]) > 1:
            made.append([0])
            used = widths[0]
        made[-1].append(at)
        used += 2 + widths[at]
    return made


def escape_markdown(text: str) -> str:
    """A text from data that Markdown shows as it is, GitHub's too, which sets what stands between dollars as a formula.

    Underscores within words mean nothing there.
    """
    return re.sub(r"([\\`*\[\]|~$]|<(?=\S)|&(?=#?\w+;)|(?<!\w)_|_(?!\w))", r"\\\1", text)


def as_markdown(table: Table) -> str:
    """A GitHub table."""

    def line(parts: list[str]) -> str:
        return "| " + " | ".join(map(escape_markdown, parts)) + " |"

    lines = [f"**{escape_markdown(clean(table.title))}**", ""] if table.title else []
    if any(column.prose for column in table.columns):
        escaped = [escape_markdown(text) for text in prose(table)]
        return "\n".join([*lines, *escaped]) + "\n"
    lines.append(line([clean(column.label) for column in table.columns]))
    lines.append("|" + "|".join("---:" if column.numeric else "---" for column in table.columns) + "|")
    lines += [line([cell(value) for value in row]) for row in table.rows]
    if table.notes:
        lines += ["", *(f"- {escape_markdown(clean(note))}" for note in table.notes)]
    return "\n".join(lines) + "\n"


def as_csv(rows: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()) -> str:
    """JSON's rows as comma-separated values: every field and digit, nothing for none, lists as JSON.

    `fields` come first, and are there without a row, too.
    """
    fields = list(dict.fromkeys((*fields, *(field for row in rows for field in row))))
    lines = [csv_line(fields)]
    for row in rows:
        values = (row.get(field) for field in fields)
        lines.append(
            csv_line(json.dumps(v, ensure_ascii=False) if isinstance(v, list | dict | bool) else v for v in values)
        )
    return "".join(f"{line}\n" for line in lines)


def csv_line(values: Iterable[Any]) -> str:
    """Values as one record of CSV, without its end; a line break of either kind is quoted."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow(values)  # it quotes the signs of its own line end only
    return out.getvalue().removesuffix("\r\n")


def as_json(document: Mapping[str, Any]) -> str:
    """One object; NaN and infinity are refused."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"

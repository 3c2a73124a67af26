"""CSV and TSV files.

The dialect is settled here, not guessed by DuckDB: its sniffer may skip lines, take apostrophes for quotes,
turn yes/no into truth values and rename columns, all in silence.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

from ablate_tui.data.engine import Connection, DatabaseError, connect, printable, reason
from ablate_tui.data.errors import SourceError
from ablate_tui.data.sources.locate import is_gzip, open_text, pattern
from ablate_tui.data.sources.text_columns import judge, missing_note, typed
from ablate_tui.data.sql import literal, quote

_DELIMITERS = (",", ";", "\t", "|")
_LONGEST_LINE = 64 * 2**20  # bytes; a history in one cell may be long


def copy_csv(connection: Connection, files: Sequence[str]) -> list[str]:
    """Copy CSV files into "runs"; columns may differ between the files.

    Parameters
    ----------
    connection : Connection
    files : sequence of str

    Returns
    -------
    list of str
        Notes for the user.

    Raises
    ------
    SourceError
        A line that does not fit the header, or text that is not UTF-8.
    """
    relation, names, notes = _relation(files)
    try:
        columns = judge(connection, relation, names)
        chosen = ", ".join(f"{column.sql} AS {quote(column.name)}" for column in columns)
        connection.execute(f"CREATE TABLE main.runs AS SELECT {chosen} FROM {relation}")
    except DatabaseError as error:
        raise SourceError(_explain(error, files)) from error
    return list(dict.fromkeys(notes)) + missing_note(columns)


def as_read(files: Sequence[str], columns: Mapping[str, str]) -> str | None:
    """What stands in a FROM clause for files that DuckDB by itself reads in another way; None where it does not.

    It renames a column whose name is blank, and leaves lists of numbers as text.

    Parameters
    ----------
    files : sequence of str
    columns : mapping of str to str
        Names and types that `copy_csv` has given them.
    """
    listed = any(kind.endswith("[]") for kind in columns.values())
    with connect() as connection:
        try:
            paths = ", ".join(literal(path) for path in files)
            own = connection.execute(f"DESCRIBE FROM read_csv([{paths}], union_by_name = true)").fetchall()
            if not listed and {name for name, *_ in own} == {*columns}:
                return None
        except DatabaseError:  # it can't tell what kind of CSV this is
            pass
    relation, names, _ = _relation(files)
    return f"(SELECT {', '.join(f'{typed(name, columns[name])} AS {quote(name)}' for name in names)} FROM {relation})"


def _relation(files: Sequence[str]) -> tuple[str, tuple[str, ...], list[str]]:
    """SQL of all rows as texts, the names of the columns, and notes on those that were renamed."""
    notes: list[str] = []
    heads = [_head(path) for path in files]
    parts: list[str] = []
    names: dict[str, str] = {}  # by how DuckDB compares names
    for (delimiter, header, packed), group in groupby(zip(heads, files, strict=True), key=lambda pair: pair[0]):
        unique = _unique(header)
        notes += [
            f'column "{printable(old)}" is read as "{printable(new)}": its name is empty or there twice'
            for old, new in zip(header, unique, strict=True)
            if old != new
        ]
        parts.append(_reader([path for _, path in group], delimiter, unique, packed))
        for name in unique:
            names.setdefault(name.lower(), name)
    return f"({' UNION ALL BY NAME '.join(parts)})", tuple(names.values()), notes


def _head(path: str) -> tuple[str, tuple[str, ...], bool]:
    """Delimiter, column names and whether gzipped, from the header."""
    with open_text(path) as stream:
        lines = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        try:
            # A name may hold a line break inside quotes: the record ends where the quotes are even.
            record = ""
            for line in lines:
                record += line
                if record.strip() and record.count('"') % 2 == 0:
                    break
        except UnicodeDecodeError as error:
            raise SourceError(f'"{printable(path)}" is not UTF-8 text; save it as UTF-8') from error
    if not record.strip():
        raise SourceError(f'"{printable(path)}" has no header line')
    bare = Counter(re.sub(r'"[^"]*"', "", record))
    delimiter = max(_DELIMITERS, key=lambda char: bare[char])
    header = next(row for row in csv.reader(io.StringIO(record, newline=""), delimiter=delimiter) if row)
    return delimiter, tuple(header), is_gzip(path)


def _unique(header: Sequence[str]) -> list[str]:
    """Column names that DuckDB can tell apart: it ignores case. An empty name becomes ``column0``."""
    named = [name or f"column{position}" for position, name in enumerate(header)]
    given = {name.lower() for name in named}
    seen: set[str] = set()
    for position, name in enumerate(named):
        number = 2
        while named[position].lower() in seen:
            if (other := f"{name}_{number}").lower() not in given | seen:
                named[position] = other
            number += 1
        seen.add(named[position].lower())
    return named


def _reader(files: Sequence[str], delimiter: str, names: Sequence[str], packed: bool) -> str:
    paths = ", ".join(literal(pattern(path)) for path in files)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    return (
        f"SELECT * FROM read_csv([{paths}], auto_detect=false, header=true, delim={literal(delimiter)}, "
        f"quote='\"', escape='\"', columns={{{columns}}}, max_line_size={_LONGEST_LINE}, "
        f"compression='{'gzip' if packed else 'none'}')"
    )


def _explain(error: Exception, files: Sequence[str]) -> str:
    """DuckDB's page about a bad line as one line."""
    text = str(error)
    found = re.search(r"file = (.+)", text)
    name = printable(found[1].strip() if found else files[0])
    if "not utf-8" in text:
        return f'"{name}" is not UTF-8 text; save it as UTF-8'
    if "invalid state" in text:
        return f'"{name}" can\'t be read: its lines end in different ways, or a quote is misplaced'
    line = re.search(r"CSV Error on Line: (\d+)", text)
    fields = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
    if line and fields:
        return f'"{name}", line {line[1]}: {fields[2]} values where the header has {fields[1]}'
    if line and "unterminated quote" in text:
        return f'"{name}", line {line[1]}: a quote is opened and never closed'
    return f'"{name}" can\'t be read: {reason(error)}'

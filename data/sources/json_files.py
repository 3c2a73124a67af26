"""JSON Lines files, also with the NaN and Infinity that Python writes; a JSON array of runs too."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence

from ablate_tui.data.engine import Connection, DatabaseError, printable, reason
from ablate_tui.data.errors import SourceError
from ablate_tui.data.sources.locate import head_of, open_text, pattern
from ablate_tui.data.sources.text_columns import judge
from ablate_tui.data.sql import literal, quote


def copy_json(connection: Connection, files: Sequence[str]) -> list[str]:
    """Copy JSON files into "runs"; keys may differ between lines and files.

    A last line that was cut short while it was written is left out, and told.

    Returns
    -------
    list of str
        Notes for the user.

    Raises
    ------
    SourceError
        A line that is not a JSON object; its number is named.
    """
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="ablate-tui-") as folder:
        try:
            _copy(connection, files)
        except DatabaseError as error:
            whole = []
            for number, path in enumerate(files):
                end = _whole(path)
                if end is None:
                    whole.append(path)
                    continue
                notes.append(f'"{printable(os.path.basename(path))}": the last line is cut short and left out')
                whole.append(_shortened(path, end, os.path.join(folder, f"{number}.jsonl")))
            if not notes:
                raise SourceError(f'"{printable(files[0])}" can\'t be read: {reason(error)}') from error
            try:
                _copy(connection, whole)
            except DatabaseError as again:
                raise SourceError(f'"{printable(files[0])}" can\'t be read: {reason(again)}') from again
    return notes + _settle(connection, files)


def _copy(connection: Connection, files: Sequence[str]) -> None:
    paths = ", ".join(literal(pattern(path)) for path in files)
    connection.execute(
        f"CREATE TABLE main.runs AS SELECT * FROM read_json([{paths}], sample_size=-1, union_by_name=true, "
        "map_inference_threshold=-1, field_appearance_threshold=0)"
    )


def _settle(connection: Connection, files: Sequence[str]) -> list[str]:
    """Type the columns whose values are of several JSON types, such as 2.5 and "NaN"."""
    columns = [(name, str(dtype)) for name, dtype, *_ in connection.execute("DESCRIBE runs").fetchall()]
    if [name for name, _ in columns] == ["json"] and columns[0][1] != "BOOLEAN":
        raise SourceError(f'"{printable(files[0])}" holds no JSON objects; one object a line is read as one run')
    mixed = [name for name, dtype in columns if dtype == "JSON"]
    for name in mixed:
        column = quote(name)
        # ->> gives a text's characters and any other value's JSON
        connection.execute(f"ALTER TABLE runs ALTER {column} TYPE VARCHAR USING {column}->>'$'")
    for conversion in judge(connection, "runs", mixed) if mixed else []:
        if conversion.dtype != "VARCHAR":
            change = f"ALTER {quote(conversion.name)} TYPE {conversion.dtype} USING {conversion.sql}"
            connection.execute(f"ALTER TABLE runs {change}")
    names = {name for name, _ in columns}
    lower = {name.lower() for name in names}
    return [
        f'column "{printable(name)}" may be a new name: two keys differ by case only'
        for name in names
        if (found := re.fullmatch(r"(.+)_\d+", name)) and found[1] not in names and found[1].lower() in lower
    ]


def _whole(path: str) -> int | None:
    """Where a cut-short last line begins, in bytes; None where every line is whole.

    Raises
    ------
    SourceError
        A line before the last one is not JSON.
    """
    if head_of(path).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return None  # an array of runs has no lines to speak of
    at = 0
    bad: tuple[int, int] | None = None
    with open_text(path) as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                if bad is not None:
                    raise SourceError(f'"{printable(path)}", line {bad[0]}: not a JSON object')
                if not _is_object(line):
                    bad = number, at
            at += len(line)
    return None if bad is None else bad[1]


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line.decode("utf-8-sig")), dict)
    except ValueError:
        return False


def _shortened(path: str, end: int, target: str) -> str:
    """A copy of a file's first bytes."""
    with open_text(path) as stream, open(target, "wb") as out:
        left = end
        while left and (block := stream.read(min(left, 1 << 20))):
            out.write(block)
            left -= len(block)
    return target

"""Parquet files."""

from __future__ import annotations

from collections.abc import Sequence

from ablate_tui.data.engine import Connection, DatabaseError, printable, reason
from ablate_tui.data.errors import SourceError
from ablate_tui.data.sources.locate import pattern
from ablate_tui.data.sql import literal


def copy_parquet(connection: Connection, files: Sequence[str]) -> list[str]:
    """Copy Parquet files into "runs"; columns may differ between the files.

    Returns
    -------
    list of str
        Notes for the user.

    Raises
    ------
    SourceError
        A file that is cut short or damaged.
    """
    paths = ", ".join(literal(pattern(path)) for path in files)
    try:
        connection.execute(
            f"CREATE TABLE main.runs AS SELECT * FROM read_parquet([{paths}], union_by_name=true, "
            "hive_partitioning=false)"
        )
        written = connection.execute(
            f"SELECT DISTINCT name FROM parquet_schema([{paths}]) WHERE column_id IS NOT NULL"
        ).fetchall()
    except DatabaseError as error:
        raise SourceError(f'"{_culprit(error, files)}" can\'t be read: {_why(error)}') from error
    names = {name for (name,) in written}
    read = [name for name, *_ in connection.execute("DESCRIBE runs").fetchall()]
    return [
        f'column "{printable(name)}" is a new name: the file has two names that differ by case only'
        for name in read
        if name not in names
    ]


def _culprit(error: Exception, files: Sequence[str]) -> str:
    return printable(next((path for path in files if path in str(error)), files[0]))


def _why(error: Exception) -> str:
    text = str(error)
    if "magic bytes" in text or "too small" in text:
        return "it is cut short, or not a Parquet file"
    return reason(error)

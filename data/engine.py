"""DuckDB's one home: connections that do no harm, and its errors as one line.

Every connection starts in memory with extensions and Python look-ups off; `shut` takes the file system away
as well, before anything that came with a source (a view, a SQL expression) is run.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb
from duckdb import DuckDBPyConnection

from ablate_tui.data.errors import AblateError, HeldError, SourceError
from ablate_tui.data.sql import literal, quote

Connection = DuckDBPyConnection
DatabaseError = duckdb.Error
FileError = duckdb.IOException  # a full disk, say
Interrupted = duckdb.InterruptException

Progress = Callable[[str], None]

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,  # a table name must never find a Python variable
    "temp_directory": "",  # in-memory databases would spill into the current folder
}
_LOCK = re.compile(r"lock.*?held in (?P<program>.+?) \(PID (?P<pid>\d+)\)", re.DOTALL)
_TRIES, _PAUSE = 20, 0.1  # seconds


def connect() -> Connection:
    """Open an empty in-memory database."""
    return duckdb.connect(":memory:", config=_SETTINGS)


def shut(connection: Connection) -> None:
    """Take files, network and extensions away from a connection, for good."""
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def attach(connection: Connection, path: str, alias: str, read_only: bool) -> None:
    """Attach a database file; for two seconds try again while another process holds it.

    Parameters
    ----------
    connection : Connection
    path : str
        The file; made where it is not there and `read_only` is false.
    alias : str
        Name of the attached database.
    read_only : bool

    Raises
    ------
    HeldError
        Another process holds it, which is named.
    SourceError
        Truncated, or not a database.
    """
    refuse_odd_name(path)
    mode = "READ_ONLY" if read_only else "READ_WRITE"
    sql = f"ATTACH {literal(os.path.abspath(path))} AS {quote(alias)} ({mode}, TYPE duckdb)"
    left = _TRIES
    while True:
        left -= 1
        try:
            connection.execute(sql)
            return
        except duckdb.Error as error:
            held = holder(error)
            if held is None:
                raise SourceError(f'"{printable(path)}" can\'t be read as a DuckDB file: {reason(error)}') from error
            if not left:
                raise HeldError(
                    f'"{printable(path)}" is held by {held}; close it there, or work on a copy of the file'
                ) from error
        time.sleep(_PAUSE)


def holder(error: Exception) -> str | None:
    """Which process holds a file, from DuckDB's error about its lock; None for any other error."""
    text = str(error)
    found = _LOCK.search(text)
    if found:
        return f"{printable(os.path.basename(found['program']))} (process {found['pid']})"
    return "another process" if "Could not set lock on file" in text else None


def reason(error: Exception) -> str:
    """DuckDB's message as one short line, its class and its advice left out."""
    text = str(error).strip()
    line = text.splitlines()[0] if text else type(error).__name__
    return _told(line, 300)


def full_reason(error: Exception) -> str:
    """DuckDB's message with its advice, as one line; its class and the place in the SQL left out."""
    text = str(error).partition("\nLINE ")[0]
    return _told(" ".join(text.split()) or type(error).__name__, 600)


def _told(line: str, most: int) -> str:
    line = re.sub(r"^(?:[A-Z][A-Za-z-]+(?: [A-Za-z-]+)? Error: )+", "", line)
    return printable(line.rstrip(" .:;"))[:most]


def refuse_odd_name(path: str) -> None:
    """DuckDB takes names in UTF-8 only.

    Raises
    ------
    SourceError
    """
    if any("\ud800" <= char <= "\udfff" for char in path):  # what Python makes of other bytes
        raise SourceError(f'the name "{printable(path)}" is not UTF-8; rename it, or link to it by another name')


def stopped(error: RuntimeError) -> bool:
    """Whether an error is what DuckDB makes of a ctrl+C that comes while it works."""
    return str(error) == "Query interrupted"


def printable(text: str) -> str:
    """A text without control characters, for a message."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Turn DuckDB's errors while a file is read into one line that names the file.

    Raises
    ------
    SourceError
    """
    try:
        yield
    except AblateError:
        raise
    except (duckdb.Error, OSError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else reason(error)
        raise SourceError(f'"{printable(path)}" can\'t be read: {why}') from error

"""How a store is found and opened: an SQLite file such that nothing of it or beside it changes."""

from __future__ import annotations

import os
import sqlite3
from urllib.parse import quote

from ablate_tui.data.engine import printable
from ablate_tui.data.errors import SourceError

SQLITE_MAGIC = b"SQLite format 3\x00"  # how each such file begins


def sqlite_path(where: str) -> str | None:
    """The file of a database URL as SQLAlchemy writes it, such as ``sqlite:///runs.db``; None for anything else."""
    scheme, separator, path = where.partition(":///")
    if not separator or scheme.partition("+")[0] != "sqlite":
        return None
    return path.partition("?")[0]


def open_sqlite(path: str) -> sqlite3.Connection:
    """Open an SQLite file for reading only.

    Raises
    ------
    SourceError
        It can't be opened, or is no SQLite file.
    """
    try:
        with open(path, "rb") as file:
            header = file.read(20)
    except OSError as error:
        raise SourceError(f'"{printable(path)}" can\'t be read: {error.strerror}') from error
    if not header.startswith(SQLITE_MAGIC):
        raise SourceError(f'"{printable(path)}" is not an SQLite file')
    uri = f"file:{quote(os.fsencode(path))}?mode=ro"
    if header[18:20] == b"\x02\x02" and not os.path.exists(f"{path}-wal"):
        uri += "&immutable=1"  # a file in WAL mode that nobody has open: else SQLite puts two files beside it
    return sqlite3.connect(uri, uri=True)

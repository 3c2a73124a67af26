"""A copy of a DuckDB file while another process writes to it, made without a lock that would hinder the writer."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator

from ablate_tui.data.engine import printable
from ablate_tui.data.errors import SourceError

_TRIES, _QUIET = 50, 0.1  # a clock may tick as seldom as every few milliseconds: what is younger may still change


@contextlib.contextmanager
def snapshot(path: str) -> Iterator[str]:
    """Copy a database and its log of changes as they were at one moment; the copy is gone in the end.

    Yields
    ------
    str
        The copy's path.

    Raises
    ------
    SourceError
        The file is written to without a pause, or it can't be copied.
    """
    with tempfile.TemporaryDirectory(prefix="ablate-tui-") as folder:
        copy = os.path.join(folder, "snapshot.duckdb")
        try:
            for _ in range(_TRIES):
                before = stamp(path)
                if _settled(before):
                    _copy(path, copy)
                    if stamp(path) == before:
                        break
                time.sleep(_QUIET)
            else:
                raise SourceError(f'"{printable(path)}" is being written to without a pause; try again later')
        except OSError as error:
            raise SourceError(f'"{printable(path)}" can\'t be copied: {error.strerror or error}') from error
        yield copy


def stamp(path: str) -> tuple[tuple[int, int, int], ...]:
    """What changes when a database is written to: identity, size and time of the file and of its log."""
    found = []
    for name in (path, f"{path}.wal"):
        with contextlib.suppress(FileNotFoundError):
            status = os.stat(name)
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)


def _settled(marks: tuple[tuple[int, int, int], ...]) -> bool:
    """Whether the last change is a moment ago; a time to come is of another host's clock, and tells nothing."""
    now = time.time_ns()
    return not any(0 <= now - changed < _QUIET * 1e9 for _, _, changed in marks)


def _copy(path: str, copy: str) -> None:
    shutil.copyfile(path, copy)
    try:
        shutil.copyfile(f"{path}.wal", f"{copy}.wal")
    except FileNotFoundError:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{copy}.wal")

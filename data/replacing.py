"""Change a DuckDB file in one step: work on a copy beside it, which takes its place at the end.

A process that is killed half-way leaves the file whole, and a copy that the next one clears away.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from ablate_tui.data.engine import (
    Connection,
    DatabaseError,
    attach,
    connect,
    holder,
    printable,
    reason,
    shut,
)
from ablate_tui.data.errors import SourceError
from ablate_tui.data.sources.locate import kind_of
from ablate_tui.data.sql import quote


@dataclass
class Copy:
    """The copy while it is worked on."""

    connection: Connection
    changed: bool = False


@contextlib.contextmanager
def replacing(target: str, into: str, alias: str) -> Iterator[Copy]:
    """Work on a copy of a database file, attached for writing; it takes the file's place at the end.

    Parameters
    ----------
    target : str
        Real path of the file; it need not be there.
    into : str
        The same as the user named it.
    alias : str
        Name of the attached copy.

    Yields
    ------
    Copy
        Its `changed` is to be set where the file is to be replaced.

    Raises
    ------
    SourceError
        Another process writes to the file or works on a copy of it; not a DuckDB file; not writable.
        The file is as it was.
    """
    folder, name = os.path.split(target)
    copy = os.path.join(folder, f".{name}.importing")
    _sweep(copy)
    connection, guard = connect(), connect()
    try:
        with _writing(into):
            existed = os.path.exists(target)
            if existed:
                _copy_unchanged(guard, target, into, copy)
            attach(connection, copy, alias, read_only=False, patient=False)
            shut(connection)
            work = Copy(connection)
            yield work
            connection.execute(f"CHECKPOINT {quote(alias)}")
            connection.execute(f"DETACH {quote(alias)}")
            if work.changed or not existed:
                if existed:
                    shutil.copymode(target, copy)
                _settle(copy, target, folder)
    finally:
        connection.close()
        guard.close()
        for leftover in (copy, f"{copy}.wal"):
            with contextlib.suppress(OSError):
                os.unlink(leftover)


@contextlib.contextmanager
def _writing(into: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError(f'"{printable(into)}" can\'t be written: {error.strerror or error}') from error
    except DatabaseError as error:
        raise SourceError(f'"{printable(into)}" can\'t be written: {reason(error)}') from error


def _sweep(copy: str) -> None:
    """Clear what a killed import left. DuckDB's lock on the copy tells a living import from a dead one."""
    if not os.path.exists(copy):
        return
    probe = connect()
    try:
        attach(probe, copy, "probe", read_only=False, patient=False)
    except SourceError as error:
        if error.__cause__ is not None and (held := holder(error.__cause__)):  # type: ignore[arg-type]
            raise SourceError(
                f"another import into this file is under way in {held}; wait for its end"
            ) from error
    finally:
        probe.close()
    for leftover in (copy, f"{copy}.wal"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(leftover)


def _copy_unchanged(guard: Connection, target: str, into: str, copy: str) -> None:
    """Copy the target's bytes, and hold it so that no other process writes to it until the end.

    The order matters: to open and close a file drops every lock that this process has on it, so the copy is
    made first, then the lock is taken, then it is seen to that nothing was written in between.
    """
    if kind_of(target) != "duckdb":
        raise SourceError(f'"{printable(into)}" is not a DuckDB file; import into another name')
    if os.path.exists(f"{target}.wal"):  # changes that were not written into the file proper
        attach(guard, target, "target", read_only=False)
        guard.execute("CHECKPOINT target")
        guard.execute("DETACH target")
    before = os.stat(target)
    shutil.copyfile(target, copy)
    attach(guard, target, "target", read_only=True)
    after = os.stat(target)
    same = (before.st_mtime_ns, before.st_size, before.st_ino) == (
        after.st_mtime_ns,
        after.st_size,
        after.st_ino,
    )
    if not same or os.path.exists(f"{target}.wal"):
        raise SourceError(f'"{printable(into)}" was changed by another process just now; import again')


def _settle(copy: str, target: str, folder: str) -> None:
    """Put the copy in the target's place, on the disk and for good."""
    for path, flags in ((copy, os.O_RDWR), (folder, os.O_RDONLY)):
        handle = os.open(path, flags)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if path == copy:
            os.replace(copy, target)

"""Change a DuckDB file in one step: work on a copy beside it, which takes its place at the end.

A process that is killed half-way leaves the file whole, and a copy that the next one clears away.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from ablate_tui.data.engine import (
    Connection,
    DatabaseError,
    attach,
    connect,
    printable,
    reason,
    shut,
)
from ablate_tui.data.errors import BusyError, SourceError
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
    with _writing(into), _alone(f"{copy}.lock", into):
        connection, guard = connect(), connect()
        try:
            _clear(copy)
            existed = os.path.exists(target)
            if existed:
                _copy_unchanged(guard, target, into, copy)
            attach(connection, copy, alias, read_only=False)
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
            _clear(copy)


@contextlib.contextmanager
def _writing(into: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError(f'"{printable(into)}" can\'t be written: {error.strerror or error}') from error
    except DatabaseError as error:
        raise SourceError(f'"{printable(into)}" can\'t be written: {reason(error)}') from error


@contextlib.contextmanager
def _alone(lock: str, into: str) -> Iterator[None]:
    """Hold a lock file, so that of two imports into one file the second is refused.

    The system frees the lock of a process that was killed; its file is taken over.
    """
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            process = os.read(handle, 20).decode("ascii", "replace")
            os.close(handle)
            raise BusyError(
                f'another import into "{printable(into)}" is under way (process {process}); wait for its end'
            ) from error
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(lock)):
                break
        os.close(handle)  # its last holder took the file away between opening and locking
    try:
        os.truncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        os.unlink(lock)
        os.close(handle)


def _clear(copy: str) -> None:
    """Remove a copy, also one that a killed process left."""
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
        raise BusyError(f'"{printable(into)}" was changed by another process just now; import again')


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

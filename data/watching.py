"""Whether a source has new runs while it is open; looking never holds a file that a training writes to."""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from ablate_tui.data.engine import connect, printable
from ablate_tui.data.errors import AblateError
from ablate_tui.data.inbox import inbox_of, waiting
from ablate_tui.data.sources.duckdb_file import count_rows
from ablate_tui.data.sources.locate import locate
from ablate_tui.data.sources.snapshot import snapshot, stamp
from ablate_tui.data.store import open_store


@dataclass(frozen=True)
class News:
    """What a look at the source found."""

    runs: int | None = None  # that it has now, those that wait in its inbox included; None: not known
    trouble: str | None = None  # why it can't be read at present


class Watch:
    """Looks at a source again and again; made before the source is read, so that what changes meanwhile is news.

    Parameters
    ----------
    source : str
        As the user named it.
    table : str, optional
        Which table of a DuckDB file.
    left : set of str, optional
        Files of its inbox that are no news, since they can't be taken in.
    """

    def __init__(self, source: str, table: str | None = None, left: AbstractSet[str] = frozenset()) -> None:
        self.source, self.table, self.left = source, table, left
        self.told: Hashable = (self._files(), frozenset())

    def look(self) -> News | None:
        """What has changed since this was last told; None where nothing has."""
        marks = (self._files(), self._waiting())
        if marks == self.told:
            return None
        self.told = marks
        try:
            return News(self._count())
        except AblateError as error:
            return News(trouble=str(error))
        except OSError as error:
            return News(trouble=f'"{printable(self.source)}" can\'t be read: {error.strerror or error}')

    def forget(self) -> None:
        """Let the next look tell what the last one told: it could not be taken in."""
        self.told = None

    def _files(self) -> Hashable:
        """What changes with the source's files: their identity, size and time."""
        try:
            found = locate(self.source)
            return found.kind, tuple((file, stamp(file)) for file in found.files)
        except (AblateError, OSError) as error:
            return str(error)

    def _waiting(self) -> frozenset[str]:
        """The runs that wait in the inbox."""
        try:
            names = set(waiting(inbox_of(self.source))) - self.left
        except AblateError:  # told when they were to be taken in
            names = set()
        return frozenset(name.partition(".")[0] for name in names)

    def _count(self) -> int:
        found = locate(self.source)
        if found.kind != "duckdb":
            store = open_store(self.source)
            try:
                return store.runs
            finally:
                store.close()
        connection = connect()
        try:
            with snapshot(found.files[0]) as copy:
                return count_rows(connection, copy, self.source, self.table) + len(self._waiting())
        finally:
            connection.close()

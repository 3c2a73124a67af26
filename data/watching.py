"""Whether a source has new runs while it is open; looking never holds a file that a training writes to."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from ablate_tui.data.engine import connect
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
    """Looks at a source again and again.

    Parameters
    ----------
    source : str
        As the user named it.
    table : str, optional
        Which table of a DuckDB file.
    """

    def __init__(self, source: str, table: str | None = None) -> None:
        self.source, self.table = source, table
        self.seen = self._marks()

    def look(self) -> News | None:
        """What has changed since the last look; None where nothing has."""
        marks = self._marks()
        if marks == self.seen:
            return None
        self.seen = marks
        try:
            return News(self._count())
        except AblateError as error:
            return News(trouble=str(error))

    def _marks(self) -> Hashable:
        """What changes with the source: identity, size and time of its files, and who waits in its inbox."""
        try:
            found = locate(self.source)
        except AblateError as error:
            return str(error)
        return found.kind, tuple((file, stamp(file)) for file in found.files), self._waiting()

    def _waiting(self) -> int:
        return len({name.partition(".")[0] for name in waiting(inbox_of(self.source))})

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
                return count_rows(connection, copy, self.source, self.table) + self._waiting()
        finally:
            connection.close()

"""The runs in memory: one table, "runs", copied from a source that was let go of."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data import loading
from ablate_tui.data.addresses import is_server
from ablate_tui.data.engine import Connection, Progress, connect, printable, reading, shut
from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.schema import Choices, Goal, RunTable
from ablate_tui.data.sources.csv_files import as_read, copy_csv
from ablate_tui.data.sources.duckdb_file import Copied, copy_table, read_curve
from ablate_tui.data.sources.json_files import copy_json
from ablate_tui.data.sources.locate import Located, literally, locate
from ablate_tui.data.sources.object_storage import copy_remote, is_remote
from ablate_tui.data.sources.parquet_files import copy_parquet
from ablate_tui.data.sources.text_columns import lists_in
from ablate_tui.data.sql import literal, quote
from ablate_tui.data.trackers import scheme_of

if TYPE_CHECKING:
    import polars as pl

    from ablate_tui.data.answers import Answer

# Types that Arrow or Polars has no match for; they are shown as text.
_AS_TEXT = ("INTERVAL", "UNION", "BIT", "TIME WITH TIME ZONE", "MAP", "VARIANT", "GEOMETRY", "BIGNUM")


class Store:
    """A sweep's runs in an in-memory database without access to files.

    Parameters
    ----------
    connection : Connection
        Holds the table "runs" and nothing else; shut.
    path : str
        The source as the user named it.
    table : str
        The table's name in a database, else the file's stem.
    notes : tuple of str
        What was set aside while reading.
    origin : str or function, optional
        What files are called in a FROM clause, or what says so, given names and types of the columns; None for a
        database, whose table has a name.
    kinds : mapping, optional
        What a tracker calls its columns, by name: setting, metric or fact.
    goals : mapping, optional
        Which values of a metric are better, where a tracker says so.
    metrics : sequence of str
        That the source has points of curves of.

    Notes
    -----
    Every call works on a cursor of its own, so threads may share a store.
    """

    dialect = "DuckDB"  # of the SQL that `answer` takes
    runs_table = "runs"  # in that SQL
    distant = False  # whether rows come from elsewhere, so that `fetch` may take long, or fail

    def __init__(
        self,
        connection: Connection,
        path: str,
        table: str,
        notes: tuple[str, ...],
        origin: str | Callable[[Mapping[str, str]], str] | None = None,
        kinds: Mapping[str, str] | None = None,
        goals: Mapping[str, Goal] | None = None,
        metrics: Sequence[str] = (),
    ) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._running: set[Connection] = set()
        self.path = path
        self.table = table
        self.kinds = dict(kinds or {})
        self.goals = dict(goals or {})
        self.metrics = tuple(metrics)
        self._curves: set[str] = set()  # metrics whose points are in memory
        self._curves_lock = threading.Lock()
        self.text_lists = self._read_lists()
        self.notes = notes
        self._origin = origin
        self.row = self._row_number()
        self.columns = self._columns()

    @cached_property
    def origin(self) -> str | None:
        """What files are called in a FROM clause; None for a database."""
        return self._origin(self.columns) if callable(self._origin) else self._origin

    def load(self, choices: Choices | None = None) -> RunTable:
        """The runs as arrays, with roles guessed where they are not chosen.

        Parameters
        ----------
        choices : Choices, optional
            What the user decided; its `table` is not looked at.

        Returns
        -------
        RunTable

        Raises
        ------
        UsageError
            A column, role, level or response that isn't there or can't serve.
        """
        return loading.load(self, choices or Choices())

    def responses(self) -> tuple[str, ...]:
        """What can be a response: numbers, the likeliest first, then last, least and mean of lists."""
        return loading.responses(self)

    def need(self, name: str) -> None:
        """See to it that a column is in memory; of this store all are."""

    def fetch(self, index: NDArray[np.int64]) -> pl.DataFrame:
        """Rows of the source.

        Parameters
        ----------
        index : (n,) int64
            Positions in the source.

        Returns
        -------
        polars.DataFrame
            All columns in the source's order, n rows in the order asked for. Types that Polars does not
            have come as text.
        """
        shown = ", ".join(
            f"CAST(runs.{quote(name)} AS VARCHAR) AS c{at}"
            if any(word in dtype for word in _AS_TEXT)
            else f"runs.{quote(name)} AS c{at}"
            for at, (name, dtype) in enumerate(self.columns.items())
        )
        import polars as pl

        wanted = pl.DataFrame({"position": np.arange(len(index)), "row": np.asarray(index, dtype=np.int64)})
        with self.cursor() as cursor:
            cursor.register("ablate_tui_wanted", wanted.to_arrow())
            frame = _frame(
                cursor,
                f"SELECT {shown} FROM ablate_tui_wanted JOIN runs "
                f"ON runs.{quote(self.row)} = ablate_tui_wanted.row ORDER BY ablate_tui_wanted.position",
            )
        # only here do they get their names: on the way, Arrow would end one at a NUL
        return frame.rename({f"c{at}": name for at, name in enumerate(self.columns)})

    def need_curve(self, metric: str) -> None:
        """Copy a metric's points into the table "curves" in memory, unless they are there.

        They are many, and mostly not asked for.

        Raises
        ------
        SourceError
            The source can't be read any more.
        """
        with self._curves_lock:
            if metric in self._curves:
                return
            connection = connect()
            try:
                points = read_curve(connection, self.path, metric)
            finally:
                connection.close()
            with self.cursor() as cursor:
                cursor.register("ablate_tui_points", points)
                cursor.execute(
                    "CREATE TABLE IF NOT EXISTS curves (run_id VARCHAR, step DOUBLE, metric VARCHAR, value DOUBLE)"
                )
                cursor.execute("INSERT INTO curves SELECT run_id, step, metric, value FROM ablate_tui_points")
                cursor.unregister("ablate_tui_points")
            self._curves.add(metric)

    def answer(self, sql: str, stop: threading.Event) -> Answer:
        """The first rows of what a person's query gives; see `answers.answer`."""
        from ablate_tui.data import answers

        if self.metrics and "curves" in sql.lower():
            for metric in self.metrics:
                if stop.is_set():
                    raise answers.Stopped("stopped")
                self.need_curve(metric)
        with self.cursor() as cursor:
            return answers.answer(cursor, sql, stop)

    def query(self, sql: str) -> pl.DataFrame:
        """The answer to a SELECT over "runs".

        Raises
        ------
        duckdb.Error
            As DuckDB gives it: the SQL is the program's own.
        """
        with self.cursor() as cursor:
            return _frame(cursor, sql)

    @cached_property
    def runs(self) -> int:
        """Number of runs."""
        with self.cursor() as cursor:
            (count,) = cursor.execute("SELECT count(*) FROM runs").fetchall()[0]
        return int(count)

    @cached_property
    def survey(self) -> loading.Survey:
        """What is known of the columns before anything is chosen."""
        return loading.survey_of(self)

    @cached_property
    def keywords(self) -> frozenset[str]:
        """Words that can't be a column's name in SQL unless quoted."""
        with self.cursor() as cursor:
            rows = cursor.execute(
                "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
            ).fetchall()
        return frozenset(word for (word,) in rows)

    def interrupt(self) -> None:
        """Cancel what other threads are asking; they get DuckDB's InterruptException."""
        with self._lock:
            for cursor in self._running:
                cursor.interrupt()

    def close(self) -> None:
        """Free the memory."""
        self.interrupt()
        self._connection.close()

    @contextmanager
    def cursor(self) -> Iterator[Connection]:
        """A connection for one call in one thread, which `interrupt` knows."""
        with self._lock:
            cursor = self._connection.cursor()
            self._running.add(cursor)
        try:
            yield cursor
        finally:
            with self._lock:
                self._running.discard(cursor)
            cursor.close()

    def _columns(self) -> dict[str, str]:
        """Types by name, in the source's order."""
        rows = self._connection.execute("DESCRIBE runs").fetchall()
        return {name: str(dtype) for name, dtype, *_ in rows if name != self.row}

    def _read_lists(self) -> frozenset[str]:
        """Turn texts such as "[3.1, 2.9]" into lists, so that SQL can use them."""
        texts = [
            name
            for name, dtype, *_ in self._connection.execute("DESCRIBE runs").fetchall()
            if dtype == "VARCHAR" and self.kinds.get(name) != "setting"  # "[0.9, 0.95]" is a level there
        ]
        found = lists_in(self._connection, "runs", texts)
        for change in found:
            self._connection.execute(
                f"ALTER TABLE runs ALTER {quote(change.name)} TYPE {change.dtype} USING {change.sql}"
            )
        return frozenset(change.name for change in found)

    def _row_number(self) -> str:
        """The column that numbers the rows: DuckDB's own rowid, unless a column of the source hides it."""
        names = {str(name).lower() for name, *_ in self._connection.execute("DESCRIBE runs").fetchall()}
        if "rowid" not in names:
            return "rowid"
        row = "ablate_tui_row"
        while row in names:
            row += "_"
        self._connection.execute(
            f"CREATE OR REPLACE TABLE runs AS SELECT *, row_number() OVER () - 1 AS {row} FROM runs"
        )
        return row


def open_store(source: str, table: str | None = None, progress: Progress | None = None, aside: bool = False) -> Store:
    """Read a source into memory and let go of it.

    Parameters
    ----------
    source : str
        A DuckDB, Parquet, CSV, TSV or JSON Lines file, a folder, or a glob; the address of a server
        (``postgresql://…``, ``md:…``) or of Parquet files on object storage (``s3://…``).
    table : str, optional
        Which table or view of a database.
    progress : callable, optional
        Told in words what is going on.
    aside : bool
        Whether to read a copy of a DuckDB file, so that a process that wants to write to it never finds it held.

    Returns
    -------
    Store

    Raises
    ------
    SourceError
        The source can't be read, or holds no runs.
    UsageError
        Several tables and none named, or no such table.
    """
    tell = progress or (lambda words: None)
    if is_server(source):
        from ablate_tui.data.servers.server_store import open_server

        tell("asking the server")
        return open_server(source, table)
    if is_remote(source):
        if table is not None:
            raise UsageError(f'"{printable(source)}" is no database and has no tables; leave out --table')
        tell(f"reading {printable(source)}")
        return _remote(source)
    if (scheme := scheme_of(source)) is not None:
        raise UsageError(
            f'"{printable(source)}" is a tracker ({scheme}); bring its runs in first: '
            f"ablate-tui import {printable(source)} --into runs.duckdb"
        )
    found = locate(source)
    connection = connect()
    try:
        with reading(source):
            copied = _copy(connection, source, found, table, tell, aside)
            _refuse_empty(connection, source)
            notes = tuple(copied.notes)
            said = copied.kinds, copied.goals, copied.metrics
            return Store(connection, source, copied.table, notes, _origin_of(found), *said)
    except BaseException:
        connection.close()
        raise


def _refuse_empty(connection: Connection, source: str) -> None:
    (empty,) = connection.execute("SELECT count(*) = 0 FROM runs").fetchall()[0]
    if empty:
        raise SourceError(f'"{printable(source)}" holds no runs: it has columns but no row')


def _remote(source: str) -> Store:
    """Read Parquet files from object storage."""
    connection = connect()
    try:
        copy_remote(connection, source)
        _refuse_empty(connection, source)
        name = source.rstrip("/").rpartition("/")[2].removesuffix(".parquet")
        return Store(connection, source, name, (), f"read_parquet({literal(source)}, union_by_name = true)")
    except BaseException:
        connection.close()
        raise


def _copy(
    connection: Connection,
    source: str,
    found: Located,
    table: str | None,
    tell: Callable[[str], None],
    aside: bool,
) -> Copied:
    """Fill "runs" and shut the connection."""
    if found.kind == "duckdb":
        tell(f"copying {printable(found.files[0])}")
        return copy_table(connection, found.files[0], table, aside)
    if table is not None:
        raise UsageError(f'"{printable(source)}" is not a DuckDB file and has no tables; leave out --table')
    many = f"{len(found.files)} files of " if len(found.files) > 1 else ""
    tell(f"reading {many}{printable(source)}")
    copy = {"csv": copy_csv, "json": copy_json, "parquet": copy_parquet}[found.kind]
    notes = copy(connection, found.files)
    shut(connection)
    return Copied(_stem(source), {}, {}, [], notes)


def _origin_of(found: Located) -> str | Callable[[Mapping[str, str]], str] | None:
    """The files in a FROM clause, as DuckDB reads them by itself where that is how they are read here."""
    if found.kind == "duckdb":
        return None
    plain = f"read_{found.kind}([{', '.join(literal(literally(name)) for name in found.files)}], union_by_name = true)"
    if len(found.files) == 1:
        plain = literal(literally(found.files[0]))
    if found.kind != "csv":
        return plain
    return lambda columns: as_read(found.files, columns) or plain


def _stem(source: str) -> str:
    """What stands for a table's name where there are no tables: the file's or folder's name."""
    path = Path(os.path.abspath(source))
    if path.is_file():
        return path.name.removesuffix(".gz").rsplit(".", 1)[0] or path.name
    return path.name if path.is_dir() else path.parent.name


def _frame(cursor: Connection, sql: str) -> pl.DataFrame:
    import polars as pl  # a tenth of a second, which the start of the screen need not wait for

    frame = pl.from_arrow(cursor.sql(sql).to_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    return frame

"""The answer to a query that a person typed: its first rows, as plain values, without leave to change anything."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from ablate_tui.data.engine import Connection, DatabaseError, Interrupted
from ablate_tui.data.errors import AblateError
from ablate_tui.data.statements import QueryError, explained, is_explain, reading_statement

MOST_ROWS = 10_000
MOST_CELLS = 1_000_000  # of wide answers fewer rows
MOST_TEXT = 64_000_000  # characters
MOST_MEMORY = 1 << 30  # bytes that a query may take beside the runs
TICK = 0.02  # seconds between two looks at whether it should stop
BATCH = 2_048  # rows: as many as DuckDB makes at a time

Value: TypeAlias = bool | int | float | str | None
Columns: TypeAlias = Sequence[Sequence[Value]]

_AS_IT_IS = {"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_REAL = re.compile(r"FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)")
_LARGE = {"HUGEINT", "UHUGEINT"}  # sums of whole numbers; Python has them, Arrow has not


class Stopped(AblateError):
    """A query that was not waited for."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What a query gave."""

    names: tuple[str, ...]  # each once
    numeric: tuple[bool, ...]  # whether a column's values are numbers
    rows: tuple[tuple[Value, ...], ...]
    more: bool  # whether there are rows beyond these
    seconds: float


def answer(cursor: Connection, sql: str, stop: threading.Event) -> Answer:
    """Ask DuckDB.

    Parameters
    ----------
    cursor : Connection
        A connection for this call alone; left without a transaction.
    sql : str
        One statement that reads.
    stop : Event
        Set from another thread, it ends the call.

    Returns
    -------
    Answer
        At most 10,000 rows, a million cells, 64 million characters. Lists, times and what else has no number or
        text of its own come as DuckDB writes them.

    Raises
    ------
    QueryError
        It is refused, fails, or is found to take more than 1 GiB of memory.
    Stopped

    Notes
    -----
    DuckDB stops between two vectors of 2,048 rows. What one of them takes can't be cut short: long texts and lists
    may take more memory, and more time, until that is so.
    """
    statement = reading_statement(sql)
    began = time.monotonic()
    with _watched(cursor, stop) as ended, _reading_only(cursor), _placed(cursor, statement, sql, ended):
        if is_explain(statement):
            plan = cursor.execute(statement).fetchall()
            lines = tuple((line,) for row in plan for line in str(row[-1]).rstrip("\n").split("\n"))
            return Answer(("plan",), (False,), lines, False, time.monotonic() - began)
        relation = cursor.sql(statement)
        kinds = [str(kind) for kind in relation.types]
        most = rows_of(len(kinds))
        shown = relation.project(", ".join(_shown(at, kind) for at, kind in enumerate(kinds, 1)))
        names = tuple(relation.columns)
        with _ended(cursor, shown.limit(most + 1).to_arrow_reader(BATCH)) as reader:
            rows, more = first_rows((_columns(part, kinds) for batch in reader for part in _parts(batch)), most)
        numeric = tuple(is_numeric(kind) for kind in kinds)
        return Answer(distinct(names), numeric, rows, more, time.monotonic() - began)


def rows_of(columns: int) -> int:
    """How many rows of so many columns are taken."""
    return max(1, min(MOST_ROWS, MOST_CELLS // max(1, columns)))


def first_rows(pieces: Iterable[Columns], most: int) -> tuple[tuple[tuple[Value, ...], ...], bool]:
    """The first rows out of pieces of all columns, and whether there are more.

    Parameters
    ----------
    pieces : iterable of columns
    most : int
        Rows at most; fewer where they are long texts.
    """
    rows: list[tuple[Value, ...]] = []
    text = 0
    for columns in pieces:
        for row in zip(*columns, strict=True):
            text += sum(len(value) for value in row if isinstance(value, str))
            if len(rows) == most or (rows and text > MOST_TEXT):
                return tuple(rows), True
            rows.append(row)
    return tuple(rows), False


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Names such that each is there once: a, a_1, a_2."""
    taken: set[str] = set(names)
    made: list[str] = []
    for name in names:
        free, number = name, 0
        while free in made or (number and free in taken):
            number += 1
            free = f"{name}_{number}"
        made.append(free)
    return tuple(made)


def is_numeric(kind: str) -> bool:
    """Whether a type is one of numbers."""
    return (kind in _AS_IT_IS and kind != "BOOLEAN") or kind in _LARGE or _REAL.fullmatch(kind) is not None


def _shown(at: int, kind: str) -> str:
    """A column such that its values are plain ones."""
    if kind in _AS_IT_IS:
        return f"#{at} AS c{at}"
    return f"CAST(#{at} AS {'DOUBLE' if _REAL.fullmatch(kind) else 'VARCHAR'}) AS c{at}"


def _parts(batch: Any) -> Iterator[Any]:
    """A batch in parts, few rows each where they are long, so that no more of them become Python's than are taken."""
    rows = max(1, BATCH * MOST_TEXT // max(MOST_TEXT, batch.nbytes))
    return (batch.slice(start, rows) for start in range(0, batch.num_rows, rows))


def _columns(batch: Any, kinds: Sequence[str]) -> Columns:
    """Arrow's columns as Python's own values."""
    return [
        [None if value is None else int(value) for value in column.to_pylist()]
        if kind in _LARGE
        else column.to_pylist()
        for column, kind in zip(batch.columns, kinds, strict=True)
    ]


@contextmanager
def _ended(cursor: Connection, reader: Any) -> Iterator[Any]:
    """End what a stream has begun, also where nobody wants the rest of it."""
    try:
        yield reader
    finally:
        cursor.interrupt()
        reader.close()


@contextmanager
def _reading_only(cursor: Connection) -> Iterator[None]:
    """A transaction that can't write, whatever the statement is."""
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    try:
        yield
    finally:
        with suppress(DatabaseError):
            cursor.execute("ROLLBACK")


@contextmanager
def _placed(cursor: Connection, statement: str, sql: str, ended: Callable[[], bool]) -> Iterator[None]:
    """Turn DuckDB's errors into words with a place."""
    try:
        yield
    except Interrupted:
        raise
    except (DatabaseError, OSError) as error:  # in the middle of a stream, Arrow passes them on as its own
        if ended() and "INTERRUPT Error" in str(error):
            raise Interrupted(str(error)) from error
        found = explained(error, sql)
        if found.place is None and not is_explain(statement):
            found.place = _bound_at(cursor, statement, sql)
        raise found from error


def _bound_at(cursor: Connection, statement: str, sql: str) -> tuple[int, int] | None:
    """Where a name is that isn't there: EXPLAIN says it, a relation does not."""
    try:
        cursor.execute("ROLLBACK")  # the error has ended the transaction
        cursor.execute("BEGIN TRANSACTION READ ONLY")
        cursor.execute(f"EXPLAIN\n{statement}")
    except DatabaseError as error:
        return explained(error, sql).place
    return None


@contextmanager
def _watched(cursor: Connection, stop: threading.Event) -> Iterator[Callable[[], bool]]:
    """Interrupt what runs on a cursor once it should stop, or takes too much memory; tells whether that was so."""
    with closing(cursor.cursor()) as other:
        before, resident = _memory(other), _resident()

        def too_much() -> bool:
            return max(_memory(other) - before, _resident() - resident) > MOST_MEMORY

        with watching(stop, cursor.interrupt, too_much) as large:
            try:
                yield lambda: stop.is_set() or large.is_set()
            except Interrupted as error:
                if large.is_set():
                    words = f"this needs more than {MOST_MEMORY >> 30} GiB of memory; take fewer rows or columns"
                    raise QueryError(words) from error
                raise Stopped("stopped") from error


@contextmanager
def watching(
    stop: threading.Event, interrupt: Callable[[], object], too_much: Callable[[], bool] | None = None
) -> Iterator[threading.Event]:
    """Look now and then at whether to interrupt; what is given is set where it took too much.

    Parameters
    ----------
    stop : Event
    interrupt : callable
        Called again and again: a call may come before what it is to end.
    too_much : callable, optional
    """
    done, large = threading.Event(), threading.Event()

    def look() -> None:
        while not done.wait(TICK):
            if too_much is not None and not large.is_set() and too_much():
                large.set()
            if stop.is_set() or large.is_set():
                interrupt()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield large
    finally:
        done.set()
        thread.join()


def _memory(cursor: Connection) -> int:
    (found,) = cursor.execute("SELECT CAST(sum(memory_usage_bytes) AS BIGINT) FROM duckdb_memory()").fetchall()[0]
    return int(found)


def _resident() -> int:
    """Bytes of this process: DuckDB counts neither long texts and lists under way, nor what it hands to Arrow."""
    try:
        with open("/proc/self/statm", encoding="ascii") as told:
            return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # not Linux
        return 0

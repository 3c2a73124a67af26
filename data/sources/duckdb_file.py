"""A table or view of a DuckDB file: attached read-only, copied, let go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ablate_tui.data.engine import Connection, DatabaseError, attach, printable, reading, reason, shut
from ablate_tui.data.errors import HeldError, SourceError, UsageError, one_of
from ablate_tui.data.schema import Goal
from ablate_tui.data.sources.snapshot import snapshot
from ablate_tui.data.sql import literal, quote

if TYPE_CHECKING:
    from pyarrow import Table

_ALIAS = "ablate_tui_source"
OWN = "ablate_tui_"  # tables that an import keeps for itself start so
COLUMNS = f"{OWN}columns"  # (name, kind, goal)
CURVES = "curves"
CURVE_COLUMNS = {"run_id", "step", "metric", "value"}


@dataclass(frozen=True)
class Copied:
    """What was copied of a database."""

    table: str
    kinds: dict[str, str]  # what a tracker calls the columns, by name: setting, metric or fact
    goals: dict[str, Goal]  # which values of a metric are better, where a tracker says so
    metrics: list[str]  # that the table "curves" has points of
    notes: list[str]


def copy_table(connection: Connection, path: str, table: str | None, aside: bool = False) -> Copied:
    """Copy one table or view into "runs" of an in-memory database, which is shut by this.

    Where another process holds the file, a copy of the file is read, which is told.

    Parameters
    ----------
    connection : Connection
    path : str
    table : str or None
        Which one; None takes "runs", else the only one.
    aside : bool
        Whether to read a copy of the file at once, so as to never be in a writer's way.

    Raises
    ------
    SourceError
        A file that is held by a process that writes without a pause, truncated or empty, or a view that reads files.
    UsageError
        No such table, or several and none named.
    """
    if not aside:
        try:
            return _copy_from(connection, path, path, table)
        except HeldError as error:
            held = str(error).partition(";")[0]
        with snapshot(path) as copy:
            found = _copy_from(connection, copy, path, table)
        return replace(found, notes=[f"{held}: what it has written so far is shown"])
    with snapshot(path) as copy:
        return _copy_from(connection, copy, path, table)


def count_rows(connection: Connection, file: str, path: str, table: str | None) -> int:
    """How many rows a table or view has; `path` is what the user calls the file. The connection is shut by this.

    Raises
    ------
    SourceError, UsageError
        As `copy_table`.
    """
    with _opened(connection, file, path, table) as (_, whole):
        (rows,) = connection.execute(f"SELECT count(*) FROM {whole}").fetchall()[0]
    return int(rows)


def _copy_from(connection: Connection, file: str, path: str, table: str | None) -> Copied:
    """Copy from a file; `path` is what the user calls it."""
    with _opened(connection, file, path, table) as (name, whole):
        connection.execute(f"CREATE TABLE memory.main.runs AS SELECT * FROM {whole}")
        if name != "runs":
            return Copied(name, {}, {}, [], [])
        columns = _columns(connection)
        kinds = {column: kind for column, kind, _ in columns}
        goals: dict[str, Goal] = {column: goal for column, _, goal in columns if goal in ("min", "max")}
        return Copied(name, kinds, goals, _metrics(connection, whole), [])


@contextmanager
def _opened(connection: Connection, file: str, path: str, table: str | None) -> Iterator[tuple[str, str]]:
    """Attach a file; the chosen table's name and SQL name while it is attached."""
    try:
        attach(connection, file, _ALIAS, read_only=True)
    except SourceError as error:
        raise type(error)(str(error).replace(printable(file), printable(path))) from error
    # From here on nothing that is written in the file can reach beyond it.
    shut(connection)
    with reading(path):
        found = _tables(connection)
        name = _choose(path, found, table)
        schema, bare, is_view = found[name]
        try:
            # Views look for their tables in the current database.
            connection.execute(f"USE {quote(_ALIAS)}.main")
            yield name, f"{quote(_ALIAS)}.{quote(schema)}.{quote(bare)}"
        except DatabaseError as error:
            if is_view and "disabled" in str(error):
                raise SourceError(
                    f'view "{printable(name)}" of "{printable(path)}" reads files and is refused; '
                    "make a table of it, or name the files themselves"
                ) from error
            what = "view" if is_view else "table"
            raise SourceError(
                f'{what} "{printable(name)}" of "{printable(path)}" can\'t be read: {reason(error)}'
            ) from error
        finally:
            connection.execute("USE memory.main")
            connection.execute(f"DETACH {quote(_ALIAS)}")


def read_curve(connection: Connection, path: str, metric: str) -> Table:
    """A metric's rows of the table "curves": run_id, step, metric, value. The connection is shut by this.

    Raises
    ------
    SourceError
        The file can't be read any more, or has no such table now.
    """
    sql = (
        f"SELECT CAST(run_id AS VARCHAR) AS run_id, step, metric, value FROM {CURVES} WHERE metric = {literal(metric)}"
    )
    with snapshot(path) as copy, _opened(connection, copy, path, CURVES):
        return connection.sql(sql).to_arrow_table()


def _metrics(connection: Connection, runs: str) -> list[str]:
    """The metrics of the table "curves", where it is one of points by run."""
    columns = {
        name
        for (name,) in connection.execute(
            f"SELECT column_name FROM duckdb_columns() WHERE database_name = {literal(_ALIAS)} "
            f"AND schema_name = 'main' AND table_name = {literal(CURVES)}"
        ).fetchall()
    }
    own = {name for name, *_ in connection.execute(f"DESCRIBE {runs}").fetchall()}
    if not columns >= CURVE_COLUMNS or "run_id" not in own:
        return []
    rows = connection.execute(
        f"SELECT DISTINCT metric FROM {CURVES} WHERE metric IS NOT NULL ORDER BY metric"
    ).fetchall()
    return [metric for (metric,) in rows]


def _columns(connection: Connection) -> list[tuple[str, str, Any]]:
    """What an import kept of a tracker's columns: name, kind and goal."""
    there = {
        name
        for (name,) in connection.execute(
            f"SELECT column_name FROM duckdb_columns() WHERE database_name = {literal(_ALIAS)} "
            f"AND schema_name = 'main' AND table_name = {literal(COLUMNS)}"
        ).fetchall()
    }
    if not there >= {"name", "kind"}:
        return []
    goal = "goal" if "goal" in there else "NULL"
    return connection.execute(f"SELECT name, kind, {goal} FROM {COLUMNS}").fetchall()


def _tables(connection: Connection) -> dict[str, tuple[str, str, bool]]:
    """Tables and views by the name that a user writes: (schema, name, whether a view)."""
    rows = connection.execute(
        "SELECT schema_name, table_name, FALSE FROM duckdb_tables() "
        f"WHERE database_name = {literal(_ALIAS)} AND NOT internal UNION ALL "
        "SELECT schema_name, view_name, TRUE FROM duckdb_views() "
        f"WHERE database_name = {literal(_ALIAS)} AND NOT internal ORDER BY ALL"
    ).fetchall()
    return {
        (name if schema == "main" else f"{schema}.{name}"): (schema, name, is_view)
        for schema, name, is_view in rows
        if not name.startswith(OWN)
    }


def _choose(path: str, found: dict[str, tuple[str, str, bool]], table: str | None) -> str:
    names = tuple(found)
    if not names:
        raise SourceError(f'"{printable(path)}" holds no table')
    if table is not None:
        same = [name for name in names if name.lower() == table.lower()]
        if table not in names and not same:
            raise UsageError(f'no table "{printable(table)}" in "{printable(path)}"; {one_of(table, names)}')
        return table if table in names else same[0]
    if "runs" in names:
        return "runs"
    if len(names) > 1:
        raise UsageError(f'"{printable(path)}" holds several tables; choose with --table; {one_of("runs", names)}')
    return names[0]

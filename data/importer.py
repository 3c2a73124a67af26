"""Gather runs from many sources into the table "runs" of one DuckDB file.

Each row's origin is kept beside the table, never in it: `ablate_tui_sources` has a line per source file,
`ablate_tui_rows` a fingerprint of each imported row and the source it came from. Fingerprints are made of the
rows' text, so rows are found again after others were added, deleted or moved; a row that was edited by hand
is nobody's any more and stays. To import a source again is to delete the rows that came from it and to add
those it has now.

The work is done on a copy beside the target, which replaces it in one step at the end.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from ablate_tui.data.engine import (
    Connection,
    DatabaseError,
    printable,
    reading,
    reason,
)
from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.replacing import replacing
from ablate_tui.data.sources.locate import kind_of, members
from ablate_tui.data.sql import literal, quote
from ablate_tui.data.store import open_store

Told = Callable[[int, int, str], None]

_DB = "ablate_tui_target"
_RUNS, _SOURCES, _ROWS = f"{_DB}.runs", f"{_DB}.ablate_tui_sources", f"{_DB}.ablate_tui_rows"
_BATCH = 100_000  # rows handed over at a time


@dataclass(frozen=True)
class ImportedSource:
    """What became of one source file."""

    path: str
    rows: int  # rows that came in
    replaced: int  # rows of an earlier import of it that made room
    skipped: int  # rows left alone because they are there already
    why: str


@dataclass(frozen=True)
class ImportSummary:
    """What an import did."""

    into: str
    runs: int  # rows in the table now
    sources: tuple[ImportedSource, ...]

    def lines(self) -> tuple[str, ...]:
        """What was done, in words: a line per source, then the whole."""
        told = []
        for source in self.sources:
            parts = [f"{source.rows} runs"] if source.rows or not source.skipped else []
            parts += [f"{source.skipped} runs left alone"] if source.skipped else []
            parts += [f"{source.replaced} replaced"] if source.replaced else []
            told.append(f"{printable(source.path)}: {', '.join(parts)} ({printable(source.why)})")
        return (*told, f"{printable(self.into)} holds {self.runs} runs")


@dataclass(frozen=True)
class _Known:
    """A source of an earlier import."""

    id: int
    path: str
    sha256: str
    rows: int


def import_runs(sources: Sequence[str], into: str, progress: Told | None = None) -> ImportSummary:
    """Bring the runs of some sources into one DuckDB file: all of them, or none.

    Columns are united by name; a type is widened where a source needs it. What was imported before and is
    unchanged is skipped, also under another name; what has changed takes the place of its earlier rows.

    Parameters
    ----------
    sources : sequence of str
        Files, folders or globs; a DuckDB file gives its table "runs", else its only one.
    into : str
        The DuckDB file; made where it is not there. Other tables in it stay.
    progress : callable, optional
        Told how many sources are done, of how many, and what is going on.

    Returns
    -------
    ImportSummary

    Raises
    ------
    SourceError
        A source can't be read, or the target can't be written; the target is as it was.
    UsageError
        The target is among the sources.
    """
    tell = progress or (lambda done, total, what: None)
    target = os.path.realpath(into)
    files = _files(sources, target)
    with replacing(target, into, _DB) as copy:
        work = _Work(copy.connection)
        _prepare(work, into)
        before = _known(work)
        done: list[ImportedSource] = []
        for number, path in enumerate(files):
            tell(number, len(files), f"importing {printable(path)}")
            done.append(_take(work, path))
        tell(len(files), len(files), f"writing {printable(into)}")
        _finish(work)
        if _known(work) != before:
            copy.changed = True
        (runs,) = work.connection.execute(f"SELECT count(*) FROM {_RUNS}").fetchall()[0]
    return ImportSummary(into, int(runs), tuple(done))


class _Work:
    """The copy that is being changed."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.hidden: str | None = None  # what the user's own column "rowid" is called meanwhile

    def names(self, table: str) -> dict[str, str]:
        """Types of a table's columns by name."""
        rows = self.connection.execute(f"DESCRIBE {table}").fetchall()
        return {name: str(dtype) for name, dtype, *_ in rows}


def _files(sources: Sequence[str], target: str) -> list[str]:
    found: list[str] = []
    for source in sources:
        if os.path.isfile(source):
            if os.path.realpath(source) == target:
                raise UsageError(f'"{printable(source)}" is both a source and the file to import into')
            found.append(source)
        else:
            found += [path for path in members(source) if os.path.realpath(path) != target]
    absolute = list(dict.fromkeys(os.path.realpath(path) for path in found))
    if not absolute:
        raise SourceError("nothing to import: the folder holds no other file than the target")
    for path in absolute:
        kind_of(path)  # a file of a foreign kind is told before the work begins
    return absolute


def _prepare(work: _Work, into: str) -> None:
    """Side tables, and the source of every row that is there."""
    run = work.connection.execute
    kinds = dict(
        run(
            "SELECT table_name, table_type FROM information_schema.tables "
            f"WHERE table_catalog = {literal(_DB)} AND table_schema = 'main'"
        ).fetchall()
    )
    if kinds.get("runs", "BASE TABLE") != "BASE TABLE":
        raise SourceError(f'"runs" in "{printable(into)}" is a view; import into another file')
    run(
        f"CREATE TABLE IF NOT EXISTS {_SOURCES} "
        "(id INTEGER, path VARCHAR, size BIGINT, mtime_ns BIGINT, sha256 VARCHAR, row_count BIGINT)"
    )
    run(f"CREATE TABLE IF NOT EXISTS {_ROWS} (source INTEGER, mark UBIGINT)")
    run("CREATE TABLE origin (place BIGINT, source INTEGER)")
    if "runs" not in kinds:
        return
    _hide_rowid(work)
    # Of several equal rows it does not matter which came from where, only how many.
    nth = "row_number() OVER (PARTITION BY mark) AS nth"
    run(
        f"INSERT INTO origin SELECT place, source FROM (SELECT *, {nth} FROM ({_marks(work)})) "
        f"JOIN (SELECT *, {nth} FROM {_ROWS}) USING (mark, nth)"
    )


def _marks(work: _Work) -> str:
    """SQL of each row's fingerprint: of its values as text, so that neither order nor new columns matter."""
    parts = ", ".join(
        f"{literal(name.lower() + '=')} || CAST({quote(name)} AS VARCHAR)"
        for name in sorted(work.names(_RUNS), key=str.lower)
    )
    # concat_ws leaves NULL out
    return f"SELECT rowid AS place, md5_number_lower(concat_ws(chr(31), {parts})) AS mark FROM {_RUNS}"


def _known(work: _Work) -> list[_Known]:
    rows = work.connection.execute(f"SELECT id, path, sha256, row_count FROM {_SOURCES} ORDER BY id").fetchall()
    return [_Known(*row) for row in rows]


def _take(work: _Work, path: str) -> ImportedSource:
    """Import one file."""
    sha256 = _hash(path)
    known = _known(work)
    same = next((source for source in known if source.sha256 == sha256), None)
    earlier = next((source for source in known if source.path == path), None)
    if same is not None:
        replaced = _forget(work, earlier) if earlier is not None and earlier != same else 0
        if same.path == path:
            return ImportedSource(path, 0, 0, same.rows, "unchanged since its last import")
        if not os.path.exists(same.path):
            work.connection.execute(f"UPDATE {_SOURCES} SET path = ? WHERE id = ?", [path, same.id])
            return ImportedSource(path, 0, replaced, same.rows, f"imported before as {same.path}")
        return ImportedSource(path, 0, replaced, same.rows, f"the same content as {same.path}")
    status = os.stat(path)
    with reading(path):
        _stage(work, path)
    number = max((source.id for source in known), default=0) + 1
    rows = _add(work, path, number)
    replaced = _forget(work, earlier) if earlier is not None else 0
    work.connection.execute(
        f"INSERT INTO {_SOURCES} VALUES (?, ?, ?, ?, ?, ?)",
        [number, path, status.st_size, status.st_mtime_ns, sha256, rows],
    )
    return ImportedSource(path, rows, replaced, 0, "new" if earlier is None else "changed since its last import")


def _stage(work: _Work, path: str) -> None:
    """Read a source into the table "incoming" in memory."""
    store = open_store(path)
    try:
        columns = ", ".join(quote(name) for name in store.columns)
        with store.cursor() as cursor:
            batches = cursor.sql(f"SELECT {columns} FROM runs").to_arrow_reader(_BATCH)
            work.connection.register("batches", batches)
            work.connection.execute("CREATE OR REPLACE TABLE incoming AS SELECT * FROM batches")
            work.connection.unregister("batches")
    finally:
        store.close()


def _add(work: _Work, path: str, number: int) -> int:
    """Append "incoming" to the runs, columns and types made to fit; how many rows."""
    run = work.connection.execute
    incoming = work.names("incoming")
    (rows,) = run("SELECT count(*) FROM incoming").fetchall()[0]
    exists = run(
        f"SELECT count(*) FROM duckdb_tables() WHERE database_name = {literal(_DB)} AND schema_name = 'main' "
        "AND table_name = 'runs'"
    ).fetchall()[0][0]
    if not exists:
        run(f"CREATE TABLE {_RUNS} AS SELECT * FROM incoming LIMIT 0")
        _hide_rowid(work)
    there = {name.lower(): (name, dtype) for name, dtype in work.names(_RUNS).items()}
    pairs: list[tuple[str, str]] = []  # (column of runs, column of incoming)
    try:
        for name, dtype in incoming.items():
            own = work.hidden if name.lower() == "rowid" and work.hidden else name
            if own.lower() not in there:
                if name.lower() == "rowid":
                    own = work.hidden = _free(there)
                run(f"ALTER TABLE {_RUNS} ADD COLUMN {quote(own)} {dtype}")
            else:
                own, old = there[own.lower()]
                _widen(work, own, old, name, dtype)
            pairs.append((own, name))
        (last,) = run(f"SELECT coalesce(max(rowid), -1) FROM {_RUNS}").fetchall()[0]
        into, out = (", ".join(quote(pair[side]) for pair in pairs) for side in (0, 1))
        run(f"INSERT INTO {_RUNS} ({into}) SELECT {out} FROM incoming")
        run(f"INSERT INTO origin SELECT rowid, {number} FROM {_RUNS} WHERE rowid > {last}")
    except DatabaseError as error:
        raise SourceError(f'"{printable(path)}" does not fit the runs there are: {reason(error)}') from error
    return int(rows)


def _widen(work: _Work, own: str, old: str, name: str, new: str) -> None:
    """Give a column of the runs a type that holds its own values and the incoming ones."""
    if old == new or _empty(work, "incoming", name):
        return
    if _empty(work, _RUNS, own):
        wide = new
    elif "VARCHAR" in (old, new):
        wide = "VARCHAR"
    else:
        wide = work.connection.execute(
            f"DESCRIBE SELECT {quote(own)} FROM {_RUNS} UNION ALL SELECT {quote(name)} FROM incoming"
        ).fetchall()[0][1]
    if wide != old:
        work.connection.execute(f"ALTER TABLE {_RUNS} ALTER {quote(own)} TYPE {wide}")


def _empty(work: _Work, table: str, column: str) -> bool:
    found = work.connection.execute(f"SELECT 1 FROM {table} WHERE {quote(column)} IS NOT NULL LIMIT 1").fetchone()
    return found is None


def _forget(work: _Work, source: _Known) -> int:
    """Delete the rows that came from a source; how many."""
    run = work.connection.execute
    (rows,) = run(f"SELECT count(*) FROM origin WHERE source = {source.id}").fetchall()[0]
    run(f"DELETE FROM {_RUNS} WHERE rowid IN (SELECT place FROM origin WHERE source = {source.id})")
    run(f"DELETE FROM origin WHERE source = {source.id}")
    run(f"DELETE FROM {_SOURCES} WHERE id = {source.id}")
    return int(rows)


def _finish(work: _Work) -> None:
    """Write each row's fingerprint anew, since a widened type changes a value's text."""
    run = work.connection.execute
    run(f"DELETE FROM {_ROWS}")
    run(f"INSERT INTO {_ROWS} SELECT source, mark FROM ({_marks(work)}) JOIN origin USING (place)")
    if work.hidden:
        run(f"ALTER TABLE {_RUNS} RENAME {quote(work.hidden)} TO rowid")


def _hide_rowid(work: _Work) -> None:
    """Rename a column "rowid" while the work goes on: it hides DuckDB's own row numbers."""
    names = work.names(_RUNS)
    for name in names:
        if name.lower() == "rowid":
            work.hidden = _free({other.lower() for other in names})
            work.connection.execute(f"ALTER TABLE {_RUNS} RENAME {quote(name)} TO {quote(work.hidden)}")


def _free(taken: Container[str]) -> str:
    name = "ablate_tui_rowid"
    while name in taken:
        name += "_"
    return name


def _hash(path: str) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

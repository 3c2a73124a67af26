"""The database that an import adds to: rows come and go by their source, columns grow to hold what comes.

Each row's origin is kept beside the table, never in it: `ablate_tui_sources` has a line per source,
`ablate_tui_rows` a fingerprint of each imported row and the source it came from. Fingerprints are made of the
rows' text, so rows are found again after others were added, deleted or moved; a row that was edited by hand
is nobody's any more and stays. `ablate_tui_columns` says what a tracker calls a column, a setting or a metric.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass

from ablate_tui.data.engine import Connection, DatabaseError, FileError, printable, reason
from ablate_tui.data.errors import SourceError
from ablate_tui.data.sources.duckdb_file import COLUMNS, CURVE_COLUMNS
from ablate_tui.data.sql import literal, quote
from ablate_tui.data.trackers.staging import CURVES, ID, INCOMING

DB = "ablate_tui_target"  # what the database is attached as
_RUNS, _SOURCES, _ROWS = f"{DB}.runs", f"{DB}.ablate_tui_sources", f"{DB}.ablate_tui_rows"
_CURVES, _COLUMNS = f"{DB}.curves", f"{DB}.{COLUMNS}"


@dataclass(frozen=True)
class Known:
    """A source of an earlier import."""

    id: int
    path: str
    sha256: str
    rows: int


class Target:
    """The database while it is changed.

    Parameters
    ----------
    connection : Connection
        It is attached as `DB`; tables of the connection itself are the rows to come.
    into : str
        The file as the user named it.

    Raises
    ------
    SourceError
        A table of it has another shape than an import can add to.
    """

    def __init__(self, connection: Connection, into: str) -> None:
        self.connection = connection
        self.into = into
        self.hidden: str | None = None  # what the user's own column "rowid" is called meanwhile
        self._prepare()

    @property
    def exists(self) -> bool:
        """Whether there is a table of runs."""
        return "runs" in self._tables()

    @property
    def runs(self) -> int:
        """How many rows it has."""
        (rows,) = self.connection.execute(f"SELECT count(*) FROM {_RUNS}").fetchall()[0]
        return int(rows)

    def known(self) -> list[Known]:
        """The sources of earlier imports."""
        rows = self.connection.execute(f"SELECT id, path, sha256, row_count FROM {_SOURCES} ORDER BY id").fetchall()
        return [Known(*row) for row in rows]

    def know(self, source: Known, size: int, mtime_ns: int) -> None:
        """Remember a source whose rows came in."""
        self.connection.execute(
            f"INSERT INTO {_SOURCES} VALUES (?, ?, ?, ?, ?, ?)",
            [source.id, source.path, size, mtime_ns, source.sha256, source.rows],
        )

    def moved(self, source: Known, path: str) -> None:
        """Remember that a source is elsewhere now."""
        self.connection.execute(f"UPDATE {_SOURCES} SET path = ? WHERE id = ?", [path, source.id])

    def add(self, path: str, number: int | None) -> int:
        """Append "incoming" to the runs, columns and types made to fit; how many rows.

        Parameters
        ----------
        path : str
            Where they come from, for a message.
        number : int or None
            Of their source; None for logged runs, which have none.
        """
        run = self.connection.execute
        incoming = self._names(INCOMING)
        (rows,) = run(f"SELECT count(*) FROM {INCOMING}").fetchall()[0]
        if not self.exists:
            run(f"CREATE TABLE {_RUNS} AS SELECT * FROM {INCOMING} LIMIT 0")
            self._hide_rowid()
        there = {name.lower(): (name, dtype) for name, dtype in self._names(_RUNS).items()}
        pairs: list[tuple[str, str]] = []  # (column of runs, column of incoming)
        try:
            for name, dtype in incoming.items():
                own = self.hidden if name.lower() == "rowid" and self.hidden else name
                if own.lower() not in there:
                    if name.lower() == "rowid":
                        own = self.hidden = _free(there)
                    run(f"ALTER TABLE {_RUNS} ADD COLUMN {quote(own)} {dtype}")
                else:
                    own, old = there[own.lower()]
                    self._widen(own, old, name, dtype)
                pairs.append((own, name))
            (last,) = run(f"SELECT coalesce(max(rowid), -1) FROM {_RUNS}").fetchall()[0]
            into, out = (", ".join(quote(pair[side]) for pair in pairs) for side in (0, 1))
            run(f"INSERT INTO {_RUNS} ({into}) SELECT {out} FROM {INCOMING}")
            if number is not None:
                run(f"INSERT INTO origin SELECT rowid, {number} FROM {_RUNS} WHERE rowid > {last}")
        except FileError:
            raise
        except DatabaseError as error:
            raise SourceError(f'"{printable(path)}" does not fit the runs there are: {reason(error)}') from error
        return int(rows)

    def add_curves(self) -> None:
        """Append "incoming_curves" to the curves.

        Raises
        ------
        SourceError
            A table of that name is something else.
        """
        if self.connection.execute(f"SELECT 1 FROM {CURVES} LIMIT 1").fetchone() is None:
            return
        if "curves" not in self._tables():
            self.connection.execute(f"CREATE TABLE {_CURVES} AS SELECT * FROM {CURVES} LIMIT 0")
        elif not self._has_curves():
            raise SourceError(
                f'"curves" in "{printable(self.into)}" has no columns run_id, step, metric and value; '
                "import into another file"
            )
        self.connection.execute(f"INSERT INTO {_CURVES} (run_id, step, metric, value) SELECT * FROM {CURVES}")

    def describe(self, kinds: Mapping[str, str], goals: Mapping[str, str]) -> None:
        """Remember what a tracker calls its columns."""
        if not kinds:
            return
        run = self.connection.execute
        run(f"CREATE TABLE IF NOT EXISTS {_COLUMNS} (name VARCHAR, kind VARCHAR, goal VARCHAR)")
        run(f"ALTER TABLE {_COLUMNS} ADD COLUMN IF NOT EXISTS goal VARCHAR")
        for name, kind in kinds.items():
            run(f"DELETE FROM {_COLUMNS} WHERE lower(name) = lower(?)", [name])
            if kind != "mixed":  # then its name and values tell, as of a file
                run(f"INSERT INTO {_COLUMNS} VALUES (?, ?, ?)", [name, kind, goals.get(name)])

    def forget(self, source: Known, keep: Collection[str] | None = (), by: int = 0, sign: str = "") -> int:
        """Delete the rows that came from a source; how many.

        Parameters
        ----------
        source : Known
        keep : collection of str, or None
            Runs that stay: they could not be read this time. None: all that are not in "incoming".
        by : int
            The source that those belong to from now on.
        sign : str
            What may stand behind a run's name, see `rename`: these are the same run.
        """
        run = self.connection.execute
        if keep is None or keep:
            name = f"regexp_replace(CAST({ID} AS VARCHAR), {literal(sign + '$')}, '')"
            if keep is None:
                run(f"CREATE OR REPLACE TABLE kept AS SELECT {name} FROM {INCOMING}")
            else:
                run("CREATE OR REPLACE TABLE kept AS SELECT unnest(CAST(? AS VARCHAR[])) AS run_id", [list(keep)])
            among = "NOT IN" if keep is None else "IN"
            run(
                f"UPDATE origin SET source = {by} WHERE source = {source.id} AND place IN "
                f"(SELECT rowid FROM {_RUNS} WHERE {name} {among} (FROM kept))"
            )
        rows = self._delete(f"SELECT place FROM origin WHERE source = {source.id}")
        run(f"DELETE FROM {_SOURCES} WHERE id = {source.id}")
        return rows

    def forget_incoming(self) -> int:
        """Delete the rows whose runs are in "incoming"; how many."""
        if not self.exists or ID not in self._names(_RUNS):
            return 0
        return self._delete(f"SELECT rowid FROM {_RUNS} WHERE CAST({ID} AS VARCHAR) IN (SELECT {ID} FROM {INCOMING})")

    def _delete(self, places: str) -> int:
        run = self.connection.execute
        run(f"CREATE OR REPLACE TABLE going AS SELECT * FROM ({places}) AS places(place)")
        (rows,) = run("SELECT count(*) FROM going").fetchall()[0]
        if not rows:
            return 0
        if self._has_curves() and ID in self._names(_RUNS):
            ids = f"SELECT CAST({ID} AS VARCHAR) FROM {_RUNS} WHERE rowid IN (FROM going)"
            run(f"DELETE FROM {_CURVES} WHERE run_id IN ({ids})")
        run(f"DELETE FROM {_RUNS} WHERE rowid IN (FROM going)")
        run("DELETE FROM origin WHERE place IN (FROM going)")
        return int(rows)

    def taken(self, source: Known | None) -> bool:
        """Whether runs of other sources have names that are in "incoming"."""
        if not self.exists or ID not in self._names(_RUNS):
            return False
        own = -1 if source is None else source.id
        found = self.connection.execute(
            f"SELECT 1 FROM {_RUNS} WHERE CAST({ID} AS VARCHAR) IN (SELECT {ID} FROM {INCOMING}) "
            f"AND rowid NOT IN (SELECT place FROM origin WHERE source = {own}) LIMIT 1"
        ).fetchone()
        return found is not None

    def rename(self, sign: str) -> None:
        """Give the runs in "incoming" names that no other source has."""
        for table in (INCOMING, CURVES):
            self.connection.execute(f"UPDATE {table} SET {ID} = {ID} || ?", [sign])

    def finish(self) -> None:
        """Write each row's fingerprint anew, since a widened type changes a value's text."""
        run = self.connection.execute
        run(f"DELETE FROM {_ROWS}")
        if run("SELECT 1 FROM origin LIMIT 1").fetchone() is not None:
            run(f"INSERT INTO {_ROWS} SELECT source, mark FROM ({self._marks()}) JOIN origin USING (place)")
        if self.hidden:
            run(f"ALTER TABLE {_RUNS} RENAME {quote(self.hidden)} TO rowid")

    def _prepare(self) -> None:
        """Side tables, and the source of every row that is there."""
        run = self.connection.execute
        kinds = self._tables()
        if kinds.get("runs", "BASE TABLE") != "BASE TABLE":
            raise SourceError(f'"runs" in "{printable(self.into)}" is a view; import into another file')
        run(
            f"CREATE TABLE IF NOT EXISTS {_SOURCES} "
            "(id INTEGER, path VARCHAR, size BIGINT, mtime_ns BIGINT, sha256 VARCHAR, row_count BIGINT)"
        )
        run(f"CREATE TABLE IF NOT EXISTS {_ROWS} (source INTEGER, mark UBIGINT)")
        run("CREATE TABLE origin (place BIGINT, source INTEGER)")
        if "runs" not in kinds:
            return
        self._hide_rowid()
        if run(f"SELECT 1 FROM {_ROWS} LIMIT 1").fetchone() is None:
            return
        # Of several equal rows it does not matter which came from where, only how many.
        nth = "row_number() OVER (PARTITION BY mark) AS nth"
        run(
            f"INSERT INTO origin SELECT place, source FROM (SELECT *, {nth} FROM ({self._marks()})) "
            f"JOIN (SELECT *, {nth} FROM {_ROWS}) USING (mark, nth)"
        )

    def _marks(self) -> str:
        """SQL of each row's fingerprint: of its values as text, so that neither order nor new columns matter."""
        parts = ", ".join(
            f"{literal(name.lower() + '=')} || CAST({quote(name)} AS VARCHAR)"
            for name in sorted(self._names(_RUNS), key=str.lower)
        )
        # concat_ws leaves NULL out
        return f"SELECT rowid AS place, md5_number_lower(concat_ws(chr(31), {parts})) AS mark FROM {_RUNS}"

    def _tables(self) -> dict[str, str]:
        """Kinds of the tables and views by name."""
        return dict(
            self.connection.execute(
                "SELECT table_name, table_type FROM information_schema.tables "
                f"WHERE table_catalog = {literal(DB)} AND table_schema = 'main'"
            ).fetchall()
        )

    def _names(self, table: str) -> dict[str, str]:
        """Types of a table's columns by name."""
        rows = self.connection.execute(f"DESCRIBE {table}").fetchall()
        return {name: str(dtype) for name, dtype, *_ in rows}

    def _has_curves(self) -> bool:
        return self._tables().get("curves") == "BASE TABLE" and set(self._names(_CURVES)) >= CURVE_COLUMNS

    def _widen(self, own: str, old: str, name: str, new: str) -> None:
        """Give a column of the runs a type that holds its own values and the incoming ones."""
        if old == new or self._empty(INCOMING, name):
            return
        if self._empty(_RUNS, own):
            wide = new
        elif "VARCHAR" in (old, new):
            wide = "VARCHAR"
        else:
            wide = self.connection.execute(
                f"DESCRIBE SELECT {quote(own)} FROM {_RUNS} UNION ALL SELECT {quote(name)} FROM {INCOMING}"
            ).fetchall()[0][1]
        if wide != old:
            self.connection.execute(f"ALTER TABLE {_RUNS} ALTER {quote(own)} TYPE {wide}")

    def _empty(self, table: str, column: str) -> bool:
        sql = f"SELECT 1 FROM {table} WHERE {quote(column)} IS NOT NULL LIMIT 1"
        return self.connection.execute(sql).fetchone() is None

    def _hide_rowid(self) -> None:
        """Rename a column "rowid" while the work goes on: it hides DuckDB's own row numbers."""
        names = self._names(_RUNS)
        for name in names:
            if name.lower() == "rowid":
                self.hidden = _free({other.lower() for other in names})
                self.connection.execute(f"ALTER TABLE {_RUNS} RENAME {quote(name)} TO {quote(self.hidden)}")


def _free(taken: Container[str]) -> str:
    name = "ablate_tui_rowid"
    while name in taken:
        name += "_"
    return name

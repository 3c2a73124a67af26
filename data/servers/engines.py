"""What answers SQL for a sweep on a server. Another database is one more class here."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ablate_tui.data.addresses import without_secrets
from ablate_tui.data.engine import Connection, DatabaseError, printable, reason
from ablate_tui.data.errors import SourceError
from ablate_tui.data.sql import literal, quote

if TYPE_CHECKING:
    import pyarrow

    from ablate_tui.data.answers import Answer, Columns

READ_ONLY = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"


@dataclass(frozen=True)
class Key:
    """What tells the rows of a table apart."""

    text: str  # SQL of it as text
    condition: str  # SQL that it is among some, with {} where their literals go

    def among(self, keys: Sequence[str]) -> str:
        """The condition for some keys."""
        return self.condition.format(", ".join(map(literal, keys))) if keys else "FALSE"


class Engine(Protocol):
    """A database that answers SQL with Arrow tables, and is only read.

    What is asked of it is a GROUP BY with lists (`collect`), counts, and rows by their key.
    """

    @property
    def shown(self) -> str:
        """Its address, without password."""

    @property
    def double(self) -> str:
        """Its name of the type of 64-bit numbers."""

    @property
    def dialect(self) -> str:
        """Whose SQL it takes."""

    def collect(self, value: str) -> str:
        """SQL of an aggregate: a list of the values of a group, also of those that are NULL, in one order for all."""

    def ask(self, sql: str) -> pyarrow.Table:
        """The answer to one SELECT.

        Raises
        ------
        SourceError
            The database refuses it, or is gone.
        """

    def answer(self, sql: str, stop: threading.Event) -> Answer:
        """The first rows of what a person's query gives; see `answers.answer`."""

    def tables(self) -> dict[str, str]:
        """Tables and views by the name that a user writes, and as SQL."""

    def columns(self, table: str) -> dict[str, str]:
        """A table's columns, and DuckDB's names of their types."""

    def key(self, table: str) -> Key:
        """What tells the rows of a table apart."""

    def close(self) -> None:
        """Let go of the connection."""


def open_engine(source: str) -> Engine:
    """Connect to a server.

    Raises
    ------
    SourceError
        Its driver is not installed, or it does not answer; no message has the password in it.
    """
    engine: Engine = _ENGINES[source.partition(":")[0]](source)
    return engine


class Postgres:
    """PostgreSQL through ADBC. What the address leaves out comes from the environment, as libpq has it."""

    double = "DOUBLE PRECISION"
    dialect = "PostgreSQL"

    def __init__(self, source: str) -> None:
        try:
            from adbc_driver_postgresql import dbapi
        except ImportError as error:
            raise SourceError(
                'reading PostgreSQL needs its driver: python3 -m pip install "ablate-tui[postgresql]"'
            ) from error
        self.shown, self._secrets = without_secrets(source)
        self._lock = threading.Lock()
        self._connect = partial(dbapi.connect, source, autocommit=True)
        with self._explained():
            self._connection = self._connect()
            self._read_only()

    def collect(self, value: str) -> str:
        """See `Engine`."""
        return f"array_agg({value})"

    def ask(self, sql: str) -> pyarrow.Table:
        """See `Engine`."""
        with self._lock, self._explained():
            try:
                return self._fetched(sql)
            except Exception:
                if not self._renewed():
                    raise
            return self._fetched(sql)

    def _fetched(self, sql: str) -> pyarrow.Table:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetch_arrow_table()

    def _read_only(self) -> None:
        """Have the session refuse to write."""
        with self._connection.cursor() as cursor:
            cursor.execute(READ_ONLY)

    def _renewed(self) -> bool:
        """Whether the connection was lost and is made anew, as after a restart; the session reads only."""
        try:
            self._read_only()
        except Exception:
            self.close()
            self._connection = self._connect()
            self._read_only()
            return True
        return False

    def answer(self, sql: str, stop: threading.Event) -> Answer:
        """See `Engine`. DuckDB's parser sieves the statements here, too; the session reads only, whatever they are."""
        from ablate_tui.data.answers import Answer, Stopped, distinct, first_rows, rows_of, watching
        from ablate_tui.data.statements import QueryError, is_explain, place_of, reading_statement

        statement = reading_statement(sql)
        began = time.monotonic()
        with self._lock, self._reading() as cursor:
            try:
                if is_explain(statement):  # what ADBC copies out must be a query
                    cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
                with watching(stop, cursor.adbc_cancel):
                    cursor.execute(f"{statement}\n")  # it is put into brackets, and may end with a comment
                    reader = cursor.fetch_record_batch()
                    kinds = [_plain_kind(kind) for kind in reader.schema.types]
                    with _ended(cursor, reader):
                        rows, more = first_rows(_pieces(reader, kinds), rows_of(len(kinds)))
            except Exception as error:
                if stop.is_set():
                    raise Stopped("stopped") from None
                raise QueryError(self._words(error), place_of(str(error), sql)) from None
            finally:  # a query can take it off for what comes after it, by set_config
                with contextlib.suppress(Exception):
                    self._read_only()
        numeric = tuple(kind in (int, float) for kind in kinds)
        return Answer(distinct(reader.schema.names), numeric, rows, more, time.monotonic() - began)

    def tables(self) -> dict[str, str]:
        """See `Engine`."""
        rows = self.ask(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema NOT IN "
            "('pg_catalog', 'information_schema') ORDER BY table_schema, table_name"
        ).to_pylist()
        found = {}
        for row in rows:
            schema, name = row["table_schema"], row["table_name"]
            found[name if schema == "public" else f"{schema}.{name}"] = f"{quote(schema)}.{quote(name)}"
        return found

    def columns(self, table: str) -> dict[str, str]:
        """See `Engine`."""
        rows = self.ask(
            "SELECT attname, format_type(atttypid, NULL) AS type FROM pg_attribute "
            f"WHERE attrelid = {literal(table)}::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        ).to_pylist()
        return {row["attname"]: _POSTGRES_TYPES.get(row["type"], row["type"].upper()) for row in rows}

    def key(self, table: str) -> Key:
        """See `Engine`: the primary key where it is one column, else where the row lies."""
        found = f"{literal(table)}::regclass"
        rows = self.ask(
            "SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type FROM pg_index i JOIN pg_attribute a "
            f"ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) WHERE i.indrelid = {found} AND i.indisprimary"
        ).to_pylist()
        if len(rows) == 1:
            name = quote(rows[0]["attname"]).replace("{", "{{").replace("}", "}}")
            return Key(f"{quote(rows[0]['attname'])}::text", f"{name} = ANY(ARRAY[{{}}]::{rows[0]['type']}[])")
        kind = self.ask(f"SELECT relkind::text AS kind FROM pg_class WHERE oid = {found}").to_pylist()[0]["kind"]
        if kind in ("r", "m"):
            return Key("ctid::text", "ctid = ANY(ARRAY[{}]::tid[])")
        raise SourceError(
            f"{printable(table)} has no primary key of one column, nor rows of its own; name a table, "
            "or make a materialized view of it"
        )

    def close(self) -> None:
        """See `Engine`."""
        with contextlib.suppress(Exception):
            self._connection.close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Any]:
        """A cursor on a session that is there and reads only, whatever was asked of it before."""
        with self._explained():
            self._renewed()
        with self._connection.cursor() as cursor:
            yield cursor

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the driver raises into one line without secrets."""
        try:
            yield
        except SourceError:
            raise
        except Exception as error:
            raise SourceError(f"{self.shown}: {self._words(error)}") from None

    def _words(self, error: Exception) -> str:
        """The server's words as one line without secrets."""
        words = " ".join(re.sub(r"\nLINE \d+: .*\n *\^", "", str(error)).split())
        for secret in self._secrets:
            words = words.replace(secret, "…")
        words = re.sub(r"^\S+: (\[libpq\] )?(Failed to \w+( query)?: )?|( Query was:| SQLSTATE:).*$", "", words)
        words = re.sub(r"^(\[libpq\] Execution error \[\w+\]: |could not begin COPY: )?ERROR: +", "", words)
        return printable(words)[:400]


class DuckDB:
    """A DuckDB database that is asked like a server: MotherDuck (``md:name``)."""

    double = "DOUBLE"
    dialect = "DuckDB"

    def __init__(self, source: str, connection: Connection | None = None) -> None:
        self.shown, _ = without_secrets(source)
        self._connection = _motherduck(source, self.shown) if connection is None else connection

    def collect(self, value: str) -> str:
        """See `Engine`."""
        return f"list({value})"

    def ask(self, sql: str) -> pyarrow.Table:
        """See `Engine`."""
        cursor = self._connection.cursor()
        try:
            return cursor.sql(sql).to_arrow_table()
        except DatabaseError as error:
            raise SourceError(f"{self.shown}: {reason(error)}") from error
        finally:
            cursor.close()

    def answer(self, sql: str, stop: threading.Event) -> Answer:
        """See `Engine`."""
        from ablate_tui.data.answers import answer

        with contextlib.closing(self._connection.cursor()) as cursor:
            return answer(cursor, sql, stop)

    def tables(self) -> dict[str, str]:
        """See `Engine`."""
        rows = self.ask(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = current_database() "
            "ORDER BY ALL"
        ).to_pylist()
        return {
            (row["table_name"] if row["table_schema"] == "main" else f"{row['table_schema']}.{row['table_name']}"): (
                f"{quote(row['table_schema'])}.{quote(row['table_name'])}"
            )
            for row in rows
        }

    def columns(self, table: str) -> dict[str, str]:
        """See `Engine`."""
        return {row["column_name"]: row["column_type"] for row in self.ask(f"DESCRIBE {table}").to_pylist()}

    def key(self, table: str) -> Key:
        """See `Engine`."""
        return Key("CAST(rowid AS VARCHAR)", "rowid IN (SELECT CAST(UNNEST([{}]) AS BIGINT))")

    def close(self) -> None:
        """See `Engine`."""
        self._connection.close()


def _plain_kind(kind: Any) -> type:
    """What a value of one of Arrow's types becomes; "numeric" comes as text."""
    name = str(kind)
    if name.startswith(("int", "uint")):
        return int
    if name == "double" or name == "float" or "string, type_name=numeric," in name.partition("list<")[0]:
        return float
    return bool if name == "bool" else str


@contextlib.contextmanager
def _ended(cursor: Any, reader: Any) -> Iterator[None]:
    """End a stream, also where nobody wants the rest: the connection would wait for it to come."""
    try:
        yield
    finally:
        with contextlib.suppress(Exception):
            cursor.adbc_cancel()
            for _ in reader:  # what is on its way
                pass
        reader.close()


def _pieces(reader: Any, kinds: Sequence[type]) -> Iterator[Columns]:
    """Arrow's batches, some rows at a time, as plain values: PostgreSQL's are large."""
    from ablate_tui.data.answers import BATCH

    for batch in reader:
        columns = [_written(column) for column in batch.columns]
        for start in range(0, batch.num_rows, BATCH):
            yield [
                [None if value is None else kind(value) for value in column.slice(start, BATCH).to_pylist()]
                for column, kind in zip(columns, kinds, strict=True)
            ]


def _written(column: Any) -> Any:
    """A column with its times as text: Python's end with the year 9999, PostgreSQL's with infinity."""
    import pyarrow

    late = pyarrow.types.is_timestamp(column.type) or pyarrow.types.is_date(column.type)
    return column.cast(pyarrow.string()) if late else column


def _motherduck(source: str, shown: str) -> Connection:
    import duckdb

    try:
        return duckdb.connect(source, config={"autoinstall_known_extensions": False})
    except DatabaseError as error:
        raise SourceError(
            f"{shown} can't be opened: {reason(error)}; DuckDB needs its motherduck extension, and "
            "MOTHERDUCK_TOKEN in the environment"
        ) from None


_POSTGRES_TYPES: Mapping[str, str] = {
    "boolean": "BOOLEAN",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "DOUBLE",
    "double precision": "DOUBLE",
    "numeric": "DOUBLE",
    "text": "VARCHAR",
    "character varying": "VARCHAR",
    "character": "VARCHAR",
    "name": "VARCHAR",
    "uuid": "UUID",
    "date": "DATE",
    "timestamp without time zone": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
    "double precision[]": "DOUBLE[]",
    "real[]": "DOUBLE[]",
    "integer[]": "INTEGER[]",
}
_ENGINES: Mapping[str, Callable[[str], Any]] = {"postgresql": Postgres, "postgres": Postgres, "md": DuckDB}

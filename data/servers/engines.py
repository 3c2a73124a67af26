"""What answers SQL for a sweep on a server. Another database is one more class here."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ablate_tui.data.addresses import without_secrets
from ablate_tui.data.engine import Connection, DatabaseError, printable, reason
from ablate_tui.data.errors import SourceError
from ablate_tui.data.sql import literal, quote

if TYPE_CHECKING:
    import pyarrow


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

    def collect(self, value: str) -> str:
        """SQL of an aggregate: a list of the values of a group, also of those that are NULL, in one order for all."""

    def ask(self, sql: str) -> pyarrow.Table:
        """The answer to one SELECT.

        Raises
        ------
        SourceError
            The database refuses it, or is gone.
        """

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

    def __init__(self, source: str) -> None:
        try:
            from adbc_driver_postgresql import dbapi
        except ImportError as error:
            raise SourceError(
                'reading PostgreSQL needs its driver: python3 -m pip install "ablate-tui[postgresql]"'
            ) from error
        self.shown, self._secrets = without_secrets(source)
        self._lock = threading.Lock()
        with self._explained():
            self._connection = dbapi.connect(source, autocommit=True)
        self.ask("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")

    def collect(self, value: str) -> str:
        """See `Engine`."""
        return f"array_agg({value})"

    def ask(self, sql: str) -> pyarrow.Table:
        """See `Engine`."""
        with self._lock, self._explained(), self._connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetch_arrow_table()

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
    def _explained(self) -> Iterator[None]:
        """Turn what the driver raises into one line without secrets."""
        try:
            yield
        except SourceError:
            raise
        except Exception as error:
            words = " ".join(str(error).split())
            for secret in self._secrets:
                words = words.replace(secret, "…")
            words = re.sub(r"^\S+: (\[libpq\] )?(Failed to \w+( query)?: )?|( Query was:| SQLSTATE:).*$", "", words)
            raise SourceError(f"{self.shown}: {printable(words)[:400]}") from None


class DuckDB:
    """A DuckDB database that is asked like a server: MotherDuck (``md:name``)."""

    double = "DOUBLE"

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

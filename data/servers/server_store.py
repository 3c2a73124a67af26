"""A sweep on a server, as a store: what a toggle needs comes over by configuration, runs when they are looked at.

The server answers one GROUP BY over the factors, with the responses, replicates and keys of each configuration
as lists. That is all there is of the runs in memory; whatever else they have stays where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data import loading
from ablate_tui.data.detect import Facts, kind_of, roles
from ablate_tui.data.engine import connect, printable, shut
from ablate_tui.data.errors import SourceError, UsageError, one_of
from ablate_tui.data.schema import Choices, RunTable
from ablate_tui.data.servers.engines import Engine, open_engine
from ablate_tui.data.sql import quote
from ablate_tui.data.store import Store

if TYPE_CHECKING:
    import polars as pl

    from ablate_tui.data.answers import Answer

KEY = "ablate_tui_key"  # the local column that tells the server's rows apart
MOST_DISTINCT = 50_000  # distinct values of a column up to which they are counted
_AT_ONCE = 5_000  # rows that are fetched with one question


class ServerStore(Store):
    """See the module; everything that is not about fetching is the store's.

    Parameters
    ----------
    engine : Engine
    table : str, optional
        Which table or view; "runs", else the only one.

    Raises
    ------
    SourceError, UsageError
        As `open_store`.
    """

    distant = True

    def __init__(self, engine: Engine, table: str | None = None) -> None:
        self.engine = engine
        name, self.remote = _choose(engine, table)
        local = connect()
        local.execute(f"CREATE TABLE runs ({KEY} VARCHAR)")
        shut(local)
        super().__init__(local, engine.shown, name, ())
        self.columns = engine.columns(self.remote)
        self.dialect, self.runs_table = engine.dialect, self.remote
        self.key = engine.key(self.remote)
        self._grouped: tuple[str, ...] | None = None  # factors by which the runs in memory came over
        if not self.runs:
            raise SourceError(f'table "{printable(name)}" of {engine.shown} holds no runs')

    @property
    def runs(self) -> int:
        """Number of runs: those in memory, else those on the server."""
        if self._grouped is None:
            return self._count
        with self.cursor() as cursor:
            (count,) = cursor.execute("SELECT count(*) FROM runs").fetchall()[0]
        return int(count)

    @cached_property
    def _count(self) -> int:
        return int(self.engine.ask(f"SELECT count(*) AS n FROM {self.remote}")["n"][0].as_py())

    @cached_property
    def survey(self) -> loading.Survey:
        """What is known of the columns, as the server counts them."""
        facts = tuple(self._facts(name, dtype) for name, dtype in self.columns.items())

        def one_to_one(a: str, b: str) -> bool:
            pairs = f"SELECT {quote(a)}, {quote(b)} FROM {self.remote} GROUP BY {quote(a)}, {quote(b)}"
            counts = f"count(*) AS n, count(DISTINCT {quote(a)}) AS a, count(DISTINCT {quote(b)}) AS b"
            row = self.engine.ask(f"SELECT {counts} FROM ({pairs}) x").to_pylist()[0]
            return bool(row["n"] == row["a"] == row["b"])

        return loading.Survey(facts, roles(facts, self._count, one_to_one))

    def load(self, choices: Choices | None = None) -> RunTable:
        """See `Store.load`; brings over what is not here yet."""
        choices = choices or Choices()
        factors, lists = loading.needed(self, choices)
        if self._grouped != factors:
            self._bring(factors)
        for text in lists:
            self.need(text)
        return loading.load(self, choices)

    def need(self, text: str) -> None:
        """Bring over a column or an expression of the server's SQL, unless it is here."""
        with self.cursor() as cursor:
            here = {name for name, *_ in cursor.execute("DESCRIBE runs").fetchall()}
        if text in here:
            return
        assert self._grouped is not None
        value = self._value(text)
        pulled = self._ask(self._grouped, [value])
        with self.cursor() as cursor:
            cursor.register("ablate_tui_cube", pulled)
            column = f"UNNEST({quote(_list(1))})"
            cursor.execute(
                f"CREATE OR REPLACE TEMP TABLE brought AS SELECT UNNEST({quote(_list(0))}) AS {KEY}, {column} AS value "
                "FROM ablate_tui_cube"
            )
            cursor.unregister("ablate_tui_cube")
            (dtype,) = cursor.execute("SELECT typeof(value) FROM brought LIMIT 1").fetchall()[0]
            cursor.execute(f"ALTER TABLE runs ADD COLUMN {quote(text)} {dtype}")
            cursor.execute(
                f"UPDATE runs SET {quote(text)} = brought.value FROM brought WHERE runs.{KEY} = brought.{KEY}"
            )
            cursor.execute("DROP TABLE brought")
        if text not in self.columns:
            self.columns[text] = "BOOLEAN" if dtype == "BOOLEAN" else "DOUBLE"

    def fetch(self, index: NDArray[np.int64]) -> pl.DataFrame:
        """See `Store.fetch`: rows of the server."""
        import polars as pl

        with self.cursor() as cursor:
            wanted = pl.DataFrame({"position": np.arange(len(index)), "row": np.asarray(index, dtype=np.int64)})
            cursor.register("ablate_tui_wanted", wanted.to_arrow())
            keys = [
                key
                for (key,) in cursor.execute(
                    f"SELECT {KEY} FROM ablate_tui_wanted JOIN runs ON runs.{quote(self.row)} = ablate_tui_wanted.row "
                    "ORDER BY position"
                ).fetchall()
            ]
        shown = ", ".join(f"{self._shown(name)} AS {quote(name)}" for name in self._own())
        pieces = []
        for start in range(0, max(len(keys), 1), _AT_ONCE):
            some = self.key.among(keys[start : start + _AT_ONCE])
            rows = self.engine.ask(f"SELECT {shown}, {self.key.text} AS {KEY} FROM {self.remote} WHERE {some}")
            found = pl.from_arrow(rows)
            assert isinstance(found, pl.DataFrame)
            pieces.append(found)
        order = pl.DataFrame({KEY: keys}, schema={KEY: pl.String})
        return order.join(pl.concat(pieces), on=KEY, how="left", maintain_order="left").drop(KEY)

    def answer(self, sql: str, stop: Event) -> Answer:
        """See `Store.answer`: the server answers, in its own SQL."""
        return self.engine.answer(sql, stop)

    def close(self) -> None:
        """See `Store.close`."""
        super().close()
        self.engine.close()

    def _own(self) -> list[str]:
        """The server's own columns."""
        return [facts.name for facts in self.survey.facts]

    def _bring(self, factors: tuple[str, ...]) -> None:
        """Fill "runs" with the configurations and the keys of their runs.

        Runs that are here keep their places, whatever became of them on the server: tables that were loaded
        before know them by these.
        """
        pulled = self._ask(factors, [])
        shown = "".join(f"{quote(_group(at))} AS {quote(name)}, " for at, name in enumerate(factors))
        with self.cursor() as cursor:
            cursor.register("ablate_tui_cube", pulled)
            cursor.execute(
                f"CREATE OR REPLACE TEMP TABLE brought AS SELECT {shown}UNNEST({quote(_list(0))}) AS {KEY} "
                "FROM ablate_tui_cube"
            )
            cursor.unregister("ablate_tui_cube")
            rows = "SELECT * FROM brought"
            if self._grouped is not None:
                own = "".join(f"brought.{quote(name)}, " for name in factors)
                rows = (
                    f"SELECT {own}runs.{KEY} FROM runs LEFT JOIN brought USING ({KEY}) ORDER BY runs.{quote(self.row)}"
                )
            cursor.execute(f"CREATE OR REPLACE TABLE runs AS {rows}")
            cursor.execute("DROP TABLE brought")
        self._grouped = factors

    def _ask(self, factors: tuple[str, ...], values: Sequence[str]) -> object:
        """The GROUP BY over the factors: the keys of each configuration's runs, and lists of values."""
        groups = [self._shown(name) for name in factors]
        lists = [self.key.text, *values]
        parts = [f"{sql} AS {quote(_group(at))}" for at, sql in enumerate(groups)]
        parts += [f"{self.engine.collect(sql)} AS {quote(_list(at))}" for at, sql in enumerate(lists)]
        by = f" GROUP BY {', '.join(str(at + 1) for at in range(len(groups)))}" if groups else ""
        return self.engine.ask(f"SELECT {', '.join(parts)} FROM {self.remote}{by}")

    def _value(self, text: str) -> str:
        """A column's value, or an expression's as a number; a condition's as it is.

        Raises
        ------
        UsageError
            The server refuses the expression.
        """
        if text in self.columns:
            return self._shown(text)
        try:
            found = self.engine.ask(f"SELECT ({text}\n) AS value FROM {self.remote} LIMIT 1")
        except SourceError as error:
            raise UsageError(f'"{printable(text)}" is neither a column nor SQL that works there: {error}') from error
        condition = str(found.schema.field("value").type) == "bool"
        return f"({text}\n)" if condition else f"CAST(({text}\n) AS {self.engine.double})"

    def _shown(self, name: str) -> str:
        """A column such that Arrow has a type for it."""
        kind = kind_of(self.columns[name])
        if kind == "real":
            return f"CAST({quote(name)} AS {self.engine.double})"
        if kind in ("truth", "integer", "date"):
            return quote(name)
        return f"CAST({quote(name)} AS VARCHAR)"

    def _facts(self, name: str, dtype: str) -> Facts:
        column, kind = quote(name), kind_of(dtype)
        text = f"CAST({column} AS VARCHAR)"
        value = column if kind in ("integer", "real", "date") else text
        row = self.engine.ask(
            f"SELECT count({column}) AS filled, CAST(min({value}) AS VARCHAR) AS low, "
            f"CAST(max({value}) AS VARCHAR) AS high FROM {self.remote}"
        ).to_pylist()[0]
        some = f"SELECT {text} AS v FROM {self.remote} WHERE {column} IS NOT NULL GROUP BY 1 LIMIT {MOST_DISTINCT + 1}"
        distinct = int(self.engine.ask(f"SELECT count(*) AS n FROM ({some}) x")["n"][0].as_py())
        if distinct > MOST_DISTINCT:
            distinct = int(row["filled"])  # as many as there can be: it is no factor either way
        low, high = (self._text(row[end], kind) for end in ("low", "high"))
        return Facts(name, dtype, distinct, self._count - int(row["filled"]), low, high)

    def _text(self, text: str | None, kind: str) -> str | None:
        """A value as DuckDB writes it, since levels are compared as text here."""
        if text is None or kind != "real":
            return text
        with self.cursor() as cursor:
            return str(cursor.execute("SELECT CAST(CAST(? AS DOUBLE) AS VARCHAR)", [text]).fetchall()[0][0])


def open_server(source: str, table: str | None = None) -> ServerStore:
    """Open a sweep on a server.

    Parameters
    ----------
    source : str
        Its address, such as ``postgresql://host/database``.
    table : str, optional

    Raises
    ------
    SourceError, UsageError
        As `open_store`.
    """
    engine = open_engine(source)
    try:
        return ServerStore(engine, table)
    except BaseException:
        engine.close()
        raise


def _choose(engine: Engine, table: str | None) -> tuple[str, str]:
    found = engine.tables()
    if table is not None:
        if table not in found:
            raise UsageError(f'no table "{printable(table)}" in {engine.shown}; {one_of(table, tuple(found))}')
        return table, found[table]
    if "runs" in found:
        return "runs", found["runs"]
    if len(found) == 1:
        return next(iter(found.items()))
    if not found:
        raise SourceError(f"{engine.shown} holds no table that may be read")
    raise UsageError(f"{engine.shown} holds several tables; choose with --table; {one_of('runs', tuple(found))}")


def _group(at: int) -> str:
    return f"g{at}"


def _list(at: int) -> str:
    return f"l{at}"

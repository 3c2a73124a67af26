"""A query that a person types: what it gives, and that nothing it says changes anything."""

from __future__ import annotations

import math
import os
import threading
import time
from pathlib import Path

import duckdb
import pyarrow
import pytest

from ablate_tui.data import answers
from ablate_tui.data.answers import Answer, Stopped
from ablate_tui.data.statements import QueryError
from ablate_tui.data.store import Store, open_store

# one of each kind that DuckDB's parser makes of a text; the rest are its own, or those of extensions
KINDS = {
    "ALTER": ["ALTER TABLE runs ADD COLUMN x INT", "COMMENT ON TABLE runs IS 'x'"],
    "ATTACH": ["ATTACH 'made.duckdb'", "ATTACH ':memory:' AS other"],
    "CALL": ["CALL enable_logging()", "CHECKPOINT"],
    "COPY": ["COPY runs TO 'made.csv'", "COPY runs FROM 'secret.csv'", "COPY (SELECT 1) TO 'made.parquet'"],
    "CREATE": [
        "CREATE TABLE made AS FROM runs",
        "CREATE TEMP TABLE made (a INT)",
        "CREATE OR REPLACE TABLE runs AS SELECT 1",
        "CREATE VIEW made AS SELECT 1",
        "CREATE MACRO made(a) AS a",
        "CREATE SEQUENCE made",
        "CREATE SCHEMA made",
        "CREATE TYPE made AS ENUM ('a')",
        "CREATE SECRET made (TYPE s3)",
    ],
    "DELETE": ["DELETE FROM runs", "TRUNCATE runs"],
    "DETACH": ["DETACH memory"],
    "DROP": ["DROP TABLE runs", "DEALLOCATE p"],
    "EXECUTE": ["EXECUTE p"],
    "EXPLAIN": [
        "EXPLAIN ANALYZE DELETE FROM runs",
        "EXPLAIN ANALYZE COPY runs TO 'made.csv'",
        "EXPLAIN (ANALYZE) INSERT INTO runs FROM runs",
    ],
    "EXPORT": ["EXPORT DATABASE 'made'"],
    "INSERT": ["INSERT INTO runs FROM runs", "INSERT OR REPLACE INTO runs FROM runs RETURNING *"],
    "LOAD": ["LOAD json", "INSTALL httpfs"],
    "MERGE_INTO": ["MERGE INTO runs USING runs r ON runs.seed = r.seed WHEN MATCHED THEN DELETE"],
    "MULTI": ["PIVOT runs ON use_norm USING count(*)"],
    "PRAGMA": ["PRAGMA enable_profiling", "IMPORT DATABASE 'made'", "COPY FROM DATABASE memory TO other"],
    "PREPARE": ["PREPARE p AS SELECT 1"],
    "SELECT": [
        "WITH x AS (DELETE FROM runs RETURNING *) FROM x",
        "WITH x AS (INSERT INTO runs FROM runs RETURNING *) SELECT count(*) FROM x",
        "WITH x AS (UPDATE runs SET seed = 7 RETURNING *) FROM x",
        "FROM query('DELETE FROM runs')",
        "FROM read_csv('secret.csv')",
        "FROM 'secret.csv'",
        "FROM read_text('secret.csv')",
        "FROM read_blob('secret.csv')",
        "FROM read_json('secret.csv')",
        "FROM read_parquet('runs.parquet')",
        "FROM parquet_metadata('runs.parquet')",
        "FROM sniff_csv('secret.csv')",
        "FROM glob('*')",
        "FROM query_table('secret.csv')",
        "FROM enable_logging(storage = 'file')",
        "FROM enable_profiling()",
        "FROM duckdb_secrets()",
        "SELECT getenv('HOME')",
        "SELECT setval('made', 3)",
    ],
    "SET": ["SET threads = 1", "RESET threads", "USE temp", "SET VARIABLE x = 1"],
    "TRANSACTION": ["BEGIN", "COMMIT", "ROLLBACK"],
    "UPDATE": ["UPDATE runs SET seed = 0"],
    "VACUUM": ["VACUUM", "ANALYZE"],
}
NO_TEXT = {
    "ANALYZE",
    "COPY_DATABASE",
    "CREATE_FUNC",
    "EXTENSION",
    "INVALID",
    "LOGICAL_PLAN",
    "RELATION",
    "VARIABLE_SET",
}


@pytest.fixture
def store(runs: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The small sweep, in the folder that its file is in."""
    monkeypatch.chdir(runs.parent)
    Path("secret.csv").write_text("a,b\n1,2\n")
    return open_store(str(runs))


def ask(store: Store, sql: str) -> Answer:
    return store.answer(sql, threading.Event())


def everything(store: Store) -> object:
    """All that a query could have changed: tables and their rows, other objects, settings, files."""
    with store.cursor() as cursor:
        objects = [
            cursor.execute(f"SELECT {shown} FROM duckdb_{name}() WHERE NOT internal ORDER BY ALL").fetchall()
            for name, shown in (
                ("tables", "database_name, sql, comment"),
                ("views", "database_name, sql"),
                ("schemas", "database_name, schema_name"),
                ("databases", "database_name"),
                ("types", "type_name"),
                ("functions", "function_name"),
            )
        ]
        objects.append(cursor.execute("SELECT sequence_name FROM duckdb_sequences()").fetchall())
        settings = cursor.execute("SELECT name, value FROM duckdb_settings() ORDER BY ALL").fetchall()
        rows = cursor.execute("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM runs").fetchall()
    files = {
        os.path.join(folder, name): Path(folder, name).read_bytes()
        for folder, _, names in os.walk(".")
        for name in names
    }
    return objects, settings, rows, files


def test_every_kind_of_statement_is_tried() -> None:
    """A kind that a later DuckDB brings has to be looked at."""
    assert {name for name in dir(duckdb.StatementType) if name.isupper()} == KINDS.keys() | NO_TEXT
    for kind, texts in KINDS.items():
        for sql in texts:
            assert [one.type.name for one in duckdb.extract_statements(sql)] == [kind], sql


@pytest.mark.parametrize("sql", [sql for texts in KINDS.values() for sql in texts])
def test_nothing_that_is_asked_changes_anything(store: Store, sql: str) -> None:
    """It is refused in one line; runs, settings and files are as they were, and the next query works."""
    before = everything(store)
    with pytest.raises(QueryError) as caught:
        ask(store, sql)
    assert "\n" not in str(caught.value)
    assert everything(store) == before
    assert ask(store, "SELECT count(*) FROM runs").rows == ((48,),)


@pytest.mark.parametrize("sql", ["SELECT setseed(0.5)", "SELECT write_log('x')", "FROM checkpoint()"])
def test_what_may_run_leaves_nothing_behind(store: Store, sql: str) -> None:
    before = everything(store)
    ask(store, sql)
    assert everything(store) == before


def test_values_are_plain_ones(store: Store) -> None:
    """Numbers are numbers; what else there is comes as DuckDB writes it."""
    found = ask(
        store,
        "SELECT 1 AS i, 2.5::DECIMAL(9, 2) AS d, 'nan'::DOUBLE AS nan, NULL AS none, true AS yes, [1.5, NULL] AS list, "
        "TIMESTAMP '2024-01-02 03:04:05' AS at, TIMESTAMPTZ 'infinity' AS never, {'a': 1} AS struct, "
        "170141183460469231731687303715884105727 AS huge, '\\x1b[31m' AS text, INTERVAL 2 DAY AS span, 1 AS i",
    )
    assert found.names == (
        "i", "d", "nan", "none", "yes", "list", "at", "never", "struct", "huge", "text", "span", "i_1"
    )  # fmt: skip
    (row,) = found.rows
    assert row[:2] == (1, 2.5)
    assert isinstance(row[2], float)
    assert math.isnan(row[2])
    assert row[3:] == (
        None, True, "[1.5, NULL]", "2024-01-02 03:04:05", "infinity", "{'a': 1}", 2**127 - 1, "\\x1b[31m", "2 days", 1
    )  # fmt: skip
    numeric = {name for name, is_ in zip(found.names, found.numeric, strict=True) if is_}
    assert numeric == {"i", "d", "nan", "huge", "i_1"}


def test_every_type_comes_over(store: Store) -> None:
    """Also those that neither Arrow nor Python has."""
    found = ask(store, "FROM test_all_types()")
    assert len(found.rows) == 3
    assert all(value is None or type(value) in (bool, int, float, str) for row in found.rows for value in row)


def test_a_plan_comes_by_lines(store: Store) -> None:
    found = ask(store, "EXPLAIN FROM runs WHERE use_norm")
    assert len(found.rows) > 3
    assert not any("\n" in str(line) for (line,) in found.rows)


@pytest.mark.parametrize(
    ("sql", "said", "word"),
    [
        ("SELECT *\nFROM runs\nWHERE val_los < 3", 'Candidate bindings: "val_loss"', "val_los"),
        ("SELECT 1 FROM rums", 'Did you mean "runs"', "rums"),
        ("SELECT val_loss FROM runs GROUP BY seed", "GROUP BY", "val_loss"),
        ("SELECT CAST('x' AS INT)", "Could not convert", "CAST"),
        ("SELECT error('no ' || range) FROM range(5)", "no 0", ""),
    ],
)
def test_what_is_wrong_is_told_with_its_place(store: Store, sql: str, said: str, word: str) -> None:
    with pytest.raises(QueryError, match=said) as caught:
        ask(store, sql)
    assert "\n" not in str(caught.value)
    assert (caught.value.place is not None) == bool(word)
    if caught.value.place is not None:
        line, column = caught.value.place
        assert sql.split("\n")[line][column:].startswith(word)


def test_the_first_rows_are_taken_and_it_is_said_that_there_are_more(store: Store) -> None:
    found = ask(store, "FROM range(20_000)")
    assert found.more
    assert found.rows == tuple((at,) for at in range(10_000))
    exact = ask(store, "FROM range(10_000)")
    assert (len(exact.rows), exact.more) == (10_000, False)
    wide = ask(store, f"SELECT {', '.join(f'{at} AS c{at}' for at in range(500))} FROM range(20_000)")
    assert (len(wide.rows), wide.more) == (2_000, True)
    long = ask(store, "SELECT repeat('x', 100_000) FROM range(2_000)")
    assert (len(long.rows), long.more) == (640, True)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM range(10_000_000) a, range(10_000_000) b WHERE a.range * b.range = -1",
        "WITH RECURSIVE x AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM x) SELECT count(*) FROM x",
        "SELECT sleep_ms(60_000)",
    ],
)
def test_a_query_stops_when_it_is_told_to(store: Store, sql: str) -> None:
    """And the store answers on."""
    stop = threading.Event()
    timer = threading.Timer(0.3, stop.set)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        store.answer(sql, stop)
    assert time.monotonic() - began < 10
    timer.join()
    assert ask(store, "SELECT 1").rows == ((1,),)


def test_a_query_that_was_stopped_before_it_began_does_not_run(store: Store) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        store.answer("SELECT sum(a.range) FROM range(1_000_000) a, range(1_000_000) b", stop)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT list(a.range) FROM range(1_000_000) a, range(1_000_000) b",
        "SELECT count(DISTINCT a.range * 1_000_000 + b.range) FROM range(1_000_000) a, range(1_000_000) b",
    ],
)
def test_a_query_does_not_eat_the_machine(store: Store, sql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST_MEMORY", 1 << 28)
    with pytest.raises(QueryError, match="of memory"):
        ask(store, sql)
    assert ask(store, "SELECT count(*) FROM runs").rows == ((48,),)


def test_a_cross_join_of_a_million_runs_streams(store: Store) -> None:
    """Its first rows are there at once, in little memory."""
    found = ask(store, "FROM range(1_000_000) a, range(1_000_000) b")
    assert found.more
    assert found.seconds < 5


def test_curves_are_there_where_the_source_has_some(tmp_path: Path) -> None:
    """All metrics, brought over when they are asked for."""
    path = tmp_path / "curves.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE runs AS SELECT range AS run_id, range % 2 = 0 AS norm, random() AS loss FROM range(8)"
        )
        connection.execute(
            "CREATE TABLE curves AS SELECT run_id, step, metric, random() AS value FROM runs, range(5) s(step), "
            "(VALUES ('val_loss'), ('train_loss')) m(metric)"
        )
    store = open_store(str(path))
    found = ask(store, "SELECT metric, count(*) FROM curves GROUP BY ALL ORDER BY ALL")
    assert found.rows == (("train_loss", 40), ("val_loss", 40))


def test_what_duckdb_does_not_count_is_counted_as_the_process_has_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long texts under way, say."""
    sizes = iter([0])
    monkeypatch.setattr(answers, "_resident", lambda: next(sizes, answers.MOST_MEMORY + 1))
    with pytest.raises(QueryError, match="of memory"):
        ask(store, "SELECT sum(a.range) FROM range(1_000_000) a, range(1_000_000) b")
    assert ask(store, "SELECT 1").rows == ((1,),)


def test_the_size_of_the_process_is_known() -> None:
    assert answers._resident() > 1 << 20 or not Path("/proc/self/statm").exists()


def test_an_error_that_speaks_of_an_interrupt_is_an_error(store: Store) -> None:
    """Nobody has stopped anything."""
    with pytest.raises(QueryError, match="INTERRUPT Error"):
        ask(store, "SELECT error('no INTERRUPT Error ' || range) FROM range(5)")


def test_of_long_texts_no_more_come_over_than_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows of a piece would be gigabytes."""
    monkeypatch.setattr(answers, "MOST_TEXT", 1_000_000)
    parts = list(answers._parts(pyarrow.record_batch({"c1": ["x" * 10_000] * 2_048})))
    assert sum(part.num_rows for part in parts) == 2_048
    assert all(part.num_rows * 10_000 <= 1_000_000 for part in parts)
    assert [part.num_rows for part in answers._parts(pyarrow.record_batch({"c1": [1] * 2_048}))] == [2_048]

"""Which SQL may be asked, and where a fault in it is."""

from __future__ import annotations

import pytest

from ablate_tui.data.statements import QueryError, reading_statement


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "FROM runs",
        "TABLE runs",
        "VALUES (1)",
        "WITH x AS (SELECT 1) FROM x",
        "(SELECT 1)",
        "DESCRIBE runs",
        "SUMMARIZE runs",
        "SHOW TABLES",
        "PIVOT runs ON norm IN (true, false) USING count(*)",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "EXPLAIN (SELECT 1)",
        "EXPLAIN (FROM runs) UNION SELECT 1",
        "-- plan\nEXPLAIN (FORMAT json) FROM runs",
        "SELECT 1 ; -- done",
        "SELECT 'DROP TABLE runs; DELETE'",
    ],
)
def test_what_reads_is_let_through(sql: str) -> None:
    assert reading_statement(sql).rstrip() in sql


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("", "no query yet"),
        (" -- nothing\n", "no query yet"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("FROM runs; DROP TABLE runs", "2 statements"),
        ("DROP TABLE runs", "DROP is not for here"),
        ("EXPLAIN ANALYZE DELETE FROM runs", "DELETE is not for here|EXPLAIN is not for here"),
        ("EXPLAIN ANALYZE SET VARIABLE x = 1", "not for here"),
        ("EXPLAIN ANALYZE CREATE TEMP TABLE z AS SELECT 1", "not for here"),
        ("UPDATE EXTENSIONS", "UPDATE is not for here"),
        ("PIVOT runs ON norm USING count(*)", "name them"),
    ],
)
def test_the_rest_is_refused(sql: str, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        reading_statement(sql)


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("SELEC 1", "SELEC"),
        ("SELECT 1,\n  b fro @ FROM x", "@"),
        ("SELECT '你好世界', 'é', ( FROM ] x", "]"),
        ("SELECT " + "a, " * 200 + "b FROM FROM x, " + "c, " * 200 + "d", "FROM x"),
        ("SELECT 1,\n\t\tb c fro ]", "fro"),
    ],
)
def test_a_fault_has_its_place(sql: str, word: str) -> None:
    """Line and column, counted from 0, also in lines that DuckDB quotes in part, and past wide signs."""
    with pytest.raises(QueryError) as caught:
        reading_statement(sql)
    assert caught.value.place is not None
    line, column = caught.value.place
    assert sql.split("\n")[line][column:].startswith(word)
    assert "\n" not in str(caught.value)

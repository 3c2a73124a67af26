"""Texts that are numbers, truth values or lists of numbers, told from texts that are levels.

A column is taken for numbers only where every cell is one, so that no cell is lost: "none" stays a level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ablate_tui.data.engine import Connection, printable
from ablate_tui.data.sql import literal, quote

# How other programs write a missing number; only in a column that is numeric otherwise.
MISSING_WORDS = ("NA", "N/A", "<NA>", "null", "NULL", "None")

_NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?nan|[-+]?inf(inity)?"
_INTEGER = r"\s*[-+]?(0|[1-9]\d*)\s*"
_NOT_A_NUMBER = r"^\s*[-+]?0\d|_"  # 007 is a name; DuckDB would also take 1_000
_LIST = rf"(?is)\s*\[\s*(({_NUMBER}|null|none)\s*(,\s*|\]))*\]?\s*"

_HEAD = 10_000  # cells that are looked at first


@dataclass(frozen=True)
class Conversion:
    """How a text column becomes something else."""

    name: str
    dtype: str
    sql: str
    missing_words: int = 0  # cells such as "NA" that become NULL


def lists_in(connection: Connection, table: str, names: Sequence[str]) -> list[Conversion]:
    """The text columns of a table that hold lists of numbers in every cell that is not NULL.

    Parameters
    ----------
    connection : Connection
    table : str
        Its SQL name.
    names : sequence of str
        Text columns.
    """
    found = []
    for name in names:
        column = quote(name)
        first = connection.execute(
            f"SELECT {column} LIKE '[%' FROM {table} WHERE {column} IS NOT NULL LIMIT 1"
        ).fetchone()
        if first is None or not first[0]:
            continue
        (others,) = connection.execute(
            f"SELECT count(*) - count_if({_is_list(column)}) - count(*) FILTER ({column} IS NULL) FROM {table}"
        ).fetchall()[0]
        if others == 0:
            found.append(Conversion(name, "DOUBLE[]", _cast(column, "DOUBLE[]")))
    return found


def judge(connection: Connection, relation: str, names: Sequence[str]) -> list[Conversion]:
    """What each column of an all-text relation holds, from all its cells.

    Parameters
    ----------
    connection : Connection
    relation : str
        SQL of the relation.
    names : sequence of str
        Its columns.

    Returns
    -------
    list of Conversion
        One per column, in order; text stays as it is.
    """
    everything = {name: tuple(_TESTS) for name in names}
    head = _count(connection, f"(SELECT * FROM {relation} LIMIT {_HEAD})", everything)
    # What a cell of the head rules out need not be looked for in the rest: the tests are dear.
    possible = {name: tuple(test for test in _TESTS if counts.all_are(test)) for name, counts in head.items()}
    counted = _count(connection, relation, possible)
    return [_conversion(name, counted[name]) for name in names]


def missing_note(conversions: Sequence[Conversion]) -> list[str]:
    """Say where words were read as missing values."""
    return [
        f'"{printable(c.name)}": {c.missing_words} cells such as NA or None are read as missing'
        for c in conversions
        if c.missing_words
    ]


@dataclass(frozen=True)
class _Counts:
    """How many cells of a column are of which form."""

    filled: int
    words: int  # that say "missing"
    forms: dict[str, int]

    def all_are(self, form: str) -> bool:
        """Whether no cell is against a form; a column without any cell is for all."""
        words = 0 if form == "DOUBLE[]" else self.words
        return self.forms.get(form, 0) + words == self.filled

    def is_of(self, form: str) -> bool:
        """Whether the column is of a form: all cells are for it, and at least one says so."""
        return self.forms.get(form, 0) > 0 and self.all_are(form)


def _count(connection: Connection, relation: str, tests: Mapping[str, Sequence[str]]) -> dict[str, _Counts]:
    """Count the cells of each column that pass its tests."""
    words = ", ".join(literal(word) for word in MISSING_WORDS)
    sql: list[str] = []
    for name, forms in tests.items():
        column = quote(name)
        sql += [f"count({column})", f"count_if({column} IN ({words}))" if forms else "0"]
        sql += [f"count_if({_TESTS[form](column)})" for form in forms]
    # count_if is NULL where no cell is filled
    row = iter(cell or 0 for cell in connection.execute(f"SELECT {', '.join(sql)} FROM {relation}").fetchall()[0])
    return {name: _Counts(next(row), next(row), {form: next(row) for form in forms}) for name, forms in tests.items()}


def _conversion(name: str, counts: _Counts) -> Conversion:
    column = quote(name)
    if counts.filled == 0:
        return Conversion(name, "DOUBLE", "CAST(NULL AS DOUBLE)")
    form = next((form for form in _TESTS if counts.is_of(form)), None)
    if form is None:
        return Conversion(name, "VARCHAR", column)
    return Conversion(name, form, typed(name, form), 0 if form == "DOUBLE[]" else counts.words)


def typed(name: str, dtype: str) -> str:
    """SQL of a text column as the type that it was found to have."""
    column = quote(name)
    if dtype == "BOOLEAN":
        return f"CASE lower({column}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END"
    return column if dtype == "VARCHAR" else _cast(column, dtype)


def _is_integer(column: str) -> str:
    return f"regexp_full_match({column}, {literal(_INTEGER)}) AND {_cast(column, 'BIGINT')} IS NOT NULL"


def _is_number(column: str) -> str:
    return f"{_cast(column, 'DOUBLE')} IS NOT NULL AND NOT regexp_matches({column}, {literal(_NOT_A_NUMBER)})"


def _is_truth(column: str) -> str:
    return f"lower({column}) IN ('true', 'false')"


def _is_list(column: str) -> str:
    return (
        f"({column} LIKE '[%' AND regexp_full_match({column}, {literal(_LIST)}) "
        f"AND {_cast(column, 'DOUBLE[]')} IS NOT NULL)"
    )


def _cast(column: str, dtype: str) -> str:
    # Without trim DuckDB 2.0 moves the cast into its CSV reader, where a word such as NA is an error.
    return f"TRY_CAST(trim({column}) AS {dtype})"


# By the type that a column gets, in the order of preference.
_TESTS: dict[str, Callable[[str], str]] = {
    "BIGINT": _is_integer,
    "DOUBLE": _is_number,
    "BOOLEAN": _is_truth,
    "DOUBLE[]": _is_list,
}

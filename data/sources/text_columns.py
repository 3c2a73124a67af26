"""Texts that are numbers, truth values or lists of numbers, told from texts that are levels.

A column is taken for numbers only where every cell is one, so that no cell is lost: "none" stays a level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ablate_tui.data.engine import Connection, printable
from ablate_tui.data.sql import literal, quote

# How other programs write a missing number; only in a column that is numeric otherwise.
MISSING_WORDS = ("NA", "N/A", "<NA>", "null", "NULL", "None")

_NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?nan|[-+]?inf(inity)?"
_INTEGER = r"\s*[-+]?(0|[1-9]\d*)\s*"
_NOT_A_NUMBER = r"^\s*[-+]?0\d|_"  # 007 is a name; DuckDB would also take 1_000
_LIST = rf"(?is)\s*\[\s*(({_NUMBER}|null|none)\s*(,\s*|\]))*\]?\s*"


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
            f"SELECT count(*) - count_if({_is_list(column)}) - count(*) FILTER "
            f"({column} IS NULL) FROM {table}"
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
    words = ", ".join(literal(word) for word in MISSING_WORDS)
    counts = []
    for name in names:
        column = quote(name)
        counts += [
            f"count({column})",
            f"count_if({column} IN ({words}))",
            f"count_if({_cast(column, 'DOUBLE')} IS NOT NULL "
            f"AND NOT regexp_matches({column}, {literal(_NOT_A_NUMBER)}))",
            f"count_if(regexp_full_match({column}, {literal(_INTEGER)}) "
            f"AND {_cast(column, 'BIGINT')} IS NOT NULL)",
            f"count_if(lower({column}) IN ('true', 'false'))",
            f"count_if({_is_list(column)})",
        ]
    row = connection.execute(f"SELECT {', '.join(counts)} FROM {relation}").fetchone()
    assert row is not None
    return [_conversion(name, *row[6 * i : 6 * i + 6]) for i, name in enumerate(names)]


def missing_note(conversions: Sequence[Conversion]) -> list[str]:
    """Say where words were read as missing values."""
    return [
        f'"{printable(c.name)}": {c.missing_words} cells such as NA or None are read as missing'
        for c in conversions
        if c.missing_words
    ]


def _conversion(
    name: str, filled: int, words: int, numbers: int, integers: int, truths: int, lists: int
) -> Conversion:
    column = quote(name)
    if filled == 0:
        return Conversion(name, "DOUBLE", "CAST(NULL AS DOUBLE)")
    if integers and integers + words == filled:
        return Conversion(name, "BIGINT", _cast(column, "BIGINT"), words)
    if numbers and numbers + words == filled:
        return Conversion(name, "DOUBLE", _cast(column, "DOUBLE"), words)
    if truths and truths + words == filled:
        truth = f"CASE lower({column}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END"
        return Conversion(name, "BOOLEAN", truth, words)
    if lists == filled:
        return Conversion(name, "DOUBLE[]", _cast(column, "DOUBLE[]"))
    return Conversion(name, "VARCHAR", column)


def _is_list(column: str) -> str:
    return (
        f"({column} LIKE '[%' AND regexp_full_match({column}, {literal(_LIST)}) "
        f"AND {_cast(column, 'DOUBLE[]')} IS NOT NULL)"
    )


def _cast(column: str, dtype: str) -> str:
    # Without trim DuckDB 2.0 moves the cast into its CSV reader, where a word such as NA is an error.
    return f"TRY_CAST(trim({column}) AS {dtype})"

"""Which SQL may be asked of the runs: one statement that reads. DuckDB's own parser says what a text is."""

from __future__ import annotations

import contextlib
import re
import unicodedata

import duckdb

from ablate_tui.data.engine import full_reason
from ablate_tui.data.errors import UsageError

_EXPLAIN = re.compile(r"EXPLAIN\b(\s+ANALYZE\b)?", re.IGNORECASE)
_OPTIONS = re.compile(r"^\s*\([^()]*\)")  # of EXPLAIN
_PLACE = re.compile(r"^LINE (?P<line>\d+): (?P<excerpt>.*)\n(?P<space> *)\^", re.MULTILINE)
_CUT = "..."  # at an end of an excerpt that is a part of its line


class QueryError(UsageError):
    """A query that can't be answered, and where in its text the fault is.

    Parameters
    ----------
    words : str
        What is wrong.
    place : (line, column), optional
        Both counted from 0; None where DuckDB names no place.
    """

    def __init__(self, words: str, place: tuple[int, int] | None = None) -> None:
        super().__init__(words)
        self.place = place


def reading_statement(sql: str) -> str:
    """The one statement of a text, where it only reads: SELECT, FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, EXPLAIN.

    It is a first sieve: WITH can hold a DELETE, so it has to run in a transaction that is read-only, too.

    Parameters
    ----------
    sql : str
        What a person typed.

    Returns
    -------
    str
        The statement without comments before it.

    Raises
    ------
    QueryError
        No statement, several ones, one that does something else, or no SQL.
    """
    kind, statement = _only(sql)
    if kind == "EXPLAIN":  # with ANALYZE it runs what it explains
        kind = _explained_kind(_EXPLAIN.sub("", statement, count=1))
    if kind == "SELECT":
        return statement
    if kind == "MULTI":
        raise QueryError("this PIVOT has to look for its columns first; name them: PIVOT … ON column IN (…)")
    raise QueryError(f"{_word(statement)} is not for here: only what reads is (SELECT, DESCRIBE, SUMMARIZE, EXPLAIN)")


def is_explain(statement: str) -> bool:
    """Whether a statement asks for a plan."""
    return _EXPLAIN.match(statement) is not None


def explained(error: Exception, sql: str) -> QueryError:
    """DuckDB's error as words and a place in the text that was typed."""
    return QueryError(full_reason(error), place_of(str(error), sql))


def place_of(message: str, sql: str) -> tuple[int, int] | None:
    """Where the caret of a message points: DuckDB and PostgreSQL write it alike.

    What is run has lines around what was typed, so the message's excerpt is looked for.
    """
    found = _PLACE.search(message)
    if found is None:
        return None
    excerpt, lines = found["excerpt"], sql.split("\n")
    offset = len(found["space"]) - len(f"LINE {found['line']}: ")
    if excerpt.startswith(_CUT):
        excerpt, offset = excerpt.removeprefix(_CUT), offset - len(_CUT)
    excerpt = excerpt.removesuffix(_CUT)
    own = int(found["line"]) - 1
    for line in sorted(range(len(lines)), key=lambda at: at != own):
        start = lines[line].find(excerpt)
        if start >= 0:
            return line, start + _characters(excerpt, offset)
    return None


def _explained_kind(rest: str) -> str:
    """Kind of what an EXPLAIN explains; what is in brackets may be that itself, or options before it."""
    with contextlib.suppress(QueryError):
        return _only(rest)[0]
    return _only(_OPTIONS.sub("", rest))[0]


def _only(sql: str) -> tuple[str, str]:
    """Kind and text of the only statement."""
    try:
        found = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise explained(error, sql) from error
    if not found:
        raise QueryError("there is no query yet; try: FROM runs")
    if len(found) > 1:
        raise QueryError(f"these are {len(found)} statements; ask one at a time")
    try:
        kind = found[0].type.name
    except ValueError:  # a kind that DuckDB's Python package has no name for
        kind = ""
    return kind, found[0].query


def _word(statement: str) -> str:
    return statement.split(maxsplit=1)[0].upper().rstrip(";")


def _characters(text: str, cells: int) -> int:
    """How many characters stand before a cell: the caret is placed for a terminal."""
    for at, sign in enumerate(text):
        if cells <= 0:
            return at
        if unicodedata.category(sign) not in ("Cc", "Cf", "Mn", "Me"):
            cells -= 2 if unicodedata.east_asian_width(sign) in "WF" else 1
    return len(text)

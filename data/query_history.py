"""The SQL that was asked of a source, kept between sessions in the user's state folder."""

from __future__ import annotations

from typing import Any

from ablate_tui.data.state import read_state, write_state

MOST = 200  # queries kept for a source
LONGEST = 20_000  # characters of one that is kept


def kept_queries(path: str, table: str) -> tuple[str, ...]:
    """The queries kept for a source, the newest last.

    Parameters
    ----------
    path : str
        The source as the user named it.
    table : str
        Its table, `RunTable.table`.
    """
    return read_state("queries", path, table, _queries) or ()


def keep_query(path: str, table: str, sql: str) -> None:
    """Keep a query as the newest one; what was asked before is moved, not kept twice.

    Raises
    ------
    SourceError
        The state folder can't be written.
    """
    if len(sql) > LONGEST:
        return
    others = [query for query in kept_queries(path, table) if query != sql]
    write_state("queries", path, table, [*others, sql][-MOST:])


def _queries(content: Any) -> tuple[str, ...]:
    """Queries from JSON.

    Raises
    ------
    ValueError
        Not what `keep_query` writes.
    """
    if not isinstance(content, list) or not all(isinstance(query, str) for query in content):
        raise ValueError("not a list of texts")
    return tuple(content[-MOST:])

"""The response as SQL: a column, the last value of a list, or any expression; and the --fail condition."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data import curves
from ablate_tui.data.detect import kind_of
from ablate_tui.data.engine import DatabaseError, Interrupted, printable, reason
from ablate_tui.data.errors import UsageError, one_of
from ablate_tui.data.schema import Goal
from ablate_tui.data.sql import quote

if TYPE_CHECKING:
    from ablate_tui.data.store import Store

_LISTS = ("{}[-1]", "list_min({})", "list_avg({})")  # last, smallest, mean value


@dataclass(frozen=True)
class Values:
    """The response of every run."""

    y: NDArray[np.float64]  # (runs,)
    missing: NDArray[np.bool_]  # (runs,) where it is NULL


def list_expressions(store: Store, name: str) -> list[str]:
    """The expressions for the last, smallest and mean value of a list column, as a user may write them."""
    return [form.format(_written(store, name)) for form in _LISTS]


def response_of(store: Store, text: str, goal: Goal | None = None) -> tuple[str, str | None]:
    """The SQL of a response, of type DOUBLE, and the column it is made of, if it is one.

    Parameters
    ----------
    store : Store
    text : str
        A column's exact name, else something of a curve (see `curves.response`), else a SQL expression.
    goal : str, optional
        Which values of a curve are best.

    Raises
    ------
    UsageError
        Neither a column nor an expression that gives a number for each run.
    """
    if text in store.columns:
        return _column(store, text), text
    for name, dtype in store.columns.items():
        if kind_of(dtype) == "list" and text in (offers := list_expressions(store, name)):
            form = _LISTS[offers.index(text)]
            return f"CAST({form.format(_list(store, name))} AS DOUBLE)", name
    if (of_curve := curves.response(store, text, goal)) is not None:
        return of_curve
    dtype = _dtype(store, text, "response")
    kind = kind_of(dtype)
    if kind == "list":
        return f"CAST(({_lines(text)})[-1] AS DOUBLE)", None
    if kind not in ("truth", "integer", "real"):
        raise UsageError(f'response "{printable(text)}" is {dtype}, not a number; {_numeric(store, text)}')
    return f"CAST(({_lines(text)}) AS DOUBLE)", None


def values(store: Store, sql: str, text: str, ours: bool = False) -> Values:
    """Evaluate a response for every run.

    Parameters
    ----------
    store : Store
    sql, text : str
        The expression, and what the user wrote.
    ours : bool
        Whether the expression is made here, of one column, so that it has one value for each run.

    Raises
    ------
    UsageError
        The evaluation fails, or does not give one number for each run.
    """
    if ours:
        with store.cursor() as cursor:
            found = np.ma.asarray(cursor.execute(f"SELECT {sql} AS y FROM runs").fetchnumpy()["y"])
    else:
        found = _evaluate(store, sql, text, "response")
    y, missing = np.asarray(np.ma.getdata(found), dtype=np.float64), np.asarray(np.ma.getmaskarray(found))
    if missing.any():
        y = np.where(missing, np.nan, y)
    return Values(y, missing)


def condition(store: Store, text: str) -> NDArray[np.bool_]:
    """(runs,) whether each run meets a SQL condition; NULL counts as not.

    Raises
    ------
    UsageError
        Not a condition over the columns.
    """
    if store.columns.get(text) == "BOOLEAN":
        text = quote(text)
    dtype = _dtype(store, text, "condition")
    if dtype != "BOOLEAN":
        raise UsageError(f'the --fail condition "{printable(text)}" is {dtype}; write one that is true or false')
    found = _evaluate(store, f"CAST(({_lines(text)}) AS BOOLEAN)", text, "condition")
    return np.asarray(np.ma.filled(found, False), dtype=np.bool_)


def _column(store: Store, name: str) -> str:
    kind = kind_of(store.columns[name])
    if kind in ("truth", "integer", "real"):
        return f"CAST({quote(name)} AS DOUBLE)"
    if kind == "list":
        return f"CAST({_list(store, name)}[-1] AS DOUBLE)"
    if kind == "text" and store.survey.named(name).distinct == 0:
        return f"TRY_CAST({quote(name)} AS DOUBLE)"
    raise UsageError(
        f'"{printable(name)}" is {store.columns[name]}, not a number, so it can\'t be the response; '
        f"{_numeric(store, name)}"
    )


def _list(store: Store, name: str) -> str:
    """A list column, also where the source still has it as text."""
    return f"TRY_CAST({quote(name)} AS DOUBLE[])" if name in store.text_lists else quote(name)


def _lines(text: str) -> str:
    return f"\n{text}\n"  # so that a comment in it ends before the bracket


def _dtype(store: Store, text: str, what: str) -> str:
    """DuckDB's type of a user's expression."""
    sql = f"DESCRIBE SELECT ({_lines(text)}) FROM runs"
    with store.cursor() as cursor:
        try:
            rows = cursor.execute(sql).fetchall() if len(cursor.extract_statements(sql)) == 1 else []
        except Interrupted:
            raise
        except DatabaseError as error:
            raise UsageError(_explain(store, text, what, error)) from error
    if len(rows) != 1:
        raise UsageError(f'{what} "{printable(text)}" is not one SQL expression')
    return str(rows[0][1])


def _evaluate(store: Store, sql: str, text: str, what: str) -> np.ma.MaskedArray[Any, Any]:
    with store.cursor() as cursor:
        try:
            found = cursor.execute(f"SELECT runs.{quote(store.row)} AS place, {sql} AS y FROM runs").fetchnumpy()
        except Interrupted:
            raise
        except DatabaseError as error:
            raise UsageError(_explain(store, text, what, error)) from error
    at = np.asarray(found["place"])
    y = np.ma.asarray(found["y"])
    if len(at) != store.runs or at[0] != 0 or at[-1] != len(at) - 1 or not (at[1:] > at[:-1]).all():
        order = np.argsort(at, kind="stable")  # a window function may shuffle the rows
        if not np.array_equal(at[order], np.arange(store.runs)):
            raise UsageError(f'{what} "{printable(text)}" does not give one value for each run')
        y = y[order]
    return y


def _explain(store: Store, text: str, what: str, error: Exception) -> str:
    shown = printable(text)
    if re.fullmatch(r"\w+", text):
        return f'no column "{shown}"; {_numeric(store, text)}'
    why = reason(error)
    if "GROUP BY" in str(error):
        return (
            f'{what} "{shown}" is one value for all runs; of a list in each run take list_min(x), list_avg(x) or x[-1]'
        )
    return f'{what} "{shown}" is neither a column nor SQL that works: {why}'


def _numeric(store: Store, text: str) -> str:
    return one_of(text, store.responses() or tuple(store.columns))


def _written(store: Store, name: str) -> str:
    """A column as one writes it in SQL: quoted where it must be."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.lower() not in store.keywords else quote(name)

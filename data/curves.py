"""Training curves: a metric at the steps of each run, from lists in cells or from a database's table "curves"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data import names
from ablate_tui.data.detect import kind_of
from ablate_tui.data.engine import printable
from ablate_tui.data.errors import UsageError, one_of
from ablate_tui.data.schema import Goal
from ablate_tui.data.sql import literal, quote

if TYPE_CHECKING:
    from ablate_tui.data.store import Store

OFFERED = ("last({})", "best({})")
_CALL = re.compile(
    r'\s*(?P<function>last|best|mean|at|area)\s*\(\s*(?:"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>[^\s",()]+))\s*'
    r"(?:,\s*(?P<number>[-+.\w]+)\s*)?\)\s*",
    re.IGNORECASE,
)
_NEEDS = {"mean": "how many of the last values", "at": "a step"}
_NAME = re.compile(r"[^\s\",()]+")


@dataclass(frozen=True, eq=False)
class Curves:
    """A metric's points, by run and then by step; points without a value are left out."""

    metric: str
    row: NDArray[np.int64]  # (points,) row of the source, ascending
    step: NDArray[np.float64]  # (points,)
    value: NDArray[np.float64]  # (points,) also NaN and infinite
    listed: bool = False  # whether they are lists in cells, not rows of the table "curves"


def metrics(store: Store) -> tuple[str, ...]:
    """What there are curves of, the likeliest outcome first."""
    lists = [name for name, dtype in store.columns.items() if kind_of(dtype) == "list"]
    known = list(dict.fromkeys((*store.metrics, *lists)))
    outcomes = sorted((name for name in known if names.outcome(name) not in (None, "time")), key=names.rank)
    return (*outcomes, *(name for name in known if name not in outcomes))


def read(store: Store, metric: str) -> Curves:
    """All points of a metric.

    Parameters
    ----------
    store : Store
    metric : str
        One of `metrics`.

    Raises
    ------
    SourceError
        The database that has them can't be read any more.
    """
    row, listed = quote(store.row), metric not in store.metrics
    if not listed:
        store.need_curve(metric)
        sql = (
            f"SELECT runs.{row} AS place, curves.step AS step, curves.value AS value FROM curves "
            "JOIN runs ON curves.run_id = CAST(runs.run_id AS VARCHAR) "
            f"WHERE curves.metric = {literal(metric)} AND curves.value IS NOT NULL ORDER BY 1, 2"
        )
    else:
        sql = (
            "SELECT place, CAST(step AS DOUBLE) AS step, CAST(line[step] AS DOUBLE) AS value FROM "
            f"(SELECT {row} AS place, {quote(metric)} AS line, unnest(range(1, len({quote(metric)}) + 1)) AS step "
            "FROM runs) WHERE line[step] IS NOT NULL ORDER BY 1, 2"
        )
    with store.cursor() as cursor:
        found = cursor.execute(sql).fetchnumpy()
    arrays = (np.asarray(np.ma.getdata(found[name])) for name in ("place", "step", "value"))
    at, step, value = arrays
    return Curves(metric, at.astype(np.int64), step.astype(np.float64), value.astype(np.float64), listed)


def metric_of(store: Store, response: str) -> str | None:
    """The metric that a response is made of, or is called like; None where there is none."""
    called = _CALL.fullmatch(response)
    name = response if called is None else _name(called)
    return name if name in metrics(store) else None


def response(store: Store, text: str, goal: Goal | None) -> tuple[str, str | None] | None:
    """The SQL of a response such as ``last(val_loss)``, and the list column that it is made of, if it is one.

    None where the text is no such call of a curve: then it is SQL of the user's own.

    Parameters
    ----------
    store : Store
    text : str
        ``last(m)``, ``best(m)``, ``mean(m, n)`` of the last n values, ``at(m, step)``, ``area(m)`` under the curve
        by the trapezoid rule; m a metric of the table "curves" or a list column, whose steps count from 1.
    goal : str, optional
        Which values are best; by the metric's name without.

    Raises
    ------
    UsageError
        A number that is missing, or is none.
    """
    called = _CALL.fullmatch(text)
    if called is None:
        return None
    name, function = _name(called), called["function"].lower()
    if name not in metrics(store):
        if store.metrics and name not in store.columns:
            raise UsageError(f'no curve "{printable(name)}" for {function}(); {one_of(name, metrics(store))}')
        return None
    number = _number(called, function)
    better = goal or names.goal_of(name) or "min"
    if name in store.metrics:
        store.need_curve(name)
        there = "FILTER (value IS NOT NULL)"
        form = _form(function, "v", "s", number, better)
        return (
            f"CAST((SELECT {form} FROM (SELECT list(value ORDER BY step) {there} AS v, "
            f"list(step ORDER BY step) {there} AS s FROM curves "
            f"WHERE curves.run_id = CAST(runs.run_id AS VARCHAR) AND metric = {literal(name)})) "
            "AS DOUBLE)",
            None,
        )
    values = (
        f"CAST({quote(name)} AS DOUBLE[])" if name not in store.text_lists else f"TRY_CAST({quote(name)} AS DOUBLE[])"
    )
    return f"CAST({_form(function, values, f'range(1, len({values}) + 1)', number, better)} AS DOUBLE)", name


def _form(function: str, values: str, steps: str, number: str | None, better: Goal) -> str:
    """SQL over two lists: the values, and the steps at which they are."""
    if function == "last":
        return f"{values}[-1]"
    if function == "best":
        least = "list_min" if better == "min" else "list_max"
        # of a run that diverged at last the best is still what it reached; NaN only where there is nothing else
        return f"coalesce({least}(list_filter({values}, lambda x: isfinite(x))), {values}[-1])"
    if function == "mean":
        return f"list_avg({values}[-{number}:])"
    if function == "at":
        return f"{values}[list_position({steps}, {number})]"
    between = f"lambda i: ({steps}[i] - {steps}[i - 1]) * ({values}[i] + {values}[i - 1]) / 2"
    return f"list_sum(list_transform(range(2, len({values}) + 1), {between}))"


def _number(called: re.Match[str], function: str) -> str | None:
    text = called["number"]
    if function not in _NEEDS:
        if text is not None:
            raise UsageError(f"{function}() takes a curve and nothing else, not {printable(text)}")
        return None
    try:
        number = float(text or "")
    except ValueError:
        number = float("nan")
    whole = number == number and number not in (float("inf"), float("-inf")) and number == int(number)
    if not whole and (function == "mean" or number != number):
        raise UsageError(f"{function}() needs {_NEEDS[function]} beside the curve, such as {function}(val_loss, 10)")
    if function == "mean" and number < 1:
        raise UsageError("mean() is of the last one or more values")
    return str(int(number)) if whole else repr(number)


def _name(called: re.Match[str]) -> str:
    return called["plain"] if called["quoted"] is None else called["quoted"].replace('""', '"')


def written(name: str) -> str:
    """A metric's name as one writes it in such a call."""
    return name if _NAME.fullmatch(name) else quote(name)

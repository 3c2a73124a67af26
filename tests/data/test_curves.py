"""Responses that are made of training curves, and the curves themselves."""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import numpy as np
import pytest

from ablate_tui.data import curves
from ablate_tui.data.errors import UsageError
from ablate_tui.data.schema import DIVERGED, FINISHED, MISSING, Choices
from ablate_tui.data.store import Store, open_store
from ablate_tui.queries.curves import curve_bands, curves_sql
from ablate_tui.queries.slices import Slice, take

CURVES = {
    "a": ([1, 2, 5], [4.0, 3.0, 3.5]),
    "b": ([2, 1], [2.0, 8.0]),  # out of order
    "c": ([1, 2, 3], [9.0, 1.0, math.nan]),  # diverged at last
    "d": ([1], [7.0]),
    "e": ([], []),
    "f": ([1, 2], [6.0, None]),
}


@pytest.fixture(params=["table", "lists"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """The same curves as a long table with steps, and as lists, whose steps count from 1."""
    path = tmp_path / "runs.duckdb"
    with duckdb.connect(str(path)) as connection:
        if request.param == "table":
            connection.execute("CREATE TABLE runs (run_id VARCHAR, sw BOOLEAN, epochs INTEGER)")
            connection.execute("CREATE TABLE curves (run_id VARCHAR, step INTEGER, metric VARCHAR, value DOUBLE)")
            for at, (id, (steps, values)) in enumerate(CURVES.items()):
                connection.execute("INSERT INTO runs VALUES (?, ?, ?)", [id, at % 2 == 0, at])
                for step, value in zip(steps, values, strict=True):
                    connection.execute("INSERT INTO curves VALUES (?, ?, 'val loss', ?)", [id, step, value])
            connection.execute("INSERT INTO curves VALUES ('of no run', 1, 'val loss', 1), ('a', 1, 'other', 5)")
        else:
            connection.execute('CREATE TABLE runs (run_id VARCHAR, sw BOOLEAN, "val loss" DOUBLE[])')
            for at, (id, (steps, values)) in enumerate(CURVES.items()):
                ordered = [value for _, value in sorted(zip(steps, values, strict=True))]
                connection.execute("INSERT INTO runs VALUES (?, ?, ?)", [id, at % 2 == 0, ordered or None])
    return open_store(str(path))


def response(store: Store, text: str, goal: str | None = None) -> list[float | None]:
    table = store.load(Choices(response=text, goal=goal))  # type: ignore[arg-type]
    found = zip(table.y.tolist(), table.status.tolist(), strict=True)
    return [y if status == FINISHED else math.nan if status == DIVERGED else None for y, status in found]


def same(got: list[float | None], want: list[float | None]) -> None:
    assert [None if y is None else y for y in got] == pytest.approx(want, nan_ok=True)


def test_responses_of_curves(store: Store) -> None:
    listed = store.metrics == ()
    last_of_f = None if listed else 6.0  # a list keeps the place of a missing value
    same(response(store, 'last("val loss")'), [3.5, 2.0, math.nan, 7.0, None, last_of_f])
    same(response(store, 'best("val loss")'), [3.0, 2.0, 1.0, 7.0, None, 6.0])
    same(response(store, 'best("val loss")', "max"), [4.0, 8.0, 9.0, 7.0, None, 6.0])
    same(response(store, 'mean("val loss", 2)'), [3.25, 5.0, math.nan, 7.0, None, 6.0])
    same(response(store, 'mean("val loss", 99)'), [3.5, 5.0, math.nan, 7.0, None, 6.0])
    same(response(store, 'at("val loss", 2)'), [3.0, 2.0, 1.0, None, None, None])
    area = response(store, 'area("val loss")')
    same(area[:3], [np.trapezoid([4.0, 3.0, 3.5], [1, 2, 3] if listed else [1, 2, 5]), 5.0, math.nan])
    assert area[4] is None


def test_without_another_outcome_a_curve_is_the_response(store: Store) -> None:
    table = store.load()
    assert table.response.name == ('last("val loss")' if store.metrics else "val loss")
    assert table.status.tolist()[:5] == [FINISHED, FINISHED, DIVERGED, FINISHED, MISSING]
    assert table.response.goal == "min"


def test_points_come_by_run_and_step(store: Store) -> None:
    found = curves.read(store, "val loss")
    by_run: dict[int, list[tuple[float, float]]] = {}
    for row, step, value in zip(found.row.tolist(), found.step.tolist(), found.value.tolist(), strict=True):
        by_run.setdefault(row, []).append((step, value))
    assert sorted(by_run) == [0, 1, 2, 3, 5]
    assert by_run[1] == [(1.0, 8.0), (2.0, 2.0)]
    assert by_run[0] == (
        [(1.0, 4.0), (2.0, 3.0), (5.0, 3.5)] if store.metrics else [(1.0, 4.0), (2.0, 3.0), (3.0, 3.5)]
    )
    assert by_run[5] == [(1.0, 6.0)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('mean("val loss")', "how many of the last values"),
        ('mean("val loss", 0)', "last one or more"),
        ('mean("val loss", 1.5)', "how many of the last values"),
        ('at("val loss", x)', "needs a step"),
        ('last("val loss", 3)', "takes a curve and nothing else"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(store: Store, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        store.load(Choices(response=text))
    assert "\n" not in str(caught.value)


def test_a_curve_that_is_not_there_names_the_near_one(tmp_path: Path) -> None:
    path = tmp_path / "runs.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE runs AS SELECT 'a' AS run_id, 1.0 AS loss, true AS s")
        connection.execute("CREATE TABLE curves AS SELECT 'a' AS run_id, 1 AS step, 'val_loss' AS metric, 2.0 AS value")
    store = open_store(str(path))
    with pytest.raises(UsageError, match=r'no curve "val_los" for last.*did you mean "val_loss"'):
        store.load(Choices(response="last(val_los)"))
    assert store.load().response.name == "loss"
    assert {"last(val_loss)", "best(val_loss)"} <= set(store.responses())


def test_a_table_called_curves_that_is_none_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "runs.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE runs AS SELECT 'a' AS run_id, 1.0 AS loss, true AS s")
        connection.execute("CREATE TABLE curves AS SELECT 'spline' AS kind")
    assert open_store(str(path)).metrics == ()


@pytest.mark.parametrize("contrast", [None, "sw"])
def test_the_sql_of_the_view_gives_its_rows(store: Store, contrast: str | None) -> None:
    """Run on the source itself, as a person would paste it."""
    table = store.load()
    sample = take(table, Slice.of(table, {}, contrast))
    found = curves.read(store, "val loss")
    rows = curve_bands(sample, found).rows
    with duckdb.connect(store.path, read_only=True) as connection:
        got = connection.execute(curves_sql(sample, found)).fetchall()
    assert [row[:3] for row in got] == [(row.level, row.step, row.n) for row in rows]
    np.testing.assert_allclose([row[3:] for row in got], [(row.q25, row.median, row.q75) for row in rows])


BITING = ("value", "step", "metric", "level", "row", "place", "line", "points", "inside", "values", "curves", "runs")


@pytest.mark.parametrize("metric", ["loss", "line", "curves"])
def test_columns_may_be_called_like_anything_of_a_curve(tmp_path: Path, metric: str) -> None:
    """Optuna calls its objective "value"."""
    path = tmp_path / "runs.duckdb"
    rng = np.random.default_rng(1)
    listed = metric != "loss"
    switches = [name for name in BITING if name != metric]
    with duckdb.connect(str(path)) as connection:
        columns = ", ".join(f'"{name}" BOOLEAN' for name in switches)
        line = f', "{metric}" DOUBLE[]' if listed else ""
        connection.execute(f"CREATE TABLE runs (run_id VARCHAR, {columns}{line})")
        connection.execute("CREATE TABLE curves (run_id VARCHAR, step INTEGER, metric VARCHAR, value DOUBLE)")
        for at in range(40):
            row = [str(at), *rng.integers(0, 2, len(switches)).astype(bool).tolist()]
            connection.execute(
                f"INSERT INTO runs VALUES ({', '.join('?' * len(row))}{', [3, ?]' * listed})",
                [*row, *([at / 8] if listed else [])],
            )
            if not listed:
                connection.execute(
                    "INSERT INTO curves VALUES (?, 1, 'loss', 3), (?, 2, 'loss', ?)", [row[0], row[0], at / 8]
                )
    store = open_store(str(path))
    assert response(store, f"last({metric})") == [at / 8 for at in range(40)]
    assert response(store, f"at({metric}, 1)") == [3] * 40
    found = curves.read(store, metric)
    assert found.value.tolist() == [value for at in range(40) for value in (3, at / 8)]
    table = store.load(Choices(response=f"last({metric})"))
    for contrast in switches:
        sample = take(table, Slice.of(table, {switches[0]: ("true",)} if contrast != switches[0] else {}, contrast))
        rows = curve_bands(sample, found).rows
        with duckdb.connect(store.path, read_only=True) as connection:
            got = connection.execute(curves_sql(sample, found)).fetchall()
        assert got == [(row.level, row.step, row.n, row.q25, row.median, row.q75) for row in rows]

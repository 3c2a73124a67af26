"""Every query on slices that leave nothing to compute: no exception, no warning, no number made up."""

from __future__ import annotations

import warnings
from dataclasses import asdict

import duckdb
import numpy as np
import pandas as pd
import pytest

from ablate_tui.queries.best import best, best_sql
from ablate_tui.queries.compare import compare, compare_sql
from ablate_tui.queries.design import design, design_sql
from ablate_tui.queries.effects import EffectRow, effects, effects_sql, glance, input_sql
from ablate_tui.queries.pairs import pairs
from ablate_tui.queries.reasons import reason
from ablate_tui.queries.slices import Sample, Slice, take

from .make import degenerate, json_ready, sweep

SWEEPS = degenerate()


def slices(name: str) -> list[Sample]:
    made = SWEEPS[name]
    found = [take(made, Slice())]
    if made.factors:
        found += [
            take(made, Slice.of(made, {"a": ("true",)}, "b")),
            take(made, Slice.of(made, {"b": ("x", "z")}, "a")),
            take(made, Slice.of(made, {"a": ("false",), "b": ("y",), "c": ("on",)}, None)),
        ]
    return found


@pytest.mark.parametrize("name", SWEEPS)
def test_every_query_answers(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for sample in slices(name):
            for query in (effects, compare, best, design):
                json_ready(asdict(query(sample)), f"{name} {query.__name__}")
            json_ready([asdict(row) for row in glance(sample)], f"{name} glance")
            for factor in sample.table.factors:
                if factor.is_switch:
                    json_ready(asdict(pairs(sample, factor.name)), f"{name} pairs")


@pytest.mark.parametrize("name", SWEEPS)
def test_every_null_in_the_effects_table_has_a_reason(name: str) -> None:
    for sample in slices(name):
        found = effects(sample)
        for row in found.rows:
            for field, value in asdict(row).items():
                if value is None:
                    assert reason(found.notes, row.name, field), f"{name}: {row.name} {field}"


@pytest.mark.parametrize("name", SWEEPS)
def test_every_null_in_a_comparison_has_a_reason(name: str) -> None:
    for sample in slices(name):
        found = compare(sample)
        for row in found.rows:
            for field, value in asdict(row).items():
                assert value is not None or reason(found.notes, row.level, field), f"{name}: {row.level} {field}"
            assert found.kde.density[row.level] is not None or reason(found.notes, row.level, "kde"), name


@pytest.mark.parametrize("name", SWEEPS)
def test_the_sql_runs(name: str) -> None:
    made = SWEEPS[name]
    names = [factor.name for factor in made.factors]
    runs = pd.DataFrame(
        {
            n: [None if c < 0 else made.factor(n).levels[c] for c in row]
            for n, row in zip(names, made.codes, strict=True)
        },
        dtype=object,
    ).assign(y=pd.array(np.where(made.status == 2, None, made.y), dtype=object))
    with duckdb.connect() as connection:
        columns = "".join(f'"{n}" VARCHAR, ' for n in names)
        connection.execute(f"CREATE TABLE runs ({columns}y DOUBLE)")
        for row in runs.itertuples(index=False):
            connection.execute(f"INSERT INTO runs VALUES ({', '.join('?' * len(row))})", list(row))
        for sample in slices(name):
            for query in (effects_sql, compare_sql, best_sql, design_sql, input_sql):
                rows = connection.execute(query(sample)).fetchall() if name != "huge" else None
            if rows is not None:
                assert len(rows) == sample.runs


def figures(row: EffectRow) -> list[object]:
    return [v for k, v in asdict(row).items() if k.startswith(("mean", "median", "sd", "iqr")) or k.endswith("_p")]


def test_one_side_without_a_finished_run() -> None:
    row = effects(take(SWEEPS["one side finished"], Slice())).rows[0]
    assert (row.n_on, row.n_off, row.diverged_off) == (4, 0, 4)
    assert row.mean_on == 1.0
    assert [row.mean_off, row.mean_diff, row.sd_ratio, row.mann_whitney_p, row.welch_p] == [None] * 5
    assert (row.failed_on, row.failed_off) == (0.0, 1.0)


def test_a_constant_response_has_no_test() -> None:
    for row in effects(take(SWEEPS["constant"], Slice())).rows:
        assert (row.mean_on, row.mean_off, row.mean_diff, row.sd_on, row.sd_off) == (0.1, 0.1, 0.0, 0.0, 0.0)
        assert [row.sd_ratio, row.welch_p, row.mann_whitney_p, row.brown_forsythe_p] == [None] * 4
        assert row.kruskal_p is None


def test_one_run_on_a_side_has_no_sd() -> None:
    found = effects(take(SWEEPS["one run on a side"], Slice()))
    row = found.rows[0]
    assert (row.n_on, row.sd_on, row.sd_ratio, row.welch_p) == (1, None, None, None)
    assert reason(found.notes, "a", "sd_on") == "fewer than two finished runs on this side"


def test_nothing_is_known_of_all_nan() -> None:
    for name in ("all NaN", "all NULL", "all infinite", "empty"):
        for row in effects(take(SWEEPS[name], Slice())).rows:
            assert set(figures(row)) == {None}, name


def test_a_sweep_of_one_column() -> None:
    sample = take(SWEEPS["no factor"], Slice())
    assert effects(sample).rows == ()
    assert effects(sample).notes[0].reason.startswith("no column")
    assert [row.n for row in compare(sample).rows] == [8]


def test_a_filtered_switch_keeps_its_row() -> None:
    made = sweep(pd.DataFrame({"a": [True, False] * 4, "b": [True, True, False, False] * 2, "y": np.arange(8.0)}))
    found = effects(take(made, Slice.of(made, {"a": ("on",)})))
    fixed, free = found.rows
    assert (fixed.switch, fixed.n_on, fixed.n_off, fixed.mean_on) == ("a", 4, 0, None)
    assert reason(found.notes, "a", "mean_on") == "fixed by the filter"
    assert (free.n_on, free.n_off, free.mean_diff) == (2, 2, -2.0)
    assert reason(found.notes, "b", "mean_on") is None

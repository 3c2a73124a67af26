"""Every bad source gives one clear line."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from ablate_tui.data.errors import AblateError, SourceError, UsageError
from ablate_tui.data.schema import DIVERGED, MISSING, Choices
from ablate_tui.data.store import open_store


def refused(path: Path | str, message: str, kind: type[AblateError] = SourceError) -> None:
    with pytest.raises(kind, match=message) as caught:
        open_store(str(path)).load(Choices())
    assert str(caught.value).isprintable()


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text("a,loss\n1,2\n")
    refused(tmp_path / "run.csv", r'run\.csv" is not there; did you mean ".*runs\.csv"')
    refused(tmp_path / "zzz" / "run.csv", "neither is the folder")
    refused(tmp_path / "no\nname.csv", r"no\\nname\.csv")


def test_folder_without_runs(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("x")
    refused(tmp_path, "holds no runs")
    refused(f"{tmp_path}/*.csv", "holds no runs")


@pytest.mark.parametrize("name", ["runs.csv", "runs.duckdb", "runs.parquet", "runs.jsonl"])
def test_empty_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    refused(tmp_path / name, "is empty")


def test_tables_without_rows(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text("a,loss\n")
    refused(tmp_path / "runs.csv", "holds no runs")
    pl.DataFrame({"a": [], "loss": []}, schema={"a": pl.Int64, "loss": pl.Float64}).write_parquet(
        tmp_path / "r.parquet"
    )
    refused(tmp_path / "r.parquet", "holds no runs")
    with duckdb.connect(str(tmp_path / "r.duckdb")) as connection:
        connection.execute("CREATE TABLE runs (a INTEGER, loss DOUBLE)")
    refused(tmp_path / "r.duckdb", "holds no runs")
    with duckdb.connect(str(tmp_path / "none.duckdb")):
        pass
    refused(tmp_path / "none.duckdb", "holds no table")
    (tmp_path / "blank.csv").write_text("\n\n")
    refused(tmp_path / "blank.csv", "no header line")


def test_truncated_files(tmp_path: Path) -> None:
    path = tmp_path / "r.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE runs AS SELECT range AS a, random() AS loss FROM range(100000)")
    whole = path.read_bytes()
    for size in (100, 5000, len(whole) // 2):
        path.write_bytes(whole[:size])
        refused(path, r"r\.duckdb")
    path = tmp_path / "r.parquet"
    pl.DataFrame({"a": range(1000), "loss": range(1000)}).write_parquet(path)
    whole = path.read_bytes()
    for size in (6, len(whole) // 2):
        path.write_bytes(whole[:size])
        refused(path, "cut short")
    path = tmp_path / "r.csv.gz"
    path.write_bytes(b"\x1f\x8b\x08\x00")
    refused(path, "gzip packing is damaged")


def test_foreign_files(tmp_path: Path) -> None:
    (tmp_path / "plot.csv").write_bytes(b"\x89PNG\r\n\x1a\n0000")
    refused(tmp_path / "plot.csv", "is a picture")
    with sqlite3.connect(tmp_path / "r.db") as connection:
        connection.execute("CREATE TABLE runs (a)")
    refused(tmp_path / "r.db", "is an SQLite file")
    (tmp_path / "r.csv").write_bytes(b"a,loss\n\x00\x01\x02")
    refused(tmp_path / "r.csv", "binary file")
    (tmp_path / "r.duckdb").write_bytes(b"not a database at all")
    refused(tmp_path / "r.duckdb", "not a DuckDB file")
    (tmp_path / "r.parquet").write_bytes(b"not a parquet file at all")
    refused(tmp_path / "r.parquet", "not a Parquet file")
    (tmp_path / "notes.txt").write_text("a b c")
    refused(tmp_path / "notes.txt", "unknown kind")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("a,loss\n1,2\n")
    path.chmod(0)
    refused(path, "Permission denied")


def load(tmp_path: Path, text: str, choices: Choices | None = None):  # type: ignore[no-untyped-def]
    path = tmp_path / "runs.csv"
    path.write_text(text)
    return open_store(str(path)).load(choices or Choices())


def test_no_response(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no response: no numeric column"):
        load(tmp_path, "a,b\nx,y\nz,y\n")


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (Choices(roles={"nrm": "factor"}), 'no column "nrm".*did you mean "norm"'),
        (Choices(roles={"norm": "swtch"}), 'no role "swtch".*did you mean "switch"'),  # type: ignore[dict-item]
        (Choices(roles={"act": "switch"}), "has 3 levels and a switch has two"),
        (Choices(roles={"norm": "response", "act": "response"}), "two columns are given the role response"),
        (Choices(on={"norm": "yess"}), 'no level "yess".*"rms"'),
        (Choices(on={"act": "a"}), 'no switch "act"'),
        (Choices(response="los"), 'no column "los"; did you mean "loss"'),
        (Choices(response="norm"), '"norm" is VARCHAR, not a number'),
        (Choices(response="norm || 'x'"), "is VARCHAR, not a number"),
        (Choices(response="los * 2"), 'neither a column nor SQL that works: .*"los"'),
        (Choices(response="loss *"), "neither a column nor SQL that works"),
        (Choices(response="avg(loss)"), "one value for all runs"),
        (Choices(response="loss, loss"), "not a number|not one SQL expression"),
        (Choices(response="loss) FROM runs; DROP TABLE runs; SELECT (1"), "not one SQL expression"),
        (Choices(response="loss) FROM runs; DROP TABLE runs; --"), "neither a column nor SQL that works"),
        (Choices(response="unnest([loss, 1.5])"), "does not give one value for each run"),
        (Choices(response="CAST(norm AS DOUBLE)"), "neither a column nor SQL that works"),
        (Choices(fail="loss"), "write one that is true or false"),
        (Choices(fail="loss >"), "condition"),
    ],
)
def test_choices_that_do_not_fit(tmp_path: Path, choices: Choices, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        load(tmp_path, "norm,act,loss\nnone,a,1\nrms,b,2\nnone,c,3\n", choices)
    assert "\n" not in str(caught.value)


def test_one_run(tmp_path: Path) -> None:
    table = load(tmp_path, "use_norm,seed,loss\ntrue,1,2.5\n")
    assert (table.runs, table.factors, table.y.tolist()) == (1, (), [2.5])
    assert table.codes.shape == (0, 1)


def test_all_diverged_and_all_missing(tmp_path: Path) -> None:
    table = load(tmp_path, "use_norm,val_loss,seconds\ntrue,nan,1.5\nfalse,nan,2.5\n")
    assert table.response.name == "val_loss"
    assert (table.status == DIVERGED).all()
    assert table.failed.all()
    assert np.isnan(table.y).all()
    table = load(tmp_path, "use_norm,val_loss,seconds\ntrue,,1.5\nfalse,,2.5\n", Choices(response="val_loss"))
    assert (table.status == MISSING).all()
    assert not table.failed.any()


def test_many_switches(tmp_path: Path) -> None:
    names = [f"s{i}" for i in range(200)]
    rows = np.random.default_rng(0).integers(0, 2, (50, 200))
    rows[0], rows[1] = 0, 1
    text = "\n".join(",".join(map(str, [*row, i * 1.5])) for i, row in enumerate(rows))
    table = load(tmp_path, ",".join([*names, "loss"]) + "\n" + text + "\n")
    assert len(table.factors) == 200
    np.testing.assert_array_equal(table.codes, rows.T)


def test_many_levels(tmp_path: Path) -> None:
    text = "name2,loss\n" + "".join(f"level {i % 10_000},{i}.5\n" for i in range(20_000))
    table = load(tmp_path, text, Choices(roles={"name2": "factor"}))
    assert table.factors[0].levels[:3] == ("level 0", "level 1", "level 2")
    np.testing.assert_array_equal(table.codes[0], np.arange(20_000) % 10_000)
    text = "name2,loss\n" + "".join(f"level {i},{i}.5\n" for i in range(32_001))
    with pytest.raises(UsageError, match="32001 values"):
        load(tmp_path, text, Choices(roles={"name2": "factor"}))

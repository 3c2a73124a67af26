"""The demo's file in the user's data folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl
import pytest

from ablate_tui.data.demo import SHIPPED, demo_database
from ablate_tui.data.errors import SourceError
from ablate_tui.data.schema import DIVERGED, FINISHED
from ablate_tui.data.store import open_store


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ABLATE_TUI_DATA", str(tmp_path / "data"))
    path = tmp_path / "shipped.parquet"
    pl.DataFrame({"sw": [True, False], "val_loss": [1.0, float("nan")]}).write_parquet(path)
    return path


def test_made_once_and_again_when_the_runs_change(tmp_path: Path, shipped: Path) -> None:
    path = demo_database(shipped=shipped)
    assert path == tmp_path / "data" / "runs.duckdb"
    assert open_store(str(path)).load().status.tolist() == [FINISHED, DIVERGED]
    made = path.stat().st_mtime_ns, path.stat().st_ino
    assert demo_database(shipped=shipped) == path
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == made
    pl.DataFrame({"sw": [True, False, True], "val_loss": [1.0, 2.0, 3.0]}).write_parquet(shipped)
    assert open_store(str(demo_database(shipped=shipped))).runs == 3
    assert sorted(file.name for file in path.parent.iterdir()) == ["runs.duckdb", "runs.duckdb.sha256"]


def test_a_folder_that_can_not_be_written(tmp_path: Path, shipped: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    told: list[str] = []
    path = demo_database(told.append, shipped)
    assert open_store(str(path)).runs == 2
    assert path.parent != tmp_path / "data"
    assert "temporary folder" in told[0]


def test_a_temporary_folder_goes_with_the_program(tmp_path: Path, shipped: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    code = f"from ablate_tui.data import demo; print(demo.demo_database(shipped=demo.Path({str(shipped)!r})).stat())"
    (tmp_path / "tmp").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert "st_size" in done.stdout, done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


def test_no_folder_at_all(tmp_path: Path, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, and nothing said of a demo in a temporary folder."""

    def nowhere(**more: object) -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    (tmp_path / "data").write_text("in the way")
    monkeypatch.setattr(tempfile, "mkdtemp", nowhere)
    told: list[str] = []
    with pytest.raises(SourceError, match=r"not even in a temporary folder: No usable .*ABLATE_TUI_DATA"):
        demo_database(told.append, shipped)
    assert told == []


def test_missing_runs(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="install ablate-tui again"):
        demo_database(shipped=tmp_path / "nothing.parquet")


@pytest.mark.skipif(not SHIPPED.exists(), reason="the shipped sweep is not made yet")
def test_the_shipped_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABLATE_TUI_DATA", str(tmp_path))
    store = open_store(str(demo_database()))
    assert store.table == "runs"
    assert store.runs == pl.read_parquet(SHIPPED).height

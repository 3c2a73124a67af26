"""Queries kept between sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablate_tui.data.errors import SourceError
from ablate_tui.data.query_history import LONGEST, MOST, keep_query, kept_queries
from ablate_tui.data.state import state_folder


def test_kept_by_source_each_once_the_newest_last() -> None:
    assert kept_queries("a.duckdb", "runs") == ()
    for sql in ("SELECT 1", "SELECT '你\n好'", "SELECT 1"):
        keep_query("a.duckdb", "runs", sql)
    assert kept_queries("a.duckdb", "runs") == ("SELECT '你\n好'", "SELECT 1")
    assert kept_queries("a.duckdb", "other") == ()


def test_bounded() -> None:
    for at in range(MOST + 5):
        keep_query("a.duckdb", "runs", f"SELECT {at}")
    keep_query("a.duckdb", "runs", "x" * (LONGEST + 1))
    assert kept_queries("a.duckdb", "runs") == tuple(f"SELECT {at}" for at in range(5, MOST + 5))


@pytest.mark.parametrize("content", ["", "[]", '{"queries": 3}', '{"queries": [1]}', '{"queries": {"a": "b"}}'])
def test_a_broken_file_is_put_aside(content: str) -> None:
    keep_query("a.duckdb", "runs", "SELECT 1")
    (file,) = (state_folder() / "queries").iterdir()
    file.write_text(content)
    assert kept_queries("a.duckdb", "runs") == ()
    keep_query("a.duckdb", "runs", "SELECT 2")
    assert kept_queries("a.duckdb", "runs") == ("SELECT 2",)


def test_a_folder_that_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ABLATE_TUI_STATE", str(tmp_path / "file"))
    with pytest.raises(SourceError, match="ABLATE_TUI_STATE"):
        keep_query("a.duckdb", "runs", "SELECT 1")

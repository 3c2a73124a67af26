"""Choices kept between sessions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ablate_tui.data.choices import keep, kept
from ablate_tui.data.errors import SourceError
from ablate_tui.data.schema import Choices
from ablate_tui.data.state import state_folder

ALL = Choices("runs", {"a": "factor"}, {"b": "none"}, "list_min(h)", "max", "loss > 3")


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABLATE_TUI_STATE", str(tmp_path / "state"))


def files() -> list[Path]:
    return sorted((state_folder() / "choices").iterdir())


def test_kept_by_absolute_path_and_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept("r.duckdb", "runs") == Choices()
    monkeypatch.chdir(tmp_path)
    keep("r.duckdb", "runs", ALL)
    keep("r.duckdb", "other", Choices(goal="min"))
    assert kept(str(tmp_path / "r.duckdb"), "runs") == ALL
    assert kept("./r.duckdb", "other") == Choices(goal="min")
    assert kept("q.duckdb", "runs") == Choices()
    keep("r.duckdb", "runs", Choices())
    assert kept("r.duckdb", "runs") == Choices()
    assert len(files()) == 2


@pytest.mark.parametrize("source", ["postgresql://host/sweeps", "md:sweeps", "s3://bucket/runs.parquet"])
def test_an_address_is_the_same_from_every_folder(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(source, "runs", ALL)
    monkeypatch.chdir(tmp_path)
    assert kept(source, "runs") == ALL
    assert json.loads(files()[0].read_text())["path"] == source


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"choices": 3}',
        '{"choices": {"colour": "red"}}',
        '{"choices": {"roles": {"a": "boss"}}}',
        '{"choices": {"roles": [1]}}',
        '{"choices": {"on": {"a": 1}}}',
        '{"choices": {"goal": "more"}}',
        "\xff",
    ],
)
def test_a_broken_file_is_put_aside(content: str) -> None:
    keep("r.duckdb", "runs", ALL)
    (file,) = files()
    file.write_bytes(content.encode("latin-1"))
    assert kept("r.duckdb", "runs") == Choices()
    assert [path.suffix for path in files()] == [".broken"]
    keep("r.duckdb", "runs", ALL)
    assert kept("r.duckdb", "runs") == ALL


def test_the_file_says_whose_it_is() -> None:
    keep("/some/损失.duckdb", "runs", ALL)
    assert json.loads(files()[0].read_text())["path"] == "/some/损失.duckdb"


def test_a_folder_that_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ABLATE_TUI_STATE", str(tmp_path / "file"))
    assert kept("r.duckdb", "runs") == Choices()
    with pytest.raises(SourceError, match="ABLATE_TUI_STATE"):
        keep("r.duckdb", "runs", ALL)

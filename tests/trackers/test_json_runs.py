"""Runs as JSON files: every shape that is promised, value for value, and files that are not runs."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.trackers.json_runs import open_json
from ablate_tui.data.trackers.tracked import Skipped, TrackedRun


def read(folder: Path) -> tuple[dict[str, TrackedRun], list[Skipped]]:
    found = list(open_json(str(folder)).runs(lambda done, total, words: None))
    runs = [item for item in found if isinstance(item, TrackedRun)]
    assert len({run.id for run in runs}) == len(runs)
    return {run.id: run for run in runs}, [item for item in found if isinstance(item, Skipped)]


def dump(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    return path


def test_an_object_with_config_says_what_is_what(tmp_path: Path) -> None:
    config = {"lr": 0.1 + 0.2, "model": {"norm": None, "act": "none"}, "betas": [0.9, 0.999], "tie": True, "n": 3}
    dump(
        tmp_path / "a.json",
        {
            "id": "r1",
            "name": "first",
            "seed": 7,
            "status": "finished",
            "config": config,
            "metrics": {"loss": float("nan"), "val": {"acc": 5e-324}, "best": "epoch 3", "none": None},
            "summary": {"worst": float("-inf")},
            "curves": {
                "loss": [3, 2.5, float("nan")],
                "acc": {"steps": [20, 10], "values": [0.2, 0.1]},
                "pairs": [[5, 1.0], [1, 2.0], [5, 3.0]],
                "one": [1.5],
            },
        },
    )
    runs, skipped = read(tmp_path)
    run = runs["r1"]
    assert not skipped
    assert run.config == {**config, "seed": 7}
    assert run.status == "finished"
    assert run.facts == {"name": "first", "best": "epoch 3"}
    assert math.isnan(run.metrics["loss"])
    assert {name: value for name, value in run.metrics.items() if name != "loss"} == {
        "val.acc": 5e-324,
        "none": None,
        "worst": -math.inf,
        "acc": 0.2,
        "pairs": 3.0,
        "one": 1.5,
    }
    assert run.curves["acc"] == ([10.0, 20.0], [0.1, 0.2])
    assert run.curves["pairs"] == ([1.0, 5.0], [2.0, 3.0])
    assert run.curves["loss"][1][:2] == [3.0, 2.5]
    assert math.isnan(run.curves["loss"][1][2])
    assert set(run.curves) == {"acc", "pairs", "loss"}


def test_a_history_and_results_beside_the_config(tmp_path: Path) -> None:
    dump(
        tmp_path / "deep" / "er" / "b.json",
        {
            "config": {"seed": 1},
            "seed": 2,
            "history": [
                {"epoch": 1, "loss": 2.0, "phase": "train"},
                {"epoch": 2, "loss": 1.0, "val": {"loss": 1.5}},
                {"epoch": 2, "loss": 0.5},
                {"test_loss": 0.75},
            ],
            "minutes": 3,
            "host": "node1",
        },
    )
    runs, _ = read(tmp_path)
    run = runs[os.path.join("deep", "er", "b.json")]
    assert run.config == {"seed": 1}
    assert run.metrics == {"loss": 0.5, "val.loss": 1.5, "test_loss": 0.75, "minutes": 3.0}
    assert run.curves == {"loss": ([1.0, 2.0], [2.0, 0.5])}
    assert run.facts == {"host": "node1"}


def test_a_flat_object_is_all_config(tmp_path: Path) -> None:
    flat = {"norm": "none", "bias": "", "gate": None, "seed": 0, "loss": 1e-300, "losses": [1, math.inf]}
    dump(tmp_path / "c.json", {**flat, "id": 12, "status": "failed"})
    dump(tmp_path / "d.json", {**flat, "norm": 3, "config": "base.yaml", "status": "lr too high", "id": 0.5})
    runs, skipped = read(tmp_path)
    assert not skipped
    assert (runs["12"].config, runs["12"].metrics, runs["12"].status) == (flat, {}, "crashed")
    assert runs["d.json"].config == {**flat, "norm": 3, "config": "base.yaml", "id": 0.5}
    assert runs["d.json"].status == "finished"


@pytest.mark.parametrize(
    ("said", "status"),
    [("Success", "finished"), ("KILLED", "crashed"), ("pruned", "pruned"), ("?", "finished"), ("running", None)],
)
def test_status(tmp_path: Path, said: str, status: str | None) -> None:
    dump(tmp_path / "a.json", {"config": {}, "metrics": {"loss": 1}, "status": said, "id": "r"})
    runs, skipped = read(tmp_path)
    if status is None:
        assert skipped == [Skipped("a.json", "still running", "r")]
    else:
        assert runs["r"].status == status


def test_of_two_files_with_one_id_the_later_one_wins(tmp_path: Path) -> None:
    old = dump(tmp_path / "z.json", {"id": "r", "config": {}, "loss": 1})
    dump(tmp_path / "a.json", {"id": "r", "config": {}, "loss": 2})
    os.utime(old, (1, 1))
    runs, (skipped,) = read(tmp_path)
    assert runs["r"].metrics == {"loss": 2.0}
    assert skipped.what == "z.json"
    assert '"a.json"' in skipped.why
    assert skipped.id is None


def test_files_that_are_no_runs_are_told_and_the_rest_comes_in(tmp_path: Path) -> None:
    dump(tmp_path / "good.json", {"config": {}, "loss": 1})
    whole = json.dumps({"config": {"lr": 0.1}, "metrics": {"loss": 2}})
    (tmp_path / "half.json").write_text(whole[:30])
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "bytes.json").write_bytes(b'{"a": "\xff"}')
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "huge.json").write_text('{"config": {}, "loss": 1' + "0" * 400 + "}")
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("{}")
    dump(tmp_path / ".git" / "x.json", {"config": {}})
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    runs, skipped = read(tmp_path)
    assert set(runs) == {"good.json"}
    assert {item.what: item.why.partition(":")[0] for item in skipped} == {
        "half.json": "half-written, or not JSON",
        "empty.json": "half-written, or not JSON",
        "list.json": "not a JSON object",
        "bytes.json": "not UTF-8 text",
        "deep.json": "nested too deeply",
        "huge.json": "int too large to convert to float",
        "gone.json": "No such file or directory",
    }
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_no_folder_a_file_and_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="json:FOLDER"):
        open_json("")
    with pytest.raises(SourceError, match="there is no folder"):
        open_json(str(tmp_path / "nowhere"))
    with pytest.raises(SourceError, match="is a file"):
        open_json(str(dump(tmp_path / "x" / "a.json", {})))
    (tmp_path / "e").mkdir()
    runs, (skipped,) = read(tmp_path / "e")
    assert not runs
    assert "no JSON file" in skipped.why

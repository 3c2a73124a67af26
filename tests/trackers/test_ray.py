"""Trials that a real Ray Tune run left in its experiment's folder."""

from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.trackers.ray import open_ray
from ablate_tui.data.trackers.tracked import Skipped, TrackedRun

pytest.importorskip("ray.tune")

FIXED = {"none": None, "text": "none", "sizes": [1, 2.5], "flag": True}


def train(config: dict[str, Any]) -> None:
    from ray import tune

    if config["lr"] == 0.3 and config["model"]["norm"] == "layer":
        raise ValueError("before the first report")
    for i in range(3):
        if config["model"]["norm"] == "none" and i == 2:
            raise ValueError("boom")
        report = {
            "loss": config["lr"] / (i + 1),
            "val": {"acc": 0.1 * i},
            "text": "x",
            "bad": [math.nan, math.inf][i % 2],
        }
        tune.report(report if i else {**report, "only_first": 7})


def forever(config: dict[str, Any]) -> None:
    from ray import tune

    for i in range(1000):
        tune.report({"loss": i})


@pytest.fixture(scope="session")
def experiments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two experiments: trials that end, crash on the way or at once, and one that Ray stops at its second report."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AIR_NEW_OUTPUT": "0"}
    import ray
    from ray import tune

    folder = tmp_path_factory.mktemp("ray") / "experiments"
    space = {"lr": tune.grid_search([0.1, 0.3]), "model": {"norm": tune.grid_search(["none", "rms", "layer"])}, **FIXED}
    all_ = tune.RunConfig(name="all", storage_path=str(folder), verbose=0)
    stopped = tune.RunConfig(name="stopped", storage_path=str(folder), verbose=0, stop={"training_iteration": 2})
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    try:
        tune.Tuner(train, param_space=space, run_config=all_).fit()
        tune.Tuner(forever, param_space={"lr": 0.5}, run_config=stopped).fit()
    finally:
        ray.shutdown()
    return folder


@pytest.fixture
def copy(experiments: Path, tmp_path: Path) -> Path:
    """The first experiment, to be damaged."""
    return shutil.copytree(experiments / "all", tmp_path / "all")


def read(folder: Path) -> tuple[dict[str, TrackedRun], list[Skipped]]:
    found = list(open_ray(str(folder)).runs(lambda done, total, words: None))
    runs = [item for item in found if isinstance(item, TrackedRun)]
    assert len({run.id for run in runs}) == len(runs)
    return {run.id: run for run in runs}, [item for item in found if isinstance(item, Skipped)]


def trial_folder(experiment: Path, lr: float, norm: str) -> Path:
    (found,) = (path.parent for path in experiment.glob("*/params.json") if has(path, lr, norm))
    return found


def has(params: Path, lr: float, norm: str) -> bool:
    config = json.loads(params.read_text())
    return (config["lr"], config["model"]["norm"]) == (lr, norm)


def test_every_trial(experiments: Path) -> None:
    before = {path: path.read_bytes() for path in experiments.rglob("*") if path.is_file()}
    runs, skipped = read(experiments)
    assert {path: path.read_bytes() for path in experiments.rglob("*") if path.is_file()} == before
    assert not skipped
    by_settings = {(run.config["lr"], run.config.get("model", {}).get("norm")): run for run in runs.values()}
    assert len(by_settings) == len(runs) == 7

    stopped = by_settings.pop((0.5, None))
    assert stopped.curves["loss"] == ([1.0, 2.0], [0.0, 1.0])
    assert (stopped.status, stopped.facts["experiment"]) == ("finished", "stopped")

    for (lr, norm), run in by_settings.items():
        folder = trial_folder(experiments / "all", lr, norm)
        assert run.id in folder.name
        assert run.config == {"lr": lr, "model": {"norm": norm}, **FIXED}
        assert run.facts["experiment"] == "all"
        assert run.facts["started"].tzinfo is not None
        if (lr, norm) == (0.3, "layer"):
            assert (run.status, run.metrics, run.curves) == ("crashed", {}, {})
            continue
        ends = 2 if norm == "none" else 3
        assert run.status == ("crashed" if norm == "none" else "finished")
        assert run.facts["training_iteration"] == ends
        assert set(run.metrics) == {"loss", "val.acc", "bad", "only_first", "time_total_s"}
        lines = [json.loads(line) for line in (folder / "result.json").read_text().splitlines()]
        steps = [1.0, 2.0, 3.0][:ends]
        assert run.curves["loss"] == (steps, [lr / step for step in steps])
        assert run.curves["val.acc"] == (steps, [0.1 * (step - 1) for step in steps])
        assert run.curves["time_total_s"] == (steps, [line["time_total_s"] for line in lines])
        assert [str(value) for value in run.curves["bad"][1]] == ["nan", "inf", "nan"][:ends]
        assert (run.metrics["loss"], run.metrics["only_first"]) == (lr / ends, 7.0)
        assert set(run.curves) == set(run.metrics) - {"only_first"}


def test_a_trial_by_its_state(copy: Path) -> None:
    """What the experiment says of a trial that reports no end: still running, or not yet begun."""
    (state,) = copy.glob("experiment_state-*.json")
    found = json.loads(state.read_text())
    names = {"PENDING": (0.1, "rms"), "RUNNING": (0.1, "layer"), "TERMINATED": (0.1, "none")}
    folders = {trial_folder(copy, *settings).name: status for status, settings in names.items()}
    for texts in found["trial_data"]:
        trial = json.loads(texts[0])
        texts[0] = json.dumps({**trial, "status": folders.get(trial["relative_logdir"], trial["status"])})
    state.write_text(json.dumps(found))
    (trial_folder(copy, 0.1, "rms") / "result.json").unlink()
    runs, skipped = read(copy)
    assert {(item.what, item.why) for item in skipped} == {
        (name, "still running, by its experiment's state") for name, status in folders.items() if status != "TERMINATED"
    }
    assert all(item.id and item.id in item.what for item in skipped)
    (retried,) = (run for run in runs.values() if (run.config["lr"], run.config["model"]["norm"]) == (0.1, "none"))
    assert retried.status == "finished"  # its error.txt is of an earlier try
    assert len(runs) == 4


def test_damaged_trials_are_told_and_the_rest_comes_in(copy: Path) -> None:
    (state,) = copy.glob("experiment_state-*.json")
    state.write_text(json.dumps({"checkpoints": []}))  # as older versions wrote it
    cut, no_result, no_params = (trial_folder(copy, *it) for it in ((0.1, "rms"), (0.3, "rms"), (0.1, "layer")))
    whole = (cut / "result.json").read_text()
    (cut / "result.json").write_text(whole[:-20])
    (no_result / "result.json").write_text("")
    (no_params / "params.json").write_text('{"lr": 0.1')
    shutil.copytree(cut, copy / "zzz_again")
    runs, skipped = read(copy)
    told = {os.path.basename(item.what): item.why for item in skipped}
    assert told.pop("result.json") == "cut short: its last line is left out"
    assert told.pop(state.name).startswith("not an experiment state")
    assert "the same trial as" in told.pop("zzz_again")
    assert told == {
        no_result.name: "no result: result.json is empty or not there",
        no_params.name: "params.json: half-written, or not JSON: Expecting ',' delimiter in line 1",
    }
    statuses = {(run.config["lr"], run.config["model"]["norm"]): run.status for run in runs.values()}
    assert statuses == {
        (0.1, "none"): "crashed",
        (0.3, "none"): "crashed",
        (0.3, "layer"): "crashed",
        (0.1, "rms"): "finished",
    }
    assert next(run for run in runs.values() if run.config["model"]["norm"] == "rms").metrics["loss"] == 0.1 / 2


def test_no_folder_and_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ray:FOLDER"):
        open_ray("")
    with pytest.raises(SourceError, match="there is no folder"):
        open_ray(str(tmp_path / "nowhere"))
    runs, (skipped,) = read(tmp_path)
    assert not runs
    assert "no trial" in skipped.why

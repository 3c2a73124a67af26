"""Runs logged with tensorboardX's SummaryWriter and with TensorBoard's own writer."""

from __future__ import annotations

import datetime
import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.trackers.tensorboard import open_tensorboard
from ablate_tui.data.trackers.tracked import Skipped, TrackedRun

pytest.importorskip("tensorboard")
tensorboardX = pytest.importorskip("tensorboardX")

UNKNOWN, SUCCESS, FAILURE, RUNNING = range(4)


def read(folder: Path) -> tuple[dict[str, TrackedRun], list[Skipped]]:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found = list(open_tensorboard(str(folder)).runs(lambda done, total, words: None))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    runs = [item for item in found if isinstance(item, TrackedRun)]
    assert len({run.id for run in runs}) == len(runs)
    return {run.id: run for run in runs}, [item for item in found if isinstance(item, Skipped)]


def f32(value: float) -> float:
    """As an event file holds it."""
    return float(np.float32(value))


class Writer:
    """Events as Keras and others write them: scalars are tensors of the plugin "scalars"."""

    def __init__(self, folder: Path) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self.writer = EventFileWriter(str(folder), filename_suffix=f".{len(list(folder.glob('*')))}")

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()

    def summary(self, summary: Any, step: int = 0) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self.writer.add_event(Event(summary=summary, step=step, wall_time=1_700_000_000.5 + step))

    def scalar(self, tag: str, value: float, step: int) -> None:
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb

        self.summary(scalar_pb(tag, value), step)

    def begin(self, config: dict[str, Any]) -> None:
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb

        self.summary(hparams_pb(config, start_time_secs=1_600_000_000))

    def end(self, status: int) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.hparams.metadata import SESSION_END_INFO_TAG, create_summary_metadata
        from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo

        data = create_summary_metadata(HParamsPluginData(session_end_info=SessionEndInfo(status=status)))
        self.summary(Summary(value=[Summary.Value(tag=SESSION_END_INFO_TAG, metadata=data)]))

    def restart(self, step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog

        self.writer.add_event(Event(session_log=SessionLog(status=SessionLog.START), step=step, wall_time=2e9))


def test_a_sweep_of_add_hparams(tmp_path: Path) -> None:
    """Curves lie in the run's folder, settings and final values in a new one below, named by the time."""
    settings = list(itertools.product((0.1 + 0.2, 1e-5), ("none", "rms"), (True, False)))
    for number, (lr, norm, tie) in enumerate(settings):
        with tensorboardX.SummaryWriter(str(tmp_path / f"run{number}")) as writer:
            for step in (30, 10, 20):
                writer.add_scalar("loss", lr / step, step)
            writer.add_scalar("loss", lr, 20)
            writer.add_scalar("once", float("nan"), 5)
            writer.add_scalars("acc", {"train": 0.5, "val": 0.25}, 1)
            writer.add_text("note", "no scalar", 1)
            writer.add_hparams(
                {"lr": lr, "norm": norm, "tie": tie, "layers": 3, "empty": "", "null": None},
                {"hparam/acc": number, "loss": 7.0, "inf": float("-inf")},
            )
    runs, skipped = read(tmp_path)
    assert not skipped
    assert list(runs) == [f"run{number}" for number in range(8)]
    for number, (lr, norm, tie) in enumerate(settings):
        run = runs[f"run{number}"]
        assert run.config == {"lr": lr, "norm": norm, "tie": tie, "layers": 3.0, "empty": ""}
        assert type(run.config["tie"]) is bool
        assert run.curves == {"loss": ([10.0, 20.0, 30.0], [f32(lr / 10), f32(lr), f32(lr / 30)])}
        assert str(run.metrics.pop("once")) == "nan"
        assert run.metrics == {
            "loss": 7.0,
            "acc": float(number),
            "inf": -float("inf"),
            "acc/train/acc": 0.5,
            "acc/val/acc": 0.25,
        }
        assert run.status == "finished"


def test_many_sessions_below_one_writer_are_runs_of_their_own(tmp_path: Path) -> None:
    with tensorboardX.SummaryWriter(str(tmp_path)) as writer:
        for i in range(3):
            writer.add_hparams({"lr": 0.5**i}, {"hparam/loss": i, "loss": 9}, name=f"s{i}")
    runs, skipped = read(tmp_path)
    assert not skipped
    assert {id: (run.config, run.metrics) for id, run in runs.items()} == {
        f"s{i}": ({"lr": 0.5**i}, {"hparam/loss": float(i), "loss": 9.0}) for i in range(3)
    }


def test_curves_below_the_settings(tmp_path: Path) -> None:
    """As Keras writes them: settings in the run's folder, curves with equal tags in two below it."""
    for name, status in (("good", SUCCESS), ("bad", FAILURE), ("open", None), ("going", RUNNING)):
        with Writer(tmp_path / "logs" / name) as writer:
            writer.begin({"opt": "adam", "lr": 1e-3, "flag": False})
            if status is not None:
                writer.end(status)
        for part in ("train", "validation"):
            with Writer(tmp_path / "logs" / name / part) as writer:
                for step in range(3):
                    writer.scalar("epoch_loss", 1 / (step + 1) + (part == "train"), step)
    with Writer(tmp_path / "logs" / "empty") as writer:
        writer.begin({"opt": "sgd"})
    with Writer(tmp_path / "logs" / "failed") as writer:
        writer.begin({"opt": "sgd"})
        writer.end(FAILURE)
    with Writer(tmp_path / "plain") as writer:
        writer.scalar("loss", 2.5, 1)
    runs, skipped = read(tmp_path)
    assert set(skipped) == {
        Skipped("logs/going", "still running", "logs/going"),
        Skipped("logs/empty", "no scalar was logged", "logs/empty"),
    }
    assert set(runs) == {"logs/good", "logs/bad", "logs/open", "logs/failed", "plain"}
    for name, status in (("good", "finished"), ("bad", "crashed"), ("open", "finished")):
        run = runs[f"logs/{name}"]
        assert run.status == status
        assert run.config == {"opt": "adam", "lr": 1e-3, "flag": False}
        assert run.curves == {
            "train/epoch_loss": ([0.0, 1.0, 2.0], [2.0, 1.5, f32(1 / 3 + 1)]),
            "validation/epoch_loss": ([0.0, 1.0, 2.0], [1.0, 0.5, f32(1 / 3)]),
        }
        assert run.metrics == {"train/epoch_loss": f32(1 / 3 + 1), "validation/epoch_loss": f32(1 / 3)}
        assert run.facts == {"started": datetime.datetime.fromtimestamp(1_600_000_000, datetime.UTC)}
    assert (runs["logs/failed"].status, runs["logs/failed"].metrics) == ("crashed", {})
    assert (runs["plain"].config, runs["plain"].metrics) == ({}, {"loss": 2.5})


def test_a_restart_makes_later_steps_void(tmp_path: Path) -> None:
    """In a second event file of the folder, the first scalar of which has no plugin's name again."""
    with Writer(tmp_path / "r") as writer:
        writer.restart(0)
        for step in range(5):
            writer.scalar("loss", step, step)
    with Writer(tmp_path / "r") as writer:
        writer.restart(2)
        writer.scalar("loss", 7.5, 2)
    assert len(list((tmp_path / "r").iterdir())) == 2
    runs, _ = read(tmp_path)
    assert runs["r"].curves == {"loss": ([0.0, 1.0, 2.0], [0.0, 1.0, 7.5])}


def test_damaged_files_are_told_and_the_rest_comes_in(tmp_path: Path) -> None:
    for name in ("cut", "flipped", "good", "nothing", "garbage"):
        with Writer(tmp_path / name) as writer:
            for step in range(3):
                writer.scalar("loss", step, step)
    files = {path.parent.name: path for path in tmp_path.rglob("*tfevents*")}
    files["cut"].write_bytes(files["cut"].read_bytes()[:-3])
    content = bytearray(files["flipped"].read_bytes())
    content[-10] ^= 1
    files["flipped"].write_bytes(content)
    files["nothing"].write_bytes(b"")
    files["garbage"].write_bytes(b"\xff" * 1000)
    with Writer(tmp_path / "newer") as writer:
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

        summary = Summary()
        value = summary.value.add(tag="_hparams_/session_start_info")
        value.metadata.plugin_data.plugin_name = "hparams"
        value.metadata.plugin_data.content = HParamsPluginData(version=5).SerializeToString()
        writer.summary(summary)
    runs, skipped = read(tmp_path)
    assert {name: run.curves["loss"][1] for name, run in runs.items()} == {
        "cut": [0.0, 1.0],
        "flipped": [0.0, 1.0],
        "good": [0.0, 1.0, 2.0],
    }
    told = {Path(item.what).parent.name: item for item in skipped}
    assert {name: (item.why, item.id) for name, item in told.items()} == {
        "cut": ("cut short: its last record is left out", None),
        "flipped": ("damaged: what comes after its record 3 is left out", None),
        "garbage": ("cut short: its last record is left out", None),
        "newer": ("can't be read: its settings are of version 5, known is 0", "newer"),
    }


def test_no_folder_an_empty_one_and_no_tensorboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="tensorboard:FOLDER"):
        open_tensorboard("")
    with pytest.raises(SourceError, match="there is no folder"):
        open_tensorboard(str(tmp_path / "nowhere"))
    runs, (skipped,) = read(tmp_path)
    assert not runs
    assert "no event file" in skipped.why
    monkeypatch.setitem(sys.modules, "tensorboard.plugins.hparams.metadata", None)
    with pytest.raises(SourceError, match=r'pip install "ablate-tui\[tensorboard\]"'):
        open_tensorboard(str(tmp_path))

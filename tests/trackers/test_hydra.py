"""Runs that a real Hydra app left in a multirun folder."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.trackers.hydra import open_hydra
from ablate_tui.data.trackers.tracked import Skipped, TrackedRun

pytest.importorskip("hydra")

CONFIG = """\
lr: 1e-3
width: 64
norm: none
depth: null
inner: ${oc.env:HOME}
again: ${inner}
double: ${mul:${width}}
half: ${model.width}
hydra_dir: ${hydra:runtime.output_dir}
must: ???
also: ${must}
betas: [0.9, "${width}"]
1: one
model:
  width: ${width}
  act: "null"
  name: m-${width}
  tied: yes
"""

# Each job writes the files that its configuration asks for.
APP = """\
import json
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig


@hydra.main(version_base=None, config_path=".", config_name="config")
def main(cfg):
    out = Path(HydraConfig.get().runtime.output_dir)
    if cfg.norm == "none":
        (out / "metrics.json").write_text(json.dumps(
            {"loss": cfg.lr, "val": {"acc": float("nan")}, "config": {"lr": 9}, "host": "n1", "left": None}))
    elif cfg.norm == "rms":
        rows = [{"step": 10 * i, "loss": cfg.lr / i, "acc": i if i == 2 else None} for i in (1, 2, 3)]
        (out / "metrics.jsonl").write_text("".join(json.dumps(row) + "\\n" for row in rows))
        (out / "summary.json").write_text(json.dumps({"acc": 0.5, "status": "failed"}))
    elif cfg.norm == "layer":
        (out / "metrics.csv").write_text("epoch,loss,acc,phase\\n1,0.5,,a\\n2,nan,0.25,b\\n2,0.1,,c\\n")


main()
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app's folder after two sweeps: `multirun/<day>/<time>/<job>`."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "app.py").write_text(APP)
    for sweep, norms in (("first", "none,rms,layer"), ("second", "no_metrics")):
        made = subprocess.run(
            [sys.executable, "app.py", "-m", f"norm={norms}", "lr=0.1,2e-5", f"hydra.sweep.dir=multirun/{sweep}"],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stderr
    return folder


def read(folder: Path) -> tuple[dict[str, TrackedRun], list[Skipped]]:
    found = list(open_hydra(str(folder)).runs(lambda done, total, words: None))
    return (
        {item.id: item for item in found if isinstance(item, TrackedRun)},
        [item for item in found if isinstance(item, Skipped)],
    )


def test_every_run_of_a_sweep(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/secret")
    before = {path: path.read_bytes() for path in app.rglob("*") if path.is_file()}
    runs, skipped = read(app / "multirun")
    assert {path: path.read_bytes() for path in app.rglob("*") if path.is_file()} == before
    assert set(runs) == {f"first/{number}" for number in range(6)}
    assert [(item.what, item.id) for item in skipped] == [("second/0", "second/0"), ("second/1", "second/1")]
    assert "no metrics file; looked for metrics.json" in skipped[0].why
    for number, run in enumerate(runs[f"first/{n}"] for n in range(6)):
        norm, lr = ("none", "rms", "layer")[number // 2], (0.1, 2e-5)[number % 2]
        assert run.config == {
            "lr": lr,
            "width": 64,
            "norm": norm,
            "depth": None,
            "inner": "${oc.env:HOME}",
            "again": "${inner}",
            "double": "${mul:${width}}",
            "half": 64,
            "hydra_dir": "${hydra:runtime.output_dir}",
            "betas": [0.9, 64],
            "1": "one",
            "model": {"width": 64, "act": "null", "name": "m-64", "tied": True},
        }
        if norm == "none":
            assert math.isnan(run.metrics["val.acc"])
            assert {**run.metrics, "val.acc": 0} == {"loss": lr, "val.acc": 0, "left": None}
            assert (run.curves, run.facts, run.status) == ({}, {"host": "n1"}, "finished")
        elif norm == "rms":
            assert run.metrics == {"loss": lr / 3, "acc": 0.5}
            assert run.curves == {"loss": ([10.0, 20.0, 30.0], [lr, lr / 2, lr / 3])}
            assert (run.facts, run.status) == ({}, "crashed")
        else:
            assert run.metrics == {"loss": 0.1, "acc": 0.25}
            assert run.curves == {"loss": ([1.0, 2.0], [0.5, 0.1])}


def test_the_environment_is_there_again_after_reading(app: Path) -> None:
    from omegaconf import OmegaConf

    read(app / "multirun")
    assert OmegaConf.has_resolver("oc.env")


def test_one_run_alone_is_named_by_its_folder(app: Path) -> None:
    runs, skipped = read(app / "multirun" / "first" / "2")
    assert list(runs) == ["2"]
    assert not skipped


def test_damaged_runs_are_told_and_the_rest_comes_in(tmp_path: Path) -> None:
    def run(name: str, config: str, **files: str) -> None:
        (tmp_path / name / ".hydra").mkdir(parents=True)
        (tmp_path / name / ".hydra" / "config.yaml").write_text(config)
        for file, text in files.items():
            (tmp_path / name / file.replace("_", ".")).write_text(text)

    run("a", "lr: 1", metrics_json=json.dumps({"loss": 1.5}))
    run("bad_yaml", "lr: [1", metrics_json="{}")
    run("a_list", "[1, 2]", metrics_json="{}")
    run("half", "lr: 1", metrics_json='{"loss": 1')
    run("going", "lr: 1", metrics_json='{"status": "running"}')
    run("cut", "lr: 1", metrics_jsonl='{"step": 1, "loss": 2}\n{"step": 2, "loss": 1}\n{"step": 3, "lo')
    run("torn", "", metrics_csv="step,loss\n1,2\n2,1\n3")
    run("open", "lr: 1", metrics_csv="step,loss\n1,2\n2,1\n3,0.5")
    run("odd", "lr: 1", metrics_jsonl='{"loss": 2}\n\n?\n{"loss": 1}\n')
    runs, skipped = read(tmp_path)
    assert {name: run.metrics for name, run in runs.items()} == {
        "a": {"loss": 1.5},
        "cut": {"loss": 1.0},
        "torn": {"loss": 1.0},
        "open": {"loss": 0.5},
        "odd": {"loss": 1.0},
    }
    assert runs["torn"].config == {}
    assert runs["odd"].curves == {"loss": ([0.0, 1.0], [2.0, 1.0])}
    told = {item.what: item.why for item in skipped}
    assert told.pop("bad_yaml").startswith(".hydra/config.yaml: ")
    assert told == {
        "a_list": ".hydra/config.yaml: no mapping of settings",
        "half": "metrics.json: half-written, or not JSON: Expecting ',' delimiter in line 1",
        "going": "still running",
        "cut/metrics.jsonl": "cut short: its last line is left out",
        "torn/metrics.csv": "cut short: its last line is left out",
        "open/metrics.csv": "its last line has no end: the last number there may be cut short",
        "odd/metrics.jsonl": "1 of its lines are no JSON objects and are left out, the first is line 3",
    }


def test_no_folder_and_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="hydra:FOLDER"):
        open_hydra("")
    with pytest.raises(SourceError, match="there is no folder"):
        open_hydra(str(tmp_path / "nowhere"))
    runs, (skipped,) = read(tmp_path)
    assert not runs
    assert "no .hydra/config.yaml" in skipped.why
    monkeypatch.setitem(sys.modules, "omegaconf", None)
    with pytest.raises(SourceError, match=r'pip install "ablate-tui\[hydra\]"'):
        open_hydra(str(tmp_path))

"""The command a person types, on stores that the trackers themselves made: from a tracker to a verdict."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = str(Path(sys.executable).with_name("ablate-tui"))
mlflow = pytest.importorskip("mlflow")
optuna = pytest.importorskip("optuna")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    return done


def test_two_trackers_into_one_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng = random.Random(0)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_experiment("norms")
    for norm in ("rms", "none"):
        for gate in (True, False):
            for seed in range(3):
                with mlflow.start_run():
                    mlflow.log_params({"norm": norm, "gate": gate, "seed": seed, "lr": 1e-3})
                    for step in (10, 20):
                        mlflow.log_metric("val_loss", 3 - 0.5 * gate - step / 40 + rng.random() / 50, step=step)
    storage = f"sqlite:///{tmp_path}/study.db"
    study = optuna.create_study(storage=storage, study_name="search", direction="maximize")

    def objective(trial: optuna.Trial) -> float:
        if trial.suggest_categorical("opt", ["sgd", "adam"]) == "sgd":
            trial.suggest_categorical("momentum", [0.0, 0.9])
        return rng.random()

    study.optimize(objective, n_trials=5)
    done = run("import", "mlflow:mlflow.db", "optuna:study.db", "--into", "runs.duckdb")
    assert done.returncode == 0
    assert "12 runs (new)" in done.stderr
    assert "5 runs (new)" in done.stderr
    assert "runs.duckdb holds 17 runs" in done.stderr
    assert "17 runs" in run("import", "mlflow:mlflow.db", "optuna:study.db", "--into", "runs.duckdb").stderr

    alone = run("import", "mlflow:mlflow.db", "--into", "alone.duckdb")
    assert "so kept but set aside: lr" in alone.stderr
    found = json.loads(run("show", "alone.duckdb", "--view", "effects", "--json").stdout)
    assert found["response"] == "val_loss"
    verdicts = {row["switch"]: row["verdict"] for row in found["rows"]}
    assert verdicts == {"norm": "neither", "gate": "shift"}
    curves = json.loads(run("show", "alone.duckdb", "--view", "curves", "--contrast", "gate", "--json").stdout)
    assert [(row["level"], row["step"], row["n"]) for row in curves["rows"]] == [
        (level, step, 6) for level in ("false", "true") for step in (10, 20)
    ]

    searched = run("import", "optuna:study.db", "--into", "search.duckdb")
    assert searched.returncode == 0
    found = json.loads(run("show", "search.duckdb", "--view", "compare", "--json").stdout)
    assert (found["response"], found["goal"]) == ("value", "max")

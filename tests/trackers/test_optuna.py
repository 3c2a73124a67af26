"""Optuna's trials, value for value, from storages that Optuna itself wrote."""

from __future__ import annotations

import datetime
import math
import shutil
import sqlite3
import struct
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("optuna")

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState, create_trial

from ablate_tui.data.errors import SourceError
from ablate_tui.data.trackers.optuna import open_optuna
from ablate_tui.data.trackers.tracked import Skipped, TrackedRun

optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new storage in SQLite; made once, since that takes Optuna a second."""
    path = tmp_path_factory.mktemp("optuna") / "study.db"
    RDBStorage(f"sqlite:///{path}").engine.dispose()
    return path


@pytest.fixture(params=["study.db", "journal.log"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An empty storage of each kind, in a folder whose name needs quoting."""
    path = tmp_path / "a b" / "50% #1 {x}" / str(request.param)
    path.parent.mkdir(parents=True)
    if path.name == "study.db":
        shutil.copy(request.getfixturevalue("empty_database"), path)
    else:
        path.touch()
    return path


def storage(store: Path) -> BaseStorage:
    if store.name == "study.db":
        # the braces are Optuna's own template marks
        return RDBStorage(f"sqlite:///{store}".replace("{", "{{").replace("}", "}}"))
    return JournalStorage(JournalFileBackend(str(store)))


def read(where: Path | str) -> tuple[dict[str, TrackedRun], list[Skipped]]:
    found = list(open_optuna(str(where)).runs(lambda done, total, what: None))
    runs = [run for run in found if isinstance(run, TrackedRun)]
    assert len({run.id for run in runs}) == len(runs)
    return {run.id: run for run in runs}, [left for left in found if isinstance(left, Skipped)]


def bits(values: list[Any]) -> list[bytes]:
    return [struct.pack("<d", value) for value in values]


def content(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def objective(trial: optuna.Trial) -> float:
    """A conditional space; every fourth trial is pruned, the sixth raises."""
    optimizer = trial.suggest_categorical("optimizer", ["sgd", "None", None, True, 3, 0.5])
    rate = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    layers = trial.suggest_int("layers", 1, 4)
    if optimizer == "sgd":
        trial.suggest_float("momentum", 0, 1)
    trial.set_user_attr("params", 2**60 + 1)
    trial.set_user_attr("acc", 0.1 + 0.2)
    trial.set_user_attr("odd", math.nan)
    trial.set_user_attr("host", "none")
    trial.set_user_attr("amp", True)
    trial.set_user_attr("shape", [1, "é"])
    trial.set_user_attr("value", 7)
    trial.set_user_attr("study", "mine")
    trial.set_user_attr("nothing", None)
    for step, value in [(10, rate), (2, math.inf), (3, math.nan)]:
        trial.report(value, step)
    if trial.number % 4 == 3:
        raise optuna.TrialPruned
    if trial.number == 5:
        raise ArithmeticError
    return rate * layers


def test_every_trial_comes_in_and_the_storage_stays_as_it_is(store: Path) -> None:
    study = optuna.create_study(
        study_name="norms/é", storage=storage(store), sampler=optuna.samplers.RandomSampler(seed=1)
    )
    for choice in ("sgd", "None", None, True, 3, 0.5):
        study.enqueue_trial({"optimizer": choice})
    study.optimize(objective, n_trials=8, catch=ArithmeticError)
    study.ask()
    study.enqueue_trial({"lr": 0.1})
    before = content(store.parent)
    runs, left = read(store)
    assert content(store.parent) == before
    assert open_optuna(str(store)).name == f"optuna:{store}"

    assert [(skipped.why, skipped.id) for skipped in left] == [
        ("still running", "norms/é/8"),
        ("still running", "norms/é/9"),
    ]
    assert list(runs) == [f"norms/é/{number}" for number in range(8)]
    states = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "crashed"}
    for trial in study.trials[:8]:
        run = runs[f"norms/é/{trial.number}"]
        assert run.status == states[trial.state.name]
        assert run.config == trial.params
        assert [type(value) for value in run.config.values()] == [type(value) for value in trial.params.values()]
        assert ("momentum" in run.config) == (run.config["optimizer"] == "sgd")
        metrics = dict(run.metrics)
        assert ("value" in metrics) == (run.status == "finished")
        if run.status == "finished":
            assert bits([metrics.pop("value")]) == bits([trial.params["lr"] * trial.params["layers"]])
        assert math.isnan(metrics.pop("odd"))
        assert metrics == {"params": 2**60 + 1, "acc": 0.1 + 0.2, "user_attrs_value": 7}
        steps, values = run.curves["value"]
        assert run.curves.keys() == {"value"}
        assert steps == [2.0, 3.0, 10.0]
        assert bits(values) == bits([math.inf, math.nan, trial.params["lr"]])
        facts = dict(run.facts)
        started = facts.pop("started")
        assert trial.datetime_start is not None
        assert trial.duration is not None
        assert started == trial.datetime_start.astimezone()
        assert isinstance(started, datetime.datetime)
        assert started.tzinfo == datetime.UTC
        assert facts == {
            "study": "norms/é",
            "duration_s": trial.duration.total_seconds(),
            "host": "none",
            "amp": "true",
            "shape": '[1, "é"]',
            "user_attrs_study": "mine",
            "nothing": None,
        }
    assert [run.status for run in runs.values()].count("pruned") == 2
    assert runs["norms/é/5"].status == "crashed"
    assert [runs[f"norms/é/{number}"].config["optimizer"] for number in range(6)] == ["sgd", "None", None, True, 3, 0.5]


def test_several_studies_and_objectives(store: Path) -> None:
    to = storage(store)
    choice = {"norm": CategoricalDistribution(["rms", None])}
    two = optuna.create_study(study_name="two", storage=to, directions=["minimize", "maximize"])
    two.add_trial(
        create_trial(
            params={"norm": None}, distributions=choice, values=[math.inf, 5e-324], intermediate_values={1: 0.5}
        )
    )
    named = optuna.create_study(study_name="named", storage=to, directions=["minimize", "maximize"])
    named.set_metric_names(["loss", "acc"])
    named.add_trial(create_trial(values=[0.25, 0.5]))
    one = optuna.create_study(study_name="one", storage=to, direction="maximize")
    one.set_metric_names(["acc"])
    one.add_trial(create_trial(value=-math.inf, intermediate_values={4: 0.5}))
    optuna.create_study(study_name="without trials", storage=to)
    runs, left = read(store)
    assert left == []
    assert list(runs) == ["two/0", "named/0", "one/0"]
    assert runs["two/0"].config == {"norm": None}
    assert runs["two/0"].metrics == {"value_0": math.inf, "value_1": 5e-324}
    assert runs["two/0"].curves == {"intermediate": ([1.0], [0.5])}
    assert runs["named/0"].metrics == {"loss": 0.25, "acc": 0.5}
    assert runs["one/0"].metrics == {"acc": -math.inf}
    assert runs["one/0"].curves == {"acc": ([4.0], [0.5])}
    assert [run.facts["study"] for run in runs.values()] == ["two", "named", "one"]


def test_a_clock_that_was_set_back(store: Path) -> None:
    study = optuna.create_study(study_name="s", storage=storage(store))
    trial = create_trial(value=1.0)
    assert trial.datetime_start is not None
    trial.datetime_complete = trial.datetime_start - datetime.timedelta(hours=1)
    study.add_trial(trial)
    run = read(store)[0]["s/0"]
    assert run.metrics == {"value": 1.0}
    assert run.facts["duration_s"] is None


def test_an_empty_storage_has_no_runs(store: Path) -> None:
    assert read(store) == ({}, [])


@pytest.mark.parametrize("store", ["study.db"], indirect=True)
def test_the_same_database_by_its_url(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(store.parent)
    names = {open_optuna(where).name for where in (store.name, f"sqlite:///{store}", "sqlite+pysqlite:///study.db")}
    assert names == {f"optuna:{store}"}
    assert open_optuna("postgresql://me:secret@host/db").name == "optuna:postgresql://host/db"


@pytest.mark.parametrize("store", ["study.db"], indirect=True)
def test_a_database_of_another_version(store: Path) -> None:
    before = content(store.parent)
    for version in ("v2.4.0.a", "v99.0.0.a"):
        with sqlite3.connect(store) as other:
            other.execute("UPDATE alembic_version SET version_num = ?", (version,))
        before = content(store.parent)
        words = "storage upgrade" if version == "v2.4.0.a" else "updating optuna"
        with pytest.raises(SourceError, match=rf"{words}.*install the version of Optuna that wrote it"):
            read(store)
        assert content(store.parent) == before
    with sqlite3.connect(store) as other:
        other.execute("DROP TABLE alembic_version")
    before = content(store.parent)
    with pytest.raises(SourceError, match=r"older version of Optuna.*storage upgrade"):
        read(store)
    assert content(store.parent) == before


@pytest.mark.parametrize("store", ["study.db"], indirect=True)
def test_a_damaged_row_takes_only_its_trial(store: Path) -> None:
    study = optuna.create_study(study_name="s", storage=storage(store))
    space = {"lr": FloatDistribution(0, 1)}
    for number in range(4):
        study.add_trial(create_trial(params={"lr": 0.5}, distributions=space, value=float(number)))
    with sqlite3.connect(store) as damaged:
        damaged.execute("UPDATE trial_params SET distribution_json = '{' WHERE trial_id = 2")
        damaged.execute("DELETE FROM trial_values WHERE trial_id = 3")
    runs, left = read(store)
    assert list(runs) == ["s/0", "s/3"]
    assert [skipped.id for skipped in left] == ["s/1", "s/2"]


@pytest.mark.parametrize("store", ["journal.log"], indirect=True)
@pytest.mark.parametrize("rest", ["", "\n", '"x"\n{"op_code": 4}\n'])
def test_a_journal_up_to_its_damaged_line(store: Path, rest: str) -> None:
    study = optuna.create_study(study_name="s", storage=storage(store))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    lines = store.read_text().splitlines()
    last = lines.pop()  # the end of the second trial
    assert f'"state":{TrialState.COMPLETE.value}' in last
    store.write_text("\n".join(lines) + "\n" + last[:20] + rest)
    before = content(store.parent)
    runs, left = read(store)
    assert list(runs) == ["s/0"]
    assert runs["s/0"].metrics == {"value": runs["s/0"].config["x"]}
    assert [(skipped.what, skipped.id) for skipped in left] == [
        ("trial s/1", "s/1"),
        (f'"journal.log" from line {len(lines) + 1} on', None),
    ]
    assert content(store.parent) == before


def test_places_that_hold_no_studies(tmp_path: Path, empty_database: Path) -> None:
    for path in (tmp_path, tmp_path / "study.db"):
        with pytest.raises(SourceError, match="is no file"):
            open_optuna(str(path))
    assert not (tmp_path / "study.db").exists()
    (tmp_path / "runs.jsonl").write_text('{"loss": 1}\n')
    with pytest.raises(SourceError, match="no journal of Optuna"):
        read(tmp_path / "runs.jsonl")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE trials (a)").connection.close()
    with pytest.raises(SourceError, match="no storage of Optuna"):
        read(tmp_path / "other.db")
    (tmp_path / "cut.db").write_bytes(empty_database.read_bytes()[:5000])
    with pytest.raises(SourceError, match=r"cut\.db.*can't be read"):
        read(tmp_path / "cut.db")
    with pytest.raises(SourceError, match="can't be read by Optuna"):
        read("postgresql://[host/db")
    with pytest.raises(SourceError, match=r"\"redis://host\" can't be read by Optuna"):
        read("redis://me:secret@host")

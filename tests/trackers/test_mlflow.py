"""MLflow's runs, value for value, from stores that MLflow itself wrote."""

from __future__ import annotations

import datetime
import math
import shutil
import sqlite3
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("mlflow")

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from ablate_tui.data.errors import SourceError
from ablate_tui.data.trackers.mlflow import open_mlflow
from ablate_tui.data.trackers.tracked import Skipped, TrackedRun

START = 1_700_000_000_123
EXPERIMENT = "norms: é # null " + "long " * 20 + "end"  # longer than a line of YAML
TEXTS = {"norm": "None", "opt": "none", "empty": "", "lr": "1e-3", "deep/path.to": " é\n ", "flag": "True"}


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new tracking database; made once, since that takes MLflow seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture(params=["mlflow.db", "mlruns"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store of each kind, in a folder whose name needs quoting."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    path = tmp_path / "a b" / "50% #1" / str(request.param)
    path.parent.mkdir(parents=True)
    if path.name == "mlflow.db":
        shutil.copy(request.getfixturevalue("empty_database"), path)
    else:
        client(path).search_experiments()
    return path


def client(store: Path) -> MlflowClient:
    return MlflowClient(tracking_uri=f"sqlite:///{store}" if store.name == "mlflow.db" else str(store))


def read(where: Path | str) -> tuple[dict[str, TrackedRun], list[Skipped]]:
    found = list(open_mlflow(str(where)).runs(lambda done, total, what: None))
    runs = [run for run in found if isinstance(run, TrackedRun)]
    assert len({run.id for run in runs}) == len(runs)
    return {run.id: run for run in runs}, [left for left in found if isinstance(left, Skipped)]


def bits(values: list[float | None]) -> list[bytes]:
    return [struct.pack("<d", value) for value in values if value is not None]


def content(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def metric(name: str, value: float, step: int = 0, timestamp: int = START) -> Metric:
    return Metric(name, value, timestamp, step)


def log(to: MlflowClient, experiment: str) -> dict[str, str]:
    """Runs of every status; their ids by name."""
    ids = {}
    for name, status in [("done", "FINISHED"), ("failed", "FAILED"), ("killed", "KILLED"), ("going", "")]:
        run = to.create_run(experiment, START, {"group": "ablation", "name": "mine", "mlflow.user": "me"}, name)
        ids[name] = run.info.run_id
        to.log_batch(
            run.info.run_id,
            params=[Param(key, value) for key, value in TEXTS.items()],
            metrics=[metric("val/loss", 0.1 + 0.2), metric("diverged", math.inf), metric("odd", math.nan)],
            tags=[RunTag("note", "none")],
        )
        if status:
            to.set_terminated(run.info.run_id, status, START + 1500)
    return ids


def check(where: Path | str, ids: dict[str, str]) -> None:
    runs, left = read(where)
    assert {id: run.status for id, run in runs.items()} == {
        ids["done"]: "finished",
        ids["failed"]: "crashed",
        ids["killed"]: "crashed",
    }
    assert [(skipped.why, skipped.id) for skipped in left] == [("still running", ids["going"])]
    assert "going" in left[0].what
    for name in ("done", "failed", "killed"):
        run = runs[ids[name]]
        assert run.config == TEXTS
        assert run.metrics.keys() == {"val/loss", "diverged", "odd"}
        assert bits([run.metrics["val/loss"]]) == bits([0.1 + 0.2])
        assert run.metrics["diverged"] == math.inf
        assert math.isnan(run.metrics["odd"])
        assert run.curves == {}
        assert run.facts == {
            "name": name,
            "experiment": EXPERIMENT,
            "started": datetime.datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=datetime.UTC),
            "duration_s": 1.5,
            "group": "ablation",
            "tags.name": "mine",
            "note": "none",
        }


def test_every_run_comes_in_and_the_store_stays_as_it_is(store: Path) -> None:
    to = client(store)
    ids = log(to, to.create_experiment(EXPERIMENT))
    before = content(store.parent)
    check(store, ids)
    assert content(store.parent) == before
    assert open_mlflow(str(store)).name == f"mlflow:{store}"


def test_a_metric_s_steps_are_a_curve(store: Path) -> None:
    """Ascending by step, the last logging of a step, whatever the clock said; its end is the metric."""
    to = client(store)
    id = to.create_run("0", START).info.run_id
    for value, step, timestamp in [
        (3.0, 0, START + 9),
        (-math.inf, 20, START + 8),  # the clock was set back
        (0.1, 10, START + 7),
        (7.0, 30, START + 6),
        (1.0000000000000002, 30, START + 5),
        (math.nan, 5, START + 4),
    ]:
        to.log_metric(id, "loss", value, timestamp, step)
    to.log_metric(id, "once", 5e-324, START, 7)
    to.log_metric(id, "again", 2.0, START + 1)
    to.log_metric(id, "again", 1.0, START)
    to.set_terminated(id, end_time=START - 5)
    (run,) = read(store)[0].values()
    steps, values = run.curves["loss"]
    assert steps == [0.0, 5.0, 10.0, 20.0, 30.0]
    assert bits(values) == bits([3.0, math.nan, 0.1, -math.inf, 1.0000000000000002])
    assert run.curves.keys() == {"loss"}
    assert run.metrics == {"loss": 1.0000000000000002, "once": 5e-324, "again": 1.0}
    assert run.facts["duration_s"] is None


def test_deleted_runs_are_left_out_in_one_line(store: Path) -> None:
    to = client(store)
    gone = to.create_experiment("gone")
    ids = [to.create_run(experiment, START).info.run_id for experiment in ("0", "0", "0", gone)]
    for id in ids:
        to.set_terminated(id)
    to.delete_run(ids[0])
    to.delete_run(ids[1])
    to.delete_experiment(gone)
    runs, left = read(store)
    assert list(runs) == [ids[2]]
    assert [skipped.what for skipped in left] == ["3 deleted runs"]


@pytest.mark.parametrize("store", ["mlflow.db"], indirect=True)
def test_a_name_with_a_question_mark(store: Path) -> None:
    to = client(store)
    to.set_terminated(to.create_run("0").info.run_id)
    assert len(read(shutil.copy(store, store.parent / "what? 100%.db"))[0]) == 1


def test_an_empty_store_has_no_runs(store: Path) -> None:
    assert read(store) == ({}, [])


def test_the_same_store_by_other_names(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = open_mlflow(str(store)).name
    monkeypatch.chdir(store.parent)
    assert open_mlflow(store.name).name == name
    if store.is_dir():
        assert open_mlflow(store.as_uri()).name == name
    else:
        assert open_mlflow(f"sqlite:///{store.name}").name == name


@pytest.mark.parametrize("store", ["mlflow.db"], indirect=True)
def test_a_database_in_wal_mode_is_left_alone(store: Path) -> None:
    to = client(store)
    to.set_terminated(to.create_run("0", START).info.run_id)
    writer = sqlite3.connect(store)
    writer.execute("PRAGMA journal_mode=wal")
    writer.close()
    before = content(store.parent)
    assert len(read(store)[0]) == 1
    assert content(store.parent) == before
    with sqlite3.connect(store) as writer:  # what a writer has not moved into the file yet is read too
        writer.execute("UPDATE runs SET status = 'FAILED'")
    assert [run.status for run in read(store)[0].values()] == ["crashed"]
    writer.close()


@pytest.mark.parametrize("store", ["mlflow.db"], indirect=True)
def test_a_database_of_another_version(store: Path) -> None:
    with sqlite3.connect(store) as old:
        old.execute("ALTER TABLE metrics RENAME COLUMN is_nan TO nan")
        (version,) = old.execute("SELECT version_num FROM alembic_version").fetchone()
    with pytest.raises(SourceError, match=rf"alembic version {version}.*metrics\.is_nan.*mlflow db upgrade"):
        read(store)
    with sqlite3.connect(store) as old:
        old.execute("DROP TABLE alembic_version")
    with pytest.raises(SourceError, match="alembic version unknown"):
        read(store)


@pytest.mark.parametrize("store", ["mlflow.db"], indirect=True)
def test_a_damaged_row_takes_only_its_run(store: Path) -> None:
    to = client(store)
    ids = log(to, "0")
    with sqlite3.connect(store) as damaged:
        damaged.execute("UPDATE params SET value = CAST(x'ff' AS TEXT) WHERE run_uuid = ?", (ids["failed"],))
        damaged.execute("UPDATE metrics SET value = 'x' WHERE run_uuid = ?", (ids["killed"],))
        damaged.execute("UPDATE runs SET start_time = 'noon' WHERE run_uuid = ?", (ids["going"],))
    runs, left = read(store)
    assert list(runs) == [ids["done"]]
    assert {skipped.id for skipped in left} == {ids["failed"], ids["killed"], ids["going"]}


@pytest.mark.parametrize("store", ["mlruns"], indirect=True)
def test_damaged_files_take_only_what_they_hold(store: Path) -> None:
    to = client(store)
    ids = log(to, "0")
    damaged = to.create_experiment("damaged")
    to.create_run(damaged)
    (store / damaged / "meta.yaml").write_text("name: 'half")
    (store / "0" / "models").mkdir()
    (store / "0" / "figures").mkdir()  # what a user put beside
    folder = store / "0" / ids["done"]
    (folder / "metrics" / "loss").write_text(f"{START} 0.5 1\n{START} nonsense 2\n{START} 0.25 3\n{START} 0.1")
    meta = (store / "0" / ids["failed"] / "meta.yaml").read_text()
    (store / "0" / ids["failed"] / "meta.yaml").write_text(meta[: meta.index("status")])
    (store / "0" / ids["killed"] / "meta.yaml").unlink()
    (store / "0" / ids["going"] / "meta.yaml").write_text("- [")
    runs, left = read(store)
    assert list(runs) == [ids["done"]]
    assert runs[ids["done"]].curves == {"loss": ([1.0, 3.0], [0.5, 0.25])}
    assert {skipped.id for skipped in left} == {ids["failed"], ids["killed"], ids["going"], None}
    words = "\n".join(f"{skipped.what}: {skipped.why}" for skipped in left)
    for said in (f"experiment {damaged}", 'line 2 of metric "loss"', 'line 4 of metric "loss"', 'no "status"'):
        assert said in words


def test_places_that_hold_no_runs(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="isn't there"):
        open_mlflow(str(tmp_path / "mlflow.db"))
    with pytest.raises(SourceError, match="mlflow server"):
        open_mlflow("postgresql://me@host/db")
    (tmp_path / "runs.csv").write_text("a,b\n")
    with pytest.raises(SourceError, match="not an SQLite file"):
        read(tmp_path / "runs.csv")
    with pytest.raises(SourceError, match="no experiments"):
        read(tmp_path)
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE runs (a)").connection.close()
    with pytest.raises(SourceError, match="not a tracking database"):
        read(tmp_path / "other.db")
    (tmp_path / "mlflow.db").write_bytes((tmp_path / "other.db").read_bytes()[:1000])
    with pytest.raises(SourceError, match=r"mlflow\.db"):
        read(tmp_path / "mlflow.db")
    (tmp_path / "mlruns").mkdir()
    with pytest.raises(SourceError, match=rf"such as mlflow:{tmp_path}/mlruns"):
        read(tmp_path)
    with pytest.raises(SourceError, match=rf"such as mlflow:{tmp_path}/mlflow\.db"):
        read(tmp_path / "mlruns")


@pytest.fixture
def server(empty_database: Path, tmp_path: Path) -> Iterator[str]:
    """The address of MLflow's own server on this machine; as a thread, since its command takes long to start."""
    from mlflow.server import app
    from mlflow.server.handlers import initialize_backend_stores
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Silent(WSGIRequestHandler):
        def log(self, *args: object) -> None:
            pass

    shutil.copy(empty_database, tmp_path / "mlflow.db")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    initialize_backend_stores(uri, uri, str(tmp_path / "artifacts"))
    serving = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()
    thread.join()
    serving.server_close()


def test_a_tracking_server(server: str) -> None:
    to = MlflowClient(tracking_uri=server)
    experiment = to.create_experiment(EXPERIMENT)
    ids = log(to, experiment)
    check(f"{server}/", ids)
    to.log_metric(ids["going"], "loss", 0.1 + 0.2, START, 0)
    to.log_metric(ids["going"], "loss", math.inf, START, 1)
    to.set_terminated(ids["going"])
    to.delete_run(ids["failed"])
    runs, left = read(server)
    assert runs[ids["going"]].curves == {"loss": ([0.0, 1.0], [0.1 + 0.2, math.inf])}
    assert [skipped.what for skipped in left] == ["1 deleted run"]
    assert open_mlflow("https://me:secret@host/").name == "mlflow:https://host"


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(SourceError, match="can't be read as an MLflow server"):
        read("http://127.0.0.1:1")

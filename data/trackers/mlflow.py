"""MLflow's runs: from a tracking database, a folder of files, or a tracking server.

The database and the folder are read as they are, without MLflow; only a server is asked through its client.
"""

from __future__ import annotations

import datetime
import math
import os
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from ablate_tui.data.addresses import without_user
from ablate_tui.data.engine import printable, refuse_odd_name
from ablate_tui.data.errors import SourceError
from ablate_tui.data.trackers.opening import open_sqlite, sqlite_path
from ablate_tui.data.trackers.tracked import Curve, Skipped, Status, Told, TrackedRun, Tracker

_STATUS: dict[str, Status] = {"FINISHED": "finished", "FAILED": "crashed", "KILLED": "crashed"}
_NOT_ENDED = ("RUNNING", "SCHEDULED")
_STATUS_NUMBERS = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}  # in a meta.yaml
_META = "meta.yaml"
_TRASH = ".trash"
_NOT_RUNS = ("tags", "datasets", "traces", "models")  # other folders in that of an experiment
_COLUMNS = {
    "experiments": ("experiment_id", "name", "lifecycle_stage"),
    "runs": ("run_uuid", "name", "experiment_id", "status", "start_time", "end_time", "lifecycle_stage"),
    "params": ("run_uuid", "key", "value"),
    "tags": ("run_uuid", "key", "value"),
    "metrics": ("run_uuid", "key", "value", "step", "is_nan"),
}
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class _Info:
    """What a store's list of runs says of one."""

    id: str
    name: str | None
    experiment: str | None
    status: str | None
    start: int | None  # milliseconds since 1970
    end: int | None


@dataclass(frozen=True)
class _Logged:
    """What was logged in one run."""

    params: dict[str, str]
    tags: dict[str, str | None]
    points: Iterable[tuple[str, int, float]]  # metric, step and value, in the order of logging
    lost: Sequence[str] = ()  # lines of files that can't be read


@dataclass(frozen=True)
class _Store:
    name: str
    where: str
    read: Callable[[str, Told], Iterator[TrackedRun | Skipped]]

    def runs(self, tell: Told) -> Iterator[TrackedRun | Skipped]:
        return self.read(self.where, tell)


def open_mlflow(where: str) -> Tracker:
    """Open MLflow's runs.

    Parameters
    ----------
    where : str
        A tracking database (``mlflow.db``, ``sqlite:///mlflow.db``), the folder of a file store (``mlruns``),
        or the address of a tracking server (``http://host:5000``).

    Raises
    ------
    SourceError
        Nothing there, or a place of another kind.
    """
    if where.startswith(("http://", "https://")):
        url = where.rstrip("/")
        return _Store(f"mlflow:{without_user(url)}", url, _read_server)
    path = sqlite_path(where)
    if path is None:
        path = unquote(urlsplit(where).path) if where.startswith("file:") else where
        if "://" in path:
            raise SourceError(
                f'"{printable(path.partition("://")[0])}" databases of MLflow are not read directly; start '
                '"mlflow server --backend-store-uri …" on it and give the address of that, such as '
                "mlflow:http://localhost:5000"
            )
    path = os.path.realpath(os.path.expanduser(path))
    refuse_odd_name(path)
    if os.path.isdir(path):
        return _Store(f"mlflow:{path}", path, _read_folder)
    if os.path.exists(path):
        return _Store(f"mlflow:{path}", path, _read_database)
    raise SourceError(f'"{printable(path)}" isn\'t there; give a tracking database, a folder "mlruns" or a server')


def _runs(
    infos: Sequence[_Info], deleted: int, logged: Callable[[_Info], _Logged], tell: Told
) -> Iterator[TrackedRun | Skipped]:
    for number, info in enumerate(infos):
        what = f"run {info.name} ({info.id})" if info.name else f"run {info.id}"
        tell(number, len(infos), f"reading {printable(what)}")
        if info.status in _NOT_ENDED:
            yield Skipped(what, "still running", info.id)
            continue
        status = _STATUS.get(info.status or "")
        if status is None:
            yield Skipped(what, f'its status "{info.status}" is unknown', info.id)
            continue
        try:
            found = logged(info)
            metrics, curves = _metrics(found.points)
            run = TrackedRun(info.id, found.params, metrics, curves, status, _facts(info, found.tags))
        except (OSError, sqlite3.Error, TypeError, ValueError) as error:  # a damaged file or row
            yield Skipped(what, f"it can't be read: {error}", info.id)
            continue
        yield run
        for line in found.lost:
            yield Skipped(f"{what}, {line}", "half-written or damaged; the rest of the run came in")
    if deleted:
        yield Skipped(f"{deleted} deleted run{'s' if deleted > 1 else ''}", "deleted in MLflow")


def _metrics(points: Iterable[tuple[str, int, float]]) -> tuple[dict[str, float | None], dict[str, Curve]]:
    """Each metric's value at its last step, and the curves of those with several."""
    logged: dict[str, dict[int, float]] = {}
    for name, step, value in points:
        logged.setdefault(name, {})[step] = value
    metrics: dict[str, float | None] = {}
    curves: dict[str, Curve] = {}
    for name, values in logged.items():
        steps = sorted(values)
        metrics[name] = values[steps[-1]]
        if len(steps) > 1:
            curves[name] = ([float(step) for step in steps], [values[step] for step in steps])
    return metrics, curves


def _facts(info: _Info, tags: dict[str, str | None]) -> dict[str, str | float | datetime.datetime | None]:
    duration = None if info.start is None or info.end is None else (info.end - info.start) / 1000
    facts: dict[str, str | float | datetime.datetime | None] = {
        "name": tags.get("mlflow.runName") or info.name or None,
        "experiment": info.experiment,
        "started": _time(info.start),
        "duration_s": None if duration is None or duration < 0 else duration,  # a clock that was set back
    }
    for key, value in tags.items():
        if not key.startswith("mlflow."):
            facts[f"tags.{key}" if key in facts else key] = value
    return facts


def _time(milliseconds: int | None) -> datetime.datetime | None:
    try:
        return None if milliseconds is None else _EPOCH + datetime.timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def _with_infinity(value: float) -> float:
    """A database's value: MLflow writes the largest number for infinity there."""
    return math.copysign(math.inf, value) if abs(value) == sys.float_info.max else value


def _read_database(path: str, tell: Told) -> Iterator[TrackedRun | Skipped]:
    with closing(open_sqlite(path)) as connection:
        try:
            _check_columns(connection, path)
            rows = connection.execute(
                "SELECT run_uuid, runs.name, experiments.name, status, start_time, end_time, "
                "'deleted' IN (coalesce(runs.lifecycle_stage, ''), coalesce(experiments.lifecycle_stage, '')) "
                "FROM runs LEFT JOIN experiments USING (experiment_id) ORDER BY runs.rowid"
            ).fetchall()
        except sqlite3.Error as error:
            raise SourceError(f'"{printable(path)}" can\'t be read: {error}') from error
        infos = [_Info(*row) for *row, deleted in rows if not deleted]
        yield from _runs(infos, len(rows) - len(infos), lambda info: _logged_in_database(connection, info), tell)


def _check_columns(connection: sqlite3.Connection, path: str) -> None:
    there = {
        table: {name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
        for table in (*_COLUMNS, "alembic_version")
    }
    if not there["experiments"] or not there["runs"]:
        raise SourceError(f'"{printable(path)}" is not a tracking database of MLflow: it has no tables of runs')
    missing = [f"{table}.{name}" for table, names in _COLUMNS.items() for name in names if name not in there[table]]
    if not missing:
        return
    version = (
        connection.execute("SELECT version_num FROM alembic_version").fetchone() if there["alembic_version"] else None
    )
    raise SourceError(
        f'"{printable(path)}" is of a version of MLflow that is not read (alembic version '
        f"{version[0] if version else 'unknown'}): it has no {', '.join(missing)}; "
        'bring a copy of it up to date with "mlflow db upgrade"'
    )


def _logged_in_database(connection: sqlite3.Connection, info: _Info) -> _Logged:
    def of_run(what: str) -> list[tuple[Any, ...]]:
        # rows are numbered as they were logged, which holds also where a clock was set back
        return connection.execute(f"SELECT {what} WHERE run_uuid = ? ORDER BY rowid", (info.id,)).fetchall()

    return _Logged(
        dict(of_run("key, value FROM params")),
        dict(of_run("key, value FROM tags")),
        [
            (name, step, math.nan if is_nan else _with_infinity(float(value)))
            for name, step, value, is_nan in of_run("key, step, value, is_nan FROM metrics")
        ],
    )


def _read_folder(path: str, tell: Told) -> Iterator[TrackedRun | Skipped]:
    try:
        experiments = [folder for folder in _folders(path) if os.path.exists(os.path.join(folder, _META))]
        trash = os.path.join(path, _TRASH)
        deleted = sum(len(_run_folders(gone)) for gone in (_folders(trash) if os.path.exists(trash) else []))
    except OSError as error:
        raise SourceError(f'"{printable(path)}" can\'t be read: {error.strerror}') from error
    if not experiments and not deleted:
        raise SourceError(_no_file_store(path))
    infos: list[_Info] = []
    folders: dict[str, str] = {}
    for experiment in experiments:
        tell(0, 0, f"listing the runs of {printable(experiment)}")
        try:
            about = _meta(experiment, "name")
            found = _run_folders(experiment)
        except (OSError, ValueError) as error:
            yield Skipped(f"experiment {os.path.basename(experiment)}", str(error), hides=True)
            continue
        for folder in found:
            run = os.path.basename(folder)
            try:
                meta = _meta(folder, "status", "start_time")
            except (OSError, ValueError) as error:
                yield Skipped(f"run {run}", str(error), run)
                continue
            if "deleted" in (meta.get("lifecycle_stage"), about.get("lifecycle_stage")):
                deleted += 1
                continue
            status = _STATUS_NUMBERS.get(str(meta["status"]), str(meta["status"]))
            name = meta.get("run_name")
            infos.append(_Info(run, name, str(about["name"]), status, meta["start_time"], meta.get("end_time")))
            folders[run] = folder
    yield from _runs(infos, deleted, lambda info: _logged_in_folder(folders[info.id]), tell)


def _folders(path: str) -> list[str]:
    with os.scandir(path) as entries:
        return sorted(entry.path for entry in entries if entry.is_dir())


def _run_folders(experiment: str) -> list[str]:
    """The folders of runs in that of an experiment; artifacts may lie beside them."""
    return [
        folder
        for folder in _folders(experiment)
        if os.path.basename(folder) not in _NOT_RUNS
        and any(os.path.exists(os.path.join(folder, name)) for name in (_META, "metrics", "params"))
    ]


def _no_file_store(path: str) -> str:
    """What to say of a folder without experiments, with what is near and was perhaps meant."""
    near = "mlflow.db"
    for other in ("mlruns", "mlflow.db", "../mlflow.db", "../meta.yaml"):
        if os.path.exists(os.path.join(path, other)):
            near = os.path.normpath(os.path.join(path, other.removesuffix(_META)))
            break
    return (
        f'"{printable(path)}" holds no experiments of an MLflow file store; give the store or the tracking database '
        f"itself, such as mlflow:{printable(near)}"
    )


def _meta(folder: str, *keys: str) -> dict[str, Any]:
    """What a folder's ``meta.yaml`` says.

    Raises
    ------
    ValueError
        It is damaged, or one of these keys is not in it.
    """
    try:
        import yaml
    except ImportError as error:
        raise SourceError(
            'reading file stores of MLflow needs PyYAML: python3 -m pip install "ablate-tui[mlflow]"'
        ) from error
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one, where it was built, is ten times as fast
    try:
        with open(os.path.join(folder, _META), "rb") as file:
            meta = yaml.load(file, loader)
    except yaml.YAMLError as error:
        raise ValueError(f"its {_META} is damaged") from error
    if not isinstance(meta, dict):
        raise ValueError(f"its {_META} is damaged")
    for key in keys:
        if key not in meta:
            raise ValueError(f'its {_META} has no "{key}"')
    return meta


def _logged_in_folder(folder: str) -> _Logged:
    points: list[tuple[str, int, float]] = []
    lost: list[str] = []
    for name, content in _files(os.path.join(folder, "metrics")):
        *lines, half = content.split("\n")
        for number, line in enumerate(lines, 1):
            parts = line.split(" ")  # time, value, step, and of what dataset
            try:
                points.append((name, int(parts[2]) if len(parts) > 2 else 0, float(parts[1])))
            except (IndexError, ValueError):
                lost.append(f'line {number} of metric "{name}"')
        if half:
            lost.append(f'line {len(lines) + 1} of metric "{name}"')
    params = dict(_files(os.path.join(folder, "params")))
    tags: dict[str, str | None] = dict(_files(os.path.join(folder, "tags")))
    return _Logged(params, tags, points, lost)


def _files(folder: str) -> Iterator[tuple[str, str]]:
    """Name and text of each file below a folder; a "/" in a name is a folder on disk."""
    for at, inner, names in os.walk(folder):
        inner.sort()
        for name in sorted(names):
            path = os.path.join(at, name)
            with open(path, "rb") as file:
                yield os.path.relpath(path, folder).replace(os.sep, "/"), file.read().decode()


def _read_server(url: str, tell: Told) -> Iterator[TrackedRun | Skipped]:
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # else a dead server is told after minutes
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    try:
        from mlflow import MlflowClient
        from mlflow.entities import ViewType
        from mlflow.exceptions import MlflowException, RestException
    except ImportError as error:
        raise SourceError(
            'asking a tracking server needs MLflow: python3 -m pip install "ablate-tui[mlflow]"'
        ) from error
    client = MlflowClient(tracking_uri=url)

    def logged(info: _Info) -> _Logged:
        run = runs[info.id]
        try:
            points = [
                (metric.key, metric.step, _with_infinity(metric.value))
                for name in run.metrics
                for metric in client.get_metric_history(info.id, name)
            ]
        except RestException as error:  # the server's own trouble with this run; the others may do
            raise ValueError(_first_line(error)) from error
        return _Logged(run.params, run.tags, points)

    infos: list[_Info] = []
    runs: dict[str, Any] = {}
    deleted = 0
    try:
        for experiment in _pages(partial(client.search_experiments, ViewType.ALL)):
            tell(0, 0, f"asking for the runs of {printable(experiment.name)}")
            ask = partial(client.search_runs, [experiment.experiment_id], "", ViewType.ALL, 1000, ["start_time ASC"])
            for run in _pages(ask):
                about = run.info
                if "deleted" in (about.lifecycle_stage, experiment.lifecycle_stage):
                    deleted += 1
                    continue
                times = about.start_time, about.end_time
                infos.append(_Info(about.run_id, about.run_name, experiment.name, about.status, *times))
                runs[about.run_id] = run.data
        yield from _runs(infos, deleted, logged, tell)
    except MlflowException as error:
        raise SourceError(
            f"{printable(without_user(url))} can't be read as an MLflow server: {_first_line(error)}"
        ) from error


def _pages(ask: Callable[..., Any]) -> Iterator[Any]:
    """What a server has in pages, one by one."""
    token = None
    while True:
        page = ask(page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _first_line(error: Exception) -> str:
    return printable(str(error).strip().partition("\n")[0])

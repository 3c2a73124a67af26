"""Optuna's trials, from a storage in a database or from a journal file; Optuna itself reads them."""

from __future__ import annotations

import datetime
import itertools
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from ablate_tui.data.addresses import without_user
from ablate_tui.data.engine import printable, refuse_odd_name
from ablate_tui.data.errors import SourceError
from ablate_tui.data.schema import Goal
from ablate_tui.data.trackers.opening import SQLITE_MAGIC, open_sqlite, sqlite_path
from ablate_tui.data.trackers.tracked import Skipped, Status, Told, TrackedRun, Tracker

_STATUS: dict[str, Status] = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "crashed"}
_GOALS: dict[str, Goal] = {"MINIMIZE": "min", "MAXIMIZE": "max"}
_TABLES = {"studies", "trials", "version_info"}


@dataclass(frozen=True)
class _Storage:
    name: str
    where: str  # a file, or the URL of a database

    def runs(self, tell: Told) -> Iterator[TrackedRun | Skipped]:
        optuna = _optuna()
        shown = printable(self.name.removeprefix("optuna:"))
        with _opened(self.where, shown) as (storage, damaged):
            with _explained(shown):
                names = optuna.get_all_study_names(storage)
            for name in names:
                tell(0, 0, f"reading study {printable(name)}")
                with _explained(shown):
                    study = optuna.load_study(study_name=name, storage=storage)
                    objectives = _objectives(study)
                    goals = {metric: _GOALS[way.name] for metric, way in zip(objectives, study.directions, strict=True)}
                    trials = _trials(study, storage)
                for number, trial in enumerate(trials):
                    tell(number, len(trials), f"reading study {printable(name)}")
                    yield trial if isinstance(trial, Skipped) else _run(name, objectives, goals, trial)
            if damaged:
                yield damaged


def open_optuna(where: str) -> Tracker:
    """Open Optuna's studies.

    Parameters
    ----------
    where : str
        A storage in SQLite (``study.db``, ``sqlite:///study.db``), a journal file (``journal.log``), or the URL of
        another database as Optuna takes it (``postgresql://…``).

    Raises
    ------
    SourceError
        Nothing there, or Optuna is not installed.
    """
    _optuna()
    path = sqlite_path(where)
    if path is None and "://" in where:
        return _Storage(f"optuna:{without_user(where)}", where)
    path = os.path.realpath(os.path.expanduser(where if path is None else path))
    refuse_odd_name(path)
    if not os.path.isfile(path):
        raise SourceError(f'"{printable(path)}" is no file; give a storage in SQLite, a journal or a database URL')
    return _Storage(f"optuna:{path}", path)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise SourceError(
            'reading Optuna storages needs optuna: python3 -m pip install "ablate-tui[optuna]"'
        ) from error
    return optuna


@contextmanager
def _explained(shown: str) -> Iterator[None]:
    """Turn whatever Optuna, SQLAlchemy or a driver raises into one line that names the storage."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        why = str(error.__cause__ or error).strip().partition("\n")[0]
        raise SourceError(f'"{shown}" can\'t be read by Optuna: {printable(why)}') from error


@contextmanager
def _opened(where: str, shown: str) -> Iterator[tuple[Any, Skipped | None]]:
    """A storage, and what of it is left out."""
    if "://" not in where and not _is_sqlite(where):
        with _explained(shown):
            journal = _Journal(where)
            storage = _optuna().storages.JournalStorage(journal)
        yield storage, journal.damaged
        return
    with _explained(shown):
        storage = _database(where, shown)
    try:
        yield storage, None
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _is_sqlite(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
    except OSError as error:
        raise SourceError(f'"{printable(path)}" can\'t be read: {error.strerror}') from error


def _database(where: str, shown: str) -> Any:
    url, options = where, {}
    if "://" not in where:
        with closing(open_sqlite(where)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables >= _TABLES:
            raise SourceError(f'"{shown}" is no storage of Optuna: it has no tables of studies and trials')
        if "alembic_version" not in tables:  # Optuna would write one
            raise SourceError(
                f'"{shown}" is of an older version of Optuna; run "optuna storage upgrade" on a copy of it'
            )
        url, options = "sqlite://", {"creator": lambda: open_sqlite(where)}
    try:
        return _optuna().storages.RDBStorage(url, engine_kwargs=options, skip_table_creation=True)
    except RuntimeError as error:  # its tables are of another version; what Optuna says names both and what to do
        raise SourceError(f'"{shown}": {error} Or install the version of Optuna that wrote it.') from error


class _Journal:
    """A journal file as Optuna's `JournalStorage` takes one, up to its first damaged line.

    What follows such a line can't be told: trials are counted, not named, so a lost line shifts those after it.
    Optuna's own reader refuses the whole file, and makes one that isn't there.
    """

    def __init__(self, path: str) -> None:
        self.damaged: Skipped | None = None
        self._logs: list[dict[str, Any]] = []
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    log = json.loads(line)
                    log["op_code"]
                except (ValueError, TypeError, KeyError) as error:
                    if number == 1:
                        raise SourceError(f'"{printable(path)}" is no journal of Optuna, nor an SQLite file') from error
                    what = f'"{os.path.basename(path)}" from line {number} on'
                    self.damaged = Skipped(what, "the line is half-written or damaged", hides=True)
                    return
                self._logs.append(log)

    def read_logs(self, log_number_from: int) -> list[dict[str, Any]]:
        return self._logs[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        raise NotImplementedError("a journal is only read")


def _trials(study: Any, storage: Any) -> Sequence[Any]:
    """A study's trials; one that can't be read is a `Skipped`."""
    try:
        return list(study.get_trials(deepcopy=False))
    except Exception:  # one damaged trial fails them all, with any error; one by one, the others can be read
        study_id = storage.get_study_id_from_name(study.study_name)
    trials: list[Any] = []
    for number in itertools.count():
        try:
            trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, number)
        except KeyError:  # that was the last one
            return trials
        try:
            trials.append(storage.get_trial(trial_id))
        except Exception as error:
            id = f"{study.study_name}/{number}"
            trials.append(Skipped(f"trial {id}", f"it can't be read: {error}", id))
    return trials


def _objectives(study: Any) -> list[str]:
    if study.metric_names:
        return list(study.metric_names)
    count = len(study.directions)
    return ["value"] if count == 1 else [f"value_{number}" for number in range(count)]


def _run(study: str, objectives: list[str], goals: dict[str, Goal], trial: Any) -> TrackedRun | Skipped:
    id = f"{study}/{trial.number}"
    status = _STATUS.get(trial.state.name)
    if status is None:
        return Skipped(f"trial {id}", "still running", id)
    values = (trial.values or []) if status == "finished" else []  # a pruned trial's is but its last report
    if status == "finished" and len(values) != len(objectives):
        return Skipped(f"trial {id}", f"it has {len(values)} values for {len(objectives)} objectives", id)
    metrics: dict[str, Any] = dict(zip(objectives, values, strict=False))
    started, ended = _time(trial.datetime_start), _time(trial.datetime_complete)
    duration = (ended - started).total_seconds() if started and ended else None
    facts: dict[str, str | float | datetime.datetime | None] = {
        "study": study,
        "started": started,
        "duration_s": None if duration is None or duration < 0 else duration,  # a clock that was set back
    }
    for key, value in trial.user_attrs.items():
        name = f"user_attrs_{key}" if key in facts or key in objectives else key
        if isinstance(value, int | float) and not isinstance(value, bool):
            metrics[name] = value
        else:
            facts[name] = value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    curves = {}
    if reports := sorted(trial.intermediate_values.items()):
        curve = objectives[0] if len(objectives) == 1 else "intermediate"
        curves[curve] = ([float(step) for step, _ in reports], [value for _, value in reports])
    return TrackedRun(id, trial.params, metrics, curves, status, facts, goals)


def _time(naive: datetime.datetime | None) -> datetime.datetime | None:
    """Optuna keeps local times without their zone: they are taken to be of this machine's."""
    return None if naive is None else naive.astimezone(datetime.UTC)

"""Trials of Ray Tune, from the files that each has in its folder; Ray itself is not needed."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ablate_tui.data.engine import printable
from ablate_tui.data.trackers.results import Results, existing_folder, folders, load_lines, load_object, why_not
from ablate_tui.data.trackers.tracked import Skipped, Status, Told, TrackedRun

_PARAMS, _RESULT = "params.json", "result.json"
_BOOKKEEPING = {  # what Ray adds to every report; `time_total_s` is a measurement and stays
    "training_iteration",
    "timestamp",
    "date",
    "time_this_iter_s",
    "time_since_restore",
    "timesteps_since_restore",
    "iterations_since_restore",
    "pid",
    "hostname",
    "node_ip",
    "trial_id",
    "experiment_id",
    "experiment_tag",
    "config",
    "done",
    "should_checkpoint",
    "checkpoint_dir_name",
    "warmup_time",
}


@dataclass(frozen=True)
class RayFolder:
    """A folder of one Ray Tune experiment, or of several."""

    name: str
    folder: str

    def runs(self, tell: Told) -> Iterator[TrackedRun | Skipped]:
        """All trials, in the order of their folders' names."""
        trials: list[str] = []
        states: dict[str, dict[str, Any]] = {}  # by the trial's folder
        for folder, files in folders(self.folder):
            if _PARAMS in files:
                trials.append(folder)
            for file in files:  # a resumed experiment has several, each with a later date in its name
                if file.startswith("experiment_state-") and file.endswith(".json"):
                    try:
                        states |= _states(folder, file)
                    except (ValueError, TypeError, LookupError, AttributeError) as error:
                        yield Skipped(os.path.join(folder, file), f"not an experiment state: {why_not(error)}")
        if not trials:
            yield Skipped(self.folder, f"no trial in it, or in a folder below: none has a {_PARAMS}")
        first: dict[str, str] = {}
        for number, folder in enumerate(trials):
            tell(number, len(trials), "reading trials")
            for item in _trial(folder, os.path.relpath(folder, self.folder), states.get(folder, {})):
                if isinstance(item, TrackedRun) and first.setdefault(item.id, folder) != folder:
                    yield Skipped(folder, f'the same trial as "{printable(first[item.id])}"')
                else:
                    yield item


def open_ray(where: str) -> RayFolder:
    """Open the folder of a Ray Tune experiment.

    Parameters
    ----------
    where : str
        The experiment's folder, or one that holds several.

    Raises
    ------
    SourceError, UsageError
        There is no such folder.
    """
    folder = existing_folder("ray", where)
    return RayFolder(f"ray:{folder}", folder)


def _states(folder: str, file: str) -> dict[str, dict[str, Any]]:
    """What an experiment says of its trials: each is two JSON texts, its definition and what became of it."""
    found = {}
    for texts in load_object(os.path.join(folder, file))["trial_data"]:
        trial, became = (json.loads(text) for text in texts)
        path = os.path.join(folder, trial["relative_logdir"])
        found[path] = {"id": trial["trial_id"], "status": trial["status"], "start_time": became.get("start_time")}
    return found


def _trial(folder: str, relative: str, state: dict[str, Any]) -> Iterator[TrackedRun | Skipped]:
    id, status = state.get("id"), state.get("status", "")
    crashed = any(os.path.exists(os.path.join(folder, name)) for name in ("error.txt", "error.pkl"))
    rows: list[dict[str, Any]] = []
    name = _PARAMS
    try:
        config = load_object(os.path.join(folder, _PARAMS))
        name = _RESULT
        if os.path.exists(os.path.join(folder, _RESULT)):
            rows, wrong = load_lines(os.path.join(folder, _RESULT))
            if wrong:
                yield Skipped(os.path.join(relative, _RESULT), wrong)
        last = rows[-1] if rows else {}
        id = id or last.get("trial_id")
        # A trial's state is written now and then only: its last report and its error file may be newer. With
        # retries, an error file may be an earlier try's.
        if status in ("PENDING", "RUNNING", "PAUSED") and not crashed and not last.get("done"):
            yield Skipped(relative, "still running, by its experiment's state", id)
            return
        ending: Status = "crashed" if status == "ERROR" or (crashed and status != "TERMINATED") else "finished"
        if not rows and ending == "finished":
            yield Skipped(relative, f"no result: {_RESULT} is empty or not there", id, hides=id is None)
            return
        results = Results()
        for number, row in enumerate(rows, 1):
            measured = {key: value for key, value in row.items() if key not in _BOOKKEEPING}
            results.add_row(measured, row.get("training_iteration", number))
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        yield Skipped(relative, f"{name}: {why_not(error)}", id, hides=id is None)
        return
    facts: dict[str, Any] = {"experiment": os.path.basename(os.path.dirname(folder))}
    if isinstance(state.get("start_time"), int | float):
        facts["started"] = datetime.datetime.fromtimestamp(state["start_time"], datetime.UTC)
    if "training_iteration" in last:
        facts["training_iteration"] = float(last["training_iteration"])
    yield TrackedRun(id or relative, config, results.metrics(), results.curves(), ending, facts)

"""Runs of Weights & Biases: exported tables, files of its API's runs, folders of local runs, or the service itself."""

from __future__ import annotations

import csv
import datetime
import json
import os
import re
import struct
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ablate_tui.data.engine import printable
from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.trackers.results import Results, ended, folders, load_lines, why_not
from ablate_tui.data.trackers.tracked import Skipped, Told, TrackedRun

_FACTS = {  # columns of the runs table, and keys of the API's runs, that are neither set nor measured
    "Name": "name",
    "displayName": "name",
    "name": "name",
    "Created": "started",
    "createdAt": "started",
    "created_at": "started",
    "Runtime": "duration_s",
    "Group": "group",
    "group": "group",
    "Job Type": "job_type",
    "jobType": "job_type",
    "job_type": "job_type",
    "Tags": "tags",
    "tags": "tags",
    "Sweep": "sweep",
    "User": "user",
    "Notes": "notes",
    "Hostname": "host",
    "Host": "host",
    "Commit": "commit",
    "GitHub": "github",
    "Description": "description",
    "Agent": "agent",
    "End Time": "ended",
    "Updated": "updated",
    "GPU Type": "gpu",
    "GPU Count": "gpus",
}
_NOT_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}  # how the service spells them
_SILENT = 3600  # seconds; a run that goes on writes system metrics more often
_HEADER, _VERSION = b":W&B\xe1\xbe", 0
_BLOCK = 32768
_RECORD = struct.Struct("<IHB")  # check sum, length, kind: whole (1), or first (2), middle (3) and last (4) part


@dataclass(frozen=True)
class WandbRuns:
    """Runs from any of the four places."""

    name: str
    read: Callable[[Told], Iterator[TrackedRun | Skipped]]

    def runs(self, tell: Told) -> Iterator[TrackedRun | Skipped]:
        """All runs, in the place's own order."""
        return self.read(tell)


def open_wandb(where: str) -> WandbRuns:
    """Open runs of Weights & Biases.

    Parameters
    ----------
    where : str
        A CSV file from the runs table of the web page; a JSON or JSON Lines file of the API's runs; a folder with
        local runs, such as `wandb`; or ENTITY/PROJECT.

    Raises
    ------
    SourceError, UsageError
        There is no such place, or it needs wandb, which is not installed.
    """
    path = os.path.abspath(os.path.expanduser(where))
    readers = {".csv": _table, ".json": _api_file, ".jsonl": _api_file, ".ndjson": _api_file}
    ending = os.path.splitext(path)[1].lower()
    if not where:
        places = "wandb:FILE.csv, wandb:FILE.json, wandb:FOLDER or wandb:ENTITY/PROJECT"
        raise UsageError(f'"wandb:" names no runs; write {places}')
    if os.path.isdir(path):
        _client()
        return WandbRuns(f"wandb:{path}", lambda tell: _local(path, tell))
    if os.path.exists(path):
        if ending not in readers:
            raise SourceError(f'"{printable(path)}" is no .csv, .json or .jsonl file of runs')
        return WandbRuns(f"wandb:{path}", lambda tell: readers[ending](path, tell))
    if re.fullmatch(r"[\w.-]+/[\w.-]+", where) and ending not in readers and not where.startswith("."):
        _client()
        return WandbRuns(f"wandb:{where}", lambda tell: _service(where, tell))
    raise SourceError(f'there is no "{printable(path)}"; check the name after "wandb:"')


def _client() -> Any:
    try:
        import wandb
    except ImportError as error:
        raise SourceError(
            "reading runs of Weights & Biases other than exported files needs wandb: "
            'python3 -m pip install "ablate-tui[wandb]"'
        ) from error
    return wandb


# --- the runs table, as the web page exports it ---


def _table(path: str, tell: Told) -> Iterator[TrackedRun | Skipped]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            header, *rows = [row for row in csv.reader(file) if row] or [[]]
    except (OSError, ValueError, csv.Error) as error:
        raise SourceError(f'"{printable(path)}" can\'t be read: {why_not(error)}') from error
    key = next((name for name in ("ID", "Name") if name in header), None)
    if key is None:
        raise SourceError(
            f'"{printable(path)}" has neither a column "ID" nor "Name"; export the table of runs, not a chart, as CSV'
        )
    ids = [row[header.index(key)] if len(row) == len(header) else "" for row in rows]
    times = Counter(ids)
    for number, (id, row) in enumerate(zip(ids, rows, strict=True)):
        tell(number, len(rows), "reading runs")
        what = id or f"row {number + 1}"
        cells = {name: cell for name, cell in zip(header, row, strict=False) if cell}
        status = ended(cells.get("State", "finished"))
        if len(row) != len(header):
            yield Skipped(what, f"has {len(row)} cells, the table's head has {len(header)}", hides=True)
        elif not id:
            yield Skipped(what, f'its cell of the column "{key}" is empty', hides=True)
        elif times[id] > 1:
            yield Skipped(
                what,
                'is not the only one of this name; show the column "ID" in the table and export it again',
                id,
            )
        elif status is None:
            yield Skipped(what, "still running", id)
        else:
            facts = {_FACTS[name]: _fact(_FACTS[name], cell) for name, cell in cells.items() if name in _FACTS}
            config = {name: cell for name, cell in cells.items() if name not in _FACTS and name not in ("ID", "State")}
            yield TrackedRun(id, config, {}, status=status, facts=facts, mixed=True)


def _fact(name: str, value: Any) -> Any:
    """A fact as what it is: a time, a number of seconds, a text."""
    if name == "started" and isinstance(value, str):
        try:
            when = datetime.datetime.fromisoformat(value)
        except ValueError:
            return value
        return when if when.tzinfo else when.replace(tzinfo=datetime.UTC)  # the service's times are UTC
    if name == "duration_s" and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return ", ".join(str(item) for item in value) if isinstance(value, list) else value


# --- runs as the API gives them ---


def _api_file(path: str, tell: Told) -> Iterator[TrackedRun | Skipped]:
    try:
        if path.lower().endswith(".json"):
            with open(path, encoding="utf-8-sig") as file:
                found, wrong = json.load(file), ""
        else:
            found, wrong = load_lines(path)
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(f'"{printable(path)}" can\'t be read: {why_not(error)}') from error
    if wrong:
        yield Skipped(path, wrong, hides=True)
    runs = found if isinstance(found, list) else [found]
    seen = set()
    for number, run in enumerate(runs):
        tell(number, len(runs), "reading runs")
        item = _api_run(run, f"run {number + 1} of the file")
        if item.id in seen:
            yield Skipped(str(item.id), "is in the file twice; the first one counts")
        else:
            seen |= {item.id} - {None}
            yield item


def _api_run(run: Any, what: str, history: Callable[[], Iterable[Any]] | None = None) -> TrackedRun | Skipped:
    """One run; `history` fetches its curves, where they are not in the run itself."""
    id: str | None = None
    try:
        found = {
            key: json.loads(value) if key in _TEXTS and isinstance(value, str) else value for key, value in run.items()
        }
        # GraphQL's "id" is one of its own; what everything else calls the id is the "name" there.
        id = found.get("name") if "displayName" in found else found.get("id") or found.get("name")
        if not isinstance(id, str) or not id:
            return Skipped(what, 'has neither "id" nor "name"', hides=True)
        status = ended(found.get("state") or "finished")
        if status is None:
            return Skipped(id, "still running", id)
        summary = found.get("summaryMetrics") or found.get("summary") or {}
        results = Results()
        _add_history(results, history() if history else found.get("history") or [])
        results.add(_measured(summary))
        config = _unwrapped(found.get("config") or {})
        facts = {_FACTS[key]: _fact(_FACTS[key], found[key]) for key in _FACTS if found.get(key)}
        if "displayName" in found:
            facts["name"] = found["displayName"]
        if isinstance(summary.get("_runtime"), int | float):
            facts["duration_s"] = float(summary["_runtime"])
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        return Skipped(id or what, f"not a run as the API gives it: {why_not(error)}", id, hides=id is None)
    return TrackedRun(id, config, results.metrics(), results.curves(), status, {**results.texts, **facts})


_TEXTS = ("config", "summary", "summaryMetrics")  # GraphQL gives these as JSON texts


def _unwrapped(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without the tracker's own, and out of their wrappers {"value": ..., "desc": ...}."""
    return {
        key: value["value"]
        if isinstance(value, dict) and "value" in value and value.keys() <= {"value", "desc"}
        else value
        for key, value in config.items()
        if not key.startswith("_") and key != "wandb_version"
    }


def _measured(found: Any) -> Any:
    """Metrics without the tracker's own, numbers that are not finite as numbers; pictures, tables and such left out."""
    if isinstance(found, str):
        return _NOT_FINITE.get(found, found)
    if not isinstance(found, Mapping):
        return found
    return {
        key: _measured(value)
        for key, value in found.items()
        if not key.startswith("_") and not (isinstance(value, Mapping) and "_type" in value)
    }


def _add_history(results: Results, rows: Iterable[Mapping[str, Any]]) -> None:
    for number, row in enumerate(rows):
        step = row.get("_step")
        results.add_row(_measured(row), number if step is None else step)


# --- folders of local runs ---


def _local(top: str, tell: Told) -> Iterator[TrackedRun | Skipped]:
    parts: dict[str, list[str]] = {}  # a run that was resumed has a folder each time; their names hold the time
    for folder, files in folders(top):
        named = re.fullmatch(r"(?:offline-)?run-\d+_\d+-(.+)", os.path.basename(folder))
        if named is None:
            continue
        logs = [log[1] for file in files if (log := re.fullmatch(r"run-(.+)\.wandb", file))]
        if logs or os.path.isfile(os.path.join(folder, "files", "config.yaml")):
            parts.setdefault(logs[0] if logs else named[1], []).append(folder)
    if not parts:
        yield Skipped(top, "no run in it, or in a folder below: none is named offline-run-… or run-…")
    for number, (id, paths) in enumerate(parts.items()):
        tell(number, len(parts), "reading runs")
        paths.sort(key=lambda path: os.path.basename(path).removeprefix("offline-"))
        try:
            yield from _local_run(id, paths)
        except Exception as error:  # the client's readers promise no class of error
            yield Skipped(os.path.relpath(paths[-1], top), f"can't be read: {why_not(error)}", id, hides=id is None)


def _local_run(id: str, paths: list[str]) -> Iterator[TrackedRun | Skipped]:
    """One run, from the binary log of its records or, without one, from what is left: settings and last values."""
    from wandb.proto.wandb_internal_pb2 import Record

    found: dict[str, Any] = {"id": id, "config": {}, "summary": {}, "history": []}
    exit_code, written, begun = None, 0.0, False
    for path in paths:
        log = os.path.join(path, f"run-{id}.wandb")
        if not os.path.isfile(log):
            found |= _left(os.path.join(path, "files"))
            exit_code, begun = 0, True
            continue
        written, exit_code = os.path.getmtime(log), None
        for content in _records(log):
            if isinstance(content, str):
                yield Skipped(log, content)
                continue
            record = Record.FromString(content)
            begun = begun or record.HasField("run")
            if record.HasField("exit"):
                exit_code = record.exit.exit_code
            _take(found, record)
    if exit_code is None and time.time() - written <= _SILENT:
        yield Skipped(id, "still running, or killed within the last hour: its log has no end", id)
    elif not begun:
        yield Skipped(id, "no run is in its log: it was killed at its start", id)
    else:
        found["state"] = "finished" if exit_code == 0 else "failed"
        yield _api_run(found, id)


def _take(found: dict[str, Any], record: Any) -> None:
    """Add one record of a run's log."""
    kind = record.WhichOneof("record_type")
    if kind == "run":
        run = record.run
        _update(found["config"], run.config)
        facts = {"displayName": run.display_name, "group": run.run_group, "jobType": run.job_type}
        found |= {"name": found["id"], "tags": list(run.tags), **{key: text for key, text in facts.items() if text}}
        if run.HasField("start_time") and "createdAt" not in found:
            found["createdAt"] = run.start_time.ToJsonString()
    elif kind == "config":
        _update(found["config"], record.config)
    elif kind == "summary":
        _update(found["summary"], record.summary)
    elif kind == "history":
        row: dict[str, Any] = {"_step": record.history.step.num}
        for item in record.history.item:
            _set(row, [item.key] if item.key else list(item.nested_key), json.loads(item.value_json))
        found["history"].append(row)


def _update(target: dict[str, Any], change: Any) -> None:
    for item in change.update:
        _set(target, [item.key] if item.key else list(item.nested_key), json.loads(item.value_json))
    for item in change.remove:
        *outer, last = [item.key] if item.key else list(item.nested_key)
        inner = target
        for name in outer:
            inner = inner.get(name, {})
        inner.pop(last, None)


def _set(target: dict[str, Any], names: list[str], value: Any) -> None:
    *outer, last = names
    for name in outer:
        if not isinstance(target.get(name), dict):
            target[name] = {}
        target = target[name]
    target[last] = value


def _records(path: str) -> Iterator[bytes | str]:
    """The records of a log, each put together from its parts; at last, as a text, what is wrong with the file."""
    with open(path, "rb") as file:
        data = file.read()
    if data[: len(_HEADER)] != _HEADER or len(data) <= len(_HEADER):
        raise ValueError("not a log of wandb's")
    if data[len(_HEADER)] != _VERSION:
        raise ValueError(f"its log is of version {data[len(_HEADER)]}, known is {_VERSION}")
    place, whole = len(_HEADER) + 1, b""
    while place < len(data):
        left = _BLOCK - place % _BLOCK
        if left < _RECORD.size:  # too short for a record: padding
            place += left
            continue
        if len(data) - place < _RECORD.size:
            yield "cut short: its last record is left out"
            return
        check, length, kind = _RECORD.unpack_from(data, place)
        part = data[place + _RECORD.size : place + _RECORD.size + length]
        if len(part) < length:
            yield "cut short: its last record is left out"
            return
        if zlib.crc32(part, zlib.crc32(bytes([kind]))) != check:
            yield "damaged: what comes after a record in it is left out"
            return
        whole += part
        if kind in (1, 4):
            yield whole
            whole = b""
        place += _RECORD.size + length


def _left(folder: str) -> dict[str, Any]:
    """Settings and last values from the files beside a log."""
    import yaml

    with open(os.path.join(folder, "config.yaml"), encoding="utf-8") as file:
        found = {"config": yaml.safe_load(file) or {}}
    summary = os.path.join(folder, "wandb-summary.json")
    if os.path.isfile(summary):
        with open(summary, encoding="utf-8") as file:
            found["summary"] = json.load(file)
    return found


# --- the service ---


def _service(where: str, tell: Told) -> Iterator[TrackedRun | Skipped]:
    # By itself the client retries for longer than it waits for an answer: then the cause is never told, and now and
    # then its helper process doesn't end, nor with it this program.
    for setting, value in (("RETRY_MAX", "3"), ("RETRY_WAIT_MAX_SECONDS", "3")):
        os.environ.setdefault(f"WANDB__GRAPHQL_{setting}", value)
    try:
        runs = _client().Api().runs(where, lazy=False)
        for number, run in enumerate(runs):
            tell(number, len(runs), "fetching runs")
            found = {
                "id": run.id,
                "name": run.name,
                "state": run.state,
                "config": run.config,
                "summary": run.summary_metrics,
                **{key: getattr(run, key, None) for key in ("created_at", "group", "job_type", "tags")},
            }
            yield _api_run(found, run.id, run.scan_history)
    except Exception as error:  # the client's, its transport's and the service's own
        raise SourceError(
            f'"{where}" can\'t be read from Weights & Biases: {_without_keys(why_not(error))}; '
            "try `wandb login`, and check the name and the network"
        ) from error


def _without_keys(text: str) -> str:
    """A message without what may be a key."""
    return re.sub(r"[A-Za-z0-9_-]{32,}", "…", text)

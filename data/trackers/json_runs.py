"""Runs that a training script wrote as JSON: one file per run, anywhere below a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ablate_tui.data.engine import printable
from ablate_tui.data.trackers.results import Results, ended, existing_folder, folders, load_object, why_not
from ablate_tui.data.trackers.tracked import Skipped, Told, TrackedRun

_KNOWN = {"config", "metrics", "results", "summary", "curves", "history", "id", "name", "seed", "status"}


@dataclass(frozen=True)
class JsonFolder:
    """A folder of JSON files."""

    name: str
    folder: str

    def runs(self, tell: Told) -> Iterator[TrackedRun | Skipped]:
        """All runs, in the order of their files' names; of two files with one id the later one."""
        paths = [
            os.path.join(folder, file)
            for folder, files in folders(self.folder)
            for file in files
            if file.endswith(".json") and not file.startswith(".")
        ]
        found: list[tuple[str, TrackedRun | Skipped]] = []
        newest: dict[str, tuple[int, str]] = {}  # by id: when it was written, and the file
        for number, path in enumerate(paths):
            tell(number, len(paths), "reading runs")
            relative = os.path.relpath(path, self.folder)
            try:
                written = os.stat(path).st_mtime_ns
                run = _run(load_object(path), relative)
            except (OSError, ValueError, OverflowError, RecursionError) as error:
                found.append((relative, Skipped(relative, why_not(error), hides=True)))
                continue
            found.append((relative, run))
            if run.id is not None:
                newest[run.id] = max(newest.get(run.id, (written, relative)), (written, relative))
        if not paths:
            yield Skipped(self.folder, "no JSON file in it, or in a folder below")
        for relative, run in found:
            kept = relative if run.id is None else newest[run.id][1]
            if relative == kept:
                yield run
            else:
                yield Skipped(relative, f'has the same id as "{printable(kept)}", which was written later: "{run.id}"')


def open_json(where: str) -> JsonFolder:
    """Open a folder of JSON files, one per run.

    Parameters
    ----------
    where : str
        The folder; files in folders below count as well.

    Raises
    ------
    SourceError, UsageError
        There is no such folder.
    """
    folder = existing_folder("json", where)
    return JsonFolder(f"json:{folder}", folder)


def _run(found: dict[str, Any], relative: str) -> TrackedRun | Skipped:
    """One file's run: an object with "config" says what is what, any other is all settings and results in one."""
    own, said = found.get("id"), found.get("status")
    is_named = isinstance(own, str | int) and own != ""
    id = str(own) if is_named else relative
    status = ended(said) if isinstance(said, str) else "finished"
    if status is None:
        return Skipped(relative, "still running", id)
    config = found.get("config")
    if not isinstance(config, Mapping):
        is_taken = {"id": is_named, "status": isinstance(said, str)}
        settings = {key: value for key, value in found.items() if not is_taken.get(key)}
        return TrackedRun(id, settings, {}, status=status, mixed=True)

    results = Results()
    results.add({key: value for key, value in found.items() if key not in _KNOWN})
    for key in ("metrics", "results", "summary"):
        part = found.get(key)
        results.add(part if isinstance(part, Mapping) else {key: part} if part is not None else {})
    for key in ("curves", "history"):
        _add_curves(results, found.get(key))
    if found.get("seed") is not None and "seed" not in config:
        config = {**config, "seed": found["seed"]}
    facts: dict[str, Any] = {**results.texts}
    if isinstance(found.get("name"), str):
        facts["name"] = found["name"]
    return TrackedRun(id, config, results.metrics(), results.curves(), status, facts)


def _add_curves(results: Results, found: object) -> None:
    """Rows of a log; or by metric its values, pairs of step and value, or {"steps": [...], "values": [...]}."""
    if isinstance(found, list):
        results.add_rows([row for row in found if isinstance(row, dict)])
    elif isinstance(found, dict):
        for name, line in found.items():
            pairs: Iterable[Any] = ()
            if isinstance(line, dict) and isinstance(line.get("steps"), list) and isinstance(line.get("values"), list):
                pairs = zip(line["steps"], line["values"], strict=False)
            elif isinstance(line, list):
                in_pairs = all(isinstance(item, list) and len(item) == 2 for item in line)
                pairs = line if in_pairs else enumerate(line)
            results.add_points(
                name,
                (
                    (step, value)
                    for step, value in pairs
                    if isinstance(step, int | float) and isinstance(value, int | float)
                ),
            )

"""What the readers of files share: results gathered into metrics and curves, and words for how a run ended."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ablate_tui.data.engine import printable
from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.trackers.tracked import Curve, Status

STEPS = ("step", "global_step", "epoch", "iteration")  # what counts the rows of a log, the best first

_ENDED: dict[str, Status] = {
    **dict.fromkeys(("finished", "complete", "completed", "done", "success", "succeeded", "ok"), "finished"),
    **dict.fromkeys(("crashed", "crash", "failed", "failure", "fail", "error", "timeout", "oom"), "crashed"),
    **dict.fromkeys(("killed", "aborted", "interrupted", "cancelled", "canceled", "preempted"), "crashed"),
    "pruned": "pruned",
}
_GOING_ON = frozenset({"running", "pending", "queued", "scheduled", "waiting", "paused", "preempting"})


class Results:
    """Metrics and curves of one run, added up from what its files hold."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}  # what came among the metrics and is no number
        self._summary: dict[str, float | None] = {}
        self._points: dict[str, dict[float, float]] = {}

    def add(self, found: Mapping[str, Any], prefix: str = "") -> None:
        """Take last values; nested ones get dotted names, a list of numbers is a curve over 0, 1, 2 …

        Raises
        ------
        OverflowError
            An integer beyond what a float holds.
        """
        for key, value in found.items():
            name = f"{prefix}{key}"
            if value is None:
                self._summary[name] = None
            elif isinstance(value, int | float):
                self._summary[name] = float(value)
            elif isinstance(value, str):
                self.texts[name] = value
            elif isinstance(value, Mapping):
                self.add(value, f"{name}.")
            elif isinstance(value, list) and all(isinstance(item, int | float | None) for item in value):
                self.add_points(name, enumerate(value))

    def add_points(self, name: str, points: Iterable[tuple[float, float | None]]) -> None:
        """Take pairs of step and value; an empty value is none."""
        line = self._points.setdefault(name, {})
        line.update((float(step), float(value)) for step, value in points if value is not None)

    def add_row(self, row: Mapping[str, Any], step: float, prefix: str = "") -> None:
        """Take what was logged at a step; texts and lists there are no metrics."""
        for key, value in row.items():
            if isinstance(value, int | float | None):
                self.add_points(f"{prefix}{key}", [(step, value)])
            elif isinstance(value, Mapping):
                self.add_row(value, step, f"{prefix}{key}.")

    def add_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take a log: one mapping per row, counted by its column of steps or, without one, from 0.

        A row without a step among rows that have one holds final values.
        """
        counts = next((name for name in STEPS if any(_is_number(row.get(name)) for row in rows)), None)
        for number, row in enumerate(rows):
            if counts is None:
                self.add_row(row, number)
            elif _is_number(row.get(counts)):
                self.add_row({key: value for key, value in row.items() if key != counts}, row[counts])
            else:
                self.add({key: value for key, value in row.items() if key != counts and value is not None})

    def metrics(self) -> dict[str, float | None]:
        """Each metric's last value; what was given as a last value outright comes before a curve's end."""
        last = {name: line[max(line)] if line else None for name, line in self._points.items()}
        return {**last, **self._summary}

    def curves(self) -> dict[str, Curve]:
        """The metrics with several steps."""
        return {
            name: (sorted(line), [line[step] for step in sorted(line)])
            for name, line in self._points.items()
            if len(line) > 1
        }


def ended(said: str) -> Status | None:
    """How a run ended, by what it or its tracker says in a word; None: it hasn't. Other words are of one that has."""
    return None if said.lower() in _GOING_ON else _ENDED.get(said.lower(), "finished")


def existing_folder(scheme: str, where: str) -> str:
    """The absolute path of a folder that a reader was given.

    Raises
    ------
    UsageError
        None was given.
    SourceError
        It isn't there, or is a file.
    """
    if not where:
        raise UsageError(f'"{scheme}:" names no folder; write {scheme}:FOLDER')
    path = os.path.abspath(os.path.expanduser(where))
    if not os.path.exists(path):
        raise SourceError(f'there is no folder "{printable(path)}"; check the name after "{scheme}:"')
    if not os.path.isdir(path):
        raise SourceError(f'"{printable(path)}" is a file; give the folder that holds the runs')
    return path


def folders(top: str) -> Iterable[tuple[str, list[str]]]:
    """Every folder from `top` down with the names of its files, in order; hidden ones are left out."""
    for path, below, files in os.walk(top):
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield path, sorted(files)


def load_object(path: str) -> dict[str, Any]:
    """Read a JSON file that holds one object.

    Raises
    ------
    ValueError
        It can't be read, with why as its text.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            found = json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(why_not(error)) from error
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    return found


def load_lines(path: str) -> tuple[list[dict[str, Any]], str]:
    """Read a file of one JSON object per line.

    Returns
    -------
    rows : list of dict
    wrong : str
        What could not be read, in words; empty if all could.

    Raises
    ------
    ValueError
        It can't be read at all, with why as its text.
    """
    rows, bad = [], []
    try:
        with open(path, "rb") as file:
            lines = file.read().splitlines()
    except OSError as error:
        raise ValueError(why_not(error)) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            rows.append(row)
        else:
            bad.append(number)
    if not bad:
        return rows, ""
    if bad == [len(lines)]:
        return rows, "cut short: its last line is left out"
    return rows, f"{len(bad)} of its lines are no JSON objects and are left out, the first is line {bad[0]}"


def load_table(path: str) -> tuple[list[dict[str, float | str]], str]:
    """Read a CSV file with a header: numbers as numbers, empty cells left out.

    Returns
    -------
    rows : list of dict
    wrong : str
        What is wrong with its end, in words; empty if nothing is.

    Raises
    ------
    ValueError
        It can't be read at all, with why as its text.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read()
        cells = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(why_not(error)) from error
    if not cells:
        raise ValueError("empty")
    header, *body = cells
    wrong = ""
    if body and len(body[-1]) < len(header):
        body.pop()
        wrong = "cut short: its last line is left out"
    elif body and not text.endswith(("\n", "\r")):
        wrong = "its last line has no end: the last number there may be cut short"
    return [
        {name: _number_or_text(cell) for name, cell in zip(header, row, strict=False) if cell} for row in body
    ], wrong


def why_not(error: Exception) -> str:
    """Why a file could not be read, as a short line."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, json.JSONDecodeError):
        return f"half-written, or not JSON: {error.msg} in line {error.lineno}"
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return printable(str(error).partition("\n")[0])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _number_or_text(cell: str) -> float | str:
    try:
        return cell if "_" in cell else float(cell)
    except ValueError:
        return cell

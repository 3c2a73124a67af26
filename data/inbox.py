"""The inbox beside a database: what training scripts have left there, see `ablate_tui.data.log`."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ablate_tui.data.engine import printable
from ablate_tui.data.errors import SourceError
from ablate_tui.data.log import BEGUN, DONE, FORMAT, INBOX
from ablate_tui.data.trackers.tracked import Skipped, Told, TrackedRun

STATUSES = ("finished", "crashed")


def inbox_of(database: str) -> str:
    """The folder that a database's runs are left in."""
    return os.path.realpath(database) + INBOX


def is_inbox(path: str) -> bool:
    """Whether a folder is an inbox, by its name."""
    return path.rstrip(os.sep).endswith(INBOX) and os.path.isdir(path)


def waiting(folder: str) -> list[str]:
    """Names of the files of runs that have ended, each run's in the order of its writing.

    Raises
    ------
    SourceError
        The folder is there, and can't be read.
    """
    try:
        names = [name for name in os.listdir(folder) if name.endswith(DONE) and not name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise SourceError(f'"{printable(folder)}" can\'t be read: {error.strerror or error}') from error
    return sorted(names, key=lambda name: (name.split(".")[0], _number(name)))


@dataclass(frozen=True)
class Gathered:
    """What became of the runs that waited for a database."""

    words: str | None = None  # what came in, or why nothing did, in one line; None where no run waited
    left: frozenset[str] = frozenset()  # files that stay in the inbox, since they can't be taken in


@dataclass
class Inbox:
    """Runs that were left in a folder.

    A file stays where it is until it is `removed`, after what was read of it is safe.
    """

    folder: str
    taken: list[str] = field(default_factory=list)  # files whose runs were read

    @property
    def name(self) -> str:
        """As a source of an import."""
        return self.folder

    def runs(self, tell: Told) -> Iterator[TrackedRun | Skipped]:
        """The runs that have ended; of several writings of one the last counts. See `Tracker.runs`."""
        names = waiting(self.folder)
        for at, name in enumerate(names):
            if at % 500 == 0:
                tell(at, len(names), f"gathering {len(names):,} logged runs")
            try:
                with open(os.path.join(self.folder, name), encoding="utf-8") as stream:
                    run = _run(json.load(stream))
            except FileNotFoundError:
                continue  # another process has gathered it just now
            except OSError as error:
                yield Skipped(name, f"can't be read: {error.strerror or error}")
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                yield Skipped(name, f"not a logged run ({type(error).__name__}: {error}); it stays in the inbox")
            else:
                self.taken.append(name)
                yield run
        if open_runs := self.begun():
            yield Skipped(open_runs, "begun, and not ended")

    def begun(self) -> str:
        """Runs that have no end so far, in words; empty where there are none."""
        here, gone, other = 0, 0, 0
        try:
            names = [name for name in os.listdir(self.folder) if name.endswith(BEGUN) and not name.startswith(".")]
        except FileNotFoundError:
            return ""
        for name in names:
            try:
                with open(os.path.join(self.folder, name), encoding="utf-8") as stream:
                    record = json.load(stream)
                if record["host"] != socket.gethostname():
                    other += 1
                elif _alive(int(record["pid"])):
                    here += 1
                else:
                    gone += 1
            except (OSError, ValueError, TypeError, KeyError):
                other += 1
        parts = [
            (here, "running here"),
            (gone, "killed here before their end"),
            (other, "running or killed on other hosts"),
        ]
        return ", ".join(f"{n:,} {words}" for n, words in parts if n)

    def remove(self) -> None:
        """Remove the files that were read."""
        for name in self.taken:
            try:
                os.unlink(os.path.join(self.folder, name))
            except OSError:
                continue  # gathered again next time: a run comes in once, however often it is read


def _number(name: str) -> int:
    part = name.removesuffix(DONE).rpartition(".")[2]
    return int(part) if part.isdigit() else 0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _run(record: dict[str, Any]) -> TrackedRun:
    if record["ablate_tui"] != FORMAT:
        raise ValueError(f"written by another version of ablate-tui, in format {record['ablate_tui']}")
    if record["status"] not in STATUSES:
        raise ValueError(f"unknown status {record['status']!r}")
    settings: dict[str, Any] = {}
    if record["seed"] is not None:
        settings["seed"] = record["seed"]
    for name, value in record["config"].items():
        settings[f"config.{name}" if name in record["switches"] else name] = value
    settings |= record["switches"]
    facts = {name: record[name] for name in ("name", "started", "duration_s", "host", "error")}
    curves = {
        name: ([float(step) for step in steps], list(values)) for name, (steps, values) in record["curves"].items()
    }
    return TrackedRun(str(record["id"]), settings, record["result"], curves, record["status"], facts)

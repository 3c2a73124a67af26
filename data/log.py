"""Log a run from a training script: `from ablate_tui import log`.

It only needs the standard library, and a training never waits long for it nor fails by it. Each run leaves a
file of its own in an inbox beside the database, so that any number of processes on any number of hosts write
without knowing of each other; opening the database, or importing, gathers them.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import socket
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

FORMAT = 1  # of the files in an inbox
INBOX = ".inbox"  # what follows the database's name
DONE, BEGUN = ".json", ".begun"  # a run that has ended; one that has not, or was killed
PATIENCE = 10.0  # seconds that a training waits for a file system at most


class Run:
    """A run that is going on. Made by `log`; none of its methods raises for what goes wrong in logging."""

    def __init__(self, database: str, record: dict[str, Any], patience: float) -> None:
        self.id = str(record["id"])
        self._inbox = os.path.realpath(database) + INBOX
        self._database = database
        self._patience = patience
        self._record = record
        self._curves: dict[str, tuple[list[float], list[Any]]] = {}
        self._began = time.monotonic()
        self._ends = 0
        self._lock = threading.Lock()
        begun = {"id": self.id, "host": record["host"], "pid": os.getpid(), "started": record["started"]}
        with _harmless():
            self._in_time(lambda: _put(self._inbox, self.id + BEGUN, _text(begun)))

    def log(self, step: float, /, **metrics: Any) -> None:
        """Note what was measured at a step: a point of each metric's curve, written with the result.

        Parameters
        ----------
        step : float
        **metrics
            Numbers by name, also tensors that hold one number.
        """
        with _harmless(), self._lock:
            for name, value in metrics.items():
                steps, values = self._curves.setdefault(name, ([], []))
                steps.append(float(step))
                values.append(_plain(value))

    def result(self, /, **metrics: Any) -> None:
        """Say how the run ended. Once this returns, the run is in the inbox.

        Parameters
        ----------
        **metrics
            Numbers by name: `loss=2.31`. NaN and infinity are results, too: the run diverged.
        """
        self._end("finished", metrics, None)

    def _end(self, status: str, result: Mapping[str, Any], error: str | None) -> None:
        with _harmless():
            with self._lock:
                self._ends += 1
                curves = {name: [list(steps), list(values)] for name, (steps, values) in self._curves.items()}
            record = {
                **self._record,
                "status": status,
                "result": {str(name): _plain(value) for name, value in result.items()},
                "duration_s": round(time.monotonic() - self._began, 3),  # a clock may be set back meanwhile
                "error": error,
                "curves": curves,
            }
            name, text = f"{self.id}.{self._ends}{DONE}", _text(record)  # never the name of one that is being gathered
            if not self._in_time(lambda: self._write(name, text)):
                self._keep(name, text, "it does not answer")

    def _write(self, name: str, text: str) -> None:
        try:
            _put(self._inbox, name, text)
        except OSError as error:
            self._keep(name, text, error.strerror or str(error))
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(self._inbox, self.id + BEGUN))

    def _keep(self, name: str, text: str, why: str) -> None:
        """Write the run on this host's own disk."""
        elsewhere = os.path.join(tempfile.gettempdir(), f"ablate-tui-{os.getuid()}", os.path.basename(self._inbox))
        _put(elsewhere, name, text)
        _say(
            f'"{self._inbox}" can\'t be written ({why}): the run is kept in "{elsewhere}"; '
            f'later, on {socket.gethostname()}: ablate-tui import "{elsewhere}" --into "{self._database}"'
        )

    def _in_time(self, work: Callable[[], None]) -> bool:
        """Do something that may take for ever where a shared file system hangs; whether it was done in time."""

        def guarded() -> None:
            with _harmless():
                work()

        thread = threading.Thread(target=guarded, daemon=True, name="ablate-tui log")
        try:
            thread.start()
        except RuntimeError:  # no thread is to be had: this process has too many, or is about to end
            guarded()
            return True
        thread.join(self._patience)
        return not thread.is_alive()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._ends:
            return
        if kind is None:
            self._end("crashed", {}, "ended without a result")
        else:
            words = " ".join(str(error).split())
            self._end("crashed", {}, f"{kind.__name__}: {words}"[:500] if words else kind.__name__)


def log(
    database: str | os.PathLike[str],
    switches: Mapping[str, Any],
    *,
    seed: int | None = None,
    config: Mapping[str, Any] | None = None,
    name: str | None = None,
    patience: float = PATIENCE,
) -> Run:
    """Begin a run.

    Parameters
    ----------
    database : path
        The DuckDB file that the run belongs to; it need not be there yet. The inbox is a folder beside it.
    switches : mapping
        What the sweep varies, by name: truth values, numbers or texts.
    seed : int, optional
        What tells runs of one configuration apart.
    config : mapping, optional
        Further settings, nested or not.
    name : str, optional
        What a person would call the run.
    patience : float
        Seconds that a call waits for the file system at most.

    Returns
    -------
    Run
        To be used in a `with` statement: an exception that leaves it is recorded as a crash, and goes on.

    Examples
    --------
    >>> with log("runs.duckdb", switches={"use_rms_norm": True}, seed=0) as run:
    ...     run.log(100, val_loss=3.1)
    ...     run.result(val_loss=2.31)
    """
    record: dict[str, Any] = {"ablate_tui": FORMAT, "id": uuid.uuid4().hex, "host": "", "started": None}
    path = "runs.duckdb"
    with _harmless():
        path = os.fsdecode(database)
        record["host"] = socket.gethostname()
        record["started"] = datetime.datetime.now(datetime.UTC).isoformat()
        record["name"] = name
        record["seed"] = _plain(seed)
        record["switches"] = _plain(dict(switches))
        record["config"] = _plain(dict(config or {}))
    return Run(path, record, patience)


@contextlib.contextmanager
def _harmless() -> Any:
    """Whatever goes wrong in logging is said, never raised: a training is worth more than its line here."""
    try:
        yield
    except Exception as error:
        _say(f"logging went wrong ({type(error).__name__}: {error}); the training goes on")


def _say(words: str) -> None:
    with contextlib.suppress(Exception):
        print("ablate-tui:", words, file=sys.stderr, flush=True)


def _plain(value: Any) -> Any:
    """A value as JSON has it: numbers of numpy or torch by their `item`, what JSON does not have as text."""
    if value is None or isinstance(value, (bool, int, float, str)):
        # subclasses, such as an enumeration's members, would be written by their own ways
        for kind in (bool, int, float, str):
            if isinstance(value, kind):
                return value if type(value) is kind else kind(value)
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    for way in ("item", "tolist"):
        with contextlib.suppress(Exception):
            found = getattr(value, way)()
            if found is not value:
                return _plain(found)
    return str(value)


def _text(record: Mapping[str, Any]) -> str:
    # lone surrogates, as odd file names give them, could not be written as UTF-8
    return json.dumps(record, ensure_ascii=True)


def _put(folder: str, name: str, text: str) -> None:
    """Write a file that is there as a whole or not at all, also on shared file systems and after a power cut."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    part = os.path.join(folder, f".{name}.part")
    try:
        with open(part, "w", encoding="ascii") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise

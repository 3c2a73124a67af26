"""Runs that were logged for TensorBoard: scalars from event files, settings from its HParams plugin.

A run's files may lie in several folders. PyTorch's `add_hparams` puts the settings and final metrics into a new
folder below the one with the curves; Keras writes curves to `train` and `validation` below the one with the settings.
"""

from __future__ import annotations

import datetime
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ablate_tui.data.errors import SourceError
from ablate_tui.data.trackers.results import Results, existing_folder, folders, why_not
from ablate_tui.data.trackers.tracked import Skipped, Status, Told, TrackedRun

_LENGTH = struct.Struct("<Q")  # a record: its length, 4 bytes of check sum, the content, 4 bytes of check sum
_CHECK = 4


@dataclass(frozen=True)
class TensorBoardFolder:
    """A folder that TensorBoard could be started on."""

    name: str
    folder: str

    def runs(self, tell: Told) -> Iterator[TrackedRun | Skipped]:
        """All runs, in the order of their folders' names."""
        with_events = {
            folder: events
            for folder, files in folders(self.folder)
            if (events := [name for name in files if "tfevents" in name and not name.endswith(".profile-empty")])
        }
        if not with_events:
            yield Skipped(self.folder, "no event file in it, or in a folder below")
        read: dict[str, _Folder] = {}
        top = ""
        for number, (folder, files) in enumerate(with_events.items()):
            tell(number, len(with_events), "reading event files")
            if not _is_below(folder, top):
                yield from self._together(read)
                read, top = {}, folder
            try:
                read[folder] = _Folder()
                for file in files:
                    if wrong := read[folder].take(os.path.join(folder, file)):
                        yield Skipped(os.path.join(self._id(folder), file), wrong)
            except Exception as error:  # the client's readers promise no class of error
                del read[folder]
                yield Skipped(
                    os.path.join(self._id(folder), file), f"can't be read: {why_not(error)}", self._id(folder)
                )
        yield from self._together(read)

    def _id(self, folder: str) -> str:
        return os.path.basename(folder) if folder == self.folder else os.path.relpath(folder, self.folder)

    def _together(self, read: dict[str, _Folder]) -> Iterator[TrackedRun | Skipped]:
        """The runs in a folder and those below it."""
        sessions = {folder: found for folder, found in read.items() if found.config is not None}
        inner: dict[str, list[_Folder]] = {}  # settings, by the folder right above
        for folder, found in sessions.items():
            inner.setdefault(os.path.dirname(folder), []).append(found)
        outer = {  # settings that belong to the curves right above
            folder: below[-1]
            for folder, below in inner.items()
            if folder in read and folder not in sessions and read[folder].points
            if all(found.config == below[0].config for found in below)
        }
        owners = {folder for folder in sessions if os.path.dirname(folder) not in outer} | outer.keys()
        parts: dict[str, list[str]] = {}
        for folder in read:
            parts.setdefault(folder if folder in owners else _nearest(folder, owners), []).append(folder)
        for owner, folders_ in parts.items():
            results = Results()
            for folder in folders_:
                prefix = "" if folder == owner else f"{os.path.relpath(folder, owner)}/"
                for tag, line in read[folder].points.items():
                    if folder in sessions and folder != owner:  # a final value; its step is no place on a curve
                        results.add({tag: line[max(line)]})
                    else:
                        results.add_points(prefix + tag, line.items())
            session = outer.get(owner) or read[owner]
            yield from _run(self._id(owner), session, results, min(read[folder].started for folder in folders_))


def open_tensorboard(where: str) -> TensorBoardFolder:
    """Open a folder of TensorBoard's event files.

    Parameters
    ----------
    where : str
        The folder, as one gives it to `tensorboard --logdir`.

    Raises
    ------
    SourceError, UsageError
        There is no such folder, or tensorboard is not installed.
    """
    folder = existing_folder("tensorboard", where)
    try:
        import tensorboard.plugins.hparams.metadata  # noqa: F401
    except ImportError as error:
        raise SourceError(
            'reading event files needs tensorboard: python3 -m pip install "ablate-tui[tensorboard]"'
        ) from error
    return TensorBoardFolder(f"tensorboard:{folder}", folder)


@dataclass
class _Folder:
    """What the event files of one folder hold."""

    points: dict[str, dict[float, float]] = field(default_factory=dict)
    config: dict[str, Any] | None = None
    status: int | None = None  # of the plugin's session end
    started: float = float("inf")
    plugins: dict[str, str] = field(default_factory=dict)  # by tag; told with a tag's first value only
    restarts: int = 0

    def take(self, path: str) -> str:
        """Add what one file holds; say what is wrong with it, if anything."""
        from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

        whole, rest = _records(path)
        taken = 0
        for event in LegacyEventFileLoader(path).Load():
            taken += 1
            self._event(event)
        if taken < whole:
            return f"damaged: what comes after its record {taken} is left out"
        return "cut short: its last record is left out" if rest and taken == whole else ""

    def _event(self, event: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import SessionLog
        from tensorboard.util import tensor_util

        self.started = min(self.started, event.wall_time)
        if event.session_log.status == SessionLog.START:
            self.restarts += 1
            if self.restarts > 1:  # began again from an earlier step: what came after it is void
                for tag, line in self.points.items():
                    self.points[tag] = {step: value for step, value in line.items() if step < event.step}
        for value in event.summary.value:
            if value.HasField("metadata"):
                self.plugins[value.tag] = value.metadata.plugin_data.plugin_name
                if self.plugins[value.tag] == "hparams":
                    self._hparams(value.metadata.plugin_data.content)
            if value.HasField("simple_value"):
                self.points.setdefault(value.tag, {})[event.step] = value.simple_value
            elif value.HasField("tensor") and self.plugins.get(value.tag) == "scalars":
                self.points.setdefault(value.tag, {})[event.step] = float(tensor_util.make_ndarray(value.tensor).item())

    def _hparams(self, content: bytes) -> None:
        from tensorboard.plugins.hparams.metadata import PLUGIN_DATA_VERSION
        from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

        data = HParamsPluginData.FromString(content)
        if data.version != PLUGIN_DATA_VERSION:
            raise ValueError(f"its settings are of version {data.version}, known is {PLUGIN_DATA_VERSION}")
        if data.HasField("session_start_info"):
            start = data.session_start_info
            self.config = {name: _value(value) for name, value in start.hparams.items()}
            self.started = min(self.started, start.start_time_secs or self.started)
        elif data.HasField("session_end_info"):
            self.status = data.session_end_info.status


def _run(id: str, session: _Folder, results: Results, started: float) -> Iterator[TrackedRun | Skipped]:
    from tensorboard.plugins.hparams.api_pb2 import STATUS_FAILURE, STATUS_RUNNING, STATUS_SUCCESS

    metrics, curves = results.metrics(), results.curves()
    short = {tag: tag.removeprefix("hparam/") for tag in metrics if tag.removeprefix("hparam/") not in metrics}
    metrics = {short.get(tag, tag): value for tag, value in metrics.items()}
    curves = {short.get(tag, tag): curve for tag, curve in curves.items()}
    if session.status == STATUS_RUNNING:
        yield Skipped(id, "still running", id)
    elif metrics or session.status in (STATUS_SUCCESS, STATUS_FAILURE):
        known = started < float("inf")
        facts = {"started": datetime.datetime.fromtimestamp(started, datetime.UTC)} if known else {}
        status: Status = "crashed" if session.status == STATUS_FAILURE else "finished"
        yield TrackedRun(id, session.config or {}, metrics, curves, status, facts)
    elif session.config is not None:
        yield Skipped(id, "no scalar was logged", id)


def _value(value: Any) -> Any:
    """A setting as the plugin holds it: a truth value, number, text or None, or a list or mapping of these."""
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        return [_value(item) for item in value.list_value.values]
    if kind == "struct_value":
        return {name: _value(item) for name, item in value.struct_value.fields.items()}
    return None if kind in (None, "null_value") else getattr(value, kind)


def _records(path: str) -> tuple[int, bool]:
    """How many whole records a file has, and whether part of another follows."""
    count, place, size = 0, 0, os.path.getsize(path)
    with open(path, "rb") as file:
        while len(head := file.read(_LENGTH.size)) == _LENGTH.size:
            after = place + _LENGTH.size + _CHECK + _LENGTH.unpack(head)[0] + _CHECK
            if after > size:
                return count, True
            count, place = count + 1, after
            file.seek(place)
    return count, bool(head)


def _is_below(folder: str, top: str) -> bool:
    return bool(top) and (folder == top or folder.startswith(top.rstrip(os.sep) + os.sep))


def _nearest(folder: str, owners: set[str]) -> str:
    """The nearest folder above that has settings, or the folder itself."""
    above = folder
    while above != os.path.dirname(above):
        above = os.path.dirname(above)
        if above in owners:
            return above
    return folder

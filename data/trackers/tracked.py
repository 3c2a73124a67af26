"""What every tracker's reader gives: runs with their settings, results and curves as plain values."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ablate_tui.data.schema import Goal

Status = Literal["finished", "crashed", "pruned"]
Told = Callable[[int, int, str], None]  # runs read, of how many (0: not known), and what is going on

Curve = tuple[
    Sequence[float], Sequence[float | None]
]  # steps, ascending, and the values there; None: the source has none


@dataclass(frozen=True)
class TrackedRun:
    """A run that has ended.

    Parameters
    ----------
    id : str
        Unique in its store, and the same at every reading.
    config : mapping
        What was set, nested as the source has it: truth values, numbers, texts, None, lists, mappings.
        None is a value ("no norm"), a key that isn't there a missing one (a parameter of another branch).
    metrics : mapping
        What was measured, by name: each metric's last value. NaN and infinity stay, None is "not measured".
    curves : mapping
        Metrics with several steps, by the same names.
    status : str
        "crashed" for a run that ended without its results, "pruned" for one that was stopped on purpose.
    facts : mapping
        What is neither set nor measured: its name, when it began (`started`, with time zone), its group.
    goals : mapping
        "min" or "max" by metric, as far as the source says which values are better.
    mixed : bool
        Whether the source does not tell settings from results, so that `config` holds both.
    """

    id: str
    config: Mapping[str, Any]
    metrics: Mapping[str, Any]
    curves: Mapping[str, Curve] = field(default_factory=dict)
    status: Status = "finished"
    facts: Mapping[str, str | float | datetime.datetime | None] = field(default_factory=dict)
    goals: Mapping[str, Goal] = field(default_factory=dict)
    mixed: bool = False


@dataclass(frozen=True)
class Skipped:
    """Something in a store that did not come in.

    `id` is the run's where that much could be read: what an earlier import stored of it stays. Where it could
    not, and so any run may be meant, `hides` says so: then all stay that were not read.
    """

    what: str  # which run or file, as the user knows it
    why: str
    id: str | None = None
    hides: bool = False


class Tracker(Protocol):
    """A store of runs, open for reading; it is never written to."""

    @property
    def name(self) -> str:
        """Scheme and place, the same at every import: "mlflow:/home/ada/mlflow.db"."""

    def runs(self, tell: Told) -> Iterator[TrackedRun | Skipped]:
        """All runs, in the store's own order.

        Raises
        ------
        SourceError
            The store can't be read at all; one run that can't be is a `Skipped`.
        """
        ...

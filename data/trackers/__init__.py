"""Where runs come from besides files: one reader per tracker, all giving the same plain values."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

from ablate_tui.data.engine import printable
from ablate_tui.data.errors import UsageError, one_of
from ablate_tui.data.trackers.tracked import Tracker

# scheme → module and function; imported when asked for, since some need a client of their own
_READERS = {
    "mlflow": ("mlflow", "open_mlflow"),
    "optuna": ("optuna", "open_optuna"),
    "tensorboard": ("tensorboard", "open_tensorboard"),
    "wandb": ("wandb", "open_wandb"),
    "hydra": ("hydra", "open_hydra"),
    "ray": ("ray", "open_ray"),
    "json": ("json_runs", "open_json"),
}
SCHEMES = tuple(_READERS)
TEXTUAL = ("mlflow", "wandb")  # those that keep settings as texts


def scheme_of(source: str) -> str | None:
    """The tracker that a source names, `mlflow:runs.db`; None for a file, folder or glob."""
    scheme, colon, where = source.partition(":")
    if not colon or os.path.exists(source):
        return None
    if scheme in _READERS:
        if not where:
            raise UsageError(f'"{scheme}:" says no place; write {scheme}:PATH')
        return scheme
    if scheme.isalnum() and len(scheme) > 1 and "/" not in scheme and not where.startswith("//"):
        raise UsageError(f'no tracker "{printable(scheme)}"; {one_of(scheme, SCHEMES)}')
    return None


def open_tracker(source: str) -> Tracker:
    """The store that a source with a scheme names.

    Raises
    ------
    SourceError
        There is none at that place, or its client is not installed.
    """
    scheme, _, where = source.partition(":")
    module, function = _READERS[scheme]
    opened: Callable[[str], Any] = getattr(importlib.import_module(f"ablate_tui.data.trackers.{module}"), function)
    tracker: Tracker = opened(where)
    return tracker

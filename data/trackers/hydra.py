"""Runs of Hydra: every folder with `.hydra/config.yaml`, and the metrics that the script left beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ablate_tui.data.errors import SourceError
from ablate_tui.data.trackers.results import (
    Results,
    ended,
    existing_folder,
    folders,
    load_lines,
    load_object,
    load_table,
    why_not,
)
from ablate_tui.data.trackers.tracked import Skipped, Told, TrackedRun

_LOGS: dict[str, Callable[[str], tuple[list[dict[str, Any]], str]]] = {
    "metrics.csv": load_table,
    "metrics.jsonl": load_lines,
}
_SUMMARIES = ("metrics.json", "results.json", "result.json", "summary.json")
_CONFIG = os.path.join(".hydra", "config.yaml")


@dataclass(frozen=True)
class HydraFolder:
    """A folder of Hydra's runs, or of several sweeps."""

    name: str
    folder: str

    def runs(self, tell: Told) -> Iterator[TrackedRun | Skipped]:
        """All runs, in the order of their folders' names."""
        paths = [folder for folder, _ in folders(self.folder) if os.path.isfile(os.path.join(folder, _CONFIG))]
        if not paths:
            yield Skipped(self.folder, f"no {_CONFIG} in it, or in a folder below")
        for number, path in enumerate(paths):
            tell(number, len(paths), "reading runs")
            id = os.path.relpath(path, self.folder) if path != self.folder else os.path.basename(path)
            yield from _run(path, id)


def open_hydra(where: str) -> HydraFolder:
    """Open a folder that Hydra wrote runs to, such as `multirun` or `outputs`.

    Parameters
    ----------
    where : str
        The folder; runs at any depth count.

    Raises
    ------
    SourceError, UsageError
        There is no such folder, or omegaconf is not installed.
    """
    try:
        import omegaconf  # noqa: F401
    except ImportError as error:
        raise SourceError('reading Hydra runs needs omegaconf: python3 -m pip install "ablate-tui[hydra]"') from error
    folder = existing_folder("hydra", where)
    return HydraFolder(f"hydra:{folder}", folder)


def _run(path: str, id: str) -> Iterator[TrackedRun | Skipped]:
    there = [name for name in (*_LOGS, *_SUMMARIES) if os.path.isfile(os.path.join(path, name))]
    if not there:
        yield Skipped(id, f"no metrics file; looked for {', '.join((*_SUMMARIES, *_LOGS))}", id)
        return
    results = Results()
    name = _CONFIG
    try:
        config = _config(os.path.join(path, _CONFIG))
        for name in there:
            if name in _LOGS:
                rows, wrong = _LOGS[name](os.path.join(path, name))
                results.add_rows(rows)
                if wrong:
                    yield Skipped(os.path.join(id, name), wrong)
            else:
                results.add({k: v for k, v in load_object(os.path.join(path, name)).items() if k != "config"})
    except (ValueError, OverflowError, RecursionError) as error:
        yield Skipped(id, f"{name}: {why_not(error)}", id)
        return
    status = ended(results.texts.pop("status", "finished"))
    if status is None:
        yield Skipped(id, "still running", id)
    else:
        yield TrackedRun(id, config, results.metrics(), results.curves(), status, results.texts)


def _config(path: str) -> dict[str, Any]:
    """The configuration with its interpolations resolved.

    Raises
    ------
    ValueError
        It can't be read, with why as its text.
    """
    from omegaconf import DictConfig, OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    try:
        with open(path, encoding="utf-8") as file:
            found = OmegaConf.load(file)
    except (OSError, ValueError, YAMLError, OmegaConfBaseException, RecursionError) as error:
        raise ValueError(why_not(error)) from error
    if not isinstance(found, DictConfig):
        raise ValueError("no mapping of settings")
    with _no_environment():
        plain: dict[str, Any] = _plain(found)
    plain.pop("hydra", None)
    return plain


@contextmanager
def _no_environment() -> Iterator[None]:
    """Environment variables are those of whoever imports, not those of the run, and may hold secrets."""
    from omegaconf import OmegaConf
    from omegaconf.resolvers import oc

    OmegaConf.clear_resolver("oc.env")
    try:
        yield
    finally:
        OmegaConf.register_new_resolver("oc.env", oc.env)


def _plain(node: Any) -> Any:
    """Mappings and lists as plain ones: what is `???` is left out, what can't be resolved stays as its text."""
    from omegaconf import DictConfig, ListConfig, OmegaConf
    from omegaconf.errors import InterpolationToMissingValueError, OmegaConfBaseException

    if not isinstance(node, DictConfig | ListConfig):
        return node if isinstance(node, bool | int | float | str | None) else str(node)
    keys = list(node) if isinstance(node, DictConfig) else range(len(node))
    found = {}
    for key in keys:
        try:
            if not OmegaConf.is_missing(node, key):
                found[key] = _plain(node[key])
        except InterpolationToMissingValueError:
            continue
        except (OmegaConfBaseException, ValueError, TypeError, RecursionError):
            found[key] = OmegaConf.to_container(node, resolve=False)[key]
    return {str(key): value for key, value in found.items()} if isinstance(node, DictConfig) else list(found.values())

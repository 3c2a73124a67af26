"""What the terminal can do and what the program finds, a line a fact, ready to paste into a report."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from ablate_tui import __version__
from ablate_tui.data.demo import data_folder
from ablate_tui.data.engine import printable
from ablate_tui.data.errors import UsageError
from ablate_tui.data.state import state_folder
from ablate_tui.tui import abilities, terminals
from ablate_tui.tui.config import config_file, load
from ablate_tui.tui.screen_options import with_keys

LIBRARIES = ("textual", "plotext", "duckdb", "polars", "matplotlib", "lightgbm")
# modules that each extra brings, and what it is for
EXTRAS = {
    "mlflow": ("mlflow", "tracking servers of MLflow"),
    "optuna": ("optuna", "studies of Optuna"),
    "tensorboard": ("tensorboard", "event files of TensorBoard"),
    "wandb": ("wandb", "runs of Weights & Biases"),
    "hydra": ("omegaconf", "interpolations in Hydra's configurations"),
    "pictures": ("PIL", "previews as sixels"),
    "sql": ("tree_sitter tree_sitter_sql", "colours in the SQL view"),
    "postgresql": ("adbc_driver_postgresql", "a sweep on a server"),
}
CLIPBOARD = {
    "direct": "OSC 52, unless the terminal forbids it",
    "passthrough": "OSC 52, wrapped to pass through tmux",
    "tmux": "by tmux's own command, since it passes no OSC 52 on",
    None: "none: the terminal is not known to take OSC 52",
}


def facts() -> Iterator[tuple[str, str]]:
    """Name and words of every fact."""
    yield "ablate-tui", __version__
    yield "python", f"{platform.python_version()} ({platform.python_implementation()}, {sys.executable})"
    yield "platform", platform.platform()
    yield from _terminal()
    yield from _places()
    for name in LIBRARIES:
        yield name, _version(name)
    for extra, (modules, about) in EXTRAS.items():
        there = all(importlib.util.find_spec(module) is not None for module in modules.split())
        yield f"extra {extra}", "installed" if there else f"not installed ({about}): pip install 'ablate-tui[{extra}]'"


def _terminal() -> Iterator[tuple[str, str]]:
    found = terminals.here()
    yield "terminal", printable(found.name)
    yield "TERM", printable(os.environ.get("TERM", "")) or "not set"
    yield (
        "stdin, stdout, stderr",
        ", ".join(
            "terminal" if stream is not None and stream.isatty() else "none" if stream is None else "file or pipe"
            for stream in (sys.stdin, sys.stdout, sys.stderr)
        ),
    )
    size = shutil.get_terminal_size((0, 0))
    yield "size", f"{size.columns}×{size.lines}" if size.columns else "not known"
    yield "colours", _colours()
    yield "UTF-8", "yes" if abilities.speaks_unicode() else "no: signs have stand-ins in ASCII (ascii = false forbids)"
    yield "screen", "yes" if abilities.has_screen() else "no: the cursor can't be moved (TERM), so a table is printed"
    yield "mouse", "used, where the terminal reports it" if abilities.has_screen() else "no"
    yield "clipboard", CLIPBOARD[found.clipboard]
    yield "pictures", found.pictures or f"none: {printable(found.why)}"
    yield "in between", ", ".join(_between()) or "nothing"


def _colours() -> str:
    if "NO_COLOR" in os.environ:
        return "none (NO_COLOR)"
    known = abilities.colours()
    return "16 million" if known >= abilities.MILLIONS else f"{known}" if known else "none"


def _between() -> Iterator[str]:
    if "TMUX" in os.environ:
        yield "tmux"
    if "STY" in os.environ:
        yield "screen"
    if "SSH_CONNECTION" in os.environ or "SSH_TTY" in os.environ:
        yield "ssh"


def _places() -> Iterator[tuple[str, str]]:
    file = config_file()
    try:
        settings = load(file)
        if settings.keys:  # to look at them loads the screen
            with_keys(settings)
        words = _where(file) if os.path.exists(file) else f"{_where(file)}, not there: everything is as it comes"
    except UsageError as error:
        words = f"{_where(file)}, broken: {error}"
    yield "settings", words
    yield "state", f"{_where(state_folder())}, {writable(state_folder())}"
    yield "data", f"{_where(data_folder())}, {writable(data_folder())}"


def _where(path: Path) -> str:
    return printable(str(path))


def writable(folder: Path) -> str:
    """Whether a folder can be written, or made where it isn't there. Nothing is; in a shut folder, nothing is there."""
    there = next((place for place in (folder, *folder.absolute().parents) if os.path.exists(place)), None)
    if there is None or not os.path.isdir(there) or not os.access(there, os.W_OK | os.X_OK):
        return "can't be written"
    return "can be written" if os.path.exists(folder) else "can be made"


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing: install ablate-tui again"

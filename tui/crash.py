"""What is kept of a fault of this program: where it happened, never what the data say."""

from __future__ import annotations

import datetime
import os
import platform
import traceback
from importlib import metadata
from pathlib import Path

from ablate_tui import __version__
from ablate_tui.data.state import state_folder
from ablate_tui.tui.export import write
from ablate_tui.tui.session import Look

LIBRARIES = ("textual", "rich", "duckdb", "polars", "numpy", "scipy", "lightgbm", "plotext", "matplotlib")


def report(error: BaseException, view: str, look: Look) -> str:
    """A fault for whoever mends it: no message, since that may have a name or a level in it."""
    slice_ = look.slice
    versions = [f"{name} {metadata.version(name)}" for name in LIBRARIES]
    lines = [
        f"ablate-tui {__version__}, Python {platform.python_version()}, {platform.system()}",
        ", ".join(versions),
        f"terminal: {os.environ.get('TERM', 'unknown')}",
        f"view: {view}, target: {look.target}",
        f"slice: {len(slice_.filters)} filters of {[len(levels) for _, levels in slice_.filters]} levels, "
        f"contrast: {'yes' if slice_.contrast else 'no'}, location terms: {len(slice_.location or ())}, "
        f"failures: {'yes' if look.fail else 'no'}",
        "",
    ]
    fault: BaseException | None = error
    while fault is not None:
        lines += [f"{type(fault).__module__}.{type(fault).__qualname__}"]
        lines += "".join(traceback.format_tb(fault.__traceback__)).splitlines()
        inner = getattr(fault, "error", None)  # Textual's WorkerFailed
        fault = fault.__cause__ or fault.__context__ or (inner if isinstance(inner, BaseException) else None)
        lines += ["", "caused by"] if fault is not None else []
    return "\n".join(lines) + "\n"


def keep(error: BaseException, view: str, look: Look) -> Path | None:
    """Write a report into the user's state folder; None where that can't be done: it is no time for a second fault."""
    try:
        folder = state_folder()
        folder.mkdir(parents=True, exist_ok=True)
        stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
        return write(report(error, view, look).encode(), folder / f"crash-{stamp}.txt")
    except Exception:
        return None

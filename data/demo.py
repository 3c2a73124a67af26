"""The shipped sweep as a DuckDB file of the user's own."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_data_path

from ablate_tui.data.errors import SourceError

SHIPPED = Path(__file__).parent / "samples" / "tiny_lm" / "runs.parquet"


def data_folder() -> Path:
    """Where the demo's file lies: ``ABLATE_TUI_DATA``, else the system's place for a user's data."""
    chosen = os.environ.get("ABLATE_TUI_DATA")
    return Path(chosen) if chosen else user_data_path("ablate-tui", appauthor=False)


def demo_database(tell: Callable[[str], None] | None = None, shipped: Path = SHIPPED) -> Path:
    """Make ``runs.duckdb`` of the shipped runs, unless it is there and of the same runs.

    Parameters
    ----------
    tell : callable, optional
        Told in words where the user's folder can't be written and a temporary one is taken.
    shipped : Path
        The runs.

    Returns
    -------
    Path

    Raises
    ------
    SourceError
        The shipped runs are missing, or not even a temporary folder can be written.
    """
    try:
        content = hashlib.sha256(shipped.read_bytes()).hexdigest()
    except OSError as error:
        raise SourceError(f"the shipped runs are missing ({error.strerror}); install ablate-tui again") from error
    folder = data_folder()
    try:
        return _made(folder, shipped, content)
    except (OSError, SourceError) as error:
        made = _aside(shipped, content)
        if tell is not None:
            from ablate_tui.data.engine import printable

            why = error.strerror if isinstance(error, OSError) else str(error)
            tell(f'"{printable(str(folder))}" can\'t be used ({why}); the demo is in a temporary folder')
        return made


def _aside(shipped: Path, content: str) -> Path:
    """The demo in a folder that goes when the program ends."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="ablate-tui-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return _made(folder, shipped, content)
    except (OSError, SourceError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(
            f"the demo can't be written, not even in a temporary folder: {why}; make room, or set ABLATE_TUI_DATA to a "
            "folder that can be written"
        ) from error


def _made(folder: Path, shipped: Path, content: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    database, mark = folder / "runs.duckdb", folder / "runs.duckdb.sha256"
    if database.exists() and mark.exists() and mark.read_text(encoding="utf-8").strip() == content:
        return database
    from ablate_tui.data.importer import import_runs  # the first time alone

    # Made aside, then moved: a half-made file is never seen, and runs of an older version do not stay in it.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".demo-") as aside:
        fresh = Path(aside) / "runs.duckdb"
        import_runs([str(shipped)], str(fresh))
        mark.unlink(missing_ok=True)
        fresh.replace(database)
        mark.write_text(content + "\n", encoding="utf-8")
    return database

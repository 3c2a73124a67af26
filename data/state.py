"""Files in the user's state folder: one JSON object a source, table and kind, so that no two kinds share a file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_state_path

from ablate_tui.data.addresses import is_server
from ablate_tui.data.engine import printable
from ablate_tui.data.errors import SourceError
from ablate_tui.data.sources.object_storage import is_remote
from ablate_tui.data.whole_files import write_whole

T = TypeVar("T")


def state_folder() -> Path:
    """Where state is kept: ``ABLATE_TUI_STATE``, else the system's place for a user's state."""
    chosen = os.environ.get("ABLATE_TUI_STATE")
    return Path(chosen) if chosen else user_state_path("ablate-tui", appauthor=False)


def read_state(kind: str, path: str, table: str, made: Callable[[Any], T]) -> T | None:
    """What is kept about a source.

    Parameters
    ----------
    kind : str
        Folder below the state folder, and key in the file.
    path : str
        The source as the user named it.
    table : str
        Its table, `RunTable.table`.
    made : callable
        Makes the value of what the file holds; raises ValueError, TypeError, KeyError or AttributeError where
        that is nothing of ours.

    Returns
    -------
    T or None
        None where nothing is kept. A broken file is put aside, with the suffix ``.broken``.
    """
    file = _file(kind, path, table)
    try:
        return made(json.loads(file.read_text(encoding="utf-8"))[kind])
    except OSError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        with contextlib.suppress(OSError):
            file.replace(file.with_suffix(".broken"))
        return None


def write_state(kind: str, path: str, table: str, content: object) -> None:
    """Keep something about a source, in place of what was kept before; a reader sees all of it or nothing.

    Raises
    ------
    SourceError
        The state folder can't be written.
    """
    file = _file(kind, path, table)
    text = json.dumps({"path": _absolute(path), "table": table, kind: content}, indent=1)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(f"{text}\n".encode(), file, private=True)
    except OSError as error:
        raise SourceError(
            f'{kind} can\'t be kept in "{printable(str(file.parent))}": {error.strerror}; '
            "set ABLATE_TUI_STATE to a folder that can be written"
        ) from error


def _file(kind: str, path: str, table: str) -> Path:
    key = hashlib.sha256("\0".join((_absolute(path), table)).encode("utf-8", "surrogateescape")).hexdigest()
    return state_folder() / kind / f"{key[:32]}.json"


def _absolute(path: str) -> str:
    return path if is_server(path) or is_remote(path) else os.path.abspath(path)

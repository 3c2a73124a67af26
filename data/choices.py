"""What the user decided about a source, kept between sessions in the user's state folder.

One JSON file per source and table, so that two screens never write the same file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from platformdirs import user_state_path

from ablate_tui.data.engine import printable
from ablate_tui.data.errors import SourceError
from ablate_tui.data.schema import ROLES, Choices


def state_folder() -> Path:
    """Where choices are kept: ``ABLATE_TUI_STATE``, else the system's place for a user's state."""
    chosen = os.environ.get("ABLATE_TUI_STATE")
    return Path(chosen) if chosen else user_state_path("ablate-tui", appauthor=False)


def kept(path: str, table: str) -> Choices:
    """The choices kept for a source.

    Parameters
    ----------
    path : str
        The source as the user named it.
    table : str
        Its table, `RunTable.table`.

    Returns
    -------
    Choices
        Without anything where nothing is kept. A broken file is put aside, with the suffix ``.broken``.
    """
    file = _file(path, table)
    try:
        return _choices(json.loads(file.read_text(encoding="utf-8")))
    except OSError:
        return Choices()
    except (ValueError, TypeError, KeyError, AttributeError):
        with contextlib.suppress(OSError):
            file.replace(file.with_suffix(".broken"))
        return Choices()


def keep(path: str, table: str, choices: Choices) -> None:
    """Keep choices for a source, in place of those kept before.

    Raises
    ------
    SourceError
        The state folder can't be written.
    """
    file = _file(path, table)
    content = json.dumps({"path": _absolute(path), "table": table, "choices": _plain(choices)}, indent=1)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".choices-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(content + "\n")
            os.replace(temporary, file)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise SourceError(
            f'choices can\'t be kept in "{printable(str(file.parent))}": {error.strerror}; '
            "set ABLATE_TUI_STATE to a folder that can be written"
        ) from error


def _file(path: str, table: str) -> Path:
    key = hashlib.sha256("\0".join((_absolute(path), table)).encode("utf-8", "surrogateescape")).hexdigest()
    return state_folder() / "choices" / f"{key[:32]}.json"


def _absolute(path: str) -> str:
    return os.path.abspath(path)


def _plain(choices: Choices) -> dict[str, Any]:
    fields = asdict(choices)
    return {name: value for name, value in fields.items() if value}


def _choices(content: dict[str, Any]) -> Choices:
    """Choices from JSON.

    Raises
    ------
    ValueError, TypeError, KeyError, AttributeError
        Not what `keep` writes.
    """
    fields = dict(content["choices"])
    choices = Choices(**fields)
    texts = [choices.table, choices.response, choices.fail, *choices.on.keys(), *choices.on.values()]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise ValueError("not a text")
    if not all(role in ROLES for role in choices.roles.values()) or choices.goal not in (None, "min", "max"):
        raise ValueError("no such role or goal")
    return choices

"""What the user decided about a source, kept between sessions in the user's state folder."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ablate_tui.data.roles import ROLES
from ablate_tui.data.schema import Choices
from ablate_tui.data.state import read_state, write_state


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
    return read_state("choices", path, table, _choices) or Choices()


def keep(path: str, table: str, choices: Choices) -> None:
    """Keep choices for a source, in place of those kept before.

    Raises
    ------
    SourceError
        The state folder can't be written.
    """
    fields = asdict(choices)
    write_state("choices", path, table, {name: value for name, value in fields.items() if value})


def _choices(content: dict[str, Any]) -> Choices:
    """Choices from JSON.

    Raises
    ------
    ValueError, TypeError, KeyError, AttributeError
        Not what `keep` writes.
    """
    choices = Choices(**content)
    texts = [choices.table, choices.response, choices.fail, *choices.on.keys(), *choices.on.values()]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise ValueError("not a text")
    if not all(role in ROLES for role in choices.roles.values()) or choices.goal not in (None, "min", "max"):
        raise ValueError("no such role or goal")
    return choices

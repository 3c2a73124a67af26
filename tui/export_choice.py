"""What the export dialog was last set to, kept in the user's state folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import get_args

from ablate_tui.data.errors import SourceError
from ablate_tui.data.state import state_folder
from ablate_tui.tui.export import FORMATS, Suffix, write
from ablate_tui.tui.painters.paper_sizes import PaperSize


@dataclass(frozen=True)
class ExportChoice:
    """How something is exported."""

    form: Suffix = "png"
    size: PaperSize = "slide"
    dark: bool = False
    all_views: bool = False
    preview: bool = False


def kept() -> ExportChoice:
    """The last choice; the usual one where none is kept, or what is kept is none."""
    try:
        content = json.loads((state_folder() / "export.json").read_text(encoding="utf-8"))
        choice = ExportChoice(**{field.name: content[field.name] for field in fields(ExportChoice)})
    except (OSError, ValueError, TypeError, KeyError):
        return ExportChoice()
    flags = (choice.dark, choice.all_views, choice.preview)
    fits = (
        choice.form in tuple(FORMATS) and choice.size in get_args(PaperSize) and all(isinstance(f, bool) for f in flags)
    )
    return choice if fits else ExportChoice()


def keep(choice: ExportChoice) -> None:
    """Keep a choice for the next time.

    Raises
    ------
    SourceError
        The state folder can't be written.
    """
    folder = state_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write(json.dumps(asdict(choice)).encode(), folder / "export.json")
    except (OSError, SourceError) as error:
        raise SourceError(
            f"the choice can't be kept in {folder}; set ABLATE_TUI_STATE to a folder that can be written"
        ) from error

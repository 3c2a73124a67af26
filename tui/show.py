"""One view without the screen: text, JSON, CSV, Markdown and SQL on stdout, or a picture."""

from __future__ import annotations

import json
import shutil
import sys
from typing import Any, Literal

from ablate_tui.data.errors import UsageError
from ablate_tui.tui import abilities, ascii, export, formats
from ablate_tui.tui.output import send
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.base import View, notes_of
from ablate_tui.tui.views.registry import VIEWS

TextFormat = Literal["text", "json", "csv", "md", "sql"]


def result_of(session: Session, look: Look, view: View) -> Any:
    """A view's result, with everything that the screen would fill in later."""
    if view.uses_importance:
        (session.finished_importance if view.uses_refits else session.fitted_importance)(look)
    return session.read(view, look)


def document(session: Session, look: Look, view: View) -> dict[str, Any]:
    """The JSON object of a view: the keys that every view has, then its own."""
    result = result_of(session, look, view)
    inputs = session.inputs(look)
    sample = inputs.sample
    own = view.document(result, inputs)
    return {
        "source": {"path": sample.table.path, "table": sample.table.table, "runs": sample.table.runs},
        "slice": {
            "set": {name: list(levels) for name, levels in sample.slice.filters},
            "contrast": sample.slice.contrast,
            "runs": sample.runs,
            "diverged": sample.diverged,
            "missing": sample.missing,
        },
        "response": sample.table.response.name,
        "goal": sample.table.response.goal,
        "rows": own.pop("rows"),
        "notes": notes_of(result.notes),
        **own,
        **({"fail": sample.table.fail_condition} if sample.table.fail_condition else {}),
        **({"location": [":".join(term) for term in sample.slice.location]} if sample.slice.location else {}),
    }


def text_of(session: Session, look: Look, name: str, form: TextFormat) -> str:
    """A view as text in one of the formats."""
    view = VIEWS[name]
    if form == "json":
        return formats.as_json(document(session, look, view))
    if form == "csv":
        return formats.as_csv(document(session, look, view)["rows"])
    inputs = session.inputs(look)
    if form == "sql":
        return session.sql(view, look)
    table = view.table(result_of(session, look, view), inputs)
    if form == "md":
        return formats.as_markdown(table)
    room = shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None
    return formats.as_text(table, room)


def in_ascii(asked: bool, form: TextFormat) -> bool:
    """Whether a view is printed in ASCII: where it is asked for, and where stdout is a terminal that knows no more.

    Raises
    ------
    UsageError
        Asked for in a format in which a name that is changed is a wrong name.
    """
    if asked and form in ("csv", "sql"):
        raise UsageError(f"--ascii can't go with --{form}: names would be changed; leave one of them out")
    if not asked:
        shown = form in ("text", "md") and sys.stdout is not None and sys.stdout.isatty()
        asked = shown and not abilities.speaks_unicode()
    if asked:
        ascii.speak()
    return asked


def encoded(text: str, form: TextFormat, plain: bool) -> bytes:
    """A view's text as it is sent: UTF-8, or ASCII, for which JSON has escapes and the others have stand-ins."""
    if not plain:
        # a file name that isn't UTF-8 comes out as \\udcNN, which is what JSON writes for it
        return text.encode("utf-8", "backslashreplace")
    if form == "json":
        return "".join(sign if sign.isascii() else json.dumps(sign)[1:-1] for sign in text).encode("ascii")
    return ascii.as_ascii(text).encode("ascii")


def print_view(session: Session, look: Look, name: str, form: TextFormat, plain: bool = False) -> None:
    """Print a view to stdout; `plain` is in ASCII.

    Raises
    ------
    SourceError
        Where stdout can't be written.
    """
    send(encoded(text_of(session, look, name, form), form, plain))


def write_picture(session: Session, look: Look, name: str, form: export.PictureFormat, path: str) -> None:
    """Draw a view to a file, or to stdout for "-".

    Raises
    ------
    SourceError
        A file, or stdout, that can't be written.
    """
    view = VIEWS[name]
    picture = export.render(view.figure(result_of(session, look, view), session.inputs(look)), form)
    if path == "-":
        send(picture)
        return
    written = export.write(picture, path)
    print(f"wrote {formats.clean(written)}", file=sys.stderr)

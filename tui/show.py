"""One view without the screen: text, JSON, CSV, Markdown, LaTeX and SQL on stdout, or a picture."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from typing import Any, Literal

from ablate_tui.data.errors import UsageError
from ablate_tui.tui import abilities, ascii, export, formats, latex, progress
from ablate_tui.tui.output import send
from ablate_tui.tui.painters.paper_sizes import PaperSize
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.base import View, notes_of
from ablate_tui.tui.views.registry import VIEWS

TextFormat = Literal["text", "json", "csv", "md", "latex", "sql", "polars"]
TABLES: dict[export.Suffix, TextFormat] = {"csv": "csv", "md": "md", "tex": "latex"}


def result_of(
    session: Session,
    look: Look,
    view: View,
    cancelled: Callable[[], bool] | None = None,
    told: Callable[[float], None] | None = None,
) -> Any:
    """A view's result, with everything that the screen would fill in later; `told` hears of refits, from 0 to 1.

    Raises
    ------
    Cancelled
        Where `cancelled` said so.
    """
    if view.uses_refits:
        session.finished_importance(look, told, cancelled)
    elif view.uses_importance:
        session.fitted_importance(look, cancelled)
    return session.read(view, look, cancelled)


def _waited_for(session: Session, look: Look, view: View) -> Any:
    """A view's result; a person at a terminal reads meanwhile what is done, and how to stop it."""
    with progress.words() as tell:
        tell(f"computing {view.name} (ctrl+c stops)")
        return result_of(
            session, look, view, told=lambda share: tell(f"computing {view.name}, {share:.0%} (ctrl+c stops)")
        )


def document(session: Session, look: Look, view: View) -> dict[str, Any]:
    """The JSON object of a view: the keys that every view has, then its own."""
    result = _waited_for(session, look, view)
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
        made = document(session, look, view)
        if "versus" not in made:
            return formats.as_csv(made["rows"])
        both = (("A", made["rows"]), ("B", made["versus"]["rows"]))
        return formats.as_csv([{"slice": name, **row} for name, rows in both for row in rows])
    inputs = session.inputs(look)
    if form == "sql":
        return session.sql(view, look)
    if form == "polars":
        from ablate_tui.tui.polars_source import polars_code

        return polars_code(session, view, look)
    table = view.table(_waited_for(session, look, view), inputs)
    if form == "md":
        return formats.as_markdown(table)
    if form == "latex":
        return latex.as_latex(table)
    room = shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None
    return formats.as_text(table, room)


def in_ascii(asked: bool, form: TextFormat) -> bool:
    """Whether a view is printed in ASCII: where it is asked for, and where stdout is a terminal that knows no more.

    Raises
    ------
    UsageError
        Asked for in a format in which a name that is changed is a wrong name.
    """
    if asked and form in ("csv", "sql", "polars"):
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


def refuse_noise(path: str, form: export.PictureFormat) -> None:
    """Keep a picture's bytes from being typed onto a terminal; an SVG is text.

    Raises
    ------
    UsageError
    """
    if path == "-" and form != "svg" and sys.stdout is not None and sys.stdout.isatty():
        raise UsageError(
            f"a {form.upper()} is no text for a terminal; name a file, or send it on: … --{form} - > view.{form}"
        )


def write_picture(
    session: Session,
    look: Look,
    name: str,
    form: export.PictureFormat,
    path: str,
    size: PaperSize | None = None,
    dark: bool = False,
) -> None:
    """Draw a view to a file, or to stdout for "-"; `size` is what it is for, a slide or a paper.

    Raises
    ------
    SourceError
        A file, or stdout, that can't be written.
    """
    view = VIEWS[name]
    picture = export.render(view.figure(_waited_for(session, look, view), session.inputs(look)), form, size, dark)
    if path == "-":
        send(picture)
        return
    written = export.write(picture, path)
    print(f"wrote {formats.clean(written)}", file=sys.stderr)

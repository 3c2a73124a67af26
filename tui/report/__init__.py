"""The whole note of a sweep: its findings, and every figure that a careful reader asks for, in one folder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.schema import RunTable
from ablate_tui.queries.slices import Slice
from ablate_tui.tui import export
from ablate_tui.tui.figure import Figure
from ablate_tui.tui.formats import clean
from ablate_tui.tui.report.plan import plan
from ablate_tui.tui.report.results import Results
from ablate_tui.tui.report.sections import Report
from ablate_tui.tui.session import Look, Session

__all__ = ["write_report"]

RANKING = 20  # pictures that one ranking with its intervals takes as long as

Progress = Callable[[int, int, str], None]


def write_report(
    session: Session, look: Look, out: str, switches: Sequence[str] | None = None, progress: Progress | None = None
) -> Path:
    """Write report.md and its pictures.

    Parameters
    ----------
    session : Session
    look : Look
        Filters and response. Its contrast, where there is one, is what the comparisons and pairs are about,
        its colour that of the dependence plots; both targets are in the report.
    out : str
        The folder; made where it is not there. Files of an earlier report are replaced, each one whole;
        other files stay.
    switches : sequence of str, optional
        In the order of their numbers; without it, the strongest by mean |SHAP|.
    progress : callable, optional
        Told how many steps are done, of how many, and which is next.

    Returns
    -------
    Path
        Of report.md, absolute.

    Raises
    ------
    UsageError
        A switch that isn't there, or that the filters fix; no name for the folder.
    SourceError
        A folder or file that can't be written.
    """
    tell = progress or (lambda done, total, words: None)
    asked = None if switches is None else _checked(session.sample(look).table, look.slice, switches)
    folder = _folder(out)
    contrast, color = look.slice.contrast, look.color
    whole = replace(look, slice=look.slice.contrasted(session.sample(look).table, None), target="mean", color=None)
    results = Results.of(session, whole, lambda done, words: tell(round(RANKING * done), 2 * RANKING, words))
    planned = plan(session.sample(whole), results, asked, contrast, color)
    steps = 2 * RANKING + planned.pictures
    drawn = 0

    def draw(path: str, figure: Figure | None) -> None:
        nonlocal drawn
        tell(min(2 * RANKING + drawn, steps), steps, clean(path))
        drawn += 1
        if figure is not None:
            _write(folder / path, export.render(figure, "png"))

    text = Report(session, look, whole, planned, results, draw).text()
    return _write(folder / "report.md", text.encode("utf-8", "backslashreplace"))


def _checked(table: RunTable, slice_: Slice, switches: Sequence[str]) -> tuple[str, ...]:
    """Names of factors that vary in the slice, each once."""
    if not switches:
        raise UsageError("--switches names none; write --switches A,B, or leave it out")
    for name in switches:
        table.factor(name)
        if len(slice_.set.get(name, ())) == 1:
            raise UsageError(f'"{name}" has one level in this slice, by --set; leave it out of --switches or of --set')
    return tuple(dict.fromkeys(switches))


def _folder(out: str) -> Path:
    """The folder, there and writable: found out before minutes are spent on its contents."""
    if not out.strip():
        raise UsageError("--out is empty; name a folder")
    folder = Path(out).expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = error.strerror or error
        raise SourceError(f"can't write in the folder {folder}: {why}; choose another --out") from error
    return folder


def _write(target: Path, content: bytes) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(f"can't make the folder {target.parent}: {error.strerror or error}") from error
    return export.write(content, target)

"""Files that leave the program: names that are safe, written whole or not at all."""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import shlex
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.whole_files import write_whole
from ablate_tui.queries.slices import Slice
from ablate_tui.tui.figure import Figure
from ablate_tui.tui.formats import clean
from ablate_tui.tui.painters.paper_sizes import PaperSize

PictureFormat = Literal["png", "svg", "pdf"]
Suffix = Literal["png", "svg", "pdf", "csv", "md", "tex"]
PICTURES: tuple[PictureFormat, ...] = ("png", "svg", "pdf")
FORMATS: dict[Suffix, str] = {
    "png": "PNG", "svg": "SVG", "pdf": "PDF", "csv": "CSV", "md": "Markdown", "tex": "LaTeX",
}  # fmt: skip
LONGEST_NAME = 120  # bytes: most file systems take 255, and a pair of switches has two names


def render(figure: Figure, form: PictureFormat, size: PaperSize | None = None, dark: bool = False) -> bytes:
    """A figure as the bytes of a picture."""
    from ablate_tui.tui.painters import picture  # matplotlib is heavy: not before it is needed

    return picture.render(figure, form, size=size, dark=dark)


def refuse_empty(figure: Figure) -> None:
    """Refuse a figure that has nothing on it, with the reason it gives.

    Raises
    ------
    UsageError
    """
    if all(panel.empty or not (panel.marks or panel.words) for panel in figure.panels):
        raise UsageError(next((panel.empty for panel in figure.panels if panel.empty), "nothing to draw"))


def safe_name(text: str) -> str:
    """A text as a file name that stays in its folder, whatever is in it."""
    name = re.sub(r"[^\w.+=-]+", "_", text).strip("._-")
    return name.encode()[:LONGEST_NAME].decode("utf-8", "ignore").rstrip("._-") or "view"


def suggested_name(view: str, slice_: Slice) -> str:
    """A name made of the view and the slice, such as ``compare-by-use_rms_norm-untie=true``."""
    parts = [view, *([f"by-{slice_.contrast}"] if slice_.contrast else [])]
    parts += [f"{name}={'+'.join(levels)}" for name, levels in slice_.filters]
    return safe_name("-".join(parts))


def suffix_of(text: str) -> str:
    """The suffix of a name, as formats are called."""
    return Path(text.strip()).suffix.lower().lstrip(".")


def chosen(text: str, form: Suffix, folder: Path | None = None) -> Path:
    """Where a name that a person typed leads: its folder must be there, its suffix must be that of the format.

    Raises
    ------
    UsageError
    """
    with _leading(text):
        path = _path(text, folder)
        if suffix_of(text) != form:
            raise UsageError(f'"{path.name}" should end in .{form}')
        if not path.parent.is_dir():
            raise UsageError(f"there is no folder {path.parent}")
        return path.resolve()


def chosen_folder(text: str, folder: Path | None = None) -> Path:
    """A folder for several files: it is there, or can be made beside others.

    Raises
    ------
    UsageError
    """
    with _leading(text):
        path = _path(text, folder)
        if not text.strip():
            raise UsageError("name a folder for the files")
        if path.exists() and not path.is_dir():
            raise UsageError(f"{path} is a file; name a folder")
        if not path.parent.is_dir():
            raise UsageError(f"there is no folder {path.parent}")
        return path.resolve()


def make_folder(path: Path) -> None:
    """Make a folder where it isn't there.

    Raises
    ------
    SourceError
    """
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise SourceError(f"can't make {path}: {error.strerror or error}; choose another folder") from error


@contextlib.contextmanager
def _leading(text: str) -> Iterator[None]:
    """Refuse what the system refuses: names that are too long, links in a circle, folders that are closed to us."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{text.strip()} leads nowhere: {error.strerror or error}") from error
    except (RuntimeError, ValueError) as error:  # a link in a circle, ~nobody; what can be in no name
        raise UsageError(f"{text.strip()} leads nowhere: {error}") from error


def _path(text: str, folder: Path | None) -> Path:
    path = Path(text.strip()).expanduser()
    return path if path.is_absolute() else Path(folder or Path.cwd(), path)


def folder_words() -> str:
    """Where a name without a folder leads."""
    try:
        return f"in {clean(Path.cwd())}"
    except OSError:
        return "the folder that this program was started in is gone: name another"


def write(content: bytes, path: str | Path) -> Path:
    """Write a file atomically: a reader sees the old one or the new one, never half of one.

    A link is followed; a device or a pipe is written to as it is.

    Returns
    -------
    Path
        The absolute path.

    Raises
    ------
    SourceError
        Where it can't be written; what was there stays.
    """
    target = Path(path)
    try:
        target = Path(os.path.abspath(os.path.expanduser(path)))
        if target.is_dir():
            raise SourceError(f"{target} is a folder; name a file in it")
        if target.exists() and not target.is_file():
            target.write_bytes(content)
            return target
        target = Path(os.path.realpath(target))
        write_whole(content, target)
    except OSError as error:
        why = error.strerror or error
        raise SourceError(f"can't write {target}: {why}; choose another folder") from error
    return target


def scp_line(path: Path) -> str:
    """The command that fetches a file or a folder from this host, to run at home."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without a password entry
        user = "user"
    return f"scp {'-r ' if path.is_dir() else ''}{shlex.quote(f'{user}@{socket.getfqdn()}:{shlex.quote(str(path))}')} ."

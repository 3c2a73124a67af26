"""Files that leave the program: names that are safe, written whole or not at all."""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import shlex
import socket
import tempfile
from pathlib import Path
from typing import Literal

from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.queries.slices import Slice
from ablate_tui.tui.figure import Figure

PictureFormat = Literal["png", "svg", "pdf"]
LONGEST_NAME = 120  # bytes: most file systems take 255, and a pair of switches has two names


def render(figure: Figure, form: PictureFormat) -> bytes:
    """A figure as the bytes of a picture."""
    from ablate_tui.tui.painters import picture  # matplotlib is heavy: not before it is needed

    return picture.render(figure, form)


def safe_name(text: str) -> str:
    """A text as a file name that stays in its folder, whatever is in it."""
    name = re.sub(r"[^\w.+=-]+", "_", text).strip("._-")
    return name.encode()[:LONGEST_NAME].decode("utf-8", "ignore").rstrip("._-") or "view"


def suggested_name(view: str, slice_: Slice, form: PictureFormat = "png") -> str:
    """A name made of the view and the slice, such as ``compare-by-use_rms_norm-untie=true.png``."""
    parts = [view, *([f"by-{slice_.contrast}"] if slice_.contrast else [])]
    parts += [f"{name}={'+'.join(levels)}" for name, levels in slice_.filters]
    return f"{safe_name('-'.join(parts))}.{form}"


def chosen(text: str, folder: Path | None = None) -> tuple[Path, PictureFormat]:
    """Where a name that a person typed leads: its folder must be there, its suffix says the format.

    Raises
    ------
    UsageError
    """
    path = Path(folder or Path.cwd(), Path(text.strip()).expanduser())
    form = path.suffix.lower().lstrip(".")
    if form not in ("png", "svg", "pdf"):
        raise UsageError(f'"{path.name}" should end in .png, .svg or .pdf')
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}")
    return path.resolve(), form  # type: ignore[return-value]


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
    target = Path(os.path.abspath(os.path.expanduser(path)))
    temporary = None
    try:
        if target.is_dir():
            raise SourceError(f"{target} is a folder; name a file in it")
        if target.exists() and not target.is_file():
            target.write_bytes(content)
            return target
        target = Path(os.path.realpath(target))
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes a file for its owner alone; a picture is meant to be read like any other file
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, target)
        temporary = None
    except OSError as error:
        why = error.strerror or error
        raise SourceError(f"can't write {target}: {why}; choose another folder") from error
    finally:  # also when ctrl+C falls into it
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
    return target


def scp_line(path: Path) -> str:
    """The command that fetches a file from this host, to run at home."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without a password entry
        user = "user"
    return f"scp {shlex.quote(f'{user}@{socket.getfqdn()}:{shlex.quote(str(path))}')} ."

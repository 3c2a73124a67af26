"""Data on stdout: all of it, or an error, never a part in silence. Words on stderr."""

from __future__ import annotations

import contextlib
import os
import sys

from ablate_tui.data.errors import SourceError
from ablate_tui.tui.abilities import speaks_unicode
from ablate_tui.tui.ascii import as_ascii


def send(content: bytes) -> None:
    """Write to stdout.

    Text comes here as bytes, in UTF-8: the locale of a login node need not know a minus sign.

    Raises
    ------
    SourceError
        It is closed, or full.
    BrokenPipeError
        The reader has had enough.
    """
    if sys.stdout is None:
        raise SourceError("can't write to stdout: it is closed; send it to a file or a pipe")
    rest = memoryview(content)
    try:
        sys.stdout.flush()
        while rest:  # with PYTHONUNBUFFERED, one write may take a part only
            rest = rest[sys.stdout.buffer.write(rest) :]
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon()
        raise SourceError(f"can't write to stdout: {error.strerror}; send it somewhere else") from error


def send_words(text: str) -> None:
    """Write words of this program to stdout; in ASCII, where it is a terminal that knows no more.

    Raises
    ------
    SourceError
    BrokenPipeError
    """
    plain = sys.stdout is not None and sys.stdout.isatty() and not speaks_unicode()
    send((as_ascii(text) if plain else text).encode("utf-8", "backslashreplace"))


def abandon() -> None:
    """Throw away what stdout still holds: python would try once more at the end, and fail or wait."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(words: str) -> None:
    """One line on stderr, without control characters that a name in it may have."""
    if sys.stderr is None:  # closed: print would fall back on stdout, among the data
        return
    with contextlib.suppress(OSError):  # a line that has dropped
        print("ablate-tui:", "".join(sign if sign.isprintable() else "�" for sign in words), file=sys.stderr)

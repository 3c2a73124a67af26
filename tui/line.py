"""The line between program and terminal, which may drop: then nothing hangs, and nothing turns in circles."""

from __future__ import annotations

import contextlib
import os
import select
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import IO

from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver


class Output:
    """A terminal to write to; once it is gone, what is written is dropped."""

    def __init__(self, file: IO[str]) -> None:
        self.file = file
        self.gone = False

    def write(self, text: str) -> int:
        """Write a text."""
        self._unless_gone(lambda: self.file.write(text))
        return len(text)

    def flush(self) -> None:
        """Send what was written."""
        self._unless_gone(self.file.flush)

    def fileno(self) -> int:
        """The terminal's number."""
        return self.file.fileno()

    def _unless_gone(self, send: Callable[[], object]) -> None:
        if not self.gone:
            try:
                send()
            except OSError:
                self.gone = True


def read_keys(driver: LinuxDriver) -> bool:
    """Hand what is typed to a driver until that is to end.

    Textual's own reading ends with a traceback at a byte that is no UTF-8, and turns in circles at the end of a line.

    Returns
    -------
    bool
        Whether the line is still there.
    """
    parser = XTermParser()
    decode = getincrementaldecoder("utf-8")("replace").decode
    try:
        while not driver.exit_event.is_set():
            if select.select([driver.fileno], [], [], 0.1)[0]:
                data = os.read(driver.fileno, 4096)
                if not data:
                    return False
                for event in parser.feed(decode(data)):
                    driver.process_message(event)
            for event in parser.tick():
                driver.process_message(event)
    except OSError:
        return False
    finally:
        with contextlib.suppress(EOFError, ParseError):
            list(parser.feed(""))
    return True

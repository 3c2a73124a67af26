"""The line between program and terminal, which may drop: then nothing hangs, and nothing turns in circles."""

from __future__ import annotations

import os
import select
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from typing import IO

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

KNOWN = ("mouse_pixels", "terminal_size", "terminal_pixel_size", "last_x", "last_y")  # to a parser, of the terminal


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


class Keys:
    """Makes messages of what is typed, whatever that is, and hands them to a driver.

    Textual's parser ends with an error at some sequences (a key that is let go, a code beyond Unicode), and is of no
    use from there on; its own reading ends at a byte that is no UTF-8.
    """

    def __init__(self, driver: LinuxDriver) -> None:
        self.driver = driver
        self.parser = XTermParser()
        self.decode = getincrementaldecoder("utf-8")("replace").decode

    def take(self, data: bytes) -> None:
        """Hand on what has come; nothing, where time has passed: an escape may be a key by then."""
        for sign in self.decode(data):  # one by one, so that an odd sequence takes no key with it
            self._hand_on(self.parser.feed(sign))
        self._hand_on(self.parser.tick())

    def _hand_on(self, made: Iterable[Message]) -> None:
        try:
            messages = list(made)
        except Exception:
            fresh = XTermParser()
            for name in KNOWN:
                setattr(fresh, name, getattr(self.parser, name))
            self.parser = fresh
            return
        for message in messages:
            self.driver.process_message(message)


def as_it_is(data: bytes) -> bytes:
    """What was typed, where nothing else comes on the line."""
    return data


def read_keys(
    driver: LinuxDriver, keys: Keys, done: Callable[[], bool], sieve: Callable[[bytes], bytes] = as_it_is
) -> bool:
    """Hand what is typed to a driver. Textual's own reading turns in circles at the end of a line.

    Parameters
    ----------
    driver : LinuxDriver
    keys : Keys
    done : callable
        Whether to stop; the driver's end stops it, too.
    sieve : callable
        Gives what was typed out of what has come; called with nothing where nothing came.

    Returns
    -------
    bool
        Whether the line is still there.
    """
    try:
        while not (done() or driver.exit_event.is_set()):
            came = select.select([driver.fileno], [], [], 0.1)[0]
            data = os.read(driver.fileno, 4096) if came else b""
            if came and not data:
                return False
            keys.take(sieve(data))
    except OSError:
        return False
    return True

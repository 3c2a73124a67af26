"""The terminal driver, sending only what changes of the colours: over SSH, bytes are time.

Every piece of a line comes out of the screen with its whole style before it and a reset behind it, some
forty bytes around a few letters. Most neighbours share their background and often their ink.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import termios
import time
from dataclasses import dataclass
from functools import lru_cache, partial
from threading import Event, Lock, Thread
from typing import Any

from textual import events
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size

from ablate_tui.tui.abilities import MILLIONS, colours
from ablate_tui.tui.line import Keys, Output, read_keys
from ablate_tui.tui.terminals import Answers

STYLE = re.compile(r"\x1b\[([0-9;]*)m")
SYNC_START, SYNC_END = "\x1b[?2026h", "\x1b[?2026l"  # a terminal shows what lies between them in one go
PATIENCE = 10.0  # seconds to wait for an answer, over however slow a line: the keys need not wait for it
# what is switched on at the start: paste, no wrap, mouse, keyboard, the other screen, no cursor, focus
RESTORE = (
    b"\x1b[?2026l\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
)
MOVE = re.compile(r"(?:\x1b\[[0-9;]*[Hf])+")


@dataclass(frozen=True)
class Pen:
    """How a terminal draws the next letter: SGR parameters of ink, paper and attributes (ECMA-48, 8.3.117)."""

    ink: str = ""
    paper: str = ""
    attributes: frozenset[str] = frozenset()

    def change_to(self, other: Pen) -> str:
        """The SGR sequence that makes this pen the other one; "" where they are the same."""
        if self == other:
            return ""
        # what is taken away, only a reset takes away for sure
        fresh = (self.ink and not other.ink) or (self.paper and not other.paper) or self.attributes - other.attributes
        base = Pen() if fresh else self
        parts = ["0"] if fresh else []
        parts += sorted(other.attributes - base.attributes)
        parts += [other.ink] if other.ink != base.ink else []
        parts += [other.paper] if other.paper != base.paper else []
        return f"\x1b[{';'.join(parts)}m"


@lru_cache(maxsize=4096)
def within(pen: Pen, colours: int) -> Pen:
    """The pen in as many colours as may be sent: none, the eight of ECMA-48, or all."""
    if not colours:
        return Pen(attributes=pen.attributes)
    if colours <= 8:
        return Pen(_dull(pen.ink), _dull(pen.paper), pen.attributes)
    return pen


def _dull(colour: str) -> str:
    """One of the bright eight of sixteen as the eight have it."""
    return str(int(colour) - 60) if colour.isdigit() and int(colour) >= 90 else colour


@lru_cache(maxsize=4096)
def after(pen: Pen, parameters: str) -> Pen | None:
    """The pen after an SGR sequence; None where it has a parameter that isn't known here.

    Remembered, since a screen has few styles and says each of them hundreds of times.
    """
    parts = parameters.split(";") if parameters else ["0"]
    ink, paper, attributes = pen.ink, pen.paper, set(pen.attributes)
    at = 0
    while at < len(parts):
        part = parts[at]
        number = int(part or "0")
        if part in ("38", "48"):
            length = {"2": 5, "5": 3}.get(parts[at + 1] if at + 1 < len(parts) else "", 0)
            if not length or at + length > len(parts):
                return None
            colour = ";".join(parts[at : at + length])
            ink, paper = (colour, paper) if part == "38" else (ink, colour)
            at += length
            continue
        if number == 0:
            ink, paper, attributes = "", "", set()
        elif number in range(1, 10):
            attributes.add(part)
        elif number in range(30, 38) or number in range(90, 98):
            ink = part
        elif number in range(40, 48) or number in range(100, 108):
            paper = part
        elif number in (39, 49):
            ink, paper = ("", paper) if number == 39 else (ink, "")
        else:
            return None
        at += 1
    return Pen(ink, paper, frozenset(attributes))


class Lean:
    """Rewrites what is sent to a terminal so that no style is said twice.

    Parameters
    ----------
    colours : int
        How many may be sent; Textual knows no terminal with less than 16.
    """

    def __init__(self, colours: int = MILLIONS) -> None:
        self.colours = colours
        self.pen: Pen | None = Pen()  # the terminal's; None where it isn't known

    def __call__(self, data: str) -> str:
        """The same output, shorter.

        Parameters
        ----------
        data : str
            Text with escape sequences, as one write to a terminal.

        Returns
        -------
        str
            Draws the same and leaves the pen the same; `data` itself where it has a style that isn't
            known here. Where not all colours may be sent, such a style is left out: it may be one.
        """
        if "\x1b[" not in data:
            return data
        out: list[str] = []
        pen = self.pen
        wanted = target = pen or Pen()
        if pen is None:
            out.append("\x1b[0m")
            pen = wanted
        for at, piece in enumerate(STYLE.split(data)):
            if at % 2:
                now = after(wanted, piece)
                if now is None and self.colours <= 8:
                    continue
                if now is None:
                    self.pen = None
                    return data
                wanted, target = now, within(now, self.colours)
            elif piece:
                if not MOVE.fullmatch(piece):
                    out.append(pen.change_to(target))
                    pen = target
                out.append(piece)
        out.append(pen.change_to(target))
        self.pen = target
        return "".join(out)


class LeanDriver(LinuxDriver):
    """Textual's driver for Unix terminals, through `Lean`.

    A paint goes out in one piece: every write is handed to a thread, and a change of threads takes its time.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.lean = Lean(colours())
        self.given_back = True  # as long as it is not taken
        self.held: list[str] | None = None  # a paint that hasn't ended
        self.asked: Answers | None = None  # what is to be read before the keys
        self.answered = Event()
        self.turn = Lock()  # to stop and start the thread that reads the keys
        super().__init__(*arguments, **options)
        # not stderr, as Textual has it: stdout is known to be the terminal, and warnings of libraries are no picture
        self.output = self._file = Output(sys.__stdout__)  # type: ignore[assignment,arg-type]

    def start_application_mode(self) -> None:
        """Take the terminal; after a stop, the pen is whatever the shell left."""
        self.lean, self.held = Lean(colours()), None
        self.lean.pen = None
        self.keys = Keys(self)  # for all threads that read: what a parser knows of the mouse, the next one needs
        self.given_back = False
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # the size is read in the loop: where one signal falls into the handler of another, the older size came last
        tell = partial(asyncio.get_running_loop().call_soon_threadsafe, self.tell_size)
        signal.signal(signal.SIGWINCH, lambda *_: tell())

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        super().stop_application_mode()
        self.given_back = True

    def tell_size(self) -> None:
        """Tell the app how large the terminal is now."""
        if not self._in_band_window_resize:
            size = Size(*self._get_terminal_size())
            self._app.post_message(events.Resize(size, size))

    def _sigcont_application(self, *arguments: Any) -> None:
        """Come back from a stop. A screen that runs is told to by some shells, too: it is drawn again, not started."""
        if self._must_signal_resume:
            super()._sigcont_application(*arguments)
        else:
            self.lean.pen = None
            self._app.call_later(self._app.refresh, layout=True)

    def _run_input_thread(self) -> None:
        if self.asked is not None:
            self._listen(self.asked)
            self.asked = None
            self.answered.set()
        if not read_keys(self, self.keys, lambda: False):
            self._app.call_later(self._app.hang_up)  # type: ignore[attr-defined]

    def give_back(self) -> None:
        """Give the terminal back right now, past the threads that may be stuck."""
        if self.given_back:  # once more would take off what the program before this one has set
            return
        with contextlib.suppress(termios.error, OSError):
            if self.attrs_before is not None:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
            os.write(self.output.fileno(), RESTORE)

    def write(self, data: str) -> None:
        """Write to the terminal."""
        if data == SYNC_START:
            self.held = []
        lean = self.lean(data)
        if self.held is None:
            super().write(lean)
            return
        self.held.append(lean)
        if data == SYNC_END:
            whole, self.held = "".join(self.held), None
            super().write(whole)

    def ask(self, words: str, answers: Answers) -> None:
        """Ask the terminal something, and wait for its answers; not in the thread of the screen.

        They come where the keys come, and would be taken for some; so the thread that reads the keys is stopped,
        and one takes its place that takes the answers out first. What is typed meanwhile goes its way at once.
        """
        if not words:
            return
        with self.turn:
            if self._key_thread is None or not self._key_thread.is_alive():  # the screen is being left
                return
            self.exit_event.set()
            self._key_thread.join()
            self.exit_event.clear()
            self.asked = answers
            self.answered.clear()
            self._key_thread = Thread(target=self._run_input_thread, name="textual-input")
            self._key_thread.start()
            self.write(words)
        self.answered.wait(PATIENCE)

    def disable_input(self) -> None:
        """Stop reading, for good or for a while."""
        with self.turn:
            super().disable_input()

    def _listen(self, answers: Answers) -> None:
        """Take answers out of what comes, until the last one is there; the rest are keys."""
        end = time.monotonic() + PATIENCE
        read_keys(
            self,
            self.keys,
            lambda: answers.done or time.monotonic() > end,
            lambda data: answers.feed(data) if data else answers.release(),
        )

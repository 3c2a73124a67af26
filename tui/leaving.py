"""How the screen is left when it isn't by a key: a signal, a line that has dropped, a fault of this program."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread, Timer
from typing import Any

from rich.console import RenderableType
from textual._context import active_message_pump
from textual.css.query import NoMatches

from ablate_tui.data.errors import fault_words
from ablate_tui.tui import crash, ending, formats
from ablate_tui.tui.computing import Computing
from ablate_tui.tui.lean_driver import LeanDriver
from ablate_tui.tui.output import say
from ablate_tui.tui.screens.once import Once
from ablate_tui.tui.session import Look, Session

PATIENCE = 5.0  # seconds for a file that is being written, after a signal


class Leaving(Computing):
    """Leaves the terminal as it was, whatever happens."""

    def __init__(self, session: Session, look: Look) -> None:
        super().__init__(session, look)
        self.ended = False  # by a signal, or since the terminal is gone
        self.last_words: str | None = None  # after a fault
        self.sole = False  # in its process, which it may end
        self.deadline = Timer(PATIENCE, self.abandon)
        self.deadline.daemon = True

    def on_mount(self) -> None:
        """Leave at once where a signal came before the screen."""
        if self.ended:
            self.exit()
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """Have signals end the screen."""
        self.sole = True
        try:
            with ending.telling(self.end):
                if ending.was_dropped():
                    self.end()
                yield
        finally:
            self.deadline.cancel()

    def end(self) -> None:
        """Leave the screen. May be called by a signal's handler: it waits for nothing."""
        if not self.ended:
            self.ended = True
            self.limit()
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self.exit)

    def hang_up(self) -> None:
        """Leave the screen where the line has dropped."""
        if not self.ended:
            ending.hung_up()
            self.end()

    def exit(self, *args: Any, **more: Any) -> None:
        """Leave the screen; figures that nobody will see are not waited for."""
        super().exit(*args, **more)
        self.limit()

    def limit(self) -> None:
        """Have the process end soon, even if some thread does not."""
        if self.sole and self.deadline.ident is None:
            self.deadline.start()

    def abandon(self) -> None:
        """End the process, whatever it is at; also where nobody reads what is sent, as over a line that has stalled.

        Files that a person has asked for are waited for, unless a signal came.
        """
        while self.writes and not self.ended:
            time.sleep(0.05)
        last = Thread(target=self._give_up, daemon=True)
        last.start()
        last.join(1)
        ending.leave(ending.status() if self.ended else self.return_code or 0)

    def _give_up(self) -> None:
        if isinstance(self._driver, LeanDriver):
            self._driver.give_back()
        self.farewell()

    def farewell(self) -> None:
        """Say, where the screen was, what it leaves behind."""
        with suppress(OSError):  # a line that has dropped
            for path in self.exported:
                print(f"wrote {formats.clean(path)}", flush=True)
        if self.last_words is not None:
            say(self.last_words)

    def _handle_exception(self, error: Exception) -> None:
        """Keep a report of a fault, and leave; Textual would show all local variables.

        It is none that a screen that has been closed looks for its parts, which are gone before it; or that this
        program does, for figures that come while it ends.
        """
        at_fault = active_message_pump.get(None)
        closed = not self.is_running or (isinstance(at_fault, Once) and at_fault.closed)
        if closed and isinstance(error, NoMatches):
            return
        if self.last_words is None:
            path = crash.keep(error, self.view_name, self.look)
            where = f"a report without data is in {path}" if path else "its report could not be written"
            self.last_words = f"{fault_words(error)}; {where}"
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()

    def panic(self, *renderables: RenderableType) -> None:
        """Leave without showing what Textual would."""
        self._close_messages_no_wait()

"""What is sent to the terminal beside the screen: a text for the clipboard at the person's end, a picture, a file."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from threading import Lock

from textual import work

from ablate_tui.tui import terminals
from ablate_tui.tui.computing import Computing
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.terminals import Terminal


class Clipboard(Computing):
    """Copies, and says where that can't be; away from the keys, since tmux may take its time."""

    def __init__(self, session: Session, look: Look) -> None:
        super().__init__(session, look)
        self.terminal = terminals.terminal(os.environ, terminals.Answers())
        self.copies = 0  # that were asked for: of two, the newer one stays
        self.turn_to_copy = Lock()

    def send(self, sequence: str) -> None:
        """Send something to the terminal beside what is painted."""
        if sequence and self._driver is not None:
            self._driver.write(sequence)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy what is marked in a line or a box: Textual's keys do."""
        self.copy(text, "")

    def copy(self, text: str | Callable[[], str], words: str) -> None:
        """Copy a text, or what makes one, and say so."""

        def told(why: str) -> None:
            if why:
                self.notify(f"not copied: {why}", severity="warning", markup=False)
            elif words:
                self.notify(words, markup=False)

        self.hand(text, told)

    def hand(self, text: str | Callable[[], str], told: Callable[[str], None]) -> None:
        """Put a text into the clipboard; `told` is given why it isn't there, or ""."""
        if isinstance(text, str):
            self._clipboard = text
        self.copies += 1
        self.hand_away(text, self.copies, told)

    @work(thread=True, group="clipboard", exit_on_error=False)
    def hand_away(self, text: str | Callable[[], str], turn: int, told: Callable[[str], None]) -> None:
        """One text after another."""
        text = text if isinstance(text, str) else text()
        with self.turn_to_copy:
            if turn == self.copies:
                self._clipboard = text
                tmux = terminals.tmux_of(os.environ)
                around = self.terminal if tmux is None else terminals.terminal(os.environ, terminals.Answers(), tmux)
                sequence, why = handed(text, around)
                self.call_from_thread(self.send, sequence)
            else:
                why = "something else was, meanwhile"
        self.call_from_thread(told, why)


def handed(text: str, terminal: Terminal) -> tuple[str, str]:
    """What is to be sent so that a text comes into the clipboard, and why it can't: one of both is ""."""
    from ablate_tui.tui import sending

    if terminal.clipboard is None:
        return "", "this terminal takes no clipboard"
    if terminal.clipboard != "tmux":
        return sending.clipboard(text, terminal), ""
    command = ["tmux", "load-buffer", "-w", "-"]  # it takes no OSC 52 from within, but has a command for it
    content = text.encode("utf-8", "replace")
    try:
        subprocess.run(command, input=content, capture_output=True, timeout=terminals.PATIENCE, check=True)
    except (OSError, subprocess.SubprocessError):
        return "", "tmux doesn't take it for the clipboard"
    return "", ""

"""Something that takes a while: how far it is, and a way to stop it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from ablate_tui.tui.formats import clean
from ablate_tui.tui.keymap import worded
from ablate_tui.tui.screens.once import Once


class Working(Once, ModalScreen[None]):
    """Says what is being done; escape asks for its end, and whoever opened it closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "Stop", tooltip="Stop; what is written stays", id="working.stop")
    ]

    def __init__(self, title: str, stop: Callable[[], None]) -> None:
        super().__init__()
        self.heading, self.stop_it = title, stop
        # made here: what works may have something to say before the screen is composed, and after it is gone
        self.progress, self.hint = Static(id="progress"), Static(id="hint")

    def compose(self) -> ComposeResult:
        """A heading and a line."""
        with Vertical(classes="dialog"):
            yield Static(Text(self.heading, "bold"))
            self.hint.update(Text(worded("{working.stop} stops", self), "dim"))
            yield self.progress
            yield self.hint

    def say(self, words: str) -> None:
        """How far it is."""
        self.progress.update(Text(clean(words)))

    def action_stop(self) -> None:
        """Ask for the end."""
        self.stop_it()
        self.hint.update(Text("stopping …", "dim"))

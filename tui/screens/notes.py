"""All that there is to know about a view."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from ablate_tui.tui.formats import clean
from ablate_tui.tui.keymap import worded
from ablate_tui.tui.screens.once import Once


class Notes(Once, ModalScreen[None]):
    """The notes under a view, whole: the line under it is cut where they are many."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,n", "dismiss", "Close", tooltip="Back to the view", id="notes.close")
    ]

    def __init__(self, title: str, notes: tuple[str, ...]) -> None:
        super().__init__()
        self.heading, self.notes = title, notes

    def compose(self) -> ComposeResult:
        """Heading and paragraphs."""
        with VerticalScroll(classes="dialog"):
            yield Static(Text(clean(self.heading), "bold"))
            for note in self.notes:
                yield Static(Text("\n" + clean(note)))
            yield Static(Text(worded("\n{notes.close} closes", self), "dim"))

"""One run, all its columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from ablate_tui.tui.formats import cell, clean, fit
from ablate_tui.tui.keymap import worded
from ablate_tui.tui.screens.once import Once


class Details(Once, ModalScreen[None]):
    """A list of names and values."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss", "Close", id="details.close")]

    def __init__(self, title: str, values: Mapping[str, object]) -> None:
        super().__init__()
        self.heading, self.values = title, values

    def compose(self) -> ComposeResult:
        """Heading and lines."""
        with VerticalScroll(classes="dialog"):
            yield Static(Text(clean(self.heading), "bold"))
            for name, value in self.values.items():
                yield Static(Text.assemble((fit(clean(name), 28), "dim"), cell(value)))
            yield Static(Text(worded("\n{details.close} closes", self), "dim"))

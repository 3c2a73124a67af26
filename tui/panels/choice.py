"""A line of a dialog: one of a few choices, all of them in sight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

LABEL = 9  # cells of the words before the choices


class Choice(Widget, can_focus=True):
    """Left and right choose; a disabled one may say why."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l,space", "step(1)", "Next", tooltip="The next choice of the line", id="choice.next"),
        Binding("left,h", "step(-1)", "Previous", tooltip="The one before", show=False, id="choice.previous"),
        Binding("j", "app.focus_next", "Down", tooltip="The next line", show=False, id="choice.down"),
        Binding("k", "app.focus_previous", "Up", tooltip="The line above", show=False, id="choice.up"),
    ]

    value: reactive[str] = reactive("", init=False)
    why: reactive[str] = reactive("")

    @dataclass
    class Changed(Message):
        """Something else is chosen."""

        choice: Choice
        value: str

    def __init__(self, label: str, options: Mapping[str, str], value: str, id: str) -> None:
        super().__init__(id=id)
        self.label, self.options = label, dict(options)
        self.set_reactive(Choice.value, value if value in self.options else next(iter(self.options)))

    def render(self) -> Text:
        """The label and the choices, the chosen one marked."""
        text = Text(f"{self.label:<{LABEL}}", "dim" if self.disabled else "bold", no_wrap=not self.why)
        if self.why:
            return text.append(self.why)
        for name, words in self.options.items():
            chosen = name == self.value
            style = "dim" if self.disabled else "reverse" if chosen and self.has_focus else "bold" if chosen else ""
            text.append("● " if chosen else "○ ", "dim" if self.disabled else "")
            text.append(words, style).append("  ")
        return text

    def watch_value(self, value: str) -> None:
        """Tell of another choice."""
        self.post_message(self.Changed(self, value))

    def action_step(self, by: int) -> None:
        """Choose the neighbour, round the end."""
        names = list(self.options)
        self.value = names[(names.index(self.value) + by) % len(names)]

    def on_click(self, event: events.Click) -> None:
        """Choose what is clicked."""
        end = LABEL
        for name, words in self.options.items():
            start, end = end, end + len(words) + 4
            if start <= event.x < end:
                self.value = name

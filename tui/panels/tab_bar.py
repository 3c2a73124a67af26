"""The views as tabs, in one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from ablate_tui.tui.views.base import View


class TabBar(Static):
    """One line of tabs; a click picks one."""

    @dataclass
    class Picked(Message):
        """A tab was clicked."""

        view: str

    def __init__(self, views: Mapping[str, View], id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self.names = tuple(views)
        self.spans: list[tuple[int, int, str]] = []

    def show(self, active: str) -> None:
        """Mark one tab: by a bracket as well as by colour. Far tabs shrink to their digit where it is narrow."""
        room = self.size.width or 80
        short = sum(len(name) + 3 for name in self.names) + 1 > room
        text, self.spans = Text(no_wrap=True, overflow="ellipsis"), []
        for at, name in enumerate(self.names, start=1):
            digit = str(at % 10) if at <= 10 else ""
            start = text.cell_len
            if name == active:
                text.append(f"[{digit} {name}]", "bold reverse")
            elif short and abs(self.names.index(active) - at + 1) > 1:
                text.append(f" {digit} {name[:4]}")
            else:
                text.append(f" {digit} {name}")
            self.spans.append((start, text.cell_len, name))
        self.update(text, layout=False)

    def on_click(self, event: events.Click) -> None:
        """Find the tab under the mouse."""
        for start, end, name in self.spans:
            if start <= event.x < end:
                self.post_message(self.Picked(name))

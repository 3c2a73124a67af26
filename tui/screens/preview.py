"""The exported picture in the terminal itself, until a key is pressed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

from ablate_tui.tui import sending
from ablate_tui.tui.formats import clean
from ablate_tui.tui.terminals import Terminal


class Preview(ModalScreen[None]):
    """A picture over the whole screen but its last line.

    Parameters
    ----------
    png : bytes
    words : str
        What it is.
    terminal : Terminal
        One that shows pictures.
    send : callable
        Writes to it, beside what the screen paints.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,space", "close", "Close", tooltip="Back to the screen", id="preview.close")
    ]

    def __init__(self, png: bytes, words: str, terminal: Terminal, send: Callable[[str], None]) -> None:
        super().__init__()
        self.png, self.words, self.terminal, self.send = png, words, terminal, send

    def compose(self) -> ComposeResult:
        """Room for the picture, and a line about it."""
        yield Static(id="picture")
        yield Static(Text(f" esc closes · {clean(self.words)}", "dim", no_wrap=True), classes="card-line")

    def on_resize(self, event: events.Resize) -> None:
        """Show it in the new size; the first one comes with the opening."""
        self.call_after_refresh(self.show)

    def show(self) -> None:
        """Send it, in place of what was sent before."""
        room = self.query_one("#picture").region
        if room.area:
            area = sending.Area(room.x, room.y, room.width, room.height)
            self.send(sending.picture(self.png, area, self.terminal))

    def action_close(self) -> None:
        """Take it away, and have everything painted again."""
        self.send(sending.erased(self.terminal))
        self.dismiss()

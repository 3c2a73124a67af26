"""The exported picture in the terminal itself, until a key is pressed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Static
from textual.worker import get_current_worker

from ablate_tui.tui import sending
from ablate_tui.tui.formats import clean
from ablate_tui.tui.keymap import worded
from ablate_tui.tui.panels.picture import Picture
from ablate_tui.tui.screens.once import Once
from ablate_tui.tui.terminals import Terminal

SOON = 0.15  # seconds: a screen is painted a few times as it opens, and the picture may be half a megabyte each time


class Preview(Once, ModalScreen[None]):
    """A picture over the whole screen but its last line.

    Parameters
    ----------
    png : bytes
    words : str
        What it is.
    terminal : Terminal
        One that shows pictures.
    send : callable
        Writes to it, beside what is painted.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,space", "close", "Close", tooltip="Back to the screen", id="preview.close")
    ]

    def __init__(self, png: bytes, words: str, terminal: Terminal, send: Callable[[str], None]) -> None:
        super().__init__()
        self.png, self.words, self.terminal, self.send = png, words, terminal, send
        self.soon: Timer | None = None

    def compose(self) -> ComposeResult:
        """Room for the picture, and a line about it."""
        yield Picture(id="picture")
        yield Static(
            Text(worded(" {preview.close} closes · ", self) + clean(self.words), "dim", no_wrap=True),
            classes="card-line",
        )

    def on_resize(self, event: events.Resize) -> None:
        """Show it in the new size, once that stays; the first one comes with the opening."""
        if self.soon is not None:
            self.soon.stop()
        self.soon = self.set_timer(SOON, self.fit)

    def fit(self) -> None:
        """Have it drawn for the room that there is now."""
        room = self.query_one(Picture).region
        if room.area:
            self.encode(sending.Area(room.x, room.y, room.width, room.height))

    @work(thread=True, exclusive=True, exit_on_error=False)
    def encode(self, area: sending.Area) -> None:
        """What the terminal is sent, made away from the keys."""
        once, again = sending.picture(self.png, area, self.terminal)
        if not get_current_worker().is_cancelled:
            self.app.call_from_thread(self.draw, once, again)

    def draw(self, once: str, again: str) -> None:
        """Send it, unless it was closed meanwhile."""
        if self.is_current:
            self.send(once)
            self.query_one(Picture).show(again)

    def action_close(self) -> None:
        """Take it away, and have everything painted again."""
        self.send(sending.erased(self.terminal))
        self.dismiss()

"""A figure of its own over the whole screen: what enter opens in a view's row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static
from textual.worker import get_current_worker

from ablate_tui.tui.figure import Figure
from ablate_tui.tui.formats import clean
from ablate_tui.tui.keymap import worded
from ablate_tui.tui.painting import Painted, Sizes, paint_card
from ablate_tui.tui.panels.body import Body
from ablate_tui.tui.panels.colours import painter_palette
from ablate_tui.tui.screens.once import Once

KEYS = "{card.next} next panel · {card.export} export · {card.close} closes"


class Card(Once, ModalScreen[None]):
    """A figure's panels, as many as fit; `v` and scrolling go through the rest."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close", id="card.close"),
        Binding("v,down,j,right,l,pagedown,space", "part(1)", "Next panel", id="card.next"),
        Binding("up,k,left,h,pageup", "part(-1)", "Previous panel", id="card.previous"),
        Binding("n", "app.notes", "Read all notes of the card", id="card.notes"),
        Binding("e", "export", "Write the card to a PNG, SVG or PDF", id="card.export"),
    ]

    @dataclass
    class Exporting(Message):
        """The figure should be written to a picture; `name` is the file name to propose."""

        figure: Figure
        name: str

    @dataclass
    class Ready(Message):
        """The card is painted."""

        painted: Painted

    def __init__(self, figure: Figure, name: str) -> None:
        super().__init__()
        self.figure, self.file_name = figure, name
        self.part = 0

    def compose(self) -> ComposeResult:
        """What it is about, the panels, and the keys."""
        about = "  ·  ".join(part for part in (self.figure.subtitle, self.figure.footer) if part)
        yield Static(Text(f" {clean(about)}", "dim", no_wrap=True), classes="card-line")
        yield Body("card", part="card.next", notes="card.notes")
        yield Static(Text(worded(f" {KEYS}", self), "dim", no_wrap=True), classes="card-line")

    def on_resize(self, event: events.Resize) -> None:
        """Paint in the new size; the first one comes with the opening."""
        self.call_after_refresh(self.repaint)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scrolling goes on to the next panel."""
        self.action_part(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """And back."""
        self.action_part(-1)

    def action_part(self, by: int) -> None:
        """Show the next panel, where not all of them fit."""
        self.part += by
        self.repaint()

    def action_export(self) -> None:
        """Ask how and where."""
        self.post_message(self.Exporting(self.figure, self.file_name))

    def sizes(self) -> Sizes:
        """Cells for the panels, and which of them are asked for."""
        return *self.query_one(Body).room, self.part

    def repaint(self) -> None:
        """Paint for the size that the screen has now."""
        self.paint_away(self.sizes())

    @work(thread=True, exclusive=True, exit_on_error=False)
    def paint_away(self, sizes: Sizes) -> None:
        """Paint, away from the keys."""
        painted = paint_card(self.figure, sizes, painter_palette(self.app))
        if not get_current_worker().is_cancelled:
            self.post_message(self.Ready(painted))

    def on_card_ready(self, message: Ready) -> None:
        """Show what was painted, unless it is for another size or panel by now."""
        if message.painted.sizes == self.sizes():
            self.query_one(Body).show(message.painted)

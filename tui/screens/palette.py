"""The command palette: Textual's, without its faults."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.command import CommandList, CommandPalette, Hit, Hits
from textual.system_commands import SystemCommandsProvider
from textual.worker import Worker

from ablate_tui.tui.screens.lists import Commands
from ablate_tui.tui.screens.once import Once


class Offered(SystemCommandsProvider):
    """Commands that have every word of what is typed.

    Textual's own search goes through all ways to find the letters in a name: "xxxx" in a name with three hundred x
    takes all memory.
    """

    async def search(self, query: str) -> Hits:
        """The commands for a query, the shortest first."""
        words = query.casefold().split()
        for title, about, run, *_ in self.app.get_system_commands(self.screen):
            if all(word in title.casefold() for word in words):
                yield Hit(1 / (1 + len(title)), title, run, help=about)


class Palette(Once, CommandPalette):
    """Has no id, since two of the same would end the program: one may still be closing as the next one opens."""

    def compose(self) -> ComposeResult:
        """Lay out what Textual does, with a list of ours."""
        for widget in super().compose():
            yield Commands() if isinstance(widget, CommandList) else widget

    def _gather_commands(self, search_value: str) -> Worker[None]:
        """Look for commands; where the palette has gone meanwhile, with its list, that is no fault."""
        worker = super()._gather_commands(search_value)
        worker.exit_on_error = False
        return worker

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Nor is it said as one."""
        event.prevent_default()

    async def _on_click(self, event: events.Click) -> None:  # type: ignore[override]
        """A click beside the palette closes it, but not one from before the terminal became smaller."""
        if not self.region.contains(event.screen_x, event.screen_y):
            event.prevent_default()

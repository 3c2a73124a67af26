"""The keys that are offered, in the last line."""

from __future__ import annotations

from textual.screen import Screen
from textual.widgets import Footer


class KeysLine(Footer):
    """Textual's footer, made again only where it is to show something else: at the start alone it would be thrice."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self.offered: tuple[tuple[str, str, bool], ...] | None = None

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Show the keys of what has the focus now."""
        offered = tuple(
            (binding.key, binding.description, enabled)
            for _, binding, enabled, _ in screen.active_bindings.values()
            if binding.show
        )
        if offered == self.offered:
            return
        if screen.app.app_focus and self.is_attached and screen is self.screen:  # else it would not be made
            self.offered = offered
        super().bindings_changed(screen)

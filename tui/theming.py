"""The looks of the screen: themes that go with the palettes of the plots, chosen at the start and while it runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual import events
from textual.app import App, SystemCommand
from textual.theme import BUILTIN_THEMES, Theme

from ablate_tui.tui import abilities
from ablate_tui.tui.computing import Computing
from ablate_tui.tui.config import AUTO, Config
from ablate_tui.tui.painters.palette import PALETTES, hexed
from ablate_tui.tui.panels.ranking import Ranking
from ablate_tui.tui.screens.card import Card

FEW = 16  # colours up to which a terminal's own are better than the nearest to ours

ABOUT = {
    "dark": "Light words on a dark ground",
    "light": "Dark words on white",
    "contrast": "White on black, as clear as it goes",
    "terminal": "The terminal's own ground and its 16 colours",
}


def themes() -> tuple[Theme, ...]:
    """All themes; each has the name of its palette."""
    light, contrast = PALETTES["light"], PALETTES["contrast"]
    dark = BUILTIN_THEMES["textual-dark"]
    own = BUILTIN_THEMES["ansi-dark"]
    return (
        Theme(
            "dark", primary=dark.primary, secondary=dark.secondary, accent=dark.accent, warning=dark.warning,
            error=dark.error, success=dark.success, foreground=dark.foreground,
        ),
        Theme(
            "light", primary="#005a9e", secondary="#0a4a78", accent="#8a4b00", warning="#8a4b00", error="#a3162e",
            success="#1c6b34", foreground=hexed(light.ink), background=hexed(light.paper), surface="#f4f5f7",
            panel="#e4e7ec", dark=False, text_alpha=1.0,
            variables={"primary-muted": "#cfe0f1", "panel-lighten-2": "#8a93a0", "footer-key-foreground": "#8a4b00"},
        ),
        Theme(
            "contrast", primary="#ffff00", secondary="#00ffff", accent="#ffff00", warning="#ffff00", error="#ff9c9c",
            success="#90ff90", foreground=hexed(contrast.ink), background=hexed(contrast.paper), surface="#000000",
            panel="#262626", text_alpha=1.0,
            variables={
                "primary-muted": "#003a78", "panel-lighten-2": "#a0a0a0",
                "footer-key-foreground": "#ffff00", "block-cursor-foreground": "#000000",
                "border-blurred": "#ffffff",
            },
        ),
        Theme(
            "terminal", primary="ansi_cyan", secondary="ansi_cyan", warning="ansi_yellow", error="ansi_red",
            success="ansi_green", accent="ansi_yellow", foreground="ansi_default", background="ansi_default",
            surface="ansi_default", panel="ansi_default", boost="ansi_default", ansi=True,
            variables={**own.variables, "footer-key-foreground": "ansi_cyan", "block-cursor-background": "ansi_cyan",
                       "scrollbar": "ansi_cyan", "border": "ansi_cyan"},
        ),
    )  # fmt: skip


class Themed(Computing):
    """An app whose theme can be changed."""

    def take_theme(self, config: Config) -> None:
        """Start with the theme that was asked for; by itself, with the terminal's where there are few colours.

        Set as a fact rather than as a change, for which Textual would read the whole stylesheet again.
        """
        for theme in themes():
            self.register_theme(theme)
        few = abilities.colours() <= FEW
        self.set_reactive(App.theme, ("terminal" if few else "dark") if config.theme == AUTO else config.theme)
        theme = self.current_theme
        self.update_classes({"-dark-mode": theme.dark, "-light-mode": not theme.dark}, update=False)
        self._refresh_truecolor_filter(self.ansi_theme)
        self.stylesheet.set_variables(self.get_css_variables())  # or the first paint is in Textual's own theme

    def follow_theme(self) -> None:
        """Paint what has colours of its own again whenever the theme changes."""
        self.theme_changed_signal.subscribe(self.screen, lambda _: self.call_after_refresh(self.repaint_all))

    def repaint_all(self) -> None:
        """Paint the plots and the bars in the colours of the theme."""
        self.refresh_view()
        self.query_one(Ranking).draw()
        for screen in self.screen_stack:
            if isinstance(screen, Card):
                screen.repaint()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """No cursor blinks: nothing is sent while nothing happens."""
        line: Any = event.widget  # of text, or an area of it
        if getattr(line, "cursor_blink", False):
            line.cursor_blink = False
            line._restart_blink()  # shows the cursor, which has just been hidden in mid-blink

    def theme_commands(self) -> Iterable[SystemCommand]:
        """What the command palette offers."""
        for name, about in ABOUT.items():
            yield SystemCommand(f"Theme: {name}", about, lambda name=name: setattr(self, "theme", name))

"""All keys and all views, from the bindings and the registry themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from rich.table import Table as RichTable
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from ablate_tui.tui.keymap import keys_of, worded
from ablate_tui.tui.screens.once import Once
from ablate_tui.tui.views.base import View


class Help(Once, ModalScreen[None]):
    """What every key does and what every view answers."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,f1", "dismiss", "Close", id="help.close")]

    def __init__(self, groups: Mapping[str, Iterable[Binding]], views: Mapping[str, View]) -> None:
        super().__init__()
        self.groups = groups
        self.views = views

    def compose(self) -> ComposeResult:
        """One column of keys, then the views and the words."""
        with VerticalScroll(id="help", classes="dialog"):
            yield Static(Text("ablate-tui: keys and views", "bold"))
            for title, bindings in self.groups.items():
                yield Static(Text(f"\n{title}", "bold"))
                yield Static(self.grid((keys_of(b), b.tooltip or b.description) for b in bindings if b.description))
            yield Static(Text("\nViews", "bold"))
            yield Static(
                self.grid(
                    (f"{at % 10 if at <= 10 else ' '}  {view.name}", view.about)
                    for at, view in enumerate(self.views.values(), 1)
                )
            )
            yield Static(Text("\nWords", "bold"))
            yield Static(
                Text(
                    "A switch is a factor with two levels; its contrast compares on with off inside the filters. "
                    "A diverged run has a NaN or infinite response, a missing one has none: both are counted, "
                    "never dropped in silence. ◆ marks the contrast, ~ a switch below the noise floor, – a figure "
                    "that can't be computed. Welch, Mann-Whitney and Brown-Forsythe p count runs and are descriptive; "
                    "verdicts come from tests that count configurations, and their q cover one table, not the "
                    "slices tried before it."
                )
            )
            yield Static(Text(worded("\n{help.close} closes", self), "dim"))

    @staticmethod
    def grid(pairs: Iterable[tuple[str, str]]) -> RichTable:
        """Two columns of text."""
        grid = RichTable.grid(padding=(0, 2))
        grid.add_column(min_width=16, no_wrap=True)
        grid.add_column()
        for left, right in pairs:
            grid.add_row(Text(left, "bold"), Text(right))
        return grid

"""Ask for one line of text, or for one of some choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from ablate_tui.data.errors import AblateError
from ablate_tui.tui.formats import clean
from ablate_tui.tui.keymap import worded
from ablate_tui.tui.panels.text_line import TextLine
from ablate_tui.tui.screens.lists import Choices
from ablate_tui.tui.screens.once import Once

KEYS = "enter takes · {ask.cancel} leaves"


class Ask(Once, ModalScreen[str | None]):
    """One line of text, perhaps with choices under it that the text narrows.

    Enter takes the highlighted choice, else the text. `check` may refuse a text with an AblateError,
    whose words are shown while the text stays. An empty line is an answer only where `blank` says so.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", id="ask.cancel"),
        Binding("down", "choice(1)", "Next choice", show=False, id="ask.next"),
        Binding("up", "choice(-1)", "Previous choice", show=False, id="ask.previous"),
    ]

    def __init__(
        self,
        question: str,
        value: str = "",
        choices: Sequence[str] = (),
        hint: str = "",
        check: Callable[[str], object] | None = None,
        blank: bool = False,
    ) -> None:
        super().__init__()
        self.blank = blank
        self.question, self.value, self.choices, self.hint, self.check = (
            question,
            value,
            tuple(choices),
            hint,
            check,
        )
        self.shown: tuple[str, ...] = self.choices

    def compose(self) -> ComposeResult:
        """Question, line, choices, hint."""
        with Vertical(classes="dialog"):
            yield Static(Text(self.question, "bold"))
            yield TextLine(self.value, id="answer", select_on_focus=False)
            if self.choices:
                yield Choices(id="choices", markup=False)
            yield Static(Text(" · ".join(filter(None, (self.hint, worded(KEYS, self)))), "dim"), id="hint")

    def on_mount(self) -> None:
        """Show all choices; the line has the focus."""
        self.query_one(Input).focus()
        self.query_one(Input).cursor_position = len(self.value)
        self.narrow("")

    def narrow(self, text: str) -> None:
        """Keep the choices that hold the text."""
        if not self.choices:
            return
        self.shown = tuple(choice for choice in self.choices if text.lower() in choice.lower())
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(Text(clean(choice), no_wrap=True)) for choice in self.shown])
        options.highlighted = 0 if self.shown and text else None

    def action_choice(self, by: int) -> None:
        """Move among the choices while typing."""
        if self.choices and self.shown:
            options = self.query_one(OptionList)
            now = -1 if options.highlighted is None else options.highlighted
            options.highlighted = (now + by) % len(self.shown)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the choices to what is typed."""
        self.narrow(event.value)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click takes a choice."""
        if event.option_index < len(self.shown):  # else the list has become shorter since the key
            self.answer(self.shown[event.option_index])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter takes the highlighted choice, else the text."""
        highlighted = self.query_one(OptionList).highlighted if self.choices else None
        self.answer(self.shown[highlighted] if highlighted is not None else event.value)

    def answer(self, text: str) -> None:
        """Close with an answer that stands."""
        if not text.strip() and not self.blank:
            return
        if self.check is not None:
            try:
                self.check(text)
            except AblateError as error:
                self.query_one("#hint", Static).update(Text(clean(error), "bold"))
                return
        self.dismiss(text)

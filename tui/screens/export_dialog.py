"""How and where to export: name, format, size, ground, this view or all, and whether to show it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from ablate_tui.data.errors import AblateError
from ablate_tui.tui import export
from ablate_tui.tui.export_choice import ExportChoice
from ablate_tui.tui.formats import clean
from ablate_tui.tui.keymap import worded
from ablate_tui.tui.panels.choice import Choice
from ablate_tui.tui.panels.text_line import TextLine
from ablate_tui.tui.screens.once import Once
from ablate_tui.tui.terminals import Terminal

KEYS = "↑↓ line · ←→ choose · {export.write} exports · {export.leave} leaves"


@dataclass(frozen=True)
class Wish:
    """What is to be exported, and where."""

    path: Path  # a folder where all views are
    choice: ExportChoice


class ExportDialog(Once, ModalScreen[Wish | None]):
    """Starts from the last choice; what is asked for is checked before it closes.

    Parameters
    ----------
    name : str
        To propose, without a suffix.
    choice : ExportChoice
        The last one.
    views : int
        How many there are, or 0 for a figure of its own, which has no table either.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Leave", tooltip="Export nothing", id="export.leave"),
        Binding("down", "app.focus_next", "Next line", tooltip="The next line", show=False, id="export.next"),
        Binding("up", "app.focus_previous", "Line above", tooltip="The line above", show=False, id="export.previous"),
        Binding("enter", "write", "Export", tooltip="Export as chosen", id="export.write"),
    ]

    def __init__(self, name: str, choice: ExportChoice, views: int) -> None:
        super().__init__()
        self.proposed, self.views = name, views
        if not views and choice.form not in export.PICTURES:
            choice = replace(choice, form="png")
        self.start = choice if views else replace(choice, all_views=False)
        self.why = ""  # there is no preview

    def compose(self) -> ComposeResult:
        """A line for each thing to choose."""
        start = self.start
        forms: dict[str, str] = {
            name: words for name, words in export.FORMATS.items() if self.views or name in export.PICTURES
        }
        views = {"this": "this view", "all": f"all {self.views} views, into a folder"}
        with Vertical(classes="dialog"):
            yield Static(Text("Export", "bold"))
            with Horizontal(id="name"):
                yield Label(Text("Name     ", "bold"))
                yield TextLine(self.named(start), id="answer", select_on_focus=False, compact=True)
            yield Choice("Format", forms, start.form, id="form")
            yield Choice("Size", {"slide": "slide 16:9", "column": "column", "page": "page"}, start.size, id="size")
            yield Choice("Ground", {"light": "light", "dark": "dark"}, "dark" if start.dark else "light", id="ground")
            if self.views:
                yield Choice("What", views, "all" if start.all_views else "this", id="what")
            yield Choice("Preview", {"no": "no", "yes": "yes"}, "yes" if start.preview else "no", id="preview")
            yield Static(id="hint")

    def named(self, choice: ExportChoice) -> str:
        """The proposed name, with the suffix of its format; a folder for all views."""
        return "views" if choice.all_views else f"{self.proposed}.{choice.form}"

    def on_mount(self) -> None:
        """The name has the focus: enter exports at once."""
        line = self.query_one(Input)
        line.focus()
        line.cursor_position = len(line.value)
        self.settle()

    @property
    def choice(self) -> ExportChoice:
        """What is chosen now."""

        def value(name: str) -> Any:
            return self.query_one(f"#{name}", Choice).value

        return ExportChoice(
            value("form"),
            value("size"),
            value("ground") == "dark",
            bool(self.views) and value("what") == "all",
            value("preview") == "yes",
        )

    def tell(self, terminal: Terminal) -> None:
        """Say what the terminal can show; it may answer before the dialog is composed, or once it is closed."""
        self.why = "" if terminal.pictures else f"none: {clean(terminal.why)}"
        if not self.closed and self.query("#hint"):
            self.settle()

    def settle(self) -> None:
        """Grey out what has no meaning for the format."""
        choice = self.choice
        drawn = choice.form in export.PICTURES
        self.query_one("#size", Choice).disabled = self.query_one("#ground", Choice).disabled = not drawn
        preview = self.query_one("#preview", Choice)
        preview.why = self.why
        preview.disabled = not drawn or choice.all_views or bool(self.why)
        self.say(f"{export.folder_words()} · {worded(KEYS, self)}")

    def say(self, words: str, style: str = "dim") -> None:
        """Words under the lines."""
        self.query_one("#hint", Static).update(Text(clean(words), style))

    def on_choice_changed(self, message: Choice.Changed) -> None:
        """The name follows the format: its suffix, or a folder's name."""
        line, choice = self.query_one(Input), self.choice
        name = line.value.strip()
        if message.choice.id == "what":
            line.value = self.named(choice)
        elif message.choice.id == "form" and not choice.all_views and export.suffix_of(name) != choice.form:
            stem = name[: -len(export.suffix_of(name)) - 1] if export.suffix_of(name) in export.FORMATS else name
            line.value = f"{stem}.{choice.form}"
        line.cursor_position = len(line.value)
        self.settle()

    def on_input_changed(self, event: Input.Changed) -> None:
        """The format follows a suffix that is typed."""
        form = self.query_one("#form", Choice)
        suffix = export.suffix_of(event.value)
        if suffix in form.options and not self.choice.all_views:
            form.value = suffix
        self.settle()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the name."""
        self.action_write()

    def action_write(self) -> None:
        """Close with what is chosen, where it can be written."""
        choice, text = self.choice, self.query_one(Input).value
        try:
            path = export.chosen_folder(text) if choice.all_views else export.chosen(text, choice.form)
        except AblateError as error:
            self.say(str(error), "bold")
            return
        self.dismiss(Wish(path, choice))

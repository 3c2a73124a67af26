"""The slices that were saved: recall one, set one beside the present slice, rename, delete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ablate_tui.data.errors import AblateError
from ablate_tui.tui.formats import clean
from ablate_tui.tui.keymap import worded
from ablate_tui.tui.saved import Saved, check_name
from ablate_tui.tui.screens.ask import Ask
from ablate_tui.tui.screens.lists import Choices
from ablate_tui.tui.screens.once import Once

HINT = (
    "enter recalls · {saved.beside} sets it beside the present slice · {saved.rename} renames · "
    "{saved.delete} deletes, {saved.back} brings back · {saved.close} leaves"
)
NONE = "No slice is saved for this source yet: {save} saves the one on the screen. "
BACK = "{saved.back} brings back what was deleted · "


@dataclass(frozen=True)
class About:
    """What the list says of a slice."""

    words: str
    runs: str  # "n of N runs"
    fault: str | None = None  # why it no longer fits the source


@dataclass(frozen=True)
class Picked:
    """What was chosen."""

    what: Literal["recall", "beside"]
    saved: Saved


class SavedSlices(Once, ModalScreen[Picked | None]):
    """A list of saved slices; what is deleted or renamed is kept at once.

    Parameters
    ----------
    slices : tuple of Saved
    about : callable
        Says what the list shows of one.
    keep : callable
        Keeps a changed list, or raises an AblateError.
    deleted : list of (place, Saved)
        What was deleted before, the latest last; deletions are added.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Close", id="saved.close"),
        Binding("b", "pick('beside')", "Set it beside the present slice", id="saved.beside"),
        Binding("r", "rename", "Rename it", id="saved.rename"),
        Binding("d,delete", "delete", "Delete it", id="saved.delete"),
        Binding("u", "bring_back", "Bring back what was deleted", id="saved.back"),
        Binding("j", "move(1)", "Next slice", show=False, id="saved.next"),
        Binding("k", "move(-1)", "Previous slice", show=False, id="saved.previous"),
    ]

    def __init__(
        self,
        slices: tuple[Saved, ...],
        about: Callable[[Saved], About],
        keep: Callable[[tuple[Saved, ...]], None],
        deleted: list[tuple[int, Saved]],
    ) -> None:
        super().__init__()
        self.slices, self.about, self.keep, self.deleted = slices, about, keep, deleted
        self.told: dict[Saved, About] = {}

    def compose(self) -> ComposeResult:
        """Heading, list, hint."""
        with Vertical(classes="dialog"):
            yield Static(Text("Saved slices", "bold"))
            yield Choices(id="slices", markup=False)
            yield Static(id="hint")

    def on_mount(self) -> None:
        """The list has the focus."""
        self.query_one(OptionList).focus()
        self.list(0)

    def list(self, at: int) -> None:
        """Show the slices, the cursor at a place."""
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self.lines(each)) for each in self.slices])
        options.highlighted = min(at, len(self.slices) - 1) if self.slices else None
        options.display = bool(self.slices)
        self.say(worded(HINT if self.slices else NONE + BACK * bool(self.deleted) + "{saved.close} leaves", self))

    def lines(self, saved: Saved) -> Text:
        """A slice in two lines."""
        if saved not in self.told:
            self.told[saved] = self.about(saved)
        about = self.told[saved]
        second = (f"\n  ✗ {clean(about.fault)}", "bold") if about.fault else (f"\n  {clean(about.words)}", "dim")
        return Text.assemble((clean(saved.name), "bold"), f"  {about.runs}", second)

    def say(self, words: str) -> None:
        """The line under the list."""
        self.query_one("#hint", Static).update(Text(clean(words), "dim"))

    @property
    def current(self) -> Saved | None:
        """The slice under the cursor."""
        at = self.query_one(OptionList).highlighted
        return self.slices[at] if at is not None and at < len(self.slices) else None

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        options = self.query_one(OptionList)
        (options.action_cursor_down if by > 0 else options.action_cursor_up)()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter or a click recalls."""
        self.action_pick("recall")

    def action_pick(self, what: Literal["recall", "beside"]) -> None:
        """Close with the slice under the cursor, unless it no longer fits."""
        saved = self.current
        if saved is None:
            return
        fault = self.told[saved].fault
        if fault:
            self.say(f"this slice no longer fits the source: {fault}")
        else:
            self.dismiss(Picked(what, saved))

    def changed(self, slices: tuple[Saved, ...], at: int) -> bool:
        """Keep a changed list and show it; what can't be kept stays as it was."""
        try:
            self.keep(slices)
        except AblateError as error:
            self.say(str(error))
            return False
        self.slices = slices
        self.list(at)
        return True

    def action_delete(self) -> None:
        """Delete the slice under the cursor."""
        saved = self.current
        if saved is None:
            return
        at = self.slices.index(saved)
        self.deleted.append((at, saved))
        if self.changed((*self.slices[:at], *self.slices[at + 1 :]), at):
            self.say(f'deleted "{saved.name}"; u brings it back')
        else:
            self.deleted.pop()

    def action_bring_back(self) -> None:
        """Bring back what was deleted last."""
        if not self.deleted:
            self.say("nothing was deleted")
            return
        at, saved = self.deleted[-1]
        names = {each.name for each in self.slices}
        if saved.name in names:
            self.say(f'there is another "{saved.name}" now; rename it first')
        elif self.changed((*self.slices[:at], saved, *self.slices[at:]), at):
            self.deleted.pop()

    def action_rename(self) -> None:
        """Ask for another name."""
        saved = self.current
        if saved is None:
            return
        at = self.slices.index(saved)
        others = (*self.slices[:at], *self.slices[at + 1 :])

        def take(name: str | None) -> None:
            if name is not None:
                renamed = replace(saved, name=check_name(name, others))
                self.changed((*self.slices[:at], renamed, *self.slices[at + 1 :]), at)

        ask = Ask("Rename to", saved.name, (), "", lambda name: check_name(name, others))
        self.app.push_screen(ask, take)

"""What the screen keeps for later: slices under a name, set beside each other, and where it was left."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from threading import Lock, Thread

from textual.timer import Timer

from ablate_tui.data.errors import AblateError
from ablate_tui.queries.slices import Slice, Versus, take
from ablate_tui.tui import formats, saved
from ablate_tui.tui.computing import Computing
from ablate_tui.tui.history import History
from ablate_tui.tui.keymap import worded
from ablate_tui.tui.saved import Last, Saved
from ablate_tui.tui.screens.ask import Ask
from ablate_tui.tui.screens.saved_slices import About, Picked, SavedSlices
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.base import slice_words
from ablate_tui.tui.views.registry import VIEWS

SOON = 1.0  # seconds after a change until it is kept: a session that is killed loses no more
PATIENCE = 1.0  # seconds that quitting waits at most for the state folder


class Keeping(Computing):
    """Saves and recalls slices; keeps the last session where it is told to."""

    def __init__(self, session: Session, look: Look) -> None:
        super().__init__(session, look)
        self.deleted: list[tuple[int, Saved]] = []  # slices, with their places
        self.keeps = False  # whether this session comes back
        self.newest: Last | None = None
        self.kept: Last | None = None  # in the state folder
        self.turn = Lock()  # to write there
        self.keeper: Timer | None = None

    # -- slices under a name

    def action_save(self) -> None:
        """Save the slice under a name."""
        slices = saved.saved(self.session)
        words = formats.clean(slice_words(self.session.sample(self.look)))
        hint = f"{words} · {worded('{saved} lists what is saved', self)}"
        ask = Ask("Save this slice as", "", (), hint, lambda name: saved.check_name(name, slices))
        self.push_screen(ask, self.take_name)

    def take_name(self, name: str | None) -> None:
        """Keep the slice."""
        if name is None:
            return
        slices = saved.saved(self.session)
        try:
            made = Saved(saved.check_name(name, slices), saved.as_saved(self.session, self.look))
            saved.keep(self.session, (*slices, made))
        except AblateError as error:
            self.notify(formats.clean(error), severity="error", markup=False)
            return
        self.notify(
            f'saved "{formats.clean(made.name)}"; {worded("{saved} lists the saved slices", self)}', markup=False
        )

    def action_saved(self) -> None:
        """List the saved slices."""
        session = self.session

        def keep(slices: tuple[Saved, ...]) -> None:
            saved.change(session, screen.slices, slices)

        screen = SavedSlices(saved.saved(session), self.about, keep, self.deleted)
        self.push_screen(screen, self.take_saved)

    def about(self, each: Saved) -> About:
        """What the list says of a saved slice."""
        words = each.look.slice.words()
        look = saved.as_looked_at(self.session, each.look)
        if self.sweep.large:  # another response takes seconds to read: whether it is there is found out at the recall
            look = replace(look, response=self.look.response, goal=self.look.goal, fail=self.look.fail)
        fault = saved.fault(self.session, look)
        if fault is not None:
            return About(words, "", fault)
        sample = take(self.sweep, Slice(each.look.slice.filters))
        said = [slice_words(sample)]
        if each.look.slice.contrast:
            said.append(f"contrast {each.look.slice.contrast}")
        if each.look.response != self.sweep.response.name:
            said.append(f"response {each.look.response}")
        return About(" · ".join(said), f"{sample.runs:,} of {sample.table.runs:,} runs")

    def take_saved(self, picked: Picked | None) -> None:
        """Look at a saved slice, or set it beside the present one."""
        if picked is None:
            return
        if picked.what == "beside":
            self.set_beside(picked.saved)
            return
        found = saved.as_looked_at(self.session, picked.saved.look)
        self.go(replace(self.look, slice=found.slice, response=found.response, goal=found.goal, fail=found.fail))

    def action_beside(self) -> None:
        """Set a saved slice beside the present one; once more ends that."""
        if self.look.versus is None:
            self.action_saved()
        else:
            self.go(replace(self.look, versus=None))

    def set_beside(self, other: Saved) -> None:
        """Compare the present slice with a saved one, by the present contrast and response."""
        if not VIEWS[self.view_name].two_slices:
            self.view_name = "compare"
        contrast = self.look.slice.contrast
        if contrast in other.look.slice.set:
            words = f'the filter of "{other.name}" on {contrast} is left out: that is the contrast'
            self.notify(formats.clean(words), markup=False)
        self.go(replace(self.look, versus=Versus(other.look.slice.filters, other.name)))

    # -- the last session

    def resume(self) -> None:
        """Go on where the last session with this source was; u goes to where a fresh one starts."""
        found = saved.last(self.session)
        if found is None:
            return
        look, left_out = saved.fitted(self.session, saved.as_looked_at(self.session, found.look))
        fresh = self.look
        self.history = History(look, [fresh] if look.step != fresh.step else [])
        self.view_name = found.view if found.view in VIEWS else self.view_name
        self.sorts = {name: sort for name, sort in found.sorts.items() if name in VIEWS}
        notes = list(left_out)
        if look.step != fresh.step:
            notes.append(
                worded("as your last session was left; {undo} starts afresh, {clear} clears the filters alone", self)
            )
        self.session.notes = (*self.session.notes, *notes)

    @property
    def now(self) -> Last:
        """Where this session is."""
        sorts = {name: sort for name, sort in self.sorts.items() if sort is not None}
        return Last(saved.spelled(self.session, self.look), self.view_name, sorts)

    def refresh_look(self, slice_changed: bool = True) -> None:
        """Compute everything that is on the screen again, and keep where it is soon."""
        super().refresh_look(slice_changed)
        if self.keeps:
            if self.keeper is not None:
                self.keeper.stop()
            self.keeper = self.set_timer(SOON, self.keep_last)

    def keep_last(self) -> Thread | None:
        """Keep where this session is, in a thread of its own: a folder that hangs holds up no key."""
        self.newest = self.now
        if self.newest == self.kept and not self.turn.locked():
            return None
        thread = Thread(target=self._keep_last, args=(self.session,), daemon=True)
        thread.start()
        return thread

    def _keep_last(self, session: Session) -> None:
        # a folder that can't be written has been told of where a choice was made
        with self.turn, suppress(AblateError):
            now = self.newest  # by now, it may be newer than when this thread began: no older one comes after it
            if now is not None and now != self.kept:
                saved.keep_last(session, now)
                self.kept = now

    def on_unmount(self) -> None:
        """Keep where the screen was left, and wait for what is being written."""
        thread = self.keep_last() if self.keeps else None
        if thread is not None:
            thread.join(PATIENCE)

"""What the screen looks at, and the workers that compute it away from the keys."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from textual import work
from textual.app import App
from textual.message import Message
from textual.worker import Worker, WorkerState, get_current_worker

from ablate_tui.data.errors import AblateError
from ablate_tui.queries.effects import Glance, glance
from ablate_tui.queries.importance import Cancelled, Importance
from ablate_tui.queries.slices import Sample
from ablate_tui.tui import formats
from ablate_tui.tui.history import History
from ablate_tui.tui.lean_driver import LeanDriver
from ablate_tui.tui.painting import Painted, Sizes, Sort, paint_view
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.registry import VIEWS

QUIET = 0.3  # seconds without a key before the slow part of importance starts
ROWS = 200  # of the runs view; more are for show --view runs


class Computing(App[None]):
    """An app that looks at a sweep. Results come back as messages that name the look they belong to."""

    @dataclass
    class Glanced(Message):
        """The switch list's figures of a look are there."""

        look: Look
        sample: Sample
        glances: tuple[Glance, ...]

    @dataclass
    class Ready(Message):
        """A view of a look is painted."""

        look: Look
        painted: Painted

    @dataclass
    class Ranked(Message):
        """The ranking of a look is there, or has moved on."""

        look: Look
        importance: Importance
        progress: float | None

    @dataclass
    class Failed(Message):
        """A look could not be computed."""

        look: Look
        words: str

    def __init__(self, session: Session, look: Look) -> None:
        super().__init__(driver_class=LeanDriver)
        self.session = session
        session.row_limit = ROWS
        self.history = History(self.with_contrast(look))
        self.view_name = next(iter(VIEWS))
        self.sorts: dict[str, Sort] = {}

    def with_contrast(self, look: Look) -> Look:
        """Start with something to see: contrast the switch with the largest mean difference."""
        if look.slice.contrast is not None:
            return look
        sizes = {g.switch: abs(g.mean_diff) for g in glance(self.session.sample(look)) if g.mean_diff is not None}
        largest = max(sizes, key=lambda name: sizes[name], default=None)
        table = self.session.table(look.response, look.goal)
        return replace(look, slice=look.slice.contrasted(table, largest))

    @property
    def look(self) -> Look:
        """What is being looked at."""
        return self.history.present

    def sort_of(self, look: Look, view_name: str) -> Sort:
        """The order of a view's table."""
        return look.sort if VIEWS[view_name].sorts_itself else self.sorts.get(view_name)

    @work(thread=True, exclusive=True, group="view", exit_on_error=False)
    def compute(self, look: Look, view_name: str, sizes: Sizes) -> None:
        """Figures first, then the view, then the ranking: each is shown as soon as it is there."""
        worker = get_current_worker()
        view = VIEWS[view_name]
        session = self.session
        try:
            sample = session.sample(look)
            self.post_message(self.Glanced(look, sample, glance(sample)))
            if not view.uses_importance:
                self.paint(look, view_name, sizes)
            if worker.is_cancelled:
                return
            importance = session.importance(look)
            self.post_message(self.Ranked(look, importance, None))
            if view.uses_importance and not worker.is_cancelled:
                self.paint(look, view_name, sizes)
        except AblateError as error:
            self.post_message(self.Failed(look, str(error)))

    def paint(self, look: Look, view_name: str, sizes: Sizes) -> None:
        """Read, draw and paint a view, away from the keys."""
        view = VIEWS[view_name]
        result = self.session.read(view, look)
        inputs = self.session.inputs(look)
        table = view.table(result, inputs)
        painted = paint_view(
            view, view.figure(result, inputs), table, sizes, self.sort_of(look, view_name), not self.no_color
        )
        self.post_message(self.Ready(look, painted))

    @work(thread=True, exclusive=True, group="uncertainty", exit_on_error=False)
    def compute_uncertainty(self, look: Look) -> None:
        """Intervals, noise floor and R² of the ranking, once the keys have been quiet for a moment."""
        worker = get_current_worker()
        end = time.monotonic() + QUIET
        while time.monotonic() < end:
            if worker.is_cancelled:
                return
            time.sleep(0.02)
        shown = 0.0

        def cancelled() -> bool:
            return worker.is_cancelled

        def progress(share: float) -> None:
            nonlocal shown
            if share - shown >= 0.1:
                shown = share
                self.post_message(self.Ranked(look, fitted, share))

        try:
            fitted = self.session.fitted_importance(look, cancelled)
            self.post_message(self.Ranked(look, fitted, 0.0))
            done = self.session.finished_importance(look, progress, cancelled)
        except Cancelled:
            return
        self.post_message(self.Ranked(look, done, 1.0))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A fault of this program in a worker is said, never swallowed: old figures must not pass for new ones."""
        if event.state == WorkerState.ERROR:
            error = event.worker.error
            words = f"a fault of this program ({type(error).__name__}: {error}); the figures may be of an older slice"
            self.notify(formats.clean(words), severity="error", markup=False, timeout=15)

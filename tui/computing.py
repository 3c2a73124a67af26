"""What the screen looks at, and the workers that compute it away from the keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import Any

from textual import work
from textual.app import App
from textual.message import Message
from textual.worker import Worker, WorkerState, get_current_worker

from ablate_tui.data.errors import AblateError
from ablate_tui.data.schema import RunTable
from ablate_tui.queries.effects import Glance, glance
from ablate_tui.queries.importance import Cancelled, Importance
from ablate_tui.queries.slices import Sample
from ablate_tui.tui import formats
from ablate_tui.tui.figure import Figure
from ablate_tui.tui.history import History
from ablate_tui.tui.lean_driver import LeanDriver
from ablate_tui.tui.painting import Painted, Sizes, Sort, paint_view
from ablate_tui.tui.panels.body import Body
from ablate_tui.tui.panels.tab_bar import TabBar
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.base import Inputs
from ablate_tui.tui.views.registry import VIEWS

START = "compare"  # the view of the first screen: a quick one, whichever comes first in VIEWS
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
        result: Any

    @dataclass
    class Ranked(Message):
        """The ranking of a look is there, or has moved on."""

        look: Look
        importance: Importance
        progress: float | None

    @dataclass
    class Carded(Message):
        """What a row of a view opens is there."""

        look: Look
        view: str
        figure: Figure

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
        self.view_name = START
        self.sorts: dict[str, Sort] = {}
        self.part: dict[str, int] = {}
        self.refined: Hashable = None  # the slice whose uncertainty was started
        self.lock = Lock()
        self.busy = False  # whether a worker computes looks
        self.wanted: tuple[Look, str, Sizes] | None = None  # what it computes next
        self.stirred = Event()  # the ranking is there, or something newer is wanted
        self.ranker = ThreadPoolExecutor(1)

    def with_contrast(self, look: Look) -> Look:
        """Start with something to see: contrast the switch with the largest mean difference."""
        if look.slice.contrast is not None:
            return look
        sizes = {g.switch: abs(g.mean_diff) for g in glance(self.session.sample(look)) if g.mean_diff is not None}
        largest = max(sizes, key=lambda name: sizes[name], default=None)
        table = self.session.table(look.response, look.goal, look.fail)
        return replace(look, slice=look.slice.contrasted(table, largest))

    @property
    def look(self) -> Look:
        """What is being looked at."""
        return self.history.present

    @property
    def sweep(self) -> RunTable:
        """The sweep, with the response and the failures that are looked at."""
        return self.session.table(self.look.response, self.look.goal, self.look.fail)

    def go(self, look: Look) -> None:
        """Look at something else."""
        slice_changed = Session.importance_key(look) != Session.importance_key(self.look)
        self.history.go(look)
        self.refresh_look(slice_changed)

    def refresh_look(self, slice_changed: bool = True) -> None:
        """Compute everything that is on the screen again."""
        if slice_changed:
            self.workers.cancel_group(self, "uncertainty")
            self.refined = None
        self.query_one(TabBar).show(self.view_name)
        self.compute(self.look, self.view_name, self.sizes())

    def refresh_view(self) -> None:
        """Compute and paint the selected view alone."""
        if self.is_running:
            self.refresh_look(slice_changed=False)

    def sizes(self) -> Sizes:
        """Cells for the view, and which part of it is asked for."""
        width, height = self.query_one(Body).room
        return width, height, self.part.get(self.view_name, 0)

    def sort_of(self, look: Look, view_name: str) -> Sort:
        """The order of a view's table."""
        return look.sort if VIEWS[view_name].sorts_itself else self.sorts.get(view_name)

    def compute(self, look: Look, view_name: str, sizes: Sizes) -> None:
        """Compute what is on the screen; while an older look is being computed, only the newest one waits."""
        with self.lock:
            self.wanted = (look, view_name, sizes)
            self.stirred.set()
            if self.busy:
                return
            self.busy = True
        self.work_off()

    @work(thread=True, group="view", exit_on_error=False)
    def work_off(self) -> None:
        """One look after another, until none is wanted: keys that are held down never pile up."""
        while True:
            with self.lock:
                wanted, self.wanted = self.wanted, None
                if wanted is None:
                    self.busy = False
                    return
            try:
                self.answer(*wanted)
            except AblateError as error:
                self.post_message(self.Failed(wanted[0], str(error)))
            except BaseException:
                self.busy = False
                raise

    def answer(self, look: Look, view_name: str, sizes: Sizes) -> None:
        """Figures, view and ranking, each shown as soon as it is there; the rest is left once a newer look is wanted.

        The ranking has a thread of its own, so that a newer look need not wait for it. It comes after the view: beside
        it, it takes from the view what it gains.
        """
        sample = self.session.sample(look)
        self.post_message(self.Glanced(look, sample, glance(sample)))
        if not VIEWS[view_name].uses_importance:
            self.paint(look, view_name, sizes)
        if self.wanted is not None:
            return
        ranked = self.ranker.submit(copy_context().run, self.rank, look)
        ranked.add_done_callback(lambda _: self.stirred.set())
        while not ranked.done() and self.wanted is None:
            self.stirred.wait()
            self.stirred.clear()
        if self.wanted is not None:
            ranked.cancel()
            return
        ranked.result()
        if VIEWS[view_name].uses_importance:
            self.paint(look, view_name, sizes)

    def rank(self, look: Look) -> None:
        """Fit the model of a slice, unless it is known."""
        self.post_message(self.Ranked(look, self.session.importance(look), None))

    def paint(self, look: Look, view_name: str, sizes: Sizes) -> None:
        """Read, draw and paint a view, away from the keys."""
        view = VIEWS[view_name]
        result = self.session.read(view, look)
        inputs = self.session.inputs(look)
        table = view.table(result, inputs)
        painted = paint_view(
            view, view.figure(result, inputs), table, sizes, self.sort_of(look, view_name), not self.no_color
        )
        self.post_message(self.Ready(look, painted, result))

    @work(thread=True, exclusive=True, group="card", exit_on_error=False)
    def compute_card(self, card: Callable[[int, Any, Inputs], Figure], row: int, ready: Ready) -> None:
        """Draw what a row opens, from the result that is on the screen."""
        worker = get_current_worker()
        try:
            figure = card(row, ready.result, self.session.inputs(ready.look))
        except AblateError as error:
            self.call_from_thread(self.notify, formats.clean(error), severity="error", markup=False)
            return
        if not worker.is_cancelled:
            self.post_message(self.Carded(ready.look, ready.painted.view, figure))

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

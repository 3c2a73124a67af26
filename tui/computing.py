"""What the screen looks at, and the workers that compute it away from the keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from textual import work
from textual.app import App
from textual.message import Message
from textual.worker import Worker, WorkerState, get_current_worker

from ablate_tui.data.errors import AblateError, SourceError, fault_words
from ablate_tui.data.schema import RunTable
from ablate_tui.queries.cancelling import Cancelled
from ablate_tui.queries.effects import Glance, glance
from ablate_tui.queries.importance import Importance
from ablate_tui.queries.slices import Sample
from ablate_tui.tui import formats
from ablate_tui.tui.figure import Figure
from ablate_tui.tui.history import History
from ablate_tui.tui.keymap import worded
from ablate_tui.tui.lean_driver import LeanDriver
from ablate_tui.tui.painting import Painted, Sizes, Sort, paint_view
from ablate_tui.tui.panels.body import Body
from ablate_tui.tui.panels.colours import painter_palette
from ablate_tui.tui.panels.tab_bar import TabBar
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.trouble import trouble
from ablate_tui.tui.views.base import Inputs
from ablate_tui.tui.views.registry import VIEWS

START = "compare"  # the view of the first screen: a quick one, whichever comes first in VIEWS
QUIET = 0.3  # seconds without a key before the slow part of importance starts
PAINT = 0.1  # seconds that the ranking waits at most for the screen to paint the view
MANY = 100  # factors that vary, from which on their tests come after the rest of the screen
ROWS = 200  # of the runs view; more are for show --view runs


class Computing(App[None]):
    """An app that looks at a sweep. Results come back as messages that name the look they belong to."""

    @dataclass
    class Glanced(Message):
        """The switch list's figures of a look are there."""

        look: Look
        sample: Sample
        glances: tuple[Glance, ...]
        trouble: str  # why there are no figures
        beside: Sample | None = None  # of the second slice

    @dataclass
    class Ready(Message):
        """A view of a look is painted."""

        look: Look
        painted: Painted
        result: Any
        seen: bool = False  # whether the screen has painted it, or had no use for it

    @dataclass
    class Waiting(Message):
        """A view looks at every run of a large sweep, or asks a server, which takes a while."""

        look: Look
        view: str
        words: str

    @dataclass
    class Ranked(Message):
        """The ranking of a look is there, or has moved on."""

        look: Look
        importance: Importance
        first: bool = False  # as the look was computed, whatever was there by then

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
        stands: bool = False  # the look: its runs are here, and a view wanted more of a source that doesn't give it

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
        self.latest: tuple[Look, str] | None = None  # what was wanted last; None once the screen is left
        self.asked: Sizes | None = None  # for which the view was asked for last
        self.reading: set[Hashable] = set()  # results that are read aside
        self.turn = Lock()  # to read aside: one at a time, since each takes memory by the gigabyte
        self.stirred = Event()  # a view is painted, the ranking is there, or something newer is wanted
        self.ranker = ThreadPoolExecutor(1)
        self.prepared: RunTable | None = None  # what later keys need of it is made ahead, once the first look is shown
        self.left = Event()  # the screen
        self.writes = 0  # files that a person has asked for and threads are at
        self.exported: list[Path] = []

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
        self.query_one(TabBar).mark(self.view_name)
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
        self.asked = sizes
        with self.lock:
            self.wanted, self.latest = (look, view_name, sizes), (look, view_name)
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

        The ranking has a thread of its own, so that a newer look need not wait for it. It begins once the screen has
        painted the view: beside it, it takes from the view what it gains.
        """
        sample = self.session.sample(look)
        other = self.session.beside(look)
        beside = None if other is None else self.session.sample(other)
        why = trouble(
            sample, lambda slice_: self.session.sample(replace(look, slice=slice_)), partial(worded, node=self)
        )
        self.post_message(self.Glanced(look, sample, glance(sample), why, beside))
        table = sample.table
        if table.large and not table.ordered:
            self.post_message(self.Waiting(look, view_name, f"sorting {table.runs:,} runs"))
        if self.takes_long(look, view_name):
            self.begin(look, view_name, sizes)
        elif not VIEWS[view_name].uses_importance:
            self.paint(look, view_name, sizes)
        if self.wanted is not None:
            return
        ranked = self.start_ranking(look)
        self.wait_for(ranked.done)
        if self.wanted is not None:
            ranked.cancel()
            return
        ranked.result()
        if VIEWS[view_name].uses_importance:
            self.paint(look, view_name, sizes)
        if table is not self.prepared:
            self.prepared = table
            Thread(target=table.prepare, daemon=True).start()

    def wait_for(self, happened: Callable[[], bool], most: float | None = None) -> None:
        """Wait until something has happened, a newer look is wanted, or so many seconds are over."""
        end = None if most is None else time.monotonic() + most
        while not happened() and self.wanted is None:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return
            self.stirred.wait(left)
            self.stirred.clear()

    def start_ranking(self, look: Look) -> Future[None]:
        """Have the ranking computed by its own thread."""
        ranked = self.ranker.submit(copy_context().run, self.rank, look)
        ranked.add_done_callback(lambda _: self.stirred.set())
        return ranked

    def takes_long(self, look: Look, view_name: str) -> bool:
        """Whether a view takes long, and is not at hand."""
        return bool(self.why_long(look, view_name)) and not self.session.at_hand(VIEWS[view_name], look)

    def why_long(self, look: Look, view_name: str) -> str:
        """What a view does that takes long: with a server, every run of a large sweep, or very many factors."""
        view, sample = VIEWS[view_name], self.session.sample(look)
        if view.fetches and self.session.store.distant:
            return "asking the server"
        if view.by_runs and sample.table.large:
            return f"looking at every one of {sample.table.runs:,} runs"
        if view.tests_all and len(sample.free) >= MANY:
            return f"looking at every one of {len(sample.free):,} factors"
        return ""

    def begin(self, look: Look, view_name: str, sizes: Sizes) -> None:
        """Show what is there at once of a view that takes long, and read the rest aside: no key waits for it.

        In a thread of its own, which ends with the program: a worker would be waited for at the end. One for
        each result, however often it is asked for meanwhile.
        """
        view = VIEWS[view_name]
        if view.read_first is None or not self.session.sample(look).table.large:
            self.post_message(self.Waiting(look, view_name, self.why_long(look, view_name)))
        else:
            self.paint(look, view_name, sizes, first=True)
        key = Session.result_key(view, look)
        with self.lock:
            if key in self.reading:
                return
            self.reading.add(key)
        Thread(target=copy_context().run, args=(self.finish, look, view_name), daemon=True).start()

    def finish(self, look: Look, view_name: str) -> None:
        """Read a view that takes long, unless the person goes on to something else; then what is wanted is painted."""
        view = VIEWS[view_name]
        key = Session.result_key(view, look)

        def passed() -> bool:
            latest = self.latest
            return latest is None or latest[1] != view_name or Session.result_key(view, latest[0]) != key

        try:
            with self.turn:
                if not passed():
                    self.session.read(view, look, passed)
        except Cancelled:
            pass
        except AblateError as error:
            self.post_message(self.Failed(look, str(error), isinstance(error, SourceError)))
            return
        except Exception as error:
            if self.latest is not None:
                self.call_from_thread(self.tell_fault, error)
            return
        finally:
            with self.lock:
                self.reading.discard(key)
        if not passed():  # after a cancellation, too: the person can have come back
            self.call_from_thread(self.refresh_view)

    def rank(self, look: Look) -> None:
        """Fit the model of a slice, unless it is known."""

        def passed() -> bool:
            latest = self.latest
            return latest is None or Session.importance_key(latest[0]) != Session.importance_key(look)

        with suppress(Cancelled):
            self.post_message(self.Ranked(look, self.session.importance(look, passed), first=True))

    def paint(
        self,
        look: Look,
        view_name: str,
        sizes: Sizes,
        first: bool = False,
    ) -> None:
        """Read, draw and paint a view, away from the keys; or what is there of it at first."""
        view = VIEWS[view_name]
        inputs = self.session.inputs(look)
        read_first = view.read_first if first else None
        try:
            result = read_first(inputs) if read_first is not None else self.session.read(view, look)
            table, figure = view.table(result, inputs), view.figure(result, inputs)
        except SourceError as error:  # the ranking needs no more than is here, and follows
            self.post_message(self.Failed(look, str(error), stands=True))
            return
        painted = paint_view(view, figure, table, sizes, self.sort_of(look, view_name), painter_palette(self))
        ready = self.Ready(look, painted, result)
        if self.post_message(ready):
            self.wait_for(lambda: ready.seen, PAINT)

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
        """R², intervals and noise floor of the ranking, as they come, once the keys have been quiet for a moment."""
        worker = get_current_worker()
        end = time.monotonic() + QUIET
        while time.monotonic() < end:
            if worker.is_cancelled:
                return
            time.sleep(0.02)

        def cancelled() -> bool:
            return worker.is_cancelled

        def show(importance: Importance) -> None:
            self.post_message(self.Ranked(look, importance))

        try:
            show(self.session.fitted_importance(look, cancelled))
            show(self.session.finished_importance(look, cancelled=cancelled, arrived=show))
        except Cancelled:
            return

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A fault of this program in a worker is said, never swallowed: old figures must not pass for new ones."""
        if event.state == WorkerState.ERROR:
            self.tell_fault(event.worker.error)

    def tell_fault(self, error: BaseException | None) -> None:
        """Say that something went wrong that should not have."""
        words = f"{fault_words(error)}; the figures may be of an older slice"
        self.notify(formats.clean(words), severity="error", markup=False, timeout=15)

"""From (source, slice, view) to a result and its figure, with caches; serves the screen and the command
line alike. Safe to call from several threads."""

from __future__ import annotations

import datetime
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from copy import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data import choices as kept_choices
from ablate_tui.data import curves
from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.inbox import Gathered, inbox_of
from ablate_tui.data.responses import condition
from ablate_tui.data.roles import Role
from ablate_tui.data.schema import DIVERGED, Choices, Goal, RunTable
from ablate_tui.data.sql import quote
from ablate_tui.data.store import Store, open_store
from ablate_tui.data.watching import Watch
from ablate_tui.queries import importance as importances
from ablate_tui.queries.slices import Sample, Slice, Versus, take
from ablate_tui.tui.views.base import Target, View

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")


@dataclass(frozen=True)
class Look:
    """What is being looked at. A value: undo and redo keep a list of these."""

    slice: Slice = field(default_factory=Slice)
    response: str | None = None  # None: the one that was chosen or guessed at the start
    goal: Goal | None = None
    fail: str | None = None  # which runs failed; None: as said at the start, "": those that diverged
    target: Target = "mean"
    color: str | None = None
    focus: str | None = None
    sort: tuple[str, bool] | None = None  # order of the runs view
    versus: Versus | None = None  # a second slice, that views which know two set beside the first

    def seen_by(self, view: View) -> Look:
        """This look without what a view does not show: the cursor may move on while a view is computed."""
        follows = view.follows_focus and self.slice.contrast is None
        return replace(
            self,
            focus=self.focus if follows else None,
            sort=self.sort if view.sorts_itself else None,
            versus=self.versus if view.two_slices else None,
        )

    @property
    def step(self) -> Look:
        """This look without cursor and order: what undo and redo go by."""
        return replace(self, focus=None, sort=None)


class Recent(Generic[T]):
    """The newest few of what was computed, by key."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.items: OrderedDict[Hashable, T] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """What is kept under a key."""
        with self.lock:
            if key in self.items:
                self.items.move_to_end(key)
            return self.items.get(key)

    def renew(self, key: Hashable, value: T, fits: Callable[[T], bool]) -> T:
        """Keep a value in place of an older one that it fits to; not where that was forgotten meanwhile."""
        with self.lock:
            if key in self.items and fits(self.items[key]):
                self.items[key] = value
        return value

    def clear(self) -> None:
        """Forget everything."""
        with self.lock:
            self.items.clear()

    def put(self, key: Hashable, value: T) -> T:
        """Keep a value and forget the oldest ones."""
        with self.lock:
            self.items[key] = value
            self.items.move_to_end(key)
            while len(self.items) > self.size:
                self.items.popitem(last=False)
        return value


class Session:
    """An open sweep."""

    def __init__(self, store: Store, choices: Choices) -> None:
        self.store = store
        self.choices = choices
        self.source = store.path  # as the user wrote it; a server's address has its password, and is never shown
        self.watch: Watch | None = None  # for changes of the source since it was read
        self.notes: tuple[str, ...] = ()  # what the user should know about how the source was opened
        self.row_limit: int | None = None  # rows that the runs view shows; the screen sets one
        self.tables: Recent[RunTable] = Recent(4)
        self.samples: Recent[Sample] = Recent(8)
        self.results: Recent[Any] = Recent(64)
        self.importances: Recent[importances.Importance] = Recent(32)
        self.curves: Recent[curves.Curves] = Recent(2)
        if self.table(None, None).large:  # a source without a response is refused now, not at the first key
            self.samples.size = 3  # what looks at every run leaves 25 MB a million in each

    def change_role(self, column: str, role: Role) -> None:
        """Take a column for something else, from now on and in later sessions.

        Raises
        ------
        UsageError
            Where it can't be; everything stays as it was.
        """
        others = {name: was for name, was in self.choices.roles.items() if role != "response" or was != "response"}
        changed = replace(self.choices, roles={**others, column: role})
        if role == "response":
            changed = replace(changed, response=None, goal=None)
        self.store.load(changed)
        self.choices = changed
        self.remember()
        for cache in (self.tables, self.samples, self.results, self.importances):
            cache.clear()

    @classmethod
    def open(
        cls, source: str, choices: Choices, progress: Callable[[str], None] | None = None, keep: bool = True
    ) -> Session:
        """Read a source; choices made for it earlier fill up those given now.

        Parameters
        ----------
        source : str
            File, folder or glob.
        choices : Choices
            From the command line.
        progress : callable, optional
            Is told in words what is being done.
        keep : bool
            Whether to remember roles in the user's state folder.

        Raises
        ------
        SourceError, UsageError
        """
        gathered = _gathered(source, progress)
        watch = Watch(source, choices.table, gathered.left)
        store = open_store(source, choices.table, progress)
        together = choices.over(kept_choices.kept(store.path, store.table))
        try:
            session = cls(store, together)
        except UsageError:
            if together == choices:
                raise
            # the source has changed since the choices were kept: what is said now still counts
            session, together = cls(store, choices), choices
            session.notes = ("the choices kept for this source no longer fit it and are left out",)
        session.notes = (*_words(gathered), *store.notes, *session.notes)
        session.source, session.watch = source, watch
        if keep and choices.lasting != Choices():
            session.remember()
        return session

    def again(self, progress: Callable[[str], None] | None = None) -> Session:
        """The same source as it is now, with the same choices; this session stays as it is.

        Raises
        ------
        SourceError, UsageError
        """
        gathered = _gathered(self.source, progress)
        watch = Watch(self.source, self.choices.table, gathered.left)
        session = Session(open_store(self.source, self.choices.table, progress, aside=True), self.choices)
        session.source, session.watch = self.source, watch
        session.notes, session.row_limit = _words(gathered), self.row_limit
        return session

    def complete(self) -> Session:
        """The same sweep, with all rows in the runs view whatever the screen shows of them."""
        session = copy(self)
        session.row_limit, session.results = None, Recent(64)
        return session

    def remember(self) -> None:
        """Keep the roles for later sessions; a state folder that can't be written is a note, no more."""
        try:
            kept_choices.keep(self.store.path, self.store.table, self.choices.lasting)
        except SourceError as error:
            self.notes = (*self.notes, str(error))

    def asked(self, response: str | None, goal: Goal | None, fail: str | None) -> Choices:
        """The choices made at the start, with what a look changes of them."""
        choices = self.choices
        if response is not None:
            choices = replace(choices, response=response, goal=goal)
        elif goal is not None:
            choices = replace(choices, goal=goal)
        return choices if fail is None else replace(choices, fail=fail or None)

    def table(self, response: str | None, goal: Goal | None, fail: str | None = None) -> RunTable:
        """The sweep with one response and one condition of failure; see `Look` for what None means."""
        choices = self.asked(response, goal, fail)
        key = (choices.response, choices.goal, choices.fail)
        found = self.tables.get(key)
        if found is None:
            like = self.tables.get((choices.response, choices.goal, self.choices.fail))
            found = self.tables.put(key, self.store.load(choices) if like is None else self._failing(like, choices))
        return found

    def _failing(self, table: RunTable, choices: Choices) -> RunTable:
        """The same table with another condition of failure: all else takes a second at a million runs."""
        failed: NDArray[np.bool_] = table.status == DIVERGED
        if choices.fail is not None:
            failed |= condition(self.store, choices.fail)
        return table.failing(failed, choices.fail)

    def spelled(self, look: Look) -> Look:
        """A look that says all of its choices, also those made at the start."""
        choices = self.asked(look.response, look.goal, look.fail)
        return replace(look, response=choices.response, goal=choices.goal, fail=choices.fail)

    def sample(self, look: Look) -> Sample:
        """The runs that a look is at."""
        asked = (look.response, look.goal, look.fail)
        found = self.samples.get((look.slice, *asked))
        if found is None:
            whole = replace(look.slice, contrast=None)  # what is made of it serves every contrast
            found = self.samples.get((whole, *asked))
            if found is None:
                found = self.samples.put((whole, *asked), take(self.table(*asked), whole))
            if look.slice != whole:
                found = self.samples.put((look.slice, *asked), replace(found, slice=look.slice))
        return found

    def beside(self, look: Look) -> Look | None:
        """The same look at the second slice; None where there is none.

        Raises
        ------
        UsageError
            A switch or level of it that is not there.
        """
        if look.versus is None:
            return None
        table = self.table(look.response, look.goal, look.fail)
        return replace(look, slice=look.versus.beside(table, look.slice), versus=None)

    def inputs(self, look: Look, cancelled: Callable[[], bool] | None = None) -> SessionInputs:
        """What the views read, for one look."""
        return SessionInputs(self, look, cancelled)

    def read(self, view: View, look: Look, cancelled: Callable[[], bool] | None = None) -> Any:
        """A view's result, computed once per look.

        Raises
        ------
        Cancelled
            Where `cancelled` said so.
        """
        inputs = self.inputs(look, cancelled)
        stage: Any = inputs.importance() if view.uses_importance else None
        if stage is not None and not view.uses_refits:
            stage = stage.explanation  # the same before and after the refits
        key = (*self.result_key(view, look), id(stage))
        found = self.results.get(key)
        if found is None or found[0] is not stage:
            found = self.results.put(key, (stage, view.read(inputs)))
        return found[1]

    def at_hand(self, view: View, look: Look) -> bool:
        """Whether a view without a ranking has been read for a look already."""
        return self.results.get((*self.result_key(view, look), id(None))) is not None

    @staticmethod
    def result_key(view: View, look: Look) -> tuple[Hashable, ...]:
        """What a view's result depends on, its ranking aside."""
        seen = look.seen_by(view)
        if view.whole_sweep:
            seen = replace(seen, slice=Slice(location=look.slice.location))
        return (view.name, seen, bool(look.slice.filters))

    @staticmethod
    def importance_key(look: Look) -> Hashable:
        """Importance does not depend on the contrast, the colour, the cursor, or which runs failed.

        For the spread it may stand on the location model's residuals, and so on its terms.
        """
        location = look.slice.location if look.target == "spread" else None
        return (look.slice.filters, look.response, look.goal, look.target, location)

    def importance(self, look: Look, cancelled: Callable[[], bool] | None = None) -> importances.Importance:
        """The newest importance of a slice; the first call fits the model.

        Raises
        ------
        Cancelled
            Where `cancelled` said so.
        """
        key = self.importance_key(look)
        found = self.importances.get(key)
        if found is None:
            found = self.importances.put(key, importances.importance(self.sample(look), look.target, cancelled))
        return found

    def fitted_importance(self, look: Look, cancelled: Callable[[], bool] | None = None) -> importances.Importance:
        """Importance with its R²: a fold's fit each, long before the intervals.

        Raises
        ------
        Cancelled
            Where `cancelled` said so.
        """
        return self._renewed(look, importances.with_fit(self.importance(look), cancelled))

    def finished_importance(
        self,
        look: Look,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        arrived: Callable[[importances.Importance], None] | None = None,
    ) -> importances.Importance:
        """Importance with its intervals, noise floor and R².

        `arrived` is given what there is so far, now and then. That is kept, too: where it was cancelled,
        the next call goes on from there.

        Raises
        ------
        Cancelled
            Where `cancelled` said so.
        """

        def keep(found: importances.Importance) -> None:
            self._renewed(look, found)
            if arrived is not None:
                arrived(found)

        done = importances.with_uncertainty(self.importance(look), progress, cancelled, keep)
        return self._renewed(look, done)

    def _renewed(self, look: Look, found: importances.Importance) -> importances.Importance:
        """Keep more about a ranking that is kept already; its columns may have changed roles meanwhile."""
        return self.importances.renew(self.importance_key(look), found, lambda old: old.training is found.training)

    def sql(self, view: View, look: Look) -> str:
        """A view's SQL, ready to paste into DuckDB; files get the table that it reads by their name."""
        text = view.sql(self.inputs(look)).rstrip() + "\n"
        return text if self.store.origin is None else f"{self.file_as_table()};\n\n{text}"

    def file_as_table(self) -> str:
        """The statement that makes DuckDB know the source's files by the table's name.

        Texts are copied: behind a view, DuckDB reads a level that is cast to text as it is written, 0.00001, not as
        1e-05. The others stay where they are.
        """
        origin = self.store.origin or ""
        kind = "VIEW" if ".parquet" in origin.lower() or origin.startswith("read_parquet") else "TABLE"
        return f"CREATE OR REPLACE TEMP {kind} {quote(self.store.table)} AS FROM {origin}"

    def close(self) -> None:
        """Let go of the memory."""
        self.store.close()


@dataclass(frozen=True)
class SessionInputs:
    """One look of a session, as the views see it."""

    session: Session
    look: Look
    cancelled: Callable[[], bool] | None = None

    @property
    def sample(self) -> Sample:
        """The runs in the slice."""
        return self.session.sample(self.look)

    @property
    def versus(self) -> Versus | None:
        """The second slice."""
        return self.look.versus

    @property
    def beside(self) -> SessionInputs | None:
        """The second slice as inputs of its own."""
        look = self.session.beside(self.look)
        return None if look is None else replace(self, look=look)

    @property
    def color(self) -> str | None:
        """The factor that dependence is coloured by."""
        return self.look.color

    @property
    def target(self) -> Target:
        """Importance for the mean or for the spread."""
        return self.look.target

    @property
    def focus(self) -> str | None:
        """The switch that the person is at."""
        return self.look.focus

    @property
    def sort(self) -> tuple[str, bool] | None:
        """Order of the runs view."""
        return self.look.sort

    @property
    def date(self) -> str:
        """Today; SOURCE_DATE_EPOCH fixes it, for pictures that must come out the same."""
        epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
        if epoch.isdigit():
            return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).date().isoformat()
        return datetime.date.today().isoformat()

    def order(self) -> NDArray[np.int64]:
        """Rows of the source that lie in the slice, sorted as asked; at most the session's row limit."""
        limit = self.session.row_limit
        if self.look.sort is None or self.look.sort[0] not in self.session.store.columns:
            return self.sample.index if limit is None else self.sample.head(limit)
        name, descending = self.look.sort
        self.session.store.need(name)
        row = quote(self.session.store.row)
        sql = (
            f"SELECT {row} AS i FROM runs WHERE {self.look.slice.where()} "
            f"ORDER BY {quote(name)} {'DESC' if descending else 'ASC'} NULLS LAST, i"
            + (f" LIMIT {limit}" if limit is not None else "")
        )
        return np.asarray(self.session.store.query(sql)["i"].to_numpy(), dtype=np.int64)

    def fetch(self, index: NDArray[np.int64]) -> pl.DataFrame:
        """Rows of the source."""
        return self.session.store.fetch(index)

    def curves(self) -> tuple[curves.Curves | None, tuple[str, ...]]:
        """Training curves, read once a metric; and the other metrics."""
        store = self.session.store
        known = curves.metrics(store)
        metric = curves.metric_of(store, self.sample.table.response.name) or next(iter(known), None)
        if metric is None:
            return None, ()
        found = self.session.curves.get(metric)
        if found is None:
            found = self.session.curves.put(metric, curves.read(store, metric))
        return found, tuple(name for name in known if name != metric)

    def importance(self, target: Target | None = None) -> importances.Importance:
        """The newest importance of this slice, for the look's target or another."""
        return self.session.importance(replace(self.look, target=target or self.look.target))


def _gathered(source: str, progress: Callable[[str], None] | None) -> Gathered:
    """Take in what training scripts have logged for a database."""
    if not os.path.isdir(inbox_of(source)):
        return Gathered()
    from ablate_tui.data.importer import gather

    return gather(source, None if progress is None else lambda done, total, words: progress(words))


def _words(gathered: Gathered) -> tuple[str, ...]:
    return () if gathered.words is None else (gathered.words,)

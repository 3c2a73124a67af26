"""The slice (which runs, contrasted by what) and the runs that lie in it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import NO_LEVEL, PIECE, Moments, Outcomes, pieces
from ablate_tui.data.schema import FINISHED, Factor, RunTable
from ablate_tui.data.sql import literal, quote

T = TypeVar("T")
Term = tuple[str, ...]  # of the location model: one factor's name (main effect), two or three (interaction)


@dataclass(frozen=True)
class Slice:
    """Filters, the contrast switch and the location model's terms. A value: every change makes a new one.

    `filters` holds (factor, allowed levels) in the order of the sweep's factors; a factor that is not
    in it is free. The contrast is never filtered. `location` holds the terms of the location model as
    they were asked for; None: they are chosen from the data.
    """

    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    contrast: str | None = None
    location: tuple[Term, ...] | None = None

    @classmethod
    def of(
        cls,
        table: RunTable,
        set_: Mapping[str, tuple[str, ...]],
        contrast: str | None = None,
        location: tuple[Term, ...] | None = None,
    ) -> Slice:
        """Check names and levels against a sweep.

        Raises
        ------
        UsageError
            A factor or level that is not there.
        """
        chosen: dict[str, tuple[str, ...]] = {}
        for name, levels in set_.items():
            factor = table.factor(name)
            codes = sorted({factor.code(level) for level in levels})
            if 0 < len(codes) < len(factor.levels):
                chosen[name] = tuple(factor.levels[code] for code in codes)
        if contrast is not None:
            contrast = table.factor(contrast).name
            chosen.pop(contrast, None)
        ordered = tuple((f.name, chosen[f.name]) for f in table.factors if f.name in chosen)
        for term in location or ():
            for name in term:
                table.factor(name)
        return cls(ordered, contrast, location)

    @property
    def set(self) -> dict[str, tuple[str, ...]]:
        """The filters as a mapping."""
        return dict(self.filters)

    def with_levels(self, table: RunTable, name: str, levels: tuple[str, ...]) -> Slice:
        """Filter one factor; no levels, or all of them, frees it. Filtering the contrast ends it."""
        contrast = None if name == self.contrast and levels else self.contrast
        return Slice.of(table, {**self.set, name: levels}, contrast, self.location)

    def cycled(self, table: RunTable, name: str) -> Slice:
        """Any → on → off → any for a switch; any → each level in turn → any for a factor."""
        factor = table.factor(name)
        order = tuple(reversed(factor.levels)) if factor.is_switch else factor.levels
        now = self.set.get(name)
        if now is None:
            return self.with_levels(table, name, (order[0],))
        at = order.index(now[0]) + 1 if len(now) == 1 else len(order)
        return self.with_levels(table, name, (order[at],) if at < len(order) else ())

    def contrasted(self, table: RunTable, name: str | None) -> Slice:
        """Choose the contrast; its own filter goes."""
        return Slice.of(table, self.set, name, self.location)

    def cleared(self) -> Slice:
        """No filter; the contrast and the location terms stay."""
        return replace(self, filters=())

    def words(self) -> str:
        """The filters in words, for a heading: ``use_rms_norm = on (true), lr = 0.1 or 0.2``."""
        if not self.filters:
            return "all runs"
        return ", ".join(f"{name} = {' or '.join(levels)}" for name, levels in self.filters)

    def where(self) -> str:
        """The filters as a SQL condition over the source's own columns ("TRUE" without any)."""
        return where(self.set)


@dataclass(frozen=True)
class Versus:
    """The other slice of a comparison: which runs it keeps. Contrast, response and model are those of the first."""

    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    name: str = ""  # that it was saved under; "" without

    def beside(self, table: RunTable, slice_: Slice) -> Slice:
        """The other slice, with the contrast and the location terms of the first.

        Raises
        ------
        UsageError
            A factor or level that is not there.
        """
        return Slice.of(table, dict(self.filters), slice_.contrast, slice_.location)


def where(levels: Mapping[str, tuple[str, ...]]) -> str:
    """Conditions that each column, as text, is one of the given levels."""
    terms = [
        f"CAST({quote(name)} AS VARCHAR) IN ({', '.join(literal(level) for level in values)})"
        for name, values in levels.items()
    ]
    return " AND ".join(terms) or "TRUE"


@dataclass(frozen=True, eq=False)
class Memory:
    """What was made of a sample, by the function that made it."""

    made: dict[Callable[[Sample], Any], Any] = field(default_factory=dict)
    locks: defaultdict[Callable[[Sample], Any], threading.Lock] = field(
        default_factory=lambda: defaultdict(threading.Lock)
    )


@dataclass(frozen=True, eq=False)
class Sample:
    """The runs inside a slice; what every query reads.

    A slice is a set of the sweep's configurations, and what is summed up by configuration is at hand
    (`moments`, `outcomes`). The arrays of the runs themselves, all of length n, are made when they are first
    asked for: at ten million runs each takes longer than a person waits for a key.
    """

    table: RunTable
    slice: Slice
    inside: NDArray[np.bool_]  # (C,) which of the sweep's configurations the filters let through
    rows: NDArray[np.int64] | None = None  # (n,) of the source, where it isn't every run of these configurations
    other: Mapping[str, NDArray[Any]] = field(default_factory=dict)  # arrays that stand in for the source's
    memory: Memory = field(default_factory=Memory)  # shared by samples that differ in the contrast alone

    @property
    def plain(self) -> bool:
        """Whether these are all runs of the configurations, as they are in the source."""
        return self.rows is None and not self.other

    @cached_property
    def runs(self) -> int:
        """Runs in the slice, finished or not."""
        return int(self.outcomes.runs.sum()) if self.rows is None else len(self.rows)

    @cached_property
    def index(self) -> NDArray[np.int64]:
        """(n,) row of the source of each run, ascending."""
        if self.rows is not None:
            return self.rows
        if self.inside.all():
            return np.arange(self.table.runs)
        return np.flatnonzero(self.inside[self.table.configuration])

    def _of_source(self, name: str) -> NDArray[Any]:
        if name in self.other:
            return self.other[name]
        whole: NDArray[Any] = getattr(self.table, name)
        return whole if self.rows is None and self.inside.all() else whole[self.index]

    @cached_property
    def y(self) -> NDArray[np.float64]:
        """(n,) the response, NaN where a run is not finished."""
        return self._of_source("y")

    @cached_property
    def status(self) -> NDArray[np.uint8]:
        """(n,) FINISHED, DIVERGED or MISSING."""
        return self._of_source("status")

    @cached_property
    def failed(self) -> NDArray[np.bool_]:
        """(n,) runs that diverged, or meet the condition of failure."""
        return self._of_source("failed")

    @cached_property
    def replicate(self) -> NDArray[np.int32]:
        """(n,) code of the replicate."""
        return self._of_source("replicate")

    @cached_property
    def configuration(self) -> NDArray[np.int32]:
        """(n,) numbers of the whole sweep's configurations."""
        return self._of_source("configuration")

    @cached_property
    def moments(self) -> Moments:
        """Of the finished runs, by the sweep's configurations."""
        if self.plain:
            return self.table.moments.inside(self.inside)
        return Moments.of(self.configuration, self.y, self.table.combinations.n, self.finished)

    @cached_property
    def outcomes(self) -> Outcomes:
        """Counts of the runs, by the sweep's configurations."""
        if self.plain:
            return self.table.outcomes.inside(self.inside)
        return Outcomes.of(self.configuration, self.status, self.failed, self.table.combinations.n)

    @property
    def diverged(self) -> int:
        """Runs in the slice whose response is NaN or infinite."""
        return int(self.outcomes.diverged.sum())

    @property
    def missing(self) -> int:
        """Runs in the slice whose response is NULL."""
        return int(self.outcomes.missing.sum())

    @cached_property
    def finished(self) -> NDArray[np.bool_]:
        """(n,) the runs that have a finite response."""
        return np.asarray(self.status == FINISHED)

    @property
    def contrast(self) -> Factor | None:
        """The factor whose sides are compared; None: all runs are one side."""
        return self.table.factor(self.slice.contrast) if self.slice.contrast else None

    @cached_property
    def free(self) -> tuple[Factor, ...]:
        """The factors that the filters do not fix to one level and that are not `apart`, the contrast included."""
        fixed = {name for name, levels in self.slice.filters if len(levels) == 1}
        return tuple(f for f in self.table.factors if f.name not in fixed and f.name not in self.apart)

    @cached_property
    def apart(self) -> Mapping[str, str]:
        """Factors that only some runs of the slice have, since another one decides that; and that other one.

        No model of all runs can have them, but runs that differ in them are of different configurations. Where
        the filters keep the branch that has them, they are like any other.
        """
        if not self.table.conditions:
            return {}
        table, there = self.table, np.flatnonzero(self.outcomes.runs)
        codes = {name: table.combinations.codes[table.positions[name], there] for name in table.conditions}
        return {
            name: table.conditions[name]
            for name, own in codes.items()
            if (own == NO_LEVEL).any() and (own != NO_LEVEL).any()
        }

    def once(self, make: Callable[[Sample], T]) -> T:
        """What a function makes of this sample: made once, whichever views ask for it.

        Nothing that depends on the contrast, since samples that differ in it share what is made. Each has its own
        lock: what takes long in one thread holds up no other view.
        """
        with self.memory.locks[make]:
            if make not in self.memory.made:
                self.memory.made[make] = make(self)
            made: T = self.memory.made[make]
            return made

    def head(self, most: int) -> NDArray[np.int64]:
        """Rows of the source of the first runs, at most so many."""
        if self.rows is not None:
            return self.rows[:most]
        found, n = [np.zeros(0, dtype=np.int64)], 0
        for piece in pieces(slice(0, self.table.runs)):
            if n >= most:
                break
            found.append(piece.start + np.flatnonzero(self.inside[self.table.configuration[piece]]))
            n += len(found[-1])
        return np.concatenate(found)[:most]

    def draw(self, most: int) -> NDArray[np.int64]:
        """Rows of the source of finished runs, ascending; of more than so many a random draw, always the same.

        Not every n-th: of a factorial in order that would show one level of some switches only.
        """
        rng, n = np.random.default_rng(0), self.table.runs
        finished = int(self.outcomes.finished.sum())
        tries = int(1.2 * most * n / max(finished, 1)) + 100
        if self.plain and finished > PIECE and tries < n // 8:
            rows = rng.choice(n, tries, replace=False)
            fits = self.inside[self.table.configuration[rows]] & (self.table.status[rows] == FINISHED)
            if np.count_nonzero(fits) >= most:
                return np.sort(rows[fits][:most])
        return np.sort(rng.permutation(self.index[self.finished])[:most])

    def done(self) -> Sample:
        """The finished runs alone. Leaves no array of all runs behind."""
        if not self.plain:
            return self.only(self.finished)
        table = self.table
        rows = np.flatnonzero(self.inside[table.configuration] & (table.status == FINISHED))
        return replace(self, rows=rows, memory=Memory())

    def only(self, keep: NDArray[np.bool_]) -> Sample:
        """Some of the runs, by a mask (n,)."""
        at = np.flatnonzero(keep)
        other = {name: values[at] for name, values in self.other.items()}
        return replace(self, rows=self.index[at], other=other, memory=Memory())

    def having(self, **arrays: NDArray[Any]) -> Sample:
        """The same runs with another `y`, `status` or `failed`, each (n,)."""
        return replace(self, other={**self.other, **arrays}, memory=Memory())

    def levels(self, name: str) -> NDArray[np.int16]:
        """(C,) level codes of one factor, by the sweep's configurations."""
        row: NDArray[np.int16] = self.table.combinations.codes[self.table.positions[name]]
        return row

    def by_level(self, name: str, of: NDArray[Any]) -> NDArray[np.float64]:
        """(levels,) sums over one factor's levels of what is known by the sweep's configurations, (C,)."""
        levels = len(self.table.factor(name).levels) + 1  # NO_LEVEL comes first
        return np.bincount(self.levels(name) + 1, weights=of, minlength=levels)[1:].astype(np.float64, copy=False)

    def code(self, name: str) -> NDArray[np.int16]:
        """(n,) level codes of one factor."""
        return np.asarray(self.levels(name)[self.configuration])


def take(table: RunTable, slice_: Slice) -> Sample:
    """The runs of a sweep that a slice lets through.

    Parameters
    ----------
    table : RunTable
    slice_ : Slice

    Returns
    -------
    Sample
        Rows in the source's order. A run whose filtered factor is NULL is left out.

    Raises
    ------
    UsageError
        A factor or level of the slice that this sweep does not have, as after a change of the response.
    """
    for term in slice_.location or ():
        for name in term:
            table.factor(name)
    inside = np.ones(table.combinations.n, dtype=bool)
    for name, levels in slice_.filters:
        factor = table.factor(name)
        codes = table.combinations.codes[table.positions[name]]
        inside &= np.isin(codes, [factor.code(level) for level in levels])
    return Sample(table, slice_, inside)

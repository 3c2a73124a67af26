"""The slice (which runs, contrasted by what) and the runs that lie in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.schema import DIVERGED, FINISHED, MISSING, Factor, RunTable
from ablate_tui.data.sql import literal, quote

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


def where(levels: Mapping[str, tuple[str, ...]]) -> str:
    """Conditions that each column, as text, is one of the given levels."""
    terms = [
        f"CAST({quote(name)} AS VARCHAR) IN ({', '.join(literal(level) for level in values)})"
        for name, values in levels.items()
    ]
    return " AND ".join(terms) or "TRUE"


@dataclass(frozen=True, eq=False)
class Sample:
    """The runs inside a slice, as arrays of the same length; what every query reads."""

    table: RunTable
    slice: Slice
    index: NDArray[np.int64]  # (n,) row of the source
    codes: NDArray[np.int16]  # (factors, n)
    y: NDArray[np.float64]  # (n,) NaN where not finished
    status: NDArray[np.uint8]
    failed: NDArray[np.bool_]
    replicate: NDArray[np.int32]
    configuration: NDArray[np.int32]  # (n,) numbers of the whole sweep's configurations

    @property
    def runs(self) -> int:
        """Runs in the slice, finished or not."""
        return len(self.y)

    @cached_property
    def diverged(self) -> int:
        """Runs in the slice whose response is NaN or infinite."""
        return int(np.count_nonzero(self.status == DIVERGED))

    @cached_property
    def missing(self) -> int:
        """Runs in the slice whose response is NULL."""
        return int(np.count_nonzero(self.status == MISSING))

    @cached_property
    def finished(self) -> NDArray[np.bool_]:
        """(n,) the runs that have a finite response."""
        return np.asarray(self.status == FINISHED)

    @cached_property
    def free(self) -> tuple[Factor, ...]:
        """The factors that the filters do not fix to one level, the contrast included."""
        fixed = {name for name, levels in self.slice.filters if len(levels) == 1}
        return tuple(factor for factor in self.table.factors if factor.name not in fixed)

    def only(self, keep: NDArray[np.bool_]) -> Sample:
        """Some of the runs, by a mask (n,)."""
        at = np.flatnonzero(keep)
        return replace(
            self,
            index=self.index[at],
            codes=self.codes[:, at],
            y=self.y[at],
            status=self.status[at],
            failed=self.failed[at],
            replicate=self.replicate[at],
            configuration=self.configuration[at],
        )

    def code(self, name: str) -> NDArray[np.int16]:
        """(n,) level codes of one factor."""
        row: NDArray[np.int16] = self.codes[self.table.positions[name]]
        return row


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
    keep = np.ones(table.runs, dtype=bool)
    for name, levels in slice_.filters:
        factor = table.factor(name)
        keep &= np.isin(table.codes[table.positions[name]], [factor.code(level) for level in levels])
    return Sample(
        table=table,
        slice=slice_,
        index=np.arange(table.runs),
        codes=table.codes,
        y=table.y,
        status=table.status,
        failed=table.failed,
        replicate=table.replicate,
        configuration=table.configuration,
    ).only(keep)

"""Frozen values that describe a sweep: its columns, factors, response, and the runs as arrays."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import MOST_CELLS, NO_LEVEL, Combinations, Crossing, InOrder, Moments, Outcomes, Sorting
from ablate_tui.data.errors import UsageError, one_of
from ablate_tui.data.roles import Role

Goal = Literal["min", "max"]

LARGE = 200_000  # runs
_SORTING = threading.RLock()
FINISHED, DIVERGED, MISSING = 0, 1, 2  # values of RunTable.status


@dataclass(frozen=True)
class Column:
    """A column of the source and what it is taken for."""

    name: str
    dtype: str  # DuckDB's name of the type, "BOOLEAN", "DOUBLE[]", …
    role: Role
    levels: tuple[str, ...]  # distinct values as text where there are few (factors), else empty
    distinct: int  # number of distinct values, NULL not counted
    nulls: int
    why: str  # why it has this role, in a few words

    @property
    def constant(self) -> bool:
        """Whether the column has one value at most."""
        return self.distinct <= 1


@dataclass(frozen=True)
class Factor:
    """A column set by the experimenter. With two levels it is a switch, levels[0] off, levels[1] on."""

    name: str
    levels: tuple[str, ...]

    @property
    def is_switch(self) -> bool:
        """Whether the factor has exactly two levels."""
        return len(self.levels) == 2

    @property
    def off(self) -> str:
        """The level of a switch that is "off"."""
        return self.levels[0]

    @property
    def on(self) -> str:
        """The level of a switch that is "on"."""
        return self.levels[1]

    def code(self, level: str) -> int:
        """Position of a level; a switch also understands "on" and "off".

        Raises
        ------
        UsageError
            Where there is no such level.
        """
        if level in self.levels:
            return self.levels.index(level)
        if self.is_switch and level.lower() in ("on", "off"):
            return int(level.lower() == "on")
        raise UsageError(f'"{self.name}" has no level "{level}"; {one_of(level, self.levels)}')


@dataclass(frozen=True)
class Response:
    """The numeric outcome."""

    name: str  # what the user wrote: a column's name or an expression
    sql: str  # the expression, of type DOUBLE, over the table "runs"
    goal: Goal

    @property
    def better(self) -> str:
        """The goal in words."""
        return "smaller is better" if self.goal == "min" else "larger is better"


class Numbers(Sequence[str]):
    """Whole numbers as texts, made when they are asked for; one of them stands for NULL."""

    def __init__(self, values: NDArray[np.int64], null: int) -> None:
        self.values, self.null = values, null

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...
    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        """The text at a place, or the texts of a slice."""
        if isinstance(at, slice):
            return tuple(self[place] for place in range(*at.indices(len(self))))
        value = int(self.values[at])
        return "NULL" if value == self.null else str(value)


@dataclass(frozen=True, eq=False)
class RunTable:
    """A sweep in memory, with one response. Row i of every array is run i of the source.

    Factors that have one level only are not in `factors` (see `columns` for them).
    """

    path: str  # as the user named it
    table: str  # name of the table in a database, else the file's stem
    columns: tuple[Column, ...]
    factors: tuple[Factor, ...]  # in the source's order
    replicates: tuple[str, ...]  # columns whose values tell replicates apart (seed, …)
    response: Response
    combinations: Combinations  # of the factors' levels, and which each run has
    y: NDArray[np.float64]  # (runs,): the response; NaN where status is not FINISHED
    status: NDArray[np.uint8]  # (runs,): FINISHED, DIVERGED (NaN, ±inf) or MISSING (NULL)
    failed: NDArray[np.bool_]  # (runs,): diverged, or meets the --fail condition
    replicate: NDArray[np.int32]  # (runs,): dense code of the replicate columns together; zeros without any
    replicate_labels: Sequence[str] = ()  # by that code: the columns' values, joined by ", "; empty without any
    fail_condition: str | None = None
    notes: tuple[str, ...] = ()  # what was guessed or set aside while reading, in words
    sorting: Sorting | None = None  # of the finished responses, where it has begun already

    @property
    def runs(self) -> int:
        """Number of runs in the source."""
        return len(self.y)

    @property
    def large(self) -> bool:
        """Whether a look at every run takes longer than a person waits for a key."""
        return self.runs >= LARGE

    @property
    def ordered(self) -> bool:
        """Whether the runs have been sorted."""
        return "in_order" in vars(self)

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """Row of `codes` by factor name."""
        return {factor.name: row for row, factor in enumerate(self.factors)}

    @property
    def configuration(self) -> NDArray[np.int32]:
        """(runs,) number of each run's configuration."""
        return self.combinations.of_run

    @property
    def codes(self) -> NDArray[np.int16]:
        """(factors, runs) level codes, NO_LEVEL where NULL; made anew at every call."""
        return self.combinations.codes[:, self.configuration]

    @cached_property
    def moments(self) -> Moments:
        """Sums over the finished runs, by configuration."""
        return Moments.of(self.configuration, self.y, self.combinations.n, self.status == FINISHED)

    @cached_property
    def outcomes(self) -> Outcomes:
        """Counts of the runs, by configuration."""
        return Outcomes.of(self.configuration, self.status, self.failed, self.combinations.n)

    @cached_property
    def in_order(self) -> InOrder:
        """The finished runs in the order of the response: the cube's slow part, a sort of all runs."""
        with _SORTING:  # one thread may have begun while another asks
            if "in_order" not in vars(self):
                sorting = self.sorting or Sorting(self.y, self.status == FINISHED)
                vars(self)["in_order"] = InOrder.of(*sorting.result(), self.configuration, self.combinations.n)
            found: InOrder = vars(self)["in_order"]
            return found

    def failing(self, failed: NDArray[np.bool_], condition: str | None) -> RunTable:
        """The same sweep with other failures; what does not depend on them is kept."""
        changed = replace(self, failed=failed, fail_condition=condition)
        kept = ("positions", "moments", "in_order", "rerun", "crossing")
        vars(changed).update({name: vars(self)[name] for name in kept if name in vars(self)})
        return changed

    @cached_property
    def conditions(self) -> Mapping[str, str]:
        """Factors that are set only where another has some levels, by name: that other one.

        As in a search space with branches: `momentum` is there where `optimizer` is sgd, and NULL elsewhere.
        """
        codes, found = self.combinations.codes, {}
        empty = codes == NO_LEVEL
        # of several that would do the one without NULLs of its own, then the one with the fewest levels
        parents = sorted(range(len(codes)), key=lambda row: (empty[row].any(), len(self.factors[row].levels)))
        for row, factor in enumerate(self.factors):
            if not empty[row].any():
                continue
            for parent in parents:
                level, n = codes[parent] + 1, len(self.factors[parent].levels) + 1
                without = np.bincount(level, weights=empty[row], minlength=n)
                every = np.bincount(level, minlength=n)
                if parent != row and np.all((without == 0) | (without == every)):
                    found[factor.name] = self.factors[parent].name
                    break
        return found

    @cached_property
    def rerun(self) -> NDArray[np.bool_]:
        """(runs,) runs that repeat an earlier one in every factor, replicate and response.

        Diverged runs have equal responses; missing ones have none to compare.
        """
        again = np.zeros(self.runs, dtype=bool)
        for tied in (self._tied(), np.flatnonzero(self.status == DIVERGED)):
            y = np.where(self.status[tied] == DIVERGED, np.inf, self.y[tied])
            replicate, configuration = self.replicate[tied], self.configuration[tied]
            by = np.lexsort((tied, replicate, configuration, y))
            equal = np.ones(max(len(by) - 1, 0), dtype=bool)
            for values in (y, configuration, replicate):
                equal &= values[by][1:] == values[by][:-1]
            again[tied[by[1:]][equal]] = True
        return again

    @cached_property
    def without_reruns(self) -> RunTable:
        """The sweep with each re-run once; itself where there is none."""
        if not self.rerun.any():
            return self
        at = np.flatnonzero(~self.rerun)
        arrays = {name: getattr(self, name)[at] for name in ("y", "status", "failed", "replicate")}
        combinations = replace(self.combinations, of_run=self.configuration[at])
        return replace(self, combinations=combinations, sorting=None, **arrays)

    @cached_property
    def crossing(self) -> Crossing | None:
        """The finished runs by configuration and replicate; None where they would be too many cells."""
        cells = self.combinations.n * (int(self.replicate.max(initial=0)) + 1)
        if not self.replicates or cells > MOST_CELLS:
            return None
        at = np.flatnonzero(self.status == FINISHED)
        configuration = self.configuration[at]
        residual = self.y[at] - self.moments.mean[configuration]
        return Crossing.of(configuration, self.replicate[at], residual, self.combinations.n)

    def _tied(self) -> NDArray[np.int32]:
        """Rows whose response another finished run has, too."""
        if self.in_order.distinct:
            return np.zeros(0, dtype=np.int32)
        y = self.in_order.y
        same = np.zeros(len(y) + 1, dtype=bool)
        same[1:-1] = y[1:] == y[:-1]
        return self.in_order.run[same[1:] | same[:-1]]

    def prepare(self) -> None:
        """Make what the first slices would have to wait for: what repeats, and who is crossed with whom."""
        self.without_reruns.crossing  # noqa: B018

    def factor(self, name: str) -> Factor:
        """The factor of that name.

        Raises
        ------
        UsageError
            Where there is none; the message names the nearest, and says why a column isn't one.
        """
        row = self.positions.get(name)
        if row is not None:
            return self.factors[row]
        for column in self.columns:
            if column.name == name and column.constant:
                raise UsageError(f'"{name}" has one level in this sweep, so it can\'t be contrasted')
            if column.name == name:
                raise UsageError(
                    f'"{name}" is taken as {column.role}, not as a switch; --role {name}=factor makes it one'
                )
        raise UsageError(f'no switch "{name}"; {one_of(name, [f.name for f in self.factors])}')


@dataclass(frozen=True)
class Choices:
    """What the user decided about a source; everything else is guessed."""

    table: str | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    on: Mapping[str, str] = field(default_factory=dict)
    response: str | None = None  # a column's name first, else a SQL expression
    goal: Goal | None = None
    fail: str | None = None  # a SQL condition

    @property
    def lasting(self) -> Choices:
        """What is a fact about the source's columns, and so is kept: roles, and which level is on.

        A response, a goal or a condition belongs to one look: kept, they would let the same command line
        give other figures tomorrow.
        """
        return Choices(roles=self.roles, on=self.on)

    def over(self, kept: Choices) -> Choices:
        """These choices, filled up from those kept earlier."""
        return replace(self, roles={**kept.roles, **self.roles}, on={**kept.on, **self.on})

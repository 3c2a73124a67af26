"""What a view is: a query, and how its result becomes a figure, a table and a JSON object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.curves import Curves
from ablate_tui.data.schema import Factor, RunTable
from ablate_tui.queries.note import Note
from ablate_tui.queries.polars_code import PolarsCode, input_rows
from ablate_tui.queries.slices import Sample, Versus
from ablate_tui.tui.figure import Figure, Panel, Role, Table, TableColumn

if TYPE_CHECKING:
    import polars as pl

Target = Literal["mean", "spread"]
NO_SWITCH = "this sweep has no switch; --role COLUMN=factor makes one of a column"
SERIES: tuple[Role, ...] = ("series0", "series1", "series2", "series3", "series4", "series5")


class OfTarget(Protocol):
    """A result for the mean or for the spread."""

    @property
    def target(self) -> Target:
        """What it is about."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """Why figures are null."""


R = TypeVar("R", bound=OfTarget)


@dataclass(frozen=True, eq=False)
class BothTargets(Generic[R]):
    """The result for the target that was asked for, and for the other one."""

    asked: R
    other: R

    @property
    def notes(self) -> tuple[Note, ...]:
        """Why figures of the target asked for are null."""
        return self.asked.notes

    def of(self, target: Target) -> R:
        """The result for one target."""
        return self.asked if self.asked.target == target else self.other


def other_target(target: Target) -> Target:
    """The spread beside the mean, and the mean beside the spread."""
    return "spread" if target == "mean" else "mean"


class Inputs(Protocol):
    """What a view may read: one slice of one sweep. The session implements it."""

    @property
    def sample(self) -> Sample:
        """The runs in the slice."""

    @property
    def versus(self) -> Versus | None:
        """The second slice, where two are compared."""

    @property
    def beside(self) -> Inputs | None:
        """The second slice as inputs of its own."""

    @property
    def color(self) -> str | None:
        """The factor that dependence is coloured by; None leaves it to the view."""

    @property
    def target(self) -> Target:
        """Whether importance is for the mean or for the spread."""

    @property
    def focus(self) -> str | None:
        """The switch that the person is at; views of one switch fall back on it."""

    @property
    def sort(self) -> tuple[str, bool] | None:
        """Column of the source by which runs are ordered, and whether the largest comes first."""

    @property
    def date(self) -> str:
        """Day on which the figures were made, ISO 8601."""

    @property
    def cancelled(self) -> Callable[[], bool] | None:
        """Asked now and then by what takes long: whether nobody waits for it any more."""

    def order(self) -> NDArray[np.int64]:
        """Rows of the source that lie in the slice, sorted as asked; as many as are shown."""

    def fetch(self, index: NDArray[np.int64]) -> pl.DataFrame:
        """Rows of the source, all columns, in the order asked for."""

    def curves(self) -> tuple[Curves | None, tuple[str, ...]]:
        """The training curves that the response is about, or the likeliest ones; and what else there are curves of."""

    def importance(self, target: Target | None = None) -> Any:
        """The newest Importance of this slice, for the target asked for or the one that is looked at."""


@dataclass(frozen=True)
class View:
    """One tab, one `show --view`. `registry.VIEWS` lists them; everything else reads that list."""

    name: str
    title: str
    about: str  # one or two sentences for the help screen
    read: Callable[[Inputs], Any]
    figure: Callable[[Any, Inputs], Figure]
    table: Callable[[Any, Inputs], Table]
    document: Callable[[Any, Inputs], dict[str, Any]]
    sql: Callable[[Inputs], str]
    read_first: Callable[[Inputs], Any] | None = None  # of large sweeps: what is there at once, the rest comes later
    by_runs: bool = False  # looks at every run: of large sweeps it is read aside, and no key waits for it
    fetches: bool = False  # shows rows of the source: of a server's it is read aside as well
    tests_all: bool = False  # tests all factors together, which takes seconds where they are hundreds
    table_first: bool = True  # on a small screen, the table before the panels
    uses_importance: bool = False
    uses_refits: bool = False  # read again as the model's intervals and noise floor come
    follows_focus: bool = False  # shows the switch under the cursor where there is no contrast
    whole_sweep: bool = False  # of filters its result knows only whether there are any, and nothing of the contrast
    sorts_itself: bool = False  # its table is a part of the runs, so the order is the query's business
    card: Callable[[int, Any, Inputs], Figure] | None = None  # what enter opens, by the row's place in `table`
    two_slices: bool = False  # has a form for two slices, see `with_two`
    polars: Callable[[Inputs], PolarsCode] = lambda inputs: input_rows(inputs.sample)  # as much of it as `sql`


def with_two(one: View, two: View) -> View:
    """A view that takes another form where a second slice is set beside the first.

    Parameters
    ----------
    one, two : View
        `two` reads inputs whose `beside` is there. Name, title and flags are those of `one`.
    """

    def of(inputs: Inputs) -> View:
        return one if inputs.versus is None else two

    def read_first(inputs: Inputs) -> Any:
        first = of(inputs).read_first
        return of(inputs).read(inputs) if first is None else first(inputs)

    return replace(
        one,
        read=lambda inputs: of(inputs).read(inputs),
        read_first=None if one.read_first is None else read_first,
        figure=lambda result, inputs: of(inputs).figure(result, inputs),
        table=lambda result, inputs: of(inputs).table(result, inputs),
        document=lambda result, inputs: of(inputs).document(result, inputs),
        sql=lambda inputs: of(inputs).sql(inputs),
        two_slices=True,
    )


def plain(value: Any) -> Any:
    """A result as JSON's own types: dataclasses as objects, arrays as lists, never NaN or infinity."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, (bool, int, str)) or value is None:
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return str(value)  # dates and the like


def digits(factors: Sequence[Factor], levels: Sequence[str]) -> str:
    """A configuration in a word: a digit for each switch, 1 on and 0 off; levels with names of their own by name."""
    text = ""
    for factor, level in zip(factors, levels, strict=True):
        words = level_words(factor, level) if factor.is_switch else level
        text += {"on": "1", "off": "0"}.get(words, f" {level} ")
    return " ".join(text.split())


def digits_explained(factors: Sequence[Factor]) -> str:
    """How to read the names of configurations, where they are digits; else ""."""
    names = [f.name for f in factors if f.is_switch and level_words(f, f.on) == "on"]
    return f"configurations by their switches, 1 on, 0 off: {', '.join(names)}" if names else ""


def notes_of(notes: tuple[Note, ...]) -> list[dict[str, str]]:
    """The reasons for nulls, as JSON has them."""
    return [asdict(note) for note in notes]


def reasons(notes: tuple[Note, ...], limit: int = 6) -> tuple[str, ...]:
    """The reasons for nulls, as lines under a table."""
    lines = []
    for note in notes:
        about = " ".join(part for part in (note.row, note.field) if part != "*")
        lines.append(f"– {about}: {note.reason}" if about else f"– {note.reason}")
    return (*lines[:limit], *([f"… and {len(lines) - limit} more"] if len(lines) > limit else []))


def table_of(
    rows: tuple[Any, ...],
    columns: tuple[tuple[str, str] | tuple[str, str, bool], ...],
    title: str = "",
    notes: tuple[str, ...] = (),
) -> Table:
    """A table of some fields of dataclass rows.

    Parameters
    ----------
    rows : tuple of dataclasses
    columns : (field, words) or (field, words, numeric)
    title, notes : words
    """
    made = tuple(TableColumn(column[0], column[1], column[2] if len(column) > 2 else True) for column in columns)
    return Table(made, tuple(tuple(getattr(row, c.field) for c in made) for row in rows), title, notes)


def counts(sample: Sample) -> str:
    """ "n of N runs, d diverged, m missing": said wherever a number stands."""
    parts = [f"{sample.runs:,} of {sample.table.runs:,} runs", f"{sample.diverged:,} diverged"]
    if sample.missing:
        parts.append(f"{sample.missing:,} missing")
    return ", ".join(parts)


def condition_words(sample: Sample) -> str:
    """Which runs count as failed, and the terms of the location model, where the user said so."""
    parts = []
    if sample.table.fail_condition:
        parts.append(f"{int(sample.outcomes.failed.sum()):,} failed: {sample.table.fail_condition}")
    if sample.slice.location:
        parts.append(f"location model: {', '.join(':'.join(term) for term in sample.slice.location)}")
    return " · ".join(parts)


def sample_words(sample: Sample) -> str:
    """What was looked at: the slice, n, what counts as failed."""
    return " · ".join(filter(None, (slice_words(sample), counts(sample), condition_words(sample))))


def framed(name: str, title: str, panels: tuple[Panel, ...], inputs: Inputs, **more: Any) -> Figure:
    """A figure with the title, slice in words, n, response, source and date that every picture carries."""
    sample = inputs.sample
    table = sample.table
    return Figure(
        title=title,
        panels=panels,
        subtitle=sample_words(sample),
        footer=f"response: {table.response.name} ({table.response.better}) · {source_name(table)} · {inputs.date}",
        name=name,
        **more,
    )


def source_name(table: RunTable) -> str:
    """Name of the file, and of the table in it where that says more."""
    name = PurePath(table.path).name or table.path
    return name if table.table in ("runs", PurePath(name).stem) else f"{name}:{table.table}"


def slice_words(sample: Sample) -> str:
    """The slice in words, with switches as on and off where the level does not say so itself."""
    words = []
    for name, levels in sample.slice.filters:
        factor = sample.table.factor(name)
        words.append(f"{name} = {' or '.join(level_words(factor, level) for level in levels)}")
    return ", ".join(words) or "all runs"


def level_words(factor: Factor, level: str) -> str:
    """ "on" for a switch whose level is true or 1, "gelu (on)" where the level has a name of its own."""
    if not factor.is_switch:
        return level
    state = "on" if level == factor.on else "off"
    return state if level.lower() in ("true", "false", "0", "1", "on", "off", "yes", "no") else f"{level} ({state})"


def side_words(factor: Factor | None, level: str) -> str:
    """What one side of a contrast is called, in plots and tables alike."""
    return "all runs" if factor is None else level_words(factor, level)


def side_role(factor: Factor | None, level: str) -> Role:
    """Colour role of one side of a contrast."""
    if factor is None:
        return "neutral"
    if factor.is_switch:
        return "on" if level == factor.on else "off"
    return SERIES[factor.levels.index(level) % len(SERIES)]

"""Runs of a tracker as tables: nested settings flattened, columns typed by all their values."""

from __future__ import annotations

import datetime
import hashlib
import json
import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ablate_tui.data import names
from ablate_tui.data.engine import Connection, printable
from ablate_tui.data.schema import Goal
from ablate_tui.data.sources.text_columns import judge
from ablate_tui.data.sql import quote
from ablate_tui.data.trackers.tracked import Skipped, Told, TrackedRun

if TYPE_CHECKING:
    import pyarrow

Kind = Literal["setting", "mixed", "metric", "fact"]

INCOMING, CURVES = "incoming", "incoming_curves"  # tables that are made
CURVE_TYPES = "run_id VARCHAR, step DOUBLE, metric VARCHAR, value DOUBLE"
ID, STATUS = "run_id", "status"
_POINTS = 1_000_000  # of curves that are handed over at a time
_WHOLE = 2**63


@dataclass
class Staged:
    """What was read of a store, besides the tables."""

    kinds: dict[str, Kind]  # by column
    goals: dict[str, Goal]  # by column, of metrics
    digest: str  # the same only for the same runs
    ids: list[str]
    skipped: list[Skipped]
    notes: list[str]
    crashed: int
    curves: int  # points


def stage(connection: Connection, runs: Iterable[TrackedRun | Skipped], tell: Told, textual: bool) -> Staged:
    """Read all runs of a store into the tables "incoming" and "incoming_curves".

    Parameters
    ----------
    connection : Connection
    runs : iterable
        Of two with one id the later counts, and that is told.
    tell : callable
        Told how many runs are read.
    textual : bool
        Whether the store keeps every setting as text, so that numbers have to be found among them.

    Returns
    -------
    Staged
    """
    table = _Table()
    skipped: list[Skipped] = []
    digest = hashlib.sha256()
    points = _Points(connection)
    crashed, goals = 0, dict[str, Goal]()
    for run in runs:
        if isinstance(run, Skipped):
            skipped.append(run)
            continue
        crashed += run.status == "crashed"
        run, row = replace(run, id=_utf8(run.id)), _row(run)
        digest.update(repr((run.id, run.status, row)).encode("utf-8", "surrogatepass"))
        goals.update(run.goals)
        if table.add(run.id, row):
            skipped.append(Skipped(f'run "{run.id}"', "there twice; the later one counts"))
            points.forget(run.id)
        for metric, (steps, values) in run.curves.items():
            digest.update(repr((metric, steps, values)).encode("utf-8", "surrogatepass"))
            points.add(run.id, _utf8(metric), steps, values)
        if len(table.ids) % 1_000 == 0:
            tell(len(table.ids), 0, f"{len(table.ids):,} runs read")
    points.flush()
    notes = table.write(connection)
    if textual:
        _type_texts(connection, table.texts())
    of_columns = {name: goals[key[1]] for name, key in table.columns.items() if key[0] == "metric" and key[1] in goals}
    return Staged(table.kinds, of_columns, digest.hexdigest(), list(table.ids), skipped, notes, crashed, points.n)


def flatten(nested: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Names with dots, and values that are no mappings; an empty mapping is a value like None."""
    for key, value in nested.items():
        name = _utf8(f"{prefix}{key}")
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{name}.")
        else:
            yield name, None if isinstance(value, Mapping) else value


def _row(run: TrackedRun) -> dict[tuple[Kind, str], Any]:
    kind: Kind = "mixed" if run.mixed else "setting"
    row: dict[tuple[Kind, str], Any] = {(kind, name): value for name, value in flatten(run.config)}
    row |= {("metric", name): value for name, value in flatten(run.metrics)}
    row |= {("fact", _utf8(name)): value for name, value in run.facts.items()}
    row["fact", STATUS] = run.status
    return row


class _Table:
    """Rows as columns of Python's values, in the order in which their names came up."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}  # and their row
        self.cells: dict[tuple[Kind, str], dict[int, Any]] = {}
        self.columns: dict[str, tuple[Kind, str]] = {}
        self.kinds: dict[str, Kind] = {}
        self._texts: list[str] = []

    def add(self, id: str, row: Mapping[tuple[Kind, str], Any]) -> bool:
        """Add a run; whether it takes the place of an earlier one."""
        again = id in self.ids
        at = self.ids.setdefault(id, len(self.ids))
        if again:
            for cells in self.cells.values():
                cells.pop(at, None)
        for key, value in row.items():
            self.cells.setdefault(key, {})[at] = value
        return again

    def write(self, connection: Connection) -> list[str]:
        """Make the table; what is to be noted about its columns."""
        import pyarrow

        notes = self._name()
        arrays: dict[str, pyarrow.Array] = {ID: pyarrow.array(list(self.ids), pyarrow.string())}
        for name, key in self.columns.items():
            arrays[name], note = _array(name, key[0], self.cells[key], len(self.ids))
            if pyarrow.types.is_string(arrays[name].type):
                self._texts.append(name)
            notes += [note] if note else []
        connection.register("ablate_tui_arrays", pyarrow.table(arrays))
        connection.execute(f"CREATE OR REPLACE TABLE {INCOMING} AS SELECT * FROM ablate_tui_arrays")
        connection.unregister("ablate_tui_arrays")
        return notes

    def texts(self) -> list[str]:
        """Columns of texts that were set, as far as that is known."""
        return [name for name in self._texts if self.kinds[name] in ("setting", "mixed")]

    def _name(self) -> list[str]:
        """Give each column a name of its own: DuckDB knows no difference of case."""
        taken, notes = {ID}, []
        prefixes: dict[Kind, str] = {"setting": "config.", "mixed": "config.", "metric": "metrics.", "fact": "run."}
        for kind in prefixes:
            for key in [key for key in self.cells if key[0] == kind]:
                name = wanted = key[1]
                if name.lower() in taken:
                    name = prefixes[kind] + name
                while name.lower() in taken:
                    name += "_"
                taken.add(name.lower())
                self.columns[name], self.kinds[name] = key, kind
                if name != wanted and kind != "fact":
                    notes.append(f'the {kind} "{printable(wanted)}" is called "{printable(name)}": its name was taken')
        return notes


def _array(name: str, kind: Kind, cells: Mapping[int, Any], n: int) -> tuple[pyarrow.Array, str | None]:
    """A column of the type that holds all its values as they are; a note where they are of several."""
    import pyarrow

    values = [cells.get(at) for at in range(n)]
    there = [value for value in cells.values() if value is not None]
    types = {type(value) for value in there}
    # None is a level of its own among settings ("no norm"), and nothing measured among metrics
    set_ = kind == "setting" or (kind == "mixed" and str in types)
    none = set_ and any(value is None for value in cells.values())
    note = None
    if types and types <= {int, float, bool} and not none:
        if types == {bool}:
            return pyarrow.array(values, pyarrow.bool_()), None
        if bool not in types or kind == "metric":
            if types <= {int, bool} and all(-_WHOLE <= value < _WHOLE for value in there):
                return pyarrow.array([None if v is None else int(v) for v in values], pyarrow.int64()), None
            if all(_exact(value) for value in there):
                numbers = [None if v is None else float(v) for v in values]
                return pyarrow.array(numbers, pyarrow.float64(), from_pandas=False), None
    if types == {datetime.datetime} and not none:
        return pyarrow.array(values, pyarrow.timestamp("us", "UTC")), None
    if types == {list} and not none and names.outcome(name) is not None and all(map(_numbers, there)):
        lists = [None if v is None else [None if x is None else float(x) for x in v] for v in values]
        return pyarrow.array(lists, pyarrow.list_(pyarrow.float64())), None
    if len(types) > 1:
        known = sorted(_word(one) for one in types)
        note = f'"{printable(name)}" holds {" and ".join(dict.fromkeys(known))}: kept as text'
    return pyarrow.array(
        [_text(cells[at]) if at in cells and (none or cells[at] is not None) else None for at in range(n)],
        pyarrow.string(),
    ), note


def _exact(value: float) -> bool:
    try:
        return isinstance(value, float) or int(float(value)) == value
    except OverflowError:
        return False


def _numbers(values: list[Any]) -> bool:
    return all(x is None or (isinstance(x, (int, float)) and not isinstance(x, bool)) for x in values)


def _word(kind: type) -> str:
    words = {bool: "truth values", int: "numbers", float: "numbers", str: "texts", list: "lists"}
    return words.get(kind, kind.__name__)


def _text(value: Any) -> str:
    """A value as text, as DuckDB would cast it, so that equal values of several imports stay equal."""
    if isinstance(value, str):
        return _utf8(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, (list, tuple)):
        return json.dumps(value, default=str)
    return str(value)


def _utf8(text: str) -> str:
    """A text without the lone surrogates that JSON can hold and DuckDB can't."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _type_texts(connection: Connection, texts: list[str]) -> None:
    """Find numbers and truth values among texts, but never make a missing value of a word such as None."""
    for conversion in judge(connection, INCOMING, texts) if texts else []:
        if conversion.dtype not in ("VARCHAR", "DOUBLE[]") and not conversion.missing_words:
            change = f"ALTER {quote(conversion.name)} TYPE {conversion.dtype} USING {conversion.sql}"
            connection.execute(f"ALTER TABLE {INCOMING} {change}")


class _Points:
    """Points of curves, handed over by the million: as Python's numbers they would take gigabytes."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.n = 0
        connection.execute(f"CREATE OR REPLACE TABLE {CURVES} ({CURVE_TYPES})")
        self._clear()

    def _clear(self) -> None:
        self.runs: list[str] = []
        self.metrics: list[str] = []
        self.sizes: list[int] = []
        self.steps, self.values = array("d"), array("d")
        self.gone: list[int] = []  # places of values that are missing

    def add(self, id: str, metric: str, steps: Sequence[float], values: Sequence[float | None]) -> None:
        """Add a curve."""
        self.runs.append(id)
        self.metrics.append(metric)
        self.sizes.append(len(steps))
        self.steps.extend(steps)
        for value in values:
            if value is None:
                self.gone.append(len(self.values))
            self.values.append(math.nan if value is None else value)
        self.n += len(steps)
        if len(self.steps) >= _POINTS:
            self.flush()

    def forget(self, id: str) -> None:
        """Drop the curves of a run."""
        self.flush()
        self.connection.execute(f"DELETE FROM {CURVES} WHERE run_id = ?", [id])

    def flush(self) -> None:
        """Hand over what there is."""
        if not self.sizes:
            return
        import numpy as np
        import pyarrow

        gone = np.zeros(len(self.values), dtype=bool)
        gone[self.gone] = True
        at = pyarrow.array(np.repeat(np.arange(len(self.sizes), dtype=np.int32), self.sizes))
        columns = {
            "run_id": pyarrow.DictionaryArray.from_arrays(at, pyarrow.array(self.runs, pyarrow.string())),
            "step": pyarrow.array(np.frombuffer(self.steps, dtype=np.float64)),
            "metric": pyarrow.DictionaryArray.from_arrays(at, pyarrow.array(self.metrics, pyarrow.string())),
            "value": pyarrow.array(np.frombuffer(self.values, dtype=np.float64), mask=gone),
        }
        self.connection.register("ablate_tui_points", pyarrow.table(columns))
        self.connection.execute(f"INSERT INTO {CURVES} SELECT run_id, step, metric, value FROM ablate_tui_points")
        self.connection.unregister("ablate_tui_points")
        self._clear()

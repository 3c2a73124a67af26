"""Gather runs from many sources into the table "runs" of one DuckDB file.

A source is a file, a tracker's store or an inbox of logged runs. To import a source again is to delete the rows
that came from it and to add those it has now; see `ablate_tui.data.target` for how rows are told apart.

The work is done on a copy beside the target, which replaces it in one step at the end.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ablate_tui.data.addresses import is_server, without_secrets
from ablate_tui.data.engine import printable, reading
from ablate_tui.data.errors import BusyError, SourceError, UsageError
from ablate_tui.data.inbox import Gathered, Inbox, inbox_of, is_inbox, waiting
from ablate_tui.data.replacing import replacing
from ablate_tui.data.schema import Goal
from ablate_tui.data.sources.locate import kind_of, members
from ablate_tui.data.sources.object_storage import is_remote
from ablate_tui.data.sql import quote
from ablate_tui.data.store import open_store
from ablate_tui.data.target import DB, Known, Target
from ablate_tui.data.trackers import TEXTUAL, open_tracker, scheme_of
from ablate_tui.data.trackers.staging import CURVE_TYPES, CURVES, INCOMING, Staged, stage
from ablate_tui.data.trackers.tracked import Tracker

Told = Callable[[int, int, str], None]

_BATCH = 100_000  # rows handed over at a time
_NAMED = 5  # things of a kind that a summary names
_UNCHANGED = "unchanged since its last import"


@dataclass(frozen=True)
class ImportedSource:
    """What became of one source."""

    path: str
    rows: int  # rows that came in
    replaced: int  # rows of an earlier import of it that made room
    skipped: int  # rows left alone because they are there already
    why: str
    notes: tuple[str, ...] = ()  # what did not come in, and what is to be known of the rest


@dataclass(frozen=True)
class ImportSummary:
    """What an import did."""

    into: str
    runs: int  # rows in the table now
    sources: tuple[ImportedSource, ...]

    def lines(self) -> tuple[str, ...]:
        """What was done, in words: a line per source and note, then the whole."""
        told = []
        for source in self.sources:
            parts = [_runs(source.rows)] if source.rows or not source.skipped else []
            parts += [f"{_runs(source.skipped)} left alone"] if source.skipped else []
            parts += [f"{source.replaced} replaced"] if source.replaced else []
            told.append(f"{printable(source.path)}: {', '.join(parts)} ({printable(source.why)})")
            told += [f"  {note}" for note in source.notes]
        return (*told, f"{printable(self.into)} holds {_runs(self.runs)}")


def import_runs(sources: Sequence[str], into: str, progress: Told | None = None) -> ImportSummary:
    """Bring the runs of some sources into one DuckDB file: all of them, or none.

    Columns are united by name; a type is widened where a source needs it. What was imported before and is
    unchanged is skipped, also under another name; what has changed takes the place of its earlier rows.
    Runs that were logged for the target (in the inbox beside it) come in, too.

    Parameters
    ----------
    sources : sequence of str
        Files, folders, globs, inboxes, or trackers such as "mlflow:mlruns"; a DuckDB file gives its table
        "runs", else its only one.
    into : str
        The DuckDB file; made where it is not there. Other tables in it stay.
    progress : callable, optional
        Told how many sources are done, of how many, and what is going on.

    Returns
    -------
    ImportSummary

    Raises
    ------
    SourceError
        A source can't be read, or the target can't be written; the target is as it was.
    UsageError
        The target is among the sources, or there is nothing to import.
    """
    tell = progress or (lambda done, total, what: None)
    target = os.path.realpath(into)
    found = _sources(sources, target)
    with replacing(target, into, DB) as copy:
        work = Target(copy.connection, into)
        before = work.known()
        done: list[ImportedSource] = []
        for number, source in enumerate(found):
            name = source if isinstance(source, str) else source.name

            def inside(rows: int, of: int, words: str, number: int = number) -> None:
                tell(number, len(found), words)

            tell(number, len(found), f"importing {printable(name)}")
            if isinstance(source, str):
                done.append(_take_file(work, source))
            elif isinstance(source, Inbox):
                done.append(_gather(work, source, inside))
                copy.changed |= done[-1].rows > 0
            else:
                done.append(_take_tracker(work, source, inside))
        if not work.exists:
            reasons = [note for source in done for note in source.notes]
            raise SourceError("nothing came in: " + ("; ".join(reasons) or "the sources hold no run that has ended"))
        tell(len(found), len(found), f"writing {printable(into)}")
        work.finish()
        copy.changed |= work.known() != before
        runs = work.runs
    for source in found:
        if isinstance(source, Inbox):
            source.remove()
    return ImportSummary(into, runs, tuple(done))


def gather(database: str, progress: Told | None = None) -> Gathered:
    """Take in the runs that were logged for a database, before it is opened.

    Parameters
    ----------
    database : str
        The file; made where only its inbox is there.
    progress : callable, optional

    Returns
    -------
    Gathered
        Where another process takes them in at this moment, none of them counts as left.
    """
    folder = inbox_of(database)
    names: list[str] = []
    try:
        names = waiting(folder)
        if not names:
            return Gathered()
        source = import_runs([], database, progress).sources[0]
        words = "; ".join([f"{_runs(source.rows)} from the inbox taken in", *source.notes])
        return Gathered(words, frozenset(names).intersection(waiting(folder)))
    except SourceError as error:
        if names and not waiting(folder):  # another process has taken them in just now
            return Gathered()
        words = f"logged runs in {printable(folder)} could not be taken in, and are not shown: {error}"
        return Gathered(words, frozenset() if isinstance(error, BusyError) else frozenset(names))


def _sources(sources: Sequence[str], target: str) -> list[str | Tracker | Inbox]:
    """Absolute paths of files, trackers and inboxes, the target's own at last."""
    found: list[str | Tracker | Inbox] = []
    boxes: list[str] = []
    for source in sources:
        if is_server(source) or is_remote(source):
            raise UsageError(f'"{without_secrets(source)[0]}" is not imported but opened as it is: ablate-tui ADDRESS')
        if scheme_of(source) is not None:
            found.append(open_tracker(source))
        elif is_inbox(source):
            boxes.append(os.path.realpath(source))
        elif os.path.isfile(source):
            if os.path.realpath(source) == target:
                raise UsageError(f'"{printable(source)}" is both a source and the file to import into')
            found.append(source)
        else:
            found += [path for path in members(source) if os.path.realpath(path) != target]
    paths = dict.fromkeys(os.path.realpath(path) for path in found if isinstance(path, str))
    for path in paths:
        kind_of(path)  # a file of a foreign kind is told before the work begins
    own = inbox_of(target)
    if waiting(own):
        boxes.append(own)
    others = [source for source in found if not isinstance(source, str)]
    if not (paths or others or boxes):
        begun = f" ({words})" if (words := Inbox(own).begun()) else ""
        raise SourceError(
            "nothing to import: the folder holds no other file than the target"
            if sources
            else f'nothing to import: no source is named, and no run waits in "{printable(own)}"{begun}'
        )
    return [*paths, *others, *(Inbox(box) for box in dict.fromkeys(boxes))]


def _take_file(work: Target, path: str) -> ImportedSource:
    """Import one file."""
    sha256 = _hash(path)
    known = work.known()
    same = next((source for source in known if source.sha256 == sha256), None)
    earlier = next((source for source in known if source.path == path), None)
    if same is not None:
        replaced = work.forget(earlier) if earlier is not None and earlier != same else 0
        if same.path == path:
            return ImportedSource(path, 0, 0, same.rows, _UNCHANGED)
        if not os.path.exists(same.path):
            work.moved(same, path)
            return ImportedSource(path, 0, replaced, same.rows, f"imported before as {same.path}")
        return ImportedSource(path, 0, replaced, same.rows, f"the same content as {same.path}")
    status = os.stat(path)
    with reading(path):
        kinds, goals = _stage_file(work, path)
    number = _next(known)
    replaced = work.forget(earlier) if earlier is not None else 0
    rows = work.add(path, number)
    work.add_curves()
    work.describe(kinds, goals)
    work.know(Known(number, path, sha256, rows), status.st_size, status.st_mtime_ns)
    return ImportedSource(path, rows, replaced, 0, _word(earlier))


def _take_tracker(work: Target, tracker: Tracker, tell: Told) -> ImportedSource:
    """Import the runs of a tracker; those that can't be read this time stay as they were."""
    name, known = tracker.name, work.known()
    staged = stage(work.connection, tracker.runs(tell), tell, name.partition(":")[0] in TEXTUAL)
    notes = (*_notes(staged), *_constant(work, staged))
    earlier = next((source for source in known if source.path == name), None)
    if earlier is not None and earlier.sha256 == staged.digest:
        return ImportedSource(name, 0, 0, earlier.rows, _UNCHANGED, notes)
    read = bool(staged.ids) and not any(one.hides for one in staged.skipped)
    unread = [one.id for one in staged.skipped if one.id is not None] if read else None
    sign = f"@{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"
    if work.taken(earlier):
        work.rename(sign)
        notes = (*notes, "runs of another source have the same names: these end in @ and a sign of their source")
    number = _next(known)
    replaced = work.forget(earlier, unread, number, sign) if earlier is not None else 0
    stayed = 0 if earlier is None else max(0, earlier.rows - replaced)
    if stayed:
        notes = (*notes, f"{_runs(stayed)} of the last import could not be read now, and stay")
    rows = 0
    if staged.ids:
        rows = work.add(name, number)
        work.add_curves()
        work.describe(staged.kinds, staged.goals)
    work.know(Known(number, name, staged.digest, rows + stayed), 0, 0)
    return ImportedSource(name, rows, replaced, 0, _word(earlier), notes)


def _gather(work: Target, inbox: Inbox, tell: Told) -> ImportedSource:
    """Take in logged runs; one that is there already is replaced."""
    staged = stage(work.connection, inbox.runs(tell), tell, textual=False)
    replaced = work.forget_incoming() if staged.ids else 0
    rows = 0
    if staged.ids:
        rows = work.add(inbox.name, None)
        work.add_curves()
        work.describe(staged.kinds, staged.goals)
    return ImportedSource(inbox.name, rows, replaced, 0, "logged", _notes(staged))


def _word(earlier: Known | None) -> str:
    return "new" if earlier is None else "changed since its last import"


def _next(known: Sequence[Known]) -> int:
    return max((source.id for source in known), default=0) + 1


def _stage_file(work: Target, path: str) -> tuple[dict[str, str], dict[str, Goal]]:
    """Read a file into the tables "incoming" and "incoming_curves"; what it says of its columns."""
    store = open_store(path)
    try:
        columns = ", ".join(quote(name) for name in store.columns)
        with store.cursor() as cursor:
            batches = cursor.sql(f"SELECT {columns} FROM runs").to_arrow_reader(_BATCH)
            work.connection.register("batches", batches)
            work.connection.execute(f"CREATE OR REPLACE TABLE {INCOMING} AS SELECT * FROM batches")
            work.connection.unregister("batches")
            work.connection.execute(f"CREATE OR REPLACE TABLE {CURVES} ({CURVE_TYPES})")
            for metric in store.metrics:
                store.need_curve(metric)
            if store.metrics:
                points = cursor.sql("SELECT run_id, step, metric, value FROM curves").to_arrow_reader(_BATCH)
                work.connection.register("batches", points)
                work.connection.execute(f"INSERT INTO {CURVES} SELECT * FROM batches")
                work.connection.unregister("batches")
        return store.kinds, store.goals
    finally:
        store.close()


def _notes(staged: Staged) -> tuple[str, ...]:
    """What did not come in, and why; what is to be known of what did."""
    reasons = Counter(one.why for one in staged.skipped)
    notes = []
    for why, n in reasons.items():
        what = [one.what for one in staged.skipped if one.why == why]
        more = f" and {n - _NAMED:,} more" if n > _NAMED else ""
        notes.append(f"skipped: {', '.join(printable(one) for one in what[:_NAMED])}{more} ({printable(why)})")
    if staged.crashed:
        notes.append(f"{_runs(staged.crashed)} crashed: what they lack counts as missing")
    if staged.curves:
        notes.append(f"{staged.curves:,} points of curves")
    return (*notes, *staged.notes)


def _constant(work: Target, staged: Staged) -> tuple[str, ...]:
    """Settings that all runs of a tracker share, in words."""
    settings = [name for name, kind in staged.kinds.items() if kind in ("setting", "mixed")]
    if len(staged.ids) > 1 and settings:
        same = ", ".join(f"count(DISTINCT {quote(name)}) = 1 AND count({quote(name)}) = count(*)" for name in settings)
        row = work.connection.execute(f"SELECT {same} FROM {INCOMING}").fetchall()[0]
        constant = [name for name, is_constant in zip(settings, row, strict=True) if is_constant]
        if constant:
            more = f" and {len(constant) - _NAMED:,} more" if len(constant) > _NAMED else ""
            named = ", ".join(printable(name) for name in constant[:_NAMED])
            return (f"the same in every run, so kept but set aside: {named}{more}",)
    return ()


def _runs(n: int) -> str:
    return f"{n:,} run" if n == 1 else f"{n:,} runs"


def _hash(path: str) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

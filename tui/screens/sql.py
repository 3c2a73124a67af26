"""The SQL view: a query over the runs, its answer as a table, and a histogram of the column under the cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.geometry import Size
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import TextArea
from textual.worker import Worker, WorkerState, get_current_worker

from ablate_tui.data.answers import Answer, Stopped
from ablate_tui.data.errors import AblateError, SourceError
from ablate_tui.data.query_history import keep_query, kept_queries
from ablate_tui.data.statements import QueryError
from ablate_tui.data.store import Store
from ablate_tui.tui.answer_words import Laid, histogram, in_sort, lay_out, plural, size_words, text_of, whole
from ablate_tui.tui.formats import clean, folded
from ablate_tui.tui.keymap import worded
from ablate_tui.tui.painters.grid import Row
from ablate_tui.tui.panels.colours import painter_palette
from ablate_tui.tui.panels.ground import BOLD, DIM
from ablate_tui.tui.panels.keys_line import KeysLine
from ablate_tui.tui.panels.lines import Lines
from ablate_tui.tui.panels.query_box import QueryBox
from ablate_tui.tui.panels.result_table import ResultTable
from ablate_tui.tui.panels.view_table import ViewTable
from ablate_tui.tui.screens.details import Details
from ablate_tui.tui.screens.once import Once

WIDE = 100  # columns from which the histogram stands beside the table
COPIED = 1_000  # rows at most: terminals refuse a large clipboard
SPACE = Segment(" ")


class SqlScreen(Once, ModalScreen[None]):
    """Asks the store what a person types; nothing can be changed from here.

    Parameters
    ----------
    store : callable
        The store that is open now: the source may be read again meanwhile.
    """

    CSS_PATH = "sql.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5,ctrl+j,ctrl+enter", "run", "run", key_display="F5", tooltip="Ask the query", id="sql.run"),
        Binding(
            "tab", "app.focus_next", "query/answer", tooltip="To the answer, and back to the query", id="sql.focus"
        ),
        Binding("escape", "back", "stop, close", tooltip="Stop the query; close the view", id="sql.back"),
    ]

    @dataclass
    class Answered(Message):
        """A query has its answer, or an error in place of one."""

        asked: Event
        found: tuple[Answer, Laid] | AblateError

    @dataclass
    class Drawn(Message):
        """The histogram is painted."""

        answer: Answer
        column: int
        size: Size
        rows: tuple[Row, ...]

    @dataclass
    class Exporting(Message):
        """An answer should be written to a file."""

        answer: Answer

    @dataclass
    class Copying(Message):
        """Rows should come into the clipboard; their text takes a while to make."""

        text: Callable[[], str]
        words: str

    def __init__(self, store: Callable[[], Store]) -> None:
        super().__init__()
        self.store = store
        self.given = ""  # the query that the screen was opened with
        self.wish: str | None = None  # column to go to in its answer
        self.asked: Event | None = None  # of the query that runs: set, it stops
        self.sql = ""  # which it is
        self.asker: Worker[None] | None = None  # which runs it
        self.answer: Answer | None = None
        self.laid: Laid | None = None

    def compose(self) -> ComposeResult:
        """The box, what is said about its query, and the answer."""
        yield Lines(id="sql-head")
        yield QueryBox(self.given, id="query")
        yield Lines(id="sql-words")
        with Container(id="answer"):
            yield ResultTable(id="result")
            yield Lines(id="histogram")
        yield KeysLine()

    @property
    def box(self) -> QueryBox:
        """Where the query is typed."""
        return self.query_one(QueryBox)

    def open(self, query: str, wish: str | None) -> None:
        """Offer a query, unless the person has written one of their own."""
        if not self.is_mounted:
            self.given, self.wish = query, wish
        elif self.box.text.strip() in ("", self.given.strip()):
            self.given, self.wish = query, wish
            self.box.offer(query)
            self.ask_now(keep=False)

    def on_mount(self) -> None:
        """Ask the query that is offered: what it gives shows what this is about."""
        store = self.store()
        self.box.past = list(kept_queries(store.path, store.table))
        self.app.theme_changed_signal.subscribe(self, lambda _: self.call_later(self.draw))
        self.box.focus()
        self.box.move_cursor(self.box.document.end)
        self.ask_now(keep=False)

    def on_screen_resume(self) -> None:
        """Say what there is: it may have been read again."""
        store = self.store()
        tables = f"{store.runs_table} ({plural(store.runs, 'row')}){', curves' if store.metrics else ''}"
        words = f"{store.dialect}, read-only · {tables} · {store.path}"
        self.query_one("#sql-head", Lines).show([(Segment(" SQL  ", BOLD), Segment(clean(words), DIM))])

    def on_resize(self, event: events.Resize) -> None:
        """Arrange and draw for the size that there is."""
        if self.stale(event):
            return
        self.set_class(event.size.width >= WIDE, "wide")
        self.call_after_refresh(self.draw)

    def on_unmount(self) -> None:
        """Nobody waits any more."""
        if self.asked is not None:
            self.asked.set()

    # -- the query

    def action_run(self) -> None:
        """Ask what is in the box."""
        self.ask_now(keep=True)

    def ask_now(self, keep: bool) -> None:
        """Ask, in place of a query that may still run."""
        if self.asked is not None:
            self.asked.set()
        self.asked = Event()
        self.box.mark(None)
        self.say(worded("asking … {sql.back} stops", self))
        sql = self.sql = self.box.text
        self.box.remember(sql)
        self.asker = self.ask(self.store(), sql, self.asked, keep)

    @work(thread=True, group="query", exit_on_error=False)
    def ask(self, store: Store, sql: str, asked: Event, keep: bool) -> None:
        """Have a query answered, away from the keys."""
        if keep and sql.strip():
            try:
                keep_query(store.path, store.table, sql)
            except SourceError as error:
                self.app.call_from_thread(self.notify, clean(error), severity="warning", markup=False)
        found: tuple[Answer, Laid] | AblateError
        try:
            answer = store.answer(sql, asked)
            found = answer, lay_out(answer)
        except AblateError as error:
            found = error
        self.post_message(self.Answered(asked, found))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """After a fault nothing is being asked any more."""
        if event.state == WorkerState.ERROR and event.worker is self.asker:
            self.asked = None
            self.say("no answer: a fault of this program", BOLD)

    def on_sql_screen_answered(self, message: Answered) -> None:
        """Show an answer, or say why there is none; the query stays, and so does the answer before."""
        if message.asked is not self.asked:
            return
        self.asked = None
        if isinstance(message.found, AblateError):
            self.tell(message.found)
            return
        self.answer, self.laid = message.found
        names, numeric = self.answer.names, self.answer.numeric
        column = (
            names.index(self.wish) if self.wish in names else next((at for at, is_ in enumerate(numeric) if is_), 0)
        )
        self.say(size_words(self.answer))
        self.query_one(ResultTable).lay(self.laid, column)
        self.draw()

    def tell(self, error: AblateError) -> None:
        """Say what is wrong beside the query, and mark the place."""
        if isinstance(error, Stopped):
            self.say("stopped")
            return
        place = error.place if isinstance(error, QueryError) else None
        if self.box.text == self.sql:  # else it would take the cursor from someone who types
            self.box.mark(place)
        at = "" if place is None else f"line {place[0] + 1}, column {place[1] + 1}: "
        self.say(f"{at}{error}", BOLD)

    def say(self, words: str, style: Style = DIM) -> None:
        """A line or two under the box."""
        room = max(10, self.size.width - 2)
        lines = folded(clean(words), room)
        if len(lines) > 2:
            lines = [lines[0], lines[1][: room - 1] + "…"]
        said = self.query_one("#sql-words", Lines)
        said.styles.height = len(lines)
        said.show([(SPACE, Segment(line, style)) for line in lines])

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """What is typed is at fault no more."""
        self.box.mark(None)

    def action_back(self) -> None:
        """Stop the query that runs; without one, close."""
        if self.asked is None:
            self.dismiss()
        else:
            self.asked.set()

    # -- the answer

    def draw(self) -> None:
        """Draw the histogram of the column under the cursor."""
        lines = self.query_one("#histogram", Lines)
        if self.answer is not None and self.answer.names and lines.size.width:
            self.paint_away(self.answer, self.query_one(ResultTable).column, *lines.size)

    @work(thread=True, exclusive=True, group="histogram", exit_on_error=False)
    def paint_away(self, answer: Answer, column: int, width: int, height: int) -> None:
        """Bin and paint, away from the keys."""
        from ablate_tui.tui.painters import terminal

        rows = terminal.paint(histogram(answer, column), width, height, painter_palette(self.app))
        if not get_current_worker().is_cancelled:
            self.post_message(self.Drawn(answer, column, Size(width, height), rows))

    def on_sql_screen_drawn(self, message: Drawn) -> None:
        """Show the histogram, unless the person has gone on."""
        lines, column = self.query_one("#histogram", Lines), self.query_one(ResultTable).column
        if message.answer is self.answer and (message.column, message.size) == (column, lines.size):
            lines.show(message.rows)

    def on_result_table_column_moved(self, message: ResultTable.ColumnMoved) -> None:
        """Another column, another histogram; the next answer with the same column shows it again."""
        if self.answer is not None and message.column < len(self.answer.names):  # another has come since the key
            self.wish = self.answer.names[message.column]
            self.draw()

    def action_sort(self) -> None:
        """Sort by the column under the cursor: ascending, descending, as it came."""
        table = self.query_one(ResultTable)
        if self.answer is None or self.laid is None or not self.answer.names:
            return
        name = self.answer.names[table.column]
        sort = {None: (name, False), (name, False): (name, True), (name, True): None}.get(self.laid.sort, (name, False))
        self.laid = in_sort(self.answer, self.laid, sort)
        table.lay(self.laid, table.column)

    def on_view_table_heading_clicked(self, message: ViewTable.HeadingClicked) -> None:
        """A click on a heading sorts by it."""
        message.stop()
        self.action_sort()

    def on_view_table_row_entered(self, message: ViewTable.RowEntered) -> None:
        """All of a row."""
        message.stop()
        if self.answer is None or self.laid is None or message.row >= len(self.laid.table.rows):
            return
        row = self.laid.table.rows[message.row]
        values = {name: whole(value) for name, value in zip(self.answer.names, row, strict=True)}
        self.app.push_screen(Details(f"row {message.row + 1:,} of {len(self.answer.rows):,}", values))

    def action_copy(self) -> None:
        """Copy the rows as they are on the screen."""
        if self.laid is None:
            return
        rows = len(self.laid.order)
        some = f"the first {COPIED:,} of {rows:,} rows; e writes them all" if rows > COPIED else plural(rows, "row")
        self.post_message(self.Copying(partial(text_of, self.laid, COPIED), f"copied {some}"))

    def action_export(self) -> None:
        """Write the answer to a file."""
        if self.answer is not None:
            self.post_message(self.Exporting(self.answer))

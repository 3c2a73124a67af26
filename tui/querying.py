"""The SQL view, and the files that are made of its answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual import work

from ablate_tui.data.answers import Answer
from ablate_tui.data.errors import AblateError
from ablate_tui.tui import export, formats
from ablate_tui.tui.answer_words import csv_of, size_words
from ablate_tui.tui.exporting import Exported, Exporting, writing
from ablate_tui.tui.screens.ask import Ask

if TYPE_CHECKING:
    from ablate_tui.tui.screens.sql import SqlScreen

SCREEN = "sql"


class Querying(Exporting):
    """Opens the SQL view; it stays as it was left until the program ends."""

    def action_sql(self) -> None:
        """Ask the runs in SQL."""
        from ablate_tui.tui.screens.sql import SqlScreen  # its editor is not needed for the first screen

        if not self.is_screen_installed(SCREEN):
            self.install_screen(SqlScreen(lambda: self.session.store), SCREEN)
        screen = self.get_screen(SCREEN)
        assert isinstance(screen, SqlScreen)
        if screen in self.screen_stack:  # asked for twice in one go: what is there twice can't be closed
            return
        screen.open(self.query_of_slice(), self.sweep.response.name)
        self.push_screen(SCREEN)

    def query_of_slice(self) -> str:
        """The runs that are looked at, in SQL."""
        where = f"\nWHERE {self.look.slice.where()}" if self.look.slice.filters else ""
        return f"SELECT *\nFROM {self.session.store.runs_table}{where}"

    def on_sql_screen_exporting(self, message: SqlScreen.Exporting) -> None:
        """Write an answer to a CSV file."""

        def take(text: str | None) -> None:
            if text is not None:
                self.write_csv(csv_path(text), message.answer)

        hint = f"{export.folder_words()} · a .csv file"
        self.push_screen(Ask("Write the answer to", "query.csv", (), hint, csv_path), take)

    def on_sql_screen_copying(self, message: SqlScreen.Copying) -> None:
        """Copy rows of an answer."""
        self.copy(message.text, message.words)

    @work(thread=True, group="export", exit_on_error=False)
    @writing
    def write_csv(self, path: Path, answer: Answer) -> None:
        """Write rows, away from the keys: a million cells take seconds."""
        content = csv_of(answer).encode("utf-8", "backslashreplace")
        try:
            written = export.write(content, path)
        except AblateError as error:
            self.call_from_thread(self.notify, formats.clean(error), severity="error", markup=False)
            return
        self.call_from_thread(self.hand_over, Exported(written, (written,), content=content))
        self.call_from_thread(self.notify, size_words(answer), markup=False)


def csv_path(text: str) -> Path:
    """Where a name leads that a person typed for a CSV file.

    Raises
    ------
    UsageError
    """
    return export.chosen(text, "csv")

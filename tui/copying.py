"""What the screen copies: a view as text, as SQL, as Polars code, as a command line."""

from __future__ import annotations

from ablate_tui.data.errors import AblateError
from ablate_tui.tui import formats
from ablate_tui.tui.clipboard import Clipboard
from ablate_tui.tui.panels.body import Body
from ablate_tui.tui.slice_options import choice_words, command_line
from ablate_tui.tui.views.registry import VIEWS


class Copying(Clipboard):
    """Copies what is shown."""

    def on_header_copy_asked(self) -> None:
        """The header is the slice: y there copies the command line that shows it."""
        self.copy_command()

    def action_copy(self) -> None:
        """Copy the view's table as text."""
        painted = self.query_one(Body).painted
        if painted is not None:
            self.copy(formats.as_text(painted.table), f"copied {len(painted.table.rows):,} rows")

    def copy_sql(self) -> None:
        """Copy the SQL behind the view."""
        self.copy(self.session.sql(VIEWS[self.view_name], self.look), "copied the SQL of this view")

    def copy_polars(self) -> None:
        """Copy Polars code that gives the view's figures."""
        from ablate_tui.tui.polars_source import polars_code

        try:
            code = polars_code(self.session, VIEWS[self.view_name], self.look)
        except AblateError as error:
            self.notify(formats.clean(error), severity="error", markup=False)
            return
        self.copy(code, "copied Polars code for this view")

    def copy_command(self) -> None:
        """Copy the command line that shows this view."""
        look, chosen = self.session.spelled(self.look), choice_words(self.session.choices)
        line = command_line(look, self.sweep.path, self.view_name, chosen)
        if "\0" in line:
            self.notify("not copied: a name has a NUL in it, which no command line can hold", severity="error")
            return
        self.copy(line, "copied the ablate-tui show command of this view")

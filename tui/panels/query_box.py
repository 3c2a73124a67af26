"""The box that a query is typed into, and the queries before it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult

from ablate_tui.tui.panels.text_line import shown

MOST = 100_000  # signs: more of them hold up every key
FAULT = Style(color="red", bold=True, underline=True)


class QueryBox(TextArea):
    """Text of several lines, one of whose words may be marked as at fault; in colours where their package is there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "alt+up,ctrl+up", "past(-1)", "earlier", key_display="alt+↑", tooltip="An earlier query", id="query.earlier"
        ),
        Binding("alt+down,ctrl+down", "past(1)", "later", tooltip="A later query", show=False, id="query.later"),
    ]

    def __init__(self, text: str, id: str | None = None) -> None:
        coloured = find_spec("tree_sitter") is not None and find_spec("tree_sitter_sql") is not None
        super().__init__(text, language="sql" if coloured else None, id=id, soft_wrap=True)
        self.fault: tuple[int, int] | None = None
        self.past: list[str] = []  # the newest last
        self.place = 0  # in the past; its length: the query that is being typed
        self.typed = ""

    def on_mount(self) -> None:
        """Colours that suit the ground, whatever it becomes."""
        self.dress()
        self.watch(self.app, "theme", self.dress, init=False)

    def dress(self) -> None:
        """Take the colours that suit the ground."""
        if self.language:
            self.theme = "vscode_dark" if self.app.current_theme.dark else "github_light"

    def offer(self, query: str) -> None:
        """Put a query in the box, with the cursor behind it."""
        self.load_text(query)
        self.move_cursor(self.document.end)

    def edit(self, edit: Edit) -> EditResult:
        """Type, paste or delete, unless the query would become too long."""
        before = len(self.text)
        after = before - len(self.get_text_range(edit.top, edit.bottom)) + len(edit.text)
        if after <= max(MOST, before):
            return super().edit(edit)
        self.notify(f"a query takes {MOST:,} signs at most", severity="warning")
        return EditResult(edit.to_location, "")

    def remember(self, query: str) -> None:
        """Make a query the newest of the past."""
        if query.strip():
            self.past = [*(other for other in self.past if other != query), query]
        self.place = len(self.past)

    def action_past(self, by: int) -> None:
        """Offer an earlier query, or a later one; after the last comes what was being typed."""
        now = self.text
        if self.place == len(self.past):
            self.typed = now
        queries = [*self.past, self.typed]
        place = self.place + by
        while 0 <= place < len(queries) and queries[place] == now:
            place += by
        if 0 <= place < len(queries):
            self.place = place
            self.offer(queries[place])

    def mark(self, place: tuple[int, int] | None) -> None:
        """Mark the word at a place, or none, and put the cursor there."""
        if place == self.fault:
            return
        self.fault = place
        self.notify_style_update()  # lines are kept as they were painted
        self.refresh()
        if place is not None:
            self.move_cursor(place)

    def scroll_cursor_visible(self, center: bool = False, animate: bool = False) -> Offset:
        """Scroll to the cursor; amid an undo it may still be below the last line, where Textual's box would fail."""
        if self.cursor_location[0] < self.document.line_count:
            return super().scroll_cursor_visible(center, animate)
        return Offset()

    def get_line(self, line_index: int) -> Text:
        """A line, sign for sign as it can be shown, with the fault marked."""
        line = Text(shown(self.document.get_line(line_index)), end="", no_wrap=True)
        if self.fault is not None and self.fault[0] == line_index:
            start = self.fault[1]
            end = next((at for at in range(start, len(line)) if not word_sign(line.plain[at])), len(line))
            line.stylize(FAULT, start, max(end, start + 1))
        return line


def word_sign(sign: str) -> bool:
    """Whether a sign is part of a name."""
    return sign.isalnum() or sign == "_"

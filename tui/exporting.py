"""Export: the dialog, the files, and how they come to where the person is."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from textual import work

from ablate_tui.data.errors import AblateError, SourceError, UsageError
from ablate_tui.queries.cancelling import Cancelled
from ablate_tui.tui import export, export_choice, formats, terminals
from ablate_tui.tui.clipboard import Clipboard
from ablate_tui.tui.export_choice import ExportChoice
from ablate_tui.tui.figure import Figure
from ablate_tui.tui.lean_driver import LeanDriver
from ablate_tui.tui.screens.card import Card
from ablate_tui.tui.screens.export_dialog import ExportDialog, Wish
from ablate_tui.tui.session import Look
from ablate_tui.tui.views.registry import VIEWS

if TYPE_CHECKING:
    from ablate_tui.tui.screens.working import Working


@dataclass(frozen=True)
class Exported:
    """Files that were written."""

    path: Path  # the file, or the folder of several
    files: tuple[Path, ...]
    skipped: tuple[str, ...] = ()  # views that can't be drawn, and why
    png: bytes | None = None  # to be shown
    content: bytes | None = None  # of a single file


W = TypeVar("W", bound="Exporting")
P = ParamSpec("P")


def writing(write: Callable[Concatenate[W, P], None]) -> Callable[Concatenate[W, P], None]:
    """Have a file waited for when the screen is left."""

    @functools.wraps(write)
    def counted(self: W, /, *args: P.args, **more: P.kwargs) -> None:
        with self.lock:
            self.writes += 1
        try:
            write(self, *args, **more)
        finally:
            with self.lock:
                self.writes -= 1

    return counted


class Exporting(Clipboard):
    """Writes views and cards; says where they are, and sends along what the terminal takes."""

    def action_export(self) -> None:
        """Ask how and where, and write the view."""
        name, look = self.view_name, self.look

        def take(wish: Wish) -> None:
            if wish.choice.all_views:
                self.export_all(wish, look)
            else:
                self.export_one(wish, lambda: self.drawn(name, look), lambda: self.told(name, look, wish.choice))

        self.ask_export(export.suggested_name(name, look.slice), len(VIEWS), take)

    def on_card_exporting(self, message: Card.Exporting) -> None:
        """Ask how and where, and write a card."""

        def take(wish: Wish) -> None:
            self.export_one(wish, lambda: message.figure, lambda: b"")

        self.ask_export(message.name, 0, take)

    def ask_export(self, name: str, views: int, take: Callable[[Wish], None]) -> None:
        """Open the dialog; the terminal is asked meanwhile what it can show."""
        last = export_choice.kept()

        def answer(wish: Wish | None) -> None:
            if wish is None:
                return
            try:
                export_choice.keep(wish.choice)
            except SourceError as error:
                self.notify(formats.clean(error), severity="warning", markup=False)
            take(wish)

        dialog = ExportDialog(name, last, views)
        self.push_screen(dialog, answer)
        self.ask_terminal(dialog)

    @work(thread=True, exclusive=True, group="terminal", exit_on_error=False)
    def ask_terminal(self, dialog: ExportDialog) -> None:
        """What the terminal can do: another one may have taken over since the last time, as in tmux."""
        answers = terminals.Answers()
        if isinstance(self._driver, LeanDriver):
            self._driver.ask(terminals.question(os.environ), answers)
        self.terminal = terminals.terminal(os.environ, answers, terminals.tmux_of(os.environ))
        self.call_from_thread(dialog.tell, self.terminal)

    # -- writing, away from the keys

    def drawn(self, name: str, look: Look) -> Figure:
        """A view's figure, as far as it is known by now."""
        view = VIEWS[name]
        return view.figure(self.session.read(view, look), self.session.inputs(look))

    def told(self, name: str, look: Look, choice: ExportChoice) -> bytes:
        """A view's table with all of its rows, as `show` prints it."""
        from ablate_tui.tui.show import TABLES, text_of

        return text_of(self.session.complete(), look, name, TABLES[choice.form]).encode("utf-8", "backslashreplace")

    @work(thread=True, group="export", exit_on_error=False)
    @writing
    def export_one(self, wish: Wish, draw: Callable[[], Figure], tell: Callable[[], bytes]) -> None:
        """Write one file."""
        choice, png = wish.choice, None
        try:
            if choice.form in export.PICTURES:
                figure = draw()
                content = export.render(figure, choice.form, choice.size, choice.dark)
                if choice.preview and self.terminal.pictures:
                    png = content if choice.form == "png" else export.render(figure, "png", choice.size, choice.dark)
            else:
                content = tell()
            path = export.write(content, wish.path)
        except AblateError as error:
            self.call_from_thread(self.notify, formats.clean(error), severity="error", markup=False)
            return
        self.call_from_thread(self.hand_over, Exported(path, (path,), png=png, content=content))

    def export_all(self, wish: Wish, look: Look) -> None:
        """Write every view into a folder, with a way to stop."""
        from ablate_tui.tui.screens.working import Working

        stopped = Event()
        working = Working("Exporting all views", stopped.set)
        self.push_screen(working)
        self.write_all(wish, look, working, stopped)

    @work(thread=True, group="export", exit_on_error=False)
    @writing
    def write_all(self, wish: Wish, look: Look, working: Working, stopped: Event) -> None:
        """One view after the other; one that lacks its data is left out and told."""
        files: list[Path] = []
        skipped: list[str] = []
        try:
            export.make_folder(wish.path)
            for at, (name, view) in enumerate(VIEWS.items(), start=1):
                self.call_from_thread(working.say, f"{at} of {len(VIEWS)}: {view.title}")
                try:
                    content = self.whole(name, look, wish.choice, stopped)
                except Cancelled:
                    break
                except AblateError as error:
                    if isinstance(error, SourceError):
                        raise
                    skipped.append(f"{name} ({error})")
                    continue
                file = f"{export.suggested_name(name, look.slice)}.{wish.choice.form}"
                files.append(export.write(content, wish.path / file))
        except AblateError as error:
            self.call_from_thread(self.notify, formats.clean(error), severity="error", markup=False)
        finally:
            self.call_from_thread(working.dismiss)
        if files or skipped:
            self.call_from_thread(self.hand_over, Exported(wish.path, tuple(files), tuple(skipped)))

    def whole(self, name: str, look: Look, choice: ExportChoice, stopped: Event) -> bytes:
        """A view's file, with all that comes later on the screen.

        Raises
        ------
        UsageError
            There is nothing to draw.
        Cancelled
        """
        from ablate_tui.tui.show import result_of

        view = VIEWS[name]
        if stopped.is_set():
            raise Cancelled
        result = result_of(self.session, look, view, stopped.is_set)
        if choice.form not in export.PICTURES:
            if not view.table(result, self.session.inputs(look)).rows:
                raise UsageError("no rows")
            return self.told(name, look, choice)
        figure = view.figure(result, self.session.inputs(look))
        export.refuse_empty(figure)
        return export.render(figure, choice.form, choice.size, choice.dark)

    # -- handing over

    def hand_over(self, made: Exported) -> None:
        """Show the picture where that was asked for; then say where the files are."""
        self.exported.extend(made.files)
        if made.png is None:
            self.tell_export(made)
            return
        from ablate_tui.tui.screens.preview import Preview

        self.clear_notifications()  # they would lie over it
        preview = Preview(made.png, str(made.path), self.terminal, self.send)
        self.push_screen(preview, lambda _: self.tell_export(made))

    def tell_export(self, made: Exported) -> None:
        """Say where it is and how to fetch it."""
        if not made.files:
            self.tell_written(made)
            return
        line = export.scp_line(made.path)

        def told(why: str) -> None:
            self.tell_written(made, f"{why}: {line}" if why else "the scp line is in your clipboard")

        self.hand(line, told)

    def tell_written(self, made: Exported, fetched: str = "") -> None:
        """Say where it is, and offer it to a terminal that takes files from afar."""
        from ablate_tui.tui import sending

        many = f"{len(made.files)} files in " if made.content is None else ""
        lines = [f"wrote {many}{made.path}"]
        if made.skipped:
            lines.append(f"left out: {'; '.join(made.skipped)}")
        if fetched:
            lines.append(fetched)
        if made.content is not None and self.terminal.downloads and os.environ.get("SSH_CONNECTION"):
            if len(made.content) > sending.LARGEST:
                lines.append(f"too large to offer as a download (over {sending.LARGEST >> 20} MB)")
            else:
                self.send(sending.download(made.path.name, made.content, self.terminal))
                lines.append("offered to iTerm2 as a download")
        self.notify("\n".join(map(formats.clean, lines)), markup=False, timeout=8 if len(lines) < 3 else 15)

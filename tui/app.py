"""The screen: its keys and panels, and what comes back from the workers."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import Any, ClassVar

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.containers import Vertical
from textual.screen import Screen
from textual.timer import Timer

from ablate_tui.tui import export, formats
from ablate_tui.tui.computing import Computing
from ablate_tui.tui.config import Config
from ablate_tui.tui.copying import Copying
from ablate_tui.tui.following import Following
from ablate_tui.tui.keeping import Keeping
from ablate_tui.tui.keymap import bindings_of, keys_of, remapped
from ablate_tui.tui.leaving import Leaving
from ablate_tui.tui.painters.grid import Row
from ablate_tui.tui.panels.body import Body
from ablate_tui.tui.panels.ground import Beside, Column
from ablate_tui.tui.panels.header import Header
from ablate_tui.tui.panels.keys_line import KeysLine
from ablate_tui.tui.panels.lines import Lines
from ablate_tui.tui.panels.ranking import Ranking
from ablate_tui.tui.panels.switch_list import SwitchList
from ablate_tui.tui.panels.tab_bar import TabBar
from ablate_tui.tui.panels.view_table import ViewTable
from ablate_tui.tui.querying import Querying
from ablate_tui.tui.screens.card import Card
from ablate_tui.tui.screens.help import Help
from ablate_tui.tui.screens.once import Sized
from ablate_tui.tui.screens.palette import Offered, Palette
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.steering import Steering
from ablate_tui.tui.theming import Themed
from ablate_tui.tui.views.base import level_words
from ablate_tui.tui.views.registry import VIEWS

ALONE = 0.05  # seconds until counts and effects are shown without the view: each paint costs as much as a view's
DEFAULTS = Config()
SMALL = (40, 12)  # columns and rows below which nothing can be read
WIDE = 100  # columns from which the switch list shows counts and bars


def too_small(width: int, height: int) -> list[Row]:
    """What is said in place of everything, as far as it goes."""
    said = f"{width}×{height} is too small; {SMALL[0]}×{SMALL[1]} will do"
    return [(Segment(line),) for line in formats.folded(said, max(1, width))]


class Panels(Sized, Screen[None]):
    """The screen of the panels: the switches have the keys, not the header before them."""

    AUTO_FOCUS = "#switches"


class AblateApp(Steering, Copying, Querying, Following, Keeping, Themed, Leaving):
    """An open sweep on the screen."""

    CSS_PATH = "app.tcss"
    TITLE = "ablate-tui"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {Offered}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "c",
            "contrast",
            "contrast",
            tooltip="Make the switch under the cursor the contrast",
            id="contrast",
        ),
        Binding("v", "part", "part", tooltip="Next part of the view: table, plots", id="part"),
        Binding("e", "export", "export", tooltip="Export the view as a picture or a table", id="export"),
        Binding("question_mark,f1", "help", "help", key_display="?", id="help"),
        Binding("q", "quit", "quit", id="quit"),
        Binding("slash", "find", "find", tooltip="Find a switch", id="find"),
        Binding("R", "take", "take in", tooltip="Take in the runs that are new in the source", show=False, id="take"),
        Binding("r", "response", "response", tooltip="Choose the response: a column or SQL", id="response"),
        Binding("Q", "sql", "SQL", tooltip="Ask the runs in SQL", show=False, id="sql"),
        Binding("x", "clear", "clear", tooltip="Clear all filters", id="clear"),
        Binding("u", "undo", "undo", tooltip="Undo the last change of the slice", id="undo"),
        Binding("s", "sort", "sort", tooltip="Sort the table by the next column", id="sort"),
        Binding("f", "fail", "failed", tooltip="Say which runs failed: a SQL condition", show=False, id="fail"),
        Binding("m", "model", "model", tooltip="Terms of the location model", show=False, id="model"),
        Binding("S", "reverse", "reverse", tooltip="Sort the other way round", show=False, id="reverse"),
        Binding("o", "color", "colour", tooltip="Next colour of the dependence plot", show=False, id="color"),
        Binding(
            "t",
            "target",
            "target",
            tooltip="Importance and half-normal plot for the mean or for the spread",
            show=False,
            id="target",
        ),
        Binding("n", "notes", "notes", tooltip="Read all notes of the view", show=False, id="notes"),
        Binding("y", "copy", "copy", tooltip="Copy the view as text", show=False, id="copy"),
        Binding("w", "save", "save slice", tooltip="Save the slice under a name", show=False, id="save"),
        Binding("W", "saved", "saved slices", tooltip="List the saved slices", show=False, id="saved"),
        Binding(
            "b",
            "beside",
            "beside",
            tooltip="Set a saved slice beside this one, or end that",
            show=False,
            id="beside",
        ),
        Binding("ctrl+r", "redo", "redo", tooltip="Redo it", show=False, id="redo"),
        Binding("left_square_bracket", "neighbour(-1)", "previous view", show=False, id="previous"),
        Binding("right_square_bracket", "neighbour(1)", "next view", show=False, id="next"),
        *(
            Binding(str(at % 10), f"view('{name}')", f"view {name}", show=False, id=f"view.{name}")
            for at, name in enumerate(list(VIEWS)[:10], start=1)
        ),
        Binding(
            "ctrl+z",
            "suspend_process",
            "suspend",
            tooltip="Leave for the shell; fg comes back",
            show=False,
            id="suspend",
        ),
        Binding("escape", "cancel", "to the switches; there, stop what is being computed", show=False, id="cancel"),
    ]

    def __init__(self, session: Session, look: Look, follow: bool = False, config: Config = DEFAULTS) -> None:
        super().__init__(session, look)
        self.view_name = config.view
        self.keys = config.keys
        self.set_keymap(self.keys)
        self.take_theme(config)
        self.follows = follow
        self.glanced: Computing.Glanced | None = None  # what is about to be shown beside it
        self.alone: Timer  # shows that without the view

    # -- layout

    def get_default_screen(self) -> Screen[None]:
        """The screen of the panels."""
        return Panels(id="_default")

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield Header(id="header")
        yield TabBar(VIEWS, id="tabs")
        with Beside(id="main"):
            with Column(id="side"):
                yield SwitchList(id="switches")
                yield Ranking(id="ranking")
            with Vertical(id="right"):
                yield Body(id="body")
        yield KeysLine()
        yield Lines(id="small")

    def on_mount(self) -> None:
        """Show the first figures."""
        gc.freeze()  # what was loaded stays: a full collection would walk through all of it amid some key
        gc.enable()
        self.animation_level = "none"
        self.follow_theme()
        self.query_one(Header).say("reading …")
        self.set_class(self.size.width >= WIDE, "wide")
        switches = self.query_one(SwitchList)
        table = self.sweep
        switches.show(table.factors, self.look.slice, ())
        if self.look.focus is None and table.factors:
            self.history.present = replace(self.look, focus=table.factors[0].name)
        if self.look.focus:
            switches.go_to(self.look.focus)
        for note in dict.fromkeys((*self.session.notes, *table.notes)):
            self.notify(formats.clean(note), markup=False, timeout=8)
        self.call_after_refresh(self.refresh_look)
        self.watch_source()

    def on_unmount(self) -> None:
        """Let go of what is being computed.

        The freeze is undone, or libraries that count their objects at the end of the process call them leaks.
        """
        self.latest = None
        self.left.set()
        gc.unfreeze()

    def on_resize(self, event: events.Resize) -> None:
        """Take the form that goes with the size."""
        width, height = event.size
        self.set_class(width >= WIDE, "wide")
        small = width < SMALL[0] or height < SMALL[1]
        self.set_class(small, "small")
        if small:
            self.query_one("#small", Lines).show(too_small(width, height))

    def on_body_resized(self) -> None:
        """Paint again in the new size; the first one is asked for anyway."""
        if self.asked is not None and self.asked != self.sizes():
            self.refresh_view()

    # -- what comes back

    @contextlib.asynccontextmanager
    async def at_once(self) -> AsyncIterator[None]:
        """Have what several widgets change painted in one go.

        Each of them tells the screen by a message of its own, two turns of the event loop later; the first of
        these would start a paint of its widget alone, and the next paint has to wait.
        """
        screen = self.screen
        with self.batch_update():
            yield
            for _ in range(3):
                await asyncio.sleep(0)
        screen.check_idle()

    async def on_computing_glanced(self, message: Computing.Glanced) -> None:
        """Show counts and effects with the view that follows, or by themselves where it takes longer."""
        if self.glanced is None:
            self.alone = self.set_timer(ALONE, self.show_glances_alone)
        self.glanced = message

    async def show_glances_alone(self) -> None:
        """Show counts and effects where no view has brought them along."""
        if self.glanced is not None and self.query(Header):  # not amid leaving
            async with self.at_once():
                self.show_glances()

    def show_glances(self) -> None:
        """Show the newest counts and effects, unless the person has gone on."""
        message, self.glanced = self.glanced, None
        if message is None:
            return
        self.alone.stop()  # or it would show a later key's before their view
        if message.look.step == self.look.step:
            self.query_one(Header).tell(message.sample, message.trouble, message.beside, message.look.versus)
            self.query_one(SwitchList).show(message.sample.table.factors, message.look.slice, message.glances)

    async def on_computing_ready(self, message: Computing.Ready) -> None:
        """Show a view, unless the person has gone on."""
        painted, view = message.painted, VIEWS[self.view_name]
        asked_for = painted.view == view.name and painted.sizes == self.sizes()
        if asked_for and message.look.seen_by(view) == self.look.seen_by(view):
            self.ready = message
            async with self.at_once():
                self.show_glances()
                self.query_one(Body).show(painted)
                self.enter_table()
            self.call_after_refresh(self.tell_seen, message)
        else:
            self.tell_seen(message)

    def tell_seen(self, message: Computing.Ready) -> None:
        """Let the worker go on that waits for the screen."""
        message.seen = True
        self.stirred.set()

    async def on_computing_waiting(self, message: Computing.Waiting) -> None:
        """Say that the view takes a while, in place of figures that are of an older look."""
        await self.show_glances_alone()
        view = VIEWS[self.view_name]
        if message.view == view.name and message.look.seen_by(view) == self.look.seen_by(view):
            self.query_one(Body).say(f"{view.title}: {message.words} …")

    def on_computing_ranked(self, message: Computing.Ranked) -> None:
        """Show the ranking; the first one of a slice starts the slow part, another view does not start it again."""
        key = Session.importance_key(message.look)
        if key != Session.importance_key(self.look):
            return
        ranking = self.query_one(Ranking)
        if message.importance is not ranking.importance:
            ranking.show(message.importance)
        if message.first and not message.importance.finished and self.refined != key:
            self.refined = key
            self.compute_uncertainty(message.look)
        gc.freeze()  # LightGBM and what it needs are loaded by now
        view = VIEWS[self.view_name]
        if not message.first and view.uses_importance and (view.uses_refits or message.importance.refits is None):
            self.refresh_view()

    def on_computing_failed(self, message: Computing.Failed) -> None:
        """Say why a look could not be computed, and go back to the one before.

        A source that doesn't give a view what it wants is no reason to go back: the step before would fail as well,
        and the one before that.
        """
        if message.look.step != self.look.step:
            return
        self.notify(formats.clean(message.words), severity="error", markup=False)
        if not message.stands and self.history.undo():
            self.refresh_look()
        else:
            self.query_one(Body).say(message.words)

    def on_computing_carded(self, message: Computing.Carded) -> None:
        """Open a row's card, unless the person has gone on."""
        if message.look.step != self.look.step or message.view != self.view_name:
            return
        slice_ = replace(message.look.slice, contrast=None)  # a card is about its row, whatever is contrasted
        name = export.suggested_name(message.figure.name or message.view, slice_)
        self.push_screen(Card(message.figure, name))

    # -- help and palette

    def action_help(self) -> None:
        """Show all keys and views."""
        from ablate_tui.tui.panels.query_box import QueryBox
        from ablate_tui.tui.panels.result_table import ResultTable
        from ablate_tui.tui.screens.sql import SqlScreen

        groups: dict[str, list[Binding]] = {
            "Switches": bindings_of(SwitchList),
            "Everywhere": [
                *bindings_of(type(self)),
                Binding("tab", "", "next panel"),
                Binding("ctrl+p", "", "command palette"),
            ],
            "Header": bindings_of(Header),
            "Table": bindings_of(ViewTable),
            "What enter opens in some tables": bindings_of(Card),
            "The SQL view": [*bindings_of(SqlScreen), *bindings_of(QueryBox), *bindings_of(ResultTable)],
        }
        groups = {title: [remapped(b, self.keys) for b in bindings] for title, bindings in groups.items()}
        self.push_screen(Help(groups, VIEWS))

    def action_command_palette(self) -> None:
        """Open the command palette, unless it is open."""
        if not any(isinstance(screen, Palette) for screen in self.screen_stack):
            self.push_screen(Palette())

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the command palette offers."""
        for view in VIEWS.values():
            yield SystemCommand(f"View: {view.title}", view.about, lambda name=view.name: self.action_view(name))
        for binding in bindings_of(type(self)):
            if binding.tooltip:
                yield SystemCommand(
                    binding.tooltip,
                    f"key {keys_of(remapped(binding, self.keys))}",
                    lambda b=binding: self.call_later(self.run_action, b.action),
                )
        yield from self.theme_commands()
        yield SystemCommand("Copy the SQL of this view", "Ready to paste into DuckDB", self.copy_sql)
        yield SystemCommand("Copy Polars code for this view", "Ready to paste into a notebook", self.copy_polars)
        yield SystemCommand("Copy the command line of this view", "ablate-tui show …", self.copy_command)
        table = self.sweep
        for factor in table.factors[:100]:
            for level in factor.levels[:10]:
                yield SystemCommand(
                    f"Keep {formats.unmarked(factor.name)} = {formats.unmarked(level_words(factor, level))}", "Filter",
                    lambda n=factor.name, v=level: self.go(replace(self.look, slice=self.look.slice.with_levels(
                        self.sweep, n, (v,)))),
                )  # fmt: skip

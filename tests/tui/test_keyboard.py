"""Everything by the keyboard alone: the focus reaches every widget, and every dialog opens and closes."""

from __future__ import annotations

import asyncio

import pytest
from tests.tui.test_app import opened, settle
from textual.command import CommandPalette

from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.keymap import all_bindings
from ablate_tui.tui.panels.switch_list import SwitchList
from ablate_tui.tui.panels.view_table import ViewTable
from ablate_tui.tui.screens.ask import Ask
from ablate_tui.tui.screens.card import Card
from ablate_tui.tui.screens.details import Details
from ablate_tui.tui.screens.export_dialog import ExportDialog
from ablate_tui.tui.screens.help import Help
from ablate_tui.tui.screens.saved_slices import SavedSlices
from ablate_tui.tui.screens.sql import SqlScreen
from ablate_tui.tui.views.registry import VIEWS

pytestmark = pytest.mark.usefixtures("few_refits")


async def walk(pilot) -> set[str]:
    """The widgets that tab goes through until it is back at the first, and that shift+tab goes back through."""
    seen = []
    for key in ("tab", "shift+tab"):
        start, way = pilot.app.focused, []
        while True:
            await pilot.press(key)
            way.append(pilot.app.focused)
            if pilot.app.focused is start or len(way) > 50:
                break
        assert way[-1] is start, key
        seen.append({widget.id for widget in way if widget is not None})
    assert seen[0] == seen[1]
    return seen[0]


async def test_tab_reaches_whatever_can_have_the_focus(runs):
    """In every view."""
    async with opened(runs) as pilot:
        for _ in VIEWS:
            able = {w.id for w in pilot.app.screen.query("*") if w.focusable and w.display}
            assert await walk(pilot) == able
            assert "switches" in able
            await pilot.press("right_square_bracket")
            await settle(pilot)


async def test_a_dialog_that_is_closed_before_it_is_made(runs, monkeypatch):
    """Two keys in one go: nothing fails, nothing stays."""
    push = AblateApp.push_screen

    def push_and_close(app, screen, *more, **options):
        pushed = push(app, screen, *more, **options)
        app.screen.dismiss()
        return pushed

    async with opened(runs) as pilot:
        monkeypatch.setattr(AblateApp, "push_screen", push_and_close)
        for key in ("r", "f", "m", "slash", "w", "e", "W", "Q", "question_mark", "n", "ctrl+p"):
            await pilot.press(key)
            await settle(pilot)
            assert len(pilot.app.screen_stack) == 1, key


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("key", ["r", "e", "W", "question_mark", "Q"])
async def test_a_dialog_that_is_closed_under_another(runs, key, early):
    """What came over it goes too, be it half made, and nothing stays that no key closes."""
    async with opened(runs) as pilot:
        await pilot.press(key)
        await settle(pilot)
        dialog = pilot.app.screen
        if early:
            pilot.app.action_command_palette()
        else:
            await pilot.press("ctrl+p")
        assert isinstance(pilot.app.screen, CommandPalette)
        for _ in range(2):
            dialog.dismiss()
        await settle(pilot)
        assert len(pilot.app.screen_stack) == 1
        await pilot.press("3")
        await settle(pilot)
        assert pilot.app.query_one("#body").painted.view == "effects"


async def test_a_palette_that_is_closed_while_it_searches(runs):
    """At whatever moment of its end it would show that it is busy: its parts are gone before it."""
    async with opened(runs) as pilot:
        for moment in range(25):
            await pilot.press("ctrl+p")
            palette = pilot.app.screen
            palette.dismiss()
            for _ in range(moment):
                await asyncio.sleep(0)
            palette._show_busy = True
            await settle(pilot)
            assert pilot.app.is_running
            assert len(pilot.app.screen_stack) == 1


@pytest.mark.parametrize(
    ("keys", "dialog"),
    [
        (("r",), Ask), (("f",), Ask), (("m",), Ask), (("slash",), Ask), (("w",), Ask),
        (("e",), ExportDialog), (("W",), SavedSlices), (("Q",), SqlScreen),
        (("question_mark",), Help), (("ctrl+p",), CommandPalette),
        (("7", "tab", "enter"), Card), (("0", "tab", "enter"), Details),
        (("right_square_bracket",) * 10 + ("tab", "down", "enter"), Ask),
    ],
)  # fmt: skip
async def test_every_dialog_opens_and_closes_and_the_focus_comes_back(keys, dialog, runs):
    """And within it, tab reaches whatever can have the focus."""
    async with opened(runs) as pilot:
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        app = pilot.app
        assert isinstance(app.screen, dialog)
        able = {w.id for w in app.screen.query("*") if w.focusable and w.display}
        # the palette's tab stays in its line, and a list without a line is not shown
        if app.focused is not None and app.focused.display and dialog is not CommandPalette:
            assert await walk(pilot) == able
        await pilot.press("escape")
        await settle(pilot)
        if isinstance(app.screen, dialog):  # the palette's first escape leaves its list
            await pilot.press("escape")
            await settle(pilot)
        assert len(app.screen_stack) == 1
        assert isinstance(app.focused, SwitchList | ViewTable)


async def test_every_message_of_the_mouse_has_a_key(runs):
    """Whatever a click does: tabs by digits and brackets, headings by s, rows by enter, states by space."""
    known = all_bindings()
    for id_ in ("list.toggle", "list.enter", "list.open", "table.enter", "sort", "reverse", "previous", "next"):
        assert known[id_].key
    assert all(known[f"view.{name}"].key for name in list(VIEWS)[:10])


def test_every_binding_says_what_it_does():
    """It feeds help, and the comments of `config`."""
    for id_, binding in all_bindings().items():
        assert binding.tooltip or binding.description, id_

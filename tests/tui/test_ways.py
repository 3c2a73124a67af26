"""Ways through the screen: to the table and back, to the notes, to a view that is slow to come."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest
from rich.cells import cell_len
from tests.tui.test_app import keys_to, opened, settle
from textual import events
from textual.geometry import Size
from textual.widgets import Static

from ablate_tui.tui.panels.body import Body
from ablate_tui.tui.panels.lines import Lines
from ablate_tui.tui.panels.switch_list import SwitchList
from ablate_tui.tui.panels.view_table import ViewTable
from ablate_tui.tui.views.registry import VIEWS

pytestmark = pytest.mark.usefixtures("few_refits")


async def test_tab_brings_up_a_table_that_a_small_screen_hides(runs):
    """From the switches to the table and, with escape, back to them from wherever one is."""
    async with opened(runs, (80, 24)) as pilot:
        await pilot.press(*keys_to("best"), "v")
        await settle(pilot)
        table = pilot.app.query_one(ViewTable)
        assert not table.display
        await pilot.press("tab")
        await settle(pilot)
        assert table.display
        assert pilot.app.focused is table
        await pilot.press("escape")
        assert isinstance(pilot.app.focused, SwitchList)
        await pilot.press("v")
        await settle(pilot)
        await pilot.press("shift+tab")  # the header, past a table that is hidden
        await pilot.press("escape")
        assert isinstance(pilot.app.focused, SwitchList)


async def test_all_notes_can_be_read(runs):
    """The line under a view is cut and says so; n shows the whole of it."""
    async with opened(runs, (80, 24)) as pilot:
        await pilot.press(*keys_to("pairs"))
        await settle(pilot)
        body = pilot.app.query_one(Body)
        line = "".join(piece.text for piece in body.remarks(body.painted))
        assert line.endswith(" n: all notes ")
        assert cell_len(line) == body.size.width
        await pilot.press("n")
        await settle(pilot)
        said = " ".join(str(part.render()) for part in pilot.app.screen.query(Static))
        assert all(note in said for note in (*body.painted.figure.notes, *body.painted.table.notes))
        box = pilot.app.screen.query_one(".dialog").region
        assert abs(box.x - (80 - box.right)) <= 1  # in the middle
        await pilot.press("n")
        assert len(pilot.app.screen_stack) == 1


async def test_a_view_that_takes_a_while_is_named(runs, monkeypatch):
    """The view before does not stay under the next one's tab."""
    go_on = threading.Event()

    def late(inputs):
        go_on.wait(60)
        return VIEWS["compare"].read(inputs)

    async with opened(runs) as pilot:
        monkeypatch.setitem(VIEWS, "design", replace(VIEWS["compare"], name="design", title="Design", read=late))
        try:
            pilot.app.action_view("design")
            while pilot.app.query_one(Body).painted is not None:
                await pilot.pause(0.02)
            caption = pilot.app.query_one("#caption", Lines).lines[0]
            assert "Design …" in "".join(piece.text for piece in caption)
        finally:
            go_on.set()
        await settle(pilot)
        assert pilot.app.query_one(Body).painted.view == "design"


async def test_a_dependence_is_never_coloured_by_its_own_switch(runs):
    """o goes on to the next other switch."""
    async with opened(runs) as pilot:
        await pilot.press("c", *keys_to("dependence"), "o")
        await settle(pilot)
        assert pilot.app.look.color == "use_bias"


async def test_sizes_that_wait_do_not_follow_each_other_without_end(runs):
    """Of two sizes between other messages, as in a storm, Textual would send each again for the other."""
    async with opened(runs) as pilot:
        await pilot.press("Q")
        await settle(pilot)
        app, screen = pilot.app, pilot.app.screen
        laid_out = []
        screen.screen_layout_refresh_signal.subscribe(screen, lambda _: laid_out.append(screen.size))
        small, large = Size(80, 24), Size(120, 36)
        app._size = small  # the newest one
        for size in (small, large, small, large, small):
            screen.post_message(events.Resize(size, size))
            screen.call_later(lambda: None)
        for _ in range(500):
            await asyncio.sleep(0)
        assert len(laid_out) < 20
        assert screen.size == small


async def test_figures_that_come_while_the_screen_is_taken_down_are_no_fault(runs):
    """The panels go before the app that has been sent the figures."""

    async def send(app):
        while app.query(Body):
            await asyncio.sleep(0)
        gone.append(app.post_message(app.ready))

    gone: list[bool] = []
    async with opened(runs) as pilot:
        sent = asyncio.create_task(send(pilot.app))
    await sent
    assert gone == [True]  # taken, with no panel to show them

"""What a key costs: looks that are computed, widgets that are painted."""

from __future__ import annotations

import threading

import pytest
from tests.tui.test_app import opened, settle, words
from textual.events import Key
from textual.geometry import Region
from textual.widget import Widget

from ablate_tui.tui.panels.body import Body
from ablate_tui.tui.session import Session

pytestmark = pytest.mark.usefixtures("few_refits")


@pytest.fixture
def gate(monkeypatch):
    """Views are read once the gate is open; tells which looks were read."""
    opens, looks, read = threading.Event(), [], Session.read

    def wait_and_read(session, view, look, cancelled=None):
        looks.append(look)
        assert opens.wait(60)
        return read(session, view, look, cancelled)

    monkeypatch.setattr(Session, "read", wait_and_read)
    opens.set()
    yield opens, looks
    opens.set()


@pytest.fixture
def painted(monkeypatch):
    """The widgets that asked to be painted, by id, with the lines that they named; none: all of them."""
    asked: dict[str, list[Region]] = {}
    refresh = Widget.refresh

    def recorded(widget, *regions, **options):
        asked.setdefault(widget.id or type(widget).__name__, []).extend(regions)
        return refresh(widget, *regions, **options)

    monkeypatch.setattr(Widget, "refresh", recorded)
    return asked


async def test_of_held_keys_only_the_first_and_the_last_look_are_computed(runs, gate):
    """Thirty spaces while the first one's view is being read: one more look is computed, the final one."""
    opens, looks = gate
    async with opened(runs) as pilot:
        await pilot.press("down")
        await settle(pilot)
        opens.clear()
        looks.clear()
        for _ in range(31):
            pilot.app.post_message(Key("space", " "))
        while len(pilot.app.history.past) < 31:
            await pilot.pause()
        opens.set()
        await settle(pilot)
        assert len(looks) <= 2
        assert pilot.app.look.slice.set == {"use_bias": ("true",)}
        assert looks[-1].step == pilot.app.look.step == pilot.app.ready.look.step
        assert "24 of 48 runs" in words(pilot, "#header")


async def test_a_view_that_comes_late_is_not_shown(runs, gate, monkeypatch):
    """A view that is ready after the next key was pressed never reaches the screen."""
    opens, looks = gate
    async with opened(runs) as pilot:
        await pilot.press("down")
        await settle(pilot)
        shown = []
        show = Body.show
        monkeypatch.setattr(Body, "show", lambda body, painted: (shown.append(painted), show(body, painted)))
        opens.clear()
        looks.clear()
        await pilot.press("space")
        while not looks:
            await pilot.pause()
        await pilot.press("space")
        opens.set()
        await settle(pilot)
        assert [look.slice.set for look in looks] == [{"use_bias": ("true",)}, {"use_bias": ("false",)}]
        assert len(shown) == 1
        assert shown[0] is pilot.app.ready.painted
        assert pilot.app.ready.look.slice.set == {"use_bias": ("false",)}


async def test_a_toggle_paints_what_it_changes(runs, painted):
    """Tabs, footer and containers stay; of the list and the plots, lines are painted, not the whole."""
    async with opened(runs) as pilot:
        await pilot.press("down")
        await settle(pilot)
        painted.clear()
        await pilot.press("space")
        await settle(pilot)
        assert set(painted) <= {"header", "switches", "table", "plots", "remarks", "ranking-head", "ranking-rows"}
        assert {"header", "switches", "plots", "ranking-rows"} <= set(painted)
        assert all(region.height == 1 for region in painted["switches"] + painted["plots"])
        assert painted["plots"]


async def test_the_same_again_paints_nothing(runs, painted):
    """A look that is computed again, and a while without keys."""
    async with opened(runs) as pilot:
        painted.clear()
        pilot.app.refresh_look(slice_changed=False)
        await settle(pilot)
        for _ in range(5):
            await pilot.pause()
        assert not painted

"""Tabs for as many views as there will be, in lines of any width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App

from ablate_tui.tui.panels.tab_bar import LEFT, RIGHT, TabBar, tabs

ALL = (
    *("findings", "compare", "effects", "pairs", "importance", "dependence"),
    *("interactions", "halfnormal", "best", "runs", "x", "design"),
)


def line(names, active, room):
    return "".join(tab.text for tab in tabs(names, active, room))


def test_all_names_where_there_is_room():
    """The digits are those of the keys; from the eleventh on there are none."""
    assert line(ALL, "x", 200) == (
        " 1 findings 2 compare 3 effects 4 pairs 5 importance 6 dependence 7 interactions 8 halfnormal 9 best 0 runs"
        "[x] design"
    )


def test_eighty_columns():
    """The selected tab and its neighbours have their names, the others their digits."""
    assert line(ALL, "importance", 80) == " 1 2 3 effects 4 pairs[5 importance] 6 dependence 7 interactions 8 9 0 · ·"
    assert line(ALL, "design", 80).endswith("9 best 0 runs x[design]")


def test_almost_no_room():
    """Arrows stand for what is cut off, on the side where it is."""
    assert line(ALL, "findings", 20) == "[1 findings] 2 3 ›"
    assert line(ALL, "dependence", 20) == " ‹[6 dependence] 7 ›"
    assert line(ALL, "design", 20).startswith(LEFT)
    assert not line(ALL, "design", 20).endswith(RIGHT)


@given(st.integers(1, len(ALL)), st.integers(0, 11), st.integers(7, 200))
def test_the_selected_tab_is_always_in_sight(count, at, room):
    """Within the line, once, in brackets; the tabs about it are in order, and an arrow stands for the others."""
    names = ALL[:count]
    active = names[at % count]
    shown = tabs(names, active, room)
    assert len("".join(tab.text for tab in shown)) <= room
    assert [tab.view for tab in shown if tab.text.startswith("[")] == [active]
    places = [names.index(tab.view) for tab in shown]
    assert places == list(range(places[0], places[-1] + 1))
    assert (places[0] == 0) or shown[0].text == LEFT
    assert (places[-1] == count - 1) or shown[-1].text == RIGHT


@pytest.mark.parametrize("width", [200, 80, 24, 12])
async def test_the_mouse_reaches_every_view(width):
    """A click on a tab, or on an arrow, picks a view; going on like that reaches all of them."""

    class Bar(App[None]):
        picked = ALL[0]

        def compose(self):
            yield TabBar(dict.fromkeys(ALL), id="tabs")

        def on_tab_bar_picked(self, message):
            self.picked = message.view
            self.query_one(TabBar).mark(message.view)

    async with Bar().run_test(size=(width, 3)) as pilot:
        bar = pilot.app.query_one(TabBar)
        bar.mark(ALL[0])
        for name in ALL[1:]:
            start = next(start for start, _, view in bar.spans if view == name)
            await pilot.click("#tabs", offset=(start + 1, 0))
            await pilot.pause()
            assert pilot.app.picked == name
        for name in ALL[-2::-1]:
            start = next(start for start, _, view in bar.spans if view == name)
            await pilot.click("#tabs", offset=(start + 1, 0))
            await pilot.pause()
            assert pilot.app.picked == name

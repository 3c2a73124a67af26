"""Large sweeps on the screen: what looks at every run comes later, and no key waits for it.

What is large is for once any sweep.
"""

from __future__ import annotations

import threading

import pytest
from tests.tui.test_app import keys_to, opened, settle, words

from ablate_tui.data import schema
from ablate_tui.queries.cancelling import Cancelled
from ablate_tui.queries.reasons import PENDING
from ablate_tui.tui import computing
from ablate_tui.tui.session import Session
from ablate_tui.tui.views.registry import VIEWS

pytestmark = pytest.mark.usefixtures("few_refits")


@pytest.fixture
def gate(monkeypatch):
    """Every sweep is large; views that look at every run are read once the gate is open."""
    monkeypatch.setattr(schema, "LARGE", 1)
    opens, ended, read = threading.Event(), [], Session.read

    def wait_and_read(session, view, look, cancelled=None):
        if cancelled is None:
            return read(session, view, look)
        assert opens.wait(60)
        try:
            found = read(session, view, look, cancelled)
        except Cancelled:
            ended.append((view.name, look.slice.set, "cancelled"))
            raise
        ended.append((view.name, look.slice.set, "read"))
        return found

    monkeypatch.setattr(Session, "read", wait_and_read)
    yield opens, ended
    opens.set()


async def until(pilot, condition) -> None:
    """Let the screen go on until something holds."""
    while not condition():
        await pilot.pause()


def wilcoxon(pilot) -> list[object]:
    table = pilot.app.ready.painted.table
    at = [column.field for column in table.columns].index("wilcoxon_p")
    return [row[at] for row in table.rows]


async def test_the_effects_table_shows_what_is_at_hand_first(runs, gate):
    opens, ended = gate
    async with opened(runs) as pilot:
        await pilot.press(*keys_to("effects"))
        await settle(pilot)
        assert pilot.app.ready.painted.view == "effects"
        first = pilot.app.ready.result
        assert all(row.wilcoxon_p is None and row.mann_whitney_p is None for row in first.rows)
        assert all(row.mean_diff is not None for row in first.rows)
        assert any(note.reason == PENDING for note in first.notes)
        assert "pairs and ranks still to come" in words(pilot, "#caption")
        opens.set()
        await until(pilot, lambda: pilot.app.ready.result is not first)
        assert all(value is not None for value in wilcoxon(pilot))
        assert ended == [("effects", {}, "read")]
        await settle(pilot)
        assert "to come" not in words(pilot, "#caption")
        await pilot.press("1", "3")  # what was read stays at hand
        await settle(pilot)
        assert all(value is not None for value in wilcoxon(pilot))


async def test_a_key_gives_up_what_the_one_before_still_waits_for(runs, gate):
    opens, ended = gate
    async with opened(runs) as pilot:
        await pilot.press("down", *keys_to("effects"))
        await settle(pilot)
        await pilot.press("space")
        await settle(pilot)
        assert pilot.app.ready.look.slice.set == {"use_bias": ("true",)}
        opens.set()
        await until(pilot, lambda: len(ended) == 2)
        assert sorted(ended, key=str) == [
            ("effects", {"use_bias": ("true",)}, "read"),
            ("effects", {}, "cancelled"),
        ]
        await until(pilot, lambda: any(value is not None for value in wilcoxon(pilot)))
        assert pilot.app.ready.look.slice.set == {"use_bias": ("true",)}


async def test_what_is_being_read_is_read_once(runs, gate):
    """However often it is asked for meanwhile: findings are of the whole sweep, whatever is toggled."""
    opens, ended = gate
    async with opened(runs) as pilot:
        await pilot.press("down", "space", "down", *keys_to("findings"), "space", "space", "space")
        await settle(pilot)
        opens.set()
        await until(pilot, lambda: pilot.app.ready.painted.view == "findings")
        await settle(pilot)
        assert [name for name, _, _ in ended] == ["findings"]


async def test_a_view_without_a_first_stage_says_what_it_waits_for(runs, gate):
    opens, _ = gate
    async with opened(runs) as pilot:
        await pilot.press(*keys_to("pairs"))
        await settle(pilot)
        assert "Pairs: looking at every one of 48 runs" in words(pilot, "#caption")
        assert not pilot.app.query_one("#table").display
        await pilot.press(*keys_to("compare"))  # keys go on meanwhile
        await settle(pilot)
        assert pilot.app.ready.painted.view == "compare"
        opens.set()
        await pilot.press(*keys_to("pairs"))
        await until(pilot, lambda: pilot.app.ready.painted.view == "pairs")
        assert pilot.app.ready.result.total > 0


def test_only_views_that_look_at_every_run_are_read_aside():
    assert [name for name, view in VIEWS.items() if view.by_runs] == ["findings", "effects", "pairs", "curves"]


@pytest.mark.parametrize("view", ["findings", "effects"])
async def test_the_tests_of_very_many_switches_are_read_aside(runs, gate, monkeypatch, view):
    """As those of very many runs: it is said, keys go on, and the view comes in the end."""
    opens, ended = gate
    monkeypatch.setattr(schema, "LARGE", 10**9)
    monkeypatch.setattr(computing, "MANY", 2)
    async with opened(runs) as pilot:
        await pilot.press(*keys_to(view))
        await settle(pilot)
        assert "looking at every one of" in words(pilot, "#caption")
        assert "factors" in words(pilot, "#caption")
        await pilot.press(*keys_to("compare"))
        await settle(pilot)
        assert pilot.app.ready.painted.figure.title.startswith("Comparison")
        await pilot.press(*keys_to(view))
        opens.set()
        await until(pilot, lambda: (view, {}, "read") in ended)
        await until(pilot, lambda: "looking at every one of" not in words(pilot, "#caption"))

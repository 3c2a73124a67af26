"""What enter opens in a row: a figure of the view's own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.tui.test_app import keys_to, opened, settle
from textual.widgets import Input

from ablate_tui.data.errors import UsageError
from ablate_tui.data.schema import Choices
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.config import Config
from ablate_tui.tui.figure import Axis, Figure, Line, Panel
from ablate_tui.tui.panels.body import Body, notes_of
from ablate_tui.tui.panels.choice import Choice
from ablate_tui.tui.panels.lines import Lines
from ablate_tui.tui.panels.view_table import ViewTable
from ablate_tui.tui.screens.card import Card
from ablate_tui.tui.screens.export_dialog import ExportDialog
from ablate_tui.tui.screens.notes import Notes
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.registry import VIEWS

pytestmark = pytest.mark.usefixtures("few_refits")
PANELS = 5


@pytest.fixture
def asked(monkeypatch):
    """The design view with a card; gives the rows that were asked for."""
    rows = []

    def card(row, result, inputs):
        rows.append(result.rows[row])
        panels = tuple(
            Panel(f"panel {at}", Axis("x"), Axis("y"), (Line((0.0, 1.0), (0.0, float(at + 1))),))
            for at in range(PANELS)
        )
        column = result.rows[row].column
        return Figure(
            f"Card of {column}", panels, "all runs", f"of {inputs.sample.runs}", ("a note",), name=f"card-{column}"
        )

    monkeypatch.setitem(VIEWS, "design", replace(VIEWS["design"], card=card))
    return rows


async def enter(pilot, *keys):
    """Press enter in the table of the design view."""
    await pilot.press(*keys_to("design"))
    await settle(pilot)
    pilot.app.query_one(ViewTable).focus()
    await pilot.press(*keys, "enter")
    await settle(pilot)
    await settle(pilot)


def body(pilot):
    return pilot.app.screen.query_one(Body)


async def test_enter_opens_the_row_under_the_cursor(runs, asked):
    """Also where the table is sorted: the index is that of the result, and esc goes back."""
    async with opened(runs, (200, 50)) as pilot:
        await enter(pilot, "down")
        assert isinstance(pilot.app.screen, Card)
        rows = pilot.app.ready.result.rows
        assert asked == [rows[1]]
        assert body(pilot).painted.figure.title == f"Card of {rows[1].column}"
        await pilot.press("escape")
        await settle(pilot)
        assert not isinstance(pilot.app.screen, Card)
        pilot.app.sort_by(("column", True))
        await settle(pilot)
        await enter(pilot, "home")
        assert asked[-1].column == max(row.column for row in rows)
        for key in ("q", "enter"):
            await pilot.press(key)
            await settle(pilot)
            assert not isinstance(pilot.app.screen, Card)
            await enter(pilot)


@pytest.mark.parametrize("size", [(200, 50), (80, 24), (20, 5)])
async def test_all_panels_can_be_reached(runs, asked, size):
    """v and the wheel go through the panels that do not fit, in every size and after a resize."""
    async with opened(runs, (120, 36)) as pilot:
        await enter(pilot)
        await pilot.resize_terminal(*size)
        await settle(pilot)
        painted = body(pilot).painted
        assert painted.sizes[:2] == body(pilot).room
        assert body(pilot).region.width == size[0]
        assert not painted.arrangement.table_height
        shown = set()
        for _ in range(PANELS):
            shown |= set(body(pilot).painted.arrangement.panels)
            await pilot.press("v")
            await settle(pilot)
        assert shown == set(range(PANELS))
        if painted.arrangement.parts > 1:
            before = body(pilot).painted.arrangement.panels
            pilot.app.screen.action_part(1)
            await settle(pilot)
            assert body(pilot).painted.arrangement.panels != before
            pilot.app.screen.action_part(-1)
            await settle(pilot)
            assert body(pilot).painted.arrangement.panels == before


async def test_a_card_is_written_as_a_picture(runs, asked, tmp_path, monkeypatch):
    """e proposes the figure's name; after it, the card is still there."""
    monkeypatch.chdir(tmp_path)
    async with opened(runs) as pilot:
        await enter(pilot)
        await pilot.press("e")
        await settle(pilot)
        assert isinstance(pilot.app.screen, ExportDialog)
        assert not pilot.app.screen.query("#what")  # a card is one picture, and has no table
        assert list(pilot.app.screen.query_one("#form", Choice).options) == ["png", "svg", "pdf"]
        assert pilot.app.screen.query_one(Input).value == f"card-{asked[0].column}.png"
        await pilot.press("enter")
        await settle(pilot)
        assert (tmp_path / f"card-{asked[0].column}.png").read_bytes().startswith(b"\x89PNG")
        assert pilot.app.exported == [tmp_path / f"card-{asked[0].column}.png"]
        assert isinstance(pilot.app.screen, Card)


async def test_keys_of_the_screen_wait_while_a_card_is_open(runs, asked):
    """No filter, contrast or view changes behind it; what is computed meanwhile goes to the screen."""
    async with opened(runs) as pilot:
        await enter(pilot)
        before = pilot.app.look
        await pilot.press("x", "c", "1", "t", "u")
        await settle(pilot)
        assert (pilot.app.look, pilot.app.view_name) == (before, "design")
        pilot.app.refresh_view()
        await settle(pilot)
        assert pilot.app.query_one(Body).painted.view == "design"
        assert isinstance(pilot.app.screen, Card)


async def test_its_words_name_its_own_keys(runs, asked, monkeypatch):
    """Remapped or not, and what they say works: the next panel, and the notes that a line has no room for."""
    notes = tuple(f"note {at} of the card, which goes on for a while" for at in range(3))
    design = VIEWS["design"].card
    monkeypatch.setitem(VIEWS, "design", replace(VIEWS["design"], card=lambda *of: replace(design(*of), notes=notes)))
    config = Config(keys={"part": "p", "notes": "N", "card.next": "z", "card.notes": "x"})
    app = AblateApp(Session.open(str(runs), Choices(), keep=False), Look(), config=config)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await enter(pilot)
        assert isinstance(app.screen, Card)

        def words(selector: str) -> str:
            return "".join(piece.text for piece in body(pilot).query_one(selector, Lines).lines[0])

        assert "parts (z) ·" in words("#caption")
        assert words("#remarks").endswith(" x: all notes ")
        before = body(pilot).painted.sizes
        await pilot.press("z")
        await settle(pilot)
        assert body(pilot).painted.sizes != before
        await pilot.press("x")
        await settle(pilot)
        assert isinstance(app.screen, Notes)
        assert app.screen.notes == notes
        await pilot.press("escape", "escape")
        await settle(pilot)
        assert "parts (p) ·" in words("#caption")
        await pilot.press("N")
        await settle(pilot)
        assert app.screen.notes == tuple(notes_of(app.query_one(Body).painted))


async def test_a_card_that_can_not_be_drawn_says_why(runs, monkeypatch):
    """A notice, and the screen as it was."""

    def card(row, result, inputs):
        raise UsageError("no cell has a run")

    monkeypatch.setitem(VIEWS, "design", replace(VIEWS["design"], card=card))
    async with opened(runs) as pilot:
        look = pilot.app.look
        await enter(pilot)
        assert not isinstance(pilot.app.screen, Card)
        assert any("no cell has a run" in notice.message for notice in pilot.app._notifications)
        assert pilot.app.look == look


async def test_a_card_that_comes_too_late_is_not_opened(runs, asked):
    """The person has gone on to another slice or view meanwhile."""
    async with opened(runs) as pilot:
        await enter(pilot)
        figure = pilot.app.screen.figure
        await pilot.press("escape")
        await settle(pilot)
        old = pilot.app.look
        pilot.app.post_message(pilot.app.Carded(old, "effects", figure))
        await pilot.press("c")
        await settle(pilot)
        pilot.app.post_message(pilot.app.Carded(old, "design", figure))
        await settle(pilot)
        assert not isinstance(pilot.app.screen, Card)

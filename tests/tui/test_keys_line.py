"""The last line shows the keys of what has the focus, and is made again only where those change."""

from __future__ import annotations

import pytest
from tests.tui.test_app import opened, settle
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from ablate_tui.tui.panels.keys_line import KeysLine
from ablate_tui.tui.panels.result_table import ResultTable

pytestmark = pytest.mark.usefixtures("few_refits")


def shown(pilot) -> dict[str, str]:
    """Keys and what they do, of the screen on top."""
    return {key.key: key.description for key in pilot.app.screen.query_one(KeysLine).query(FooterKey)}


def offered(pilot) -> dict[str, str]:
    """What it should show of the focus and all that is around it: of each action the first key."""
    first = {}
    for _, binding, _, _ in pilot.app.screen.active_bindings.values():
        if binding.show:
            first.setdefault(binding.action, (binding.key, binding.description))
    return dict(first.values())


@pytest.fixture
def made(monkeypatch) -> list[Footer]:
    """Each time one was made again."""
    made = []
    recompose = Footer.recompose

    async def counted(footer) -> None:
        made.append(footer)
        await recompose(footer)

    monkeypatch.setattr(Footer, "recompose", counted)
    return made


async def test_it_is_made_once_at_the_start(runs, made):
    """Nor again for a dialog that comes and goes, nor where the next panel offers the same keys."""
    async with opened(runs) as pilot:
        assert len(made) == 1
        before = shown(pilot)
        assert before == offered(pilot)
        assert before["e"] == "export"
        await pilot.press("question_mark")
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert shown(pilot) == before
        assert len(made) == 1


async def test_it_follows_the_focus(runs):
    """From the switches to the table and back, and in the SQL view from the query to its answer."""
    async with opened(runs) as pilot:
        for keys in (("tab",), ("shift+tab",), ("Q",), ("tab",), ("shift+tab",)):
            await pilot.press(*keys)
            await settle(pilot)
            assert shown(pilot) == offered(pilot), keys
        assert "f5" in shown(pilot)
        await pilot.press("tab")
        await settle(pilot)
        assert shown(pilot)["s"] == "sort"


async def test_what_changed_meanwhile_comes_with_the_window(runs):
    """While another window has the focus nothing is made; what is offered by then is shown once it is back."""
    async with opened(runs) as pilot:
        await pilot.press("Q")
        await settle(pilot)
        before = shown(pilot)
        pilot.app.app_focus = False
        pilot.app.screen.set_focus(pilot.app.screen.query_one(ResultTable))
        await settle(pilot)
        assert shown(pilot) == before != offered(pilot)
        pilot.app.app_focus = True
        pilot.app.screen.refresh_bindings()
        await settle(pilot)
        assert shown(pilot) == offered(pilot)

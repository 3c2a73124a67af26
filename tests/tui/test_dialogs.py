"""What the screen asks: which runs failed, and the terms of the location model."""

from __future__ import annotations

import shlex

import polars as pl
import pytest
from tests.tui.test_app import keys_to, opened, settle, words
from textual.widgets import Input, Static

from ablate_tui.data.schema import Choices
from ablate_tui.queries.slices import Slice
from ablate_tui.tui import cli
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.panels.body import Body
from ablate_tui.tui.panels.ranking import Ranking
from ablate_tui.tui.screens.ask import Ask
from ablate_tui.tui.session import Look, Session

pytestmark = pytest.mark.usefixtures("few_refits")


async def answer(pilot, key, text):
    """Open a dialog, write over what is in it, and press enter."""
    await pilot.press(key)
    await pilot.pause()
    assert isinstance(pilot.app.screen, Ask)
    pilot.app.screen.query_one(Input).value = text
    await pilot.pause()
    await pilot.press("enter")
    await settle(pilot)


def hint(pilot):
    """The words under the line of a dialog."""
    return str(pilot.app.screen.query_one("#hint", Static).content)


def failed_of(pilot):
    """Failed shares by switch, as the effects have them."""
    result = pilot.app.ready.result
    return {row.switch: (row.failed_on, row.failed_off) for row in result.rows}


async def test_failures_by_a_condition(runs):
    """f takes SQL; header, effects, undo, redo and the command line follow; the ranking is not fitted again."""
    frame = pl.read_parquet(runs).filter(pl.col("val_loss").is_not_null())
    bad = ~frame["val_loss"].is_finite() | (frame["val_loss"] > 3)
    async with opened(runs) as pilot:
        await pilot.press(*keys_to("effects"))
        await settle(pilot)
        ranking = pilot.app.query_one(Ranking).importance
        plain = failed_of(pilot)
        assert "failed" not in words(pilot, "#header")
        await answer(pilot, "f", "val_loss > 3")
        assert f"2 diverged, 1 missing  failed: val_loss > 3 ({bad.sum()} of 48)" in words(pilot, "#header")
        shares = failed_of(pilot)
        for switch, (on, off) in shares.items():
            assert on == pytest.approx(bad.filter(frame[switch]).mean())
            assert off == pytest.approx(bad.filter(~frame[switch]).mean())
        assert pilot.app.query_one(Ranking).importance is ranking
        pilot.app.copy_command()
        copied = shlex.split(pilot.app.clipboard)
        assert copied[copied.index("--fail") + 1] == "val_loss > 3"
        await pilot.press("u")
        await settle(pilot)
        assert failed_of(pilot) == plain
        assert "failed" not in words(pilot, "#header")
        await pilot.press("ctrl+r")
        await settle(pilot)
        assert failed_of(pilot) == shares
        await pilot.press("f")
        await pilot.pause()
        assert pilot.app.screen.query_one(Input).value == "val_loss > 3"


async def test_a_condition_that_does_not_work_stays_with_its_reason(runs):
    """DuckDB's words are in the dialog; a number is no condition; esc leaves everything as it was."""
    async with opened(runs) as pilot:
        before = pilot.app.look
        for text, said in (("val_los > 3", "val_los"), ("val_loss >", "condition"), ("val_loss + 1", "true or false")):
            await pilot.press("f")
            await pilot.pause()
            pilot.app.screen.query_one(Input).value = text
            await pilot.press("enter")
            await pilot.pause()
            assert isinstance(pilot.app.screen, Ask)
            assert said in hint(pilot)
            await pilot.press("escape")
            await settle(pilot)
        assert pilot.app.look == before


async def test_an_empty_condition_leaves_the_diverged_ones(runs):
    """Also where a condition was given at the start; None goes back to that one by undo."""
    session = Session.open(str(runs), Choices(fail="val_loss > 3"), keep=False)
    app = AblateApp(session, Look())
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert "failed: val_loss > 3" in words(pilot, "#header")
        await answer(pilot, "f", "  ")
        assert app.look.fail == ""
        assert "failed" not in words(pilot, "#header")
        assert app.sweep.fail_condition is None
        assert app.sweep.failed.sum() == 2
        app.copy_command()
        assert "--fail" not in app.clipboard
        await pilot.press("u")
        await settle(pilot)
        assert app.sweep.fail_condition == "val_loss > 3"
        app.copy_command()
        assert "--fail 'val_loss > 3'" in app.clipboard
        await answer(pilot, "f", "val_loss > 3 ")
        assert app.look.fail is None  # nothing new, so nothing to undo
        await answer(pilot, "r", "train_loss")
        assert "failed: val_loss > 3" in words(pilot, "#header")
        assert app.sweep.response.name == "train_loss"
    session.close()


def test_another_condition_is_what_loading_gives(runs):
    """The quick way to a table with other failures gives the table that a new reading gives."""
    session = Session.open(str(runs), Choices(fail="val_loss > 3"), keep=False)
    for condition in ("train_loss > 2.9", "val_loss IS NULL", "", None):
        quick = session.table(None, None, condition)
        slow = session.store.load(Choices(fail="val_loss > 3" if condition is None else condition or None))
        assert quick.fail_condition == slow.fail_condition
        assert quick.failed.tolist() == slow.failed.tolist()
        assert quick.y.tobytes() == slow.y.tobytes()
        assert quick.configuration.tolist() == slow.configuration.tolist()
    session.close()


async def test_the_header_at_eighty_columns_says_how_many_failed(runs):
    """Where the condition has no room the count is still there, and the counts are never cut."""
    async with opened(runs, (80, 24)) as pilot:
        assert "48 of 48 runs, 2 diverged, 1 missing" in words(pilot, "#header")
        await answer(pilot, "f", "val_loss > 3 AND train_loss > 3 AND use_gate")
        first = words(pilot, "#header").splitlines()[0]
        assert len(first) <= 80
        assert f"{pilot.app.sweep.failed.sum()} failed" in first
        assert "2 diverged" in first


async def test_location_terms(runs):
    """m takes terms, says why others won't do, and u brings back those chosen from the data."""
    async with opened(runs) as pilot:
        ranking = pilot.app.query_one(Ranking).importance
        await answer(pilot, "m", "use_norm,use_gate,use_nrm")
        assert isinstance(pilot.app.screen, Ask)
        assert 'did you mean "use_norm"' in hint(pilot)
        pilot.app.screen.query_one(Input).value = "use_norm, use_gate, use_norm:use_gate, use_norm"
        await pilot.press("enter")
        await settle(pilot)
        terms = (("use_norm",), ("use_gate",), ("use_norm", "use_gate"))
        assert pilot.app.look.slice == Slice((), "use_norm", terms)
        assert "model use_norm,use_gate,use_norm:use_gate" in words(pilot, "#header")
        assert pilot.app.query_one(Ranking).importance is ranking
        pilot.app.copy_command()
        assert "--location use_norm,use_gate,use_norm:use_gate" in pilot.app.clipboard
        await pilot.press("down", "space", "c", "x")
        await settle(pilot)
        assert pilot.app.look.slice == Slice((), "use_bias", terms)
        await pilot.press("m")
        await pilot.pause()
        assert pilot.app.screen.query_one(Input).value == "use_norm,use_gate,use_norm:use_gate"
        await pilot.press("escape")
        await answer(pilot, "m", "")
        assert pilot.app.look.slice.location is None
        await pilot.press("u")
        await settle(pilot)
        assert pilot.app.look.slice.location == terms


async def test_location_terms_change_the_effects(runs):
    """The model of the terms is the one that is fitted."""
    async with opened(runs) as pilot:
        await pilot.press(*keys_to("effects"))
        await settle(pilot)
        before = {row.switch: row.location_p for row in pilot.app.ready.result.rows}
        await answer(pilot, "m", "use_norm,use_bias,tie_weights,use_gate,use_norm:use_bias,use_norm:use_gate")
        after = {row.switch: row.location_p for row in pilot.app.ready.result.rows}
        assert all(p is not None for p in after.values())
        assert after != before


async def test_a_role_that_takes_a_factor_away_takes_its_terms(runs):
    """Terms of what is no switch any more go with it."""
    async with opened(runs) as pilot:
        await answer(pilot, "m", "use_norm,use_gate,use_norm:use_gate")
        pilot.app.ask_role("use_norm")
        await pilot.pause()
        pilot.app.screen.query_one(Input).value = "ignored"
        await pilot.pause()
        await pilot.press("enter")
        await settle(pilot)
        assert pilot.app.look.slice.location == (("use_gate",),)
        assert pilot.app.query_one(Body).painted is not None


def test_importance_depends_on_the_terms_for_the_spread_alone():
    """For the mean a look with other terms, or other failures, has the same ranking."""
    looks = [Look(), Look(slice=Slice(location=(("a",),))), Look(fail="a > 1")]
    assert len({Session.importance_key(look) for look in looks}) == 1
    spread = [Look(target="spread", slice=look.slice) for look in looks]
    assert len({Session.importance_key(look) for look in spread}) == 2


async def test_the_copied_command_shows_the_same(runs, capsys):
    """Choices made at the start and those made on the screen are both in it."""
    import json

    choices = Choices(response="train_loss", goal="max", fail="val_loss > 3", on={"use_gate": "false"})
    session = Session.open(str(runs), choices, keep=False)
    app = AblateApp(session, Look())
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await answer(pilot, "m", "use_norm,use_gate:use_norm")
        app.action_view("effects")
        await settle(pilot)
        app.copy_command()
        rows = app.ready.result.rows
        command = shlex.split(app.clipboard)
    session.close()
    assert cli.main([*command[1:], "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["response"], shown["goal"]) == ("train_loss", "max")
    figures = [(row["switch"], row["failed_on"], row["location_p"], row["mean_on"]) for row in shown["rows"]]
    assert figures == [(row.switch, row.failed_on, row.location_p, row.mean_on) for row in rows]

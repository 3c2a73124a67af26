"""Saved slices, two of them beside each other, and the last session, on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tui.test_app import keys_to, opened, settle, words
from textual.widgets import Input, OptionList

from ablate_tui.data.schema import Choices
from ablate_tui.queries.slices import Slice, Versus
from ablate_tui.tui import saved
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.panels.body import Body
from ablate_tui.tui.panels.header import Header
from ablate_tui.tui.saved import Saved
from ablate_tui.tui.screens.saved_slices import SavedSlices
from ablate_tui.tui.session import Look, Session

pytestmark = pytest.mark.usefixtures("few_refits")
ON, OFF = Slice((("use_norm", ("true",)),), "use_bias"), Slice((("use_norm", ("false",)),), "use_bias")


def listed(pilot) -> list[str]:
    """What the list of saved slices says."""
    options = pilot.app.screen.query_one(OptionList)
    return [str(options.get_option_at_index(at).prompt) for at in range(options.option_count)]


def hint(pilot) -> str:
    return str(pilot.app.screen.query_one("#hint").content)


def keep(runs: Path, *slices: Saved) -> None:
    session = Session.open(str(runs), Choices(), keep=False)
    saved.keep(session, slices)
    session.close()


async def test_a_slice_is_saved_and_recalled(runs):
    """w asks for a name; the list says what it is; enter goes back to it, and u from there."""
    async with opened(runs, look=Look(slice=ON)) as pilot:
        await pilot.press("w", *"norm on", "enter")
        await pilot.press("x")
        await settle(pilot)
        assert pilot.app.look.slice.filters == ()
        await pilot.press("W")
        assert listed(pilot) == ["norm on  24 of 48 runs\n  use_norm = on · contrast use_bias"]
        await pilot.press("enter")
        await settle(pilot)
        assert pilot.app.look == Look(slice=ON, focus="use_norm")
        assert "24 of 48 runs" in words(pilot, "#header")
        await pilot.press("u")
        await settle(pilot)
        assert pilot.app.look.slice.filters == ()


async def test_a_name_that_is_taken_is_refused(runs):
    """The dialog stays, with what is wrong; nothing is replaced."""
    keep(runs, Saved("a", Look(slice=ON)))
    async with opened(runs) as pilot:
        await pilot.press("w", "a", "enter")
        assert "already" in hint(pilot)
        await pilot.press("backspace", "b", "enter")
        assert [each.name for each in saved.saved(pilot.app.session)] == ["a", "b"]
        assert saved.saved(pilot.app.session)[0].look.slice == ON


async def test_rename_delete_and_bring_back(runs):
    """All kept at once; what was deleted comes back also after the list was closed."""
    keep(runs, Saved("a", Look(slice=ON)), Saved("b", Look(slice=OFF)), Saved("c", Look()))

    def names() -> list[str]:
        return [each.name for each in saved.saved(pilot.app.session)]

    async with opened(runs) as pilot:
        await pilot.press("W", "j", "d")
        assert names() == ["a", "c"]
        assert "u brings it back" in hint(pilot)
        await pilot.press("escape", "W", "u")
        assert names() == ["a", "b", "c"]
        await pilot.press("r")
        pilot.app.screen.query_one(Input).value = "c"
        await pilot.press("enter")
        assert "already" in hint(pilot)
        pilot.app.screen.query_one(Input).value = "正 [b]"
        await pilot.press("enter")
        assert names() == ["a", "正 [b]", "c"]
        assert any(line.startswith("正 [b]") for line in listed(pilot))
        await pilot.press("d", "d", "d")
        assert names() == []
        assert "u brings it back" in hint(pilot)
        await pilot.press("u", "u", "u")
        assert names() == ["a", "正 [b]", "c"]


async def test_what_no_longer_fits_is_listed_and_stays(runs):
    """With what is wrong; it can't be recalled, and is not dropped."""
    keep(runs, Saved("old", Look(slice=Slice((("use_nrom", ("true",)),)))))
    async with opened(runs) as pilot:
        before = pilot.app.look
        await pilot.press("W")
        assert '✗ no switch "use_nrom"; did you mean "use_norm"' in listed(pilot)[0]
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, SavedSlices)
        assert "no longer fits" in hint(pilot)
        await pilot.press("b", "escape")
        assert pilot.app.look == before
        assert len(saved.saved(pilot.app.session)) == 1


async def test_a_list_that_can_not_be_kept_stays_as_it_was(runs, monkeypatch):
    """The reason stands under it."""
    keep(runs, Saved("a", Look(slice=ON)))
    async with opened(runs) as pilot:
        await pilot.press("W")
        monkeypatch.setattr("ablate_tui.data.state.write_whole", no_space)
        await pilot.press("d")
        assert "No space left" in hint(pilot)
        assert len(listed(pilot)) == 1
        await pilot.press("u")
        assert "nothing was deleted" in hint(pilot)


def no_space(*told: object, **more: object) -> None:
    raise OSError(28, "No space left on device")


async def test_two_slices_side_by_side(runs):
    """b sets one beside the slice on the screen: header, compare, effects; b once more ends it."""
    keep(runs, Saved("off", Look(slice=OFF)))
    async with opened(runs, look=Look(slice=ON)) as pilot:
        await pilot.press(*keys_to("best"))
        await settle(pilot)
        await pilot.press("b", "b")
        await settle(pilot)
        assert pilot.app.look.versus == Versus(OFF.filters, "off")
        assert 'versus B "off" use_norm = off (24 runs)' in words(pilot, "#header")
        painted = pilot.app.query_one(Body).painted
        assert painted.figure.title == "Comparison by use_bias in two slices"
        assert [row[:2] for row in painted.table.rows] == [(s, level) for s in "AB" for level in ("off", "on")]
        assert {panel.name for panel in painted.figure.panels} >= {"box", "ecdf-a", "ecdf-b", "hist+kde-b"}
        await pilot.press(*keys_to("effects"))
        await settle(pilot)
        painted = pilot.app.query_one(Body).painted
        assert [column.field for column in painted.table.columns][:5] == [
            "name", "mean_diff_a", "mean_diff_b", "difference", "interval"
        ]  # fmt: skip
        pilot.app.copy_command()
        assert pilot.app.clipboard.endswith("--versus use_norm=false")
        await pilot.press("b")
        await settle(pilot)
        assert pilot.app.look.versus is None
        assert "versus" not in words(pilot, "#header")
        await pilot.press("u")
        await settle(pilot)
        assert pilot.app.look.versus is not None


async def test_the_other_slice_loses_its_filter_on_the_contrast(runs):
    """As the first one does; and that is said."""
    keep(runs, Saved("off", Look(slice=OFF)))
    async with opened(runs, look=Look(slice=Slice((("use_gate", ("true",)),), "use_norm"))) as pilot:
        await pilot.press("W", "b")
        await settle(pilot)
        assert 'versus B "off" all runs (48 runs)' in words(pilot, "#header")
        assert any("is left out: that is the contrast" in str(n.message) for n in pilot.app._notifications)


async def test_y_in_the_header_copies_the_command_line(runs):
    """tab reaches the header; elsewhere y copies the view."""
    async with opened(runs, look=Look(slice=ON)) as pilot:
        for _ in range(8):
            await pilot.press("tab")
            if isinstance(pilot.app.focused, Header):
                break
        await pilot.press("y")
        await settle(pilot)
        assert pilot.app.clipboard == (f"ablate-tui show {runs} --view compare --set use_norm=true --contrast use_bias")


async def resumed(runs: Path, *keys: str) -> tuple[Look, str, dict, list[str]]:
    """A session that goes on where the last one was, and some keys in it: where it is, and what it said."""
    session = Session.open(str(runs), Choices(), keep=False)
    app = AblateApp(session, Look())
    app.keeps = True
    app.resume()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press(*keys)
        await settle(pilot)
        found = app.look, app.view_name, dict(app.sorts), [str(n.message) for n in app._notifications]
    session.close()
    return found


async def test_the_last_session_comes_back(runs):
    """Slice, view, order and cursor; u goes to where a fresh session starts."""
    look, view, sorts, said = await resumed(runs, "j", "space", *keys_to("effects"), "s", "j")
    assert not any("last session" in words for words in said)
    again = await resumed(runs)
    assert again[:3] == (look, view, sorts)
    assert (look.slice.set, look.focus, view) == ({"use_bias": ("true",)}, "tie_weights", "effects")
    said = "as your last session was left; u starts afresh, x clears the filters alone"
    assert any(said in words for words in again[3])
    fresh = await resumed(runs, "u")
    assert fresh[0].slice == Slice((), "use_norm")
    assert not any("last session" in words for words in (await resumed(runs))[3])


async def test_a_filter_that_is_gone_is_left_out_and_told(runs):
    """The rest of the last session's slice stays."""
    session = Session.open(str(runs), Choices(), keep=False)
    filters = (("use_bias", ("true",)), ("gone", ("x",)))
    saved.keep_last(session, saved.Last(Look(slice=Slice(filters, "use_gate")), "compare"))
    session.close()
    look, _, _, said = await resumed(runs)
    assert look.slice == Slice((("use_bias", ("true",)),), "use_gate")
    assert any('left out: no switch "gone"' in words for words in said)


async def test_quitting_does_not_mind_a_state_folder_that_can_not_be_written(runs, monkeypatch):
    """Nothing is kept, and nothing is in the way."""
    monkeypatch.setenv("ABLATE_TUI_STATE", "/dev/null/state")
    assert (await resumed(runs, "j", "space"))[0].slice.set == {"use_bias": ("true",)}
    monkeypatch.undo()


async def test_another_screen_may_save_at_the_same_time(runs):
    """A deletion and a new name take nothing away but what they are about."""
    keep(runs, Saved("a", Look(slice=ON)), Saved("b", Look(slice=OFF)))
    async with opened(runs) as pilot:
        await pilot.press("W")
        keep(runs, Saved("a", Look(slice=ON)), Saved("b", Look(slice=OFF)), Saved("theirs", Look(slice=OFF)))
        await pilot.press("d")
        assert [each.name for each in saved.saved(pilot.app.session)] == ["b", "theirs"]
        await pilot.press("u", "r")
        pilot.app.screen.query_one(Input).value = "mine"
        await pilot.press("enter")
        assert [each.name for each in saved.saved(pilot.app.session)] == ["mine", "b", "theirs"]
        await pilot.press("r")
        pilot.app.screen.query_one(Input).value = "theirs"
        await pilot.press("enter")
        assert "theirs" in hint(pilot)
        assert [each.name for each in saved.saved(pilot.app.session)] == ["mine", "b", "theirs"]


async def test_what_could_not_be_kept_is_kept_later(runs, monkeypatch):
    """A folder that was full has room again when the screen is left."""
    session = Session.open(str(runs), Choices(), keep=False)
    app = AblateApp(session, Look())
    async with app.run_test() as pilot:
        await settle(pilot)
        with monkeypatch.context() as full:
            full.setattr("ablate_tui.data.state.write_whole", no_space)
            thread = app.keep_last()
            assert thread is not None
            thread.join()
        assert saved.last(session) is None
        app.keeps = True
    assert saved.last(session) is not None
    session.close()

"""Copying, where the clipboard can be reached and where it can't."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.tui.test_app import opened, settle
from textual.events import Paste

from ablate_tui.tui import terminals
from ablate_tui.tui.exporting import Exported
from ablate_tui.tui.panels import query_box, text_line

pytestmark = pytest.mark.usefixtures("few_refits")


def notices(pilot) -> list[str]:
    return [notice.message for notice in pilot.app._notifications]


def tmux(folder: Path, load: str) -> str:
    """A PATH with a tmux that answers as one does which lets nothing through, and takes a text in its own way."""
    folder.mkdir()
    for name in ("cat", "sleep"):
        (folder / name).symlink_to(shutil.which(name))
    program = folder / "tmux"
    told = r"3.4\toff\toff\tkitty\txterm-kitty\t0\t0\tbottom\ton\n"
    program.write_text(f'#!/bin/sh\ncase $1 in\ndisplay-message) printf "{told}";;\nload-buffer) {load};;\nesac\n')
    program.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize("load", [None, "exit 1", "exec sleep 60"], ids=["gone", "refuses", "hangs"])
async def test_a_tmux_that_takes_nothing_is_told(runs, tmp_path, monkeypatch, load):
    """What is copied or exported is not said to be in the clipboard, and the screen goes on."""
    monkeypatch.setenv("TMUX", "x")
    monkeypatch.setattr(terminals, "PATIENCE", 10.0 if load == "exit 1" else 0.5)
    async with opened(runs) as pilot:
        monkeypatch.setenv("PATH", str(tmp_path / "none") if load is None else tmux(tmp_path / "bin", load))
        await pilot.press("y")
        await settle(pilot)
        assert notices(pilot) == ["not copied: tmux doesn't take it for the clipboard"]
        pilot.app.clear_notifications()
        pilot.app.tell_export(Exported(runs, (runs,), content=b""))
        await settle(pilot)
        (said,) = notices(pilot)
        assert "tmux doesn't take it for the clipboard: scp " in said
        assert "is in your clipboard" not in said


async def test_a_tmux_that_takes_it_has_it(runs, tmp_path, monkeypatch):
    """Byte for byte, but for names that are no UTF-8."""
    monkeypatch.setenv("TMUX", "x")
    async with opened(runs) as pilot:
        monkeypatch.setenv("PATH", tmux(tmp_path / "bin", f"cat >{tmp_path / 'taken'}"))
        pilot.app.copy("é\udcff", "copied it")
        await settle(pilot)
        assert (tmp_path / "taken").read_bytes() == "é?".encode()
        assert notices(pilot) == ["copied it"]


async def test_of_two_texts_the_newer_one_stays(runs, tmp_path, monkeypatch):
    """Also where the older one could only be put there later."""
    monkeypatch.delenv("TMUX", raising=False)
    async with opened(runs) as pilot:
        sent = []
        monkeypatch.setattr(pilot.app, "send", sent.append)
        with pilot.app.turn_to_copy:
            pilot.app.copy("old", "copied the old one")
            pilot.app.copy("new", "copied the new one")
        await settle(pilot)
        assert sent == ["\x1b]52;c;bmV3\a"]
        assert sorted(notices(pilot)) == ["copied the new one", "not copied: something else was, meanwhile"]
        assert pilot.app.clipboard == "new"


async def test_nothing_is_sent_where_no_clipboard_is(runs, monkeypatch):
    """GNU screen would show it as text."""
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setenv("STY", "1.pts")
    async with opened(runs) as pilot:
        sent = []
        monkeypatch.setattr(pilot.app, "send", lambda sequence: sent.extend([sequence] * bool(sequence)))
        await pilot.press("y")
        await settle(pilot)
        assert not sent
        assert notices(pilot) == ["not copied: this terminal takes no clipboard"]


async def test_pasting_by_key_takes_the_first_line(runs):
    """What was copied may be a whole view, and a line stays a line."""
    async with opened(runs) as pilot:
        await pilot.press("slash")
        await settle(pilot)
        for copied, value in (("loss\nmore", "loss"), ("", "loss"), ("\n", "loss"), (" > 3", "loss > 3")):
            pilot.app.copy_to_clipboard(copied)
            await pilot.press("ctrl+v")
            assert pilot.app.focused.value == value


@pytest.mark.parametrize(("key", "most"), [("slash", text_line.MOST), ("Q", query_box.MOST)])
async def test_a_file_that_is_pasted_is_refused(runs, key, most):
    """With a word why, and what was there stays; it would hold up every key."""
    async with opened(runs) as pilot:
        await pilot.press(key)
        await settle(pilot)
        box = pilot.app.focused
        text = "text" if key == "Q" else "value"
        before = getattr(box, text)
        for event in (Paste("x" * (most + 1)), Paste("x" * (most - len(before)))):
            pilot.app.post_message(event)
            await settle(pilot)
        assert getattr(box, text) == before + "x" * (most - len(before))
        await pilot.press("y")
        assert len(getattr(box, text)) == most
        assert len([words for words in notices(pilot) if f"{most:,} signs at most" in words]) == 2
        await pilot.press("backspace", "y")
        assert getattr(box, text).endswith("xy")
        box.action_select_all()
        pilot.app.post_message(Paste("z" * most))  # in place of all that is there
        await settle(pilot)
        assert getattr(box, text) == "z" * most

"""The export dialog: what it proposes, writes, remembers and refuses."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import replace

import polars as pl
import pytest
from PIL import Image
from tests.tui.test_app import keys_to, opened, settle
from textual.widgets import Input, Static

from ablate_tui.data.errors import UsageError
from ablate_tui.tui import cli, export_choice
from ablate_tui.tui.export_choice import ExportChoice
from ablate_tui.tui.panels.choice import Choice
from ablate_tui.tui.screens.export_dialog import ExportDialog
from ablate_tui.tui.screens.working import Working
from ablate_tui.tui.terminals import Answers, terminal
from ablate_tui.tui.views.registry import VIEWS

pytestmark = pytest.mark.usefixtures("few_refits")
LINES = ("answer", "form", "size", "ground", "what")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """Files come into the test's folder; no tmux around it takes part."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TMUX", raising=False)


def name(pilot) -> Input:
    return pilot.app.screen.query_one(Input)


def hint(pilot) -> str:
    return str(pilot.app.screen.query_one("#hint", Static).content)


def notices(pilot) -> str:
    return "\n".join(notice.message for notice in pilot.app._notifications)


async def choose(pilot, line: str, *keys: str) -> None:
    """Go to a line by keys, and press some there."""
    names = [widget.id for widget in pilot.app.screen.focus_chain]
    at = names.index(pilot.app.screen.focused.id)
    to = names.index(line)
    await pilot.press(*(["down"] * (to - at) if to >= at else ["up"] * (at - to)), *keys)
    await pilot.pause()


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_the_dialog_fits_and_its_lines_are_reached_by_keys(runs, size):
    async with opened(runs, size) as pilot:
        await pilot.press(*keys_to("effects"), "e")
        await settle(pilot)
        assert isinstance(pilot.app.screen, ExportDialog)
        assert name(pilot).value == "effects-by-use_norm.png"
        for widget in pilot.app.screen.query("Choice, Input, #hint"):
            assert widget.region.height >= 1
            assert pilot.app.screen.region.contains_region(widget.region)
        seen = []
        for _ in LINES:
            seen.append(pilot.app.screen.focused.id)
            await pilot.press("down")
        assert tuple(seen) == LINES
        await pilot.press("escape")
        await settle(pilot)
        assert not isinstance(pilot.app.screen, ExportDialog)
        assert os.listdir() == ["runs.parquet"]


async def test_the_terminal_answers_when_it_will(runs):
    """Before the dialog is there, while it is, and once it is closed."""
    silent = terminal({"TERM": "xterm"}, Answers())
    async with opened(runs) as pilot:
        dialog = ExportDialog("view", ExportChoice(preview=True), 3)
        dialog.tell(silent)
        pilot.app.push_screen(dialog)
        await settle(pilot)
        preview = dialog.query_one("#preview", Choice)
        assert (preview.why, preview.disabled) == ("none: this terminal answers no questions", True)
        dialog.tell(replace(silent, pictures="sixel"))
        assert (preview.why, preview.disabled) == ("", False)
        dialog.dismiss(None)
        dialog.tell(silent)
        await settle(pilot)
        dialog.tell(silent)
        assert not isinstance(pilot.app.screen, ExportDialog)


async def test_suffix_and_format_follow_each_other(runs):
    async with opened(runs) as pilot:
        await pilot.press("e")
        await settle(pilot)
        await choose(pilot, "form", "right", "right")
        assert name(pilot).value == "compare-by-use_norm.pdf"
        name(pilot).value = "v1.2.csv"
        await pilot.pause()
        assert pilot.app.screen.choice.form == "csv"
        assert pilot.app.screen.query_one("#size", Choice).disabled
        await choose(pilot, "form", "l")
        assert name(pilot).value == "v1.2.md"
        name(pilot).value = "v1.2"
        await choose(pilot, "form", "h", "h")
        assert name(pilot).value == "v1.2.pdf"
        await choose(pilot, "what", "right")
        assert name(pilot).value == "views"
        await choose(pilot, "what", "left")
        assert name(pilot).value == "compare-by-use_norm.pdf"


@pytest.mark.parametrize(
    ("form", "magic"),
    [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("csv", b"switch,"), ("md", b"| "), ("tex", b"% needs")],
)
async def test_every_format_is_written(runs, tmp_path, form, magic):
    """The path is said, and the scp line copied."""
    async with opened(runs) as pilot:
        await pilot.press(*keys_to("effects"), "e")
        await settle(pilot)
        name(pilot).value = f"view.{form}"
        await pilot.pause()
        await pilot.press("enter")
        await settle(pilot)
        path = tmp_path / f"view.{form}"
        content = path.read_bytes()
        assert content.startswith(magic) or magic in content[:400]
        assert pilot.app.exported == [path]
        assert str(path) in notices(pilot)
        assert pilot.app.clipboard.startswith("scp ")
        assert str(path) in pilot.app.clipboard


async def test_size_and_ground_are_those_chosen(runs, tmp_path):
    async with opened(runs) as pilot:
        await pilot.press("e")
        await settle(pilot)
        await choose(pilot, "size", "right")
        await choose(pilot, "ground", "right", "enter")
        await settle(pilot)
        image = Image.open(tmp_path / "compare-by-use_norm.png")
        assert image.width == pytest.approx(1020, abs=1)
        assert max(image.convert("RGB").getpixel((1, 1))) < 60


async def test_a_table_has_all_rows_as_show_prints_them(tmp_path, capsys):
    """The screen shows 200 runs of the 300, the file has them all."""
    path = tmp_path / "many.parquet"
    pl.DataFrame(
        {"a": [i % 2 for i in range(300)], "seed": range(300), "loss": [i / 7 for i in range(300)]}
    ).write_parquet(path)
    async with opened(path) as pilot:
        await pilot.press(*keys_to("runs"), "e")
        await settle(pilot)
        name(pilot).value = "all.csv"
        await pilot.pause()
        await pilot.press("enter")
        await settle(pilot)
        assert len(pilot.app.ready.painted.table.rows) == 200
    assert cli.main(["show", str(path), "--view", "runs", "--csv"]) == 0
    text = (tmp_path / "all.csv").read_text()
    assert text == capsys.readouterr().out
    assert len(list(csv.reader(text.splitlines()))) == 301


async def test_what_can_not_be_written_is_told_and_the_dialog_stays(runs):
    async with opened(runs) as pilot:
        await pilot.press("e")
        await settle(pilot)
        for text, said in (("nowhere/view.png", "no folder"), ("view.gif", "should end in .png")):
            name(pilot).value = text
            await pilot.press("enter")
            await pilot.pause()
            assert isinstance(pilot.app.screen, ExportDialog)
            assert said in hint(pilot)


async def test_a_working_folder_that_is_gone_is_told(runs, tmp_path, monkeypatch):
    """Of the view and in SQL; a file can be written elsewhere."""
    async with opened(runs) as pilot:
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        await pilot.press("e")
        await settle(pilot)
        assert "is gone: name another" in hint(pilot)
        await pilot.press("enter")
        await pilot.pause()
        assert "leads nowhere: No such file or directory" in hint(pilot)
        await pilot.press("escape", "Q")
        await settle(pilot)
        await pilot.press("tab", "e")
        await settle(pilot)
        assert "is gone: name another" in hint(pilot)
        name(pilot).value = "a" * 300 + "/x.csv"
        await pilot.press("enter")
        await pilot.pause()
        assert "leads nowhere" in hint(pilot)
        name(pilot).value = str(tmp_path / "x.csv")
        await pilot.press("enter")
        await settle(pilot)
        assert pilot.app.exported == [tmp_path / "x.csv"]


async def test_the_last_choice_comes_back(runs):
    async with opened(runs) as pilot:
        await pilot.press("e")
        await settle(pilot)
        await choose(pilot, "form", "right")
        await choose(pilot, "size", "right", "right")
        await choose(pilot, "ground", "space", "enter")
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        assert pilot.app.screen.choice == ExportChoice("svg", "page", dark=True)
        assert name(pilot).value == "compare-by-use_norm.svg"
    assert export_choice.kept() == ExportChoice("svg", "page", dark=True)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"form": "exe"}', "\0"])
def test_a_broken_memory_is_none(tmp_path, content):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "export.json").write_text(content)
    assert export_choice.kept() == ExportChoice()
    good = {"form": "png", "size": "slide", "dark": True, "all_views": False, "preview": False}
    for wrong in ({"form": []}, {"size": "poster"}, {"dark": "yes"}):
        (tmp_path / "state" / "export.json").write_text(json.dumps(good | wrong))
        assert export_choice.kept() == ExportChoice()


async def test_a_state_folder_that_can_not_be_written_is_a_note(runs, tmp_path, monkeypatch):
    """The file is written all the same."""
    (tmp_path / "no_folder").write_text("")
    monkeypatch.setenv("ABLATE_TUI_STATE", str(tmp_path / "no_folder"))
    async with opened(runs) as pilot:
        await pilot.press("e")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert "the choice can't be kept" in notices(pilot)
        assert (tmp_path / "compare-by-use_norm.png").exists()


async def test_all_views_go_into_a_folder(runs, tmp_path):
    """One file each; a view that lacks its data is left out, with the reason."""
    async with opened(runs) as pilot:
        await pilot.press("e")
        await settle(pilot)
        name(pilot).value = "x.csv"
        await pilot.pause()
        await choose(pilot, "what", "right", "enter")
        await settle(pilot)
        files = sorted(path.name for path in (tmp_path / "views").iterdir())
        assert files == sorted(f"{view}-by-use_norm.csv" for view in VIEWS if view != "curves")
        assert len(pilot.app.exported) == len(files)
        assert f"wrote {len(files)} files in {tmp_path / 'views'}" in notices(pilot)
        assert "left out: curves" in notices(pilot)
        assert pilot.app.clipboard.startswith("scp -r ")
        assert not isinstance(pilot.app.screen, Working)


async def test_what_works_speaks_before_its_screen_is_there_and_after(runs):
    """The first view can be written before the screen is composed, and the last one once it is closed."""
    async with opened(runs) as pilot:
        working = Working("Exporting", lambda: None)
        pilot.app.push_screen(working)
        working.say("1 of 9")
        await settle(pilot)
        assert str(working.query_one("#progress").render()) == "1 of 9"
        working.dismiss()
        working.say("9 of 9")
        working.action_stop()
        await settle(pilot)
        assert not isinstance(pilot.app.screen, Working)


async def test_all_views_as_pictures_can_be_stopped(runs, tmp_path, monkeypatch):
    """What is written stays; a view that fails is told, and the others come."""

    def fail(inputs):
        raise UsageError("no data for this")

    def stop(result, inputs):
        pilot.app.call_from_thread(pilot.app.screen.action_stop)
        return VIEWS["compare"].figure(pilot.app.session.read(VIEWS["compare"], pilot.app.look), inputs)

    monkeypatch.setitem(VIEWS, "findings", replace(VIEWS["findings"], read=fail))
    monkeypatch.setitem(VIEWS, "effects", replace(VIEWS["effects"], figure=stop))
    async with opened(runs) as pilot:
        await pilot.press("e")
        await settle(pilot)
        await choose(pilot, "what", "right", "enter")
        await settle(pilot)
        files = sorted(path.name for path in (tmp_path / "views").iterdir())
        assert files == ["compare-by-use_norm.png", "effects-by-use_norm.png"]
        assert "left out: findings (no data for this)" in notices(pilot)
        assert not isinstance(pilot.app.screen, Working)

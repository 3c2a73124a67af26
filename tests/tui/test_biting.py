"""Names and levels that bite: shown as text everywhere, safe in SQL, shells, files, markup and terminals."""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.biting import NAMES, as_duckdb, biting, many_levels, many_switches
from tests.tui.test_app import opened, settle
from textual.content import Content
from textual.widgets import Input

from ablate_tui.data.errors import AblateError
from ablate_tui.data.schema import Choices
from ablate_tui.queries.slices import Slice
from ablate_tui.tui import export, formats, slice_arguments, slice_options
from ablate_tui.tui.panels.view_table import ViewTable
from ablate_tui.tui.report.markdown import shell
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.show import text_of
from ablate_tui.tui.views.registry import VIEWS

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> Path:
    """The file of biting names."""
    return as_duckdb(biting(120), tmp_path_factory.mktemp("names") / "it's; [x] 损.duckdb")


@pytest.fixture(scope="module")
def session(database):
    """It is open."""
    session = Session.open(str(database), Choices(roles={"every name": "factor"}), keep=False)
    yield session
    session.close()


@pytest.fixture
def look(session) -> Look:
    """A slice by names that bite, with a level that does."""
    table = session.table(None, None)
    first, second = NAMES[3], NAMES[1]
    slice_ = Slice.of(table, {first: (table.factor(first).levels[0],)}, second, None)
    return Look(slice=slice_)


def test_nothing_was_lost(session):
    """Every name is a factor, as it was written."""
    assert {factor.name for factor in session.table(None, None).factors} == {*NAMES, "every name"}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.usefixtures("few_refits")
def test_every_view_in_every_form(name, session, look, database, tmp_path):
    """Text and Markdown without control signs, JSON and CSV that are read back, SQL that runs on the source."""
    for form in ("text", "md"):
        found = CONTROL.search(text_of(session, look, name, form))
        assert found is None, (form, found)
    rows = json.loads(text_of(session, look, name, "json"))["rows"]
    read = list(csv.reader(io.StringIO(text_of(session, look, name, "csv"), newline="")))
    assert len(read) == len(rows) + bool(read)
    assert len({len(row) for row in read}) <= 1
    sql = text_of(session, look, name, "sql")
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute(sql)
        assert connection.execute("SELECT count(*) FROM runs").fetchall() == [(120,)]
    view = VIEWS[name]
    picture = export.render(view.figure(session.read(view, look), session.inputs(look)), "svg")
    assert picture.startswith(b"<?xml")
    written = export.chosen(f"{export.suggested_name(name, look.slice)}.png", "png", tmp_path)
    assert written.parent == tmp_path


@pytest.mark.parametrize("name", [name for name in NAMES if "\x00" not in name])
def test_the_command_line_gives_the_slice_again(name, session):
    """What the palette copies, read as a shell and the program read it."""
    table = session.table(None, None)
    usable = [level for level in table.factor(name).levels if "\x00" not in level]
    slice_ = Slice.of(table, {"every name": (usable[0], name), name: (usable[0],)}, None, None)
    for look in (Look(slice=slice_), Look(slice=Slice.of(table, {}, name, ((name, "every name"),)), color=name)):
        words = shlex.split(slice_options.command_line(look, session.store.path, "compare"))
        parser = argparse.ArgumentParser(allow_abbrev=False)
        parser.add_argument("source")
        parser.add_argument("--view")
        slice_arguments.add(parser)
        read = parser.parse_args(words[2:])
        again = slice_options.read(read).look(session)
        assert (again.slice, again.color) == (look.slice, look.color)
        assert read.source == session.store.path


def test_the_command_line_runs_in_a_shell(session, look, tmp_path, monkeypatch):
    """With a real shell between: nothing in it is run."""
    monkeypatch.chdir(tmp_path)
    slice_ = replace(look.slice, contrast="$(touch pwned) `id` $HOME")
    line = slice_options.command_line(replace(look, slice=slice_), session.store.path, "compare", ["--json"])
    program = Path(sys.executable).with_name("ablate-tui")
    done = subprocess.run(
        ["sh", "-c", line.replace("ablate-tui", str(program), 1)], capture_output=True, check=True, timeout=60
    )
    found = json.loads(done.stdout)["slice"]
    assert found["contrast"] == slice_.contrast
    assert found["set"] == {name: list(levels) for name, levels in slice_.filters}
    assert not list(tmp_path.glob("pwned*"))


async def test_a_command_that_can_not_be_written_is_not_copied(database, few_refits):
    """No argument of a program holds a NUL: the screen says so and leaves the clipboard as it was."""
    async with opened(database, (120, 36)) as pilot:
        app = pilot.app
        table = app.session.table(None, None)
        for name, copied in (("a:b", True), ("nul\x00byte", False)):
            app.copy_to_clipboard("before")
            app.history.present = replace(app.look, slice=Slice.of(table, {}, name))
            app.copy_command()
            assert (app.clipboard != "before") is copied
        await pilot.pause()
        assert any("NUL" in toast.message for toast in app._notifications)


def test_a_command_of_the_report_that_will_not_run_says_so():
    """A name with a line break or a NUL can't be shown on its line."""
    assert "won't run" in shell("ablate-tui show x --contrast 'two\nlines'")
    assert shell("ablate-tui show x") == "```sh\nablate-tui show x\n```\n"


@given(st.text(max_size=20) | st.text("[]/\\@= '\"$a", max_size=12))
def test_the_palette_shows_names_as_they_are(text):
    """No markup, no action behind a name."""
    shown = Content.from_markup(f"Keep {formats.unmarked(text)} = {formats.unmarked(text)}")
    assert shown.plain == f"Keep {formats.clean(text)} = {formats.clean(text)}"
    assert not shown.spans


@given(st.lists(st.text(max_size=5) | st.sampled_from(NAMES), min_size=2))
def test_a_record_of_csv_is_read_back(values):
    """Line breaks of either kind, quotes, commas."""
    assert list(csv.reader(io.StringIO(formats.csv_line(values) + "\n", newline=""))) == [values]


@given(st.sampled_from(NAMES) | st.text(max_size=30))
def test_names_of_files_stay_in_their_folder(text):
    """Whatever is in a name."""
    name = export.safe_name(text)
    assert Path(name).name == name
    assert not name.startswith((".", "-", "~"))
    assert len(name.encode()) <= 200


@given(st.data())
def test_any_text_is_a_slice_or_one_clear_line(session, data):
    """The slice options, given any text: a look, or an error in one line."""
    text = st.text(max_size=20) | st.sampled_from(NAMES) | st.sampled_from(("val", "last(a)", "at(a, 1", "mean(,)"))
    pair = st.builds("{}={}".format, text, text) | text
    options = argparse.Namespace(
        response=data.draw(st.none() | text),
        goal=None,
        set=data.draw(st.lists(pair, max_size=2)),
        contrast=data.draw(st.none() | text),
        color=data.draw(st.none() | text),
        target="mean",
        on=data.draw(st.lists(pair, max_size=1)),
        role=data.draw(st.lists(pair, max_size=1)),
        table=None,
        location=data.draw(st.none() | text),
        versus=data.draw(st.none() | text),
        fail=data.draw(st.none() | text),
    )
    try:
        read = slice_options.read(options)
        opened = Session(session.store, read.choices)
        look = read.look(opened)
        opened.table(look.response, look.goal, look.fail)
    except AblateError as caught:
        said = str(caught)
    else:
        said = "a look"
    assert said.strip()


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (20, 5)])
async def test_lines_on_the_screen_have_their_width(size, database, few_refits):
    """Cells stay aligned beside CJK, emoji and combining signs; no control sign gets to the terminal."""
    async with opened(database, size) as pilot:
        app = pilot.app
        for view in VIEWS:
            app.action_view(view)
            await settle(pilot)
            for strip in app.screen._compositor.render_strips():
                assert cell_len(strip.text) == size[0]
                assert CONTROL.search(strip.text) is None
        app.action_view("effects")
        await settle(pilot)
        table = app.query_one(ViewTable)
        if table.display:
            starts = {cell_len(first) for first, _ in table.lines}
            assert len(starts) == 1
        for key in ("question_mark", "r", "slash", "m", "f", "e", "ctrl+p"):
            await pilot.press(key)
            await pilot.pause()
            for strip in app.screen._compositor.render_strips():
                assert CONTROL.search(strip.text) is None
            await pilot.press("escape")


async def test_names_are_shown_safely_where_they_are_typed(database, look, tmp_path, monkeypatch, few_refits):
    """The query that the SQL view offers, the terms of the model, the folder of a file; none of them is changed."""
    folder = tmp_path / "\x1b]0;title\x07"
    folder.mkdir()
    monkeypatch.chdir(folder)
    location = tuple((name,) for name in NAMES[4:8])
    async with opened(database, look=replace(look, slice=replace(look.slice, location=location))) as pilot:
        app = pilot.app

        def strips() -> str:
            return "\n".join(strip.text for strip in app.screen._compositor.render_strips())

        await pilot.press("m")
        await pilot.pause()
        value = app.screen.query_one(Input).value
        assert CONTROL.search(value) is not None
        assert CONTROL.search(strips()) is None
        assert "red�[0m" in strips()
        await pilot.press("escape", "Q")
        await settle(pilot)
        sql = 'SELECT 1 AS "a\x1b]52;c;eA==\x07\\b",\n\tval'
        app.screen.box.load_text(sql)
        await pilot.press("f5")
        await settle(pilot)
        assert app.screen.box.text == sql
        assert 'AS "a�]52;c;eA==�\\b",' in strips()
        assert CONTROL.search(strips()) is None
        box = app.screen.box
        box.mark((1, 1))
        assert [box.get_line(1).plain[span.start : span.end] for span in box.get_line(1).spans] == ["val"]
        app.screen.box.load_text("SELECT 1")
        await pilot.press("f5", "tab", "e")
        await settle(pilot)
        assert "in " in strips()
        assert "�]0;title�" in " ".join(strips().replace("│", " ").split()).replace(" ", "")
        assert CONTROL.search(strips()) is None


async def test_the_palette_searches_long_names_in_no_time(database, few_refits):
    """Ten times the same letter, in a name that has it three hundred times: found, and taken."""
    async with opened(database, (120, 36)) as pilot:
        await pilot.press("ctrl+p", *"xxxxxxxxxx")
        await pilot.pause()
        await pilot.app.workers.wait_for_complete([*pilot.app.workers])
        await pilot.press("enter")
        await settle(pilot)
        assert "x" * 10 in repr(pilot.app.look.slice.set)


def test_ten_thousand_levels(tmp_path):
    """A factor of more levels than fit anywhere is compared, drawn and filtered; the switches beside it, too."""
    path = as_duckdb(many_levels(), tmp_path / "levels.duckdb")
    session = Session.open(str(path), Choices(roles={"block": "factor"}), keep=False)
    table = session.table(None, None)
    assert len(table.factor("block").levels) == 10_000
    look = Look(slice=Slice.of(table, {}, "block"))
    result = session.read(VIEWS["compare"], look)
    assert [row.n for row in result.rows] == [2] * 10_000
    drawn = VIEWS["compare"].figure(result, session.inputs(look))
    assert all(len(axis.ticks) <= 500 for panel in drawn.panels for axis in (panel.x, panel.y))
    level = table.factor("block").levels[1234]
    one = Look(slice=Slice.of(table, {"block": (level,)}, None))
    assert json.loads(text_of(session, one, "compare", "json"))["slice"]["runs"] == 2
    session.close()


def test_facts_of_many_columns_are_those_of_each(tmp_path):
    """They are asked for some columns at a time: none is left out, none gets another's."""
    frame = many_switches(70, 40).with_columns(pl.lit(7).alias("constant"), pl.Series("last", range(40)))
    session = Session.open(str(as_duckdb(frame, tmp_path / "many.duckdb")), Choices(), keep=False)
    found = {facts.name: (facts.distinct, facts.low, facts.high) for facts in session.store.survey.facts}
    for name in frame.columns:
        column = frame[name]
        low, high = column.min(), column.max()
        assert found[name][0] == column.n_unique()
        assert [float(end) for end in found[name][1:]] == [low, high]
    session.close()


@pytest.mark.usefixtures("few_refits")
def test_a_person_who_waits_for_a_view_reads_how_far_it_is(session, look, monkeypatch):
    """And how to stop it."""
    said = []

    @contextlib.contextmanager
    def words():
        yield said.append

    monkeypatch.setattr("ablate_tui.tui.progress.words", words)
    session.importances.clear()
    text_of(session, look, "importance", "text")
    assert said[0] == "computing importance (ctrl+c stops)"
    assert said[-1] == "computing importance, 100% (ctrl+c stops)"

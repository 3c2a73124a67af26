"""Findings as table, picture, JSON and Markdown, and on the screen: folded rows that scroll, and lead on."""

from __future__ import annotations

import json
import re
from itertools import product

import numpy as np
import polars as pl
import pytest
from tests.tui.painted import text_of as said
from tests.tui.test_app import keys_to, opened, settle, words
from textual.events import MouseScrollDown

from ablate_tui.data.schema import Choices
from ablate_tui.queries.slices import Slice
from ablate_tui.tui import formats
from ablate_tui.tui.panels.body import Body
from ablate_tui.tui.panels.view_table import ViewTable
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.show import document, text_of
from ablate_tui.tui.views.registry import VIEWS

pytestmark = pytest.mark.usefixtures("few_refits")
VIEW = VIEWS["findings"]


@pytest.fixture
def told(tmp_path):
    """A sweep with several findings: a shift, a spread, a crossover, and a switch that does nothing."""
    rng = np.random.default_rng(5)
    rows = []
    for norm, gate, bias, tie, inert in product((False, True), repeat=5):
        for seed in range(4):
            noise = 0.15 if gate else 0.04
            loss = 3.0 - 0.4 * norm + (0.2 if bias == tie else -0.2) + rng.normal(0, noise)
            rows.append((norm, gate, bias, tie, inert, seed, loss))
    path = tmp_path / "told.parquet"
    schema = ["use_norm", "use_gate", "use_bias", "tie_weights", "inert", "seed", "val_loss"]
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(path)
    return path


def made(path, slice_: Slice | None = None) -> tuple[Session, Look]:
    session = Session.open(str(path), Choices(response="val_loss"), keep=False)
    return session, Look(slice=slice_ or Slice())


def test_every_sentence_stands_in_every_form(told):
    """The same words in table, picture and JSON; Markdown numbers them and lets no sign of theirs mean anything."""
    session, look = made(told)
    result, inputs = session.read(VIEW, look), session.inputs(look)
    texts = [row.text for row in result.rows]
    assert any("use_norm lowers the mean val_loss" in text for text in texts)
    assert any("use_gate raises the noise, but not the whole spread" in text for text in texts)
    assert any("crossover" in text for text in texts)
    table = VIEW.table(result, inputs)
    assert [row[1] for row in table.rows] == texts
    assert [row[0] for row in table.rows] == [row.view for row in result.rows]
    (panel,) = VIEW.figure(result, inputs).panels
    assert [re.fullmatch(r"\d+\. (.*) \[\w+\]", words)[1] for words in panel.words] == texts
    rows = json.loads(text_of(session, look, "findings", "json"))["rows"]
    assert [row["text"] for row in rows] == texts
    assert all(row["figures"] for row in rows)
    markdown = text_of(session, look, "findings", "md").splitlines()
    listed = [line for line in markdown if re.match(r"\d+\. ", line)]
    assert [re.match(r"(\d+)\.", line)[1] for line in listed] == [str(at + 1) for at in range(len(texts))]
    assert "use_norm lowers" in "".join(listed)
    assert "\\_" not in "".join(listed)
    session.close()


def test_rows_say_what_they_are_about(told):
    """The table names the factor of each finding, the first one of a pair; none where there are several."""
    session, look = made(told)
    result = session.read(VIEW, look)
    table = VIEW.table(result, session.inputs(look))
    about = dict(zip([row.text.split()[0] for row in result.rows], table.factors, strict=True))
    assert about["use_norm"] == "use_norm"
    assert about["use_gate"] == "use_gate"
    assert about["No"] == ""
    session.close()


def test_filters_play_no_part_and_the_view_says_so(told):
    session, _ = made(told)
    slice_ = Slice.of(session.table(None, None), {"use_norm": ("on",)}, "use_gate")
    filtered, whole = Look(slice=slice_), Look()
    assert document(session, filtered, VIEW)["rows"] == document(session, whole, VIEW)["rows"]
    said = "findings are of the whole sweep: the filters do not count here"
    for look in (filtered, whole):
        result, inputs = session.read(VIEW, look), session.inputs(look)
        told_in = [
            any(said in note for note in VIEW.table(result, inputs).notes),
            said in VIEW.figure(result, inputs).notes,
            any(note["reason"] == said for note in document(session, look, VIEW)["notes"]),
        ]
        assert told_in == [look is filtered] * 3
    session.close()


# -- on the screen


async def show(pilot) -> ViewTable:
    """The findings on the screen, the focus in them."""
    await pilot.press(*keys_to("findings"))
    await settle(pilot)
    table = pilot.app.query_one(ViewTable)
    table.focus()
    return table


def painted(table: ViewTable) -> list[str]:
    """Lines of the table as they are on the screen."""
    return ["".join(segment.text for segment in table.render_line(y)) for y in range(table.size.height)]


def highlighted(table: ViewTable) -> list[int]:
    """Lines that are in the colour of the cursor."""
    cursor = table.get_component_rich_style("table--cursor").bgcolor
    return [
        y
        for y in range(1, table.size.height)
        if any(segment.style and segment.style.bgcolor == cursor for segment in table.render_line(y))
    ]


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_sentences_are_folded_to_the_screen(told, size):
    """Every word is there, no line is cut, and nothing scrolls sideways."""
    async with opened(told, size) as pilot:
        table = await show(pilot)
        assert not table.show_horizontal_scrollbar
        assert table.virtual_size.width <= table.size.width
        assert all(formats.width(first + rest) <= table.size.width for first, rest in table.lines)
        result = pilot.app.query_one(Body).painted.table.rows
        column = table.shown.columns.index(next(column for column in table.shown.columns if column.prose))
        start = sum(table.widths[:column]) + 2 * column
        for at, row in enumerate(result):
            lines = [first + rest for (first, rest), of in zip(table.lines[1:], table.rows, strict=True) if of == at]
            text = " ".join(line[start : start + table.widths[column] + 2].strip() for line in lines)
            assert row[1] in text
        assert ("p" in painted(table)[0].split()) == (size[0] == 200)  # columns of their own where there is room


async def test_the_cursor_takes_a_whole_row_and_scrolls_by_rows(told):
    async with opened(told, (80, 24)) as pilot:
        table = await show(pilot)
        height = table.size.height
        for row in range(len(table.table.rows)):
            lines = [at for at, of in enumerate(table.rows) if of == row]
            assert table.cursor == row
            assert [y + table.scroll_offset.y - 1 for y in highlighted(table)] == lines
            assert len(lines) > 1
            assert lines[-1] + 1 <= table.scroll_offset.y + height - 1  # all of it is on the screen
            await pilot.press("j")
        assert table.cursor == len(table.table.rows) - 1
        assert table.scroll_offset.y > 0
        await pilot.press("home")
        assert (table.cursor, table.scroll_offset.y) == (0, 0)


async def test_a_click_on_any_line_of_a_row_moves_the_cursor(told):
    async with opened(told, (80, 24)) as pilot:
        table = await show(pilot)
        last = max(at for at, row in enumerate(table.rows) if row == 1)
        await pilot.click(ViewTable, offset=(5, last + 1))
        assert table.cursor == 1
        at = {"x": 5, "y": 5, "delta_x": 0, "delta_y": 1, "button": 0, "shift": False, "meta": False, "ctrl": False}
        for _ in range(4):
            table.post_message(MouseScrollDown(table, **at))
        await pilot.pause()
        top = table.scroll_offset.y
        assert top > 0  # the wheel
        assert table.cursor == 1
        await pilot.click(ViewTable, offset=(5, 1))
        assert table.cursor == table.rows[top]


async def test_a_resize_folds_anew(told):
    """From narrow to wide and back, the cursor stays on its row."""
    async with opened(told, (80, 24)) as pilot:
        table = await show(pilot)
        await pilot.press("j")
        narrow = list(table.lines)
        await pilot.resize_terminal(200, 50)
        await settle(pilot)
        assert len(table.lines) < len(narrow)
        assert [column.field for column in table.shown.columns] == ["view", "text", "p"]
        assert table.cursor == 1
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert table.lines == narrow
        assert table.cursor == 1


async def test_enter_goes_to_the_view_that_shows_it(told):
    """The finding's view, its factor contrasted; `u` takes the contrast back."""
    async with opened(told, (120, 36)) as pilot:
        app = pilot.app
        for name, view in (("use_gate", "effects"), ("use_bias", "interactions")):
            table = await show(pilot)
            at = next(at for at, factor in enumerate(table.table.factors) if factor == name)
            await pilot.press("home", *["j"] * at, "enter")
            await settle(pilot)
            assert app.view_name == view
            assert app.look.slice.contrast == app.look.focus == name
            assert words(pilot, "#header").splitlines()[1].endswith(f"contrast {name}")
        await pilot.press("u")
        await settle(pilot)
        assert app.look.slice.contrast == "use_gate"


async def test_a_finding_about_several_factors_leaves_the_contrast(told):
    async with opened(told, (120, 36)) as pilot:
        table = await show(pilot)
        before = pilot.app.look
        await pilot.press(*["j"] * table.table.factors.index(""), "enter")
        await settle(pilot)
        assert pilot.app.view_name == "effects"
        assert pilot.app.look.slice == before.slice


async def test_filters_are_kept_on_the_way(told):
    """The view that a finding leads to keeps the filters, and a toast says that findings do not."""
    async with opened(told, (120, 36), Look(slice=Slice((("tie_weights", ("true",)),)))) as pilot:
        await show(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert pilot.app.look.slice.set == {"tie_weights": ("true",)}
        assert any("x clears them" in note.message for note in pilot.app._notifications)


async def test_a_sweep_with_nothing_to_tell_says_why(tmp_path):
    """No row: the panel says what a table without rows can't."""
    path = tmp_path / "bare.csv"
    pl.DataFrame({"seed": [1, 2, 3], "val_loss": [1.0, 2.0, 3.0]}).write_csv(path)
    async with opened(path, (120, 36)) as pilot:
        await show(pilot)
        assert "nothing to tell" in said(pilot.app.query_one(Body).painted.panels[0])

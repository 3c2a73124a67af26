"""The SQL view, through Textual's Pilot."""

from __future__ import annotations

import contextlib
import csv
import io
import threading
from pathlib import Path

import polars as pl
import pytest
from rich.cells import cell_len
from rich.segment import Segment
from tests.tui.test_app import opened, settle
from textual.widgets import Input
from textual.worker import WorkerFailed

from ablate_tui.data.query_history import kept_queries
from ablate_tui.queries.slices import Slice
from ablate_tui.tui import answer_words
from ablate_tui.tui.panels.lines import Lines
from ablate_tui.tui.panels.result_table import ResultTable
from ablate_tui.tui.screens.ask import Ask
from ablate_tui.tui.screens.details import Details
from ablate_tui.tui.screens.sql import SqlScreen
from ablate_tui.tui.session import Look

pytestmark = pytest.mark.usefixtures("few_refits")


def said(pilot, selector="#sql-words"):
    """The words of a part of the screen."""
    lines = pilot.app.screen.query_one(selector, Lines).lines
    return "\n".join("".join(segment.text for segment in row) for row in lines)


def table(pilot):
    return pilot.app.screen.query_one(ResultTable)


def row(pilot, at):
    """A line of the table as it is on the screen, the heading first."""
    return table(pilot).render_line(at).text


async def ask(pilot, sql):
    """Write over the query, and run it."""
    pilot.app.screen.box.load_text(sql)
    await pilot.press("f5")
    await settle(pilot)


async def sql_view(pilot):
    await pilot.press("Q")
    await settle(pilot)
    assert isinstance(pilot.app.screen, SqlScreen)


async def test_it_opens_with_the_slice_answered(runs):
    """The filters are in the query, all rows in the table, the cursor at the response, whose histogram is there."""
    async with opened(runs, look=Look(slice=Slice((("use_norm", ("true",)),)))) as pilot:
        await sql_view(pilot)
        screen = pilot.app.screen
        assert screen.box.text.startswith("SELECT *\nFROM runs\nWHERE ")
        frame = pl.read_parquet(runs).filter("use_norm")
        assert f"{frame.height} rows × 7 columns" in said(pilot)
        assert screen.answer.names[table(pilot).column] == "val_loss"
        values = frame["val_loss"]
        finite = int(values.is_finite().sum())
        assert f"val_loss: {finite} numbers" in said(pilot, "#histogram")
        assert "DuckDB, read-only · runs (48 rows)" in said(pilot, "#sql-head")
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, SqlScreen)


async def test_a_query_of_ones_own(runs):
    """Its figures are those of the runs; the view is left as it was found."""
    async with opened(runs) as pilot:
        await sql_view(pilot)
        await ask(pilot, "SELECT use_gate, count(*) AS n, avg(train_loss) AS mean FROM runs GROUP BY ALL ORDER BY ALL")
        frame = pl.read_parquet(runs)
        found = pilot.app.screen.answer.rows
        assert [line[:2] for line in found] == [(False, 24), (True, 24)]
        wanted = frame.group_by("use_gate").agg(pl.col("train_loss").mean()).sort("use_gate")["train_loss"].to_list()
        assert [line[2] for line in found] == pytest.approx(wanted, nan_ok=True)
        assert row(pilot, 0).split() == ["use_gate", "n", "mean"]
        assert row(pilot, 1).split()[:2] == ["false", "24"]
        await pilot.press("escape", "Q")
        await settle(pilot)
        assert "GROUP BY ALL" in pilot.app.screen.box.text
        assert row(pilot, 1).split()[:2] == ["false", "24"]


async def test_a_fault_is_marked_and_everything_stays(runs):
    """Line, column and the nearest names beside the query; the answer before is still there."""
    async with opened(runs, (80, 24)) as pilot:
        await sql_view(pilot)
        before = pilot.app.screen.answer
        sql = "SELECT 1,\n  val_los FROM runs"
        await ask(pilot, sql)
        assert "line 2, column 3: " in said(pilot)
        assert '"val_loss"' in said(pilot)
        box = pilot.app.screen.box
        assert (box.text, box.cursor_location) == (sql, (1, 2))
        assert [box.get_line(1).plain[span.start : span.end] for span in box.get_line(1).spans] == ["val_los"]
        assert pilot.app.screen.answer is before
        box.insert("s")
        await pilot.pause()
        assert not box.get_line(1).spans
        await ask(pilot, "DELETE FROM runs")
        assert "DELETE is not for here" in said(pilot)
        await ask(pilot, " ")
        assert "no query yet" in said(pilot)


async def test_earlier_queries(runs):
    """alt+up and down go through them and back to what was being typed; they are kept, each once."""
    async with opened(runs) as pilot:
        await sql_view(pilot)
        for sql in ("SELECT 1", "SELECT 2", "SELECT 1"):
            await ask(pilot, sql)
        box = pilot.app.screen.box
        box.load_text("SELECT 3")
        seen = []
        for _ in range(4):
            await pilot.press("alt+up")
            seen.append(box.text)
        assert seen == ["SELECT 1", "SELECT 2", "SELECT *\nFROM runs", "SELECT *\nFROM runs"]
        for _ in range(5):
            await pilot.press("alt+down")
        assert box.text == "SELECT 3"
        store = pilot.app.session.store
        assert kept_queries(store.path, store.table) == ("SELECT 2", "SELECT 1")
    async with opened(runs) as pilot:
        await sql_view(pilot)
        await pilot.press("ctrl+up")
        assert pilot.app.screen.box.text == "SELECT 1"


async def test_many_lines_are_taken_back(runs):
    """By one key, which takes the scrollbar off with the cursor still below the last line."""
    async with opened(runs, size=(80, 24)) as pilot:
        await sql_view(pilot)
        box = pilot.app.screen.box
        box.load_text("SELECT 1")
        box.move_cursor(box.document.end)
        box.insert("\n" * 30)
        await settle(pilot)
        assert box.show_vertical_scrollbar
        await pilot.press("ctrl+z")
        await settle(pilot)
        assert (box.text, box.cursor_location, box.show_vertical_scrollbar) == ("SELECT 1", (0, 8), False)
        await pilot.press("ctrl+y")
        await settle(pilot)
        assert box.cursor_location == (30, 0)
        assert box.scroll_offset.y > 20


async def test_history_that_can_not_be_kept_is_a_note(runs, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ABLATE_TUI_STATE", str(tmp_path / "file"))
    async with opened(runs) as pilot:
        await sql_view(pilot)
        await ask(pilot, "SELECT 42 AS answer")
        assert pilot.app.screen.answer.rows == ((42,),)
        assert any("ABLATE_TUI_STATE" in note.message for note in pilot.app._notifications)
        await pilot.press("alt+up", "alt+down")
        assert pilot.app.screen.box.text == "SELECT 42 AS answer"


async def test_escape_stops_a_query_first(runs):
    """The keys go on meanwhile; the answer before stays."""
    async with opened(runs) as pilot:
        await sql_view(pilot)
        before = pilot.app.screen.answer
        pilot.app.screen.box.load_text("SELECT sum(a.range) FROM range(10_000_000) a, range(10_000_000) b")
        await pilot.press("f5", "x")
        assert pilot.app.screen.box.text.startswith("xSELECT")
        assert "esc stops" in said(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert said(pilot).strip() == "stopped"
        assert pilot.app.screen.answer is before
        await ask(pilot, "SELECT 1")
        assert pilot.app.screen.answer.rows == ((1,),)
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, SqlScreen)


async def test_a_newer_query_takes_the_place_of_one_that_runs(runs):
    async with opened(runs) as pilot:
        await sql_view(pilot)
        pilot.app.screen.box.load_text("SELECT sum(a.range) FROM range(10_000_000) a, range(10_000_000) b")
        await pilot.press("f5")
        await ask(pilot, "SELECT 7 AS seven")
        assert pilot.app.screen.answer.rows == ((7,),)
        assert "1 row × 1 column" in said(pilot)


async def test_the_cursor_has_a_column(runs):
    """Left and right move it, the histogram follows, and a column of texts says that it has none."""
    async with opened(runs, (80, 24)) as pilot:
        await sql_view(pilot)
        await ask(pilot, "SELECT 'a' AS word, range AS n, range * 2.5 AS x, NULL AS none FROM range(100)")
        assert "n: 100 numbers" in said(pilot, "#histogram")
        await pilot.press("tab", "right")
        await settle(pilot)
        assert "x: 100 numbers" in said(pilot, "#histogram")
        await pilot.press("h", "h")
        await settle(pilot)
        assert "no numbers" in said(pilot, "#histogram")
        await pilot.press("left", "left")
        assert table(pilot).column == 0


async def test_the_column_under_the_cursor_is_on_the_screen(runs):
    """Also in an answer that is wider than the screen."""
    async with opened(runs, (80, 24)) as pilot:
        await sql_view(pilot)
        await ask(pilot, f"SELECT {', '.join(f'{at} AS column_{at}' for at in range(40))}")
        await pilot.press("tab")
        for _ in range(39):
            await pilot.press("right")
        await settle(pilot)
        assert "column_39" in row(pilot, 0)
        for _ in range(20):
            await pilot.press("left")
        await settle(pilot)
        assert "column_19 " in row(pilot, 0)


async def test_sorting(runs):
    """s sorts by the column, turns round, and goes back; NaN and NULL are last."""
    async with opened(runs) as pilot:
        await sql_view(pilot)
        await ask(pilot, "SELECT * FROM (VALUES (2.0), (NULL), ('nan'::DOUBLE), (10.0), (-1.0)) AS t(x)")
        await pilot.press("tab")
        seen = []
        for _ in range(4):
            seen.append([row(pilot, at).strip() for at in range(1, 6)])
            await pilot.press("s")
        assert seen[1] == ["−1", "2", "10", "nan", "NULL"]
        assert seen[2] == ["10", "2", "−1", "nan", "NULL"]
        assert seen[0] == seen[3] == ["2", "NULL", "nan", "10", "−1"]


async def test_clicks(runs):
    """One on a heading sorts by its column, the next turns round; a double one opens the row, once."""
    async with opened(runs) as pilot:
        await sql_view(pilot)
        await ask(pilot, "SELECT 'a' AS word, * FROM (VALUES (2), (10), (1)) AS t(x)")
        seen = []
        for _ in range(3):
            assert await pilot.click(ResultTable, offset=(9, 0))
            await settle(pilot)
            seen.append([row(pilot, at).split()[1] for at in range(1, 4)])
        assert seen == [["1", "2", "10"], ["10", "2", "1"], ["2", "10", "1"]]
        assert pilot.app.screen.answer.names[table(pilot).column] == "x"
        assert await pilot.double_click(ResultTable, offset=(9, 2))
        await settle(pilot)
        assert [type(screen) for screen in pilot.app.screen_stack].count(Details) == 1
        assert pilot.app.screen.values == {"word": "a", "x": "10"}


async def test_what_is_in_cells_is_shown_safely(runs):
    """Control characters, markup, wide signs, long texts; the row as a whole on enter."""
    async with opened(runs) as pilot:
        await sql_view(pilot)
        await ask(
            pilot,
            "SELECT 'a' || chr(27) || '[31m[bold]x' || chr(10) AS e, '损失' AS w, repeat('y', 5000) AS l, [1] AS s",
        )
        line = row(pilot, 1)
        assert "a�[31m[bold]x�" in line
        assert "损失" in line
        assert "y…" in line
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Details)
        values = pilot.app.screen.values
        assert values["s"] == "[1]"
        assert values["l"].endswith("(5,000 characters)")
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, SqlScreen)


async def test_names_that_bite(runs):
    """Long ones are cut in the heading, so that values stand under their names; none is taken for markup."""
    names = ["x" * 300, "[red]a", 'q"uo', "损失" * 40, "select", "b\n\x1b[2J"]
    async with opened(runs) as pilot:
        await sql_view(pilot)
        quoted = (f'{at} AS "{name.replace(chr(34), chr(34) * 2)}"' for at, name in enumerate(names))
        await ask(pilot, f"SELECT {', '.join(quoted)}")
        heading, values = (table(pilot).lines[at] for at in (0, 1))
        assert [cell_len(part) for part in heading] == [cell_len(part) for part in values]
        assert heading[0].strip() == f"{'x' * 37}…"
        assert "[red]a" in heading[1]
        assert "b��[2J" in heading[1]
        await pilot.press("tab", "s", "right", "s", "enter")
        await pilot.pause()
        assert list(pilot.app.screen.values) == names


async def test_export_and_copy(runs, tmp_path, monkeypatch):
    """e writes every digit of every row, under the columns' names; y copies what is on the screen."""
    monkeypatch.chdir(tmp_path)
    async with opened(runs) as pilot:
        await sql_view(pilot)
        await ask(pilot, 'SELECT range AS n, 1 / 3 AS "a ""third""", \'x,y\' AS t, NULL AS none FROM range(1_500)')
        await pilot.press("tab", "y")
        await settle(pilot)
        lines = pilot.app.clipboard.splitlines()
        assert len(lines) == 2 + 1_000
        assert lines[2].split() == ["0", "0.333333", "x,y", "NULL"]
        await pilot.press("e")
        await settle(pilot)
        assert isinstance(pilot.app.screen, Ask)
        pilot.app.screen.query_one(Input).value = "query.txt"
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, Ask)
        pilot.app.screen.query_one(Input).value = "query.csv"
        await pilot.press("enter")
        await settle(pilot)
        assert pilot.app.exported == [tmp_path / "query.csv"]
        written = list(csv.reader(io.StringIO(Path("query.csv").read_text())))
        assert written[0] == ["n", 'a "third"', "t", "none"]
        assert written[1] == ["0", repr(1 / 3), "x,y", ""]
        assert len(written) == 1 + 1_500
        assert isinstance(pilot.app.screen, SqlScreen)


async def test_keys_do_not_wait_for_export_and_copy(runs, tmp_path, monkeypatch):
    """The texts of many cells are made in threads of their own."""
    monkeypatch.chdir(tmp_path)
    makers = []

    def telling(make):
        return lambda *arguments: makers.append(threading.current_thread()) or make(*arguments)

    for name in ("as_csv", "as_text"):
        monkeypatch.setattr(answer_words, name, telling(getattr(answer_words, name)))
    async with opened(runs) as pilot:
        await sql_view(pilot)
        await pilot.press("tab", "y", "e")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert (tmp_path / "query.csv").exists()
        assert len(makers) == 2
        assert threading.main_thread() not in makers


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (20, 5)])
async def test_sizes(runs, size):
    """Every part has room where there is some; a small screen is survived."""
    async with opened(runs, (120, 36)) as pilot:
        await sql_view(pilot)
        await pilot.resize_terminal(*size)
        await settle(pilot)
        if size[0] >= 80:
            assert table(pilot).size.height >= 4
            assert "val_loss" in said(pilot, "#histogram")
        await ask(pilot, "FROM range(20_000)")
        assert "the first 10,000 of at least 10,001 rows" in " ".join(said(pilot).split()) or size == (20, 5)


async def test_empty_answers(runs):
    """No row, and nothing but NULL."""
    async with opened(runs) as pilot:
        await sql_view(pilot)
        await ask(pilot, "FROM runs WHERE false")
        assert "0 rows × 7 columns" in said(pilot)
        assert "no finite number" in said(pilot, "#histogram")
        await pilot.press("tab", "enter", "s", "y", "down", "end")
        assert isinstance(pilot.app.screen, SqlScreen)
        await ask(pilot, "SELECT NULL::DOUBLE AS x")
        assert "1 NULL" in said(pilot, "#histogram")


async def test_another_slice_is_offered_unless_there_is_a_query_of_ones_own(runs):
    async with opened(runs) as pilot:
        await sql_view(pilot)
        await pilot.press("escape", "space")
        await settle(pilot)
        await sql_view(pilot)
        assert '"use_norm"' in pilot.app.screen.box.text or "use_norm" in pilot.app.screen.box.text
        assert "24 rows" in said(pilot)
        pilot.app.screen.box.load_text("SELECT 1")
        await pilot.press("escape", "space")
        await settle(pilot)
        await sql_view(pilot)
        assert pilot.app.screen.box.text == "SELECT 1"


async def test_it_is_opened_once(runs):
    """A key and the palette in one go: one escape closes it, and it opens again."""
    async with opened(runs) as pilot:
        pilot.app.action_sql()
        pilot.app.action_sql()
        await settle(pilot)
        await sql_view(pilot)
        assert [type(screen) for screen in pilot.app.screen_stack].count(SqlScreen) == 1
        await pilot.press("escape")
        await settle(pilot)
        assert not isinstance(pilot.app.screen, SqlScreen)
        await sql_view(pilot)


@pytest.mark.parametrize("at_fault", ["lay_out", "histogram"])
async def test_a_fault_of_this_program_is_said(runs, monkeypatch, at_fault):
    """Nothing is being asked after it; the next query is."""
    from ablate_tui.tui.screens import sql

    def fail(*_):
        raise ZeroDivisionError("by test")

    async with opened(runs) as pilot:
        await sql_view(pilot)
        with monkeypatch.context() as patch:
            patch.setattr(sql, at_fault, fail)
            with contextlib.suppress(WorkerFailed):
                await ask(pilot, "SELECT 1 AS x")
            await settle(pilot)
        (notice,) = pilot.app._notifications
        assert "a fault of this program (ZeroDivisionError: by test)" in notice.message
        assert "asking" not in said(pilot)
        await ask(pilot, "SELECT 7 AS x")
        assert pilot.app.screen.answer.rows == ((7,),)
        await pilot.press("escape")
        await settle(pilot)
        assert not isinstance(pilot.app.screen, SqlScreen)


async def test_what_comes_late_is_of_no_harm(runs):
    """Rows and columns of a longer answer, an error of another query, a histogram of another size."""
    async with opened(runs) as pilot:
        await sql_view(pilot)
        await ask(pilot, "SELECT 7 AS seven")
        screen = pilot.app.screen
        screen.post_message(ResultTable.ColumnMoved(6))
        screen.post_message(ResultTable.RowEntered(47))
        await settle(pilot)
        assert pilot.app.screen is screen
        assert screen.wish != "seven"
        shown = said(pilot, "#histogram")
        lines = screen.query_one("#histogram", Lines)
        size = lines.size - (1, 0)
        screen.post_message(SqlScreen.Drawn(screen.answer, 0, size, ((Segment("of another size"),),)))
        await settle(pilot)
        assert said(pilot, "#histogram") == shown
        screen.box.load_text("SELECT nowhere")
        screen.action_run()
        screen.box.load_text("SELECT 1,\n2")
        screen.box.move_cursor((1, 1))
        await settle(pilot)
        assert "nowhere" in said(pilot)
        assert screen.box.cursor_location == (1, 1)
        assert screen.box.fault is None

"""The screen, through Textual's Pilot: every key, on real sweeps."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import duckdb
import polars as pl
import pytest
from tests.tui.painted import text_of
from textual.pilot import Pilot
from textual.widgets import Input, Static
from textual.worker import WorkerCancelled

from ablate_tui.data.schema import Choices
from ablate_tui.queries.slices import Slice
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.formats import cell
from ablate_tui.tui.panels.body import Body
from ablate_tui.tui.panels.choice import Choice
from ablate_tui.tui.panels.header import Header
from ablate_tui.tui.panels.lines import Lines
from ablate_tui.tui.panels.ranking import Ranking
from ablate_tui.tui.panels.switch_list import SwitchList, name_cells
from ablate_tui.tui.panels.view_table import ViewTable
from ablate_tui.tui.screens.ask import Ask
from ablate_tui.tui.screens.card import Card
from ablate_tui.tui.screens.details import Details
from ablate_tui.tui.screens.export_dialog import ExportDialog
from ablate_tui.tui.screens.help import Help
from ablate_tui.tui.screens.preview import Preview
from ablate_tui.tui.screens.working import Working
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.registry import VIEWS

pytestmark = pytest.mark.usefixtures("few_refits")


async def settle(pilot: Pilot[None]) -> None:
    """Wait until every worker is done and its messages have been shown."""
    quiet = 0
    while quiet < 3:  # a view's message can start the next worker
        await pilot.pause()
        running = [worker for worker in pilot.app.workers if not worker.is_finished]
        quiet = 0 if running else quiet + 1
        if running:
            with contextlib.suppress(WorkerCancelled):  # a newer one has taken its place
                await pilot.app.workers.wait_for_complete(running)


@contextlib.asynccontextmanager
async def opened(path: Path, size: tuple[int, int] = (120, 36), look: Look | None = None) -> AsyncIterator[Pilot[None]]:
    """The screen over a file, with its first figures there."""
    session = Session.open(str(path), Choices(), keep=False)
    app = AblateApp(session, look or Look())
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot
    session.close()


def keys_to(*names: str) -> list[str]:
    """The keys that show some views in turn: a digit, and from the tenth view on brackets."""
    keys = []
    for name in names:
        at = list(VIEWS).index(name) + 1
        keys += [str(min(at, 10) % 10), *["right_square_bracket"] * (at - 10)]
    return keys


def words(pilot: Pilot[None], selector: str) -> str:
    """What a widget says."""
    lines = pilot.app.query_one(selector, Lines).lines
    return "\n".join("".join(segment.text for segment in row) for row in lines)


def line(pilot: Pilot[None], at: int) -> str:
    """A line of the switch list as it is on the screen."""
    return "".join(segment.text for segment in pilot.app.query_one(SwitchList).render_line(at))


async def test_first_screen_has_list_view_and_ranking(runs):
    """Counts, effects, the comparison by the strongest switch, and the ranking are there without a key."""
    async with opened(runs) as pilot:
        assert "48 of 48 runs, 2 diverged, 1 missing" in words(pilot, "#header")
        assert "contrast use_norm" in words(pilot, "#header")
        assert pilot.app.look.slice.contrast == "use_norm"
        assert "vs" in line(pilot, 0)
        body = pilot.app.query_one(Body)
        assert body.painted.figure.title == "Comparison by use_norm"
        ranking = pilot.app.query_one(Ranking)
        assert ranking.importance.rows[0].switch == "use_norm"
        assert "R²" in words(pilot, "#ranking-head")
        assert "use_norm" in words(pilot, "#ranking-rows").splitlines()[0]


async def test_space_cycles_any_on_off(runs):
    """Each state filters; list, header, table and ranking follow."""
    async with opened(runs) as pilot:
        await pilot.press("down")
        seen = []
        for _ in range(3):
            await pilot.press("space")
            await settle(pilot)
            seen.append((pilot.app.look.slice.set, pilot.app.query_one(Body).painted.table.rows[0][1]))
        frame = pl.read_parquet(runs)
        good = frame.filter(pl.col("val_loss").is_finite() & ~pl.col("use_norm"))
        assert [state for state, _ in seen] == [{"use_bias": ("true",)}, {"use_bias": ("false",)}, {}]
        assert [n for _, n in seen] == [
            good.filter("use_bias").height,
            good.filter(~pl.col("use_bias")).height,
            good.height,
        ]


async def test_a_filter_changes_ranking_and_counts(runs):
    """The fixed switch leaves the ranking, and the list shows the slice's counts."""
    async with opened(runs) as pilot:
        await pilot.press("j", "space")
        await settle(pilot)
        assert {row.switch for row in pilot.app.query_one(Ranking).importance.rows} == {
            "use_norm",
            "tie_weights",
            "use_gate",
        }
        assert "24 of 48 runs" in words(pilot, "#header")
        assert "use_bias = on" in words(pilot, "#header")
        assert " on " in line(pilot, 1)
        assert "24/0" in line(pilot, 1)


async def test_contrast_clears_its_own_filter_and_undo_brings_it_back(runs):
    """c contrasts the switch under the cursor; u and ctrl+r walk the history."""
    async with opened(runs) as pilot:
        await pilot.press("down", "space")
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        assert pilot.app.look.slice == Slice((), "use_bias")
        await pilot.press("u")
        await settle(pilot)
        assert pilot.app.look.slice == Slice((("use_bias", ("true",)),), "use_norm")
        await pilot.press("ctrl+r")
        await settle(pilot)
        assert pilot.app.look.slice == Slice((), "use_bias")
        assert pilot.app.query_one(Body).painted.figure.title == "Comparison by use_bias"


async def test_clear_frees_all_switches(runs):
    """x takes every filter away and leaves the contrast."""
    async with opened(runs) as pilot:
        await pilot.press("down", "space", "down", "space")
        await settle(pilot)
        assert len(pilot.app.look.slice.filters) == 2
        await pilot.press("x")
        await settle(pilot)
        assert pilot.app.look.slice == Slice((), "use_norm")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_every_view_at_every_size(runs, size):
    """Digits and brackets reach all views; each has something to show, and all its parts can be reached."""
    async with opened(runs, size) as pilot:
        body = pilot.app.query_one(Body)
        for name in VIEWS:
            await pilot.press(*keys_to(name))
            await settle(pilot)
            assert pilot.app.view_name == name
            assert body.painted.view == name
            shown = set()
            for _ in range(body.painted.arrangement.parts):
                arrangement = body.painted.arrangement
                shown |= {"table"} if arrangement.table_height else set()
                shown |= set(arrangement.panels)
                assert all(text_of(panel).strip() for panel in body.painted.panels)
                await pilot.press("v")
                await settle(pilot)
            prose = any(column.prose for column in body.painted.table.columns)  # what its panel would repeat
            assert shown == {"table", *(() if prose else range(len(body.painted.figure.panels)))}
        await pilot.press("right_square_bracket")
        assert pilot.app.view_name == next(iter(VIEWS))
        await pilot.press("left_square_bracket")
        assert pilot.app.view_name == "design"


async def test_levels_of_a_factor_open_and_toggle(factors):
    """l opens a factor; space on a level keeps it; a second level joins it; all levels free the factor."""
    async with opened(factors) as pilot:
        switches = pilot.app.query_one(SwitchList)
        assert switches.current.factor.name == "optimizer"
        await pilot.press("l")
        assert [row.level for row in switches.lines[:4]] == [None, "adam", "lion", "sgd"]
        await pilot.press("down", "space")
        await settle(pilot)
        assert pilot.app.look.slice.set == {"optimizer": ("adam",)}
        await pilot.press("down", "space")
        await settle(pilot)
        assert pilot.app.look.slice.set == {"optimizer": ("adam", "lion")}
        assert "2/3" in line(pilot, 0)
        await pilot.press("down", "space")
        await settle(pilot)
        assert pilot.app.look.slice.set == {}
        await pilot.press("h")
        assert len(switches.lines) == 2


async def test_a_factor_can_be_the_contrast(factors):
    """Three sides are compared."""
    async with opened(factors) as pilot:
        await pilot.press("home", "c")
        await settle(pilot)
        assert [row[0] for row in pilot.app.query_one(Body).painted.table.rows[:3]] == ["adam", "lion", "sgd"]


async def test_find_moves_the_cursor(runs):
    """/ takes a part of a name."""
    async with opened(runs) as pilot:
        await pilot.press("slash")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Ask)
        await pilot.press(*"GATE", "enter")
        await settle(pilot)
        assert pilot.app.query_one(SwitchList).current.factor.name == "use_gate"


async def test_response_by_name_and_by_sql(runs):
    """r offers columns and takes SQL; what can't be computed is refused with its reason, and stays."""
    async with opened(runs) as pilot:
        await pilot.press("r")
        await pilot.pause()
        await pilot.press(*"nonsense(", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, Ask)
        assert str(pilot.app.screen.query_one("#hint", Static).content).strip()
        pilot.app.screen.query_one(Input).value = "val_loss * 2"
        await pilot.pause()
        await pilot.press("enter")
        await settle(pilot)
        assert "val_loss * 2" in words(pilot, "#header")
        mean = pilot.app.query_one(Body).painted.table.rows[0][2]
        frame = pl.read_parquet(runs).filter(pl.col("val_loss").is_finite() & ~pl.col("use_norm"))
        assert mean == pytest.approx(2 * frame["val_loss"].mean())
        await pilot.press("u")
        await settle(pilot)
        assert "response val_loss (" in words(pilot, "#header")


async def test_sort_by_key_and_by_heading(runs):
    """s goes through the columns, S turns the order round, the cursor's row stays in place."""
    async with opened(runs) as pilot:
        await pilot.press(*keys_to("effects"))
        await settle(pilot)
        await pilot.press("s", "s")
        await settle(pilot)
        body = pilot.app.query_one(Body)
        assert body.painted.sort == (body.painted.table.columns[1].field, False)
        await pilot.press(*["s"] * ([c.field for c in body.painted.table.columns].index("mean_diff") - 1))
        await settle(pilot)
        at = [column.field for column in body.painted.table.columns].index("mean_diff")
        values = [row[at] for row in body.painted.table.rows]
        assert values == sorted(values)
        await pilot.press("S")
        await settle(pilot)
        assert [row[at] for row in body.painted.table.rows] == sorted(values, reverse=True)


async def test_runs_are_sorted_in_the_source(runs):
    """The runs view orders all runs, NULL last, not only those that are shown."""
    async with opened(runs) as pilot:
        pilot.app.session.row_limit = 5
        await pilot.press(*keys_to("runs"))
        await settle(pilot)
        await pilot.press("s", "S")
        await settle(pilot)
        table = pilot.app.query_one(Body).painted.table
        assert "5 of 48 runs shown" in table.notes
        assert table.rows[0][0] != table.rows[0][0] or table.rows[0][0] == float("inf")  # NaN sorts as the largest
        await pilot.press("S")
        await settle(pilot)
        frame = pl.read_parquet(runs)["val_loss"].drop_nulls().sort()
        assert [row[0] for row in pilot.app.query_one(Body).painted.table.rows] == frame[:5].to_list()


async def test_enter_opens_a_run_and_a_switch(runs):
    """A row of the runs opens its details; a row of the effects compares its switch."""
    async with opened(runs) as pilot:
        await pilot.press(*keys_to("runs"))
        await settle(pilot)
        pilot.app.query_one(ViewTable).focus()
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Details)
        assert set(pilot.app.screen.values) == set(pl.read_parquet(runs).columns)
        await pilot.press("escape", *keys_to("effects"))
        await settle(pilot)
        pilot.app.query_one(ViewTable).focus()
        await pilot.press("down", "enter")
        await settle(pilot)
        assert pilot.app.view_name == "compare"
        assert pilot.app.look.slice.contrast == "use_bias"


async def test_help_lists_every_key(runs):
    """? and F1 show every binding and every view, at 80 columns too."""
    async with opened(runs, (80, 24)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Help)
        shown = {binding.key for group in pilot.app.screen.groups.values() for binding in group}
        assert {binding.key for binding in AblateApp.BINDINGS} <= shown
        assert {binding.key for binding in SwitchList.BINDINGS} <= shown
        await pilot.press("escape", "f1")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Help)


def test_every_binding_has_an_id():
    """So that each can be remapped."""
    holders = (AblateApp, SwitchList, ViewTable, Help, Ask, Details, Card, Choice, ExportDialog, Preview, Working)
    ids = [binding.id for holder in holders for binding in holder.BINDINGS]
    assert all(ids)
    assert len(set(ids)) == len(ids)


async def test_copy_gives_the_table_as_text(runs):
    """y copies what is on the screen."""
    async with opened(runs) as pilot:
        await pilot.press(*keys_to("effects"))
        await settle(pilot)
        await pilot.press("y")
        assert "use_gate" in pilot.app.clipboard


async def test_the_palette_copies_sql_and_command(runs):
    """What is copied runs, and shows the same slice."""
    async with opened(runs) as pilot:
        await pilot.press("down", "space")
        await settle(pilot)
        pilot.app.copy_sql()
        with duckdb.connect() as connection:
            rows = connection.sql(pilot.app.clipboard).fetchall()
        assert len(rows) == 2
        pilot.app.copy_command()
        assert pilot.app.clipboard == f"ablate-tui show {runs} --view compare --set use_bias=true --contrast use_norm"


async def test_commands_of_the_palette_can_all_be_run(runs):
    """Each command of the palette names something that exists."""
    async with opened(runs) as pilot:
        names = [command.title for command in pilot.app.get_system_commands(pilot.app.screen)]
        assert "View: Effects" in names
        assert "Keep use_gate = on" in names
        keep = next(c for c in pilot.app.get_system_commands(pilot.app.screen) if c.title == "Keep use_gate = on")
        keep.callback()
        await settle(pilot)
        assert pilot.app.look.slice.set == {"use_gate": ("true",)}


async def test_another_process_can_write_while_the_screen_is_open(tmp_path, runs):
    """The file was let go of: a writer opens it and adds a run."""
    path = tmp_path / "runs.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE runs AS FROM '{runs}'")
    async with opened(path) as pilot:
        import subprocess
        import sys

        code = f"import duckdb; c = duckdb.connect({str(path)!r}); c.execute('INSERT INTO runs FROM runs LIMIT 1')"
        subprocess.run([sys.executable, "-c", code], check=True)
        await pilot.press("down", "space")
        await settle(pilot)
        assert "24 of 48 runs" in words(pilot, "#header")


async def test_an_old_result_never_overwrites_a_newer_one(runs):
    """A message about a look that is gone is not shown."""
    async with opened(runs) as pilot:
        app = pilot.app
        before = app.look
        old = app.query_one(Body).painted
        await pilot.press("down", "space")
        await settle(pilot)
        title = words(pilot, "#header")
        app.post_message(app.Ready(before, old, None))
        app.post_message(app.Glanced(before, app.session.sample(before), (), ""))
        app.post_message(app.Ranked(before, app.session.importance(before), None))
        await settle(pilot)
        assert words(pilot, "#header") == title
        assert app.query_one(Body).painted is not old
        assert {row.switch for row in app.query_one(Ranking).importance.rows} == {
            "use_norm",
            "tie_weights",
            "use_gate",
        }


async def test_a_cursor_that_moves_on_does_not_lose_the_view(runs):
    """A toggle and at once a move: the view of the toggle is shown, not the one before."""
    async with opened(runs) as pilot:
        switches = pilot.app.query_one(SwitchList)
        switches.action_move(1)
        switches.action_next_state()
        switches.action_move(1)
        await settle(pilot)
        assert pilot.app.look.focus == "tie_weights"
        frame = pl.read_parquet(runs).filter(pl.col("val_loss").is_finite() & pl.col("use_bias") & ~pl.col("use_norm"))
        assert pilot.app.query_one(Body).painted.table.rows[0][1] == frame.height
        await pilot.press("k", "k", "c", "j", *keys_to("dependence"))
        await settle(pilot)
        assert pilot.app.look.slice.contrast is None
        assert pilot.app.query_one(Body).painted.figure.title == "Dependence"  # use_bias is fixed by its filter
        await pilot.press("j")
        await settle(pilot)
        assert pilot.app.query_one(Body).painted.figure.title.startswith("SHAP values of tie_weights")


async def test_many_keys_at_once_end_in_the_last_state(runs):
    """Held-down keys: only the last look is on the screen."""
    async with opened(runs) as pilot:
        await pilot.press("down", *["space"] * 10)
        await settle(pilot)
        assert pilot.app.look.slice.set == {"use_bias": ("true",)}
        assert "24 of 48 runs" in words(pilot, "#header")


async def test_resize_to_almost_nothing_and_back(runs):
    """20×5 says that it is small, or shows a part; nothing breaks."""
    async with opened(runs) as pilot:
        for size in ((20, 5), (200, 50), (80, 24)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
        assert pilot.app.query_one(Body).painted.view == "compare"


async def test_an_empty_slice_is_shown_as_empty(factors):
    """Filters that leave no run: zero counts, no exception, and x brings everything back."""
    table = Session.open(str(factors), Choices(), keep=False).table(None, None)
    look = Look(slice=Slice.of(table, {"norm": ("1",)}))
    frame = pl.read_csv(factors).filter(~((pl.col("norm") == 1) & (pl.col("optimizer") == "sgd")))
    frame.write_csv(factors)
    async with opened(factors, look=look) as pilot:
        await pilot.press("home", "l", "end", "k", "space")
        await settle(pilot)
        for name in VIEWS:
            await pilot.press(*keys_to(name))
            await settle(pilot)
        await pilot.press("x")
        await settle(pilot)
        assert "20 of 20 runs" in words(pilot, "#header")


async def test_mouse_picks_tabs_and_toggles(runs):
    """A click on a tab shows its view; a click on a state toggles it."""
    async with opened(runs) as pilot:
        bar = pilot.app.query_one("#tabs")
        start = next(start for start, _, name in bar.spans if name == "importance")
        await pilot.click("#tabs", offset=(start + 1, 0))
        await settle(pilot)
        assert pilot.app.view_name == "importance"
        switches = pilot.app.query_one(SwitchList)
        await pilot.click("#switches", offset=(name_cells(switches.size.width) + 2, 1))
        await settle(pilot)
        assert pilot.app.look.slice.set == {"use_bias": ("true",)}


async def test_names_that_bite_are_text(tmp_path):
    """Markup, quotes, escape codes and CJK in names are shown, not run."""
    names = {"a": "[/]", "b": '"; DROP TABLE runs; --', "c": "\x1b[31mred", "d": "開關 開"}
    rows = [
        (bool(i & 1), bool(i & 2), bool(i & 4), bool(i & 8), seed, 2.0 + 0.1 * i + 0.01 * seed)
        for i in range(16)
        for seed in range(2)
    ]
    path = tmp_path / "bite.parquet"
    pl.DataFrame(rows, schema=[*names.values(), "seed", "loss"], orient="row").write_parquet(path)
    async with opened(path, (80, 24)) as pilot:
        for name in VIEWS:
            await pilot.press(*keys_to(name), "v")
            await settle(pilot)
        for _ in names:
            await pilot.press("space", "down", "c")
            await settle(pilot)
        assert "[/]" in line(pilot, 0)
        assert "\x1b" not in line(pilot, 2)
        assert pilot.app.query_one(Header) is not None


async def test_no_color_has_marks(runs, monkeypatch):
    """Without colours the sides still differ by their marks."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(runs) as pilot:
        painted = pilot.app.query_one(Body).painted
        assert all(piece.style is None for panel in painted.panels for row in panel for piece in row)
        stats = next(text_of(p) for p, at in zip(painted.panels, painted.arrangement.panels, strict=True) if at == 3)
        assert "█" in stats
        assert "▓" in stats


async def test_another_view_does_not_start_the_intervals_again(runs, monkeypatch):
    """The bootstrap of a slice runs once, however many views are looked at meanwhile."""
    started = []
    monkeypatch.setattr(AblateApp, "compute_uncertainty", lambda self, look: started.append(look.slice))
    async with opened(runs) as pilot:
        await pilot.press(*keys_to("effects", "importance", "dependence"), "v", *keys_to("compare"))
        await settle(pilot)
        assert len(started) == 1
        await pilot.press("down", "space")
        await settle(pilot)
        assert len(started) == 2


async def test_a_slice_that_was_left_early_gets_its_intervals_later(runs):
    """R² was there when the person went on; on coming back, the intervals are computed."""
    session = Session.open(str(runs), Choices(), keep=False)
    app = AblateApp(session, Look())
    fitted = session.fitted_importance(app.look)
    assert fitted.r2_out_of_fold is not None
    assert fitted.rows[0].noise_floor is None
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert app.query_one(Ranking).importance.rows[0].noise_floor is not None
    session.close()


async def test_escape_stops_the_slow_part(runs, monkeypatch):
    """esc cancels the bootstrap; the ranking stays."""
    async with opened(runs) as pilot:
        pilot.app.compute_uncertainty(pilot.app.look)
        await pilot.press("escape")
        await settle(pilot)
        assert pilot.app.query_one(Ranking).importance.rows


async def test_enter_in_the_design_changes_a_role(runs):
    """A column becomes a switch no more, and a wrong role is refused."""
    async with opened(runs) as pilot:
        await pilot.press(*keys_to("design"))
        await settle(pilot)
        pilot.app.query_one(ViewTable).focus()
        await pilot.press("enter")
        await pilot.pause()
        pilot.app.screen.query_one(Input).value = "nothing"
        await pilot.press("enter")
        await pilot.pause()
        assert "no role" in str(pilot.app.screen.query_one("#hint", Static).content)
        pilot.app.screen.query_one(Input).value = "ignored"
        await pilot.pause()
        await pilot.press("enter")
        await settle(pilot)
        assert [factor.name for factor in pilot.app.query_one(SwitchList).factors] == [
            "use_bias",
            "tie_weights",
            "use_gate",
        ]
        assert pilot.app.query_one(Body).painted.table.rows[0][1] == "ignored"
        assert pilot.app.look.slice.contrast is None
    again = Session.open(str(runs), Choices(), keep=False)
    assert "use_norm" not in again.table(None, None).positions
    again.close()


async def test_a_fault_in_a_worker_is_said(runs, monkeypatch):
    """An exception that nobody foresaw does not leave old figures there without a word."""
    from ablate_tui.tui import computing

    async with opened(runs) as pilot:

        def broken(*arguments):
            raise ZeroDivisionError("seven")

        monkeypatch.setattr(computing, "glance", broken)
        await pilot.press("down", "space")
        with contextlib.suppress(Exception):
            await settle(pilot)
        await pilot.pause()
        said = [notice.message for notice in pilot.app._notifications]
        assert any("ZeroDivisionError: seven" in words for words in said)


async def test_the_table_scrolls_under_its_heading_and_beside_its_first_column(runs):
    """The cursor stays in sight, the heading and the names stay, and the last column can be reached."""
    async with opened(runs, (80, 24)) as pilot:
        await pilot.press(*keys_to("runs"))
        await settle(pilot)
        table = pilot.app.query_one(ViewTable)
        table.focus()

        def shown(at: int) -> list[str]:
            return "".join(segment.text for segment in table.render_line(at)).split()

        names = [column.label for column in table.table.columns]
        whole = [cell(value) for value in table.table.rows[0]]
        assert shown(0) == names[: len(shown(0))]
        assert len(shown(0)) < len(names)
        assert shown(1) == whole[: len(shown(1))]  # no figure is cut at the border
        await pilot.press(*["l"] * 40)
        await pilot.pause()
        assert (shown(0)[0], shown(0)[-1]) == (names[0], names[-1])
        assert (shown(1)[0], shown(1)[-1]) == (whole[0], whole[-1])
        await pilot.press("end")
        await pilot.pause()
        assert table.cursor == 47
        assert table.scroll_offset.y + table.scrollable_content_region.height - 1 >= 48
        await pilot.press("home", *["h"] * 40)
        await pilot.pause()
        assert (table.cursor, table.scroll_offset.x, table.scroll_offset.y) == (0, 0, 0)
        await pilot.click("#table", offset=(2, 0))
        await settle(pilot)
        assert pilot.app.look.sort == ("val_loss", False)

"""Every state says what is wrong and what to do: empty slices, no figures, small terminals, faults."""

from __future__ import annotations

import math
import re

import polars as pl
import pytest
from tests.tui.test_app import opened, settle, words

from ablate_tui.data.schema import Choices
from ablate_tui.tui import crash
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.panels.body import Body
from ablate_tui.tui.session import Look, Session

pytestmark = pytest.mark.usefixtures("few_refits")
SIDES = [0, 0, 1, 1] * 8


def swept(tmp_path, **columns):
    """A sweep as a file."""
    path = tmp_path / "case.parquet"
    pl.DataFrame(columns, strict=False).write_parquet(path)
    return path


async def test_an_empty_slice_names_the_filter_that_emptied_it(tmp_path):
    """The one without which there are most runs."""
    path = swept(tmp_path, a=[0, 1] * 16, b=SIDES, c=[1 - side for side in SIDES], loss=[1.0 + at for at in range(32)])
    async with opened(path, (120, 36)) as pilot:
        app = pilot.app
        slice_ = app.look.slice
        for name in ("b", "c", "a"):
            slice_ = slice_.with_levels(app.sweep, name, ("1",))
        app.go(Look(slice=slice_))
        await settle(pilot)
        assert "! no run is left; without b = on: 8 (u undoes, x clears)" in words(pilot, "#header")
        await pilot.press("u")
        await settle(pilot)
        assert "!" not in words(pilot, "#header")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"a": SIDES, "loss": [math.nan] * 32}, "! no run here has finished: r chooses another response"),
        ({"a": SIDES, "loss": [None] * 31 + [math.nan]}, "! no run here has finished"),
        (
            {"a": [1] * 32, "loss": [1.0, 2.0] * 16},
            "! no column varies as a switch or factor: enter in the design view",
        ),
        ({"a": [1], "loss": [1.0]}, "! no column varies as a switch or factor"),
    ],
)
async def test_sweeps_without_figures(columns, said, tmp_path):
    """All diverged, all missing but one, one level only, one run."""
    async with opened(swept(tmp_path, **columns), (120, 36)) as pilot:
        assert said in words(pilot, "#header")


async def test_a_terminal_that_is_too_small_says_so_until_it_is_large_again(runs):
    """And what was there comes back, painted for the new size."""
    async with opened(runs, (80, 24)) as pilot:
        app = pilot.app
        for size in ((20, 5), (1, 1), (39, 24), (80, 11)):
            await pilot.resize_terminal(*size)
            assert app.query_one("#small").display
            assert " ".join(words(pilot, "#small").split()).startswith(f"{size[0]}×{size[1]}"[: size[0]])
        await pilot.resize_terminal(120, 36)
        await settle(pilot)
        assert not app.query_one("#small").display
        assert app.query_one(Body).painted.sizes == app.sizes()
        await pilot.press("space")
        await settle(pilot)
        assert app.look.slice.filters


async def test_a_fault_leaves_a_report_without_data(runs, tmp_path, monkeypatch):
    """One line with the place; in the file the traceback, and no name of a column or level."""
    session = Session.open(str(runs), Choices(), keep=False)
    app = AblateApp(session, Look())

    def breaks() -> None:
        levels = {"false": 0}
        levels["use_gate=true"]

    monkeypatch.setattr(app, "action_find", breaks)
    try:
        async with app.run_test() as pilot:
            await settle(pilot)
            await pilot.press("slash")
    except KeyError:
        pass  # Textual's tests are told of it once more
    session.close()
    (report,) = (tmp_path / "state").glob("crash-*.txt")
    assert app.last_words == (
        f"a fault of this program (KeyError: 'use_gate=true'); a report without data is in {report}"
    )
    text = report.read_text()
    assert "builtins.KeyError" in text
    assert "in breaks" in text
    assert re.search(r"duckdb \d", text)
    assert "view: compare" in text
    for name in ("use_norm", "tie_weights", str(runs)):
        assert name not in text


def test_a_report_that_cannot_be_written_is_no_second_fault(tmp_path, monkeypatch):
    """The state folder is a file, say."""
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("ABLATE_TUI_STATE", str(tmp_path / "taken"))
    assert crash.keep(ValueError("x"), "compare", Look()) is None


def test_a_report_is_of_faults_alone():
    """Of libraries' errors, some call a text or a number their error."""
    fault = ValueError("x")
    fault.error = "use_gate=true"  # type: ignore[attr-defined]
    assert "use_gate" not in crash.report(fault, "compare", Look())


def test_a_report_that_cannot_be_made_is_no_second_fault(monkeypatch):
    """A library without its metadata, say."""
    monkeypatch.setattr(crash, "LIBRARIES", ("no-such-library",))
    assert crash.keep(ValueError("x"), "compare", Look()) is None

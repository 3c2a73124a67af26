"""docs/add_a_view.md holds: its code, added as it says, is a view with everything that comes by itself."""

from __future__ import annotations

import csv
import importlib
import io
import json
import re
import subprocess
import sys

import duckdb
import polars as pl
import pytest
from tests.conftest import TOP, sweep
from tests.tui import test_views
from tests.tui.test_app import opened as opened_screen
from tests.tui.test_app import settle, words

import ablate_tui.queries
import ablate_tui.tui.views
from ablate_tui.tui import cli
from ablate_tui.tui.panels.body import Body
from ablate_tui.tui.screens.help import Help
from ablate_tui.tui.views.registry import VIEWS

PAGE = TOP / "docs/add_a_view.md"
FILES = ["queries/seeds.py", "tui/views/seeds.py"]
MODULES = ["ablate_tui.queries.seeds", "ablate_tui.tui.views.seeds"]
pytestmark = pytest.mark.usefixtures("few_refits")


@pytest.fixture
def added(tmp_path, monkeypatch):
    """The page's view, from files like those that it names, in the list."""
    blocks = re.findall(r"^```python\n# (\S+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert [path for path, _ in blocks] == FILES
    for (path, code), package in zip(blocks, (ablate_tui.queries, ablate_tui.tui.views), strict=True):
        file = tmp_path / "added" / path
        file.parent.mkdir(parents=True)
        file.write_text(code, encoding="utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(file.parent)])
    view = importlib.import_module(MODULES[1]).VIEW
    monkeypatch.setitem(VIEWS, view.name, view)
    yield tmp_path / "added"
    for name in MODULES:
        del sys.modules[name]


async def test_the_screen_has_it(added, runs):
    """Its tab and its figures; its place in the palette and in the help."""
    async with opened_screen(runs) as pilot:
        app = pilot.app
        await pilot.press("0", *["right_square_bracket"] * (list(VIEWS).index("seeds") - 9))
        await settle(pilot)
        finished = sweep().filter(pl.col("val_loss").is_finite()).group_by("seed").len().sort("seed")
        painted = app.query_one(Body).painted
        assert [row[:2] for row in painted.table.rows] == [(str(seed), n) for seed, n in finished.iter_rows()]
        assert "seeds" in words(pilot, "#tabs")
        await pilot.press("2")
        (command,) = (found for found in app.get_system_commands(app.screen) if found.title == "View: Seeds")
        command.callback()
        await settle(pilot)
        assert app.query_one(Body).painted.view == "seeds"
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, Help)
        assert app.screen.views["seeds"].about == VIEWS["seeds"].about


def test_show_has_it(added, runs, capsysbinary, tmp_path):
    """JSON, CSV, SQL and a picture, inside a slice."""

    def show(*form: str) -> str:
        assert cli.main(["show", str(runs), "--view", "seeds", "--set", "use_norm=on", *form]) == 0
        return capsysbinary.readouterr().out.decode()

    y = sweep().filter(pl.col("use_norm") & pl.col("val_loss").is_finite())
    rows = json.loads(show("--json"))["rows"]
    assert [row["seed"] for row in rows] == ["0", "1", "2"]
    for row in rows:
        own = y.filter(pl.col("seed") == int(row["seed"]))["val_loss"]
        assert (row["n"], row["mean"], row["sd"]) == (len(own), pytest.approx(own.mean()), pytest.approx(own.std()))
    assert [line["n"] for line in csv.DictReader(io.StringIO(show("--csv")))] == [str(row["n"]) for row in rows]
    with duckdb.connect() as connection:
        queried = connection.sql(show("--sql")).fetchall()
    assert [line[1:] for line in queried] == [pytest.approx((r["n"], r["mean"], r["sd"])) for r in rows]
    show("--png", str(tmp_path / "seeds.png"))
    assert (tmp_path / "seeds.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("case", test_views.CASES)
def test_it_survives_every_sweep(added, opened, case):
    """The test that holds for every view."""
    test_views.test_every_view_survives_every_sweep(opened, "seeds", case)


def test_it_keeps_the_rules_of_the_house(added):
    """ruff finds nothing to mend in the page's code."""
    command = [sys.executable, "-m", "ruff", "check", "--config", str(TOP / "pyproject.toml"), str(added)]
    pytest.importorskip("ruff")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout

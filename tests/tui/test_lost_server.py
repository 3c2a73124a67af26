"""A server that is gone, or doesn't answer, while the screen is open; here DuckDB plays the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import duckdb
import pyarrow
import pytest
from tests.servers import sweep_with_everything
from tests.tui.test_app import keys_to, settle, words

from ablate_tui.data.errors import SourceError
from ablate_tui.data.schema import Choices
from ablate_tui.data.servers.engines import DuckDB
from ablate_tui.data.servers.server_store import ServerStore
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.session import Look, Session

pytestmark = pytest.mark.usefixtures("few_refits")


class Shaky(DuckDB):
    """Answers while its line holds; while it is deaf, nothing comes back."""

    lost = False

    def __init__(self, path: Path) -> None:
        super().__init__("md:here", duckdb.connect(str(path), read_only=True))
        self.hears, self.asked = Event(), Event()
        self.hears.set()

    def ask(self, sql: str) -> pyarrow.Table:
        self.asked.set()
        assert self.hears.wait(60)
        if self.lost:
            raise SourceError("md:here: no connection")
        return super().ask(sql)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Shaky]:
    path = tmp_path / "runs.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("frame", sweep_with_everything().to_arrow())
        connection.execute("CREATE TABLE runs AS SELECT * FROM frame")
    made = Shaky(path)
    yield made
    made.hears.set()


def screen(engine: Shaky) -> AblateApp:
    return AblateApp(Session(ServerStore(engine), Choices()), Look())


async def until(pilot, condition) -> None:
    """Let the screen go on until something holds."""
    while not condition():
        await pilot.pause()


async def test_a_lost_line_is_told_and_the_slice_stays(engine: Shaky) -> None:
    """Runs are on the server; figures of any slice are in memory. Once the line is there again, so are the runs."""
    app = screen(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("space", "j", "space", "c", "c")
        await settle(pilot)
        look = app.look
        assert look.slice.filters
        engine.lost = True
        for view in ("runs", "best"):
            await pilot.press(*keys_to(view))
            await until(pilot, lambda: "no connection" in words(pilot, "#caption"))
            assert app.look.step == look.step
        await pilot.press("x", *keys_to("effects"))
        await until(pilot, lambda: "Effects" in words(pilot, "#caption"))
        await until(pilot, lambda: "700 of 700 runs" in words(pilot, "#header"))
        engine.lost = False
        await pilot.press(*keys_to("runs"))
        await until(pilot, lambda: "Runs in the order" in words(pilot, "#caption"))


async def test_no_key_waits_for_a_server_that_does_not_answer(engine: Shaky) -> None:
    app = screen(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        engine.hears.clear()
        engine.asked.clear()
        await pilot.press(*keys_to("runs"))
        await until(pilot, lambda: "asking the server" in words(pilot, "#caption") and engine.asked.is_set())
        await pilot.press(*keys_to("effects"))
        await until(pilot, lambda: "Effects" in words(pilot, "#caption"))
        await pilot.press(*keys_to("runs"))
        await until(pilot, lambda: "asking the server" in words(pilot, "#caption"))
        engine.hears.set()
        await until(pilot, lambda: "Runs in the order" in words(pilot, "#caption"))

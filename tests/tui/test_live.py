"""A source that grows while it is open: noticed, told, and taken in without losing the place."""

from __future__ import annotations

import fcntl
from pathlib import Path
from threading import Event, Semaphore

import duckdb
import pytest
from tests.tui.test_app import settle, words
from textual.pilot import Pilot

from ablate_tui import log
from ablate_tui.data.schema import Choices
from ablate_tui.data.watching import News, Watch
from ablate_tui.queries.slices import Slice
from ablate_tui.tui import following
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.panels.switch_list import SwitchList
from ablate_tui.tui.session import Look, Session

pytestmark = pytest.mark.usefixtures("few_refits")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "WATCH", 0.02)
    monkeypatch.setattr("ablate_tui.data.sources.snapshot._QUIET", 0.01)


def logged(path: Path, start: int, stop: int) -> None:
    for at in range(start, stop):
        with log(path, switches={"a": at % 2 == 0, "b": at // 2 % 2 == 0, "c": at // 4 % 2 == 0}, seed=at // 8) as run:
            run.result(val_loss=2 + at % 2 + at / 100)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "runs.duckdb"
    logged(made, 0, 32)
    return made


def screen(path: Path, follow: bool = False) -> AblateApp:
    return AblateApp(Session.open(str(path), Choices(), keep=False), Look(), follow)


async def until(pilot: Pilot[None], selector: str, text: str) -> None:
    """Wait until a panel says something; the test's own limit ends a wait in vain."""
    while text not in words(pilot, selector):
        await pilot.pause()
    await settle(pilot)


async def test_new_runs_are_told_and_taken_in_on_request(path: Path) -> None:
    app = screen(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert "32 of 32 runs" in words(pilot, "#header")
        await pilot.press("j", "space", "j")
        await settle(pilot)
        look, cursor = app.look, app.query_one(SwitchList).current
        assert "16 of 32 runs" in words(pilot, "#header")
        logged(path, 32, 48)
        await until(pilot, "#header", "+16 runs (R)")
        assert "16 of 32 runs" in words(pilot, "#header")
        await pilot.press("R")
        await until(pilot, "#header", "24 of 48 runs")
        assert (app.look, app.query_one(SwitchList).current) == (look, cursor)
        await pilot.press("u")
        await until(pilot, "#header", "48 of 48 runs")
        # that it was taken in, and so the file written, is no news
        assert app.session.watch is not None
        assert app.session.watch.look() is None
        assert "(R)" not in words(pilot, "#header")


async def test_runs_are_taken_in_by_themselves_where_the_source_is_followed(path: Path) -> None:
    app = screen(path, follow=True)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        logged(path, 32, 40)
        await until(pilot, "#header", "40 of 40 runs")
        logged(path, 40, 48)
        await until(pilot, "#header", "48 of 48 runs")


async def test_one_reading_at_a_time_and_the_newest_is_shown(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two at a time the older might end last, and the inbox lets only one of them in."""
    app = screen(path)
    again, going, most = Session.again, 0, 0

    def slow(session: Session) -> Session:
        nonlocal going, most
        going += 1
        most = max(most, going)
        read = again(session)
        began.set()
        assert release.wait(60)
        going -= 1
        return read

    began, release = Event(), Event()
    monkeypatch.setattr(Session, "again", slow)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        logged(path, 32, 40)
        await pilot.press("R")
        while not began.is_set():
            await pilot.pause()
        logged(path, 40, 48)
        await pilot.press("R", "R", "R")
        release.set()
        await until(pilot, "#header", "48 of 48 runs")
    assert most == 1


async def test_nobody_looks_while_the_source_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look would take its time from the reading, whose own watch tells what came meanwhile."""
    app = screen(path, follow=True)
    again, look, wait = Session.again, Watch.look, app.left.wait
    pauses, reading, looks = Semaphore(0), False, 0

    def slow(session: Session) -> Session:
        nonlocal reading
        reading = True
        for _ in range(10):
            assert pauses.acquire(timeout=60)
        reading = False
        return again(session)

    def counted(watch: Watch) -> News | None:
        nonlocal looks
        looks += reading
        return look(watch)

    def pause(seconds: float) -> bool:
        if reading:
            pauses.release()
        return wait(seconds)

    monkeypatch.setattr(Session, "again", slow)
    monkeypatch.setattr(Watch, "look", counted)
    monkeypatch.setattr(app.left, "wait", pause)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        logged(path, 32, 40)
        await until(pilot, "#header", "40 of 40 runs")
    assert looks <= 1  # one may have begun just then


async def test_a_look_that_took_long_does_not_put_off_the_next_for_long(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have taken so long because the machine was busy."""
    monkeypatch.setattr(following, "SELDOM", 1e9)
    monkeypatch.setattr(following, "LONGEST", 0.05)
    app = screen(path, follow=True)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        for runs in (40, 48):
            logged(path, runs - 8, runs)
            await until(pilot, "#header", f"{runs} of {runs} runs")


async def test_what_is_refused_while_another_gathers_comes_in_later(path: Path) -> None:
    app = screen(path, follow=True)
    lock = path.with_name(f".{path.name}.importing.lock")
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        with open(lock, "w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            logged(path, 32, 40)
            while not any("another import" in note.message for note in app._notifications):
                await pilot.pause()
            assert "32 of 32 runs" in words(pilot, "#header")
            lock.unlink()
        await until(pilot, "#header", "40 of 40 runs")


async def test_what_was_taken_in_meanwhile_is_no_news(path: Path) -> None:
    """A look at the source that ends after it was read again."""
    app = screen(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        watch = app.session.watch
        assert watch is not None
        logged(path, 32, 40)
        await until(pilot, "#header", "+8 runs (R)")
        await pilot.press("R")
        await until(pilot, "#header", "40 of 40 runs")
        app.post_message(app.Changed(News(40), watch))
        await settle(pilot)
        assert "(R)" not in words(pilot, "#header")


async def test_what_is_no_run_is_no_news(path: Path) -> None:
    logged(path, 32, 40)
    Path(f"{path}.inbox", "foreign.1.json").write_text("{}")
    app = screen(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert app.session.watch is not None
        assert app.session.watch.look() is None
        logged(path, 40, 48)
        await until(pilot, "#header", "+8 runs (R)")


async def test_a_database_that_is_written_to_is_followed_and_never_held(tmp_path: Path) -> None:
    path = tmp_path / "direct.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE runs AS SELECT i % 2 = 0 AS a, i % 3 = 0 AS b, i / 10 AS loss FROM range(24) t(i)"
        )
    app = screen(path, follow=True)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        with duckdb.connect(str(path)) as connection:  # a writer that stays
            connection.execute("INSERT INTO runs VALUES (true, true, 9)")
            await until(pilot, "#header", "25 of 25 runs")
            connection.execute("INSERT INTO runs VALUES (true, true, 9)")
            await until(pilot, "#header", "26 of 26 runs")


async def test_a_folder_of_files_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    lines = [f'{{"a": {at % 2}, "b": {at // 2 % 2}, "loss": {at}}}\n' for at in range(24)]
    (folder / "one.jsonl").write_text("".join(lines[:16]))
    app = screen(folder)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        with open(folder / "one.jsonl", "a") as stream:
            stream.write("".join(lines[16:19]) + lines[19][:9])  # a line that is being written
        await until(pilot, "#header", "+3 runs (R)")
        (folder / "two.jsonl").write_text("".join(lines[20:]))
        await until(pilot, "#header", "+7 runs (R)")
        await pilot.press("R")
        await until(pilot, "#header", "23 of 23 runs")


async def test_a_source_that_is_gone_is_told_and_what_is_shown_stays(path: Path) -> None:
    app = screen(path)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        path.rename(path.with_name("elsewhere.duckdb"))
        while not any("is not there" in note.message for note in app._notifications):
            await pilot.pause()
        assert "32 of 32 runs" in words(pilot, "#header")
        await pilot.press("R")
        await settle(pilot)
        assert "32 of 32 runs" in words(pilot, "#header")


def table(path: Path, names: str, factors: str) -> None:
    """A CSV file of every combination of two factors, four times."""
    rows = [(f, b, loss) for loss in range(4) for f in factors for b in (0, 1)]
    path.write_text(f"{names},loss\n" + "".join(f"{f},{b},{loss}\n" for f, b, loss in rows))


async def test_what_is_no_more_is_left_out(tmp_path: Path) -> None:
    """Of the filters the one whose level is gone, and of the steps to undo."""
    path = tmp_path / "runs.csv"
    table(path, "f,b", "xyz")
    app = AblateApp(Session.open(str(path), Choices(), keep=False), Look())
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        for slice_ in (Slice((("b", ("0",)),)), Slice((("f", ("z",)),)), Slice((("f", ("z",)), ("b", ("0",))))):
            app.go(Look(slice=slice_))
        await until(pilot, "#header", "4 of 24 runs")
        table(path, "f,b", "xyw")
        await pilot.press("R")
        await until(pilot, "#header", "12 of 24 runs")
        assert any('left out: "f" has no level "z"' in note.message for note in app._notifications)
        await pilot.press("u")
        await settle(pilot)
        assert app.look.slice.filters == (("b", ("0",)),)
        assert app.is_running


@pytest.mark.parametrize("response", [None, "loss + 0"])
async def test_another_sweep_in_its_place(tmp_path: Path, response: str | None) -> None:
    """Other switches, another response: what was looked at is no more, and the keys work on what there is now."""
    path = tmp_path / "runs.csv"
    table(path, "f,b", "xyz")
    app = AblateApp(Session.open(str(path), Choices(), keep=False), Look())
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        app.go(Look(slice=Slice((), "b"), response=response, focus="b", color="b"))
        await until(pilot, "#header", "24 of 24 runs")
        table(path, "other,more", "xy")
        path.write_text(path.read_text().replace("loss", "cost"))
        await pilot.press("R")
        await until(pilot, "#header", "16 of 16 runs")
        await pilot.press("space")
        await until(pilot, "#header", "8 of 16 runs")
        await pilot.press("c", "3", "u", "u", "u", "u", "2")
        await until(pilot, "#header", "response cost")
        assert "16 of 16 runs" in words(pilot, "#header")
        assert not any("fault" in note.message for note in app._notifications)


def test_a_look_at_an_unchanged_source_costs_no_reading(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Session.open(str(path), Choices(), keep=False)
    watch = Watch(str(path), "runs")
    monkeypatch.setattr(Watch, "_count", lambda self: pytest.fail("read"))
    assert watch.look() is None
    monkeypatch.undo()
    logged(path, 32, 34)
    assert watch.look() == News(34)
    assert watch.look() is None

"""A monkey at the keyboard: no exception, no stuck key, no thread left. ``ABLATE_TUI_MONKEYS=100`` does more of it."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

import pytest
from tests.biting import as_duckdb, biting
from tests.monkey import play, seeds, typed
from tests.pseudo_terminal import PseudoTerminal
from tests.tui.test_app import settle

from ablate_tui.data.schema import Choices
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.session import Look, Session

KEYS = 1000 if "ABLATE_TUI_MONKEYS" in os.environ else 150
PATIENCE = 60.0  # seconds for a key that must still work, on a machine that has other things to do
# the program, but that it quits once there is such a file only
STAYING = """
import os, sys
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.cli import main

async def quit(app):
    if os.path.exists("leave"):
        app.exit()

AblateApp.action_quit = quit
sys.exit(main(sys.argv[1:]))
"""
POOLS = ("asyncio_", "ThreadPoolExecutor")  # threads that wait for the process's end

pytestmark = [pytest.mark.usefixtures("few_refits"), pytest.mark.timeout(900)]


@pytest.fixture(params=["shipped", "biting"])
def sweep_file(request, tmp_path) -> Path:
    """The shipped sweep, and the file of biting names."""
    if request.param == "biting":
        return as_duckdb(biting(), tmp_path / "biting.duckdb")
    from ablate_tui.data.demo import demo_database

    return demo_database(lambda words: None)


async def stay(app: AblateApp) -> None:
    """In place of quitting: a key, a click on its name, and the palette all ask for it."""


def stacks() -> str:
    """Where every thread is: what a stuck key waits for."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    frames = sys._current_frames().items()
    return "\n".join(f"{names.get(ident)}:\n{''.join(traceback.format_stack(frame)[-8:])}" for ident, frame in frames)


@pytest.mark.parametrize("seed", seeds(1))
async def test_keys_at_random(seed, sweep_file, tmp_path, monkeypatch):
    """Whatever was typed, the views still come, no worker has failed, and every thread ends with the screen."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    faults: list[BaseException | None] = []
    monkeypatch.setattr(AblateApp, "tell_fault", lambda self, error: faults.append(error))
    monkeypatch.setattr(threading, "excepthook", lambda caught: faults.append(caught.exc_value))
    monkeypatch.setattr(AblateApp, "action_quit", stay)
    before = set(threading.enumerate())
    session = Session.open(str(sweep_file), Choices(), keep=False)
    app = AblateApp(session, Look())
    done: list[str] = []
    async with app.run_test(size=(80, 24)) as pilot:
        done = await play(pilot, seed, KEYS)
        await settle(pilot)  # what is still to open must not be closed half made
        assert app.is_running, f"it was left, or has failed, after {done[-20:]}"
        await pilot.resize_terminal(120, 36)
        while len(app.screen_stack) > 1:
            app.pop_screen()
            await pilot.pause()
        app.query_one("#switches").focus()
        for key, view in (("3", "effects"), ("2", "compare")):
            await pilot.press(key)
            end = time.monotonic() + PATIENCE
            while (shown := app.query_one("#body").painted) is None or shown.view != view:
                assert time.monotonic() < end, f"{key} is stuck after {done[-20:]}\n{stacks()}"
                await pilot.pause(0.05)
        await settle(pilot)
    session.close()
    assert not faults, f"{faults} after {done[-20:]}"
    end = time.monotonic() + PATIENCE
    while left := [thread for thread in set(threading.enumerate()) - before if not thread.name.startswith(POOLS)]:
        assert time.monotonic() < end, left
        time.sleep(0.05)
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix in (".png", ".svg", ".pdf")]
    assert all(path.is_relative_to(folder) for path in written)


def wake(pid: int) -> None:
    """Wake the program up where it was suspended from the palette, as a shell's fg would."""
    if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("seed", seeds(0)[:10])  # `make monkey` has them: what comes when is not the seed's alone
def test_keys_at_random_in_a_terminal(seed, sweep_file, tmp_path, monkeypatch):
    """The same in a real pseudo-terminal: bytes, and sizes; no escape code of a name gets through."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    program = [sys.executable, "-c", STAYING, str(sweep_file)]
    with PseudoTerminal(program, 80, 24, {"TEXTUAL_FPS": "60"}) as terminal:
        terminal.wait_for("Comparison by")
        for what in typed(seed, KEYS):
            if isinstance(what, tuple):
                terminal.resize(*what)
            else:
                terminal.send(what)
            terminal.read(0.005)
            assert terminal.status is None, terminal.text
            wake(terminal.pid)
        terminal.resize(120, 36)
        end = time.monotonic() + PATIENCE
        compare = "(?:Comparison|Distribution)"  # without a contrast there is nothing to compare
        for key, shown in (("3", "Effects"), ("2", compare), ("3", "Effects")):
            while True:  # it may be at what was typed; no dialog lets all three through
                assert terminal.status is None, terminal.text
                assert time.monotonic() < end, terminal.text
                wake(terminal.pid)
                for sign in ("\x1b", key):
                    terminal.send(sign)
                    terminal.wait_quiet(0.5, 2)  # refits are told of again and again
                if re.search(rf"\[{key} .*· {shown}", terminal.text, re.DOTALL):
                    break
        assert "fault" not in terminal.text
        Path("leave").touch()
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert b"\x1b]0;title" not in terminal.raw
        assert b"\x1b[31mred" not in terminal.raw
        assert b"\xc2\x9b" not in terminal.raw
        assert "\u202e".encode() not in terminal.raw

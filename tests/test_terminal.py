"""The real program in a real pseudo-terminal, as a person starts it."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path

import duckdb
import pytest
from tests.pseudo_terminal import PseudoTerminal

PROGRAM = str(Path(sys.executable).with_name("ablate-tui"))


def export_and_quit(terminal: PseudoTerminal) -> None:
    """Write the view as it is offered, and leave."""
    terminal.send("e")
    terminal.wait_for("enter exports")
    terminal.send("\r")
    terminal.wait_for("wrote ")
    terminal.send("q")
    assert terminal.wait_exit() == 0


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 36)])
def test_demo_from_start_to_exit(tmp_path, monkeypatch, columns, rows):
    """First figures, ranking, a toggle that changes all of them, a picture, and a clean end."""
    monkeypatch.chdir(tmp_path)
    with PseudoTerminal([PROGRAM, "demo"], columns, rows) as terminal:
        terminal.wait_for(r"3,072 of 3,072 runs, 0 div")
        terminal.wait_for(r"Comparison by use_single_m")
        terminal.wait_for(r"1 use_single_m")  # the first line of the ranking
        terminal.send("j ")
        terminal.wait_for(r"1,536 of 3,072 runs")
        terminal.wait_for(r"slice use_std_residual = on")
        export_and_quit(terminal)
        picture = tmp_path / "compare-by-use_single_message_attn-use_std_residual=true.png"
        assert picture.read_bytes().startswith(b"\x89PNG")
        # after the screen is left, the path is said once more, and nothing else
        last_words = re.sub(r"\x1b\[[?>=<]?[0-9;]*[a-zA-Z]", "", terminal.raw.rsplit(b"\x1b[?1049l", 1)[1].decode())
        assert last_words.split("\r\n") == [f"wrote {picture}", ""]
        assert b"\x1b]52;c;" in terminal.raw  # the scp line went to the clipboard


def test_leaving_while_the_source_is_read(tmp_path):
    """What a thread is at amid DuckDB's own code doesn't keep the end up, nor abort it."""

    def write(runs: int, numbers: int) -> None:
        """Runs that can be had after so many numbers are looked through."""
        with duckdb.connect(str(tmp_path / "runs.duckdb")) as store:
            store.execute(
                f"CREATE OR REPLACE VIEW runs AS SELECT i % 2 = 0 AS a, i // 2 % 2 = 0 AS b, i // 4 AS seed, "
                f"i * 79 % 97 AS loss FROM range({runs}) r(i), (SELECT max(hash(j)) AS m FROM range({numbers}) n(j)) "
                "WHERE m IS NOT NULL"
            )

    write(80, 1)
    with PseudoTerminal([PROGRAM, str(tmp_path / "runs.duckdb")]) as terminal:
        terminal.wait_for("Comparison by")
        write(84, 10**11)
        terminal.send("R")
        terminal.wait_for("reading")
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert b"exception" not in terminal.raw


def test_a_folder_whose_name_bites(runs, tmp_path, monkeypatch):
    """No UTF-8, and escape codes: a file is written there, none of them gets to the terminal, and it ends well."""
    folder = os.fsencode(tmp_path) + b"/\xff\x1b]0;title\x07"
    os.mkdir(folder)
    monkeypatch.chdir(folder)
    with PseudoTerminal([PROGRAM, str(runs)], 120, 36, {"TMUX": "", "STY": ""}) as terminal:
        terminal.wait_for(r"Comparison by")
        export_and_quit(terminal)
        assert b"]0;title" in terminal.raw
        assert b"\x1b]0;title" not in terminal.raw
        assert "wrote " in terminal.raw.rsplit(b"\x1b[?1049l", 1)[1].decode()
    assert os.listdir(folder) == [b"compare-by-use_norm.png"]


def test_no_color_and_a_resize(monkeypatch):
    """NO_COLOR sends no colour; 20×5 and back is survived."""
    with PseudoTerminal([PROGRAM, "demo"], 120, 36, {"NO_COLOR": "1"}) as terminal:
        terminal.wait_for(r"Comparison by")
        terminal.wait_for(r"1 use_single_message_attn")
        colours = [pixel.fg for line in terminal.screen.buffer.values() for pixel in line.values()]
        assert all(is_grey(colour) for colour in colours)
        terminal.resize(20, 5)
        terminal.wait_quiet(0.3)
        terminal.resize(120, 36)
        terminal.wait_for(r"Comparison by")
        terminal.send("q")
        assert terminal.wait_exit() == 0


def is_grey(colour: str) -> bool:
    """Whether a colour is the terminal's own, or has three equal channels."""
    if len(colour) != 6 or not all(sign in "0123456789abcdef" for sign in colour):
        return colour in ("default", "black", "white", "brightblack", "brightwhite")
    channels = [int(colour[at : at + 2], 16) for at in (0, 2, 4)]
    return max(channels) - min(channels) <= 2


def test_ctrl_c_leaves_the_terminal_clean():
    """SIGINT while the figures are computed: the screen is left, and the cursor is shown again."""
    with PseudoTerminal([PROGRAM, "demo"]) as terminal:
        terminal.wait_for(r"Comparison by")
        terminal.send("\x03")
        terminal.wait_quiet(0.3)
        if terminal.status is None:
            terminal.send("q")
        assert terminal.wait_exit() in (0, 130)
        assert terminal.raw.rstrip().endswith(b"\x1b[?25h") or b"\x1b[?1049l" in terminal.raw


def test_a_toggle_sends_little():
    """Over SSH bytes are time: at most 16 KiB for a toggle of a filter."""
    with PseudoTerminal([PROGRAM, "demo"], 120, 36) as terminal:
        terminal.wait_for(r"1 use_single_m")
        for _ in range(4):
            terminal.send("j")
            for state in ("on", "off"):
                terminal.wait_quiet(0.2)
                before = len(terminal.raw)
                terminal.send(" ")
                terminal.wait_for(rf"slice .*= {state} ")
                terminal.wait_quiet(0.2)
                assert len(terminal.raw) - before <= 16 * 1024
            terminal.send(" ")
            terminal.wait_for(r"slice all runs")
        terminal.send("q")
        assert terminal.wait_exit() == 0


SLOW = """
import sys, time
from pathlib import Path
from textual.drivers.linux_driver import LinuxDriver
from ablate_tui.tui import cli
read, held = LinuxDriver._get_terminal_size, Path(sys.argv[1])
def slowly(self):
    size, end = read(self), time.monotonic() + 60
    if tuple(size) == (90, 25) and not held.exists():
        held.touch()
        while read(self) == size and time.monotonic() < end:
            pass
        time.sleep(0.1)  # here the next signal comes
    return size
LinuxDriver._get_terminal_size = slowly
sys.exit(cli.main(["demo"]))
"""


def test_a_resize_amid_a_resize(tmp_path: Path) -> None:
    """However the signals fall, the last size is the one that stays."""
    held = tmp_path / "held"
    with PseudoTerminal([sys.executable, "-c", SLOW, str(held)], 100, 30) as terminal:
        terminal.wait_for("Comparison by")
        terminal.resize(90, 25)
        end = time.monotonic() + 60
        while not held.exists():
            assert time.monotonic() < end
            terminal.read(0.02)
        terminal.resize(120, 36)
        terminal.wait_for(r"\bq quit\b.*\n? *\Z")
        terminal.send("3")
        terminal.wait_for("Effects: mean or spread")
        # the footer is in the last row, and the rows are as wide as the terminal
        assert "q quit" in terminal.screen.display[35]
        terminal.send("q")
        assert terminal.wait_exit() == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, None])
def test_the_last_session_comes_back_however_it_ended(how):
    """A dropped line, a kill, or q: the slice is there again."""
    leave_a_slice(how)
    with PseudoTerminal([PROGRAM, "demo"]) as terminal:
        terminal.wait_for(r"slice use_std_residual = on")
        terminal.wait_for(r"your last session")
        terminal.send("u")
        terminal.wait_for(r"slice all runs")
        terminal.send("\x12")  # ctrl+r
        terminal.wait_for(r"slice use_std_residual = on")
        terminal.send("q")
        assert terminal.wait_exit() == 0


def test_the_last_session_stays_away_where_it_is_not_wanted():
    """The command line says another slice, or --fresh."""
    leave_a_slice(signal.SIGKILL)
    for arguments in (["--fresh"], ["--contrast", "use_rms_norm"]):
        with PseudoTerminal([PROGRAM, "demo", *arguments]) as terminal:
            terminal.wait_for(r"slice all runs")
            if arguments == ["--fresh"]:
                os.kill(terminal.pid, signal.SIGKILL)  # before it keeps where it is
    with PseudoTerminal([PROGRAM, "demo", "--set", "use_rms_norm=on"]) as terminal:
        terminal.wait_for(r"slice use_rms_norm = on")
        assert "use_std_residual = on" not in terminal.text


def leave_a_slice(how: signal.Signals | None) -> None:
    """A session that ends with one switch on."""
    with PseudoTerminal([PROGRAM, "demo"]) as terminal:
        terminal.wait_for(r"Comparison by")
        terminal.send("j ")
        terminal.wait_for(r"slice use_std_residual = on")
        if how is None:
            terminal.send("q")
        else:
            wait_until(lambda: any(file.read_text().find("use_std_residual") > 0 for file in last_sessions()))
            os.kill(terminal.pid, how)
        terminal.wait_exit()


def last_sessions() -> list[Path]:
    """The files of last sessions."""
    return list(Path(os.environ["ABLATE_TUI_STATE"], "last").glob("*.json"))


def wait_until(happened, timeout: float = 20) -> None:
    """Wait for something outside the terminal."""
    end = time.monotonic() + timeout
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_query_in_sql(tmp_path, monkeypatch):
    """Typed as a person does: a fault beside the query, the answer, an endless query that esc stops, a CSV file."""
    monkeypatch.chdir(tmp_path)
    with PseudoTerminal([PROGRAM, "demo"], 80, 24) as terminal:
        terminal.wait_for(r"Comparison by")
        terminal.send("Q")
        terminal.wait_for(r"3,072 rows × 18 columns")
        terminal.wait_for(r"val_loss: 3,072 numbers")
        terminal.send(" WHERE val_los < 3")
        terminal.send("\x1b[15~")  # F5
        terminal.wait_for(r"line 2, column 17: .*\n.*\"val_loss\"")
        terminal.send("\x1b[1;3A")  # alt+up: the query that was there at first
        terminal.wait_for(r"FROM runs +│")
        terminal.send(" a, runs b, runs c ORDER BY random()\n")  # ctrl+j runs it, too
        terminal.wait_for("esc stops")
        terminal.send("\x1b")
        terminal.wait_for(r"\n stopped ")
        terminal.send("\t")
        terminal.wait_for(r"s sort")
        terminal.send("e")
        terminal.wait_for("Write the answer to")
        terminal.send("\r")
        terminal.wait_for("wrote ")
        terminal.send("\x1b")
        terminal.wait_for(r"slice all runs")
        terminal.send("q")
        assert terminal.wait_exit() == 0
    assert len((tmp_path / "query.csv").read_text().splitlines()) == 1 + 3_072


@pytest.mark.parametrize("to", ["errors.log", "&-"])
def test_the_screen_needs_no_stderr(to, runs, monkeypatch):
    """It is where stdout is; what goes elsewhere holds none of it."""
    monkeypatch.chdir(runs.parent)
    with PseudoTerminal(["sh", "-c", f"exec {PROGRAM} {runs} 2>{to}"], 100, 30) as terminal:
        terminal.wait_for("Comparison by")
        terminal.send("q")
        assert terminal.wait_exit() == 0
    assert not Path("errors.log").exists() or not Path("errors.log").read_text()

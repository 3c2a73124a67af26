"""Signals, and lines that drop, at any moment: the terminal and all files are left clean, and the process ends."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from tests.pseudo_terminal import PseudoTerminal

from ablate_tui.data.demo import SHIPPED
from ablate_tui.tui import ending

PROGRAM = str(Path(sys.executable).with_name("ablate-tui"))
ENDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}
ODD = (b"\x1b[27;1:3u", b"\x1b[27;5;999999999~", b"\xc3")  # the parser fails at the first two, stops at the third
SHOWN = r"Comparison by use_single_m"


def modes(raw: bytes) -> set[str]:
    """What a program has switched on in a terminal and not off again; the cursor and line wrap begin as on."""
    on = {"25", "7"}
    for numbers, verb in re.findall(rb"\x1b\[\?([0-9;]+)([hl])", raw):
        (on.update if verb == b"h" else on.difference_update)(numbers.decode().split(";"))
    return on


def left_clean(terminal: PseudoTerminal, before: list[object]) -> None:
    """No mode is on but those of the start, keys are echoed, and the keyboard protocol is off."""
    assert modes(terminal.raw) == {"25", "7"}
    assert len(re.findall(rb"\x1b\[>[0-9]+u", terminal.raw)) == terminal.raw.count(b"\x1b[<u")
    assert termios.tcgetattr(terminal.fd) == before


def last_words(terminal: PseudoTerminal) -> list[str]:
    """What is said after the screen was left."""
    said = re.sub(
        r"\x1b\[[?>=<]?[0-9;]*[a-zA-Z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)",
        "",
        terminal.raw.rsplit(b"\x1b[?1049l", 1)[-1].decode(),
    )
    return [line for line in re.split(r"[\r\n]+", said) if line]


@pytest.mark.parametrize(
    ("number", "keys"),
    [
        (signal.SIGINT, ""),
        (signal.SIGINT, "7"),
        (signal.SIGTERM, "e"),
        (signal.SIGTERM, "e\r"),
        (signal.SIGHUP, "r"),
        (signal.SIGHUP, "e\r"),
    ],
)
def test_a_signal_on_the_screen(number: signal.Signals, keys: str, tmp_path, monkeypatch) -> None:
    """While figures are computed, in dialogs, during an export."""
    monkeypatch.chdir(tmp_path)
    with PseudoTerminal([PROGRAM, "demo"], 100, 30) as terminal:
        before = termios.tcgetattr(terminal.fd)
        terminal.wait_for(SHOWN)
        for key in keys:
            terminal.send(key)
            terminal.wait_quiet(0.1, 1)
        os.kill(terminal.pid, number)
        assert terminal.wait_exit(10) == 128 + number
        left_clean(terminal, before)
        assert last_words(terminal)[-1] == f"ablate-tui: {ENDS[number]}"
    assert all(path.suffix == ".png" for path in tmp_path.glob("*") if path.is_file())
    assert not list(tmp_path.glob(".*"))  # half a picture


@pytest.mark.parametrize("number", ENDS)
def test_a_signal_at_the_start(number: signal.Signals) -> None:
    """While modules load, the source is read, the screen comes up."""
    for moment in (0.5, 0.8, 1.1):
        with PseudoTerminal([PROGRAM, "demo"], 100, 30) as terminal:
            before = termios.tcgetattr(terminal.fd)
            end = time.monotonic() + moment
            while time.monotonic() < end:
                terminal.read(0.02)
            os.kill(terminal.pid, number)
            assert terminal.wait_exit() == 128 + number
            left_clean(terminal, before)
            assert last_words(terminal)[-1] == f"ablate-tui: {ENDS[number]}"


DROPPING = """
import contextlib, os, signal, sys
from ablate_tui.tui import cli
from ablate_tui.tui.session import Session

opening = Session.open

def open_and_drop(*source):
    with contextlib.suppress(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
    return opening(*source)

Session.open = open_and_drop
sys.exit(cli.main(["demo", "--fresh"]))
"""


def test_a_signal_that_native_code_drops_at_the_start() -> None:
    """It ends the screen as soon as there is one."""
    with PseudoTerminal([sys.executable, "-c", DROPPING], 100, 30) as terminal:
        before = termios.tcgetattr(terminal.fd)
        assert terminal.wait_exit(30) == 128 + signal.SIGTERM
        left_clean(terminal, before)
        assert last_words(terminal)[-1] == "ablate-tui: terminated"


def test_a_signal_that_falls_into_a_destructor_comes_again(capfd: pytest.CaptureFixture[str]) -> None:
    """Those of LightGBM's models take long enough for that."""

    class Model:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)

    def work() -> None:
        with ending.listening():
            Model()
            end = time.monotonic() + 30
            while time.monotonic() < end:
                time.sleep(0.01)

    with pytest.raises(ending.Ended):
        work()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("number", ENDS)
def test_a_signal_amid_a_report(number: signal.Signals, tmp_path: Path) -> None:
    """While the ranking is computed: one line, and nothing half in the folder."""
    out = tmp_path / "report"
    command = [PROGRAM, "report", str(SHIPPED), "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as going:
        end = time.monotonic() + 120
        while not out.exists():  # it is made before the figures are
            assert going.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        going.send_signal(number)
        _, said = going.communicate(timeout=60)
    assert said.splitlines() == [f"ablate-tui: {ENDS[number]}"]
    assert going.returncode == 128 + number
    assert not [path for path in out.rglob("*") if path.name.startswith(".") or path.name == "report.md"]


def ends_unread(terminal: PseudoTerminal, seconds: float) -> int:
    """Wait for the end of the program without reading what it sends; its exit status."""
    end = time.monotonic() + seconds
    found = 0
    while not found:
        assert time.monotonic() < end, "still running"
        found, status = os.waitpid(terminal.pid, os.WNOHANG)
        time.sleep(0.05)
    terminal.status = os.waitstatus_to_exitcode(status)
    return terminal.status


SLOW = """
import sys, time
from dataclasses import replace
from ablate_tui.tui import leaving
from ablate_tui.tui.cli import main
from ablate_tui.tui.views.registry import VIEWS

leaving.PATIENCE = 0.5
VIEWS["pairs"] = replace(VIEWS["pairs"], read=lambda inputs: time.sleep(1000))
sys.exit(main(["demo", "--fresh"]))
"""


def test_quitting_does_not_wait_for_figures(tmp_path, monkeypatch) -> None:
    """A view of very many factors can take minutes, and nobody will see it. What there is to say is said all the same.

    The demo has no folder here but a temporary one, which goes.
    """
    for name in ("work", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "work")
    apart = {"ABLATE_TUI_DATA": "/dev/null/data", "TMPDIR": str(tmp_path / "temporary")}
    with PseudoTerminal([sys.executable, "-c", SLOW], 100, 30, apart) as terminal:
        before = termios.tcgetattr(terminal.fd)
        terminal.wait_for(SHOWN)
        assert list((tmp_path / "temporary").iterdir())
        for key, shown in (("e", "enter exports"), ("\r", "wrote ")):
            terminal.send(key)
            terminal.wait_for(shown)
        terminal.send("4")
        terminal.wait_for(r"Matched pairs …|Pairs …")
        terminal.send("q")
        assert terminal.wait_exit(60) == 0
        left_clean(terminal, before)
        (picture,) = (tmp_path / "work").iterdir()
        assert last_words(terminal) == [f"wrote {picture}"]
        assert not list((tmp_path / "temporary").iterdir())


def test_a_line_that_drops_ends_the_program() -> None:
    """Also where SIGHUP is ignored: reading and writing fail, and nothing turns in circles."""
    with PseudoTerminal(["sh", "-c", f"trap '' HUP; exec {PROGRAM} demo"], 100, 30) as terminal:
        terminal.wait_for(SHOWN)
        terminal.send("7")
        os.close(terminal.fd)
        terminal.fd = os.open(os.devnull, os.O_RDONLY)
        assert ends_unread(terminal, 30) == 128 + signal.SIGHUP


def test_a_line_that_stalls_holds_up_no_end() -> None:
    """What is sent is read by nobody, and the thread that sends it is stuck for good."""
    with PseudoTerminal([PROGRAM, "demo"], 100, 30) as terminal:
        terminal.wait_for(SHOWN)
        waiting, before = 0, -1
        end = time.monotonic() + 20
        while waiting != before and time.monotonic() < end:  # until no more of it fits into the line
            before = waiting
            for columns in range(150, 190):
                fcntl.ioctl(terminal.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))
                time.sleep(0.05)
            waiting = struct.unpack("i", fcntl.ioctl(terminal.fd, termios.FIONREAD, bytes(4)))[0]
        os.kill(terminal.pid, signal.SIGTERM)
        assert ends_unread(terminal, 60) == 128 + signal.SIGTERM


def goes_on_and_ends(terminal: PseudoTerminal, before: list[object]) -> None:
    """Keys work, and the terminal is left clean."""
    terminal.send("3")
    terminal.wait_for(r"· Effects")
    terminal.send("q")
    assert terminal.wait_exit() == 0
    left_clean(terminal, before)


def test_suspended_and_back() -> None:
    """ctrl+z gives the terminal to the shell; back in the foreground, the screen is drawn again and keys work."""
    with PseudoTerminal([PROGRAM, "demo"], 100, 30) as terminal:
        before = termios.tcgetattr(terminal.fd)
        terminal.wait_for(SHOWN)
        terminal.wait_for("1 use_single_m")
        terminal.send("\x1a")
        end = time.monotonic() + 60
        while Path(f"/proc/{terminal.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            assert time.monotonic() < end
            terminal.read(0.05)
        terminal.wait_quiet(0.2)
        left_clean(terminal, before)
        terminal.screen.reset()
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.wait_for(SHOWN)
        goes_on_and_ends(terminal, before)


def test_told_to_go_on_though_it_never_stopped() -> None:
    """Some shells' fg says so to a program that runs: it is drawn again, keys work, and the terminal is left clean."""
    with PseudoTerminal([PROGRAM, "demo"], 100, 30) as terminal:
        before = termios.tcgetattr(terminal.fd)
        terminal.wait_for(SHOWN)
        for _ in range(5):
            terminal.screen.reset()
            os.kill(terminal.pid, signal.SIGCONT)
            terminal.wait_for(SHOWN)
        goes_on_and_ends(terminal, before)


def test_bytes_that_are_no_text_do_no_harm() -> None:
    """Line noise, half an escape sequence, NUL, and keys that there are not."""
    with PseudoTerminal([PROGRAM, "demo"], 100, 30) as terminal:
        terminal.wait_for(SHOWN)
        for noise in (b"\xff\xfe\xc3(", b"\x1b[", b"\x00\x1b]52;c;", b"\x1b[<0;9999;9999M", b"\x1b\x1b\x1b", *ODD):
            os.write(terminal.fd, noise)
            terminal.wait_quiet(0.2, 3)
        terminal.send("\x1b")
        terminal.wait_quiet(0.2, 3)
        terminal.send("\x1b")
        terminal.wait_quiet(0.2, 3)
        terminal.send("3")
        terminal.wait_for(r"· Effects")
        terminal.send("q")
        assert terminal.wait_exit() == 0

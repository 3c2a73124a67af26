"""Pictures and clipboard through a real tmux, in a pseudo-terminal that answers as kitty or iTerm2 does."""

from __future__ import annotations

import base64
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from tests.graphics import ITERM, KITTY, iterm_files, kitty_pictures
from tests.pseudo_terminal import PseudoTerminal

PROGRAM = str(Path(sys.executable).with_name("ablate-tui"))
PLACEHOLDER = "\U0010eeee"  # of kitty, for a cell of a picture
NAME = "compare-by-use_norm.png"
pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux here")


@pytest.fixture
def program(runs, tmp_path, monkeypatch):
    """Start the program within a tmux that has some settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("TMUX", "TMUX_PANE", "STY"):
        monkeypatch.delenv(name, raising=False)

    def start(answers, *settings: str, **environment: str) -> PseudoTerminal:
        lines = ["set -s escape-time 0", *settings]
        (tmp_path / "tmux.conf").write_text("\n".join(lines))
        command = ["tmux", "-S", str(tmp_path / "socket"), "-f", str(tmp_path / "tmux.conf"), "new-session"]
        return PseudoTerminal([*command, f"{PROGRAM} {runs}"], 80, 24, environment, answers)

    yield start
    os.system(f"tmux -S {tmp_path / 'socket'} kill-server 2>/dev/null")


def passed_on(terminal: PseudoTerminal) -> bytes:
    """Export with a preview, and close it; what tmux has sent on for it."""
    terminal.wait_for(r"1 use_norm")
    terminal.wait_quiet(0.3)
    terminal.send("e")
    terminal.wait_for(r"Preview  ● no")
    terminal.send("\t\t\t\t\t\x1b[C")
    terminal.wait_for(r"● yes")
    before = len(terminal.raw)
    terminal.send("\r")
    terminal.wait_for(r"esc closes · /")
    terminal.wait_quiet(0.5)
    sent = terminal.raw[before:]
    terminal.send("q")
    terminal.wait_for(r"wrote ")
    terminal.wait_quiet(0.3)
    return sent


def clipboard(raw: bytes) -> list[str]:
    return [
        base64.b64decode(text).decode()
        for text in re.findall(rb"\x1b\]52;[a-z]*;([A-Za-z0-9+/=]+)(?:\x07|\x1b\\)", raw)
    ]


def test_kitty_through_tmux(program, tmp_path):
    """The file itself comes through; cells of text stand for it, so tmux knows its place; it is taken away."""
    with program(KITTY, "set -g allow-passthrough on") as terminal:
        sent = passed_on(terminal)
        ((keys, content),) = kitty_pictures(sent)
        assert content == (tmp_path / NAME).read_bytes()
        assert keys["U"] == "1"
        text = sent.decode("utf-8", "replace")
        rows = re.findall(f"{PLACEHOLDER}([\u0300-\u0830])\u0305{PLACEHOLDER}", text)
        assert len(set(rows)) == int(keys["r"])
        assert rows[:3] == ["\u0305", "\u030d", "\u030e"]  # kitty's own list begins like this
        assert text.count(PLACEHOLDER) >= int(keys["c"]) * int(keys["r"])
        assert text[text.rindex(PLACEHOLDER) :].count(" ") < 80  # nothing is painted over it
        assert f"\x1b[38;5;{keys['i']}m".encode() in sent
        assert b"\x1b_Ga=d,d=I" in terminal.raw[terminal.raw.index(sent) + len(sent) :]
        assert PLACEHOLDER not in terminal.text
        assert any(line.startswith("scp ") for line in clipboard(terminal.raw))


def test_iterm2_through_tmux(program, tmp_path):
    """The place is that in the terminal: a status line at the top moves it down."""
    with program(ITERM, "set -g allow-passthrough on", "set -g status-position top") as terminal:
        sent = passed_on(terminal)
        (told, content), *more = iterm_files(sent)
        assert all(file == (told, content) for file in more)  # of other paints
        assert content == (tmp_path / NAME).read_bytes()
        row = int(re.findall(rb"\x1b\[(\d+);\d+H\x1b\]1337;File", sent)[0])
        assert row == 2
        assert row - 1 + int(told["height"]) <= 23


def test_tmux_that_lets_nothing_through_is_told(program):
    """The clipboard is reached all the same: tmux has a command for it."""
    with program(KITTY, "set -g allow-passthrough off") as terminal:
        terminal.wait_for(r"1 use_norm")
        terminal.send("e")
        terminal.wait_for(r"Preview  none: inside tmux without allow-passthrough")
        terminal.send("\r")
        terminal.wait_for(r"wrote ")
        terminal.wait_quiet(0.5)
        assert any(line.startswith("scp ") for line in clipboard(terminal.raw))
        assert not kitty_pictures(terminal.raw)

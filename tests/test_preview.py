"""Pictures in the terminal: the real program in pseudo-terminals that answer as real ones do."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from tests.graphics import ITERM, KITTY, PLAIN, SIXEL, iterm_files, kitty_pictures, pixels_of, sixel_picture
from tests.pseudo_terminal import PseudoTerminal

PROGRAM = str(Path(sys.executable).with_name("ablate-tui"))
NAME = "compare-by-use_norm.png"
# the end of a picture: kitty's last piece, iTerm2's file, a sixel picture
WHOLE = rb"\x1b_G(?:[^;\x1b]*,)?m=0[^\x1b]*\x1b\\|\x1b\]1337;File=[^\x07\x1b]*[\x07\x1b]|\x1bP[0-9;]*q[^\x1b]*\x1b\\"
CLEAN = {"TMUX": "", "STY": "", "TERM_PROGRAM": "", "LC_TERMINAL": "", "SSH_CONNECTION": ""}


@pytest.fixture
def program(runs, tmp_path, monkeypatch):
    """Start the program on a small sweep in a terminal of a kind."""
    monkeypatch.chdir(tmp_path)

    def start(answers: Mapping[bytes, bytes], **environment: str) -> PseudoTerminal:
        return PseudoTerminal([PROGRAM, str(runs)], 80, 24, CLEAN | environment, answers)

    return start


def to_preview(terminal: PseudoTerminal) -> None:
    """Open the dialog, and ask for a preview: its line is the last one."""
    terminal.wait_for(r"1 use_norm")
    terminal.send("e")
    terminal.wait_for(r"Preview  ● no")
    terminal.send("\t\t\t\t\t\x1b[C")
    terminal.wait_for(r"● yes")


def shown_and_closed(terminal: PseudoTerminal) -> bytes:
    """Export with a preview, close it; what was sent for it. The screen is what it was before."""
    # nothing is to come any more: a switch is at the noise floor, and no refits are counted
    terminal.wait_for(r"(?s)R² [\d.]+ of [\d.]+ .*1 use_norm.*\d~")
    terminal.wait_quiet(1)
    lines = terminal.text.splitlines()[:12]
    to_preview(terminal)
    before = len(terminal.raw)
    terminal.send("\r")
    terminal.wait_for(r"esc closes · /")
    terminal.wait_for_bytes(WHOLE, before)
    terminal.wait_quiet(0.5)
    assert "Comparison" not in terminal.text
    sent = terminal.raw[before:]
    painted = re.split(rb"\x1b8", sent)[-1]  # after the picture, which goes back to where the cursor was
    assert terminal.answers is KITTY or painted.count(b" ") < 80, "nothing is painted over it"
    terminal.send("\x1b")
    terminal.wait_for(r"1 use_norm")
    terminal.wait_for(r"wrote ")
    assert terminal.text.splitlines()[:12] == lines, "the screen is what it was"
    return sent


def test_kitty_shows_the_file_itself(program, tmp_path):
    with program(KITTY) as terminal:
        sent = shown_and_closed(terminal)
        ((keys, content),) = kitty_pictures(sent)
        assert content == (tmp_path / NAME).read_bytes()
        assert 70 <= int(keys["c"]) <= 80
        assert int(keys["r"]) <= 23
        after = terminal.raw.split(sent)[1]
        assert re.search(rb"\x1b_Ga=d,d=I,i=%s,q=2\x1b\\" % keys["i"].encode(), after)
        assert not kitty_pictures(after)


def test_kitty_takes_pictures_of_other_formats_as_png(program, tmp_path):
    """A PDF is shown as the same picture; a table has no preview."""
    with program(KITTY) as terminal:
        terminal.wait_for(r"1 use_norm")
        terminal.send("e")
        terminal.wait_for(r"Preview  ● no")
        terminal.send("\t\x1b[C\x1b[C")
        terminal.wait_for(r"use_norm\.pdf")
        terminal.send("\t\t\t\t\x1b[C")
        terminal.wait_for(r"● yes")
        terminal.send("\r")
        terminal.wait_for(r"esc closes · /")
        terminal.wait_for_bytes(WHOLE)
        terminal.wait_quiet(0.5)
        ((_, content),) = kitty_pictures(terminal.raw)
        assert pixels_of(content).shape == (1080, 1920, 3)
        terminal.send("q")
        terminal.wait_for(r"wrote ")
    assert (tmp_path / "compare-by-use_norm.pdf").read_bytes().startswith(b"%PDF")


def test_a_resize_shows_it_in_the_new_size(program):
    with program(KITTY) as terminal:
        to_preview(terminal)
        terminal.send("\r")
        terminal.wait_for(r"esc closes · /")
        terminal.wait_for_bytes(WHOLE)
        terminal.wait_quiet(0.5)
        before = len(terminal.raw)
        terminal.resize(40, 12)
        terminal.wait_for_bytes(WHOLE, before)
        terminal.wait_quiet(0.5)
        first, *_, last = [keys for keys, _ in kitty_pictures(terminal.raw)]
        assert int(last["c"]) <= 40 < int(first["c"])
        assert last["i"] == first["i"]  # in place of it
        terminal.send("\x1b")
        terminal.wait_for(r"wrote")


def test_iterm2_shows_the_file_itself(program, tmp_path):
    with program(ITERM) as terminal:
        (told, content), *more = iterm_files(shown_and_closed(terminal))
        assert all(file == (told, content) for file in more)  # of other paints
        assert content == (tmp_path / NAME).read_bytes()
        assert told["inline"] == "1"
        assert told["preserveAspectRatio"] == "1"
        assert (int(told["width"]) <= 80, int(told["height"]) <= 23) == (True, True)
        assert all(told["inline"] == "1" for told, _ in iterm_files(terminal.raw))  # nobody is far away: no download


def test_iterm2_is_offered_the_file_over_ssh(program, tmp_path):
    with program(ITERM, SSH_CONNECTION="1.2.3.4 5 6.7.8.9 22") as terminal:
        terminal.wait_for(r"1 use_norm")
        terminal.send("e")
        terminal.wait_for(r"Preview  ● no")
        terminal.send("\r")
        terminal.wait_for(r"offered to iTerm2 as a download")
        ((told, content),) = iterm_files(terminal.raw)
        assert told["inline"] == "0"
        assert base64.b64decode(told["name"]).decode() == NAME
        assert content == (tmp_path / NAME).read_bytes()


def test_sixels_are_the_picture(program, tmp_path):
    """Within the few colours that it has, and none of its pixels is left open."""
    with program(SIXEL) as terminal:
        shown = sixel_picture(shown_and_closed(terminal))
        assert shown.shape[0] <= 23 * 20
        assert 700 <= shown.shape[1] <= 800
        file = pixels_of((tmp_path / NAME).read_bytes(), (shown.shape[1], shown.shape[0]))
        off = np.abs(shown - file).max(axis=2)
        assert off.mean() < 4
        assert (off < 40).mean() > 0.99
        terminal.wait_for("clipboard: scp")  # xterm takes no OSC 52 as it comes


@pytest.mark.parametrize(
    ("answers", "environment", "why"),
    [
        (PLAIN, {}, "xterm-256color answers neither to kitty graphics nor"),
        (PLAIN, {"STY": "1.pts"}, "inside GNU screen"),
        ({}, {}, "answers no questions"),
    ],
)
def test_where_there_are_no_pictures_it_says_why(program, answers, environment, why):
    with program(answers, **environment) as terminal:
        terminal.wait_for(r"1 use_norm")
        for _ in range(5):  # an answer can come too late where this machine has other things to do
            terminal.send("e")
            terminal.wait_for(r"Preview  none: ")
            terminal.wait_quiet(0.5)
            words = " ".join(terminal.text.replace("│", " ").split())
            if why in words:
                break
            terminal.send("\x1b")
            terminal.wait_for(r"(?s)\A(?!.*↑↓ line)")
        assert why in words
        terminal.send("\t\t\t\t\x1b[C\r")  # the line is passed over
        terminal.wait_for(r"Export")


def test_no_answer_reaches_the_keys(program):
    """Answers in pieces, between keys that are typed meanwhile: every key arrives, and nothing else."""
    with program({}) as terminal:
        terminal.wait_for(r"1 use_norm")
        terminal.send("e")
        terminal.wait_for(r"Export")
        terminal.wait_quiet(0.3)
        for piece in (
            "a",
            "\x1b_Gi=31;O",
            "K\x1b\\b\x1bP>|kit",
            "ty(1)\x1b",
            "\\c\x1b[6;2",
            "0;10t",
            "d\x1b[?6",
            "2;4c",
            "é",
            "f",
        ):
            terminal.send(piece)
            terminal.wait_quiet(0.15)
        terminal.wait_for(r"Preview  ● no")
        assert re.search(r"Name +compare-by-use_norm\.pngabcdéf ", terminal.text)


def test_escape_leaves_the_dialog_while_the_terminal_is_asked(program):
    """A key that begins like an answer is a key."""
    with program({}) as terminal:
        terminal.wait_for(r"1 use_norm")
        terminal.send("e")
        terminal.wait_for(r"Export ")
        terminal.wait_quiet(0.3)
        terminal.send("\x1b")
        terminal.wait_for(r"(?s)\A(?!.*↑↓ line)")
        terminal.send("q")
        assert terminal.wait_exit() == 0

"""What is said of a terminal, from its environment and its answers."""

from __future__ import annotations

import os
import pty
import termios
import threading

import pytest
from tests.graphics import ITERM, KITTY, PLAIN, SIXEL

from ablate_tui.tui import terminals
from ablate_tui.tui.terminals import Answers, Tmux, ask, question, terminal

XTERM = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
WITH, WITHOUT = Tmux(True, False, "kitty(0.36.4)"), Tmux(False, False, "kitty(0.36.4)")


def answered(kind: dict[bytes, bytes]) -> Answers:
    answers = Answers()
    assert answers.feed(b"".join(kind.values())) == b""
    assert answers.done
    return answers


@pytest.mark.parametrize(
    ("environment", "kind", "tmux", "pictures", "clipboard", "why"),
    [
        (XTERM, KITTY, None, "kitty", "direct", ""),
        (XTERM, ITERM, None, "iterm2", "direct", ""),
        ({**XTERM, "LC_TERMINAL": "iTerm2"}, PLAIN, None, "iterm2", "direct", ""),
        (XTERM, SIXEL, None, "sixel", None, ""),
        (XTERM, PLAIN, None, None, "direct", "answers neither to kitty graphics nor to sixel"),
        ({**XTERM, "TERM_PROGRAM": "Apple_Terminal"}, PLAIN, None, None, None, "Apple_Terminal answers neither"),
        (XTERM, {b"": b"\x1bP>|VTE(7600)\x1b\\\x1b[?65;1;9c"}, None, None, None, "VTE(7600) answers neither"),
        (XTERM, {b"": b"\x1bP>|VTE(9000)\x1b\\\x1b[?65;1;9;52c"}, None, None, "direct", "neither"),
        ({"TERM": "screen", "STY": "1"}, PLAIN, None, None, None, "inside GNU screen"),
        ({"TERM": "tmux-256color"}, PLAIN, WITH, "kitty", "passthrough", ""),
        ({"TERM": "tmux-256color", "NO_COLOR": "1"}, PLAIN, WITH, None, "passthrough", "without colours (NO_COLOR)"),
        ({"TERM": "tmux-256color", "NO_COLOR": "1"}, PLAIN, Tmux(True, True, "iTerm2 3.5"), "iterm2", "direct", ""),
        ({"TERM": "tmux-256color"}, PLAIN, WITHOUT, None, "tmux", "tmux set -g allow-passthrough on"),
        ({"TERM": "tmux-256color"}, {b"": b"\x1b[?1;2;4c"}, WITHOUT, "sixel", "tmux", ""),
        ({"TERM": "tmux-256color"}, PLAIN, Tmux(True, True, "iTerm2 3.5"), "iterm2", "direct", ""),
        ({"TERM": "tmux-256color"}, PLAIN, Tmux(True, True, "foot(1.16)"), None, "direct", "this is foot(1.16)"),
    ],
)  # fmt: skip
def test_what_each_terminal_can_do(environment, kind, tmux, pictures, clipboard, why):
    told = terminal(environment, answered(kind), tmux)
    assert (told.pictures, told.clipboard) == (pictures, clipboard)
    assert why in told.why
    assert bool(told.why) == (told.pictures is None)


def test_one_that_does_not_answer():
    assert terminal(XTERM, Answers()).why == "this terminal answers no questions"
    assert question({"TERM": "dumb"}) == question({}) == ""
    assert "\x1b_G" in question(XTERM)
    # one would type that onto the screen, the others would rename their window
    for told in ({"TERM_PROGRAM": "Apple_Terminal"}, {"TMUX": "/tmp/tmux-0/default,1,0"}, {"STY": "1.pts"}):
        assert question({**XTERM, **told}) == terminals.REST


def test_files_go_to_iterm2_unless_something_between_swallows_them():
    far = {**XTERM, "LC_TERMINAL": "iTerm2"}  # which goes along over SSH, and into GNU screen
    assert terminal(far, Answers()).downloads
    assert not terminal({**far, "STY": "1.pts"}, Answers()).downloads
    assert terminal(far, Answers(), Tmux(True, False, "iTerm2 3.5")).downloads
    assert not terminal(far, Answers(), Tmux(False, False, "iTerm2 3.5")).downloads


def test_names_from_a_terminal_are_clean():
    answers = Answers()
    answers.feed(b"\x1bP>|na\x07me\x9b" + b"x" * 200 + b"\x1b\\\x1b[?1c")
    name = terminal(XTERM, answers).name
    assert name.isprintable()
    assert len(name) <= 60


def test_answers_are_taken_out_of_the_keys_wherever_they_are_cut():
    """Byte by byte, the keys come through in their order, and not a byte of an answer."""
    stream = b"a" + b"b".join(KITTY.values()) + b"c\x1b[Ad"
    for step in (1, 2, 3, 7, 1000):
        answers, typed = Answers(), b""
        for at in range(0, len(stream), step):
            typed += answers.feed(stream[at : at + step])
        assert typed == b"abbbc\x1b[Ad"
        assert (answers.graphics, answers.version, answers.cell) == (True, "kitty(0.36.4)", (10, 20))


def test_escape_alone_is_a_key_and_half_an_answer_none():
    answers = Answers()
    assert (answers.feed(b"\x1b"), answers.release(), answers.release()) == (b"", b"\x1b", b"")
    assert (answers.feed(b"\x1b[?62;"), answers.release(), answers.feed(b"4c")) == (b"", b"", b"")
    assert answers.attributes == {"62", "4"}


def test_a_terminal_is_asked_and_left_as_it_was():
    """For programs without a screen; its settings come back, and a silent one is not waited for long."""
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    answers = Answers()

    def reply() -> None:
        assert os.read(master, 4096).endswith(b"\x1b[c")
        os.write(master, b"x" + b"".join(SIXEL.values()))

    thread = threading.Thread(target=reply)
    thread.start()
    ask(slave, slave, question(XTERM), answers)
    thread.join()
    assert terminal(XTERM, answers).pictures == "sixel"
    assert termios.tcgetattr(slave) == before
    silent = Answers()
    ask(slave, slave, question(XTERM), silent, seconds=0.05)
    assert not silent.done
    os.close(master)
    os.close(slave)


def test_a_tmux_that_is_gone_lets_nothing_through(tmp_path):
    """TMUX is still set, as in a shell that was left behind."""
    assert terminals.tmux_of({}) is None
    gone = {"TMUX": f"{tmp_path}/none,1,0", "PATH": os.environ["PATH"]}
    assert terminals.tmux_of(gone) == Tmux(False, False, "")
    assert terminals.tmux_of({**gone, "PATH": str(tmp_path)}) == Tmux(False, False, "")

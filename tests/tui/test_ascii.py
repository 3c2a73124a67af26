"""ASCII alone: stand-ins cell for cell, on the screen, in `show`, and where the terminal asks for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from rich.cells import cell_len
from tests.pseudo_terminal import PseudoTerminal

from ablate_tui.tui import cli
from ablate_tui.tui.abilities import colours, has_screen, speaks_unicode
from ablate_tui.tui.ascii import STAND_INS, as_ascii
from ablate_tui.tui.views.registry import VIEWS

PROGRAM = str(Path(sys.executable).with_name("ablate-tui"))


def test_every_stand_in_is_one_sign_for_one_cell():
    """So that columns stay columns."""
    for sign, own in STAND_INS.items():
        assert cell_len(sign) == 1, sign
        assert len(own) == 1, sign
        assert " " <= own <= "~", sign


def test_other_letters_become_question_marks_in_as_many_cells():
    """Names from data: wide ones two, marks that stand on others none."""
    assert as_ascii("naïve 漢字 e\u0301 …−0.5") == "na?ve ???? e .-0.5"


def test_lines_in_braille_keep_their_slope():
    """Up, down, high, low and full."""
    assert as_ascii("⡠⠊⠢⡀⠉⠤⣀⣿⡇") == "//\\\\'-.:|" or as_ascii("⠉⠤⣀⣿⡇") == "'-.:|"
    assert as_ascii("⢀⠔⠡⠈") != as_ascii("⠉⠉⠉⠉")


@pytest.mark.parametrize("view", VIEWS)
def test_show_has_stand_ins_for_everything_of_ours(view, runs, capfdbinary):
    """No question mark where no name asks for one."""
    assert cli.main(["show", str(runs), "--view", view, "--ascii"]) == 0
    said = capfdbinary.readouterr()
    assert said.out.isascii()
    assert said.err.isascii()
    assert b"?" not in said.out


def test_json_is_escaped_and_csv_refused(tmp_path, capfdbinary):
    """What a program reads must hold the names as they are."""
    path = tmp_path / "runs.csv"
    pl.DataFrame({"größe": [0, 1] * 4, "𝛼": [0, 0, 1, 1] * 2, "loss": [1.0, 2, 3, 4, 5, 6, 7, 9]}).write_csv(path)
    assert cli.main(["show", str(path), "--view", "effects", "--json", "--ascii"]) == 0
    out = capfdbinary.readouterr().out
    assert out.isascii()
    assert {row["switch"] for row in json.loads(out)["rows"]} == {"größe", "𝛼"}
    for form in ("--csv", "--sql", "--polars"):
        assert cli.main(["show", str(path), "--view", "effects", form, "--ascii"]) == 2
        assert b"names would be changed" in capfdbinary.readouterr().err


@pytest.mark.parametrize("telling", [{"LANG": "C"}, {"LC_ALL": "de_DE.ISO-8859-1"}, {"TERM": "linux"}])
def test_the_screen_sends_ascii_where_the_terminal_knows_no_more(telling, factors):
    """Every view, help and a dialog: no byte above 127; plots and marks are there."""
    with PseudoTerminal([PROGRAM, str(factors)], 100, 30, telling) as terminal:
        terminal.wait_for("Comparison by")
        for key in "34567890]]?":
            terminal.send(key)
            terminal.wait_quiet(0.2)
        terminal.wait_for("keys and views")
        terminal.send("\x1b")
        terminal.wait_quiet(0.5)
        terminal.wait_quiet(0.2)
        terminal.send("r")
        terminal.wait_for("Response")
        terminal.send("\x1b")
        terminal.wait_quiet(0.2)
        terminal.send("2")
        terminal.wait_for("box plot")
        assert ">" in terminal.text
        assert "|" in terminal.text
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert terminal.raw.isascii()


def test_the_settings_may_say_that_all_signs_can_be_shown(factors, tmp_path):
    """Whatever the locale is called, and whatever Python makes of it."""
    (tmp_path / "config.toml").write_text("ascii = false\n")
    with PseudoTerminal([PROGRAM, str(factors)], 100, 30, {"LC_ALL": "de_DE.ISO-8859-1"}) as terminal:
        terminal.wait_for("Comparison by")
        terminal.wait_for("·")
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert "·".encode() in terminal.raw


@pytest.mark.parametrize(("settings", "shown"), [("", "Δ mean"), ("ascii = true\n", "D mean")])
def test_the_table_without_a_terminal_is_as_show_has_it(factors, tmp_path, monkeypatch, settings, shown):
    """In UTF-8, whatever the locale says: it goes to a file or another program."""
    (tmp_path / "config.toml").write_text(settings)
    monkeypatch.setenv("LANG", "C")
    done = subprocess.run([PROGRAM, str(factors)], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert done.returncode == 0
    assert shown in done.stdout.decode()


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ({}, True),
        ({"LANG": "en_US.UTF-8"}, True),
        ({"LANG": "C.utf8"}, True),
        ({"LANG": "C"}, False),
        ({"LANG": "POSIX"}, False),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, False),  # Python's own doing
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, False),
        ({"LC_CTYPE": "en_US.UTF-8", "LANG": "C"}, True),
        ({"TERM": "linux", "LANG": "en_US.UTF-8"}, False),
        ({"TERM": "vt220"}, False),
    ],
)
def test_who_knows_more_than_ascii(told, answer):
    """By locale and terminal."""
    assert speaks_unicode(told) is answer


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ({"TERM": "xterm-256color"}, 256),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, 1 << 24),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, 0),
        ({"TERM": "xterm"}, 8),
        ({"TERM": "linux"}, 8),
        ({"TERM": "xterm-16color"}, 16),
        ({"TERM": "vt100"}, 0),
        ({"TERM": "dumb"}, 0),
    ],
)
def test_how_many_colours_there_are(told, answer):
    """By the environment and terminfo."""
    pytest.importorskip("curses")
    code = f"from ablate_tui.tui.abilities import colours; print(colours({told!r}))"  # curses asks once in a process
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == answer


def test_a_terminal_that_cannot_move_its_cursor_gets_a_table(runs):
    """TERM=dumb, as in an editor's shell."""
    assert not has_screen({"TERM": "dumb"})
    with PseudoTerminal([PROGRAM, str(runs)], 200, 40, {"TERM": "dumb"}) as terminal:
        terminal.wait_for("use_norm")
        assert terminal.wait_exit() == 0
        assert b"\x1b" not in terminal.raw
        assert terminal.raw.isascii()


def test_words_on_stderr_are_ascii_there(runs):
    """Also those of a mistake."""
    with PseudoTerminal(
        [PROGRAM, "show", str(runs), "--view", "effects", "--set", "größe=1"], 120, 20, {"LANG": "C"}
    ) as t:
        assert t.wait_exit() == 2
        assert b'no switch "gr??e"' in t.raw or b'no switch "gr' in t.raw
        assert t.raw.isascii()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="not Linux")
def test_asking_for_colours_leaves_no_file_open():
    """It is asked at every start of the screen."""
    colours({"TERM": "xterm"})
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        colours({"TERM": "xterm"})
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 20

"""`doctor`: a line a fact, whatever the terminal and the folders are like."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.pseudo_terminal import PseudoTerminal

from ablate_tui import __version__
from ablate_tui.tui import cli
from ablate_tui.tui.doctor import writable

PROGRAM = str(Path(sys.executable).with_name("ablate-tui"))


def said(capsys) -> dict[str, str]:
    """The facts by name."""
    assert cli.main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    return dict(line.split(": ", 1) for line in lines)


def test_versions_places_and_extras(capsys, tmp_path, monkeypatch):
    """Of this program, Python and the libraries; where things are, and what brings an extra."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "wandb" else object())
    facts = said(capsys)
    assert facts["ablate-tui"] == __version__
    assert facts["python"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert facts["settings"] == f"{tmp_path / 'config.toml'}, not there: everything is as it comes"
    assert facts["state"] == f"{tmp_path / 'state'}, can be made"
    for name in ("duckdb", "polars", "textual", "plotext"):
        assert facts[name][0].isdigit()
    assert facts["extra wandb"].endswith("pip install 'ablate-tui[wandb]'")
    assert facts["extra optuna"] == "installed"


def test_what_the_terminal_says_of_itself(capsys, monkeypatch):
    """Name, colours, UTF-8, clipboard, and what lies in between."""
    for name in ("TMUX", "STY", "SSH_CONNECTION", "SSH_TTY", "TERM_PROGRAM", "LC_TERMINAL"):
        monkeypatch.delenv(name, raising=False)
    assert said(capsys)["in between"] == "nothing"
    monkeypatch.setenv("TERM_PROGRAM", "Wez\x1b[2J")
    assert said(capsys)["terminal"] == "Wez\\x1b[2J"
    for name, value in {
        "TMUX": "x",
        "SSH_TTY": "y",
    }.items():
        monkeypatch.setenv(name, value)
    facts = said(capsys)
    assert facts["terminal"] == "a terminal in tmux"
    assert facts["colours"] == "16 million"
    assert facts["in between"] == "tmux, ssh"
    assert facts["clipboard"].startswith("by tmux's own command")  # which tells nothing of this "x"
    assert facts["pictures"].startswith("none: inside tmux without allow-passthrough")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("LANG", "C")
    facts = said(capsys)
    assert facts["colours"] == "none (NO_COLOR)"
    assert facts["UTF-8"].startswith("no")


def test_in_a_terminal_and_in_none():
    """Its size where there is one; exit status 0 with every stream closed but one."""
    with PseudoTerminal([PROGRAM, "doctor"], 91, 40) as terminal:
        terminal.wait_for("size: 91×40")
        assert terminal.wait_exit() == 0
    command = f"{sys.executable} -m ablate_tui doctor <&- 2>&-"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=False, env={**os.environ, "TERM": ""}
    )
    assert done.returncode == 0
    assert "TERM: not set" in done.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path):
    """It is said, not tried."""
    tmp_path.chmod(0o500)
    assert writable(tmp_path / "state") == "can't be written"


def test_a_folder_that_cannot_be_looked_into(capsys, tmp_path, monkeypatch):
    """It is as good as one that isn't there."""
    monkeypatch.setenv("ABLATE_TUI_STATE", str(tmp_path / "shut" / "state"))
    for name in ("exists", "is_dir"):
        asked = getattr(Path, name)

        def refuses(path: Path, asked=asked) -> bool:
            if "shut" in path.parts:
                raise PermissionError
            return asked(path)

        monkeypatch.setattr(Path, name, refuses)
    assert said(capsys)["state"].endswith("shut/state, can be made")


def test_settings_that_the_screen_refuses_are_not_called_fine(capsys, tmp_path):
    """Its keys are looked at, too."""
    (tmp_path / "config.toml").write_text('[keys]\nnonsense = "x"\n')
    assert 'broken: "' in said(capsys)["settings"]


def test_an_extra_is_there_when_all_of_it_is(capsys, monkeypatch):
    """Half of it colours nothing."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "tree_sitter" else object())
    facts = said(capsys)
    assert facts["extra sql"].startswith("not installed")
    assert facts["extra pictures"] == "installed"


def test_a_file_in_the_place_of_a_folder(tmp_path):
    """Neither written nor made."""
    (tmp_path / "state").write_text("")
    assert writable(tmp_path / "state" / "choices") == "can't be written"

"""A disk that is full, as a limit on the size of files: one line, status 1, what was there stays, and no litter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SMALL = 2_000  # bytes that a file may have
PROGRAM = """
import functools, resource, sys
from ablate_tui.tui import cli
if sys.argv[2] == "report":  # it needs no precision
    from ablate_tui.queries import importance as i
    i.with_uncertainty = functools.partial(i.with_uncertainty, bootstraps=4, permutations=4)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(cli.main(sys.argv[2:]))
"""


def full(*arguments: object, room: int = SMALL) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, str(room), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stderr
    (line,) = done.stderr.splitlines()
    assert "Traceback" not in line
    assert "a fault of" not in line
    assert "too large" in line  # what the system calls it
    return line


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder, hidden ones included."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with files of an earlier time."""
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("report.md", "effects.png", "view.svg"):
        (folder / name).write_text("old")
    return folder


def test_a_picture(runs: Path, out: Path) -> None:
    line = refused(full("show", runs, "--view", "effects", "--svg", out / "view.svg"))
    assert "choose another folder" in line
    assert files(out) == dict.fromkeys(("report.md", "effects.png", "view.svg"), b"old")


def test_a_report(runs: Path, out: Path) -> None:
    """Each of its files is the old one or the new one."""
    assert "choose another folder" in refused(full("report", runs, "--out", out))
    left = files(out)
    assert left["report.md"] == b"old"
    assert not [name for name in left if Path(name).name.startswith(".")]
    assert all(content == b"old" or content.endswith(b"IEND\xaeB`\x82") for content in left.values())


def test_choices(runs: Path, tmp_path: Path) -> None:
    """What can't be kept for later is told, and the view is shown; what was kept before stays."""
    state = Path(os.environ["ABLATE_TUI_STATE"])
    role = ("show", runs, "--view", "design", "--role")
    assert full(*role, "seed=ignored").returncode == 0
    before = files(state)
    assert before
    done = full(*role, "seed=covariate", room=40)
    assert "choices can't be kept" in done.stderr
    assert "ABLATE_TUI_STATE" in done.stderr
    assert files(state) == before


def test_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the user's folder nor in a temporary one."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    assert "ABLATE_TUI_DATA" in refused(full("demo", room=100_000))
    assert files(tmp_path / "data") == {}
    assert list(temporary.iterdir()) == []

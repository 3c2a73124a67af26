"""Files that leave the program."""

import contextlib
import os
import stat
from pathlib import Path

import pytest

from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.state import write_state
from ablate_tui.queries.slices import Slice
from ablate_tui.tui import export


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c", "\x1b[31m", "..", "", "con\n", "x" * 400, "開" * 400])
def test_names_stay_in_their_folder(name):
    """Whatever a switch is called, the file's name has no path in it and is not too long."""
    made = export.suggested_name("compare", Slice(((name or "s", ("on",)),), contrast=name or None))
    assert "/" not in made
    assert "\\" not in made
    assert not made.startswith(".")
    assert len(made.encode()) <= 120
    assert made.isprintable()


def test_written_whole_or_not_at_all(tmp_path, monkeypatch):
    """A failure half-way leaves the old file and no litter."""
    target = tmp_path / "view.png"
    target.write_bytes(b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SourceError, match=r"No space left on device.*choose another folder"):
        export.write(b"new", target)
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["view.png"]


def test_write_gives_the_absolute_path_and_usual_permissions(tmp_path, monkeypatch):
    """A picture can be read by those whom the umask lets."""
    monkeypatch.chdir(tmp_path)
    before = os.umask(0o022)
    try:
        path = export.write(b"x", "a.png")
    finally:
        os.umask(before)
    assert path == tmp_path / "a.png"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_the_umask_is_not_touched(tmp_path, monkeypatch):
    """It is the process's: another thread that writes meanwhile would make files that anybody can write."""
    monkeypatch.delattr(os, "umask")
    export.write(b"x", tmp_path / "a.png")
    write_state("queries", "source", "runs", ["SELECT 1"])
    assert not stat.S_IMODE((tmp_path / "a.png").stat().st_mode) & 0o111
    (kept,) = (tmp_path / "state" / "queries").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_file_in_a_folder_that_is_gone_is_one_line(tmp_path, monkeypatch):
    """The working folder, for a name without one."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(SourceError, match=r"can't write a\.png: No such file"):
        export.write(b"x", "a.png")


def test_chosen_checks_folder_and_suffix(tmp_path):
    """The suffix is the format's; a folder that isn't there is refused before anything is drawn."""
    assert export.chosen("a.svg", "svg", tmp_path) == tmp_path / "a.svg"
    for name in ("a.gif", "a", ""):
        with pytest.raises(UsageError, match=r"should end in \.png"):
            export.chosen(name, "png", tmp_path)
    with pytest.raises(UsageError, match="there is no folder"):
        export.chosen("nowhere/a.png", "png", tmp_path)


def test_a_folder_for_all_views_is_there_or_can_be_made(tmp_path):
    """Beside what is there; never in place of a file."""
    (tmp_path / "file").write_text("")
    assert export.chosen_folder("new", tmp_path) == tmp_path / "new"
    for name, said in (
        ("file", "is a file"),
        ("a/b", "there is no folder"),
        (" ", "name a folder"),
        ("~no_one_/x", "leads nowhere"),
    ):
        with pytest.raises(UsageError, match=said):
            export.chosen_folder(name, tmp_path)
    with pytest.raises(SourceError, match="can't make"):
        export.make_folder(tmp_path / "file" / "x")


@pytest.mark.parametrize("name", ["a" * 300 + "/x.csv", "circle/x.csv", "circle.csv", "x\0.csv", "\ud800.csv"])
def test_a_path_that_leads_nowhere_is_one_line(tmp_path, name):
    """Too long, a link to itself, signs that are in no name."""
    for link in ("circle", "circle.csv"):
        (tmp_path / link).symlink_to(link)
    for choose in (lambda: export.chosen(name, "csv", tmp_path), lambda: export.chosen_folder(name, tmp_path)):
        with contextlib.suppress(UsageError):
            assert choose().parent == tmp_path


def test_a_folder_that_is_closed_is_one_line(tmp_path, monkeypatch):
    """Where even to look is refused."""

    def closed(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", closed)
    for choose in (lambda: export.chosen("d/x.csv", "csv", tmp_path), lambda: export.chosen_folder("d/x", tmp_path)):
        with pytest.raises(UsageError, match=r"leads nowhere: Permission denied$"):
            choose()


def test_a_folder_is_no_file(tmp_path):
    """Writing onto a folder says so."""
    with pytest.raises(SourceError, match="is a folder"):
        export.write(b"x", tmp_path)


def test_scp_line_quotes_for_both_shells(tmp_path):
    """The line can be pasted as it is, with a blank and a quote in the name."""
    line = export.scp_line(tmp_path / "a b's.png")
    assert line.startswith("scp ")
    assert line.endswith(" .")
    import shlex

    assert export.scp_line(tmp_path).startswith("scp -r ")
    remote = shlex.split(line)[1]
    assert shlex.split(remote.split(":", 1)[1]) == [str(tmp_path / "a b's.png")]

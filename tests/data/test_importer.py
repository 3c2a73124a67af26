"""Imports: idempotent, all or nothing, nothing of the target's lost."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
import polars as pl
import pytest

from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.importer import ImportSummary, import_runs
from ablate_tui.data.store import open_store


def rows(path: Path) -> Counter[tuple[object, ...]]:
    """The runs, NaN as text so that they compare."""
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute("SELECT * FROM runs").fetchall()
    return Counter(tuple(str(cell) if isinstance(cell, float | list) else cell for cell in row) for row in found)


def losses(path: Path) -> list[float]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return [loss for (loss,) in connection.execute("SELECT loss FROM runs ORDER BY loss").fetchall()]


def counts(summary: ImportSummary) -> list[tuple[int, int, int]]:
    return [(source.rows, source.replaced, source.skipped) for source in summary.sources]


@pytest.fixture
def into(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "runs.duckdb"


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_import_is_idempotent(tmp_path: Path, into: Path) -> None:
    a = write(tmp_path / "a.csv", "sw,loss\n0,1\n1,2\n1,2\n")
    b = write(tmp_path / "b.jsonl", '{"sw": 1, "loss": 0.5, "h": [1, NaN]}\n')
    assert counts(import_runs([str(a), str(b)], str(into))) == [(3, 0, 0), (1, 0, 0)]
    first, content = rows(into), into.read_bytes()
    again = import_runs([str(a), str(b), str(a)], str(into))
    assert counts(again) == [(0, 0, 3), (0, 0, 1)]
    assert again.runs == 4
    assert rows(into) == first
    assert into.read_bytes() == content
    assert os.listdir(into.parent) == [into.name]
    assert open_store(str(into)).columns == {"sw": "BIGINT", "loss": "DOUBLE", "h": "DOUBLE[]"}


def test_a_changed_source_takes_the_place_of_its_rows(tmp_path: Path, into: Path) -> None:
    a = write(tmp_path / "a.csv", "sw,loss\n0,1\n1,2\n1,2\n")
    b = write(tmp_path / "b.csv", "sw,loss\n0,1\n1,2\n")  # rows equal to those of a
    import_runs([str(a), str(b)], str(into))
    write(a, "sw,loss,norm\n0,1.5,none\n")  # a type widened, a column more
    summary = import_runs([str(tmp_path)], str(into))
    assert counts(summary) == [(1, 3, 0), (0, 0, 2)]
    assert rows(into) == Counter({(0, "1.0", None): 1, (1, "2.0", None): 1, (0, "1.5", "none"): 1})
    write(b, "sw,loss\n7,7\n")  # its rows are found again though their text changed with the type
    assert counts(import_runs([str(b)], str(into))) == [(1, 2, 0)]
    assert rows(into) == Counter({(7, "7.0", None): 1, (0, "1.5", "none"): 1})


def test_equal_content_comes_in_once(tmp_path: Path, into: Path) -> None:
    a = write(tmp_path / "a.csv", "sw,loss\n0,1\n")
    b = write(tmp_path / "b.csv", "sw,loss\n0,1\n")
    summary = import_runs([str(a), str(b)], str(into))
    assert counts(summary) == [(1, 0, 0), (0, 0, 1)]
    assert "the same content as" in summary.sources[1].why
    a.rename(tmp_path / "c.csv")
    b.unlink()
    assert "imported before as" in import_runs([str(tmp_path / "c.csv")], str(into)).sources[0].why
    write(tmp_path / "c.csv", "sw,loss\n0,9\n")  # known under its new name from now on
    assert counts(import_runs([str(tmp_path / "c.csv")], str(into))) == [(1, 1, 0)]
    assert losses(into) == [9]


def test_the_users_own_rows_and_tables_stay(tmp_path: Path, into: Path) -> None:
    with duckdb.connect(str(into)) as connection:
        connection.execute("CREATE TABLE runs (sw INTEGER, loss INTEGER); INSERT INTO runs VALUES (0, 100)")
        connection.execute("CREATE TABLE other AS SELECT 42 AS answer; CREATE VIEW best AS SELECT min(loss) FROM runs")
    into.chmod(0o640)
    a = write(tmp_path / "a.csv", "sw,loss\n0,1.5\n1,2\n")
    import_runs([str(a)], str(into))
    with duckdb.connect(str(into)) as connection:
        connection.execute("INSERT INTO runs VALUES (1, 200)")
        connection.execute("DELETE FROM runs WHERE loss = 2")
        assert connection.execute("SELECT * FROM best, other").fetchall() == [(1.5, 42)]
    write(a, "sw,loss\n0,3\n")
    import_runs([str(a)], str(into))
    assert losses(into) == [3, 100, 200]
    assert into.stat().st_mode & 0o777 == 0o640


def test_types_are_widened_without_loss(tmp_path: Path, into: Path) -> None:
    a = write(tmp_path / "a.csv", "k,n,gap,h\n1,1,,none\n")
    b = write(tmp_path / "b.csv", 'k,n,gap,h\nx,1.5,2,"[1, 2]"\n')
    c = write(tmp_path / "c.csv", "k,n,gap\n,,\n")
    import_runs([str(a), str(b), str(c)], str(into))
    store = open_store(str(into))
    assert store.columns == {"k": "VARCHAR", "n": "DOUBLE", "gap": "BIGINT", "h": "VARCHAR"}
    assert store.query("FROM runs").rows() == [
        ("1", 1.0, None, "none"),
        ("x", 1.5, 2, "[1.0, 2.0]"),
        (None, None, None, None),
    ]


def test_a_column_called_rowid(tmp_path: Path, into: Path) -> None:
    a = write(tmp_path / "a.csv", "sw,loss\n0,1\n")
    b = write(tmp_path / "b.csv", "RowID,loss\n77,2\n")
    import_runs([str(a), str(b)], str(into))
    write(a, "sw,loss\n0,5\n")
    assert counts(import_runs([str(a), str(b)], str(into))) == [(1, 1, 0), (0, 0, 1)]
    assert rows(into) == Counter({(None, 2, 77): 1, (0, 5, None): 1})
    assert list(open_store(str(into)).columns) == ["sw", "loss", "rowid"]


def test_databases_and_folders_as_sources(tmp_path: Path, into: Path) -> None:
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        connection.execute("CREATE TABLE sweep AS SELECT 1::HUGEINT AS sw, 'a'::ENUM ('a', 'b') AS e, 2.5 AS loss")
    pl.DataFrame({"sw": [1], "e": ["c"], "loss": [1.5]}).write_parquet(tmp_path / "y.parquet")
    told: list[tuple[int, int, str]] = []
    import_runs([str(tmp_path)], str(into), lambda *step: told.append(step))
    assert losses(into) == [1.5, 2.5]
    assert [step[:2] for step in told] == [(0, 2), (1, 2), (2, 2)]
    assert import_runs([str(tmp_path)], str(into)).lines()[-1].endswith("holds 2 runs")


def test_the_target_in_the_folder_of_its_sources(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "sw,loss\n0,1\n")
    for _ in range(2):
        import_runs([str(tmp_path)], str(tmp_path / "runs.duckdb"))
    assert losses(tmp_path / "runs.duckdb") == [1]
    with pytest.raises(UsageError, match="both a source and the file"):
        import_runs([str(tmp_path / "runs.duckdb")], str(tmp_path / "runs.duckdb"))


def test_a_bad_source_leaves_everything_as_it_was(tmp_path: Path, into: Path) -> None:
    a = write(tmp_path / "a.csv", "sw,loss\n0,1\n")
    import_runs([str(a)], str(into))
    content = into.read_bytes()
    write(a, "sw,loss\n0,2\n")
    bad = write(tmp_path / "b.csv", "sw,loss\n0,1,2\n")
    for source in (bad, tmp_path / "missing.csv"):
        with pytest.raises(SourceError):
            import_runs([str(a), str(source)], str(into))
        assert into.read_bytes() == content
        assert os.listdir(into.parent) == [into.name]


def test_targets_that_can_not_be(tmp_path: Path) -> None:
    a = write(tmp_path / "a.csv", "sw,loss\n0,1\n")
    write(tmp_path / "not.duckdb", "words")
    with pytest.raises(SourceError, match="not a DuckDB file"):
        import_runs([str(a)], str(tmp_path / "not.duckdb"))
    with pytest.raises(SourceError, match=r"can't be"):
        import_runs([str(a)], str(tmp_path / "no folder" / "r.duckdb"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(SourceError, match="folder"):
        import_runs([str(a)], str(tmp_path / "folder"))
    with duckdb.connect(str(tmp_path / "view.duckdb")) as connection:
        connection.execute("CREATE VIEW runs AS SELECT 1 AS loss")
    with pytest.raises(SourceError, match="is a view"):
        import_runs([str(a)], str(tmp_path / "view.duckdb"))


KILLED = """
import os, signal, sys
from ablate_tui.data.importer import import_runs
def tell(done, total, what):
    if done == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
import_runs([sys.argv[1]], sys.argv[2], tell)
"""


@pytest.mark.parametrize("after", [1, 2])
def test_killed_half_way(tmp_path: Path, into: Path, after: int) -> None:
    write(tmp_path / "a.csv", "sw,loss\n0,1\n")
    import_runs([str(tmp_path)], str(into))
    content = into.read_bytes()
    write(tmp_path / "a.csv", "sw,loss\n0,2\n")
    write(tmp_path / "b.csv", "sw,loss\n0,3\n")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(into), str(after)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert into.read_bytes() == content
    assert len(os.listdir(into.parent)) > 1
    import_runs([str(tmp_path)], str(into))
    assert losses(into) == [2, 3]
    assert os.listdir(into.parent) == [into.name]


HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute(sys.argv[2])
print("open", flush=True)
sys.stdin.read()
"""


def hold(path: Path, sql: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), sql], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def test_a_target_that_is_open_for_writing(tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ablate_tui.data.engine.time.sleep", lambda seconds: None)
    a = write(tmp_path / "a.csv", "sw,loss\n0,1\n")
    import_runs([str(a)], str(into))
    write(a, "sw,loss\n0,2\n")
    process = hold(into, "INSERT INTO runs VALUES (5, 5)")
    with pytest.raises(SourceError, match=rf"held by .*{process.pid}"):
        import_runs([str(a)], str(into))
    process.communicate("")
    import_runs([str(a)], str(into))
    assert losses(into) == [2, 5]


def test_changes_in_the_write_ahead_log_are_kept(tmp_path: Path, into: Path) -> None:
    a = write(tmp_path / "a.csv", "sw,loss\n0,1\n")
    import_runs([str(a)], str(into))
    process = hold(into, "INSERT INTO runs VALUES (5, 5)")
    process.kill()  # leaves its log behind
    process.communicate()
    assert Path(f"{into}.wal").exists()
    write(a, "sw,loss\n0,2\n")
    import_runs([str(a)], str(into))
    assert losses(into) == [2, 5]
    assert not Path(f"{into}.wal").exists()


WAIT = """
import sys
from ablate_tui.data.importer import import_runs
def tell(done, total, what):
    if done == 0:
        print("open", flush=True)
        sys.stdin.read()
import_runs([sys.argv[1]], sys.argv[2], tell)
"""


def test_two_imports_at_once(tmp_path: Path, into: Path) -> None:
    a = write(tmp_path / "a.csv", "sw,loss\n0,1\n")
    b = write(tmp_path / "b.csv", "sw,loss\n0,2\n")
    import_runs([str(a)], str(into))
    with subprocess.Popen(
        [sys.executable, "-c", WAIT, str(b), str(into)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(SourceError, match=rf"another import into .*process {process.pid}\b"):
            import_runs([str(a)], str(into))
        process.communicate("")
    assert process.returncode == 0
    assert losses(into) == [1, 2]
    assert os.listdir(into.parent) == [into.name]


FULL = """
import resource, sys
from ablate_tui.tui import cli
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))
sys.exit(cli.main(["import", sys.argv[1], "--into", sys.argv[2]]))
"""


def test_a_full_disk_leaves_the_target_as_it_was(tmp_path: Path, into: Path) -> None:
    """As a limit on the size of files."""
    small = write(tmp_path / "small.csv", "sw,loss\n0,1\n1,2\n")
    import_runs([str(small)], str(into))
    before = into.read_bytes()
    assert len(before) < 1_500_000
    large = write(
        tmp_path / "large.csv", "sw,loss\n" + "".join(f"{at % 2},{math.sin(at) * 7.7}\n" for at in range(300_000))
    )
    done = subprocess.run([sys.executable, "-c", FULL, str(large), str(into)], capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "can't be written" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert into.read_bytes() == before
    assert os.listdir(into.parent) == [into.name]

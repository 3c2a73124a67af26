"""Logging from training scripts: harmless to them, and no finished run is lost or doubled."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest
from tests.pseudo_terminal import PseudoTerminal

from ablate_tui import log
from ablate_tui.data.errors import SourceError
from ablate_tui.data.importer import gather, import_runs
from ablate_tui.data.inbox import Gathered, inbox_of
from ablate_tui.data.store import open_store


def rows(database: Path, columns: str = "*", table: str = "runs") -> list[tuple[object, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(f"SELECT {columns} FROM {table} ORDER BY ALL").fetchall()


def names(database: Path) -> list[str]:
    return sorted(os.listdir(inbox_of(str(database))))


def script(text: str, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(text), *arguments]
    return subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload, no-any-return]


def test_a_run_comes_in_value_for_value(tmp_path: Path) -> None:
    path = tmp_path / "runs.duckdb"
    with log(
        path, switches={"norm": True, "mix": None}, seed=3, config={"opt": {"lr": 1e-3, "betas": [0.9, 0.95]}}
    ) as run:
        run.log(1, loss=3.0, acc=0.1)
        run.log(2, loss=math.inf, step=5, self=6)  # names that are parameters elsewhere
        run.result(loss=0.1 + 0.2, acc=math.nan)
    with log(path, switches={"norm": False, "mix": "none"}, seed=3, name="b") as other:
        other.result(loss=2)
    assert gather(str(path)).words == "2 runs from the inbox taken in; 5 points of curves"
    assert names(path) == []
    columns = "run_id, norm, mix, seed, opt.lr, opt.betas, loss, acc, status, name"
    found = {
        row[0]: row[1:] for row in rows(path, columns.replace("opt.lr", '"opt.lr"').replace("opt.betas", '"opt.betas"'))
    }
    first = found[run.id]
    assert first[:6] == (True, "None", 3, 1e-3, "[0.9, 0.95]", 0.1 + 0.2)
    assert isinstance(first[6], float)
    assert math.isnan(first[6])
    assert first[7:] == ("finished", None)
    assert found[other.id] == (False, "none", 3, None, None, 2.0, None, "finished", "b")
    points = [(1, "acc", 0.1), (1, "loss", 3.0), (2, "loss", math.inf), (2, "self", 6), (2, "step", 5)]
    assert rows(path, "step, metric, value", "curves") == points
    assert {row[0] for row in rows(path, "run_id", "curves")} == {run.id}


def test_numbers_of_other_libraries_are_plain_ones(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    path = tmp_path / "runs.duckdb"
    with log(path, switches={"a": numpy.bool_(True), "n": numpy.int64(7), "p": Path("x")}) as run:
        run.result(loss=numpy.float32(0.5), last=numpy.array([0.25]))
    gather(str(path))
    assert rows(path, "a, n, p, loss, last") == [(True, 7, "x", 0.5, 0.25)]


def test_a_crash_is_recorded_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "runs.duckdb"
    with pytest.raises(ZeroDivisionError), log(path, switches={"a": True}):
        1 / 0  # noqa: B018
    with log(path, switches={"a": False}):
        pass
    gather(str(path))
    assert rows(path, "a, status, error") == [
        (False, "crashed", "ended without a result"),
        (True, "crashed", "ZeroDivisionError: division by zero"),
    ]


def test_the_last_result_counts_whenever_it_is_gathered(tmp_path: Path) -> None:
    path = tmp_path / "runs.duckdb"
    run = log(path, switches={"a": True})
    run.log(1, loss=5)
    run.log(2, loss=4)
    run.result(loss=3.0)
    run.result(loss=2.0)
    gather(str(path))
    assert rows(path, "loss") == [(2.0,)]
    run.log(3, loss=1)
    run.result(loss=1.0)
    gather(str(path))
    assert rows(path, "loss") == [(1.0,)]
    assert rows(path, "step", "curves") == [(1,), (2,), (3,)]


def test_logging_imports_nothing_heavy() -> None:
    done = script(
        """
        import sys
        from ablate_tui import log
        heavy = {"polars", "textual", "numpy", "duckdb", "pyarrow", "plotext", "rich", "scipy"}
        assert not heavy & {name.partition(".")[0] for name in sys.modules}, sys.modules
        """
    )
    assert done.returncode == 0, done.stderr


def test_an_inbox_that_cannot_be_written_stops_no_training(tmp_path: Path) -> None:
    """The run is kept on this host, and the line that says so is the command that brings it in."""
    path = tmp_path / "runs.duckdb"
    (tmp_path / "runs.duckdb.inbox").write_text("in the way")
    done = script(
        """
        import sys
        from ablate_tui import log
        with log(sys.argv[1], switches={"a": True}) as run:
            run.result(loss=2.0)
        print("trained")
        """,
        str(path),
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert (done.returncode, done.stdout) == (0, "trained\n")
    kept = tmp_path / f"ablate-tui-{os.getuid()}" / "runs.duckdb.inbox"
    assert f'ablate-tui import "{kept}" --into "{path}"' in done.stderr
    assert "Traceback" not in done.stderr
    (tmp_path / "runs.duckdb.inbox").unlink()
    import_runs([str(kept)], str(path))
    assert rows(path, "a, loss") == [(True, 2.0)]
    assert os.listdir(kept) == []


def test_a_full_disk_stops_no_training(tmp_path: Path) -> None:
    """As a limit on the size of files: writing fails half-way, and nothing half-written is left."""
    done = script(
        """
        import resource, sys
        from ablate_tui import log
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        with log(sys.argv[1], switches={"a": True}) as run:
            for step in range(1000):
                run.log(step, loss=step)
            run.result(loss=2.0)
        with log(sys.argv[1], switches={"a": False}) as run:
            run.result(loss=2.0)
        print("trained")
        """,
        str(tmp_path / "runs.duckdb"),
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert (done.returncode, done.stdout) == (0, "trained\n")
    assert "File too large" in done.stderr
    assert [name.rpartition(".")[2] for name in names(tmp_path / "runs.duckdb")] == ["json", "begun"] or [
        name.rpartition(".")[2] for name in names(tmp_path / "runs.duckdb")
    ] == ["begun", "json"]
    gather(str(tmp_path / "runs.duckdb"))
    assert rows(tmp_path / "runs.duckdb", "a, loss") == [(False, 2.0)]


def test_a_file_system_that_hangs_holds_no_training_up(tmp_path: Path) -> None:
    """A named pipe in place of the file that is written never answers."""
    done = script(
        """
        import importlib, os, sys, time
        from ablate_tui import log
        module = importlib.import_module("ablate_tui.data.log")
        write = module._put
        def hang(folder, name, text):
            if folder.startswith(sys.argv[1]):
                os.mkfifo(sys.argv[1] + name + ".fifo")
                open(sys.argv[1] + name + ".fifo", "w")
            write(folder, name, text)
        module._put = hang
        began = time.monotonic()
        with log(sys.argv[1], switches={"a": True}, patience=0.2) as run:
            run.result(loss=2.0)
        print("trained", time.monotonic() - began < 5)
        """,
        str(tmp_path / "runs.duckdb"),
        env={**os.environ, "TMPDIR": str(tmp_path / "here")},
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "trained True\n"), done.stderr


def test_a_process_that_may_have_no_more_threads_logs_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with log(tmp_path / "runs.duckdb", switches={"a": True}) as run:
        run.result(loss=2.0)
    monkeypatch.undo()
    gather(str(tmp_path / "runs.duckdb"))
    assert rows(tmp_path / "runs.duckdb", "a, loss") == [(True, 2.0)]


def test_what_is_no_run_stays_and_the_rest_comes_in(tmp_path: Path) -> None:
    path = tmp_path / "runs.duckdb"
    with log(path, switches={"a": True}) as run:
        run.result(loss=2.0)
    inbox = Path(inbox_of(str(path)))
    (whole,) = inbox.glob("*.json")
    text = whole.read_text()
    (inbox / "half.1.json").write_text(text[: len(text) // 2])
    (inbox / "other.1.json").write_text(json.dumps({**json.loads(text), "ablate_tui": 99, "id": "x"}))
    (inbox / "list.1.json").write_text("[]")
    (inbox / "gone.begun").write_text(json.dumps({"host": "elsewhere", "pid": 1}))
    said = gather(str(path)).words
    assert said is not None
    assert "1 run from the inbox taken in" in said
    assert "another version of ablate-tui, in format 99" in said
    assert "1 running or killed on other hosts (begun, and not ended)" in said
    assert names(path) == ["gone.begun", "half.1.json", "list.1.json", "other.1.json"]
    assert rows(path, "loss") == [(2.0,)]


def test_a_gathering_that_was_interrupted_doubles_nothing(tmp_path: Path) -> None:
    path = tmp_path / "runs.duckdb"
    for at in range(5):
        with log(path, switches={"a": at % 2 == 0}) as run:
            run.log(1, loss=1)
            run.log(2, loss=1)
            run.result(loss=at)
    shutil.copytree(inbox_of(str(path)), tmp_path / "as it was")
    gather(str(path))
    before = rows(path), rows(path, table="curves")
    os.rmdir(inbox_of(str(path)))
    shutil.copytree(tmp_path / "as it was", inbox_of(str(path)))  # as if killed before the files were removed
    gather(str(path))
    assert (rows(path), rows(path, table="curves")) == before


def test_imported_runs_stay_known_beside_logged_ones(tmp_path: Path) -> None:
    """A type that logged runs widen changes no fingerprint: the file is not imported twice."""
    path, csv = tmp_path / "runs.duckdb", tmp_path / "a.csv"
    csv.write_text("sw,loss\n0,1\n1,2\n")
    import_runs([str(csv)], str(path))
    with log(path, switches={"sw": "two"}) as run:
        run.result(loss=3.5)
    gather(str(path))
    csv.write_text("sw,loss\n0,1\n1,2\n1,4\n")
    import_runs([str(csv)], str(path))
    assert rows(path, "sw, loss") == [("0", 1.0), ("1", 2.0), ("1", 4.0), ("two", 3.5)]


def test_a_link_to_a_database_has_its_inbox(tmp_path: Path) -> None:
    path, link = tmp_path / "runs.duckdb", tmp_path / "link.duckdb"
    link.symlink_to(path)
    with log(link, switches={"a": True}) as run:
        run.result(loss=1.0)
    gather(str(link))
    assert rows(path, "loss") == [(1.0,)]
    assert link.is_symlink()


def test_many_gather_at_once(tmp_path: Path) -> None:
    """One does it; the others say so, or find nothing; each run is there once."""
    path = tmp_path / "runs.duckdb"
    for at in range(40):
        with log(path, switches={"a": at % 2 == 0}) as run:
            run.result(loss=at)
    command = [
        sys.executable,
        "-c",
        "import sys; from ablate_tui.data.importer import gather; print(gather(sys.argv[1]).words)",
    ]
    going = [subprocess.Popen([*command, str(path)], stdout=subprocess.PIPE, text=True) for _ in range(6)]
    told = [process.communicate()[0] for process in going]
    assert all(process.returncode == 0 for process in going)
    assert sum("40 runs from the inbox taken in" in words for words in told) == 1
    assert all("taken in" in words or "None" in words or "another import" in words for words in told)
    assert len(rows(path)) == 40


def test_nothing_waits_and_nothing_is_named(tmp_path: Path) -> None:
    assert gather(str(tmp_path / "runs.duckdb")) == Gathered()
    with pytest.raises(SourceError, match="no source is named, and no run waits"):
        import_runs([], str(tmp_path / "runs.duckdb"))
    assert os.listdir(tmp_path) == []


def test_settings_and_metrics_keep_their_roles(tmp_path: Path) -> None:
    """A tracker knows what was set and what was measured, whatever the names would say."""
    path = tmp_path / "runs.duckdb"
    for at in range(12):
        with log(path, switches={"loss_type": at % 2, "betas": [0.9, 0.9 + at % 3 / 100]}, seed=at // 6) as run:
            run.result(quality=at / 7 + 0.01, epochs=at % 2)
    gather(str(path))
    table = open_store(str(path)).load()
    found = {column.name: column.role for column in table.columns}
    assert found["loss_type"] == "switch"
    assert found["betas"] == "factor"
    assert found["seed"] == "replicate"
    assert found["epochs"] == "covariate"
    assert table.response.name == "quality"


# `make trackers` has more of them
PROCESSES, RUNS = (int(part) for part in os.environ.get("ABLATE_TUI_WRITERS", "12x40").split("x"))
WRITER = """
import os, sys, time
from ablate_tui import log
path, worker, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
ledger = os.open(sys.argv[4], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
for at in range(runs):
    os.write(ledger, f"begun {worker} {at}\\n".encode())
    with log(path, switches={"a": at % 2 == 0, "b": worker % 2 == 0}, seed=at) as run:
        run.log(1, loss=worker + at)
        run.log(2, loss=worker - at)
        run.result(loss=worker * 1000 + at)
        os.write(ledger, f"ended {worker} {at} {run.id}\\n".encode())
"""


def writer(database: Path, worker: int, runs: int) -> subprocess.Popen[bytes]:
    ledger = ledger_of(database, worker)
    ledger.touch()
    return subprocess.Popen([sys.executable, "-c", WRITER, str(database), str(worker), str(runs), str(ledger)])


def ledger_of(database: Path, worker: int) -> Path:
    return database.parent / f"ledger{worker}"


def write_from_many(database: Path, processes: int, runs: int) -> None:
    """Let processes log runs, a third of them killed at random."""
    rng = random.Random(0)
    doomed = {worker: rng.uniform(0, 1.8 * runs) for worker in rng.sample(range(processes), processes // 3)}
    going = [writer(database, worker, runs) for worker in range(processes)]
    left = dict(doomed)
    while left:
        for worker, lines in list(left.items()):
            if ledger_of(database, worker).read_bytes().count(b"\n") >= lines:
                going[worker].send_signal(signal.SIGKILL)
                del left[worker]
        time.sleep(0.005)  # the writers need the processor
    for process in going:
        process.wait()
    assert all(going[worker].returncode == -signal.SIGKILL for worker in doomed)


GATHERER = """
import os, sys
from ablate_tui.data.importer import gather
while not os.path.exists(sys.argv[2]):
    said = gather(sys.argv[1]).words
    assert said is None or "from the inbox taken in" in said, said
"""


def check_ledger(database: Path) -> int:
    """Every run that ended is there once; one more of each killed process may be, if its result was written."""
    lines = [line.split() for ledger in database.parent.glob("ledger*") for line in ledger.read_text().splitlines()]
    ended = {line[3] for line in lines if line[0] == "ended"}
    begun = {(int(line[1]), int(line[2])) for line in lines if line[0] == "begun"}
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute("SELECT run_id, loss, seed FROM runs").fetchall()
        points = dict(connection.execute("SELECT run_id, count(*) FROM curves GROUP BY run_id").fetchall())
    ids = {id for id, _, _ in found}
    assert len(ids) == len(found)
    assert ended <= ids
    assert len(ids - ended) <= PROCESSES // 3  # killed between the result and the ledger's line
    assert {((loss - seed) // 1000, seed) for _, loss, seed in found} <= begun
    assert points == dict.fromkeys(ids, 2)
    assert all(name.endswith(".begun") or name.startswith(".") for name in names(database))
    return len(found)


def test_many_processes_a_third_of_them_killed(tmp_path: Path) -> None:
    path = tmp_path / "runs.duckdb"
    write_from_many(path, PROCESSES, RUNS)
    gather(str(path))
    assert open_store(str(path)).runs == check_ledger(path)


def test_many_processes_while_another_gathers(tmp_path: Path) -> None:
    path, stop = tmp_path / "runs.duckdb", tmp_path / "stop"
    with subprocess.Popen([sys.executable, "-c", GATHERER, str(path), str(stop)]) as other:
        write_from_many(path, PROCESSES, RUNS)
        stop.touch()
        assert other.wait() == 0
    gather(str(path))
    assert open_store(str(path)).runs == check_ledger(path)


def test_many_processes_while_a_screen_follows(tmp_path: Path) -> None:
    """The real program in a real terminal takes all of them in by itself."""
    path = tmp_path / "runs.duckdb"
    assert writer(path, PROCESSES, 8).wait() == 0
    program = str(Path(sys.executable).with_name("ablate-tui"))
    with PseudoTerminal([program, str(path), "--follow"]) as terminal, ThreadPoolExecutor(1) as pool:
        terminal.wait_for("8 of 8 runs")
        writing = pool.submit(write_from_many, path, PROCESSES, RUNS)
        while not writing.done():
            terminal.read(0.1)
        writing.result()
        end = time.monotonic() + 300  # for a machine that has much else to do
        while inbox_has_results(path):
            terminal.read(0.1)
            assert time.monotonic() < end, f"runs are left in the inbox:\n{terminal.text}"
        terminal.wait_for(f"{check_ledger(path):,} of ")
        terminal.send("q")
        assert terminal.wait_exit() == 0


def inbox_has_results(database: Path) -> bool:
    return any(name.endswith(".json") and not name.startswith(".") for name in names(database))

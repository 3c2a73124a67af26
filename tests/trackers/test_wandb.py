"""Runs that a real wandb left offline, exported tables and files, and a service that can't be reached."""

from __future__ import annotations

import csv
import datetime
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.trackers.tracked import Skipped, TrackedRun
from ablate_tui.data.trackers.wandb import open_wandb

pytest.importorskip("wandb")

SCRIPT = """\
import itertools
import wandb

def begin(id, **more):
    return wandb.init(mode="offline", project="p", dir=".", id=id, settings=wandb.Settings(silent=True), **more)

for number, (lr, norm) in enumerate(itertools.product((0.1 + 0.2, 1e-5), ("none", None))):
    config = {"lr": lr, "model": {"norm": norm, "sizes": [1, 2.5]}, "tie": True, "n": 3, "empty": ""}
    config["long"] = "x" * 70_000
    run = begin(f"r{number}", name=f"run {number}", group="g", job_type="train", tags=["a", "b"], config=config)
    for step in range(4):
        row = {"loss": lr / (step + 1), "bad": float("nan") if step % 2 else float("-inf"), "val": {"acc": step}}
        run.log(row, step=10 * step)
    run.log({"once": 1, "hist": wandb.Histogram([1, 2, 3]), "phase": "end"})
    run.summary["best"] = 5e-324
    run.summary["loss"] = 7.0
    run.finish(exit_code=number % 2)

run = begin("resumed", config={"lr": 1})
run.log({"loss": 3.0}, step=1)
run.finish()
run = begin("resumed", config={"lr": 2}, resume="allow")
run.log({"loss": 2.0}, step=2)
run.finish()
"""


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("offline")
    env = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    made = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=folder, capture_output=True, text=True, env={**env, "HOME": str(folder)}
    )
    assert made.returncode == 0, made.stderr
    return folder / "wandb"


def read(where: Path | str) -> tuple[dict[str, TrackedRun], list[Skipped]]:
    found = list(open_wandb(str(where)).runs(lambda done, total, words: None))
    runs = [item for item in found if isinstance(item, TrackedRun)]
    assert len({run.id for run in runs}) == len(runs)
    return {run.id: run for run in runs}, [item for item in found if isinstance(item, Skipped)]


def log_of(folder: Path, id: str) -> Path:
    (log,) = folder.rglob(f"run-{id}.wandb")
    return log


@pytest.fixture
def one(offline: Path, tmp_path: Path) -> Path:
    """The log of one run, in a folder of its own, to be damaged."""
    log = log_of(offline, "r0")
    copy = tmp_path / log.parent.name / log.name
    copy.parent.mkdir()
    copy.write_bytes(log.read_bytes())
    return copy


def test_offline_runs(offline: Path) -> None:
    before = {path: path.read_bytes() for path in offline.rglob("*") if path.is_file()}
    runs, skipped = read(offline)
    assert {path: path.read_bytes() for path in offline.rglob("*") if path.is_file()} == before
    assert not skipped
    assert set(runs) == {"r0", "r1", "r2", "r3", "resumed"}
    for number in range(4):
        run, lr = runs[f"r{number}"], (0.1 + 0.2, 1e-5)[number // 2]
        assert run.config == {
            "lr": lr,
            "model": {"norm": ("none", None)[number % 2], "sizes": [1, 2.5]},
            "tie": True,
            "n": 3,
            "empty": "",
            "long": "x" * 70_000,
        }
        steps = [0.0, 10.0, 20.0, 30.0]
        assert set(run.curves) == {"loss", "bad", "val.acc"}
        assert run.curves["loss"] == (steps, [lr / (i + 1) for i in range(4)])
        assert run.curves["val.acc"] == (steps, [0.0, 1.0, 2.0, 3.0])
        assert [str(value) for value in run.curves["bad"][1]] == ["-inf", "nan", "-inf", "nan"]
        assert str(run.metrics["bad"]) == "nan"
        rest = {name: value for name, value in run.metrics.items() if name != "bad"}
        assert rest == {"loss": 7.0, "val.acc": 3.0, "once": 1.0, "best": 5e-324}
        assert run.status == ("finished", "crashed")[number % 2]
        assert run.facts["duration_s"] >= 0
        assert run.facts["started"].tzinfo is not None
        texts = {name: run.facts[name] for name in ("name", "group", "job_type", "tags", "phase")}
        assert texts == {"name": f"run {number}", "group": "g", "job_type": "train", "tags": "a, b", "phase": "end"}
    resumed = runs["resumed"]
    assert resumed.config == {"lr": 2}
    assert resumed.curves == {"loss": ([1.0, 2.0], [3.0, 2.0])}


def test_damaged_logs(one: Path) -> None:
    whole = one.read_bytes()

    def damaged(content: bytes, age: float = 4000) -> tuple[dict[str, TrackedRun], list[Skipped]]:
        one.write_bytes(content)
        os.utime(one, (time.time() - age,) * 2)
        return read(one.parent.parent)

    for end in (3, 500):  # the log of a run that was killed, or goes on
        runs, (skipped,) = damaged(whole[:-end])
        assert skipped.why == "cut short: its last record is left out"
        assert runs["r0"].status == "crashed"
        assert runs["r0"].config["lr"] == 0.1 + 0.2
        runs, (_, skipped) = damaged(whole[:-end], age=0)
        assert not runs
        assert (skipped.id, skipped.why.partition(",")[0]) == ("r0", "still running")
    runs, (skipped,) = damaged(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    assert skipped.why.startswith("damaged")
    assert set(runs) == {"r0"}
    newer = whole[:6] + b"\x05" + whole[7:]
    for content, why in (
        (b"", "not a log"),
        (b"GARBAGE" * 9, "not a log"),
        (newer, "version 5"),
        (whole[:7], "no run"),
    ):
        runs, (skipped,) = damaged(content)
        assert not runs
        assert why in skipped.why
        assert skipped.id == "r0"


def test_a_folder_without_its_log(tmp_path: Path) -> None:
    files = tmp_path / "run-20240501_101112-abc" / "files"
    files.mkdir(parents=True)
    (files / "config.yaml").write_text("wandb_version: 1\n_wandb:\n  value: {}\nlr:\n  desc: null\n  value: 0.1\n")
    runs, _ = read(tmp_path)
    assert (runs["abc"].config, runs["abc"].metrics) == ({"lr": 0.1}, {})
    (files / "wandb-summary.json").write_text('{"loss": NaN, "acc": 1, "_step": 3, "_runtime": 2.5}')
    runs, skipped = read(tmp_path)
    assert not skipped
    assert str(runs["abc"].metrics.pop("loss")) == "nan"
    assert (runs["abc"].metrics, runs["abc"].facts) == ({"acc": 1.0}, {"duration_s": 2.5})
    (files / "wandb-summary.json").write_text('{"loss": ')
    runs, (skipped,) = read(tmp_path)
    assert not runs
    assert "half-written" in skipped.why


def write_table(path: Path, rows: list[list[str]]) -> Path:
    with open(path, "w", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    return path


def test_an_exported_table(tmp_path: Path) -> None:
    head = ["Name", "State", "Created", "Runtime", "ID", "Tags", "norm", "lr", "model.depth", "loss"]
    rows = [
        ["a", "finished", "2024-05-01T10:11:12.000Z", "90", "x1", "", "none", "0.1", "", "NaN"],
        ["a", "killed", "2024-05-01T10:11:12.000Z", "9", "x2", "t,u", "", "1e-5", "3", "0.5\nend"],
        ["b", "running", "", "", "x3", "", "rms", "0.1", "3", ""],
    ]
    path = write_table(tmp_path / "export.csv", [head, *rows, ["c", "finished"]])
    content = path.read_bytes()
    runs, skipped = read(path)
    assert path.read_bytes() == content
    assert skipped == [
        Skipped("x3", "still running", "x3"),
        Skipped("row 4", "has 2 cells, the table's head has 10", hides=True),
    ]
    assert runs["x1"].config == {"norm": "none", "lr": "0.1", "loss": "NaN"}
    assert runs["x2"].config == {"lr": "1e-5", "model.depth": "3", "loss": "0.5\nend"}
    when = datetime.datetime(2024, 5, 1, 10, 11, 12, tzinfo=datetime.UTC)
    assert runs["x1"].facts == {"name": "a", "started": when, "duration_s": 90.0}
    assert (runs["x1"].status, runs["x2"].status) == ("finished", "crashed")

    without_ids = [row[:4] + row[5:] for row in [head, *rows]]
    without_ids[2][0] = "z"
    runs, _ = read(write_table(tmp_path / "names.csv", without_ids))
    assert set(runs) == {"a", "z"}
    without_ids[2][0] = "a"
    runs, skipped = read(write_table(tmp_path / "names.csv", without_ids))
    assert not runs
    assert 'show the column "ID"' in skipped[0].why


def test_a_file_of_the_api_s_runs(tmp_path: Path) -> None:
    from_python: list[Any] = [
        {
            "id": "x1",
            "name": "first",
            "config": {"lr": 0.1, "norm": None, "none": "none", "_wandb": {}, "m": {"value": 3, "desc": None}},
            "summary": {"loss": "NaN", "acc": "-Infinity", "best": {"min": 0.5}, "_step": 2, "_runtime": 4, "n": None},
            "state": "failed",
            "createdAt": "2024-05-01T10:11:12",
            "tags": ["a", "b"],
            "history": [
                {"_step": 5, "loss": 2.0, "_timestamp": 1},
                {"_step": 0, "loss": "Infinity", "im": {"_type": "image-file", "size": 3}},
            ],
        },
        {"id": "x2", "config": {}, "summary": {}, "state": "running"},
        {"id": "x1", "config": {}},
        {"config": {}},
        17,
        {"id": "x3", "config": "{"},
    ]
    as_graphql = {
        "id": "UnVuOnYxOng0",
        "name": "x4",
        "displayName": "fourth",
        "config": json.dumps({"lr": {"value": 0.25, "desc": None}}),
        "summaryMetrics": '{"loss": 1.5, "_wandb": {"runtime": 3}, "table": {"_type": "table-file"}}',
        "state": "finished",
    }
    (tmp_path / "runs.json").write_text(json.dumps([*from_python, as_graphql]))
    runs, skipped = read(tmp_path / "runs.json")
    assert set(runs) == {"x1", "x4"}
    run = runs["x1"]
    assert run.config == {"lr": 0.1, "norm": None, "none": "none", "m": 3}
    assert str(run.metrics.pop("loss")) == "nan"
    assert run.metrics == {"acc": -float("inf"), "best.min": 0.5, "n": None}
    assert run.curves == {"loss": ([0.0, 5.0], [float("inf"), 2.0])}
    when = datetime.datetime(2024, 5, 1, 10, 11, 12, tzinfo=datetime.UTC)
    assert run.facts == {"name": "first", "started": when, "tags": "a, b", "duration_s": 4.0}
    assert run.status == "crashed"
    assert (runs["x4"].config, runs["x4"].metrics, runs["x4"].facts) == (
        {"lr": 0.25},
        {"loss": 1.5},
        {"name": "fourth"},
    )
    assert {item.what: item.why.partition(":")[0] for item in skipped} == {
        "x2": "still running",
        "x1": "is in the file twice; the first one counts",
        "run 4 of the file": 'has neither "id" nor "name"',
        "run 5 of the file": "not a run as the API gives it",
        "run 6 of the file": "not a run as the API gives it",
    }
    (tmp_path / "runs.jsonl").write_text("".join(json.dumps(it) + "\n" for it in (from_python[0], as_graphql)) + '{"id')
    again, (cut,) = read(tmp_path / "runs.jsonl")
    assert str(again["x1"]) != ""
    assert (again["x4"], cut.why) == (runs["x4"], "cut short: its last line is left out")


def test_what_can_t_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="ENTITY/PROJECT"):
        open_wandb("")
    for where in (str(tmp_path / "nowhere"), "some/runs.csv", "runs.json"):
        with pytest.raises(SourceError, match="there is no"):
            open_wandb(where)
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(SourceError, match=r"no \.csv"):
        open_wandb(str(tmp_path / "a.txt"))
    for name, text in (("a.json", '[{"id": '), ("a.csv", "Step,run - loss\n1,2\n"), ("b.csv", "")):
        (tmp_path / name).write_text(text)
        with pytest.raises(SourceError, match=name):
            read(tmp_path / name)
    (tmp_path / "empty").mkdir()
    runs, (skipped,) = read(tmp_path / "empty")
    assert not runs
    assert "no run in it" in skipped.why
    monkeypatch.setitem(sys.modules, "wandb", None)
    for where in (str(tmp_path), "me/mine"):
        with pytest.raises(SourceError, match=r'pip install "ablate-tui\[wandb\]"'):
            open_wandb(where)


@pytest.mark.parametrize("key", [None, "short-secret", "0123456789abcdef" * 3])
def test_no_login_and_no_network(tmp_path: Path, key: str | None) -> None:
    """In a process of its own, since the client keeps its login; nobody listens at that port."""
    code = (
        "import sys; from ablate_tui.data.errors import SourceError; from ablate_tui.data.trackers import wandb as w\n"
        "try: list(w.open_wandb('me/mine').runs(print))\n"
        "except SourceError as error: print(error)\n"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    env |= {"HOME": str(tmp_path), "WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB__GRAPHQL_RETRY_MAX": "1"}
    env |= {"WANDB_API_KEY": key} if key else {}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60
    )
    assert done.stdout.startswith('"me/mine" can\'t be read from Weights & Biases: '), done.stderr
    assert done.stdout.count("\n") == 1
    assert "wandb login" in done.stdout
    assert key is None or key not in done.stdout + done.stderr


class Service(BaseHTTPRequestHandler):
    """As much of the service as the client asks for: two runs of one project, one of them with a curve."""

    RUNS = (("x1", "finished"), ("x2", "running"))

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"]))) if self.path == "/graphql" else {}
        query, variables = asked.get("query", ""), asked.get("variables") or {}
        answer: dict[str, Any] = {"project": None}
        if "viewer" in query:
            answer = {"viewer": {"id": "1", "username": "u", "entity": "e", "flags": "{}", "teams": {"edges": []}}}
        elif variables.get("project") == "mine":
            answer = {"project": {"internalId": "1", "runCount": 2, "runs": self.runs(), "run": self.run()}}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"data": answer}).encode())

    def runs(self) -> dict[str, Any]:
        edges = [
            {
                "cursor": "",
                "node": {
                    "id": f"UnVu{id}",
                    "name": id,
                    "displayName": "a name",
                    "state": state,
                    "createdAt": "2024-05-01T10:11:12Z",
                    "group": "g",
                    "tags": ["a"],
                    "config": json.dumps({"lr": {"value": 0.25, "desc": None}, "_wandb": {"value": {}}}),
                    "summaryMetrics": json.dumps({"loss": 0.5, "acc": "NaN", "_runtime": 4}),
                },
            }
            for id, state in self.RUNS
        ]
        return {"edges": edges, "pageInfo": {"endCursor": "", "hasNextPage": False}}

    def run(self) -> dict[str, Any]:
        rows = [json.dumps({"_step": step, "loss": 2 - step / 2}) for step in range(3)]
        empty: dict[str, Any] = {"parquetUrls": [], "liveData": []}
        return {"historyKeys": {"lastStep": 2, "keys": {}}, "history": rows, "parquetHistory": empty}

    def log_message(self, *_: object) -> None:
        pass


def test_the_client_against_a_stand_in_for_the_service(tmp_path: Path) -> None:
    """In a process of its own, since the client keeps its login."""
    code = (
        "import sys; from ablate_tui.data.trackers.wandb import open_wandb\n"
        "for run in open_wandb(sys.argv[1]).runs(lambda *_: None): print(run)\n"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env |= {
        "HOME": str(tmp_path),
        "WANDB_BASE_URL": f"http://127.0.0.1:{server.server_port}",
        "WANDB_API_KEY": "k" * 40,
    }
    try:
        told = [
            subprocess.run([sys.executable, "-c", code, where], env=env, capture_output=True, text=True, timeout=60)
            for where in ("e/mine", "e/other")
        ]
    finally:
        server.shutdown()
        server.server_close()
    when = datetime.datetime(2024, 5, 1, 10, 11, 12, tzinfo=datetime.UTC)
    run = TrackedRun(
        "x1",
        {"lr": 0.25},
        {"loss": 0.5, "acc": float("nan")},
        {"loss": ([0.0, 1.0, 2.0], [2.0, 1.5, 1.0])},
        "finished",
        {"name": "a name", "started": when, "group": "g", "tags": "a", "duration_s": 4.0},
    )
    assert told[0].stdout == f"{run}\n{Skipped('x2', 'still running', 'x2')}\n", told[0].stderr
    assert '"e/other" can\'t be read from Weights & Biases' in told[1].stderr
    assert "k" * 40 not in told[1].stderr

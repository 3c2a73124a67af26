"""Every block of code of docs/logging.md runs as it stands there, and what it logs comes in value for value."""

from __future__ import annotations

import importlib.util
import itertools
import math
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ablate_tui.data.importer import gather
from ablate_tui.data.store import open_store

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "logging.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.M | re.S)
NAMED = re.compile(r"(?:#!.*\n)?# ([\w.]+)\n")
FILES = {found[1]: text for _, text in BLOCKS if (found := NAMED.match(text))}
COMMANDS = [line.partition("#")[0].strip() for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
PROGRAMS = {
    "python": [sys.executable],
    "torchrun": [sys.executable, "-m", "torch.distributed.run"],
    "ablate-tui": [sys.executable, "-m", "ablate_tui"],
}


def needs(*modules: str) -> pytest.MarkDecorator:
    """Skip a test where a library of its example is missing, without importing it here."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


def write(folder: Path, name: str, text: str | None = None) -> None:
    (folder / name).write_text(FILES[name] if text is None else text, encoding="utf-8")


def run(folder: Path, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command line in a folder, as its user would."""
    program, *arguments = shlex.split(command)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    return subprocess.run(
        [*PROGRAMS.get(program, [program]), *arguments],
        cwd=folder,
        env={**kept, "TMPDIR": str(folder), "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def ran(folder: Path, command: str, **environment: str) -> str:
    """What a command that has to go well prints; logging has nothing to say on stderr."""
    done = run(folder, command, **environment)
    assert done.returncode == 0, done.stderr
    assert "logging went wrong" not in done.stderr
    assert "can't be written" not in done.stderr
    return done.stdout


def command(start: str) -> str:
    """The one command line of the page that starts like this."""
    (found,) = {line for line in COMMANDS if line.startswith(start)}
    return found


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "runs.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def gathered(folder: Path, runs: int) -> None:
    said = gather(str(folder / "runs.duckdb")).words
    assert said is not None
    assert said.startswith(f"{runs:,} run{'s' * (runs > 1)} from the inbox taken in")
    assert os.listdir(folder / "runs.duckdb.inbox") == []


def check_curves(folder: Path, printed: str, *metrics: str) -> None:
    """The curves are what the script has printed, a line a step: id, step, values; the last is the result."""
    expected = {}
    for line in printed.splitlines():
        id, step, *values = line.split()
        for metric, value in zip(metrics, values, strict=True):
            expected[id, float(step), metric] = float(value)
    found = rows(folder, "SELECT run_id, step, metric, value FROM curves")
    assert {row[:3]: row[3] for row in found} == expected
    assert len(found) == len(expected)
    metric = metrics[-1]
    last = {id: value for (id, _, name), value in sorted(expected.items()) if name == metric}
    assert dict(rows(folder, f"SELECT run_id, {metric} FROM runs")) == last


def roles(folder: Path) -> dict[str, str]:
    return {column.name: column.role for column in open_store(str(folder / "runs.duckdb")).load().columns}


def test_every_block_is_run_here() -> None:
    tests = Path(__file__).read_text(encoding="utf-8")
    for kind, text in BLOCKS:
        name = NAMED.match(text)
        assert kind == "sh" or (name is not None and f'"{name[1]}"' in tests), text
    assert len(FILES) == sum(kind != "sh" for kind, _ in BLOCKS)
    assert {line.split()[0] for line in COMMANDS} == {"ablate-tui", "python", "sbatch", "torchrun"}


def test_three_lines(tmp_path: Path) -> None:
    write(tmp_path, "three_lines.py")
    ran(tmp_path, "python three_lines.py")
    imported = run(tmp_path, command("ablate-tui import"))
    assert imported.returncode == 0, imported.stderr
    assert "1 run (logged)" in imported.stderr
    assert rows(tmp_path, "SELECT use_rms_norm, seed, val_loss, status FROM runs") == [(True, 0, 2.31, "finished")]
    assert rows(tmp_path, "SELECT step, metric, value FROM curves") == [(100, "val_loss", 3.1)]
    assert rows(tmp_path, "SELECT count(*) FROM runs JOIN curves USING (run_id)") == [(1,)]
    by_itself = "SELECT started IS NOT NULL AND host IS NOT NULL AND duration_s >= 0, error, name FROM runs"
    assert rows(tmp_path, by_itself) == [(True, None, None)]


def test_settings_and_a_run_that_diverged(tmp_path: Path) -> None:
    write(tmp_path, "settings.py")
    ran(tmp_path, "python settings.py")
    gathered(tmp_path, 4)
    columns = 'use_gate, seed, norm, depth, "optimizer.lr", "optimizer.betas"'
    constant = ("None", 4, 1e-3, "[0.9, 0.95]")
    found = rows(tmp_path, f"SELECT {columns}, val_loss FROM runs ORDER BY ALL")
    assert [row[:6] for row in found] == [
        (gate, seed, *constant) for gate, seed in itertools.product((False, True), (0, 1))
    ]
    assert [row[6] for row in found[:3]] == [2.5, 2.5, 2.5]
    assert math.isnan(found[3][6])
    found_roles = roles(tmp_path)
    assert (found_roles["use_gate"], found_roles["seed"]) == ("switch", "replicate")
    assert {found_roles[name] for name in ("norm", "depth", "optimizer.lr", "optimizer.betas")} == {"ignored"}


@needs("torch")
def test_pytorch(tmp_path: Path) -> None:
    write(tmp_path, "train_torch.py")
    printed = ran(tmp_path, "python train_torch.py")
    gathered(tmp_path, 8)
    found = rows(tmp_path, 'SELECT use_norm, use_bias, seed, "optimizer.lr" FROM runs ORDER BY ALL')
    assert found == [(*run, 1e-2) for run in itertools.product((False, True), (False, True), (0, 1))]
    assert len(printed.splitlines()) == 8 * 5
    check_curves(tmp_path, printed, "train_loss", "val_loss")


LIGHTNING = {"PYTHONWARNINGS": "ignore"}


@needs("torch", "lightning")
def test_lightning(tmp_path: Path) -> None:
    write(tmp_path, "train_lightning.py")
    printed = ran(tmp_path, "python train_lightning.py", **LIGHTNING)
    gathered(tmp_path, 4)
    found = rows(tmp_path, "SELECT use_norm, seed, status FROM runs ORDER BY ALL")
    assert found == [(*run, "finished") for run in itertools.product((False, True), (0, 1))]
    last = {id: float(value) for _, id, value in map(str.split, printed.splitlines())}
    assert dict(rows(tmp_path, "SELECT run_id, val_loss FROM runs")) == last
    curves = rows(tmp_path, "SELECT run_id, step, value FROM curves WHERE metric = 'val_loss' ORDER BY ALL")
    assert [row[:2] for row in curves] == [(id, step) for id in sorted(last) for step in (6, 12, 18)]
    assert {id: value for id, _, value in curves} == last
    assert all(math.isfinite(value) for *_, value in curves)


@needs("torch", "lightning")
def test_lightning_on_two_ranks_logs_once(tmp_path: Path) -> None:
    text = FILES["train_lightning.py"].replace("devices=1", 'devices=2, strategy="ddp"')
    write(tmp_path, "train_lightning.py", text.replace("(False, True), range(2)", "(True,), range(1)"))
    printed = ran(tmp_path, "python train_lightning.py", **LIGHTNING)
    ranks = {int(rank): (id, value) for rank, id, value in map(str.split, printed.splitlines())}
    assert ranks[1][0] == "None"
    gathered(tmp_path, 1)
    assert rows(tmp_path, "SELECT run_id, val_loss FROM runs") == [(ranks[0][0], float(ranks[0][1]))]


@needs("torch", "lightning")
def test_lightning_records_a_crash(tmp_path: Path) -> None:
    text = FILES["train_lightning.py"].replace("(False, True), range(2)", "(True,), range(1)")
    first = "        x, y = batch\n        return"
    assert first in text
    raising = '        if self.current_epoch == 2:\n            raise RuntimeError("out of memory")\n'
    write(tmp_path, "train_lightning.py", text.replace(first, raising + first))
    done = run(tmp_path, "python train_lightning.py", **LIGHTNING)
    assert done.returncode == 1
    assert "RuntimeError: out of memory" in done.stderr
    gathered(tmp_path, 1)
    assert rows(tmp_path, "SELECT status, error FROM runs") == [("crashed", "RuntimeError: out of memory")]
    assert rows(tmp_path, "SELECT step FROM curves ORDER BY step") == [(6,), (12,)]


@needs("hydra")
@pytest.mark.parametrize("more", ["", " hydra.job.chdir=true"])
def test_hydra(tmp_path: Path, more: str) -> None:
    write(tmp_path, "train_hydra.py")
    printed = ran(tmp_path, command("python train_hydra.py -m") + more)
    gathered(tmp_path, 12)
    found = rows(tmp_path, "SELECT use_bias, use_momentum, seed, lr FROM runs ORDER BY ALL")
    assert found == [(*run, 0.1) for run in itertools.product((False, True), (False, True), (0, 1, 2))]
    logged = [line for line in printed.splitlines() if re.match(r"[0-9a-f]{32} ", line)]  # Hydra tells its jobs, too
    assert len(logged) == 12 * 20
    check_curves(tmp_path, "\n".join(logged), "loss")
    found_roles = roles(tmp_path)
    assert [found_roles[name] for name in ("use_bias", "use_momentum", "seed")] == ["switch", "switch", "replicate"]


def task(number: int) -> dict[str, str]:
    """What Slurm sets for a task of an array of 16."""
    return {
        "SLURM_ARRAY_JOB_ID": "4711",
        "SLURM_ARRAY_TASK_ID": str(number),
        "SLURM_ARRAY_TASK_COUNT": "16",
        "SLURM_ARRAY_TASK_MIN": "0",
        "SLURM_ARRAY_TASK_MAX": "15",
        "SLURM_JOB_ID": str(4711 + number),
    }


def test_slurm_array(tmp_path: Path) -> None:
    """The batch script itself, where `srun` starts what follows it."""
    write(tmp_path, "sweep.sbatch")
    write(tmp_path, "train_array.py")
    assert command("sbatch") == "sbatch sweep.sbatch"
    assert run(tmp_path, "bash -n sweep.sbatch").returncode == 0
    assert "\n#SBATCH --array=0-15\n" in FILES["sweep.sbatch"]
    for name, text in (("srun", 'exec "$@"'), ("python", f'exec {shlex.quote(sys.executable)} "$@"')):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    printed = "".join(ran(tmp_path, "bash sweep.sbatch", PATH=path, **task(number)) for number in range(16))
    followed = ran(tmp_path, command("ablate-tui runs.duckdb --follow"))
    assert all(name in followed for name in ("use_bias", "use_momentum", "use_decay"))
    found = rows(tmp_path, "SELECT use_bias, use_momentum, use_decay, seed, name FROM runs ORDER BY ALL")
    runs = itertools.product((False, True), (False, True), (False, True), (0, 1))
    assert found == [(*run, f"4711_{number}") for number, run in enumerate(runs)]
    check_curves(tmp_path, printed, "loss")


def killing(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """A task of the array that is killed just before its result."""
    kill = f"os.kill(os.getpid(), signal.{name})"
    text = FILES["train_array.py"]
    assert text.count("    run.result(") == 1
    write(folder, "train_array.py", text.replace("    run.result(", f"    {kill}\n    run.result("))
    return run(folder, "python train_array.py", **task(15))


def test_the_time_limit_is_a_crash(tmp_path: Path) -> None:
    done = killing(tmp_path, "SIGTERM")
    assert done.returncode == 1
    gathered(tmp_path, 1)
    crashed = rows(tmp_path, "SELECT use_decay, seed, name, status, error FROM runs")
    assert crashed == [(True, 1, "4711_15", "crashed", "SystemExit: SIGTERM")]
    assert len(rows(tmp_path, "SELECT * FROM curves WHERE metric = 'loss'")) == 20
    assert "loss" not in [row[0] for row in rows(tmp_path, "DESCRIBE runs")]  # only logged


def test_a_run_that_was_killed_leaves_a_begun_file(tmp_path: Path) -> None:
    assert killing(tmp_path, "SIGKILL").returncode == -signal.SIGKILL
    (left,) = os.listdir(tmp_path / "runs.duckdb.inbox")
    assert left.endswith(".begun")
    write(tmp_path, "three_lines.py")
    ran(tmp_path, "python three_lines.py")
    imported = run(tmp_path, command("ablate-tui import"))
    assert "1 killed here before their end (begun, and not ended)" in imported.stderr
    assert os.listdir(tmp_path / "runs.duckdb.inbox") == [left]
    assert rows(tmp_path, "SELECT val_loss FROM runs") == [(2.31,)]


@needs("torch")
def test_distributed(tmp_path: Path) -> None:
    write(tmp_path, "train_ddp.py")
    printed = ran(tmp_path, command("torchrun"))
    gathered(tmp_path, 1)
    assert rows(tmp_path, "SELECT use_norm, seed, status FROM runs") == [(False, 0, "finished")]
    assert len(printed.splitlines()) == 10
    check_curves(tmp_path, printed, "loss")

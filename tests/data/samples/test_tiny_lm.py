"""The shipped sweep is whole, and the script that made it does what it says."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from ablate_tui.data.importer import gather
from ablate_tui.data.samples import tiny_lm
from ablate_tui.data.samples.tiny_lm import model, train
from ablate_tui.data.store import open_store

FOLDER = Path(tiny_lm.__file__).parent
COLUMNS = [
    *model.SWITCHES,
    *("seed", "val_loss", "best_val_loss", "train_loss", "max_grad_norm", "steps", "seconds", "diverged"),
]


@pytest.fixture(scope="module")
def runs() -> pl.DataFrame:
    return pl.read_parquet(FOLDER / "runs.parquet")


def test_the_shipped_sweep_is_a_full_factorial(runs: pl.DataFrame) -> None:
    assert runs.columns == COLUMNS
    assert [runs[name].dtype for name in model.SWITCHES] == [pl.Boolean] * 10
    assert runs.height == 3 * 2**10
    assert runs.select(*model.SWITCHES, "seed").n_unique() == runs.height
    assert sorted(runs["seed"].unique()) == [0, 1, 2]
    assert runs.null_count().sum_horizontal().item() == 0
    assert (FOLDER / "runs.parquet").stat().st_size < 2**20


def test_a_run_diverged_exactly_when_its_loss_is_not_finite(runs: pl.DataFrame) -> None:
    assert (runs["diverged"] == ~runs["val_loss"].is_finite()).all()
    whole = runs.filter(~pl.col("diverged"))
    assert (whole["steps"] == train.STEPS).all()
    assert (whole["best_val_loss"] <= whole["val_loss"]).all()


def test_the_tables_of_the_readme_come_from_the_shipped_sweep(runs: pl.DataFrame) -> None:
    finite = runs.filter(~pl.col("diverged"))
    seen = []
    for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip(" `") for cell in line.strip("|").split("|")]
        if cells[0] not in model.SWITCHES or len(cells) != 7:
            continue
        seen.append(cells[0])
        on = finite.filter(pl.col(cells[0]))["val_loss"]
        off = finite.filter(~pl.col(cells[0]))["val_loss"]
        means = [off.mean(), on.mean(), on.mean() - off.mean()]
        spreads = [off.std(), on.std(), on.std() / off.std()]
        written = [float(cell.replace("−", "-")) for cell in cells[1:]]
        assert written == pytest.approx([*means, *spreads], abs=6e-3)
    assert tuple(seen) == model.SWITCHES


def test_text_keeps_the_vocabulary_only() -> None:
    assert train.encode(b"\n\t ~\r\x00\xc3\xa9A") == bytes([0, 1, 1, 95, 34])


def test_the_files_are_split_by_path(tmp_path: Path) -> None:
    for name in (*(f"m{i}.py" for i in range(100)), "test/a.py", "idlelib/b.py", "_sysconfigdata_x.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    sides = train.text_files(tmp_path)
    assert sum(map(len, sides)) == 100
    assert 0 < len(sides[1]) < 30
    assert sides == train.text_files(tmp_path)


def test_an_interrupted_sweep_leaves_whole_seeds() -> None:
    tasks = train.all_tasks(3)
    assert [seed for _, seed in tasks] == [0] * 1024 + [1] * 1024 + [2] * 1024
    assert len(set(tasks)) == 3072
    only = train.all_tasks(1, {"use_rms_norm": True})
    assert len(only) == 512
    assert all(values[2] for values, _ in only)


def row(number: int, seed: int) -> str:
    values = [bool(number >> bit & 1) for bit in range(10)]
    return json.dumps(
        dict(zip(model.SWITCHES, values, strict=True))
        | {"seed": seed, "val_loss": math.nan, "best_val_loss": 2.5, "train_loss": math.nan}
        | {"max_grad_norm": math.inf, "steps": 7, "seconds": 0.5, "diverged": True}
    )


def test_collecting_sorts_and_passes_over_a_cut_line(tmp_path: Path) -> None:
    (tmp_path / "runs-0.jsonl").write_text(f"{row(1, 1)}\n{row(1, 0)}\n{row(5, 0)[:30]}")
    (tmp_path / "runs-1.jsonl").write_text(f"{row(0, 0)}\n")
    out = tmp_path / "runs.parquet"
    assert train.main(["--out", str(tmp_path), "--collect", str(out)]) == 0
    table = pl.read_parquet(out)
    assert table.columns == COLUMNS
    assert table["untie_attn_weights"].to_list() == [False, True, True]
    assert table["seed"].to_list() == [0, 0, 1]
    assert table["val_loss"].is_nan().all()
    assert train.collect(tmp_path, out, seeds=1) == 2


def test_without_torch_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(SystemExit, match=r"pip install 'ablate-tui\[train\]'"):
        train.main(["--out", str(tmp_path)])


@pytest.mark.parametrize("base", [False, True])
@pytest.mark.parametrize("switch", model.SWITCHES)
def test_every_switch_changes_the_network(switch: str, base: bool) -> None:
    torch = pytest.importorskip("torch")
    stream = torch.Generator().manual_seed(1)
    tokens = torch.randint(model.VOCABULARY, (2, model.CONTEXT), generator=stream)
    plain = dict.fromkeys(model.SWITCHES, base)
    with torch.no_grad():
        before = model.Network(plain, 0)(tokens)
        network = model.Network(plain | {switch: not base}, 0)
        after = network(tokens)
        later = tokens.clone()
        later[:, 20:] = (later[:, 20:] + 1) % model.VOCABULARY
        elsewhere = network(later)
    assert after.isfinite().all()
    assert (after - before).abs().max() > 0.1
    # What comes later in the text has no say in what is predicted before it.
    torch.testing.assert_close(elsewhere[:, :20], after[:, :20])
    assert (elsewhere[:, 20:] - after[:, 20:]).abs().max() > 0.1


def test_a_restart_trains_only_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    text = torch.arange(2000) % model.VOCABULARY
    monkeypatch.setattr(train, "load_text", lambda: (text, text))
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    monkeypatch.setattr(torch, "set_flush_denormal", lambda flush: None)
    monkeypatch.setattr(train.signal, "signal", lambda *_: None)
    trained = []

    def short(switches: model.Switches, seed: int, *tokens: model.Tensor) -> dict[str, bool | int | float]:
        trained.append((tuple(switches.values()), seed))
        return real(switches, seed, *tokens, steps=2)

    real = train.train_one
    monkeypatch.setattr(train, "train_one", short)

    class Here:
        """Stands in for the worker processes: does the work at once, in this one."""

        exitcode = 0

        def __init__(self, target: object = None, args: tuple[object, ...] = ()) -> None:
            self.start = lambda: target(*args)

        def is_alive(self) -> bool:
            return False

        def join(self) -> None:
            pass

    context = train.multiprocessing.get_context("spawn")
    monkeypatch.setattr(type(context), "Process", Here)
    tasks = train.all_tasks(1)[:5]
    assert train.train_all(tmp_path, tasks[:3], workers=1)
    with (tmp_path / "runs-0.jsonl").open("a") as out:
        out.write('{"untie_attn_wei')
    assert train.train_all(tmp_path, tasks, workers=1)
    assert trained == tasks
    rows = train.read_rows(tmp_path)
    assert [train.task_of(row) for row in rows] == tasks
    assert all(math.isfinite(row["val_loss"]) and row["steps"] == 2 for row in rows)


def test_a_run_is_logged_with_its_curves(tmp_path: Path) -> None:
    """Two real runs, by the script as a person starts it."""
    pytest.importorskip("torch")
    database = tmp_path / "runs.duckdb"
    arguments = ["--out", str(tmp_path), "--workers", "1", "--limit", "2", "--log", str(database)]
    done = subprocess.run([sys.executable, "-m", train.__name__, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    gather(str(database))
    table = open_store(str(database)).load()
    rows = {train.task_of(row): row for row in train.read_rows(tmp_path)}
    assert len(rows) == table.runs == 2
    with duckdb.connect(str(database)) as connection:
        names = ", ".join(train.SWITCHES)
        for *switches, seed, loss, last in connection.execute(
            f"SELECT {names}, seed, val_loss, (SELECT arg_max(value, step) FROM curves "
            "WHERE curves.run_id = runs.run_id AND metric = 'val_loss') FROM runs"
        ).fetchall():
            assert loss == last
            assert round(loss, 6) == rows[tuple(switches), seed]["val_loss"]
        steps = connection.execute("SELECT DISTINCT step FROM curves ORDER BY step").fetchall()
    assert [step for (step,) in steps] == [50, 100, 150, 200]

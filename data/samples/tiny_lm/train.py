"""Train a tiny byte-level language model under ten architecture switches.

The sweep is a full factorial: 2**10 configurations times the seeds. Text is the
standard library of the running Python. ``README.md`` beside this file says what
each switch does.

    python train.py --out runs --workers 2
    python train.py --out runs --workers 2 --log runs.duckdb
    python train.py --out runs --collect runs.parquet

With ``--log`` every run is logged as it is trained, with its curves, so that
``ablate-tui runs.duckdb`` can follow the sweep.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import itertools
import json
import math
import multiprocessing
import os
import random
import signal
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

if __package__:
    from ablate_tui.data.samples.tiny_lm.model import (
        CONTEXT,
        SWITCHES,
        Network,
        Switches,
        Tensor,
        load_torch,
    )
else:  # run as a file, outside the package
    from model import (  # type: ignore[import-not-found, no-redef]
        CONTEXT,
        SWITCHES,
        Network,
        Switches,
        Tensor,
        load_torch,
    )

from ablate_tui import log

BATCH, STEPS, WARM_UP = 16, 200, 10
LEARNING_RATE, LAST_RATE, WEIGHT_DECAY, BETAS = 7e-2, 0.05, 0.01, (0.9, 0.98)
EVALUATE_EVERY = 50
VALIDATION_WINDOWS = 256
VALIDATION_SHARE = 0.1

# Tests and tools are left out, and so are folders that hold tables or the
# settings of one machine rather than code that a person wrote.
SKIPPED_PARTS = frozenset(
    {"test", "tests", "idlelib", "lib2to3", "ensurepip", "turtledemo"}
    | {"encodings", "pydoc_data", "site-packages", "dist-packages", "__pycache__"}
)
SKIPPED_PREFIXES = ("_sysconfigdata", "config-")

Task: TypeAlias = tuple[tuple[bool, ...], int]


# --- text ---------------------------------------------------------------------


def encode(raw: bytes) -> bytes:
    """Map text to token ids: 0 is the newline, 1..95 are the bytes 32..126.

    A tab becomes a space; every other byte outside the vocabulary is dropped.
    """
    kept = {10: 0, 9: 1} | {byte: byte - 31 for byte in range(32, 127)}
    table = bytes(kept.get(byte, 0) for byte in range(256))
    return raw.translate(table, bytes(b for b in range(256) if b not in kept))


def text_files(root: Path) -> tuple[list[Path], list[Path]]:
    """Split the sources under `root` into training and validation files.

    The side a file falls on hangs on its relative path alone, so it is the same
    on every machine with the same Python.
    """
    sides: tuple[list[Path], list[Path]] = ([], [])
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if SKIPPED_PARTS & set(parts) or parts[-1].startswith(SKIPPED_PREFIXES):
            continue
        if parts[0].startswith(SKIPPED_PREFIXES):
            continue
        digest = hashlib.sha256("/".join(parts).encode()).digest()
        share = int.from_bytes(digest[:4], "big") / 2**32
        sides[share < VALIDATION_SHARE].append(path)
    return sides


def load_text() -> tuple[Tensor, Tensor]:
    """Read the standard library as two long tensors, training and validation."""
    torch = load_torch()
    root = Path(sysconfig.get_paths()["stdlib"])
    train, valid = (
        torch.frombuffer(
            bytearray(b"".join(encode(path.read_bytes()) for path in side)),
            dtype=torch.uint8,
        ).long()
        for side in text_files(root)
    )
    return train, valid


def windows(text: Tensor, starts: Tensor) -> Tensor:
    """Cut one window of CONTEXT + 1 tokens at each start."""
    torch = load_torch()
    return text[starts[..., None] + torch.arange(CONTEXT + 1)]


# --- one run ------------------------------------------------------------------


def learning_rate(step: int) -> float:
    """Linear warm-up, then a cosine down to LAST_RATE of the peak."""
    if step < WARM_UP:
        return LEARNING_RATE * (step + 1) / WARM_UP
    done = (step - WARM_UP) / (STEPS - WARM_UP)
    return LEARNING_RATE * (LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * done)))


def train_one(
    switches: Switches,
    seed: int,
    text: Tensor,
    valid: Tensor,
    steps: int = STEPS,
    tell: Callable[..., None] = lambda step, **losses: None,
) -> dict[str, bool | int | float]:
    """Train one configuration and return its row of the sweep.

    A run whose loss stops being finite ends there, with NaN as its `val_loss`.

    Parameters
    ----------
    switches
        One bool for each name in `SWITCHES`.
    seed
        Sets the initial weights and the order of the batches.
    text
        Training tokens, one long vector.
    valid
        Validation windows, one in each row, the same for every run.
    steps
        Where to stop; the learning rate is planned for `STEPS` all the same.
    tell
        Is told the losses, by name, at each evaluation.

    Returns
    -------
    dict
        The columns of the sweep, in their order.
    """
    torch = load_torch()
    cross_entropy = torch.nn.functional.cross_entropy
    begun = time.perf_counter()
    network = Network(switches, seed)
    optimiser = torch.optim.AdamW([network.flat], betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True)
    # The stream of batches hangs on the seed alone: a seed is a shared block.
    stream = torch.Generator().manual_seed(seed)
    starts = torch.randint(len(text) - CONTEXT, (STEPS, BATCH), generator=stream)
    batches = windows(text, starts)

    def loss_on(batch: Tensor) -> Tensor:
        logits = network(batch[:, :-1])
        return cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())

    losses: list[float] = []
    evaluations: list[float] = []
    largest = 0.0
    for step in range(steps):
        loss = loss_on(batches[step])
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            break
        network.flat.grad = None
        loss.backward()
        largest = max(largest, network.flat.grad.norm().item())
        optimiser.param_groups[0]["lr"] = learning_rate(step)
        optimiser.step()
        if (step + 1) % EVALUATE_EVERY == 0 or step + 1 == steps:
            with torch.no_grad():
                evaluations.append(loss_on(valid).item())
            tell(step + 1, val_loss=evaluations[-1], train_loss=losses[-1])
    whole = math.isfinite(losses[-1]) and math.isfinite(evaluations[-1])
    finite = [value for value in evaluations if math.isfinite(value)]
    last = losses[-10:]
    return {
        **{name: bool(switches[name]) for name in SWITCHES},
        "seed": seed,
        "val_loss": evaluations[-1] if whole else math.nan,
        "best_val_loss": min(finite, default=math.nan),
        "train_loss": sum(last) / len(last),
        "max_grad_norm": largest,
        "steps": len(losses),
        "seconds": time.perf_counter() - begun,
        "diverged": not whole,
    }


# --- the sweep ----------------------------------------------------------------


def all_tasks(seeds: int, only: Mapping[str, bool] | None = None) -> list[Task]:
    """List (configuration, seed) in training order, all of one seed together.

    Within a seed the configurations are shuffled, always in the same way, so that
    an interrupted sweep leaves a fair sample of the last seed begun.
    """
    wanted = only or {}
    configurations = [
        values
        for values in itertools.product((False, True), repeat=len(SWITCHES))
        if all(values[SWITCHES.index(k)] == v for k, v in wanted.items())
    ]
    random.Random(0).shuffle(configurations)
    return [(values, seed) for seed in range(seeds) for values in configurations]


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """Read every finished run, passing over a last line cut short."""
    rows = []
    for path in sorted(folder.glob("runs-*.jsonl")):
        for line in path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                rows.append(json.loads(line))
    return rows


def task_of(row: Mapping[str, Any]) -> Task:
    """Name the configuration and seed that a row is the result of."""
    return tuple(bool(row[name]) for name in SWITCHES), int(row["seed"])


def drop_cut_line(path: Path) -> None:
    """Cut a half-written last line off, so that the next row starts a line."""
    if path.exists():
        data = path.read_bytes()
        os.truncate(path, data.rfind(b"\n") + 1)


def work(worker: int, folder: Path, database: Path | None, tasks: Sequence[Task], taken: Any) -> None:
    """Train tasks until none is left; `taken` counts those handed out so far."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the workers
    torch = load_torch()
    torch.set_num_threads(1)
    # Numbers near zero (denormals) come up in training and are slow to handle.
    torch.set_flush_denormal(True)
    text, valid_text = load_text()
    starts = torch.linspace(0, len(valid_text) - CONTEXT - 1, VALIDATION_WINDOWS)
    valid = windows(valid_text, starts.long())
    path = folder / f"runs-{worker}.jsonl"
    drop_cut_line(path)
    with path.open("a", encoding="ascii") as out:
        while True:
            with taken.get_lock():
                index = taken.value
                taken.value += 1
            if index >= len(tasks):
                return
            values, seed = tasks[index]
            switches = dict(zip(SWITCHES, values, strict=True))
            with contextlib.nullcontext() if database is None else log(database, switches=switches, seed=seed) as run:
                if run is None:
                    row = train_one(switches, seed, text, valid)
                else:
                    row = train_one(switches, seed, text, valid, tell=run.log)
                    run.result(**{name: value for name, value in row.items() if name not in (*SWITCHES, "seed")})
            short = {name: round(value, 6) if isinstance(value, float) else value for name, value in row.items()}
            out.write(json.dumps(short) + "\n")
            out.flush()
            os.fsync(out.fileno())


def report_progress(done: int, total: int, seconds_left: float) -> None:
    """Write the progress line: over the last one on a screen, below it in a file."""
    begin, end = ("\r", "") if sys.stderr.isatty() else ("", "\n")
    time_left = "starting"
    if math.isfinite(seconds_left):
        time_left = f"{seconds_left / 60:.0f} min left"
    line = f"{begin}{done} of {total} runs, {time_left}   "
    print(line, end=end, file=sys.stderr, flush=True)


def train_all(folder: Path, tasks: Iterable[Task], workers: int, database: Path | None = None) -> bool:
    """Train the tasks that have no row yet and say whether all were finished."""
    load_torch()
    # glibc hands large blocks back to the system at every free; keeping them
    # saves a tenth of the time. Workers read these settings when they start.
    for name in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"):
        os.environ.setdefault(name, "1000000000")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    folder.mkdir(parents=True, exist_ok=True)
    tasks = list(tasks)
    finished = {task_of(row) for row in read_rows(folder)}
    left = [task for task in tasks if task not in finished]
    done = len(tasks) - len(left)
    # Each worker starts afresh: a forked copy of torch may hang on its threads.
    context = multiprocessing.get_context("spawn")
    taken = context.Value("q", 0)
    crew = [
        context.Process(target=work, args=(worker, folder, database, left, taken))
        for worker in range(min(workers, len(left)))
    ]
    begun = told = time.monotonic()
    for process in crew:
        process.start()
    pause = 1 if sys.stderr.isatty() else 30  # a log file needs fewer lines
    try:
        while any(process.is_alive() for process in crew):
            time.sleep(0.2)
            now = time.monotonic()
            # What a worker has in hand is given out but not yet done.
            ready = max(0, taken.value - len(crew))
            if now - told >= pause or ready == len(left):
                told = now
                pace = (now - begun) / ready if ready else math.nan
                report_progress(done + ready, len(tasks), pace * (len(left) - ready))
                if ready == len(left):
                    break
        for process in crew:
            process.join()
    except KeyboardInterrupt:
        for process in crew:
            process.terminate()
        for process in crew:
            process.join()
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return all(process.exitcode == 0 for process in crew)


def collect(folder: Path, target: Path, seeds: int) -> int:
    """Gather the runs of the first `seeds` seeds into one Parquet file; return their number."""
    import polars as pl

    rows = sorted((row for row in read_rows(folder) if row["seed"] < seeds), key=task_of)
    schema = {
        **dict.fromkeys(SWITCHES, pl.Boolean),
        "seed": pl.Int64,
        "val_loss": pl.Float64,
        "best_val_loss": pl.Float64,
        "train_loss": pl.Float64,
        "max_grad_norm": pl.Float64,
        "steps": pl.Int64,
        "seconds": pl.Float64,
        "diverged": pl.Boolean,
    }
    pl.DataFrame(rows, schema=schema).write_parquet(target, compression="zstd")
    return len(rows)


def switch_setting(text: str) -> tuple[str, bool]:
    """Read ``name=value``, such as ``use_rms_norm=on``."""
    name, _, value = text.partition("=")
    values = {"on": True, "true": True, "1": True}
    values |= {"off": False, "false": False, "0": False}
    if name not in SWITCHES or value.lower() not in values:
        raise argparse.ArgumentTypeError(f"{text!r} is not SWITCH=on or SWITCH=off")
    return name, values[value.lower()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="tiny_lm.train",
        description="Train the sweep; started again, it goes on where it stopped.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--limit", type=int, help="take only the first N runs")
    parser.add_argument(
        "--only",
        type=switch_setting,
        action="append",
        default=[],
        metavar="SWITCH=on",
        help="keep to configurations with this setting (may be given again)",
    )
    parser.add_argument("--log", type=Path, metavar="FILE", help="also log each run for this DuckDB file")
    parser.add_argument(
        "--collect",
        type=Path,
        metavar="FILE",
        help="train nothing; gather the finished runs into this Parquet file",
    )
    options = parser.parse_args(arguments)
    if options.collect:
        count = collect(options.out, options.collect, options.seeds)
        print(f"{count} runs in {options.collect}")
        return 0
    tasks = all_tasks(options.seeds, dict(options.only))[: options.limit]
    return 0 if train_all(options.out, tasks, options.workers, options.log) else 1


if __name__ == "__main__":
    sys.exit(main())

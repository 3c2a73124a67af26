"""The sweeps that are measured: ten switches crossed with seeds, the same runs in every file format.

A run's loss is a sum of main effects, one interaction, a shift of its seed and noise that one switch makes larger;
0.2 % are NaN. Sizes are rounded up to whole seeds, since each seed has all 1,024 configurations.

    python benchmarks/sweeps.py RUNS [complete]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# DuckDB, numpy and Arrow are loaded where a sweep is written: who measures other processes stays small itself.

SWITCHES = tuple(
    f"use_{name}"
    for name in (
        "rms_norm", "gated_ffn", "rope", "qk_norm", "untied_head", "dropout", "label_smoothing", "warmup", "ema",
        "bias",
    )
)  # fmt: skip
MAIN = (-0.08, 0.05, -0.04, 0.03, -0.025, 0.02, -0.012, 0.008, 0.004, 0.0)
INTERACTION = 0.06  # of the first two switches
NOISE, NOISIER = 0.04, 1.6  # SD of a run, and how many times that with the third switch on
SEED_SD = 0.02
DIVERGED = 0.002
CONFIGURATIONS = 2 ** len(SWITCHES)
RECIPE = 1  # part of the files' names: change it with anything above
CHUNK = 512  # seeds made at once: half a million runs
CSV_UP_TO = 2_000_000  # runs; beyond, a CSV is more than VisiData is asked to read
MEMORY = "1GiB"  # DuckDB's, while it writes


@dataclass(frozen=True)
class Sweep:
    """The files of one sweep."""

    runs: int
    duckdb: Path
    parquet: Path
    csv: Path | None


def whole(runs: int) -> int:
    """Runs of a sweep of that size or a little more: each seed has every configuration."""
    return -(-runs // CONFIGURATIONS) * CONFIGURATIONS


def cache() -> Path:
    """Where sweeps are kept: ABLATE_TUI_BENCH, else build/bench in the checkout."""
    kept = os.environ.get("ABLATE_TUI_BENCH")
    return Path(kept) if kept else Path(__file__).resolve().parent.parent / "build" / "bench"


def sweep(runs: int, complete: bool = False) -> Sweep:
    """Where the files of a sweep are, or will be.

    Parameters
    ----------
    runs : int
        Rounded up to whole seeds.
    complete : bool
        Without a NaN, so that every configuration has as many runs.
    """
    runs = whole(runs)
    stem = f"{'complete' if complete else 'sweep'}_{runs}_v{RECIPE}"
    duckdb, parquet, csv = (cache() / f"{stem}.{kind}" for kind in ("duckdb", "parquet", "csv"))
    return Sweep(runs, duckdb, parquet, csv if runs <= CSV_UP_TO else None)


def make(runs: int, complete: bool = False) -> None:
    """Write the files of a sweep, unless they are there already."""
    made = sweep(runs, complete)
    made.duckdb.parent.mkdir(parents=True, exist_ok=True)
    files = [path for path in (made.duckdb, made.parquet, made.csv) if path is not None]
    if not all(path.exists() for path in files):
        _write(made, complete)


def _write(made: Sweep, complete: bool) -> None:
    """Write every file beside its place and move it there last: a half-made one must not be taken for whole."""
    import duckdb

    part = made.duckdb.with_suffix(".part")
    part.unlink(missing_ok=True)
    with duckdb.connect(part) as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'; SET preserve_insertion_order = true")
        columns = ", ".join(f"{name} BOOLEAN" for name in SWITCHES)
        connection.execute(f"CREATE TABLE runs (seed INTEGER, {columns}, val_loss DOUBLE)")
        for chunk in _chunks(made.runs, complete):
            connection.register("chunk", chunk)
            connection.execute("INSERT INTO runs FROM chunk")
        for path in (made.parquet, made.csv):
            if path is not None:
                copy = path.with_name(path.name + ".part")
                form = "FORMAT csv, HEADER" if path.suffix == ".csv" else "FORMAT parquet"
                connection.execute(f"COPY (FROM runs) TO '{copy}' ({form})")
                copy.replace(path)
    part.replace(made.duckdb)


def _chunks(runs: int, complete: bool) -> Iterator[Any]:
    """Arrow tables of runs in the order a launcher makes them: seed by seed, every configuration."""
    import numpy as np
    import pyarrow as pa

    rng = np.random.default_rng(20_240_601)
    on = (np.arange(CONFIGURATIONS)[:, None] >> np.arange(len(SWITCHES)) & 1).astype(bool)
    mean = 2.5 + on @ np.array(MAIN) + INTERACTION * (on[:, 0] & on[:, 1])
    sd = NOISE * np.where(on[:, 2], NOISIER, 1.0)
    seeds = runs // CONFIGURATIONS
    for first in range(0, seeds, CHUNK):
        seed = np.arange(first, min(first + CHUNK, seeds), dtype=np.int32)
        shape = (len(seed), CONFIGURATIONS)
        loss = mean + sd * rng.standard_normal(shape) + SEED_SD * rng.standard_normal((len(seed), 1))
        diverged = rng.random(shape) < DIVERGED
        if not complete:
            loss[diverged] = np.nan
        table = {"seed": np.repeat(seed, CONFIGURATIONS)}
        table |= {name: np.tile(column, len(seed)) for name, column in zip(SWITCHES, on.T, strict=True)}
        yield pa.table(table | {"val_loss": loss.ravel()})


if __name__ == "__main__":
    make(int(sys.argv[1]), complete=sys.argv[2:] == ["complete"])

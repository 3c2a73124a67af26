"""Sweeps whose names and levels bite: what has broken, or could break, SQL, markup, terminals, files and pictures.

`python tests/biting.py FOLDER` writes them there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from ablate_tui.data.sql import quote

NAMES = (
    'it\'s "quoted"',
    "a; DROP TABLE runs; --",
    "[bold red]markup[/]",
    "[/]",
    "\\[b]\\",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "\x9b2J\x9d52;c;eA==\x9c",
    "two\nlines",
    "a\ttab\rback",
    "nul\x00byte",
    "שלום עולם",
    "\u202eoverride\u202c \u2066isolate\u2069",
    "👩‍👩‍👧‍👦 family 🏳️‍🌈",
    "e\u0301\u0323\u0308 combining a\u030a",
    "正则化损失开关",
    "한국어 ひらがな",
    "long_" + "x" * 295,
    "select",
    "runs",
    "value",
    "step",
    "row",
    "rowid",
    "a=b,c=d",
    "a:b",
    "../../etc/passwd",
    "-starts-with-a-dash",
    "$(touch pwned) `id` $HOME",
    "100% \\frac{a}{b} $x_1$ ~^&#",
    "=cmd()|'/C calc'!A0",
    " ",
)
RESPONSE = "loss'\"; [x]\n损"


def biting(runs: int = 320) -> pl.DataFrame:
    """A switch for each name, with two of the names as its levels; a factor of all names; one diverged, one missing."""
    rng = np.random.default_rng(5)
    columns: dict[str, object] = {}
    loss = 3 + rng.normal(0, 0.1, runs)
    for at, name in enumerate(NAMES):
        on = rng.integers(0, 2, runs)
        pair = (NAMES[(at + 1) % len(NAMES)], NAMES[(at + 2) % len(NAMES)])
        columns[name] = [pair[side] for side in on.tolist()]
        loss += on * (0.3 if at % 5 == 0 else 0.02)
    columns["every name"] = [NAMES[at] for at in rng.integers(0, len(NAMES), runs).tolist()]
    columns["seed"] = rng.integers(0, 4, runs)
    loss[0] = np.nan
    columns[RESPONSE] = [*loss[:-1].tolist(), None]
    return pl.DataFrame(columns)


def many_switches(count: int = 400, runs: int = 600) -> pl.DataFrame:
    """More switches than fit anywhere."""
    rng = np.random.default_rng(6)
    columns = {f"switch_{at:03}": rng.integers(0, 2, runs) for at in range(count)}
    loss = 2 + 0.5 * columns["switch_007"] + rng.normal(0, 0.1, runs)
    return pl.DataFrame({**columns, "loss": loss})


def many_levels(count: int = 10_000) -> pl.DataFrame:
    """A factor of more levels than fit anywhere, two runs of each, beside two switches."""
    rng = np.random.default_rng(8)
    levels = [f"level {at} {NAMES[at % len(NAMES)]}" for at in range(count)] * 2
    norm, gate = rng.integers(0, 2, 2 * count), rng.integers(0, 2, 2 * count)
    loss = 2 - 0.3 * norm + rng.normal(0, 0.1, 2 * count)
    return pl.DataFrame({"block": levels, "use_norm": norm, "use_gate": gate, "loss": loss})


def as_duckdb(frame: pl.DataFrame, path: Path) -> Path:
    """Write a frame as the table "runs" of a database."""
    plain = frame.rename({name: f"c{at}" for at, name in enumerate(frame.columns)})  # Arrow's names end at a NUL
    with duckdb.connect(str(path)) as connection:
        connection.register("plain", plain.to_arrow())
        names = ", ".join(f"c{at} AS {quote(name)}" for at, name in enumerate(frame.columns))
        connection.execute(f"CREATE TABLE runs AS SELECT {names} FROM plain")
    return path


def write(folder: Path) -> None:
    """All of them, as databases; the names also in files, where two may differ in case alone and none has a NUL."""
    as_duckdb(biting(), folder / "biting.duckdb")
    as_duckdb(many_switches(), folder / "switches.duckdb")
    as_duckdb(many_levels(), folder / "levels.duckdb")
    without = pl.col(pl.String).str.replace_all("\0", " ", literal=True)
    cased = biting().drop("nul\0byte").with_columns(pl.col("select").reverse().alias("SELECT")).with_columns(without)
    cased.write_parquet(folder / "biting.parquet")
    cased.write_csv(folder / "biting.csv")
    cased.write_ndjson(folder / "biting.jsonl")


if __name__ == "__main__":
    write(Path(sys.argv[1]))

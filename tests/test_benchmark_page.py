"""The page of benchmarks says what was measured, whether the budgets hold, and what is left out."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import page
from measured import figure, percentile

RUNS = 1_000_448


def line(part, what, who, unit, values, runs=RUNS):
    """A measured line."""
    return {"part": part, "what": what, "who": who, "runs": runs, "unit": unit, "values": values}


@pytest.fixture
def record():
    """A run that measured a little."""
    return {
        "date": "2026-01-02",
        "minutes": 12.3,
        "load_before": 0.1,
        "machine": {"processor": "a processor", "cores": "2"},
        "measured": [
            line("start", "start to first figures", "ablate-tui", "s", [0.9, 0.8, 1.0]),
            line("start", "start to first view", "ablate-tui", "s", [1.2]),
            line("start", "start to connected", "harlequin", "s", [1.8]),
            line("toggle", "toggle to view: compare", "ablate-tui", "ms", [float(ms) for ms in range(1, 101)]),
            line("toggle", "toggle to view: compare", "ablate-tui", "ms", [40.0], runs=3072),
            line("toggle", "toggle to view: best", "ablate-tui", "ms", [44.0]),
            line("effects", "effects table", "ablate-tui", "s", [0.5]),
            line("effects", "effects table", "pandas + scipy", "s", [20.0]),
            line("show", "peak memory of show", "ablate-tui", "MiB", [512.3, 500.0]),
        ],
        "left_out": [{"part": "effects", "who": "pandas + scipy", "runs": 10_000_384, "why": "too long"}],
    }


def rows(text):
    """The rows of all tables, by their first two cells."""
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in text.splitlines() if row.startswith("|")]
    return {(row[0], row[1]): row[2:] for row in cells}


def test_tables_and_verdicts(record):
    """Medians with ranges, ratios to the program, and a verdict where a budget's line was measured."""
    text = page.markdown(record, "benchmarks.svg")
    found = rows(text)
    assert found["start to first figures", "ablate-tui"] == ["3", "0.9 s (0.8–1)"]
    assert found["start to connected", "harlequin"] == ["1", "1.8 s; 1.5 × ours"]
    assert found["start to first figures, median", f"{RUNS:,}"][0] == "0.9 s; harlequin 1.8 s"
    assert found["start to first view, median", f"{RUNS:,}"][-1] == "yes"
    assert found["effects table", "pandas + scipy"] == ["1", "20 s; 40 × ours"]
    assert found["effects table", f"{RUNS:,}"][-1] == "yes"
    assert found["toggle to view, compare, 95th percentile", f"{RUNS:,}"] == ["95 ms", "≤ 50 ms", "**no**"]
    assert found["toggle to view, best (the slowest of the others), median", f"{RUNS:,}"][-1] == "yes"
    assert found["peak memory of show", f"{RUNS:,}"] == ["512 MiB", "≤ 600 MiB", "yes"]
    assert found["peak memory of show", "10,000,000"] == ["–", "≤ 2,048 MiB", "not measured"]
    assert "- effects, pandas + scipy, 10,000,384 runs: too long" in text
    assert "- processor: a processor" in text


def test_files(record, tmp_path):
    """The page, a plot that it shows, and the measurements it was made from."""
    page.write(record, tmp_path)
    text = (tmp_path / "benchmarks.md").read_text()
    assert "](benchmarks.svg)" in text
    assert (tmp_path / "benchmarks.svg").read_text().startswith("<?xml")
    kept = json.loads((tmp_path / "benchmarks.json").read_text())
    assert page.markdown(kept, "benchmarks.svg") == text


def test_figures():
    """A median alone, with its range, and with a 95th percentile where there are enough."""
    assert figure([1234.5], "ms") == "1,234 ms"
    assert figure([2048.0, 1024.0, 4096.0], "B") == "2.0 KiB (1.0–4.0)"
    assert figure([float(n) for n in range(20)], "ms") == "9.5 ms, 95 %: 18 (0–19)"
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0

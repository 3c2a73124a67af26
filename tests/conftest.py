"""What all tests share: folders of their own, and a small sweep."""

from __future__ import annotations

import functools
import itertools
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import settings

TOP = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("ABLATE_SHARED", TOP / "../shared")) / "data"

SWITCHES = ("use_norm", "use_bias", "tie_weights", "use_gate")


# nothing is timed; CI has Hypothesis' own profile "ci", which draws the same examples each time
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as processors: tests of screens, shells and servers wait for much of their time."""
    return max(1, (os.cpu_count() or 1) * 3 // 2)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    """No test reads or writes the user's own state; days do not change pictures, nor the terminal the screen."""
    monkeypatch.setenv("ABLATE_TUI_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("ABLATE_TUI_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setenv("ABLATE_TUI_CONFIG", str(tmp_path / "config.toml"))
    for name in ("NO_COLOR", "LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def few_refits(monkeypatch):
    """Bootstrap and permutations with a handful of draws: tests of the screen need no precision."""
    from ablate_tui.queries import importance

    quick = functools.partial(importance.with_uncertainty, bootstraps=4, permutations=4)
    monkeypatch.setattr(importance, "with_uncertainty", quick)


def sweep() -> pl.DataFrame:
    """2⁴ configurations × 3 seeds: use_norm lowers the loss, use_gate widens it; two diverged, one missing."""
    rng = np.random.default_rng(7)
    rows = []
    for levels in itertools.product((False, True), repeat=4):
        norm, bias, tie, gate = levels
        for seed in range(3):
            loss = 3.0 - 0.5 * norm + 0.1 * bias + 0.02 * tie + rng.normal(0, 0.3 if gate else 0.05)
            rows.append((*levels, seed, loss, loss + 0.1))
    frame = pl.DataFrame(rows, schema=[*SWITCHES, "seed", "val_loss", "train_loss"], orient="row")
    values = frame["val_loss"].to_list()
    values[5], values[20], values[33] = float("nan"), float("inf"), None
    return frame.with_columns(pl.Series("val_loss", values))


@pytest.fixture
def runs(tmp_path) -> Path:
    """The small sweep as a Parquet file."""
    path = tmp_path / "runs.parquet"
    sweep().write_parquet(path)
    return path


@pytest.fixture
def factors(tmp_path) -> Path:
    """A sweep with a factor of three levels, as CSV."""
    rng = np.random.default_rng(3)
    rows = [
        (opt, norm, seed, {"sgd": 2.0, "adam": 1.0, "lion": 1.2}[opt] + 0.2 * norm + rng.normal(0, 0.1))
        for opt in ("sgd", "adam", "lion")
        for norm in (0, 1)
        for seed in range(4)
    ]
    path = tmp_path / "factors.csv"
    pl.DataFrame(rows, schema=["optimizer", "norm", "seed", "loss"], orient="row").write_csv(path)
    return path


@pytest.fixture
def opened(tmp_path, few_refits):
    """Open a frame as a session."""
    from ablate_tui.data.schema import Choices
    from ablate_tui.tui.session import Session

    sessions = []

    def open_(frame: pl.DataFrame) -> Session:
        path = tmp_path / "case.parquet"
        frame.write_parquet(path)
        sessions.append(Session.open(str(path), Choices(response="val_loss"), keep=False))
        return sessions[-1]

    yield open_
    for session in sessions:
        session.close()

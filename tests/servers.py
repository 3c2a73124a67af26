"""What tests of servers share: a sweep with all that can be in one, and a comparison of everything that is shown."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from ablate_tui.data.schema import Choices
from ablate_tui.data.store import Store
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.show import document
from ablate_tui.tui.views.registry import VIEWS


def sweep_with_everything() -> pl.DataFrame:
    """Switches of several types, a factor with NULLs, unequal configurations; NaN, infinities, missing responses."""
    rng = np.random.default_rng(1)
    n = 700
    norm, gate, mix = rng.random(n) < 0.5, rng.integers(0, 2, n), rng.choice(["none", "soft [x]", "häår"], n)
    width = rng.choice([0.5, 1.0, 64.0], n)
    loss = 2 + 0.3 * norm - 0.1 * gate * norm + rng.normal(0, np.where(gate == 1, 0.3, 0.1))
    loss[:4], loss[4:6] = math.nan, (math.inf, -math.inf)
    return pl.DataFrame(
        {
            "id": np.arange(n),
            "norm": norm,
            "gate": gate,
            "mix": [None if gone else str(level) for gone, level in zip(rng.random(n) < 0.03, mix, strict=True)],
            "width": width,
            "seed": rng.integers(0, 6, n),
            "note": rng.choice([f"note {at}" for at in range(40)], n),
            "val_loss": [None if at in (7, 9) else value for at, value in enumerate(loss.tolist())],
            "train_loss": rng.normal(size=n),
        }
    )


def same_views(got: Store, want: Store, choices: Choices) -> None:
    """Every view's JSON, number for number; the runs in any order."""
    sessions = [Session(store, choices) for store in (got, want)]
    tables = [session.table(None, None) for session in sessions]
    assert [factor.levels for factor in tables[0].factors] == [factor.levels for factor in tables[1].factors]
    assert [column.role for column in tables[0].columns] == [column.role for column in tables[1].columns]
    slice_ = Look().slice.contrasted(tables[1], tables[1].factors[0].name)
    for look in (Look(slice=slice_), Look(slice=slice_.with_levels(tables[1], "gate", ("1",)))):
        for name in ("compare", "effects", "pairs", "interactions", "importance", "best", "runs"):
            one, other = (document(session, look, VIEWS[name]) for session in sessions)
            for found in (one, other):
                del found["source"]
            if name == "runs":
                found_rows = [sorted(map(repr, map(plain, found.pop("rows")))) for found in (one, other)]
                assert found_rows[0] == found_rows[1]
            compare(one, other, name)


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A run without what a type's name changes in its text."""
    return {key: float(value) if isinstance(value, int | float) else value for key, value in row.items()}


def compare(got: Any, want: Any, path: str) -> None:
    if isinstance(want, dict):
        assert got.keys() == want.keys(), path
        for key in want:
            compare(got[key], want[key], f"{path}.{key}")
    elif isinstance(want, list):
        assert len(got) == len(want), path
        for at, (one, other) in enumerate(zip(got, want, strict=True)):
            compare(one, other, f"{path}[{at}]")
    elif isinstance(want, float):
        assert got == pytest.approx(want, rel=1e-9, abs=1e-12), path
    else:
        assert got == want, path

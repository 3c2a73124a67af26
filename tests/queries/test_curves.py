"""Bands of training curves against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.queries.make import sweep

from ablate_tui.data.curves import Curves
from ablate_tui.queries import curves as module
from ablate_tui.queries.curves import curve_bands
from ablate_tui.queries.slices import Slice, take


def points(seed: int, runs: int) -> pd.DataFrame:
    """Steps that are not the same in every run, with gaps, ties, NaN and infinities."""
    rng = np.random.default_rng(seed)
    row = np.repeat(np.arange(runs), rng.integers(0, 6, runs))
    frame = pd.DataFrame({"row": row, "step": rng.integers(0, 5, len(row)) * 10.0, "value": rng.normal(size=len(row))})
    frame = frame.drop_duplicates(["row", "step"]).sort_values(["row", "step"])
    frame.loc[rng.random(len(frame)) < 0.1, "value"] = np.nan
    frame.loc[rng.random(len(frame)) < 0.05, "value"] = np.inf
    return frame


def made(frame: pd.DataFrame) -> Curves:
    return Curves("loss", frame.row.to_numpy(), frame.step.to_numpy(), frame.value.to_numpy())


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.booleans(), st.sampled_from([None, "a", "f"]))
def test_bands_are_quantiles_by_side_and_step(seed: int, runs: int, filtered: bool, contrast: str | None) -> None:
    rng = np.random.default_rng(seed)
    levels = {"a": ("off", "on"), "f": ("x", "y", "z")}
    frame = pd.DataFrame({name: rng.choice(known, runs) for name, known in levels.items()}, dtype=object)
    frame.loc[rng.random(runs) < 0.2, "f"] = None
    frame["loss"] = rng.normal(size=runs)
    table = sweep(frame, "loss", levels=levels)
    filters = {"a": ("on",)} if filtered and contrast != "a" else {}
    sample = take(table, Slice.of(table, filters, contrast))
    curves = points(seed, runs)
    got = curve_bands(sample, made(curves))

    known = curves.join(frame[["a", "f"]], on="row")
    if filters:
        known = known[known.a == "on"]
    known = known[np.isfinite(known.value)]
    known["level"] = known[contrast] if contrast else "all"
    want = known.dropna(subset=["level"]).groupby(["level", "step"]).value.describe(percentiles=[0.25, 0.5, 0.75])
    found = pd.DataFrame(got.rows, columns=["level", "step", "n", "q25", "median", "q75"])
    assert found.set_index(["level", "step"]).index.tolist() == want.index.tolist()
    np.testing.assert_array_equal(found.n, want["count"])
    np.testing.assert_allclose(found[["q25", "median", "q75"]].astype(float), want[["25%", "50%", "75%"]], rtol=1e-12)


def test_what_is_left_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_STEPS", 3)
    frame = pd.DataFrame({"a": ["x", "y", "x", "y"], "loss": [1.0, 2, 3, 4]})
    sample = take(sweep(frame, "loss"), Slice())
    steps = np.tile(np.arange(5.0), 2)
    value = np.where(steps == 4, np.nan, steps)
    got = curve_bands(sample, Curves("loss", np.repeat([0, 2], 5), steps, value))
    assert [note.reason for note in got.notes] == [
        "3 of 5 steps, evenly by their order",
        "2 values that are NaN or infinite are in no quantile",
        "2 of 4 runs have a curve of loss",
    ]
    assert [(row.step, row.n, row.median) for row in got.rows] == [(0.0, 2, 0.0), (2.0, 2, 2.0)]


def test_without_curves_the_reason_stands() -> None:
    sample = take(sweep(pd.DataFrame({"a": ["x", "y"], "loss": [1.0, 2]}), "loss"), Slice())
    got = curve_bands(sample, None)
    assert got.rows == ()
    assert "no curves" in got.notes[0].reason

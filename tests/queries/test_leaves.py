"""The trees as a sum of leaves, against LightGBM's own predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.queries.make import sweep

from ablate_tui.queries.attribution import explanation, surrogate
from ablate_tui.queries.attribution.explanation import Training, explain, means
from ablate_tui.queries.attribution.leaves import leaves_of
from ablate_tui.queries.configurations import configurations
from ablate_tui.queries.slices import Slice, take

SIZES = {"switches": (2, 2, 2, 2, 2, 2, 2), "mixed": (3, 2, 4, 2, 5), "two factors": (7, 6)}


def training(sizes: tuple[int, ...], share: float = 0.7, seed: int = 0) -> Training:
    """Some of the combinations of levels, run unequally often, with interactions in the response."""
    rng = np.random.default_rng(seed)
    codes = np.indices(sizes).reshape(len(sizes), -1)
    codes = np.repeat(codes, rng.integers(0, 4, codes.shape[1]) * (rng.random(codes.shape[1]) < share), axis=1)
    frame = pd.DataFrame({f"f{at}": [f"l{code}" for code in row] for at, row in enumerate(codes)})
    frame["y"] = rng.normal(size=len(sizes)) @ codes + codes[0] * codes[1] + rng.normal(0, 0.3, codes.shape[1])
    return means(configurations(take(sweep(frame), Slice())))


@pytest.mark.parametrize("name", SIZES)
def test_sums_of_leaves_are_the_predictions(name: str) -> None:
    made = training(SIZES[name])
    sizes = made.configurations.sizes
    model = made.fit(made.outcome, np.ones(len(made.outcome), dtype=np.int64))
    expected = model.predict(made.grid)
    np.testing.assert_allclose(model.combinations(sizes), expected, rtol=0, atol=1e-12 * np.ptp(expected))


def test_a_model_of_constants_is_a_sum_of_leaves_too() -> None:
    columns = surrogate.grid((2, 2, 2))
    model = surrogate.fit(columns, np.full(8, 3.0), np.ones(8), small=True)
    np.testing.assert_allclose(model.combinations((2, 2, 2)), 3.0)
    assert leaves_of(model.booster, 3).column.shape == (1, 0)


def test_predictions_of_what_was_fitted_are_at_hand() -> None:
    made = training(SIZES["mixed"])
    times = np.random.default_rng(1).integers(0, 3, len(made.outcome))
    model = made.fit(made.outcome, times)
    np.testing.assert_array_equal(model.fitted(), model.predict(made.columns[times > 0]))


@pytest.mark.parametrize("many", [0, 10**9])
def test_all_combinations_are_predicted_either_way(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the leaves, and by LightGBM for the combinations that it has not seen."""
    made = training(SIZES["mixed"])
    times = np.random.default_rng(2).integers(0, 3, len(made.outcome))
    monkeypatch.setattr(explanation, "MANY", many)
    surface = explain(made, made.outcome, times).surface
    assert surface is not None
    expected = made.fit(made.outcome, times).predict(made.grid)
    np.testing.assert_allclose(surface.ravel(), expected, rtol=0, atol=1e-12 * np.ptp(expected))

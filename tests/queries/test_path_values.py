"""SHAP values beyond what can be listed: against the shap package, and against the definition."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest

from ablate_tui.queries.attribution import path_values as module
from ablate_tui.queries.attribution import surrogate
from ablate_tui.queries.attribution.leaves import leaves_of
from ablate_tui.queries.attribution.path_values import path_values
from ablate_tui.queries.attribution.surrogate import Surrogate, encode, fit


def model(sizes: tuple[int, ...], n: int, seed: int = 0) -> tuple[Surrogate, np.ndarray]:
    """Trees on configurations whose levels are unequally common, and those configurations as columns."""
    rng = np.random.default_rng(seed)
    codes = np.array([rng.choice(size, n, p=rng.dirichlet(np.full(size, 5.0))) for size in sizes])
    effects = [rng.normal(size=size) for size in sizes]
    y = sum(effect[row] for effect, row in zip(effects, codes, strict=True)) + effects[0][codes[0]] * codes[1]
    columns = encode(codes.astype(np.int16), sizes)
    return fit(columns, y + rng.normal(0, 0.2, n), rng.uniform(1, 3, n), small=False), columns


CASES = {"20 switches": ((2,) * 20, 400), "a long path": ((25, 2, 2, 2), 600), "mixed": ((4, 3, 2, 2, 5), 300)}


@pytest.mark.parametrize("name", CASES)
def test_values_are_those_of_the_shap_package(name: str) -> None:
    """The shap package keeps the trees' values in single precision."""
    import shap

    sizes, n = CASES[name]
    fitted, columns = model(sizes, n)
    background, explained = columns[:40], columns[30:70]
    masker = shap.maskers.Independent(background, max_samples=len(background))
    explainer = shap.TreeExplainer(fitted.booster, masker, feature_perturbation="interventional")
    expected = fitted.scale * explainer.shap_values(explained)
    base, values = path_values(leaves_of(fitted.booster, columns.shape[1]), background, explained)
    prediction = fitted.predict(explained)
    np.testing.assert_allclose(fitted.scale * values.T, expected, rtol=0, atol=1e-7 * np.ptp(prediction))
    sums = fitted.center + fitted.scale * (base + values.sum(axis=0))
    np.testing.assert_allclose(sums, prediction, rtol=0, atol=1e-12 * np.ptp(prediction))
    assert fitted.center + fitted.scale * base == pytest.approx(fitted.predict(background).mean(), rel=1e-12)


@pytest.mark.parametrize("deep", [0, 30])
def test_values_are_those_of_the_definition(deep: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shapley's formula over all coalitions of columns, by the sums over subsets and by the pairs."""
    monkeypatch.setattr(module, "DEEP", deep)
    fitted, columns = model((2, 2, 3, 2), 60, seed=1)
    k = columns.shape[1]
    background, explained = columns[:15], columns[15:19]

    def value(row: np.ndarray, known: tuple[int, ...]) -> float:
        mixed = background.copy()
        mixed[:, known] = row[list(known)]
        return float(fitted.booster.predict(mixed).mean())

    expected = np.zeros((k, len(explained)))
    for at, row in enumerate(explained):
        for player in range(k):
            others = [other for other in range(k) if other != player]
            for size in range(k):
                weight = factorial(size) * factorial(k - size - 1) / factorial(k)
                for known in combinations(others, size):
                    expected[player, at] += weight * (value(row, (*known, player)) - value(row, known))
    _, values = path_values(leaves_of(fitted.booster, k), background, explained)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-12)


def test_a_long_path_is_long_and_both_ways_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted, columns = model(*CASES["a long path"])
    leaves = leaves_of(fitted.booster, columns.shape[1])
    assert leaves.column.shape[1] > module.DEEP
    _, values = path_values(leaves, columns[:50], columns[:20])
    monkeypatch.setattr(module, "DEEP", 0)
    np.testing.assert_allclose(path_values(leaves, columns[:50], columns[:20])[1], values, rtol=0, atol=1e-13)


def test_a_constant_has_no_values() -> None:
    columns = surrogate.grid((2, 2))
    fitted = fit(columns, np.full(4, 7.0), np.ones(4), small=True)
    base, values = fitted.values(columns, columns, (2, 2))
    assert base == 7.0
    np.testing.assert_array_equal(values, np.zeros((2, 4)))


def test_it_can_be_stopped() -> None:
    fitted, columns = model(*CASES["mixed"])
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted.values(columns, columns, CASES["mixed"][0], check)
    assert asked == 3

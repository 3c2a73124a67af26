"""The exact transform against its definitions, worked out by brute force over all subsets."""

from __future__ import annotations

from itertools import combinations, product
from math import comb, factorial

import numpy as np
import pytest

from ablate_tui.queries.attribution.shapley import interaction_values, shapley_values

CASES = {
    "binary": ((2, 2, 2, 2), False),
    "multi-level": ((3, 2, 4), False),
    "one factor": ((3,), False),
    "a level of rate zero": ((3, 2, 2), True),
}


def case(name: str) -> tuple[np.ndarray, list[np.ndarray]]:
    shape, empty_level = CASES[name]
    rng = np.random.default_rng(7)
    rates = [rng.dirichlet(np.ones(size)) for size in shape]
    if empty_level:
        rates[0] = np.array([0.4, 0.0, 0.6])
    return rng.normal(size=shape), rates


def game(surface: np.ndarray, rates: list[np.ndarray], x: tuple[int, ...]) -> dict[frozenset[int], float]:
    """v(S) = E[f(x_S, X_−S)] for every S, summed over the background combination by combination."""
    k = surface.ndim
    v = {}
    for size in range(k + 1):
        for known in combinations(range(k), size):
            total = 0.0
            for z in product(*(range(n) for n in surface.shape)):
                weight = np.prod([rates[axis][z[axis]] for axis in range(k)])
                total += weight * surface[tuple(x[a] if a in known else z[a] for a in range(k))]
            v[frozenset(known)] = total
    return v


def by_definition(v: dict[frozenset[int], float], k: int) -> tuple[np.ndarray, np.ndarray]:
    """Shapley values (1953) and Shapley interaction indices (Grabisch & Roubens 1999)."""
    value, index = np.zeros(k), np.zeros((k, k))
    for i in range(k):
        for rest in v:
            if i not in rest:
                weight = factorial(len(rest)) * factorial(k - len(rest) - 1) / factorial(k)
                value[i] += weight * (v[rest | {i}] - v[rest])
    for i, j in combinations(range(k), 2):
        for rest in v:
            if not rest & {i, j}:
                weight = 1 / ((k - 1) * comb(k - 2, len(rest)))
                delta = v[rest | {i, j}] - v[rest | {i}] - v[rest | {j}] + v[rest]
                index[i, j] += weight * delta
        index[j, i] = index[i, j]
    return value, index


@pytest.mark.parametrize("name", CASES)
def test_values_are_those_of_the_definition(name: str) -> None:
    surface, rates = case(name)
    base, values = shapley_values(surface, rates)
    for x in product(*(range(n) for n in surface.shape)):
        v = game(surface, rates, x)
        assert base == pytest.approx(v[frozenset()], abs=1e-12)
        np.testing.assert_allclose(values[(slice(None), *x)], by_definition(v, surface.ndim)[0], atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_interactions_are_those_of_the_definition(name: str) -> None:
    surface, rates = case(name)
    k = surface.ndim
    rng = np.random.default_rng(3)
    cells = rng.choice(surface.size, size=min(5, surface.size), replace=False)
    weights = rng.uniform(1, 9, size=len(cells))
    expected = np.zeros((k, k))
    for cell, weight in zip(cells, weights, strict=True):
        v = game(surface, rates, np.unravel_index(cell, surface.shape))
        value, index = by_definition(v, k)
        phi = index / 2
        np.fill_diagonal(phi, value - phi.sum(axis=1))
        expected += np.abs(phi) * weight / weights.sum()
    np.testing.assert_allclose(interaction_values(surface, rates, cells, weights), expected, atol=1e-12)


def test_values_add_up_to_the_function_with_ten_switches() -> None:
    rng = np.random.default_rng(0)
    surface = rng.normal(size=(2,) * 10)
    rates = [np.array([1 - p, p]) for p in rng.uniform(0.01, 0.99, size=10)]
    base, values = shapley_values(surface, rates)
    np.testing.assert_allclose(base + values.sum(axis=0), surface, atol=1e-12)
    mean = surface
    for rate in rates:
        mean = np.tensordot(rate, mean, (0, 0))
    assert base == pytest.approx(float(mean), abs=1e-12)


def test_the_input_is_left_as_it_was() -> None:
    surface, rates = case("multi-level")
    before = surface.copy(), [rate.copy() for rate in rates]
    shapley_values(surface, rates)
    interaction_values(surface, rates, np.arange(3), np.ones(3))
    np.testing.assert_array_equal(surface, before[0])
    for rate, was in zip(rates, before[1], strict=True):
        np.testing.assert_array_equal(rate, was)

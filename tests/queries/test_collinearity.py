"""Variance inflation and sums of main effects against statsmodels, determinants and ranks."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.outliers_influence import variance_inflation_factor

from ablate_tui.queries.configurations import Configurations, configurations
from ablate_tui.queries.designs.collinearity import collinearity
from ablate_tui.queries.slices import Slice, take

from .make import sweep


def groups(frame: pd.DataFrame) -> Configurations:
    return configurations(take(sweep(frame.assign(y=np.arange(len(frame), dtype=float))), Slice()))


def test_switches_agree_with_statsmodels() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((40, 6)) < [0.5, 0.3, 0.6, 0.5, 0.5, 0.2]
    x[:, 4] = np.where(rng.random(40) < 0.85, x[:, 0], x[:, 4])
    frame = pd.DataFrame(x, columns=list("abcdef"))
    found = collinearity(groups(frame))
    design = np.column_stack([np.ones(len(frame.drop_duplicates())), frame.drop_duplicates().to_numpy(dtype=float)])
    want = {name: variance_inflation_factor(design, at + 1) for at, name in enumerate("abcdef")}
    assert found.vif == pytest.approx(want)
    assert (found.sums, found.unchecked) == ((), ())


def test_factors_agree_with_determinants() -> None:
    """Fox & Monette's form: det R_own det R_others / det R, of whatever columns span the factors."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"f": rng.choice(list("pqrs"), 50), "a": rng.random(50) < 0.5})
    frame["g"] = np.where(rng.random(50) < 0.6, frame.f, rng.choice(list("pqr"), 50))
    found = collinearity(groups(frame))
    dummies = pd.get_dummies(frame.drop_duplicates(), drop_first=True).astype(float)
    r = np.corrcoef(dummies.to_numpy().T)
    for name in "fag":
        own = np.array([column == name or column.startswith(f"{name}_") for column in dummies])
        ratio = np.linalg.det(r[np.ix_(own, own)]) * np.linalg.det(r[np.ix_(~own, ~own)]) / np.linalg.det(r)
        assert found.vif[name] == pytest.approx(ratio ** (1 / own.sum()))


def test_a_factorial_inflates_nothing() -> None:
    frame = pd.DataFrame(itertools.product([0, 1], "xyz", [0, 1]), columns=list("afb"))
    found = collinearity(groups(frame))
    assert found.vif == pytest.approx({"a": 1, "f": 1, "b": 1})
    assert found.sums == ()


def test_a_factor_that_says_two_others() -> None:
    """f has a level for each combination of a and b: it holds both main effects; c is free."""
    frame = pd.DataFrame(itertools.product([0, 1], repeat=3), columns=list("abc"))
    frame["f"] = frame.a.astype(str) + frame.b.astype(str)
    found = collinearity(groups(frame))
    assert set(found.sums) == {("a", "f"), ("b", "f")}
    assert found.vif == {"a": None, "b": None, "c": pytest.approx(1), "f": None}


def test_a_nested_factor() -> None:
    frame = pd.DataFrame({"family": list("xxxyyyzzz"), "member": list("abcdefghi"), "s": [0, 1] * 4 + [0]})
    assert collinearity(groups(pd.concat([frame, frame.assign(s=1 - frame.s)]))).sums == (("family", "member"),)


def test_a_sum_of_two() -> None:
    either = pd.DataFrame({"b": [0, 1, 0] * 2, "c": [0, 0, 1] * 2, "d": [0] * 3 + [1] * 3})
    either["a"] = either.b + either.c
    found = collinearity(groups(either))
    assert found.sums == (("b", "c", "a"),)
    assert (found.vif["d"], found.vif["a"]) == (pytest.approx(1), None)


@pytest.mark.parametrize("seed", range(5))
def test_sums_are_what_the_rank_lacks(seed: int) -> None:
    """As many sums as the columns lack in rank; each is dependent, and not without any of its factors."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(5, 12)), 9
    frame = pd.DataFrame(rng.integers(0, 2, (n, k)), columns=[f"s{i}" for i in range(k)])
    frame["s8"] = frame.s0
    found = collinearity(groups(frame))
    distinct = frame.drop_duplicates()
    there = [factor.name for factor in groups(frame).factors]

    def lacks(names: list[str]) -> int:
        x = distinct[names].to_numpy(dtype=float)
        return len(names) - np.linalg.matrix_rank(x - x.mean(axis=0), tol=1e-9)

    assert len(found.sums) == lacks(there) > 0
    for names in found.sums:
        assert lacks(list(names)) == 1
        assert all(lacks([other for other in names if other != name]) == 0 for name in names)
    for name in there:
        can = lacks([other for other in there if other != name]) == lacks(there)
        assert (found.vif[name] is not None) == can


def test_too_many_levels_are_named() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.integers(0, 2, 900), "many": np.arange(900) % 700})
    found = collinearity(groups(frame))
    assert found.unchecked == ("many",)
    assert found.vif == {"a": pytest.approx(1)}


def test_nothing_varies() -> None:
    found = collinearity(groups(pd.DataFrame({"a": [1, 1]})))
    assert (found.vif, found.sums) == ({}, ())

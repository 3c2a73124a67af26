"""The Pareto set against a comparison of every point with every other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate_tui.queries.descriptive.pareto import pareto

POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6) | st.none()), max_size=30)


@given(points=POINTS, goal=st.sampled_from(["min", "max"]))
def test_against_brute_force(points: list[tuple[int, int | None]], goal: str) -> None:
    mean = np.array([float(m) for m, _ in points])
    sd = np.array([np.nan if s is None else float(s) for _, s in points])
    sign = 1 if goal == "min" else -1
    want = [
        not np.isnan(s)
        and not any(sign * m2 <= sign * m and s2 <= s and (m2 != m or s2 != s) for m2, s2 in zip(mean, sd, strict=True))
        for m, s in zip(mean, sd, strict=True)
    ]
    assert pareto(mean, sd, goal).tolist() == want


@pytest.mark.parametrize("goal", ["min", "max"])
def test_against_brute_force_on_real_numbers(goal: str) -> None:
    rng = np.random.default_rng(0)
    mean, sd = rng.normal(size=500), rng.gamma(1.0, size=500)
    worth = mean if goal == "min" else -mean
    beaten = (worth[None] <= worth[:, None]) & (sd[None] <= sd[:, None])
    assert pareto(mean, sd, goal).tolist() == (beaten.sum(axis=1) == 1).tolist()

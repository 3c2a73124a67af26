"""Tests on ranks against scipy, the exact distributions above all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ablate_tui.queries.descriptive.ascending import Values, rank
from ablate_tui.queries.descriptive.rank_tests import mann_whitney, wilcoxon


def mann_whitney_of(on: np.ndarray, off: np.ndarray) -> float:
    y = np.concatenate([on, off])
    by = np.argsort(y, kind="stable")
    ranks = rank(y[by])
    return mann_whitney(float(ranks.rank[by < len(on)].sum()), len(on), len(off), ranks)


@settings(max_examples=80)
@given(st.integers(1, 12), st.integers(1, 40), st.integers(0, 2**32 - 1), st.floats(-2, 2))
def test_mann_whitney_without_ties(m: int, n: int, seed: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    on, off = rng.normal(shift, 1, m), rng.normal(size=n)
    assert mann_whitney_of(on, off) == pytest.approx(stats.mannwhitneyu(on, off).pvalue, rel=1e-9)


def test_mann_whitney_exact_in_the_far_tail() -> None:
    on, off = np.arange(8.0), np.arange(100.0, 400.0)
    assert mann_whitney_of(on, off) == pytest.approx(2 / math.comb(308, 8), rel=1e-12)
    assert mann_whitney_of(off, on) == pytest.approx(2 / math.comb(308, 8), rel=1e-12)


@settings(max_examples=60)
@given(
    st.one_of(
        st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=70),
        st.lists(st.floats(-9, 9).map(lambda v: round(v, 9)), min_size=1, max_size=70, unique_by=abs),
    )
)
def test_wilcoxon(differences: list[float]) -> None:
    d = np.array(differences)
    if not d.any():
        assert math.isnan(wilcoxon(d))
        return
    assert wilcoxon(d) == pytest.approx(stats.wilcoxon(d).pvalue, rel=1e-9)


@settings(max_examples=100)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.floats(0, 1))
def test_quantiles_and_ranks(values: list[float], q: float) -> None:
    y = np.sort(values)
    assert Values(y).quantiles([q])[0] == pytest.approx(np.quantile(y, q), rel=1e-12, abs=1e-9)
    assert rank(y).rank.tolist() == stats.rankdata(y).tolist()
    _, t = np.unique(y, return_counts=True)
    assert rank(y).ties == float((t**3 - t).sum())

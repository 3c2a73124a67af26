"""Bootstrap and permutations: the draws of old, handed on as they come, and gone on with after a stop."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from tests.queries.make import sweep

from ablate_tui.queries.attribution.explanation import REFIT, Training, explain, mean_absolute
from ablate_tui.queries.importance import (
    ARRIVING,
    Cancelled,
    Importance,
    importance,
    with_fit,
    with_uncertainty,
)
from ablate_tui.queries.reasons import PENDING
from ablate_tui.queries.slices import Slice, take

PLAN = {"bootstraps": 28, "permutations": 14}


def ranking(sizes: tuple[int, ...] = (2, 2, 3, 2), seed: int = 0) -> Importance:
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.indices(sizes).reshape(len(sizes), -1), 2, axis=1)
    frame = pd.DataFrame({f"f{at}": [f"l{code}" for code in row] for at, row in enumerate(codes)})
    frame["y"] = codes[0] + 0.5 * codes[1] * codes[2] + rng.normal(0, 0.2, codes.shape[1])
    return importance(take(sweep(frame), Slice()))


def size(training: Training, outcome: np.ndarray, times: np.ndarray | None = None) -> np.ndarray:
    return mean_absolute(training, explain(training, outcome, times, REFIT), times)


def stopped(start: Importance, refits: int, arrived: Callable[[Importance], None] | None = None) -> None:
    """Cancelled a few trees into the refit after so many."""
    done: list[float] = []
    questions = iter(range(10**6))
    with pytest.raises(Cancelled):
        with_uncertainty(start, done.append, lambda: len(done) >= refits and next(questions) > 5, arrived, **PLAN)
    assert len(done) == refits
    assert next(questions) == 7  # nothing is asked, and so nothing computed, once it is cancelled


def test_intervals_and_floor_are_those_of_plain_loops() -> None:
    """One loop over all draws with seed 0, then one over all permutations with seed 1: exactly that."""
    start = with_fit(ranking())
    training = start.training
    rng, n = np.random.default_rng(0), len(training.outcome)
    draws = [rng.multinomial(n, np.full(n, 1 / n)) for _ in range(PLAN["bootstraps"])]
    drawn = [size(training, training.outcome, times) for times in draws]
    rng = np.random.default_rng(1)
    residual = training.outcome - start.out_of_fold
    largest = [size(training, rng.permutation(residual)).max() for _ in range(PLAN["permutations"])]

    result = with_uncertainty(start, **PLAN)
    low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
    for row in result.rows:
        at = [factor.name for factor in result.factors].index(row.switch)
        assert (row.low, row.high) == (low[at], high[at])
        assert row.noise_floor == np.percentile(largest, 95)


def test_what_has_arrived_is_of_the_refits_so_far_and_says_so() -> None:
    start = with_fit(ranking())
    seen: list[Importance] = []
    result = with_uncertainty(start, arrived=seen.append, **PLAN)
    assert [found.refits.done for found in seen] == [ARRIVING]
    found = seen[0]
    assert not found.finished
    assert result.finished
    assert not start.finished
    # both kinds from the beginning
    assert (len(found.refits.drawn), len(found.refits.largest)) == (20, 10)
    np.testing.assert_array_equal(found.refits.drawn, result.refits.drawn[:20])
    np.testing.assert_array_equal(found.refits.largest, result.refits.largest[:10])
    reasons = {note.field: note.reason for note in found.notes}
    assert reasons["low"] == reasons["high"] == "so far from 20 of 28 refits"
    assert reasons["noise_floor"] == "so far from 10 of 14 refits"
    assert found.rows[0].low < found.rows[0].mean_abs_shap < found.rows[0].high
    assert {"low", "high", "noise_floor"}.isdisjoint(note.field for note in result.notes)


@pytest.mark.parametrize("refits", [1, 7, 41])
def test_a_stopped_computation_is_gone_on_with(refits: int) -> None:
    start = with_fit(ranking())
    seen: list[Importance] = []
    stopped(start, refits, seen.append)
    assert seen[-1].refits.done == refits
    shares: list[float] = []
    result = with_uncertainty(seen[-1], shares.append, **PLAN)
    assert len(shares) == 42 - refits
    once = with_uncertainty(start, **PLAN)
    assert result.rows == once.rows
    assert result.notes == once.notes


def test_a_single_refit_has_an_interval_or_a_floor_and_the_other_is_to_come() -> None:
    seen: list[Importance] = []
    stopped(with_fit(ranking()), 1, seen.append)
    assert seen[0].rows[0].low is None
    assert seen[0].rows[0].noise_floor is not None
    assert {note.field for note in seen[0].notes if note.reason == PENDING} == {"low", "high"}


def test_stopped_in_the_first_refit_nothing_arrives() -> None:
    seen: list[Importance] = []
    stopped(with_fit(ranking()), 0, seen.append)
    assert seen == []


def test_what_is_finished_is_not_computed_again_and_another_plan_is() -> None:
    done = with_uncertainty(ranking(), **PLAN)
    shares: list[float] = []
    again = with_uncertainty(done, shares.append, **PLAN)
    assert shares == []
    assert again.rows == done.rows
    assert with_uncertainty(done, bootstraps=4, permutations=2).refits.planned == 6

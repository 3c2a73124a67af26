"""The histogram of a column."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ablate_tui.queries.column_shape import column_shape


def test_every_number_is_in_a_bin() -> None:
    values = np.random.default_rng(0).normal(size=5_000)
    shape = column_shape(values.tolist())
    np.testing.assert_array_equal(np.histogram(values, shape.edges)[0], shape.counts)
    assert sum(shape.counts) == shape.n == 5_000
    assert len(shape.counts) <= 60


def test_what_is_no_number_is_counted() -> None:
    shape = column_shape([1, 2, None, math.nan, math.inf, -math.inf, 2])
    assert (shape.n, shape.infinite, shape.missing, sum(shape.counts)) == (3, 3, 1, 3)


@pytest.mark.parametrize("values", [[], [None], [math.nan], [None, math.inf]])
def test_without_a_number_there_are_no_bins(values: list[float | None]) -> None:
    shape = column_shape(values)
    assert (shape.n, shape.edges, shape.counts) == (0, (), ())


def test_one_value_has_one_bin_and_too_wide_a_range_none() -> None:
    assert column_shape([7] * 4).counts == (4,)
    assert column_shape([2**127, -(2**127)]).n == 2
    assert column_shape([1e308, -1e308]).counts == ()

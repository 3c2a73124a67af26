"""Figures as words."""

from __future__ import annotations

import math

import pytest

from ablate_tui.queries.sentences import bracket, chance, each, figure, interval, listed, share, signed


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"), (math.nan, "–"), (math.inf, "–"), (0.0, "0.00"), (1.0, "1.00"), (0.5, "0.500"),
        (-0.0123456, "−0.0123"), (123.456, "123"), (99999.4, "99999"), (0.0001, "0.000100"), (0.00001234, "1.23e−5"),
        (-2.5e7, "−2.50e7"), (9.996, "10.00"),
    ],
)  # fmt: skip
def test_a_figure_has_three_digits_and_a_true_minus(value, words):
    assert figure(value) == words


def test_a_difference_shows_its_sign():
    assert [signed(value) for value in (0.25, -0.25, 0.0, None)] == ["+0.250", "−0.250", "0.00", "–"]


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (None, ""), (0.0, "q < .001"), (0.0009999, "q < .001"), (0.001, "q = .001"), (0.0123, "q = .012"),
        (0.25, "q = .25"), (1.0, "q = 1.00"), (0.05, "q = .050"),
        (0.0496, "q = .0496"),  # not rounded up to what counts as no finding
    ],
)  # fmt: skip
def test_a_p_value_has_no_zero_before_its_point(p, words):
    assert chance("q", p) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "–"), (0.0, "0 %"), (1.0, "100 %"), (0.031, "3.1 %"), (0.125, "12 %"), (0.5, "50 %"), (0.0007, "0.1 %"),
     (0.0001, "0.01 %"), (0.9996, "99.96 %"), (0.994, "99.4 %"), (0.9, "90 %")],
)  # fmt: skip
def test_only_none_and_all_are_0_and_100_percent(value, words):
    assert share(value) == words


def test_the_largest_q_speaks_for_several():
    assert each([0.0123]) == "q = .012"
    assert each([0.0001, 0.0123]) == "each q ≤ .012"
    assert each([0.0001, 0.0002]) == "each q < .001"


def test_lists_and_brackets():
    assert [listed(items) for items in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert listed(list("abcde"), 3) == "a, b and 3 more"
    assert listed(list("abc"), 3, "or") == "a, b or c"
    assert bracket("a", "", "b") == " (a; b)"
    assert bracket("", "") == ""
    assert interval(-1.0, None) == ""
    assert interval(-1.0, 2.0) == "95 % −1.00 to 2.00"

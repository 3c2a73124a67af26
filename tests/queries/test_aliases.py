"""Aliases with two-factor interactions against textbooks and brute force."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest

from ablate_tui.queries.configurations import Configurations, configurations
from ablate_tui.queries.designs.aliases import TermAlias, alias_classes, two_factor_aliases
from ablate_tui.queries.slices import Slice, take

from .make import sweep


def groups(frame: pd.DataFrame) -> Configurations:
    return configurations(take(sweep(frame.assign(y=np.arange(len(frame), dtype=float))), Slice()))


def fraction(basic: str, generators: dict[str, str]) -> pd.DataFrame:
    """A regular fraction of a two-level factorial, by its generators."""
    frame = pd.DataFrame(itertools.product([-1, 1], repeat=len(basic)), columns=list(basic))
    for name, word in generators.items():
        sign = -1 if word.startswith("-") else 1
        frame[name] = sign * frame[list(word.lstrip("-"))].prod(axis=1)
    return frame > 0


def brute(frame: pd.DataFrame) -> Callable[[tuple[str, ...], tuple[str, ...]], float]:
    """The largest canonical correlation of what main effects leave of two terms, by projections.

    A term's columns are the indicators of all its combinations of levels.
    """

    @cache
    def indicators(names: tuple[str, ...]) -> np.ndarray:
        return pd.get_dummies(frame[list(names)].astype(str).agg("|".join, axis=1)).to_numpy(dtype=float)

    @cache
    def rest(names: tuple[str, ...], parents: tuple[str, ...]) -> np.ndarray:
        given = np.column_stack([np.ones(len(frame)), *(indicators((one,)) for one in parents)])
        x = indicators(names)
        x = x - given @ np.linalg.lstsq(given, x, rcond=None)[0]
        left, sizes, _ = np.linalg.svd(x, full_matrices=False)
        return left[:, sizes > 1e-7]

    def largest(a: tuple[str, ...], b: tuple[str, ...]) -> float:
        parents = tuple(sorted(name for name in {*a, *b} if (name,) not in (a, b)))
        return float(np.linalg.svd(rest(a, parents).T @ rest(b, parents), compute_uv=False).max(initial=0.0))

    return largest


@pytest.mark.parametrize(
    ("basic", "generators", "classes"),
    [
        ("AB", {"C": "AB"}, ["A=B:C", "B=A:C", "C=A:B"]),
        ("AB", {"C": "-AB"}, ["A=B:C", "B=A:C", "C=A:B"]),
        # Box, Hunter & Hunter (2005), table 6.22: 2^(5-2) with D = AB, E = AC
        (
            "ABC",
            {"D": "AB", "E": "AC"},
            ["A=B:D=C:E", "B=A:D", "C=A:E", "D=A:B", "E=A:C", "B:C=D:E", "B:E=C:D"],
        ),
        # Montgomery, Design and analysis of experiments, 8th ed., table 8.8: 2^(6-2) with E = ABC, F = BCD
        (
            "ABCD",
            {"E": "ABC", "F": "BCD"},
            ["A:B=C:E", "A:C=B:E", "A:D=E:F", "A:E=B:C=D:F", "A:F=D:E", "B:D=C:F", "B:F=C:D"],
        ),
        ("ABCD", {"E": "ABCD"}, []),
    ],
)
def test_regular_fractions(basic: str, generators: dict[str, str], classes: list[str]) -> None:
    found = two_factor_aliases(groups(fraction(basic, generators)))
    got = [frozenset(":".join(term) for term in terms) for terms in alias_classes(found.pairs)]
    want = [frozenset(text.split("=")) for text in classes]
    if "D" in generators:  # B:D and C:E are A's, so they are each other's as well
        assert frozenset(["A", "B:D", "C:E"]) in got
    assert sorted(map(sorted, got)) == sorted(map(sorted, want))
    assert all(pair.complete for pair in found.pairs)
    sign = -1 if any(word.startswith("-") for word in generators.values()) else 1
    assert [pair.correlation for pair in found.pairs] == pytest.approx([sign] * len(found.pairs))
    assert found.notes == ()


def test_words() -> None:
    pairs = two_factor_aliases(groups(fraction("AB", {"C": "-AB"}))).pairs
    assert pairs[0].words == "A = −B:C"
    assert TermAlias(("a",), ("b", "c"), 0.7).words == "a ~ b:c"


def test_a_factor_of_three_levels_shares_a_contrast() -> None:
    """f's first two levels are what b and c make together: a part of f is their interaction."""
    frame = pd.DataFrame(itertools.product([0, 1], [0, 1], "pq"), columns=["b", "c", "u"])
    frame["f"] = np.where(frame.b != frame.c, "x", np.where(frame.u == "p", "y", "z"))
    found = two_factor_aliases(groups(frame)).pairs
    assert next(pair for pair in found if pair.a == ("f",) and pair.b == ("b", "c")).words == "f overlaps b:c"
    assert not any(("f",) in terms for terms in alias_classes(found))


def test_a_full_factorial_has_none() -> None:
    frame = pd.DataFrame(itertools.product([0, 1], "xyz", [0, 1], "pqr"), columns=list("abcd"))
    assert two_factor_aliases(groups(frame)).pairs == ()


@pytest.mark.parametrize("seed", range(4))
def test_any_design_agrees_with_projections(seed: int) -> None:
    """Unbalanced, of mixed levels, with empty cells: as projections of indicator columns say."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(9, 24))
    frame = pd.DataFrame(
        {
            "a": rng.random(n) < 0.7,
            "b": rng.random(n) < 0.4,
            "c": rng.random(n) < 0.5,
            "f": rng.choice(list("xyz"), n, p=[0.2, 0.3, 0.5]),
            "g": rng.choice(list("pqr"), n),
        }
    )
    frame["d"] = (frame.a ^ frame.b) if seed % 2 else (frame.c ^ (frame.f == "x"))
    largest = brute(frame.drop_duplicates())
    made = two_factor_aliases(groups(frame))
    found = {(pair.a, pair.b): pair.correlation for pair in made.pairs}
    names = [factor.name for factor in groups(frame).factors]
    pairs = list(itertools.combinations(names, 2))
    checked = 0
    for a, b in itertools.chain(
        (((one,), pair) for one in names for pair in pairs if one not in pair), itertools.combinations(pairs, 2)
    ):
        want = largest(a, b)
        least = 0.5 if len(a) == 1 else 1 - 1e-6
        if abs(want - least) > 1e-9:
            assert ((a, b) in found) == (want >= least), (a, b, want)
        if (a, b) in found:
            assert abs(found[a, b]) == pytest.approx(want, abs=1e-6)
            checked += 1
    assert checked == len(found) > 0


def test_centred_correlation_where_the_design_is_balanced() -> None:
    """In a Plackett-Burman design main effects and interactions are correlated by a third in size."""
    first = np.array([1, 1, -1, 1, 1, 1, -1, -1, -1, 1, -1])
    rows = np.vstack([np.roll(first, shift) for shift in range(11)] + [-np.ones(11, dtype=int)])
    assert np.array_equal(rows.T @ rows, 12 * np.eye(11))
    frame = pd.DataFrame(rows > 0, columns=[f"s{i}" for i in range(11)])
    size = {abs((rows[:, i] * rows[:, j] * rows[:, k]).sum()) / 12 for i, j, k in itertools.combinations(range(11), 3)}
    assert size == {1 / 3}
    found = [pair for pair in two_factor_aliases(groups(frame)).pairs if len(pair.a) == 1]
    assert found == []
    # six more runs that repeat half of it tie them closer
    more = two_factor_aliases(groups(frame.iloc[:7])).pairs
    assert more[0].complete


def test_the_order_of_levels_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({name: rng.choice(list("xyz"), 14) for name in "abcd"})
    turned = frame.replace({"x": "z", "z": "x"})
    one, other = (two_factor_aliases(groups(made)).pairs for made in (frame, turned))
    values = [{(pair.a, pair.b): pair.correlation for pair in pairs} for pairs in (one, other)]
    assert values[0].keys() == values[1].keys()
    assert all(values[0][key] == pytest.approx(values[1][key], abs=1e-6) for key in values[0])


def test_factors_that_change_together_are_one() -> None:
    frame = fraction("AB", {"C": "AB"})
    frame["M"] = ~frame.A
    assert [pair.words for pair in two_factor_aliases(groups(frame)).pairs] == ["A = B:C", "B = A:C", "C = A:B"]


def test_many_factors_say_what_was_left_out() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 2, (60, 45)), columns=[f"s{i}" for i in range(45)])
    frame["s1"] = frame.s2 ^ frame.s3
    found = two_factor_aliases(groups(frame))
    assert any("s40, s41, s42, s43, s44" in note for note in found.notes)
    assert any("too many interactions to compare" in note for note in found.notes)
    assert found.pairs[0].words == "s1 = −s2:s3"


@pytest.mark.parametrize("frame", [pd.DataFrame({"a": [0, 1]}), pd.DataFrame({"a": [0, 1], "b": [1, 1], "c": [2, 2]})])
def test_nothing_to_look_at(frame: pd.DataFrame) -> None:
    assert two_factor_aliases(groups(frame)).pairs == ()

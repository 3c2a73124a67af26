"""Configurations to run next: that they separate what is confounded, and that none would tell more."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from ablate_tui.data.schema import Factor
from ablate_tui.queries.configurations import configurations
from ablate_tui.queries.design import Design, design
from ablate_tui.queries.designs.aliases import two_factor_aliases
from ablate_tui.queries.designs.collinearity import collinearity
from ablate_tui.queries.designs.factorial_columns import FactorialColumns, width
from ablate_tui.queries.designs.grid import Grid
from ablate_tui.queries.designs.next_runs import next_runs
from ablate_tui.queries.slices import Slice, take

from .make import sweep
from .test_aliases import fraction, groups


def of(frame: pd.DataFrame) -> Design:
    return design(take(sweep(frame.assign(y=np.arange(len(frame), dtype=float))), Slice()))


def added(frame: pd.DataFrame, found: Design, n: int) -> pd.DataFrame:
    """The frame after the first n of the configurations to run next."""
    rows = pd.DataFrame([run.configuration for run in found.next[:n]])
    return pd.concat([frame.astype(str).apply(lambda column: column.str.lower()), rows], ignore_index=True)


def signs(frame: pd.DataFrame, interactions: bool) -> np.ndarray:
    """Intercept, main effects and two-factor interactions of switches, by hand."""
    x = np.where(frame.astype(str).to_numpy() == "true", 1.0, -1.0)
    pairs = [x[:, i] * x[:, j] for i, j in itertools.combinations(range(x.shape[1]), 2)] if interactions else []
    return np.column_stack([np.ones(len(x)), x, *pairs])


def test_two_switches_that_were_always_equal_are_told_apart_at_once() -> None:
    frame = pd.DataFrame(itertools.product([False, True], repeat=3), columns=list("abc"))
    frame["m"] = frame.a
    found = of(frame)
    assert found.sums == (("a", "m"),)
    assert found.next[0].separates == ("a from m",)
    assert found.next[0].why.startswith("separates a from m; first run with a = false and m = true")
    after = collinearity(groups(added(frame, found, 1)))
    assert after.sums == ()
    assert after.vif["a"] is not None


@pytest.mark.parametrize(
    ("basic", "generators", "needed"),
    [("AB", {"C": "AB"}, 3), ("ABC", {"D": "AB", "E": "AC"}, 8), ("ABCD", {"E": "ABC", "F": "BCD"}, 2)],
)
def test_the_aliases_of_a_fraction_end(basic: str, generators: dict[str, str], needed: int) -> None:
    """A few runs end all aliases, also those that show only on the way, and each says truly which."""
    frame = fraction(basic, generators)
    found = of(frame)

    def complete(n: int) -> set[str]:
        pairs = two_factor_aliases(groups(added(frame, found, n))).pairs
        return {f"{':'.join(pair.a)} from {':'.join(pair.b)}" for pair in pairs if pair.complete}

    assert complete(0)
    for n in range(needed):
        assert set(found.next[n].separates) == complete(n) - complete(n + 1)
    assert complete(needed) == set()


def test_main_effects_come_before_interactions() -> None:
    """2^(5-2): the first run frees main effects of interactions; pairs of interactions follow."""
    found = of(fraction("ABC", {"D": "AB", "E": "AC"}))
    first = [run.separates for run in found.next if run.separates]
    assert all(":" not in words.split(" from ")[0] for words in first[0])
    assert all(":" in words.split(" from ")[0] for words in first[-1])


@pytest.mark.parametrize("seed", range(3))
def test_each_run_is_the_one_that_adds_most(seed: int) -> None:
    """Against brute force: the determinant after each run is the largest that one run can give."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.integers(0, 2, (12, 5)).astype(bool), columns=list("abcde")).drop_duplicates()
    cells = pd.DataFrame(itertools.product(["false", "true"], repeat=5), columns=list("abcde"))
    found = of(frame)
    prior = np.diag([1e-6] * 6 + [1.0] * 10)
    x = signs(frame.map(lambda value: str(value).lower()), interactions=True)
    seen = {tuple(row) for row in frame.map(lambda value: str(value).lower()).to_numpy().tolist()}
    information = x.T @ x + prior
    plain = x.T @ x
    for run in found.next:
        rows = cells[[tuple(row) not in seen for row in cells.to_numpy().tolist()]]
        candidates = signs(rows, interactions=True)
        start = np.linalg.slogdet(information)[1]
        gains = np.array([np.linalg.slogdet(information + np.outer(row, row))[1] - start for row in candidates])
        chosen = signs(pd.DataFrame([run.configuration]), interactions=True)[0]
        grown = np.linalg.slogdet(information + np.outer(chosen, chosen))[1] - start
        assert grown == pytest.approx(gains.max(), rel=1e-5)
        assert run.gain == pytest.approx(grown, rel=1e-5)
        assert grown > 0
        information = information + np.outer(chosen, chosen)
        if np.linalg.matrix_rank(plain) == 16:  # once all terms can be estimated, |X'X| itself rises
            assert np.linalg.slogdet(plain + np.outer(chosen, chosen))[1] > np.linalg.slogdet(plain)[1]
        plain = plain + np.outer(chosen, chosen)
        seen.add(tuple(run.configuration.values()))
    assert len(seen) == 32
    assert np.linalg.matrix_rank(plain) == 16


def test_fewer_runs_than_by_chance() -> None:
    """From a 2^(3-1), the runs chosen first give a larger |X'X| than any random choice on average."""
    frame = fraction("ABC", {"D": "ABC"})
    found = of(frame)
    rows = added(frame, found, 6)
    x = signs(rows, interactions=True)
    mine = np.linalg.slogdet(x.T @ x)[1]
    cells = pd.DataFrame(itertools.product(["false", "true"], repeat=4), columns=list("ABCD"))
    rest = cells[cells.eq("true").sum(axis=1) % 2 == 1]
    start = rows.iloc[:8]
    others = []
    for chosen in itertools.combinations(range(len(rest)), 6):
        z = signs(pd.concat([start, rest.iloc[list(chosen)]]), interactions=True)
        others.append(np.linalg.slogdet(z.T @ z)[1])
    assert mine == pytest.approx(max(others))


def test_a_level_without_a_run_comes_first() -> None:
    frame = pd.DataFrame(itertools.product("xy", [0, 1], [0, 1]), columns=list("fab"))
    made = sweep(frame.assign(y=1.0), levels={"f": ("x", "y", "z")})
    found = design(take(made, Slice()))
    assert [run.configuration["f"] for run in found.next] == ["z"] * 4
    assert found.next[0].why == "first run with f = z"


def test_replicates_follow_the_empty_cells() -> None:
    frame = pd.DataFrame(itertools.product([0, 1], repeat=3), columns=list("abc"))
    frame = pd.concat([frame.iloc[:-1], frame.iloc[:5], frame.iloc[:2]]).reset_index(drop=True)
    found = of(frame)
    assert [run.runs for run in found.next] == [0, 1, 1, 2, 2, 2]
    assert found.next_of == 6
    assert [run.gain is None for run in found.next] == [False, True, True, True, True, True]
    assert list(found.next[0].configuration.values()) == ["1", "1", "1"]


def test_a_factorial_beyond_search_is_drawn_from_the_same_each_time() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 2, (60, 17)).astype(bool), columns=[f"s{i}" for i in range(17)])
    frame["s16"] = frame.s0
    one, other = of(frame), of(frame)
    assert one.next == other.next
    assert (len(one.next), one.next_of) == (200, None)
    assert len({tuple(run.configuration.values()) for run in one.next}) == 200
    assert one.next[0].separates == ("s0 from s16",)
    assert any("drawn at random" in note.reason for note in one.notes if "next" in note.field)


def test_strong_correlations_are_loosened() -> None:
    rng = np.random.default_rng(2)
    x = rng.random((24, 8)) < 0.5
    x[2:, 1] = x[2:, 0]
    x[:2, 1] = ~x[:2, 0]
    frame = pd.DataFrame(x, columns=list("abcdefgh"))
    found = of(frame)
    at, told = next((at, run.why) for at, run in enumerate(found.next) if run.why.startswith("loosens a ~ b "))
    sizes = [
        abs(np.corrcoef(signs(added(frame, found, n).drop_duplicates(), interactions=False)[:, 1:3].T)[0, 1])
        for n in (at, at + 1)
    ]
    assert told == f"loosens a ~ b ({sizes[0]:.2f} to {sizes[1]:.2f})"


def test_no_factor_and_no_run() -> None:
    nothing = Grid((), (), np.zeros((0, 0), dtype=np.int16), np.zeros(0, dtype=np.int64), 0)
    assert (next_runs(nothing).runs, next_runs(nothing).total) == ((), 0)
    levels = (("0", "1"),) * 3
    factors = tuple(Factor(name, ("0", "1")) for name in "abc")
    found = next_runs(Grid(factors, levels, np.zeros((3, 0), dtype=np.int16), np.zeros(0, dtype=np.int64), 0))
    assert (len(found.runs), found.total) == (8, 8)
    # from nothing, half of the factorial in which all main effects can be told
    half = signs(
        pd.DataFrame([run.configuration for run in found.runs[:4]]).replace({"0": "false", "1": "true"}), False
    )
    assert np.linalg.det(half.T @ half) == pytest.approx(4.0**4)


@pytest.mark.parametrize("sizes", [(2, 2, 3), (4, 2), (5, 3, 2)])
def test_columns_are_orthogonal_over_the_factorial(sizes: tuple[int, ...]) -> None:
    columns = FactorialColumns(sizes, interactions=True)
    codes = np.array(list(itertools.product(*map(range, sizes))), dtype=np.int16).T
    assert columns.p == width(sizes, interactions=True)
    assert columns.cross_products(codes) == pytest.approx(math.prod(sizes) * np.eye(columns.p), abs=1e-9)
    x = columns.rows(codes)
    assert np.linalg.matrix_rank(x) == columns.p


def test_configurations_of_the_grid_are_those_of_the_runs() -> None:
    frame = fraction("ABC", {"D": "ABC"})
    sample = take(sweep(frame.assign(y=1.0)), Slice())
    from ablate_tui.queries.designs.grid import grid

    mine, theirs = grid(sample).configurations(), configurations(sample)
    assert mine.factors == theirs.factors
    assert mine.levels == theirs.levels
    assert {tuple(code) for code in mine.codes.T.tolist()} == {tuple(code) for code in theirs.codes.T.tolist()}

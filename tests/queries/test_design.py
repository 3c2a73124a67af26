"""Coverage, balance, aliases and re-runs against pandas, scipy and DuckDB."""

from __future__ import annotations

import itertools
import math
from dataclasses import fields

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.stats import contingency

from ablate_tui.data.cube import Combinations
from ablate_tui.data.schema import Factor, Response, RunTable
from ablate_tui.queries.design import Design, DesignRow, design, design_sql
from ablate_tui.queries.designs.aliases import overlap
from ablate_tui.queries.reasons import reason
from ablate_tui.queries.slices import Slice, take

from .make import SHARED, reference, sweep


def to_run(found: Design) -> list[dict[str, str]]:
    return [dict(run.configuration) for run in found.next]


def factorial(replicates: int = 1) -> pd.DataFrame:
    cells = list(itertools.product([False, True], ["x", "y", "z"], [False, True])) * replicates
    frame = pd.DataFrame(cells, columns=["a", "f", "b"])
    return frame.assign(seed=np.repeat(range(replicates), 12), y=np.arange(len(frame), dtype=float))


def test_fields_are_those_of_the_contract() -> None:
    assert [field.name for field in fields(DesignRow)] == [
        "column",
        "role",
        "levels",
        "n",
        "constant",
        "aliases",
    ]


def test_a_complete_design() -> None:
    found = design(take(sweep(factorial(3), replicates=("seed",)), Slice()))
    assert (found.configurations, found.possible, found.next, found.next_of) == (12, 12, (), 0)
    assert (found.replicates_min, found.replicates_median, found.replicates_max) == (3, 3.0, 3)
    assert found.balance == {
        "a": {"false": 18, "true": 18},
        "f": dict.fromkeys("xyz", 12),
        "b": {"false": 18, "true": 18},
    }
    assert (found.correlations, found.reruns, found.notes) == ((), 0, ())
    roles = {row.column: (row.role, row.n, row.constant, row.aliases) for row in found.rows}
    assert roles["a"] == ("switch", 36, False, ())
    assert roles["seed"] == ("replicate", 36, False, ())
    assert roles["y"] == ("response", 36, False, ())
    assert {row.column: row.levels for row in found.rows}["f"] == ("x", "y", "z")


def test_empty_cells_come_next() -> None:
    frame = factorial()
    gone = (frame.f == "z") & frame.a | (frame.f == "x") & ~frame.a & frame.b
    found = design(take(sweep(frame[~gone].reset_index(drop=True)), Slice()))
    assert found.next_of == 3
    assert (found.configurations, found.possible) == (9, 12)
    assert {tuple(cell.values()) for cell in to_run(found)} == {
        ("true", "z", "false"),
        ("true", "z", "true"),
        ("false", "x", "true"),
    }
    # z was never run with a on, so this comes first, with the level of b that was run less
    assert to_run(found)[0] == {"a": "true", "f": "z", "b": "true"}
    assert found.next[0].why == "first run with a = true and f = z"
    assert {(pair.a, pair.level_a, pair.b, pair.level_b) for pair in found.empty_pairs} == {("a", "true", "f", "z")}
    assert (found.empty_pairs_of, [run.runs for run in found.next]) == (1, [0, 0, 0])


def test_a_missing_run_is_still_to_run_a_diverged_one_is_not() -> None:
    frame = factorial()
    frame["y"] = pd.Series([None, math.nan, *frame.y[2:]], dtype=object)
    found = design(take(sweep(frame), Slice()))
    assert to_run(found) == [{"a": "false", "f": "x", "b": "false"}]
    assert {row.column: row.n for row in found.rows}["y"] == 11


def test_fewest_replicates_next() -> None:
    frame = factorial(3).drop(index=[5, 17, 30])
    found = design(take(sweep(frame.reset_index(drop=True), replicates=("seed",)), Slice()))
    assert to_run(found) == [{"a": "false", "f": "z", "b": "true"}, {"a": "true", "f": "x", "b": "false"}]
    assert [run.runs for run in found.next] == [1, 2]
    assert found.next[0].why == "1 run, where the fullest cell has 3"
    assert (found.replicates_min, found.replicates_max) == (1, 3)
    assert (found.replicates.lows, found.replicates.highs, found.replicates.counts) == (
        (1, 2, 3),
        (1, 2, 3),
        (1, 1, 10),
    )


def test_the_filters_bound_the_factorial() -> None:
    frame = factorial()
    made = sweep(frame[~((frame.f == "z") & frame.a)].reset_index(drop=True))
    found = design(take(made, Slice.of(made, {"a": ("on",), "f": ("y", "z")})))
    assert (found.configurations, found.possible, found.next_of) == (2, 4, 2)
    assert to_run(found)[0] == {"f": "z", "b": "false"}
    assert found.next[0].why == "first run with f = z"
    rows = {row.column: row for row in found.rows}
    assert (rows["a"].levels, rows["a"].constant) == (("true",), True)
    assert rows["f"].levels == ("y",)


def test_columns_outside_the_design_speak_of_the_whole_source() -> None:
    made = sweep(factorial().assign(note="hi"), factors=["a", "f", "b"])
    found = design(take(made, Slice.of(made, {"a": ("on",)})))
    row = {row.column: row for row in found.rows}["note"]
    assert (row.n, row.constant) == (12, True)
    assert "whole source" in str(reason(found.notes, "note", "n"))


def test_aliases_and_correlations() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 2, 400).astype(bool)
    frame = pd.DataFrame({"a": a, "mirror": ~a, "near": np.where(rng.random(400) < 0.2, ~a, a)})
    frame["f"] = rng.choice(list("xyz"), 400)
    frame["g"] = frame.f.map({"x": "p", "y": "q", "z": "r"})
    frame["h"] = np.where(rng.random(400) < 0.5, frame.f, "x")
    frame["y"] = rng.normal(size=400)
    found = design(take(sweep(frame), Slice()))
    aliases = {row.column: row.aliases for row in found.rows}
    assert aliases == {
        "a": ("mirror",),
        "mirror": ("a",),
        "near": (),
        "f": ("g",),
        "g": ("f",),
        "h": (),
        "y": (),
    }
    values = {(c.a, c.b): c.value for c in found.correlations}
    assert values["a", "mirror"] == pytest.approx(-1)
    assert values["a", "near"] == pytest.approx(np.corrcoef(a, frame.near)[0, 1])
    for one, other in (("f", "h"), ("f", "g")):
        table = pd.crosstab(frame[one], frame[other]).to_numpy()
        assert values[one, other] == pytest.approx(contingency.association(table, "cramer"))
    for one, other in itertools.combinations(["a", "near", "f", "h"], 2):
        size = contingency.association(pd.crosstab(frame[one], frame[other]).to_numpy(), "cramer")
        assert ((one, other) in values) == (size > 0.1)


def test_aliases_with_interactions_and_sums_are_in_the_rows() -> None:
    frame = pd.DataFrame(itertools.product([False, True], repeat=2), columns=list("ab"))
    frame["c"] = frame.a == frame.b
    found = design(take(sweep(frame.assign(y=1.0)), Slice()))
    assert [row.aliases for row in found.rows] == [("b:c",), ("a:c",), ("a:b",), ()]
    assert found.alias_classes == ((("a",), ("b", "c")), (("b",), ("a", "c")), (("c",), ("a", "b")))
    assert found.sums == ()
    # one of b and c at most is on, and a is on with either: a = b + c
    either = pd.DataFrame({"b": [0, 1, 0] * 2, "c": [0, 0, 1] * 2, "d": [0] * 3 + [1] * 3})
    either["a"] = either.b + either.c
    found = design(take(sweep(either.assign(y=1.0)), Slice()))
    assert [row.aliases for row in found.rows] == [("c + a",), ("b + a",), (), ("b + c",), ()]


def test_an_alias_only_inside_the_slice() -> None:
    frame = pd.DataFrame(itertools.product([False, True], repeat=3), columns=list("abc")).assign(y=1.0)
    made = sweep(frame[(frame.c) | (frame.a == frame.b)].reset_index(drop=True))
    rows = {row.column: row.aliases for row in design(take(made, Slice.of(made, {"c": ("off",)}))).rows}
    assert (rows["a"], rows["b"]) == (("b",), ("a",))
    assert {row.aliases for row in design(take(made, Slice())).rows} == {()}


def test_reruns() -> None:
    frame = pd.DataFrame(
        {
            "a": [True, True, True, False, False, True, True, True, True],
            "seed": [1, 1, 2, 1, 1, 1, 1, 3, 3],
            "y": pd.Series([1.0, 1.0, 1.0, math.nan, math.inf, 2.0, 1.0, None, None], dtype=object),
        }
    )
    assert design(take(sweep(frame, replicates=("seed",)), Slice())).reruns == 3


def test_two_hundred_switches() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, (200, 300)).astype(np.int16)
    codes[150] = 1 - codes[3]
    factors = tuple(Factor(f"s{i}", ("false", "true")) for i in range(200))
    blank = np.zeros(300, np.uint8)
    made = RunTable(
        "x", "x", (), factors, (), Response("y", '"y"', "min"), Combinations.of(codes, (2,) * 200),
        rng.normal(size=300), blank, blank.astype(bool), np.zeros(300, np.int32),
    )  # fmt: skip
    found = design(take(made, Slice()))
    assert (found.possible, len(found.next), found.next_of) == (2**200, 200, None)
    assert "some 10^60 cells" in str(reason(found.notes, "s0", "next"))
    assert found.sums == (("s3", "s150"),)
    assert found.next[0].separates == ("s3 from s150",)
    assert [name for name, value in found.vif.items() if value is None] == ["s3", "s150"]
    assert "can't be told from s150" in str(reason(found.notes, "s3", "vif"))
    assert overlap(factors, codes, np.ones(300, np.int64)).aliased == (("s3", "s150"),)
    want = np.corrcoef(codes.astype(float))
    assert len(found.correlations) == np.count_nonzero(np.abs(np.triu(want, 1)) > 0.1)
    some = found.correlations[5]
    assert some.value == pytest.approx(want[int(some.a[1:]), int(some.b[1:])])


def test_replicates_of_many_sizes_are_in_classes() -> None:
    frame = pd.DataFrame({"a": np.repeat(np.arange(70), np.arange(1, 71)), "y": 1.0})
    found = design(take(sweep(frame, factors=["a"]), Slice())).replicates
    assert (found.lows[0], found.highs[0], found.lows[-1], found.highs[-1]) == (1, 3, 70, 70)
    assert all(low == high + 1 for low, high in zip(found.lows[1:], found.highs, strict=False))
    assert sum(found.counts) == 70
    assert set(found.counts) == {3, 1}


def test_ten_thousand_levels() -> None:
    n = 20_000
    many = (np.arange(n) % 10_000).astype(np.int16)
    codes = np.stack([many, many[::-1].copy(), (np.arange(n) % 2).astype(np.int16)])
    texts = tuple(map(str, range(10_000)))
    factors = (Factor("p", texts), Factor("q", texts), Factor("s", ("0", "1")))
    blank = np.zeros(n, np.uint8)
    made = RunTable(
        "x", "x", (), factors, (), Response("y", '"y"', "min"),
        Combinations.of(codes, (10_000, 10_000, 2)), np.arange(n, dtype=float), blank, blank.astype(bool),
        np.zeros(n, np.int32),
    )  # fmt: skip
    found = design(take(made, Slice()))
    assert found.possible == 200_000_000
    assert "p, q" in str(reason(found.notes, "p", "correlations"))
    assert overlap(factors, codes, np.ones(n, np.int64)).aliased == (("p", "q"),)


def test_at_most_two_hundred_are_listed() -> None:
    cells = pd.DataFrame(itertools.product([False, True], repeat=9), columns=[f"s{i}" for i in range(9)])
    found = design(take(sweep(cells.iloc[[0, -1]].assign(y=1.0).reset_index(drop=True)), Slice()))
    assert (len(found.next), found.next_of, found.possible) == (200, 510, 512)
    assert len({tuple(cell.values()) for cell in to_run(found)}) == 200
    assert "200 of 510" in str(reason(found.notes, "s0", "next"))


@pytest.mark.skipif(not SHARED.exists(), reason="the real sweeps are not here")
@pytest.mark.parametrize("name", ["att_norm", "npk"])
def test_sql_gives_the_configurations(name: str) -> None:
    made, frame = reference(name)
    sample = take(made, Slice.of(made, {made.factors[-1].name: made.factors[-1].levels[:1]}))
    with duckdb.connect() as connection:
        connection.register(name, frame)
        rows = connection.execute(design_sql(sample)).fetchall()
    found = design(sample)
    runs = [row[-4] for row in rows]
    assert len(rows) == found.configurations
    assert (min(runs), float(np.median(runs)), max(runs)) == (
        found.replicates_min,
        found.replicates_median,
        found.replicates_max,
    )
    assert sum(runs) == sample.runs == sum(row[-3] for row in rows)

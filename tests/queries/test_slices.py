"""The slice as a value, as runs and as SQL."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate_tui.data.errors import UsageError
from ablate_tui.data.schema import RunTable
from ablate_tui.queries.slices import Sample, Slice, take, where

from .make import sweep

FRAME = pd.DataFrame(
    {
        "a": pd.Series([True, False, True, None, False, True], dtype=object),
        'it\'s "b"': pd.Series(["x'y", "z", '"', "x'y", None, "z"], dtype=object),
        "c": [1, 1, 2, 2, 1, 2],
        "y": pd.Series([1.0, np.nan, None, 4.0, 5.0, 6.0], dtype=object),
    }
)
B = 'it\'s "b"'


@pytest.fixture
def made() -> RunTable:
    return sweep(FRAME)


def test_names_levels_and_order(made: RunTable) -> None:
    found = Slice.of(made, {"c": ("2",), "a": ("on",)}, B)
    assert found.filters == (("a", ("true",)), ("c", ("2",)))
    assert found.contrast == B
    assert found == Slice.of(made, {"a": ("true",), "c": ("on",)}, B)
    with pytest.raises(UsageError, match="did you mean"):
        Slice.of(made, {"cc": ("1",)})
    with pytest.raises(UsageError, match='no level "7"'):
        Slice.of(made, {"c": ("7",)})


def test_all_levels_are_no_filter_and_the_contrast_has_none(made: RunTable) -> None:
    assert Slice.of(made, {"a": ("on", "off"), "c": ()}) == Slice()
    assert Slice.of(made, {"a": ("on",)}, "a") == Slice((), "a")
    assert Slice.of(made, {"a": ("on",)}).contrasted(made, "a") == Slice((), "a")
    assert Slice((), "a").with_levels(made, "a", ("on",)) == Slice((("a", ("true",)),), None)
    assert Slice.of(made, {"a": ("on",)}, "c").cleared() == Slice((), "c")


def test_cycling(made: RunTable) -> None:
    states = [Slice()]
    for _ in range(3):
        states.append(states[-1].cycled(made, "a"))
    assert [state.set.get("a") for state in states] == [None, ("true",), ("false",), None]
    states = [Slice()]
    for _ in range(4):
        states.append(states[-1].cycled(made, B))
    assert [state.set.get(B) for state in states] == [None, ('"',), ("x'y",), ("z",), None]
    assert Slice.of(made, {B: ("z", '"')}).cycled(made, B) == Slice()


def test_location_terms_stay(made: RunTable) -> None:
    terms = (("a",), ("c", "a"), ("a", B, "c"))
    slice_ = Slice.of(made, {"c": ("2",)}, B, terms)
    assert slice_.location == terms
    changed = [
        slice_.with_levels(made, "a", ("on",)),
        slice_.with_levels(made, B, ("z",)),
        slice_.cycled(made, "c"),
        slice_.contrasted(made, "a"),
        slice_.contrasted(made, None),
        slice_.cleared(),
    ]
    assert [other.location for other in changed] == [terms] * len(changed)
    assert all(other != slice_ for other in changed)
    assert slice_ != Slice.of(made, {"c": ("2",)}, B)
    assert (slice_.where(), slice_.words()) == ("CAST(\"c\" AS VARCHAR) IN ('2')", "c = 2")
    assert take(made, slice_).index.tolist() == [2, 3, 5]


def test_location_terms_of_no_factor(made: RunTable) -> None:
    with pytest.raises(UsageError, match='no switch "aa"'):
        Slice.of(made, {}, None, (("a",), ("c", "aa")))
    with pytest.raises(UsageError, match='"y" is taken as response'):
        take(made, Slice(location=(("y",),)))


def test_taking(made: RunTable) -> None:
    sample = take(made, Slice.of(made, {"a": ("on",)}))
    assert sample.index.tolist() == [0, 2, 5]
    assert (sample.runs, sample.diverged, sample.missing) == (3, 0, 1)
    assert sample.finished.tolist() == [True, False, True]
    assert [factor.name for factor in sample.free] == [B, "c"]
    assert sample.code("c").tolist() == [0, 1, 1]
    assert take(made, Slice()).runs == 6
    assert [f.name for f in take(made, Slice.of(made, {B: ("z", '"')})).free] == ["a", B, "c"]


def test_words() -> None:
    assert Slice().words() == "all runs"
    assert Slice((("a", ("x", "y")), ("b", ("1",)))).words() == "a = x or y, b = 1"


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["a", B, "c"]), st.sets(st.integers(0, 2), max_size=2), max_size=3))
def test_sql_takes_the_same_runs(chosen: dict[str, set[int]]) -> None:
    made = sweep(FRAME)
    levels = {
        name: tuple(made.factor(name).levels[i % len(made.factor(name).levels)] for i in sorted(codes))
        for name, codes in chosen.items()
    }
    slice_ = Slice.of(made, levels)
    with duckdb.connect() as connection:
        connection.execute('CREATE TABLE runs (i INTEGER, a BOOLEAN, "it\'s ""b""" VARCHAR, c INTEGER)')
        for i, row in enumerate(FRAME.itertuples(index=False)):
            connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?)", [i, *row[:3]])
        rows = connection.execute(f"SELECT i FROM runs WHERE {slice_.where()} ORDER BY i").fetchall()
    assert [i for (i,) in rows] == take(made, slice_).index.tolist()


def test_where_without_levels() -> None:
    assert where({}) == "TRUE"


def test_what_is_made_once_holds_up_nothing_else(made: RunTable) -> None:
    """While one thread makes something slow of a sample, another has what it asks for at once."""
    sample, begun, go_on, calls = take(made, Slice()), threading.Event(), threading.Event(), []

    def slow(of: Sample) -> str:
        calls.append(of)
        begun.set()
        assert go_on.wait(60)
        return "slow"

    with ThreadPoolExecutor(2) as pool:
        first, second = (pool.submit(sample.once, slow) for _ in range(2))
        assert begun.wait(60)
        assert sample.once(lambda of: of.runs) == len(FRAME)
        assert not first.done()
        assert not second.done()
        go_on.set()
        assert (first.result(), second.result()) == ("slow", "slow")
    assert calls == [sample]

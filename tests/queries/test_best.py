"""The best runs against pandas and DuckDB."""

from __future__ import annotations

import math

import duckdb
import numpy as np
import pandas as pd
import pytest

from ablate_tui.queries.best import best, best_sql
from ablate_tui.queries.effects import effects
from ablate_tui.queries.reasons import reason
from ablate_tui.queries.slices import Slice, take

from .make import SHARED, reference, sweep


def frame_of(seed: int, runs: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.integers(0, 2, runs).astype(bool), "f": rng.choice(["x", "y", "z"], runs)})
    frame["y"] = np.round(rng.normal(size=runs), 1)
    frame.loc[:9, "y"] = np.nan
    return frame


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("goal", ["min", "max"])
def test_shares_and_ranks_against_pandas(goal: str, seed: int) -> None:
    frame = frame_of(seed)
    found = best(take(sweep(frame, goal=goal), Slice()))
    done = frame[frame.y.notna()]
    order = done.y.sort_values(ascending=goal == "min", kind="stable")
    k = math.ceil(len(done) / 10)
    border = order.iloc[k - 1]
    among = done[done.y <= border] if goal == "min" else done[done.y >= border]
    assert (found.n, found.k, found.n_best) == (190, 19, len(among))
    assert (len(among) > k) == ("ties at the border" in str(reason(found.notes, "a", "share")))
    assert [(row.switch, row.level) for row in found.rows] == [
        ("a", "true"),
        ("f", "x"),
        ("f", "y"),
        ("f", "z"),
    ]
    assert [found.rows[0].share, found.rows[0].base] == [among.a.mean(), done.a.mean()]
    for row in found.rows[1:]:
        assert [row.share, row.base] == [(among.f == row.level).mean(), (done.f == row.level).mean()]
    assert found.response == tuple(order)
    want = done.y.rank(method="min", ascending=goal == "min").loc[list(found.index)]
    assert found.rank == tuple(want.astype(int))
    assert list(found.index) == order.index.tolist()


def test_agrees_with_the_effects_table() -> None:
    frame = frame_of(2)
    made = sweep(frame)
    for filters in ({}, {"f": ("x", "y")}):
        sample = take(made, Slice.of(made, filters))
        want = {(r.switch, r.on): (r.best_share_on, r.base_share_on) for r in effects(sample).rows}
        assert {(r.switch, r.level): (r.share, r.base) for r in best(sample).rows} == want


def test_the_share_can_be_chosen() -> None:
    found = best(take(sweep(frame_of(3)), Slice()), share=0.5)
    assert found.k == 95


def test_the_list_is_cut_and_says_so() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.integers(0, 2, 1_500), "y": rng.normal(size=1_500)})
    found = best(take(sweep(frame), Slice()))
    assert len(found.index) == len(found.response) == len(found.rank) == 1_000
    assert reason(found.notes, "a", "runs") == "1,000 of 1,500 finished runs listed"
    assert found.response == tuple(np.sort(frame.y)[:1_000])


def test_a_filtered_switch_has_no_share() -> None:
    made = sweep(frame_of(4))
    found = best(take(made, Slice.of(made, {"a": ("off",), "f": ("x", "z")})))
    assert (found.rows[0].share, found.rows[0].base) == (None, None)
    assert reason(found.notes, "a", "share") == "fixed by the filter"
    assert reason(found.notes, "f=y", "base") == "left out by the filter"


@pytest.mark.skipif(not SHARED.exists(), reason="the real sweeps are not here")
@pytest.mark.parametrize("name", ["att_norm", "llvm", "npk"])
def test_sql_gives_the_same_shares(name: str) -> None:
    made, frame = reference(name)
    last = made.factors[-1]
    with duckdb.connect() as connection:
        connection.register(name, frame)
        for filters in ({}, {last.name: last.levels[:1]}):
            sample = take(made, Slice.of(made, filters))
            got = {
                (s, level): (share, base) for s, level, share, base in connection.execute(best_sql(sample)).fetchall()
            }
            want = {(r.switch, r.level): (r.share, r.base) for r in best(sample).rows if r.base is not None}
            assert want
            for key, values in want.items():
                assert got[key] == pytest.approx(values), key


def test_sql_takes_ties_in_full() -> None:
    frame = frame_of(6)
    for goal in ("min", "max"):
        sample = take(sweep(frame, goal=goal), Slice())
        with duckdb.connect() as connection:
            connection.execute("CREATE TABLE runs AS SELECT a, f, y FROM frame")
            connection.execute("UPDATE runs SET y = 'nan'::DOUBLE WHERE y IS NULL")
            got = connection.execute(best_sql(sample)).fetchall()
            want = [(r.switch, r.level, r.share, r.base) for r in best(sample).rows]
            assert [row[:2] for row in got] == [row[:2] for row in want]
            assert [v for row in got for v in row[2:]] == pytest.approx([v for row in want for v in row[2:]])

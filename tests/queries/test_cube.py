"""The cube against plain Polars: random sweeps, slices, weights, ties, NaN and infinities.

Blocks are for large sweeps; here they are made of a handful of runs, so that every border is hit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.queries.make import sweep

from ablate_tui.data import cube
from ablate_tui.data.schema import RunTable
from ablate_tui.queries.best import best
from ablate_tui.queries.cancelling import Cancelled
from ablate_tui.queries.compare import compare
from ablate_tui.queries.configurations import configurations
from ablate_tui.queries.descriptive.ascending import Ascending, Values
from ablate_tui.queries.descriptive.blocked import Blocked
from ablate_tui.queries.descriptive.ordered import best_rows, order
from ablate_tui.queries.effects import effects, glance
from ablate_tui.queries.inference import replicates as shared
from ablate_tui.queries.inference.verdicts import verdicts
from ablate_tui.queries.pair_card import pair_card
from ablate_tui.queries.reasons import PENDING
from ablate_tui.queries.slices import Sample, Slice, take

LEVELS = {"a": ("off", "on"), "b": ("off", "on"), "f": ("x", "y", "z")}
SLOW = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@contextmanager
def blocks(most: int, fewest: int = 1) -> Iterator[None]:
    """Blocks for sweeps of any size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cube, "FEWEST", fewest)
        patch.setattr(cube, "BLOCKS", most)
        yield


@st.composite
def sweeps(draw: st.DrawFn) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]], int]:
    """A frame with uneven configurations, ties, NULL levels, NaN, infinite and missing responses; filters; blocks."""
    n = draw(st.integers(1, 250))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weight = rng.dirichlet(np.full(12, draw(st.sampled_from([0.3, 3.0]))))
    cell = rng.choice(12, n, p=weight)
    y = rng.normal(size=n) * 10 ** draw(st.integers(-3, 3)) + draw(st.sampled_from([0.0, -5.0, 1e3]))
    digits = draw(st.sampled_from([None, None, 0, 1]))
    y = y if digits is None else np.round(y, digits)
    y[rng.random(n) < draw(st.sampled_from([0.0, 0.2]))] = draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    response = [None if gone else value for value, gone in zip(y.tolist(), rng.random(n) < 0.05, strict=True)]
    frame = pd.DataFrame(
        {
            "a": np.array(LEVELS["a"], dtype=object)[cell % 2],
            "b": np.array(LEVELS["b"], dtype=object)[cell // 2 % 2],
            "f": np.array(LEVELS["f"], dtype=object)[cell // 4],
            "seed": rng.integers(0, draw(st.integers(1, 30)), n),
            "y": pd.Series(response, dtype=object),
        }
    )
    if draw(st.booleans()):
        frame.loc[rng.random(n) < 0.1, "b"] = None
    filters = {
        name: tuple(draw(st.lists(st.sampled_from(levels), min_size=1, max_size=len(levels) - 1, unique=True)))
        for name, levels in LEVELS.items()
        if draw(st.integers(0, 2)) == 0
    }
    return frame, filters, draw(st.sampled_from([16, 40, 400]))


def tables(frame: pd.DataFrame, most: int, goal: str = "min") -> tuple[RunTable, RunTable]:
    """The same sweep with blocks and without."""
    made = sweep(frame, replicates=("seed",), levels=LEVELS, goal=goal)
    with blocks(most):
        assume(made.in_order.n > 0)
        assert made.in_order.blocked
    plain = replace(made)
    assert not plain.in_order.blocked
    return made, plain


def inside(frame: pd.DataFrame, filters: dict[str, tuple[str, ...]]) -> pl.DataFrame:
    """The finished runs of a slice, by Polars, with their rows in the source."""
    whole = pl.DataFrame(
        {
            **{
                name: pl.Series([v if isinstance(v, str) else None for v in frame[name]], dtype=pl.String)
                for name in LEVELS
            },
            "y": pl.Series([math.nan if v is None else v for v in frame.y], dtype=pl.Float64),
        }
    ).with_row_index("row")
    kept = [pl.col("y").is_finite(), *(pl.col(name).is_in(levels) for name, levels in filters.items())]
    return whole.filter(*kept)


def close(got: object, want: object) -> None:
    assert got == pytest.approx(want, rel=1e-9, abs=1e-9, nan_ok=True)


@SLOW
@given(sweeps(), st.sampled_from(["a", "b", "f"]), st.integers(0, 2))
def test_places_sums_and_ranks_against_polars(
    made: tuple[pd.DataFrame, dict[str, tuple[str, ...]], int], name: str, level: int
) -> None:
    frame, filters, most = made
    table, _ = tables(frame, most)
    sample = take(table, Slice.of(table, filters))
    known = inside(frame, filters)
    text = LEVELS[name][min(level, len(LEVELS[name]) - 1)]
    own = known.filter(pl.col(name) == text)
    every = order(sample)
    mask = sample.levels(name) == table.factor(name).code(text)
    side = every.where(mask)
    assert isinstance(side, Blocked)
    check_runs(every, known)
    check_runs(side, own)
    ranks = known.with_columns(pl.col("y").rank("average").alias("rank"))
    found = every.ranked()
    close(float(found.sums[mask].sum()), float(ranks.filter(pl.col(name) == text)["rank"].sum()))
    size = known["y"].value_counts()["count"].to_numpy().astype(float)
    assert found.ties == float(np.sum(size**3 - size))
    assert found.constant == (known["y"].n_unique() <= 1)


def check_runs(runs: Ascending, known: pl.DataFrame) -> None:
    """Every figure that is read off the order."""
    known = known.sort("y", "row")
    y = known["y"].to_numpy()
    assert runs.n == len(y)
    if not len(y):
        assert math.isnan(runs.moments()[0])
        return
    assert runs.at(np.arange(runs.n)).tolist() == y.tolist()
    assert runs.rows(0, runs.n).tolist() == known["row"].to_list()
    assert (runs.low, runs.high) == (y[0], y[-1])
    probes = np.r_[y[:: max(1, len(y) // 7)], y[0] - 1, y[-1] + 1, y.mean()]
    assert runs.below(probes).tolist() == [int((y < v).sum()) for v in probes]
    assert runs.below(probes, equal=True).tolist() == [int((y <= v).sum()) for v in probes]
    shares = (0.05, 0.25, 0.5, 0.75, 0.95)
    close(runs.quantiles(shares), [known["y"].quantile(q, "linear") for q in shares])
    mean, squares = runs.moments()
    scale = float(np.abs(y - y.mean()).max()) + 1e-9
    assert mean == pytest.approx(known["y"].mean(), abs=1e-9 * scale + 1e-15 * abs(y).max())
    assert squares == pytest.approx(float(((y - y.mean()) ** 2).sum()), rel=1e-8, abs=1e-18)
    median = float(np.median(y))
    away = np.abs(y - median)
    distance, spread = runs.distances(median)
    close(distance, float(away.mean()))
    assert spread == pytest.approx(float(((away - away.mean()) ** 2).sum()), rel=1e-6, abs=1e-12 * scale**2)
    close(float(runs.distances_by_configuration().sum()), float(away.sum()))
    assert runs.whole_numbers() == bool((y == np.rint(y)).all())
    for places in {0, 1, len(y) // 2, len(y)}:
        assert runs.first(places).sum() == places
    some = np.unique(np.rint(np.linspace(0, len(y) - 1, 9)).astype(np.int64))
    values, at = runs.evenly(some)
    assert values.tolist() == y[at].tolist()
    assert (values[0], values[-1]) == (y[0], y[-1])


@SLOW
@given(sweeps())
def test_sums_by_configuration_against_polars(made: tuple[pd.DataFrame, dict[str, tuple[str, ...]], int]) -> None:
    frame, filters, most = made
    table, _ = tables(frame, most)
    sample = take(table, Slice.of(table, filters))
    known = inside(frame, filters).drop_nulls(list(LEVELS))
    groups = configurations(sample)
    free = [factor.name for factor in groups.factors]
    want = (
        known.group_by(free).agg(pl.len(), mean=pl.col("y").mean(), var=pl.col("y").var())
        if free
        else known.select(pl.len(), mean=pl.col("y").mean(), var=pl.col("y").var())
    )
    rows = {tuple(row[name] for name in free): row for row in want.to_dicts()}
    scale = float(known["y"].abs().max() or 1.0)
    if not any(len(levels) == 1 for levels in filters.values()) and free == list(LEVELS):
        assert groups.n == len(rows)
    for at in range(groups.n):
        key = tuple(levels[code] for levels, code in zip(groups.levels, groups.codes[:, at], strict=True))
        row = rows.get(key)
        if row is None or len(free) < len(LEVELS) - sum(len(levels) == 1 for levels in filters.values()):
            continue  # a free factor with one level: its NULLs count, too
        assert groups.count[at] == row["len"]
        assert groups.mean[at] == pytest.approx(row["mean"], abs=1e-12 * scale)
        if row["len"] > 1:
            assert groups.variance[at] == pytest.approx(row["var"], rel=1e-7, abs=1e-24 * scale**2 * row["len"] ** 3)


def same(got: object, want: object, path: str = "") -> None:
    """Two results are equal, number for number; what is thinned out for drawing aside."""
    if is_dataclass(got) and not isinstance(got, type):
        assert type(got) is type(want)
        for field in fields(got):
            if field.name not in ("ecdf", "ecdf_of", "outliers", "density", "notes", "sample", "runs"):
                same(getattr(got, field.name), getattr(want, field.name), f"{path}.{field.name}")
    elif isinstance(got, dict):
        assert got.keys() == want.keys(), path  # type: ignore[attr-defined]
        for key in got:
            same(got[key], want[key], f"{path}[{key}]")  # type: ignore[index]
    elif isinstance(got, (tuple, list)):
        assert len(got) == len(want), path  # type: ignore[arg-type]
        for at, (one, other) in enumerate(zip(got, want, strict=True)):  # type: ignore[call-overload]
            same(one, other, f"{path}[{at}]")
    elif isinstance(got, np.ndarray):
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-12, err_msg=path)  # type: ignore[arg-type]
    elif isinstance(got, float) and want is not None:
        assert got == pytest.approx(want, rel=1e-6, abs=1e-9, nan_ok=True), path
    else:
        assert got == want, path


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(sweeps(), st.sampled_from([None, "a", "b", "f"]), st.sampled_from(["min", "max"]))
def test_views_are_the_same_with_blocks_and_without(
    made: tuple[pd.DataFrame, dict[str, tuple[str, ...]], int], contrast: str | None, goal: str
) -> None:
    frame, filters, most = made
    both: list[Sample] = []
    for table in tables(frame, most, goal):
        assume(len(table.factors) == 3)
        both.append(take(table, Slice.of(table, filters, contrast)))
    for view in (glance, compare, effects, best, lambda sample: pair_card(sample, "a", "f")):
        same(*(view(sample) for sample in both))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.floats(0.0, 0.3), st.booleans())
def test_shared_effects_with_blocks_and_without(seed: int, replicates: int, gone: float, solved: bool) -> None:
    """Crossed replicates, complete or nearly: from the table of cells or from the runs, solved either way."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.indices((2, 2, 3)).reshape(3, -1), replicates, axis=1)
    frame = pd.DataFrame({name: np.array(LEVELS[name])[row] for name, row in zip(LEVELS, codes, strict=True)})
    frame["seed"] = np.tile(np.arange(replicates), 12)
    effect = rng.normal(size=replicates)[frame.seed]
    noise = rng.normal(size=len(frame)) * np.where(codes[0] == 1, 0.5, 0.1)
    frame["y"] = 3 + codes[0] * codes[1] + 0.3 * codes[2] + effect + noise
    frame = frame[rng.random(len(frame)) >= gone].reset_index(drop=True)
    assume(all(frame[name].nunique() > 1 for name in LEVELS))
    with pytest.MonkeyPatch.context() as patch:
        if solved:
            patch.setattr("ablate_tui.queries.inference.replicates.DIRECT", 1)
        table, plain = tables(frame, 16)
        mine, known = (take(made, Slice()) for made in (table, plain))
        got, want = shared.tested(mine), shared.tested(known)
    assert (got.blocks, got.reruns) == (want.blocks, want.reruns)
    if want.effect is not None:
        np.testing.assert_allclose(got.effect, want.effect, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(got.groups.mean, want.groups.mean, rtol=1e-9)
    np.testing.assert_allclose(got.groups.variance, want.groups.variance, rtol=1e-6, atol=1e-12)
    same(verdicts(mine).factors, verdicts(known).factors)


@pytest.mark.parametrize("most", [1, 10**9])
def test_shared_effects_that_quieten_nothing_stay_however_sums_round(most: int) -> None:
    """Seeds can't change the spread of a configuration that has one seed alone, and fit one that has each once."""
    frame = pd.DataFrame(
        {
            "a": ["on", "off", "off", "on", "off"],
            "seed": [1, 1, 1, 0, 1],
            "y": [1000.062924, 998.517999, 999.696301, 1000.434453, 1000.535136],
        }
    )
    with blocks(16, most):
        found = shared.tested(take(sweep(frame, replicates=("seed",), levels=LEVELS), Slice()))
    assert found.blocks == 0


@pytest.mark.parametrize("name", ["normal", "heavy", "narrow slice", "ties"])
def test_densities_and_steps_of_many_runs(name: str) -> None:
    """200,000 runs in the blocks that the program makes: the density keeps its promise, the steps are exact."""
    rng = np.random.default_rng(1)
    n = 200_000
    code = rng.integers(0, 4, n)
    y = rng.standard_t(2, n) if name == "heavy" else rng.normal(size=n)
    y = np.where(code == 3, 0.01 * y, y) if name == "narrow slice" else np.round(y, 3) if name == "ties" else y
    frame = pd.DataFrame({"a": np.array(LEVELS["a"])[code % 2], "b": np.array(LEVELS["b"])[code // 2], "y": y})
    table = sweep(frame)
    assert table.in_order.blocked
    sample = take(table, Slice.of(table, {"b": ("on",)}, "a"))
    found = compare(sample)
    for level in LEVELS["a"]:
        own = np.sort(frame.y[(frame.a == level) & (frame.b == "on")].to_numpy())
        x, share = np.array(found.ecdf.x[level]), np.array(found.ecdf.y[level])
        assert 400 < len(x) <= 514
        assert (x[0], x[-1], share[-1]) == (own[0], own[-1], 1.0)
        np.testing.assert_allclose(share, np.searchsorted(own, x, side="right") / len(own))
        assert np.diff(share).max() < 0.02
        h = own.std(ddof=1) * len(own) ** -0.2
        grid = np.array(found.kde.x)
        probes = np.linspace(0, len(grid) - 1, 12).astype(int)
        want = [np.exp(-0.5 * ((grid[at] - own) / h) ** 2).sum() for at in probes]
        got = np.array(found.kde.density[level])[probes] * len(own) * h * math.sqrt(2 * math.pi)
        assert np.abs(got - want).max() <= 1e-4 * len(own)


@settings(max_examples=100)
@given(
    st.lists(
        st.one_of(st.integers(-3, 3).map(float), st.floats(allow_infinity=False, width=32)), min_size=1, max_size=60
    ),
    st.sampled_from([1.0, 1e-300, 1e290]),
)
def test_the_order_of_runs(values: list[float], scale: float) -> None:
    """Ascending, equal values in the order of the source, whatever their range."""
    with np.errstate(over="ignore"):
        y = np.tile(np.array(values) * scale, 100)
    y[~np.isfinite(y)] = np.nan
    finished = np.isfinite(y)
    got, ascending = cube.sort(np.where(finished, y, np.nan), finished)
    assert ascending.tolist() == y[got].tolist()
    want = np.argsort(y, kind="stable")[: finished.sum()]
    assert got.tolist() == want.tolist()


@pytest.mark.parametrize("goal", ["min", "max"])
def test_best_rows_keep_the_order_of_the_source_among_equals(goal: str) -> None:
    y = np.array([2.0, 1.0, 1.0, 3.0, 3.0, 2.0, 3.0])
    by = np.argsort(y, kind="stable")
    want = np.argsort(y if goal == "min" else -y, kind="stable")
    for k in range(1, 8):
        assert best_rows(Values(y[by], by), k, goal).tolist() == want[:k].tolist()


def test_the_first_stage_of_the_effects_table_is_the_whole_but_for_what_is_said_to_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With seeds crossed, as their shared effects leave no way to medians but through the runs."""
    monkeypatch.setattr("ablate_tui.data.schema.LARGE", 1)
    rng = np.random.default_rng(3)
    codes = np.repeat(np.indices((2, 2, 3)).reshape(3, -1), 6, axis=1)
    frame = pd.DataFrame({name: np.array(LEVELS[name])[row] for name, row in zip(LEVELS, codes, strict=True)})
    frame["seed"] = np.tile(np.arange(6), 12)
    frame["y"] = 2.0 * (codes[0] == codes[1]) + rng.normal(size=6)[frame.seed] + 0.05 * rng.normal(size=len(frame))
    sample = take(sweep(frame, replicates=("seed",), levels=LEVELS), Slice())
    first, whole = effects(sample, by_runs=False), effects(sample)
    told = {(note.row, field) for note in first.notes if note.reason == PENDING for field in note.field.split()}
    changed = set()
    for one, other in zip(first.rows, whole.rows, strict=True):
        for field in fields(one):
            got, want = getattr(one, field.name), getattr(other, field.name)
            if got != want:
                assert got is None or field.name == "reason"
                assert field.name == "reason" or (one.name, field.name) in told
                changed.add(field.name)
    assert {"mann_whitney_p", "wilcoxon_p", "pairs", "kruskal_p", "verdict"} <= changed
    assert not changed & {"mean_diff", "location_p", "noise_p", "sd_ratio", "brown_forsythe_p", "best_p"}


def test_a_look_at_every_run_can_be_given_up() -> None:
    frame = pd.DataFrame({"a": ["off", "on"] * 4, "y": np.arange(8.0)})
    with pytest.raises(Cancelled):
        effects(take(sweep(frame), Slice()), cancelled=lambda: True)

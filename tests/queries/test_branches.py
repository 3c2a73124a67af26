"""Factors that only a branch of the runs has, as a search space with conditional parameters makes them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from tests.queries.make import sweep

from ablate_tui.data.schema import RunTable
from ablate_tui.queries.configurations import configurations
from ablate_tui.queries.design import design
from ablate_tui.queries.effects import effects
from ablate_tui.queries.importance import importance
from ablate_tui.queries.interactions import interactions
from ablate_tui.queries.pairs import pairs
from ablate_tui.queries.slices import Slice, take


def frame(seeds: int = 4) -> pd.DataFrame:
    """norm × optimizer × seed; momentum where the optimizer is sgd, nesterov where there is momentum."""
    rng = np.random.default_rng(5)
    rows = []
    for norm in ("off", "on"):
        for optimizer, momentum, nesterov in (
            ("adam", None, None),
            ("sgd", "0.0", None),
            ("sgd", "0.9", "no"),
            ("sgd", "0.9", "yes"),
        ):
            for seed in range(seeds):
                effect = 0.5 * (norm == "on") + 0.3 * (optimizer == "sgd") + 0.2 * (momentum == "0.9")
                rows.append((norm, optimizer, momentum, nesterov, seed, effect + rng.normal(0, 0.05)))
    return pd.DataFrame(rows, columns=["norm", "optimizer", "momentum", "nesterov", "seed", "loss"])


@pytest.fixture
def table() -> RunTable:
    return sweep(frame(), "loss", replicates=("seed",))


def test_what_decides_on_a_factor_is_found(table: RunTable) -> None:
    assert table.conditions == {"momentum": "optimizer", "nesterov": "momentum"}


def test_values_that_are_missing_by_chance_are_no_branch() -> None:
    runs = frame()
    runs.loc[[3, 30], "norm"] = None
    table = sweep(runs, "loss", replicates=("seed",))
    assert "norm" not in table.conditions
    assert configurations(take(table, Slice())).left_out == 2


def test_all_runs_count_and_branches_stay_apart(table: RunTable) -> None:
    """What differs within a branch is no replicate, and no run is left out."""
    sample = take(table, Slice())
    groups = configurations(sample)
    assert [factor.name for factor in groups.factors] == ["norm", "optimizer"]
    assert groups.left_out == 0
    assert groups.count.tolist() == [4] * 8
    known = frame().groupby(["norm", "optimizer", "momentum", "nesterov"], dropna=False).loss
    np.testing.assert_allclose(sorted(groups.mean), sorted(known.mean()))
    np.testing.assert_allclose(sorted(groups.variance), sorted(known.var()))


def test_effects_are_those_of_the_model_of_the_rest(table: RunTable) -> None:
    rows = {row.switch: row for row in effects(take(table, Slice(location=(("norm",), ("optimizer",))))).rows}
    means = frame().assign(loss=lambda runs: runs.loss - runs.groupby("seed").loss.transform("mean"))
    means = means.groupby(["norm", "optimizer", "momentum", "nesterov"], dropna=False).loss.mean().reset_index()
    fit = smf.ols("loss ~ norm + optimizer", means).fit(cov_type="HC3", use_t=True)
    assert rows["norm"].location_p == pytest.approx(fit.pvalues["norm[T.on]"], rel=1e-6)
    assert rows["optimizer"].location_p == pytest.approx(fit.pvalues["optimizer[T.sgd]"], rel=1e-6)
    assert rows["momentum"].location_p is None
    assert rows["momentum"].mean_diff == pytest.approx(0.2, abs=0.05)


def test_a_branch_by_itself_has_its_factors(table: RunTable) -> None:
    kept = take(table, Slice.of(table, {"optimizer": ("sgd",)}))
    groups = configurations(kept)
    assert [factor.name for factor in groups.factors] == ["norm", "momentum"]
    rows = {row.switch: row for row in effects(kept).rows}
    assert rows["momentum"].verdict == "shift"
    narrower = take(table, Slice.of(table, {"optimizer": ("sgd",), "momentum": ("0.9",)}))
    assert [factor.name for factor in configurations(narrower).factors] == ["norm", "nesterov"]


def test_pairs_name_what_a_branch_has(table: RunTable) -> None:
    found = pairs(take(table, Slice()), "norm")
    assert set(found.others) == {"optimizer", "momentum", "nesterov"}
    named = {row.configuration for row in found.rows}
    assert len(named) == 4  # as many as there are apart, each with its seeds
    assert "optimizer=sgd, momentum=0.9, nesterov=yes" in named


def test_every_view_says_why_a_factor_is_not_in_it(table: RunTable) -> None:
    sample = take(table, Slice())
    reasons = [note.reason for note in effects(sample).notes if note.row == "momentum"]
    assert "only set where optimizer has some levels: keep one of these to test it" in reasons
    found = importance(sample)
    assert [row.switch for row in found.rows] == ["norm", "optimizer"]
    assert any(note.row == "momentum" and "optimizer" in note.reason for note in found.notes)
    assert [(row.a, row.b) for row in interactions(sample, found).rows] == [("norm", "optimizer")]
    cells = design(sample)
    assert (cells.configurations, cells.possible, cells.replicates_max) == (4, 4, 12)

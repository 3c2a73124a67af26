"""The p-value of failures against statsmodels' HC3."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from ablate_tui.queries.effects import effects
from ablate_tui.queries.reasons import reason
from ablate_tui.queries.slices import Slice, take

from .make import sweep


def frame_of(seed: int, runs: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.integers(0, 2, runs).astype(bool) for name in "abc"})
    frame["f"] = rng.choice(["x", "y", "z"], runs)
    frame["y"] = rng.normal(size=runs)
    frame.loc[rng.random(runs) < 0.1 + 0.2 * frame.a + 0.1 * (frame.f == "y"), "y"] = np.nan
    return frame


@pytest.mark.parametrize("seed", range(4))
def test_against_statsmodels(seed: int) -> None:
    frame = frame_of(seed)
    made = sweep(frame)
    rows = {row.name: row for row in effects(take(made, Slice())).rows}
    shares = frame.assign(failed=frame.y.isna()).groupby(list("abcf"), as_index=False).failed.mean()
    shares[list("abc")] = shares[list("abc")].astype(int)
    fit = smf.ols("failed ~ a + b + c + C(f)", shares).fit(cov_type="HC3", use_t=True)
    for name in "abc":
        assert rows[name].failure_p == pytest.approx(fit.pvalues[name], rel=1e-6)
    x, y, z = "-.5*C(f)[T.y] - .5*C(f)[T.z]", "C(f)[T.y] - .5*C(f)[T.z]", "C(f)[T.z] - .5*C(f)[T.y]"
    for level, contrast in (("x", x), ("y", y), ("z", z)):
        want = float(fit.t_test(f"{contrast} = 0").pvalue)
        assert rows[f"f={level}"].failure_p == pytest.approx(want, rel=1e-6)
    assert made.failed.sum() == frame.y.isna().sum()


def test_a_filter_drops_its_term() -> None:
    frame = frame_of(9)
    made = sweep(frame)
    rows = {row.name: row for row in effects(take(made, Slice.of(made, {"b": ("on",), "f": ("x", "z")}))).rows}
    part = frame[frame.b & (frame.f != "y")]
    shares = part.assign(failed=part.y.isna()).groupby(list("acf"), as_index=False).failed.mean()
    shares[list("ac")] = shares[list("ac")].astype(int)
    fit = smf.ols("failed ~ a + c + C(f)", shares).fit(cov_type="HC3", use_t=True)
    assert rows["a"].failure_p == pytest.approx(fit.pvalues["a"], rel=1e-6)
    assert rows["f=z"].failure_p == pytest.approx(fit.pvalues["C(f)[T.z]"], rel=1e-6)
    assert rows["b"].failure_p is None


def why(frame: pd.DataFrame, row: str = "a", **options: object) -> str:
    found = effects(take(sweep(frame, **options), Slice()))
    assert {r.name: r.failure_p for r in found.rows}[row] is None
    return str(reason(found.notes, row, "failure_p"))


def test_reasons() -> None:
    frame = frame_of(2)
    assert why(frame.assign(y=1.0)) == "no run has failed"
    assert why(frame.assign(y=np.nan)) == "every run has failed"
    assert "aliased" in why(frame.assign(d=frame.a))
    assert "fits exactly" in why(frame.assign(y=np.where(frame.a, np.nan, 1.0)))
    small = pd.DataFrame({"a": [True, False, True], "b": [True, True, False], "y": [1.0, np.nan, 2.0]})
    assert "no residual degrees of freedom" in why(small)
    lone = frame.assign(d=False)
    lone = pd.concat([lone, lone.iloc[:1].assign(d=True)], ignore_index=True)
    assert "leverage 1" in why(lone)


def test_aliased_switches_leave_the_others_their_p() -> None:
    frame = frame_of(2)
    alone = {row.name: row for row in effects(take(sweep(frame), Slice())).rows}
    rows = {row.name: row for row in effects(take(sweep(frame.assign(d=~frame.a)), Slice())).rows}
    assert rows["a"].failure_p is None
    assert rows["d"].failure_p is None
    assert rows["b"].failure_p == pytest.approx(alone["b"].failure_p, rel=1e-9)


def test_runs_without_a_level_are_left_out_and_told() -> None:
    frame = frame_of(5)
    holes = frame.astype({"b": object})
    holes.loc[:19, "b"] = None
    found = effects(take(sweep(holes), Slice()))
    kept = effects(take(sweep(frame.iloc[20:]), Slice()))
    assert found.rows[0].failure_p == pytest.approx(kept.rows[0].failure_p, rel=1e-9)
    assert any("some free factor (20)" in note.reason for note in found.notes)

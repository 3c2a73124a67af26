"""The half-normal plot: quantiles, margins, effects on mean and spread, by textbooks, scipy and statsmodels."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import special, stats
from tests.queries import textbooks
from tests.queries.make import degenerate, json_ready, reference, sweep

from ablate_tui.queries.half_normal import MOST_TERMS, half_normal
from ablate_tui.queries.inference.lenth import lenth
from ablate_tui.queries.slices import Slice, take


def plot(frame: pd.DataFrame, target: str = "mean", location=None, **more):
    """The half-normal plot of a whole frame."""
    table = sweep(frame, **more)
    return half_normal(take(table, Slice.of(table, {}, None, location)), target)


def effects(found) -> dict[str, float]:
    """Effects by term."""
    return {row.term: row.effect for row in found.rows}


def test_filtration_rate():
    """Montgomery's example: order, margins and the five effects beyond ME."""
    frame, printed = textbooks.filtration()
    found = plot(frame)
    assert effects(found) == pytest.approx(printed["effects"])
    assert (round(found.pse, 3), round(found.me, 2), round(found.sme, 2)) == (2.625, 6.75, 13.7)
    assert [row.term for row in found.rows if row.active] == ["A", "A:C", "A:D", "D", "C"]
    assert {row.term for row in found.rows if abs(row.effect) > found.sme} == printed["beyond_sme"]
    sizes = [abs(row.effect) for row in found.rows]
    assert sizes == sorted(sizes, reverse=True)
    expected = stats.halfnorm.ppf((np.arange(15, 0, -1) - 0.5) / 15)
    np.testing.assert_allclose([row.quantile for row in found.rows], expected, rtol=1e-9)


def test_the_pilot_plant_run_twice():
    """The means' effects, and those on ln s of the printed variances: their constant expectation cancels."""
    frame, printed = textbooks.pilot_plant()
    found = plot(frame, replicates=["run"])
    assert effects(found) == pytest.approx(printed["effects"], abs=1e-9)
    # the runs are no block here: the printed variances hold what the first differs from the second
    spread = plot(frame.drop(columns="run"), "spread")
    assert spread.unit == "ln SD"
    ln_s = np.log(printed["variances"]) / 2
    signs = 2 * textbooks.factorial("TCK").to_numpy() - 1
    for term in ("T", "C:K", "T:C:K"):
        sign = signs[:, ["TCK".index(name) for name in term.split(":")]].prod(axis=1)
        assert effects(spread)[term] == pytest.approx(ln_s[sign > 0].mean() - ln_s[sign < 0].mean())


def pieces(found) -> dict[str, float]:
    """Effects by each of the aliases."""
    return {part: row.effect for row in found.rows for part in row.term.split(" = ")}


@pytest.mark.parametrize("experiment", [textbooks.panels, textbooks.injection_moulding])
def test_dispersion_effects_of_the_residuals(experiment):
    """ln F* of every term, given the location model of the book; printed from rounded SDs."""
    frame, printed = experiment()
    terms = tuple(tuple(term.split(":")) for term in printed["location"])
    found = plot(frame, "spread", location=terms)
    assert found.unit == "ln F*"
    for name, value in printed["ln_f_star"].items():
        if name in effects(found):
            assert effects(found)[name] == pytest.approx(value, abs=0.0165), name
    assert sum(name in effects(found) for name in printed["ln_f_star"]) >= 13
    assert any("Pan 1999" in note.reason for note in found.notes)


def test_the_only_dispersion_effect_of_the_panels():
    """Clamp time, B: 2.386 from the residuals; beyond ME without being told the location model."""
    frame, printed = textbooks.panels()
    found = plot(frame, "spread")
    assert effects(found)["B"] == pytest.approx(printed["ln_f_star_of_B"], abs=5e-4)
    assert [row.term for row in found.rows if row.active] == ["B"]
    assert [row.term for row in plot(frame).rows if row.active] == ["A", "C"]


def test_holding_time_given_the_books_location_model():
    """C stands alone, at 2.50; two more location terms, whose product is C, would take its place."""
    frame, _ = textbooks.injection_moulding()
    found = plot(frame, "spread", location=(("A",), ("B",), ("A", "B")))
    assert [row.term for row in found.rows if row.active] == ["C"]
    assert found.rows[0].effect == pytest.approx(2.50, abs=0.005)
    more = plot(frame, "spread", location=(("A",), ("B",), ("A", "B"), ("A", "D"), ("A", "B", "F")))
    assert abs(effects(more)["C"]) < 0.1


def test_the_weld_names_its_aliases():
    """Period and material, each once, with the interactions that look the same."""
    frame, printed = textbooks.welding()
    found = plot(frame)
    assert [row.term for row in found.rows if row.active] == ["M = T:P = W:H", "P = T:M"]
    assert len(found.rows) == 15
    assert len(pieces(found)) == 9 + 36
    assert found.pse == pytest.approx(printed["pse"])
    spread = plot(frame, "spread")
    assert spread.rows[0].term == "M = T:P = W:H"


def test_the_peas():
    """Levels of the blocks against the others, switches as they are; the margins are called rough."""
    frame, printed = textbooks.npk()
    found = plot(frame, goal="max")
    for name, value in printed["effects"].items():
        assert effects(found)[name] == pytest.approx(value, abs=5e-4)
    block = frame["block"] == 3
    difference = frame["y"][block].mean() - frame["y"][~block].mean()
    assert effects(found)["block=3"] == pytest.approx(difference * 2 * math.sqrt(4 * 20) / 24)
    # sums of squares of one degree of freedom are those of the analysis of variance
    for term in ("N", "P", "K", "N:P", "N:K", "P:K"):
        assert effects(found)[term] ** 2 * 24 / 4 == pytest.approx(printed["anova"][term][1], abs=5e-4)
    assert any("rough" in note.reason for note in found.notes)


def random_design(n: int, k: int, seed: int = 0, levels: int = 2) -> pd.DataFrame:
    """Configurations drawn at random, one effect, one interaction, one dispersion effect."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.integers(0, levels, (n, k)), columns=[f"s{at}" for at in range(k)]).drop_duplicates()
    y = 1.0 * frame["s0"] + 2.0 * frame["s1"] * frame["s2"] + rng.normal(size=len(frame)) * np.exp(0.8 * frame["s3"])
    return frame.assign(y=y)


def signs_of(frame: pd.DataFrame, term: str) -> np.ndarray:
    """Signs of an interaction of switches."""
    return np.prod([2 * frame[name] - 1 for name in term.split(":")], axis=0)


def test_roomy_random_designs_are_fitted_together():
    """Each effect is the coefficient of one least-squares model (statsmodels), on the scale of equal variance."""
    frame = random_design(220, 8)
    found = effects(plot(frame))
    terms = [f"s{a}" for a in range(8)] + [f"s{a}:s{b}" for a in range(8) for b in range(a + 1, 8)]
    assert set(found) == set(terms)
    centred = frame[[f"s{at}" for at in range(8)]] - frame[[f"s{at}" for at in range(8)]].mean()
    columns = [centred[term.split(":")].prod(axis=1) for term in terms]
    model = sm.OLS(frame["y"], sm.add_constant(np.column_stack(columns))).fit()
    for at, term in enumerate(terms, start=1):
        expected = model.params.iloc[at] / math.sqrt(model.normalized_cov_params.iloc[at, at])
        assert found[term] == pytest.approx(expected * 2 / math.sqrt(len(frame)), rel=1e-6)
    loud = [row.term for row in plot(frame).rows if row.active]
    assert {"s0", "s1", "s2", "s1:s2"} <= set(loud)


def test_a_full_factorial_has_the_plain_effects():
    """Beyond 64 configurations too: mean where the sign is + less mean where it is −."""
    frame = textbooks.factorial("abcdefg")
    frame["y"] = np.random.default_rng(1).normal(size=128)
    found = effects(plot(frame))
    assert len(found) == 7 + 21
    for term, value in found.items():
        sign = signs_of(frame, term)
        assert value == pytest.approx(frame["y"][sign > 0].mean() - frame["y"][sign < 0].mean())


def test_replicates_weigh():
    """Means of more runs count for more: weighted least squares."""
    frame = random_design(300, 5).sort_values([f"s{at}" for at in range(5)])
    rng = np.random.default_rng(3)
    frame = frame.loc[frame.index.repeat(rng.integers(2, 5, len(frame)))].reset_index(drop=True)
    frame["y"] += rng.normal(size=len(frame)) * np.exp(frame["s3"])
    found = effects(plot(frame))
    cells = frame.groupby([f"s{at}" for at in range(5)])["y"].agg(["mean", "count", "std"]).reset_index()
    mains = sm.add_constant(2.0 * cells[[f"s{at}" for at in range(5)]] - 1)
    model = sm.WLS(cells["mean"], mains, cells["count"]).fit()
    expected = model.params["s0"] / math.sqrt(model.normalized_cov_params.loc["s0", "s0"])
    assert found["s0"] == pytest.approx(2 / math.sqrt(cells["count"].sum()) * expected)
    half = (cells["count"] - 1) / 2
    ln_s = np.log(cells["std"]) - (special.digamma(half) - np.log(half)) / 2
    weight = 4 / special.polygamma(1, half)
    model = sm.WLS(ln_s, mains, weight).fit()
    expected = model.params["s3"] / math.sqrt(model.normalized_cov_params.loc["s3", "s3"])
    spread = plot(frame, "spread")
    assert spread.unit == "ln SD"
    assert effects(spread)["s3"] == pytest.approx(2 / math.sqrt(weight.sum()) * expected)
    assert spread.rows[0].term == "s3"


def test_configurations_whose_replicates_are_equal_are_counted():
    """Their ln s is no number: left out, and told."""
    frame = pd.concat([textbooks.factorial("abc")] * 3, ignore_index=True)
    frame["seed"] = np.arange(24)  # never the same: no shared effects to take out
    frame["y"] = np.where(frame[["a", "b", "c"]].sum(axis=1) == 0, 5.0, np.random.default_rng(0).normal(size=24))
    found = plot(frame, "spread", replicates=["seed"])
    assert found.unit == "ln SD"
    assert len(found.rows) == 6  # seven configurations
    assert [note.reason for note in found.notes] == ["1 of 8 whose replicates are all equal are left out"]


def test_levels_without_replicates_are_no_levels_of_the_spread():
    """A level, and a switch, that only single runs have is left out there, not the rest of its factor."""
    full = pd.DataFrame([(a, b, c) for a in "pqrs" for b in (0, 1) for c in range(3)], columns=["a", "b", "c"])
    kept = full[(full["a"] != "q") & (full["b"] == 0)]
    frame = pd.concat([full[~full.index.isin(kept.index)].iloc[:8], *[kept] * 3], ignore_index=True)
    frame["seed"] = np.arange(len(frame))
    found = plot(frame.assign(y=np.random.default_rng(2).normal(size=len(frame))), "spread", replicates=["seed"])
    assert found.unit == "ln SD"
    assert {row.term for row in found.rows if ":" not in row.term} == {"a=p", "a=r", "a=s", "c=0", "c=1", "c=2"}


def test_unequal_sides_of_residuals_are_put_on_one_scale():
    """ln F* times 2√(n₊n₋)/n, so that all have the variance of a balanced one."""
    frame = random_design(90, 7)
    found = plot(frame, "spread")
    assert found.unit == "ln F*"
    assert found.rows[0].term == "s3"
    from ablate_tui.queries.inference.location import location

    model = location(take(sweep(frame), Slice()))
    codes = model.groups.codes
    for a, b in ((3, 3), (0, 2), (4, 6)):
        on = codes[a] == codes[b] if a != b else codes[a] == 1
        ratio = math.log(np.var(model.residual[on], ddof=1) / np.var(model.residual[~on], ddof=1))
        name = f"s{a}" if a == b else f"s{a}:s{b}"
        assert effects(found)[name] == pytest.approx(2 * math.sqrt(on.sum() * (~on).sum()) / len(on) * ratio)


def test_more_terms_than_fit():
    """Interactions of the factors with the largest main effects, and the note says so."""
    frame = random_design(700, 30)
    found = plot(frame)
    assert len(found.rows) <= MOST_TERMS
    assert any("largest main effects" in note.reason for note in found.notes)
    assert sum(":" not in row.term for row in found.rows) == 30
    assert {"s0", "s1:s2"} <= {row.term for row in found.rows if row.active}


def test_aliases_in_large_designs():
    """A switch that copies another has no effect of its own, and its interactions are named once."""
    frame = random_design(600, 8)
    frame.insert(3, "copy", frame["s1"])
    found = plot(frame)
    assert "s1 = copy" in effects(found)
    assert "s1:s2 = s2:copy" in effects(found)
    assert len(found.rows) == 8 + 28
    plain = effects(plot(frame.drop(columns="copy")))
    assert effects(found)["s1 = copy"] == pytest.approx(plain["s1"])


@pytest.mark.parametrize("n", [45, 900])
def test_factors_of_many_levels(n):
    """Every level against the others, in tight and in roomy designs."""
    frame = random_design(n, 4, levels=3)
    names = [row.term for row in plot(frame).rows]
    assert {f"s{at}={level}" for at in range(4) for level in range(3)} <= set(names)
    spread = [row.term for row in plot(frame, "spread").rows]
    assert set(spread) == {f"s{at}={level}" for at in range(4) for level in range(3)}


def test_a_factor_of_too_many_levels():
    """Nothing is drawn, and the reason says why."""
    frame = pd.DataFrame({"a": np.arange(400) % 350, "b": np.arange(400) % 2, "y": np.arange(400.0)})
    found = plot(frame)
    assert found.rows == ()
    assert found.notes[-1].field == "rows pse me sme"
    assert "more than" in found.notes[-1].reason


@pytest.mark.parametrize("target", ["mean", "spread"])
@pytest.mark.parametrize("name", degenerate())
def test_odd_sweeps_give_reasons(name, target):
    """No margin and no activity without a reason; nothing that JSON can't hold."""
    found = half_normal(take(degenerate()[name], Slice()), target)
    json_ready([asdict(row) for row in found.rows])
    json_ready({"pse": found.pse, "me": found.me, "sme": found.sme})
    if found.me is None:
        assert all(row.active is None for row in found.rows)
        assert any("pse me sme" in note.field and note.reason for note in found.notes)
    else:
        assert found.me == pytest.approx(lenth(np.array([row.effect for row in found.rows])).me)


def test_the_real_sweep_of_attention_norms():
    """post_attn_norm narrows the spread and crosses over with the activation; its main effect is small."""
    table, _ = reference("att_norm")
    sample = take(table, Slice())
    mean, spread = half_normal(sample, "mean"), half_normal(sample, "spread")
    assert spread.unit == "ln SD"
    loud = {row.term for row in spread.rows if row.active}
    assert "post_attn_norm" in loud
    assert effects(spread)["post_attn_norm"] < 0
    by_size = [row.term for row in mean.rows]
    assert by_size.index("attn_activ=softmax:post_attn_norm") < by_size.index("post_attn_norm")
    assert not next(row.active for row in mean.rows if row.term == "post_attn_norm")

"""Levels and pairs of levels among the best configurations against scipy, pandas and brute force."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ablate_tui.queries.best import best
from ablate_tui.queries.configurations import configurations
from ablate_tui.queries.effects import effects
from ablate_tui.queries.inference import enrichment
from ablate_tui.queries.inference.enrichment import among_best, best_p, best_pairs, exact_p, joint_share
from ablate_tui.queries.reasons import reason
from ablate_tui.queries.slices import Slice, take

from .make import SHARED, json_ready, reference, sweep


def frame_of(seed: int, runs: int = 240, balanced: bool = False) -> pd.DataFrame:
    """Two switches and a factor; the second switch is on more often where the first is, unless balanced."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.integers(0, 2, runs).astype(bool), "f": rng.choice(["x", "y", "z"], runs)})
    frame["b"] = rng.random(runs) < (0.5 if balanced else np.where(frame.a, 0.8, 0.4))
    frame["g"] = rng.integers(0, 40, runs).astype(str)
    frame["y"] = rng.normal(size=runs) - frame.a * frame.b * 0.7 + (frame.f == "z") * 0.5
    return frame


def marked(frame: pd.DataFrame, factors: list[str], goal: str, share: float = 0.1) -> pd.DataFrame:
    """One row a configuration, with whether it is among the best."""
    means = frame.groupby(factors, as_index=False).y.mean()
    k = math.ceil(share * len(means) - 1e-9)
    border = means.y.sort_values(ascending=goal == "min").iloc[k - 1]
    means["best"] = means.y <= border if goal == "min" else means.y >= border
    return means


def fisher(level: pd.Series, best_: pd.Series) -> float:
    table = pd.crosstab(level, best_).reindex(index=[False, True], columns=[False, True], fill_value=0)
    return stats.fisher_exact(table.to_numpy()).pvalue


@pytest.mark.parametrize("goal", ["min", "max"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_p_of_every_level_against_scipy(seed: int, goal: str) -> None:
    frame = frame_of(seed)
    sample = take(sweep(frame, goal=goal), Slice())
    found = best_p(configurations(sample), goal)
    want = marked(frame, ["a", "f", "b", "g"], goal)
    assert found.among.n == want.best.sum()
    assert found.p["a", "true"] == pytest.approx(fisher(want.a, want.best), rel=1e-9)
    assert found.p["a", "false"] == pytest.approx(found.p["a", "true"], rel=1e-12)
    for level in ("x", "y", "z"):
        assert found.p["f", level] == pytest.approx(fisher(want.f == level, want.best), rel=1e-9)
    rows = {(row.switch, row.level): row.p for row in best(sample).rows}
    assert rows == {key: found.p[key] for key in rows}


@pytest.mark.parametrize("n", [12, 400, 30_000])
def test_exact_p_against_scipy(n: int) -> None:
    rng = np.random.default_rng(n)
    first = rng.integers(1, n, 40)
    second = rng.integers(1, n, 40)
    both = np.array([rng.hypergeometric(a, n - a, b) for a, b in zip(first, second, strict=True)])
    shifted = np.clip(both + rng.integers(-3, 4, 40), np.maximum(0, first + second - n), np.minimum(first, second))
    got = exact_p(shifted, first, second, n)
    for x, a, b, p in zip(shifted, first, second, got, strict=True):
        want = stats.fisher_exact([[x, a - x], [b - x, n - a - b + x]]).pvalue
        assert p == pytest.approx(want, rel=1e-7)


def test_a_count_far_out_has_p_zero() -> None:
    assert exact_p(np.array([50_000]), np.array([50_000]), np.array([50_000]), 100_000).tolist() == [0.0]


@pytest.mark.parametrize("n", [30, 4_000])
def test_exact_p_with_an_odds_ratio_against_the_noncentral_hypergeometric(n: int) -> None:
    rng = np.random.default_rng(n)
    for odds in (0.2, 1.0, 6.5):
        a, b = int(rng.integers(n // 4, n // 2)), int(rng.integers(n // 4, n // 2))
        law = stats.nchypergeom_fisher(n, a, b, odds)
        values = np.arange(max(0, a + b - n), min(a, b) + 1)
        mass = law.pmf(values)
        for x in (int(law.ppf(0.5)), int(law.ppf(0.97)), int(law.ppf(0.002))):
            want = mass[mass <= law.pmf(x) * (1 + 1e-7)].sum()
            got = exact_p(np.array([x]), np.array([a]), np.array([b]), n, np.array([math.log(odds)]))
            assert got[0] == pytest.approx(want, rel=1e-6)


def test_joint_share_keeps_margins_and_odds_ratio() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random(200), rng.random(200)
    odds = np.exp(rng.normal(0, 2, 200))
    x = joint_share(a, b, odds)
    assert np.all((x >= 0) & (x <= np.minimum(a, b) + 1e-12) & (x >= a + b - 1 - 1e-12))
    np.testing.assert_allclose(x * (1 - a - b + x) / ((a - x) * (b - x)), odds, rtol=1e-6)
    np.testing.assert_allclose(joint_share(a, b, np.ones(200)), a * b, rtol=1e-12)
    np.testing.assert_allclose(joint_share(a, b, np.full(200, 1 + 1e-9)), a * b, rtol=1e-7)
    assert np.isnan(joint_share(a[:2], b[:2], np.array([np.inf, np.nan]))).all()


@pytest.mark.parametrize("seed", [4, 5])
def test_pairs_against_pandas(seed: int) -> None:
    frame = frame_of(seed)
    groups = configurations(take(sweep(frame), Slice()))
    found = best_pairs(groups, "min", share=0.2)
    want = marked(frame, ["a", "f", "b", "g"], "min", 0.2)
    among = want[want.best]
    levels = {"a": {"true": True, "false": False}, "b": {"true": True, "false": False}}
    assert len(found.rows) == 40 < found.of
    assert any("40 of" in note for note in found.notes)
    for row in found.rows:
        of_a, of_b = (levels.get(n, {}).get(t, t) for n, t in ((row.a, row.level_a), (row.b, row.level_b)))
        both = (want[row.a] == of_a) & (want[row.b] == of_b)
        assert row.share == pytest.approx(both[want.best].mean())
        assert row.base == pytest.approx(both.mean())
        assert row.p == pytest.approx(fisher(both, want.best), rel=1e-9)
        if row.expected is not None:
            # brute force: fit the design's table of the two levels to the margins of the best
            table = pd.crosstab(want[row.a] == of_a, want[row.b] == of_b).to_numpy().astype(float)
            shares = (among[row.a] == of_a).mean(), (among[row.b] == of_b).mean()
            table /= table.sum()
            for _ in range(2_000):
                table *= np.array([1 - shares[0], shares[0]])[:, None] / np.maximum(table.sum(1), 1e-300)[:, None]
                table *= np.array([1 - shares[1], shares[1]]) / np.maximum(table.sum(0), 1e-300)
            assert row.expected == pytest.approx(table[1, 1], abs=1e-9)


def test_q_values_are_over_all_combinations() -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({name: rng.integers(0, 2, 400) for name in "abcd"})
    frame["y"] = rng.normal(size=400) - frame.a * frame.b
    frame["e"] = rng.integers(0, 30, 400).astype(str)
    groups = configurations(take(sweep(frame, factors=list("abcd")), Slice()))
    found = best_pairs(groups, "min", share=0.3)
    assert len(found.rows) == found.of == 24
    np.testing.assert_allclose(
        [row.q for row in found.rows], stats.false_discovery_control([row.p for row in found.rows]), rtol=1e-12
    )
    np.testing.assert_allclose(
        [row.pair_q for row in found.rows],
        stats.false_discovery_control([row.pair_p for row in found.rows]),
        rtol=1e-12,
    )
    order = [row.pair_p for row in found.rows]
    assert order == pytest.approx(sorted(order))


def test_two_strong_switches_are_no_strong_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """What each does alone is in the expected share; what only both do together is not."""
    monkeypatch.setattr(enrichment, "LISTED_PAIRS", 1_000)
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({f"s{i}": (np.arange(256) >> i) % 2 for i in range(8)})
    alone = frame.assign(y=-2.0 * frame.s0 - 2.0 * frame.s1 + rng.normal(size=256))
    row = next(
        row
        for row in best_pairs(configurations(take(sweep(alone), Slice())), "min").rows
        if (row.a, row.level_a, row.b, row.level_b) == ("s0", "1", "s1", "1")
    )
    assert row.share > 0.8
    assert row.p < 1e-9
    assert row.expected == pytest.approx(row.share, abs=0.05)
    assert row.pair_p > 0.2
    # each level half the time among the best, but always the same one
    together = frame.assign(y=-3.0 * (frame.s0 == frame.s1) + rng.normal(size=256))
    first = best_pairs(configurations(take(sweep(together), Slice())), "min").rows[:4]
    assert {(row.a, row.b) for row in first} == {("s0", "s1")}
    for row in first:
        assert (row.share - row.expected > 0.15) == (row.level_a == row.level_b)
        assert row.pair_q < 1e-3


def test_ties_at_the_border_are_taken_in_full() -> None:
    # sums of the same numbers in different orders differ in the last digit; they tie all the same
    orders = [(0.1, 0.2, 0.3), (0.3, 0.2, 0.1), (0.2, 0.3, 0.1), (5.0, 5.0, 5.0)] * 3
    frame = pd.DataFrame(
        [(f"c{at:02}", rep, y) for at, ys in enumerate(orders) for rep, y in enumerate(ys)], columns=["c", "rep", "y"]
    )
    groups = configurations(take(sweep(frame, replicates=["rep"]), Slice()))
    groups = replace(groups, mean=groups.mean * (1 + np.finfo(float).eps * np.array([0, 1, -1, 0] * 3)))
    assert len(set(groups.mean[:3])) == 3
    among = among_best(groups, "min")
    assert (among.k, among.n) == (2, 9)
    assert among.notes == ("9 configurations for the best 2: ties at the border are taken in full",)
    assert best_p(groups, "min").notes == among.notes


def test_configurations_count_not_runs() -> None:
    """Copies of the runs as further replicates change no p."""
    frame = frame_of(9, runs=60).assign(rep=0)
    more = pd.concat([frame.assign(rep=rep) for rep in range(5)])
    p = [best_p(configurations(take(sweep(f, replicates=["rep"]), Slice())), "min").p for f in (frame, more)]
    assert p[0] == pytest.approx(p[1])


def test_runs_without_a_level_are_told() -> None:
    frame = frame_of(1).drop(columns="g")
    frame["b"] = frame.b.astype(object)
    frame.loc[:6, "b"] = None
    found = best_p(configurations(take(sweep(frame), Slice())), "min")
    assert found.notes[0] == "left out: runs without a level of some free factor (7)"


def test_best_agrees_with_the_effects_table() -> None:
    made = sweep(frame_of(2))
    for filters in ({}, {"f": ("x", "y")}, {"a": ("on",)}):
        sample = take(made, Slice.of(made, filters))
        want = {(r.switch, r.on): r.best_p for r in effects(sample).rows}
        found = best(sample)
        assert {(r.switch, r.level): r.p for r in found.rows} == want
        for row in found.rows:
            name = row.switch if made.factor(row.switch).is_switch else f"{row.switch}={row.level}"
            assert row.p is not None or reason(found.notes, name, "p")


def test_too_many_combinations_are_said() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({n: rng.integers(0, 300, 3_000).astype(str) for n in "ab"} | {"y": rng.normal(size=3_000)})
    found = best_pairs(configurations(take(sweep(frame), Slice())), "min")
    assert found.rows == ()
    assert "too many" in found.notes[0]


def test_one_factor_has_no_pairs() -> None:
    frame = pd.DataFrame({"a": [0, 1] * 5, "y": np.arange(10.0)})
    found = best(take(sweep(frame), Slice()))
    assert found.pairs == ()
    assert reason(found.notes, "a", "pairs") == "fewer than two factors vary in this slice"


def test_aliased_switches_have_no_expected_share() -> None:
    frame = frame_of(3).drop(columns=["f", "b"])
    frame["twin"] = ~frame.a
    found = best_pairs(configurations(take(sweep(frame), Slice())), "min")
    rows = [row for row in found.rows if {row.a, row.b} == {"a", "twin"}]
    assert all(row.expected is None and row.pair_p is None and row.pair_q is None for row in rows)
    json_ready(asdict(found))


@pytest.mark.skipif(not SHARED.exists(), reason="the real sweeps are not here")
def test_softmax_is_enriched_in_att_norm() -> None:
    made, frame = reference("att_norm")
    found = best_p(configurations(take(made, Slice())), "min")
    factors = ["qk_activ", "qk_norm", "attn_activ", "post_attn_norm"]
    want = marked(frame.assign(y=frame.last_val_loss.astype(float)), factors, "min")
    assert found.p["attn_activ", "softmax"] == pytest.approx(fisher(want.attn_activ == "softmax", want.best), rel=1e-9)
    assert found.p["attn_activ", "softmax"] < 0.05

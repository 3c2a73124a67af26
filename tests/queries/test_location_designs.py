"""Which method judges the mean in unreplicated designs, and switches that nearly are an interaction."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from tests.queries.make import sweep

from ablate_tui.queries.inference.location import HC3, LENTH, location
from ablate_tui.queries.slices import Slice, take


def frame(columns, seed=0):
    """Switches a, b, … from columns of zeros and ones, and noise."""
    made = pd.DataFrame({chr(97 + at): np.where(column, "true", "false") for at, column in enumerate(columns)})
    return made.assign(y=np.random.default_rng(seed).normal(size=len(made)))


def found(made):
    return location(take(sweep(made, on={name: "true" for name in made if name != "y"}), Slice()))


def full(k):
    return np.array(list(product((0, 1), repeat=k))).T


@pytest.mark.parametrize(
    ("columns", "basis"),
    [
        (full(4), LENTH),
        (np.vstack([full(4), full(4).sum(axis=0) % 2]), LENTH),  # 2^(5−1), resolution V
        (np.vstack([full(3), full(3)[0] ^ full(3)[1]]), LENTH),  # resolution III: a switch is an interaction
        (np.vstack([full(4), full(4)[0]]), LENTH),  # two switches that are the same
        (np.vstack([full(4), 1 - full(4)[0]]), LENTH),
        (full(4)[:, :13], HC3),  # main effects and interactions are correlated
        (full(6)[:, np.random.default_rng(1).permutation(64)[:32]], HC3),
        (full(6)[:, np.random.default_rng(1).permutation(64)[:11]], LENTH),  # 4 degrees of freedom are left
    ],
)
def test_lenths_method_is_for_orthogonal_designs_and_those_without_degrees_of_freedom(columns, basis):
    assert found(frame(columns)).basis == basis


def test_a_correlated_interaction_does_not_pass_for_a_main_effect():
    """Strong interactions of others, in random halves of a factorial: an inert switch has its level."""
    p = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        codes = full(7)[:, rng.permutation(128)[:48]]
        made = frame(codes, seed)
        x = codes - 0.5
        made["y"] += 12 * x[4] * x[5] + 12 * x[5] * x[6] + 12 * x[4] * x[6]
        p.append(found(made).factors["a"])
    assert np.mean(np.array(p) < 0.05) <= 0.1  # by Lenth's contrasts it would be three in ten


def overlapping(seed):
    """The last of six switches follows the product of the first two in most configurations."""
    rng = np.random.default_rng(seed)
    codes = full(6)
    follows = codes[5] == codes[0] ^ codes[1]
    codes = codes[:, follows | (rng.random(64) < 0.2)]
    codes = np.repeat(codes, rng.integers(1, 4, codes.shape[1]), axis=1)
    return codes, frame(codes, seed)


def test_a_switch_that_nearly_is_an_interaction_has_to_hold_beside_it():
    codes, made = overlapping(3)
    x = codes - 0.5
    made["y"] += 0.6 * x[0] * x[1] * 4
    model = found(made)
    assert model.active == ()
    note = next(note for note in model.notes if note.startswith("f and a:b"))
    groups = made.groupby([*"abcdef"], as_index=False).agg(y=("y", "mean"), n=("y", "size"))
    on = (groups[[*"abcdef"]] == "true").astype(float)
    share = np.average(on, axis=0, weights=groups["n"])
    on = on - share
    both = on.assign(ab=on["a"] * on["b"])
    wide, narrow = (
        sm.WLS(groups["y"], sm.add_constant(x), weights=groups["n"]).fit(cov_type="HC3", use_t=True) for x in (both, on)
    )
    assert wide.pvalues["f"] > narrow.pvalues["f"]
    np.testing.assert_allclose(model.factors["f"], wide.pvalues["f"], rtol=1e-6)
    np.testing.assert_allclose(model.levels["f", "true"].value, wide.params["f"], rtol=1e-9)
    np.testing.assert_allclose(model.factors["c"], narrow.pvalues["c"], rtol=1e-6)  # others stay as they are
    weighted = both.sub(np.average(both, axis=0, weights=groups["n"]))
    r = abs((groups["n"] * weighted["f"]) @ weighted["ab"]) / np.sqrt(
        (groups["n"] @ weighted["f"] ** 2) * (groups["n"] @ weighted["ab"] ** 2)
    )
    assert f"{r:.2f}" in note


def test_an_interaction_that_is_a_switch_in_every_configuration_takes_nothing_from_it():
    codes = np.repeat(np.vstack([full(4), full(4)[0] ^ full(4)[1]]), 2, axis=1)
    made = frame(codes)
    made["y"] += 3.0 * codes[4]
    model = found(made)
    assert model.notes == ()
    assert model.factors["e"] < 1e-3


def test_a_claim_of_an_interaction_needs_more_than_the_margin_of_error():
    """Lenth's margin lets one contrast in twenty through; certain are those at a false discovery rate of 5 %."""
    some = 0
    for seed in range(40):
        model = found(frame(full(5), seed))
        assert set(model.certain) <= set(model.active)
        some += bool(model.certain)
    assert some <= 6
    made = frame(full(5))
    x = full(5) - 0.5
    made["y"] += 20 * x[0] * x[1]
    model = found(made)
    assert (0, 1) in model.certain
    p = {pair: 2 * stats.t.sf(abs(t), 31 / 3) for pair, t in lenth_t(made["y"].to_numpy(), x).items()}
    q = stats.false_discovery_control(list(p.values()))
    assert set(model.certain) == {pair for pair, value in zip(p, q, strict=True) if value < 0.05}


def lenth_t(y, x):
    """T of all two-factor interactions of a full factorial, from the definition."""
    from itertools import combinations

    k = len(x)
    effect = {
        term: float(np.mean(y * np.prod(2 * x[list(term)], axis=0)) * 2)
        for size in range(1, k + 1)
        for term in combinations(range(k), size)
    }
    size = np.abs(list(effect.values()))
    pse = 1.5 * np.median(size[size < 2.5 * 1.5 * np.median(size)])
    return {term: value / pse for term, value in effect.items() if len(term) == 2}

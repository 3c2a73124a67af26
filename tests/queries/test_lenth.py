"""Lenth's method and the contrasts that it judges: printed figures, scipy, and regression by statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.queries import textbooks
from tests.queries.make import sweep

from ablate_tui.queries.configurations import configurations
from ablate_tui.queries.inference.contrasts import contrasts
from ablate_tui.queries.inference.lenth import lenth
from ablate_tui.queries.slices import Slice, take


def groups_of(frame: pd.DataFrame, **more):
    """Configurations of a frame with the response y."""
    return configurations(take(sweep(frame, **more), Slice()))


def effects_of(frame: pd.DataFrame) -> dict[str, float]:
    """All contrasts of the configurations' means, by name."""
    groups = groups_of(frame)
    made = contrasts(groups)
    return dict(zip(made.names, made.effects(groups.mean), strict=True))


def irregular(seed: int, n: int, k: int) -> pd.DataFrame:
    """Some combinations of k switches, drawn at random, with an outcome."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.integers(0, 2, (n, k)), columns=[f"s{at}" for at in range(k)]).drop_duplicates()
    return frame.assign(y=rng.normal(3.0, 1.0, len(frame)) + frame["s0"])


@pytest.mark.parametrize("contrast_count", textbooks.LENTH_QUANTILES)
def test_the_margins_are_the_quantiles_that_lenth_prints(contrast_count):
    """ME and SME in units of the PSE, his table 1."""
    effects = np.random.default_rng(contrast_count).normal(size=contrast_count)
    found = lenth(effects)
    me, sme = textbooks.LENTH_QUANTILES[contrast_count]
    assert round(found.me / found.pse, 2) == me
    # the last digits of the two largest are of an approximation that Lenth used
    assert found.sme / found.pse == pytest.approx(sme, abs=0.006 if contrast_count < 100 else 0.02)


@pytest.mark.parametrize("experiment", [textbooks.filtration, textbooks.welding, textbooks.isatin])
def test_pse_and_margins_are_those_printed(experiment):
    """To the digits that are printed."""
    frame, printed = experiment()
    effects = effects_of(frame)
    found = lenth(np.array(list(effects.values())))
    # half a unit of the last digit that is printed
    assert found.pse == pytest.approx(printed["pse"], abs=6e-4)
    assert found.me == pytest.approx(printed["me"], abs=6e-3)
    assert found.sme == pytest.approx(printed["sme"], abs=6e-3)
    first = {name: name.split(" = ")[0] for name in effects}
    if "beyond_me" in printed:
        assert {first[name] for name, value in effects.items() if abs(value) > found.me} == printed["beyond_me"]
    if "beyond_sme" in printed:
        assert {first[name] for name, value in effects.items() if abs(value) > found.sme} == printed["beyond_sme"]


@given(
    st.lists(st.floats(-1e6, 1e6).filter(lambda value: value == 0 or abs(value) > 1e-3), min_size=3, max_size=70),
    st.floats(1e-3, 1e3),
)
@settings(max_examples=60)
def test_the_definition_word_by_word(values, scale):
    """Against a plain computation with scipy's t; all figures scale with the contrasts."""
    effects = np.array(values)
    size = np.abs(effects)
    s0 = 1.5 * np.median(size)
    kept = [one for one in size if one < 2.5 * s0]
    pse = 1.5 * np.median(kept) if kept else 0.0
    found = lenth(effects)
    if pse == 0:
        assert found.pse is None
        assert "zero" in found.why
        assert np.isnan(found.p).all()
        return
    t = stats.t(len(values) / 3)
    assert found.pse == pytest.approx(pse, rel=1e-12)
    assert found.me == pytest.approx(t.ppf(0.975) * pse, rel=1e-9)
    assert found.sme == pytest.approx(t.ppf((1 + 0.95 ** (1 / len(values))) / 2) * pse, rel=1e-9)
    np.testing.assert_allclose(found.p, 2 * t.sf(size / pse), rtol=1e-9)
    np.testing.assert_allclose(found.t, effects / pse)
    assert lenth(effects * scale).me == pytest.approx(found.me * scale, rel=1e-9)


@pytest.mark.parametrize("effects", [[], [1.0], [1.0, -2.0]])
def test_few_contrasts_have_no_margins(effects):
    """And the reason says how many are needed."""
    found = lenth(np.array(effects))
    assert (found.pse, found.me, found.sme) == (None, None, None)
    assert "needs 3" in found.why
    assert len(found.p) == len(effects)


def test_what_rounding_leaves_is_no_scale():
    """Contrasts of 1e-17 beside one of 5 are zeros."""
    found = lenth(np.array([5.0, 1e-17, -2e-17, 3e-17, 1e-17]))
    assert found.pse is None


EXPERIMENTS = [
    textbooks.pilot_plant,
    textbooks.filtration,
    textbooks.panels,
    textbooks.injection_moulding,
    textbooks.isatin,
]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_effects_are_those_printed(experiment):
    """Full factorials and a fraction, by name, aliases included."""
    frame, printed = experiment()
    found = effects_of(frame.groupby([c for c in frame if c not in ("y", "run")], as_index=False)["y"].mean())
    for name, value in printed["effects"].items():
        assert found[name] == pytest.approx(value, abs=6e-4), name


def test_the_contrasts_of_the_welding_experiment():
    """Fifteen contrasts of nine switches; main effects first, each alias named once."""
    frame, printed = textbooks.welding()
    found = effects_of(frame)
    parts = {name: name.split(" = ") for name in found}
    assert len(found) == 15
    by_part = {part: (name, value) for name, value in found.items() for part in parts[name]}
    assert len(by_part) == sum(len(each) for each in parts.values()) == 9 + 36
    for name, value in printed["effects"].items():
        part = name if name in by_part else ":".join(sorted(name.split(":"), key=list(frame).index))
        # the paper rounds halves to the even digit
        assert by_part[part][1] == pytest.approx(value, abs=5.1e-3), name
    for name, aliases in printed["aliases"].items():
        assert set(parts[by_part[name][0]]) == {
            ":".join(sorted(part.split(":"), key=list(frame).index)) for part in (name, *aliases.split())
        }
    for first, *others in parts.values():
        assert all(first.count(":") <= other.count(":") for other in others)  # the lowest order names it


@pytest.mark.parametrize(("seed", "n", "k"), [(0, 64, 10), (1, 40, 6), (2, 20, 8), (3, 60, 4), (4, 64, 30), (5, 9, 3)])
def test_irregular_designs_have_as_many_contrasts_as_they_can(seed, n, k):
    """C − 1 independent ones of equal length, blind to a constant."""
    groups = groups_of(irregular(seed, n, k))
    made = contrasts(groups)
    assert made.weights.shape == (groups.n - 1, groups.n)
    assert np.linalg.matrix_rank(made.weights) == groups.n - 1
    np.testing.assert_allclose(np.linalg.norm(made.weights, axis=1), 2 / np.sqrt(groups.n), rtol=1e-9)
    np.testing.assert_allclose(made.weights.sum(axis=1), 0, atol=1e-9)
    assert not made.effects(np.full(groups.n, 0.1)).any()
    assert len(set(made.terms)) == len(made.terms)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("seed", "n", "k"), [(0, 64, 10), (1, 40, 6), (2, 24, 5)])
def test_irregular_contrasts_are_those_of_regression(seed, n, k, weighted):
    """Main effects in the model of main effects, an interaction in the model up to itself (statsmodels)."""
    frame = irregular(seed, n, k)
    groups = groups_of(frame)
    weight = np.random.default_rng(9).integers(1, 6, groups.n).astype(float) if weighted else np.ones(groups.n)
    made = contrasts(groups, weight)
    signs = 2.0 * groups.codes - 1
    columns = {term: np.prod(signs[list(term)], axis=0) for term in made.terms}
    mains = [(at,) for at in range(k)]

    def standardized(terms, term):
        fit = sm.WLS(groups.mean, sm.add_constant(np.column_stack([columns[each] for each in terms])), weight).fit()
        at = terms.index(term) + 1
        return 2 / np.sqrt(weight.sum()) * fit.params[at] / np.sqrt(fit.normalized_cov_params[at, at])

    found = dict(zip(made.terms, made.effects(groups.mean), strict=True))
    for term in mains:
        assert found[term] == pytest.approx(standardized(mains, term), rel=1e-7)
    interactions = [term for term in made.terms if len(term) > 1]
    for place, term in enumerate(interactions[: n // 3]):
        assert found[term] == pytest.approx(standardized([*mains, *interactions[: place + 1]], term), rel=1e-6)


def test_factors_that_go_together_share_one_contrast():
    """The second one is an alias, in its interactions too."""
    frame = irregular(0, 60, 4)
    frame = frame.assign(twin=1 - frame["s1"])[["s0", "s1", "twin", "s2", "s3", "y"]]
    found = effects_of(frame)
    assert "s1 = twin" in found
    assert not [name for name in found if name.startswith("twin")]
    assert "s0:s1 = s0:twin" in found
    alone = effects_of(frame.drop(columns="twin"))
    assert found["s1 = twin"] == pytest.approx(alone["s1"])


def test_levels_of_a_factor_against_the_others():
    """In a full factorial a level's contrast is its mean less the others', on the scale of equal variance."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame([(a, b) for a in "pqr" for b in (0, 1)] * 1, columns=["a", "b"]).assign(y=rng.normal(size=6))
    found = effects_of(frame)
    assert list(found)[:4] == ["a=p", "a=q", "a=r", "b"]
    for level in "pqr":
        inside = frame["a"] == level
        difference = frame["y"][inside].mean() - frame["y"][~inside].mean()
        assert found[f"a={level}"] == pytest.approx(difference * 2 * np.sqrt(2 * 4) / 6)
        product = frame["y"] * (2 * frame["b"] - 1)
        difference = product[inside].mean() - product[~inside].mean()
        assert found[f"a={level}:b"] == pytest.approx(difference * 2 * np.sqrt(2 * 4) / 6)


@pytest.mark.parametrize("frame", [pd.DataFrame({"a": [0], "y": [1.0]}), pd.DataFrame({"y": [1.0, 2.0]})])
def test_no_contrast_without_two_configurations(frame):
    """Nothing, rather than an error."""
    made = contrasts(groups_of(frame))
    assert made.terms == made.names == ()
    assert made.effects(made.groups.mean).shape == (0,)


def test_forty_switches_and_their_copies_end():
    """The search through interactions stops; 63 contrasts of 6 independent switches."""
    full = textbooks.factorial("abcdef")
    frame = pd.DataFrame({f"s{at}": full["abcdef"[at % 6]] for at in range(40)}).assign(y=np.arange(64.0))
    assert len(contrasts(groups_of(frame)).terms) == 63

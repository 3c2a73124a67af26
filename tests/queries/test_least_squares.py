"""Weighted least squares with HC3 errors against statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.queries.make import sweep

from ablate_tui.queries.configurations import Configurations, configurations
from ablate_tui.queries.inference import model_terms
from ablate_tui.queries.inference.least_squares import confounded, least_squares
from ablate_tui.queries.inference.model_terms import Columns
from ablate_tui.queries.slices import Slice, take


def design(seed: int, n: int, sizes: tuple[int, ...]) -> tuple[Configurations, np.ndarray, np.ndarray]:
    """Random configurations, an outcome whose noise depends on them, and weights."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"f{at}": rng.integers(0, size, n) for at, size in enumerate(sizes)}).drop_duplicates()
    groups = configurations(take(sweep(frame.assign(y=0.0)), Slice()))
    codes = groups.codes.astype(float)
    y = 5.0 + codes[0] - 0.5 * codes[1] * codes[-1] + rng.normal(size=groups.n) * np.exp(0.7 * codes[0])
    return groups, y, rng.integers(1, 7, groups.n).astype(float)


def reference(columns: Columns, y: np.ndarray, weight: np.ndarray):
    """The same model by statsmodels, with an intercept in front."""
    return sm.WLS(y, sm.add_constant(columns.matrix(), has_constant="add"), weight).fit(cov_type="HC3", use_t=True)


def terms_of(groups: Configurations, interactions: bool) -> list[tuple[int, ...]]:
    """Main effects, and the interaction of the first factor with each other one."""
    k = len(groups.factors)
    return [(at,) for at in range(k)] + [(0, at) for at in range(1, k) if interactions]


CASES = [
    (0, 30, (2, 2, 2, 2), False),
    (1, 60, (2, 2, 2, 2, 2, 2), True),
    (2, 150, (4, 2, 4, 3), True),
    (3, 200, (5, 3, 2, 2), True),
    (4, 14, (2, 3, 2), False),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("seed", "n", "sizes", "interactions"), CASES)
def test_coefficients_errors_and_tests_are_those_of_statsmodels(seed, n, sizes, interactions, weighted):
    """Values, HC3 standard errors, t on the residual degrees of freedom, intervals, joint Wald tests."""
    groups, y, weight = design(seed, n, sizes)
    weight = weight if weighted else np.ones(groups.n)
    columns = Columns(groups, terms_of(groups, interactions), weight)
    fit = least_squares(columns, y)
    model = reference(columns, y, weight)
    assert fit.why == ""
    assert fit.degrees == model.df_resid
    np.testing.assert_allclose(fit.coefficients, model.params[1:], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(fit.covariance, model.cov_params()[1:, 1:], rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(fit.fitted, model.fittedvalues, rtol=1e-9)
    np.testing.assert_allclose(fit.residual, model.resid, atol=1e-9)
    assert fit.intercept == pytest.approx(model.params[0])
    for at in range(columns.p):
        found = fit.estimate(np.eye(columns.p)[at])
        assert found.value == pytest.approx(model.params[at + 1], rel=1e-7)
        assert found.error == pytest.approx(model.bse[at + 1], rel=1e-6)
        assert found.p == pytest.approx(model.pvalues[at + 1], rel=1e-5)
        assert found.interval() == pytest.approx(model.conf_int()[at + 1], rel=1e-6, abs=1e-9)
        assert found.interval(0.8) == pytest.approx(model.conf_int(alpha=0.2)[at + 1], rel=1e-6, abs=1e-9)
    for term in columns.terms:
        whole = columns.whole(term)
        joint = model.f_test(np.column_stack([np.zeros(len(whole)), whole]))
        assert fit.wald(whole) == pytest.approx(float(joint.pvalue), rel=1e-5)


@given(st.integers(0, 10_000), st.floats(-6, 6), st.floats(-3, 3))
@settings(max_examples=25)
def test_shift_and_scale(seed, shift, power):
    """A large offset or another unit changes no p; values and errors follow the unit."""
    groups, y, weight = design(seed, 40, (2, 2, 3, 2))
    columns = Columns(groups, terms_of(groups, False), weight)
    plain = least_squares(columns, y).estimate(columns.level(0, 1))
    moved = least_squares(columns, 10.0**power * (y + 10.0**shift)).estimate(columns.level(0, 1))
    assert moved.p == pytest.approx(plain.p, rel=1e-5, abs=1e-12)
    assert moved.value == pytest.approx(10.0**power * plain.value, rel=1e-5, abs=1e-8 * 10.0**power)
    assert moved.error == pytest.approx(10.0**power * plain.error, rel=1e-5)


def test_a_level_against_the_others_and_an_interaction_of_levels():
    """The combinations of coefficients that the tables show, from predictions of statsmodels' model."""
    groups, y, weight = design(3, 200, (4, 3, 2))
    terms = [(0,), (1,), (2,), (0, 1)]
    columns = Columns(groups, terms, weight)
    fit = least_squares(columns, y)
    # the same model in dummy coding: a column for every cell of the first two factors
    cells = groups.codes[0] * 3 + groups.codes[1]
    dummies = np.column_stack([cells == cell for cell in range(12)]).astype(float)
    third = groups.codes[2] - weight @ groups.codes[2] / weight.sum()
    model = sm.WLS(y, np.column_stack([dummies, third]), weight).fit(cov_type="HC3", use_t=True)
    table = np.arange(12).reshape(4, 3)
    weights = np.zeros(13)
    for i in range(4):
        for j in range(3):
            weights[table[i, j]] = (1.0 if i == 2 else -1 / 3) * (1.0 if j == 1 else -1 / 2)
    expected = model.t_test(weights)
    found = fit.estimate(columns.cell((0, 1), (2, 1)))
    assert found.value == pytest.approx(float(expected.effect[0]), rel=1e-7)
    assert found.error == pytest.approx(float(expected.sd[0, 0]), rel=1e-6)
    rate = np.bincount(groups.codes[1], weights=weight) / weight.sum()  # averaged over what the other factor was
    weights = np.zeros(13)
    for i in range(4):
        weights[table[i]] = (1.0 if i == 2 else -1 / 3) * rate
    expected = model.t_test(weights)
    found = fit.estimate(columns.level(0, 2))
    assert found.value == pytest.approx(float(expected.effect[0]), rel=1e-7)
    assert found.p == pytest.approx(float(expected.pvalue), rel=1e-5)


def test_a_difference_of_differences():
    """In a full factorial a pair's coefficient is (11 − 01) − (10 − 00) of the cells' means."""
    frame = pd.DataFrame([(a, b, c) for a in (0, 1) for b in (0, 1) for c in range(3)], columns=list("abc"))
    groups = configurations(take(sweep(frame.assign(y=np.random.default_rng(0).normal(size=12))), Slice()))
    columns = Columns(groups, [(0,), (1,), (2,), (0, 1)], np.ones(12))
    fit = least_squares(columns, groups.mean)
    cells = {
        (a, b): groups.mean[(groups.codes[0] == a) & (groups.codes[1] == b)].mean() for a in (0, 1) for b in (0, 1)
    }
    found = fit.estimate(columns.cell((0, 1), (1, 1)))
    assert found.value == pytest.approx(cells[1, 1] - cells[0, 1] - cells[1, 0] + cells[0, 0])


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_blocks_of_rows_change_nothing(monkeypatch, rows):
    """The matrix is never there as a whole."""
    groups, y, weight = design(2, 80, (3, 2, 4))
    terms = terms_of(groups, True)
    whole = least_squares(Columns(groups, terms, weight), y)
    monkeypatch.setattr(model_terms, "BLOCK", rows)
    columns = Columns(groups, terms, weight)
    assert len(list(columns.blocks())) == -(-groups.n // rows)
    parts = least_squares(columns, y)
    np.testing.assert_allclose(parts.coefficients, whole.coefficients, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(parts.covariance, whole.covariance, rtol=1e-8, atol=1e-14)
    np.testing.assert_allclose(parts.residual, whole.residual, atol=1e-11)


def aliased(copies: bool) -> tuple[Configurations, np.ndarray]:
    """f1 and its copy; or a third factor whose levels are nested in the first's."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.integers(0, 2, (60, 4)), columns=["a", "b", "c", "d"])
    frame["copy"] = 1 - frame["b"] if copies else frame["b"] * (1 + rng.integers(0, 2, 60))
    frame = frame.drop_duplicates()
    groups = configurations(take(sweep(frame.assign(y=0.0)), Slice()))
    return groups, rng.normal(size=groups.n) + groups.codes[0]


@pytest.mark.parametrize("copies", [True, False])
def test_aliased_terms_have_no_estimate_and_spoil_no_other(copies):
    """What can be told apart is that of the model without the alias; the alias is named."""
    groups, y = aliased(copies)
    names = [factor.name for factor in groups.factors]
    mains = [(at,) for at in range(len(names))]
    fit = least_squares(Columns(groups, mains, np.ones(groups.n)), y)
    assert fit.rank == fit.columns.p - 1
    b, copy = names.index("b"), names.index("copy")
    assert fit.estimate(fit.columns.level(b, 1)) is None
    assert confounded(fit, b) == ("copy",)
    assert confounded(fit, copy) == ("b",)
    assert confounded(fit, names.index("a")) == ()
    without = Columns(groups, [term for term in mains if term != (b,)], np.ones(groups.n))
    model = reference(without, y, np.ones(groups.n))
    assert fit.degrees == model.df_resid
    np.testing.assert_allclose(fit.fitted, model.fittedvalues, atol=1e-9)
    for name in ("a", "c", "d"):
        at = names.index(name)
        found = fit.estimate(fit.columns.level(at, 1))
        place = without.place[(at,)].start + 1
        assert found.value == pytest.approx(model.params[place], rel=1e-7)
        assert found.error == pytest.approx(model.bse[place], rel=1e-6)
        assert found.p == pytest.approx(model.pvalues[place], rel=1e-5)


def test_an_interaction_of_cells_that_were_never_run():
    """Without the cell 11 the interaction is a combination of the main effects."""
    frame = pd.DataFrame([(a, b, c, d) for a in (0, 1) for b in (0, 1) for c in (0, 1) for d in (0, 1) if not a * b])
    frame.columns = list("abcd")
    groups = configurations(take(sweep(frame.assign(y=np.arange(12.0) ** 1.5)), Slice()))
    columns = Columns(groups, [(0,), (1,), (2,), (3,), (0, 1)], np.ones(12))
    fit = least_squares(columns, groups.mean)
    assert fit.rank == 4
    assert fit.estimate(columns.cell((0, 1), (1, 1))) is None
    assert fit.estimate(columns.level(2, 1)) is not None
    assert "a:b" in confounded(fit, 0)


def test_a_level_that_hangs_on_one_configuration():
    """Leverage 1: HC3 divides by zero there, so there are no standard errors, and the reason says so."""
    frame = pd.DataFrame([(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1, 2)] + [(0, 0, 3)])
    frame.columns = list("abc")
    groups = configurations(take(sweep(frame.assign(y=np.random.default_rng(1).normal(size=13))), Slice()))
    columns = Columns(groups, [(0,), (1,), (2,)], np.ones(13))
    fit = least_squares(columns, groups.mean)
    assert "leverage 1" in fit.why
    assert fit.estimate(columns.level(0, 1)) is None
    assert fit.wald(columns.whole((2,))) is None
    np.testing.assert_allclose(fit.fitted, reference_fit(columns, groups.mean), atol=1e-9)


def reference_fit(columns: Columns, y: np.ndarray) -> np.ndarray:
    """Fitted values by statsmodels."""
    return sm.OLS(y, sm.add_constant(columns.matrix())).fit().fittedvalues


@pytest.mark.parametrize("weighted", [False, True])
def test_errors_from_replicates(weighted):
    """Pure error: the usual covariance with a variance from elsewhere, on its degrees of freedom."""
    groups, y, weight = design(6, 9, (2, 2, 2))
    weight = weight if weighted else np.ones(groups.n)
    columns = Columns(groups, terms_of(groups, False), weight)
    fit = least_squares(columns, y, (0.25, 11))
    model = sm.WLS(y, sm.add_constant(columns.matrix()), weight).fit()
    np.testing.assert_allclose(fit.covariance, 0.25 * model.normalized_cov_params[1:, 1:], rtol=1e-8, atol=1e-12)
    found = fit.estimate(columns.level(0, 1))
    assert found.degrees == 11


def test_no_residual_is_no_test():
    """An exact fit, a saturated one, no configuration: reasons in place of errors."""
    groups, _, weight = design(7, 40, (2, 2, 2, 2))
    columns = Columns(groups, [(at,) for at in range(4)], weight)
    exact = least_squares(columns, 3.0 + 2.0 * groups.codes[1])
    assert "exactly" in exact.why
    assert exact.coefficients[1] == pytest.approx(2.0)
    assert not exact.residual.any()
    frame = pd.DataFrame([(a, b) for a in (0, 1) for b in (0, 1)], columns=["a", "b"])
    small = configurations(take(sweep(frame.assign(y=[1.0, 4.0, 2.0, 8.0])), Slice()))
    saturated = least_squares(Columns(small, [(0,), (1,), (0, 1)], np.ones(4)), small.mean)
    np.testing.assert_allclose(saturated.fitted, small.mean)
    assert "no residual degrees of freedom" in saturated.why
    empty = configurations(take(sweep(pd.DataFrame({"a": [], "y": []})), Slice()))
    nothing = least_squares(Columns(empty, [], np.ones(0)), np.ones(0))
    assert nothing.why == "no configuration"
    assert least_squares(columns, np.full(groups.n, 1e-3)).why

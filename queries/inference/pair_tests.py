"""Every pair of factors, one at a time, added to a model of the configurations."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from ablate_tui.queries.inference.least_squares import Estimate, Fit, aliased_with
from ablate_tui.queries.inference.location import FEWEST_DEGREES
from ablate_tui.queries.inference.model_terms import Array, Cell, Columns, Term, cells_of

ENOUGH_LEFT = 1e-8  # share of a column's square that the model must leave
EQUAL = 1e-6  # how near two pairs' columns lie where they are taken for the same
NUMBERS = 4_000_000  # in the matrix that is worked on at a time
MOST_NUMBERS = 1_000_000_000  # configurations × columns of all pairs
NAMED = 4  # terms of an alias that are named


@dataclass(frozen=True)
class Difference:
    """A difference of differences, with its test where there is one."""

    value: float
    estimate: Estimate | None


@dataclass(frozen=True)
class PairTest:
    """What the design says of one pair. `why` says why there is no test, else ""."""

    p: float | None  # of all the pair's differences of differences together
    cells: Mapping[Cell, Difference]  # those that can be estimated
    why: str


@dataclass(frozen=True, eq=False)
class _Model:
    """The model that the pairs join, in the metric of its weights."""

    fit: Fit
    basis: Array  # (C, rank + 1) orthonormal columns, the intercept among them
    root: Array  # (C,) roots of the weights
    residual: Array  # (C,) times the root
    room: Array  # (C,) one less the leverage
    size: float  # of what rounding can leave of a residual
    pure_error: tuple[float, int] | None


def pair_tests(
    fit: Fit, y: Array, pairs: Sequence[Term], pure_error: tuple[float, int] | None = None
) -> dict[Term, PairTest]:
    """Test the interaction of each pair in a model of its own: the given one and this pair.

    The model is partialled out of the pair's columns, which leaves the same coefficients and residuals as
    the whole fit (Frisch & Waugh 1933); leverages add up. HC3 standard errors, Student's t and Wald's F on
    the residual degrees of freedom; where those are fewer than 5, the replicates' pure error.

    Parameters
    ----------
    fit : Fit
        Of the main effects and whatever else stays in; its terms may hold some of the pairs, which are
        then tested in the model as it is.
    y : (C,) float
        What it was fitted to.
    pairs : sequence of Term
        Of two factors each.
    pure_error : (variance of one run, degrees of freedom), optional

    Returns
    -------
    dict
        A pair whose columns lie in the span of the model's, or are another pair's, has no figure but a
        reason that names what it is aliased with.

    References
    ----------
    Frisch, R. & Waugh, F. V. (1933). Partial time regressions as compared with individual trends.
    Econometrica 1(4), 387–401. https://doi.org/10.2307/1907330
    MacKinnon, J. G. & White, H. (1985). Some heteroskedasticity-consistent covariance matrix estimators
    with improved finite sample properties. Journal of Econometrics 29(3), 305–325.
    https://doi.org/10.1016/0304-4076(85)90158-7
    """
    columns = fit.columns
    width = sum(_width(columns, pair) for pair in pairs)
    if columns.n * width > MOST_NUMBERS:
        why = f"{len(pairs):,} pairs of {columns.n:,} configurations are too many to test"
        return dict.fromkeys(pairs, PairTest(None, {}, why))
    found: dict[Term, PairTest] = {}
    inside = [pair for pair in pairs if pair in columns.place]
    for pair in inside:
        found[pair] = _inside(fit, pair, pure_error)
    model = _model(fit, y, pure_error)
    signs = np.random.default_rng(0).standard_normal((columns.n, 4))  # tell spans apart; fixed draws
    seen: dict[Term, Array] = {}
    aliased: dict[Term, Array] = {}
    for pair, made, raw in _left(model, [pair for pair in pairs if pair not in columns.place]):
        if not made.orthonormal.shape[1]:
            aliased[pair] = raw
            continue
        found[pair] = _tested(model, pair, made)
        seen[pair] = _signature(made.orthonormal, signs)
    found |= _twins(columns, found, seen)
    for pair, raw in aliased.items():
        terms = _names(fit, raw)
        found[pair] = PairTest(None, {}, _aliased_with([columns.groups.words(term) for term in terms]))
        for term in terms:
            if term in inside:  # neither can be told from the other
                found[term] = PairTest(None, {}, _aliased_with([columns.groups.words(pair)]))
    return {pair: found[pair] for pair in pairs}


def _width(columns: Columns, pair: Term) -> int:
    return prod(columns.groups.sizes[factor] - 1 for factor in pair)


def _aliased_with(names: Sequence[str]) -> str:
    if not names or len(names) > NAMED:
        return "aliased with the other terms in this slice"
    return aliased_with(names)


def _few(degrees: int) -> str:
    return f"{max(degrees, 0)} residual degrees of freedom are left; {FEWEST_DEGREES} are needed"


def _inside(fit: Fit, pair: Term, pure_error: tuple[float, int] | None) -> PairTest:
    """A pair that the model holds already."""
    columns = fit.columns
    why, degrees = fit.why, columns.n - 1 - fit.rank
    if not why and pure_error is None and degrees < FEWEST_DEGREES:
        why = _few(degrees)
    whole = columns.whole(pair)
    unknown = np.eye(columns.p) - fit.basis @ fit.basis.T
    if not np.any(np.linalg.norm(whole @ fit.basis, axis=1) > EQUAL):
        return PairTest(None, {}, "no two levels of one factor meet two of the other")
    cells = {}
    for cell in cells_of(columns.groups, pair):
        weights = columns.cell(pair, cell)
        if fit.estimable(weights):
            estimate = fit.estimate(weights) if not why else None
            cells[cell] = Difference(float(weights @ fit.coefficients), estimate)
    mine = columns.place[pair]
    if not cells and np.linalg.norm(unknown[mine]) > EQUAL:
        other = [
            columns.groups.words(term)
            for term, place in columns.place.items()
            if term != pair and np.linalg.norm(unknown[mine, place]) > EQUAL
        ]
        return PairTest(None, {}, _aliased_with(other))
    p = fit.wald(whole) if not why else None
    if p is None:
        why = why or "no standard error: the residuals that matter are zero"
    return PairTest(p, cells, why)


def _model(fit: Fit, y: Array, pure_error: tuple[float, int] | None) -> _Model:
    columns = fit.columns
    root = np.sqrt(columns.weight)
    whole = np.column_stack([np.ones(columns.n), columns.matrix() @ fit.basis]) * root[:, None]
    basis = np.linalg.qr(whole)[0]
    return _Model(
        fit=fit,
        basis=basis,
        root=root,
        residual=root * fit.residual,
        room=1 - np.einsum("ij,ij->i", basis, basis),
        size=1e-9 * float(np.abs(y - np.average(y, weights=columns.weight)).max()),
        pure_error=pure_error,
    )


@dataclass(frozen=True, eq=False)
class _Left:
    """What a model leaves of the w columns of a pair."""

    orthonormal: Array  # (C, r) columns that span it
    vectors: Array  # (w, r) the directions of scaled coefficients that are left
    turn: Array  # (w, r) from scaled columns to orthonormal ones
    scale: Array  # (w,) of the columns; infinite for columns of zeros
    columns: Columns  # of the chunk
    place: slice


def _left(model: _Model, pairs: Sequence[Term]) -> Iterator[tuple[Term, _Left, Array]]:
    """Each pair, what is left of its columns, and the columns as they were."""
    groups, weight, n = model.fit.columns.groups, model.fit.columns.weight, model.fit.columns.n
    start = 0
    while start < len(pairs):
        stop, width = start, 0
        while stop < len(pairs) and (stop == start or n * width < NUMBERS):
            width += _width(model.fit.columns, pairs[stop])
            stop += 1
        columns = Columns(groups, pairs[start:stop], weight)
        raw = columns.matrix() * model.root[:, None]
        scale = np.sqrt(np.einsum("ij,ij->j", raw, raw))
        scale[scale <= 1e-9 * math.sqrt(float(weight.sum()))] = np.inf  # columns of zeros
        rest = (raw - model.basis @ (model.basis.T @ raw)) / scale
        for pair in pairs[start:stop]:
            place = columns.place[pair]
            part = rest[:, place]
            values, vectors = np.linalg.eigh(part.T @ part)
            kept = values > ENOUGH_LEFT
            turn = vectors[:, kept] / np.sqrt(values[kept])
            yield pair, _Left(part @ turn, vectors[:, kept], turn, scale[place], columns, place), raw[:, place]
        start = stop


def _tested(model: _Model, pair: Term, left: _Left) -> PairTest:
    """Fit what is left of the response on what is left of the pair's columns."""
    from scipy.special import fdtrc, stdtr

    u, columns = left.orthonormal, left.columns
    rank = u.shape[1]
    slope = u.T @ model.residual
    degrees = model.fit.columns.n - 1 - model.fit.rank - rank
    covariance, why = np.full((rank, rank), math.nan), ""
    if degrees < FEWEST_DEGREES and model.pure_error is not None:
        covariance, degrees = model.pure_error[0] * np.eye(rank), model.pure_error[1]
    elif degrees < FEWEST_DEGREES:
        why = _few(degrees)
    else:
        room = model.room - np.einsum("ij,ij->i", u, u)
        rest = model.residual - u @ slope
        rest[np.abs(rest) <= model.size * model.root] = 0.0
        if room.min() < 1e-9:
            why = "a combination of levels hangs on a single configuration (leverage 1)"
        else:
            scaled = u * (rest / room)[:, None]
            covariance = scaled.T @ scaled
            spread = np.diag(covariance)
            if not np.all(spread > 1e-20 * max(float(spread.max()), 1e-300)):
                why = "no standard error: the residuals that matter are zero"

    cells: dict[Cell, Difference] = {}
    for cell in cells_of(columns.groups, pair):
        weights = columns.cell(pair, cell)[left.place]
        if np.any(weights[np.isinf(left.scale)]):
            continue
        weights = weights / left.scale
        stray = weights - left.vectors @ (left.vectors.T @ weights)  # what the design says nothing about
        if np.linalg.norm(stray) > EQUAL * np.linalg.norm(weights):
            continue
        g = left.turn.T @ weights
        value, variance = float(g @ slope), float(g @ covariance @ g)
        estimate = None
        if not why and variance > 0:
            error = math.sqrt(variance)
            estimate = Estimate(value, error, degrees, 2 * float(stdtr(degrees, -abs(value / error))))
        cells[cell] = Difference(value, estimate)
    p = None
    if not why:
        unit = np.sqrt(np.diag(covariance))
        middle = covariance / np.outer(unit, unit)
        if np.linalg.cond(middle) > 1e12:
            why = "no joint test: too few residuals differ from zero"
        else:
            f = float((slope / unit) @ np.linalg.solve(middle, slope / unit)) / rank
            p = float(fdtrc(rank, degrees, f))
    return PairTest(p, cells, why)


def _signature(u: Array, signs: Array) -> Array:
    """Numbers that depend on the span of some orthonormal columns alone."""
    seen = u.T @ signs
    return (seen.T @ seen).ravel()


def _twins(columns: Columns, found: Mapping[Term, PairTest], seen: Mapping[Term, Array]) -> dict[Term, PairTest]:
    """Pairs whose columns are the same once the model is out of them: none of them can be told from the others."""
    terms = list(seen)
    if len(terms) < 2:
        return {}
    values = np.array([seen[term] for term in terms])
    length = np.linalg.norm(values, axis=1)
    order = np.argsort(values[:, 0], kind="stable")  # twins have the same first number: neighbours
    group = np.arange(len(terms))
    near = EQUAL * np.maximum(length[order], 1e-300)
    ascending = values[order, 0]
    for at in range(len(order)):
        until = int(np.searchsorted(ascending, ascending[at] + near[at], side="right"))
        others = order[at + 1 : until]
        same = others[np.linalg.norm(values[others] - values[order[at]], axis=1) <= near[at]]
        group[same] = group[order[at]]
    twins: dict[Term, PairTest] = {}
    for number in np.flatnonzero(np.bincount(group, minlength=len(terms)) > 1):
        members = [terms[at] for at in np.flatnonzero(group == number)]
        for term in members:
            names = [columns.groups.words(other) for other in members if other != term]
            twins[term] = replace(found[term], p=None, cells={}, why=_aliased_with(names))
    return twins


def _names(fit: Fit, raw: Array) -> list[Term]:
    """The model's terms that a pair's columns are made of, where the model holds them whole."""
    columns = fit.columns
    size = np.linalg.norm(raw)
    if not size > 0:
        return []
    x = columns.matrix() * np.sqrt(columns.weight)[:, None]
    made = np.linalg.lstsq(x, raw, rcond=1e-9)[0]
    share = np.abs(made) * np.linalg.norm(x, axis=0)[:, None] / size
    return [term for term, place in columns.place.items() if share[place].max(initial=0.0) > EQUAL]

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
HANGS = "a combination of levels hangs on a single configuration (leverage 1)"
NO_ERROR = "no standard error: the residuals that matter are zero"


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
    for chunk in _chunks(model, [pair for pair in pairs if pair not in columns.place]):
        alone = _alone(model, chunk, signs)
        for pair in chunk.pairs:
            if pair in alone:
                found[pair], seen[pair] = alone[pair]
                continue
            made = _left(chunk, pair)
            if not made.orthonormal.shape[1]:
                aliased[pair] = chunk.raw[:, chunk.columns.place[pair]]
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
        why = why or NO_ERROR
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


@dataclass(frozen=True, eq=False)
class _Chunk:
    """Some pairs, their columns, and what the model leaves of them."""

    pairs: Sequence[Term]
    columns: Columns
    raw: Array
    scale: Array  # of the columns; infinite for columns of zeros
    rest: Array  # scaled


def _chunks(model: _Model, pairs: Sequence[Term]) -> Iterator[_Chunk]:
    """The pairs, as many at a time as memory allows."""
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
        yield _Chunk(pairs[start:stop], columns, raw, scale, rest)
        start = stop


def _left(chunk: _Chunk, pair: Term) -> _Left:
    """What is left of a pair's columns."""
    place = chunk.columns.place[pair]
    part = chunk.rest[:, place]
    values, vectors = np.linalg.eigh(part.T @ part)
    kept = values > ENOUGH_LEFT
    turn = vectors[:, kept] / np.sqrt(values[kept])
    return _Left(part @ turn, vectors[:, kept], turn, chunk.scale[place], chunk.columns, place)


def _alone(model: _Model, chunk: _Chunk, signs: Array) -> dict[Term, tuple[PairTest, Array]]:
    """The tests and signatures of pairs of switches, all at once: what `_tested` does with one column each.

    Left to it are pairs of which the model leaves nothing, and models with few degrees of freedom.
    """
    from scipy.special import fdtrc, stdtr

    degrees = model.fit.columns.n - 2 - model.fit.rank
    if degrees < FEWEST_DEGREES:
        return {}
    place = chunk.columns.place
    pairs = [pair for pair in chunk.pairs if place[pair].stop - place[pair].start == 1]
    at = np.array([place[pair].start for pair in pairs], dtype=int)
    square = np.einsum("ij,ij->j", chunk.rest[:, at], chunk.rest[:, at])
    kept = np.flatnonzero(square > ENOUGH_LEFT)
    pairs, at, length = [pairs[k] for k in kept], at[kept], np.sqrt(square[kept])
    if not pairs:
        return {}
    u = chunk.rest[:, at] / length
    slope = u.T @ model.residual
    room = model.room[:, None] - u * u
    rest = model.residual[:, None] - u * slope
    rest[np.abs(rest) <= (model.size * model.root)[:, None]] = 0.0
    hangs = room.min(axis=0) < 1e-9
    rest /= np.where(hangs, 1.0, room)
    rest *= u
    spread = np.einsum("ij,ij->j", rest, rest)
    known = ~hangs & (spread > 1e-20 * np.maximum(spread, 1e-300))
    unit = 1 / (chunk.scale[at] * length)
    value, error = unit * slope, unit * np.sqrt(spread)
    t = np.divide(value, error, out=np.zeros_like(value), where=known & (error > 0))
    own = 2 * stdtr(degrees, -np.abs(t))
    joint = fdtrc(1, degrees, np.divide(slope**2, spread, out=np.zeros_like(spread), where=known))
    side = u.T @ signs
    signature = (side[:, :, None] * side[:, None, :]).reshape(len(pairs), -1)
    found: dict[Term, tuple[PairTest, Array]] = {}
    for k, pair in enumerate(pairs):
        estimate = None
        if known[k] and error[k] > 0:
            estimate = Estimate(float(value[k]), float(error[k]), degrees, float(own[k]))
        why = "" if known[k] else HANGS if hangs[k] else NO_ERROR
        test = PairTest(None if why else float(joint[k]), {(1, 1): Difference(float(value[k]), estimate)}, why)
        found[pair] = test, signature[k]
    return found


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
            why = HANGS
        else:
            scaled = u * (rest / room)[:, None]
            covariance = scaled.T @ scaled
            spread = np.diag(covariance)
            if not np.all(spread > 1e-20 * max(float(spread.max()), 1e-300)):
                why = NO_ERROR

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

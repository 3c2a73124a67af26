"""The half-normal plot: effects that are nothing but noise lie on a line, active ones above it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.attribution.explanation import spreads
from ablate_tui.queries.configurations import Configurations
from ablate_tui.queries.inference.contrasts import contrasts, distinct, name_of, named, signs
from ablate_tui.queries.inference.least_squares import least_squares
from ablate_tui.queries.inference.lenth import Lenth, lenth
from ablate_tui.queries.inference.location import location
from ablate_tui.queries.inference.model_terms import Cell, Columns, Term, cells_of
from ablate_tui.queries.inference.noise import LOOKS_THE_SAME
from ablate_tui.queries.inference.replicates import tested
from ablate_tui.queries.note import Note
from ablate_tui.queries.slices import Sample

Array = NDArray[np.float64]
Target = Literal["mean", "spread"]

MOST_TERMS = 300  # in a plot
SATURATED = 64  # two-level configurations up to here have all of their contrasts
FEWEST_RESIDUALS = 4  # on a side, for the ratio of two variances
HUGE = 1e150  # a response; its square would overflow
OVERLAP = "the levels of one factor are compared with each other, so their effects overlap and the margins are rough"
ROOMY = 2  # configurations per column from which all terms are fitted at once


@dataclass(frozen=True)
class HalfNormalRow:
    """One effect. Of equal variance under noise, so they can be compared with each other."""

    term: str  # "a:b", "factor=level", "a:b = c:d" where aliased
    effect: float
    quantile: float  # of the half-normal distribution, by the rank of |effect|
    active: bool | None  # |effect| > ME


@dataclass(frozen=True, eq=False)
class HalfNormal:
    """Effects, the largest first, with Lenth's margins. `unit` says what they are effects on."""

    target: Target
    unit: Literal["response", "ln SD", "ln F*"]
    rows: tuple[HalfNormalRow, ...]
    pse: float | None
    me: float | None
    sme: float | None
    notes: tuple[Note, ...]


def half_normal(sample: Sample, target: Target) -> HalfNormal:
    """Effects of a slice against half-normal quantiles, with Lenth's margins.

    Parameters
    ----------
    sample : Sample
    target : {"mean", "spread"}
        Effects on the configurations' means; or on ln SD of their replicates, less what it is for normal
        replicates, where half of them have any; else the logarithms of the ratio of the variances of the
        location model's residuals, a term's + side over its − side.

    Returns
    -------
    HalfNormal
        At most 300 effects: all contrasts in two-level designs of up to 64 configurations, else main
        effects and two-factor interactions.

    References
    ----------
    Daniel, C. (1959). Use of half-normal plots in interpreting factorial two-level experiments.
    Technometrics 1(4), 311–341. https://doi.org/10.1080/00401706.1959.10489866
    Box, G. E. P. & Meyer, R. D. (1986). Dispersion effects from fractional designs. Technometrics 28(1),
    19–27. https://doi.org/10.1080/00401706.1986.10488094
    """
    runs = tested(sample)
    groups = runs.groups
    why = ""
    if not groups.factors or groups.n < 2:
        why = "no finished runs in this slice" if not groups.n else "no switch varies in this slice"
    elif float(np.abs(groups.mean).max()) > HUGE:
        why = "the responses are too large to fit a model"
    if target == "mean":
        found = effects(groups, groups.mean, groups.count.astype(np.float64)) if not why else nothing(why)
        return _made(target, "response", found)
    replicated = int(runs.replicated.sum())
    if why or (replicated and 2 * replicated >= groups.n):
        training, notes = spreads(groups)
        kept = _varying(training.configurations)
        found = effects(kept, training.outcome, training.weight) if not why else nothing(why)
        return _made(target, "ln SD", found, () if why else notes)
    return _made(target, "ln F*", _ratios(sample))


@dataclass(frozen=True, eq=False)
class Effects:
    """m effects and what there is to say about them."""

    names: tuple[str, ...]
    values: Array  # (m,)
    notes: tuple[str, ...] = ()  # where there is no effect the last one says why


def nothing(*why: str) -> Effects:
    """No effects."""
    return Effects((), np.zeros(0), why)


def effects(groups: Configurations, y: Array, weight: Array) -> Effects:
    """Effects on an outcome of the configurations, all of the same variance.

    Parameters
    ----------
    groups : Configurations
    y : (C,) float
        Finite.
    weight : (C,) float
        Inverse variance of each y, up to a factor.

    Returns
    -------
    Effects
        A term's coefficient over its standard error, times the standard error of an effect in a balanced
        two-level design of as much weight: where the design is one, simply the effect. In two-level
        designs of at most 64 configurations all `contrasts`; else main effects and two-factor
        interactions, fitted together where there is room for that, otherwise each less what comes before.
    """
    if not groups.factors or groups.n < 2:
        return nothing("fewer than two configurations with replicates that differ")
    if set(groups.sizes) == {2} and groups.n <= SATURATED:
        made = contrasts(groups, weight)
        return Effects(made.names, made.effects(y))
    terms, notes = _terms(groups, y, weight)
    if not terms:
        return nothing(*notes)
    if max(groups.sizes) > 2:
        notes = (*notes, OVERLAP)
    width = sum(prod(groups.sizes[factor] - 1 for factor in term) for term in terms)
    if groups.n - 1 < ROOMY * width:
        among = {factor for term in terms if len(term) > 1 for factor in term}
        made = contrasts(groups, weight, order=2, among=sorted(among))
        return Effects(made.names, made.effects(y), notes)
    found, values = _fitted(groups, terms, y, weight)
    names = tuple(name_of(groups, *cell) for cell in found)
    if len(found) < sum(1 for term in terms for _ in cells_of(groups, term)):
        names = named(groups, found)
        notes = (*notes, "terms that can't be told from others have no effect of their own")
    return Effects(names, values, notes)


def _varying(groups: Configurations) -> Configurations:
    """The configurations by the factors and levels that occur among them: some may have had no replicates."""
    codes, levels, factors = [], [], []
    for factor, texts, row in zip(groups.factors, groups.levels, groups.codes, strict=True):
        there, again = np.unique(row, return_inverse=True)
        if len(there) > 1:
            factors.append(factor)
            levels.append(tuple(texts[code] for code in there))
            codes.append(again.astype(np.int16))
    made = np.array(codes, dtype=np.int16).reshape(len(codes), groups.n)
    return replace(groups, factors=tuple(factors), levels=tuple(levels), codes=made)


def _terms(groups: Configurations, y: Array, weight: Array) -> tuple[list[Term], tuple[str, ...]]:
    """Main effects and as many interactions as fit in a plot: those of the factors with the largest main effects."""
    mains: list[Term] = [(factor,) for factor in range(len(groups.factors))]
    cells = [1 if size == 2 else size for size in groups.sizes]
    if sum(cells) > MOST_TERMS:
        return [], (f"{sum(cells):,} main effects are more than {MOST_TERMS} that fit in a plot",)
    among = distinct(groups)
    if sum(cells) + sum(cells[a] * cells[b] for a, b in combinations(among, 2)) <= MOST_TERMS:
        return [*mains, *combinations(among, 2)], ()
    size = dict.fromkeys(among, 0.0)
    for (term, _), value in zip(*_fitted(groups, mains, y, weight), strict=True):
        if term[0] in size:
            size[term[0]] = max(size[term[0]], abs(value))
    kept: list[int] = []
    used = sum(cells)
    for factor in sorted(among, key=lambda factor: -size[factor]):
        more = sum(cells[factor] * cells[other] for other in kept)
        if used + more > MOST_TERMS:
            break
        used += more
        kept.append(factor)
    note = f"interactions among the {len(kept)} factors with the largest main effects only: {MOST_TERMS} terms fit"
    return [*mains, *combinations(sorted(kept), 2)], (note,)


def _fitted(
    groups: Configurations, terms: Sequence[Term], y: Array, weight: Array
) -> tuple[list[tuple[Term, Cell]], Array]:
    """Effects of a model of all terms together; of those that look alike the first is fitted."""
    fit = least_squares(Columns(groups, terms, weight), y, (1.0, 1))  # of variance 1: what is left is the design
    if fit.rank < fit.columns.p:
        fit = least_squares(Columns(groups, _independent(groups, terms), weight), y, (1.0, 1))
    found, values = [], []
    for term in fit.columns.terms:
        for cell in cells_of(groups, term):
            at = fit.columns.cell(term, cell)
            estimate = fit.estimate(at)
            if estimate is not None:
                found.append((term, cell))
                values.append(2 * estimate.value / estimate.error)
    made = np.array(values) / math.sqrt(float(weight.sum()))
    return found, np.where(np.abs(made) > 8 * np.finfo(float).eps * float(np.abs(y).max()), made, 0.0)


def _independent(groups: Configurations, terms: Sequence[Term]) -> list[Term]:
    """Terms without those whose columns the terms before them hold."""
    columns = Columns(groups, terms, np.ones(groups.n))
    gram = np.zeros((columns.p, columns.p))
    for _, x in columns.blocks():
        gram += x.T @ x
    scale = np.sqrt(np.maximum(np.diag(gram), 1e-12 * groups.n))
    gram /= np.outer(scale, scale)
    kept: list[Term] = []
    places: list[int] = []
    for term in columns.terms:
        mine = list(range(*columns.place[term].indices(columns.p)))
        rest = gram[np.ix_(mine, mine)]
        if places:
            across = gram[np.ix_(places, mine)]
            rest = rest - across.T @ np.linalg.lstsq(gram[np.ix_(places, places)], across, rcond=None)[0]
        if float(np.linalg.eigvalsh(rest)[0]) > 1e-8:
            kept.append(term)
            places += mine
    return kept


def _ratios(sample: Sample) -> Effects:
    """Box and Meyer's ln F* of every term, on the scale of a term with as many + as −."""
    model = location(sample)
    groups, residual = model.groups, model.residual
    if model.why or not residual.any():
        why = model.why or "the location model fits exactly, without a residual"
        return nothing(f"no residuals: {why}")
    no_replicates = f"no replicates: residuals of the location model; {LOOKS_THE_SAME.replace('switch', 'term')}"
    notes: tuple[str, ...] = (no_replicates,)
    if set(groups.sizes) == {2} and groups.n <= SATURATED:
        made = contrasts(groups)
        cells = list(zip(made.terms, made.levels, strict=True))
    else:
        terms, more = _terms(groups, groups.mean, np.ones(groups.n))
        notes += (*more, *((OVERLAP,) if max(groups.sizes) > 2 else ()))
        # the sides of an interaction of many levels are nearly those of one of its factors
        terms = [term for term in terms if len(term) == 1 or all(groups.sizes[factor] == 2 for factor in term)]
        cells = [(term, cell) for term in terms for cell in cells_of(groups, term)]
    found, values = [], []
    for term, cell in cells:
        above = signs(groups, term, cell) > 0
        on, off = residual[above], residual[~above]
        if min(len(on), len(off)) < FEWEST_RESIDUALS or not (np.ptp(on) > 0 and np.ptp(off) > 0):
            continue
        found.append((term, cell))
        balance = 2 * math.sqrt(len(on) * len(off)) / groups.n  # 1 where there are as many + as −
        values.append(balance * math.log(on.var(ddof=1) / off.var(ddof=1)))
    if len(found) < len(cells):
        notes = (
            *notes,
            f"{len(cells) - len(found)} terms have a side without {FEWEST_RESIDUALS} residuals that differ",
        )
    return Effects(named(groups, found), np.array(values), notes)


def _made(
    target: Target, unit: Literal["response", "ln SD", "ln F*"], found: Effects, notes: tuple[Note, ...] = ()
) -> HalfNormal:
    """Rank the effects and judge them by each other."""
    judged: Lenth = lenth(found.values)
    m = len(found.values)
    from scipy.special import ndtri

    order = np.argsort(np.abs(found.values), kind="stable")
    quantile = ndtri(0.5 + 0.5 * (np.arange(1, m + 1) - 0.5) / m) if m else np.zeros(0)
    rows = tuple(
        HalfNormalRow(
            term=found.names[at],
            effect=float(found.values[at]),
            quantile=float(quantile[rank]),
            active=None if judged.me is None else bool(abs(found.values[at]) > judged.me),
        )
        for rank, at in reversed(list(enumerate(order)))
    )
    said = [Note("*", "rows", text) for text in found.notes]
    if judged.me is None and m:
        said.append(Note("*", "active pse me sme", judged.why))
    elif judged.me is None:
        said[-1:] = [Note("*", "rows pse me sme", found.notes[-1] if found.notes else judged.why)]
    return HalfNormal(target, unit, rows, judged.pse, judged.me, judged.sme, (*notes, *said))

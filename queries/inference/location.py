"""The location model: what each factor does to the mean, tested with the configuration as the unit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ablate_tui.queries.configurations import Configurations
from ablate_tui.queries.inference.contrasts import contrasts
from ablate_tui.queries.inference.families import benjamini_hochberg
from ablate_tui.queries.inference.least_squares import Estimate, Fit, aliased_with, confounded, least_squares
from ablate_tui.queries.inference.lenth import lenth
from ablate_tui.queries.inference.model_terms import Array, Columns, Term
from ablate_tui.queries.inference.replicates import Tested, tested
from ablate_tui.queries.slices import Sample

FALSE_DISCOVERIES = 0.05  # among the interactions that count as active
LENTH_CONFIGURATIONS = 64  # unreplicated orthogonal two-level designs up to here are judged by Lenth's method
FEWEST_CONTRASTS = 7  # for Lenth's method
FEWEST_DEGREES = 5  # of residuals, for a model to be judged by them
ROOMY = 5  # configurations per column from which all interactions are fitted at once
MOST_WORK = 20_000_000_000  # configurations × columns² of that fit
MOST_STEPWISE = 5_000_000  # configurations × interactions up to which they are found one after the other
MOST_CANDIDATES = 100_000_000  # … and up to which they are looked through at all
MOST_ADDED = 30  # interactions found one after the other
NEAR = 0.5  # correlation of a switch with an interaction from which its effect has to hold beside it

HC3, LENTH, PURE_ERROR = "HC3", "Lenth", "pure error"


@dataclass(frozen=True, eq=False)
class Location:
    """Effects on the mean. `why` says why nothing could be tested, else ""."""

    runs: Tested
    basis: str | None  # "HC3", "Lenth", "pure error"
    terms: tuple[Term, ...]  # of the model whose residuals are given
    active: tuple[Term, ...]  # the interactions among them
    certain: tuple[Term, ...]  # those that hold at a false discovery rate of 5 %
    levels: Mapping[tuple[str, str], Estimate]  # by factor and level: the level less its factor's others
    factors: Mapping[str, float]  # p of each factor as a whole
    reasons: Mapping[str, str]  # by factor: why it has no estimate
    confounded: Mapping[str, tuple[str, ...]]  # by factor: the terms that it can't be told from, in words
    notes: tuple[str, ...]
    fitted: Array  # (C,)
    residual: Array  # (C,)
    why: str

    @property
    def groups(self) -> Configurations:
        """The configurations that the model is fitted to."""
        return self.runs.groups


def location(sample: Sample) -> Location:
    """Fit and test the location model.

    Weighted least squares of the configuration means on the main effects of all free factors and the
    active two-factor interactions, HC3 standard errors, Student's t on the residual degrees of freedom;
    factors of more levels by a joint Wald test. Where fewer than 5 degrees of freedom are left, standard
    errors come from the replicates. In unreplicated two-level designs of at most 64 configurations that
    are orthogonal or leave fewer than 5 degrees of freedom, Lenth's t among all estimable contrasts (in
    irregular ones with room for a model, contrasts mix with strong interactions: see docs/false_verdicts.md).

    Interactions are active by Lenth's margin of error in those designs, else at a false discovery rate
    of 5 %: all at once where there are 5 configurations per column, else one after the other, the
    strongest first (in one pass, each beside the main effects, where that would take too long).
    `sample.slice.location` sets the terms instead.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    Location
        Made once, whichever views ask for it. `fitted` and `residual` are of the active terms and all main
        effects, in Lenth's designs of the active terms and what they contain.

    References
    ----------
    Lenth, R. V. (1989). Quick and easy analysis of unreplicated factorials. Technometrics 31(4), 469–473.
    https://doi.org/10.1080/00401706.1989.10488595
    """
    return sample.once(_location)


def _location(sample: Sample) -> Location:
    runs = tested(sample)
    groups = runs.groups
    n, k = groups.n, len(groups.factors)
    if not k or n < 2:
        why = "no finished runs in this slice" if not n else "no switch varies in this slice"
        return _none(runs, why)
    if np.ptp(groups.mean) <= 1e-12 * float(np.abs(groups.mean).max()):
        return _none(runs, "the configurations' means are all the same")
    if not np.isfinite(np.square(groups.mean).sum()):
        return _none(runs, "the responses are too large to fit a model")
    mains: list[Term] = [(factor,) for factor in range(k)]
    given = _given(sample, groups)
    small = set(groups.sizes) == {2} and n <= LENTH_CONFIGURATIONS and not runs.replicated.any()
    if small and _orthogonal(groups):
        return _by_contrasts(runs, mains, given)

    weight = groups.count.astype(np.float64)
    pairs: list[Term] = list(combinations(range(k), 2)) if given is None else given[:]
    base = least_squares(Columns(groups, mains, weight), groups.mean)
    if base.columns.p > base.rank + n or base.why.endswith("columns are more than 500"):
        return _none(runs, base.why)
    notes: list[str] = []
    freedom = n - 1 - base.rank
    pure = runs.pure
    by_error = pure if freedom < FEWEST_DEGREES else None
    if freedom < FEWEST_DEGREES and small:
        return _by_contrasts(runs, mains, given)
    if freedom < FEWEST_DEGREES and pure is None:
        why = (
            f"{n} configurations leave {max(freedom, 0)} residual degrees of freedom; "
            f"{FEWEST_DEGREES} are needed, or replicates that differ"
        )
        return _none(runs, why, base)
    if given is None:
        active = _active(groups, weight, mains, pairs, by_error, notes)
    else:
        active = [term for term in pairs if len(term) > 1]
    fit = least_squares(Columns(groups, [*mains, *active], weight), groups.mean, by_error)
    if given is not None and by_error is None and n - 1 - fit.rank < FEWEST_DEGREES:
        if pure is None:
            return _none(runs, f"the terms given leave {max(n - 1 - fit.rank, 0)} residual degrees of freedom", fit)
        by_error = pure
        fit = least_squares(fit.columns, groups.mean, pure)
    if fit.why:
        return _none(runs, fit.why, fit)
    levels, factors, reasons, aliased = _tests(fit)
    if given is None:
        _beside_interactions(fit, [pair for pair in pairs if pair not in active], by_error, levels, factors, notes)
    return Location(
        runs=runs,
        basis=HC3 if by_error is None else PURE_ERROR,
        terms=fit.columns.terms,
        active=tuple(active),
        certain=tuple(active),
        levels=levels,
        factors=factors,
        reasons=reasons,
        confounded=aliased,
        notes=tuple(notes),
        fitted=fit.fitted,
        residual=fit.residual,
        why="",
    )


def means_fit(runs: Tested, terms: Sequence[Term]) -> Fit:
    """Fit some terms to the configuration means, weighted by their counts, as the location model is fitted.

    Parameters
    ----------
    runs : Tested
    terms : sequence of Term

    Returns
    -------
    Fit
        Where fewer than 5 degrees of freedom are left, its standard errors come from the replicates.
    """
    groups = runs.groups
    fit = least_squares(Columns(groups, terms, groups.count.astype(np.float64)), groups.mean)
    if groups.n - 1 - fit.rank < FEWEST_DEGREES and runs.pure is not None:
        return least_squares(fit.columns, groups.mean, runs.pure)
    return fit


def _none(runs: Tested, why: str, fit: Fit | None = None) -> Location:
    n = runs.groups.n
    fitted = fit.fitted if fit is not None else np.full(n, math.nan)
    residual = fit.residual if fit is not None else np.full(n, math.nan)
    terms = fit.columns.terms if fit is not None else ()
    return Location(runs, None, terms, (), (), {}, {}, {}, {}, (), fitted, residual, why)


def _given(sample: Sample, groups: Configurations) -> list[Term] | None:
    """The terms that the user gave, with the main effects that they contain; those of fixed factors go."""
    if sample.slice.location is None:
        return None
    place = {factor.name: at for at, factor in enumerate(groups.factors)}
    terms = [
        tuple(sorted(place[name] for name in names))
        for names in sample.slice.location
        if all(name in place for name in names)
    ]
    return _closed(terms)


def _closed(terms: Sequence[Term]) -> list[Term]:
    """Terms with the main effects of their factors: hierarchical models only."""
    single = sorted({(factor,) for term in terms for factor in term})
    return [*single, *dict.fromkeys(term for term in terms if len(term) > 1)]


def _tests(
    fit: Fit,
) -> tuple[dict[tuple[str, str], Estimate], dict[str, float], dict[str, str], dict[str, tuple[str, ...]]]:
    """Every level against its factor's others, every factor as a whole, why some have no test, and the aliases."""
    groups = fit.columns.groups
    levels: dict[tuple[str, str], Estimate] = {}
    factors: dict[str, float] = {}
    reasons: dict[str, str] = {}
    aliased: dict[str, tuple[str, ...]] = {}
    for at, factor in enumerate(groups.factors):
        for level, text in enumerate(groups.levels[at]):
            found = fit.estimate(fit.columns.level(at, level))
            if found is not None:
                levels[factor.name, text] = found
        joint = fit.wald(fit.columns.whole((at,)))
        other = confounded(fit, at)
        if other:
            reasons[factor.name], aliased[factor.name] = aliased_with(other), other
        elif joint is None:
            reasons[factor.name] = "no standard error: the residuals that matter are zero"
        else:
            factors[factor.name] = joint
    return levels, factors, reasons, aliased


def _beside_interactions(
    fit: Fit,
    pairs: Sequence[Term],
    by_error: tuple[float, int] | None,
    levels: dict[tuple[str, str], Estimate],
    factors: dict[str, float],
    notes: list[str],
) -> None:
    """Give a switch that nearly is some interaction the larger of its p with and without that interaction.

    The interaction is too faint to be told from the switch, so that it isn't in the model, and what it does
    would be taken for the switch's effect. Of several, the one that is most like the switch.
    """
    columns = fit.columns
    groups, weight = columns.groups, columns.weight
    root = np.sqrt(weight)[:, None]
    switches = [at for at, size in enumerate(groups.sizes) if size == 2]
    pairs = [pair for pair in pairs if set(pair) <= set(switches)]
    if not pairs or groups.n * len(pairs) > MOST_CANDIDATES:
        return
    main = Columns(groups, [(at,) for at in switches], weight).matrix() * root
    main /= np.maximum(np.linalg.norm(main, axis=0), 1e-300)
    nearest: dict[int, tuple[float, Term]] = {}
    step = max(1, 4_000_000 // groups.n)
    for start in range(0, len(pairs), step):
        some = pairs[start : start + step]
        product = Columns(groups, some, weight).matrix() * root
        alike = np.abs(main.T @ product) / np.maximum(np.linalg.norm(product, axis=0), 1e-300)
        alike[alike > 1 - 1e-6] = 0.0  # aliases: no data could tell them apart
        for at, row in zip(switches, alike, strict=True):
            best = int(row.argmax())
            if row[best] > nearest.get(at, (NEAR, ()))[0]:
                nearest[at] = float(row[best]), some[best]
    for at, (correlation, pair) in nearest.items():
        name = groups.factors[at].name
        wider = least_squares(Columns(groups, [*columns.terms, pair], weight), groups.mean, by_error)
        p = wider.wald(wider.columns.whole((at,)))
        freedom = groups.n - 1 - wider.rank
        if name not in factors or p is None or (by_error is None and freedom < FEWEST_DEGREES):
            continue
        words = f"{name} and {groups.words(pair)} are hard to tell apart (correlation {correlation:.2f})"
        notes.append(f"{words}: the effect of {name} has to hold beside it")
        if p > factors[name]:
            factors[name] = p
            for level, text in enumerate(groups.levels[at]):
                found = wider.estimate(wider.columns.level(at, level))
                if found is not None:
                    levels[name, text] = found


def _active(
    groups: Configurations,
    weight: Array,
    mains: list[Term],
    pairs: list[Term],
    by_error: tuple[float, int] | None,
    notes: list[str],
) -> list[Term]:
    """The interactions that hold at a false discovery rate of 5 %."""
    if not pairs:
        return []
    whole = Columns(groups, [*mains, *pairs], weight) if len(pairs) <= 2_000 else None
    roomy = whole is not None and groups.n >= ROOMY * whole.p and groups.n * whole.p**2 <= MOST_WORK
    if whole is not None and (roomy or by_error is not None):
        fit = least_squares(whole, groups.mean, by_error)
        if not fit.why:
            tests = {pair: fit.wald(whole.whole(pair)) for pair in pairs if not _unknown(fit, pair)}
            q = benjamini_hochberg({pair: value for pair, value in tests.items() if value is not None})
            return [pair for pair in pairs if q.get(pair, 1.0) < FALSE_DISCOVERIES]
    if groups.n * len(pairs) > MOST_CANDIDATES:
        notes.append(f"{len(pairs):,} interactions of {groups.n:,} configurations are too many to look through")
        return []
    active: list[Term] = []
    while len(active) < MOST_ADDED:
        base = least_squares(Columns(groups, [*mains, *active], weight), groups.mean)
        p = scan(base, groups.mean, [pair for pair in pairs if pair not in active])
        q = benjamini_hochberg(p)
        if groups.n * len(pairs) > MOST_STEPWISE:
            return [pair for pair in pairs if q.get(pair, 1.0) < FALSE_DISCOVERIES]
        best = min(q, key=lambda pair: (q[pair], p[pair]), default=None)
        if best is None or q[best] >= FALSE_DISCOVERIES:
            break
        active.append(best)
    return sorted(active)


def _unknown(fit: Fit, term: Term) -> bool:
    """Whether any column of a term is aliased."""
    whole = fit.columns.whole(term)
    return bool(np.linalg.norm(whole - (whole @ fit.basis) @ fit.basis.T) > 1e-6)


def scan(base: Fit, y: Array, candidates: Sequence[Term]) -> dict[Term, float]:
    """P of each term when it alone joins a model, with HC3 standard errors.

    Parameters
    ----------
    base : Fit
    y : (C,) float
        What the base was fitted to.
    candidates : sequence of Term

    Returns
    -------
    dict
        Without those that are aliased with the model or leave fewer than 5 degrees of freedom.
    """
    columns = base.columns
    groups, weight, n = columns.groups, columns.weight, columns.n
    root = np.sqrt(weight)
    single = [term for term in candidates if all(groups.sizes[factor] == 2 for factor in term)]
    found: dict[Term, float] = {}
    degrees = n - 2 - base.rank
    if single and degrees >= FEWEST_DEGREES:
        # Frisch & Waugh: partial the model out of the candidates; then each is a regression of its own
        model = np.linalg.qr(np.column_stack([np.ones(n), columns.matrix() @ base.basis]) * root[:, None])[0]
        residual = root * base.residual
        room = 1 - np.einsum("ij,ij->i", model, model)
        step = max(1, 4_000_000 // n)
        from scipy.special import stdtr

        for start in range(0, len(single), step):
            terms = single[start : start + step]
            z = Columns(groups, terms, weight).matrix() * root[:, None]
            size = np.einsum("ij,ij->j", z, z)
            z -= model @ (model.T @ z)
            left = np.einsum("ij,ij->j", z, z)
            good = left > 1e-8 * size
            scaled = z / np.where(good, left, 1.0)
            slope = residual @ scaled
            rest = (residual[:, None] - z * slope) / np.maximum(room[:, None] - z * scaled, 1e-9)
            error = np.sqrt(np.einsum("ij,ij->j", (scaled * rest) ** 2, np.ones_like(z)))
            with np.errstate(divide="ignore", invalid="ignore"):
                p = 2 * stdtr(degrees, -np.abs(slope) / error)
            found |= {term: float(v) for term, v, ok in zip(terms, p, good, strict=True) if ok and math.isfinite(v)}
    for term in candidates:
        if any(groups.sizes[factor] > 2 for factor in term):
            fit = least_squares(Columns(groups, [*columns.terms, term], weight), y)
            p_term = fit.wald(fit.columns.whole(term))
            if p_term is not None and n - 1 - fit.rank >= FEWEST_DEGREES and not _unknown(fit, term):
                found[term] = p_term
    return found


def _orthogonal(groups: Configurations) -> bool:
    """Whether main effects and two-factor interactions of switches are all orthogonal or aliased."""
    sign = np.where(groups.codes == groups.codes[:, :1], 1, -1)
    sign = np.unique(sign, axis=0)  # aliases once
    if sign.sum(axis=1).any() or len(sign) >= groups.n:
        return False
    a, b = np.triu_indices(len(sign), 1)
    every = np.unique(np.concatenate([sign, sign[a] * sign[b]]), axis=0)
    gram = every @ every.T
    return not every.sum(axis=1).any() and np.count_nonzero(gram) == len(every)


def _by_contrasts(runs: Tested, mains: list[Term], given: list[Term] | None) -> Location:
    """Lenth's method: most contrasts are taken to be nothing but noise."""
    groups = runs.groups
    made = contrasts(groups)
    effects = made.weights @ groups.mean
    place = {term: at for at, term in enumerate(made.terms)}
    if len(effects) < FEWEST_CONTRASTS:
        why = f"{len(effects)} contrasts are too few for Lenth's method; {FEWEST_CONTRASTS} are needed"
        return _none(runs, why)
    found = lenth(effects)
    if found.pse is None or found.me is None or not found.pse > 0:
        return _none(runs, "more than half of the contrasts are zero: no scale to judge the others by")
    degrees = len(effects) / 3
    levels: dict[tuple[str, str], Estimate] = {}
    factors: dict[str, float] = {}
    reasons: dict[str, str] = {}
    aliased: dict[str, tuple[str, ...]] = {}
    base = least_squares(Columns(groups, mains, np.ones(groups.n)), groups.mean)
    for term in mains:
        name, at = groups.factors[term[0]].name, place.get(term)
        other = confounded(base, term[0])
        if other or at is None:
            reasons[name] = aliased_with(other) if other else "can't be estimated"
            aliased |= {name: other} if other else {}
            continue
        value, p = float(effects[at]), float(found.p[at])
        factors[name] = p
        for level, sign in ((1, 1.0), (0, -1.0)):
            levels[name, groups.levels[term[0]][level]] = Estimate(sign * value, found.pse, degrees, p)
    if given is None:
        terms = [term for term in made.terms if len(term) <= 2 and abs(effects[place[term]]) > found.me]
    else:
        terms = given
    model = least_squares(Columns(groups, _closed(terms), np.ones(groups.n)), groups.mean)
    active = tuple(term for term in model.columns.terms if len(term) > 1)
    # one contrast in twenty exceeds the margin of error by chance: enough for residuals, not for a claim
    pairs: dict[Term, float] = {term: float(found.p[at]) for term, at in place.items() if len(term) == 2}
    q = benjamini_hochberg(pairs)
    return Location(
        runs=runs,
        basis=LENTH,
        terms=model.columns.terms,
        active=active,
        certain=tuple(term for term in active if given is not None or q.get(term, 1.0) < FALSE_DISCOVERIES),
        levels=levels,
        factors=factors,
        reasons=reasons,
        confounded=aliased,
        notes=(),
        fitted=model.fitted,
        residual=model.residual,
        why="",
    )

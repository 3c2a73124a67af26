"""Which switches matter most: SHAP values of a model of the configurations, ranked.

Trees are fitted to the means (or the spreads) of the configurations of a slice; the SHAP values of their
predictions are exact where all combinations of the free factors' levels can be listed. The ranking comes
first (`importance`), what it is worth later: `with_fit` (does the model predict at all) and
`with_uncertainty` (bootstrap intervals, noise floor).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.schema import Factor
from ablate_tui.queries.attribution.explanation import (
    ONCE,
    REFIT,
    Array,
    Explanation,
    Target,
    Training,
    explain,
    mean_absolute,
    means,
    r_squared,
    r_squared_ceiling,
    residual_spreads,
    spread_ceiling,
    spreads,
)
from ablate_tui.queries.attribution.refits import Refits, refits
from ablate_tui.queries.cancelling import Cancelled
from ablate_tui.queries.configurations import Configurations, aliases, configurations
from ablate_tui.queries.inference.location import location
from ablate_tui.queries.inference.replicates import tested
from ablate_tui.queries.note import Note
from ablate_tui.queries.reasons import PENDING
from ablate_tui.queries.slices import Sample

WHAT_A_SHAP_VALUE_IS = (
    "A SHAP value is the marginal change of the predicted response by that switch in that run, not the response itself."
)
BOOTSTRAPS = 200
PERMUTATIONS = 100
ARRIVING = 30  # refits after which what is known so far is handed on
FOLDS = 5
ENOUGH = 8  # configurations; fewer can't be split into folds, nor tell a switch from noise
_LATER = ("low", "high", "noise_floor", "r2_out_of_fold", "r2_ceiling")


@dataclass(frozen=True)
class ImportanceRow:
    """One switch or factor. SHAP values are in the unit of the response, for spread in ln SD."""

    rank: int
    switch: str
    mean_abs_shap: float  # mean |SHAP| over the slice's runs
    low: float | None  # 95 % bootstrap interval of it
    high: float | None
    share: float | None  # of the sum over all switches
    signed_effect: float | None  # mean SHAP of the runs with on minus that of the runs with off
    noise_floor: float | None  # what the largest switch reaches in 5 % of sweeps of pure noise


@dataclass(frozen=True, eq=False)
class Importance:
    """The ranking, what it is worth, and the SHAP values of E configurations of k factors for drawing."""

    target: Target
    method: Literal["exact", "tree"]
    configurations: int  # that the model was fitted to
    rows: tuple[ImportanceRow, ...]  # by rank
    r2_out_of_fold: float | None
    r2_ceiling: float | None  # what a model that knew the true means would reach
    notes: tuple[Note, ...]
    warning: str  # what must be read before the ranking; "" if nothing
    factors: tuple[Factor, ...]  # free factors that vary
    levels: tuple[tuple[str, ...], ...]  # the levels of each that occur
    codes: NDArray[np.int16]  # (k, E) positions in `levels`
    count: NDArray[np.int64]  # (E,) runs of each explained configuration
    phi: Array  # (k, E) SHAP values
    base: float
    prediction: Array  # (E,)
    by_residuals: bool  # whether residuals stand for the replicates' SDs
    training: Training | None  # None where there is no ranking
    explanation: Explanation | None
    out_of_fold: Array | None = None  # (C,) predictions from the folds that a configuration is not in
    refits: Refits | None = None  # those that intervals and noise floor come from

    @property
    def finished(self) -> bool:
        """Whether nothing is still to come."""
        return self.training is None or (self.refits is not None and self.refits.done >= self.refits.planned)


def importance(sample: Sample, target: Target = "mean", cancelled: Callable[[], bool] | None = None) -> Importance:
    """Rank the free switches of a slice by mean |SHAP|, without saying yet how sure that is.

    Parameters
    ----------
    sample : Sample
        Runs that are not finished, or lack a level of a free factor, are left out.
    target : {"mean", "spread"}
        What is explained: the configurations' means weighted by their runs, or the logarithm of their
        standard deviations, less its expectation for that many normal replicates, weighted by the
        inverse of its variance (Bartlett & Kendall 1946); without replicates in half of the configurations
        ln |residual| of the location model (see `explanation.residual_spreads`).
    cancelled : callable, optional
        Asked several times a second.

    Returns
    -------
    Importance
        `low`, `high`, `noise_floor` and `r2_…` are None with a note until `with_fit` and
        `with_uncertainty`. No rows, with a note, where there is nothing to rank.

    Raises
    ------
    Cancelled

    References
    ----------
    Lundberg, S. M. & Lee, S.-I. (2017). A unified approach to interpreting model predictions. NeurIPS 30.
    https://arxiv.org/abs/1705.07874
    Bartlett, M. S. & Kendall, D. G. (1946). The statistical analysis of variance-heterogeneity and the
    logarithmic transformation. Supplement to the Journal of the Royal Statistical Society 8(1), 128–138.
    https://doi.org/10.2307/2983618
    """
    notes: list[Note] = []
    by_residuals, no_reasons = False, tuple[Note, ...]()
    if target == "mean":
        groups = configurations(sample)
        training, reasons = means(groups), no_reasons
    else:
        runs = tested(sample)
        groups = runs.groups
        by_residuals = 2 * int(runs.replicated.sum()) < groups.n or not groups.n
        training, reasons = residual_spreads(location(sample)) if by_residuals else spreads(groups)
    if groups.left_out:
        reason = f"{groups.left_out:,} finished runs without a level of a free switch are left out"
        notes.append(Note("*", "configurations", reason))
    for name, parent in sample.apart.items():
        reason = f"only set where {parent} has some levels, so not in the model: keep one of these to see it"
        notes.append(Note(name, "*", reason))
    notes += reasons
    obstacle = _obstacle(training)
    if obstacle:
        return _nothing(target, training.configurations, (Note("*", "*", obstacle), *notes))

    groups = training.configurations
    found = explain(training, training.outcome, check=lambda: _check(cancelled))
    notes += _about(training, found)
    notes += [Note("*", field, PENDING) for field in _LATER]
    return Importance(
        target=target,
        method="exact" if training.exact else "tree",
        configurations=groups.n,
        rows=_rows(training, found),
        r2_out_of_fold=None,
        r2_ceiling=None,
        notes=tuple(notes),
        warning="; ".join(
            f"{' and '.join(names)} always change together: their SHAP values can't be told apart"
            for names in aliases(groups)
        ),
        factors=groups.factors,
        levels=groups.levels,
        codes=groups.codes[:, found.at],
        count=groups.count[found.at],
        phi=found.phi,
        base=found.base,
        prediction=found.prediction,
        by_residuals=by_residuals,
        training=training,
        explanation=found,
    )


def with_fit(result: Importance, cancelled: Callable[[], bool] | None = None) -> Importance:
    """Add how well the model predicts configurations that it has not seen, and how well it could.

    Parameters
    ----------
    result : Importance
    cancelled : callable, optional
        Asked many times in each fit.

    Returns
    -------
    Importance
        `r2_out_of_fold`: 1 − Σw(y − ŷ)² / Σw(y − ȳ)² over five folds of configurations. `r2_ceiling`:
        1 − σ²/MS_between, where σ² is the replicates' pooled variance and MS_between that of the
        configuration means weighted by their runs; never below zero.

    Raises
    ------
    Cancelled
    """
    training = result.training
    if training is None or result.out_of_fold is not None:
        return result
    n = len(training.outcome)
    fold = np.random.default_rng(0).permutation(n) % FOLDS
    predicted = np.empty(n)

    def check() -> None:
        _check(cancelled)

    for number in range(FOLDS):
        held = fold == number
        model = training.fit(training.outcome, (~held).astype(np.int64), check)
        predicted[held] = model.predict(training.columns[held])

    notes = _without(result.notes, "r2_out_of_fold", "r2_ceiling")
    warning = result.warning
    r2 = r_squared(training, predicted)
    if r2 is None:
        notes += (Note("*", "r2_out_of_fold", "the outcome is the same everywhere"),)
    elif r2 <= 0:
        words = f"the model does not predict (out-of-fold R² {r2:.2f}): the ranking means nothing"
        warning = "; ".join(filter(None, (words, warning)))
    ceiling = r_squared_ceiling(training)
    reason = "needs configurations with replicates, and means that differ"
    if result.target == "spread":
        ceiling = None if result.by_residuals else spread_ceiling(training)
        reason = "needs replicates: residuals do not say how uncertain they are"
    if ceiling is None:
        notes += (Note("*", "r2_ceiling", reason),)
    return replace(
        result,
        r2_out_of_fold=r2,
        r2_ceiling=ceiling,
        notes=notes,
        warning=warning,
        out_of_fold=predicted,
    )


def with_uncertainty(
    result: Importance,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    arrived: Callable[[Importance], None] | None = None,
    *,
    bootstraps: int = BOOTSTRAPS,
    permutations: int = PERMUTATIONS,
) -> Importance:
    """Add bootstrap intervals and the noise floor, and the fit if it is not there yet.

    Parameters
    ----------
    result : Importance
        The refits that it has already are not computed again.
    progress : callable, optional
        Told the share that is done, 0 to 1.
    cancelled : callable, optional
        Asked many times in each refit.
    arrived : callable, optional
        Given, every ARRIVING refits and where it is cancelled, what there is so far: intervals and floor
        are those of the refits done, and the notes of these fields say of how many. What it was given
        last can be gone on with.
    bootstraps : int
        Refits to configurations drawn with replacement, each with all its runs (seed 0); `low` and `high`
        are percentiles (Efron & Tibshirani 1993, chapter 13).
    permutations : int
        Refits to permuted out-of-fold residuals (seed 1); `noise_floor` is the 95th percentile of the
        largest switch.

    Returns
    -------
    Importance

    Raises
    ------
    Cancelled

    References
    ----------
    Efron, B. & Tibshirani, R. J. (1993). An introduction to the bootstrap. Chapman & Hall.
    https://doi.org/10.1201/9780429246593
    """
    result = with_fit(result, cancelled)
    training, out_of_fold = result.training, result.out_of_fold
    if training is None or out_of_fold is None:
        return result
    so_far = result.refits
    if so_far is not None and (so_far.bootstraps, so_far.permutations) != (bootstraps, permutations):
        so_far = None
    residual = training.outcome - out_of_fold
    try:
        for found in refits(training, residual, bootstraps, permutations, so_far, lambda: _check(cancelled)):
            so_far = found
            if progress is not None:
                progress(found.done / found.planned)
            if arrived is not None and found.done < found.planned and found.done % ARRIVING == 0:
                arrived(_refitted(result, found))
    except Cancelled:
        if arrived is not None and so_far is not None:
            arrived(_refitted(result, so_far))
        raise
    return result if so_far is None else _refitted(result, so_far)


def _refitted(result: Importance, found: Refits) -> Importance:
    """The intervals and the noise floor that the refits so far say."""
    floor, interval = found.floor, found.interval
    place = {factor.name: at for at, factor in enumerate(result.factors)}
    rows = tuple(
        replace(
            row,
            low=float(interval[0][place[row.switch]]) if interval else None,
            high=float(interval[1][place[row.switch]]) if interval else None,
            noise_floor=floor,
        )
        for row in result.rows
    )
    so_far = {
        "low": (len(found.drawn), found.bootstraps),
        "high": (len(found.drawn), found.bootstraps),
        "noise_floor": (len(found.largest), found.permutations),
    }
    notes = [note for note in result.notes if note.field not in so_far]
    for field, (done, planned) in so_far.items():
        if done < planned:
            notes.append(Note("*", field, f"so far from {done} of {planned} refits" if done else PENDING))
    if result.method == "tree":
        reason = f"each refit explains {REFIT.explained} configurations against {REFIT.background}, to save time"
        notes += [Note("*", field, reason) for field in so_far]
    return replace(result, rows=rows, notes=tuple(notes), refits=found)


def _check(cancelled: Callable[[], bool] | None) -> None:
    """Raise Cancelled if the caller wants that."""
    if cancelled is not None and cancelled():
        raise Cancelled


def _without(notes: tuple[Note, ...], *fields: str) -> tuple[Note, ...]:
    """The notes without what they said was still to come."""
    return tuple(note for note in notes if note.reason != PENDING or note.field not in fields)


def _obstacle(training: Training) -> str:
    """Why there is nothing to rank; "" where there is."""
    groups = training.configurations
    if not groups.factors:
        return "no switch varies in this slice" if groups.n else "no finished runs in this slice"
    if groups.n < ENOUGH:
        return f"{groups.n} configurations are too few to fit a model; {ENOUGH} are needed"
    if training.too_wide:
        widest = max(zip(groups.sizes, groups.factors, strict=True), key=lambda pair: pair[0])
        name = widest[1].name
        return f'"{name}" has {widest[0]:,} levels, too many to fit a model; --role {name}=ignored leaves it out'
    return ""


def _nothing(target: Target, groups: Configurations, notes: tuple[Note, ...]) -> Importance:
    """A result without a ranking."""
    return Importance(
        target=target,
        method="exact",
        configurations=groups.n,
        rows=(),
        r2_out_of_fold=None,
        r2_ceiling=None,
        notes=notes,
        warning="",
        factors=groups.factors,
        levels=groups.levels,
        codes=groups.codes[:, :0],
        count=groups.count[:0],
        phi=np.empty((len(groups.factors), 0)),
        base=0.0,
        prediction=np.empty(0),
        by_residuals=False,
        training=None,
        explanation=None,
    )


def _rows(training: Training, found: Explanation) -> tuple[ImportanceRow, ...]:
    """The ranking; equals keep the order of the source."""
    groups = training.configurations
    size = mean_absolute(training, found)
    total = float(size.sum())
    weight = groups.count[found.at].astype(np.float64)
    rows = []
    for rank, row in enumerate(np.argsort(-size, kind="stable"), start=1):
        signed = None
        if groups.factors[row].is_switch:
            on = groups.codes[row, found.at] == 1
            if on.any() and not on.all():
                phi = found.phi[row]
                signed = float(np.average(phi[on], weights=weight[on]) - np.average(phi[~on], weights=weight[~on]))
        rows.append(
            ImportanceRow(
                rank=rank,
                switch=groups.factors[row].name,
                mean_abs_shap=float(size[row]),
                low=None,
                high=None,
                share=float(size[row]) / total if total > 0 else None,
                signed_effect=signed,
                noise_floor=None,
            )
        )
    return tuple(rows)


def _about(training: Training, found: Explanation) -> list[Note]:
    """What must be said of the values, and why some are null."""
    groups, notes = training.configurations, []
    if not training.exact:
        drawn = f"{ONCE.background} of {groups.n:,} configurations, drawn in proportion to their runs"
        if groups.n > ONCE.background or np.ptp(groups.count) > 0:
            notes.append(Note("*", "background", drawn))
        if len(found.at) < groups.n:
            notes.append(Note("*", "mean_abs_shap", f"{len(found.at):,} of {groups.n:,} configurations"))
    elif groups.n < training.combinations:
        reason = (
            f"{groups.n:,} of {training.combinations:,} combinations of levels were run; "
            "the SHAP values compare with predictions for the others too"
        )
        notes.append(Note("*", "background", reason))
    if not np.any(found.phi):
        notes.append(Note("*", "share", "all SHAP values are zero: the model finds that no switch moves it"))
    for row, factor in enumerate(groups.factors):
        if groups.sizes[row] > 2 and not training.exact:
            reason = "its levels are explained one by one, then summed"
            notes.append(Note(factor.name, "mean_abs_shap", reason))
        if not factor.is_switch:
            notes.append(Note(factor.name, "signed_effect", "more than two levels have no single direction"))
        elif len(np.unique(groups.codes[row, found.at])) < 2:
            notes.append(Note(factor.name, "signed_effect", "one level among these configurations"))
    return notes

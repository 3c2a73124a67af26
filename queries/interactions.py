"""Which factors change each other's effect: all pairs, on the mean and on the logarithm of the noise's SD."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np

from ablate_tui.data.sql import literal, quote
from ablate_tui.queries.attribution.explanation import Target
from ablate_tui.queries.configurations import Configurations, chosen
from ablate_tui.queries.descriptive.pair_cells import FourCells, PairCells
from ablate_tui.queries.importance import Importance
from ablate_tui.queries.inference.failure_pairs import FailureRow, failure_interactions
from ablate_tui.queries.inference.families import benjamini_hochberg, holm
from ablate_tui.queries.inference.least_squares import least_squares
from ablate_tui.queries.inference.location import Location, location, means_fit
from ablate_tui.queries.inference.model_terms import Cell, Columns, Term, cells_of
from ablate_tui.queries.inference.noise import noise_scale
from ablate_tui.queries.inference.pair_tests import Difference, PairTest, pair_tests
from ablate_tui.queries.note import Note
from ablate_tui.queries.reasons import Reasons
from ablate_tui.queries.slices import Sample
from ablate_tui.queries.sql import factor_columns, over_finished, response_name, with_input

MOST_ROWS = 100  # combinations of levels of one pair
CLAIMED = 0.05  # q below which an interaction is claimed

MEAN = "mean_did mean_did_low mean_did_high mean_q"
LOG_SD = "log_sd_did log_sd_did_low log_sd_did_high log_sd_q"


@dataclass(frozen=True)
class InteractionRow:
    """Two switches, or two levels each against the rest of its factor; field names are those of the JSON.

    A difference of differences is (11 − 01) − (10 − 00); the first digit is a.
    """

    a: str  # "switch" or "factor=level"
    b: str
    n_00: int  # finished runs
    n_01: int
    n_10: int
    n_11: int
    mean_did: float | None  # in the unit of the response
    mean_did_low: float | None  # 95 % interval
    mean_did_high: float | None
    log_sd_did: float | None
    log_sd_did_low: float | None
    log_sd_did_high: float | None
    mean_q: float | None
    log_sd_q: float | None
    shap_interaction: float | None

    @property
    def strength(self) -> float:
        """The smaller of the two q values: what rows are ordered by."""
        return min(2.0 if q is None else q for q in (self.mean_q, self.log_sd_q))


@dataclass(frozen=True)
class CellFigures:
    """Mean and SD (ddof=1) of the finished runs in the four cells of a row."""

    a: str
    b: str
    mean_00: float | None
    mean_01: float | None
    mean_10: float | None
    mean_11: float | None
    sd_00: float | None
    sd_01: float | None
    sd_10: float | None
    sd_11: float | None


@dataclass(frozen=True)
class FactorPair:
    """Two factors: the test of all their rows together, and which rows they are."""

    a: str
    b: str
    mean_p: float | None
    mean_q: float | None
    log_sd_p: float | None
    log_sd_q: float | None
    shap_interaction: float | None
    active: bool  # in the location model
    rows: tuple[int, ...]  # places in `Interactions.rows`


@dataclass(frozen=True)
class Interactions:
    """All pairs of the factors that vary in the slice, the strongest first."""

    rows: tuple[InteractionRow, ...]
    cells: tuple[CellFigures, ...]  # of each row
    pairs: tuple[FactorPair, ...]
    failures: tuple[FailureRow, ...]  # empty where no run, or every run, failed
    target: Target  # of the model that the SHAP interactions explain
    noise_left_out: int  # configurations whose replicates are all equal, so that ln SD does not exist
    notes: tuple[Note, ...]

    def pair(self, a: str, b: str) -> FactorPair | None:
        """The pair of two factors, in either order."""
        return next((pair for pair in self.pairs if {pair.a, pair.b} == {a, b}), None)


def interactions(sample: Sample, importance: Importance | None, model: Location | None = None) -> Interactions:
    """Test every pair of the factors that vary in a slice.

    Parameters
    ----------
    sample : Sample
    importance : Importance, optional
        Of the same slice; without it there are no SHAP interactions.
    model : Location, optional
        Of the same sample, where it is there already.

    Returns
    -------
    Interactions
        `mean_did`: weighted least squares of the configuration means, weights their runs, on the main
        effects of all free factors, the active interactions of the location model and this pair; HC3
        standard errors, 95 % intervals from Student's t. `log_sd_did`: least squares of ln z on the main
        effects and this pair, where z = s/c4(r) of the configurations with r ≥ 2 replicates, shared
        effects of the replicates removed; those with equal replicates have no ln z and are counted in
        `noise_left_out`.

        Two switches have one row, larger factors one per pair of levels, each against the mean of its
        factor's others. `mean_q` and `log_sd_q` are of one Benjamini-Hochberg family each, over pairs of
        factors; a pair with several rows enters once, by the joint Wald test, and its rows have the larger
        of the pair's q and their own p by Holm's method within the pair. So q < .05 is a claim.

        `shap_interaction`: mean |SHAP interaction value| of the pair of factors, weighted by runs: the
        whole of it, both halves that Lundberg et al. (2020) put off the diagonal, so that for two switches
        it compares with the difference of differences: a DID of d in a balanced design without other
        interactions has |d|/4. None unless the values are exact.

    References
    ----------
    Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the Royal
    Statistical Society B 57(1), 289–300. https://doi.org/10.1111/j.2517-6161.1995.tb02031.x
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of
    Statistics 6(2), 65–70. https://www.jstor.org/stable/4615733
    Lundberg, S. M. et al. (2020). From local explanations to global understanding with explainable AI for
    trees. Nature Machine Intelligence 2, 56–67. https://doi.org/10.1038/s42256-019-0138-9
    """
    model = model or location(sample)
    groups = model.groups
    target: Target = importance.target if importance is not None else "mean"
    reasons = Reasons()
    pairs: list[Term] = []
    every: list[Term] = list(combinations(range(len(groups.factors)), 2))
    for pair in every:
        number = prod(groups.sizes[at] if groups.sizes[at] > 2 else 1 for at in pair)
        if number > MOST_ROWS:
            reasons.say(groups.words(pair), "*", f"{number:,} combinations of levels are more than {MOST_ROWS}")
        else:
            pairs.append(pair)
    if not pairs:
        if not every:
            few = "no finished runs in this slice" if not groups.n else "fewer than two switches vary in this slice"
            reasons.say("*", "*", few)
        return Interactions((), (), (), (), target, 0, reasons.notes(()))
    for factor in sample.free:
        if factor not in groups.factors:
            reasons.say(factor.name, "*", "has one level among the finished runs of this slice")

    paired = sorted({at for pair in pairs for at in pair})
    known = PairCells(sample, {groups.factors[at].name: groups.levels[at] for at in paired})
    mean = _mean_tests(model, pairs)
    noise, equal = _noise_tests(model, pairs)
    shap = _shap(importance, groups, pairs)
    tests = {"mean": mean, "log_sd": noise}
    q = {
        name: benjamini_hochberg({pair: test.p for pair, test in found.items() if test.p is not None})
        for name, found in tests.items()
    }
    rows: list[tuple[Term, Cell, InteractionRow, FourCells]] = []
    for pair in pairs:
        own = {name: _level_q(tests[name][pair], q[name].get(pair)) for name in tests}
        for cell in cells_of(groups, pair):
            four = _four(known, groups, pair, cell)
            a, b = (_level_name(groups, factor, level) for factor, level in zip(pair, cell, strict=True))
            row = InteractionRow(
                a,
                b,
                *four.n,
                *_figures(mean[pair].cells.get(cell)),
                *_figures(noise[pair].cells.get(cell)),
                own["mean"].get(cell),
                own["log_sd"].get(cell),
                shap.get(pair),
            )
            _explain(reasons, f"{a}:{b}", row, four, mean[pair].why, noise[pair].why)
            rows.append((pair, cell, row, four))
    rows.sort(key=lambda made: _order(made[0], made[1], made[2], mean, noise))
    places: dict[Term, list[int]] = {pair: [] for pair in pairs}
    for place, (pair, _, _, _) in enumerate(rows):
        places[pair].append(place)
    if not shap:
        reasons.say("*", "shap_interaction", _why_no_shap(importance))
    if equal:
        reasons.say("*", "log_sd_did_n", f"{equal:,} configurations whose replicates are all equal are left out")
    failures, unknown = failure_interactions(sample)
    row_names = [f"{row.a}:{row.b}" for _, _, row, _ in rows]
    return Interactions(
        rows=tuple(row for _, _, row, _ in rows),
        cells=tuple(CellFigures(row.a, row.b, *four.mean, *four.sd) for _, _, row, four in rows),
        pairs=tuple(
            FactorPair(
                a=groups.factors[pair[0]].name,
                b=groups.factors[pair[1]].name,
                mean_p=mean[pair].p,
                mean_q=q["mean"].get(pair),
                log_sd_p=noise[pair].p,
                log_sd_q=q["log_sd"].get(pair),
                shap_interaction=shap.get(pair),
                active=pair in model.active,
                rows=tuple(places[pair]),
            )
            for pair in sorted(pairs, key=lambda pair: places[pair][0])
        ),
        failures=failures,
        target=target,
        noise_left_out=equal,
        notes=(*reasons.notes(row_names), *unknown),
    )


def _mean_tests(model: Location, pairs: list[Term]) -> dict[Term, PairTest]:
    """Every pair in the location model, on the configuration means."""
    groups, runs = model.groups, model.runs
    with np.errstate(over="ignore"):
        if not np.isfinite(groups.count @ np.square(groups.mean)):
            return dict.fromkeys(pairs, PairTest(None, {}, "the responses are too large to fit a model"))
    mains: list[Term] = [(at,) for at in range(len(groups.factors))]
    fit = means_fit(runs, [*mains, *model.active])
    if not fit.rank:
        return dict.fromkeys(pairs, PairTest(None, {}, fit.why))
    return pair_tests(fit, groups.mean, pairs, runs.pure)


def _noise_tests(model: Location, pairs: list[Term]) -> tuple[dict[Term, PairTest], int]:
    """Every pair on ln z, and how many configurations have none because their replicates are all equal."""
    groups, z = noise_scale(model.runs)
    varied = (z > 0) & np.isfinite(z)
    equal = int(np.count_nonzero(z == 0))
    why = ""
    if not groups.n:
        why = "needs replicates: no configuration has two finished runs"
    elif not varied.any():
        why = "the replicates of every configuration are all equal" if equal else "the responses are too large"
    if why:
        return dict.fromkeys(pairs, PairTest(None, {}, why)), equal
    groups, y = chosen(groups, varied), np.log(z[varied])
    fit = least_squares(Columns(groups, [(at,) for at in range(len(groups.factors))], np.ones(groups.n)), y)
    if not fit.rank:
        return dict.fromkeys(pairs, PairTest(None, {}, fit.why)), equal
    return pair_tests(fit, y, pairs), equal


def _figures(found: Difference | None) -> tuple[float | None, float | None, float | None]:
    """A difference of differences with its interval."""
    if found is None:
        return None, None, None
    if found.estimate is None:
        return found.value, None, None
    return found.value, *found.estimate.interval()


def _level_q(test: PairTest, q: float | None) -> dict[Cell, float]:
    """The q value of each row of a pair of factors."""
    if q is None:
        return {}
    p = {cell: found.estimate.p for cell, found in test.cells.items() if found.estimate is not None}
    return {cell: max(q, adjusted) for cell, adjusted in holm(p).items()} if len(p) > 1 else dict.fromkeys(p, q)


def _level_name(groups: Configurations, factor: int, level: int) -> str:
    """A switch by its name, a level with its factor's."""
    name = groups.factors[factor].name
    return name if groups.factors[factor].is_switch else f"{name}={groups.levels[factor][level]}"


def _four(known: PairCells, groups: Configurations, pair: Term, cell: Cell) -> FourCells:
    (a, b), (level_a, level_b) = pair, cell
    return known.four(
        groups.factors[a].name, groups.levels[a][level_a], groups.factors[b].name, groups.levels[b][level_b]
    )


def _explain(reasons: Reasons, name: str, row: InteractionRow, four: FourCells, mean: str, noise: str) -> None:
    """Say why figures of a row are null."""
    unknown = "the design does not tell these levels from the others"
    if 0 in four.n:
        unknown = mean = noise = "no finished run in one of the four cells"
    for fields, why in ((MEAN, mean), (LOG_SD, noise)):
        null = [field for field in fields.split() if getattr(row, field) is None]
        if null:
            reasons.say(name, null, why or unknown)


def _order(
    pair: Term, cell: Cell, row: InteractionRow, mean: dict[Term, PairTest], noise: dict[Term, PairTest]
) -> tuple[float, ...]:
    """The strongest first: by q, then by p, then by the size of the difference."""
    known = [found.cells[cell].estimate for found in (mean[pair], noise[pair]) if cell in found.cells]
    p = [estimate.p for estimate in known if estimate is not None]
    return row.strength, min(p, default=2.0), -abs(row.mean_did or 0.0)


def _shap(importance: Importance | None, groups: Configurations, pairs: list[Term]) -> dict[Term, float]:
    """The whole mean |SHAP interaction value| of each pair; empty unless the values are exact."""
    if importance is None or importance.explanation is None or importance.explanation.interactions is None:
        return {}
    strength = 2 * importance.explanation.interactions
    place = {factor.name: at for at, factor in enumerate(importance.factors)}
    named = {pair: [place.get(groups.factors[at].name) for at in pair] for pair in pairs}
    known = {pair: float(strength[i, j]) for pair, (i, j) in named.items() if i is not None and j is not None}
    return {pair: value for pair, value in known.items() if math.isfinite(value)}


def _why_no_shap(importance: Importance | None) -> str:
    if importance is None:
        return "the model of the importance view was not asked for"
    if importance.method == "tree":
        return "SHAP interactions are exact up to 65,536 combinations of levels; here are more"
    why = "the predictions are too large for a number" if importance.rows else "not ranked by the importance view"
    return next((note.reason for note in importance.notes if note.field == "*"), why)


def interactions_sql(sample: Sample) -> str:
    """SQL of the cells of every pair: runs, mean and SD.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    str
        One row per pair of free factors and combination of their levels.
    """
    y = response_name(sample)
    pairs = list(combinations(sample.free, 2))
    if not pairs:
        return "-- Fewer than two switches are free.\nSELECT NULL AS a, NULL AS b WHERE FALSE"
    figures = ", ".join(
        f"{over_finished(call, y)} AS {name}"
        for call, name in (("count(*)", "n"), (f"avg({y})", "mean"), (f"stddev_samp({y})", "sd"))
    )
    parts = []
    for first, second in pairs:
        one, other = f"input.{quote(first.name)}", f"input.{quote(second.name)}"
        parts.append(
            f"SELECT {literal(first.name)} AS a, {one} AS level_a, {literal(second.name)} AS b, {other} AS level_b,\n"
            f"  {figures}\nFROM input WHERE {one} IS NOT NULL AND {other} IS NOT NULL GROUP BY ALL"
        )
    body = "\nUNION ALL\n".join(parts)
    return f"{with_input(sample, factor_columns(sample))}\n{body}\nORDER BY 1, 3, 2, 4"

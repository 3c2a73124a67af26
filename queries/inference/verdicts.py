"""Shift, spread or neither: one verdict for every row of the effects table, with its cause and reason."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.configurations import Configurations
from ablate_tui.queries.descriptive.ascending import Ascending
from ablate_tui.queries.descriptive.ordered import order
from ablate_tui.queries.descriptive.two_sample import side_of, welch
from ablate_tui.queries.designs.aliases import alias_classes, of_main_effects, two_factor_aliases
from ablate_tui.queries.effect_row import JUDGED, EffectRow
from ablate_tui.queries.inference.families import benjamini_hochberg, holm
from ablate_tui.queries.inference.location import Location, location
from ablate_tui.queries.inference.noise import LOOKS_THE_SAME, RESIDUALS, Noise, components, noise
from ablate_tui.queries.inference.replicates import Tested, tested
from ablate_tui.queries.reasons import PENDING, Reasons
from ablate_tui.queries.slices import Sample

SIGNIFICANT = 0.05
SHIFT, SPREAD, BOTH, NEITHER = "shift", "spread", "shift and spread", "neither"
BY_NOISE, BY_INTERACTIONS, BY_BOTH = "noise", "interactions", "both"
FEW = 50  # configurations, below which an interval of the SD ratio is approximate
MOST_FOR_ALIASES = 256  # configurations: fractions are small, and the search takes time; the design view has no bound
LARGE_RATIO = 1.25  # an SD ratio beyond it, or below its inverse, is a raw difference to speak of


@dataclass(frozen=True)
class FactorTest:
    """A factor as a whole: what enters the family of q values."""

    factor: str
    location_p: float | None
    location_q: float | None
    noise_p: float | None
    noise_q: float | None
    distance_p: float | None  # of Welch's test on the configurations' mean distances from their side's median
    distance_q: float | None  # over all factors, those without an active interaction with a p of 1
    partners: tuple[str, ...]  # factors of its active interactions that hold at a false discovery rate of 5 %


@dataclass(frozen=True, eq=False)
class Verdicts:
    """Everything that is tested with the configuration as the unit."""

    runs: Tested
    location: Location
    noise: Noise
    factors: Mapping[str, FactorTest]
    distances: Mapping[str, Mapping[str, float]]  # by factor and level: Holm's p of the distance test
    aliases: Mapping[str, list[str]]  # by factor: the interactions that its main effect can't be told from
    twins: Mapping[frozenset[str], list[str]]  # by the factors of an active interaction: the terms that equal it
    pending: frozenset[str] = frozenset()  # factors whose distance test is left for a look at every run

    def partner(self, factor: str, other: str) -> str:
        """What a factor interacts with, in words: "b", "b (or c:d)" where that interaction would look the same."""
        twins = self.twins.get(frozenset({factor, other}), ())
        return f"{other} (or {' or '.join(twins)})" if twins else other


def verdicts(sample: Sample, by_runs: bool = True) -> Verdicts:
    """Test every free factor's effect on the mean and on the noise, as one family.

    Benjamini and Hochberg's q over all `location_p` and `noise_p`, a factor of more levels once each.

    Parameters
    ----------
    sample : Sample
    by_runs : bool
        Whether to look at every run, where shared effects of the replicates leave no other way to the medians
        of a large sweep. Without, the factors with an active interaction have no verdict yet.

    Returns
    -------
    Verdicts
        Made once, whichever views ask for it.
    """
    aside = not by_runs and sample.table.large and tested(sample).effect is not None
    return sample.once(_without_distances if aside else _whole)


def _whole(sample: Sample) -> Verdicts:
    return _verdicts(sample, True)


def _without_distances(sample: Sample) -> Verdicts:
    return _verdicts(sample, False)


def _verdicts(sample: Sample, by_runs: bool) -> Verdicts:
    runs = tested(sample)
    with np.errstate(all="ignore"):
        model = location(sample)
        scale = noise(model)
        family = {("location", name): p for name, p in model.factors.items()}
        family |= {("noise", name): p for name, p in scale.factors.items()}
        q = benjamini_hochberg(family)
        groups = runs.groups
        hang = two_factor_aliases(groups).pairs if groups.n <= MOST_FOR_ALIASES else ()
        same = {term: alias for alias in alias_classes(hang) for term in alias}
        partners: dict[str, list[str]] = {}
        twins: dict[frozenset[str], list[str]] = {}
        for term in model.certain:
            names = tuple(groups.factors[at].name for at in term)
            twins[frozenset(names)] = [":".join(twin) for twin in same.get(names, ()) if twin != names]
            for name in names:
                partners.setdefault(name, []).extend(other for other in names if other != name)
        distances = _distances(runs, set(partners)) if by_runs else {}
        distance_p = {name: min(by_level.values()) for name, by_level in distances.items()}
        # factors without an active interaction count as tests, too: which are left out depends on the data
        distance_q = benjamini_hochberg(dict.fromkeys((f.name for f in runs.groups.factors), 1.0) | distance_p)
    factors = {
        factor.name: FactorTest(
            factor=factor.name,
            location_p=model.factors.get(factor.name),
            location_q=q.get(("location", factor.name)),
            noise_p=scale.factors.get(factor.name),
            noise_q=q.get(("noise", factor.name)),
            distance_p=distance_p.get(factor.name),
            distance_q=distance_q[factor.name] if factor.name in distance_p else None,
            partners=tuple(dict.fromkeys(partners.get(factor.name, ()))),
        )
        for factor in runs.groups.factors
    }
    pending = frozenset() if by_runs else frozenset(partners)
    return Verdicts(runs, model, scale, factors, distances, of_main_effects(hang), twins, pending)


def _distances(runs: Tested, names: set[str]) -> dict[str, dict[str, float]]:
    """P of Welch's test on the configurations' mean distances from the median of their side, by factor and level.

    For a factor of more levels Holm's p over its levels, each against the rest.
    """
    groups = runs.groups
    slot, known = np.maximum(runs.slot, 0), runs.slot >= 0
    every: Ascending | None = None
    found: dict[str, dict[str, float]] = {}
    for at, factor in enumerate(groups.factors):
        if factor.name not in names:
            continue
        if every is None:  # by itself, so that nothing else of all runs stays
            every = order(runs.sample if runs.effect is None else runs.adjusted(), rows=False)
        code = groups.codes[at]
        p: dict[str, float] = {}
        for level in (1,) if groups.sizes[at] == 2 else range(groups.sizes[at]):
            here = code == level
            total = np.zeros(groups.n)
            for side in every.split([known & here[slot], known & ~here[slot]]):
                total += np.bincount(slot, weights=side.distances_by_configuration(), minlength=groups.n)
            mean = total / groups.count
            p[groups.levels[at][level]] = welch(side_of(mean[here]), side_of(mean[~here]))
        tests = holm({level: value for level, value in p.items() if math.isfinite(value)})
        if tests:
            found[factor.name] = tests
    return found


def sd_ratio_interval(groups: Configurations, on: NDArray[np.bool_]) -> tuple[float, float] | None:
    """95 % interval of SD on / SD off, when the configuration is the unit.

    The influence of a run on ln SD is ((y − m)²/s² − 1)/(2n); its sums over configurations give the
    standard error of the log ratio, with Student's t on C − 2 (Huber 1981; clusters as in Liang & Zeger 1986).

    Parameters
    ----------
    groups : Configurations
    on : (C,) bool

    Returns
    -------
    low, high : float
        Or None with fewer than two configurations on a side, or without spread on one.

    References
    ----------
    Liang, K.-Y. & Zeger, S. L. (1986). Longitudinal data analysis using generalized linear models.
    Biometrika 73(1), 13–22. https://doi.org/10.1093/biomet/73.1.13
    """
    log_sd, variance = [], 0.0
    for here in (on, ~on):
        count, mean = groups.count[here].astype(np.float64), groups.mean[here]
        n, c = float(count.sum()), len(count)
        if c < 2 or n < 3:
            return None
        squares = np.where(count > 1, (count - 1) * np.nan_to_num(groups.variance[here]), 0.0)
        center = float(count @ mean) / n
        total = squares + count * (mean - center) ** 2
        s2 = float(total.sum()) / (n - 1)
        if not s2 > 0 or not math.isfinite(s2):
            return None
        influence = (total / s2 - count) / (2 * n)
        variance += float(influence @ influence) * c / (c - 1)
        log_sd.append(math.log(s2) / 2)
    from scipy.special import stdtrit

    half = float(stdtrit(groups.n - 2, 0.975)) * math.sqrt(variance)
    ratio = log_sd[0] - log_sd[1]
    low, high = math.exp(ratio - half), math.exp(min(ratio + half, 700.0))
    return (low, high) if math.isfinite(high) else None


class Judge:
    """Turns the tests of a slice into the rows' verdicts, and says why figures are null."""

    def __init__(self, found: Verdicts, reasons: Reasons) -> None:
        self.found, self.reasons = found, reasons
        self.place = {factor.name: at for at, factor in enumerate(found.runs.groups.factors)}
        self.about(found)

    def about(self, found: Verdicts) -> None:
        """What holds for all rows."""
        say = self.reasons.say
        runs, groups = found.runs, found.runs.groups
        if runs.reruns:
            say("*", "location_p noise_p", f"re-runs counted once in the tests ({runs.reruns:,})")
        if groups.left_out:
            say("*", "location_p noise_p", f"left out: runs without a level of some free factor ({groups.left_out:,})")
        for words in found.location.notes:
            say("*", "location_p noise_p", words)
        if 0 < groups.n < FEW:
            say("*", "sd_ratio_low sd_ratio_high", f"approximate: {groups.n} configurations are fewer than {FEW}")
        if found.noise.basis == RESIDUALS:
            say("*", "noise_p", LOOKS_THE_SAME)
            say("*", "noise_ratio noise_ratio_median", "needs replicates; ln_f_star is the residuals' ratio")
        elif found.noise.basis is not None:
            say("*", "ln_f_star", "noise_ratio says it, from the replicates")

    def row(self, row: EffectRow, raw: bool) -> EffectRow:
        """The row with what the tests say of it.

        Parameters
        ----------
        row : EffectRow
        raw : bool
            Whether a run-level test or a large SD ratio shows a difference.
        """
        name, switch, level = row.name, row.switch, row.on
        found, say = self.found, self.reasons.say
        at, groups = self.place.get(switch), found.runs.groups
        if at is None or level not in groups.levels[at]:
            parent = found.runs.sample.apart.get(switch)
            why = (
                "needs finished runs on both sides, in configurations with a level of all free factors"
                if parent is None
                else f"only set where {parent} has some levels: keep one of these to test it"
            )
            say(name, JUDGED, why)
            return row
        on = groups.codes[at] == groups.levels[at].index(level)
        test = found.factors[switch]
        location_p, location_q = self.of_level("location", switch, level)
        noise_p, noise_q = self.of_level("noise", switch, level)
        estimate = found.location.levels.get((switch, level))
        low, high = estimate.interval() if estimate is not None else (None, None)
        if location_p is None:
            why = found.location.why or found.location.reasons.get(switch, "no standard error")
            say(name, "location_p location_q", why)
        if estimate is None:
            why = found.location.why or found.location.reasons.get(switch, "no standard error")
            say(name, "mean_diff_low mean_diff_high", why)
        if found.location.basis is None:
            say(name, "location_basis", found.location.why)
        if noise_p is None:
            say(name, "noise_p noise_q", found.noise.why or found.noise.reasons.get(switch, "no standard error"))
        ratio = sd_ratio_interval(found.runs.plain, on)
        if ratio is None:
            say(name, "sd_ratio_low sd_ratio_high", "needs two configurations on both sides, and some spread")
        sides = [components(found.runs.plain, mask) for mask in (on, ~on)]
        for field, values in (("between", [s.between for s in sides]), ("within", [s.within for s in sides])):
            for which, value in zip(("on", "off"), values, strict=True):
                if value is None:
                    say(name, f"sd_{field}_{which}", "needs replicates on this side")
        scale = found.noise.levels.get((switch, level))
        if scale is None or found.noise.basis is None:
            say(name, "noise_ratio noise_ratio_median ln_f_star", found.noise.why or "needs replicates on both sides")
        elif found.noise.basis == RESIDUALS and scale.ln_f_star is None:
            say(name, "ln_f_star", "needs residuals on both sides that differ")
        elif found.noise.basis != RESIDUALS and scale.ratio is None:
            say(name, "noise_ratio noise_ratio_median", "the noise of off is zero")
        if found.noise.basis is None:
            say(name, "noise_basis", found.noise.why)
        distance_q = test.distance_q
        if distance_q is not None:
            distance_q = max(distance_q, found.distances[switch].get(level, 1.0))
        partners = [found.partner(switch, other) for other in test.partners]
        verdict, cause, reason = self.verdict(partners, location_q, noise_q, distance_q, raw)
        if switch in found.aliases and verdict is not None:
            words = f"aliased with {' and '.join(found.aliases[switch])}: the effect may be of either"
            reason = "; ".join(filter(None, (words, reason)))
        if switch in found.pending:
            verdict, cause, reason = None, None, PENDING
        if cause is None:
            say(name, "spread_cause", PENDING if switch in found.pending else "the verdict is no spread")
        if verdict is None:
            say(name, "verdict", reason or "nothing could be tested")
        if reason is None:
            say(name, "reason", "the verdict needs none")
        return replace(
            row,
            mean_diff_low=low,
            mean_diff_high=high,
            sd_ratio_low=ratio[0] if ratio else None,
            sd_ratio_high=ratio[1] if ratio else None,
            location_p=location_p,
            location_basis=found.location.basis,
            sd_between_on=sides[0].between,
            sd_between_off=sides[1].between,
            sd_within_on=sides[0].within,
            sd_within_off=sides[1].within,
            noise_basis=found.noise.basis,
            noise_ratio=scale.ratio if scale else None,
            noise_ratio_median=scale.ratio_median if scale else None,
            ln_f_star=scale.ln_f_star if scale else None,
            noise_p=noise_p,
            location_q=location_q,
            noise_q=noise_q,
            verdict=verdict,
            spread_cause=cause,
            reason=reason,
        )

    def of_level(self, which: str, switch: str, level: str) -> tuple[float | None, float | None]:
        """P of a row, and q: of a level within a factor, Holm's p where that is larger than the factor's q."""
        found = self.found
        test = found.factors[switch]
        if which == "location":
            p = {text: e.p for (name, text), e in found.location.levels.items() if name == switch}
            whole, q = test.location_p, test.location_q
        else:
            p = {text: n.p for (name, text), n in found.noise.levels.items() if name == switch and n.p is not None}
            whole, q = test.noise_p, test.noise_q
        if len(found.runs.groups.levels[self.place[switch]]) == 2:
            return whole, q
        if level not in p or q is None:
            return None, None
        return p[level], max(q, holm(p)[level])

    def verdict(
        self,
        partners: Sequence[str],
        location_q: float | None,
        noise_q: float | None,
        distance_q: float | None,
        raw: bool,
    ) -> tuple[str | None, str | None, str | None]:
        """The verdict, the cause of a spread, and the reason."""
        if location_q is None and noise_q is None:
            return None, None, None
        noisy = noise_q is not None and noise_q < SIGNIFICANT
        uneven = distance_q is not None and distance_q < SIGNIFICANT
        shift, spread = location_q is not None and location_q < SIGNIFICANT, noisy or uneven
        cause = (BY_BOTH if noisy and uneven else BY_NOISE if noisy else BY_INTERACTIONS) if spread else None
        parts = []
        if uneven:
            parts.append(f"interacts with {', '.join(partners)}")
        if noisy and self.found.noise.basis == RESIDUALS:
            parts.append(LOOKS_THE_SAME)
        verdict = BOTH if shift and spread else SHIFT if shift else SPREAD if spread else NEITHER
        if verdict == NEITHER and raw:
            parts.append("unresolved, or aliased with an interaction that the model does not have")
        elif verdict == NEITHER:
            parts.append("no difference that a test could tell from none")
        return verdict, cause, "; ".join(parts) or None

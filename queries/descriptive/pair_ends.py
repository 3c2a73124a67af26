"""Where the differences of matched pairs lie, and which configurations and levels lie at their two ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import NO_LEVEL
from ablate_tui.data.schema import Factor, Goal
from ablate_tui.queries.descriptive.ascending import Values
from ablate_tui.queries.descriptive.distributions import histogram_edges
from ablate_tui.queries.reasons import Reasons
from ablate_tui.queries.slices import Sample

BEST, WORST = "best", "worst"  # where on helps most; where it hurts most, or helps least
LISTED_AT_END = 6  # pairs
CONFIGURATIONS_AT_END = 6  # both ends together are all configurations where there are at most 12
END_SHARE = 0.1  # of the pairs, in whose levels an end is described …
FEWEST_AT_END = 5  # … but no fewer than these, and not at all with fewer than twice as many pairs


@dataclass(frozen=True)
class PairRow:
    """One pair; `on` and `off` are responses (means where a side has several runs)."""

    pair: int
    configuration: str  # the other free factors, "a=true, b=false"
    replicate: str | None  # the replicate columns' values; None where the sweep has none
    on: float | None  # None where it is too large for a number
    off: float | None
    difference: float | None


@dataclass(frozen=True)
class EndPair(PairRow):
    """A pair at an end of the differences; `place` counts from the end, 1 is the outermost."""

    end: str
    place: int
    levels: tuple[str, ...]  # of the other factors, in the order of `Pairs.others`


@dataclass(frozen=True)
class EndLevel:
    """How frequent a level of another factor is among the pairs of an end (`n` of them), and among all."""

    end: str
    switch: str
    level: str
    n: int
    share: float
    base: float


@dataclass(frozen=True)
class ConfigurationRow:
    """The pairs of one combination of the other factors' levels; `place` counts from the best mean."""

    configuration: str
    levels: tuple[str, ...]  # in the order of `Pairs.others`
    pairs: int
    mean: float | None
    low: float | None  # smallest and largest difference
    high: float | None
    place: int
    of: int  # configurations in all


@dataclass(frozen=True)
class DifferenceHistogram:
    """Counts of differences in equal bins; where they lie on both sides of zero, zero is an edge.

    A difference on an edge is in the bin of the less favourable side: equal pairs count as not better.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]


def histogram(difference: NDArray[np.float64], goal: Goal, reasons: Reasons) -> DifferenceHistogram:
    """Bin differences; the width is that of `distributions.histogram_edges`."""
    edges = histogram_edges(Values(np.sort(difference))) if np.isfinite(difference).all() else np.zeros(0)
    if not len(edges):
        reasons.say("*", "histogram", "the range is too large for a number")
        return DifferenceHistogram((), ())
    low, high, width = float(difference.min()), float(difference.max()), float(edges[1] - edges[0])
    if low < 0 < high and width > 0:
        upward = goal == "min"  # bins hold their lower edge
        first = math.floor(low / width) if upward else math.ceil(low / width) - 1
        last = math.floor(high / width) + 1 if upward else math.ceil(high / width)
        edges = np.arange(float(first), float(last + 1)) * width
    # the outermost edges bound no count, so that their rounding loses no pair
    at = np.searchsorted(edges[1:-1], difference, side="right" if goal == "min" else "left")
    return DifferenceHistogram(tuple(edges.tolist()), tuple(np.bincount(at, minlength=len(edges) - 1).tolist()))


def means_by_configuration(values: NDArray[np.float64], configuration: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean per configuration, in its order; `configuration` ascends."""
    start, count = _runs_of(configuration)
    return np.add.reduceat(values, start) / count if len(values) else values


def _runs_of(ascending: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each distinct value starts, and how often it is there."""
    start = np.flatnonzero(np.r_[True, ascending[1:] != ascending[:-1]]) if len(ascending) else np.zeros(0, np.int64)
    return start, np.diff(start, append=len(ascending))


class Ends:
    """The ends of m pairs, m at least 1, and the words for what their runs share."""

    def __init__(
        self,
        sample: Sample,
        row: NDArray[np.int32],
        on: NDArray[np.float64],
        off: NDArray[np.float64],
        others: Sequence[Factor],
        goal: Goal,
        reasons: Reasons,
    ) -> None:
        self.sample, self.row, self.on, self.off = sample, row, on, off
        self.difference = on - off
        self.gain = -self.difference if goal == "min" else self.difference
        self.order = np.argsort(-self.gain, kind="stable")  # best first
        self.in_source_order = tuple(others)
        self.sizes: dict[str, int] = {}
        self.levels = self._levels(reasons)
        self.others = self._telling_first()
        self._words: dict[int, tuple[str, tuple[str, ...]]] = {}

    def _levels(self, reasons: Reasons) -> tuple[EndLevel, ...]:
        """The levels of the other factors among the pairs of each end and among all."""
        m = len(self.gain)
        if m < 2 * FEWEST_AT_END:
            reasons.say("*", "end_levels", f"fewer than {2 * FEWEST_AT_END} pairs")
            return ()
        k = max(FEWEST_AT_END, math.ceil(END_SHARE * m - 1e-9))
        ends = {BEST: self.gain >= self.gain[self.order[k - 1]], WORST: self.gain <= self.gain[self.order[m - k]]}
        for end in (BEST, WORST):
            size = int(np.count_nonzero(ends[end]))  # ties at the border are in
            if not 0 < size <= m // 2:
                reasons.say("*", "end_levels", f"more than half of the pairs tie at the {end} end")
                del ends[end]
            else:
                self.sizes[end] = size
        found = []
        configuration = self.sample.table.configuration[self.row]
        for factor in self.in_source_order:
            code = self.sample.levels(factor.name)[configuration].astype(np.int64) + 1  # NO_LEVEL comes first
            base = np.bincount(code, minlength=len(factor.levels) + 1)
            if np.count_nonzero(base) < 2:
                continue
            for end, there in ends.items():
                n = np.bincount(code[there], minlength=len(base))
                found += [
                    EndLevel(end, factor.name, _text(factor, at - 1), int(n[at]), int(n[at]) / self.sizes[end],
                             int(base[at]) / m)
                    for at in np.flatnonzero(base).tolist()
                ]  # fmt: skip
        return tuple(found)

    def _telling_first(self) -> tuple[Factor, ...]:
        """The other factors, by how far their levels at the two ends differ from those of all pairs.

        Measured by the total variation distance, the sum of what the over-represented levels gain.
        """
        excess = {factor.name: 0.0 for factor in self.in_source_order}
        for row in self.levels:
            excess[row.switch] += max(0.0, row.share - row.base)
        return tuple(sorted(self.in_source_order, key=lambda factor: -excess[factor.name]))

    def words(self, row: int) -> tuple[str, tuple[str, ...]]:
        """A configuration as "a=true, b=false" in the source's order, and its levels in the order of `others`."""
        number = int(self.sample.table.configuration[row])
        if number not in self._words:
            levels = {f.name: _text(f, int(self.sample.levels(f.name)[number])) for f in self.in_source_order}
            text = ", ".join(f"{name}={level}" for name, level in levels.items())
            self._words[number] = text, tuple(levels[f.name] for f in self.others)
        return self._words[number]

    def _row(self, number: int) -> PairRow:
        row = int(self.row[number])
        labels = self.sample.table.replicate_labels
        return PairRow(
            pair=number + 1,
            configuration=self.words(row)[0],
            replicate=labels[int(self.sample.table.replicate[row])] if labels else None,
            on=_finite(self.on[number]),
            off=_finite(self.off[number]),
            difference=_finite(self.difference[number]),
        )

    def listed(self, limit: int) -> tuple[PairRow, ...]:
        """The first pairs, in the order of the other factors' codes."""
        return tuple(self._row(number) for number in range(min(limit, len(self.row))))

    def pairs(self) -> tuple[EndPair, ...]:
        """The outermost pairs of the best end, then those of the worst, the outermost first; none is in both."""
        m = len(self.order)
        best = self.order[: min(LISTED_AT_END, -(-m // 2))].tolist()
        worst = self.order[::-1][: min(LISTED_AT_END, m // 2)].tolist()
        return tuple(
            EndPair(**vars(self._row(number)), end=end, place=place, levels=self.words(int(self.row[number]))[1])
            for end, numbers in ((BEST, best), (WORST, worst))
            for place, number in enumerate(numbers, start=1)
        )

    def by_configuration(self, configuration: NDArray[np.int64]) -> tuple[ConfigurationRow, ...]:
        """Mean difference per configuration, best first: all of up to 12, else 6 from each end."""
        start, count = _runs_of(configuration)
        gain = means_by_configuration(self.gain, configuration)
        mean = means_by_configuration(self.difference, configuration)
        low, high = np.minimum.reduceat(self.difference, start), np.maximum.reduceat(self.difference, start)
        order = np.argsort(-gain, kind="stable").tolist()
        places = list(range(len(order)))
        if len(order) > 2 * CONFIGURATIONS_AT_END:
            places = places[:CONFIGURATIONS_AT_END] + places[-CONFIGURATIONS_AT_END:]
        rows = []
        for place in places:
            number = order[place]
            text, levels = self.words(int(self.row[start[number]]))
            rows.append(
                ConfigurationRow(
                    configuration=text,
                    levels=levels,
                    pairs=int(count[number]),
                    mean=_finite(mean[number]),
                    low=_finite(low[number]),
                    high=_finite(high[number]),
                    place=place + 1,
                    of=len(order),
                )
            )
        return tuple(rows)


def _text(factor: Factor, code: int) -> str:
    return "NULL" if code == NO_LEVEL else factor.levels[code]


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

"""Panels of the best configurations: means without luck, mean against SD, pairs of levels."""

from __future__ import annotations

from math import isclose

import numpy as np

from ablate_tui.data.schema import Factor
from ablate_tui.queries.best import Best
from ablate_tui.queries.best_configurations import BestConfigurations
from ablate_tui.queries.inference.enrichment import BestPair
from ablate_tui.tui.figure import Axis, Bars, Intervals, Panel, Points
from ablate_tui.tui.views.base import Inputs, digits, digits_explained, level_words

BEST = 15  # configurations with their intervals
BEST_PAIRS = 10
CLOUD = 2_000  # configurations in the scatter; more can't be told apart
LABELLED = 20  # members of the Pareto set that have a letter
WIDE = 30  # ratio of largest and smallest SD from which the axis is logarithmic


def words_of(found: BestConfigurations, at: int) -> str:
    """A configuration in a word."""
    groups = found.groups
    levels = [levels[int(code)] for levels, code in zip(groups.levels, groups.codes[:, at], strict=True)]
    return digits(groups.factors, levels)


def explained(found: BestConfigurations) -> str:
    """How to read the names of configurations, where they are digits; else ""."""
    return digits_explained(found.groups.factors)


def letters(found: BestConfigurations) -> dict[int, str]:
    """A letter for each configuration of the Pareto set, A for the best mean."""
    at = [int(place) for place in np.flatnonzero(found.pareto)]
    # along the front the mean gets worse as the SD gets smaller
    at.sort(key=lambda place: -float(found.sd[place]))
    return {place: chr(ord("A") + i) for i, place in enumerate(at[:LABELLED])}


def configurations_panel(found: BestConfigurations, inputs: Inputs) -> Panel:
    """The best configurations: raw means, and shrunken ones with their intervals."""
    first = found.order[:BEST].tolist()
    at = tuple(float(place) for place in range(len(first)))
    shrunken = found.shrunken
    n = sorted({int(found.groups.count[c]) for c in first})
    alike = f", n = {n[0]}" if len(n) == 1 else ""
    names = tuple(
        (place, words_of(found, c) + ("" if alike else f" n={found.groups.count[c]}"))
        for place, c in zip(at, first, strict=True)
    )
    return Panel(
        f"best {len(first)} of {found.groups.n:,} configurations{alike}",
        Axis(f"mean {inputs.sample.table.response.name}"),
        Axis(ticks=names, limits=(-0.6, len(first) - 0.4)),
        (
            Intervals(
                at,
                tuple(shrunken.mean[first].tolist()),
                tuple(shrunken.low[first].tolist()),
                tuple(shrunken.high[first].tolist()),
                role="on",
                label="shrunken, 95 %",
            ),
            Points(tuple(found.groups.mean[first].tolist()), at, role="neutral", label="raw mean", size="large"),
        ),
        name="configurations",
        empty=shrunken.why,
    )


def pareto_panel(found: BestConfigurations, inputs: Inputs) -> Panel:
    """SD against mean, with the configurations that none beats in both."""
    known = np.isfinite(found.sd) & np.isfinite(found.groups.mean)
    cloud = np.flatnonzero(known & ~found.pareto)
    total = int(known.sum())
    # a random draw: every n-th configuration of a factorial would show one level of some switches only
    cloud = np.sort(np.random.default_rng(0).permutation(cloud)[:CLOUD])
    letter = letters(found)
    front = list(letter)
    unlabelled = np.setdiff1d(np.flatnonzero(found.pareto), front)
    front += unlabelled.tolist()
    mean, sd = found.groups.mean, found.sd
    spread = sd[known]
    log = bool(len(spread)) and float(spread.min()) > 0 and float(spread.max()) > WIDE * float(spread.min())
    shown = f"{len(cloud) + len(front):,} of {total:,}" if len(cloud) + len(front) < total else f"{total:,}"
    goal = inputs.sample.table.response
    return Panel(
        f"mean and SD of {shown} configurations",
        Axis(f"mean {goal.name}"),
        Axis("SD", log=log),
        (
            Points(tuple(mean[cloud].tolist()), tuple(sd[cloud].tolist()), role="on", label="configuration"),
            Points(
                tuple(mean[front].tolist()),
                tuple(sd[front].tolist()),
                role="accent",
                label="Pareto set",
                size="large",
                texts=tuple(letter.get(at, "") for at in front),
            ),
        ),
        name="pareto",
        empty=found.no_pareto,
    )


def level_name(factor: Factor, level: str) -> str:
    """A level in few signs: "+norm" and "−norm" for on and off, "lr=0.1" for a level with a name of its own."""
    state = level_words(factor, level)
    return {"on": f"+{factor.name}", "off": f"−{factor.name}"}.get(state, f"{factor.name}={level}")


def of_each_pair(rows: tuple[BestPair, ...]) -> list[BestPair]:
    """One row for each pair of factors: of those that say the same of the pair, the most frequent combination."""
    found: dict[tuple[str, str], BestPair] = {}
    for row in rows:
        other = found.setdefault((row.a, row.b), row)
        alike = row.pair_p == other.pair_p or isclose(row.pair_p or 0.0, other.pair_p or 0.0, rel_tol=1e-6)
        if alike and row.share > other.share:
            found[row.a, row.b] = row
    return list(found.values())


def pairs_panel(result: Best, inputs: Inputs) -> Panel:
    """Combinations of two levels among the best configurations: their share, and what the two explain alone."""
    rows = of_each_pair(result.pairs)[:BEST_PAIRS]
    at = tuple(2.0 * place for place in range(len(rows)))  # two lines each, so that both names can be read
    factor = inputs.sample.table.factor
    names = tuple(
        name
        for place, row in zip(at, rows, strict=True)
        for name in (
            (place, level_name(factor(row.a), row.level_a)),
            (place + 1, level_name(factor(row.b), row.level_b)),
        )
    )
    expected = [(row.expected, place) for row, place in zip(rows, at, strict=True) if row.expected is not None]
    why = next((note.reason for note in result.notes if note.field == "pairs"), "fewer than two factors vary")
    return Panel(
        "pairs among the best configurations, and expected of each level alone",
        Axis("share of the best that have both", limits=(0.0, 1.0)),
        Axis(ticks=names, limits=(-0.6, 2 * len(rows) - 0.4)),
        (
            Bars(
                at,
                tuple(row.share for row in rows),
                role="on",
                label="best",
                horizontal=True,
                texts=tuple(f"{row.share:.0%}" for row in rows),
            ),
            Points(tuple(row.base for row in rows), at, role="neutral", label="all", size="large"),
            Points(
                tuple(share for share, _ in expected),
                tuple(place for _, place in expected),
                role="accent",
                label="expected",
                size="large",
            ),
        ),
        name="pairs",
        empty="" if rows else why,
    )

"""Matched pairs of one switch: how the differences lie, and which configurations lie at their ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from typing import Any

from ablate_tui.data.schema import Factor
from ablate_tui.queries.descriptive.pair_ends import BEST, WORST, ConfigurationRow, EndLevel
from ablate_tui.queries.pairs import PairFigures, Pairs, no_pairs, pairs, pairs_sql
from ablate_tui.queries.polars_code import pairs_polars
from ablate_tui.tui.figure import (
    Axis,
    Bars,
    Figure,
    Intervals,
    Line,
    Mark,
    Panel,
    Points,
    Role,
    Rule,
    Table,
    TableColumn,
)
from ablate_tui.tui.formats import number
from ablate_tui.tui.views.base import (
    NO_SWITCH,
    Inputs,
    View,
    digits,
    digits_explained,
    framed,
    level_words,
    plain,
    reasons,
    side_role,
    table_of,
)

MOST_LEVELS = 10  # in the picture of the ends
SAID = 3  # over-represented levels of an end, in words
ROOM = 34  # signs of a configuration's name in the picture
WORTH_SAYING = 0.1  # share among an end beyond the share among all


def switch_of(inputs: Inputs) -> str | None:
    """The contrast; else the switch under the cursor; else a factor that is filtered to two levels, else the first
    switch that varies, else any factor. None in a sweep without one.
    """
    sample = inputs.sample
    chosen = [name for name, levels in sample.slice.filters if len(levels) == 2]
    free = [factor.name for factor in (*[f for f in sample.free if f.is_switch], *sample.free, *sample.table.factors)]
    return next(filter(None, (sample.slice.contrast, inputs.focus, *chosen, *free)), None)


def read(inputs: Inputs) -> Pairs:
    """The pairs of the switch."""
    switch = switch_of(inputs)
    return pairs(inputs.sample, switch) if switch else no_pairs("", NO_SWITCH)


class Words:
    """The two levels that are paired, in words and roles."""

    def __init__(self, result: Pairs, figures: PairFigures, inputs: Inputs) -> None:
        self.table = inputs.sample.table
        factor = self.table.factor(result.switch)
        self.figures = figures
        self.on, self.off = name_of(factor, figures.on), name_of(factor, figures.off)
        self.on_role, self.off_role = side_role(factor, figures.on), side_role(factor, figures.off)
        self.minus = f"{self.on} − {self.off}"
        response = self.table.response
        self.direction = f"{'below' if response.goal == 'min' else 'above'} zero, {self.on} is better"
        self.others = tuple(self.table.factor(name) for name in result.others)
        named = Counter(level for known in self.table.factors for level in known.levels)
        self.unique = {level for level, times in named.items() if times == 1}  # these tell their factor

    def won(self, difference: float | None) -> bool:
        """Whether a difference is in favour of on."""
        return difference is not None and (difference < 0 if self.table.response.goal == "min" else difference > 0)

    def namer(self, rows: Sequence[ConfigurationRow]) -> Callable[[Sequence[str]], str]:
        """How configurations are called: by their levels where there is room for what tells them apart."""
        named = [self.tick(row.levels) for row in rows]
        return self.tick if len(set(named)) == len(named) else partial(digits, self.others)

    def tick(self, levels: Sequence[str]) -> str:
        """A configuration in few signs; as many of its levels as there is room for, the most telling first."""
        said = ""
        for factor, level in zip(self.others, levels, strict=True):
            speaks = level in self.unique and len(level) > 2 and name_of(factor, level) == level
            more = f"{said} {level if speaks and level[0].isalpha() else short(factor, level)}".strip()
            if said and len(more) > ROOM:
                return f"{said} …"
            said = more
        return said


def name_of(factor: Factor, level: str) -> str:
    """A level by its own name; a switch's true and false as on and off."""
    words = level_words(factor, level)
    return words if words in ("on", "off") else level


def short(factor: Factor, level: str) -> str:
    """One level in few signs: "+norm" and "−norm" for on and off, "lr=0.1" for other levels."""
    return {"on": f"+{factor.name}", "off": f"−{factor.name}"}.get(name_of(factor, level), f"{factor.name}={level}")


def figure_title(result: Pairs, inputs: Inputs) -> str:
    """What is paired, and who wins."""
    if result.figures is None:
        return f"Pairs of {result.switch}" if result.switch else "Pairs"
    words = Words(result, result.figures, inputs)
    wins = result.figures.win_rate or 0.0
    return f"Pairs of {result.switch}: {words.on} better than {words.off} in {wins:.0%} of {result.total:,}"


def figure(result: Pairs, inputs: Inputs) -> Figure:
    """The distribution of the differences, the configurations at its ends, and the levels they share."""
    title = figure_title(result, inputs)
    if result.figures is None:
        why = result.notes[0].reason if result.notes else "no pairs"
        return framed("pairs", title, (Panel("", Axis(), Axis(), (), "differences", why),), inputs, columns=1)
    words = Words(result, result.figures, inputs)
    panels = (distribution(result, words), configurations(result, words), levels(result, words))
    named = words.namer(result.by_configuration) == words.tick
    notes = (*sentences(result, inputs)[:1], *(() if named else (digits_explained(words.others),)))
    return framed("pairs", title, panels, inputs, columns=2, notes=notes)


def distribution(result: Pairs, words: Words) -> Panel:
    """Histogram of the differences; where zero is within it, it parts the bars of the two winners."""
    edges, counts = result.histogram.edges, result.histogram.counts
    sides: dict[str, tuple[Role, list[float], list[float]]] = {}
    key: str
    role: Role
    for count, low, high in zip(counts, edges, edges[1:], strict=False):
        middle = low / 2 + high / 2
        if low < 0 < high:
            key, role = "equal", "neutral"
        elif words.won(middle):
            key, role = f"{words.on} better", words.on_role
        else:
            key, role = f"{words.off} better", words.off_role
        _, at, heights = sides.setdefault(key, (role, [], []))
        at.append(middle)
        heights.append(float(count))
    width = edges[1] - edges[0] if len(edges) > 1 else 1.0
    marks: list[Mark] = [
        Bars(tuple(at), tuple(heights), role, label, width=width) for label, (role, at, heights) in sides.items()
    ]
    marks.append(Rule(0.0, vertical=True))
    top = float(max(counts, default=0))
    for name, value in (("mean", words.figures.mean_diff), ("median", words.figures.median_diff)):
        if value is not None:
            # a line, not a rule: it must be seen on the bars
            role = "accent" if name == "mean" else "neutral"
            marks.append(Line((value, value), (0.0, top), role, f"{name} {number(value, 3)}"))
    empty = "" if edges else "the range is too large for a number"
    label = f"{words.minus}, {words.table.response.name} ({words.direction})"
    return Panel(
        f"differences in {result.total:,} pairs", Axis(label), Axis("pairs"), tuple(marks), "differences", empty
    )


def configurations(result: Pairs, words: Words) -> Panel:
    """Mean difference of each configuration, the best on top, and the range of its pairs; names for the ends."""
    rows = [row for row in result.by_configuration if row.mean is not None]
    name = words.namer(rows)
    places: dict[int, float] = {}
    ticks: list[tuple[float, str]] = []
    before = 0
    for row in rows:
        at = float(len(ticks))
        if row.place > before + 1:
            ticks.append((at, f"… {row.place - before - 1:,} between"))
            at += 1
        places[row.place], before = at, row.place
        ticks.append((at, name(row.levels)))

    def interval(some: list[ConfigurationRow], role: Role, label: str) -> Intervals:
        return Intervals(
            tuple(places[row.place] for row in some),
            tuple(row.mean for row in some),
            tuple(row.low for row in some),
            tuple(row.high for row in some),
            role,
            label,
        )

    better = [row for row in rows if words.won(row.mean)]
    worse = [row for row in rows if not words.won(row.mean)]
    sides: tuple[tuple[list[ConfigurationRow], Role, str], ...] = (
        (better, words.on_role, f"{words.on} better"),
        (worse, words.off_role, f"{words.off} better"),
    )
    marks: list[Mark] = [Rule(0.0, vertical=True)]
    marks += [interval(some, role, label) for some, role, label in sides if some]
    of = rows[0].of if rows else 0
    return Panel(
        f"mean and range in {of:,} configurations, best first",
        Axis(words.minus),
        Axis(ticks=tuple(ticks), limits=(-0.6, len(ticks) - 0.4)),
        tuple(marks),
        "configurations",
        "" if rows else "too large for a number",
        weight=1.4,
    )


def excess(row: EndLevel) -> float:
    """How much more frequent a level is at an end than among all."""
    return row.share - row.base


def levels(result: Pairs, words: Words) -> Panel:
    """Levels of the other factors: their share at both ends against their share of all pairs."""
    factors = {factor.name: factor for factor in words.others}
    shown: dict[tuple[str, str], float] = {}
    for row in result.end_levels:
        if not factors[row.switch].is_switch or row.level == factors[row.switch].on:
            key = (row.switch, row.level)
            shown[key] = max(shown.get(key, 0.0), abs(excess(row)))
    first = sorted(shown, key=lambda key: -shown[key])[:MOST_LEVELS]
    places = {key: float(at) for at, key in enumerate(first)}
    names = [name if factors[name].is_switch else f"{name}={level}" for name, level in first]

    def points(field: str, end: str, role: Role, label: str) -> Points:
        rows = [row for row in result.end_levels if row.end == end and (row.switch, row.level) in places]
        x = tuple(float(getattr(row, field)) for row in rows)
        return Points(x, tuple(places[row.switch, row.level] for row in rows), role, label, "large")

    known = tuple(result.end_sizes)
    marks = [points("base", end, "muted", "all pairs") for end in known[:1]]
    for end, role in ((BEST, words.on_role), (WORST, words.off_role)):
        if end in known:
            marks.append(points("share", end, role, f"{end} {result.end_sizes[end]:,}"))
    why = next((note.reason for note in result.notes if note.field == "end_levels"), "no other factor varies")
    return Panel(
        "levels at the two ends",
        Axis("share of on, or of the level", limits=(-0.03, 1.03)),
        Axis(ticks=tuple((float(at), name) for at, name in enumerate(names)), limits=(-0.6, len(names) - 0.4)),
        tuple(marks),
        "ends",
        "" if first else why,
    )


def table(result: Pairs, inputs: Inputs) -> Table:
    """The pairs at both ends with the other factors' levels; of a factor, every two of its levels."""
    title = figure_title(result, inputs)
    notes = (*sentences(result, inputs), *reasons(result.notes))
    if result.level_pairs:
        columns = (
            ("name", result.switch, False),
            ("mean_diff", "Δ mean"),
            ("configuration_holm_p", "p"),
            ("win_rate", "won"),
            ("median_diff", "Δ median"),
            ("pairs", "pairs"),
            ("configurations", "config."),
            ("configuration_p", "p unadjusted"),
            ("wilcoxon_holm_p", "p of pairs"),
            ("wilcoxon_p", "unadjusted"),
            ("equal", "equal"),
        )
        return table_of(result.level_pairs, columns, title, notes)
    if result.figures is None:
        return Table((TableColumn("end", "end", numeric=False),), (), title, notes)
    words = Words(result, result.figures, inputs)
    replicates = ", ".join(words.table.replicates)
    made = (
        TableColumn("end", "end", numeric=False),
        TableColumn("difference", "Δ"),
        *(TableColumn(f"other {factor.name}", factor.name, numeric=False) for factor in words.others),
        *((TableColumn("replicate", replicates, numeric=False),) if replicates else ()),
        TableColumn("off", words.off),
        TableColumn("on", words.on),
    )
    rows = tuple(
        (
            f"{row.end} {row.place}",
            row.difference,
            *(name_of(factor, level) for factor, level in zip(words.others, row.levels, strict=True)),
            *((row.replicate,) if replicates else ()),
            row.off,
            row.on,
        )
        for row in result.ends
    )
    return Table(made, rows, title, notes)


def sentences(result: Pairs, inputs: Inputs) -> tuple[str, ...]:
    """What the pairs say: who wins and by how much, the tests, and what the ends have in common."""
    if result.figures is None:
        return ()
    figures = result.figures
    words = Words(result, figures, inputs)
    n, wins = figures.pairs, figures.wins
    equal = f", equal in {figures.equal:,}" if figures.equal else ""
    response = inputs.sample.table.response
    lines = [
        f"{words.on} better than {words.off} in {wins:,} of {n:,} pairs ({wins / n:.1%}){equal}; {words.minus}: "
        f"mean {number(figures.mean_diff)}, median {number(figures.median_diff)} ({response.name}: {response.better})",
        f"Wilcoxon p {number(figures.configuration_p, 2)} over the means of {figures.configurations:,} configurations; "
        f"over single pairs, which are not independent, {number(figures.wilcoxon_p, 2)} (descriptive)",
    ]
    if result.level_pairs:
        lines.append(
            "p: Wilcoxon over configurations' means, adjusted for the pairs of levels (Holm); p of pairs: the same "
            "over single pairs, descriptive; won: share of pairs in which the first-named level is better"
        )
    worst = [row for row in result.ends if row.end == WORST]
    best = [row for row in result.ends if row.end == BEST]
    helped = bool(best) and words.won(best[0].difference)
    hurt = bool(worst) and not words.won(worst[0].difference)
    names = {
        BEST: f"where {words.on} {'helps most' if helped else 'hurts least'}",
        WORST: f"where {words.on} {'hurts most' if hurt else 'helps least'}",
    }
    for end, size in result.end_sizes.items():
        common = sorted((row for row in result.end_levels if row.end == end), key=lambda row: -excess(row))[:SAID]
        said = [
            f"{short(words.table.factor(row.switch), row.level)} in {row.share:.0%} ({row.base:.0%} of all)"
            for row in common
            if excess(row) >= WORTH_SAYING
        ]
        lines.append(f"{names[end]} ({size:,} pairs): {', '.join(said) or 'no level is much more frequent'}")
    shown = len(result.ends)
    if not result.level_pairs and shown < result.total:
        lines.append(f"{shown} of {result.total:,} pairs shown, the outermost of both ends; --json lists them")
    return tuple(lines)


def document(result: Pairs, inputs: Inputs) -> dict[str, Any]:
    """JSON's own keys."""
    names = [field.name for field in fields(PairFigures) if field.name != "pairs"]
    return {
        "rows": plain(result.rows),
        "switch": result.switch or None,
        "total": result.total,
        **{name: plain(getattr(result.figures, name, None)) for name in names},
        "histogram": plain(result.histogram),
        "ends": plain(result.ends),
        "end_sizes": dict(result.end_sizes),
        "end_levels": plain(result.end_levels),
        "by_configuration": plain(result.by_configuration),
        "level_pairs": plain(result.level_pairs),
    }


def sql(inputs: Inputs) -> str:
    """The pairs themselves."""
    return pairs_sql(inputs.sample, read(inputs))


VIEW = View(
    name="pairs",
    title="Pairs",
    about="Matched pairs: runs that differ in the contrast (or the switch under the cursor) alone. How their "
    "differences lie, which configurations lie at the two ends, and which levels those have in common.",
    read=read,
    by_runs=True,
    figure=figure,
    table=table,
    document=document,
    sql=sql,
    polars=lambda inputs: pairs_polars(inputs.sample, read(inputs)),
    follows_focus=True,
)

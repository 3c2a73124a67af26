"""What a report is about: the switches with their numbers, the comparisons, the pairs, and names of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ablate_tui.data.schema import RunTable
from ablate_tui.queries.slices import Sample
from ablate_tui.tui import export
from ablate_tui.tui.report.results import Results

STRONGEST = 5  # switches with a number, where none are given
TARGET = 2  # place of the switch that the analyses are about: the third
MOST_PAIRS = 9  # cards
PANELS = {  # of a comparison: the file's name, and words
    "box": ("boxplot", "box plot"),
    "ecdf": ("ecdf", "ECDF"),
    "hist+kde": ("hist_kde", "histogram and KDE"),
    "stats": ("stats_bar", "statistics"),
    "violin": ("violin", "violin"),
}
FIXED = 10  # pictures of the slice as a whole


@dataclass(frozen=True)
class Comparison:
    """One folder of comparisons: some switches held on, another contrasted."""

    number: str  # of those held on, then of the contrast: "13"
    held: tuple[str, ...]
    contrast: str

    @property
    def folder(self) -> str:
        """Name of its folder."""
        return f"comparison_analysis_{self.number}"


@dataclass(frozen=True)
class Dependence:
    """One dependence plot: SHAP values of a factor, coloured by another."""

    path: str
    switch: str
    color: str


@dataclass(frozen=True)
class Card:
    """One pair's card; the names as the alphabet has them."""

    path: str
    a: str
    b: str


@dataclass(frozen=True)
class Plan:
    """Numbers and names."""

    switches: tuple[str, ...]  # number 1 first
    target: str | None  # what the analyses contrast
    center: str | None  # the factor that changes the spread most: colour of the dependences, one of each pair
    analyses: tuple[Comparison, ...]  # the target alone, with one switch held on, with two
    each: tuple[Comparison, ...]  # every other with the first switch held on; every one alone
    dependences: tuple[Dependence, ...]
    cards: tuple[Card, ...]

    @property
    def pictures(self) -> int:
        """How many there are, at most."""
        return FIXED + len(PANELS) * len({*self.analyses, *self.each}) + len(self.dependences) + len(self.cards)

    def number(self, *names: str) -> str:
        """The numbers of switches in one word."""
        return joined(self.switches, names)


def plan(
    sample: Sample, results: Results, asked: Sequence[str] | None, contrast: str | None, color: str | None
) -> Plan:
    """Choose and number the switches.

    Parameters
    ----------
    sample : Sample
    results : Results
        Of the same sample.
    asked : sequence of str, optional
        Names in the order of their numbers. Without it, the strongest by mean |SHAP|, switches before
        factors of more levels, which can't be held on; the one that changes the spread most is the third.
    contrast : str, optional
        What the analyses and pairs are about, in place of the third and of what changes the spread most.
    color : str, optional
        What the dependences are coloured by.
    """
    table = sample.table
    free = [factor.name for factor in sample.free]
    ranked = [row.switch for row in results.mean.rows] or free

    def change(name: str) -> tuple[bool, bool, float]:
        claimed, ratio = results.spread_change(name)
        return claimed, claimed or table.factor(name).is_switch, ratio

    center = contrast or max(asked or ranked, key=change, default=None)
    if asked is not None:
        names = list(asked)
    else:
        names = sorted(ranked, key=lambda name: not table.factor(name).is_switch)
        if center is not None:
            names = [name for name in names if name != center][: STRONGEST - 1]
            names.insert(min(TARGET, len(names)), center)
    names = list(dict.fromkeys([*names, *filter(None, (contrast, color))]))
    target = contrast or (names[min(TARGET, len(names) - 1)] if names else None)
    analyses, each = comparisons(table, names, target)
    return Plan(
        switches=tuple(names),
        target=target,
        center=center,
        analyses=analyses,
        each=each,
        dependences=dependences(names, results, color or center),
        cards=cards(results, center),
    )


def comparisons(
    table: RunTable, names: list[str], target: str | None
) -> tuple[tuple[Comparison, ...], tuple[Comparison, ...]]:
    """The analyses of the target, then every other switch with the first held on, then alone."""

    def comparison(contrast: str, *held: str) -> Comparison:
        return Comparison(joined(names, (*held, contrast)), held, contrast)

    if target is None:
        return (), ()
    switches = [name for name in names if table.factor(name).is_switch]
    held = [name for name in switches if name != target][:2]
    analyses = [comparison(target, *held[:count]) for count in range(len(held) + 1)]
    first = switches[:1]
    each = [comparison(name, *first) for name in names if first and name != first[0]]
    each += [comparison(name) for name in names]
    return tuple(analyses), tuple(each)


def dependences(names: list[str], results: Results, color: str | None) -> tuple[Dependence, ...]:
    """Each numbered factor by the colour; the colour itself by the one that it interacts with most."""
    ranked = {row.switch for row in results.mean.rows}
    found = []
    for name in names:
        partners = [other for other in (*results.partners(name), *names) if other in names and other != name]
        by = color if color in names and color != name else next(iter(partners), None)
        if by is not None and {name, by} <= ranked:
            found.append(Dependence(f"switch{joined(names, (name, by))}.png", name, by))
    return tuple(found)


def cards(results: Results, center: str | None) -> tuple[Card, ...]:
    """The center with each of the others, the strongest interaction first."""
    made: list[Card] = []
    taken: set[str] = set()
    for other in results.partners(center)[:MOST_PAIRS] if center is not None else []:
        a, b = sorted((center or "", other))
        stem = name = f"{export.safe_name(a)}_vs_{export.safe_name(b)}"
        again = 1
        while name.casefold() in taken:  # names that differ in signs which files can't have, or in case
            again += 1
            name = f"{stem}_{again}"
        taken.add(name.casefold())
        made.append(Card(f"interaction_analysis/{name}.png", a, b))
    return tuple(made)


def joined(names: Sequence[str], some: Sequence[str]) -> str:
    """Numbers of some names in one word; with a "-" between them where one has two digits."""
    numbers = [list(names).index(name) + 1 for name in some]
    return ("-" if len(names) > 9 else "").join(map(str, numbers))

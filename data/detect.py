"""What each column of a source is taken for, from its type, its values and its name."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ablate_tui.data import names
from ablate_tui.data.roles import Role

Kind = Literal["truth", "integer", "real", "text", "date", "list", "other"]

FEW = 12  # so many values make a factor in a sweep of any size
MOST_LEVELS = 32_000  # level codes are 16 bits wide

_ON = {"true", "1", "on", "yes"}
_OFF = {"none", "off", "no", "false", "disabled", "baseline", "0"}

_INTEGER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_NUMBER_LIST = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL\(\d+,\d+\))\[\d*\]")


@dataclass(frozen=True)
class Facts:
    """What is known of a column before its role is."""

    name: str
    dtype: str
    distinct: int  # NULL not counted
    nulls: int
    low: str | None  # least and greatest value as text; None for lists
    high: str | None
    said: str | None = None  # what a tracker calls it: setting, metric or fact

    @property
    def kind(self) -> Kind:
        """The type in broad terms."""
        return kind_of(self.dtype)

    @property
    def numeric(self) -> bool:
        """Whether one number a run."""
        return self.kind in ("truth", "integer", "real")

    @property
    def zero_one(self) -> bool:
        """Whether the values are 0 and 1."""
        return self.distinct == 2 and _number(self.low) == 0 and _number(self.high) == 1


def kind_of(dtype: str) -> Kind:
    """The broad kind of DuckDB's type."""
    if dtype == "BOOLEAN":
        return "truth"
    if _INTEGER.fullmatch(dtype):
        return "integer"
    if dtype in ("DOUBLE", "FLOAT") or re.fullmatch(r"DECIMAL\(\d+,\d+\)", dtype):
        return "real"
    if dtype == "VARCHAR" or re.match(r"ENUM\(", dtype):
        return "text"
    if dtype.startswith(("DATE", "TIME")) or dtype == "UUID":
        return "date"
    return "list" if _NUMBER_LIST.fullmatch(dtype) else "other"


def roles(columns: Sequence[Facts], runs: int, one_to_one: Callable[[str, str], bool]) -> dict[str, tuple[Role, str]]:
    """Guess the role of every column, the response's left open.

    Parameters
    ----------
    columns : sequence of Facts
    runs : int
        Number of runs.
    one_to_one : callable
        Whether the values of two columns determine each other.

    Returns
    -------
    dict
        Role and reason by name. Outcomes are covariates here.
    """
    found = {facts.name: _role(facts, runs) for facts in columns}
    by_name = {facts.name: facts for facts in columns}
    replicates = [name for name, (role, _) in found.items() if role == "replicate"]
    replicates.sort(key=lambda name: "seed" not in names.words(name))  # a seed is kept before what follows it
    for seed in replicates:
        if found[seed][0] != "replicate":
            continue
        for name, (role, _) in found.items():
            same = by_name[name].distinct == by_name[seed].distinct > 2 and by_name[name].kind == "integer"
            if name != seed and role in ("factor", "replicate") and same and one_to_one(name, seed):
                found[name] = "ignored", f'one value for each "{seed}"'
    return found


def candidates(columns: Sequence[Facts], found: Mapping[str, tuple[Role, str]], runs: int) -> list[str]:
    """Columns that can be the response, the likeliest first.

    Named outcomes come first: scalars before lists, time after all, constant ones after others; then the
    last real number that was measured, then whatever else is a number or a list of numbers.
    """
    free = [
        facts
        for facts in columns
        if (facts.numeric or facts.kind == "list")
        and facts.said not in ("setting", "fact")
        and (facts.said == "metric" or not names.is_flag(facts.name))
        and (found[facts.name][0] == "covariate" or (facts.distinct <= 1 and found[facts.name][0] == "ignored"))
    ]

    def order(at: int) -> tuple[object, ...]:
        facts = free[at]
        is_list, constant = facts.kind == "list", facts.distinct <= 1 and runs > 1
        kind = names.outcome(facts.name)
        if kind is not None:
            return (0, kind == "time", is_list, constant, *names.rank(facts.name), at)
        kinds = ("real", "integer", "truth", "list")
        return (1, constant, names.is_measured(facts.name), kinds.index(facts.kind), -at)

    ranked = sorted(range(len(free)), key=order)
    return [
        free[at].name
        for at in ranked
        if names.outcome(free[at].name) not in (None, "time") or free[at].distinct > 1 or runs == 1
    ]


def order_levels(levels: Sequence[str], on: str | None = None) -> tuple[str, ...]:
    """Levels in order: off before on for two, else numbers by size before texts in natural order.

    Parameters
    ----------
    levels : sequence of str
    on : str, optional
        Which of two levels is on; guessed without.
    """
    ordered = sorted(levels, key=natural)
    if len(ordered) != 2:
        return tuple(ordered)
    chosen = on if on is not None else _guess_on(ordered[0], ordered[1])
    return (ordered[0], ordered[1]) if chosen == ordered[1] else (ordered[1], ordered[0])


def natural(text: str) -> tuple[object, ...]:
    """Sorting key: numbers by size, then texts with the numbers in them by size."""
    number = _number(text)
    if number is not None:
        return (0, math.isnan(number), 0.0 if math.isnan(number) else number, text)
    parts = re.split(r"(\d+)", text)
    return (1, [(i % 2, int(part) if i % 2 else 0, part) for i, part in enumerate(parts)])


def _guess_on(first: str, second: str) -> str:
    if _number(first) is not None and _number(second) is not None:
        return second  # the larger one
    for words, listed_is_on in ((_ON, True), (_OFF, False)):
        listed = [level.strip().lower() in words for level in (first, second)]
        if listed[0] != listed[1]:
            return first if listed[0] == listed_is_on else second
    return second


def _number(text: str | None) -> float | None:
    if text is None or not re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*|[-+]?(nan|inf)", text, re.I | re.A):
        return None
    return float(text)


def _role(facts: Facts, runs: int) -> tuple[Role, str]:
    name, kind, distinct = facts.name, facts.kind, facts.distinct
    every = distinct == runs > 2
    if kind == "other":
        return "ignored", "nested values, or of a type that can't be compared"
    if distinct == 0:
        return "ignored", "no value"
    if kind == "list":
        return "covariate", "a list of numbers in each run"
    if distinct == 1:
        return "ignored", "one value"
    if facts.said == "metric" and facts.numeric:
        return "covariate", "measured, as the tracker has it"
    if facts.said == "fact":
        return (
            "covariate" if facts.numeric or names.is_flag(name) else "identity"
        ), "about the run, as the tracker has it"
    if facts.said == "setting":
        return _setting(facts, runs, every)
    if names.is_flag(name):
        return "covariate", "says how a run ended, so it is no setting"
    if kind == "truth":
        return "switch", "true or false"
    if kind == "date":
        return "identity", "a date, a time or an identifier"
    if names.is_replicate(name) and not (kind == "real" and distinct > FEW):
        return ("identity", "different in every run") if every else ("replicate", "tells replicates apart, by its name")
    if names.is_identity(name):
        return "identity", "names a run, by its name"
    if kind != "text" and names.outcome(name) not in (None, "time"):
        return "covariate", "an outcome, by its name"
    if kind != "text" and not facts.zero_one and (names.outcome(name) == "time" or names.is_measured(name)):
        return "covariate", "measured, by its name"
    return _by_values(facts, runs, every)


def _setting(facts: Facts, runs: int, every: bool) -> tuple[Role, str]:
    """What was set, as the tracker has it, whatever its name would say of an outcome."""
    if facts.kind == "truth":
        return "switch", "true or false"
    if names.is_replicate(facts.name) and not (facts.kind == "real" and facts.distinct > FEW):
        return ("identity", "different in every run") if every else ("replicate", "tells replicates apart, by its name")
    if names.is_identity(facts.name):
        return "identity", "names a run, by its name"
    return _by_values(facts, runs, every)


def _by_values(facts: Facts, runs: int, every: bool) -> tuple[Role, str]:
    kind, distinct = facts.kind, facts.distinct
    few = distinct <= FEW or distinct <= math.isqrt(runs)
    if names.words(facts.name) == ["block"] and not every:
        return "factor", "blocks of runs, by its name"
    if kind == "integer" and every and runs > FEW and _counts(facts, runs):
        return "identity", "numbers the runs"
    if names.may_be_identity(facts.name) and not few:
        return "identity", "names a run, by its name"
    if kind == "real":
        # A measurement repeats by chance only; a setting has several runs at each value.
        if facts.zero_one or (distinct <= FEW and 2 * distinct <= runs):
            return ("switch", "two values") if distinct == 2 else ("factor", f"{distinct} values")
        return "covariate", "many real values"
    if distinct == 2:
        return "switch", "two values"
    if kind == "text" and every and runs > FEW:
        return "identity", "different in every run"
    if few and not (kind == "integer" and every and runs > FEW):
        return "factor", f"{distinct} values"
    if kind == "integer":
        return "covariate", "many whole values"
    return "ignored", f"text with {distinct} different values"


def _counts(facts: Facts, runs: int) -> bool:
    low, high = _number(facts.low), _number(facts.high)
    return low in (0.0, 1.0) and high is not None and high - (low or 0.0) == runs - 1

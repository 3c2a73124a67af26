"""The results that the sentences are made of, their one family of q values, and how rows are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ablate_tui.queries.descriptive.ordered import order
from ablate_tui.queries.descriptive.two_sample import side
from ablate_tui.queries.effect_row import REST, EffectRow
from ablate_tui.queries.effects import Effects, effects
from ablate_tui.queries.findings.separated import Separated, separated
from ablate_tui.queries.inference.families import benjamini_hochberg
from ablate_tui.queries.inference.verdicts import SIGNIFICANT, FactorTest, Verdicts, verdicts
from ablate_tui.queries.interactions import FactorPair, Interactions, interactions
from ablate_tui.queries.slices import Sample

EACH = 3  # findings of one kind that get a sentence of their own; the others share one
MOST_NAMED = 6  # names in one sentence

Value = str | int | float | None


@dataclass(frozen=True)
class Finding:
    """One finding, a sentence or a few.

    `p` is of the test that it rests on, the largest where it rests on several; None where it says what the
    design cannot tell. `figures` hold the q values in the family of all findings, and "switch" and "level",
    or "a" and "b", where it is about one factor or a pair.
    """

    text: str
    view: str  # name of the view that shows it
    figures: Mapping[str, Value]
    p: float | None


@dataclass(frozen=True)
class Ranked:
    """A finding and how much it matters: the class it belongs to, then the size of the effect."""

    kind: int
    size: float
    finding: Finding
    explains: str = ""  # the factor whose spread needs no other sentence


FAILED, FOUND, MINOR, NOTHING, LIMIT = range(5)


class Evidence:
    """The results that the sentences are made of, and their one family of q values."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.response = sample.table.response.name
        self.goal = sample.table.response.goal
        self.verdicts: Verdicts = verdicts(sample)
        self.effects: Effects = effects(sample)
        self.interactions: Interactions = interactions(sample, None, self.verdicts.location)
        self.rows = {row.name: row for row in self.effects.rows}
        self.sd = side(order(sample)).sd
        self.condition = sample.table.fail_condition
        self.separated: Mapping[str, Separated] = separated(sample, self.effects.rows)
        self.q = self._family()

    def _family(self) -> dict[tuple[str, str], float]:
        """Q of every test, by its kind and its factor, row or pair."""
        p: dict[tuple[str, str], float | None] = {}
        for test in self.effects.factors:
            p["location", test.factor] = test.location_p
            p["noise", test.factor] = test.noise_p
        for factor, value in self.effects.failures.items():
            p["failure", factor] = value
        for name, found in self.separated.items():
            p["separated", name] = found.p
        for row in self.effects.rows:
            p["best", row.name] = row.best_p
        for pair in self.interactions.pairs:
            p["mean", pair_name(pair)] = pair.mean_p
            p["ln sd", pair_name(pair)] = pair.log_sd_p
        return benjamini_hochberg({key: value for key, value in p.items() if value is not None})

    # -- what holds

    def holds(self, kind: str, name: str) -> bool:
        """Whether a test counts as found."""
        return self.q.get((kind, name), 1.0) < SIGNIFICANT

    @staticmethod
    def uneven(test: FactorTest) -> bool:
        """Whether the other factors matter more on one side: by the distances, and an interaction that holds."""
        return test.distance_q is not None and test.distance_q < SIGNIFICANT

    def better(self, diff: float) -> bool:
        """Whether a change of the response is for the good."""
        return diff < 0 if self.goal == "min" else diff > 0

    def in_sds(self, diff: float) -> float:
        """Size in units of the SD of all runs."""
        return abs(diff) / self.sd if self.sd > 0 else 0.0

    # -- what things are called

    def on_off(self, switch: str) -> bool:
        """Whether a switch's levels need no name."""
        factor = self.sample.table.factor(switch)
        on_off = factor.off.lower() in ("false", "0", "off", "no") and factor.on.lower() in ("true", "1", "on", "yes")
        return factor.is_switch and on_off

    def subject(self, row: EffectRow) -> str:
        """What acts: "use_norm", or "norm = rms" where the levels have names."""
        return row.switch if self.on_off(row.switch) else f"{row.switch} = {row.on}"

    def is_on(self, row: EffectRow) -> str:
        """ "use_norm on", "norm = rms"."""
        return f"{row.switch} on" if self.on_off(row.switch) else f"{row.switch} = {row.on}"

    def sides(self, row: EffectRow) -> tuple[str, str]:
        """ "on", "off"; "with rms", "with none"; "with rms", "with the others"."""
        if self.on_off(row.switch):
            return "on", "off"
        return f"with {row.on}", "with the others" if row.off == REST else f"with {row.off}"

    def with_sides(self, row: EffectRow) -> tuple[str, str]:
        """The same, after the word "runs": "with use_norm on", "with it off"."""
        off = "with it off" if self.on_off(row.switch) else self.sides(row)[1]
        return f"with {self.is_on(row)}", off

    def state(self, factor: str, level: str) -> str:
        """ "on" or "off" of a switch, else the level."""
        if self.on_off(factor):
            return "on" if level == self.sample.table.factor(factor).on else "off"
        return level

    def at(self, factor: str, level: str) -> str:
        """ "with it on", "with tanh"."""
        return f"with it {self.state(factor, level)}" if self.on_off(factor) else f"with {level}"


def pair_name(pair: FactorPair) -> str:
    """The key of a pair in the family."""
    return f"{pair.a}:{pair.b}"


def number(value: Value) -> float:
    """A figure that is known to be a number."""
    return float(value or 0.0)

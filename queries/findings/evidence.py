"""The results that the sentences are made of, their one family of q values, and how they are worded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ablate_tui.queries.effect_row import REST, EffectRow
from ablate_tui.queries.effects import Effects, effects
from ablate_tui.queries.families import benjamini_hochberg
from ablate_tui.queries.interactions import Interactions, interactions
from ablate_tui.queries.sentences import figure
from ablate_tui.queries.slices import Sample
from ablate_tui.queries.two_sample import side
from ablate_tui.queries.verdicts import SIGNIFICANT, Verdicts, verdicts

EACH = 3  # findings of one kind that get a sentence of their own; the others share one

Value = str | int | float | None


@dataclass(frozen=True)
class Finding:
    """One sentence. `p` is its test's, `figures` hold its q in the family of all findings."""

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


FAILED, FOUND, MINOR, NOTHING, LIMIT = range(5)


class Evidence:
    """The results that the sentences are made of, and their one family of q values."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.response = sample.table.response.name
        self.goal = sample.table.response.goal
        self.verdicts: Verdicts = verdicts(sample)
        self.effects: Effects = effects(sample, self.verdicts)
        self.interactions: Interactions = interactions(sample, None, self.verdicts.location)
        self.rows = {row.name: row for row in self.effects.rows}
        self.sd = side(np.sort(sample.y[sample.finished])).sd
        self.condition = sample.table.fail_condition
        self.q = self.family()

    def family(self) -> dict[tuple[str, str], float]:
        """Q of every test, by its kind and its row or pair."""
        p: dict[tuple[str, str], float | None] = {}
        for test in self.effects.factors:
            p["location", test.factor] = test.location_p
            p["noise", test.factor] = test.noise_p
            p["failure", test.factor] = self.effects.failures.get(test.factor)
        for row in self.effects.rows:
            p["best", row.name] = row.best_p
        for pair in self.interactions.pairs:
            p["mean", f"{pair.a}:{pair.b}"] = pair.mean_p
            p["ln sd", f"{pair.a}:{pair.b}"] = pair.log_sd_p
        return benjamini_hochberg({key: value for key, value in p.items() if value is not None})

    def holds(self, kind: str, name: str) -> bool:
        """Whether a test counts as found."""
        return self.q.get((kind, name), 1.0) < SIGNIFICANT

    def estimate(self, row: EffectRow) -> float:
        """The model's difference of the means, else that of the runs."""
        if row.mean_diff_low is not None and row.mean_diff_high is not None:
            return (row.mean_diff_low + row.mean_diff_high) / 2
        return row.mean_diff or 0.0

    def better(self, diff: float) -> bool:
        """Whether a change of the response is for the good."""
        return diff < 0 if self.goal == "min" else diff > 0

    def in_sds(self, diff: float) -> float:
        """Size in units of the SD of all runs."""
        return abs(diff) / self.sd if self.sd > 0 else 0.0

    def is_on(self, row: EffectRow) -> str:
        """ "it on", or the level."""
        return f"{row.switch} = {row.on}" if row.off == REST or not self.on_off(row.switch) else f"{row.switch} on"

    def is_off(self, row: EffectRow) -> str:
        """ "it off", or what the other side is."""
        if row.off == REST:
            return "the other levels"
        return "it off" if self.on_off(row.switch) else f"{row.switch} = {row.off}"

    def on_off(self, switch: str) -> bool:
        """Whether a switch's levels need no name."""
        factor = self.sample.table.factor(switch)
        return factor.on.lower() in ("true", "1", "on", "yes")

    def level(self, factor: str, level: str) -> str:
        """A level of a factor in words."""
        found = self.sample.table.factor(factor)
        if found.is_switch and self.on_off(factor):
            return f"{factor} {'on' if level == found.on else 'off'}"
        return f"{factor} = {level}"

    @staticmethod
    def signed(value: Value) -> str:
        """A difference with its sign."""
        found = number(value)
        return f"+{figure(found)}" if found is not None and found > 0 else figure(found)


def number(value: Value) -> float | None:
    """A figure that is a number."""
    return float(value) if isinstance(value, (int, float)) else None

"""The picture of the effects: variances stacked, failures, location, spread and best runs, in line."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ablate_tui.queries.effect_row import EffectRow
from ablate_tui.queries.effects import Effects
from ablate_tui.queries.inference.verdicts import BOTH, BY_BOTH, BY_INTERACTIONS, NEITHER, SHIFT, SIGNIFICANT, SPREAD
from ablate_tui.queries.reasons import PENDING
from ablate_tui.tui.figure import Axis, Bars, Figure, Intervals, Mark, Panel, Points, Role, Rule
from ablate_tui.tui.views.base import Inputs, framed

MOST_ROWS = 30  # in the picture; the table has them all
FEW_ROWS = 12  # up to here the panels stand in two lines
SIDES: tuple[tuple[Role, float], ...] = (("off", -0.2), ("on", 0.2))
WIDTH = 0.36  # of one of two bars
FURTHEST = 50.0  # a ratio beyond it, or below its inverse, leaves the panel
BELOW = 0.25  # where a second figure of a row stands, so as not to cover the first
KEY = "▲ shift · ◆ spread by noise · ◇ by interactions · ◈ by both"


def spread_sign(row: EffectRow) -> str:
    """The mark of a spread by its cause."""
    return {BY_INTERACTIONS: "◇", BY_BOTH: "◈"}.get(row.spread_cause or "", "◆")


def sign(row: EffectRow) -> str:
    """The mark that doubles a verdict in words."""
    signs = {SHIFT: "▲", SPREAD: spread_sign(row), BOTH: f"▲{spread_sign(row)}", NEITHER: "·"}
    return ("✗" if fails_differently(row) else "") + signs.get(row.verdict or "", "–")


def words(row: EffectRow) -> str:
    """A verdict in words, with the cause of a spread; failures first."""
    parts = []
    if fails_differently(row):
        parts.append("fails more" if (row.failed_on or 0.0) > (row.failed_off or 0.0) else "fails less")
    if row.verdict:
        cause = "noise + interactions" if row.spread_cause == BY_BOTH else row.spread_cause
        parts.append(f"{row.verdict} ({cause})" if cause else row.verdict)
    return ", ".join(parts)


def fails_differently(row: EffectRow) -> bool:
    """Whether one side fails more often than the other."""
    return row.failure_p is not None and row.failure_p < SIGNIFICANT


def claimed(row: EffectRow) -> bool:
    """Whether the verdict says anything."""
    return row.verdict in (SHIFT, SPREAD, BOTH)


def strength(row: EffectRow) -> tuple[float, ...]:
    """What puts the strongest row first: a verdict, the smallest q, the mean difference in pooled SDs."""
    q = [value for value in (row.location_q, row.noise_q) if value is not None]
    sds = [sd for sd in (row.sd_on, row.sd_off) if sd is not None]
    pooled = math.hypot(*sds) / math.sqrt(len(sds)) if sds else 0.0
    size = abs(row.mean_diff or 0.0) / pooled if pooled > 0 else 0.0
    return (not claimed(row) and not fails_differently(row), min(q, default=2.0), -size)


def figure(result: Effects, inputs: Inputs) -> Figure:
    """One row for each switch and level, the strongest verdict on top."""
    known = sorted((row for row in result.rows if row.mean_diff is not None), key=strength)
    rows = Rows(tuple(known[:MOST_ROWS]))
    response = inputs.sample.table.response
    empty = ""
    if not known:
        empty = result.notes[0].reason if result.notes else "no switch varies in this slice"
    panels = [
        rows.panel("variance", f"variance of {response.name}", *variance(rows), weight=1.7),
        rows.panel("location", f"difference in {response.name} ({response.better})", *location(rows), weight=1.2),
        rows.panel("spread", "on / off", *spread(rows), log=True),
        rows.panel("best", "share of runs with on", *best(rows), limits=(0.0, 1.0)),
    ]
    if any(row.failed_on or row.failed_off for row in rows.rows):
        top = max(max(row.failed_on or 0.0, row.failed_off or 0.0) for row in rows.rows)
        made = rows.panel("failed", "share of runs that failed", *failed(rows), limits=(0.0, min(1.0, 1.08 * top)))
        panels.insert(1, made)
    if empty:
        panels = [Panel(panel.title, panel.x, panel.y, (), panel.name, empty) for panel in panels]
    notes = [KEY] if any(row.verdict for row in rows.rows) else []
    if any(fails_differently(row) for row in rows.rows):
        notes.append(f"✗ failures differ (p < {SIGNIFICANT:g}, each row by itself)")
    if len(rows.rows) < len(known):
        notes.append(f"the {len(rows.rows)} strongest of {len(known)} rows are drawn")
    to_come = any(note.reason == PENDING for note in result.notes)
    return framed(
        "effects",
        ("pairs and ranks still to come · " if to_come else "") + "Effects: mean or spread, and whose spread",
        tuple(panels),
        inputs,
        columns=-(-len(panels) // 2) if len(rows.rows) <= FEW_ROWS else len(panels),
        notes=tuple(notes),
    )


@dataclass(frozen=True)
class Rows:
    """The rows of a picture from top to bottom."""

    rows: tuple[EffectRow, ...]

    @property
    def at(self) -> tuple[float, ...]:
        """Their positions."""
        return tuple(float(place) for place in range(len(self.rows)))

    def values(self, field: str) -> tuple[float | None, ...]:
        """One figure of every row."""
        return tuple(getattr(row, field) for row in self.rows)

    def points(
        self, field: str | Callable[[EffectRow], float | None], role: Role, label: str, below: float = 0.0
    ) -> Points:
        """A large point where a row has the figure, `below` the middle of the row by so much."""
        read = (lambda row: getattr(row, field)) if isinstance(field, str) else field
        found = [(value, at) for row, at in zip(self.rows, self.at, strict=True) if (value := read(row)) is not None]
        return Points(tuple(v for v, _ in found), tuple(at + below for _, at in found), role, label, "large")

    def panel(
        self,
        name: str,
        label: str,
        title: str,
        marks: tuple[Mark, ...],
        limits: tuple[float, float] | None = None,
        log: bool = False,
        weight: float = 1.0,
    ) -> Panel:
        """A panel whose rows are in line with those of the others."""
        if log:
            limits = ratio_limits(marks)
        ticks = tuple((at, f"{sign(row)} {row.name}") for row, at in zip(self.rows, self.at, strict=True))
        names = Axis(ticks=ticks, limits=(-0.6, len(self.rows) - 0.4))
        return Panel(title, Axis(label, limits=limits, log=log), names, marks, name, weight=weight)


def variance(rows: Rows) -> tuple[str, tuple[Mark, ...]]:
    """Two bars a row, off over on: systematic and noise, or the whole where they can't be told apart."""
    marks: list[Mark] = []
    ends = dict.fromkeys(rows.at, 0.0)
    separable = mixed = False
    for side, shift in SIDES:
        parts: dict[str, list[tuple[float, float, float]]] = {"solid": [], "light": [], "mixed": []}
        for row, at in zip(rows.rows, rows.at, strict=True):
            between, within, sd = (getattr(row, f"{field}_{side}") for field in ("sd_between", "sd_within", "sd"))
            if between is not None and within is not None:
                parts["solid"].append((at, 0.0, between**2))
                parts["light"].append((at, between**2, between**2 + within**2))
            elif sd is not None:
                parts["mixed"].append((at, 0.0, sd**2))
        separable, mixed = separable or bool(parts["solid"]), mixed or bool(parts["mixed"])
        for fill, bars in parts.items():
            for at, _, end in bars:
                ends[at] = max(ends[at], end)
            if bars:
                marks.append(
                    Bars(
                        tuple(at + shift for at, _, _ in bars),
                        tuple(end for _, _, end in bars),
                        role=side,
                        label="" if fill == "light" else side,
                        horizontal=True,
                        width=WIDTH,
                        base=tuple(base for _, base, _ in bars) if fill == "light" else 0.0,
                        fill=fill,  # type: ignore[arg-type]
                    )
                )
    if separable:
        marks.append(Bars((), (), "neutral", "noise", horizontal=True, fill="light"))
    if separable and mixed:
        marks.append(Bars((), (), "neutral", "not separable", horizontal=True, fill="mixed"))
    # the verdict in words, right of the longer bar
    verdicts = tuple(words(row) for row in rows.rows)
    marks.append(Intervals(rows.at, (None,) * len(rows.at), high=tuple(ends.values()), texts=verdicts))
    title = "variance: systematic + noise" if separable else "variance: parts not separable"
    return title, tuple(marks)


def failed(rows: Rows) -> tuple[str, tuple[Mark, ...]]:
    """Share of failed runs from off to on."""
    low = tuple(None if None in pair else min(pair) for pair in failed_pairs(rows))
    high = tuple(None if None in pair else max(pair) for pair in failed_pairs(rows))
    line = Intervals(rows.at, (None,) * len(rows.at), low, high, role="muted")
    return "failed", (line, rows.points("failed_off", "off", "off"), rows.points("failed_on", "on", "on"))


def failed_pairs(rows: Rows) -> list[tuple[float, float]]:
    """Both shares of every row."""
    return list(zip(rows.values("failed_off"), rows.values("failed_on"), strict=True))  # type: ignore[arg-type]


def location(rows: Rows) -> tuple[str, tuple[Mark, ...]]:
    """The mean's difference with its interval, and the median's."""
    low, high = rows.values("mean_diff_low"), rows.values("mean_diff_high")
    known = any(value is not None for value in low)
    mean = Intervals(rows.at, rows.values("mean_diff"), low, high, "accent", "mean, 95 %" if known else "mean")
    return "location: on − off", (
        Rule(0.0, vertical=True),
        mean,
        rows.points("median_diff", "neutral", "median", BELOW),
    )


def spread(rows: Rows) -> tuple[str, tuple[Mark, ...]]:
    """The SD ratio with its interval, and the noise's ratio beside it."""
    low, high = rows.values("sd_ratio_low"), rows.values("sd_ratio_high")
    known = any(value is not None for value in low)
    ratio = Intervals(rows.at, rows.values("sd_ratio"), low, high, "accent", "SD, 95 %" if known else "SD")
    residual = any(row.noise_ratio is None and row.ln_f_star is not None for row in rows.rows)
    noise = rows.points(noise_of, "neutral", "residual SD" if residual else "noise SD", BELOW)
    return "spread: ratio", (Rule(1.0, vertical=True), ratio, noise)


def noise_of(row: EffectRow) -> float | None:
    """The noise's ratio of SDs: of replicates, else of residuals, where F* is its square."""
    if row.noise_ratio is not None or row.ln_f_star is None:
        return row.noise_ratio
    return math.exp(min(row.ln_f_star, 700.0) / 2)


def best(rows: Rows) -> tuple[str, tuple[Mark, ...]]:
    """Share of on among the best runs and among all."""
    share = Bars(rows.at, rows.values("best_share_on"), "on", "of the best 10 %", horizontal=True)
    return "share of on", (share, rows.points("base_share_on", "neutral", "of all"))


def ratio_limits(marks: tuple[Mark, ...]) -> tuple[float, float]:
    """Limits of the log axis: all ratios and their intervals, unless one would squeeze the rest."""
    values = [1 / 1.25, 1.25]
    for mark in marks:
        if isinstance(mark, Points):
            values += mark.x
        elif isinstance(mark, Intervals):
            values += [v for group in (mark.values, mark.low, mark.high) for v in group if v is not None]
    kept = [v for v in values if 1 / FURTHEST <= v <= FURTHEST]
    return min(kept) / 1.08, max(kept) * 1.08

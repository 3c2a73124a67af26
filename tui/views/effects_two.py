"""The effects inside two slices next to each other, and how far apart the effects on the mean are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ablate_tui.queries.effect_row import EffectRow
from ablate_tui.queries.two_slices import EffectDifference, TwoEffects, effects_of_slices
from ablate_tui.tui.figure import Axis, Figure, Intervals, Mark, Panel, Role, Rule, Table, TableColumn
from ablate_tui.tui.formats import number
from ablate_tui.tui.views import effects
from ablate_tui.tui.views.base import Inputs, View, framed, notes_of, plain, reasons
from ablate_tui.tui.views.effects_figure import MOST_ROWS, ratio_limits, strength
from ablate_tui.tui.views.two_slices import other, second, shared_words, slices_words, sql_of_both

APART = 0.18  # of A's mark from B's, in rows

# field, words; each once for A and once for B
FIGURES = (
    ("location_q", "location q"),
    ("sd_ratio", "SD ratio"),
    ("noise_ratio", "noise ratio"),
    ("noise_q", "noise q"),
    ("mean_diff_interval", "95 %"),
    ("best_share_on", "on in best"),
    ("failed_on", "failed on"),
    ("failed_off", "failed off"),
    ("sd_on", "SD on"),
    ("sd_off", "SD off"),
    ("n_on", "n on"),
    ("n_off", "n off"),
    ("diverged_on", "div. on"),
    ("diverged_off", "div. off"),
)
ASSUMED = (
    "A − B 95 %: the two location models' estimates, with √(SE² + SE²) and Welch's degrees of freedom, each row by "
    "itself; it takes the runs of A and B as independent, though runs of one seed are not quite"
)


def read(inputs: Inputs) -> TwoEffects:
    """The effects in A and in B."""
    return effects_of_slices(inputs.sample, other(inputs).sample, cancelled=inputs.cancelled)


def read_first(inputs: Inputs) -> TwoEffects:
    """The same without what a look at every run gives."""
    return effects_of_slices(inputs.sample, other(inputs).sample, by_runs=False)


def table(result: TwoEffects, inputs: Inputs) -> Table:
    """Verdicts and mean differences of both, their difference, then the other figures in twos."""
    text = {"verdict", "mean_diff_interval"}
    pairs = [
        TableColumn(f"{field}_{which.lower()}", f"{label} {which}", numeric=field not in text)
        for field, label in FIGURES
        for which in "AB"
    ]
    columns = (
        TableColumn("name", "switch", numeric=False),
        TableColumn("mean_diff_a", "Δ mean A"),
        TableColumn("mean_diff_b", "Δ mean B"),
        TableColumn("difference", "A − B"),
        TableColumn("interval", "A − B 95 %", numeric=False),
        TableColumn("verdict_a", "verdict A", numeric=False),
        TableColumn("verdict_b", "verdict B", numeric=False),
        *pairs,
    )
    rows = tuple(
        (
            a.name,
            a.mean_diff,
            b.mean_diff,
            between.difference,
            interval_words(between),
            effects.value(a, "verdict"),
            effects.value(b, "verdict"),
            *(effects.value(row, field) for field, _ in FIGURES for row in (a, b)),
        )
        for a, b, between in matched(result)
    )
    return Table(columns, rows, "Effects in two slices", notes(result, inputs), tuple(a.switch for a in result.a.rows))


def matched(result: TwoEffects) -> list[tuple[EffectRow, EffectRow, EffectDifference]]:
    """Each row of the table in A, in B, and the difference."""
    return list(zip(result.a.rows, result.b.rows, result.rows, strict=True))


def interval_words(row: EffectDifference) -> str | None:
    """The interval of a difference."""
    return None if row.low is None or row.high is None else f"{number(row.low, 3)} … {number(row.high, 3)}"


def notes(result: TwoEffects, inputs: Inputs) -> tuple[str, ...]:
    """Which slices, and how to read the difference."""
    if not result.rows:
        return reasons(result.a.notes)
    known = any(row.low is not None for row in result.rows)
    return (
        *shared_words(result.shared),
        "Δ is on − off; verdicts and q values cover one slice's table each, not the two together nor the slices "
        "tried before them",
        *((ASSUMED,) if known else ()),
        *slices_words(inputs),
        *reasons(effects.gathered(result.why)),
    )


def figure(result: TwoEffects, inputs: Inputs) -> Figure:
    """A row for each switch: both effects on the mean, their difference, both SD ratios."""
    known = [each for each in matched(result) if each[0].mean_diff is not None or each[1].mean_diff is not None]
    rows = sorted(known, key=lambda each: min(strength(each[0]), strength(each[1])))[:MOST_ROWS]
    response = inputs.sample.table.response
    empty = "" if rows else "no switch varies in these slices"
    a, b, between = [each[0] for each in rows], [each[1] for each in rows], [each[2] for each in rows]
    panels: tuple[Panel, ...] = (
        panel(rows, "location", f"difference in {response.name}", "location: on − off", 0.0, pair(a, b, "mean_diff")),
        panel(
            rows,
            "difference",
            f"difference in {response.name}",
            "A − B of the effects, 95 %",
            0.0,
            (intervals(between, "difference", "low", "high", 0.0, "", "neutral"),),
        ),
        panel(rows, "spread", "on / off", "spread: SD ratio", 1.0, pair(a, b, "sd_ratio"), log=True),
    )
    if empty:
        panels = tuple(Panel(each.title, each.x, each.y, (), each.name, empty) for each in panels)
    shown = (f"the {len(rows)} strongest of {len(known)} rows are drawn",) if len(rows) < len(known) else ()
    said = (*shared_words(result.shared), *((ASSUMED,) if any(row.low is not None for row in between) else ()), *shown)
    made = framed("effects", "Effects in two slices: location, its difference, and spread", panels, inputs, columns=3,
                  notes=said)  # fmt: skip
    return replace(made, subtitle=" — ".join(slices_words(inputs)))


def panel(
    rows: list[tuple[EffectRow, EffectRow, EffectDifference]],
    name: str,
    label: str,
    title: str,
    none: float,
    marks: tuple[Intervals, ...],
    log: bool = False,
) -> Panel:
    """A panel whose rows are in line with those of the others; a rule stands where there is no effect."""
    ticks = tuple((float(at), a.name) for at, (a, _, _) in enumerate(rows))
    x = Axis(label, limits=ratio_limits(marks) if log else None, log=log)
    drawn: tuple[Mark, ...] = (Rule(none, vertical=True), *marks)
    return Panel(title, x, Axis(ticks=ticks, limits=(-0.6, len(rows) - 0.4)), drawn, name)


def pair(a: list[EffectRow], b: list[EffectRow], field: str) -> tuple[Intervals, Intervals]:
    """A figure of A above that of B, in each row."""
    return (
        intervals(a, field, f"{field}_low", f"{field}_high", -APART, "A", "off"),
        intervals(b, field, f"{field}_low", f"{field}_high", APART, "B", "accent"),
    )


def intervals(
    rows: Sequence[EffectRow | EffectDifference],
    value: str,
    low: str,
    high: str,
    shift: float,
    label: str,
    role: Role,
) -> Intervals:
    """One figure of all rows with its interval."""
    at = tuple(place + shift for place in range(len(rows)))
    values, lows, highs = (tuple(getattr(row, field) for row in rows) for field in (value, low, high))
    return Intervals(at, values, lows, highs, role, label)


def document(result: TwoEffects, inputs: Inputs) -> dict[str, Any]:
    """JSON of A as without a second slice; under "versus" B's, and the differences."""
    own = {
        **effects.document(result.b, other(inputs)),
        "differences": plain(result.rows),
        "notes": notes_of((*result.b.notes, *result.why)),
    }
    return {**effects.document(result.a, inputs), **second(inputs, result.shared, own)}


VIEW = View(
    name="effects",
    title="Effects",
    about="",
    read=read,
    read_first=read_first,
    figure=figure,
    table=table,
    document=document,
    sql=sql_of_both(effects.sql),
)

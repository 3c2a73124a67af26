"""Which switches matter most: ranked mean |SHAP| and the beeswarm of SHAP values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.schema import Factor
from ablate_tui.queries.importance import WHAT_A_SHAP_VALUE_IS, Importance
from ablate_tui.queries.sql import input_sql
from ablate_tui.tui.figure import Axis, Bars, Figure, Panel, Points, Role, Rule, Table, TableColumn
from ablate_tui.tui.formats import number
from ablate_tui.tui.views.base import (
    SERIES,
    BothTargets,
    Inputs,
    Target,
    View,
    framed,
    other_target,
    plain,
    reasons,
    table_of,
)

SWARM_BINS = 100  # bins of the value axis in which points are stacked
SWARM_POINTS = 2000  # per factor; more can't be told apart

BothImportances = BothTargets[Importance]


def read(inputs: Inputs) -> BothImportances:
    """The newest importance of the slice, for the mean and for the spread."""
    return BothImportances(inputs.importance(), inputs.importance(other_target(inputs.target)))


def trust(result: Importance) -> str:
    """How well the model predicts, and how far the refits are, in words."""
    words = []
    if result.r2_out_of_fold is not None:
        ceiling = f" (ceiling from replicates {number(result.r2_ceiling, 3)})" if result.r2_ceiling is not None else ""
        words.append(f"out-of-fold R² {number(result.r2_out_of_fold, 3)}{ceiling}")
    if result.refits is not None and not result.finished:
        words.append(f"intervals and noise floor so far from {result.refits.done} of {result.refits.planned} refits")
    return ", ".join(words)


def swarm(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Sideways places for points, so that equal values lie beside each other.

    Parameters
    ----------
    values : (n,)
    low, high : float
        Limits of the value axis.

    Returns
    -------
    (n,) between −0.4 and 0.4: points of one bin are stacked outwards from the middle.
    """
    if not len(values) or high <= low:
        return np.zeros(len(values))
    bins = np.minimum(((values - low) / (high - low) * SWARM_BINS).astype(int), SWARM_BINS - 1)
    order = np.argsort(bins, kind="stable")
    starts = np.searchsorted(bins[order], bins[order])
    place = np.empty(len(values))
    place[order] = np.arange(len(values)) - starts
    sides = np.where(place % 2 == 0, 1.0, -1.0) * np.ceil(place / 2)
    most = max(1.0, float(np.abs(sides).max()))
    return np.asarray(sides * min(0.05, 0.4 / most))


def level_roles(factor: Factor) -> tuple[Role, ...]:
    """A role for each level: off and on, or a ramp."""
    if factor.is_switch:
        return ("off", "on")
    return tuple(SERIES[round(at * 5 / (len(factor.levels) - 1))] for at in range(len(factor.levels)))


def shares(result: BothImportances, target: Target) -> dict[str, tuple[int, float | None]]:
    """Rank and share of each factor for one target."""
    return {row.switch: (row.rank, row.share) for row in result.of(target).rows}


def contrasts(result: BothImportances) -> str:
    """Factors that are high in one ranking and low in the other, in words."""
    mean, spread = shares(result, "mean"), shares(result, "spread")
    both = [name for name in mean if name in spread]
    far = sorted(both, key=lambda name: abs(mean[name][0] - spread[name][0]), reverse=True)
    least = max(3, len(both) // 2)
    words = [
        f"{name} is number {spread[name][0]} for the spread, {mean[name][0]} for the mean"
        for name in far
        if abs(mean[name][0] - spread[name][0]) >= least and min(mean[name][0], spread[name][0]) <= 3
    ]
    return "; ".join(words[:2])


def beside(result: BothImportances, names: tuple[tuple[float, str], ...], empty: str) -> Panel:
    """Each factor's share of all mean |SHAP| for the mean and for the spread."""
    found: dict[Target, dict[str, tuple[int, float | None]]] = {t: shares(result, t) for t in ("mean", "spread")}
    looks: tuple[tuple[Target, Role, float], ...] = (("mean", "accent", -0.2), ("spread", "series5", 0.2))
    marks = [
        Bars(
            at=tuple(place + offset for place, _ in names),
            values=tuple(found[target].get(name, (0, None))[1] for _, name in names),
            role=role,
            label=target,
            horizontal=True,
            width=0.38,
        )
        for target, role, offset in looks
        if found[target]
    ]
    if names and not result.other.rows:
        why = result.other.notes[0].reason if result.other.notes else "nothing to rank"
        empty = f"no ranking for the {result.other.target}: {why}"
    return Panel(
        "mean beside spread",
        Axis("share of all mean |SHAP|"),
        Axis(ticks=names, limits=(-0.6, len(names) - 0.4)),
        tuple(marks),
        name="beside",
        empty=empty,
    )


def figure(both: BothImportances, inputs: Inputs) -> Figure:
    """Ranked bars with intervals and noise floor, the swarm, and the ranking for the other target beside it."""
    result = both.asked
    target = "the mean" if result.target == "mean" else "the spread (ln SD)"
    title = f"Importance for {target}: ranked mean |SHAP|"
    empty = "" if result.rows else (result.notes[0].reason if result.notes else "nothing to rank")
    at = tuple(float(row) for row in range(len(result.rows)))  # categories run from top to bottom
    names = tuple((place, row.switch) for place, row in zip(at, result.rows, strict=True))
    so_far = "" if result.finished else " so far"
    floor = next((row.noise_floor for row in result.rows if row.noise_floor is not None), None)
    bars = Bars(
        at=at,
        values=tuple(row.mean_abs_shap for row in result.rows),
        low=tuple(row.low for row in result.rows),
        high=tuple(row.high for row in result.rows),
        role="accent",
        label=f"95 % interval{so_far}" if result.rows and result.rows[0].low is not None else "",
        horizontal=True,
        texts=tuple(number(row.mean_abs_shap, 3) for row in result.rows),
    )
    marks = (bars, *((Rule(floor, vertical=True, label=f"noise floor{so_far}"),) if floor is not None else ()))
    unit = inputs.sample.table.response.name if result.target == "mean" else "ln SD"
    ranked = Panel("mean |SHAP|", Axis(f"mean |SHAP| ({unit})"), Axis(ticks=names), marks, name="ranking", empty=empty)
    notes = [note for note in (result.warning, WHAT_A_SHAP_VALUE_IS) if note]
    notes.insert(0, f"{result.configurations:,} configurations" + (f", {trust(result)}" if trust(result) else ""))
    if contrasts(both):
        notes.insert(1, contrasts(both))
    panels = (ranked, swarm_panel(result, names, unit, empty), beside(both, names, empty))
    return framed("importance", title, panels, inputs, notes=tuple(notes), columns=3)


def swarm_panel(result: Importance, names: tuple[tuple[float, str], ...], unit: str, empty: str) -> Panel:
    """SHAP values of every configuration, one row of points a factor, by level."""
    clouds: dict[tuple[Role, str], tuple[list[float], list[float]]] = {}
    low, high = (float(result.phi.min()), float(result.phi.max())) if result.phi.size else (0.0, 0.0)
    places = {factor.name: at for at, factor in enumerate(result.factors)}
    total = result.phi.shape[1]
    # a random draw: every n-th row of a factorial would show one level of some switches only
    shown = np.sort(np.random.default_rng(0).permutation(total)[:SWARM_POINTS])
    which = "every configuration" if len(shown) == total else f"{len(shown):,} of {total:,} configurations"
    for middle, name in names:
        at = places[name]
        factor = result.factors[at]
        values, codes = result.phi[at, shown], result.codes[at, shown]
        sideways = swarm(values, low, high)
        roles = level_roles(factor)
        for code, level in enumerate(result.levels[at]):
            mine = codes == code
            position = factor.levels.index(level)
            label = ("off", "on")[position] if factor.is_switch else ""
            x, y = clouds.setdefault((roles[position], label), ([], []))
            x.extend(values[mine].tolist())
            y.extend((middle + sideways[mine]).tolist())
    marks = tuple(Points(tuple(x), tuple(y), role=role, label=label) for (role, label), (x, y) in clouds.items())
    return Panel(
        f"SHAP values of {which}",
        Axis(f"SHAP value ({unit}); left lowers it"),
        Axis(ticks=names),
        (Rule(0.0, vertical=True), *marks) if names else (),
        name="beeswarm",
        empty=empty,
    )


def table(both: BothImportances, inputs: Inputs) -> Table:
    """The ranking with its figures, and the place in the other ranking."""
    result = both.asked
    columns = (
        ("rank", "#"),
        ("switch", "switch", False),
        ("mean_abs_shap", "mean |SHAP|"),
        ("low", "low"),
        ("high", "high"),
        ("share", "share"),
        ("signed_effect", "on − off"),
        ("noise_floor", "noise floor"),
    )
    words = (result.warning, trust(result), contrasts(both), WHAT_A_SHAP_VALUE_IS, *reasons(result.notes))
    made = table_of(result.rows, columns, f"Importance for the {result.target}", tuple(filter(None, words)))
    other = shares(both, both.other.target)
    added = (
        TableColumn("other_rank", f"# for the {both.other.target}"),
        TableColumn("other_share", f"share for the {both.other.target}"),
    )
    rows = tuple(
        (*cells, *other.get(row.switch, (None, None))) for cells, row in zip(made.rows, result.rows, strict=True)
    )
    factors = tuple(row.switch for row in result.rows)
    return replace(made, columns=(*made.columns, *added), rows=rows, factors=factors)


def document(both: BothImportances, inputs: Inputs) -> dict[str, Any]:
    """JSON's own keys; `other` is the ranking for the other target, without its uncertainty."""
    result = both.asked
    other = [{"rank": row.rank, "switch": row.switch, "share": row.share} for row in both.other.rows]
    return {
        "rows": plain(result.rows),
        "target": result.target,
        "method": result.method,
        "configurations": result.configurations,
        "r2_out_of_fold": result.r2_out_of_fold,
        "r2_ceiling": result.r2_ceiling,
        "warning": result.warning or None,
        "other": {"target": both.other.target, "rows": other},
    }


def sql(inputs: Inputs) -> str:
    """SHAP values are no SQL; the runs that the model learns from are."""
    return input_sql(inputs.sample)


VIEW = View(
    name="importance",
    title="Importance",
    about="Which switches matter most: ranked mean |SHAP| of a LightGBM model of the configurations, its "
    "bootstrap interval and noise floor, the beeswarm of the values, and the ranking for the mean beside the one for "
    "the spread.",
    read=read,
    figure=figure,
    table=table,
    document=document,
    sql=sql,
    table_first=False,
    uses_importance=True,
    uses_refits=True,
)

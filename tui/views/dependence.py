"""SHAP of one switch against its level, coloured by a second one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ablate_tui.queries.dependence import Dependence, dependence
from ablate_tui.queries.importance import WHAT_A_SHAP_VALUE_IS
from ablate_tui.queries.note import Note
from ablate_tui.tui.figure import Axis, Figure, Panel, Points, Role, Rule, Table
from ablate_tui.tui.views.base import NO_SWITCH, Inputs, View, framed, level_words, plain, reasons, table_of
from ablate_tui.tui.views.importance import level_roles, sql, swarm


def switch_of(inputs: Inputs) -> str | None:
    """The contrast; without one, the switch under the cursor, else the highest-ranked; None in a sweep without."""
    ranked = [row.switch for row in inputs.importance().rows]
    every = [factor.name for factor in inputs.sample.table.factors]
    return next(filter(None, (inputs.sample.slice.contrast, inputs.focus, *ranked, *every)), None)


def read(inputs: Inputs) -> Dependence:
    """SHAP values of the switch in every configuration."""
    switch = switch_of(inputs)
    found = dependence(inputs.importance(), switch or "", inputs.color)
    return found if switch else replace(found, notes=(Note("*", "*", NO_SWITCH),))


def figure(result: Dependence, inputs: Inputs) -> Figure:
    """A cloud for each level, coloured by the second switch."""
    whole = inputs.sample.table
    if not len(result.shap):
        panel = Panel(
            "",
            Axis(),
            Axis(),
            (),
            "dependence",
            result.notes[0].reason if result.notes else "nothing to show",
        )
        return framed("dependence", "Dependence", (panel,), inputs, columns=1)
    factor = whole.factor(result.switch)
    second = whole.factor(result.color) if result.color is not None else None
    low, high = float(result.shap.min()), float(result.shap.max())
    roles: tuple[Role, ...] = level_roles(second) if second else ("neutral",)
    clouds: dict[tuple[Role, str], tuple[list[float], list[float]]] = {}
    for at, level in enumerate(result.levels):
        here = result.level_codes == at
        values, colors = result.shap[here], result.color_codes[here]
        sideways = swarm(values, low, high)
        for code in range(max(1, len(result.color_levels))):
            mine = colors == code
            if second is None:
                role, label = roles[0], ""
            else:
                name = result.color_levels[code]
                role, label = roles[second.levels.index(name)], f"{second.name} = {level_words(second, name)}"
            x, y = clouds.setdefault((role, label), ([], []))
            x.extend((factor.levels.index(level) + sideways[mine]).tolist())
            y.extend(values[mine].tolist())
    unit = whole.response.name if inputs.target == "mean" else "ln SD"
    ticks = tuple((float(at), level_words(factor, level)) for at, level in enumerate(factor.levels))
    marks = tuple(Points(tuple(x), tuple(y), role=role, label=label) for (role, label), (x, y) in clouds.items())
    panel = Panel(
        "",
        Axis(factor.name, ticks=ticks, limits=(-0.6, len(factor.levels) - 0.4)),
        Axis(f"SHAP ({unit})"),
        (Rule(0.0, vertical=False), *marks),
        name="dependence",
    )
    by = f", coloured by {result.color}" if result.color else ""
    warning = inputs.importance().warning
    notes = tuple(note for note in (warning, WHAT_A_SHAP_VALUE_IS) if note)
    return framed("dependence", f"SHAP values of {factor.name}{by}", (panel,), inputs, columns=1, notes=notes)


def table(result: Dependence, inputs: Inputs) -> Table:
    """Every configuration with its SHAP value."""
    columns = (
        ("shap", "SHAP"),
        ("level", result.switch, False),
        ("color", result.color or "colour", False),
        ("n", "runs"),
        ("configuration", "configuration", False),
    )
    rows = result.rows
    if rows:
        factor = inputs.sample.table.factor(result.switch)
        rows = tuple(replace(row, level=level_words(factor, row.level)) for row in rows)
    if result.color is not None:
        second = inputs.sample.table.factor(result.color)
        rows = tuple(replace(row, color=row.color and level_words(second, row.color)) for row in rows)
    return table_of(rows, columns, f"SHAP values of {result.switch}", reasons(result.notes))


def document(result: Dependence, inputs: Inputs) -> dict[str, Any]:
    """JSON's own keys."""
    return {
        "rows": plain(result.rows),
        "switch": result.switch,
        "color": result.color,
        "target": inputs.target,
    }


VIEW = View(
    name="dependence",
    title="Dependence",
    about="SHAP values of the contrast (or the switch under the cursor) against its level, coloured by the switch "
    "that it interacts with most; o chooses another colour.",
    read=read,
    figure=figure,
    table=table,
    document=document,
    sql=sql,
    table_first=False,
    uses_importance=True,
    follows_focus=True,
)

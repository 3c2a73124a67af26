"""One panel for every mark, small enough to reason about."""

from __future__ import annotations

import pytest

from ablate_tui.tui.figure import (
    Axis,
    Bars,
    Box,
    Cells,
    Figure,
    Intervals,
    Line,
    Panel,
    Points,
    Rule,
    Violin,
)

SIDES = Axis("switch", ticks=((0.0, "off"), (1.0, "on")))
NAMES = Axis(ticks=((0.0, "first"), (1.0, "second"), (2.0, "third")))
LOSS = Axis("val_loss")


def _box(at: float, middle: float, role: str) -> Box:
    quartiles = (middle - 0.1, middle, middle + 0.1)
    return Box(at, *quartiles, middle - 0.3, middle + 0.3, middle + 0.02, (middle + 0.5,), role, role)  # type: ignore[arg-type]


PANELS = {
    "line": Panel(
        "Density",
        LOSS,
        Axis("density"),
        (
            Line((2.0, 2.5, 3.0), (0.0, 2.0, 0.0), "off", "without"),
            Line((2.0, 2.5, 3.0), (0.5, 1.0, 0.5), "on", "with"),
        ),
    ),
    "step": Panel("ECDF", LOSS, Axis("share"), (Line((2.0, 2.5, 3.0), (0.2, 0.6, 1.0), "off", step=True, fill=True),)),
    "points": Panel(
        "Dependence",
        SIDES,
        Axis("SHAP"),
        (
            Rule(0.0, vertical=False),
            Points((0.0, 1.0), (0.1, -0.1), "off", "b = off"),
            Points((0.1, 1.1), (0.2, -0.2), "on", "b = on"),
            Points((0.5,), (0.0,), "accent", "mean", size="large"),
        ),
    ),
    "ramp": Panel(
        "Coloured",
        SIDES,
        Axis("SHAP"),
        tuple(Points((i / 6, 0.5), (0.1 * i, 0.05 * i), f"series{i}") for i in range(6)),  # type: ignore[arg-type]
        colorbar=("low", "high"),
    ),
    "ranking": Panel(
        "Ranking",
        Axis("mean |SHAP|"),
        NAMES,
        (
            Bars(
                (0.0, 1.0, 2.0),
                (0.3, 0.2, None),
                low=(0.25, 0.1, None),
                high=(0.35, 0.3, None),
                horizontal=True,
                texts=("0.300", "0.200", ""),
            ),
            Rule(0.05, vertical=True, label="noise floor"),
        ),
    ),
    "statistics": Panel(
        "Statistics",
        Axis(ticks=((0.0, "mean"), (1.0, "SD"))),
        LOSS,
        (
            Bars((-0.2, 0.8), (2.4, 0.2), "off", "off", width=0.36, texts=("2.40", "0.20")),
            Bars((0.2, 1.2), (2.3, -0.1), "on", "on", (2.2, -0.2), (2.4, 0.0), width=0.36, texts=("2.30", "")),
        ),
    ),
    "stack": Panel(
        "Variance",
        Axis("variance"),
        NAMES,
        (
            Bars((-0.2, 0.8), (2.0, 1.0), "off", "off", horizontal=True, width=0.36),
            Bars((-0.2, 0.8), (3.0, 3.0), "off", horizontal=True, width=0.36, base=(2.0, 1.0), fill="light"),
            Bars((0.2, 1.2), (1.0, 2.0), "on", "on", horizontal=True, width=0.36),
            Bars((0.2, 1.2), (2.0, 4.0), "on", horizontal=True, width=0.36, base=(1.0, 2.0), fill="light"),
            Bars((1.8,), (4.0,), "off", horizontal=True, width=0.36, fill="mixed"),
            Bars((2.2,), (3.0,), "on", horizontal=True, width=0.36, fill="mixed"),
            Bars((), (), "neutral", "noise", horizontal=True, fill="light"),
        ),
    ),
    "labelled": Panel(
        "Half-normal plot",
        Axis("effect"),
        Axis("quantile"),
        (
            Points((0.1, 0.2), (0.1, 0.2), "muted", "inert"),
            Points((2.0, 2.0, 2.5), (1.0, 1.0, 2.0), "accent", "active", "large", ("one", "two", "three")),
        ),
    ),
    "forest": Panel(
        "Differences",
        Axis("difference"),
        NAMES,
        (
            Rule(0.0, vertical=True),
            Intervals((0.0, 1.0, 2.0), (0.1, -0.1, None), (0.0, -0.2, None), (0.2, 0.0, None), texts=("a", "b", "")),
        ),
    ),
    "upright": Panel(
        "Means", SIDES, LOSS, (Intervals((0.0, 1.0), (2.0, 3.0), (1.5, 2.5), (2.5, 3.5), horizontal=False),)
    ),
    "box": Panel("Box plot", SIDES, LOSS, (_box(0.0, 2.4, "off"), _box(1.0, 2.3, "on"))),
    "violin": Panel(
        "Violin",
        SIDES,
        LOSS,
        tuple(
            Violin(at, (1.0, 2.0, 3.0), (0.0, 0.4, 0.0), 1.8, 2.0, 2.2, role, role)
            for at, role in ((0.0, "off"), (1.0, "on"))
        ),  # type: ignore[arg-type]
    ),
    "cells": Panel(
        "Pairs",
        Axis(ticks=NAMES.ticks[:2]),
        Axis(ticks=NAMES.ticks[:2]),
        (Cells((("", "+0.10"), ("−0.10", "")), ((0.0, 0.8), (-0.8, 0.0))),),
    ),
    "log": Panel(
        "Log",
        Axis("learning rate", log=True),
        Axis("loss", log=True),
        (Line((1e-4, 1e-2, 1.0), (10.0, 1.0, 100.0)),),
    ),
    "empty": Panel("Nothing", LOSS, Axis("density"), (), empty="all runs of this slice diverged"),
}


@pytest.fixture(params=PANELS)
def panel(request: pytest.FixtureRequest) -> Panel:
    """Every panel in turn."""
    return PANELS[request.param]


@pytest.fixture
def panels() -> dict[str, Panel]:
    """All panels by name."""
    return PANELS


@pytest.fixture
def figure(panels: dict[str, Panel]) -> Figure:
    """All panels in one figure."""
    return Figure(
        "Effect of a switch",
        tuple(panels.values()),
        "switch = on · 12 of 24 runs",
        "response: val_loss · runs.duckdb · 2026-01-02",
        ("A note to read with it.",),
        columns=3,
    )

"""Reading what was measured, and writing it as a person reads it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median as middle
from typing import Any

__all__ = ["MANY", "OURS", "figure", "median", "middle", "number", "percentile", "ratio", "values_of"]

OURS = "ablate-tui"
MANY = 20  # values from which a 95th percentile is given


def median(measured: Sequence[dict[str, Any]], what: str, who: str, runs: int) -> float | None:
    """Median of a line; None where it was not measured."""
    values = values_of(measured, what, who, runs)
    return middle(values) if values else None


def values_of(measured: Sequence[dict[str, Any]], what: str, who: str, runs: int) -> list[float]:
    """Values of a line, none where it was not measured."""
    return next((m["values"] for m in measured if (m["what"], m["who"], m["runs"]) == (what, who, runs)), [])


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least such a share does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def number(value: float, unit: str) -> str:
    """A value in its unit."""
    if unit == "B":
        return f"{value / 1024:.1f}"
    if unit == "":
        return f"{value:.1e}"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def figure(values: Sequence[float], unit: str) -> str:
    """Median, 95th percentile where there are enough values, and the range."""
    shown = {"B": " KiB", "": ""}.get(unit, f" {unit}")
    text = number(middle(values), unit) + shown
    if len(values) >= MANY:
        text += f", 95 %: {number(percentile(values, 0.95), unit)}"
    if len(values) > 1:
        text += f" ({number(min(values), unit)}–{number(max(values), unit)})"
    return text


def ratio(value: float) -> str:
    """How many times."""
    return f"{value:,.0f} ×" if value >= 10 else f"{value:.2g} ×"

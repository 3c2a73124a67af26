"""Figures as words for sentences: three digits, intervals, p-values, lists."""

from __future__ import annotations

import math
from collections.abc import Sequence


def figure(value: float | None) -> str:
    """Three significant digits, with a true minus sign; "–" for None."""
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if size != 0 and (size >= 1e6 or size < 1e-4):
        text = f"{size:.2e}"
    else:
        digits = 2 if size == 0 else max(0, 2 - math.floor(math.log10(size)))
        text = f"{size:.{digits}f}"
    return f"−{text}" if value < 0 else text


def interval(low: float | None, high: float | None) -> str:
    """ "95 % 0.12 to 0.34", or "" where there is none."""
    return f"95 % {figure(low)} to {figure(high)}" if low is not None and high is not None else ""


def chance(name: str, p: float | None) -> str:
    """ "q < .001" or "q = .012"; "" for None."""
    if p is None:
        return ""
    if p < 0.001:
        return f"{name} < .001"
    return f"{name} = {p:.2f}".replace("0.", ".") if p >= 0.1 else f"{name} = {p:.3f}".replace("0.", ".")


def share(value: float | None) -> str:
    """ "12 %", with one digit more below 10 %."""
    if value is None:
        return "–"
    return f"{100 * value:.0f} %" if value >= 0.1 or value == 0 else f"{100 * value:.1f} %"


def listed(items: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def bracket(*parts: str) -> str:
    """Some remarks in brackets, those that are there."""
    kept = [part for part in parts if part]
    return f" ({'; '.join(kept)})" if kept else ""

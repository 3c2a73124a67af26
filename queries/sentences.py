"""Figures as words for sentences: three digits, intervals, p-values, shares, lists."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

SIGNIFICANT = 0.05  # a p-value below it is never rounded up to it


def typeset(text: str) -> str:
    """A number that Python wrote, with true minus signs and short exponents: "-1.2e-05" is "−1.2e−5", "2e+06" "2e6"."""
    return re.sub(r"e\+?(-?)0*(?=\d)", r"e\1", text).replace("-", "−")


def figure(value: float | None) -> str:
    """Three significant digits, with a true minus sign; "–" for None."""
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if size != 0 and (size >= 1e6 or size < 1e-4):
        text = typeset(f"{size:.2e}")
    else:
        digits = 2 if size == 0 else max(0, 2 - math.floor(math.log10(size)))
        text = f"{size:.{digits}f}"
    return f"−{text}" if value < 0 else text


def signed(value: float | None) -> str:
    """A difference with its sign."""
    return f"+{figure(value)}" if value is not None and value > 0 else figure(value)


def interval(low: float | None, high: float | None) -> str:
    """ "95 % 0.12 to 0.34", or "" where there is none."""
    return f"95 % {figure(low)} to {figure(high)}" if low is not None and high is not None else ""


def chance(name: str, p: float | None) -> str:
    """ "q < .001" or "q = .012"; "" for None."""
    if p is None:
        return ""
    if p < 0.001:
        return f"{name} < .001"
    digits = 2 if p >= 0.1 else 3
    if p < SIGNIFICANT <= round(p, digits):
        digits = 4
    return f"{name} = {p:.{digits}f}".replace(" 0.", " .")


def each(q: Sequence[float]) -> str:
    """ "q = .012" of one finding, "each q ≤ .012" of several."""
    return chance("q", q[0]) if len(q) == 1 else f"each {chance('q', max(q)).replace('=', '≤')}"


def share(value: float | None) -> str:
    """ "12 %", with more digits near none and all, so that 0 % and 100 % mean just that."""
    if value is None:
        return "–"
    percent = 100 * value
    digits = 1 if 0 < percent < 10 or 99 < percent < 100 else 0
    while 0 < percent < 100 and float(f"{percent:.{digits}f}") in (0.0, 100.0) and digits < 9:
        digits += 1
    return f"{percent:.{digits}f} %"


def listed(items: Sequence[str], most: int | None = None, last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"; "a, b and 4 more" where there are more than `most`."""
    if most is not None and len(items) > most:
        items = [*items[: most - 1], f"{len(items) - most + 1} more"]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""


def bracket(*parts: str) -> str:
    """Some remarks in brackets, those that are there."""
    kept = [part for part in parts if part]
    return f" ({'; '.join(kept)})" if kept else ""

"""The SHAP values of a switch, summed up by its level and by that of a second one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ablate_tui.queries.dependence import Dependence


@dataclass(frozen=True)
class ShapCell:
    """The configurations with one level of the switch, and one of the second switch where that is asked for."""

    level: str
    color: str | None
    configurations: int
    low: float  # smallest SHAP value, in the unit of the response (for spread in ln SD)
    mean: float  # weighted by runs, as the ranking's mean |SHAP| is
    high: float


def shap_cells(found: Dependence, by_color: bool = True) -> tuple[ShapCell, ...]:
    """Sum up a dependence plot.

    Parameters
    ----------
    found : Dependence
    by_color : bool
        Whether to split by the second switch too.

    Returns
    -------
    tuple of ShapCell
        By the switch's levels, then by those of the second; cells without a configuration are left out.
        Empty where the switch is not ranked.
    """
    split = by_color and found.color is not None
    second = found.color_codes if split else np.zeros_like(found.color_codes)
    cells = []
    for at, level in enumerate(found.levels):
        for code in range(len(found.color_levels) if split else 1):
            here = (found.level_codes == at) & (second == code)
            if not here.any():
                continue
            values = found.shap[here]
            mean = float(np.average(values, weights=found.count[here]))
            color = found.color_levels[code] if split else None
            cells.append(ShapCell(level, color, len(values), float(values.min()), mean, float(values.max())))
    return tuple(cells)

"""Sides on which every run failed: so clear that the model of the failures has no residual to test by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ablate_tui.queries.effect_row import REST, EffectRow
from ablate_tui.queries.inference.enrichment import exact_p
from ablate_tui.queries.slices import Sample


@dataclass(frozen=True)
class Separated:
    """A row where every run failed on one side, and fewer on the other: none, of a switch.

    `p` is Fisher's exact, two-sided, of side × failed, every configuration once: failed if any run of it has.
    """

    p: float
    configurations: int
    same: tuple[str, ...]  # other rows that part the configurations in the same way


def separated(sample: Sample, rows: Sequence[EffectRow]) -> Mapping[str, Separated]:
    """Find the rows that have no `failure_p` although failures follow them exactly.

    Parameters
    ----------
    sample : Sample
    rows : sequence of EffectRow
        Of the same sample.

    Returns
    -------
    mapping
        By the row's name.
    """
    candidates = [row for row in rows if row.failure_p is None and _follows(row)]
    if not candidates:
        return {}
    there = sample.outcomes.outcomes > 0
    failed = sample.outcomes.failed[there] > 0
    masks, p, n = {}, {}, {}
    for row in candidates:
        codes = sample.levels(row.switch)[there]
        known = codes >= 0
        on = codes == sample.table.factor(row.switch).code(row.on)
        counts = [np.array([np.count_nonzero(known & at)]) for at in (on & failed, on, failed)]
        n[row.name] = int(np.count_nonzero(known))
        p[row.name] = float(exact_p(counts[0], counts[1], counts[2], n[row.name])[0])
        masks[row.name] = (on if on[0] else known & ~on).tobytes()
    return {
        name: Separated(p[name], n[name], tuple(other for other in p if other != name and masks[other] == masks[name]))
        for name in p
    }


def _follows(row: EffectRow) -> bool:
    """Whether every run of a side failed: of a switch, and none on the other; of a level, and fewer elsewhere."""
    if row.failed_on is None or row.failed_off is None:
        return False
    if row.off == REST:
        return row.failed_on == 1.0 and row.failed_off < 1.0
    return {row.failed_on, row.failed_off} == {0.0, 1.0}

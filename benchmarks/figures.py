"""The program's own figures, in-process, on runs that are loaded already; prints JSON.

    python benchmarks/figures.py effects SWEEP.duckdb
    python benchmarks/figures.py shap SWEEP.duckdb HANDED.npz

The second leaves the model and the rows in HANDED.npz and beside it, for the peers to explain.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from timing import timed

from ablate_tui.data.schema import Choices
from ablate_tui.queries.effects import effects
from ablate_tui.queries.importance import importance
from ablate_tui.queries.slices import Sample, Slice, take
from ablate_tui.tui.session import Session

REPEATS = 15
SECONDS = 60.0
COMPARED = (
    "n_on", "n_off", "mean_on", "mean_off", "median_on", "median_off", "sd_on", "sd_off", "iqr_on", "iqr_off",
    "welch_p", "mann_whitney_p", "brown_forsythe_p", "failed_on", "failed_off", "pairs", "pair_mean_diff",
    "pair_median_diff", "wilcoxon_p",
)  # fmt: skip


class Fresh:
    """A sample that nothing has been computed from yet, a new one each time it is asked for."""

    def __init__(self, source: str) -> None:
        self.table = Session.open(source, Choices(), keep=False).table(None, None)
        self.sample: Sample = take(self.table, Slice())

    def renew(self) -> None:
        """Forget what was computed."""
        self.sample = take(self.table, Slice())


def effects_table(source: str) -> dict[str, Any]:
    """Seconds of the effects table and of the ranking, and the figures that the peer has too."""
    fresh = Fresh(source)
    tables = timed(lambda: effects(fresh.sample), REPEATS, SECONDS, fresh.renew)
    rankings = timed(lambda: importance(fresh.sample), REPEATS, SECONDS / 2, fresh.renew)
    rows = {row.switch: {name: getattr(row, name) for name in COMPARED} for row in effects(fresh.sample).rows}
    return {"effects": tables, "importance": rankings, "rows": rows}


def shap_values(source: str, handed: Path) -> dict[str, Any]:
    """Seconds of fit and exact SHAP values together, of each alone; hands the model over."""
    fresh = Fresh(source)
    both = timed(lambda: importance(fresh.sample), REPEATS, SECONDS, fresh.renew)
    result = importance(fresh.sample)
    fit, alone, booster, scale, columns = _inside(result)
    booster.save_model(str(handed.with_suffix(".txt")))
    np.savez(handed, columns=columns, phi=result.phi.T, scale=scale, span=float(np.ptp(result.prediction)))
    return {"both": both, "fit": fit, "alone": alone, "configurations": len(columns)}


def _inside(result: Any) -> tuple[list[float], list[float], Any, float, Any]:
    """What has no public name: the model by itself, its rows, and explaining without fitting.

    The one place that has to follow when the inside of `queries.attribution` changes.
    """
    from ablate_tui.queries.attribution.shapley import shapley_values

    training, rates = result.training, result.explanation.rates
    once = np.ones(len(training.outcome), dtype=np.int64)
    model = training.fit(training.outcome, once)

    def explain() -> object:
        surface = model.predict(training.grid).reshape(training.configurations.sizes)
        return shapley_values(surface, rates)

    fit = timed(lambda: training.fit(training.outcome, once), REPEATS, SECONDS)
    return fit, timed(explain, REPEATS, SECONDS), model.booster, model.scale, training.columns


def main() -> None:
    """Measure one of the two."""
    what, source = sys.argv[1:3]
    done = effects_table(source) if what == "effects" else shap_values(source, Path(sys.argv[3]))
    print(json.dumps(done))


if __name__ == "__main__":
    main()

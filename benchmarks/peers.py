"""The same figures by what a notebook would use, in-process, on data that is loaded already; prints JSON.

    .venv-peers/bin/python benchmarks/peers.py effects SWEEP.parquet
    .venv-peers/bin/python benchmarks/peers.py shap HANDED.npz
    .venv-peers/bin/python benchmarks/peers.py woodelf HANDED.npz

Runs in the peers' environment: nothing of the program is imported here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from timing import timed

SEED, LOSS = "seed", "val_loss"
REPEATS = 5
SECONDS = 100.0
SHAP_REPEATS = 3  # a call takes half a minute, so none is spent on warming up


def effects_table(source: str) -> dict[str, Any]:
    """Seconds of the effects table by pandas and scipy, and its figures."""
    frame = pd.read_parquet(source)
    names = [name for name in frame.columns if name not in (SEED, LOSS)]
    rows: dict[str, dict[str, float]] = {}

    def table() -> None:
        finished = frame[frame[LOSS].notna()]
        for name in names:
            rows[name] = effects_row(frame, finished, name, [other for other in names if other != name])

    return {"effects": timed(table, REPEATS, SECONDS), "rows": rows}


def effects_row(frame: pd.DataFrame, finished: pd.DataFrame, name: str, others: list[str]) -> dict[str, float]:
    """One switch: both sides described, tested against each other, and paired."""
    from scipy import stats

    sides = {side: finished.loc[finished[name] == (side == "on"), LOSS] for side in ("on", "off")}
    failed = {side: frame.loc[frame[name] == (side == "on"), LOSS].isna() for side in ("on", "off")}
    row: dict[str, float] = {}
    for side, values in sides.items():
        low, high = values.quantile([0.25, 0.75])
        row |= {
            f"n_{side}": len(values),
            f"mean_{side}": values.mean(),
            f"median_{side}": values.median(),
            f"sd_{side}": values.std(),
            f"iqr_{side}": high - low,
            f"failed_{side}": failed[side].mean(),
        }
    on, off = sides["on"].to_numpy(), sides["off"].to_numpy()
    row["welch_p"] = stats.ttest_ind(on, off, equal_var=False).pvalue
    row["mann_whitney_p"] = stats.mannwhitneyu(on, off).pvalue
    row["brown_forsythe_p"] = stats.levene(on, off, center="median").pvalue
    stats.fisher_exact([[failed[side].sum(), (~failed[side]).sum()] for side in ("on", "off")])
    wide = frame.pivot(index=[*others, SEED], columns=name, values=LOSS)
    difference = (wide[True] - wide[False]).dropna()
    row["pairs"] = len(difference)
    row["pair_mean_diff"], row["pair_median_diff"] = difference.mean(), difference.median()
    row["wilcoxon_p"] = stats.wilcoxon(difference).pvalue
    return {figure: float(value) for figure, value in row.items()}


def explained(peer: str, handed: Path) -> dict[str, Any]:
    """Seconds of one peer's SHAP values, and how far they are from the program's, over the predictions' range."""
    import lightgbm

    given = np.load(handed)
    columns = given["columns"]
    model = lightgbm.Booster(model_file=str(handed.with_suffix(".txt")))
    values: list[Any] = []
    explain = {"shap": tree_explainer, "woodelf": woodelf}[peer](model, columns)
    cold = peer == "shap"
    spent = timed(lambda: values.append(explain()), SHAP_REPEATS if cold else REPEATS, SECONDS, warm=not cold)
    distance = np.abs(values[-1] * given["scale"] - given["phi"]).max() / given["span"]
    return {"alone": spent, "difference": float(distance)}


def tree_explainer(model: Any, columns: Any) -> Callable[[], Any]:
    """`shap.TreeExplainer`, interventional, every row as background: a bare array would be cut to 100 rows."""
    import shap

    def explain() -> Any:
        masker = shap.maskers.Independent(columns, max_samples=len(columns))
        return shap.TreeExplainer(model, masker, feature_perturbation="interventional").shap_values(columns)

    return explain


def woodelf(model: Any, columns: Any) -> Callable[[], Any]:
    """WOODELF on the processor, every row as background; its answer has the rows of what it was given."""
    from woodelf import WoodelfExplainer

    frame = pd.DataFrame(columns, columns=model.feature_name())
    return lambda: WoodelfExplainer(model, frame).shap_values(frame, verbose=False)


def main() -> None:
    """Measure one of the three."""
    what, source = sys.argv[1:3]
    done = effects_table(source) if what == "effects" else explained(what, Path(source))
    print(json.dumps(done))


if __name__ == "__main__":
    main()

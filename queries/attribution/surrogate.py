"""The model that importance explains: boosted trees on configurations. LightGBM's one home."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.attribution.leaves import leaves_of
from ablate_tui.queries.attribution.path_values import path_values

TREES = 100
SMALL = 200  # configurations; below, a leaf may hold one of them
PARAMETERS: dict[str, Any] = {
    "objective": "regression",
    "boosting": "gbdt",
    "learning_rate": 0.1,
    "num_leaves": 31,
    "max_depth": -1,
    "min_sum_hessian_in_leaf": 1e-3,
    "min_gain_to_split": 0.0,
    "lambda_l1": 0.0,
    "lambda_l2": 0.0,
    "bagging_fraction": 1.0,
    "feature_fraction": 1.0,
    "boost_from_average": True,
    "max_bin": 255,
    "min_data_in_bin": 1,
    "feature_pre_filter": False,
    "use_missing": False,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 0,
    "verbosity": -1,
}
"""All parameters but min_data_in_leaf, which is 1 below SMALL configurations and else 5."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Surrogate:
    """A fitted model. `booster` predicts (outcome − center) / scale."""

    booster: Any  # lightgbm.Booster
    center: float
    scale: float

    def predict(self, columns: Matrix) -> Matrix:
        """Predicted outcome of encoded configurations, (n, columns) → (n,)."""
        raw: Matrix = self.booster.predict(columns, num_threads=1)
        return self.center + self.scale * raw

    def fitted(self) -> Matrix:
        """(n,) the same for the configurations that it was fitted to: LightGBM has them at hand."""
        kept: list[Matrix] = []

        def keep(raw: Matrix, _: Any) -> tuple[str, float, bool]:
            kept.append(raw.copy())  # LightGBM uses its own again
            return "kept", 0.0, True

        self.booster.eval_train(keep)
        return self.center + self.scale * kept[0]

    def combinations(self, sizes: tuple[int, ...]) -> Matrix:
        """The same for all combinations of the levels of at least two factors, in the order of a flattened tensor."""
        number = np.cumprod(sizes)
        half = 1 + int(np.argmax(number[:-1] ** 2 >= number[-1]))  # factors whose combinations are about a root
        sums = leaves_of(self.booster, sum(widths(sizes))).sums(grid(sizes[:half]), grid(sizes[half:]))
        return self.center + self.scale * sums.ravel()

    def values(
        self, background: Matrix, columns: Matrix, sizes: tuple[int, ...], check: Callable[[], None] | None = None
    ) -> tuple[float, Matrix]:
        """Interventional SHAP values, where there are too many combinations to list.

        Parameters
        ----------
        background, columns : (b, columns), (n, columns) float
            Encoded configurations to compare with, and to explain.
        sizes : tuple of int
            Levels of each of the k factors.
        check : callable, optional
            See `path_values`.

        Returns
        -------
        base : float
            Mean prediction over the background.
        values : (k, n) float
            The columns of a factor summed.
        """
        wide = widths(sizes)
        base, values = path_values(leaves_of(self.booster, sum(wide)), background, columns, check)
        starts = list(accumulate(wide[:-1], initial=0))
        return self.center + self.scale * base, self.scale * np.add.reduceat(values, starts)


def widths(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Columns that each factor takes: one for two levels, else one a level."""
    return tuple(1 if size <= 2 else size for size in sizes)


def encode(codes: NDArray[np.int16], sizes: tuple[int, ...]) -> Matrix:
    """Level codes, (k, n), as 0/1 columns, (n, sum of `widths`)."""
    columns = np.zeros((codes.shape[1], sum(widths(sizes))))
    at = 0
    for row, width in zip(codes, widths(sizes), strict=True):
        if width == 1:
            columns[:, at] = row
        else:
            columns[np.arange(len(row)), at + row.astype(np.intp)] = 1.0
        at += width
    return columns


def grid(sizes: tuple[int, ...]) -> Matrix:
    """All combinations of levels as columns, in the order of a flattened tensor."""
    every = np.indices(sizes, dtype=np.int16).reshape(len(sizes), -1)
    return encode(every, sizes)


def fit(
    columns: Matrix, outcome: Matrix, weight: Matrix, *, small: bool, check: Callable[[], None] | None = None
) -> Surrogate:
    """Fit the trees by weighted least squares.

    Parameters
    ----------
    columns : (n, columns) float
        Encoded configurations, n ≥ 1.
    outcome, weight : (n,) float
        Finite; weights positive. The outcome is centred and scaled first, because LightGBM keeps it in
        single precision.
    small : bool
        Whether a leaf may hold a single configuration.
    check : callable, optional
        Called after each tree; what it raises ends the fit.

    Returns
    -------
    Surrogate
        The same for the same input, on any number of cores.
    """
    lightgbm = _lightgbm()
    center = float(np.average(outcome, weights=weight))
    deviation = outcome - center
    largest = float(np.abs(deviation).max()) or 1.0
    deviation = deviation / largest
    size = float(np.sqrt(np.average(deviation**2, weights=weight))) or 1.0
    parameters = {**PARAMETERS, "min_data_in_leaf": 1 if small else 5}
    data = lightgbm.Dataset(columns, deviation / size, weight=weight, params=parameters)
    # kept for training, which spares LightGBM writing the trees as text and reading them again
    booster = lightgbm.train(
        parameters,
        data,
        num_boost_round=TREES,
        keep_training_booster=True,
        callbacks=None if check is None else [lambda _: check()],
    )
    return Surrogate(booster, center, largest * size)


def _lightgbm() -> Any:
    """LightGBM without its scikit-learn and pandas faces, whose import takes ten times as long as its own."""
    unwanted = {"sklearn", "pandas"} - sys.modules.keys()
    if "lightgbm" in sys.modules:
        unwanted = set()
    sys.modules.update(dict.fromkeys(unwanted))  # type: ignore[arg-type]  # None: not to be imported
    try:
        import lightgbm
    finally:
        for name in unwanted:
            if sys.modules.get(name, sys) is None:
                del sys.modules[name]
    return lightgbm

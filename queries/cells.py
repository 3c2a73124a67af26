"""The combinations of factor levels that occur in a slice, numbered without sorting the runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.queries.slices import Sample


@dataclass(frozen=True, eq=False)
class CellsInSlice:
    """C distinct configurations among the n runs of a slice, finished or not."""

    number: NDArray[np.int64]  # (n,) each run's configuration, 0 … C − 1
    codes: NDArray[np.int16]  # (factors, C)

    @property
    def n(self) -> int:
        """Number of configurations, those with a NULL level included."""
        return int(self.codes.shape[1])


def cells(sample: Sample) -> CellsInSlice:
    """Number the configurations of a slice, in the order of the whole sweep's numbers."""
    run = np.full(int(sample.configuration.max(initial=-1)) + 1, -1, dtype=np.int64)
    run[sample.configuration] = np.arange(sample.runs)
    there = run >= 0
    number = np.cumsum(there) - 1
    return CellsInSlice(number[sample.configuration], sample.codes[:, run[there]])

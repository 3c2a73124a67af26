"""SHAP values summed up by level: against pandas."""

import numpy as np
import pandas as pd
import pytest
from tests.queries.make import sweep

from ablate_tui.queries.attribution.shap_cells import shap_cells
from ablate_tui.queries.dependence import dependence
from ablate_tui.queries.importance import importance
from ablate_tui.queries.slices import Slice, take


def sample(n: int = 90):
    """Three factors, one of three levels, unequal numbers of runs."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"a": rng.choice(["false", "true"], n), "b": rng.choice(["x", "y", "z"], n), "c": rng.choice(["0", "1"], n)}
    )
    effect = (frame.a == "true") * 0.5 + (frame.b == "y") * ((frame.a == "true") * 1.0)
    return take(sweep(frame.assign(y=effect + rng.normal(0, 0.1, n))), Slice())


def test_cells_are_those_of_the_rows():
    """Range and mean weighted by runs, of every level with every level of the second."""
    found = dependence(importance(sample()), "a", "b")
    rows = pd.DataFrame([vars(row) for row in found.rows])
    cells = shap_cells(found)
    assert len(cells) == 6
    for cell in cells:
        here = rows[(rows.level == cell.level) & (rows.color == cell.color)]
        assert cell.configurations == len(here)
        assert cell.low == here.shap.min()
        assert cell.high == here.shap.max()
        assert cell.mean == pytest.approx(np.average(here.shap, weights=here.n), rel=1e-12)


def test_one_row_a_level_without_the_second():
    """All configurations of a level together."""
    found = dependence(importance(sample()), "b", "a")
    cells = shap_cells(found, by_color=False)
    assert [(cell.level, cell.color) for cell in cells] == [("x", None), ("y", None), ("z", None)]
    assert sum(cell.configurations for cell in cells) == len(found.shap)
    assert max(cell.high for cell in cells) == found.shap.max()


def test_nothing_where_there_is_no_ranking():
    """A switch of one level has no SHAP values."""
    one = sample().table
    found = dependence(importance(take(one, Slice.of(one, {"a": ("true",)}))), "a", "b")
    assert shap_cells(found) == ()

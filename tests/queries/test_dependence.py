"""SHAP values of one switch, coloured by another."""

from __future__ import annotations

import numpy as np
import pytest

from ablate_tui.data.cube import Combinations
from ablate_tui.data.schema import FINISHED, Factor, Response, RunTable
from ablate_tui.queries.attribution import explanation
from ablate_tui.queries.dependence import dependence, strongest_partner
from ablate_tui.queries.importance import Importance, importance
from ablate_tui.queries.slices import Slice, take

LEVELS = {"a": ("false", "true"), "b": ("false", "true"), "c": ("x", "y", "z"), "d": ("off", "on")}


def ranking(filters: dict[str, tuple[str, ...]] | None = None, replicates: int = 2) -> Importance:
    """Of a sweep in which a interacts with d, and c matters more than d."""
    codes = np.repeat(np.indices((2, 2, 3, 2)).reshape(4, -1), replicates, axis=1).astype(np.int16)
    noise = np.random.default_rng(0).normal(0, 0.05, codes.shape[1])
    y = 1.0 * codes[0] * codes[3] + 1.5 * codes[2] + 0.1 * codes[1] + noise
    table = RunTable(
        path="made.csv",
        table="made",
        columns=(),
        factors=tuple(Factor(name, levels) for name, levels in LEVELS.items()),
        replicates=(),
        response=Response("loss", '"loss"', "min"),
        combinations=Combinations.of(codes, (2, 2, 3, 2)),
        y=y,
        status=np.full(len(y), FINISHED, dtype=np.uint8),
        failed=np.zeros(len(y), dtype=bool),
        replicate=np.zeros(len(y), dtype=np.int32),
    )
    return importance(take(table, Slice.of(table, filters or {})))


def test_rows_name_each_configuration_with_its_value() -> None:
    result = ranking()
    found = dependence(result, "a", "c")
    assert len(found.rows) == 24
    assert found.rows[5].configuration == "a=false, b=false, c=z, d=on"
    for place, row in enumerate(found.rows):
        words = dict(text.split("=") for text in row.configuration.split(", "))
        assert (words["a"], words["c"]) == (row.level, row.color)
        assert row.shap == result.phi[0, place]
        assert row.n == 2
        assert found.levels[found.level_codes[place]] == row.level
        assert found.color_levels[found.color_codes[place]] == row.color


def test_values_show_the_interaction() -> None:
    """a helps where d is on: its SHAP values there lie one half further apart than without d."""
    rows = dependence(ranking(), "a", "d").rows
    gap = {
        color: np.mean([r.shap for r in rows if (r.level, r.color) == ("true", color)])
        - np.mean([r.shap for r in rows if (r.level, r.color) == ("false", color)])
        for color in ("off", "on")
    }
    assert gap["on"] - gap["off"] == pytest.approx(0.5, abs=0.1)


def test_colour_is_the_strongest_partner_not_the_strongest_switch() -> None:
    result = ranking()
    assert result.rows[0].switch == "c"
    assert strongest_partner(result, "a") == "d"
    assert strongest_partner(result, "d") == "a"
    assert dependence(result, "a").color == "d"


def test_beyond_the_exact_method_colour_is_the_next_in_the_ranking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explanation, "COMBINATIONS", 4)
    result = ranking()
    assert result.method == "tree"
    assert strongest_partner(result, "a") == "c"
    assert strongest_partner(result, "c") == result.rows[1].switch


def test_a_switch_that_the_filters_fix_gives_nothing_and_a_reason() -> None:
    found = dependence(ranking({"a": ("true",)}), "a")
    assert found.rows == ()
    assert found.color is None
    assert '"a" has one level' in found.notes[0].reason
    assert strongest_partner(ranking({"a": ("true",)}), "a") is None


@pytest.mark.parametrize(("color", "reason"), [("b", '"b" has one level'), ("a", "is the switch itself")])
def test_a_colour_that_does_not_vary_is_left_out_with_a_reason(color: str, reason: str) -> None:
    found = dependence(ranking({"b": ("true",)}), "a", color)
    assert found.color is None
    assert len(found.rows) == 12
    assert all(row.color is None for row in found.rows)
    assert reason in found.notes[0].reason


def test_nothing_ranked_gives_nothing_and_the_reason() -> None:
    few = ranking({"b": ("true",), "c": ("x",)})
    assert few.rows == ()
    found = dependence(few, "a", "d")
    assert found.rows == ()
    assert len(found.shap) == len(found.count) == len(found.color_codes) == 0
    assert "too few" in found.notes[0].reason

"""What holds for every view: JSON without NaN, tables that fit their columns, figures that both painters draw."""

from __future__ import annotations

import json

import duckdb
import numpy as np
import polars as pl
import pytest
from tests.conftest import sweep
from tests.tui.painted import paint

from ablate_tui.queries.slices import Slice
from ablate_tui.tui import formats
from ablate_tui.tui.painters import picture
from ablate_tui.tui.session import Look
from ablate_tui.tui.show import document, result_of
from ablate_tui.tui.views.registry import VIEWS

CASES = {
    "whole": sweep(),
    "one run": sweep().head(1),
    "two runs": sweep().head(2),
    "all diverged": sweep().with_columns(val_loss=pl.lit(float("nan"))),
    "all missing": sweep().with_columns(val_loss=pl.lit(None, dtype=pl.Float64)),
    "constant": sweep().with_columns(val_loss=pl.lit(1.5)),
    "one level": sweep().filter("use_norm"),
    "no switch": sweep().select("seed", "val_loss"),
    "names that bite": sweep().rename(
        {"use_norm": '[/] "x" \x1b[31m', "use_bias": "開關\n$x_1^2$", "tie_weights": "select"}
    ),
}
ROWS = {
    "compare": "level n diverged missing mean sd min q05 q25 median q75 q95 max",
    "importance": "rank switch mean_abs_shap low high share signed_effect noise_floor",
    "dependence": "configuration level color shap n",
    "pairs": "pair configuration replicate on off difference",
    "halfnormal": "term effect quantile active",
    "interactions": "a b n_00 n_01 n_10 n_11 mean_did mean_did_low mean_did_high log_sd_did log_sd_did_low "
    "log_sd_did_high mean_q log_sd_q shap_interaction",
    "best": "switch level share base p",
    "design": "column role levels n constant aliases",
    "findings": "text view figures p",
    "effects": "switch on off n_on n_off diverged_on diverged_off mean_on mean_off mean_diff mean_diff_low "
    "mean_diff_high median_on median_off median_diff sd_on sd_off sd_ratio sd_ratio_low sd_ratio_high iqr_on "
    "iqr_off welch_p mann_whitney_p brown_forsythe_p failed_on failed_off failure_p location_p location_basis "
    "sd_between_on sd_between_off sd_within_on sd_within_off noise_basis noise_ratio noise_ratio_median ln_f_star "
    "noise_p pairs "
    "pair_mean_diff pair_median_diff pair_win_rate wilcoxon_p best_share_on base_share_on best_p location_q noise_q "
    "verdict spread_cause reason kruskal_p omnibus_brown_forsythe_p",
}
KEYS = {
    "importance": "target method configurations r2_out_of_fold r2_ceiling",
    "halfnormal": "target pse me sme",
    "interactions": "cells pairs failures target",
    "best": "runs pairs configurations",
    "design": "next next_reasons next_of configurations replicates balance correlations vif sums term_aliases "
    "alias_classes empty_pairs empty_pairs_of",
    "compare": "histogram kde ecdf pairwise omnibus",
    "pairs": "switch total equal mean_diff median_diff win_rate wilcoxon_p configuration_p ends end_levels level_pairs",
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", VIEWS)
def test_every_view_survives_every_sweep(opened, name, case):
    """Odd sweeps give nulls with reasons and figures that say why they are empty: never an exception."""
    session = opened(CASES[case])
    view = VIEWS[name]
    look = Look()
    text = formats.as_json(document(session, look, view))
    made = json.loads(text)
    assert made["source"]["runs"] == len(CASES[case])
    if name in ROWS and made["rows"]:
        assert list(made["rows"][0]) == ROWS[name].split()
    assert set(KEYS.get(name, "rows").split()) <= set(made)
    inputs = session.inputs(look)
    result = result_of(session, look, view)
    table = view.table(result, inputs)
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert "\x1b" not in formats.as_text(table)
    figure = view.figure(result, inputs)
    for panel in figure.panels:
        painted = paint(panel, 60, 15, colour=False)
        assert len(painted.split("\n")) == 15
        assert "\x1b" not in painted
    assert picture.render(figure, "png").startswith(b"\x89PNG")


@pytest.mark.parametrize("contrast", [None, "use_norm"])
@pytest.mark.parametrize("filters", [{}, {"use_gate": ("true",)}, {"use_norm": ("true",), "use_bias": ("false",)}])
@pytest.mark.parametrize("name", VIEWS)
def test_the_sql_of_a_view_runs(opened, name, filters, contrast):
    """Ready to paste into DuckDB, over the file itself."""
    session = opened(sweep())
    look = Look(slice=Slice.of(session.table(None, None), filters, contrast))
    with duckdb.connect() as connection:
        found = connection.sql(session.sql(VIEWS[name], look))
        assert found is not None
        assert len(found.fetchall()) > 0


def test_the_slice_stands_in_the_document(opened):
    """The slice, its counts and the contrast are said beside the rows."""
    session = opened(sweep())
    look = Look(slice=Slice.of(session.table(None, None), {"use_gate": ("on",)}, "use_norm"))
    made = document(session, look, VIEWS["compare"])
    frame = sweep().filter("use_gate")
    assert made["slice"] == {
        "set": {"use_gate": ["true"]},
        "contrast": "use_norm",
        "runs": 24,
        "diverged": frame.filter(pl.col("val_loss").is_nan() | pl.col("val_loss").is_infinite()).height,
        "missing": frame["val_loss"].null_count(),
    }
    assert made["response"] == "val_loss"
    assert made["goal"] == "min"
    finite = frame.filter(pl.col("use_norm") & pl.col("val_loss").is_finite())["val_loss"].to_numpy()
    on = next(row for row in made["rows"] if row["level"] == "true")
    assert on["n"] == len(finite)
    assert on["sd"] == pytest.approx(np.std(finite, ddof=1), rel=1e-12)


@pytest.mark.parametrize("name", ["compare", "dependence", "curves"])
def test_a_table_says_on_and_off_as_the_plots_do_and_json_the_level(opened, name):
    """A level with a name of its own keeps it."""
    frame = sweep().with_columns(
        tie_weights=pl.when("tie_weights").then(pl.lit("tied")).otherwise(pl.lit("loose")),
        trace=pl.concat_list(pl.lit(4.0), pl.lit(3.0)),
    )
    session, view = opened(frame), VIEWS[name]
    for switch, levels, words in (
        ("use_norm", {"false", "true"}, {"off", "on"}),
        ("tie_weights", {"loose", "tied"}, {"loose (off)", "tied (on)"}),
    ):
        look = Look(slice=Slice.of(session.table(None, None), {}, switch))
        table = view.table(result_of(session, look, view), session.inputs(look))
        at = [column.field for column in table.columns].index("level")
        assert {row[at] for row in table.rows} == words
        assert {row["level"] for row in document(session, look, view)["rows"]} == levels


def test_a_fixed_switch_stays_in_the_table(opened):
    """Its figures are null, and the notes say that the filter fixes it."""
    session = opened(sweep())
    look = Look(slice=Slice.of(session.table(None, None), {"use_gate": ("on",)}))
    made = document(session, look, VIEWS["effects"])
    row = next(row for row in made["rows"] if row["switch"] == "use_gate")
    assert row["mean_diff"] is None
    assert any("filter" in note["reason"] for note in made["notes"] if note["row"] == "use_gate")


def test_every_null_of_the_effects_has_a_reason(opened):
    """Each null in a row is named by a note of that row, or of all rows."""
    made = document(opened(sweep()), Look(), VIEWS["effects"])
    for row in made["rows"]:
        notes = [note for note in made["notes"] if note["row"] in ("*", row["switch"])]
        named = {field for note in notes for field in note["field"].split()}
        nulls = {field for field, value in row.items() if value is None}
        assert "*" in named or nulls <= named, nulls - named

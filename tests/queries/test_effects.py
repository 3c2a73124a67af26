"""The effects table against the published answers, scipy, statsmodels, pandas and DuckDB."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import asdict, fields

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ablate_tui.data.schema import RunTable
from ablate_tui.queries.effects import (
    FIGURES,
    NOT_YET,
    OMNIBUS,
    EffectRow,
    effects,
    effects_sql,
    glance,
    input_sql,
)
from ablate_tui.queries.reasons import reason
from ablate_tui.queries.slices import Slice, take

from .make import SHARED, degenerate, reference, sweep

needs_answers = pytest.mark.skipif(not (SHARED / "answers.json").exists(), reason="the real sweeps are not here")

FIELDS = (
    "switch on off n_on n_off diverged_on diverged_off mean_on mean_off mean_diff mean_diff_low mean_diff_high"
    " median_on median_off median_diff sd_on sd_off sd_ratio sd_ratio_low sd_ratio_high iqr_on iqr_off welch_p"
    " mann_whitney_p brown_forsythe_p failed_on failed_off failure_p location_p location_basis sd_between_on"
    " sd_between_off sd_within_on sd_within_off noise_basis noise_ratio noise_ratio_median ln_f_star noise_p"
    " pairs pair_mean_diff pair_median_diff pair_win_rate wilcoxon_p best_share_on base_share_on best_p"
    " location_q noise_q verdict spread_cause reason kruskal_p omnibus_brown_forsythe_p"
)
ANSWER = {
    "n_on": "n_on", "n_off": "n_off", "mean_on": "mean_on", "mean_off": "mean_off", "delta_mean": "mean_diff",
    "median_on": "median_on", "median_off": "median_off", "delta_median": "median_diff", "std_on": "sd_on",
    "std_off": "sd_off", "std_ratio": "sd_ratio", "share_on_all": "base_share_on",
    "share_on_best10": "best_share_on", "share_on_best10_ties": "best_share_on",
    "bf_p": "brown_forsythe_p", "mwu_p": "mann_whitney_p", "welch_p": "welch_p",
}  # fmt: skip
PAIRED = {
    "n_pairs": "pairs", "mean_d": "pair_mean_diff", "median_d": "pair_median_diff",
    "wilcoxon_p": "wilcoxon_p", "share_of_pairs_on_better": "pair_win_rate",
}  # fmt: skip


def agree(got: float | None, want: float, field: str) -> None:
    assert got is not None, field
    p = field.endswith("_p")
    assert got == pytest.approx(want, rel=1e-6 if p else 1e-9, abs=1e-300 if p else 1e-12), field


def whole(table: RunTable) -> dict[str, EffectRow]:
    return {row.name: row for row in effects(take(table, Slice())).rows}


def test_fields_are_those_of_the_contract() -> None:
    assert " ".join(field.name for field in fields(EffectRow)) == FIELDS


@needs_answers
@pytest.mark.parametrize("name", ["att_norm", "att_norm_raw", "llvm", "npk"])
def test_real_sweeps(name: str) -> None:
    made, _ = reference(name)
    rows = whole(made)
    (answers,) = json.loads((SHARED / "answers.json").read_text())[name.removesuffix("_raw")]["responses"].values()
    checked = 0
    for switch, wanted in answers["two_level"].items():
        row = asdict(rows[switch])
        assert (row["on"], row["off"]) == (str(wanted["on"]), str(wanted["off"]))
        pairs = wanted.get("paired", {"n_pairs": 0})
        for key, field in ANSWER.items():
            agree(row[field], wanted[key], field)
        for key, value in pairs.items():
            if key in PAIRED:
                agree(row[PAIRED[key]], value, PAIRED[key])
        assert row["kruskal_p"] is None
        checked += 1
    for factor, wanted in answers["multi_level"].items():
        for level, against_rest in wanted["level_vs_rest"].items():
            row = asdict(rows[f"{factor}={level}"])
            assert (row["on"], row["off"]) == (level, "rest")
            for key, field in ANSWER.items():
                agree(row[field], against_rest[key], field)
            agree(row["kruskal_p"], wanted["kruskal_p"], "kruskal_p")
            agree(row["omnibus_brown_forsythe_p"], wanted["bf_p"], "omnibus_brown_forsythe_p")
            assert row["pairs"] is None
            checked += 1
    assert checked == len(rows)

"""Roles, levels and goals from names, types and values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate_tui.data import names
from ablate_tui.data.detect import Facts, candidates, order_levels, roles


def facts(name: str, dtype: str = "DOUBLE", distinct: int = 50, low: str = "0.5", high: str = "9.5") -> Facts:
    return Facts(name, dtype, distinct, 0, low, high)


def role(column: Facts, runs: int = 1000) -> str:
    return roles([column], runs, lambda a, b: False)[column.name][0]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (facts("use_norm", "BOOLEAN", 2, "false", "true"), "switch"),
        (facts("use_aux_loss", "BOOLEAN", 2, "false", "true"), "switch"),
        (facts("N", "BIGINT", 2, "0", "1"), "switch"),
        (facts("N", "DOUBLE", 2, "0.0", "1.0"), "switch"),
        (facts("layers", "INTEGER", 2, "6", "12"), "switch"),
        (facts("act", "VARCHAR", 2, "gelu", "none"), "switch"),
        (facts("act", "VARCHAR", 12, "a", "z"), "factor"),
        (facts("act", "VARCHAR", 31, "a", "z"), "factor"),
        (facts("act", "VARCHAR", 32, "a", "z"), "ignored"),
        (facts("act", "ENUM('a', 'b', 'c')", 3, "a", "c"), "factor"),
        (facts("lr", "DOUBLE", 5, "0.001", "0.1"), "factor"),
        (facts("loss_weight", "DOUBLE", 3, "0.1", "1.0"), "factor"),
        (facts("block", "BIGINT", 60, "1", "60"), "factor"),
        (facts("seed", "BIGINT", 5, "1", "5"), "replicate"),
        (facts("data_seed", "BIGINT", 5, "1", "5"), "replicate"),
        (facts("cv_fold", "BIGINT", 5, "1", "5"), "replicate"),
        (facts("seed", "BIGINT", 1000, "1", "99999"), "identity"),
        (facts("fix_seed", "BOOLEAN", 2, "false", "true"), "switch"),
        (facts("run_id", "BIGINT", 1000, "0", "999"), "identity"),
        (facts("n", "BIGINT", 1000, "0", "999"), "identity"),
        (facts("words", "VARCHAR", 1000, "a", "z"), "identity"),
        (facts("started", "TIMESTAMP", 900, "2020", "2021"), "identity"),
        (facts("optimizer_name", "VARCHAR", 2, "adam", "sgd"), "switch"),
        (facts("depth", "BIGINT", 1, "8", "8"), "ignored"),
        (facts("empty", "DOUBLE", 0), "ignored"),
        (facts("config", "STRUCT(a INTEGER)", 7), "ignored"),
        (facts("history", "DOUBLE[]", 900), "covariate"),
        (facts("diverged", "BOOLEAN", 2, "false", "true"), "covariate"),
        (facts("is_nan", "BOOLEAN", 2, "false", "true"), "covariate"),
        (facts("run_status", "VARCHAR", 3, "crashed", "ok"), "covariate"),
        (facts("val_loss", "DOUBLE", 2, "0.0", "1.0"), "covariate"),
        (facts("accuracy", "BIGINT", 2, "0", "1"), "covariate"),
        (facts("steps", "BIGINT", 4, "1", "200"), "covariate"),
        (facts("num_params", "BIGINT", 4, "1", "200"), "covariate"),
        (facts("max_grad_norm", "DOUBLE", 900), "covariate"),
        (facts("seconds", "DOUBLE", 10), "covariate"),
        (facts("tokens", "BIGINT", 500, "1", "9000"), "covariate"),
    ],
)
def test_role(column: Facts, expected: str) -> None:
    assert role(column) == expected


def test_small_sweeps_keep_their_switches() -> None:
    assert role(facts("N", "BIGINT", 2, "0", "1"), runs=2) == "switch"
    assert role(facts("act", "VARCHAR", 2, "a", "b"), runs=2) == "switch"
    assert role(facts("layers", "BIGINT", 4, "1", "4"), runs=4) == "factor"
    assert role(facts("yield", "DOUBLE", 3), runs=24) == "covariate"


def test_what_follows_the_seed_is_no_factor() -> None:
    columns = [facts("run_num", "BIGINT", 5, "1", "5"), facts("seed", "BIGINT", 5, "11", "15")]
    found = roles(columns, 100, lambda a, b: True)
    assert found["seed"][0] == "replicate"
    assert found["run_num"] == ("ignored", 'one value for each "seed"')
    assert roles(columns, 100, lambda a, b: False)["run_num"][0] == "replicate"


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("last_val_loss", "train_loss"),
        ("val_loss", "best_val_loss"),
        ("final_loss", "val_acc"),
        ("val_loss", "loss"),
        ("val_loss", "val_ppl"),
        ("accuracy", "train_loss"),
        ("train_loss", "seconds"),
        ("train_acc", "runtime"),
        ("testLoss", "loss"),
    ],
)
def test_response_by_name(better: str, worse: str) -> None:
    for order in ((better, worse), (worse, better)):
        columns = [facts(name) for name in order]
        assert candidates(columns, roles(columns, 1000, lambda a, b: False), 1000)[0] == better


def test_scalar_before_list_but_time_last() -> None:
    columns = [facts("val_loss", "DOUBLE[]", 900), facts("train_loss"), facts("seconds")]
    assert candidates(columns, roles(columns, 1000, lambda a, b: False), 1000) == [
        "train_loss",
        "val_loss",
        "seconds",
    ]


def test_unnamed_response_is_the_last_real_column() -> None:
    columns = [facts("x"), facts("y"), facts("tokens", "BIGINT", 500, "1", "9000"), facts("lr", distinct=3)]
    assert candidates(columns, roles(columns, 1000, lambda a, b: False), 1000)[0] == "y"


@pytest.mark.parametrize(
    ("name", "goal"),
    [
        *[(name, "min") for name in ("val_loss", "valLoss", "test error", "ppl", "train_pplx", "perplexity")],
        *[(name, "min") for name in ("seconds", "latency_ms", "cost", "PERF-", "perf", "mse", "list_min(val_loss)")],
        *[(name, "max") for name in ("acc", "val_accuracy", "mean_reward", "F1", "bleu", "yield", "auc", "return")],
        *[(name, "max") for name in ("score", "PERF+", "list_max(val_acc)", "-val_loss", "1 - error")],
        *[(name, None) for name in ("y", "grad_norm", "glossary")],
        ("1 - accuracy", "min"),
    ],
)
def test_goal(name: str, goal: str | None) -> None:
    assert names.goal_of(name) == goal


@pytest.mark.parametrize(
    ("levels", "off_on"),
    [
        (("true", "false"), ("false", "true")),
        (("1", "0"), ("0", "1")),
        (("1", "2"), ("1", "2")),
        (("-1", "1"), ("-1", "1")),
        (("10", "9"), ("9", "10")),
        (("0.1", "1e-3"), ("1e-3", "0.1")),
        (("on", "off"), ("off", "on")),
        (("Yes", "No"), ("No", "Yes")),
        (("gelu", "none"), ("none", "gelu")),
        (("baseline", "absent"), ("baseline", "absent")),
        (("zebra", "None"), ("None", "zebra")),
        (("sgd", "adam"), ("adam", "sgd")),
        (("v10", "v9"), ("v9", "v10")),
        (("开", "关"), ("关", "开")),
    ],
)
def test_which_level_is_on(levels: tuple[str, str], off_on: tuple[str, str]) -> None:
    assert order_levels(levels) == off_on
    assert order_levels(levels[::-1]) == off_on
    assert order_levels(levels, on=off_on[0]) == off_on[::-1]


def test_order_of_many_levels() -> None:
    assert order_levels(["10", "9", "1e-3", "-2"]) == ("-2", "1e-3", "9", "10")
    assert order_levels(["layer10", "layer9", "2", "none"]) == ("2", "layer9", "layer10", "none")


@given(st.lists(st.text(), unique=True, max_size=8))
def test_any_texts_can_be_ordered(levels: list[str]) -> None:
    ordered = order_levels(levels)
    assert sorted(ordered) == sorted(levels)
    assert order_levels(levels[::-1]) == ordered
    for level in levels:
        names.goal_of(level), names.rank(level), names.is_flag(level), names.is_identity(level)

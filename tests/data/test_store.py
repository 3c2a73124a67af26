"""A store's run table against the same runs in pandas, and its SQL against DuckDB on the source."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

from ablate_tui.data.cube import NO_LEVEL
from ablate_tui.data.demo import SHIPPED
from ablate_tui.data.errors import UsageError
from ablate_tui.data.schema import DIVERGED, FINISHED, MISSING, Choices
from ablate_tui.data.sql import literal, quote
from ablate_tui.data.store import Store, open_store

SHARED = Path(os.environ.get("ABLATE_SHARED", Path(__file__).resolve().parents[2] / "../shared")) / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the reference sweeps are not here")


def store_of(tmp_path: Path, frame: pl.DataFrame) -> Store:
    path = tmp_path / "runs.parquet"
    frame.write_parquet(path)
    return open_store(str(path))


@needs_shared
@pytest.mark.parametrize(
    ("name", "response", "goal", "factors", "replicates"),
    [
        ("att_norm", "last_val_loss", "min", "qk_activ* qk_norm attn_activ post_attn_norm*", ("seed",)),
        ("att_norm_raw", "last_val_loss", "min", "qk_activ* qk_norm attn_activ post_attn_norm*", ("seed",)),
        (
            "llvm",
            "PERF-",
            "min",
            "gvn* instcombine* inline* jump_threading* simplifycfg* sccp* print_used_types* ipsccp* iv_users* licm*",
            (),
        ),
        ("npk", "yield", "max", "block N* P* K*", ()),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "duckdb"])
def test_real_sweeps_with_nothing_but_the_file(
    tmp_path: Path, name: str, response: str, goal: str, factors: str, replicates: tuple[str, ...], kind: str
) -> None:
    path = SHARED / f"{name}.csv"
    if kind == "duckdb":
        path = tmp_path / "runs.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"CREATE TABLE runs AS FROM read_csv({literal(str(SHARED / name) + '.csv')})")
    table = open_store(str(path)).load()
    assert (table.response.name, table.response.goal) == (response, goal)
    assert " ".join(factor.name + "*" * factor.is_switch for factor in table.factors) == factors
    assert table.replicates == replicates
    frame = pd.read_csv(SHARED / f"{name}.csv", keep_default_na=False)
    np.testing.assert_allclose(table.y, frame[response].to_numpy(float), rtol=1e-15)
    for factor, codes in zip(table.factors, table.codes, strict=True):
        assert [factor.levels[code] for code in codes] == frame[factor.name].astype(str).tolist()
    if replicates:
        expected = pd.factorize(frame["seed"], sort=True)[0]
        np.testing.assert_array_equal(table.replicate, expected)
        assert [table.replicate_labels[code] for code in table.replicate] == frame["seed"].astype(str).tolist()
    else:
        assert table.replicate_labels == ()
    assert table.configuration.max() + 1 == len(frame[[f.name for f in table.factors]].drop_duplicates())


@needs_shared
def test_on_and_off_of_the_real_sweep() -> None:
    store = open_store(str(SHARED / "att_norm.csv"))
    assert store.load().factor("post_attn_norm").levels == ("none", "rms_norm")
    assert store.load(Choices(on={"post_attn_norm": "none"})).factor("post_attn_norm").on == "none"
    assert {c.name: c.levels for c in store.load().columns if c.role == "ignored"}["depth"] == ("8",)


@needs_shared
@pytest.mark.parametrize(
    ("expression", "of"),
    [
        ("val_loss", lambda h: h[-1]),
        ("val_loss[-1]", lambda h: h[-1]),
        ("list_min(val_loss)", min),
        ("list_avg(val_loss)", np.mean),
        ("list_max(val_loss) - last_val_loss", lambda h: max(h) - h[-1]),
    ],
)
def test_histories_as_response(expression: str, of) -> None:  # type: ignore[no-untyped-def]
    store = open_store(str(SHARED / "att_norm_raw.csv"))
    table = store.load(Choices(response=expression))
    histories = pd.read_csv(SHARED / "att_norm_raw.csv")["val_loss"].map(eval)
    np.testing.assert_allclose(table.y, histories.map(of), rtol=1e-12)
    assert table.response.goal == "min"
    assert {"val_loss[-1]", "list_min(val_loss)", "list_avg(val_loss)"} <= set(store.responses())
    assert [f.name for f in table.factors] == ["qk_activ", "qk_norm", "attn_activ", "post_attn_norm"]


@pytest.mark.skipif(not SHIPPED.exists(), reason="the shipped sweep is not made yet")
def test_shipped_sweep() -> None:
    table = open_store(str(SHIPPED)).load()
    assert len(table.factors) == 10
    assert all(factor.levels == ("false", "true") for factor in table.factors)
    assert (table.response.name, table.response.goal) == ("val_loss", "min")
    assert set(table.replicates) <= {"seed"}


def test_status_and_failed(tmp_path: Path) -> None:
    y = [1.0, float("nan"), float("inf"), None, 5.0, -float("inf")]
    frame = pl.DataFrame({"sw": [True, False] * 3, "loss": y, "bound": [2.0, 2.0, 2.0, 2.0, 2.0, None]})
    table = store_of(tmp_path, frame).load(Choices(fail="loss > bound"))
    assert table.status.tolist() == [FINISHED, DIVERGED, DIVERGED, MISSING, FINISHED, DIVERGED]
    assert table.failed.tolist() == [False, True, True, False, True, True]
    np.testing.assert_array_equal(table.y, [1.0, np.nan, np.nan, np.nan, 5.0, np.nan])
    assert table.fail_condition == "loss > bound"


def test_roles_chosen(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "sw": [0, 1, 0, 1],
            "k": [1.5, 2.5, 1.5, 2.5],
            "loss": [1.0, 2.0, 3.0, 4.0],
            "acc": [0.1, 0.2, 0.3, 0.4],
        }
    )
    store = store_of(tmp_path, frame)
    assert [c.role for c in store.load().columns] == ["switch", "switch", "response", "covariate"]
    table = store.load(Choices(roles={"acc": "response", "k": "covariate"}))
    assert [c.role for c in table.columns] == ["switch", "covariate", "covariate", "response"]
    assert (table.response.name, table.response.goal) == ("acc", "max")
    table = store.load(Choices(roles={"loss": "factor", "sw": "replicate"}))
    assert table.response.name == "acc"
    assert [f.name for f in table.factors] == ["k", "loss"]
    assert table.replicate.tolist() == [0, 1, 0, 1]
    table = store.load(Choices(response="sw", goal="max"))
    assert table.y.tolist() == [0, 1, 0, 1]
    assert [f.name for f in table.factors] == ["k"]


def test_truth_as_response(tmp_path: Path) -> None:
    store = store_of(tmp_path, pl.DataFrame({"sw": [0, 1, 1], "solved": [True, False, None], "loss": [1.0, 2.0, 3.0]}))
    table = store.load(Choices(response="solved"))
    assert table.status.tolist() == [FINISHED, FINISHED, MISSING]
    assert table.y[:2].tolist() == [1.0, 0.0]
    assert any("--goal max" in note for note in table.notes)


def test_replicates_of_two_columns(tmp_path: Path) -> None:
    seeds, folds = [1, 1, 2, 2, None, 1], ["a", "b", "a", "b", "a", "a"]
    frame = pl.DataFrame({"sw": [0, 1] * 3, "seed": seeds, "fold": folds, "loss": [1.0] * 6})
    table = store_of(tmp_path, frame).load()
    assert table.replicates == ("seed", "fold")
    expected = pd.factorize(pd.Series(list(zip(seeds, folds, strict=True))))[0]
    pairs = {(a, b) for a, b in zip(table.replicate.tolist(), expected.tolist(), strict=True)}
    assert len(pairs) == 5 == len({a for a, _ in pairs})
    assert table.replicate.max() == 4
    labels = [table.replicate_labels[code] for code in table.replicate]
    assert labels == ["1, a", "1, b", "2, a", "2, b", "NULL, a", "1, a"]


NASTY = [
    'quo"te', "it's", "semi;colon --", "line\nbreak", "tab\t\x1b[31m", "[/]", "select", "runs", "rowid",
    "损失 é", "{brace}", "%s", "place", "y", "code", "level", "row", "position", "ablate_tui_row", "c0",
]  # fmt: skip


def test_nasty_names_and_levels(tmp_path: Path) -> None:
    levels = ["none", "a'b", 'c"d', "e\nf", "开", "%", "[-1]", "\x1b[0m"]
    frame = pl.DataFrame({name: [levels[i % 2 + 2 * (at % 4)] for i in range(20)] for at, name in enumerate(NASTY)})
    frame = frame.with_columns(pl.Series("many", levels * 2 + levels[:4]), pl.Series("loss", np.arange(20.0)))
    path = tmp_path / "runs.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("frame", frame.to_arrow())
        connection.execute("CREATE TABLE runs AS FROM frame")
    store = open_store(str(path))
    assert tuple(store.columns) == tuple(frame.columns)
    table = store.load()
    assert [factor.name for factor in table.factors] == [*NASTY, "many"]
    for factor, codes in zip(table.factors, table.codes, strict=True):
        assert [factor.levels[code] for code in codes] == frame[factor.name].to_list()
    order = np.array([19, 3, 3, 0])
    assert store.fetch(order).equals(frame[order])
    for at, name in enumerate(NASTY):
        other = store.load(Choices(response=f"length({quote(name)})", roles={name: "factor"}))
        assert other.y[0] == len(frame[name][0]), at


def test_codes_are_what_a_filter_finds(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "lr": [0.1, 1e-3, 1e-3, None, 0.1, 3e10] * 3,
            "flag": [True, None, False] * 6,
            "n": [10, 9, 10, 9, None, 9] * 3,
            "loss": np.arange(18.0),
        }
    )
    store = store_of(tmp_path, frame)
    table = store.load()
    assert table.factor("lr").levels == ("0.001", "0.1", "30000000000.0")
    assert table.factor("n").levels == ("9", "10")
    for factor, codes in zip(table.factors, table.codes, strict=True):
        for code, level in enumerate(factor.levels):
            condition = f"CAST({quote(factor.name)} AS VARCHAR) = {literal(level)}"
            rows = store.query(f"SELECT rowid FROM runs WHERE {condition} ORDER BY ALL")["rowid"].to_numpy()
            np.testing.assert_array_equal(np.flatnonzero(codes == code), rows)
        assert np.count_nonzero(codes == NO_LEVEL) == frame[factor.name].null_count()
    assert '"lr" has no value in 3 runs' in table.notes


def test_a_factor_of_a_branch_is_said_to_be_one(tmp_path: Path) -> None:
    optimizer = ["adam", "sgd", "muon", "sgd"] * 4
    frame = pl.DataFrame(
        {
            "optimizer": optimizer,
            "momentum": [None if name == "adam" else at % 8 > 3 for at, name in enumerate(optimizer)],
            "norm": [None, *([True, False] * 8)[1:]],
            "loss": np.arange(16.0),
        }
    )
    notes = store_of(tmp_path, frame).load().notes
    assert '"momentum" has no value in 4 runs: it is set only where optimizer = muon or sgd' in notes
    assert '"norm" has no value in 1 run' in notes


def test_a_window_function_keeps_each_value_with_its_run(tmp_path: Path) -> None:
    loss = np.random.default_rng(1).permutation(5000).astype(float)
    store = store_of(tmp_path, pl.DataFrame({"sw": [0, 1] * 2500, "loss": loss}))
    table = store.load(Choices(response="rank() OVER (ORDER BY loss DESC)", goal="max"))
    np.testing.assert_array_equal(table.y, 5000 - loss)


def test_types_that_polars_lacks_come_as_text(tmp_path: Path) -> None:
    path = tmp_path / "runs.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE runs AS SELECT 1.5 AS loss, INTERVAL 1 DAY AS i, '101'::BIT AS b, "
            "MAP {'a': 1} AS m, {'x': [1]} AS s, 5::HUGEINT AS h, uuid() AS u, 'a'::ENUM ('a') AS e, "
            "[{'x': INTERVAL 1 DAY}] AS l"
        )
    store = open_store(str(path))
    row = store.fetch(np.array([0])).row(0, named=True)
    assert (row["i"], row["b"], row["m"], row["s"], row["h"], row["e"]) == (
        "1 day",
        "101",
        "{a=1}",
        {"x": [1]},
        5,
        "a",
    )
    assert store.load().y.tolist() == [1.5]


def test_threads_share_a_store(tmp_path: Path) -> None:
    store = store_of(tmp_path, pl.DataFrame({"sw": [0, 1] * 500, "loss": np.arange(1000.0)}))
    found: dict[int, list[float]] = {}

    def work(number: int) -> None:
        for _ in range(5):
            found[number] = store.fetch(np.array([number, 999 - number]))["loss"].to_list()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [number, 999 - number] for number in range(8)}


def test_interrupt_from_another_thread(tmp_path: Path) -> None:
    store = store_of(tmp_path, pl.DataFrame({"sw": [0, 1], "loss": [1.0, 2.0]}))
    done = threading.Event()

    def cancel() -> None:
        while not done.is_set():  # until the query has begun and was cancelled
            store.interrupt()

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        with pytest.raises(duckdb.InterruptException):
            store.query("SELECT sum(sin(a.range * b.range)) FROM range(10000000) a, range(10000000) b")
    finally:
        done.set()
        thread.join()
    assert store.query("SELECT 1 AS one")["one"].to_list() == [1]
    store.close()


def test_guesses_are_told(tmp_path: Path) -> None:
    table = store_of(tmp_path, pl.DataFrame({"sw": [0, 1, 0], "y": [1.25, 2.5, 3.0]})).load()
    assert table.response.name == "y"
    assert any("no column is named like an outcome" in note for note in table.notes)
    assert any("smaller y is taken as better" in note for note in table.notes)
    table = store_of(tmp_path, pl.DataFrame({"sw": [0, 1, 0], "h": [[1.0, 2.0], [3.0], None]})).load()
    assert table.y[:2].tolist() == [2.0, 3.0]
    assert any("last value of each list" in note for note in table.notes)


def test_factor_names_its_alternatives(tmp_path: Path) -> None:
    table = store_of(tmp_path, pl.DataFrame({"sw": [0, 1, 0], "one": [1, 1, 1], "loss": [1.25, 2.5, 3.0]})).load()
    for name, message in (
        ("one", "one level"),
        ("loss", "taken as response"),
        ("ws", 'no switch "ws"; there are: "sw"'),
    ):
        with pytest.raises(UsageError, match=message):
            table.factor(name)

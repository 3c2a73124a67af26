"""From a tracker's runs to tables: names, types, what is missing, what is imported again. Stores are JSON folders."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.importer import ImportSummary, import_runs
from ablate_tui.data.store import open_store
from ablate_tui.data.trackers import SCHEMES


def write(folder: Path, name: str, config: dict[str, Any], metrics: dict[str, Any], **more: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({"id": name, "config": config, "metrics": metrics, **more}))


def bring(into: Path, *folders: Path) -> ImportSummary:
    return import_runs([f"json:{folder}" for folder in folders], str(into))


def rows(into: Path, columns: str, table: str = "runs") -> list[tuple[Any, ...]]:
    with duckdb.connect(str(into), read_only=True) as connection:
        return connection.execute(f"SELECT {columns} FROM {table} ORDER BY ALL").fetchall()


def types(into: Path) -> dict[str, str]:
    with duckdb.connect(str(into), read_only=True) as connection:
        return {name: dtype for name, dtype, *_ in connection.execute("DESCRIBE runs").fetchall()}


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "runs.duckdb"


def test_nested_settings_get_dotted_names_and_types_of_all_their_values(tmp_path: Path, into: Path) -> None:
    store = tmp_path / "store"
    first = {
        "model": {"norm": "rms", "heads": 4, "drop": 0},
        "betas": [0.9, 0.95],
        "tags": ["a"],
        "on": True,
        "big": 2**70,
    }
    second = {"model": {"norm": None, "heads": 8, "drop": 0.1}, "betas": [0.9], "tags": [], "on": False}
    write(store, "1", {**first, "big": 2**70 + 1, "huge": 10**400}, {"loss": 1, "acc": math.nan})
    write(store, "2", {**second, "big": 1}, {"loss": 0.1 + 0.2, "acc": None})
    bring(into, store)
    assert types(into) | {"status": "VARCHAR", "run_id": "VARCHAR"} == types(into)
    assert rows(
        into, 'run_id, "model.norm", "model.heads", "model.drop", betas, tags, "on", big, loss, isnan(acc)'
    ) == [
        ("1", "rms", 4, 0.0, "[0.9, 0.95]", '["a"]', True, str(2**70 + 1), 1.0, True),
        ("2", "None", 8, 0.1, "[0.9]", "[]", False, "1", 0.1 + 0.2, None),
    ]


def test_none_missing_and_the_text_are_three_things(tmp_path: Path, into: Path) -> None:
    store = tmp_path / "store"
    for name, config in (
        ("1", {"mix": None}),
        ("2", {}),
        ("3", {"mix": "none"}),
        ("4", {"mix": "soft"}),
        ("5", {"mix": ""}),
    ):
        write(store, name, {**config, "k": 1}, {"loss": 1.0})
    write(store, "6", {"mix": "None", "clip": None, "k": 1}, {"loss": 1.0})
    write(store, "7", {"clip": 1.5, "k": 1}, {"loss": 1.0})
    bring(into, store)
    assert [mix for _, mix in rows(into, "run_id, mix")] == ["None", None, "none", "soft", "", "None", None]
    assert [clip for _, clip in rows(into, "run_id, clip")][5:] == ["None", "1.5"]


def test_constant_settings_are_kept_but_set_aside(tmp_path: Path, into: Path) -> None:
    store = tmp_path / "store"
    for at in range(4):
        write(store, str(at), {"lr": 0.1, "a": at % 2, "seed": 0}, {"loss": float(at)})
    (source,) = bring(into, store).sources
    assert "the same in every run, so kept but set aside: lr, seed" in source.notes
    table = open_store(str(into)).load()
    assert [factor.name for factor in table.factors] == ["a"]
    assert {column.name: column.role for column in table.columns}["lr"] == "ignored"
    assert rows(into, "DISTINCT lr") == [(0.1,)]


def test_importing_again_updates_and_never_doubles(tmp_path: Path, into: Path) -> None:
    store, other = tmp_path / "store", tmp_path / "other"
    write(store, "1", {"a": 1}, {"loss": 1.0}, curves={"loss": {"steps": [1, 2], "values": [3.0, 1.0]}})
    write(store, "2", {"a": 0}, {"loss": 2.0}, curves={"loss": {"steps": [1, 2], "values": [3.0, 2.0]}})
    write(other, "1", {"a": 0}, {"loss": 9.0}, curves={"loss": {"steps": [1], "values": [9.0]}})
    bring(into, store, other)
    before, content = rows(into, "run_id, loss"), into.read_bytes()
    assert len(before) == 3
    assert {id for id, _ in before} > {"1", "2"}
    assert next(id for id, loss in before if loss == 9.0).startswith("1@")
    again = bring(into, store, other)
    assert [(source.rows, source.skipped) for source in again.sources] == [(0, 2), (0, 1)]
    assert into.read_bytes() == content

    write(store, "2", {"a": 0}, {"loss": 2.5}, curves={"loss": {"steps": [1, 2, 3], "values": [3.0, 2.0, 2.5]}})
    write(store, "3", {"a": 1, "new": "x"}, {"loss": 3.0})
    changed = bring(into, store, other)
    assert [(source.rows, source.replaced) for source in changed.sources] == [(3, 2), (0, 0)]
    assert sorted(loss for _, loss in rows(into, "run_id, loss")) == [1.0, 2.5, 3.0, 9.0]
    points = rows(into, "run_id, count(*)", "curves GROUP BY run_id")
    assert {id: n for id, n in points if "@" not in id} == {"1": 2, "2": 3}


def test_what_could_not_be_read_this_time_stays(tmp_path: Path, into: Path) -> None:
    store = tmp_path / "store"
    write(store, "1", {"a": 1}, {"loss": 1.0})
    write(store, "2", {"a": 0}, {"loss": 2.0}, curves={"loss": {"steps": [1, 2], "values": [3.0, 2.0]}})
    bring(into, store)
    (store / "2.json").write_text('{"id": "2", "config": {"a"')
    write(store, "3", {"a": 0}, {"loss": 3.0})
    (source,) = bring(into, store).sources
    assert any("2.json" in note for note in source.notes)
    assert "1 run of the last import could not be read now, and stay" in source.notes
    assert rows(into, "run_id, loss") == [("1", 1.0), ("2", 2.0), ("3", 3.0)]
    assert len(rows(into, "*", "curves")) == 2
    write(store, "2", {"a": 0}, {"loss": 2.25})
    bring(into, store)
    assert rows(into, "run_id, loss") == [("1", 1.0), ("2", 2.25), ("3", 3.0)]
    assert rows(into, "*", "curves") == []
    for file in store.iterdir():  # as if the file system were not mounted
        file.unlink()
    bring(into, store)
    assert rows(into, "run_id, loss") == [("1", 1.0), ("2", 2.25), ("3", 3.0)]


def test_runs_are_known_again_whether_or_not_another_source_has_their_names(tmp_path: Path, into: Path) -> None:
    store, other = tmp_path / "store", tmp_path / "other"
    write(store, "1", {"a": 1}, {"loss": 1.0})
    for name in ("1", "2"):
        write(other, name, {"a": 0}, {"loss": 9.0})
    bring(into, store, other)
    write(store, "x", {"a": 1}, {"loss": 1.5})
    with duckdb.connect(str(into)) as connection:  # the names are free again
        connection.execute("DELETE FROM runs WHERE run_id = '1'")
    write(other, "1", {"a": 0}, {"loss": 8.0})
    (other / "2.json").write_text("{")
    bring(into, other)
    assert rows(into, "split_part(run_id, '@', 1), loss") == [("1", 8.0), ("2", 9.0)]
    for file in other.iterdir():
        file.unlink()
    write(other, "1", {"a": 0}, {"loss": 7.0})
    (other / "broken.json").write_text("{")  # any of the runs may be meant
    bring(into, other)
    assert rows(into, "split_part(run_id, '@', 1), loss") == [("1", 7.0), ("2", 9.0)]


def test_a_type_that_changes_and_names_that_clash_are_told(tmp_path: Path, into: Path) -> None:
    store = tmp_path / "store"
    write(store, "1", {"lr": 0.1, "loss": "mse", "Width": 1, "width": 2, "run_id": "mine"}, {"loss": 1.0})
    write(store, "2", {"lr": "auto", "loss": "mae", "Width": 1, "width": 2, "run_id": "yours"}, {"loss": 2.0})
    (source,) = bring(into, store).sources
    told = "\n".join(source.notes)
    assert '"lr" holds numbers and texts: kept as text' in told
    assert 'the metric "loss" is called "metrics.loss": its name was taken' in told
    assert rows(into, 'run_id, lr, loss, "metrics.loss", "Width", "config.width", "config.run_id"') == [
        ("1", "0.1", "mse", 1.0, 1, 2, "mine"),
        ("2", "auto", "mae", 2.0, 1, 2, "yours"),
    ]
    table = open_store(str(into)).load()
    assert table.response.name == "metrics.loss"
    assert "loss" in table.positions


def test_runs_of_several_stores_and_files_are_one_sweep(tmp_path: Path, into: Path) -> None:
    store = tmp_path / "store"
    write(store, "1", {"a": True}, {"loss": 1.0})
    (tmp_path / "old.csv").write_text("a,loss\nfalse,2.5\n")
    import_runs([f"json:{store}", str(tmp_path / "old.csv")], str(into))
    assert rows(into, "a, loss") == [(False, 2.5), (True, 1.0)]


def test_nothing_is_made_where_nothing_came_in(tmp_path: Path, into: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "a.json").write_text('{"config"')
    with pytest.raises(SourceError, match=r"nothing came in: skipped: .*a\.json"):
        bring(into, store)
    assert not into.exists()
    with pytest.raises(UsageError, match=r'no tracker "mlfow"; did you mean "mlflow"'):
        import_runs(["mlfow:x"], str(into))
    with pytest.raises(UsageError, match="says no place"):
        import_runs(["json:"], str(into))
    with pytest.raises(UsageError, match="bring its runs in first"):
        open_store(f"json:{store}")
    assert set(SCHEMES) >= {"mlflow", "optuna", "tensorboard", "wandb", "hydra", "ray", "json"}


def test_a_file_whose_name_has_a_colon_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("json:old.csv").write_text("a,loss\n0,1\n1,2\n")
    assert open_store("json:old.csv").runs == 2


def test_a_curve_table_of_something_else_stops_the_import(tmp_path: Path, into: Path) -> None:
    with duckdb.connect(str(into)) as connection:
        connection.execute("CREATE TABLE curves AS SELECT 'spline' AS kind")
    before = into.read_bytes()
    store = tmp_path / "store"
    write(store, "1", {"a": 1}, {"loss": 1.0}, curves={"loss": {"steps": [1, 2], "values": [3.0, 1.0]}})
    with pytest.raises(SourceError, match=r'"curves" in .* has no columns run_id, step, metric and value'):
        bring(into, store)
    assert into.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["runs.duckdb", "store"]


def test_texts_that_no_database_takes_are_mended(tmp_path: Path, into: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "a.json").write_text('{"id": "\\ud800x", "config": {"k\\udc00": "v\\ud800"}, "metrics": {"loss": 1}}')
    bring(into, store)
    assert rows(into, 'run_id, "k?"') == [("?x", "v?")]


def test_a_source_that_does_not_tell_settings_from_results_is_read_by_names_and_values(
    tmp_path: Path, into: Path
) -> None:
    """A table exported from Weights & Biases, and flat JSON files: what is what is found as in any file."""
    lines = ["Name,ID,State,Created,lr,norm,seed,val_loss,epoch"]
    for at in range(12):
        norm, loss = ("none", "rms")[at % 2], "NaN" if at == 3 else f"{2 + at / 7}"
        lines.append(f"run-{at},id{at},finished,2026-01-01T00:00:00.000Z,0.001,{norm},{at // 4},{loss},{at % 5}")
    (tmp_path / "export.csv").write_text("\n".join(lines) + "\n")
    import_runs([f"wandb:{tmp_path / 'export.csv'}"], str(into))
    table = open_store(str(into)).load()
    assert table.response.name == "val_loss"
    assert [factor.name for factor in table.factors] == ["norm"]
    assert table.replicates == ("seed",)
    assert types(into)["val_loss"] == "DOUBLE"
    assert rows(into, "count(*) FILTER (isnan(val_loss)), count(DISTINCT run_id)") == [(1, 12)]

    flat = tmp_path / "flat"
    flat.mkdir()
    for at in range(8):
        run = {"norm": "rms" if at % 2 else None, "val_loss": None if at == 2 else 1.5 + at / 9, "history": [3, 2.5]}
        (flat / f"{at}.json").write_text(json.dumps(run))
    other = tmp_path / "flat.duckdb"
    import_runs([f"json:{flat}"], str(other))
    table = open_store(str(other)).load()
    assert (table.response.name, table.factors[0].levels) == ("val_loss", ("None", "rms"))
    assert rows(other, "count(val_loss)") == [(7,)]


def test_curves_and_roles_go_on_from_one_database_to_another(tmp_path: Path, into: Path) -> None:
    store, first = tmp_path / "store", tmp_path / "first.duckdb"
    write(store, "1", {"loss_kind": 1}, {"loss": 1.0}, curves={"loss": {"steps": [1, 2], "values": [3.0, 1.0]}})
    write(store, "2", {"loss_kind": 0}, {"loss": 2.0}, curves={"acc": {"steps": [1, 2, 3], "values": [0.1, 0.2, 0.3]}})
    bring(first, store)
    for _ in range(2):
        import_runs([str(first)], str(into))
        assert rows(into, "*", "curves") == rows(first, "*", "curves")
        assert rows(into, "*", "ablate_tui_columns") == rows(first, "*", "ablate_tui_columns")
    write(store, "2", {"loss_kind": 0}, {"loss": 2.0}, curves={"acc": {"steps": [1, 2], "values": [0.1, 0.2]}})
    bring(first, store)
    import_runs([str(first)], str(into))
    assert rows(into, "*", "curves") == rows(first, "*", "curves")
    assert rows(into, "count(*)") == [(2,)]
    assert "loss_kind" in open_store(str(into)).load().positions


def test_notes_on_columns_without_a_goal_are_read_and_added_to(tmp_path: Path, into: Path) -> None:
    store = tmp_path / "store"
    write(store, "1", {"loss_kind": 1}, {"loss": 1.0})
    write(store, "2", {"loss_kind": 0}, {"loss": 2.0})
    bring(into, store)
    with duckdb.connect(str(into)) as connection:
        connection.execute("ALTER TABLE ablate_tui_columns DROP COLUMN goal")
    assert "loss_kind" in open_store(str(into)).load().positions
    write(store, "3", {"loss_kind": 0}, {"loss": 3.0})
    bring(into, store)
    assert rows(into, "DISTINCT goal", "ablate_tui_columns") == [(None,)]

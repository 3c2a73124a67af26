"""A sweep on a server gives the figures that the same sweep gives as a file; here DuckDB plays the server."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import duckdb
import numpy as np
import polars as pl
import pytest
from tests.servers import same_views, sweep_with_everything

from ablate_tui.data.addresses import without_secrets
from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.importer import import_runs
from ablate_tui.data.schema import Choices
from ablate_tui.data.servers.engines import DuckDB
from ablate_tui.data.servers.server_store import ServerStore
from ablate_tui.data.statements import QueryError
from ablate_tui.data.store import open_store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "runs.duckdb"
    frame = sweep_with_everything()
    with duckdb.connect(str(path)) as connection:
        connection.register("frame", frame.to_arrow())
        connection.execute("CREATE TABLE runs AS SELECT * FROM frame")
    return path


def server(path: Path, table: str | None = None) -> ServerStore:
    return ServerStore(DuckDB("md:here", duckdb.connect(str(path), read_only=True)), table)


@pytest.mark.parametrize(
    "choices",
    [
        Choices(),
        Choices(response="train_loss", goal="max"),
        Choices(response="val_loss + train_loss / 2"),
        Choices(fail="train_loss > 1"),
        Choices(roles={"note": "factor", "width": "covariate"}),
        Choices(roles={"seed": "factor"}),
    ],
    ids=lambda choices: choices.response or choices.fail or "-".join(choices.roles) or "guessed",
)
@pytest.mark.usefixtures("few_refits")
def test_every_view_is_the_same(file: Path, choices: Choices) -> None:
    same_views(server(file), open_store(str(file)), choices)


def test_only_the_cube_comes_over(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row a configuration; a run's other columns come when it is looked at."""
    asked: list[str] = []
    ask = DuckDB.ask

    def listen(self: DuckDB, sql: str) -> object:
        found = ask(self, sql)
        asked.append(f"{found.num_rows} {sql}")
        return found

    store = server(file)
    monkeypatch.setattr(DuckDB, "ask", listen)
    table = store.load()
    most = max(int(text.split()[0]) for text in asked if '"runs"' in text)
    assert most <= table.combinations.n < table.runs
    assert not any("note" in text for text in asked if "GROUP BY" in text and "LIMIT" not in text)
    asked.clear()
    rows = store.fetch(np.array([5, 3]))
    assert rows.columns == list(open_store(str(file)).columns)
    assert len(asked) == 1
    store.load(Choices(response="train_loss"))
    assert len(asked) <= 3


def test_rows_come_in_the_order_asked_for(file: Path) -> None:
    store = server(file)
    table = store.load()
    index = np.random.default_rng(0).permutation(table.runs)
    rows = store.fetch(index)
    y = np.where(np.isfinite(table.y), table.y, -1.0)[index]
    got = rows["val_loss"].cast(pl.Float64).fill_null(-1.0).to_numpy()
    np.testing.assert_array_equal(np.where(np.isfinite(got), got, -1.0), y)
    assert store.fetch(np.zeros(0, dtype=np.int64)).height == 0


def test_tables_that_were_loaded_before_know_their_runs_by_the_same_places(file: Path) -> None:
    """A factor as the response changes by what the runs come over, not where they stand."""
    store = server(file)
    table = store.load()
    before = store.fetch(np.arange(table.runs))
    other = store.load(Choices(response="gate"))
    assert "gate" not in other.positions
    assert store.fetch(np.arange(table.runs)).equals(before, null_equal=True)
    again = store.load()
    np.testing.assert_array_equal(again.y, table.y)
    np.testing.assert_array_equal(again.codes, table.codes)


def test_a_persons_query_goes_to_the_server(file: Path) -> None:
    """All columns are there, in its SQL; nothing can be changed."""
    store = server(file)
    store.load()
    assert store.dialect == "DuckDB"
    sql = f"SELECT count(DISTINCT note), count(*) FROM {store.runs_table}"
    assert store.answer(sql, Event()).rows == ((40, 700),)
    for text, said in (
        ("DELETE FROM runs", "DELETE is not for here"),
        ("WITH x AS (DELETE FROM runs RETURNING *) FROM x", "read-only"),
        ("SELECT nots FROM runs", 'Candidate bindings: "note"'),
    ):
        with pytest.raises(QueryError, match=said):
            store.answer(text, Event())
    assert store.answer(sql, Event()).rows == ((40, 700),)


def test_what_is_wrong_is_told_in_one_line(file: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "CREATE TABLE other AS SELECT 1 AS a; CREATE SCHEMA s; CREATE TABLE s.runs AS FROM runs LIMIT 0"
        )
    with pytest.raises(UsageError, match=r'no table "rums" in md:here; did you mean "runs"'):
        server(file, "rums")
    with pytest.raises(SourceError, match="holds no runs"):
        server(file, "s.runs")
    store = server(file)
    with pytest.raises(UsageError, match=r'"nope \+ 1" is neither a column nor SQL that works there'):
        store.load(Choices(response="nope + 1"))
    with pytest.raises(UsageError, match="neither a column nor SQL"):
        store.load(Choices(response="1); DROP TABLE runs; --"))
    assert store.load().runs > 0
    with duckdb.connect(str(tmp_path / "empty.duckdb")):
        pass
    with pytest.raises(SourceError, match="holds no table"):
        server(tmp_path / "empty.duckdb")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("postgresql://ada:pw@db:5432/sweeps", "postgresql://ada@db:5432/sweeps"),
        ("postgresql://ada:p%40w@db/sweeps?sslmode=require&password=x", "postgresql://ada@db/sweeps"),
        ("postgresql://ada:p@w@db/sweeps", "postgresql://ada@db/sweeps"),
        ("postgresql://db", "postgresql://db"),
        ("md:sweeps?motherduck_token=abc", "md:sweeps"),
    ],
)
def test_an_address_is_shown_without_its_secrets(source: str, shown: str) -> None:
    got, secrets = without_secrets(source)
    assert got == shown
    for secret in ("pw", "p@w", "p%40w", "abc"):
        if secret in source:
            assert secret in secrets or any(secret in known for known in secrets)


def test_a_server_that_is_not_there_is_one_line() -> None:
    with pytest.raises(SourceError) as caught:
        open_store("md:sweeps?motherduck_token=abc")
    assert "motherduck extension" in str(caught.value)
    assert "abc" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_is_not_imported_and_its_password_not_shown(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="opened as it is") as caught:
        import_runs(["postgresql://ada:pw@db/sweeps"], str(tmp_path / "runs.duckdb"))
    assert "pw" not in str(caught.value)

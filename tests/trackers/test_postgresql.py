"""A sweep on a real PostgreSQL: the same figures, one GROUP BY, no secrets, no traces."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Timer
from urllib.parse import quote

import duckdb
import polars as pl
import pytest
from tests import postgres
from tests.pseudo_terminal import PseudoTerminal
from tests.servers import same_views, sweep_with_everything

from ablate_tui.data.answers import Stopped
from ablate_tui.data.errors import SourceError
from ablate_tui.data.schema import Choices
from ablate_tui.data.servers.engines import Postgres, open_engine
from ablate_tui.data.servers.server_store import ServerStore
from ablate_tui.data.statements import QueryError
from ablate_tui.data.store import open_store

dbapi = pytest.importorskip("adbc_driver_postgresql.dbapi")
if postgres.programs() is None:
    pytest.skip("no PostgreSQL server is installed", allow_module_level=True)

MANY = 1_000_000
PROGRAM = str(Path(sys.executable).with_name("ablate-tui"))


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres.running(tmp_path_factory.mktemp("server")) as found:
        address = url(found)
        with dbapi.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
            frame = sweep_with_everything()
            cursor.adbc_ingest("small", frame.to_arrow())
            cursor.execute("ALTER TABLE small ADD PRIMARY KEY (id)")
            cursor.execute("CREATE TABLE keyless AS SELECT * FROM small")
            cursor.execute("CREATE VIEW seen AS SELECT * FROM small")
            switches = ", ".join(f"(i >> {at}) % 2 = 1 AS sw{at}" for at in range(10))
            cursor.execute(
                f"CREATE TABLE runs AS SELECT i AS id, {switches}, i / 1024 AS seed, 'run ' || i AS name, "
                "2 + (i % 2) * 0.1 + sin(i * 12.9898) * 0.2::float8 AS val_loss "
                f"FROM generate_series(0, {MANY - 1}) i"
            )
            cursor.execute("ALTER TABLE runs ADD PRIMARY KEY (id)")
        yield found


def url(host: str, password: str = postgres.PASSWORD) -> str:
    return f"postgresql://{postgres.USER}:{quote(password, safe='')}@{host}/postgres"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "runs.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("frame", sweep_with_everything().to_arrow())
        connection.execute("CREATE TABLE runs AS SELECT * FROM frame")
    return path


@pytest.mark.parametrize("table", ["small", "keyless"])
@pytest.mark.parametrize(
    "choices", [Choices(), Choices(response="train_loss"), Choices(fail="train_loss > 1")], ids=["", "response", "fail"]
)
@pytest.mark.usefixtures("few_refits")
def test_every_view_is_the_same(host: str, file: Path, table: str, choices: Choices) -> None:
    same_views(open_store(url(host), table), open_store(str(file)), choices)


def test_an_expression_is_the_servers(host: str) -> None:
    table = open_store(url(host), "small").load(Choices(response="greatest(val_loss, 2.0)"))
    assert table.response.name == "greatest(val_loss, 2.0)"
    assert table.y[table.status == 0].min() == 2.0


def test_a_million_runs_come_over_as_one_row_a_configuration(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []
    ask = Postgres.ask

    def listen(self: Postgres, sql: str) -> object:
        found = ask(self, sql)
        rows.append(found.num_rows)
        return found

    monkeypatch.setattr(Postgres, "ask", listen)
    store = open_store(url(host))
    assert isinstance(store, ServerStore)
    table = store.load()
    assert (table.runs, table.combinations.n, len(table.factors), table.replicates) == (MANY, 1024, 10, ("seed",))
    assert max(rows) == 1024
    with store.engine._connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SELECT avg(val_loss), stddev_samp(val_loss) FROM runs WHERE sw0")
        ((mean, sd),) = cursor.fetchall()
    on = table.codes[table.positions["sw0"]] == 1
    assert table.y[on].mean() == pytest.approx(mean, rel=1e-12)
    assert table.y[on].std(ddof=1) == pytest.approx(sd, rel=1e-9)


def test_the_screen_on_a_million_runs(host: str) -> None:
    """The real program; the password comes from the environment and is nowhere on the screen."""
    address = f"postgresql://{postgres.USER}@{host}/postgres"
    with PseudoTerminal([PROGRAM, address], environment={"PGPASSWORD": postgres.PASSWORD}) as terminal:
        terminal.wait_for(r"1,000,000 of 1,000,000 runs")
        terminal.wait_for(r"Comparison by sw0")
        terminal.send(" ")
        terminal.wait_for(r"500,000 of 1,000,000 runs")
        terminal.send("0")
        terminal.wait_for("val_loss by place in the source")
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert postgres.PASSWORD.encode() not in terminal.raw


def test_the_password_is_never_shown(host: str, tmp_path: Path) -> None:
    environment = {**os.environ, "ABLATE_TUI_STATE": str(tmp_path)}
    for address in (url(host), url(host, "wr/ng&pw"), url(host).replace("postgres?", "gone") + "gone"):
        for arguments in (["--json"], ["--sql"], []):
            command = [PROGRAM, "show", address, "--table", "small", "--view", "compare", *arguments]
            done = subprocess.run(command, capture_output=True, text=True, env=environment)
            told = done.stdout + done.stderr
            assert "Traceback" not in told
            assert done.returncode == (0 if address == url(host) else 1)
            for password in (postgres.PASSWORD, "wr/ng&pw"):
                assert password not in told
                assert quote(password, safe="") not in told
    kept = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert postgres.PASSWORD not in kept


def test_what_cannot_be_read_is_told(host: str) -> None:
    with pytest.raises(SourceError, match="no primary key of one column"):
        open_store(url(host), "seen")
    with pytest.raises(SourceError, match=r"postgresql://ada@127.0.0.1:1/x: .*refused"):
        open_store("postgresql://ada:pw@127.0.0.1:1/x")


def test_nothing_can_be_written(host: str) -> None:
    engine = open_engine(url(host))
    with pytest.raises(SourceError, match="read-only transaction"):
        engine.ask("CREATE TABLE mine (a int)")
    with pytest.raises(SourceError):
        engine.ask("SELECT 1; DROP TABLE small")
    assert "small" in engine.tables()
    engine.close()


def test_a_persons_query(host: str) -> None:
    """Plain values and names, the place of a fault, a plan; the connection serves on after each."""
    engine = open_engine(url(host))
    found = engine.answer(
        "SELECT 1 AS a, 2.5::numeric AS d, 'nan'::float8 AS nan, NULL AS none, true AS yes, ARRAY[1, 2] AS list, "
        "'infinity'::timestamptz AS never, sum(id) AS a FROM small",
        Event(),
    )
    assert found.names == ("a", "d", "nan", "none", "yes", "list", "never", "a_1")
    assert found.numeric == (True, True, True, False, False, False, False, True)
    (row,) = found.rows
    assert (row[0], row[1], row[3], row[4], row[5], row[7]) == (1, 2.5, None, True, "[1, 2]", 700 * 699 // 2)
    plan = engine.answer("EXPLAIN SELECT count(*) FROM small", Event())
    assert "Aggregate" in str(plan.rows[0])
    many = engine.answer("SELECT * FROM small a, small b", Event())
    assert (len(many.rows), many.more) == (10_000, True)
    with pytest.raises(QueryError, match=r'HINT: .*"small\.norm"') as caught:
        engine.answer("SELECT 1,\n nor FROM small", Event())
    assert caught.value.place == (1, 1)
    for sql in (
        "DELETE FROM small",
        "WITH x AS (DELETE FROM small RETURNING *) SELECT * FROM x",
        "EXPLAIN ANALYZE DELETE FROM small",
        "SELECT 1; SELECT 2",
        "COPY small TO PROGRAM 'cat'",
        "SELECT nextval('s')",
        "SELECT 1 / (id - 600) FROM small",
    ):
        with pytest.raises(QueryError):
            engine.answer(sql, Event())
    assert engine.answer("SELECT 1 -- one", Event()).rows == ((1,),)
    engine.answer("SELECT set_config('default_transaction_read_only', 'off', false)", Event())
    setting = "SELECT current_setting('default_transaction_read_only') AS it"
    assert engine.ask(setting).to_pylist() == [{"it": "on"}]
    with pytest.raises(QueryError, match="read-only transaction"):
        engine.answer("WITH x AS (DELETE FROM small RETURNING *) SELECT * FROM x", Event())
    assert engine.answer("SELECT count(*) FROM small", Event()).rows == ((700,),)
    engine.close()


def test_a_persons_query_stops(host: str) -> None:
    engine = open_engine(url(host))
    stop = Event()
    timer = Timer(0.3, stop.set)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        engine.answer("SELECT pg_sleep(60)", stop)
    assert time.monotonic() - began < 10
    assert engine.answer("SELECT 1 AS one", Event()).rows == ((1,),)
    engine.close()


def test_rows_are_fetched_by_key(host: str) -> None:
    store = open_store(url(host))
    store.load()
    index = pl.Series([MANY - 1, 0, 4711]).to_numpy()
    rows = store.fetch(index)
    assert rows["id"].n_unique() == 3
    assert rows["name"].to_list() == [f"run {id}" for id in rows["id"].to_list()]


def test_a_lost_connection_is_made_again(host: str) -> None:
    """As after a restart of the server; the new session writes as little as the first one."""
    store = open_store(url(host), "small")
    assert isinstance(store, ServerStore)
    store.load()

    def lose() -> None:
        (row,) = store.engine.ask("SELECT pg_backend_pid() AS pid").to_pylist()
        with dbapi.connect(url(host), autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_terminate_backend({row['pid']}, 30000)")
            assert cursor.fetchall() == [(True,)]

    lose()
    assert len(store.fetch(pl.Series([1, 2]).to_numpy())) == 2
    lose()
    assert store.answer("SELECT 1 AS one", Event()).rows == ((1,),)
    with pytest.raises(SourceError, match="read-only transaction"):
        store.engine.ask("DELETE FROM small")
    with pytest.raises(SourceError, match="nothing_like_it"):
        store.engine.ask("SELECT nothing_like_it FROM small")
    store.close()

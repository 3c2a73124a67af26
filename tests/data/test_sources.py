"""What each kind of source gives, cell by cell."""

from __future__ import annotations

import gzip
import json
import math
import re
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.schema import DIVERGED, FINISHED, MISSING, Choices
from ablate_tui.data.sources import object_storage
from ablate_tui.data.store import open_store


def rows(path: Path | str) -> list[dict[str, object]]:
    store = open_store(str(path))
    try:
        return store.fetch(np.arange(store.runs)).to_dicts()
    finally:
        store.close()


def types(path: Path | str) -> dict[str, str]:
    store = open_store(str(path))
    try:
        return dict(store.columns)
    finally:
        store.close()


def database(path: Path, *statements: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


@pytest.mark.parametrize("start", [b"\x1f\x8b", b"\x1f\x8b\x08", b"\x80\x04", b"%PDF", b"PAR1", b"SQLite f"])
def test_duckdb_whatever_its_checksum(tmp_path: Path, start: bytes) -> None:
    """The first eight bytes are a checksum, the same as the start of any other kind once in a while.

    The checksum of a block is 5381, XOR each of its 64-bit words times an odd number: a word in the empty end of the
    first block makes it what is wanted. (DuckDB, src/common/checksum.cpp; it refuses a file whose checksum is wrong.)
    """
    path = database(tmp_path / "runs.duckdb", "CREATE TABLE runs AS SELECT 1 AS a, 2.5 AS loss")
    content = bytearray(path.read_bytes())
    checksum = int.from_bytes(content[:8], "little")
    wanted = int.from_bytes(start + content[len(start) : 8], "little")
    assert not any(content[4088:4096])
    word = (checksum ^ wanted) * pow(0xBF58476D1CE4E5B9, -1, 2**64) % 2**64
    content[:8], content[4088:4096] = wanted.to_bytes(8, "little"), word.to_bytes(8, "little")
    path.write_bytes(content)
    assert rows(path) == [{"a": 1, "loss": 2.5}]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_dialects(tmp_path: Path, delimiter: str, ending: str, mark: str) -> None:
    lines = [["norm", "a,b;c|d", "loss"], ["none", '"x\ny"', "1.5"], ['"say ""hi"""', "it's", "2"]]
    lines[0][1] = f'"{lines[0][1]}"'
    path = tmp_path / "runs.csv"
    path.write_bytes((mark + ending.join(delimiter.join(line) for line in lines)).encode())
    assert rows(path) == [
        {"norm": "none", "a,b;c|d": "x\ny", "loss": 1.5},
        {"norm": 'say "hi"', "a,b;c|d": "it's", "loss": 2.0},
    ]


def test_csv_types_hold_for_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    body = "".join(f"{i},{i},true,7\n" for i in range(30_000))
    path.write_text("late_text,late_real,late_gap,code\n" + body + "none,1.5,None,007\n")
    assert types(path) == {
        "late_text": "VARCHAR",
        "late_real": "DOUBLE",
        "late_gap": "BOOLEAN",
        "code": "VARCHAR",
    }
    assert rows(path)[-1] == {"late_text": "none", "late_real": 1.5, "late_gap": None, "code": "007"}


def test_csv_missing_diverged_and_words(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("norm,loss,steps\nnone,1.5,3\n,NaN,NA\nyes,inf,4\nno,,5\nnull,-Infinity,None\n")
    store = open_store(str(path))
    table = store.load(Choices())
    assert table.status.tolist() == [FINISHED, DIVERGED, DIVERGED, MISSING, DIVERGED]
    assert [row["norm"] for row in rows(path)] == ["none", None, "yes", "no", "null"]
    assert [row["steps"] for row in rows(path)] == [3, None, 4, 5, None]
    assert '"steps": 2 cells such as NA or None are read as missing' in table.notes
    loss = [row["loss"] for row in rows(path)]
    assert math.isnan(loss[1])  # type: ignore[arg-type]
    assert loss[2:] == [math.inf, None, -math.inf]


def test_csv_header_names(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text('N,n,"a\nb",val/loss,,N\n1,2,3,4,5,6\n')
    store = open_store(str(path))
    assert list(store.columns) == ["N", "n_2", "a\nb", "val/loss", "column4", "N_3"]
    assert any('column "n" is read as "n_2"' in note for note in store.notes)


def test_gzipped_csv_whatever_its_name(tmp_path: Path) -> None:
    for name in ("runs.csv.gz", "runs.csv"):
        (tmp_path / name).write_bytes(gzip.compress(b"a,loss\n1,2\n"))
        assert rows(tmp_path / name) == [{"a": 1, "loss": 2}]


def test_tsv(tmp_path: Path) -> None:
    (tmp_path / "runs.tsv").write_text("a\tloss\n1,5\t2\n")
    assert rows(tmp_path / "runs.tsv") == [{"a": "1,5", "loss": 2}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,loss\n1,2\n1,2,3\n", "line 3: 3 values where the header has 2"),
        ("a,loss\n1,2\n1\n", "line 3: 1 values where the header has 2"),
        ('a,loss\n1,"2\n', "a quote is opened and never closed"),
        ("a,loss\r\n1,2\n1,3\r\n", "its lines end in different ways"),
    ],
)
def test_csv_that_does_not_fit(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_bytes(content.encode())
    with pytest.raises(SourceError, match=message):
        open_store(str(path))


def test_csv_that_is_not_utf8(tmp_path: Path) -> None:
    for content in (b"a,loss\n\xe9t\xe9,2\n", b"\xe9t\xe9,loss\n1,2\n"):
        (tmp_path / "runs.csv").write_bytes(content)
        with pytest.raises(SourceError, match="not UTF-8"):
            open_store(str(tmp_path / "runs.csv"))
    (tmp_path / "runs.csv").write_text("a,loss\n1,2\n", encoding="utf-16")
    with pytest.raises(SourceError, match="UTF-16"):
        open_store(str(tmp_path / "runs.csv"))


def test_json_lines_as_python_writes_them(tmp_path: Path) -> None:
    runs = [
        {"on": True, "val_loss": 1.5, "history": [2.0, 1.5]},
        {"on": False, "val_loss": math.nan, "history": [2.0, math.nan]},
        {"on": False, "val_loss": math.inf, "late": "x"},
        {"on": True, "val_loss": None},
    ]
    path = tmp_path / "runs.jsonl"
    path.write_text("".join(json.dumps(run) + "\n" for run in runs))
    store = open_store(str(path))
    table = store.load(Choices())
    assert table.status.tolist() == [FINISHED, DIVERGED, DIVERGED, MISSING]
    assert [f.name for f in table.factors] == ["on"]
    assert store.columns["history"] == "DOUBLE[]"
    assert [row["late"] for row in rows(path)] == [None, None, "x", None]


def test_json_lines_with_nan_as_a_text(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    path.write_text('{"loss": 1.5, "act": "relu"}\n{"loss": "NaN", "act": 3}\n{"loss": null, "act": null}\n')
    assert types(path) == {"loss": "DOUBLE", "act": "VARCHAR"}
    assert [row["act"] for row in rows(path)] == ["relu", "3", None]
    assert open_store(str(path)).load(Choices()).status.tolist() == [FINISHED, DIVERGED, MISSING]


@pytest.mark.parametrize("packed", [False, True])
def test_json_lines_cut_short(tmp_path: Path, packed: bool) -> None:
    content = b'{"a": 1, "loss": 1.5}\n{"a": 0, "loss": NaN}\n{"a": 1, "lo'
    path = tmp_path / ("runs.jsonl.gz" if packed else "runs.jsonl")
    path.write_bytes(gzip.compress(content) if packed else content)
    store = open_store(str(path))
    assert store.runs == 2
    assert store.notes == (f'"{path.name}": the last line is cut short and left out',)


def test_json_that_is_broken_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    path.write_text('{"a": 1, "loss": 1.5}\nwhat\n{"a": 1, "loss": 2}\n')
    with pytest.raises(SourceError, match=r"line 2: not a JSON object"):
        open_store(str(path))


def test_json_array(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    path.write_text('[{"a": 1,\n "loss": 1.5}, {"a": 0, "loss": NaN}]')
    assert open_store(str(path)).runs == 2
    path.write_text("[1, 2]")
    with pytest.raises(SourceError, match="holds no JSON objects"):
        open_store(str(path))


def test_parquet_with_names_that_differ_by_case(tmp_path: Path) -> None:
    path = tmp_path / "runs.parquet"
    pl.DataFrame({"a": [1, 0], "A": [2, 3], "loss": [1.0, 2.0]}).write_parquet(path)
    store = open_store(str(path))
    assert store.fetch(np.array([0])).row(0) == (1, 2, 1.0)
    assert len(store.notes) == 1
    assert "differ by case" in store.notes[0]


def test_folder_and_glob_in_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("loss,norm\n2,none\n")
    (tmp_path / "a.csv").write_text("loss,act\n1.5,relu\n")
    (tmp_path / ".hidden.csv").write_text("loss\n9\n")
    (tmp_path / "README.md").write_text("words")
    expected = [{"loss": 1.5, "act": "relu", "norm": None}, {"loss": 2.0, "act": None, "norm": "none"}]
    assert rows(tmp_path) == expected
    assert rows(f"{tmp_path}/*.csv") == expected
    assert open_store(str(tmp_path)).table == tmp_path.name
    (tmp_path / "c.parquet").write_bytes(b"PAR1")
    with pytest.raises(SourceError, match="mixes csv and parquet files"):
        open_store(str(tmp_path))


def test_folder_of_parquet_and_of_json(tmp_path: Path) -> None:
    for kind in ("parquet", "jsonl"):
        folder = tmp_path / kind
        folder.mkdir()
        for number, frame in enumerate(
            [pl.DataFrame({"a": [1], "loss": [1]}), pl.DataFrame({"loss": [2.5], "b": ["x"]})]
        ):
            path = folder / f"{number}.{kind}"
            frame.write_parquet(path) if kind == "parquet" else frame.write_ndjson(path)
        assert rows(folder) == [{"a": 1, "loss": 1.0, "b": None}, {"a": None, "loss": 2.5, "b": "x"}]


@pytest.mark.parametrize("name", ["a[1].csv", "what?.csv", "a*b.csv", "it's.csv", "损失 ü.csv"])
def test_file_names_are_no_patterns(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("a,loss\n1,2\n")
    (tmp_path / "a1.csv").write_text("a,loss\n8,9\n")
    assert rows(tmp_path / name) == [{"a": 1, "loss": 2}]


def test_lists_as_text_become_lists(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(
        'h,words,mixed\n"[3.1, NaN]","[\'a\', \'b\']","[1, 2]"\n"[]","[\'c\']",none\n,,\n"[ -1e3,null,inf ]",x,\n'
    )
    assert types(path) == {"h": "DOUBLE[]", "words": "VARCHAR", "mixed": "VARCHAR"}
    assert open_store(str(path)).query("SELECT h[-1] AS y FROM runs")["y"].to_list()[2:] == [None, math.inf]
    base = database(
        tmp_path / "r.duckdb",
        "CREATE TABLE runs AS SELECT * FROM (VALUES (true, '[3, 2.5]'), (false, '[1]')) t(sw, val_loss)",
    )
    table = open_store(str(base)).load(Choices())
    assert table.y.tolist() == [2.5, 1.0]
    with duckdb.connect(str(base)) as connection:  # the SQL holds for the source too, where it is a text
        assert connection.execute(f"SELECT {table.response.sql} FROM runs").fetchall() == [(2.5,), (1.0,)]


def test_database_chooses_runs_then_the_only_table(tmp_path: Path) -> None:
    base = database(tmp_path / "r.duckdb", "CREATE TABLE other AS SELECT 1 AS a, 2.0 AS loss")
    assert open_store(str(base)).table == "other"
    database(base, 'CREATE SCHEMA s; CREATE VIEW s."odd ""name" AS SELECT a, loss + 1 AS loss FROM other')
    with pytest.raises(UsageError, match=r'several tables.*--table.*"other"'):
        open_store(str(base))
    assert open_store(str(base), 's.odd "name').load(Choices()).y.tolist() == [3.0]
    with pytest.raises(UsageError, match='did you mean "other"'):
        open_store(str(base), "othr")
    database(base, "CREATE TABLE runs AS SELECT 1 AS a, 9.0 AS loss")
    assert open_store(str(base)).load(Choices()).y.tolist() == [9.0]


def test_database_is_known_by_content_not_by_suffix(tmp_path: Path) -> None:
    database(tmp_path / "x.duckdb", "CREATE TABLE runs AS SELECT 1 AS a, 9.0 AS loss").rename(tmp_path / "sweep")
    assert open_store(str(tmp_path / "sweep")).runs == 1


def test_table_of_a_flat_file_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,loss\n1,2\n")
    with pytest.raises(UsageError, match="has no tables"):
        open_store(str(tmp_path / "a.csv"), "runs")


@pytest.mark.parametrize(
    "statements",
    [
        ("CREATE VIEW runs AS SELECT * FROM read_csv({secret})",),
        ("CREATE VIEW inner_ AS SELECT * FROM read_csv({secret})", "CREATE VIEW runs AS SELECT * FROM inner_"),
        ("CREATE MACRO m() AS TABLE SELECT * FROM read_csv({secret})", "CREATE VIEW runs AS SELECT * FROM m()"),
        ("CREATE VIEW runs AS SELECT content, 1 AS loss FROM read_text({secret})",),
        ("CREATE VIEW runs AS SELECT file, 1 AS loss FROM glob({secret})",),
    ],
    ids=["view", "nested", "macro", "text", "glob"],
)
@pytest.mark.parametrize("gone", [False, True])
def test_view_that_reads_files_is_refused(tmp_path: Path, statements: tuple[str, ...], gone: bool) -> None:
    """Whatever it reads by, also from a copy; whether the file is there is not told."""
    secret = tmp_path / "secret.csv"
    secret.write_text("a,loss\n1,2\n")
    base = database(tmp_path / "r.duckdb", *(text.format(secret=f"'{secret}'") for text in statements))
    if gone:
        secret.unlink()
    for aside in (False, True):
        with pytest.raises(SourceError, match=r'view "runs" .* reads files and is refused') as caught:
            open_store(str(base), aside=aside)
        assert "\n" not in str(caught.value)


def test_sql_in_memory_reaches_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a,loss\n1,2\n")
    store = open_store(str(tmp_path / "secret.csv"))
    for sql in (
        f"FROM '{tmp_path}/secret.csv'",
        f"COPY runs TO '{tmp_path}/out.csv'",
        "SET enable_external_access=true",
    ):
        with pytest.raises(duckdb.Error):
            store.query(sql)
    assert not (tmp_path / "out.csv").exists()


HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE IF NOT EXISTS runs AS SELECT 1 AS a, 2.0 AS loss")
print("open", flush=True)
sys.stdin.read()
"""


def test_a_held_file_is_retried_then_read_from_a_copy_that_names_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the other process has committed is there, also where it is in the log of changes alone."""
    path = tmp_path / "r.duckdb"
    pauses: list[float] = []
    sleep = time.sleep

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        sleep(seconds)

    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        monkeypatch.setattr("ablate_tui.data.engine.time.sleep", pause)
        store = open_store(str(path))
        assert store.runs == 1
        (note,) = store.notes
        assert re.search(rf"is held by \S+ \(process {process.pid}\): what it has written so far is shown", note)
        assert "\n" not in note
        assert 1.5 < sum(pauses) < 3
        assert store.path == str(path)
        # let go of while it is retried
        monkeypatch.setattr("ablate_tui.data.engine.time.sleep", lambda seconds: process.communicate(""))
        assert open_store(str(path)).notes == ()


WRITE = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE runs (a INTEGER, loss DOUBLE)")
print("open", flush=True)
for at in range(1, 100_000):
    connection.execute("INSERT INTO runs SELECT ?, ? FROM range(?)", [at, at, at])
    if at % 7 == 0:
        connection.execute("CHECKPOINT")
    time.sleep(0.15)
"""


def test_copies_beside_a_writer_are_of_one_moment(tmp_path: Path) -> None:
    """Each transaction adds as many equal rows as its number: a torn copy would show some of them."""
    path = tmp_path / "r.duckdb"
    with subprocess.Popen([sys.executable, "-c", WRITE, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        seen = 0
        while seen < 12:
            try:
                store = open_store(str(path), aside=True)
            except SourceError as error:
                if not re.search("holds no runs|without a pause", str(error)):
                    raise
                continue
            found = store.query("SELECT a, count(*) AS n FROM runs GROUP BY a ORDER BY a")
            assert found["a"].to_list() == found["n"].to_list() == list(range(1, len(found) + 1))
            seen = max(seen, len(found))
        process.kill()


def test_another_process_can_write_while_the_store_is_open(tmp_path: Path) -> None:
    path = database(tmp_path / "r.duckdb", "CREATE TABLE runs AS SELECT 1 AS a, 2.0 AS loss")
    store = open_store(str(path))
    code = "import sys, duckdb; duckdb.connect(sys.argv[1]).execute('INSERT INTO runs VALUES (0, 3.0)')"
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    assert store.runs == 1
    assert open_store(str(path)).runs == 2


def test_object_storage_without_the_extension_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA1234")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush/hush")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(SourceError) as caught:
        open_store("s3://bucket/sweep/*.parquet")
    told = str(caught.value)
    # where the extension is installed, nothing answers at that address
    assert "INSTALL httpfs" in told or "can't be read" in told
    assert not re.search("AKIA1234|hush|\n", told)


def test_keys_of_the_environment_reach_the_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "it's")
    monkeypatch.setenv("AWS_REGION", "eu-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://minio:9000")
    assert object_storage._secret() == (
        "CREATE OR REPLACE TEMPORARY SECRET ablate_tui (TYPE s3, KEY_ID 'me', SECRET 'it''s', REGION 'eu-1', "
        "ENDPOINT 'minio:9000', URL_STYLE 'path', USE_SSL false)"
    )
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert object_storage._secret() == ""

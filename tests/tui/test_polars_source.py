"""The Polars code of every view: it runs, and gives what the view's SQL gives."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from ablate_tui.data.errors import AblateError
from ablate_tui.data.schema import Choices
from ablate_tui.queries.slices import Slice, Versus
from ablate_tui.tui import cli
from ablate_tui.tui.polars_source import polars_code
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.registry import VIEWS

QUOTES, LINES, PATTERN = 'it\'s "quoted"', "two\nlines \\n", "^p.*$"
COUNTED = [name for name in VIEWS if name not in ("findings", "importance", "dependence", "halfnormal")]


def biting() -> pl.DataFrame:
    """Names and levels of all kinds, NULL and NaN among them; and a factor that has a name of the figures'."""
    rng = np.random.default_rng(3)
    rows = []
    for quotes, lines, pattern, rate, seed in itertools.product(
        ("a'b", 'c"d'), (True, False), ("正\n負", "x,y", "=; -- {}", None), (0.1, 1e-05, math.nan), range(2)
    ):
        loss = 2 + (quotes == "a'b") * 0.5 + (rate == 0.1) * 0.2 + rng.normal(0, 0.1)
        rows.append((quotes, lines, pattern, rate, seed, 1 + seed, loss))
    frame = pl.DataFrame(rows, schema=[QUOTES, LINES, PATTERN, "level", "seed", "y", "val loss"], orient="row")
    values = frame["val loss"].to_list()
    values[3], values[10], values[11] = math.nan, math.inf, None
    return frame.with_columns(pl.Series("val loss", values))


def written(folder: Path, kind: str, frame: pl.DataFrame) -> Path:
    """The frame as a file."""
    path = folder / f"it's {kind}.{kind}"
    if kind == "parquet":
        frame.write_parquet(path)
    elif kind == "csv":
        frame.write_csv(path)
    else:
        with duckdb.connect(str(path)) as connection:
            connection.register("frame", frame.to_arrow())
            connection.execute("CREATE TABLE runs AS FROM frame")
    return path


def tables(session: Session, name: str, look: Look) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the code leaves, and what the SQL gives."""
    space: dict[str, Any] = {}
    exec(compile(polars_code(session, VIEWS[name], look), name, "exec"), space)
    connection = duckdb.connect()
    if session.store.origin is None:
        connection = duckdb.connect(session.store.path, read_only=True)
    with connection:
        found = connection.sql(session.sql(VIEWS[name], look)).pl()
    if "source" in space:
        space["source"].close()
    return space["table"], found


def same(got: pl.DataFrame, wanted: pl.DataFrame) -> None:
    """The same rows, in any order, and the same columns, but for the names' capitals."""
    assert got.columns == wanted.columns
    assert got.height == wanted.height

    def ordered(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
        return sorted(frame.rows(), key=lambda row: [f"{v:.9g}" if isinstance(v, float) else str(v) for v in row])

    for ours, theirs in zip(ordered(got), ordered(wanted), strict=True):
        for one, other in zip(ours, theirs, strict=True):
            if isinstance(other, float):
                assert one == pytest.approx(other, rel=1e-12, nan_ok=True)
            else:
                assert one == other


@pytest.mark.parametrize("contrast", [None, QUOTES, PATTERN, "level"])
@pytest.mark.parametrize("kind", ["parquet", "csv", "duckdb"])
def test_polars_and_sql_agree_on_biting_names(tmp_path: Path, kind: str, contrast: str | None) -> None:
    """Counts, means, quantiles, SDs and cells, inside a filter of levels that bite, and in all runs."""
    choices = Choices(response="val loss", roles={"level": "factor", "y": "ignored", PATTERN: "factor"})
    session = Session.open(str(written(tmp_path, kind, biting())), choices, keep=False)
    table = session.table(None, None)
    filters = {PATTERN: ("正\n負", "x,y"), LINES: ("true",)}
    filters = {name: levels for name, levels in filters.items() if name != contrast}
    for name in COUNTED:
        for slice_ in (Slice.of(table, filters, contrast), Slice.of(table, {}, contrast)):
            same(*tables(session, name, Look(slice=slice_)))
    session.close()


@pytest.mark.parametrize("name", ["findings", "importance", "dependence", "halfnormal"])
def test_what_is_computed_from_the_runs_comes_as_its_input(tmp_path: Path, name: str) -> None:
    """And the code says so."""
    session = Session.open(str(written(tmp_path, "parquet", biting())), Choices(response="val loss"), keep=False)
    look = Look(slice=Slice.of(session.table(None, None), {QUOTES: ("a'b",)}))
    got, wanted = tables(session, name, look)
    assert "computed from these rows" in polars_code(session, VIEWS[name], look)
    same(got, wanted)
    session.close()


@pytest.mark.parametrize(("kind", "reader"), [("parquet", "pl.scan_parquet("), ("csv", "CREATE OR REPLACE TEMP TABLE"),
                                              ("duckdb", "read_only=True")])  # fmt: skip
def test_the_source_is_read_by_its_kind(tmp_path: Path, kind: str, reader: str) -> None:
    """Parquet with Polars where texts and response are as they stand there; all else with DuckDB."""
    plain = biting().drop("level")
    session = Session.open(str(written(tmp_path, kind, plain)), Choices(response="val loss"), keep=False)
    assert reader in polars_code(session, VIEWS["compare"], Look())
    for name in ("compare", "effects"):
        same(*tables(session, name, Look(slice=Slice(contrast=QUOTES))))
    session.close()


def test_a_response_in_sql_and_two_slices(tmp_path: Path) -> None:
    """An expression is DuckDB's to compute; two slices stand below each other."""
    choices = Choices(response='log("val loss" + 1)')
    session = Session.open(str(written(tmp_path, "parquet", biting())), choices, keep=False)
    table = session.table(None, None)
    versus = Versus(Slice.of(table, {LINES: ("false",)}).filters)
    look = Look(slice=Slice.of(table, {LINES: ("true",)}, QUOTES), versus=versus)
    for name in ("compare", "effects"):
        got, wanted = tables(session, name, look)
        assert set(got["slice"]) == {"A", "B"}
        same(got, wanted)
    session.close()


@pytest.mark.parametrize("name", ["compare", "curves"])
def test_curves_of_a_list_and_the_command_line(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`show --polars` prints it."""
    history = pl.concat_list("val loss", pl.col("val loss") / 2).alias("history")
    frame = biting().with_columns(history)
    path = written(tmp_path, "parquet", frame)
    capsys.readouterr()
    arguments = ["show", str(path), "--view", name, "--contrast", QUOTES, "--response", "list_min(history)"]
    assert cli.main([*arguments, "--polars"]) == 0
    space: dict[str, Any] = {}
    exec(capsys.readouterr().out, space)
    assert cli.main([*arguments, "--sql"]) == 0
    with duckdb.connect() as connection:
        same(space["table"], connection.sql(capsys.readouterr().out).pl())
    assert space["table"].height == (2 if name == "compare" else 4)


def test_a_server_has_none() -> None:
    """It says what there is in its place."""

    class OnAServer:
        class store:
            path = "postgresql://ada@host/sweeps"

    with pytest.raises(AblateError, match="the SQL of this view"):
        polars_code(OnAServer(), VIEWS["compare"], Look())  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["parquet", "csv", "duckdb"])
def test_curves_in_texts_and_a_blank_name_are_read_again(tmp_path: Path, kind: str) -> None:
    """Of lists as texts DuckDB makes no lists by itself, and a blank name in a CSV file it takes for none."""
    frame = pl.DataFrame({
        " ": ["off", "on"] * 6,
        "seed": [at // 2 for at in range(12)],
        "loss_history": [f"[{3 - at / 100}, {'nan' if at == 3 else 2 - at / 50}]" for at in range(12)],
    })  # fmt: skip
    session = Session.open(str(written(tmp_path, kind, frame)), Choices(), keep=False)
    look = Look(slice=Slice.of(session.table(None, None), {}, " "))
    for name, rows in (("curves", 4), ("compare", 2)):
        got, wanted = tables(session, name, look)
        same(got, wanted)
        assert wanted.height == rows
    levels = {row["level"]: row["n"] for row in tables(session, "compare", look)[1].to_dicts()}
    assert levels == {"off": 6, "on": 5}
    session.close()


def test_a_name_that_reads_as_a_pattern_is_a_name(tmp_path, runs):
    """The file itself is read, and not the one that the pattern finds."""
    frame = pl.read_parquet(runs)
    frame.write_parquet(tmp_path / "runs[1].parquet")
    frame.head(30).write_parquet(tmp_path / "runs1.parquet")
    session = Session.open(str(tmp_path / "runs[1].parquet"), Choices(), keep=False)
    assert "glob=False" in polars_code(session, VIEWS["effects"], Look())
    same(*tables(session, "effects", Look()))
    session.close()

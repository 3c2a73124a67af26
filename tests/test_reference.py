"""The real sweeps, named and nothing else, against their published answers: from the file to the JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ablate_tui.data.schema import Choices
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.show import document
from ablate_tui.tui.views.registry import VIEWS

from .conftest import SHARED
from .queries.test_effects import ANSWER, PAIRED, agree

SWEEPS = ("att_norm", "att_norm_raw", "llvm", "npk")

pytestmark = pytest.mark.skipif(not (SHARED / "answers.json").exists(), reason="the real sweeps are not here")


@pytest.fixture(params=["csv", "duckdb"])
def source(request: pytest.FixtureRequest, tmp_path: Path, name: str) -> Path:
    """A sweep's CSV itself, or a DuckDB file that DuckDB made of it."""
    path = SHARED / f"{name}.csv"
    if request.param == "csv":
        return path
    made = tmp_path / "runs.duckdb"
    with duckdb.connect(str(made)) as connection:
        connection.execute(f"CREATE TABLE runs AS SELECT * FROM '{path}'")
    return made


def answers(name: str) -> tuple[str, dict[str, Any]]:
    """The one response of a sweep and what is known of it."""
    known = json.loads((SHARED / "answers.json").read_text())[name.removesuffix("_raw")]["responses"]
    ((response, wanted),) = known.items()
    return response, wanted


def check(effects: dict[str, Any], name: str) -> None:
    """Every answer that has a field, and no row without an answer."""
    response, wanted = answers(name)
    assert (effects["response"], effects["goal"]) == (response, wanted["goal"])
    assert effects["source"]["runs"] == effects["slice"]["runs"] == wanted["n"] + wanted["n_bad"]
    assert (effects["slice"]["diverged"], effects["slice"]["missing"]) == (wanted["n_bad"], 0)
    rows = {(row["switch"], row["on"]): row for row in effects["rows"]}
    checked = set()
    for switch, figures in wanted["two_level"].items():
        row = rows[switch, str(figures["on"])]
        assert row["off"] == str(figures["off"])
        checked.add((switch, str(figures["on"])))
        for key, field in ANSWER.items():
            agree(row[field], figures[key], f"{switch}.{field}")
        for key, field in PAIRED.items():
            if "paired" in figures:
                agree(row[field], figures["paired"][key], f"{switch}.{field}")
        if "paired" not in figures:
            assert row["pairs"] == 0
    for factor, figures in wanted["multi_level"].items():
        for level, against_rest in figures["level_vs_rest"].items():
            row = rows[factor, level]
            assert row["off"] == "rest"
            checked.add((factor, level))
            for key, field in ANSWER.items():
                agree(row[field], against_rest[key], f"{factor}={level}.{field}")
            agree(row["kruskal_p"], figures["kruskal_p"], "kruskal_p")
            agree(row["omnibus_brown_forsythe_p"], figures["bf_p"], "omnibus_brown_forsythe_p")
    assert checked == set(rows)


@pytest.mark.parametrize("name", SWEEPS)
def test_effects_compare_and_best(name: str, source: Path) -> None:
    """Roles, response, goal and which level is on are guessed as the answers have them."""
    _, wanted = answers(name)
    session = Session.open(str(source), Choices(), keep=False)
    check(document(session, Look(), VIEWS["effects"]), name)

    (row,) = document(session, Look(), VIEWS["compare"])["rows"]
    for key, field in (
        ("n", "n"),
        ("mean", "mean"),
        ("median", "median"),
        ("std", "sd"),
        ("min", "min"),
        ("max", "max"),
    ):
        agree(row[field], wanted[key], field)
    for factor, figures in wanted["multi_level"].items():
        look = Look(slice=session.sample(Look()).slice.contrasted(session.table(None, None), factor))
        levels = {row["level"]: row for row in document(session, look, VIEWS["compare"])["rows"]}
        assert set(levels) == set(figures["levels"])
        for level, of in figures["levels"].items():
            for key, field in (("n", "n"), ("mean", "mean"), ("median", "median"), ("std", "sd")):
                agree(levels[level][field], of[key], f"{factor}={level}.{field}")

    best = document(session, Look(), VIEWS["best"])
    assert best["k"] == wanted["k_best10"] == wanted["n_best10_ties"]
    shares = {(row["switch"], row["level"]): row for row in best["rows"]}
    for switch, figures in wanted["two_level"].items():
        row = shares[switch, str(figures["on"])]
        agree(row["share"], figures["share_on_best10"], f"best {switch}")
        agree(row["base"], figures["share_on_all"], f"best {switch}")
    session.close()


@pytest.mark.parametrize("name", SWEEPS)
def test_as_a_process(name: str) -> None:
    """`ablate-tui show FILE --view effects --json`."""
    command = [
        sys.executable,
        "-m",
        "ablate_tui",
        "show",
        str(SHARED / f"{name}.csv"),
        "--view",
        "effects",
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    check(json.loads(done.stdout), name)

"""`show --versus`: two slices on the command line."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import polars as pl
import pytest
from tests.conftest import sweep

from ablate_tui.data.schema import Choices
from ablate_tui.queries.slices import Slice
from ablate_tui.tui import cli, saved
from ablate_tui.tui.saved import Saved
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.registry import VIEWS


@pytest.fixture
def show(capsys, runs):
    """`ablate-tui show` on the small sweep: what it prints."""

    def call(view: str, *arguments: str) -> str:
        assert cli.main(["show", str(runs), "--view", view, *arguments]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return out

    return call


@pytest.fixture
def fails(capsys, runs):
    """The line that it ends with."""

    def call(*arguments: str) -> str:
        assert cli.main([*arguments[:1], str(runs), *arguments[1:]]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        (line,) = err.splitlines()
        return line

    return call


def values(**filters: bool) -> np.ndarray:
    """Finished losses of the runs with some switches so."""
    frame = sweep().filter(pl.col("val_loss").is_finite(), *(pl.col(name) == state for name, state in filters.items()))
    return frame["val_loss"].to_numpy()


def test_json_adds_one_key(show):
    """Nothing of one slice's object changes but what the common bins and grid are; B has fields of the same names."""
    one = json.loads(show("compare", "--json", "--set", "use_gate=on", "--contrast", "use_norm"))
    two = json.loads(
        show("compare", "--json", "--set", "use_gate=on", "--contrast", "use_norm", "--versus", "use_gate=off")
    )
    assert list(two) == [*one, "versus"]
    assert {key for key in one if one[key] != two[key]} <= {"histogram", "kde"}
    versus = two["versus"]
    assert (versus["name"], versus["set"], versus["shared_runs"]) == (None, {"use_gate": ["false"]}, 0)
    assert versus["histogram"]["edges"] == two["histogram"]["edges"]
    assert versus["kde"]["x"] == two["kde"]["x"]
    for rows, gate in ((two["rows"], True), (versus["rows"], False)):
        for row, norm in zip(rows, (False, True), strict=True):
            wanted = values(use_gate=gate, use_norm=norm)
            assert (row["n"], row["mean"]) == (len(wanted), pytest.approx(wanted.mean()))
            assert row["sd"] == pytest.approx(wanted.std(ddof=1))
    effect = values(use_gate=False, use_norm=True).mean() - values(use_gate=False, use_norm=False).mean()
    assert versus["mean_diff"] == pytest.approx(effect)


def test_effects_of_two(show):
    """The rows of A as without B; the differences, with intervals, beside those of B."""
    arguments = ("effects", "--json", "--set", "use_gate=on")
    one, two = json.loads(show(*arguments)), json.loads(show(*arguments, "--versus", "use_gate=off"))
    assert {key: value for key, value in two.items() if key != "versus"} == one
    other = json.loads(show("effects", "--json", "--set", "use_gate=off"))
    assert two["versus"]["rows"] == other["rows"]
    differences = {row["switch"]: row for row in two["versus"]["differences"]}
    assert list(differences) == [row["switch"] for row in one["rows"]]
    norm = differences["use_norm"]
    (a,), (b,) = ([r["mean_diff"] for r in rows["rows"] if r["switch"] == "use_norm"] for rows in (one, other))
    assert norm["difference"] == pytest.approx(a - b)
    assert norm["low"] < norm["high"]
    assert differences["use_gate"]["low"] is None
    assert any(n["row"] == "use_gate" and "low" in n["field"].split() for n in two["versus"]["notes"])


@pytest.mark.parametrize("view", ["compare", "effects"])
def test_every_format_has_both(show, view, tmp_path):
    """Text, Markdown, CSV and a picture."""
    arguments = ("--set", "use_gate=on", "--contrast", "use_norm", "--versus", "use_gate=off")
    for form in ((), ("--md",)):
        out = show(view, *arguments, *form)
        assert "A: use_gate = on" in out
        assert "B: use_gate = off" in out
    rows = list(csv.DictReader(io.StringIO(show(view, *arguments, "--csv"))))
    assert [row["slice"] for row in rows] == ["A"] * (len(rows) // 2) + ["B"] * (len(rows) // 2)
    assert show(view, *arguments, "--svg", "-").startswith("<?xml")


def test_slices_that_overlap_or_are_all_runs(show):
    """It says how many runs they share, and gives no interval."""
    text = show("effects", "--set", "use_gate=on", "--versus", "")
    assert "A and B share 24 runs" in text
    assert "the slices share runs (24)" in text
    assert "Welch" not in text.partition("A and B share")[2].partition("\n")[0]


def test_a_saved_slice_by_its_name(show, fails, runs):
    """As B; its contrast is not looked at."""
    session = Session.open(str(runs), Choices(), keep=False)
    saved.keep(session, (Saved("gate off", Look(slice=Slice((("use_gate", ("false",)),), "use_bias"))),))
    session.close()
    made = json.loads(show("compare", "--json", "--contrast", "use_norm", "--versus", "gate off"))
    assert (made["versus"]["name"], made["versus"]["set"]) == ("gate off", {"use_gate": ["false"]})
    assert made["slice"]["contrast"] == "use_norm"
    assert 'no saved slice "gate on"; did you mean "gate off"' in fails(
        "show", "--view", "compare", "--versus", "gate on"
    )


@pytest.mark.parametrize("view", [name for name, view in VIEWS.items() if not view.two_slices])
def test_other_views_refuse_it(fails, view):
    """Rather than show one slice where two were asked for."""
    line = fails("show", "--view", view, "--versus", "use_gate=on")
    assert "--versus is for the views compare and effects" in line


def test_mistakes_are_one_line(fails, tmp_path):
    """A level that isn't there, a report."""
    assert 'no level "maybe"' in fails("show", "--view", "compare", "--versus", "use_gate=maybe")
    assert 'no switch "x"' in fails("show", "--view", "compare", "--versus", "x=1")
    assert "leave it out of a report" in fails("report", "--out", str(tmp_path / "r"), "--versus", "use_gate=on")
    assert not (tmp_path / "r").exists()

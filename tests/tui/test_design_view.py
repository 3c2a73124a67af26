"""The design view: what its words claim, what a launcher reads, and what the panels show."""

from __future__ import annotations

import itertools
import json

import polars as pl
import pytest

from ablate_tui.data.schema import Choices, Factor
from ablate_tui.queries.slices import Slice
from ablate_tui.tui import formats
from ablate_tui.tui.figure import Bars, Cells, Points
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.show import document, text_of
from ablate_tui.tui.views import design as view
from ablate_tui.tui.views import design_panels


@pytest.fixture
def opened(tmp_path):
    """Open a frame as a session."""
    sessions = []

    def open_(frame: pl.DataFrame) -> Session:
        path = tmp_path / "case.parquet"
        frame.write_parquet(path)
        sessions.append(Session.open(str(path), Choices(response="loss"), keep=False))
        return sessions[-1]

    yield open_
    for session in sessions:
        session.close()


def factorial(names: str, runs: int = 1) -> pl.DataFrame:
    rows = list(itertools.product([False, True], repeat=len(names))) * runs
    frame = pl.DataFrame(rows, schema=list(names), orient="row")
    return frame.with_columns(
        loss=pl.Series([3 + 0.001 * i for i in range(len(rows))]),
        seed=pl.Series([i // 2 ** len(names) for i in range(len(rows))]),
    )


def told(session: Session, look: Look | None = None) -> str:
    return text_of(session, look or Look(), "design", "text")


def shown(session: Session):
    inputs = session.inputs(Look())
    figure = view.figure(view.read(inputs), inputs)
    return {panel.name: panel for panel in figure.panels}, figure


def test_a_complete_design_can_tell_everything(opened):
    session = opened(factorial("abc", 3))
    text = told(session)
    assert "8 of 8 configurations have runs, 3 each" in text
    assert "every main effect can be told from the others (no inflation)" in text
    assert "no main effect is near a two-factor interaction" in text
    assert "to run next" not in text
    panels, _ = shown(session)
    assert panels["next"].empty == "every configuration has as many runs as any other"
    assert [mark.values for mark in panels["replicates"].marks] == [(8.0,)]


def test_a_fraction_says_what_is_aliased(opened):
    session = opened(factorial("abc").filter(pl.col("c") == (pl.col("a") ^ pl.col("b"))))
    text = told(session)
    assert "main effects that may as well be interactions: a = −b:c, b = −a:c, c = −a:b" in text
    assert "(a shift by a looks like b and c interacting)" in text
    assert "no configuration was run twice: noise shows in residuals alone" in text
    assert "to run next: 4 configurations" in text
    assert "1. a = false, b = false, c = true: separates a from b:c, b from a:c, c from a:b" in text
    _, figure = shown(session)
    assert "1. separates a from b:c, b from a:c, c from a:b" in figure.notes


def test_equal_switches_and_unmet_levels(opened):
    frame = factorial("abc", 2).with_columns(m=pl.col("a")).filter(~(pl.col("b") & pl.col("c")))
    text = told(opened(frame))
    assert "can't be told apart, whatever the figures say: a from m" in text
    assert "no run has b = true with c = true" in text
    assert "factors that go together: b and c (−0.5)" in text
    assert "a vif: infinite: it can't be told from m" in text


def test_what_a_launcher_reads(opened):
    session = opened(factorial("abcd").filter(pl.col("d") == (pl.col("a") ^ pl.col("b") ^ pl.col("c"))))
    made = json.loads(formats.as_json(document(session, Look(), view.VIEW)))
    assert len(made["next"]) == len(made["next_reasons"]) == made["next_of"] == 8
    assert all(set(cell) == set("abcd") and set(cell.values()) <= {"true", "false"} for cell in made["next"])
    assert [set(reason) for reason in made["next_reasons"]] == [{"runs", "separates", "why", "gain"}] * 8
    assert made["alias_classes"] == [["a:b", "c:d"], ["a:c", "b:d"], ["a:d", "b:c"]]
    first = {"a": "a:b", "b": "c:d", "correlation": pytest.approx(1), "complete": True}
    assert made["term_aliases"][0] == first
    assert made["vif"] == {name: pytest.approx(1) for name in "abcd"}
    rows = text_of(session, Look(), "design", "csv").splitlines()
    assert rows[0] == "column,role,levels,n,constant,aliases"
    assert len(rows) == 1 + len(made["rows"])


def test_a_filter_fixes_what_is_not_in_next(opened):
    session = opened(factorial("abc").filter(~(pl.col("a") & pl.col("b"))))
    look = Look(slice=Slice.of(session.table(None, None), {"a": ("on",)}))
    made = document(session, look, view.VIEW)
    assert made["next"] == [{"b": "true", "c": "false"}, {"b": "true", "c": "true"}]
    assert made["slice"]["set"] == {"a": ["true"]}


def test_panels(opened):
    frame = factorial("ab", 2).with_columns(act=pl.Series(list("xyzxxyzx"))).slice(0, 7)
    session = opened(frame)
    panels, figure = shown(session)
    assert list(panels) == ["next", "balance", "correlations", "replicates"]
    bars = {mark.role: mark for mark in panels["balance"].marks if isinstance(mark, Bars)}
    assert bars["on"].values == pytest.approx((3 / 7, 3 / 7))
    assert bars["on"].texts == ("3", "3")
    even = next(mark for mark in panels["balance"].marks if isinstance(mark, Points))
    assert even.x == pytest.approx((0.5, 0.5, 1 / 3, 1 / 3, 1 / 3))
    cells = next(mark for mark in panels["correlations"].marks if isinstance(mark, Cells))
    assert [len(row) for row in cells.texts] == [3, 3, 3]
    plan = next(mark for mark in panels["next"].marks if isinstance(mark, Cells))
    first = view.read(session.inputs(Look())).next[0].configuration
    assert [row[0] for row in plan.texts] == [
        first["act"] if name == "act" else {"true": "on", "false": "off"}[first[name]]
        for _, name in panels["next"].y.ticks
    ]
    configurations = len(set(frame.select("a", "b", "act").rows()))
    assert any(note.startswith(f"{configurations} of 12 configurations") for note in figure.notes)


def test_levels_that_do_not_fit_a_column():
    """Cut where that tells them apart, else by their place."""
    factor = Factor("norm", ("none", "rms_norm", "layer_norm"))
    assert [design_panels.side(factor, level) for level in factor.levels] == ["none", "rms…", "lay…"]
    factor = Factor("norm", ("rms_norm", "rms_norm_2", "none"))
    assert [design_panels.side(factor, level) for level in factor.levels] == ["#1", "#2", "#3"]
    assert [design_panels.hundredths(value) for value in (-1.0, 1.0, -0.456, 0.999)] == ["−1", "1", "−.46", "1"]

"""The half-normal view: both plots, margins as rules, names on what stands out."""

from __future__ import annotations

import json

import polars as pl
import pytest
from tests.queries import textbooks
from tests.tui.painted import paint

from ablate_tui.data.schema import Choices
from ablate_tui.queries.slices import Slice
from ablate_tui.tui import formats
from ablate_tui.tui.figure import Line, Points, Rule
from ablate_tui.tui.painters import picture
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.show import document, result_of, text_of
from ablate_tui.tui.views.halfnormal import LABELLED, SHOWN
from ablate_tui.tui.views.registry import VIEWS

VIEW = VIEWS["halfnormal"]


@pytest.fixture
def opened(tmp_path):
    """A session on one of the textbooks' experiments, or on a frame."""
    sessions = []

    def open_(experiment, **roles) -> Session:
        frame = experiment()[0] if callable(experiment) else experiment
        path = tmp_path / "experiment.csv"
        pl.from_dict(frame.to_dict("list")).write_csv(path)
        roles = {name: "factor" for name in frame if name != "y"} | roles
        sessions.append(Session.open(str(path), Choices(response="y", goal="max", roles=roles), keep=False))
        return sessions[-1]

    yield open_
    for session in sessions:
        session.close()


def drawn(session: Session, look: Look):
    """The figure of the view."""
    return VIEW.figure(result_of(session, look, VIEW), session.inputs(look))


def test_the_figure_of_the_filtration_rate(opened):
    """Fifteen points, five named; ME and SME as rules, and the line of slope PSE."""
    session = opened(textbooks.filtration)
    figure = drawn(session, Look())
    mean, spread = figure.panels
    assert (mean.name, spread.name) == ("mean", "spread")
    assert mean.title == "mean, 5 of 15 active"
    quiet, loud = (mark for mark in mean.marks if isinstance(mark, Points))
    assert len(quiet.x) == 10
    assert loud.texts == ("A", "A:C", "A:D", "D", "C")
    assert loud.y == pytest.approx((21.625, 18.125, 16.625, 14.625, 9.875))
    rules = {mark.label: mark.at for mark in mean.marks if isinstance(mark, Rule)}
    assert rules == {"ME": pytest.approx(6.748, abs=1e-3), "SME": pytest.approx(13.699, abs=1e-3)}
    (noise,) = (mark for mark in mean.marks if isinstance(mark, Line))
    assert noise.y[1] / noise.x[1] == pytest.approx(2.625)
    assert spread.y.label == "|ln F*| of residuals"
    assert any("Pan 1999" in note for note in figure.notes)
    assert picture.render(figure, "png").startswith(b"\x89PNG")
    for size in ((46, 16), (66, 20), (146, 30)):
        painted = paint(mean, *size, colour=False)
        assert "A:C" in painted
        assert len(painted.split("\n")) == size[1]


def test_the_target_asked_for_comes_first(opened):
    """In JSON it is the only one, under the names of the contract."""
    session = opened(textbooks.panels)
    made = json.loads(formats.as_json(document(session, Look(target="spread"), VIEW)))
    assert made["target"] == "spread"
    assert list(made["rows"][0]) == ["term", "effect", "quantile", "active"]
    assert (made["rows"][0]["term"], made["rows"][0]["active"]) == ("B", True)
    assert made["me"] == pytest.approx(1.5843, abs=1e-3)
    assert [panel.name for panel in drawn(session, Look(target="spread")).panels] == ["spread", "mean"]
    text = text_of(session, Look(target="spread"), "halfnormal", "text")
    assert text.split("\n")[4].split()[:4] == ["B", "2.386", "ME", "0.875"]


def test_the_location_terms_make_the_residuals(opened):
    """As --location says them: holding time's ln F* is that of the book."""
    session = opened(textbooks.injection_moulding)
    terms = (("A",), ("B",), ("A", "B"))
    slice_ = Slice.of(session.table(None, None), {}, None, terms)
    made = document(session, Look(slice=slice_, target="spread"), VIEW)
    first = made["rows"][0]
    assert (first["term"], first["active"]) == ("C", True)
    assert first["effect"] == pytest.approx(2.50, abs=0.005)


def test_the_table_has_both_targets_by_term(opened):
    """Effect and the largest margin that it exceeds, for the mean and for ln SD."""
    session = opened(textbooks.pilot_plant, run="replicate")
    look = Look()
    table = VIEW.table(result_of(session, look, VIEW), session.inputs(look))
    assert [column.label for column in table.columns[:5]] == ["term", "on mean", "beyond", "on ln SD", "beyond"]
    by_term = {row[0]: row for row in table.rows}
    assert by_term["T"][1:3] == (pytest.approx(23.0), "SME")
    assert by_term["T:K"][1:3] == (pytest.approx(10.0), "ME")
    assert by_term["C:K"][2] == ""
    assert any("PSE 2.25" in note for note in table.notes)


def test_many_effects_are_cut_and_counted(opened):
    """A long table says how many it leaves out, and only so many points are named."""
    rng_frame = textbooks.factorial("abcdefghijkl")
    rng_frame["y"] = rng_frame.to_numpy() @ range(1, 13) + (rng_frame["a"] ^ rng_frame["b"]) * 0.1
    session = opened(rng_frame.assign(y=rng_frame["y"] + (rng_frame.index * 7919 % 101) / 50))
    look = Look()
    table = VIEW.table(result_of(session, look, VIEW), session.inputs(look))
    assert len(table.rows) == SHOWN
    assert any(f"the first {SHOWN} of 78" in note for note in table.notes)
    loud = [mark for mark in drawn(session, look).panels[0].marks if isinstance(mark, Points)][-1]
    assert len(loud.x) >= 12
    assert sum(text != "" for text in loud.texts) == LABELLED


def test_no_margins_no_judgement(opened):
    """Two runs: a contrast is shown, none is called active, and the reason stands beside it."""
    frame = textbooks.factorial("a").assign(y=[1.0, 2.0])
    session = opened(frame)
    look = Look()
    mean, spread = drawn(session, look).panels
    assert mean.title == "mean, no margins"
    assert spread.empty
    table = VIEW.table(result_of(session, look, VIEW), session.inputs(look))
    assert table.rows[0][2] is None
    assert any("needs 3" in note for note in table.notes)

"""The matrix, the forest plot, the table, and the card of a pair."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from tests.tui.painted import paint

from ablate_tui.data.schema import Choices
from ablate_tui.queries.interactions import interactions
from ablate_tui.queries.slices import Slice
from ablate_tui.tui.figure import Box, Cells, Intervals, Line
from ablate_tui.tui.layout import PANEL_HEIGHT, PANEL_WIDTH, arrange
from ablate_tui.tui.painters import picture
from ablate_tui.tui.painting import least_panel
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.interactions import VIEW, card_figure, matrix, unit
from ablate_tui.tui.views.pair_card import short


@pytest.fixture
def opened(tmp_path):
    sessions = []

    def open_(frame: pl.DataFrame, response: str = "loss") -> Session:
        path = tmp_path / f"case{len(sessions)}.parquet"
        frame.write_parquet(path)
        sessions.append(Session.open(str(path), Choices(response=response), keep=False))
        return sessions[-1]

    yield open_
    for session in sessions:
        session.close()


def crossing(k: int = 4) -> pl.DataFrame:
    """2^k × 6 runs: use_norm lowers the loss by 0.1 with use_gate off and raises it by 0.3 with it on, where its
    noise is six times as large."""
    rng = np.random.default_rng(0)
    names = ["use_norm", "use_gate", *(f"inert_{i:02}" for i in range(k - 2))]
    rows = [
        (*x, seed, 2.0 + x[0] * (0.4 * x[1] - 0.1) + 0.01 * (1 + 5 * x[0] * x[1]) * rng.normal())
        for x in itertools.product((False, True), repeat=k)
        for seed in range(6)
    ]
    return pl.DataFrame(rows, schema=[*names, "seed", "loss"], orient="row")


def optimizers() -> pl.DataFrame:
    """Three optimizers, of which one minds the norm."""
    rng = np.random.default_rng(1)
    rows = [
        (opt, norm, drop, seed, 1.0 + (0.5 if opt == "sgd" and norm else 0.0) + 0.02 * rng.normal())
        for opt in ("sgd", "adam", "lion")
        for norm in (0, 1)
        for drop in (0, 1)
        for seed in range(5)
    ]
    return pl.DataFrame(rows, schema=["optimizer", "norm", "drop", "seed", "loss"], orient="row")


def panels(session: Session, look: Look) -> dict:
    figure = VIEW.figure(VIEW.read(session.inputs(look)), session.inputs(look))
    return {panel.name: panel for panel in figure.panels}


def test_the_matrix_shows_a_number_where_q_is_below_5_percent(opened):
    """Above the diagonal the mean, below it ln SD; both signs of the crossing pair."""
    session = opened(crossing())
    result = VIEW.read(session.inputs(Look()))
    panel = matrix(result)
    (cells,) = panel.marks
    names = [text.split(" ", 1)[1] for _, text in panel.y.ticks]
    assert set(names[:2]) == {"use_norm", "use_gate"}
    row = next(row for row in result.rows if {row.a, row.b} == {"use_norm", "use_gate"})
    assert row.mean_did == pytest.approx(0.4, abs=0.05)
    assert cells.texts[0][1] == f"+{round(row.mean_did / unit([row.mean_did]))}"
    assert cells.texts[1][0].startswith("+")
    assert cells.texts[0][0] == ""
    assert cells.texts[2][3] == "·"
    assert cells.shade[0][1] == 1.0
    assert abs(cells.shade[2][3]) < 0.3


def test_a_matrix_of_many_factors_keeps_those_of_the_strongest_pairs(opened):
    rng = np.random.default_rng(2)
    frame = pl.DataFrame({f"s{i:02}": rng.integers(0, 2, 300).astype(bool) for i in range(15)})
    loss = 3.0 * (frame["s13"] & frame["s14"]).cast(pl.Float64) + rng.normal(size=300)
    session = opened(frame.with_columns(loss=loss))
    figure = VIEW.figure(VIEW.read(session.inputs(Look())), session.inputs(Look()))
    ticks = [text for _, text in figure.panels[0].y.ticks]
    assert len(ticks) == 12
    assert ticks[:2] == ["1 s13", "2 s14"]
    assert any("12 factors" in note for note in figure.notes)


def test_the_table_keeps_both_names_and_every_pair(opened):
    session = opened(crossing())
    inputs = session.inputs(Look())
    result = VIEW.read(inputs)
    table = VIEW.table(result, inputs)
    assert len(table.rows) == 6
    assert table.rows[0][0] == "use_norm × use_gate"
    fields = [column.field for column in table.columns]
    assert table.rows[0][fields.index("mean_did")] == result.rows[0].mean_did
    assert table.title == "Interactions: 1 of 6 pairs on the mean, 1 on ln SD"


def test_the_forest_marks_what_is_claimed_and_has_the_shap_interaction(opened):
    session = opened(crossing())
    marks = [mark for mark in panels(session, Look())["forest"].marks if isinstance(mark, Intervals)]
    claimed, other = marks
    assert claimed.label == "q < .05"
    assert len(claimed.at) == 1
    assert len(other.at) == 5
    assert float(claimed.texts[0]) == pytest.approx(0.1, abs=0.02)


def test_the_card_of_two_switches(opened):
    """Four histograms on common axes, the interaction plot, and the words."""
    session = opened(crossing())
    figure = card_figure(session.sample(Look()), "use_norm", "use_gate")
    assert [panel.name for panel in figure.panels][-2:] == ["means", "words"]
    shapes = figure.panels[:4]
    assert len({(panel.x.limits, panel.y.limits) for panel in shapes}) == 1
    assert [panel.title for panel in shapes][1] == "use_norm off, use_gate on"
    assert shapes[0].x.label.startswith("loss: n 24, mean ")
    outline = next(mark for mark in shapes[3].marks if isinstance(mark, Line))
    assert sum(outline.y) == pytest.approx(1.0)

    said = figure.panels[-1].words
    assert said[0].startswith("With use_gate off, use_norm lowers loss by 0.09")
    assert "with it on, it raises it by 0.3" in said[0]
    assert "the effects differ by 0.4" in said[0]
    assert said[0].endswith("q < .001).")
    assert "multiplies its SD by" in said[1]
    for panel in figure.panels:
        text = paint(panel, 40, 12, colour=False)
        assert len(text.split("\n")) == 12
    assert "With use_gate off" in paint(figure.panels[-1], 40, 12, colour=False)
    assert picture.render(figure, "png").startswith(b"\x89PNG")


def test_what_is_not_shown_is_said_to_be_so(opened):
    session = opened(crossing())
    figure = card_figure(session.sample(Look()), "inert_00", "use_norm")
    assert "No interaction is shown." in figure.panels[-1].words[0]


def test_the_card_of_a_row_speaks_of_that_row(opened):
    """A level is where the switch has its effect; boxes in place of histograms."""
    session = opened(optimizers())
    inputs = session.inputs(Look())
    result = VIEW.read(inputs)
    table = VIEW.table(result, inputs)
    place = next(at for at, row in enumerate(result.rows) if (row.a, row.b) == ("optimizer=sgd", "norm"))
    figure = VIEW.card(place, result, inputs)
    assert len(table.rows) == len(result.rows)
    assert len([panel for panel in figure.panels if any(isinstance(mark, Box) for mark in panel.marks)]) == 3
    said = figure.panels[-1].words
    assert said[0].startswith("At the other levels of optimizer, norm ")
    assert "at optimizer = sgd, " in said[0]
    assert "All levels of optimizer and norm together: mean q < .001" in said[-1]
    assert inputs.date in figure.footer


def test_an_unbalanced_pair_gives_the_raw_and_the_adjusted_difference(opened):
    """Where other switches are not balanced, the raw means and the model differ, and both are said."""
    frame = crossing().with_columns(other=pl.col("use_norm") & pl.col("use_gate") & (pl.col("seed") > 0))
    frame = frame.with_columns(loss=pl.col("loss") + 2.0 * pl.col("other"))
    extra = frame.filter(~pl.col("other")).with_columns(other=True, loss=pl.col("loss") + 2.0)
    session = opened(pl.concat([frame, extra.filter(pl.col("inert_00"))]))
    said = card_figure(session.sample(Look()), "use_norm", "use_gate").panels[-1].words[0]
    assert "with the other switches held by" in said


def test_contrast_and_colour_bring_the_interaction_plot(opened):
    session = opened(crossing())
    look = Look(slice=Slice.of(session.table(None, None), {}, "use_norm"), color="use_gate")
    assert panels(session, look)["means"].title == "use_norm: means and one SD, by use_gate"
    assert "means" not in panels(session, Look())


def test_a_slice_without_a_pair_says_so(opened):
    session = opened(crossing(2))
    look = Look(slice=Slice.of(session.table(None, None), {"use_gate": ("on",)}))
    assert {panel.empty for panel in panels(session, look).values()} == {"fewer than two switches vary in this slice"}
    figure = card_figure(session.sample(look), "use_norm", "use_gate")
    assert figure.panels[-1].words == ("fewer than two switches vary in this slice",)


def test_a_matrix_is_given_the_width_of_its_columns(opened):
    """Beside another panel it would lose columns; figures without a matrix are laid out as ever."""
    session = opened(crossing(6))
    figure = VIEW.figure(VIEW.read(session.inputs(Look())), session.inputs(Look()))
    least = least_panel(figure)
    (cells,) = [mark for mark in figure.panels[0].marks if isinstance(mark, Cells)]
    longest = max(len(text) for row in cells.texts for text in row)
    assert least[0] >= 6 * (longest + 1)
    assert arrange(15, 2, 2 * least[0] - 1, 40, 0, True, least=least).columns == 1
    assert arrange(15, 2, 2 * least[0], 40, 0, True, least=least).columns == 2
    card = card_figure(session.sample(Look()), "use_norm", "use_gate")
    assert least_panel(card) == (PANEL_WIDTH, PANEL_HEIGHT)
    painted = paint(figure.panels[0], least[0], least[1], colour=False)
    assert "first" not in painted
    for text in itertools.chain.from_iterable(cells.texts):
        assert text in painted


@pytest.mark.parametrize(
    ("values", "expected"), [([0.165, -0.02], 0.01), ([1.0], 0.1), ([99.6], 10.0), ([], 1.0), ([0.0], 1.0)]
)
def test_units_leave_two_digits(values, expected):
    assert unit(values) == pytest.approx(expected)


def test_a_name_keeps_both_ends():
    assert short("use_single_message_attn", 14) == "use_singl…attn"
    assert len(short("use_single_message_attn", 9)) == 9
    assert short("optimizer=rms_norm", 12, keep_end=True).endswith("s_norm")
    assert short("abc", 3) == "abc"


def test_failures_that_interact_are_said_under_the_table(opened):
    """Switches that fail together, mostly."""
    frame = crossing()
    both = (frame["use_norm"] & frame["use_gate"]).to_numpy()
    fails = np.random.default_rng(4).random(len(frame)) < 0.05 + 0.7 * both
    frame = frame.with_columns(loss=pl.when(pl.Series(fails)).then(float("nan")).otherwise(pl.col("loss")))
    session = opened(frame)
    inputs = session.inputs(Look())
    result = interactions(inputs.sample, None)
    assert any("failures interact: use_norm × use_gate" in note for note in VIEW.table(result, inputs).notes)

"""The effects view: verdicts in words and marks, variances stacked, the strongest row on top."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.conftest import sweep
from tests.tui.painted import paint

from ablate_tui.data.schema import Choices
from ablate_tui.queries.effect_row import EffectRow
from ablate_tui.queries.effects import Effects
from ablate_tui.queries.inference.given_success import GivenSuccess
from ablate_tui.queries.note import Note
from ablate_tui.tui import formats
from ablate_tui.tui.figure import Bars, Figure, Intervals, Panel, Points
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views import effects as view
from ablate_tui.tui.views.effects_figure import sign, words

ROW = EffectRow(
    switch="use_norm",
    on="true",
    off="false",
    n_on=20,
    n_off=20,
    diverged_on=0,
    diverged_off=0,
    mean_diff=-0.1,
    mean_diff_low=-0.12,
    mean_diff_high=-0.08,
    median_diff=-0.05,
    sd_on=0.2,
    sd_off=0.4,
    sd_ratio=0.5,
    sd_ratio_low=0.4,
    sd_ratio_high=0.6,
    failed_on=0.0,
    failed_off=0.0,
    location_p=0.01,
    location_q=0.02,
    location_basis="HC3",
    sd_between_on=0.1,
    sd_between_off=0.3,
    sd_within_on=0.1,
    sd_within_off=0.2,
    noise_basis="replicates",
    noise_ratio=0.5,
    noise_p=0.2,
    noise_q=0.3,
    best_share_on=0.75,
    base_share_on=0.5,
    best_p=0.04,
    verdict="shift",
)


@pytest.fixture
def inputs(tmp_path):
    """Of a small sweep: what a figure needs beside its result."""
    path = tmp_path / "runs.parquet"
    sweep().write_parquet(path)
    session = Session.open(str(path), Choices(response="val_loss"), keep=False)
    yield session.inputs(Look())
    session.close()


@pytest.fixture
def of(inputs):
    """A result with rows made by hand."""
    found = view.read(inputs)

    def made(*rows: EffectRow, given: tuple[GivenSuccess, ...] = (), notes: tuple[Note, ...] = ()) -> Effects:
        return replace(found, rows=rows, given_success=given, notes=notes)

    return made


def panel(figure: Figure, name: str) -> Panel:
    return next(panel for panel in figure.panels if panel.name == name)


def names(figure: Figure) -> list[str]:
    """Names of the rows from top to bottom, without their marks."""
    return [text.split()[-1] for _, text in figure.panels[0].y.ticks]


@pytest.mark.parametrize(
    ("verdict", "cause", "mark", "said"),
    [
        ("shift", None, "▲", "shift"),
        ("spread", "noise", "◆", "spread (noise)"),
        ("spread", "interactions", "◇", "spread (interactions)"),
        ("spread", "both", "◈", "spread (noise + interactions)"),
        ("shift and spread", "interactions", "▲◇", "shift and spread (interactions)"),
        ("neither", None, "·", "neither"),
        (None, None, "–", ""),
    ],
)
def test_a_verdict_has_a_mark_and_words(verdict, cause, mark, said):
    row = replace(ROW, verdict=verdict, spread_cause=cause)
    assert sign(row) == mark
    assert words(row) == said


def test_failures_come_first_in_mark_and_words():
    row = replace(ROW, failed_on=0.13, failed_off=0.03, failure_p=0.01)
    assert sign(row) == "✗▲"
    assert words(row) == "fails more, shift"
    assert words(replace(row, failed_on=0.03, failed_off=0.13, verdict="neither")) == "fails less, neither"
    assert sign(replace(row, failure_p=0.2)) == "▲"


def test_verdicts_stand_beside_names_in_the_picture(inputs, of):
    rows = replace(ROW, verdict="spread", spread_cause="noise"), replace(ROW, switch="use_bias", location_q=0.04)
    figure = view.figure(of(*rows), inputs)
    for one in figure.panels:
        assert [text for _, text in one.y.ticks] == ["◆ use_norm", "▲ use_bias"]
    said = [mark.texts for mark in panel(figure, "variance").marks if isinstance(mark, Intervals)]
    assert said == [("spread (noise)", "shift")]
    assert any("◆ spread by noise" in note for note in figure.notes)


def test_variances_are_stacked_not_sds(inputs, of):
    """Systematic from zero, noise from there on, off over on; SDs do not add."""
    marks = panel(view.figure(of(ROW), inputs), "variance").marks
    bars = {(m.role, m.fill): m for m in marks if isinstance(m, Bars) and m.at}
    assert set(bars) == {("off", "solid"), ("off", "light"), ("on", "solid"), ("on", "light")}
    assert bars["off", "solid"].values == pytest.approx((0.3**2,))
    assert bars["off", "light"].base == pytest.approx((0.3**2,))
    assert bars["off", "light"].values == pytest.approx((0.3**2 + 0.2**2,))
    assert bars["on", "light"].values == pytest.approx((0.1**2 + 0.1**2,))
    assert bars["off", "solid"].at[0] < 0 < bars["on", "solid"].at[0]
    assert [m.label for m in marks if isinstance(m, Bars) and not m.at] == ["noise"]


def test_without_replicates_the_whole_variance_is_one_part(inputs, of):
    alone = replace(ROW, sd_between_on=None, sd_between_off=None, sd_within_on=None, sd_within_off=None)
    one = panel(view.figure(of(alone), inputs), "variance")
    bars = [mark for mark in one.marks if isinstance(mark, Bars)]
    assert [(bar.role, bar.fill) for bar in bars] == [("off", "mixed"), ("on", "mixed")]
    assert [bar.values for bar in bars] == [pytest.approx((0.4**2,)), pytest.approx((0.2**2,))]
    assert "not separable" in one.title
    both = panel(view.figure(of(ROW, replace(alone, switch="use_bias")), inputs), "variance")
    assert [m.label for m in both.marks if isinstance(m, Bars) and not m.at] == ["noise", "not separable"]


def test_a_side_without_a_variance_has_no_bar(inputs, of):
    bare = replace(ROW, sd_on=None, sd_between_on=None, sd_within_on=None)
    marks = panel(view.figure(of(bare), inputs), "variance").marks
    assert {mark.role for mark in marks if isinstance(mark, Bars) and mark.at} == {"off"}


def test_failures_are_shown_only_if_a_run_failed(inputs, of):
    assert [one.name for one in view.figure(of(ROW), inputs).panels] == ["variance", "location", "spread", "best"]
    failing = replace(ROW, failed_on=0.13, failed_off=0.03)
    figure = view.figure(of(failing, replace(ROW, switch="use_bias", failed_on=None, failed_off=None)), inputs)
    assert [one.name for one in figure.panels] == ["variance", "failed", "location", "spread", "best"]
    line, off, on = panel(figure, "failed").marks
    assert isinstance(line, Intervals)
    assert (line.low, line.high) == ((0.03, None), (0.13, None))
    assert (off.x, on.x) == ((0.03,), (0.13,))
    assert panel(figure, "failed").x.limits[0] == 0.0


def test_location_and_ratio_carry_their_intervals(inputs, of):
    figure = view.figure(of(ROW), inputs)
    mean = next(mark for mark in panel(figure, "location").marks if isinstance(mark, Intervals))
    assert (mean.values, mean.low, mean.high) == ((-0.1,), (-0.12,), (-0.08,))
    one = panel(figure, "spread")
    ratio = next(mark for mark in one.marks if isinstance(mark, Intervals))
    noise = next(mark for mark in one.marks if isinstance(mark, Points))
    assert (ratio.values, ratio.low, ratio.high, noise.x) == ((0.5,), (0.4,), (0.6,), (0.5,))
    assert one.x.log
    assert one.x.limits[0] < 0.4 < 1.0 < one.x.limits[1]


def test_residuals_stand_in_for_the_noise(inputs, of):
    """F* is a ratio of variances; beside the ratio of SDs stands its root."""
    row = replace(ROW, noise_basis="residuals", noise_ratio=None, ln_f_star=1.2)
    noise = next(m for m in panel(view.figure(of(row), inputs), "spread").marks if isinstance(m, Points))
    assert noise.x == pytest.approx((1.8221188003905089,))  # e^0.6
    assert noise.label == "residual SD"
    columns = [column.field for column in view.table(of(row), inputs).columns]
    assert columns[7] == "ln_f_star"
    assert "noise_ratio" not in columns


def test_an_endless_interval_does_not_squeeze_the_others(inputs, of):
    wild = replace(ROW, switch="use_bias", sd_ratio_low=1e-9, sd_ratio_high=1e9)
    low, high = panel(view.figure(of(ROW, wild), inputs), "spread").x.limits
    assert low > 0.3
    assert high < 2.0


def test_the_strongest_row_is_on_top_while_the_table_keeps_the_source_s_order(inputs, of):
    rows = (
        replace(ROW, switch="neither", verdict="neither", location_q=0.06, noise_q=0.5),
        replace(ROW, switch="weak", location_q=0.03),
        replace(ROW, switch="noisy", verdict="spread", spread_cause="noise", location_q=0.9, noise_q=0.001),
        replace(ROW, switch="tied_small", location_q=0.01, mean_diff=0.1),
        replace(ROW, switch="tied_large", location_q=0.01, mean_diff=-0.3),
        replace(ROW, switch="untested", verdict=None, location_q=None, noise_q=None),
        replace(ROW, switch="interacting", verdict="spread", spread_cause="interactions", location_q=0.5),
    )
    order = ["noisy", "tied_large", "tied_small", "weak", "interacting", "neither", "untested"]
    assert names(view.figure(of(*rows), inputs)) == order
    assert view.table(of(*rows), inputs).factors == tuple(row.switch for row in rows)


def test_a_row_that_the_filters_fix_is_not_drawn(inputs, of):
    fixed = EffectRow("use_bias", "true", "false", 40, 0, 0, 0)
    assert names(view.figure(of(ROW, fixed), inputs)) == ["use_norm"]
    empty = view.figure(of(fixed, notes=(Note("use_bias", "*", "fixed by the filter"),)), inputs)
    assert {one.empty for one in empty.panels} == {"fixed by the filter"}


def test_the_picture_has_thirty_rows_at_most_and_says_so(inputs, of):
    figure = view.figure(of(*(replace(ROW, switch=f"s{i}", location_q=1 / (i + 1)) for i in range(45))), inputs)
    assert len(names(figure)) == 30
    assert names(figure)[0] == "s44"
    assert "the 30 strongest of 45 rows are drawn" in figure.notes
    assert figure.columns == 4


def test_the_table_begins_with_the_verdict(inputs, of):
    table = view.table(of(replace(ROW, verdict="spread", spread_cause="noise")), inputs)
    fields = [column.field for column in table.columns]
    first = "name verdict spread_cause mean_diff mean_diff_interval location_q sd_ratio noise_ratio noise_q"
    then = "best_share_on base_share_on best_p failed_off failed_on failure_p"
    assert fields[:15] == [*first.split(), *then.split()]
    assert fields[-1] == "reason"
    assert table.rows[0][:5] == ("use_norm", "◆ spread", "noise", -0.1, "−0.12 … −0.08")
    over_runs = [column.label for column in table.columns if column.label.endswith("(runs)")]
    assert over_runs == ["Welch p (runs)", "M-W p (runs)", "B-F p (runs)"]
    # the switch list leaves 47 cells to the table at 80 × 24
    assert "◆ spread" in formats.as_text(table, 47).split("\n")[4]


def test_the_notes_say_basis_scope_and_what_is_descriptive(inputs, of):
    notes = " | ".join(view.table(of(ROW, replace(ROW, location_basis="Lenth")), inputs).notes)
    assert "location by HC3 and Lenth, noise from replicates" in notes
    assert "q values cover this table, not the slices tried before it" in notes
    assert "p over runs or pairs is descriptive: runs of one configuration are not independent" in notes
    assert "given success" not in notes


def test_given_success_is_told_first_where_failures_differ(inputs, of):
    row = replace(ROW, failed_on=0.03, failed_off=0.125, failure_p=0.0012, sd_ratio=0.37)
    given = GivenSuccess("use_norm", "true", 19, 15, 2.2, 2.21, -0.01, 0.1, 0.09, 1.11, 1.2)
    first = view.table(of(row, given=(given,)), inputs).notes[0]
    assert first == (
        "✗ use_norm: 3.0% of runs fail on, 12.5% off, p = 0.0012; given success, a selected comparison: "
        "Δ mean −0.01 (of all runs −0.1), SD ratio 1.11 (of all runs 0.37), noise ratio 1.2 (of all runs 0.5)"
    )
    # where failing is diverging, mean and spread are of the other runs anyway
    assert "mean and spread are given success" in view.table(of(row), inputs).notes[0]
    level = replace(row, switch="act", on="relu", off="rest")
    assert view.table(of(level), inputs).notes[0].startswith("✗ act=relu: 3.0% of runs fail, 12.5% of the rest")
    many = view.table(of(*(replace(row, switch=f"s{i}") for i in range(9))), inputs).notes
    assert "✗ and 3 more rows whose failures differ" in many
    assert not any("given success" in note for note in view.table(of(replace(row, failure_p=0.3)), inputs).notes)


def test_reasons_are_gathered_and_those_that_the_table_says_itself_left_out(inputs, of):
    notes = (
        *(Note(f"act={level}", "pairs", "no single partner") for level in "abcde"),
        Note("use_norm", "spread_cause", "the verdict is no spread"),
        Note("use_norm", "kruskal_p omnibus_brown_forsythe_p", "for factors with more than two levels"),
    )
    told = view.table(of(ROW, notes=notes), inputs).notes
    assert told[-1] == "– act=a, act=b, act=c and 2 more pairs: no single partner"
    assert not any("the verdict is no spread" in note or "more than two" in note for note in told)


@pytest.mark.parametrize(("width", "height"), [(46, 17), (33, 12), (76, 30)])
def test_every_panel_can_be_read_in_the_terminal(inputs, of, width, height):
    """Names with their marks, and both sides of a stack, at the sizes that the screen gives to a panel."""
    rows = tuple(replace(ROW, switch=f"switch{i}", location_q=0.001 * (i + 1)) for i in range(4))
    for one in view.figure(of(*rows), inputs).panels:
        lines = paint(one, width, height, colour=False).split("\n")
        assert any("▲ switch0" in line for line in lines)
    lines = paint(view.figure(of(*rows), inputs).panels[0], width, height, colour=False).split("\n")
    assert any("█" in line and "░" in line for line in lines)
    assert any("▓" in line and "░" in line for line in lines)
    assert any("shift" in line for line in lines)


def test_a_shift_of_the_small_sweep_is_seen_at_a_glance(inputs):
    """use_norm lowers the loss, so it was made; two runs diverged."""
    result = view.read(inputs)
    table = view.table(result, inputs)
    assert {row[0]: row[1] for row in table.rows}["use_norm"] == "▲ shift"
    figure = view.figure(result, inputs)
    assert figure.panels[0].y.ticks[0] == (0.0, "▲ use_norm")
    assert [one.name for one in figure.panels] == ["variance", "failed", "location", "spread", "best"]

"""The terminal's painter: size, safety, and what can be read off it."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace

import pytest
from rich.cells import cell_len
from tests.tui.painted import paint

from ablate_tui.tui.figure import Axis, Bars, Box, Cells, Intervals, Line, Panel, Points, Rule
from ablate_tui.tui.painters.palette import DARK, LIGHT, TERMINAL

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
SIZES = [(1, 1), (10, 3), (20, 5), (24, 6), (25, 7), (40, 10), (76, 18), (100, 30), (200, 50)]


def plain(text: str) -> list[str]:
    return ESCAPE.sub("", text).split("\n")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_has_exactly_the_size_asked_for(panel: Panel, width: int, height: int) -> None:
    for colour in (True, False):
        lines = plain(paint(panel, width, height, colour=colour))
        assert len(lines) == height
        assert max(map(cell_len, lines)) <= width


def test_without_colour_there_is_no_escape_code_and_the_same_can_be_read(panel: Panel) -> None:
    without = paint(panel, 80, 20, colour=False)
    assert "\x1b" not in without
    assert panel.title in without
    assert panel.colorbar is not None or [line.rstrip() for line in plain(paint(panel, 80, 20))] == without.split("\n")


def test_dark_and_light_paper_differ_in_colour_alone(panel: Panel) -> None:
    dark, light = (paint(panel, 80, 20, palette=palette) for palette in (DARK, LIGHT))
    assert plain(dark) == plain(light)
    assert panel.empty or dark != light


def test_of_a_terminals_own_colours_only_numbers_are_sent(panel: Panel) -> None:
    own, without = paint(panel, 80, 20, palette=TERMINAL), paint(panel, 80, 20, colour=False)
    assert [line.rstrip() for line in plain(own)] == without.split("\n")
    codes = {code for codes in re.findall(r"\x1b\[([0-9;]*)m", own) for code in codes.split(";")}
    assert codes <= {"0", "1", *(str(30 + n) for n in range(8)), *(str(40 + n) for n in range(8)), "94", "104", "97"}


def test_small_sizes_say_so() -> None:
    panel = Panel("Density", Axis(), Axis(), (Line((0.0, 1.0), (0.0, 1.0)),))
    assert "too small" in paint(panel, 20, 5)
    assert paint(panel, 10, 1, colour=False).strip() == "too small"


def test_an_empty_panel_says_why_in_its_middle(panels: dict[str, Panel]) -> None:
    lines = paint(panels["empty"], 60, 11, colour=False).split("\n")
    row = next(i for i, line in enumerate(lines) if "diverged" in line)
    assert row == 5 or row == 6
    text = lines[row]
    assert abs((len(text) - len(text.lstrip())) - (60 - len(text))) <= 1


def test_bars_are_as_long_as_their_values() -> None:
    names = Axis(ticks=((0.0, "a"), (1.0, "b"), (2.0, "c")))
    bars = Bars((0.0, 1.0, 2.0), (1.0, 0.5, 0.25), horizontal=True)
    rows = paint(Panel("", Axis(limits=(0.0, 1.0)), names, (bars,)), 66, 7, colour=False).split("\n")
    lengths = [sum({"█": 8, "▌": 4, "▉": 7, "▎": 2}.get(c, 0) for c in row) for row in rows if "│" in row]
    assert lengths == [8 * 64, 8 * 32, 8 * 16]


def test_negative_bars_go_the_other_way() -> None:
    names = Axis(ticks=((0.0, "a"), (1.0, "b")))
    bars = Bars((0.0, 1.0), (1.0, -1.0), horizontal=True)
    rows = paint(Panel("", Axis(limits=(-1.0, 1.0)), names, (bars,)), 62, 6, colour=False).split("\n")
    first, second = [row.split("│")[1] for row in rows if "│" in row]
    assert first == " " * 30 + "█" * 30
    assert second == "█" * 30


def test_a_y_axis_lists_its_categories_from_the_top(panels: dict[str, Panel]) -> None:
    lines = paint(panels["forest"], 60, 12, colour=False).split("\n")
    rows = [next(i for i, line in enumerate(lines) if name in line) for name in ("first", "second", "third")]
    assert rows == sorted(rows)
    # the first interval lies right of the second: .1 and −.1
    assert lines[rows[0]].index("◆") > lines[rows[1]].index("◆")
    assert "◆" not in lines[rows[2]]


def test_rows_stay_in_line_between_panels_with_the_same_categories(panels: dict[str, Panel]) -> None:
    with_legend = paint(panels["ranking"], 60, 14, colour=False).split("\n")
    without = paint(panels["forest"], 60, 14, colour=False).split("\n")
    for name in ("first", "second", "third"):
        assert [name in line for line in with_legend] == [name in line for line in without]


def test_more_categories_than_rows_are_counted() -> None:
    names = Axis(ticks=tuple((float(i), f"switch{i}") for i in range(200)))
    bars = Bars(tuple(map(float, range(200))), (1.0,) * 200, horizontal=True)
    text = paint(Panel("Ranking", Axis(), names, (bars,)), 60, 20, colour=False)
    shown = len(re.findall(r"switch\d+", text))
    assert f"first {shown} of 200" in text
    assert "switch0│" in text


def test_sides_differ_by_mark_as_well_as_by_colour(panels: dict[str, Panel]) -> None:
    for name in ("line", "points", "statistics"):
        marks = panels[name].marks
        sides = [
            paint(replace(panels[name], marks=(mark,)), 60, 16, colour=False)
            for mark in marks
            if getattr(mark, "role", "") in ("off", "on")
        ]
        drawn = [set(re.findall(r"[\u2800-\u28ff▖-▟█▓○●]", side)) for side in sides]
        braille = [any("\u2800" <= c <= "\u28ff" or c == "█" for c in characters) for characters in drawn]
        assert braille == [True, False], name


def test_the_legend_names_marks_unless_ticks_do(panels: dict[str, Panel]) -> None:
    line = paint(panels["line"], 60, 16, colour=False)
    assert re.search(r"without .* with$", line, re.M)
    assert "noise floor" in paint(panels["ranking"], 60, 16, colour=False)
    box = paint(panels["box"], 60, 16, colour=False)
    assert box.count("off") == 1  # the tick


def test_boxes_lie_on_their_side() -> None:
    box = Box(0.0, 1.0, 2.0, 3.0, 0.0, 4.0, 2.5, (), "off", "off")
    axis = Axis("loss", limits=(0.0, 4.0))
    lines = paint(Panel("", Axis(ticks=((0.0, "off"),)), axis, (box,)), 44, 7, colour=False).split("\n")
    row = next(line for line in lines if "off" in line)
    area = row[row.index("│") + 1 :]
    width = 40
    assert (area[0], area[width - 1]) == ("├", "┤")
    assert area.index("┃") == pytest.approx(width / 2, abs=1)
    assert area.index("◆") == pytest.approx(width * 2.5 / 4, abs=1)


def test_text_from_data_is_shown_as_text() -> None:
    names = (
        "\x1b[31mred\x1b[0m",
        "[bold]x[/]",
        "line\nbreak\ttab",
        "注意力权重",
        "a\u202eb\u200d",
        "e\u0301",
    )
    ticks = tuple((float(i), name) for i, name in enumerate(names))
    bars = Bars(tuple(map(float, range(6))), (1.0,) * 6, label=names[0], horizontal=True, texts=names)
    panel = Panel(
        names[0] + names[3],
        Axis(names[2]),
        Axis(names[1], ticks=ticks),
        (bars, Rule(0.5, True, label=names[3])),
    )
    text = paint(panel, 70, 20, colour=False)
    assert not set(text) & set("\x1b\u202e\u200d\t")
    for shown in ("[31mred[0m", "[bold]x[/]", "line break tab"):
        assert shown in text
    assert text.count("\n") == 19
    assert "注意力权重" in text
    bar_at = {cell_len(line[: line.index("│")]) for line in text.split("\n") if "│" in line}
    assert len(bar_at) == 1  # wide characters are counted as two cells


def test_long_names_end_in_an_ellipsis() -> None:
    names = Axis(ticks=((0.0, "注" * 80), (1.0, "x" * 80)))
    text = paint(
        Panel("t" * 200, Axis(), names, (Bars((0.0, 1.0), (1.0, 2.0), horizontal=True),)),
        60,
        12,
        colour=False,
    )
    assert text.count("…") == 3
    assert max(map(cell_len, text.split("\n"))) <= 60


def test_cells_are_numbered_where_their_names_are_too_long() -> None:
    names = tuple((float(i), f"a_rather_long_name_{i}") for i in range(4))
    cells = Cells((("+0.1",) * 4,) * 4, ((0.5, -0.5, 0.0, 1.0),) * 4)
    text = paint(Panel("", Axis(ticks=names), Axis(ticks=names), (cells,)), 60, 12, colour=False)
    assert "1 a_rather_long" in text
    assert text.split("\n")[0].split() == ["1", "2", "3", "4"]
    assert text.count("+0.1") == 16


def test_a_line_is_broken_at_nan_and_cut_at_the_limits() -> None:
    nan = float("nan")
    broken = Line((0.0, 1.0, 2.0, 3.0, 4.0), (0.5, 0.5, nan, 0.5, 0.5))
    whole = Line((0.0, 1.0, 2.0, 3.0, 4.0), (0.5, 0.5, 0.5, 0.5, 0.5))
    axes = Axis(limits=(0.0, 4.0)), Axis(limits=(0.0, 1.0))

    def columns(line: Line) -> set[int]:
        rows = paint(Panel("", *axes, (line,)), 44, 12, colour=False).split("\n")
        return {i for row in rows for i, c in enumerate(row) if "\u2801" <= c <= "\u28ff"}

    assert columns(whole) == set(range(4, 44))
    assert columns(broken) == set(range(4, 15)) | set(range(33, 44))
    steep = Line((0.0, 4.0), (-1e9, 1e9))  # crosses the panel in its middle column
    assert columns(steep) <= {23, 24}
    assert columns(steep)


FUZZ = r"""
import itertools, random
from ablate_tui.tui.figure import *
from ablate_tui.tui.painters.terminal import paint

FILLS = ["solid", "light", "mixed"]
nan, inf = float("nan"), float("inf")
values = [nan, inf, -inf, 0.0, -0.0, 1.0, -1.0, 2.5, 1e308, -1e308, 1e-320, 1e300, 1e17, 3e-12, None]
draw = random.Random(0)
def v(some=True):
    value = draw.choice(values)
    return nan if value is None and not some else value
def many(n, some=False):
    return tuple(v(some) for _ in range(n))
def gaps(count, n):
    return [many(n, True) for _ in range(count)]
def axis():
    ticks = draw.choice([(), ((0.0, "a"), (1.0, "b")), ((nan, "a"), (1e17, "b"))])
    limits = draw.choice([None, None, (0.0, 1.0), (1.0, 0.0), (nan, 1.0), (0.0, 0.0), (1e-9, 1e9)])
    return Axis("axis", ticks, limits, draw.random() < 0.2)
def mark():
    n = draw.randrange(5)
    role, sideways = draw.choice(["on", "off", "neutral", "series3"]), draw.random() < 0.5
    return draw.choice([
        lambda: Line(many(n), many(n), role, "l", sideways, sideways),
        lambda: Points(many(n), many(n), role, "p", draw.choice(["small", "large"]), ("text",) * draw.choice([0, n])),
        lambda: Bars(many(n), *gaps(1, n), role, "b", *gaps(2, n), sideways, 0.8, ("t",) * n),
        lambda: Bars(many(n), *gaps(1, n), role, width=0.4, horizontal=sideways, base=many(n), fill=draw.choice(FILLS)),
        lambda: Intervals(many(n), *gaps(3, n), role, "i", sideways, ("t",) * n),
        lambda: Box(v(False), *many(6), many(n), role, "x"),
        lambda: Violin(v(False), many(n), many(n), *many(3), role, "v"),
        lambda: Rule(v(False), sideways, label="r"),
        lambda: Cells((("1.0",) * n,) * n, (many(n),) * n),
    ])()
for number in range(1500):
    panel = Panel("title", axis(), axis(), tuple(mark() for _ in range(draw.randrange(1, 4))))
    width, height = draw.choice([(24, 6), (40, 10), (76, 18), (120, 40)])
    rows = paint(panel, width, height, None)
    assert len(rows) == height, panel
    assert max(sum(len(piece.text) for piece in row) for row in rows) <= width, panel
print("survived")
"""


def test_no_value_ends_the_process() -> None:
    # plotext dies of a NaN or a far-out point in a way that nothing can catch: hence a process of its own
    done = subprocess.run([sys.executable, "-W", "error", "-c", FUZZ], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "survived", done.stderr[-3000:]
    assert done.returncode == 0


def test_an_interval_with_no_value_draws_nothing() -> None:
    intervals = Intervals((0.0,), (None,), (None,), (None,))
    text = paint(Panel("", Axis(), Axis(ticks=((0.0, "a"),)), (intervals,)), 40, 8, colour=False)
    assert not set(text) & set("◆├┤")


def test_points_outside_the_limits_are_left_out() -> None:
    points = Points((0.5, 5.0), (0.5, 5.0), size="large")
    axes = Axis(limits=(0.0, 1.0)), Axis(limits=(0.0, 1.0))
    assert paint(Panel("", *axes, (points,)), 40, 10, colour=False).count("◆") == 1


def test_a_text_makes_way_for_a_marked_point_of_its_row() -> None:
    names = Axis(ticks=((0.0, "a"), (1.0, "b")))
    bars = Bars((0.0, 1.0), (0.5, 0.5), horizontal=True, texts=("50 %", "50 %"))
    points = Points((0.53,), (0.0,), "on", size="large")
    panel = Panel("", Axis(limits=(0.0, 1.0)), names, (bars, points))
    first, second = (line for line in paint(panel, 66, 6, colour=False).split("\n") if "50 %" in line)
    assert first.index("50 %") > first.index("●")
    assert second.index("50 %") < first.index("50 %")


def bar_rows(text: str) -> list[str]:
    """What is drawn right of the axis, row by row."""
    return [line.split("│")[1].rstrip() for line in text.split("\n") if "│" in line]


def test_the_parts_of_a_stack_have_textures_of_their_own() -> None:
    names = Axis(ticks=((0.0, "a"), (1.0, "b")))
    bars = (
        Bars((-0.2,), (2.0,), "off", horizontal=True, width=0.36),
        Bars((-0.2,), (3.0,), "off", horizontal=True, width=0.36, base=(2.0,), fill="light"),
        Bars((0.2,), (1.0,), "on", horizontal=True, width=0.36),
        Bars((0.2,), (4.0,), "on", horizontal=True, width=0.36, base=(1.0,), fill="light"),
        Bars((0.8,), (4.0,), "off", horizontal=True, width=0.36, fill="mixed"),
    )
    panel = Panel("", Axis(limits=(0.0, 4.0)), names, bars)
    for height, per in ((7, 2), (9, 3)):  # two or three rows for each category
        rows = bar_rows(paint(panel, 42, height, colour=False))
        assert rows[0] == "█" * 20 + "░" * 10
        assert rows[1] == "▓" * 10 + "░" * 30
        assert rows[per] == "▒" * 40
        assert len(rows) == 2 * per


def test_without_colour_a_stack_takes_two_rows_though_fewer_categories_fit(panels: dict[str, Panel]) -> None:
    """In half rows only the colour tells the parts apart."""
    with_colour = paint(panels["stack"], 60, 8)
    without = paint(panels["stack"], 60, 8, colour=False)
    assert "third" in with_colour
    assert "▀" in with_colour
    assert "first 2 of 3" in without
    assert not set(without) & set("▀▄")


def test_the_light_parts_of_half_rows_are_paler(panels: dict[str, Panel]) -> None:
    codes = set(re.findall(r"[34]8;2;\d+;\d+;\d+", paint(panels["stack"], 60, 8)))
    inks = {code.split(";", 2)[2] for code in codes}
    assert {"96;165;250", "240;134;64"} <= inks  # solid off and on
    assert {"60;96;140", "132;80;48"} <= inks  # the same, half-way to the paper


def test_points_carry_their_labels(panels: dict[str, Panel]) -> None:
    lines = paint(panels["labelled"], 60, 16, colour=False).split("\n")
    for name in ("one", "two", "three"):
        assert sum(name in line for line in lines) == 1
    # two labels of one point stand beside each other, neither over the other nor over the point
    row = next(line for line in lines if "one" in line)
    assert "▲ one" in row
    assert "labelled" not in "".join(lines)


def test_labels_that_find_no_place_are_counted() -> None:
    count = 40
    points = Points((0.5,) * count, (0.5,) * count, size="large", texts=tuple(f"label{i:02}" for i in range(count)))
    text = paint(Panel("Many", Axis(limits=(0.0, 1.0)), Axis(limits=(0.0, 1.0)), (points,)), 60, 14, colour=False)
    shown = re.findall(r"label\d\d", text)
    assert 4 < len(shown) < count
    assert len(set(shown)) == len(shown)
    assert f"{len(shown)} of {count} labelled" in text.split("\n")[0]


def test_a_long_text_at_the_end_of_a_bar_is_cut_rather_than_laid_over_it() -> None:
    names = Axis(ticks=((0.0, "a"), (1.0, "b")))
    bars = Bars((0.0, 1.0), (1.0, 0.2), horizontal=True, texts=("a very long text that cannot fit",) * 2)
    first, second = bar_rows(paint(Panel("", Axis(limits=(0.0, 1.0)), names, (bars,)), 50, 6, colour=False))[:2]
    assert first.startswith("█" * 20)
    assert first.endswith("…")
    assert "a very long text that cannot" in second

"""The picture's painter: formats, determinism, and texts from data."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ablate_tui.tui.figure import Axis, Bars, Box, Cells, Figure, Intervals, Line, Panel, Points, Rule, Violin
from ablate_tui.tui.painters.palette import colour
from ablate_tui.tui.painters.picture import PictureFormat, render

MAGIC: dict[PictureFormat, bytes] = {"png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml", "pdf": b"%PDF-"}


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def near(image: np.ndarray, rgb: tuple[int, int, int]) -> int:
    """How many pixels have about this colour."""
    return int((np.abs(image - np.array(rgb)).max(axis=2) < 40).sum())


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_every_mark_is_drawn_in_every_format_without_a_warning(figure: Figure, form: PictureFormat) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        content = render(figure, form)
    assert content.startswith(MAGIC[form])
    assert len(content) > 10_000


def test_each_mark_leaves_ink(panel: Panel) -> None:
    with_marks = pixels(render(Figure("", (panel,), columns=1), "png", dpi=80))
    ink = (with_marks.min(axis=2) < 200).sum()
    assert ink > 200


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_the_same_figure_gives_the_same_bytes(figure: Figure, form: PictureFormat) -> None:
    assert render(figure, form) == render(figure, form)


def test_vector_pictures_carry_no_clock(figure: Figure) -> None:
    assert b"CreationDate" not in render(figure, "pdf")
    assert b"<dc:date>" not in render(figure, "svg")


def svg_texts(content: bytes) -> set[str]:
    """Texts of an SVG whose letters are paths: matplotlib names each in a comment."""
    import html

    return {html.unescape(text).strip() for text in re.findall(r"<!--(.*?)-->", content.decode(), re.S)}


def test_an_svg_contains_title_slice_footer_notes_and_labels(figure: Figure) -> None:
    texts = svg_texts(render(figure, "svg"))
    assert {figure.title, figure.subtitle, figure.footer, *figure.notes} <= texts
    assert {"val_loss", "noise floor", "without", "with", "first", "mean |SHAP|", "0.300", "low", "high"} <= {
        text.strip() for text in texts
    }
    assert {panel.title for panel in figure.panels} <= texts
    assert "all runs of this slice diverged" in texts


def test_text_from_data_is_no_formula_and_no_markup() -> None:
    name = r"$\alpha_1$ a_b \n^{2} <b>&amp;</b> \x1b"
    ticks = ((0.0, name), (1.0, "$"))
    panel = Panel(
        name,
        Axis(name),
        Axis(ticks=ticks),
        (Bars((0.0,), (1.0,), label=name, horizontal=True, texts=(name,)),),
    )
    figure = Figure(name, (panel,), subtitle=name + "\x1b[31m\x00\ud800\nend", footer=name, notes=(name,), columns=1)
    content = render(figure, "svg")
    shown = " ".join(svg_texts(content))
    assert name in shown
    assert "\x1b" not in shown
    assert "\x00" not in content.decode()
    assert name + "[31m end" in shown


def test_pyplot_stays_out_and_settings_stay_as_they_were() -> None:
    code = (
        "import sys, matplotlib\n"
        "from ablate_tui.tui.figure import *\n"
        "from ablate_tui.tui.painters.picture import render\n"
        "def settings(): return {k: matplotlib.rcParams[k] for k in matplotlib.rcParams if k != 'backend'}\n"
        "before = settings()\n"
        "panel = Panel('p', Axis(), Axis(), (Line((0.0, 1.0), (0.0, 1.0)),))\n"
        "for form in ('png', 'svg', 'pdf'): render(Figure('t', (panel,)), form)\n"
        "assert settings() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nan_and_far_out_values_leave_the_rest_standing() -> None:
    nan, inf = float("nan"), float("inf")
    bad = (nan, inf, -inf, 1e308, None)
    numbers = (nan, inf, -inf, 1e308, 1.0)
    marks = (
        Line(numbers, numbers),
        Points(numbers, numbers),
        Bars((0.0, 1.0, 2.0, 3.0, 4.0), bad, low=bad, high=bad, texts=("t",) * 5),
        Intervals((0.0, 1.0, 2.0, 3.0, 4.0), bad, bad, bad, horizontal=False),
        Box(0.0, nan, nan, nan, nan, nan, nan, (nan, inf), "off"),
        Violin(0.0, numbers, numbers, nan, nan, inf, "on"),
        Rule(nan, True),
        Rule(inf, False),
        Cells((("x",),), ((nan,),)),
    )
    for mark in marks:
        for log in (False, True):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                content = render(Figure("t", (Panel("p", Axis(), Axis(log=log), (mark,)),), columns=1), "png", dpi=50)
            assert content.startswith(MAGIC["png"])


def test_width_and_height_follow_what_is_drawn() -> None:
    def ranking(count: int) -> Figure:
        names = Axis(ticks=tuple((float(i), f"switch{i}") for i in range(count)))
        bars = Bars(tuple(map(float, range(count))), (1.0,) * count, horizontal=True)
        return Figure("t", (Panel("p", Axis(), names, (bars,)),), columns=1)

    def size(figure: Figure, **options: float) -> tuple[int, int]:
        return Image.open(io.BytesIO(render(figure, "png", dpi=50, **options))).size  # type: ignore[arg-type]

    few, many = size(ranking(5)), size(ranking(50))
    assert few[0] == many[0]
    assert many[1] > 3 * few[1]
    assert size(ranking(5), width_in=4.0)[0] == 200
    # only the first ones are drawn, and the title says so
    assert any("first 250 of 400" in text for text in svg_texts(render(ranking(400), "svg")))


@pytest.mark.parametrize("dark", [False, True])
def test_sizes_are_those_of_a_slide_and_a_paper(panels: dict[str, Panel], dark: bool) -> None:
    """A slide is 16:9 whatever is on it; a column and a page have the width of a paper's."""
    for count in (1, 3, 6):
        few = tuple(panels[name] for name in ("ranking", "statistics", "forest", "labelled", "statistics", "ranking"))
        figure = Figure("t", few[:count], columns=3)
        slide, column, page = (
            Image.open(io.BytesIO(render(figure, "png", size=size, dark=dark))) for size in ("slide", "column", "page")
        )
        assert slide.size == (1920, 1080)
        assert page.width >= column.width >= 3.4 * 300 - 1
        assert page.width <= 10.5 * 300
        for image in (slide, column, page):
            assert (image.convert("L").getpixel((2, 2)) < 60) == dark


def test_words_on_a_slide_are_as_large_as_the_panels_allow(panels: dict[str, Panel]) -> None:
    """Less on it means larger words: the title of one panel is higher than that of six."""

    def title_height(count: int) -> int:
        content = render(Figure("H", (panels["statistics"],) * count), "png", size="slide")
        ink = pixels(content)[:200, :200].max(axis=2) < 120
        rows = np.nonzero(ink.any(axis=1))[0]
        return int(np.nonzero(np.diff(rows) > 1)[0][0]) if (np.diff(rows) > 1).any() else len(rows)

    assert title_height(1) > title_height(6) >= 12


def test_dark_paper(figure: Figure) -> None:
    dark, light = (
        pixels(render(replace(figure, panels=figure.panels[:2]), "png", dark=d, dpi=50)) for d in (True, False)
    )
    assert dark[2, 2].max() < 60
    assert light[2, 2].min() == 255


def test_roles_have_their_colours(panels: dict[str, Panel]) -> None:
    image = pixels(render(Figure("", (panels["statistics"],), columns=1), "png", dpi=80))
    for role in ("off", "on"):
        assert near(image, colour(role, dark=False)) > 500  # type: ignore[arg-type]


def test_categories_of_a_y_axis_run_from_the_top() -> None:
    names = Axis(ticks=((0.0, "first"), (1.0, "second")))
    bars = (Bars((0.0,), (1.0,), "off", horizontal=True), Bars((1.0,), (1.0,), "on", horizontal=True))
    image = pixels(render(Figure("", (Panel("", Axis(), names, bars),), columns=1), "png", dpi=80))
    where = {
        role: np.nonzero(np.abs(image - np.array(colour(role, dark=False))).max(axis=2) < 40)[0].mean()  # type: ignore[arg-type]
        for role in ("off", "on")
    }
    assert where["off"] < where["on"]


def test_large_clouds_are_bitmaps_in_vector_pictures() -> None:
    def svg(count: int) -> bytes:
        x = tuple(np.linspace(0, 1, count).tolist())
        return render(Figure("t", (Panel("p", Axis(), Axis(), (Points(x, x),)),), columns=1), "svg")

    assert b"<image" not in svg(100)
    assert b"<image" in svg(5000)
    assert len(svg(50_000)) < 1_000_000


def test_the_parts_of_a_stack_differ_in_shade(panels: dict[str, Panel]) -> None:
    """So that they can be told apart in grey: solid is dark, light is pale, mixed is between them and hatched."""
    grey = {}
    for fill in ("solid", "light", "mixed"):
        bars = Bars((0.0,), (1.0,), "off", horizontal=True, width=1.0, fill=fill)  # type: ignore[arg-type]
        panel = Panel("", Axis(limits=(0.0, 1.0)), Axis(ticks=((0.0, ""),)), (bars,))
        image = pixels(render(Figure("", (panel,), columns=1), "png", dpi=80))
        middle = image[image.shape[0] // 2 - 20 : image.shape[0] // 2 - 5, image.shape[1] // 2 : -60]
        grey[fill] = middle.mean()
    assert grey["solid"] + 30 < grey["mixed"] < grey["light"] - 30


def test_a_stack_is_laid_end_to_end() -> None:
    names = Axis(ticks=((0.0, ""),))
    parts = (
        Bars((0.0,), (1.0,), "off", horizontal=True),
        Bars((0.0,), (3.0,), "on", horizontal=True, base=(1.0,)),
    )
    panel = Panel("", Axis(limits=(0.0, 4.0)), names, parts)
    image = pixels(render(Figure("", (panel,), columns=1), "png", dpi=80))

    def columns(role: str) -> np.ndarray:
        return np.nonzero((np.abs(image - np.array(colour(role, dark=False))).max(axis=2) < 60).any(axis=0))[0]  # type: ignore[arg-type]

    off, on = columns("off"), columns("on")
    assert off.max() == pytest.approx(on.min(), abs=3)
    assert np.ptp(on) == pytest.approx(2 * np.ptp(off), rel=0.05)


def test_a_log_axis_has_plain_numbers_at_its_ticks() -> None:
    for limits, ticks in (((0.4, 2.5), {"0.5", "1", "2"}), ((0.9, 1.2), {"0.9", "1", "1.1", "1.2"})):
        points = Points(limits, (0.0, 1.0))
        panel = Panel("p", Axis("ratio", limits=limits, log=True), Axis(), (points,))
        content = render(Figure("t", (panel,), columns=1), "svg")
        assert ticks <= svg_texts(content)
        assert b"mathdefault" not in content


def test_labels_of_points_are_written_and_kept_apart(panels: dict[str, Panel]) -> None:
    content = render(Figure("t", (panels["labelled"],), columns=1), "svg")
    assert {"one", "two", "three"} <= svg_texts(content)
    count = 60
    points = Points((0.5,) * count, (0.5,) * count, size="large", texts=tuple(f"label {i}" for i in range(count)))
    crowd = Panel("p", Axis(limits=(0.0, 1.0)), Axis(limits=(0.0, 1.0)), (points,))
    texts = svg_texts(render(Figure("t", (crowd,), columns=1), "svg"))
    written = sum(text.startswith("label ") for text in texts)
    assert f"{written} of {count} labelled" in texts
    assert 10 < written < count


def test_a_repeated_list_of_names_is_written_once(panels: dict[str, Panel]) -> None:
    content = render(Figure("t", (panels["ranking"], panels["forest"]), columns=2), "svg").decode()
    assert content.count("<!-- second -->") == 1


def test_names_are_not_cut() -> None:
    name = "a_very_long_switch_name_that_goes_on_and_on_until_it_needs_more_than_one_line"
    panel = Panel("p", Axis(), Axis(ticks=((0.0, name),)), (Bars((0.0,), (1.0,), horizontal=True),))
    content = render(Figure("t", (panel,), columns=1), "svg").decode()
    shown = "".join(text.strip() for text in re.findall(r"<!--(.*?)-->", content, re.S))
    assert name in shown.replace("\n", "")

"""Letters of other scripts in pictures: fonts, numbers in place of glyphs, direction, room."""

from __future__ import annotations

import io
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables._g_l_y_f import Glyph
from matplotlib import font_manager, ft2font
from matplotlib.figure import Figure as Canvas
from PIL import Image
from tests.tui.painters.test_picture import svg_texts

from ablate_tui.tui.figure import Axis, Bars, Figure, Panel, Points
from ablate_tui.tui.formats import width
from ablate_tui.tui.painters import fonts
from ablate_tui.tui.painters.marks import NAME, names_width
from ablate_tui.tui.painters.picture import render
from ablate_tui.tui.painters.wording import LEFT_TO_RIGHT, directed, written

NOWHERE = "\U00012000\U00012001"  # cuneiform


@pytest.fixture
def bare(monkeypatch):
    """A machine that has matplotlib's own font only, whatever this one has."""
    fonts.family_of.cache_clear()
    monkeypatch.setattr(fonts, "_known", list)
    monkeypatch.setattr(fonts, "_new", list)
    yield
    fonts.family_of.cache_clear()


def rows(names: list[str]) -> Panel:
    """A bar for each name."""
    at = tuple(float(number) for number in range(len(names)))
    return Panel("", Axis(), Axis(ticks=tuple(zip(at, names, strict=True))), (Bars(at, at, horizontal=True),))


@pytest.mark.usefixtures("bare")
def test_names_without_a_glyph_stay_apart(caplog) -> None:
    names = [NOWHERE[0], NOWHERE[1], f"a {NOWHERE} b"]
    points = Points((0.0,), (0.0,), label=names[0], texts=(names[1],))
    panel = Panel(names[2], Axis(names[0]), Axis(ticks=((0.0, names[1]),)), (points, Bars((0.0,), (1.0,), label="x")))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown = " ".join(svg_texts(render(Figure(f"title {names[0]}", (panel,), columns=1), "svg")))
    assert "a ‹12000 12001› b" in shown
    assert {"‹12000›", "‹12001›"} <= {*shown.split()}
    assert "U+12000, a character that no installed font has" in shown
    assert not caplog.records


def test_a_font_that_was_just_installed_is_found(tmp_path: Path, monkeypatch) -> None:
    """matplotlib keeps its list of fonts for good, so the next picture would still lack the letters."""
    made = FontBuilder(1000)
    made.setupGlyphOrder([".notdef", "a"])
    made.setupCharacterMap({ord(NOWHERE[0]): "a"})
    made.setupGlyf({".notdef": Glyph(), "a": Glyph()})
    made.setupHorizontalMetrics({".notdef": (500, 0), "a": (500, 0)})
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable({"familyName": "Made For This Test", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    made.save(tmp_path / "made.ttf")
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    manager = font_manager.fontManager
    monkeypatch.setattr(manager, "ttflist", [font for font in manager.ttflist if font.name == fonts.OWN])
    found = [str(tmp_path / name) for name in ("broken.ttf", "made.ttf")]
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: found)
    caches = fonts.family_of, fonts._known, fonts._new
    for cache in caches:
        cache.cache_clear()
    try:
        assert fonts.families(["a é", NOWHERE]) == ((fonts.OWN, "Made For This Test"), frozenset(NOWHERE[1]))
        assert render(Figure(NOWHERE, (rows(["x"]),), columns=1), "png").startswith(b"\x89PNG")
    finally:
        for cache in caches:
            cache.cache_clear()


def test_known_letters_need_no_other_font() -> None:
    """Greek, Hebrew and the program's own signs."""
    assert fonts.families(["σ שלום ▲ ‹› …"]) == ((fonts.OWN,), frozenset())


def test_arabic_is_not_slanted() -> None:
    """matplotlib's slanted font has none of it."""
    assert fonts.plain("نعم", "normal", "italic")
    assert not fonts.plain("é σ", "normal", "italic")
    assert not fonts.plain("on", "bold", "normal")


def test_a_character_is_written_as_its_number() -> None:
    assert written("損失 loss", frozenset("損失")) == "‹640D 5931› loss"
    assert written("a]^-\\b", frozenset("]^-\\")) == "a‹005D 005E 002D 005C›b"


def test_what_follows_a_name_stays_behind_it() -> None:
    mark = LEFT_TO_RIGHT
    assert directed("שלום עולם = 5") == f"{mark}שלום עולם{mark} = 5"
    assert directed("a שלום=נعم\nb") == f"{mark}a שלום{mark}=נعم{mark}\nb"
    assert directed("损失 = é") == "损失 = é"


@pytest.mark.skipif(not hasattr(ft2font, "__libraqm_version__"), reason="this matplotlib orders no letters")
@pytest.mark.usefixtures("bare")
def test_a_line_that_begins_with_hebrew_runs_from_left_to_right() -> None:
    """The letters stand on the left, the dots behind them on the right."""

    def edges(title: str) -> tuple[int, int]:
        content = render(Figure(title, (Panel("", Axis(), Axis(), (), empty="."),), columns=1), "png", dpi=100)
        ink = np.asarray(Image.open(io.BytesIO(content)).convert("L"))[:40] < 128
        columns = np.flatnonzero(ink.any(axis=0))
        return int(ink[:, columns[:5]].any(axis=1).sum()), int(ink[:, columns[-2:]].any(axis=1).sum())

    high, low = edges("שש" + "." * 20)
    assert high > 2 * low
    assert edges("." * 20 + "שש")[0] < edges("." * 20 + "שש")[1]


@pytest.mark.parametrize("name", ["x" * 300, "损失" * 20, "use_" * 12, "𒀀" * 12])
@pytest.mark.usefixtures("bare")
def test_long_names_do_not_run_into_each_other(name, monkeypatch) -> None:
    drawn = []
    monkeypatch.setattr(Canvas, "savefig", lambda canvas, *_, **__: drawn.append(canvas))
    render(Figure("", (rows([f"{name}{at}" for at in range(9)]),), columns=1), "png")
    canvas = drawn[0]
    canvas.draw_without_rendering()
    boxes = [label.get_window_extent() for label in canvas.axes[0].get_yticklabels()]
    boxes.sort(key=lambda box: box.y0)
    assert all(below.y1 <= above.y0 + 1 for below, above in pairwise(boxes))
    assert min(box.x0 for box in boxes) >= 0


def test_a_chinese_sign_is_as_wide_as_two_letters() -> None:
    """So its name takes as much room, and is broken after half as many."""
    assert names_width(rows(["损" * 8])) == names_width(rows(["x" * 16]))
    assert width("损" * 17) == NAME

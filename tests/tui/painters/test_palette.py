"""Colours that everyone can read and tell apart, on every kind of paper."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from tests.colours import SIGHTS, ciede2000, contrast, difference

from ablate_tui.tui.painters.palette import PALETTES, RGB, Palette

TEXT, MARK = 4.5, 3.0  # WCAG 2.2, success criteria 1.4.3 and 1.4.11
# A just noticeable difference is 2.3 (Mahy, Van Eycken & Oosterlinck 1994, Color Res. Appl. 19(2):105-121) on large
# fields, and several times that on small marks (Szafir 2018, IEEE TVCG 24(1):392-401).
APART = 10.0
# XTerm and the VGA of the Linux console (the table in its vt.c), by number
XTERM: dict[int, RGB] = {2: (0, 205, 0), 3: (205, 205, 0), 5: (205, 0, 205), 6: (0, 205, 205), 12: (92, 92, 255)}
VGA: dict[int, RGB] = {2: (0, 170, 0), 3: (170, 85, 0), 5: (170, 0, 170), 6: (0, 170, 170), 12: (85, 85, 255)}
own = pytest.mark.parametrize("palette", [p for p in PALETTES.values() if not p.few], ids=["dark", "light", "contrast"])


def test_the_measures_are_those_of_the_literature() -> None:
    """Pairs 1, 16, 20 and 34 of the test data of Sharma, Wu & Dalal (2005), and WCAG's own extremes."""
    pairs = [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.5, 0), (56, -27, -3), 31.9030),
        ((50, 2.5, 0), (61, -5, 29), 22.8977),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ]
    for one, other, known in pairs:
        assert ciede2000(np.array(one, float), np.array(other, float)) == pytest.approx(known, abs=5e-5)
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)


@own
def test_words_and_marks_stand_out_from_the_paper(palette: Palette) -> None:
    """Roles that words are written in as text; the series, which only marks are drawn in, as marks."""
    assert contrast(palette.ink, palette.paper) >= TEXT
    for role, rgb in palette.roles.items():
        assert contrast(rgb, palette.paper) >= (MARK if role.startswith("series") else TEXT), role


def test_high_contrast_is_higher() -> None:
    """7:1, the enhanced contrast of criterion 1.4.6."""
    palette = PALETTES["contrast"]
    assert all(contrast(rgb, palette.paper) >= 7 for role, rgb in palette.roles.items() if "series" not in role)


@own
@pytest.mark.parametrize("sight", SIGHTS)
def test_colours_stay_apart_for_colour_blind_people(palette: Palette, sight: str) -> None:
    """Every two series, and every two of the roles that mean something: the sides of a contrast far apart."""
    for names in ([f"series{n}" for n in range(6)], ["on", "off", "accent"]):
        for one, other in combinations(names, 2):
            assert difference(palette.roles[one], palette.roles[other], sight) >= APART, (one, other)  # type: ignore[index]
    assert difference(palette.roles["on"], palette.roles["off"], sight) >= 40


@own
def test_a_ramp_grows_lighter(palette: Palette) -> None:
    """So that it has an order without its hues."""
    ramp = [contrast(palette.roles[f"series{n}"], (0, 0, 0)) for n in range(6)]  # type: ignore[index]
    assert ramp == sorted(ramp)


@pytest.mark.parametrize("colours", [XTERM, VGA], ids=["xterm", "console"])
def test_a_terminals_own_colours_can_be_read_on_black(colours: dict[int, RGB]) -> None:
    """As two common terminals have them; their ink needs no test, and marks double the rest."""
    palette = PALETTES["terminal"]
    numbers = {role: palette.codes[rgb] for role, rgb in palette.roles.items() if rgb != palette.ink}
    assert all(contrast(colours[number], (0, 0, 0)) >= MARK for number in numbers.values() if number is not None)
    for sight in SIGHTS:
        assert difference(colours[6], colours[3], sight) >= 20  # off and on

"""Who follows the tutorial's keys sees what it says: each figure is on a screen of its section."""

from __future__ import annotations

import re
import sys
from collections import defaultdict

import pytest
from tests.conftest import TOP

sys.path.insert(0, str(TOP / "docs"))

import walk

from ablate_tui.tui.app import AblateApp

FIGURE = re.compile(r"(?<![\w.])[−+]?(?:\d+\.\d+|\d{1,3},\d{3})(?:(?<=\d) ?%)?|(?<![\w.])\d+ ?%")


def told() -> dict[str, str]:
    """What the tutorial says, by section, without keys and pictures."""
    sections: dict[str, str] = defaultdict(str)
    section = ""
    for line in walk.TUTORIAL.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif not line.startswith((">", "!")):
            sections[section] += line + "\n"
    return sections


def test_figures_are_found_in_prose():
    """What the test looks for."""
    text = "a mean of 2.342, −0.9389 off, 16% or 3.8 % of 3,072 runs; question 3, 51.4%."
    assert FIGURE.findall(text) == ["2.342", "−0.9389", "16%", "3.8 %", "3,072", "51.4%"]


def state(app: AblateApp) -> tuple[object, ...]:
    """What the keys have led to, whatever is seen of it."""
    at = type(app.focused).__name__ if len(app.screen_stack) == 1 else ""
    return app.view_name, app.look.slice, app.look.focus, app.look.color, app.look.fail, type(app.screen).__name__, at


async def test_what_is_said_is_seen_and_a_small_terminal_is_led_to_the_same(few_refits):
    """A figure that the program does not show today is a mistake of the page; so are keys that lead elsewhere."""
    shown: dict[str, str] = defaultdict(str)
    reached = []
    async for step, app in walk.walk():
        shown[step.section] += walk.words(walk.picture_of(app)) + "\n"
        reached.append(state(app))
    said = told()
    assert list(shown) == [section for section in said if section in shown]
    checked = 0
    for section, screens in shown.items():
        figures = set(FIGURE.findall(said[section]))
        there = set(FIGURE.findall(screens))
        assert figures <= there, f"{section}: {figures - there}"
        checked += len(figures)
    assert checked > 40
    small = [state(app) async for _, app in walk.walk(size=(80, 24))]
    for step, there, here in zip(walk.steps(), reached, small, strict=True):
        assert here == there, step


@pytest.mark.parametrize("step", [step for step in walk.steps() if step.picture], ids=lambda step: step.picture.stem)
def test_pictures_are_there_and_say_nothing_of_the_machine(step):
    """`make screenshot` has drawn each; none fetches anything, or names a folder."""
    picture = step.picture.read_text(encoding="utf-8")
    said = walk.words(picture)
    assert "val_loss" in said
    assert not re.search(r"/(home|root|tmp|Users|work)\b", picture)
    assert "url(" not in re.sub(r"url\(#t[\w-]+\)", "", picture)
    assert len(picture) < 100_000


def test_no_picture_is_left_over():
    """Each picture of the folder is in the tutorial."""
    named = {step.picture for step in walk.steps()}
    assert set((TOP / "docs/screens").iterdir()) <= named

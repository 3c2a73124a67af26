"""The views as tabs, in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message

from ablate_tui.tui.formats import width
from ablate_tui.tui.panels.lines import Lines
from ablate_tui.tui.views.base import View

ACTIVE = Style(bold=True, reverse=True)
LEFT, RIGHT = " ‹", " ›"  # there are more tabs on this side; a click goes to the next of them


@dataclass(frozen=True)
class Tab:
    """Some cells of the line, and the view that a click on them picks."""

    text: str
    view: str


def tabs(names: Sequence[str], active: str, room: int) -> tuple[Tab, ...]:
    """What fits into a line: the active tab whole, its neighbours as far as they go, the rest as digits.

    Parameters
    ----------
    names : sequence of str
        The views in order; the first ten have a digit.
    active : str
        One of them; it gets brackets.
    room : int
        Cells of the line.

    Returns
    -------
    tuple of Tab
        At most `room` cells together, from seven cells on. Where not even the digits fit, arrows stand
        for what is cut off.
    """
    at, count = names.index(active), len(names)
    digits = [str(place % 10) if place <= 10 else "" for place in range(1, count + 1)]
    whole = [f" {digit} {name}" if digit else f" {name}" for digit, name in zip(digits, names, strict=True)]
    short = [f" {digit or '·'}" for digit in digits]
    arrows = len(LEFT) + len(RIGHT)
    whole[at] = f"[{whole[at].strip()}]"
    short[at] = whole[at] if len(whole[at]) + arrows <= room else f"[{digits[at] or '·'}]"
    everything = sum(map(len, short)) <= room
    first, last = (0, count - 1) if everything else _stretch([*map(len, short)], at, room - arrows)
    before = [Tab(LEFT, names[first - 1])] if first > 0 else []
    after = [Tab(RIGHT, names[last + 1])] if last < count - 1 else []
    spare = (
        room - sum(len(text) for text in short[first : last + 1]) - len(LEFT) * len(before) - len(RIGHT) * len(after)
    )
    more = [len(whole[place]) - len(short[place]) for place in range(first, last + 1)]
    more[at - first] = 0
    named_first, named_last = (place + first for place in _stretch(more, at - first, spare))
    shown = [
        Tab(whole[place] if named_first <= place <= named_last and place != at else short[place], names[place])
        for place in range(first, last + 1)
    ]
    return (*before, *shown, *after)


def _stretch(costs: Sequence[int], at: int, budget: int) -> tuple[int, int]:
    """First and last place of a stretch that is grown from `at` to both sides in turn, as far as it can be paid."""
    first = last = at
    left = budget - costs[at]
    grown = True
    while grown:
        grown = False
        if last + 1 < len(costs) and costs[last + 1] <= left:
            last, left, grown = last + 1, left - costs[last + 1], True
        if first > 0 and costs[first - 1] <= left:
            first, left, grown = first - 1, left - costs[first - 1], True
    return first, last


class TabBar(Lines):
    """One line of tabs; a click picks one."""

    @dataclass
    class Picked(Message):
        """A tab was clicked."""

        view: str

    def __init__(self, views: Mapping[str, View], id: str | None = None) -> None:
        super().__init__(id=id)
        self.names = tuple(views)
        self.spans: list[tuple[int, int, str]] = []

    def mark(self, active: str) -> None:
        """Mark one tab: by brackets as well as by colour."""
        line, self.spans, start = [], [], 0
        for tab in tabs(self.names, active, self.size.width or 80):
            line.append(Segment(tab.text, ACTIVE if tab.text.startswith("[") else None))
            self.spans.append((start, start + width(tab.text), tab.view))
            start += width(tab.text)
        self.show([tuple(line)])

    def on_click(self, event: events.Click) -> None:
        """Find the tab under the mouse."""
        for start, end, name in self.spans:
            if start <= event.x < end:
                self.post_message(self.Picked(name))

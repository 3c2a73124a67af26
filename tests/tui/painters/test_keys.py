"""Keys of a legend: in lines that fit."""

import pytest

from ablate_tui.tui.figure import Points
from ablate_tui.tui.painters.keys import Keys, layout
from ablate_tui.tui.painters.labels import Entry


def wide(text: str, size: float) -> float:
    """A font whose characters are a tenth of an inch wide."""
    return 0.1 * len(text)


def keys(labels: list[str], room: float) -> Keys:
    """Points under these labels."""
    entries = tuple(Entry(label, "on", Points((), (), label=label)) for label in labels)
    return Keys.of(entries, room, 7.2, wide)


def test_one_line_where_there_is_room():
    """Nothing is moved or cut."""
    made = keys(["off", "on"], 3.0)
    assert (made.labels, made.columns, made.lines, made.more) == (["off", "on"], 2, 1, 0.0)


def test_lines_are_read_as_lines():
    """Five keys in lines of three: matplotlib, which fills columns, gets them by columns."""
    labels = ["aaaa", "bbbb", "cccc", "dddd", "eeee"]
    made = keys(labels, 2.3)
    assert (made.columns, made.lines) == (3, 2)
    assert made.labels == ["aaaa", "dddd", "bbbb", "eeee", "cccc"]
    assert [entry.label for entry in made.entries] == made.labels
    assert made.more > 0


@pytest.mark.parametrize("room", [0.1, 0.5, 1.0, 2.0])
def test_a_label_longer_than_the_line_is_cut(room):
    """Never more than the room, however small; one column then."""
    labels, columns = layout(["x" * 300, "y"], room, 7.2, wide)
    assert labels[0].endswith("…")
    assert columns == 1
    assert len(labels[0]) == 1 or wide(labels[0], 7.2) + 0.24 <= room + 1e-9


def test_no_keys():
    """No lines."""
    assert keys([], 1.0).lines == 0

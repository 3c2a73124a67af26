"""The lean output draws what the full one draws."""

from __future__ import annotations

import pyte
from hypothesis import given
from hypothesis import strategies as st

from ablate_tui.tui.lean_driver import Lean

COLOURS = ["1;2;3", "200;100;0", "18;18;18"]
STYLES = st.one_of(
    st.sampled_from(["0", "", "1", "2", "4", "7", "1;7", "39", "49", "31", "42", "97", "38;5;12", "48;5;200"]),
    st.sampled_from([f"38;2;{c}" for c in COLOURS] + [f"48;2;{c}" for c in COLOURS]),
    st.sampled_from([f"1;38;2;{a};48;2;{b}" for a in COLOURS for b in COLOURS]),
).map(lambda parameters: f"\x1b[{parameters}m")
PIECES = st.one_of(
    STYLES,
    st.text("abc █開", min_size=1, max_size=6),
    st.builds(lambda row, column: f"\x1b[{row};{column}H", st.integers(1, 6), st.integers(1, 20)),
    st.sampled_from(["\x1b[K", "\r\n"]),
)


def drawn(writes: list[str]) -> tuple[object, object]:
    """The cells of a terminal after some writes, and its pen."""
    screen = pyte.Screen(20, 6)
    stream = pyte.Stream(screen)
    for data in writes:
        stream.feed(data)
    cells = [[screen.buffer[row][column] for column in range(20)] for row in range(6)]
    return cells, screen.cursor.attrs


@given(st.lists(st.lists(PIECES, max_size=20).map("".join), max_size=4))
def test_the_same_is_drawn(writes):
    """Any styles, texts and moves, over several writes: equal cells and an equal pen."""
    lean = Lean()
    assert drawn([lean(data) for data in writes]) == drawn(writes)


def test_neighbours_of_one_style_share_it():
    """Reset and style between two pieces go, and a common background is said once."""
    paper = "48;2;18;18;18"
    data = f"\x1b[38;2;1;2;3;{paper}ma\x1b[0m\x1b[38;2;1;2;3;{paper}mb\x1b[0m\x1b[38;2;9;9;9;{paper}mc\x1b[0m"
    assert Lean()(data) == f"\x1b[38;2;1;2;3;{paper}mab\x1b[38;2;9;9;9mc\x1b[0m"


def test_a_style_that_is_not_known_is_left_alone():
    """Underline colours, say: the write goes out as it is, and the next one starts from a reset."""
    lean = Lean()
    assert lean("\x1b[58;5;3mx") == "\x1b[58;5;3mx"
    assert lean("\x1b[1my") == "\x1b[0m\x1b[1my"


def test_a_style_that_is_not_known_is_no_way_round_the_colours():
    """It is left out where no colours may be sent, and what else there is goes on without them."""
    assert Lean(0)("\x1b[1;31;48;2;1;2;3mx\x1b[58;5;3my") == "\x1b[1mxy"

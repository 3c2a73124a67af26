"""What of a view fits on the screen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate_tui.tui.layout import arrange


@given(
    rows=st.integers(0, 1000), panels=st.integers(0, 6), width=st.integers(1, 300), height=st.integers(1, 100),
    part=st.integers(0, 50), table_first=st.booleans(), has_table=st.booleans(),
)  # fmt: skip
def test_nothing_is_larger_than_the_area(rows, panels, width, height, part, table_first, has_table):
    """Table and panels fit into the area, and panels are numbered within the figure."""
    made = arrange(rows, panels, width, height, part, table_first, has_table)
    lines = -(-len(made.panels) // made.columns)
    assert made.table_height + lines * made.panel_height <= height
    assert made.columns * made.panel_width <= width
    assert all(0 <= panel < panels for panel in made.panels)
    assert len(set(made.panels)) == len(made.panels)


@given(
    rows=st.integers(0, 50), panels=st.integers(1, 6), width=st.integers(20, 250), height=st.integers(5, 80),
    table_first=st.booleans(), has_table=st.booleans(),
)  # fmt: skip
def test_every_part_can_be_reached(rows, panels, width, height, table_first, has_table):
    """Going through the parts shows every panel, and the table."""
    parts = arrange(rows, panels, width, height, 0, table_first, has_table).parts
    seen, table = set(), False
    for part in range(parts):
        made = arrange(rows, panels, width, height, part, table_first, has_table)
        seen |= set(made.panels)
        table |= made.table_height > 0
    assert seen == set(range(panels))
    assert table == has_table


@pytest.mark.parametrize(("first", "shown"), [(True, ()), (False, (0,))])
def test_a_small_screen_starts_with_the_table_or_the_plot(first, shown):
    """80×24 leaves some 47×18 cells for the view: too few for ten rows and a plot."""
    assert arrange(10, 5, 47, 18, 0, first).panels == shown


def test_a_small_screen_shows_a_short_table_over_a_plot():
    """Two rows leave enough for a plot."""
    made = arrange(2, 5, 47, 18, 0, table_first=True)
    assert (made.table_height, made.panels, made.panel_height) == (4, (0,), 14)


def test_a_wide_screen_shows_table_and_panels_together():
    """120×36 leaves some 80×30 cells."""
    made = arrange(2, 5, 80, 30, 0, table_first=True)
    assert made.table_height == 4
    assert made.panels == (0, 1, 2, 3)
    assert made.columns == 2


def test_the_plot_of_a_plot_view_is_the_larger_part():
    """A long table leaves two thirds to the plot where the plot is the point."""
    made = arrange(1000, 1, 68, 30, 0, table_first=False)
    assert made.table_height == 10
    assert made.panel_height == 20

"""Labels lie inside the area, beside their points, and not over each other."""

from __future__ import annotations

import math
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from ablate_tui.tui.painters.placement import Label, place

ROOM = (60.0, 20.0)
GAP = (1.5, 0.5)
spots = st.tuples(st.floats(0, ROOM[0]), st.floats(0, ROOM[1]))


def labels_at(points: list[tuple[float, float]], width: float = 8.0) -> list[Label]:
    return [Label(x, y, "label", width, 1.0) for x, y in points]


@given(st.lists(spots, max_size=25), st.lists(spots, max_size=25))
def test_labels_are_inside_and_apart(points: list[tuple[float, float]], dots: list[tuple[float, float]]) -> None:
    labels = labels_at(points)
    places = place(labels, ROOM, GAP, dots + points, reach=3)
    assert len(places) == len(labels)
    boxes = []
    for label, spot in zip(labels, places, strict=True):
        if spot is not None:
            left, top = spot
            assert 0 <= left <= ROOM[0] - label.width
            assert 0 <= top <= ROOM[1] - label.height
            # within three lines, and not further to the side than the gap
            assert abs(top + 0.5 - label.y) <= 3.0 + 1e-9
            assert max(left - label.x, label.x - left - label.width) <= GAP[0] + 1e-9
            boxes.append((left, top, left + label.width, top + label.height))
    for left, top, right, bottom in boxes:
        assert not any(left < x < right and top < y < bottom for x, y in points)
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_a_lone_label_stands_right_of_its_point_and_left_at_the_right_edge() -> None:
    assert place(labels_at([(30.0, 10.0)]), ROOM, GAP) == [(31.5, 9.5)]
    assert place(labels_at([(58.0, 10.0)]), ROOM, GAP) == [(58.0 - 1.5 - 8.0, 9.5)]


def test_the_first_label_of_a_place_has_it() -> None:
    first, second = place(labels_at([(30.0, 10.0), (30.0, 10.0)]), ROOM, GAP)
    assert first == (31.5, 9.5)
    assert second == (30.0 - 1.5 - 8.0, 9.5)


def test_a_label_keeps_off_points_where_it_can() -> None:
    point = (30.0, 10.0)
    in_the_way = [(33.0, 10.0), (26.0, 10.0), (math.nan, 10.0)]
    (spot,) = place(labels_at([point]), ROOM, GAP, [point, *in_the_way])
    assert spot is not None
    assert not any(spot[0] < x < spot[0] + 8 and spot[1] < y < spot[1] + 1 for x, y in in_the_way)


def test_a_label_that_would_cover_another_labels_point_has_no_place() -> None:
    row = [(x, y) for y in (9.0, 10.0, 11.0) for x in (1.0, 7.0)]  # in an area that is hardly wider than a label
    labels = labels_at([(4.0, 10.0), *row])
    assert place(labels, (8.0, 20.0), GAP)[0] is None
    assert place(labels[:1], (8.0, 20.0), GAP, row)[0] == (0.0, 8.5)  # over points that have none it may lie


def test_a_label_wider_than_the_area_has_no_place() -> None:
    assert place(labels_at([(30.0, 10.0)], width=61.0), ROOM, GAP) == [None]

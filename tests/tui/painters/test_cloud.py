"""What plotext is asked for by a short way is what its documented calls draw."""

from __future__ import annotations

import numpy as np
import plotext

from ablate_tui.tui.painters import cloud

INKS = [(240, 134, 64), (86, 180, 233)]


def documented(pieces: list[cloud.Stroke], width: int, height: int) -> str:
    """Pieces that lie inside the area, drawn by `signal` and `draw` on a new figure."""
    terminal = type(plotext.terminal)()
    terminal.limit(False, False)
    figure = type(plotext.figure)(parent=terminal)
    figure.plot_size(width, height)
    figure.theme("colorless")
    figure.canvas("default")
    figure.axes(False)
    for axis, cells in (("x", width), ("y", height)):
        figure.ruler(axis).frequency(0)
        figure.ruler(axis).lim(0, max(1, cells - 1))
    for piece in pieces:
        marker = plotext.marker(piece.marker, plotext.pixel(piece.ink))
        signal = figure.signal((piece.x - 0.5).tolist(), (height - piece.y - 0.5).tolist(), marker=marker)
        figure.draw(signal.lines() if piece.connected else signal)
    return figure.build().string()


def test_one_figure_after_another_draws_what_new_ones_draw() -> None:
    """Lines and clouds of all markers, in areas of changing sizes: nothing of an earlier one is left."""
    draw = np.random.default_rng(5)
    for number in range(60):
        width, height = int(draw.integers(8, 90)), int(draw.integers(2, 30))
        strokes = [
            cloud.Stroke(
                draw.uniform(-2, width + 2, n), draw.uniform(-1, height + 1, n), bool(draw.integers(2)), marker, ink
            )
            for n, marker, ink in zip(
                draw.integers(1, 60, 3), draw.permutation(["braille", "hd", "×"]), [*INKS, INKS[0]], strict=True
            )
        ]
        pieces = [piece for stroke in strokes for piece in cloud._pieces(stroke, width, height)]
        expected = list(cloud._cells(documented(pieces, width, height)))
        assert cloud.draw(strokes, width, height) == expected, number


def test_a_line_is_cut_at_the_box_and_goes_on_where_it_comes_back() -> None:
    """Out through one side and in again, along an edge, and broken by a value that is none."""
    x = [0.5, 2.0, 2.0, 0.5, np.nan, 0.0, 1.0]
    y = [0.5, 0.5, 0.75, 0.75, 0.0, 0.25, 0.25]
    found = cloud.clipped(x, y, (0.0, 1.0, 0.0, 1.0))
    assert [(a.tolist(), b.tolist()) for a, b in found] == [
        ([0.5, 1.0], [0.5, 0.5]),
        ([1.0, 0.5], [0.75, 0.75]),
        ([0.0, 1.0], [0.25, 0.25]),
    ]
    assert cloud.clipped([2.0, 3.0], [0.5, 0.5], (0.0, 1.0, 0.0, 1.0)) == []

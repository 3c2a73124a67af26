"""What is sent to a terminal beyond text, read back."""

from __future__ import annotations

import io
import os
import re
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.graphics import ITERM, KITTY, PLAIN, SIXEL, iterm_files, pixels_of, sixel_picture, unwrapped

from ablate_tui.tui import sending
from ablate_tui.tui.sending import Area
from ablate_tui.tui.sixel import encode
from ablate_tui.tui.terminals import Answers, Terminal, Tmux, terminal


def of(kind: dict[bytes, bytes], tmux: Tmux | None = None) -> Terminal:
    answers = Answers()
    answers.feed(b"".join(kind.values()))
    return terminal({"TERM": "xterm-256color"}, answers, tmux)


def png(width: int, height: int, noise: bool = False) -> bytes:
    """A picture of few colours, or of as many bytes as pixels."""
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if not noise:
        few = np.array([(255, 255, 255), (0, 0, 0), (213, 94, 0), (0, 114, 178)], dtype=np.uint8)
        pixels = few[np.arange(width * height).reshape(height, width) // 5 % 4]
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "png")
    return out.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (7, 6), (40, 13), (300, 25)])
def test_sixels_of_few_colours_are_exact(size):
    """Up to a percent, in which sixel tells colours; also where the last band is not full."""
    content = png(*size)
    shown = sixel_picture(encode(content, *size).encode())
    assert shown.shape == (size[1], size[0], 3)
    assert np.abs(shown - pixels_of(content)).max() <= 1.5


@pytest.mark.parametrize("kind", [KITTY, ITERM, SIXEL])
@pytest.mark.parametrize("area", [Area(0, 0, 80, 23), Area(2, 3, 10, 40), Area(0, 0, 1, 1)])
def test_a_picture_stays_in_its_area(kind, area):
    """Whatever its shape, and its own shape is kept."""
    for shape in ((1920, 1080), (300, 3000)):
        place, (width, height) = sending.fitted(png(*shape), area, of(kind).cell)
        assert area.x <= place.x
        assert place.x + place.width <= area.x + area.width
        assert place.height <= area.height
        assert width <= area.width * 10
        assert height <= area.height * 20
        if min(width, height) > 20:
            assert width / height == pytest.approx(shape[0] / shape[1], rel=0.1)


def test_a_large_file_goes_to_iterm2_in_parts():
    """And arrives whole; through tmux too, which takes a megabyte at a time."""
    content = os.urandom(2_000_000)
    ((told, arrived),) = iterm_files(sending.download("a b 開.png", content, of(ITERM)).encode())
    assert arrived == content
    assert told["inline"] == "0"
    through = sending.download("x", content, of(ITERM, Tmux(True, False, "iTerm2 3.5"))).encode()
    assert max(map(len, re.findall(rb"\x1bPtmux;(?:[^\x1b]|\x1b\x1b)*\x1b\\", through))) < 1_000_000
    assert iterm_files(unwrapped(through))[0][1] == content


def test_a_picture_in_parts_is_shown_where_it_should_be():
    """The last part moves the cursor there in one go: tmux paints between the parts."""
    once, again = sending.picture(png(800, 600, noise=True), Area(2, 3, 60, 20), of(PLAIN, Tmux(True, False, "iTerm2")))
    wrapped = re.findall(rb"\x1bPtmux;((?:[^\x1b]|\x1b\x1b)*)\x1b\\", (once + again).encode())
    assert len(wrapped) > 2
    assert re.fullmatch(rb"\x1b\x1b\[4;\d+H\x1b\x1b\]1337;FileEnd\x07", wrapped[-1])


def test_the_clipboard_goes_the_way_that_is_open():
    text = "scp 'a@b:c d' ."
    straight = sending.clipboard(text, of(KITTY))
    assert straight == "\x1b]52;c;c2NwICdhQGI6YyBkJyAu\a"
    wrapped = sending.clipboard(text, of(KITTY, Tmux(True, False, "kitty")))
    assert unwrapped(wrapped.encode()) == straight.encode()
    assert sending.clipboard(text, of(KITTY, Tmux(True, True, "kitty"))) == straight


def test_what_is_erased_is_all_there_is():
    assert sending.erased(of(KITTY)).startswith("\x1b_Ga=d,d=I,i=171")
    assert all(sending.erased(of(kind)).endswith("\x1b[2J") for kind in (KITTY, ITERM, SIXEL))
    nothing = replace(of(KITTY), pictures=None)
    assert sending.picture(png(9, 9), Area(0, 0, 9, 9), nothing) == ("", "")


def test_a_full_screen_of_sixels_is_made_soon():
    """A plot's worth of colours at 1,000 × 600; many times what it takes, since tests share their machine."""
    content = png(1000, 600)
    began = time.perf_counter()
    encode(content, 1000, 600)
    assert time.perf_counter() - began < 5

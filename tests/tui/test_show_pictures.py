"""`ablate-tui show`: what a picture is for, LaTeX, and no picture on a terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image
from tests.pseudo_terminal import PseudoTerminal

from ablate_tui.tui import cli


def show(*arguments: object) -> int:
    return cli.main(["show", *map(str, arguments)])


def test_size_and_ground_of_a_picture(runs, tmp_path):
    target = tmp_path / "slide.png"
    assert show(runs, "--view", "effects", "--png", target, "--size", "slide", "--dark") == 0
    image = Image.open(target)
    assert image.size == (1920, 1080)
    assert max(image.convert("RGB").getpixel((1, 1))) < 60


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--size", "page"], "--size and --dark are for pictures"),
        (["--dark", "--json"], "--size and --dark are for pictures"),
        (["--png", "x.png", "--size", "poster"], "'poster'"),
    ],
)
def test_options_that_do_not_go_together_are_told(runs, capsys, options, said):
    assert show(runs, "--view", "effects", *options) == 2
    assert said in capsys.readouterr().err


def test_latex_has_every_switch(runs, capsys):
    assert show(runs, "--view", "effects", "--latex") == 0
    text = capsys.readouterr().out
    assert all(name in text for name in (r"use\_norm", r"use\_bias", r"tie\_weights", r"use\_gate", r"\toprule"))


@pytest.mark.parametrize("form", ["png", "pdf"])
def test_a_picture_is_not_typed_onto_a_terminal(runs, form):
    """One clear line, and no byte of the picture."""
    program = Path(sys.executable).with_name("ablate-tui")
    command = [str(program), "show", str(runs), "--view", "effects", f"--{form}", "-"]
    with PseudoTerminal(command, 120, 24) as terminal:
        assert terminal.wait_exit() == 2
        assert f"a {form.upper()} is no text for a terminal" in terminal.text
        assert terminal.raw.count(b"\n") == 1

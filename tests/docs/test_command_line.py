"""docs/command_line.md names every command, option and key of the JSON, and none that isn't there."""

from __future__ import annotations

import argparse
import itertools
import json
import re
from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest
from tests.conftest import TOP

from ablate_tui.data.demo import demo_database
from ablate_tui.tui import cli
from ablate_tui.tui.views.registry import VIEWS

PAGE = (TOP / "docs/command_line.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.usefixtures("few_refits")


def keys(title: str) -> set[str]:
    """The keys of one table of the JSON."""
    part = re.search(rf"^### {title}\n(.*?)(?=^### |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert part is not None, f"the page has no {title}"
    rows = re.findall(r"^\| (`.*?`) \|", part[1], re.MULTILINE)
    return {key for row in rows for key in re.findall(r"`([^`]+)`", row)}


def paths(value: object, at: str = "") -> Iterator[str]:
    """Where the plain values of a JSON object are; an empty list or object is one, too."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from paths(inner, f"{at}.{key}" if at else key)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from paths(inner, at + "[]")
    else:
        yield at


def meets(key: str, path: str) -> bool:
    """Whether a path is of a key, whose words in capitals stand for any name."""
    parts = [r"[^\[\]]+" if word.isalpha() and word.isupper() else re.escape(word) for word in re.split(r"(\W+)", key)]
    return re.fullmatch("".join(parts), path) is not None


def empty_of(key: str, path: str) -> bool:
    """Whether a path is where the key would be, were there anything: an empty list, or null for an object."""
    return key.startswith((path + "[]", path + "."))


@pytest.fixture
def printed(capsys):
    """The paths in what `show --json` prints."""

    def call(source: object, view: str, *options: str) -> set[str]:
        assert cli.main(["show", str(source), "--view", view, "--json", *options]) == 0
        return set(paths(json.loads(capsys.readouterr().out)))

    return call


@pytest.fixture
def others(tmp_path):
    """Sweeps with what the shipped one lacks: three levels, empty cells, an alias, curves."""
    rng = np.random.default_rng(1)
    rows = [
        (opt, opt == "sgd", gate, bias, seed, 1 + gate + len(opt) + rng.normal())
        for opt, gate, bias, seed in itertools.product(("sgd", "adam", "lion"), (False, True), (False, True), range(3))
        if not (opt == "lion" and gate)
    ]
    frame = pl.DataFrame(rows, schema=["opt", "momentum", "gate", "bias", "seed", "val_loss"], orient="row")
    frame.write_parquet(tmp_path / "levels.parquet")
    half = [
        (a, b, c, a ^ b ^ c, a ^ b, a + rng.normal(), [3.0, 2.0, 1.0 + a], [0.1, 0.2])
        for a, b, c in itertools.product((False, True), repeat=3)
    ]
    names = ["a", "b", "c", "d", "e", "val_loss", "loss_history", "accuracy_history"]
    fraction = pl.DataFrame(half, schema=names, orient="row")
    fraction.write_parquet(tmp_path / "fraction.parquet")
    return tmp_path / "levels.parquet", tmp_path / "fraction.parquet"


@pytest.mark.parametrize("view", VIEWS)
def test_the_json_is_as_documented(printed, others, view):
    """Each key that is printed is on the page, and each on the page is printed on some sweep."""
    demo, (levels, fraction) = demo_database(), others
    contrast = ("--contrast", "use_rms_norm", "--set", "untie_attn_weights=on")
    failing = ("--fail", "val_loss > 2.973", "--location", "use_rms_norm,no_vo_rope")
    found = printed(demo, view, *contrast) | printed(demo, view, *failing)
    found |= printed(levels, view, "--contrast", "opt") | printed(fraction, view, "--contrast", "a")
    common, own = keys("Every view"), keys(view)
    unknown = {path for path in found if not any(meets(key, path) or empty_of(key, path) for key in common | own)}
    assert not unknown, "not on the page"
    expected = own | common - {"rows[]"} if view == "effects" else own
    missing = {key for key in expected if not any(meets(key, path) for path in found)}
    assert not missing, "never printed"


def test_every_option_is_documented(monkeypatch):
    """Of each command: its options are in the page's tables, and all of the page's options are taken."""
    taken: set[str] = set()

    def note(parser: argparse.ArgumentParser, *_: object) -> None:
        shown = [action for action in parser._actions if action.help != argparse.SUPPRESS]
        taken.update(name for action in shown for name in action.option_strings)
        raise KeyboardInterrupt

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", note)
    monkeypatch.setattr(cli, "abandon", lambda: None)
    for command in ((), *((name,) for name in cli.COMMANDS)):
        cli.main([*command, "x"])
    page, _, _ = PAGE.partition("\n## JSON")
    told = set(re.findall(r"--[a-z]+", page))
    assert taken - {"-h", "--help"} == told - {"--help"}


def test_every_command_and_view_is_documented():
    """The list at the top has all commands, the table all views, in their order."""
    commands = re.findall(r"^ablate-tui ([a-z]+) ", PAGE, re.MULTILINE)
    assert tuple(dict.fromkeys(commands)) == cli.COMMANDS
    assert f"`{' '.join(VIEWS)}`" in PAGE
    about = {name: view.about.replace("|", "\\|") for name, view in VIEWS.items()}
    _, _, views = PAGE.partition("\n## Views\n")
    views, _, _ = views.partition("\n## ")
    assert dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", views, re.MULTILINE)) == about
    assert [title for title in re.findall(r"^### (\w+)$", PAGE, re.MULTILINE) if title in VIEWS] == list(VIEWS)

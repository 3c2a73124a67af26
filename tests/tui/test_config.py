"""The settings: what a file may say, what is said of one that is wrong, and what `config` prints."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from ablate_tui.data.errors import UsageError
from ablate_tui.tui import cli
from ablate_tui.tui.config import Config, config_file, load
from ablate_tui.tui.screen_options import with_keys


def kept(text: str) -> Path:
    """The user's file, with a text in it."""
    config_file().write_text(text, encoding="utf-8")
    return config_file()


def test_without_a_file_everything_is_as_it_comes():
    """Also where it is empty, or holds empty tables."""
    assert load() == Config()
    kept("[defaults]\n[keys]\n")
    assert load() == Config()


def test_what_a_file_says_is_in_force():
    """Keys as tables in tables, too, which is what TOML makes of a dot."""
    kept('theme = "light"\nascii = false\n[defaults]\nview = "effects"\nfollow = true\n[keys]\nlist.up = "w"\nsort="z"')
    assert load() == Config("light", False, "effects", True, {"list.up": "w", "sort": "z"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('theem = "dark"', 'no setting "theem"; did you mean "theme"?'),
        ('[default]\nview = "effects"', 'no setting "default"; did you mean "defaults.view"?'),
        ("[defaults]\nfolow = true", 'no setting "defaults.folow"; did you mean "defaults.follow"?'),
        ('theme = "drak"', 'theme = "drak": no such theme; did you mean "dark"?'),
        ("theme = 3", "theme = 3: it is a text in quotes"),
        ('ascii = "yes"', 'ascii = "yes": it is true, false or "auto"'),
        ('[defaults]\nfollow = "true"', 'defaults.follow = "true": it is true or false'),
        ('[defaults]\nview = "efects"', 'defaults.view = "efects": no such view; did you mean "effects"?'),
        ("defaults = 1", "defaults is a table: write [defaults] on a line of its own"),
        ("[keys]\nsort = 1", "keys: sort = 1: it is a text in quotes"),
        ('[keys]\nsrot = "z"', 'keys: no binding "srot"; did you mean "sort"?'),
        ('[keys]\nsort = "ctlr+z"', 'keys: sort = "ctlr+z": no modifier "ctlr"; did you mean "ctrl"?'),
        ('[keys]\nsort = "spcae"', 'keys: sort = "spcae": no such key; did you mean "space"?'),
        ('[keys]\nsort = "qqqq"', 'no such key; there are: "backspace"'),
        ('[keys]\nsort = "ctrl+m"', 'keys: sort = "ctrl+m": a terminal sends "enter" for it'),
        ('[keys]\nsort = "ctrl+M"', 'a terminal sends "enter" for it'),
        ('[keys]\nsort = "ctrl+E"', 'a terminal sends "ctrl+e" for it'),
        ('[keys]\nsort = "ctrl+i"', 'a terminal sends "tab" for it'),
        ('[keys]\nsort = "ctrl+h"', 'a terminal sends "backspace" for it'),
        ('[keys]\nsort = "ctrl+["', 'a terminal sends "escape" for it'),
        ('[keys]\nsort = "shift+a"', 'a terminal sends "A" for it'),
        ('[keys]\nsort = "z,"', "keys: sort has an empty key"),
        ('[keys]\nsort = "e"', 'keys: sort = "e": e is export\'s'),
        ('[keys]\nsort = "j"', 'keys: sort = "j": j is list.down\'s'),
        ('[keys]\nsort = "tab"', 'keys: sort = "tab": tab is for the next panel'),
        ('[keys]\nsort = "z"\nexport = "z"', "z is "),
        ('theme = "dark"\nascii = tru', "is not TOML: Invalid value (at line 2, column 9)"),
        ('theme = "dark"\nascii =', "is not TOML: Invalid value (at line 2, column 8)"),
        ('theme = "dark"\ntheme = "light"', "is not TOML: Cannot overwrite a value (at line 2, column 16)"),
    ],
)
def test_what_is_wrong_is_said_with_the_file_and_what_is_near(text, words, capsys, runs):
    """One line, before anything is read; exit status 2."""
    file = kept(text)
    assert cli.main([str(runs)]) == 2 or "keys" in text  # keys are looked at where the screen is loaded
    with pytest.raises(UsageError) as caught:
        with_keys(load())
    assert words in str(caught.value)
    assert f'"{file}"' in str(caught.value)
    assert "\n" not in str(caught.value)
    capsys.readouterr()
    assert cli.main(["config"]) == 2
    assert capsys.readouterr().err.startswith(f'ablate-tui: "{file}"')


def test_a_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    """A folder in its place, and bytes that are no text."""
    monkeypatch.setenv("ABLATE_TUI_CONFIG", str(tmp_path))
    with pytest.raises(UsageError, match="can't be read"):
        load()
    broken = tmp_path / "broken.toml"
    broken.write_bytes(b'theme = "dark"\n# \xff\n')
    with pytest.raises(UsageError, match="line 2: not UTF-8"):
        load(broken)


def test_settings_that_cannot_be_reached_are_not_there(tmp_path, monkeypatch):
    """A home that is no folder, or that this user may not look into; a file that was named is told of."""
    (tmp_path / "home").write_text("")
    monkeypatch.setenv("ABLATE_TUI_CONFIG", str(tmp_path / "home" / "config.toml"))
    assert load() == Config()

    def refuses(file: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuses)
    with pytest.raises(UsageError, match="Permission denied"):
        load()
    monkeypatch.delenv("ABLATE_TUI_CONFIG")
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nowhere"))
    assert load() == Config()


def test_commands_without_a_screen_do_not_ask_the_settings(capsys, runs):
    """`show` gives the same on every machine, whatever is in the file; so do the others."""
    kept("theme = [")
    assert cli.main(["show", str(runs), "--view", "effects", "--json"]) == 0
    assert cli.main(["doctor"]) == 0
    assert "broken: " in capsys.readouterr().out


def test_config_prints_what_can_be_kept_as_the_file(capsys):
    """Every setting and key; kept as the file, it changes nothing."""
    file = kept('theme = "contrast"\n[keys]\nexport = "ctrl+e,z"\n')
    assert cli.main(["config"]) == 0
    printed = capsys.readouterr().out
    assert str(file) in printed.splitlines()[0]
    assert 'theme = "contrast"  # from the file' in printed
    assert 'view = "compare"  # default' in printed
    content = tomllib.loads(printed)
    assert content["keys"]["export"] == "ctrl+e,z"
    assert content["keys"]["list.toggle"] == "space"
    before = with_keys(load())
    kept(printed)
    assert with_keys(load()) == before
    assert cli.main(["config"]) == 0
    assert capsys.readouterr().out == printed


def test_keys_that_change_places_do_not_clash():
    """What counts is what holds in the end."""
    kept('[keys]\nsort = "x"\nclear = "s"\nhelp = "?,f1"\n')
    assert with_keys(load()).keys == {"sort": "x", "clear": "s"}  # help has its own


def test_the_file_is_in_the_place_of_the_system(monkeypatch, tmp_path):
    """Unless ABLATE_TUI_CONFIG names another."""
    assert config_file() == tmp_path / "config.toml"
    monkeypatch.delenv("ABLATE_TUI_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert config_file().name == "config.toml"
    assert config_file().parent.name == "ablate-tui"

"""The user's settings: a TOML file in the system's place for them, read when the screen starts.

Only the screen reads it: what `show`, `report` and `import` give is the same on every machine.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from ablate_tui.data.errors import UsageError, one_of

NAMED_BY = "ABLATE_TUI_CONFIG"
THEMES = ("dark", "light", "contrast", "terminal")
AUTO = "auto"
AT_END = re.compile(r"\(at end of document\)$")


@dataclass(frozen=True)
class Config:
    """What is in force. A field is a setting; its name in the file is in `PLACES`."""

    theme: str = AUTO
    """dark, light, contrast (as high as it goes) or terminal (its own 16 colours);
    auto: dark, and terminal where it has no more than 16 colours or NO_COLOR is set"""

    ascii: bool | str = AUTO
    """true sends no character beyond ASCII; auto: where the terminal or the locale can't show others"""

    view: str = "compare"
    """the view of the first screen"""

    follow: bool = False
    """true takes in new runs as they come, as --follow does"""

    keys: Mapping[str, str] = field(default_factory=dict)
    """by id of a binding, as in export = "ctrl+e,w": several keys are separated by commas"""


PLACES = {"theme": "theme", "ascii": "ascii", "view": "defaults.view", "follow": "defaults.follow"}
TABLES = ("defaults", "keys")


def config_file() -> Path:
    """Where the settings are: ``ABLATE_TUI_CONFIG``, else config.toml in the system's place for a user's settings."""
    chosen = os.environ.get(NAMED_BY)
    return Path(chosen) if chosen else user_config_path("ablate-tui", appauthor=False) / "config.toml"


def named(file: Path) -> str:
    """A file's name for a person, quoted."""
    from ablate_tui.data.engine import printable

    return f'"{printable(str(file))}"'


def load(file: Path | None = None) -> Config:
    """Read the settings; without a file, everything is as it comes.

    Parameters
    ----------
    file : Path, optional
        Other than `config_file`'s.

    Returns
    -------
    Config
        Its keys are what the file says; `tui.keymap` knows which ones there are.

    Raises
    ------
    UsageError
        A file that can't be read, isn't TOML, or holds a setting or a value that there isn't.
    """
    file = file or config_file()
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return Config()
    except OSError as error:
        # a folder that can't be looked into holds nothing, unless it was named
        if isinstance(error, PermissionError) and not os.environ.get(NAMED_BY) and not os.path.exists(file):
            return Config()
        raise UsageError(f"the settings in {named(file)} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"{named(file)}, line {line}: not UTF-8; save it as UTF-8") from error
    import tomllib

    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        lines = text.split("\n")
        end = f"(at line {len(lines)}, column {len(lines[-1]) + 1})"
        raise UsageError(f"{named(file)} is not TOML: {AT_END.sub(end, str(error))}") from error
    try:
        return _config(content)
    except UsageError as error:
        raise UsageError(f"{named(file)}: {error}") from error


def _config(content: Mapping[str, Any]) -> Config:
    """Settings from TOML's tables."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        if name not in TABLES:
            found[name] = value
        elif not isinstance(value, dict):
            raise UsageError(f"{name} is a table: write [{name}] on a line of its own, and its settings below")
        elif name == "defaults":
            found |= {f"defaults.{inner}": one for inner, one in value.items()}
    chosen: dict[str, Any] = {}
    for place, value in found.items():
        setting = next((setting for setting, own in PLACES.items() if own == place), None)
        if setting is None:
            raise UsageError(f'no setting "{place}"; {one_of(place, (*PLACES.values(), "keys"))}')
        chosen[setting] = _checked(setting, value)
    return Config(**chosen, keys=_flat("", content.get("keys", {})))


def _checked(setting: str, value: Any) -> Any:
    """A value that a setting may have."""
    place = PLACES[setting]
    if setting in ("follow", "ascii"):
        if isinstance(value, bool) or (setting == "ascii" and value == AUTO):
            return value
        allowed = "true or false" if setting == "follow" else f'true, false or "{AUTO}"'
        raise UsageError(f"{place} = {_toml(value)}: it is {allowed}")
    if not isinstance(value, str):
        raise UsageError(f"{place} = {_toml(value)}: it is a text in quotes")
    if setting == "view":
        from ablate_tui.tui.views.registry import VIEWS

        names = tuple(VIEWS)
    else:
        names = (AUTO, *THEMES)
    if value not in names:
        raise UsageError(f"{place} = {_toml(value)}: no such {setting}; {one_of(value, names)}")
    return value


def _flat(before: str, table: Mapping[str, Any]) -> dict[str, str]:
    """Keys by id: ``list.up = "k"`` is a table in a table for TOML."""
    flat: dict[str, str] = {}
    for name, value in table.items():
        place = before + name
        if isinstance(value, dict):
            flat |= _flat(f"{place}.", value)
        elif isinstance(value, str):
            flat[place] = value
        else:
            raise UsageError(f"keys: {place} = {_toml(value)}: it is a text in quotes")
    return flat


def _toml(value: Any) -> str:
    """A value as TOML writes it, near enough for a message."""
    return json.dumps(value, ensure_ascii=False, default=str)


def as_toml(config: Config, keys: Mapping[str, tuple[str, str]], file: Path) -> str:
    """What is in force, ready to be kept as a file.

    Parameters
    ----------
    config : Config
    keys : mapping from id to (keys, words)
        All bindings with the keys that are in force.
    file : Path
        Where it comes from, for the first line.
    """
    there = "" if os.path.exists(file) else " (not there yet)"
    lines = [f"# {named(file)}{there}", ""]
    table, words = "", _docstrings()
    for setting in fields(Config):
        if setting.name == "keys":
            continue
        *inside, name = PLACES[setting.name].split(".")
        if inside and inside[0] != table:
            table = inside[0]
            lines.append(f"[{table}]")
        lines += [f"# {line}" for line in words[setting.name]]
        value = getattr(config, setting.name)
        whence = "default" if value == setting.default else "from the file"
        lines += [f"{name} = {_toml(value)}  # {whence}", ""]
    lines += ["[keys]", *(f"# {line}" for line in words["keys"])]
    for id_, (key, about) in keys.items():
        whence = ", from the file" if id_ in config.keys else ""
        quoted = id_ if "." not in id_ else f'"{id_}"'
        lines.append(f"{quoted} = {_toml(key)}  # {about}{whence}")
    return "\n".join(lines) + "\n"


def _docstrings() -> dict[str, list[str]]:
    """What stands under each setting of `Config`, in lines."""
    import ast
    import inspect

    body = ast.parse(inspect.getsource(Config)).body[0].body  # type: ignore[attr-defined]
    return {
        ast.unparse(setting.target): [line.strip() for line in words.value.value.splitlines()]
        for setting, words in itertools.pairwise(body)
        if isinstance(setting, ast.AnnAssign)
    }

"""Write docs/keys.md: every key, from the bindings of the screen, its panels and its dialogs. `make keys` runs it."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.screen import Screen

from ablate_tui import tui
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.keymap import keys_of

INTRODUCTION = """# Keys

Made from the bindings of the program by `make keys`; a test fails where this page is not what they say. In the screen,
`?` shows the same, and `ctrl+p` finds each command by its words. Small and capital letters are different keys.

The *id* names a binding whatever key it has.
"""
MEANT = "Keys of a panel work where it has the focus (`tab` goes on), those of a dialog while it is open."


def holders() -> Iterator[type]:
    """Every class of the program that has keys of its own."""
    for module in pkgutil.walk_packages(tui.__path__, f"{tui.__name__}."):
        for found in vars(importlib.import_module(module.name)).values():
            if isinstance(found, type) and found.__module__ == module.name and vars(found).get("BINDINGS"):
                yield found


def of(*classes: Any) -> list[Binding]:
    """The keys of some classes, as written."""
    written = [binding for one in classes for binding in vars(one).get("BINDINGS", ())]
    return [binding if isinstance(binding, Binding) else Binding(*binding) for binding in written]


def table(bindings: list[Binding]) -> str:
    """A Markdown table; a key without words does nothing that a person would look for."""
    lines = ["| key | what it does | id |", "|---|---|---|"]
    for binding in bindings:
        what = binding.tooltip or binding.description
        if what:
            keys = " ".join(f"`{key}`" for key in keys_of(binding).split())
            what = what.rstrip(".").replace("|", "\\|")
            name = f"`{binding.id}`" if binding.id else ""
            lines.append(f"| {keys} | {what} | {name} |")
    return "\n".join(lines)


def heading(one: type) -> str:
    """A class's name as words, and the first sentence of what it says about itself."""
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", one.__name__).capitalize()
    return f"## {words}\n\n{(one.__doc__ or '').strip().splitlines()[0].split('. ')[0].rstrip('.')}."


def page() -> str:
    """The whole page."""
    found = list(holders())
    everywhere = [one for one in found if issubclass(AblateApp, one)]
    palette = Binding(App.COMMAND_PALETTE_BINDING, "", "Find a command by its words")
    parts = [INTRODUCTION, "## Everywhere\n", table(of(*everywhere)), "", MEANT]
    for one in found:
        if one not in everywhere:
            parts += ["", heading(one), "", table(of(one))]
    parts += ["", "## From Textual\n", "What the library does with keys.", "", table([palette, *of(App, Screen)])]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("keys.md").write_text(page(), encoding="utf-8")

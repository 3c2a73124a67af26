"""Completion for shells: short scripts, and what may stand in place of the last word.

The scripts ask this program at every tab and only hand on what it says, so that they know nothing that
could grow old; and no name is ever read by a shell as more than a word. (Libraries for this want a tree of
argparse's own subcommands; here the first word may be a source as well, and what follows hangs on it.)
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ablate_tui.data.errors import UsageError
from ablate_tui.data.roles import ROLES
from ablate_tui.tui.parser import DESCRIBE, Parser
from ablate_tui.tui.shells import SHELLS, bash_line, bash_words, script

if TYPE_CHECKING:
    from ablate_tui.data.schema import Factor

__all__ = ["SHELLS", "answer", "complete", "script"]

LARGEST = 64 << 20  # bytes of a source that is read for its names: a tab must not take long
FILES = ("into", "out", "png", "svg", "pdf", "source", "sources")
SWITCH_LISTS = ("location", "switches")


@dataclass(frozen=True)
class Candidates:
    """What may stand in place of a word; whether files may, too, and whether the word then goes on."""

    words: tuple[str, ...] = ()
    files: bool = False
    goes_on: bool = False


def answer(shell: str, words: Sequence[str]) -> str:
    """What a script is told: a line with "files" or "more", then a line a word.

    Parameters
    ----------
    shell : str
    words : sequence of str
        Those after the program's name, the one to complete last; of bash, the line as it was typed.
    """
    line = "".join(words[:1]) if shell == "bash" else ""
    if shell == "bash":
        words = bash_words(line)
    found = complete(words)
    texts = [word for word in found.words if word.startswith(words[-1] if words else "")]
    texts = [word for word in texts if word.isprintable()]  # what can't be typed can't be completed either
    if shell == "bash":
        texts = bash_line(line, texts)
    marks = [mark for mark, there in (("files", found.files), ("more", found.goes_on)) if there]
    return "\n".join([" ".join(marks), *texts]) + "\n"


def complete(words: Sequence[str]) -> Candidates:
    """What may stand in place of the last word; nothing where that can't be told."""
    from ablate_tui.tui.cli import COMMANDS, commands, open_screen

    *before, word = words or ("",)
    command: Callable[[list[str]], int] = open_screen
    first = not before
    if before and before[0] in COMMANDS:
        command = commands()[before[0]]
    parser = Parser.of(command)
    given, option, sources = _read(parser, before[command is not open_screen :])
    if command is commands()["demo"]:
        from ablate_tui.data.demo import SHIPPED

        sources = [str(SHIPPED)]
    if option is None and word.startswith("--") and "=" in word:
        name, _, value = word.partition("=")
        action = parser._option_string_actions.get(name)
        if action is None or action.nargs == 0:
            return Candidates()
        found = _values(action, value, given, sources)
        return Candidates(tuple(f"{name}={text}" for text in found.words), found.files, found.goes_on)
    if option is not None:
        return _values(option, word, given, sources)
    if word.startswith("-"):
        names = (
            name for action in parser._actions if action.help != argparse.SUPPRESS for name in action.option_strings
        )
        return Candidates(tuple(name for name in names if name != DESCRIBE))
    places = [action for action in parser._actions if not action.option_strings]
    if first:
        return Candidates(COMMANDS, files=True)
    if not places or (len(sources) >= len(places) and places[-1].nargs != "*"):
        return Candidates()
    return _values(places[min(len(sources), len(places) - 1)], word, given, sources)


def _read(parser: Parser, words: Sequence[str]) -> tuple[dict[str, list[str]], argparse.Action | None, list[str]]:
    """Values of the options so far, the option whose value comes next, and the words that belong to none."""
    given: dict[str, list[str]] = {}
    alone: list[str] = []
    option: argparse.Action | None = None
    for word in words:
        if option is not None:
            given.setdefault(option.dest, []).append(word)
            option = None
        elif word.startswith("--"):
            name, sign, value = word.partition("=")
            action = parser._option_string_actions.get(name)
            if action is not None and sign:
                given.setdefault(action.dest, []).append(value)
            elif action is not None and action.nargs != 0:
                option = action
        else:
            alone.append(word)
    return given, option, alone


def _values(action: argparse.Action, word: str, given: dict[str, list[str]], sources: Sequence[str]) -> Candidates:
    """What may stand for an option's value, or for a word in its place."""
    if action.choices is not None:
        return Candidates(tuple(map(str, action.choices)))
    if action.dest in FILES:
        return Candidates(files=True)
    if not sources:
        return Candidates()
    # a source that can't be read has no names, and a tab is not the time to say why
    with contextlib.suppress(Exception):
        return _of_sweep(action.dest, word, sources[0], given.get("table", [None])[-1])
    return Candidates()


def _of_sweep(option: str, word: str, source: str, table: str | None) -> Candidates:
    """Names, and levels behind a name and "=", as the slice options write them."""
    from ablate_tui.data.choices import kept
    from ablate_tui.data.schema import Choices
    from ablate_tui.data.store import open_store
    from ablate_tui.tui.session import Session

    if not _is_small(source):
        return Candidates()
    store, choices = open_store(source, table), Choices(table=table)
    try:
        session = Session(store, choices.over(kept(store.path, store.table)))
    except UsageError:  # they no longer fit
        session = Session(store, choices)
    try:
        sweep = session.table(None, None)
        if option == "response":
            return Candidates(tuple(session.store.responses()))
        factors = {factor.name: factor for factor in sweep.factors}
        columns = [column.name for column in sweep.columns]
    finally:
        session.close()
    if option in ("contrast", "color"):
        return Candidates(tuple(factors))
    if option in SWITCH_LISTS:
        done, comma, _ = word.rpartition(",")
        return Candidates(tuple(done + comma + _quoted(name) for name in factors))
    if option == "role":
        return _pairs(word, dict.fromkeys(columns, ROLES))
    if option == "on":
        return _pairs(word, {name: factor.levels for name, factor in factors.items()})
    if option == "set":
        return _pairs(word, {name: _levels(factor, word) for name, factor in factors.items()})
    return Candidates()


def _pairs(word: str, values: dict[str, Sequence[str]]) -> Candidates:
    """``NAME=`` until one is there, then ``NAME=VALUE``."""
    for name, allowed in values.items():
        if word.startswith(f"{name}="):
            return Candidates(tuple(f"{name}={value}" for value in allowed))
    return Candidates(tuple(f"{name}=" for name in values), goes_on=True)


def _levels(factor: Factor, word: str) -> Sequence[str]:
    """Levels behind those that stand already, each quoted as a field of CSV."""
    done, comma, _ = word.removeprefix(f"{factor.name}=").rpartition(",")
    switch = ("on", "off") if factor.is_switch and not comma else ()
    return [done + comma + level for level in (*(_quoted(level) for level in factor.levels), *switch)]


def _quoted(text: str) -> str:
    """A field of CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([text])
    return line.getvalue()


def _is_small(source: str) -> bool:
    """Whether a source is on this machine and read in no time."""
    path = Path(source)
    if "://" in source or not path.exists():
        return False
    files = path.rglob("*") if path.is_dir() else [path]
    size = 0
    for file in files:
        with contextlib.suppress(OSError):  # a link that leads nowhere
            size += os.stat(file).st_size
        if size > LARGEST:
            return False
    return True

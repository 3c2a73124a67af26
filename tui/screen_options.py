"""What the command line says of the screen itself, over the user's settings."""

from __future__ import annotations

import argparse
from dataclasses import replace

from ablate_tui.data.errors import UsageError
from ablate_tui.tui.config import AUTO, THEMES, Config, config_file, load, named


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the screen to a parser."""
    parser.add_argument("--theme", choices=(AUTO, *THEMES), help="the colours (default: the settings', see config)")
    parser.add_argument("--ascii", action="store_true", help="send ASCII alone; other letters in names become ?")


def read(options: argparse.Namespace) -> Config:
    """The settings, with what the command line says in place of theirs.

    Raises
    ------
    UsageError
        Settings that can't be read.
    """
    settings = load()
    if options.theme is not None:
        settings = replace(settings, theme=options.theme)
    return replace(settings, ascii=True) if options.ascii else settings


def with_keys(settings: Config) -> Config:
    """The settings with their keys as the screen has them; this loads the screen.

    Raises
    ------
    UsageError
        An id or a key that there isn't, or a key that would do two things.
    """
    from ablate_tui.tui.keymap import checked

    try:
        return replace(settings, keys=checked(settings.keys))
    except UsageError as error:
        raise UsageError(f"{named(config_file())}: {error}") from error

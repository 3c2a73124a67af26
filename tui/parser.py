"""The parser of every command line of ours."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from ablate_tui.data.errors import UsageError


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line, and takes options by their whole names only."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the whole usage."""
        raise UsageError(f"{message}; see {self.prog} --help")

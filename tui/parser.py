"""The parser of every command line of ours."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from ablate_tui.data.errors import UsageError

DESCRIBE = "--\0"  # no command line can hold it


class Described(Exception):
    """Holds the parser of a command, in place of doing what it does."""

    def __init__(self, parser: Parser) -> None:
        super().__init__()
        self.parser = parser


class _Describe(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        assert isinstance(parser, Parser)
        raise Described(parser)


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line, and takes options by their whole names only."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)
        self.add_argument(DESCRIBE, action=_Describe, nargs=0, help=argparse.SUPPRESS)

    @classmethod
    def of(cls, command: Callable[[list[str]], int]) -> Parser:
        """The parser of a command, for completion."""
        try:
            command([DESCRIBE])
        except Described as described:
            return described.parser
        raise AssertionError("a command without a parser")

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the whole usage."""
        raise UsageError(f"{message}; see {self.prog} --help")

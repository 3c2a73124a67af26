"""The slice options of the command line: one grammar for the screen, `show` and `report`."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from ablate_tui.data.errors import UsageError, one_of
from ablate_tui.data.schema import ROLES, Choices, Goal, Role, RunTable
from ablate_tui.queries.slices import Slice
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.base import Target


@dataclass(frozen=True)
class SliceOptions:
    """What stood on the command line; names are checked against the sweep once it is open."""

    choices: Choices
    set: tuple[str, ...] = ()
    contrast: str | None = None
    color: str | None = None
    target: Target = "mean"

    def look(self, session: Session) -> Look:
        """The look that these options ask for.

        Raises
        ------
        UsageError
            A switch or level that is not there.
        """
        table = session.table(None, None)
        filters: dict[str, tuple[str, ...]] = {}
        for text in self.set:
            name, levels = parse_set(text, table)
            if name in filters:
                raise UsageError(f'--set gives "{name}" twice; write its levels in one, as --set {name}=LEVEL,LEVEL')
            filters[name] = levels
        if self.color is not None:
            table.factor(self.color)
        return Look(slice=Slice.of(table, filters, self.contrast), target=self.target, color=self.color)


def add(parser: argparse.ArgumentParser) -> None:
    """Add the slice options to a parser."""
    group = parser.add_argument_group("slice options")
    group.add_argument("--response", metavar="NAME|SQL", help="the outcome: a column, else a SQL expression")
    group.add_argument("--goal", choices=("min", "max"), help="whether a smaller or a larger response is better")
    group.add_argument(
        "--set", metavar="SWITCH=LEVEL[,LEVEL]", action="append", default=[],
        help="keep these levels only (repeatable); on and off work for switches",
    )  # fmt: skip
    group.add_argument("--contrast", metavar="SWITCH", help="compare the levels of this switch")
    group.add_argument("--color", metavar="SWITCH", help="colour the dependence plot by this switch")
    group.add_argument("--target", choices=("mean", "spread"), default="mean", help="what importance explains")
    group.add_argument(
        "--on", metavar="SWITCH=LEVEL", action="append", default=[], help='which level is "on" (repeatable)'
    )
    group.add_argument(
        "--role", metavar="COLUMN=ROLE", action="append", default=[],
        help=f"what a column is (repeatable): {', '.join(ROLES)}",
    )  # fmt: skip
    group.add_argument("--table", metavar="NAME", help="table or view of a database (default: runs)")
    group.add_argument("--location", metavar="TERMS", help=argparse.SUPPRESS)
    group.add_argument("--fail", metavar="CONDITION", help='SQL: which runs failed, such as "val_loss > 2.9"')


def read(options: argparse.Namespace) -> SliceOptions:
    """The slice options of a parsed command line.

    Raises
    ------
    UsageError
        Text that does not fit the grammar.
    """
    if options.location:
        raise UsageError("--location belongs to the location model, which this version does not have yet")
    for option, text in (("--response", options.response), ("--fail", options.fail)):
        if text is not None and not text.strip():
            raise UsageError(f"{option} is empty; leave it out, or write a column or SQL")
    return SliceOptions(
        choices=Choices(
            table=options.table,
            roles=dict(_role(text) for text in options.role),
            on=dict(_pair(text, "--on", "SWITCH=LEVEL") for text in options.on),
            response=options.response,
            goal=cast("Goal | None", options.goal),
            fail=options.fail,
        ),
        set=tuple(options.set),
        contrast=options.contrast,
        color=options.color,
        target=options.target,
    )


def parse_set(text: str, table: RunTable) -> tuple[str, tuple[str, ...]]:
    """Split ``SWITCH=LEVEL[,LEVEL]`` at the first "=" whose left side is a column.

    Parameters
    ----------
    text : str
        Levels are CSV-quoted: ``opt="a,b",c``.
    table : RunTable

    Returns
    -------
    name : str
    levels : tuple of str

    Raises
    ------
    UsageError
    """
    names = [column.name for column in table.columns]
    cuts = [at for at, sign in enumerate(text) if sign == "="]
    if not cuts:
        raise UsageError(f'--set "{text}" has no "="; write --set SWITCH=LEVEL')
    for cut in cuts:
        if text[:cut] in names:
            return text[:cut], _levels(text[cut + 1 :])
    name = text[: cuts[0]]
    raise UsageError(f'no switch "{name}"; {one_of(name, [factor.name for factor in table.factors])}')


def _levels(text: str) -> tuple[str, ...]:
    """A line of CSV; nothing at all is one empty level."""
    try:
        return tuple(next(csv.reader([text]), [])) or ("",)
    except csv.Error:  # a line break outside quotes
        return (text,)


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    name, sign, value = text.rpartition("=")
    if not sign or not name:
        raise UsageError(f'{option} "{text}" has no "="; write {option} {form}')
    return name, value


def _role(text: str) -> tuple[str, Role]:
    name, role = _pair(text, "--role", "COLUMN=ROLE")
    if role not in ROLES:
        raise UsageError(f'no role "{role}"; {one_of(role, ROLES)}')
    return name, role


def command_line(look: Look, source: str, view: str, extra: Sequence[str] = ()) -> str:
    """The `ablate-tui show` that gives a look again, ready to paste into a shell."""
    import io
    import shlex

    words = ["ablate-tui", "show", source, "--view", view]
    for name, levels in look.slice.filters:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(levels)
        words += ["--set", f"{name}={line.getvalue()}"]
    for option, value in (
        ("--contrast", look.slice.contrast),
        ("--color", look.color),
        ("--response", look.response),
        ("--goal", look.goal),
        ("--target", None if look.target == "mean" else look.target),
    ):
        if value is not None:
            words += [option, value]
    return shlex.join([*words, *extra])

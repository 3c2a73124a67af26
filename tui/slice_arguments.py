"""The slice options of the command line: one grammar for the screen, `show` and `report`.

Kept apart from what they say (`ablate_tui.tui.slice_options`), which needs the sweep's modules: help, a mistake
and completion of an option come without these.
"""

from __future__ import annotations

import argparse

from ablate_tui.data.roles import ROLES


def add(parser: argparse.ArgumentParser) -> None:
    """Add the slice options to a parser."""
    group = parser.add_argument_group("slice options")
    group.add_argument(
        "--response",
        metavar="NAME|SQL",
        help="the outcome: a column, of a curve last(m), best(m), mean(m, n), at(m, step) or area(m), else SQL",
    )
    group.add_argument("--goal", choices=("min", "max"), help="whether a smaller or a larger response is better")
    group.add_argument(
        "--set", metavar="SWITCH=LEVEL[,LEVEL]", action="append", default=[],
        help="keep these levels only (repeatable); on and off work for switches",
    )  # fmt: skip
    group.add_argument("--contrast", metavar="SWITCH", help="compare the levels of this switch")
    group.add_argument("--color", metavar="SWITCH", help="colour the dependence plot by this switch")
    group.add_argument(
        "--target", choices=("mean", "spread"), default="mean", help="what importance and halfnormal are about"
    )
    group.add_argument(
        "--on", metavar="SWITCH=LEVEL", action="append", default=[], help='which level is "on" (repeatable)'
    )
    group.add_argument(
        "--role", metavar="COLUMN=ROLE", action="append", default=[],
        help=f"what a column is (repeatable): {', '.join(ROLES)}",
    )  # fmt: skip
    group.add_argument("--table", metavar="NAME", help="table or view of a database (default: runs)")
    group.add_argument(
        "--location", metavar="TERMS",
        help="terms of the location model, as a,b,a:b (default: chosen from the data)",
    )  # fmt: skip
    group.add_argument(
        "--versus", metavar='NAME|"A=on,B=off"',
        help="compare and effects: a second slice beside the first, by its saved name or its filters "
        '("" is all runs)',
    )  # fmt: skip
    group.add_argument("--fail", metavar="CONDITION", help='SQL: which runs failed, such as "val_loss > 2.9"')

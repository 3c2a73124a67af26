"""Collects why figures are null while a query runs, and hands the reasons over as notes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ablate_tui.queries.note import Note

PENDING = "still being computed"  # of figures that come later


class Reasons:
    """Reasons by row and field, in the order in which they were given."""

    def __init__(self) -> None:
        self._fields: dict[tuple[str, str], list[str]] = {}  # (row, reason) -> fields

    def say(self, row: str, fields: str | Iterable[str], reason: str) -> None:
        """Give one reason for one or more fields of a row."""
        names = fields.split() if isinstance(fields, str) else fields
        self._fields.setdefault((row, reason), []).extend(names)

    def figure(self, row: str, field: str, value: float, reason: str) -> float | None:
        """A figure as JSON can hold it: NaN and infinity become None, with the reason."""
        if math.isfinite(value):
            return float(value)
        self.say(row, field, reason)
        return None

    def notes(self, rows: Sequence[str]) -> tuple[Note, ...]:
        """One note per row and reason; "*" where it is the same in all rows.

        Parameters
        ----------
        rows : sequence of str
            All rows of the result.

        Returns
        -------
        tuple of Note
            `field` holds the names of the fields, separated by spaces.
        """
        alike: dict[tuple[str, str], list[str]] = {}  # (fields, reason) -> rows
        for (row, reason), fields in self._fields.items():
            alike.setdefault((" ".join(dict.fromkeys(fields)), reason), []).append(row)
        found = []
        for (field, reason), where in alike.items():
            everywhere = "*" in where or (len(rows) > 1 and set(where) == set(rows))
            found += [Note(row, field, reason) for row in (["*"] if everywhere else where)]
        return tuple(found)


def reason(notes: Iterable[Note], row: str, field: str) -> str | None:
    """Why a figure is null, or None where no note speaks of it."""
    for note in notes:
        if note.row in (row, "*") and (note.field == "*" or field in note.field.split()):
            return note.reason
    return None

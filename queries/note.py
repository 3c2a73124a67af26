"""Why a figure is null."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """One reason: JSON's ``notes [{row, field, reason}]``; "*" stands for every row or field."""

    row: str
    field: str
    reason: str

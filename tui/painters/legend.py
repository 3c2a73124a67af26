"""A legend in the cells that there are."""

from __future__ import annotations

from typing import TypeAlias

from rich.cells import cell_len

from ablate_tui.tui.painters.grid import Style, fit

SHORTEST = 8  # cells that a legend's words are cut to before one of them is left out
Sample: TypeAlias = tuple[str, Style, str]  # sign, its style, and words of an entry


def room_of(sample: Sample) -> int:
    """Cells that a legend's entry takes."""
    return cell_len(sample[0]) + 1 + cell_len(sample[2]) + 2


def fitting(samples: list[Sample], room: int) -> list[Sample]:
    """As many of a legend's entries as there is room for, their words cut no more than it takes."""

    def least(sample: Sample) -> int:
        return room_of(sample) - max(0, cell_len(sample[2]) - SHORTEST)

    kept = list(samples)
    while kept and sum(map(least, kept)) > room:
        kept.pop()
    while sum(map(room_of, kept)) > room:
        at = max(range(len(kept)), key=lambda i: cell_len(kept[i][2]))
        sign, style, text = kept[at]
        kept[at] = sign, style, fit(text, cell_len(text) - 1)
    return kept

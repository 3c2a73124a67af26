"""What the views of two slices share: A is the slice that is looked at, B the one beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ablate_tui.data.sql import literal
from ablate_tui.tui.views.base import Inputs, sample_words


def other(inputs: Inputs) -> Inputs:
    """The inputs of B."""
    assert inputs.beside is not None, "a view of two slices, without a second one"
    return inputs.beside


def label_b(inputs: Inputs) -> str:
    """B, with the name that it was saved under."""
    name = inputs.versus.name if inputs.versus is not None else ""
    return f'B "{name}"' if name else "B"


def slices_words(inputs: Inputs) -> tuple[str, str]:
    """Both slices in words, with their counts."""
    return f"A: {sample_words(inputs.sample)}", f"{label_b(inputs)}: {sample_words(other(inputs).sample)}"


def shared_words(shared: int) -> tuple[str, ...]:
    """What to know where the slices overlap."""
    return (f"A and B share {shared:,} runs",) if shared else ()


def second(inputs: Inputs, shared: int, own: dict[str, Any]) -> dict[str, Any]:
    """JSON's key "versus": the second slice, then what a view has of it."""
    sample = other(inputs).sample
    return {
        "versus": {
            "name": (inputs.versus.name or None) if inputs.versus is not None else None,
            "set": {name: list(levels) for name, levels in sample.slice.filters},
            "runs": sample.runs,
            "diverged": sample.diverged,
            "missing": sample.missing,
            "shared_runs": shared,
            **own,
        }
    }


def sql_of_both(sql: Callable[[Inputs], str]) -> Callable[[Inputs], str]:
    """The SQL of a view for A and for B in one statement, told apart by the column "slice"."""

    def of(inputs: Inputs) -> str:
        parts = [
            f"SELECT {literal(name)} AS slice, * FROM (\n{sql(each)}\n)"
            for name, each in (("A", inputs), ("B", other(inputs)))
        ]
        return "\nUNION ALL\n".join(parts)

    return of

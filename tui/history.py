"""Undo and redo of what was looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ablate_tui.tui.session import Look


@dataclass
class History:
    """A line of looks with a present. What only moves the cursor or sorts is not a step."""

    present: Look
    past: list[Look] = field(default_factory=list)
    future: list[Look] = field(default_factory=list)

    def go(self, look: Look) -> bool:
        """Make a look the present; True where that is a step that can be undone."""
        step = look.step != self.present.step
        if step:
            self.past.append(self.present)
            self.future.clear()
        self.present = look
        return step

    def undo(self) -> bool:
        """Go back one step; False where there is none."""
        if not self.past:
            return False
        self.future.append(self.present)
        self.present = self.past.pop()
        return True

    def redo(self) -> bool:
        """Take an undo back; False where there is none."""
        if not self.future:
            return False
        self.past.append(self.present)
        self.present = self.future.pop()
        return True

    def among(self, present: Look, fits: Callable[[Look], bool]) -> History:
        """The same line with another present, without the steps that don't fit."""
        return History(present, list(filter(fits, self.past)), list(filter(fits, self.future)))

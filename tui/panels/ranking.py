"""The SHAP ranking beside the switches: it follows every toggle, its intervals arrive later."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from ablate_tui.queries.importance import Importance
from ablate_tui.tui.formats import clean, fit, number, pad
from ablate_tui.tui.panels.switch_list import BAR, EIGHTHS


class Ranking(Static):
    """Ranked mean |SHAP|, one line a switch, and how far the model can be trusted."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self.importance: Importance | None = None
        self.progress: float | None = None

    def wait(self) -> None:
        """Say that a model is being fitted; the old ranking does not stand for the new slice."""
        self.importance, self.progress = None, None
        self.draw()

    def show(self, importance: Importance, progress: float | None = None) -> None:
        """Show a ranking; `progress` is the share of its uncertainty that is done."""
        self.importance, self.progress = importance, progress
        self.draw()

    def on_resize(self) -> None:
        """Use the new width."""
        self.draw()

    def draw(self) -> None:
        """Write the lines."""
        importance, room = self.importance, self.size.width
        text = Text(no_wrap=True, overflow="ellipsis")
        if importance is None:
            text.append(" importance: fitting the model …", "dim")
            self.update(text)
            return
        text.append(" mean |SHAP|" + (", spread" if importance.target == "spread" else ""), "bold")
        text.append(f"  {self.trust(importance)}\n", "dim")
        top = max((row.mean_abs_shap for row in importance.rows), default=0.0)
        value_width = 9
        name_width = max(8, room - BAR - value_width - 5)
        for row in importance.rows[: max(0, self.size.height - 1)]:
            below = row.noise_floor is not None and row.mean_abs_shap <= row.noise_floor
            eighths = round(row.mean_abs_shap / top * BAR * 8) if top else 0
            bar = "█" * (eighths // 8) + (EIGHTHS[eighths % 8] if eighths % 8 else "")
            text.append(f"{row.rank:>3} ", "dim")
            text.append(fit(clean(row.switch), name_width), "dim" if below else "")
            text.append(pad(bar, BAR, False), "dim" if below else "cyan")
            text.append(pad(number(row.mean_abs_shap, 3), value_width - 1, True), "dim" if below else "")
            text.append("~\n" if below else " \n")
        if not importance.rows and importance.notes:
            text.append(f" {clean(importance.notes[0].reason)}", "dim")
        self.update(text)

    def trust(self, importance: Importance) -> str:
        """R² beside its ceiling, or how far its computation is."""
        if importance.r2_out_of_fold is not None:
            ceiling = f" of {number(importance.r2_ceiling, 2)}" if importance.r2_ceiling is not None else ""
            return f"R² {number(importance.r2_out_of_fold, 2)}{ceiling}"
        return f"R², intervals {self.progress:.0%}" if self.progress else ""

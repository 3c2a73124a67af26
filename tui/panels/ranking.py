"""The SHAP ranking beside the switches: it follows every toggle, its intervals arrive later."""

from __future__ import annotations

from rich.segment import Segment
from textual.app import ComposeResult

from ablate_tui.queries.importance import Importance
from ablate_tui.tui.formats import clean, fit, number, pad
from ablate_tui.tui.painters.grid import Row
from ablate_tui.tui.panels.colours import inked, palette_of
from ablate_tui.tui.panels.ground import BOLD, DIM, Column
from ablate_tui.tui.panels.lines import Lines
from ablate_tui.tui.panels.switch_list import BAR, EIGHTHS

VALUE = 9  # cells of the figure


class Ranking(Column):
    """Ranked mean |SHAP|, one line a switch, under how far the model can be trusted.

    Heading and rows are two widgets: while the refits are being computed, the rows seldom change.
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.importance: Importance | None = None

    def compose(self) -> ComposeResult:
        """Heading and rows."""
        yield Lines(id="ranking-head")
        yield Lines(id="ranking-rows")

    def show(self, importance: Importance) -> None:
        """Show a ranking, as far as it is."""
        self.importance = importance
        self.draw()

    def on_resize(self) -> None:
        """Use the new width."""
        self.draw()

    def draw(self) -> None:
        """Write what has changed."""
        if self.importance is None:
            self.query_one("#ranking-head", Lines).show([(Segment(" importance: fitting the model …", DIM),)])
            return
        name = " mean |SHAP|" + (" for the spread" if self.importance.target == "spread" else "")
        head = (Segment(name, BOLD), Segment(f"  {self.trust(self.importance)}", DIM))
        self.query_one("#ranking-head", Lines).show([head])
        self.query_one("#ranking-rows", Lines).show(self.rows(self.importance))

    def rows(self, importance: Importance) -> list[Row]:
        """One line a switch: rank, name, bar, figure; ~ marks what is below the noise floor."""
        rows: list[Row] = []
        top = max((row.mean_abs_shap for row in importance.rows), default=0.0)
        name_width = max(8, self.size.width - BAR - VALUE - 4)
        for row in importance.rows[: max(0, self.size.height - 1)]:
            below = row.noise_floor is not None and row.mean_abs_shap <= row.noise_floor
            style = DIM if below else None
            eighths = round(row.mean_abs_shap / top * BAR * 8) if top else 0
            bar = "█" * (eighths // 8) + (EIGHTHS[eighths % 8] if eighths % 8 else "")
            figure = pad(number(row.mean_abs_shap, 3), VALUE - 1, True) + ("~" if below else " ")
            rows.append(
                (
                    Segment(f"{row.rank:>3} ", DIM),
                    Segment(fit(clean(row.switch), name_width), style),
                    Segment(pad(bar, BAR, False), style or inked("accent", palette_of(self.app))),
                    Segment(figure, style),
                )
            )
        if not importance.rows and importance.notes:
            rows.append((Segment(f" {clean(importance.notes[0].reason)}", DIM),))
        return rows

    def trust(self, importance: Importance) -> str:
        """R² beside its ceiling, and of how many refits the noise floor is."""
        if importance.r2_out_of_fold is None:
            return ""
        ceiling = f" of {importance.r2_ceiling:.2f}" if importance.r2_ceiling is not None else ""
        refits = importance.refits
        done = "" if refits is None or importance.finished else f", {refits.done} of {refits.planned} refits"
        return f"R² {importance.r2_out_of_fold:.2f}{ceiling}{done}"

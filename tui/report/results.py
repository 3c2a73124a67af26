"""What the report reads once and uses in many places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ablate_tui.queries.effects import EffectRow, Effects
from ablate_tui.queries.findings import Findings
from ablate_tui.queries.importance import Importance
from ablate_tui.queries.inference.verdicts import BOTH, SPREAD
from ablate_tui.queries.interactions import Interactions
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.registry import VIEWS


@dataclass(frozen=True, eq=False)
class Results:
    """The results for a report's slice."""

    mean: Importance
    spread: Importance
    findings: Findings
    effects: Effects
    interactions: Interactions

    @classmethod
    def of(cls, session: Session, look: Look, tell: Callable[[float, str], None]) -> Results:
        """Compute them all, and tell how many rankings are done and what is next."""
        words = "SHAP values with their intervals"
        tell(0.0, f"{words}: mean")
        mean = session.finished_importance(look, progress=lambda part: tell(part, f"{words}: mean"))
        spread_look = replace(look, target="spread")
        spread = session.finished_importance(spread_look, progress=lambda part: tell(1 + part, f"{words}: spread"))
        tell(2.0, "effects and findings")
        return cls(
            mean,
            spread,
            session.read(VIEWS["findings"], look),
            session.read(VIEWS["effects"], look),
            session.read(VIEWS["interactions"], look),
        )

    def effects_of(self, name: str) -> list[EffectRow]:
        """A factor's rows: one for a switch, else one a level."""
        return [row for row in self.effects.rows if row.switch == name]

    def spread_change(self, name: str) -> tuple[bool, float]:
        """Whether a change of a factor's spread is claimed, and the largest SD ratio, upside down if below one."""
        rows = self.effects_of(name)
        claimed = any(row.verdict in (SPREAD, BOTH) for row in rows)
        ratios = [max(row.sd_ratio, 1 / row.sd_ratio) for row in rows if row.sd_ratio]
        return claimed, max(ratios, default=0.0)

    def partners(self, name: str) -> list[str]:
        """The factors that a factor makes a pair with, the strongest interaction first."""
        pairs = [pair for pair in self.interactions.pairs if name in (pair.a, pair.b)]
        return [pair.b if pair.a == name else pair.a for pair in pairs]

"""What the program may cost, what it was measured to cost, and whether that holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from measured import OURS, middle, number, percentile, ratio, values_of

MILLION, TEN_MILLION = 1_000_000, 10_000_000
GROWTH = 1.25  # a cost that must not grow, or only in proportion, may be that many times as large by chance


class Budgets:
    """What is allowed, what was measured, and whether that holds.

    Parameters
    ----------
    measured : sequence of dict
    """

    def __init__(self, measured: Sequence[dict[str, Any]]) -> None:
        self.measured = measured
        self.rows: list[tuple[str, str, str, str, str]] = []
        sizes = sorted({m["runs"] for m in measured})
        for nominal in (MILLION, TEN_MILLION):
            runs = next((n for n in sizes if nominal <= n < 1.01 * nominal), nominal)
            self._start(runs, nominal)
            self._toggles(runs)
            self._effects(runs, nominal, next((n for n in sizes if MILLION <= n < 1.01 * MILLION), MILLION))
            limit = 600 if nominal == MILLION else 2048
            for what in ("peak memory of the screen", "peak memory of show"):
                self._at_most(what, what, runs, limit, "MiB", max)
        self._growth(sizes)
        self._shap()

    def values(self, what: str, who: str, runs: int) -> list[float]:
        """Values of one line, none where it was not measured."""
        return values_of(self.measured, what, who, runs)

    def add(self, what: str, runs: int, measured: str, budget: str, holds: bool | None) -> None:
        """Add a row; None: not measured."""
        verdict = {None: "not measured", True: "yes", False: "**no**"}[holds]
        self.rows.append((what, f"{runs:,}", measured or "–", budget, verdict))

    def _at_most(
        self, label: str, what: str, runs: int, limit: float, unit: str, of: Callable[[Sequence[float]], float]
    ) -> None:
        values = self.values(what, OURS, runs)
        shown = {"B": "KiB"}.get(unit, unit)
        measured = f"{number(of(values), unit)} {shown}" if values else ""
        self.add(label, runs, measured, f"≤ {number(limit, unit)} {shown}", of(values) <= limit if values else None)

    def _start(self, runs: int, nominal: int) -> None:
        theirs = self.values("start to connected", "harlequin", runs)
        for what in ("start to first figures", "start to first view"):
            if nominal != MILLION:
                self._at_most(f"{what}, median", what, runs, 3, "s", middle)
                continue
            ours = self.values(what, OURS, runs)
            measured = ""
            if ours and theirs:
                measured = f"{number(middle(ours), 's')} s; harlequin {number(middle(theirs), 's')} s"
            holds = middle(ours) <= middle(theirs) if measured else None
            self.add(f"{what}, median", runs, measured, "≤ harlequin, connected to the same file", holds)

    def _toggles(self, runs: int) -> None:
        def late(values: Sequence[float]) -> float:
            return percentile(values, 0.95)

        self._at_most("toggle to view, compare, 95th percentile", "toggle to view: compare", runs, 50, "ms", late)
        self._at_most(
            "toggle to ranking, compare, 95th percentile", "toggle to ranking: compare", runs, 150, "ms", late
        )
        slowest = self._worst("toggle to view", runs)
        label = f"toggle to view, {slowest} (the slowest of the others), median"
        self._at_most(label, f"toggle to view: {slowest}", runs, 50, "ms", middle)
        self._at_most("bytes a toggle, compare, most", "bytes a toggle: compare", runs, 16 * 1024, "B", max)
        longest = self._worst("bytes a toggle", runs)
        label = f"bytes a toggle, {longest} (the most of the others)"
        self._at_most(label, f"bytes a toggle: {longest}", runs, 16 * 1024, "B", max)

    def _worst(self, what: str, runs: int) -> str:
        """The view other than compare with the largest median."""
        found = {
            m["what"].split(": ")[1]: middle(m["values"])
            for m in self.measured
            if m["what"].startswith(f"{what}: ") and "compare" not in m["what"] and m["runs"] == runs
        }
        return max(found, key=lambda view: found[view], default="another view")

    def _effects(self, runs: int, nominal: int, million: int) -> None:
        ours = self.values("effects table", OURS, runs)
        if nominal == MILLION:
            theirs = self.values("effects table", "pandas + scipy", runs)
            times = middle(theirs) / middle(ours) if ours and theirs else None
            measured = f"{number(middle(ours), 's')} s: {ratio(times)} as fast" if times else ""
            self.add("effects table", runs, measured, "≥ 5 × as fast as pandas + scipy", times and times >= 5)
            return
        before = self.values("effects table", OURS, million)
        times = middle(ours) / middle(before) if ours and before else None
        holds = times <= GROWTH * runs / million if times else None
        measured = f"{number(middle(ours), 's')} s: {times:.1f} × that of {million:,} runs" if times else ""
        self.add("effects table", runs, measured, f"linear growth: {runs / million:.1f} ×, and a quarter more", holds)

    def _growth(self, sizes: Sequence[int]) -> None:
        what = "toggle to view: compare"
        there = [runs for runs in sizes if self.values(what, OURS, runs)]
        times = None
        if len(there) > 1:
            times = middle(self.values(what, OURS, there[-1])) / middle(self.values(what, OURS, there[0]))
        measured = f"{ratio(times)} of {there[0]:,} runs" if times else ""
        holds = times <= GROWTH if times else None
        budget = "must not grow with the runs (a quarter is chance)"
        self.add("toggle to view, compare, median", there[-1] if there else TEN_MILLION, measured, budget, holds)

    def _shap(self) -> None:
        def line(what: str, who: str) -> list[float]:
            return next((m["values"] for m in self.measured if (m["what"], m["who"]) == (what, who)), [])

        runs = next((m["runs"] for m in self.measured if m["part"] == "shap"), 0)
        for what in ("SHAP values alone", "fit and SHAP values"):
            ours = line(what, OURS)
            for peer, least in (("shap.TreeExplainer", 500), ("WOODELF", None)):
                theirs = line(what, peer)
                times = middle(theirs) / middle(ours) if ours and theirs else None
                measured = f"{number(middle(ours), 'ms')} ms: {ratio(times)} as fast" if times else ""
                budget = f"≥ {least} × as fast as {peer}" if least else f"none; beside {peer}"
                self.add(what, runs, measured, budget, times >= (least or 0) if times else None)
        what = "largest difference of a SHAP value, over the predictions' range"
        for peer in ("shap.TreeExplainer", "WOODELF"):
            found = line(what, peer)
            measured = number(max(found), "") if found else ""
            self.add(
                f"SHAP values equal {peer}'s",
                runs,
                measured,
                "≤ 1e−6 of the range",
                max(found) <= 1e-6 if found else None,
            )

"""The plot of cost against the number of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from measured import MANY, OURS, middle, percentile

PANELS = {
    "Start (s)": (
        ("start to first figures", OURS, "first figures"),
        ("start to ranking", OURS, "SHAP ranking"),
        ("start to connected", "harlequin", "harlequin: connected"),
        ("start to all rows", "VisiData, Parquet", "VisiData: all rows of Parquet"),
        ("start to all rows", "VisiData, CSV", "VisiData: all rows of CSV"),
    ),
    "Toggle in the compare view (ms)": (
        ("toggle to view: compare", OURS, "to the view"),
        ("toggle to ranking: compare", OURS, "to the SHAP ranking"),
    ),
    "Effects table (s)": (
        ("effects table", OURS, "effects table with all tests"),
        ("effects table", "pandas + scipy", "pandas + scipy"),
    ),
    "Peak memory (MiB)": (
        ("peak memory of the screen", OURS, "the screen, all views"),
        ("peak memory of show", OURS, "show --view effects"),
    ),
}


def draw(record: dict[str, Any], path: Path) -> None:
    """Plot cost against runs: medians, bars from the least to the most (for toggles to the 95th percentile)."""
    import matplotlib
    from matplotlib.figure import Figure

    colours = ("#0072B2", "#56B4E9", "#D55E00", "#009E73", "#999999")  # Okabe and Ito's, safe for colour blindness
    plot = Figure(figsize=(10, 7.5), layout="constrained", facecolor="white")
    for axes, (title, lines) in zip(plot.subplots(2, 2).flat, PANELS.items(), strict=True):
        marks = iter("osD^v")
        for (what, who, label), colour in zip(lines, colours, strict=False):
            found = sorted((m for m in record["measured"] if (m["what"], m["who"]) == (what, who)), key=_runs)
            if not found:
                continue
            centre = [middle(m["values"]) for m in found]
            low = [mid - min(m["values"]) for mid, m in zip(centre, found, strict=True)]
            high = [
                percentile(m["values"], 0.95 if len(m["values"]) >= MANY else 1) - mid
                for mid, m in zip(centre, found, strict=True)
            ]
            axes.errorbar(
                [m["runs"] for m in found], centre, yerr=[low, high],
                label=label, color=colour, marker=next(marks), capsize=3, linewidth=1.5,
                linestyle="-" if who == OURS else "--",
            )  # fmt: skip
        axes.set(xscale="log", yscale="log", title=title, xlabel="runs")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        axes.grid(which="major", color="#dddddd")
        axes.set_axisbelow(True)
        for edge in ("top", "right"):
            axes.spines[edge].set_visible(False)
        if axes.has_data():
            axes.legend(frameon=False, fontsize=9)
    with matplotlib.rc_context({"svg.hashsalt": "ablate-tui", "svg.fonttype": "path"}):
        plot.savefig(path, metadata={"Date": None})


def _runs(line: dict[str, Any]) -> int:
    runs: int = line["runs"]
    return runs

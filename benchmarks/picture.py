"""The plot of cost against the number of runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from measured import MANY, OURS, middle, percentile

PANELS = {
    "Start (s)": (
        ("start to first figures", OURS, "first figures"),
        ("start to first view", OURS, "first view"),
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

LIMITS = {
    "Toggle in the compare view (ms)": (
        ((1e6, 1e7), 50, "view: 95 % in 50"),
        ((1e6, 1e7), 150, "ranking: 95 % in 150"),
    ),
    "Peak memory (MiB)": (((8e5, 1.25e6), 600, "600 at most"), ((8e6, 1.25e7), 2048, "2,048 at most")),
}
"""Budgets by panel: from how many runs to how many, how much, and its label."""


def draw(record: dict[str, Any], path: Path) -> None:
    """Plot cost against runs: medians, bars from the least to the most (for toggles to the 95th percentile)."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullLocator

    plot = Figure(figsize=(10, 7.5), layout="constrained", facecolor="white")
    for axes, (title, lines) in zip(plot.subplots(2, 2).flat, PANELS.items(), strict=True):
        for (what, who, label), (colour, mark) in _styled(lines):
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
                label=label, color=colour, marker=mark, capsize=3, linewidth=1.5,
                linestyle="-" if who == OURS else "--",
            )  # fmt: skip
        for runs, limit, words in LIMITS.get(title, ()):
            axes.plot(runs, (limit, limit), color="#444444", linestyle=":", linewidth=1.5)
            place = {"xytext": (0, 3), "textcoords": "offset points", "ha": "right", "fontsize": 8, "color": "#444444"}
            axes.annotate(words, (runs[1], limit), **place)
        axes.set(xscale="log", yscale="log", title=title, xlabel="runs")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.grid(which="major", color="#dddddd")
        axes.set_axisbelow(True)
        for edge in ("top", "right"):
            axes.spines[edge].set_visible(False)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False, fontsize=9)
    with matplotlib.rc_context({"svg.hashsalt": "ablate-tui", "svg.fonttype": "path"}):
        plot.savefig(path, metadata={"Date": None})


def _styled(lines: Sequence[tuple[str, str, str]]) -> Iterator[tuple[tuple[str, str, str], tuple[str, str]]]:
    """The program's lines in blue, the peers' in other colours (Okabe and Ito's, safe for colour blindness)."""
    ours = iter((("#0072B2", "o"), ("#56B4E9", "s")))
    peers = iter((("#D55E00", "D"), ("#009E73", "^"), ("#888888", "v")))
    for line in lines:
        yield line, next(ours if line[1] == OURS else peers)


def _runs(line: dict[str, Any]) -> int:
    runs: int = line["runs"]
    return runs

"""The page of benchmarks: tables, verdicts on the budgets and a picture, from nothing but what was measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from budgets import Budgets
from measured import OURS, figure, median, middle, ratio, values_of
from picture import draw

SECTIONS = {
    "start": "Start",
    "toggle": "Toggles, and the memory of the whole visit",
    "show": "The effects table on the command line",
    "effects": "The effects table and the ranking in-process",
    "shap": "SHAP values of one model",
}
EXPLANATIONS = {
    "start": """\
From the start of the process to the moment when its screen has been sent, in a pseudo-terminal of 120 × 36, files in
the page cache, programs in turn. *First figures*: runs and mean difference of every switch, in the list at the
left. *First view*: the table of the compare view as well, with mean, SD and quantiles of both sides. *Ranking*: the
first line of the SHAP ranking. harlequin was given the same DuckDB file (`--read-only`) and is *connected* when its
catalogue names the database; it has read no run by then. VisiData was given the same runs as Parquet and as CSV and
shows *all rows* when its status line counts them all; it has computed nothing by then. Ratios of peers are to the
first view.""",
    "toggle": """\
One program run at each size: in the compare view every switch in turn to on and off, alone and beside another, then
toggles in five other views, then a look at the rest. Unless said otherwise no slice had been seen before, so that
nothing came from a cache. *To view*: from the key to the last byte that changes the view's text. *To ranking*: to the
last byte that changes a rank, a name or a mean |SHAP|. *Bytes*: everything sent from the key until nothing had changed
for 0.2 s. *Opening*: from a view's key to its last change. *Peak memory*: VmHWM of that process at its end, when every
view had been open and the ranking's intervals were there.""",
    "show": "The whole process, from its start to its end; the peak is that of its resident memory.",
    "effects": """\
On runs that both sides have in memory. pandas and scipy were asked for the figures that both have, for each of the ten
switches: number, mean, median, SD and quartiles of both sides, share of failed runs with Fisher's test, Welch,
Mann-Whitney, Brown-Forsythe (`levene`, median), matched pairs by `pivot`, their mean and median difference and
Wilcoxon's test. The program's table has all of that and the tests by configuration, verdicts, q values and intervals,
which pandas was not asked for. The largest difference is over all figures that both have, relative to their size
(Fisher's p aside: the program's test of failures is stratified).""",
    "shap": """\
One LightGBM model of 1,024 configurations (ten switches, three seeds, no NaN) and exact interventional SHAP values of
all of them against all of them as background. shap: `TreeExplainer` with `maskers.Independent(background,
max_samples=1024)`. WOODELF: `WoodelfExplainer(model, background).shap_values(rows)`, as it comes, on the processor.
*Fit and SHAP values* of the program begins with the runs, which are grouped into configurations first; that of a peer
is its own time plus the median of the program's fit alone.""",
}


def tables(record: dict[str, Any], part: str) -> list[str]:
    """The lines of one part: what, whose, and a column a size; peers with their ratio to the program."""
    measured = [m for m in record["measured"] if m["part"] == part]
    sizes = sorted({m["runs"] for m in measured})
    lines = list(dict.fromkeys((m["what"], m["who"], m["unit"]) for m in measured))
    text = ["| what | whose | repeats |" + "".join(f" {runs:,} runs |" for runs in sizes)]
    text.append("|---|---|---|" + "---|" * len(sizes))
    for what, who, unit in lines:
        cells, repeats = [], set()
        for runs in sizes:
            values = values_of(measured, what, who, runs)
            if not values:
                cells.append("–")
                continue
            repeats.add(len(values))
            ours = _ours(measured, what, who, runs)
            times = f"; {ratio(middle(values) / ours)} ours" if ours else ""
            cells.append(figure(values, unit) + times)
        span = str(min(repeats)) if len(repeats) == 1 else f"{min(repeats)}–{max(repeats)}"
        text.append(f"| {what} | {who} | {span} | " + " | ".join(cells) + " |")
    return text


def _ours(measured: Sequence[dict[str, Any]], what: str, who: str, runs: int) -> float | None:
    """The program's median that a peer's is set against."""
    if who == OURS or "difference" in what:
        return None
    return median(measured, "start to first view" if what.startswith("start to") else what, OURS, runs)


def markdown(record: dict[str, Any], picture: str) -> str:
    """The page.

    Parameters
    ----------
    record : dict
        `date`, `minutes`, `load_before`, `machine` (words by name), `measured` (dicts of part, what, who, runs, unit
        and values) and `left_out` (dicts of part, who, runs and why).
    picture : str
        File name of the plot, beside the page.
    """
    budgets = Budgets(record["measured"])
    text = [
        "# Benchmarks",
        "",
        "Written by `make bench` from one run of it, never by hand; the single measurements are in benchmarks.json.",
        "A figure is the median of the repeats, with their range in brackets and, from 20 repeats on, the 95th",
        "percentile. Sizes are whole seeds × 1,024 configurations of ten switches; 0.2 % of the runs diverged.",
        "",
        f"![Cost against the number of runs]({picture})",
        "",
        "## Budgets",
        "",
        "| what | runs | measured | budget | holds |",
        "|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in budgets.rows),
    ]
    for part, heading in SECTIONS.items():
        if any(m["part"] == part for m in record["measured"]):
            text += ["", f"## {heading}", "", EXPLANATIONS[part], "", *tables(record, part)]
    if record["left_out"]:
        text += ["", "## Left out", ""]
        for left in record["left_out"]:
            runs = f", {left['runs']:,} runs" if left["runs"] else ""
            text.append(f"- {left['part']}, {left['who']}{runs}: {left['why']}")
    text += ["", "## Machine", ""]
    text += [f"- {name}: {words}" for name, words in record["machine"].items()]
    text += [
        f"- measured on {record['date']} in {record['minutes']:.0f} minutes; load of the machine before: "
        f"{record['load_before']:.2f}",
        "",
        "## Again",
        "",
        "`make bench` sets up the program's and the peers' environments (benchmarks/peers.txt has the versions), makes",
        "the sweeps once (in build/bench, or where ABLATE_TUI_BENCH says; 300 MB) and writes this page.",
        "`make bench SIZES=3e3,1e5 PARTS=start,toggle` measures some of it and writes into build/bench. Nothing else",
        "should run on the machine meanwhile.",
    ]
    return "\n".join(text) + "\n"


def write(record: dict[str, Any], folder: Path) -> None:
    """Write the page, its plot and the measurements."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmarks.json").write_text(_json(record))
    draw(record, folder / "benchmarks.svg")
    (folder / "benchmarks.md").write_text(markdown(record, "benchmarks.svg"))


def _json(record: dict[str, Any]) -> str:
    """One measurement a line, to five digits: readable, and small in version control."""
    head = {name: value for name, value in record.items() if name not in ("measured", "left_out")}
    rounded = [{**m, "values": [float(f"{value:.5g}") for value in m["values"]]} for m in record["measured"]]
    lists = {"measured": rounded, "left_out": record["left_out"]}
    body = json.dumps(head, indent=1, ensure_ascii=False)[:-2]
    for name, rows in lists.items():
        lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
        body += f',\n "{name}": [\n  {lines}\n ]'
    return body + "\n}\n"

"""Speed of the program on the shipped sweep, in a real pseudo-terminal, and of its figures against peers.

    make bench

Every line is measured in this one run. Peers: pandas + scipy for the effects table, shap.TreeExplainer for the
SHAP values of the same model. Do not run it beside other work: LightGBM and the screen feel a busy core at once.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.pseudo_terminal import PseudoTerminal

TOGGLES = 40
STARTS = 5


def median_ms(work: Callable[[], object], times: int) -> float:
    """Median milliseconds of a call, after one call to warm up."""
    work()
    spent = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        spent.append((time.perf_counter() - begin) * 1000)
    return statistics.median(spent)


def screen() -> list[tuple[str, str]]:
    """Start, ranking and toggles as a person sees them."""
    command = [str(Path(sys.executable).with_name("ablate-tui")), "demo"]
    figures, rankings = [], []
    for _ in range(STARTS):
        begin = time.perf_counter()
        with PseudoTerminal(command) as terminal:
            terminal.wait_for("Comparison by use_")
            figures.append(time.perf_counter() - begin)
            terminal.wait_for("1 use_")
            rankings.append(time.perf_counter() - begin)
    with PseudoTerminal(command) as terminal:
        terminal.wait_for("~")  # a mark that comes with the intervals: nothing is computed any more
        terminal.wait_quiet(0.5)
        spent, sent = [], len(terminal.raw)
        for _ in range(TOGGLES):
            terminal.send(" ")
            terminal.read(5)
            terminal.wait_quiet(0.1)
            spent.append((terminal.last_byte - terminal.sent) * 1000)
        size = (len(terminal.raw) - sent) // TOGGLES
    spent.sort()
    return [
        ("start to first figures, median", f"{statistics.median(figures):.2f} s"),
        ("start to SHAP ranking, median", f"{statistics.median(rankings):.2f} s"),
        ("toggle to the last byte painted, median", f"{statistics.median(spent):.0f} ms"),
        ("toggle to the last byte painted, 95th percentile", f"{spent[int(0.95 * len(spent))]:.0f} ms"),
        ("bytes to the terminal per toggle", f"{size:,}"),
    ]


def figures() -> list[tuple[str, str]]:
    """The effects table and the SHAP values against what a notebook would do."""
    import numpy as np
    import pandas as pd
    import shap
    from scipy import stats

    from ablate_tui.data.demo import demo_database
    from ablate_tui.data.schema import Choices
    from ablate_tui.queries.effects import effects
    from ablate_tui.queries.importance import importance
    from ablate_tui.queries.slices import Slice, take
    from ablate_tui.tui.session import Session

    session = Session.open(str(demo_database()), Choices(), keep=False)
    sample = take(session.table(None, None), Slice())
    names = [factor.name for factor in sample.table.factors]
    frame = pd.DataFrame(sample.codes.T, columns=names).assign(y=sample.y, rep=sample.replicate)

    def notebook() -> None:
        for name in names:
            on, off = (frame.loc[(frame[name] == code) & frame.y.notna(), "y"] for code in (1, 0))
            for side in (on, off):
                side.mean(), side.std(), side.median(), side.quantile([0.25, 0.75])
            stats.ttest_ind(on, off, equal_var=False)
            stats.mannwhitneyu(on, off)
            stats.levene(on, off, center="median")
            wide = frame.pivot_table("y", [n for n in names if n != name] + ["rep"], name)
            stats.wilcoxon((wide[1] - wide[0]).dropna())

    ours, theirs = median_ms(lambda: effects(sample), 20), median_ms(notebook, 5)
    result = importance(sample)
    shap_ours = median_ms(lambda: importance(sample), 10)
    training = result.training
    assert training is not None
    model = training.fit(training.outcome, np.ones(len(training.outcome), dtype=np.int64)).booster
    rows = training.columns

    def tree_shap() -> None:
        masker = shap.maskers.Independent(rows, max_samples=len(rows))
        shap.TreeExplainer(model, masker, feature_perturbation="interventional").shap_values(rows)

    begin = time.perf_counter()
    tree_shap()
    tree = (time.perf_counter() - begin) * 1000
    return [
        ("effects table", f"{ours:.1f} ms; pandas + scipy {theirs:.0f} ms: {theirs / ours:.0f} ×"),
        (
            "fit + exact SHAP",
            f"{shap_ours:.1f} ms; shap.TreeExplainer alone {tree:.0f} ms: {tree / shap_ours:.0f} ×",
        ),
    ]


def main() -> None:
    """Print a Markdown table."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(ABLATE_TUI_DATA=folder, ABLATE_TUI_STATE=folder)
        lines = [*screen(), *figures()]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, 120×36\n")
    print("| what | measured |\n|---|---|")
    for what, measured in lines:
        print(f"| {what} | {measured} |")


if __name__ == "__main__":
    main()

"""The report's tables: only the columns that answer their question."""

from __future__ import annotations

from collections.abc import Sequence

from ablate_tui.data.schema import RunTable
from ablate_tui.queries.attribution.shap_cells import shap_cells
from ablate_tui.queries.dependence import Dependence
from ablate_tui.queries.design import Design
from ablate_tui.queries.effect_row import REST
from ablate_tui.queries.effects import EffectRow, Effects
from ablate_tui.queries.inference.verdicts import BY_BOTH
from ablate_tui.queries.sentences import chance, figure, share, signed
from ablate_tui.tui.report.markdown import code, plain, table
from ablate_tui.tui.report.plan import Comparison, Plan
from ablate_tui.tui.report.results import Results
from ablate_tui.tui.views.base import level_words
from ablate_tui.tui.views.effects_figure import strength
from ablate_tui.tui.views.interactions import pair_name

MOST_ROWS = 24  # of one table
MOST_LEVELS = 8  # named in a cell

Seen = Sequence[tuple[Comparison, Sequence[EffectRow]]]


def numbers(plan: Plan, results: Results) -> str:
    """The numbered switches with their places in both rankings."""
    mean, spread = ({row.switch: row for row in found.rows} for found in (results.mean, results.spread))
    rows = []
    for number, name in enumerate(plan.switches, start=1):
        ranks = [str(found[name].rank) if name in found else "–" for found in (mean, spread)]
        about = "changes the spread most" if name == plan.center and results.spread_change(name)[0] else ""
        rows.append((str(number), code(name), about, *ranks))
    return table(("number", "switch", "remark", "rank for the mean", "rank for the spread"), rows, numeric=2)


def effects(found: Effects) -> str:
    """Verdict, shift and spread of every row."""
    columns = ("switch", "verdict", "cause of spread", "Δ mean", "95 %", "q", "SD ratio", "noise q")
    rows = [
        (
            named(row),
            plain(row.verdict or "–"),
            cause(row),
            signed(row.mean_diff),
            ends(row.mean_diff_low, row.mean_diff_high),
            q(row.location_q),
            figure(row.sd_ratio),
            q(row.noise_q),
        )
        for row in sorted(found.rows, key=strength)
    ]
    return limited(columns, rows, 5)


def comparisons(plan: Plan, seen: Seen) -> str:
    """The contrast of each comparison, judged inside it."""
    columns = ("comparison", "contrast", "held on", "verdict", "Δ mean", "q", "SD ratio", "noise q")
    rows = []
    for comparison, found in seen:
        held = ", ".join(plan.number(name) for name in comparison.held) or "–"
        for row in found:
            verdict = f"{row.verdict or '–'}" + (f" ({cause(row)})" if row.spread_cause else "")
            rows.append(
                (
                    comparison.number,
                    named(row),
                    held,
                    plain(verdict),
                    signed(row.mean_diff),
                    q(row.location_q),
                    figure(row.sd_ratio),
                    q(row.noise_q),
                )
            )
    return limited(columns, rows, 4)


def best(found: Effects) -> str:
    """Location, spread and share among the best runs, side by side."""
    columns = ("switch", "mean off", "mean on", "SD off", "SD on", "on among the best 10 %", "on among all", "p")
    known = sorted(found.rows, key=lambda row: -abs((row.best_share_on or 0.0) - (row.base_share_on or 0.0)))
    rows = [
        (
            named(row),
            *map(figure, (row.mean_off, row.mean_on, row.sd_off, row.sd_on)),
            share(row.best_share_on),
            share(row.base_share_on),
            q(row.best_p),
        )
        for row in known
    ]
    return limited(columns, rows, 7)


def spread_or_shift(plan: Plan, results: Results) -> str:
    """The numbered switches: what moves, and what the spread comes from."""
    columns = ("", "switch", "verdict", "cause of spread", "Δ mean", "Δ median", "pairs better on", "SD ratio")
    rows = [
        (
            plan.number(name),
            named(row),
            plain(row.verdict or "–"),
            cause(row),
            signed(row.mean_diff),
            signed(row.median_diff),
            share(row.pair_win_rate),
            figure(row.sd_ratio),
        )
        for name in plan.switches
        for row in results.effects_of(name)
    ]
    return limited(columns, rows, 4)


def ranking(results: Results) -> str:
    """Both rankings in one table."""
    columns = ("rank", "switch", "mean \\|SHAP\\|", "95 %", "share", "on − off", "rank for the spread", "its share")
    spread = {row.switch: row for row in results.spread.rows}
    rows = []
    for row in results.mean.rows:
        other = spread.get(row.switch)
        rows.append(
            (
                str(row.rank),
                code(row.switch),
                figure(row.mean_abs_shap),
                ends(row.low, row.high),
                share(row.share),
                signed(row.signed_effect),
                str(other.rank) if other else "–",
                share(other.share) if other else "–",
            )
        )
    return limited(columns, rows, 6)


def dependence(sweep: RunTable, found: Dependence) -> str:
    """SHAP values by the level of the switch and of the colour."""
    cells = shap_cells(found)
    if found.color is None:
        return ""
    columns = (code(found.switch), code(found.color), "configurations", "lowest SHAP", "mean SHAP", "highest SHAP")
    rows = [
        (
            plain(level_words(sweep.factor(found.switch), cell.level)),
            plain(level_words(sweep.factor(found.color), cell.color or "")),
            f"{cell.configurations:,}",
            *map(figure, (cell.low, cell.mean, cell.high)),
        )
        for cell in cells
    ]
    return limited(columns, rows, 4)


def pairs(results: Results, center: str) -> str:
    """The center's pairs, the strongest first."""
    found = results.interactions
    columns = ("pair", "mean DID", "95 %", "q", "ln SD DID", "q of ln SD", "\\|SHAP interaction\\|")
    rows = []
    for pair in found.pairs:
        if center not in (pair.a, pair.b):
            continue
        for at in pair.rows:
            row = found.rows[at]
            rows.append(
                (
                    plain(pair_name(row, 200)),
                    signed(row.mean_did),
                    ends(row.mean_did_low, row.mean_did_high),
                    q(row.mean_q),
                    signed(row.log_sd_did),
                    q(row.log_sd_q),
                    figure(row.shap_interaction),
                )
            )
    return limited(columns, rows, 6)


def design(found: Design) -> str:
    """The columns that play a part."""
    columns = ("column", "role", "levels", "aliases", "runs", "VIF")
    rows = [
        (
            code(row.column),
            row.role,
            some(row.levels),
            some(row.aliases),
            f"{row.n:,}",
            figure(found.vif.get(row.column)),
        )
        for row in found.rows
        if row.role in ("switch", "factor", "replicate", "response")
    ]
    return limited(columns, rows, 2)


# -- cells


def named(row: EffectRow) -> str:
    """A switch, or a level of a factor."""
    return code(f"{row.switch} = {row.on}" if row.off == REST else row.switch)


def cause(row: EffectRow) -> str:
    """What a spread comes from."""
    return "noise and interactions" if row.spread_cause == BY_BOTH else row.spread_cause or "–"


def q(value: float | None) -> str:
    """A q or p value without its letter."""
    return chance("", value).replace("=", "").strip() or "–"


def ends(low: float | None, high: float | None) -> str:
    """An interval."""
    return "–" if low is None or high is None else f"{figure(low)} … {figure(high)}"


def some(parts: Sequence[str]) -> str:
    """A few of the parts."""
    more = f", {len(parts) - MOST_LEVELS:,} more" if len(parts) > MOST_LEVELS else ""
    return plain(", ".join(parts[:MOST_LEVELS])) + more if parts else "–"


def limited(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: int) -> str:
    """A table of the first rows, and how many more there are; "" without any."""
    if not rows:
        return ""
    more = f"\n{len(rows) - MOST_ROWS:,} more rows are in the whole table.\n" if len(rows) > MOST_ROWS else ""
    return table(columns, rows[:MOST_ROWS], numeric) + more

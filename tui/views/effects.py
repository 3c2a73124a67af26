"""The effects table: what each switch does to the mean, to the spread, to failures, and to the best runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ablate_tui.queries.effect_row import OMNIBUS as OMNIBUS_FIELDS
from ablate_tui.queries.effect_row import REST, EffectRow
from ablate_tui.queries.effects import Effects, effects, effects_sql
from ablate_tui.queries.note import Note
from ablate_tui.queries.polars_code import effects_polars
from ablate_tui.tui.figure import Table, TableColumn
from ablate_tui.tui.formats import number
from ablate_tui.tui.views.base import Inputs, View, plain, reasons
from ablate_tui.tui.views.effects_figure import fails_differently, figure, sign

MOST_TOLD = 6  # rows whose failures are told under the table
IMPLIED = {"reason", "spread_cause", "ln_f_star", "noise_ratio", "noise_ratio_median", *OMNIBUS_FIELDS.split()}

# field, words; the first ones are what is seen without scrolling
VERDICT = (
    ("location_q", "location q"),
    ("sd_ratio", "SD ratio"),
    ("noise_ratio", "noise ratio"),
    ("noise_q", "noise q"),
)
RESIDUAL_NOISE = ("ln_f_star", "ln F*")
BEST = (("best_share_on", "on in best"), ("base_share_on", "on in all"), ("best_p", "best p"))
FAILED = (("failed_off", "failed off"), ("failed_on", "failed on"), ("failure_p", "failure p"))
SPREAD = (
    ("sd_off", "SD off"),
    ("sd_on", "SD on"),
    ("sd_between_off", "SD between off"),
    ("sd_between_on", "SD between on"),
    ("sd_within_off", "SD within off"),
    ("sd_within_on", "SD within on"),
    ("noise_ratio_median", "noise ratio, median"),
)
TESTS = (("location_p", "location p"), ("noise_p", "noise p"))
OVER_RUNS = (
    ("n_off", "n off"),
    ("n_on", "n on"),
    ("diverged_off", "div. off"),
    ("diverged_on", "div. on"),
    ("mean_off", "mean off"),
    ("mean_on", "mean on"),
    ("median_off", "median off"),
    ("median_on", "median on"),
    ("median_diff", "Δ median"),
    ("iqr_off", "IQR off"),
    ("iqr_on", "IQR on"),
    ("welch_p", "Welch p (runs)"),
    ("mann_whitney_p", "M-W p (runs)"),
    ("brown_forsythe_p", "B-F p (runs)"),
)
PAIRS = (
    ("pairs", "pairs"),
    ("pair_mean_diff", "Δ pairs"),
    ("pair_median_diff", "Δ pairs, median"),
    ("pair_win_rate", "pairs won"),
    ("wilcoxon_p", "Wilcoxon p (pairs)"),
)
OMNIBUS = (("kruskal_p", "factor's Kruskal p (runs)"), ("omnibus_brown_forsythe_p", "factor's B-F p (runs)"))


def read(inputs: Inputs) -> Effects:
    """The table of the slice."""
    return effects(inputs.sample, cancelled=inputs.cancelled)


def read_first(inputs: Inputs) -> Effects:
    """The table without what a look at every run gives."""
    return effects(inputs.sample, by_runs=False)


def table(result: Effects, inputs: Inputs) -> Table:
    """The verdict first, then what it rests on, then what describes the runs."""
    rows = result.rows
    residuals = any(row.ln_f_star is not None for row in rows)
    figures = (
        *VERDICT[:2],
        *((RESIDUAL_NOISE,) if residuals else (VERDICT[2],)),
        VERDICT[3],
        *BEST,
        *FAILED,
        *SPREAD,
        *TESTS,
    )
    described = (*OVER_RUNS, *PAIRS, *(OMNIBUS if any(row.kruskal_p is not None for row in rows) else ()))
    columns = (
        TableColumn("name", "switch", numeric=False),
        TableColumn("verdict", "verdict", numeric=False),
        TableColumn("spread_cause", "cause", numeric=False),
        TableColumn("mean_diff", "Δ mean"),
        TableColumn("mean_diff_interval", "95 %", numeric=False),
        *(TableColumn(field, label) for field, label in figures),
        TableColumn("location_basis", "location by", numeric=False),
        TableColumn("noise_basis", "noise by", numeric=False),
        *(TableColumn(field, label) for field, label in described),
        TableColumn("on", "on", numeric=False),
        TableColumn("off", "off", numeric=False),
        TableColumn("reason", "reason", numeric=False),
    )
    made = tuple(tuple(value(row, column.field) for column in columns) for row in rows)
    return Table(columns, made, "Effects", notes(result), factors=tuple(row.switch for row in rows))


def value(row: EffectRow, field: str) -> object:
    """A cell of the table."""
    if field == "verdict":
        return f"{sign(row)} {row.verdict}" if row.verdict else None
    if field == "mean_diff_interval":
        if row.mean_diff_low is None or row.mean_diff_high is None:
            return None
        return f"{number(row.mean_diff_low, 3)} … {number(row.mean_diff_high, 3)}"
    return getattr(row, field)


def notes(result: Effects) -> tuple[str, ...]:
    """How to read the table; failures first, for a spread may be nothing but a rate of collapse."""
    lines = [*given_success(result)]
    if result.rows:
        lines.append("Δ is on − off; q values cover this table, not the slices tried before it")
    if any(row.verdict for row in result.rows):
        location = [basis for basis in dict.fromkeys(row.location_basis for row in result.rows) if basis]
        noise = [basis for basis in dict.fromkeys(row.noise_basis for row in result.rows) if basis]
        lines.append(
            f"verdicts take a configuration as the unit: location by {' and '.join(location) or 'nothing'}, "
            f"noise from {' and '.join(noise) or 'nothing'}"
        )
    if result.rows:
        lines.append("p over runs or pairs is descriptive: runs of one configuration are not independent")
    return (*lines, *reasons(gathered(result.notes)))


def gathered(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """One note for all rows with the same one, without what the table says itself: verdict, kind of factor."""
    rows: dict[tuple[str, str], list[str]] = {}
    for note in notes:
        if not set(note.field.split()) <= IMPLIED:
            rows.setdefault((note.field, note.reason), []).append(note.row)
    return tuple(
        Note(", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else ""), field, reason)
        for (field, reason), names in rows.items()
    )


def given_success(result: Effects) -> Iterator[str]:
    """Rows whose failures differ: the rates, and what is left of mean and spread among the other runs."""
    told = [row for row in result.rows if fails_differently(row)]
    selected = {(given.switch, given.level): given for given in result.given_success}
    for row in told[:MOST_TOLD]:
        sides = ("", "of the rest") if row.off == REST else (" on", "off")
        words = (
            f"✗ {row.name}: {row.failed_on or 0.0:.1%} of runs fail{sides[0]}, {row.failed_off or 0.0:.1%} {sides[1]}, "
            f"p = {number(row.failure_p, 2)}; "
        )
        given = selected.get((row.switch, row.on))
        if given is None:
            yield words + "mean and spread are given success, a selected comparison"
            continue
        figures = [
            f"{label} {number(value, 3)}" + (f" (of all runs {number(whole, 3)})" if whole is not None else "")
            for label, value, whole in (
                ("Δ mean", given.mean_diff, row.mean_diff),
                ("SD ratio", given.sd_ratio, row.sd_ratio),
                ("noise ratio", given.noise_ratio, row.noise_ratio),
            )
            if value is not None
        ]
        yield words + f"given success, a selected comparison: {', '.join(figures) or 'nothing to compare'}"
    if len(told) > MOST_TOLD:
        yield f"✗ and {len(told) - MOST_TOLD} more rows whose failures differ"


def document(result: Effects, inputs: Inputs) -> dict[str, Any]:
    """JSON's rows, every field of the contract; the factors as wholes, and the runs that did not fail."""
    return {
        "rows": plain(result.rows),
        "factors": plain(result.factors),
        "given_success": plain(result.given_success),
    }


def sql(inputs: Inputs) -> str:
    """Counts, means, quantiles and SDs of every side."""
    return effects_sql(inputs.sample)


VIEW = View(
    name="effects",
    title="Effects",
    about="For every switch the verdict, shift of the mean or spread and what causes it; the change of the mean with "
    "its interval, the variance on each side as systematic and noise, failures, matched pairs, and the share of on "
    "among the best runs against its share of all.",
    read=read,
    read_first=read_first,
    by_runs=True,
    tests_all=True,
    figure=figure,
    table=table,
    document=document,
    sql=sql,
    polars=lambda inputs: effects_polars(inputs.sample),
)

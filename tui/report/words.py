"""The report's sentences: what the tests and figures of its tables say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ablate_tui.data.schema import RunTable
from ablate_tui.queries.attribution.shap_cells import ShapCell, shap_cells
from ablate_tui.queries.dependence import Dependence as Found
from ablate_tui.queries.dependence import dependence as of
from ablate_tui.queries.effects import EffectRow
from ablate_tui.queries.importance import WHAT_A_SHAP_VALUE_IS
from ablate_tui.queries.inference.verdicts import BOTH, NEITHER, SHIFT, SPREAD
from ablate_tui.queries.interactions import CLAIMED, FactorPair
from ablate_tui.queries.sentences import chance, figure, listed, signed
from ablate_tui.tui.report.markdown import code, plain
from ablate_tui.tui.report.plan import Card, Dependence, Plan
from ablate_tui.tui.report.results import Results
from ablate_tui.tui.report.tables import Seen, named
from ablate_tui.tui.views.base import level_words
from ablate_tui.tui.views.importance import trust

MOST_NAMED = 8  # in one sentence


def because(p: float | None) -> str:
    """The p value of a finding behind its view."""
    return f", {plain(chance('p', p))}" if p is not None else ""


def verdicts(rows: Sequence[EffectRow]) -> Iterator[str]:
    """Who shifts, who spreads, who does both."""
    kinds = ((BOTH, "mean and spread"), (SHIFT, "the mean only"), (SPREAD, "the spread only"), (NEITHER, "neither"))
    parts = []
    for kind, words in (*kinds, (None, "not judged")):
        names = [named(row) for row in rows if row.verdict == kind]
        if names:
            parts.append(f"{words}: {listed(names, MOST_NAMED)}")
    if parts:
        yield f"{capital('; '.join(parts))}. (Verdicts at q < .05, the configuration as the unit.)"
        yield ""


def holds(plan: Plan, seen: Seen) -> Iterator[str]:
    """The target's verdict alone and with others held on."""
    if any(len(rows) != 1 or rows[0].verdict is None for _, rows in seen):
        return
    parts = []
    for comparison, (row,) in seen:
        held = " and ".join(plan.number(name) for name in comparison.held)
        where = f"with {held} on" if held else "alone"
        parts.append(f"{where}: {row.verdict} (Δ mean {signed(row.mean_diff)}, SD ratio {figure(row.sd_ratio)})")
    same = len({row.verdict for _, (row,) in seen}) == 1
    if same:
        answer = "The verdict is the same in each"
    else:
        answer = (
            "The verdict is not the same in each; a slice has fewer runs, so a verdict may go where the effect stays"
        )
    if len(parts) > 1:
        yield f"{capital('; '.join(parts))}. {answer}."
        yield ""


def ranking(table: RunTable, plan: Plan, results: Results) -> Iterator[str]:
    """What the ranking is worth, and what a SHAP value is."""
    found = results.mean
    if not found.rows:
        why = found.notes[0].reason if found.notes else "nothing to rank"
        yield f"There is no ranking: {plain(why)}.\n"
        return
    if found.warning:
        yield f"**{plain(found.warning)}**"
        yield ""
    floor = found.rows[0].noise_floor
    above = [row for row in found.rows if floor is not None and row.mean_abs_shap > floor]
    beyond = f"{len(above)} of {len(found.rows)} are above the noise floor of {figure(floor)}" if floor else ""
    fit = ". ".join(capital(part) for part in (trust(found), beyond) if part)
    if fit:
        yield f"{plain(fit)}."
        yield ""
    yield (
        f"{WHAT_A_SHAP_VALUE_IS} A value below zero is a fall from where the configuration would be with its other "
        "switches as they are: where those make the response large the fall is long, and the response may still be "
        "large after it. So points at small values need not be good runs."
    )
    name = plan.center
    cells = shap_cells(of(found, name), by_color=False) if name is not None else ()
    if cells and name is not None:
        factor = table.factor(name)
        parts = [
            f"{plain(level_words(factor, cell.level))} from {figure(cell.low)} to {figure(cell.high)}, mean "
            f"{figure(cell.mean)}"
            for cell in cells[:MOST_NAMED]
        ]
        yield f"The SHAP values of {code(name)}: {'; '.join(parts)}."
    yield ""


def dependence(table: RunTable, one: Dependence, found: Found, results: Results) -> Iterator[str]:
    """Where the ends of the first dependence plot come from."""
    cells = [cell for cell in shap_cells(found) if cell.color is not None]
    if not cells:
        return
    switch, color = table.factor(one.switch), table.factor(one.color)

    def at(cell: ShapCell) -> str:
        return f"{code(color.name)} {plain(level_words(color, cell.color or ''))}"

    low, high = min(cells, key=lambda cell: cell.low), max(cells, key=lambda cell: cell.high)
    yield (
        f"`{one.path}`: the lowest values ({figure(low.low)}, with {code(switch.name)} "
        f"{plain(level_words(switch, low.level))}) are of configurations with {at(low)}, the highest "
        f"({figure(high.high)}, with {code(switch.name)} {plain(level_words(switch, high.level))}) of those with "
        f"{at(high)}: there the switch makes the largest difference to the prediction."
    )
    pair = results.interactions.pair(one.switch, one.color)
    if pair is not None and pair.mean_q is not None:
        sure = "The two interact" if pair.mean_q < CLAIMED else "No interaction of the two on the mean is shown"
        yield f"{sure} ({chance('q', pair.mean_q)})."
    yield ""


def pair(card: Card, found: FactorPair | None) -> str:
    """One line over a pair's card."""
    said = (
        [
            f"{what} {chance('q', value)}"
            for what, value in (("mean", found.mean_q), ("ln SD", found.log_sd_q))
            if value is not None
        ]
        if found is not None
        else []
    )
    return f"{card.a} × {card.b}" + (f": interaction on the {', '.join(said)}" if said else "")


def capital(words: str) -> str:
    """Words with a capital first."""
    return words[:1].upper() + words[1:]

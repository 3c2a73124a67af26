"""The design view's panels: what to run next, balance, correlations, replicates."""

from __future__ import annotations

from ablate_tui.data.schema import Factor
from ablate_tui.queries.design import Design
from ablate_tui.tui.figure import Axis, Bars, Cells, Panel, Points, Role
from ablate_tui.tui.formats import number
from ablate_tui.tui.views.base import NO_SWITCH, SERIES, Inputs
from ablate_tui.tui.views.design_words import large

MOST_FACTORS = 30  # in a picture
MOST_LEVELS = 8  # of a factor, in the balance
MOST_RUNS = 12  # to run next, as columns
NARROW = 4  # cells of a level in a column
MOST_COUNTED = 65_536  # cells: with more, the empty ones would hide the rest


def next_runs(result: Design, inputs: Inputs) -> Panel:
    """One column a configuration to run next, one row a factor."""
    runs = result.next[:MOST_RUNS]
    factors = [factor for factor in inputs.sample.free if runs and factor.name in runs[0].configuration]
    factors = factors[:MOST_FACTORS]
    texts, shades = [], []
    for factor in factors:
        levels = [run.configuration[factor.name] for run in runs]
        texts.append(tuple(side(factor, level) for level in levels))
        shades.append(tuple(shade(factor, level) for level in levels))
    empty = "" if factors else "every configuration has as many runs as any other"
    if not inputs.sample.table.factors:
        empty = NO_SWITCH
    return Panel(
        "to run next, best first",
        Axis(ticks=tuple((float(at), str(at + 1)) for at in range(len(runs)))),
        Axis(ticks=tuple((float(at), factor.name) for at, factor in enumerate(factors))),
        (Cells(tuple(texts), tuple(shades)),) if factors else (),
        "next",
        empty,
        weight=1.2,
    )


def side(factor: Factor, level: str) -> str:
    """A level in a narrow cell: where cut names would be the same, its place among the factor's levels."""
    if factor.is_switch:
        return "on" if level == factor.on else "off"
    cut = {name: name if len(name) <= NARROW else f"{name[: NARROW - 1]}…" for name in factor.levels}
    return cut[level] if len(set(cut.values())) == len(cut) else f"#{factor.levels.index(level) + 1}"


def shade(factor: Factor, level: str) -> float:
    """Levels from one end of the scale to the other; on is darker than off."""
    last = len(factor.levels) - 1
    return 0.5 * (2 * factor.levels.index(level) / last - 1)


def balance(result: Design, inputs: Inputs) -> Panel:
    """Share of on of each switch, of each level of a larger factor; where equal shares would be."""
    factors = inputs.sample.table.factors[:MOST_FACTORS]
    groups: dict[Role, tuple[list[float], list[float], list[str]]] = {}
    ticks: list[tuple[float, str]] = []
    equal: list[float] = []
    for factor in factors:
        runs = result.balance[factor.name]
        total = sum(runs.values())
        shown = (factor.on,) if factor.is_switch else factor.levels[:MOST_LEVELS]
        for level in shown:
            role: Role = "on" if factor.is_switch else SERIES[factor.levels.index(level) % len(SERIES)]
            at, values, texts = groups.setdefault(role, ([], [], []))
            at.append(float(len(ticks)))
            values.append(runs[level] / total if total else 0.0)
            texts.append(f"{runs[level]:,}")
            equal.append(1 / len(factor.levels))
            ticks.append((float(len(ticks)), factor.name if factor.is_switch else f"{factor.name} = {level}"))
    marks = tuple(
        Bars(tuple(at), tuple(values), role, "on" if role == "on" else "", horizontal=True, texts=tuple(texts))
        for role, (at, values, texts) in groups.items()
    )
    even = Points(tuple(equal), tuple(float(at) for at in range(len(equal))), "neutral", "equal shares", "large")
    return Panel(
        "balance: share of runs",
        Axis("share of runs; their number at the end", limits=(0.0, 1.0)),
        Axis(ticks=tuple(ticks), limits=(-0.6, max(len(ticks), 1) - 0.4)),
        (*marks, even) if ticks else (),
        "balance",
        "" if ticks else NO_SWITCH,
    )


def correlations(result: Design, inputs: Inputs) -> Panel:
    """φ of switches or Cramér's V of factors, variance inflation on the diagonal; the most entangled first."""
    values = {(pair.a, pair.b): pair.value for pair in result.correlations}
    names = [factor.name for factor in inputs.sample.free]
    if len(names) > MOST_FACTORS:
        strongest = dict.fromkeys(name for pair in result.correlations for name in (pair.a, pair.b))
        names = [name for name in dict.fromkeys([*strongest, *names]) if name in set(names)][:MOST_FACTORS]
    texts, shades = [], []
    for one in names:
        line, tints = [], []
        for other in names:
            value = values.get((one, other), values.get((other, one)))
            if one == other:
                inflation = result.vif.get(one)
                line.append("–" if one not in result.vif else "∞" if inflation is None else number(inflation, 2))
            else:
                line.append("·" if value is None else hundredths(value))
            tints.append(0.0 if one == other or value is None else value)
        texts.append(tuple(line))
        shades.append(tuple(tints))
    ticks = tuple((float(at), name) for at, name in enumerate(names))
    empty = "" if len(names) > 1 else NO_SWITCH if not inputs.sample.table.factors else "one factor at most is free"
    return Panel(
        "correlation; diagonal: VIF",
        Axis(ticks=ticks),
        Axis(ticks=ticks),
        (Cells(tuple(texts), tuple(shades)),) if not empty else (),
        "correlations",
        empty,
    )


def hundredths(value: float) -> str:
    """A correlation in at most four cells."""
    return f"{value:.2f}".replace("-", "−").replace("0.", ".").replace("1.00", "1")


def replicates(result: Design) -> Panel:
    """Configurations by their number of runs, those without any among them."""
    found = result.replicates
    names = [
        f"{low:,}" if low == high else f"{low:,}–{high:,}" for low, high in zip(found.lows, found.highs, strict=True)
    ]
    counts = list(found.counts)
    without = result.possible - result.configurations
    bars = [
        Bars(tuple(range(1, len(counts) + 1)), tuple(map(float, counts)), "accent", texts=tuple(map(large, counts)))
    ]
    ticks = [(float(at), name) for at, name in enumerate(names, start=1)]
    if without and result.possible <= MOST_COUNTED:
        bars.append(Bars((0.0,), (float(without),), "muted", texts=(large(without),)))
        ticks.insert(0, (0.0, "none"))
    return Panel(
        "replicates",
        Axis("runs of a configuration", ticks=tuple(ticks), limits=(-0.6, len(counts) + 0.6)),
        Axis("configurations"),
        tuple(bars) if counts else (),
        "replicates",
        "" if counts else "no run with an outcome",
    )

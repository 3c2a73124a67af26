"""Spreads that hang on the worst runs: more likely a rate of collapse than noise."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.sql import quote
from ablate_tui.queries.effect_row import REST, EffectRow
from ablate_tui.queries.effects import raw_difference
from ablate_tui.queries.findings.evidence import (
    EACH,
    FAILED,
    MINOR,
    MOST_NAMED,
    Evidence,
    Finding,
    Ranked,
    Value,
    number,
)
from ablate_tui.queries.inference.failures import failure_p
from ablate_tui.queries.inference.families import benjamini_hochberg
from ablate_tui.queries.inference.verdicts import LARGE_RATIO, SIGNIFICANT
from ablate_tui.queries.sentences import bracket, chance, each, figure, listed, share

WORST = (0.05, 0.1)  # shares of runs that a spread must not hang on; the larger needs the quartiles to agree
TWOFOLD = 2.0
GONE = 0.25  # of the logarithm of an SD ratio: where less is left, the ratio is gone
QUARTILES = 0.5  # of the same logarithm: what the middle half of the runs shows at least of a true spread
MOST_OF_A_SIDE = 1 / 3  # beyond, what is left out is no tail


@dataclass(frozen=True, eq=False)
class Tail:
    """The worst runs of a sweep."""

    share: float  # of the finished runs that was asked for
    worst: NDArray[np.bool_]  # (n,)
    border: float  # a value beyond which runs may be called collapsed


def worst(evidence: Evidence) -> Iterator[Ranked]:
    """SD ratios that leaving out the worst runs changes twofold, reverses, or takes away."""
    if evidence.condition is not None:  # failures are told apart already
        return
    found: list[Ranked] = []
    for part in WORST:
        cut = tail(evidence, part)
        told = {one.explains for one in found}
        if cut is not None:
            found += [one for one in hanging(evidence, cut) if one.explains not in told]
    found.sort(key=lambda one: -one.size)
    yield from found[:EACH]
    if found[EACH:]:
        rest = [one.finding for one in found[EACH:]]
        names = [str(one.figures["row"]) for one in rest]
        field = "sd_ratio_without_worst"
        figures = {f"{field} {one.figures['row']}": one.figures[field] for one in rest}
        q = each([number(one.figures["q"]) for one in rest])
        text = f"Other SD ratios that hang on the worst runs: {listed(names, MOST_NAMED)}{bracket(q)}."
        yield Ranked(MINOR, 1.0, Finding(text, "effects", figures, max(one.p or 0.0 for one in rest)))


def tail(evidence: Evidence, part: float) -> Tail | None:
    """The worst runs; None where there are too few runs, or so many ties that there is no tail."""
    sample = evidence.sample
    loss = sample.y if evidence.goal == "min" else -sample.y
    y = np.sort(loss[sample.finished])
    n = len(y)
    if n < 1 / part:
        return None
    at = n - math.ceil(part * n)
    limit = y[at]
    is_worst = sample.finished & (loss >= limit)
    if is_worst.sum() > 2 * part * n or not at:
        return None
    return Tail(part, is_worst, border(y, at) * (1 if evidence.goal == "min" else -1))


def border(y: NDArray[np.float64], at: int) -> float:
    """Where a collapse most likely begins: the middle of the widest gap around the worst runs.

    Parameters
    ----------
    y : (n,) float
        Ascending, larger is worse.
    at : int
        Where the worst begin. The widest gap is sought from twice as many to a third of them.
    """
    k = len(y) - at
    start, end = max(0, at - k - 1), at + max(1, 2 * k // 3)
    gaps = np.diff(y[start : end + 1])
    place = start + int(np.argmax(gaps))
    return float(y[place] / 2 + y[place + 1] / 2)


def hanging(evidence: Evidence, cut: Tail) -> Iterator[Ranked]:
    """The rows whose SD ratio hangs on a tail, and whose sides have different shares in it."""
    sample = evidence.sample
    tests = failure_p(sample.having(failed=cut.worst))
    q = benjamini_hochberg(tests.factors)
    for row in evidence.effects.rows:
        p = tests.p.get((row.switch, sample.table.factor(row.switch).code(row.on)))
        if not row.sd_ratio or not raw_difference(row) or p is None or p >= SIGNIFICANT:
            continue
        if q.get(row.switch, 1.0) >= SIGNIFICANT:
            continue
        code = sample.code(row.switch)
        on = code == sample.table.factor(row.switch).code(row.on)
        sides = [sample.finished & mask for mask in (on, ~on & (code >= 0))]
        shares = [float(np.mean(cut.worst[mask])) for mask in sides]
        left = [sample.y[mask & ~cut.worst] for mask in sides]
        if max(shares) > MOST_OF_A_SIDE or min(len(y) for y in left) < 2:
            continue
        sds = [float(np.std(y, ddof=1)) for y in left]
        if not all(sd > 0 and math.isfinite(sd) for sd in sds) or not changes(row.sd_ratio, sds[0] / sds[1]):
            continue
        if cut.share == WORST[0] or quartiles_disagree(row, row.sd_ratio):
            yield warning(evidence, row, cut, sds[0] / sds[1], shares, p, q[row.switch])


def changes(ratio: float, without: float) -> bool:
    """Whether an SD ratio is changed twofold, reversed, or all but gone."""
    before, after = math.log(ratio), math.log(without)
    if abs(before - after) >= math.log(TWOFOLD):
        return True
    return abs(before) > math.log(LARGE_RATIO) and (before * after < 0 or abs(after) < GONE * abs(before))


def quartiles_disagree(row: EffectRow, ratio: float) -> bool:
    """Whether the middle half of the runs, which a shift does not change, tells another story than the SDs.

    Not asked of a level against the rest, which is a mixture.
    """
    if row.off == REST or not row.iqr_on or not row.iqr_off:
        return False
    size, same = math.log(ratio), math.log(row.iqr_on / row.iqr_off)
    return same * math.copysign(1, size) < QUARTILES * abs(size)


def warning(
    evidence: Evidence, row: EffectRow, cut: Tail, without: float, shares: list[float], p: float, q: float
) -> Ranked:
    """The warning about one row."""
    on, off = evidence.with_sides(row)
    ratio = row.sd_ratio or math.nan
    text = (
        f"The SD ratio of {evidence.is_on(row)}, {figure(ratio)}, hangs on the worst {100 * cut.share:.0f} % of runs: "
        f"without them it is {figure(without)}. Among these are {share(shares[0])} of the runs {on} and "
        f"{share(shares[1])} {off}{bracket(chance('q', q))}: a rate of collapse may look like a spread. "
        f"{condition(evidence, cut.border)} (in the screen f) counts those beyond their widest gap as failed."
    )
    figures: dict[str, Value] = {
        "switch": row.switch, "level": row.on, "row": row.name, "sd_ratio": ratio, "sd_ratio_without_worst": without,
        "worst": cut.share, "worst_on": shares[0], "worst_off": shares[1], "q": q,
    }  # fmt: skip
    # a warning comes after the failures that are counted
    return Ranked(FAILED, abs(math.log(ratio / without)) - 10, Finding(text, "effects", figures, p), row.switch)


def condition(evidence: Evidence, border: float) -> str:
    """The option that counts a tail as failures."""
    response = evidence.sample.table.response
    name = response.name
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None
    if not plain and any(column.name == name for column in evidence.sample.table.columns):
        name = quote(name)
    digits = max(0, 2 - math.floor(math.log10(evidence.sd))) if 1e-9 < evidence.sd < 1e9 else 6
    text = f"{name} {'>' if evidence.goal == 'min' else '<'} {border:.{digits}f}"
    return f"--fail '{text}'" if '"' in text else f'--fail "{text}"'

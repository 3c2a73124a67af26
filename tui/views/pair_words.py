"""An interaction in sentences: what one factor does at each level of the other, and how far that differs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ablate_tui.data.schema import RunTable
from ablate_tui.queries.interactions import CLAIMED, CellFigures, FactorPair, InteractionRow
from ablate_tui.queries.sentences import bracket, chance, figure, interval, listed
from ablate_tui.tui.views.base import level_words

ALIKE = 0.02  # share by which the raw means and the model may differ without a word


@dataclass(frozen=True)
class Side:
    """One of the two factors of a row: a switch, or a level against the rest."""

    factor: str
    level: str | None  # None for a switch
    off: str  # words for 0 and 1
    on: str

    @property
    def subject(self) -> str:
        """What has an effect."""
        return self.factor if self.level is None else f"{self.factor} = {self.level} (against the rest)"

    def where(self, on: bool, again: bool = False) -> str:
        """ "with a off"; "with it on" the second time."""
        if self.level is None:
            return f"with {'it' if again else self.factor} {self.on if on else self.off}"
        return f"at {self.factor} = {self.level}" if on else f"at the other levels of {self.factor}"


def side_of(table: RunTable, factor: str, name: str) -> Side:
    """A side from its factor and its name in a row."""
    known = table.factor(factor)
    if known.is_switch:
        return Side(factor, None, level_words(known, known.off), level_words(known, known.on))
    return Side(factor, name.removeprefix(f"{factor}="), "rest", name.removeprefix(f"{factor}="))


def sentences(
    table: RunTable, pair: FactorPair, row: InteractionRow, cells: CellFigures, noise: tuple[float | None, ...] | None
) -> tuple[str, ...]:
    """The row in words: the mean, the noise, and the joint test where the pair has more rows.

    Parameters
    ----------
    table : RunTable
    pair : FactorPair
        Of the row.
    row, cells
        Its figures.
    noise : four floats, optional
        Typical SDs within configurations in the cells 00, 01, 10, 11.
    """
    a, b = side_of(table, pair.a, row.a), side_of(table, pair.b, row.b)
    if a.level is not None and b.level is None:  # a switch has the effect, a level is where it has it
        a, b = b, a
        cells = replace(cells, mean_01=cells.mean_10, mean_10=cells.mean_01)
        noise = (noise[0], noise[2], noise[1], noise[3]) if noise else None
    said = [mean_sentence(table.response.name, a, b, row, cells), noise_sentence(a, b, row, noise)]
    if len(pair.rows) > 1:
        said.append(joint_sentence(pair))
    return tuple(sentence for sentence in said if sentence)


def mean_sentence(response: str, a: Side, b: Side, row: InteractionRow, cells: CellFigures) -> str:
    """Both effects on the mean, and the difference of differences with its interval."""
    off, on = _less(cells.mean_10, cells.mean_00), _less(cells.mean_11, cells.mean_01)
    if off is None or on is None:
        return f"No finished run in one of the cells of {a.subject} and {b.subject}."
    first = f"{a.subject} {_moves(off)} {response} by {figure(abs(off))}"
    same = (off < 0) == (on < 0)
    second = f"by {figure(abs(on))}" if same else f"it {_moves(on)} it by {figure(abs(on))}"
    words = f"{_capital(b.where(False))}, {first}; {b.where(True, again=True)}, {second}: the effects differ by"
    raw, did = on - off, row.mean_did
    if did is None:
        return f"{words} {figure(abs(raw))}, which can't be tested."
    alike = abs(raw - did) <= ALIKE * max(abs(raw), abs(did))
    amount = figure(abs(did)) if alike else f"{figure(abs(raw))}, with the other switches held by {figure(abs(did))}"
    ends = (row.mean_did_low, row.mean_did_high)
    if did < 0 and None not in ends:
        ends = (-(ends[1] or 0.0), -(ends[0] or 0.0))
    return f"{words} {amount}{bracket(_joined(interval(*ends), chance('q', row.mean_q)))}.{_doubt(row.mean_q)}"


def noise_sentence(a: Side, b: Side, row: InteractionRow, noise: tuple[float | None, ...] | None) -> str:
    """The ratios of the typical noise SDs, and the ratio of ratios with its interval."""
    if row.log_sd_did is None:
        return ""
    ends = [math.exp(end) if end is not None else None for end in (row.log_sd_did_low, row.log_sd_did_high)]
    about = bracket(_joined(interval(*ends), chance("q", row.log_sd_q)))
    words = f"a factor {figure(math.exp(row.log_sd_did))}{about}.{_doubt(row.log_sd_q)}"
    if noise is None or None in noise:
        return f"The noise ratio of {a.subject} {b.where(True)} is that {b.where(False)} times {words}"
    ratio = [(noise[2] or 0.0) / (noise[0] or 1.0), (noise[3] or 0.0) / (noise[1] or 1.0)]
    return (
        f"The noise within a configuration: {b.where(False)}, {a.subject} multiplies its SD by {figure(ratio[0])}; "
        f"{b.where(True, again=True)}, by {figure(ratio[1])}: the ratios differ by {words}"
    )


def joint_sentence(pair: FactorPair) -> str:
    """All rows of a pair of factors together."""
    parts = [
        f"{name} {chance('q', q)}" for name, q in (("mean", pair.mean_q), ("ln SD", pair.log_sd_q)) if q is not None
    ]
    return f"All levels of {pair.a} and {pair.b} together: {listed(parts)}." if parts else ""


def _less(on: float | None, off: float | None) -> float | None:
    return None if on is None or off is None else on - off


def _moves(by: float) -> str:
    return "lowers" if by < 0 else "raises"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _doubt(q: float | None) -> str:
    return "" if q is None or q < CLAIMED else " No interaction is shown."

"""How a switch's SHAP values depend on its level, and on a second switch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.schema import Factor
from ablate_tui.queries.importance import Importance
from ablate_tui.queries.note import Note


@dataclass(frozen=True)
class DependenceRow:
    """One configuration."""

    configuration: str  # "a=true, b=false"
    level: str  # of the switch
    color: str | None  # level of the second switch
    shap: float  # of the switch, in the unit of the response (for spread in ln SD)
    n: int  # runs


@dataclass(frozen=True, eq=False)
class Dependence:
    """A switch's SHAP values in n configurations; nothing in it, and a note, where it isn't ranked."""

    switch: str
    color: str | None  # the second switch
    levels: tuple[str, ...]  # of the switch
    color_levels: tuple[str, ...]  # of the second switch
    level_codes: NDArray[np.int16]  # (n,) positions in `levels`
    color_codes: NDArray[np.int16]  # (n,) positions in `color_levels`; zeros without a second switch
    shap: NDArray[np.float64]  # (n,)
    count: NDArray[np.int64]  # (n,) runs
    notes: tuple[Note, ...]
    factors: tuple[Factor, ...]  # what a configuration is made of
    factor_levels: tuple[tuple[str, ...], ...]
    codes: NDArray[np.int16]  # (k, n)

    @cached_property
    def rows(self) -> tuple[DependenceRow, ...]:
        """The values as a table, configurations in lexicographic order."""
        words = [
            [f"{factor.name}={level}" for level in levels]
            for factor, levels in zip(self.factors, self.factor_levels, strict=True)
        ]
        return tuple(
            DependenceRow(
                configuration=", ".join(texts[code] for texts, code in zip(words, codes, strict=True)),
                level=self.levels[level],
                color=self.color_levels[color] if self.color is not None else None,
                shap=shap,
                n=n,
            )
            for codes, level, color, shap, n in zip(
                self.codes.T.tolist(),
                self.level_codes.tolist(),
                self.color_codes.tolist(),
                self.shap.tolist(),
                self.count.tolist(),
                strict=True,
            )
        )


def strongest_partner(importance: Importance, switch: str) -> str | None:
    """The factor that interacts most with a switch, by mean |SHAP interaction value|.

    Parameters
    ----------
    importance : Importance
    switch : str

    Returns
    -------
    str or None
        Where the SHAP values are not exact, the best-ranked other factor. None where the switch is not
        ranked, or nothing else is.
    """
    names = [row.switch for row in importance.rows]
    if switch not in names or len(names) < 2 or importance.explanation is None:
        return None
    interactions = importance.explanation.interactions
    if interactions is None:
        return next(name for name in names if name != switch)
    own = [factor.name for factor in importance.factors].index(switch)
    strength = interactions[own].copy()
    strength[own] = -1.0
    return importance.factors[int(np.argmax(strength))].name


def dependence(importance: Importance, switch: str, color: str | None = None) -> Dependence:
    """The SHAP values of a switch, each with the levels of the switch and of a second one.

    Parameters
    ----------
    importance : Importance
        Its explained configurations become the rows.
    switch : str
        A factor of the sweep.
    color : str, optional
        Another; without it, `strongest_partner`.

    Returns
    -------
    Dependence
        Empty with a note where the switch is not ranked; without a colour, and with a note, where the
        second switch does not vary.
    """
    names = [factor.name for factor in importance.factors]
    notes: list[Note] = []
    if switch not in names:
        notes.append(Note("*", "*", f'"{switch}" has one level in this slice, so nothing depends on it'))
    elif importance.explanation is None:
        notes += [note for note in importance.notes if (note.row, note.field) == ("*", "*")]
    there = not notes
    codes = importance.codes if there else importance.codes[:, :0]
    n = codes.shape[1]

    if there and color is None:
        color = strongest_partner(importance, switch)
        if color is None:
            notes.append(Note("*", "color", "no other switch varies in this slice"))
    elif there and color == switch:
        notes.append(Note("*", "color", f'"{switch}" is the switch itself; choose another for the colour'))
        color = None
    elif there and color not in names:
        notes.append(Note("*", "color", f'"{color}" has one level in this slice, so it colours nothing'))
        color = None
    second = names.index(color) if there and color is not None else None
    own = names.index(switch) if there else None
    return Dependence(
        switch=switch,
        color=color if there else None,
        levels=importance.levels[own] if own is not None else (),
        color_levels=importance.levels[second] if second is not None else (),
        level_codes=codes[own] if own is not None else np.zeros(0, dtype=np.int16),
        color_codes=codes[second] if second is not None else np.zeros(n, dtype=np.int16),
        shap=importance.phi[own] if own is not None else np.zeros(0),
        count=importance.count[:n],
        notes=tuple(notes),
        factors=importance.factors,
        factor_levels=importance.levels,
        codes=codes,
    )

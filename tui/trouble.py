"""Why a slice has no figures, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ablate_tui.queries.slices import Sample, Slice
from ablate_tui.tui.views.base import slice_words


def trouble(sample: Sample, other: Callable[[Slice], Sample], worded: Callable[[str], str]) -> str:
    """What keeps a slice from having figures, in a line; "" where nothing does.

    Parameters
    ----------
    sample : Sample
    other : callable
        The runs of another slice of the same sweep.
    worded : callable
        Puts the keys in force into words, as `keymap.worded` does.

    Returns
    -------
    str
        Of an empty slice it names the filter that emptied it: the one without which there are most runs.
    """
    if not sample.runs:
        return _emptied_by(sample, other, worded)
    if sample.missing == sample.runs:
        return f"no run here has a {sample.table.response.name}: " + worded("{response} chooses another response")
    if sample.diverged + sample.missing == sample.runs:
        clear = ", {clear} clears" if sample.slice.filters else ""
        return worded("no run here has finished: {response} chooses another response" + clear)
    if not sample.table.factors:
        return "no column varies as a switch or factor: enter in the design view changes what a column is"
    return ""


def _emptied_by(sample: Sample, other: Callable[[Slice], Sample], worded: Callable[[str], str]) -> str:
    filters = sample.slice.filters
    runs = {}
    for at, name in enumerate(filters):
        rest = replace(sample.slice, filters=(*filters[:at], *filters[at + 1 :]), contrast=None)
        runs[name] = other(rest).runs
    if not any(runs.values()):
        return worded("no run is left: {undo} undoes, {clear} clears the filters")
    name = max(runs, key=lambda name: runs[name])
    said = slice_words(replace(sample, slice=replace(sample.slice, filters=(name,))))
    return f"no run is left; without {said}: {runs[name]:,} " + worded("({undo} undoes, {clear} clears)")

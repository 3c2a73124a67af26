"""The lines above everything: source, response, the slice in words, and how many runs are in it."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from ablate_tui.queries.slices import Sample
from ablate_tui.tui.formats import clean
from ablate_tui.tui.panels.words import write
from ablate_tui.tui.slice_options import location_text
from ablate_tui.tui.views.base import counts, slice_words, source_name


class Header(Static):
    """Two lines; never markup, since every word in it comes from data."""

    def show(self, sample: Sample) -> None:
        """Say what is being looked at; where it is narrow, in fewer words."""
        room = self.size.width or 80
        forms = [first_line(sample, words, better) for words, better in ((2, True), (2, False), (1, False), (0, False))]
        first = next((form for form in forms if form.cell_len <= room), forms[-1])
        second = Text(no_wrap=True, overflow="ellipsis")
        second.append(" slice ", "dim").append(clean(slice_words(sample)), "bold")
        second.append("  contrast ", "dim").append(clean(sample.slice.contrast or "none (c chooses)"), "bold")
        if sample.slice.location is not None:
            second.append("  model ", "dim").append(clean(location_text(sample.slice.location)), "bold")
        write(self, Text("\n").join((first, second)))

    def say(self, words: str) -> None:
        """Say something while there is no slice yet."""
        self.update(Text(f" {clean(words)}"))


def first_line(sample: Sample, words: int, better: bool) -> Text:
    """Source, response, counts and failures.

    Parameters
    ----------
    sample : Sample
    words : int
        2: the condition of failure too; 1: how many failed; 0: also without the word "response".
    better : bool
        Whether to say in words which responses are better.
    """
    table = sample.table
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f" {clean(source_name(table))}", "bold")
    line.append("  response " if words else "  ", "dim").append(clean(table.response.name), "bold")
    line.append(f" ({table.response.better if better else table.response.goal})", "dim")
    line.append(f"  {counts(sample)}")
    if table.fail_condition is not None:
        failed = int(sample.outcomes.failed.sum())
        if words == 2:
            line.append("  failed: ", "dim").append(f"{clean(table.fail_condition)} ({failed:,} of {sample.runs:,})")
        else:
            line.append(f", {failed:,} failed")
    return line

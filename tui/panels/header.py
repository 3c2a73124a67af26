"""The lines above everything: source, response, the slice in words, and how many runs are in it."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from ablate_tui.queries.slices import Sample
from ablate_tui.tui.formats import clean
from ablate_tui.tui.views.base import counts, slice_words, source_name


class Header(Static):
    """Two lines; never markup, since every word in it comes from data."""

    def show(self, sample: Sample) -> None:
        """Say what is being looked at."""
        table = sample.table
        first = Text(no_wrap=True, overflow="ellipsis")
        first.append(f" {clean(source_name(table))}", "bold")
        first.append("  response ", "dim").append(clean(table.response.name), "bold")
        first.append(f" ({table.response.better})", "dim")
        first.append(f"  {counts(sample)}")
        second = Text(no_wrap=True, overflow="ellipsis")
        second.append(" slice ", "dim").append(clean(slice_words(sample)), "bold")
        second.append("  contrast ", "dim").append(clean(sample.slice.contrast or "none (c chooses)"), "bold")
        self.update(Text("\n").join((first, second)), layout=False)

    def say(self, words: str) -> None:
        """Say something while there is no slice yet."""
        self.update(Text(f" {clean(words)}"))

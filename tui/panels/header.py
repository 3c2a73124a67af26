"""The lines above everything: source, response, the slice in words, and how many runs are in it."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message

from ablate_tui.queries.slices import Sample, Versus
from ablate_tui.tui.formats import clean, width
from ablate_tui.tui.keymap import worded
from ablate_tui.tui.painters.grid import Row
from ablate_tui.tui.panels.ground import BOLD, DIM
from ablate_tui.tui.panels.lines import Lines
from ablate_tui.tui.slice_options import location_text
from ablate_tui.tui.views.base import counts, slice_words, source_name

NEWS = Style(bold=True, reverse=True)


class Header(Lines):
    """Two lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "y",
            "copy_command",
            "copy command",
            tooltip="In the header: copy the command line that shows this view",
            id="copy_command",
        ),
    ]
    can_focus = True

    class CopyAsked(Message):
        """The command line that shows what the header says is to be copied."""

    news = ""  # of the source: "+37 runs"
    sample: Sample | None = None
    beside: Sample | None = None  # of the second slice
    versus = Versus()
    trouble = ""  # why the slice has no figures

    def announce(self, news: str) -> None:
        """Say that the source has changed; nothing where it has not."""
        self.news = news
        if self.sample is not None:
            self.tell(self.sample, self.trouble, self.beside, self.versus)

    def tell(
        self, sample: Sample, trouble: str = "", beside: Sample | None = None, versus: Versus | None = None
    ) -> None:
        """Say what is being looked at; where it is narrow, in fewer words.

        Parameters
        ----------
        sample : Sample
        trouble : str
            Why it has no figures.
        beside, versus : Sample and Versus, optional
            The second slice and its name, where two are compared.
        """
        self.sample, self.trouble = sample, trouble
        self.beside, self.versus = beside, versus or Versus()
        news = (Segment(f" {self.news} {worded('({take})', self)} ", NEWS),) if self.news else ()
        room = (self.size.width or 80) - sum(width(piece.text) for piece in news)
        forms = [first_line(sample, words, better) for words, better in ((2, True), (2, False), (1, False), (0, False))]
        first = next((form for form in forms if sum(width(piece.text) for piece in form) <= room), forms[-1])
        said = [
            (" slice ", slice_words(sample)),
            ("  contrast ", sample.slice.contrast or worded("none ({contrast} chooses)", self)),
        ]
        if sample.slice.location is not None:
            said.append(("  model ", location_text(sample.slice.location)))
        if beside is not None:
            name = f'B "{self.versus.name}" ' if self.versus.name else "B "
            said[0] = (" slice A ", said[0][1])
            said.insert(1, (f"  versus {clean(name)}", f"{slice_words(beside)} ({beside.runs:,} runs)"))
        second = [piece for name, words in said for piece in (Segment(name, DIM), Segment(clean(words), BOLD))]
        if trouble:
            second = [Segment(f" ! {clean(trouble)} ", NEWS), *second]
        self.show([(*news, *first), tuple(second)])

    def action_copy_command(self) -> None:
        """Ask for the command line."""
        self.post_message(self.CopyAsked())

    def say(self, words: str) -> None:
        """Say something while there is no slice yet."""
        self.show([(Segment(f" {clean(words)}"),)])


def first_line(sample: Sample, words: int, better: bool) -> Row:
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
    line = [
        Segment(f" {clean(source_name(table))}", BOLD),
        Segment("  response " if words else "  ", DIM),
        Segment(clean(table.response.name), BOLD),
        Segment(f" ({table.response.better if better else table.response.goal})", DIM),
        Segment(f"  {counts(sample)}"),
    ]
    if table.fail_condition is not None:
        failed = int(sample.outcomes.failed.sum())
        if words == 2:
            said = f"{clean(table.fail_condition)} ({failed:,} of {sample.runs:,})"
            line += [Segment("  failed: ", DIM), Segment(said)]
        else:
            line.append(Segment(f", {failed:,} failed"))
    return tuple(line)

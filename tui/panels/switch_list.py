"""The switches: state, counts and effect of each; toggled by keys or mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ablate_tui.data.schema import Factor
from ablate_tui.queries.effects import Glance
from ablate_tui.queries.slices import Slice
from ablate_tui.tui.figure import Role
from ablate_tui.tui.formats import clean, fit, number, pad
from ablate_tui.tui.panels.colours import inked, palette_of
from ablate_tui.tui.panels.ground import DIM, Grounded

BAR = 4  # cells of the effect bar
STATE, COUNTS, VALUE = 5, 10, 8  # cells of the other columns
WHOLE = 40  # cells from which all of them are there
EIGHTHS = " ▏▎▍▌▋▊▉█"
CURSOR, PLACE = Style(reverse=True), Style(underline=True)  # of the name under the cursor, with and without focus


@dataclass(frozen=True)
class Line:
    """One line of the list: a factor, or one level of a factor that is open."""

    factor: Factor
    level: str | None = None


class SwitchList(ScrollView, Grounded, can_focus=True):
    """A list with a cursor. It knows the slice, and asks for changes by messages."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False, id="list.up"),
        Binding("down,j", "move(1)", "down", show=False, id="list.down"),
        Binding("pageup", "move(-10)", "ten up", show=False, id="list.page_up"),
        Binding("pagedown", "move(10)", "ten down", show=False, id="list.page_down"),
        Binding("home", "move(-100000)", "to the first", show=False, id="list.first"),
        Binding("end", "move(100000)", "to the last", show=False, id="list.last"),
        Binding(
            "space", "next_state", "any→on→off", tooltip="the switch under the cursor: any → on → off", id="list.toggle"
        ),
        Binding(
            "right,l",
            "unfold(True)",
            "open the levels of a factor (space then keeps a level)",
            show=False,
            id="list.open",
        ),
        Binding("left,h", "unfold(False)", "close them", show=False, id="list.close"),
        Binding("enter", "enter", "compare by this switch; open a factor", show=False, id="list.enter"),
    ]

    @dataclass
    class Toggled(Message):
        """A switch (or one level of a factor) should change its filter."""

        factor: str
        level: str | None

    @dataclass
    class Moved(Message):
        """The cursor is on another factor."""

        factor: str

    @dataclass
    class Entered(Message):
        """A switch should be opened: contrasted, in the compare view."""

        factor: str

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.factors: tuple[Factor, ...] = ()
        self.slice = Slice()
        self.glances: dict[str, Glance] = {}
        self.scale = 0.0
        self.open: set[str] = set()
        self.cursor = 0
        self.lines: list[Line] = []

    def show(self, factors: tuple[Factor, ...], slice_: Slice, glances: Sequence[Glance]) -> None:
        """Take a new state; only the lines that it changes are painted again."""
        if factors != self.factors:
            self.factors = factors
            self.rebuild()
        before = self.states()
        self.slice = slice_
        self.glances = {glance.switch: glance for glance in glances}
        self.scale = max((abs(g.mean_diff) for g in glances if g.mean_diff is not None), default=0.0)
        for at, (old, new) in enumerate(zip(before, self.states(), strict=True)):
            if old != new:
                self.refresh_lines(at)

    def states(self) -> list[tuple[object, ...]]:
        """What each line says beside its name."""
        return [
            (self.state(line), line.factor.name == self.slice.contrast, self.glances.get(line.factor.name), self.scale)
            for line in self.lines
        ]

    def rebuild(self) -> None:
        """Lay the lines out again after a factor was opened or closed."""
        self.lines = []
        for factor in self.factors:
            self.lines.append(Line(factor))
            if factor.name in self.open:
                self.lines += [Line(factor, level) for level in factor.levels]
        self.cursor = min(self.cursor, max(0, len(self.lines) - 1))
        self.virtual_size = Size(self.size.width, len(self.lines))
        self.refresh()

    @property
    def current(self) -> Line | None:
        """The line under the cursor."""
        return self.lines[self.cursor] if self.lines else None

    def go_to(self, factor: str) -> None:
        """Move the cursor to a factor."""
        for at, line in enumerate(self.lines):
            if line.factor.name == factor and line.level is None:
                self.action_move(at - self.cursor)
                return

    def action_move(self, by: int) -> None:
        """Move the cursor by some lines."""
        if not self.lines:
            return
        before = self.cursor
        self.cursor = min(max(self.cursor + by, 0), len(self.lines) - 1)
        if self.cursor == before:
            return
        top = self.scroll_offset.y
        for line in (before, self.cursor):
            self.refresh_lines(line, 1)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + self.size.height:
            self.scroll_to(y=self.cursor - self.size.height + 1, animate=False)
        self.post_message(self.Moved(self.lines[self.cursor].factor.name))

    def action_next_state(self) -> None:
        """Ask for the next state of what is under the cursor."""
        if self.current:
            self.post_message(self.Toggled(self.current.factor.name, self.current.level))

    def action_unfold(self, unfold: bool) -> None:
        """Open or close the levels of a multi-level factor."""
        if self.current and not self.current.factor.is_switch:
            name = self.current.factor.name
            (self.open.add if unfold else self.open.discard)(name)
            self.rebuild()
            if not unfold:
                self.go_to(name)

    def action_enter(self) -> None:
        """Open what is under the cursor."""
        if not self.current:
            return
        if self.current.factor.is_switch or self.current.level is not None:
            self.post_message(self.Entered(self.current.factor.name))
        else:
            self.action_unfold(self.current.factor.name not in self.open)

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; a click on the state toggles it."""
        row = event.y + self.scroll_offset.y
        if 0 <= row < len(self.lines):
            on_state = event.x >= name_cells(self.size.width)
            self.action_move(row - self.cursor)
            if on_state:
                self.action_next_state()

    def on_resize(self) -> None:
        """Keep the virtual size in step."""
        self.virtual_size = Size(self.size.width, len(self.lines))

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        row = y + self.scroll_offset.y
        room = self.size.width
        if not 0 <= row < len(self.lines):
            return Strip.blank(room, self.ground)
        return self.strip(self.segments(self.lines[row], row == self.cursor, room), room)

    def segments(self, line: Line, at_cursor: bool, room: int) -> list[Segment]:
        """The words of a line so many cells wide: mark, name, state, runs, effect."""
        factor, name_width = line.factor, name_cells(room)
        mark = "▸" if at_cursor else " "
        ground = (CURSOR if self.has_focus else PLACE) if at_cursor else None
        glance = self.glances.get(factor.name)
        state, role = self.state(line)
        style = inked(role, palette_of(self.app), True) if role else (DIM if state == "any" else None)
        if line.level is not None:
            at = factor.levels.index(line.level)
            runs = glance.runs[at] if glance else 0
            name = f"{mark}    {clean(line.level)}"
            return [
                Segment(fit(name, name_width), ground),
                Segment(pad(f" {state}", STATE, False), style),
                Segment(f"{runs:>7,}"),
            ]
        fold = " " if factor.is_switch else ("▾" if factor.name in self.open else "▹")
        contrast = "◆" if factor.name == self.slice.contrast else fold
        parts = [
            Segment(fit(f"{mark}{contrast}{clean(factor.name)}", name_width), ground),
            Segment(pad(f" {state}", STATE, False), style),
        ]
        if glance is None:
            return parts
        if room < WHOLE:
            parts.append(Segment(pad(number(glance.mean_diff, 2), VALUE, True)))
            return parts
        if factor.is_switch:
            off, on = glance.runs
            parts.append(Segment(pad(f"{compact(on)}/{compact(off)}", COUNTS, True), DIM))
        else:
            parts.append(Segment(pad(compact(sum(glance.runs)), COUNTS, True), DIM))
        parts += self.effect(glance)
        return parts

    def state(self, line: Line) -> tuple[str, Role | None]:
        """A line's state in a word, and its colour role."""
        levels = self.slice.set.get(line.factor.name)
        if line.level is not None:
            if levels is None:
                return "any", None
            return ("keep", "accent") if line.level in levels else ("–", None)
        if line.factor.name == self.slice.contrast:
            return "vs", "accent"
        if levels is None:
            return "any", None
        if line.factor.is_switch:
            return ("on", "on") if levels == (line.factor.on,) else ("off", "off")
        return f"{len(levels)}/{len(line.factor.levels)}", "accent"

    def effect(self, glance: Glance) -> list[Segment]:
        """A signed bar of the mean difference, on minus off, with its figure."""
        if glance.mean_diff is None or not self.scale:
            return [
                Segment(" " * BAR),
                Segment(pad(number(glance.mean_diff, 2), VALUE, True), DIM),
            ]
        eighths = round(abs(glance.mean_diff) / self.scale * BAR * 8)
        bar = "█" * (eighths // 8) + (EIGHTHS[eighths % 8] if eighths % 8 else "")
        role: Role = "on" if glance.mean_diff > 0 else "off"
        return [
            Segment(" "),
            Segment(pad(bar, BAR, False), inked(role, palette_of(self.app))),
            Segment(pad(number(glance.mean_diff, 2), VALUE - 1, True)),
        ]


def name_cells(room: int) -> int:
    """Cells for the cursor mark and the name, of so many."""
    return max(8, room - (STATE + COUNTS + BAR + VALUE if room >= WHOLE else STATE + VALUE))


def compact(runs: int) -> str:
    """A count that fits: 9999, 12k, 1.0M."""
    if runs < 10_000:
        return str(runs)
    return f"{runs / 1000:.0f}k" if runs < 1_000_000 else f"{runs / 1_000_000:.1f}M"

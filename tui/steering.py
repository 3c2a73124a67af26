"""What keys and panels ask for: another slice, view, part or order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ablate_tui.tui.asking import Asking
from ablate_tui.tui.computing import Computing
from ablate_tui.tui.keymap import worded
from ablate_tui.tui.painting import MOST_PANELS, Sort
from ablate_tui.tui.panels.body import Body, notes_of
from ablate_tui.tui.panels.switch_list import SwitchList
from ablate_tui.tui.panels.tab_bar import TabBar
from ablate_tui.tui.panels.view_table import ViewTable
from ablate_tui.tui.screens.details import Details
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.base import other_target
from ablate_tui.tui.views.registry import VIEWS

LATE = 0.3  # seconds until the view before is taken away


class Steering(Asking):
    """Each wish becomes another look, which is then computed."""

    def __init__(self, session: Session, look: Look) -> None:
        super().__init__(session, look)
        self.ready: Computing.Ready | None = None  # what is on the screen
        self.to_table: str | None = None  # the view whose table was asked for

    def refresh_look(self, slice_changed: bool = True) -> None:
        """Compute what is on the screen; another view that takes a while is named, rather than the last one left."""
        super().refresh_look(slice_changed)
        painted = self.query_one(Body).painted
        if painted is not None and painted.view != self.view_name:
            self.set_timer(LATE, self.say_late)

    def say_late(self) -> None:
        """Name the view that is not there yet."""
        for body in self.query(Body):  # none, where the screen is being left
            if body.painted is not None and body.painted.view != self.view_name:
                body.say(f"{VIEWS[self.view_name].title} …")

    # -- the panels' wishes

    def on_switch_list_toggled(self, message: SwitchList.Toggled) -> None:
        """The next state of a switch, or of one level of a factor."""
        table = self.sweep
        slice_ = self.look.slice
        if message.level is None:
            if message.factor == slice_.contrast:
                slice_ = slice_.contrasted(table, None)
            slice_ = slice_.cycled(table, message.factor)
        else:
            now = slice_.set.get(message.factor, ())
            kept = [level for level in now if level != message.level] if message.level in now else [*now, message.level]
            slice_ = slice_.with_levels(table, message.factor, tuple(kept))
        self.go(replace(self.look, slice=slice_))

    def on_switch_list_moved(self, message: SwitchList.Moved) -> None:
        """Views of one switch follow the cursor where there is no contrast."""
        self.history.go(replace(self.look, focus=message.factor))
        if self.look.slice.contrast is None and VIEWS[self.view_name].follows_focus:
            self.refresh_view()

    def on_switch_list_entered(self, message: SwitchList.Entered) -> None:
        """Contrast a switch and compare."""
        table = self.sweep
        self.view_name = "compare"
        self.go(replace(self.look, slice=self.look.slice.contrasted(table, message.factor), focus=message.factor))

    def on_tab_bar_picked(self, message: TabBar.Picked) -> None:
        """A tab was clicked."""
        self.action_view(message.view)

    def on_view_table_heading_clicked(self, message: ViewTable.HeadingClicked) -> None:
        """Sort by a column; once more turns it round."""
        now = self.sort_of(self.look, self.view_name)
        self.sort_by((message.field, not now[1] if now and now[0] == message.field else False))

    def sort_by(self, sort: Sort) -> None:
        """Order the selected view's table."""
        if VIEWS[self.view_name].sorts_itself:
            self.go(replace(self.look, sort=sort))
        else:
            self.sorts[self.view_name] = sort
            self.refresh_view()

    def on_view_table_row_entered(self, message: ViewTable.RowEntered) -> None:
        """Open what is in a row: the view's own card, a switch's comparison, a column's role, a run's details."""
        ready = self.ready
        if ready is None or ready.painted is not self.query_one(Body).painted:
            return
        painted, table = ready.painted, ready.painted.table
        if message.row >= len(table.rows):
            return
        view = VIEWS[painted.view]
        if view.card is not None:
            self.compute_card(view.card, painted.order[message.row], ready)
        elif view.name == "findings":
            self.follow(str(table.rows[message.row][0]), table.factors[message.row])
        elif table.factors:
            self.on_switch_list_entered(SwitchList.Entered(table.factors[message.row]))
        elif view.name == "design":
            self.ask_role(str(table.rows[message.row][0]))
        else:
            values = {column.label: value for column, value in zip(table.columns, table.rows[message.row], strict=True)}
            self.push_screen(Details(painted.figure.title, values))

    def follow(self, view_name: str, factor: str) -> None:
        """Go to the view that shows a finding, with the factor that it is about as the contrast."""
        self.view_name = view_name
        if self.look.slice.filters:
            self.notify(
                worded("findings are of the whole sweep; this view keeps the filters ({clear} clears them)", self)
            )
        slice_ = self.look.slice.contrasted(self.sweep, factor) if factor else self.look.slice
        self.go(replace(self.look, slice=slice_, focus=factor or self.look.focus))

    # -- keys

    def action_view(self, name: str) -> None:
        """Show a view."""
        self.view_name = name
        self.refresh_look(slice_changed=False)

    def action_focus_next(self) -> None:
        """The next panel; from the switches it is the table, which is brought up where a small screen hides it."""
        painted, table = self.query_one(Body).painted, self.query_one(ViewTable)
        hidden = painted is not None and painted.view == self.view_name and painted.table.columns and not table.display
        if painted is not None and hidden and isinstance(self.focused, SwitchList):
            self.part[self.view_name] = (
                0 if VIEWS[self.view_name].table_first else min(len(painted.figure.panels), MOST_PANELS)
            )
            self.to_table = self.view_name
            self.refresh_view()
        else:
            super().action_focus_next()

    def enter_table(self) -> None:
        """Go to the table, once it is there for that."""
        table = self.query_one(ViewTable)
        if self.to_table == self.view_name and table.display and isinstance(self.focused, SwitchList):
            table.focus()
        self.to_table = None

    def action_neighbour(self, by: int) -> None:
        """Show the view beside this one."""
        names = tuple(VIEWS)
        self.action_view(names[(names.index(self.view_name) + by) % len(names)])

    def action_contrast(self) -> None:
        """Contrast the switch under the cursor; once more ends it."""
        line = self.query_one(SwitchList).current
        if line is None:
            return
        table = self.sweep
        name = None if line.factor.name == self.look.slice.contrast else line.factor.name
        self.go(replace(self.look, slice=self.look.slice.contrasted(table, name)))

    def action_clear(self) -> None:
        """Clear the filters."""
        self.go(replace(self.look, slice=self.look.slice.cleared()))

    def action_part(self) -> None:
        """Show the next part of the view."""
        self.part[self.view_name] = self.part.get(self.view_name, 0) + 1
        self.refresh_view()

    def action_sort(self) -> None:
        """Sort by the next column of the table; past the last one, not at all."""
        painted = self.query_one(Body).painted
        if painted is None or painted.view != self.view_name:  # another view's columns: this one is not there yet
            return
        fields = [column.field for column in painted.table.columns]
        now = self.sort_of(self.look, self.view_name)
        at = fields.index(now[0]) + 1 if now and now[0] in fields else 0
        self.sort_by((fields[at], False) if at < len(fields) else None)

    def action_reverse(self) -> None:
        """Turn the order of the table round."""
        now = self.sort_of(self.look, self.view_name)
        if now is not None:
            self.sort_by((now[0], not now[1]))

    def action_color(self) -> None:
        """Colour the dependence plot by the next other factor; past the last one, by the strongest partner."""
        shown = self.look.slice.contrast or self.look.focus
        names = [factor.name for factor in self.sweep.factors if factor.name != shown]
        at = names.index(self.look.color) + 1 if self.look.color in names else 0
        self.go(replace(self.look, color=names[at] if at < len(names) else None))

    def action_target(self) -> None:
        """Importance for the spread in place of the mean, and back."""
        self.go(replace(self.look, target=other_target(self.look.target)))

    def action_notes(self) -> None:
        """Show what to know about the view, or about the card over it, whole."""
        from ablate_tui.tui.screens.notes import Notes

        painted = (self.screen.query(Body) or self.query(Body)).first(Body).painted
        if painted is None:
            return
        if not notes_of(painted):
            self.notify("there are no notes")
            return
        self.push_screen(Notes(painted.figure.title, notes_of(painted)))

    def action_undo(self) -> None:
        """Undo the last change of the slice."""
        self.travel(self.history.undo, "nothing to undo")

    def action_redo(self) -> None:
        """Redo it."""
        self.travel(self.history.redo, "nothing to redo")

    def travel(self, step: Callable[[], bool], nothing: str) -> None:
        """Go along the history."""
        before = self.look
        if not step():
            self.notify(nothing)
            return
        self.refresh_look(Session.importance_key(before) != Session.importance_key(self.look))

    def action_cancel(self) -> None:
        """Back to the switches; from there, stop what is being computed."""
        switches = self.query_one(SwitchList)
        if self.focused is not switches:
            switches.focus()
        else:
            self.workers.cancel_group(self, "uncertainty")

"""What the screen asks in dialogs: response, failures, location terms, roles."""

from __future__ import annotations

from dataclasses import replace

from ablate_tui.data.errors import UsageError, one_of
from ablate_tui.data.roles import ROLES
from ablate_tui.queries.slices import Slice, Term
from ablate_tui.tui import formats
from ablate_tui.tui.computing import Computing
from ablate_tui.tui.history import History
from ablate_tui.tui.panels.switch_list import SwitchList
from ablate_tui.tui.screens.ask import Ask
from ablate_tui.tui.slice_options import location_text, parse_location


class Asking(Computing):
    """Asks for one thing at a time; what is answered is checked before the dialog closes."""

    def action_response(self) -> None:
        """Choose another response."""
        hint = "A column, last(m) or best(m) of a curve m, or SQL such as log(val_loss)"
        choices = self.session.store.responses()
        self.push_screen(Ask("Response", "", choices, hint, self.check_response), self.take_response)

    def check_response(self, text: str) -> None:
        """Refuse a response that can't be computed, with its words."""
        self.session.table(text.strip(), None, self.look.fail)

    def take_response(self, text: str | None) -> None:
        """Look at another response; filters that it still knows stay."""
        if text:
            self.go(replace(self.look, response=text.strip(), goal=None))

    def action_fail(self) -> None:
        """Say which runs count as failed."""
        hint = "A SQL condition on a run, such as val_loss > 2.9; diverged runs have failed anyway. Empty: only those"
        now = self.sweep.fail_condition or ""
        self.push_screen(Ask("Failed runs", now, (), hint, self.check_fail, blank=True), self.take_fail)

    def check_fail(self, text: str) -> None:
        """Refuse a condition that can't be computed, with its words."""
        self.session.table(self.look.response, self.look.goal, text.strip())

    def take_fail(self, text: str | None) -> None:
        """Count other runs as failed."""
        if text is not None and text.strip() != (self.sweep.fail_condition or ""):
            self.go(replace(self.look, fail=text.strip()))

    def action_model(self) -> None:
        """Choose the terms of the location model."""
        hint = (
            "Main effects and interactions, such as a,b,a:b; quote a name that has a comma. Empty: chosen from the data"
        )
        now = location_text(self.look.slice.location or ())
        self.push_screen(Ask("Location model terms", now, (), hint, self.terms, blank=True), self.take_terms)

    def terms(self, text: str) -> tuple[Term, ...] | None:
        """The terms that a text names; None leaves them to the data."""
        return parse_location(text, self.sweep) if text.strip() else None

    def take_terms(self, text: str | None) -> None:
        """Fit another location model."""
        if text is not None:
            self.go(replace(self.look, slice=replace(self.look.slice, location=self.terms(text))))

    def action_find(self) -> None:
        """Find a switch by a part of its name."""
        names = [factor.name for factor in self.sweep.factors]
        self.push_screen(Ask("Find a switch", "", names, "Type a part of its name"), self.take_find)

    def take_find(self, text: str | None) -> None:
        """Move the cursor to the switch that was found."""
        if text is None:
            return
        switches = self.query_one(SwitchList)
        for factor in switches.factors:
            if text.lower() in factor.name.lower():
                switches.go_to(factor.name)
                switches.focus()
                return
        self.notify(f'no switch has "{formats.clean(text)}" in its name', severity="warning", markup=False)

    def ask_role(self, column: str) -> None:
        """Take a column for something else."""

        def take(role: str | None) -> None:
            if role is None:
                return
            # steps of the history may name a factor that is none any more
            known = self.session.table(None, None).positions
            now = self.look.slice
            filters = tuple(pair for pair in now.filters if pair[0] in known)
            terms = tuple(term for term in now.location or () if all(name in known for name in term))
            slice_ = Slice(filters, now.contrast if now.contrast in known else None, terms or None)
            self.history = History(replace(self.look, slice=slice_, response=None, focus=None, versus=None))
            self.notify(f"{formats.clean(column)} is taken as {role}; kept for this source", markup=False)
            self.refresh_look()

        def check(role: str) -> None:
            if role not in ROLES:
                raise UsageError(f'no role "{role}"; {one_of(role, ROLES)}')
            self.session.change_role(column, role)

        self.push_screen(Ask(f"Take {formats.clean(column)} as", "", ROLES, "kept for this source", check), take)

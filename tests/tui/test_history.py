"""Undo and redo."""

from ablate_tui.queries.slices import Slice
from ablate_tui.tui.history import History
from ablate_tui.tui.session import Look

A, B, C = (Look(slice=Slice((("s", (level,)),))) for level in "abc")


def test_undo_and_redo_walk_the_line():
    """Each undo gives the look before, each redo takes it back."""
    history = History(A)
    assert history.go(B)
    assert history.go(C)
    assert history.undo()
    assert history.present == B
    assert history.undo()
    assert history.present == A
    assert not history.undo()
    assert history.redo()
    assert history.redo()
    assert history.present == C
    assert not history.redo()


def test_a_new_step_forgets_what_was_undone():
    """After an undo and a new change there is nothing to redo."""
    history = History(A)
    history.go(B)
    history.undo()
    history.go(C)
    assert not history.redo()
    assert history.undo()
    assert history.present == A


def test_moving_the_cursor_is_no_step():
    """The cursor's switch and the order of a table change the look but not the history."""
    history = History(A)
    assert not history.go(Look(slice=A.slice, focus="other", sort=("x", True)))
    assert history.present.focus == "other"
    assert not history.undo()


def test_failures_and_location_terms_are_steps():
    """Undo gives back the condition and the terms that were there before."""
    history = History(A)
    failing = Look(slice=A.slice, fail="x > 1")
    modelled = Look(slice=Slice(A.slice.filters, None, (("a",), ("a", "b"))), fail="x > 1")
    assert history.go(failing)
    assert history.go(modelled)
    assert history.go(Look(slice=modelled.slice, fail=""))
    assert history.undo()
    assert history.present == modelled
    assert history.undo()
    assert history.present == failing
    assert history.undo()
    assert history.present == A

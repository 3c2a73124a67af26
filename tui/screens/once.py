"""What all screens share, and what all dialogs do."""

from __future__ import annotations

from typing import Any, cast

from textual import events
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.screen import Screen
from textual.worker import Worker, WorkerState


class Sized:
    """Takes the newest size alone.

    Textual lays a screen out for each size that it is told, and then tells the screen that it has got it. Where two
    sizes wait, each would make it tell the other again, without end. Comes first among the bases, as `Once` does.
    """

    def on_resize(self, event: events.Resize) -> None:
        """Leave out a size that the terminal no longer has."""
        if self.stale(event):
            event.prevent_default()
            event.stop()

    def stale(self, event: events.Resize) -> bool:
        """Whether the terminal has another size by now, which is on its way."""
        return bool(event.size != self.app.size)  # type: ignore[attr-defined]


class Once(Sized):
    """Closes once, and itself: of two keys, or a key and a click, in one go, the second would close what is below.

    Comes first among the bases, and is no widget: Textual takes styles and parts of the first one that is.
    """

    @property
    def closed(self) -> bool:
        """Whether it is no longer there, or not yet."""
        return self not in self.app.screen_stack  # type: ignore[attr-defined]

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close with an answer, unless it is closed; what has come over it meanwhile goes, too."""
        if self.closed:
            return AwaitComplete()
        app: App[Any] = self.app  # type: ignore[attr-defined]
        over = app.screen_stack[app.screen_stack.index(cast(Screen[Any], self)) :]
        half_made = next((screen for screen in over if not screen.is_mounted), None)
        if half_made is not None:  # closed now, it would look for its parts in vain

            def once_made() -> None:
                self.dismiss(result)

            half_made.call_later(once_made)
            return AwaitComplete()
        for _ in over[1:]:
            app.pop_screen()
        done: AwaitComplete = super().dismiss(result)  # type: ignore[misc]
        return done

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say a fault of this program in a worker of the screen; the app hears of its own workers alone."""
        if event.state == WorkerState.ERROR:
            self.app.tell_fault(event.worker.error)  # type: ignore[attr-defined]

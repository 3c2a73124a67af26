"""What all screens share, and what all dialogs do."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.await_complete import AwaitComplete
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
    """Closes once: of two keys, or a key and a click, in one go, the second would end the program.

    Comes first among the bases, and is no widget: Textual takes styles and parts of the first one that is.
    """

    closed = False

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close with an answer, unless there is one."""
        if self.closed:
            return AwaitComplete()
        self.closed = True
        done: AwaitComplete = super().dismiss(result)  # type: ignore[misc]
        return done

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say a fault of this program in a worker of the screen; the app hears of its own workers alone."""
        if event.state == WorkerState.ERROR:
            self.app.tell_fault(event.worker.error)  # type: ignore[attr-defined]

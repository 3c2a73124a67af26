"""What all dialogs share."""

from __future__ import annotations

from typing import Any

from textual.await_complete import AwaitComplete
from textual.worker import Worker, WorkerState


class Once:
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

"""A source that grows while it is open: noticed, told, and taken in without losing the place."""

from __future__ import annotations

import time
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from threading import Thread

from textual.message import Message

from ablate_tui.data.errors import AblateError, UsageError
from ablate_tui.data.watching import News, Watch
from ablate_tui.tui import formats, saved
from ablate_tui.tui.computing import Computing
from ablate_tui.tui.panels.body import Body
from ablate_tui.tui.panels.header import Header
from ablate_tui.tui.panels.switch_list import SwitchList
from ablate_tui.tui.session import Look, Session

WATCH = 2.0  # seconds between two looks at whether the source has changed
SELDOM = 20  # times as long as a look took, the next one waits
LONGEST = 20.0  # seconds that this waits at most: that a look took long may come from a busy machine;
LEAST = 4  # but so many times as long at least


class Following(Computing):
    """Looks at the source now and then, in threads that end with the program: their end is not to be waited for."""

    @dataclass
    class Changed(Message):
        """The source has other runs than those that are shown."""

        news: News
        watch: Watch

    @dataclass
    class Taken(Message):
        """The source was read again."""

        session: Session

    @dataclass
    class Untaken(Message):
        """The source could not be read again."""

        error: Exception

    def __init__(self, session: Session, look: Look) -> None:
        super().__init__(session, look)
        self.follows = False  # whether new runs are taken in by themselves
        self.taking = False  # whether the source is being read
        self.take_again = False  # whether it is to be read once more after that
        self.complaint = ""  # why it could not be read

    def watch_source(self) -> None:
        """Begin to look at the source, the seldomer the longer that takes, until the screen is left.

        While it is being read nobody looks: what comes meanwhile is news to the watch that the reading begins with.
        """
        Thread(target=copy_context().run, args=(self._watch,), daemon=True).start()

    def _watch(self) -> None:
        pause = WATCH
        while not self.left.wait(pause):
            if self.taking:
                pause = WATCH
                continue
            began = time.monotonic()
            watch = self.session.watch
            try:
                news = watch.look() if watch is not None else None
            except Exception as error:
                if not self.left.is_set():
                    self.call_from_thread(self.tell_fault, error)
                return
            took = time.monotonic() - began
            pause = max(WATCH, min(SELDOM * took, LONGEST), LEAST * took)
            if watch is not None and news is not None:
                self.post_message(self.Changed(news, watch))

    def take(self) -> None:
        """Take in what is new, after what is being taken in: of two at a time the older one might end last."""
        if self.taking:
            self.take_again = True
            return
        self.taking, self.take_again = True, False
        Thread(target=copy_context().run, args=(self._take, self.look), daemon=True).start()

    def _take(self, look: Look) -> None:
        try:
            session = self.session.again()
            with suppress(UsageError):  # a response that is no more is left out when the rest is shown
                session.table(look.response, look.goal, look.fail)
        except Exception as error:
            self.post_message(self.Untaken(error))
        else:
            self.post_message(self.Taken(session))

    def action_take(self) -> None:
        """Take in what is new."""
        self.complaint = ""
        self.query_one(Header).announce("reading")
        self.take()

    def on_following_changed(self, message: Changed) -> None:
        """Say that there are new runs, or take them in where the source is followed."""
        if message.watch is not self.session.watch:  # it was read again meanwhile, with a watch of its own
            return
        if message.news.runs is None:
            self.notify(formats.clean(message.news.trouble or ""), severity="warning", markup=False)
        elif self.follows:
            self.take()
        else:
            more = message.news.runs - self.session.store.runs
            self.query_one(Header).announce(f"{more:+,} runs" if more else "changed runs")

    def on_following_untaken(self, message: Untaken) -> None:
        """Say once why the source could not be read again; what is shown stays, and the next look tries again."""
        self.query_one(Header).announce("")
        if not isinstance(message.error, AblateError):
            self.tell_fault(message.error)
        elif str(message.error) != self.complaint:
            self.complaint = str(message.error)
            self.notify(formats.clean(self.complaint), severity="error", markup=False)
        if self.follows and self.session.watch is not None:
            self.session.watch.forget()
        self._taken()

    def on_following_taken(self, message: Taken) -> None:
        """Show the source as it is now, in the same slice and with the cursor where it was."""
        session = message.session
        more = session.store.runs - self.session.store.runs
        self.session, self.complaint = session, ""
        look, left_out = saved.fitted(session, self.look)
        if left_out:
            self.notify(formats.clean("; ".join(left_out)), severity="warning", markup=False)
            look = self.with_contrast(look)
        # undo must not lead to a switch or a level that is no more
        self.history = self.history.among(look, lambda step: not self._left_out(step, look))
        if (factors := self.sweep.factors) != self.query_one(SwitchList).factors:  # its keys would name what is no more
            self.query_one(SwitchList).show(factors, look.slice, ())
            self.query_one(Body).say("reading …")
        self.query_one(Header).announce("")
        self.notify(formats.clean("; ".join(session.notes) or f"{more:+,} runs"), markup=False)
        self.refresh_look()
        self._taken()

    def _left_out(self, step: Look, now: Look) -> tuple[str, ...]:
        """What no longer fits in a step; its response is not asked for, since that can take seconds to read."""
        return saved.fitted(self.session, replace(step, response=now.response, goal=now.goal, fail=now.fail))[1]

    def _taken(self) -> None:
        self.taking = False
        if self.take_again:
            self.take()

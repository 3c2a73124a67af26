"""Signals that end the program: ctrl+C, a kill, and a line that has dropped. Files and terminal are left clean."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any, NoReturn

WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}


class Ended(KeyboardInterrupt):
    """A signal has come; what is under way lets go as with ctrl+C."""


class _Last:
    """The signal that came last: DuckDB makes an error of its own of what a handler raises."""

    number = signal.SIGINT
    raised = False  # as an exception, which some native code drops in silence


def status() -> int:
    """The exit status for the signal that came, as shells have it."""
    return 128 + _Last.number


def was_dropped() -> bool:
    """Whether a signal has raised `Ended`: asked where the program goes on, nobody has heard of it."""
    return _Last.raised


def hung_up() -> None:
    """Take the end of the line for the signal that comes of it, which may be ignored, or late."""
    _Last.number = signal.SIGHUP


def words() -> str:
    """What happened, in a word or two."""
    return WORDS[_Last.number]


def leave(status: int) -> NoReturn:
    """End the process now, whatever its threads are at; temporary folders go.

    At Python's own end a thread amid DuckDB's code would abort the process, and what others hold, libraries would
    call leaks.
    """
    atexit._run_exitfuncs()
    os._exit(status)


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """Have a signal raise `Ended`."""
    before = sys.unraisablehook
    _Last.raised = False
    sys.unraisablehook = partial(_insist, before)
    try:
        with _handled(_raise):
            yield
    finally:
        sys.unraisablehook = before


@contextlib.contextmanager
def telling(tell: Callable[[], None]) -> Iterator[None]:
    """Have somebody told of a signal, instead of an exception wherever the program is."""

    def handler(number: int, frame: FrameType | None) -> None:
        _Last.number = signal.Signals(number)
        tell()

    with _handled(handler):
        yield


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold signals back while modules load: amid the start of a native one an exception would abort the process."""
    held: list[bool] = []
    with telling(lambda: held.append(True)):
        yield
    if held:
        raise Ended


def _insist(otherwise: Callable[[Any], object], swallowed: Any) -> None:
    """Have a signal come again that fell into a destructor: Python drops what is raised there, and would go on."""
    if isinstance(swallowed.exc_value, Ended):
        again = threading.Timer(0.01, os.kill, (os.getpid(), _Last.number))  # here it would be dropped as well
        again.daemon = True
        again.start()
    else:
        otherwise(swallowed)


def _raise(number: int, frame: FrameType | None) -> None:
    _Last.number, _Last.raised = signal.Signals(number), True
    raise Ended


@contextlib.contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have signals handled in a way of our own; what nohup has ignored stays ignored."""
    here = threading.current_thread() is threading.main_thread()  # only it may set handlers
    before = {number: signal.getsignal(number) for number in WORDS if here}
    for number, was in before.items():
        if was is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, was in before.items():
            signal.signal(number, was)

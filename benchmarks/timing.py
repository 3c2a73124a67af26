"""Repeating what is measured."""

from __future__ import annotations

import time
from collections.abc import Callable


def timed(
    work: Callable[[], object],
    most: int,
    seconds: float,
    prepare: Callable[[], object] = lambda: None,
    warm: bool = True,
) -> list[float]:
    """Seconds of each of several calls.

    Parameters
    ----------
    work : callable
    most : int
        Calls that count.
    seconds : float
        Once they are over no other call is started.
    prepare : callable, optional
        Run before each call, outside of the measured time.
    warm : bool
        Whether the first call does not count, unless it takes more than half of the time.
    """
    begin = time.perf_counter()
    first = _once(work, prepare)
    spent = [] if warm and first <= seconds / 2 else [first]
    while len(spent) < most and (not spent or time.perf_counter() - begin < seconds):
        spent.append(_once(work, prepare))
    return spent


def _once(work: Callable[[], object], prepare: Callable[[], object]) -> float:
    prepare()
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin

"""A progress bar on stderr for the commands that take a while."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from ablate_tui.tui.abilities import has_screen


@contextlib.contextmanager
def bar() -> Iterator[Callable[[int, int, str], None]]:
    """Give a function (done, total, words) that draws a bar; nothing where stderr is no terminal whose cursor moves."""
    if sys.stderr is None or not sys.stderr.isatty() or not has_screen():
        yield lambda done, total, words: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total, words: progress.update(task, completed=done, total=total, description=words)


@contextlib.contextmanager
def words() -> Iterator[Callable[[str], None]]:
    """Give a function that says on stderr what is being done, and wipe it in the end; silent in a pipe."""
    if sys.stderr is None or not sys.stderr.isatty() or not has_screen():
        yield lambda text: None
        return
    wiped = "\r\x1b[K"
    try:
        yield lambda text: print(f"{wiped}{text} …", end="", file=sys.stderr, flush=True)
    finally:
        print(wiped, end="", file=sys.stderr, flush=True)

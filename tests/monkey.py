"""A monkey at the keyboard: keys, words, clicks and sizes by a seed, so that what it breaks can be broken again."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator

from tests.biting import NAMES
from textual import events
from textual.geometry import Size
from textual.pilot import Pilot
from textual.widgets import Input

from ablate_tui.tui.app import AblateApp

SIZES = ((80, 24), (120, 36), (200, 50), (20, 5), (40, 12), (1, 1))
MOVES = ("tab", "shift+tab", "enter", "escape", "ctrl+p", "up", "down", "left", "right", "home", "end", "backspace")
# without what leads out of the folder, since exports are written
WORDS = "".join(NAMES).replace("/", "").replace("~", "") + "val_loss(),=:\"' 0123456789.png"


def seeds(many: int) -> list[int]:
    """The seeds to try: ``ABLATE_TUI_MONKEYS=100`` tries a hundred, ``7-9`` three of them, in place of a few."""
    first, dash, last = os.environ.get("ABLATE_TUI_MONKEYS", str(many)).partition("-")
    return list(range(int(first), int(last) + 1)) if dash else list(range(int(first)))


async def play(pilot: Pilot[None], seed: int, keys: int) -> list[str]:
    """Do so many random things, as fast as a driver hands them over; what was done. Quitting must do nothing."""
    chance = random.Random(seed)
    app = pilot.app
    assert isinstance(app, AblateApp)
    driver = app._driver
    assert driver is not None
    done: list[str] = []
    for _ in range(keys):
        what = chance.random()
        writes = isinstance(app.focused, Input)
        if writes and what < 0.4:
            done.append(sign := chance.choice(WORDS))
            driver.process_message(events.Key("space" if sign == " " else sign, sign))
        elif what < 0.85:
            now = [*sorted(app.screen.active_bindings), *MOVES]
            if writes:  # see WORDS
                now = [key for key in now if key not in ("slash", "tilde")]
            done.append(key := chance.choice(now))
            driver.process_message(events.Key(key, key if len(key) == 1 else None))
        elif what < 0.97:
            x, y = chance.randrange(app.size.width), chance.randrange(app.size.height)
            kinds: tuple[type[events.MouseEvent], ...] = (events.MouseMove, events.MouseDown, events.MouseUp)
            if what > 0.93:
                kinds = (chance.choice((events.MouseScrollDown, events.MouseScrollUp)),)
            done.append(f"{kinds[-1].__name__} {x} {y}")
            for kind in kinds:
                driver.process_message(kind(None, x, y, 0, 0, 1, False, False, False, x, y))
        else:
            size = Size(*chance.choice(SIZES))
            done.append(f"size {size}")
            driver._size = size  # type: ignore[assignment]
            driver.process_message(events.Resize(size, size))
        await asyncio.sleep(0.002)
        if chance.random() < 0.05:
            await pilot._wait_for_screen()
        if app._exception is not None:
            break
    await pilot._wait_for_screen()
    return done


def typed(seed: int, keys: int) -> Iterator[str | tuple[int, int]]:
    """What a monkey types into a real terminal: bytes as terminals send them, and sizes."""
    chance = random.Random(seed)
    plain = [*"hjkl xcvsSuyotfmr[]1234567890?RX", "\t", "\r", "\x1b", "\x12", "\x10", "\x7f"]
    coded = [f"\x1b[{end}" for end in ("A", "B", "C", "D", "H", "F", "5~", "6~", "Z")]
    for _ in range(keys):
        what = chance.random()
        if what < 0.02:
            yield chance.choice(SIZES)
        elif what < 0.12:
            button = chance.choice((0, 0, 64, 65))
            at = f"{button};{chance.randint(1, 120)};{chance.randint(1, 36)}"
            yield f"\x1b[<{at}M\x1b[<{at}m"
        elif what < 0.2:
            yield chance.choice(WORDS.replace("q", "").replace("e", "").replace("\x1a", ""))
        else:
            yield chance.choice(plain if what < 0.8 else coded)

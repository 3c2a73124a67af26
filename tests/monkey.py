"""A monkey at the keyboard: keys, words, clicks and sizes by a seed, so that what it breaks can be broken again."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

from tests.biting import NAMES
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from ablate_tui.tui.app import AblateApp

SIZES = ((80, 24), (120, 36), (200, 50), (20, 5), (40, 12), (1, 1))
LEAVES = {"quit", "app.quit", "suspend_process", "help_quit"}  # what ends or stops the program
MOVES = ("tab", "shift+tab", "enter", "escape", "ctrl+p", "up", "down", "left", "right", "home", "end", "backspace")
WORDS = "".join(NAMES).replace("/", "").replace("~", "") + "val_loss(),=:\"' 0123456789.png"


def seeds(many: int) -> list[int]:
    """The seeds to try: ``ABLATE_TUI_MONKEYS=100`` tries a hundred, ``7-9`` three of them, in place of a few."""
    first, dash, last = os.environ.get("ABLATE_TUI_MONKEYS", str(many)).partition("-")
    return list(range(int(first), int(last) + 1)) if dash else list(range(int(first)))


def bound(app: AblateApp) -> list[str]:
    """The keys that do something now, but for those that leave."""
    return sorted(
        key for key, active in app.screen.active_bindings.items() if active.binding.action.split("(")[0] not in LEAVES
    )


async def play(pilot: Pilot[None], seed: int, keys: int) -> list[str]:
    """Do so many random things; what was done."""
    chance = random.Random(seed)
    app = pilot.app
    assert isinstance(app, AblateApp)
    done: list[str] = []
    for _ in range(keys):
        what = chance.random()
        if isinstance(app.focused, Input) and what < 0.4:
            done.append(sign := chance.choice(WORDS))
            app.post_message(events.Key("space" if sign == " " else sign, sign))
        elif what < 0.85:
            keys_now = [*bound(app), *MOVES]
            if isinstance(app.focused, Input):
                keys_now = [key for key in keys_now if key not in ("slash", "tilde")]  # exports stay in the folder
            done.append(key := chance.choice(keys_now))
            await pilot._app._press_keys([key])
        elif what < 0.95:
            at = (chance.randrange(app.size.width), chance.randrange(app.size.height))
            done.append(f"click {at}")
            await pilot.click(offset=at, times=chance.choice((1, 1, 2)))
        elif what < 0.98:
            done.append("wheel")
            kind = chance.choice((events.MouseScrollDown, events.MouseScrollUp))
            x, y = chance.randrange(app.size.width), chance.randrange(app.size.height)
            widget, _ = app.screen.get_widget_at(x, y)
            widget.post_message(kind(widget, x, y, 0, 1, 0, False, False, False, x, y))
        else:
            size = chance.choice(SIZES)
            done.append(f"size {size}")
            await pilot.resize_terminal(*size)
        if chance.random() < 0.05:
            await pilot.pause()
        if app._exception is not None:
            break
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

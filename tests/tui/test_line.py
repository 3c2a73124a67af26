"""The keys that come over the line."""

from __future__ import annotations

import os
from threading import Event
from types import SimpleNamespace

import pytest
from textual.events import Key, MouseMove

from ablate_tui.tui.line import Keys, read_keys


def typed(*pieces: bytes) -> list[str]:
    """The keys that are made of what comes in some pieces, until the line drops."""
    reader, writer = os.pipe()
    messages: list[object] = []
    driver = SimpleNamespace(fileno=reader, exit_event=Event(), process_message=messages.append)
    rest = list(pieces)

    def done() -> bool:
        if rest:
            os.write(writer, rest.pop(0))
        elif not writer_closed.is_set():
            os.close(writer)
            writer_closed.set()
        return False

    writer_closed = Event()
    assert not read_keys(driver, Keys(driver), done)
    os.close(reader)
    return [message.key for message in messages if isinstance(message, Key)]


@pytest.mark.parametrize("odd", [b"\x1b[27;1:3u", b"\x1b[27;5;999999999~", b"\x1b[1114112u", b"\xff"])
def test_what_is_no_key_takes_none_with_it(odd):
    """Neither one in the same piece, nor those that come later."""
    assert [key for key in typed(b"a" + odd + b"b", odd, b"q") if len(key) == 1 and key.isascii()] == ["a", "b", "q"]


def test_half_a_letter():
    """Its other half comes in another piece."""
    assert typed("é".encode()[:1], "é".encode()[1:], b"q")[-1] == "q"


def test_what_was_known_of_the_mouse_outlives_an_odd_key():
    """A terminal that tells of pixels is told from one that tells of cells by what it said at the start."""
    messages: list[object] = []
    keys = Keys(SimpleNamespace(process_message=messages.append))
    keys.take(b"\x1b[48;30;100;600;1000t\x1b[27;1:3u\x1b[<35;101;41M")
    (move,) = [message for message in messages if isinstance(message, MouseMove)]
    assert (move.x, move.y) == (10, 2)

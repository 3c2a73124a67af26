"""The real program in a real pseudo-terminal, for tests and benchmarks."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence

import pyte

# what pyte does not know: private SGR and keyboard modes, DCS (tmux doubles the escapes in it), APC and OSC strings
UNKNOWN = re.compile(
    rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1bP(?:[^\x1b]|\x1b\x1b)*\x1b\\|\x1b_[^\x1b]*\x1b\\"
    rb"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
)
UNFINISHED = re.compile(rb"\x1b(?:P(?:[^\x1b]|\x1b\x1b)*\x1b?|_[^\x1b]*\x1b?|\][^\x07\x1b]*\x1b?)?\Z")
ATTRIBUTES = {b"\x1b[c": b"\x1b[?62;22c", b"\x1b[0c": b"\x1b[?62;22c"}


class PseudoTerminal:
    """A program with a screen of its own.

    Parameters
    ----------
    command : sequence of str
    columns, rows : int
    environment : mapping, optional
        Added to this process's environment.
    answers : mapping, optional
        What is answered to which question, in the order of the questions.
    """

    def __init__(
        self,
        command: Sequence[str],
        columns: int = 120,
        rows: int = 36,
        environment: Mapping[str, str] | None = None,
        answers: Mapping[bytes, bytes] = ATTRIBUTES,
    ) -> None:
        self.answers = answers
        self.rest = b""  # of a string that hasn't ended
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.status: int | None = None
        self.sent = self.last_byte = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # in the child: the program must never see another size
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            # an environment made anew: readline puts LINES and COLUMNS into the process behind Python's back
            told = {name: value for name, value in os.environ.items() if name not in ("LINES", "COLUMNS")}
            told |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})}
            os.execvpe(command[0], list(command), told)

    def __enter__(self) -> PseudoTerminal:
        return self

    def __exit__(self, *error: object) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self._reap()
        os.close(self.fd)

    @property
    def text(self) -> str:
        """What a person would read on the screen."""
        return "\n".join(self.screen.display)

    def send(self, keys: str) -> None:
        """Type keys."""
        self.sent = time.perf_counter()
        os.write(self.fd, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def wait_for(self, pattern: str, timeout: float = 120) -> str:
        """Read until the screen matches; the match, or an AssertionError with the screen."""
        end = time.perf_counter() + timeout
        while time.perf_counter() < end:
            found = re.search(pattern, self.text)
            if found:
                return found.group()
            if self.status is not None:
                break
            self.read(0.05)
        raise AssertionError(f"{pattern!r} did not come (status {self.status}):\n{self.text}")

    def wait_for_bytes(self, pattern: bytes, start: int = 0, timeout: float = 120) -> None:
        """Read until what has come from some byte on holds a pattern."""
        end = time.perf_counter() + timeout
        while not re.search(pattern, self.raw[start:]):
            assert time.perf_counter() < end, f"{pattern!r} did not come"
            assert self.status is None, self.text
            self.read(0.05)

    def wait_quiet(self, seconds: float, timeout: float = 30) -> None:
        """Read until nothing has come for some seconds."""
        end = time.perf_counter() + timeout
        while self.status is None and time.perf_counter() < end and self.read(seconds):
            pass

    def wait_exit(self, timeout: float = 60) -> int:
        """Read until the program has ended; its exit status."""
        end = time.perf_counter() + timeout
        while self.status is None and time.perf_counter() < end:
            self.read(0.05)
        if self.status is None:
            raise AssertionError(f"still running:\n{self.text}")
        return self.status

    def take(self) -> bytes:
        """Wait for the next bytes, undrawn; none once the program has ended."""
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:  # Linux says EIO where the other side has closed
            data = b""
        if data:
            self.last_byte = time.perf_counter()
        else:
            self._reap()
        return data

    def read(self, seconds: float) -> bool:
        """Read once; True where something came."""
        if not select.select([self.fd], [], [], seconds)[0] or not (data := self.take()):
            return False
        self.raw += data
        drawn = UNKNOWN.sub(b"", self.rest + data)
        unfinished = UNFINISHED.search(drawn)
        self.rest = unfinished.group() if unfinished else b""
        self.stream.feed(drawn[: len(drawn) - len(self.rest)])
        self._answer(data)
        return True

    def _answer(self, data: bytes) -> None:
        """What a real terminal answers when it is asked for its cursor, attributes and modes."""
        reply = b""
        if b"\x1b[6n" in data:
            reply += b"\x1b[%d;%dR" % (self.screen.cursor.y + 1, self.screen.cursor.x + 1)
        reply += b"".join(answer for question, answer in self.answers.items() if question in data)
        for mode in re.findall(rb"\x1b\[\?(\d+)\$p", data):
            # 2048, in-band resize reports, is not known here (0): then SIGWINCH tells of a resize
            reply += b"\x1b[?" + mode + (b";0$y" if mode == b"2048" else b";2$y")
        if reply:
            os.write(self.fd, reply)

    def _reap(self) -> None:
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

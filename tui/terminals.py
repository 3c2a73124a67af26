"""What a terminal can do, from the environment, from its own answers, and from tmux where that lies between.

The answers come on the same line as the keys: `Answers` takes them out and gives back what was typed.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ablate_tui.tui.abilities import colours

Pictures = Literal["kitty", "iterm2", "sixel"]
Clipboard = Literal["direct", "passthrough", "tmux"]
PATIENCE = 2.0  # seconds; every terminal answers to the last question, over a slow line after a round trip

GRAPHICS = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"  # kitty: would a picture of one pixel be taken?
REST = "\x1b[>q\x1b[16t\x1b[c"  # name and version (XTVERSION), a cell's pixels, attributes (DA1): the last one
ANSWER = re.compile(
    rb"\x1b_G(?P<graphics>[^\x1b]*)\x1b\\|\x1bP>\|(?P<version>[^\x1b]*)\x1b\\"
    rb"|\x1b\[6;(?P<height>\d+);(?P<width>\d+)t|\x1b\[\?(?P<attributes>[\d;]*)c"
)
BEGUN = re.compile(rb"\x1b(?:_[^\x1b]*\x1b?|P[^\x1b]*\x1b?|\[[?\d;]*)?\Z")  # may yet become one of these
LEAST_PIXELS = (10, 20)  # of a cell where nothing tells: a VT340's

# no OSC 52 as they come: Terminal.app and VTE (GNOME Terminal and its like) not at all, xterm by its settings
NO_CLIPBOARD = ("Apple_Terminal", "VTE", "XTerm", "linux", "dumb")


class Answers:
    """What a terminal has answered so far."""

    def __init__(self) -> None:
        self.graphics = False  # whether kitty's pictures are taken
        self.version = ""
        self.cell: tuple[int, int] | None = None
        self.attributes: frozenset[str] | None = None  # None: no answer yet
        self.held = b""

    @property
    def done(self) -> bool:
        """Whether the last question is answered."""
        return self.attributes is not None

    def feed(self, data: bytes) -> bytes:
        """Take the answers out of what has come; the rest was typed. An answer's beginning is held back."""
        data, self.held = self.held + data, b""
        begun = BEGUN.search(data)
        if begun is not None:
            data, self.held = data[: begun.start()], data[begun.start() :]
        return ANSWER.sub(self._take, data)

    def release(self) -> bytes:
        """What was held back, once nothing more comes: a key after all, such as escape; not half an answer."""
        if len(self.held) > 2:
            return b""
        held, self.held = self.held, b""
        return held

    def _take(self, found: re.Match[bytes]) -> bytes:
        told = {
            name: value.decode("utf-8", "replace") for name, value in found.groupdict().items() if value is not None
        }
        if "graphics" in told:
            self.graphics = told["graphics"].endswith(";OK")
        elif "version" in told:
            self.version = "".join(sign for sign in told["version"] if sign.isprintable())[:60]
        elif "attributes" in told:
            self.attributes = frozenset(told["attributes"].split(";"))
        elif int(told["width"]) and int(told["height"]):
            self.cell = int(told["width"]), int(told["height"])
        return b""


@dataclass(frozen=True)
class Tmux:
    """The tmux that lies between this program and the terminal."""

    passthrough: bool  # whether it lets through what is wrapped for the terminal
    takes_clipboard: bool  # whether it takes OSC 52 itself
    outer: str  # name of the terminal, as far as tmux knows it
    left: int = 0  # where this pane lies in the terminal, in cells
    top: int = 0


@dataclass(frozen=True)
class Terminal:
    """What a terminal can do."""

    name: str
    pictures: Pictures | None
    why: str  # there are no pictures
    clipboard: Clipboard | None  # which way OSC 52 goes; None: nowhere
    tmux: Tmux | None
    cell: tuple[int, int] = LEAST_PIXELS  # width and height in pixels
    muffled: bool = False  # by GNU screen, which passes nothing on

    @property
    def downloads(self) -> bool:
        """Whether it takes files (iTerm2)."""
        passed = not self.muffled and (self.tmux is None or self.tmux.passthrough)
        return passed and "iterm" in self.name.lower()


def question(environment: Mapping[str, str]) -> str:
    """What to ask; "" where nothing would answer.

    Terminal.app types kitty's question onto the screen; tmux and GNU screen take it for the title of their window.
    """
    if environment.get("TERM", "dumb") in ("dumb", "linux"):
        return ""
    misled = environment.get("TERM_PROGRAM") == "Apple_Terminal" or environment.get("TMUX") or environment.get("STY")
    return REST if misled else GRAPHICS + REST


def terminal(environment: Mapping[str, str], answers: Answers, tmux: Tmux | None = None) -> Terminal:
    """What the terminal can do.

    Parameters
    ----------
    environment : mapping
    answers : Answers
        To `question`.
    tmux : Tmux, optional
        From `tmux_of`.
    """
    name = _name(environment, answers, tmux)
    pictures, why = _pictures(name, environment, answers, tmux)
    return Terminal(
        name, pictures, why, _clipboard(name, environment, answers, tmux), tmux,
        answers.cell or LEAST_PIXELS, bool(environment.get("STY")),
    )  # fmt: skip


def _name(environment: Mapping[str, str], answers: Answers, tmux: Tmux | None) -> str:
    if tmux is not None:
        return f"{tmux.outer or 'a terminal'} in tmux"
    if answers.version:
        return answers.version
    if environment.get("LC_TERMINAL"):  # goes along over SSH
        return f"{environment['LC_TERMINAL']} {environment.get('LC_TERMINAL_VERSION', '')}".strip()
    if environment.get("TERM_PROGRAM"):
        return f"{environment['TERM_PROGRAM']} {environment.get('TERM_PROGRAM_VERSION', '')}".strip()
    return environment.get("TERM") or "no terminal"


def _pictures(
    name: str, environment: Mapping[str, str], answers: Answers, tmux: Tmux | None
) -> tuple[Pictures | None, str]:
    if not question(environment):
        return None, f"TERM={environment.get('TERM', '')} shows text alone"
    sixel = answers.attributes is not None and "4" in answers.attributes
    lower = name.lower()
    if tmux is not None:
        if sixel:  # a tmux that draws them itself
            return "sixel", ""
        if not tmux.passthrough:
            return None, "inside tmux without allow-passthrough: tmux set -g allow-passthrough on"
        if lower.startswith(("kitty", "xterm-kitty", "ghostty", "xterm-ghostty")):
            if not colours(environment):
                return None, "without colours (NO_COLOR), by one of which kitty finds the picture in tmux"
            return "kitty", ""
        if lower.startswith(("iterm", "wezterm")):
            return "iterm2", ""
        return None, f"through tmux, pictures go to kitty, Ghostty, iTerm2 and WezTerm alone; this is {name}"
    if environment.get("STY"):
        return None, "inside GNU screen, which lets no pictures through"
    if lower.startswith("iterm"):
        return "iterm2", ""
    if answers.graphics:
        return "kitty", ""
    if sixel:
        return "sixel", ""
    if not answers.done:
        return None, "this terminal answers no questions"
    return None, f"{name} answers neither to kitty graphics nor to sixel"


def _clipboard(name: str, environment: Mapping[str, str], answers: Answers, tmux: Tmux | None) -> Clipboard | None:
    if tmux is not None:
        return "direct" if tmux.takes_clipboard else "passthrough" if tmux.passthrough else "tmux"
    if answers.attributes is not None and "52" in answers.attributes:  # says so
        return "direct"
    return None if environment.get("STY") or name.startswith(NO_CLIPBOARD) else "direct"


def tmux_of(environment: Mapping[str, str]) -> Tmux | None:
    """The tmux around this program, asked with its own command; None where there is none."""
    if not environment.get("TMUX"):
        return None
    asked = (
        "#{version}", "#{allow-passthrough}", "#{set-clipboard}", "#{client_termtype}", "#{client_termname}",
        "#{pane_left}", "#{pane_top}", "#{status-position}", "#{status}",
    )  # fmt: skip
    command = ["tmux", "display-message", "-p", "-t", environment.get("TMUX_PANE", ""), "\t".join(asked)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=True, env=dict(environment)
        )
        version, passthrough, clipboard, kind, name, left, top, position, status = done.stdout.rstrip("\n").split("\t")
    except (OSError, subprocess.SubprocessError, ValueError):
        return Tmux(False, False, "")
    number = re.match(r"\d+\.\d+", version)
    old = number is not None and float(number.group()) < 3.3  # had no such option, and let everything through
    lines = {"off": 0, "on": 1}.get(status) if not status.isdigit() else int(status)
    above = (lines or 0) if position == "top" else 0
    return Tmux(
        passthrough in ("on", "all", "1") or old,
        clipboard == "on",
        kind or name,
        int(left or 0),
        int(top or 0) + above,
    )


def here() -> Terminal:
    """The terminal that this program runs in; asked, where stdin and stdout are one and nothing else reads it."""
    answers = Answers()
    streams = (sys.stdin, sys.stdout)
    if all(stream is not None and stream.isatty() for stream in streams):
        ask(sys.stdin.fileno(), sys.stdout.fileno(), question(os.environ), answers)
    return terminal(os.environ, answers, tmux_of(os.environ))


def ask(source: int, target: int, words: str, answers: Answers, seconds: float = PATIENCE) -> None:
    """Ask a terminal, and wait until it has answered, or for so many seconds."""
    if not words:
        return
    before = termios.tcgetattr(source)
    try:
        tty.setcbreak(source, termios.TCSANOW)
        os.write(target, words.encode())
        end = time.monotonic() + seconds
        while not answers.done and (left := end - time.monotonic()) > 0:
            if select.select([source], [], [], left)[0]:
                data = os.read(source, 4096)
                if not data:
                    return
                answers.feed(data)
    finally:
        termios.tcsetattr(source, termios.TCSADRAIN, before)

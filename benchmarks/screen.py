"""Programs in a real pseudo-terminal of 120 × 36: what a person waits for, and what it costs.

A thread stamps bytes as they arrive; they are drawn once none come for a moment, since an emulated terminal is slow
and would delay what it measures.
"""

from __future__ import annotations

import math
import os
import re
import signal
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.pseudo_terminal import UNKNOWN, PseudoTerminal

CALM = 0.2  # seconds without a change until a toggle counts as answered; the ranking's slow part starts after 0.3
PAUSE = 0.03  # seconds without a byte until what came is drawn …
LONGEST = 0.5  # … or as many after the first of them
PATIENCE = 120.0
TOP = 3  # rows of heading, with the views' names in the last
FIRST_FIGURES = r"\bvs +[\d.]+[kM]?/[\d.]+[kM]? *[█▉▊▋▌▍▎▏]* +[−\d]"
FIRST_VIEW = r"Comparison by .*[\s\S]*│ true +[\d,]+ +−?[\d.]+"
FIRST_RANK = r"mean \|SHAP\|.*\s+1 \S+ .*[\d.]+"
RANK = re.compile(r"^ *\d+ \S+ .*\d[ ~]*$")
UNFINISHED = re.compile(rb"\x1b(?:\[[0-9;:<=>?]*)?$")

BASES = {"effects": (0, 2), "importance": (1, 1), "interactions": (1, 2), "best": (2, 1), "runs": (2, 2)}
"""Views that are toggled in after compare: which switch is held meanwhile, and how many toggles take it there (one for
on, two for off). Each has its own, so that no slice is seen twice."""
OTHERS = ("design", "findings", "pairs", "dependence", "halfnormal")  # are opened once; design is next to runs
SWITCHES_IN_OTHERS = 5  # toggled in each of BASES: ten toggles to slices not seen before …
SECONDS_IN_OTHERS = 60.0  # … or fewer, where they take longer than that


class Watched(PseudoTerminal):
    """A program whose every piece of output has the time when it came."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        sys.setswitchinterval(0.0005)  # the thread that stamps must not wait for the one that draws
        self.begin = time.perf_counter()
        self.waiting: deque[tuple[float, bytes]] = deque()
        self.cut = b""  # the start of an escape sequence whose end has not come yet
        self.drawn_bytes = 0
        super().__init__(command, environment=environment)
        self.reader = threading.Thread(target=self._receive, daemon=True)
        self.reader.start()

    def __exit__(self, *error: object) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
        self.reader.join()
        os.close(self.fd)

    def read(self, seconds: float) -> bool:
        """Draw what comes; True where something came."""
        return sum(1 for _ in self.drawn(seconds)) > 0

    def drawn(self, seconds: float) -> Iterator[float]:
        """Wait for output, then draw piece after piece of it; yields when each had come."""
        end = time.perf_counter() + seconds
        while self.status is None:
            now = time.perf_counter()
            if not self.waiting and now > end:
                return
            if self.waiting and (now - self.last_byte > PAUSE or now - self.waiting[0][0] > LONGEST):
                break
            time.sleep(0.005)
        for _ in range(len(self.waiting)):
            when, data = self.waiting.popleft()
            self.drawn_bytes += len(data)
            data = self.cut + data
            unfinished = UNFINISHED.search(data)
            self.cut = unfinished.group() if unfinished else b""
            self.stream.feed(UNKNOWN.sub(b"", data[: len(data) - len(self.cut)]))
            yield when

    def first(self, *patterns: str, timeout: float = PATIENCE) -> list[float]:
        """Seconds from the start of the program until the screen matches each of some patterns."""
        end = time.perf_counter() + timeout
        found: dict[str, float] = {}
        while len(found) < len(patterns) and time.perf_counter() < end and self.status is None:
            for when in self.drawn(0.05):
                for pattern in patterns:
                    if pattern not in found and re.search(pattern, self.text):
                        found[pattern] = when - self.begin
        if missing := set(patterns) - set(found):
            raise AssertionError(f"{missing} did not come (status {self.status}):\n{self.text}")
        return [found[pattern] for pattern in patterns]

    def settle(self, seconds: float = CALM) -> None:
        """Draw until nothing has come for so long."""
        while self.status is None and self.read(seconds):
            pass

    def peak(self) -> int:
        """Bytes of memory that the program had at most so far, with those of its children."""
        return sum(high_water(pid) for pid in family(self.pid))

    def _receive(self) -> None:
        while data := self.take():
            self.waiting.append((self.last_byte, data))
            self._answer(data)


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children = " ".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return [pid] + [each for child in children.split() for each in family(int(child))]


def high_water(pid: int) -> int:
    """Bytes that a process had resident at most; 0 where it has ended."""
    try:
        found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found.group(1)) * 1024 if found else 0


@dataclass(frozen=True)
class Seen:
    """What of the program's screen answers a toggle: text alone, without the lines that are filled in later."""

    view: str
    ranking: str
    refined: bool  # whether R² is there: the ranking's slow part has begun
    cursor: str  # the switch that the cursor is at


def see(terminal: Watched) -> Seen:
    """Take the screen apart: the switches and the ranking lie left of the longest vertical line, the view right.

    The ranking's heading (R² comes later), its marks of what is below the noise floor and the view's last line
    (notes on what is still being computed) are left out.
    """
    lines = terminal.screen.display[TOP:-1]
    borders = Counter(at for line in lines for at, sign in enumerate(line) if sign == "│")
    border = borders.most_common(1)[0][0] if borders else 0
    left, right = [line[:border] for line in lines], [line[border + 1 :] for line in lines[:-1]]
    cursor = next((line[1:].split()[0].strip("◆") for line in left if line.startswith("▸")), "")
    heading = next((at for at, line in enumerate(left) if "mean |SHAP|" in line), len(left))
    rows = [line.rstrip(" ~") for line in left[heading + 1 :] if RANK.match(line)]
    return Seen("\n".join(right), "\n".join(rows), any("R²" in line for line in left), cursor)


@dataclass
class Toggles:
    """Seconds and bytes of the toggles in one view."""

    view: list[float] = field(default_factory=list)
    ranking: list[float] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)


@dataclass
class Visit:
    """What one program run gave."""

    fresh: dict[str, Toggles] = field(default_factory=dict)  # by view: toggles to slices not seen before
    back: Toggles = field(default_factory=Toggles)  # in compare, to slices seen before
    opened: dict[str, float] = field(default_factory=dict)  # by view: seconds from its key to its figures
    peak: int = 0


class Explorer:
    """The program's screen, driven as a person would.

    Parameters
    ----------
    terminal : Watched
    switches : sequence of str
        In the order of the list, without the contrast, which toggles would end.
    """

    def __init__(self, terminal: Watched, switches: Sequence[str]) -> None:
        self.terminal = terminal
        self.switches = list(switches)

    def answer(self, keys: str, needed: set[str]) -> tuple[dict[str, float], int]:
        """Type keys; seconds until the view and the ranking show what they will, and the bytes sent meanwhile.

        Raises
        ------
        AssertionError
            Where something that is needed does not change.
        """
        terminal = self.terminal
        shown = see(terminal)
        changed: dict[str, float] = {}
        before, sent, plain, refined = terminal.drawn_bytes, 0, False, False
        terminal.send(keys)
        last = terminal.sent
        while terminal.status is None and not (refined and needed <= set(changed)):
            if time.perf_counter() - last > (CALM if needed <= set(changed) else PATIENCE):
                break
            for when in terminal.drawn(0.02):
                now = see(terminal)
                # a view that has the ranking in it is painted again with every refit: that answers no toggle
                refined = plain and now.refined
                plain = plain or not now.refined
                if refined and needed <= set(changed):
                    break
                sent = terminal.drawn_bytes - before
                for part in ("view", "ranking"):
                    if getattr(now, part) != getattr(shown, part):
                        changed[part], last = when - terminal.sent, when
                shown = now
        if not needed <= set(changed):
            raise AssertionError(f"{keys!r} did not change {needed - set(changed)}:\n{terminal.text}")
        return changed, sent

    def toggle(self, toggles: Toggles | None = None) -> None:
        """Toggle the switch under the cursor, and keep what it took."""
        changed, sent = self.answer(" ", {"view", "ranking"})
        if toggles is not None:
            toggles.view.append(changed["view"])
            toggles.ranking.append(changed["ranking"])
            toggles.sent.append(sent)

    def toggle_all(
        self,
        fresh: Toggles,
        back: Toggles | None = None,
        held: tuple[int, int] | None = None,
        most: int | None = None,
        seconds: float = math.inf,
    ) -> None:
        """Put each switch in turn to on, to off (slices not seen before) and back to any (one seen before).

        Parameters
        ----------
        fresh, back : Toggles
            Are added to.
        held : (int, int), optional
            The switch that is held meanwhile and how many toggles take it there, see BASES. Switches before it are
            left alone: their slices may have been seen with it.
        most : int, optional
            Of the switches.
        seconds : float
            Once they are over no other switch is toggled.
        """
        after = 0
        if held is not None:
            self.go(self.switches[held[0]])
            for _ in range(held[1]):
                self.toggle()
            after = held[0] + 1
        end = time.perf_counter() + seconds
        for switch in self.switches[after:][:most]:
            if time.perf_counter() > end:
                break
            self.go(switch)
            self.toggle(fresh)
            self.toggle(fresh)
            self.toggle(back)
        self.terminal.send("x")
        self.terminal.settle()

    def go(self, switch: str) -> None:
        """Move the cursor in the list of switches."""
        for _ in range(4 * len(self.switches)):
            at = see(self.terminal).cursor
            if at and switch.startswith(at.rstrip("…")):
                return
            self.terminal.send("j" if at in self.switches[: self.switches.index(switch)] else "k")
            self.terminal.settle(0.05)
        raise AssertionError(f"no way to {switch}:\n{self.terminal.text}")

    def open(self, view: str) -> float:
        """Show a view; seconds from its key to its figures, 0 where it is shown already."""
        names = self.terminal.screen.display[TOP - 1]
        if re.search(rf"\[\d? ?{view}\]", names):
            return 0.0
        key = re.search(rf"(\d) {view}", names)  # design has none: it lies to the right of runs
        return self.answer(key.group(1) if key else "]", {"view"})[0]["view"]


def visit(command: Sequence[str], switches: Sequence[str]) -> Visit:
    """Run the program once from start to finish: toggles in several views, then every other view.

    Parameters
    ----------
    command : sequence of str
        Opens the compare view; must fix the contrast.
    switches : sequence of str
        All but the contrast, as the program lists them.
    """
    found = Visit()
    with Watched(command) as terminal:
        terminal.first(FIRST_VIEW, FIRST_RANK)
        terminal.settle()
        explorer = Explorer(terminal, switches)
        compare = found.fresh.setdefault("compare", Toggles())
        explorer.toggle_all(compare, found.back)
        explorer.toggle_all(compare, found.back, held=(0, 1))
        for view, held in BASES.items():
            found.opened[view] = explorer.open(view)
            fresh = found.fresh.setdefault(view, Toggles())
            explorer.toggle_all(fresh, None, held, SWITCHES_IN_OTHERS, SECONDS_IN_OTHERS)
        for view in OTHERS:
            found.opened[view] = explorer.open(view)
        explorer.open("compare")
        terminal.settle(1.0)  # the refits begin a moment after the ranking
        end = time.perf_counter() + PATIENCE
        while re.search(r"R² .*(intervals|refits)", terminal.text) and time.perf_counter() < end:
            terminal.settle(0.05)
        found.peak = terminal.peak()
        terminal.send("q")
        terminal.wait_exit()
    return found

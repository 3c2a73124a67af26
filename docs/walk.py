"""Walk through docs/tutorial.md: press its keys on the shipped sweep, and see what the screen shows at each step."""

from __future__ import annotations

import contextlib
import html
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from ablate_tui.data.demo import demo_database
from ablate_tui.data.schema import Choices
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.config import Config
from ablate_tui.tui.session import Look, Session

TUTORIAL = Path(__file__).with_name("tutorial.md")
SIZE = (120, 36)
KEYS = {"esc": "escape"}
CELL = 12.2  # width of a character in a picture of the screen


@dataclass(frozen=True)
class Step:
    """One line of keys in the tutorial, and the picture that follows it."""

    section: str
    keys: tuple[str, ...]
    picture: Path | None


def steps(page: Path = TUTORIAL) -> list[Step]:
    """The steps of the tutorial, in their order.

    Lines such as ``> Press `j` `enter` `` hold the keys; what follows the word "type" is typed.
    """
    found: list[Step] = []
    section = ""
    for line in page.read_text(encoding="utf-8").splitlines():
        picture = re.fullmatch(r"!\[.*\]\((.*)\)", line)
        if line.startswith("## "):
            section = line[3:]
        elif line.startswith("> "):
            found.append(Step(section, tuple(_keys(line)), None))
        elif picture and found and found[-1].section == section:
            found[-1] = Step(section, found[-1].keys, page.parent / picture[1])
    return found


def _keys(line: str) -> Iterator[str]:
    for typed, text in re.findall(r"(type )?`([^`]+)`", line):
        yield from text if typed else [KEYS.get(text, text)]


async def settle(pilot: Pilot[None]) -> None:
    """Wait until every worker is done and its messages have been shown."""
    quiet = 0
    while quiet < 3:  # a view's message can start the next worker
        await pilot.pause()
        running = [worker for worker in pilot.app.workers if not worker.is_finished]
        quiet = 0 if running else quiet + 1
        if running:
            with contextlib.suppress(WorkerCancelled):  # a newer one has taken its place
                await pilot.app.workers.wait_for_complete(running)


async def walk(page: Path = TUTORIAL, size: tuple[int, int] = SIZE) -> AsyncIterator[tuple[Step, AblateApp]]:
    """Each step of the tutorial, and the screen after it."""
    session = Session.open(str(demo_database()), Choices(), keep=False)
    app = AblateApp(session, Look(), config=Config(theme="dark"))
    async with app.run_test(size=size, notifications=False) as pilot:
        await settle(pilot)
        for step in steps(page):
            for key in step.keys:
                await pilot.press(key)
                await settle(pilot)
            yield step, app
    session.close()


def picture_of(app: AblateApp, title: str = "ablate-tui demo") -> str:
    """The screen as an SVG, without what it does not need: fonts from elsewhere, clips, long names."""
    picture = app.export_screenshot(title=title)
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)  # the reader's own fonts do
    picture = re.sub(r' clip-path="url\(#terminal-\d+-line-\d+\)"', "", picture)
    picture = re.sub(r'<clipPath id="terminal-\d+-line-\d+">.*?</clipPath>\s*', "", picture, flags=re.DOTALL)
    return re.sub(r"terminal-\d+-", "t", picture)


def words(picture: str) -> str:
    """What a picture of the screen says, line by line."""
    lines: dict[float, list[tuple[float, str]]] = defaultdict(list)
    for x, y, text in re.findall(r'<text[^>]*? x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', picture):
        lines[float(y)].append((float(x), html.unescape(text).replace("\xa0", " ")))
    said = []
    for _, parts in sorted(lines.items()):
        line = ""
        for x, text in sorted(parts):
            line = line.ljust(round(x / CELL)) + text
        said.append(line.rstrip())
    return "\n".join(said)

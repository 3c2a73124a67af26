"""Draw the pictures of docs/: the README's screen, and those of the tutorial. `make screenshot` runs it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # make keeps Python from doing so

from walk import picture_of, settle, walk

from ablate_tui.data.demo import demo_database
from ablate_tui.data.schema import Choices
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.config import Config
from ablate_tui.tui.session import Look, Session


async def draw_screen(path: Path) -> None:
    """Filter one switch, contrast another, wait for the intervals, and write the picture."""
    session = Session.open(str(demo_database()), Choices(), keep=False)
    app = AblateApp(session, Look(), config=Config(theme="dark"))
    async with app.run_test(size=(140, 40)) as pilot:
        await settle(pilot)
        await pilot.press("space", "down", "down", "c", "2")
        await settle(pilot)
        picture = picture_of(app, "ablate-tui runs.duckdb")
    session.close()
    path.write_text(picture, encoding="utf-8")


async def draw_tutorial() -> None:
    """Follow the tutorial, and write the picture of each step that has one."""
    async for step, screen in walk():
        if step.picture is not None:
            step.picture.parent.mkdir(exist_ok=True)
            step.picture.write_text(picture_of(screen), encoding="utf-8")


if __name__ == "__main__":
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}  # not of who draws
    os.environ.pop("NO_COLOR", None)
    os.environ["SOURCE_DATE_EPOCH"] = "1767225600"  # a card says the day: the same in every drawing
    asyncio.run(draw_screen(Path(__file__).with_name("screen.svg")))
    asyncio.run(draw_tutorial())

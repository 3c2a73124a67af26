"""Draw docs/screen.svg: the shipped sweep on the screen, as it is. `make screenshot` runs it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from ablate_tui.data.demo import demo_database
from ablate_tui.data.schema import Choices
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.config import Config
from ablate_tui.tui.session import Look, Session


async def draw(path: Path) -> None:
    """Filter one switch, contrast another, wait for the intervals, and write the picture."""
    session = Session.open(str(demo_database()), Choices(), keep=False)
    app = AblateApp(session, Look(), config=Config(theme="dark"))
    async with app.run_test(size=(140, 40)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.press("space", "down", "down", "c", "2")
        for _ in range(4):
            await pilot.pause()
            await app.workers.wait_for_complete()
        picture = app.export_screenshot(title="ablate-tui runs.duckdb")
    session.close()
    # the fonts of the reader's own machine do: nothing is fetched from elsewhere
    path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL))


if __name__ == "__main__":
    asyncio.run(draw(Path(__file__).with_name("screen.svg")))

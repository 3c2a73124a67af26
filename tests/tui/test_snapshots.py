"""A few screens as pictures, at the sizes that are promised; `make test ARGS=--snapshot-update` makes them anew."""

from __future__ import annotations

import pytest
from tests.tui.test_app import settle

from ablate_tui.data.schema import Choices
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.session import Look, Session

pytestmark = pytest.mark.usefixtures("few_refits")


@pytest.mark.parametrize(
    ("size", "keys"),
    [((80, 24), ["3"]), ((120, 36), ["down", "space"]), ((200, 50), ["5"]), ((80, 24), ["question_mark"])],
    ids=["effects-80x24", "compare-120x36", "importance-200x50", "help-80x24"],
)
def test_screen(snap_compare, runs, monkeypatch, size, keys):
    """List, view, ranking and footer are where they belong."""
    monkeypatch.chdir(runs.parent)  # the source's name on the screen is "runs.parquet" on every machine
    session = Session.open("runs.parquet", Choices(), keep=False)
    app = AblateApp(session, Look())

    async def before(pilot):
        await settle(pilot)
        await pilot.press(*keys)
        await settle(pilot)

    try:
        assert snap_compare(app, terminal_size=size, run_before=before)
    finally:
        session.close()

"""Intervals and noise floor on the screen: they come bit by bit, and nobody takes them for final."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.tui.test_app import keys_to, opened, settle, words

from ablate_tui.data.schema import Choices
from ablate_tui.queries import importance as importances
from ablate_tui.queries.cancelling import Cancelled
from ablate_tui.queries.importance import Importance
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.panels.ranking import Ranking
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.registry import VIEWS


@pytest.fixture
def session(runs, few_refits, monkeypatch) -> Iterator[Session]:
    monkeypatch.setattr(importances, "ARRIVING", 3)
    made = Session.open(str(runs), Choices(), keep=False)
    yield made
    made.close()


def stopped(session: Session) -> Importance:
    """The ranking as it is when the refits were stopped after the third of eight."""
    done: list[float] = []
    with pytest.raises(Cancelled):
        session.finished_importance(Look(), done.append, lambda: len(done) >= 3)
    return session.importance(Look())


def test_a_slice_that_was_left_keeps_its_refits(session):
    """Coming back goes on from there, and ends where one go would have."""
    seen: list[Importance] = []
    found = stopped(session)
    assert found.refits.done == 3
    done = session.finished_importance(Look(), arrived=seen.append)
    assert [partial.refits.done for partial in seen] == [6]
    assert done is session.importance(Look())
    assert done.finished
    session.importances.clear()
    assert session.finished_importance(Look()).rows == done.rows


def test_what_was_forgotten_meanwhile_is_not_put_back(session):
    """A column changes its role while the old sweep's refits run: they must not pass for the new one's."""
    session.finished_importance(Look(), arrived=lambda _: session.importances.clear())
    assert session.importances.get(Session.importance_key(Look())) is None


def test_the_view_says_how_many_refits_there_are(session):
    """In the picture and in the table, until all are done."""
    view = VIEWS["importance"]

    def texts() -> str:
        result, inputs = session.read(view, Look()), session.inputs(Look())
        figure = view.figure(result, inputs)
        labels = [mark.label for mark in figure.panels[0].marks]
        return " ".join([*labels, *figure.notes, *view.table(result, inputs).notes])

    stopped(session)
    said = texts()
    assert said.count("so far from 3 of 8 refits") == 2
    assert "95 % interval so far" in said
    assert "noise floor so far" in said
    session.finished_importance(Look())
    assert "so far" not in texts()


def test_dependence_and_interactions_are_not_read_again(session):
    """They show nothing of the refits."""
    session.importance(Look())
    before = {name: session.read(VIEWS[name], Look()) for name in ("dependence", "interactions", "importance")}
    session.finished_importance(Look())
    after = {name: session.read(VIEWS[name], Look()) for name in before}
    assert after["dependence"] is before["dependence"]
    assert after["interactions"] is before["interactions"]
    assert after["importance"] is not before["importance"]


async def test_the_panel_counts_the_refits(session):
    """The heading says how far they are; at the end it does not."""
    found = stopped(session)
    app = AblateApp(session, Look())
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert "refits" not in words(pilot, "#ranking-head")
        app.query_one(Ranking).show(found)
        assert "3 of 8 refits" in words(pilot, "#ranking-head")


async def test_what_arrives_is_shown_in_the_view(runs, few_refits, monkeypatch):
    """The importance view is read again for each of them, another view is not."""
    monkeypatch.setattr(importances, "ARRIVING", 3)
    seen: list[tuple[str, int | None]] = []
    read = Session.read

    def spy(self, view, look, cancelled=None):
        refits = self.importance(look).refits
        seen.append((view.name, refits.done if refits else None))
        return read(self, view, look, cancelled)

    monkeypatch.setattr(Session, "read", spy)
    async with opened(runs) as pilot:
        assert [name for name, _ in seen] == ["compare"]
        await pilot.press(*keys_to("importance"))
        await settle(pilot)
        seen.clear()
        await pilot.press("down", "space")
        await settle(pilot)
        assert pilot.app.query_one(Ranking).importance.finished
    assert seen[0] == ("importance", None)
    assert seen[-1] == ("importance", 8)
    assert len(seen) >= 3

"""Slices and last sessions in the state folder."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.data.schema import Choices
from ablate_tui.data.state import state_folder
from ablate_tui.queries.slices import Slice, Versus
from ablate_tui.tui import saved
from ablate_tui.tui.saved import Last, Saved, look_of, plain
from ablate_tui.tui.session import Look, Session

TEXTS = st.one_of(st.text(), st.sampled_from(['say "z"', "two\nlines", "\udc80", "[red]", "\x00\x1b", "正"]))
FILTERS = st.lists(st.tuples(TEXTS, st.lists(TEXTS, min_size=1).map(tuple)), max_size=3).map(tuple)
MAYBE = st.one_of(st.none(), TEXTS)
TERMS = st.lists(st.lists(TEXTS, min_size=1, max_size=3).map(tuple), max_size=3).map(tuple)
LOOKS = st.builds(
    Look,
    slice=st.builds(Slice, FILTERS, MAYBE, st.one_of(st.none(), TERMS)),
    response=MAYBE,
    goal=st.sampled_from([None, "min", "max"]),
    fail=MAYBE,
    target=st.sampled_from(["mean", "spread"]),
    color=MAYBE,
    focus=MAYBE,
    sort=st.one_of(st.none(), st.tuples(TEXTS, st.booleans())),
    versus=st.one_of(st.none(), st.builds(Versus, FILTERS, TEXTS)),
)


@pytest.fixture
def session(runs: Path):
    """The small sweep."""
    found = Session.open(str(runs), Choices(), keep=False)
    yield found
    found.close()


def files(kind: str) -> list[Path]:
    return sorted((state_folder() / kind).iterdir())


@given(LOOKS)
def test_a_look_comes_back_from_json(look: Look) -> None:
    """Whatever stands in its names and levels."""
    assert look_of(json.loads(json.dumps(plain(look)))) == look


def test_slices_are_kept_by_source_and_table(session: Session, tmp_path: Path) -> None:
    """In the order of saving; another source has its own."""
    assert saved.saved(session) == ()
    norm = Saved("norm on", Look(slice=Slice((("use_norm", ("true",)),), "use_gate"), response="val_loss", goal="min"))
    odd = Saved("正 [b]'\"", Look(slice=Slice((("gone", ("a\nb",)),))))
    saved.keep(session, (norm, odd))
    assert saved.saved(session) == (norm, odd)
    assert saved.named(session, "norm on") == norm
    with pytest.raises(UsageError, match='did you mean "norm on"'):
        saved.named(session, "norm")
    pl.read_parquet(tmp_path / "runs.parquet").write_parquet(tmp_path / "other.parquet")
    other = Session.open(str(tmp_path / "other.parquet"), Choices(), keep=False)
    assert saved.saved(other) == ()
    other.close()


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "1 to 80"), ("x" * 81, "1 to 80"), ("a=b", 'no "="'), ("a\x1b", "control characters"), (" old ", "already")],
)
def test_names_that_are_refused(name: str, words: str) -> None:
    """Each with what to do."""
    with pytest.raises(UsageError, match=words):
        saved.check_name(name, (Saved("old", Look()),))
    assert saved.check_name("  it's 正 ", ()) == "it's 正"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"slices": 3}', '{"slices": [{"name": 1, "set": []}]}', '{"slices": [{"name": "a"}]}']
)
def test_a_broken_file_is_put_aside(session: Session, content: str) -> None:
    """It is not lost, and not in the way."""
    saved.keep(session, (Saved("a", Look()),))
    (file,) = files("slices")
    file.write_text(content)
    assert saved.saved(session) == ()
    assert [path.suffix for path in files("slices")] == [".broken"]


def test_a_folder_that_can_not_be_written_is_told(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """With where it is, and how to choose another."""
    monkeypatch.setenv("ABLATE_TUI_STATE", "/dev/null/state")
    with pytest.raises(SourceError, match=r"slices can't be kept .* ABLATE_TUI_STATE"):
        saved.keep(session, ())


def test_what_no_longer_fits_is_said(session: Session) -> None:
    """A level, a column, a response."""
    for look, words in (
        (Look(slice=Slice((("use_norm", ("maybe",)),))), 'no level "maybe"'),
        (Look(slice=Slice((("use_nrom", ("true",)),))), 'no switch "use_nrom"'),
        (Look(response="loss_of_old"), "loss_of_old"),
    ):
        assert words in (saved.fault(session, look) or "")
    assert saved.fault(session, Look(slice=Slice((("use_norm", ("true",)),), "use_gate"))) is None


def test_the_last_session_comes_back_as_far_as_it_fits(session: Session) -> None:
    """What does not fit is left out and told; all else stays."""
    look = Look(
        slice=Slice((("use_norm", ("true",)), ("gone", ("x",))), "use_gate", (("use_norm",),)),
        response="train_loss",
        color="gone",
        focus="use_bias",
        sort=("val_loss", True),
        versus=Versus((("use_bias", ("nowhere",)),), "b"),
    )
    saved.keep_last(session, Last(look, "effects", {"effects": ("sd_ratio", True)}))
    found = saved.last(session)
    assert found == Last(look, "effects", {"effects": ("sd_ratio", True)})
    kept, left_out = saved.fitted(session, look)
    assert kept == Look(
        slice=Slice((("use_norm", ("true",)),), "use_gate", (("use_norm",),)),
        response="train_loss",
        focus="use_bias",
        sort=("val_loss", True),
    )
    assert ['"gone"' in words or "nowhere" in words for words in left_out] == [True, True]
    kept, left_out = saved.fitted(session, Look(response="no such", fail="("))
    assert (kept.response, kept.fail, len(left_out)) == (None, None, 1)


def test_what_is_so_anyway_stays_unsaid(session: Session) -> None:
    """So that figures are shared with looks that never said it; another response is said."""
    assert saved.as_looked_at(session, saved.as_saved(session, Look())) == Look()
    other = Look(response="train_loss", fail="train_loss > 3")
    assert saved.as_looked_at(session, saved.as_saved(session, other)).response == "train_loss"
    assert saved.as_looked_at(session, saved.as_saved(session, other)).fail == "train_loss > 3"

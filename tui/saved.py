"""Looks that outlive a session: slices saved under a name, and where the last session was.

Both are kept in the user's state folder, by source and table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar, cast

from ablate_tui.data.errors import AblateError, UsageError, one_of
from ablate_tui.data.state import read_state, write_state
from ablate_tui.queries.slices import Slice, Versus
from ablate_tui.tui.session import Look, Session

T = TypeVar("T")
Filters = tuple[tuple[str, tuple[str, ...]], ...]
LONGEST = 80  # characters of a name


@dataclass(frozen=True)
class Saved:
    """A slice under a name: filters, contrast, location terms, response, goal and failures of a look."""

    name: str
    look: Look


@dataclass(frozen=True)
class Last:
    """Where a session was."""

    look: Look
    view: str
    sorts: Mapping[str, tuple[str, bool]] = field(default_factory=dict)  # of the views' tables


# -- slices under a name


def saved(session: Session) -> tuple[Saved, ...]:
    """The slices saved for a source, in the order of saving."""
    return read_state("slices", session.store.path, session.store.table, _saved) or ()


def keep(session: Session, slices: tuple[Saved, ...]) -> None:
    """Keep these slices for a source, and no others.

    Raises
    ------
    SourceError
        The state folder can't be written.
    """
    content = [{"name": each.name, **plain(each.look)} for each in slices]
    write_state("slices", session.store.path, session.store.table, content)


def change(session: Session, before: tuple[Saved, ...], after: tuple[Saved, ...]) -> None:
    """Keep what was changed in a list, by name; what others have saved or deleted meanwhile stays as they left it.

    Parameters
    ----------
    session : Session
    before, after : tuple of Saved
        The list as it was shown, and as it is to be.

    Raises
    ------
    SourceError
        The state folder can't be written.
    UsageError
        Others have saved another slice under a name that comes in.
    """
    known, wanted = {each.name for each in before}, {each.name for each in after}
    now = [each for each in saved(session) if each.name in wanted or each.name not in known]
    for at, each in enumerate(after):
        if each.name not in known:
            check_name(each.name, tuple(now))
            now.insert(at, each)
    keep(session, tuple(now))


def named(session: Session, name: str) -> Saved:
    """The slice of that name.

    Raises
    ------
    UsageError
        There is none; the message says which there are.
    """
    slices = saved(session)
    for each in slices:
        if each.name == name:
            return each
    found = one_of(name, [each.name for each in slices])
    raise UsageError(f'no saved slice "{name}"; {found}; filters are written as "A=on,B=off"')


def check_name(name: str, slices: tuple[Saved, ...]) -> str:
    """A name as it is saved.

    Raises
    ------
    UsageError
        Where it is taken, empty or too long, or reads as filters.
    """
    name = name.strip()
    if not name or len(name) > LONGEST:
        raise UsageError(f"a name has 1 to {LONGEST} characters; this one has {len(name)}")
    if "=" in name or not name.isprintable():
        raise UsageError('a name has no "=", since filters do, and no control characters; choose another')
    if any(each.name == name for each in slices):
        raise UsageError(f'there is a slice "{name}" already; choose another name, or delete that one first')
    return name


def as_saved(session: Session, look: Look) -> Look:
    """What a saved slice has of a look, its response said in full."""
    said = spelled(session, look)
    return Look(slice=said.slice, response=said.response, goal=said.goal, fail=said.fail)


def spelled(session: Session, look: Look) -> Look:
    """A look that says its response, goal and failures, also those that were guessed."""
    table = session.table(look.response, look.goal, look.fail)
    return replace(look, response=table.response.name, goal=table.response.goal, fail=table.fail_condition or "")


def as_looked_at(session: Session, look: Look) -> Look:
    """A look that leaves unsaid what is so anyway: it shares its figures with looks that never said it."""
    table = session.table(None, None)
    if look.response == table.response.name:
        look = replace(look, response=None)
    if look.response is None and look.goal == table.response.goal:
        look = replace(look, goal=None)
    return replace(look, fail=None) if (look.fail or None) == table.fail_condition else look


def fault(session: Session, look: Look) -> str | None:
    """What no longer fits a source in a look, in words; None where all does."""
    try:
        table = session.table(look.response, look.goal, look.fail)
        Slice.of(table, look.slice.set, look.slice.contrast, look.slice.location)
    except AblateError as error:
        return str(error)
    return None


def fitted(session: Session, look: Look) -> tuple[Look, tuple[str, ...]]:
    """A look without what no longer fits a source; and what that was, in words."""
    left_out: list[str] = []

    def fits(check: Callable[[], object]) -> bool:
        try:
            check()
        except AblateError as error:
            left_out.append(f"left out: {error}")
            return False
        return True

    if not fits(partial(session.table, look.response, look.goal, look.fail)):
        look = replace(look, response=None, goal=None, fail=None)
    table, now = session.table(look.response, look.goal, look.fail), look.slice
    filters = tuple((name, levels) for name, levels in now.filters if fits(partial(Slice.of, table, {name: levels})))
    contrast = now.contrast if now.contrast is None or fits(partial(table.factor, now.contrast)) else None
    terms = now.location if fits(partial(Slice.of, table, {}, None, now.location)) else None
    versus = look.versus
    if versus is not None and not fits(partial(versus.beside, table, Slice())):
        versus = None
    return (
        replace(
            look,
            slice=Slice.of(table, dict(filters), contrast, terms),
            color=look.color if look.color in table.positions else None,
            focus=look.focus if look.focus in table.positions else None,
            versus=versus,
        ),
        tuple(left_out),
    )


# -- the last session


def last(session: Session) -> Last | None:
    """Where the last session with a source was."""
    return read_state("last", session.store.path, session.store.table, _last)


def keep_last(session: Session, now: Last) -> None:
    """Keep where a session is.

    Raises
    ------
    SourceError
        The state folder can't be written.
    """
    content = {**plain(now.look), "view": now.view, "sorts": {name: list(sort) for name, sort in now.sorts.items()}}
    write_state("last", session.store.path, session.store.table, content)


# -- as JSON


def plain(look: Look) -> dict[str, Any]:
    """A look as JSON's own types, without what is as at the start."""
    fields = {
        "set": _plain_filters(look.slice.filters),
        "contrast": look.slice.contrast,
        "location": None if look.slice.location is None else [list(term) for term in look.slice.location],
        "response": look.response,
        "goal": look.goal,
        "fail": look.fail,
        "target": None if look.target == "mean" else look.target,
        "color": look.color,
        "focus": look.focus,
        "sort": None if look.sort is None else list(look.sort),
        "versus": None
        if look.versus is None
        else {"name": look.versus.name, "set": _plain_filters(look.versus.filters)},
    }
    return {name: value for name, value in fields.items() if value is not None}


def look_of(content: Mapping[str, Any]) -> Look:
    """A look from what `plain` writes.

    Raises
    ------
    ValueError, TypeError, KeyError, AttributeError
        Something else.
    """
    location, sort, versus = content.get("location"), content.get("sort"), content.get("versus")
    terms = None if location is None else tuple(tuple(_text(name) for name in term) for term in location)
    return Look(
        slice=Slice(_filters(content["set"]), _maybe(content.get("contrast")), terms),
        response=_maybe(content.get("response")),
        goal=_among(content.get("goal"), (None, "min", "max")),
        fail=_maybe(content.get("fail")),
        target=_among(content.get("target", "mean"), ("mean", "spread")),
        color=_maybe(content.get("color")),
        focus=_maybe(content.get("focus")),
        sort=None if sort is None else _sort(sort),
        versus=None if versus is None else Versus(_filters(versus["set"]), _text(versus["name"])),
    )


def _plain_filters(filters: Filters) -> list[list[Any]]:
    return [[name, list(levels)] for name, levels in filters]


def _filters(content: Any) -> Filters:
    return tuple((_text(name), tuple(_text(level) for level in levels)) for name, levels in content)


def _saved(content: Any) -> tuple[Saved, ...]:
    return tuple(Saved(_text(each["name"]), look_of(each)) for each in content)


def _last(content: Any) -> Last:
    sorts = {_text(name): _sort(sort) for name, sort in content["sorts"].items()}
    return Last(look_of(content), _text(content["view"]), sorts)


def _sort(content: Any) -> tuple[str, bool]:
    name, descending = content
    return _text(name), bool(descending)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _maybe(value: Any) -> str | None:
    return None if value is None else _text(value)


def _among(value: Any, allowed: tuple[T, ...]) -> T:
    if value not in allowed:
        raise ValueError(f"{value!r} is none of {allowed}")
    return cast(T, value)

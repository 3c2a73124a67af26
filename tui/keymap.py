"""The keys of all bindings by id, and other ones for them out of the user's settings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import KEY_NAME_REPLACEMENTS, Keys, _character_to_key

from ablate_tui.data.errors import UsageError, one_of

TAKEN = {"tab": "the next panel", "shift+tab": "the panel before", "ctrl+p": "the command palette"}
TAKEN |= {"ctrl+c": "the terminal", "ctrl+q": "quitting"}
ALSO = {"m": "enter", "i": "tab", "h": "backspace", "[": "escape"}  # what ctrl makes of a letter
MODIFIERS = ("ctrl", "alt", "shift", "super", "meta", "hyper")
SPOKEN = {"question_mark": "?", "slash": "/", "left_square_bracket": "[", "right_square_bracket": "]"}
SHORT = SPOKEN | {"escape": "esc"}
NAMED = {key.value for key in Keys if "+" not in key.value and not key.value.startswith("<")}


def bindings_of(*classes: type[DOMNode]) -> list[Binding]:
    """The bindings of some parts of the screen, those with an id."""
    return [b for cls in classes for b in cls.BINDINGS if isinstance(b, Binding) and b.id is not None]


def scopes() -> tuple[tuple[type[DOMNode], ...], ...]:
    """Parts of the screen that hear keys at the same time."""
    from ablate_tui.tui.app import AblateApp
    from ablate_tui.tui.panels.choice import Choice
    from ablate_tui.tui.panels.header import Header
    from ablate_tui.tui.panels.query_box import QueryBox
    from ablate_tui.tui.panels.result_table import ResultTable
    from ablate_tui.tui.panels.switch_list import SwitchList
    from ablate_tui.tui.panels.view_table import ViewTable
    from ablate_tui.tui.screens.ask import Ask
    from ablate_tui.tui.screens.card import Card
    from ablate_tui.tui.screens.details import Details
    from ablate_tui.tui.screens.export_dialog import ExportDialog
    from ablate_tui.tui.screens.help import Help
    from ablate_tui.tui.screens.notes import Notes
    from ablate_tui.tui.screens.preview import Preview
    from ablate_tui.tui.screens.saved_slices import SavedSlices
    from ablate_tui.tui.screens.sql import SqlScreen
    from ablate_tui.tui.screens.working import Working

    dialogs = (Card, Help, Ask, Details, Notes, Preview, SavedSlices, Working)
    return (
        (AblateApp, SwitchList),
        (AblateApp, ViewTable),
        (AblateApp, Header),
        (SqlScreen, QueryBox, ResultTable),
        (ExportDialog, Choice),
        *((dialog,) for dialog in dialogs),
    )


def all_bindings() -> dict[str, Binding]:
    """Every binding by its id, the app's first."""
    return {str(binding.id): binding for scope in scopes() for binding in bindings_of(*scope)}


def remapped(binding: Binding, keys: Mapping[str, str]) -> Binding:
    """A binding with the keys that are in force."""
    own = keys.get(binding.id or "")
    return binding if own is None else binding.with_key(own)


def keys_of(binding: Binding) -> str:
    """The keys of a binding as a person calls them."""
    return " ".join(SPOKEN.get(key.strip(), key.strip()) for key in binding.key.split(","))


def worded(words: str, node: DOMNode) -> str:
    """Words of a part of the screen, the key in force for each id in braces: "{undo} undoes".

    The ids are of the part itself and of what it lies in: its screen, the app.
    """
    known = {binding.id: binding for binding in bindings_of(*map(type, node.ancestors_with_self))}
    keys: Mapping[str, str] = getattr(node.app, "keys", {})

    def key(mark: re.Match[str]) -> str:
        first = remapped(known[mark[1]], keys).key.split(",")[0].strip()
        return SHORT.get(first, first)

    return re.sub(r"\{([a-z_.]+)\}", key, words)


def checked(keys: Mapping[str, str]) -> dict[str, str]:
    """Keys by id as Textual wants them.

    Parameters
    ----------
    keys : mapping from id to keys
        Several keys are separated by commas.

    Returns
    -------
    mapping from id to keys
        Without those that are as they come.

    Raises
    ------
    UsageError
        An id or a key that there isn't, or a key that would do two things.
    """
    known = all_bindings()
    made: dict[str, str] = {}
    for id_, text in keys.items():
        if id_ not in known:
            raise UsageError(f'keys: no binding "{id_}"; {one_of(id_, tuple(known))}')
        own = known[id_].key.split(",")
        made[id_] = ",".join(dict.fromkeys(_key(id_, word.strip(), own) for word in text.split(",")))
        if made[id_] == known[id_].key:
            del made[id_]
    for scope in scopes():
        _refuse_conflicts(bindings_of(*scope), made)
    return made


def _key(id_: str, word: str, own: list[str]) -> str:
    """A key by Textual's name for it; `own` are those that the binding comes with.

    Raises
    ------
    UsageError
    """
    *modifiers, key = word.split("+") if len(word) > 1 else [word]
    wrong = next((modifier for modifier in modifiers if modifier not in MODIFIERS), None)
    if wrong is not None:
        raise UsageError(f'keys: {id_} = "{word}": no modifier "{wrong}"; {one_of(wrong, MODIFIERS)}')
    sent = _sent_instead(modifiers, key)
    if sent is not None and word not in own:
        raise UsageError(f'keys: {id_} = "{word}": a terminal sends "{sent}" for it; write that, or choose another')
    if len(key) == 1:
        key = _character_to_key(key)
    elif key not in NAMED and not _is_character(key):
        raise UsageError(
            f'keys: {id_} = "{word}": no such key; {one_of(key, sorted(NAMED))}'
            if key
            else f"keys: {id_} has an empty key; write one, or leave the line out"
        )
    whole = "+".join((*modifiers, key))
    if whole in TAKEN and whole not in own:
        raise UsageError(f'keys: {id_} = "{word}": {whole} is for {TAKEN[whole]}, choose another')
    return whole


def _sent_instead(modifiers: list[str], key: str) -> str | None:
    """The key that a terminal sends for one that it has no bytes for; None where it sends the key itself."""
    if len(key) > 1 or not modifiers:
        return None
    if modifiers == ["shift"]:
        return key.upper() if key.upper() != key else None
    if modifiers == ["ctrl"]:
        small = key.lower()
        return ALSO.get(small, f"ctrl+{small}" if small != key else None)
    return None


def _is_character(key: str) -> bool:
    """Whether a name such as question_mark is a character's."""
    if key in KEY_NAME_REPLACEMENTS.values():
        return True
    try:
        unicodedata.lookup(key.replace("_", " ").upper())
    except KeyError:
        return False
    return True


def _refuse_conflicts(bindings: Iterable[Binding], keys: Mapping[str, str]) -> None:
    """Refuse a key that does two things, where the settings are to blame.

    Raises
    ------
    UsageError
    """
    taken: dict[str, str] = {}
    for binding in bindings:
        id_ = str(binding.id)
        for key in remapped(binding, keys).key.split(","):
            other = taken.setdefault(key.strip(), id_)
            if other != id_ and (id_ in keys or other in keys):
                mine, free = (id_, other) if id_ in keys else (other, id_)
                said = f'keys: {mine} = "{keys[mine]}"'
                raise UsageError(f"{said}: {key.strip()} is {free}'s; choose another for one of them")

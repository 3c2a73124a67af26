"""What the slice options of the command line say, see `ablate_tui.tui.slice_arguments`; and back into words."""

from __future__ import annotations

import argparse
import csv
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from ablate_tui.data.errors import UsageError, one_of
from ablate_tui.data.roles import ROLES, Role
from ablate_tui.data.schema import Choices, Goal, RunTable
from ablate_tui.queries.slices import Slice, Term, Versus
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.base import Target

LARGEST_TERM = 3  # factors in one term of the location model


@dataclass(frozen=True)
class SliceOptions:
    """What stood on the command line; names are checked against the sweep once it is open."""

    choices: Choices
    set: tuple[str, ...] = ()
    contrast: str | None = None
    color: str | None = None
    target: Target = "mean"
    location: str | None = None
    versus: str | None = None

    @property
    def says_a_slice(self) -> bool:
        """Whether anything here says what to look at: then the last session's slice does not come back."""
        said = (self.contrast, self.color, self.location, self.versus)
        chosen = (self.choices.response, self.choices.goal, self.choices.fail)
        return bool(self.set) or self.target != "mean" or any(text is not None for text in (*said, *chosen))

    def look(self, session: Session) -> Look:
        """The look that these options ask for.

        Raises
        ------
        UsageError
            A switch or level that is not there, or location terms that can't be read.
        """
        table = session.table(None, None)
        filters: dict[str, tuple[str, ...]] = {}
        for text in self.set:
            name, levels = parse_set(text, table)
            if name in filters:
                raise UsageError(f'--set gives "{name}" twice; write its levels in one, as --set {name}=LEVEL,LEVEL')
            filters[name] = levels
        if self.color is not None:
            table.factor(self.color)
        terms = None if self.location is None else parse_location(self.location, table)
        slice_ = Slice.of(table, filters, self.contrast, terms)
        versus = None if self.versus is None else self._versus(self.versus, session)
        return Look(slice=slice_, target=self.target, color=self.color, versus=versus)

    @staticmethod
    def _versus(text: str, session: Session) -> Versus:
        """The second slice: filters where the text has a "=", else a saved slice's name; nothing is all runs."""
        from ablate_tui.tui import saved

        table = session.table(None, None)
        if "=" in text or not text:
            return parse_versus(text, table)
        found = saved.named(session, text)
        versus = Versus(found.look.slice.filters, found.name)
        versus.beside(table, Slice())  # says what no longer fits
        return versus


def read(options: argparse.Namespace) -> SliceOptions:
    """The slice options of a parsed command line.

    Raises
    ------
    UsageError
        Text that does not fit the grammar.
    """
    for option, text in (("--response", options.response), ("--fail", options.fail)):
        if text is not None and not text.strip():
            raise UsageError(f"{option} is empty; leave it out, or write a column or SQL")
    return SliceOptions(
        choices=Choices(
            table=options.table,
            roles=dict(_role(text) for text in options.role),
            on=dict(_pair(text, "--on", "SWITCH=LEVEL") for text in options.on),
            response=options.response,
            goal=cast("Goal | None", options.goal),
            fail=options.fail,
        ),
        set=tuple(options.set),
        contrast=options.contrast,
        color=options.color,
        target=options.target,
        location=options.location,
        versus=options.versus,
    )


def parse_set(text: str, table: RunTable) -> tuple[str, tuple[str, ...]]:
    """Split ``SWITCH=LEVEL[,LEVEL]`` at the first "=" whose left side is a column.

    Parameters
    ----------
    text : str
        Levels are CSV-quoted: ``opt="a,b",c``.
    table : RunTable

    Returns
    -------
    name : str
    levels : tuple of str

    Raises
    ------
    UsageError
    """
    return _split(text, table, "--set", _levels)


def _split(
    text: str, table: RunTable, option: str, read: Callable[[str], tuple[str, ...]]
) -> tuple[str, tuple[str, ...]]:
    """A text at the first "=" whose left side is a column; of several the first whose right side is of its levels."""
    names = {column.name for column in table.columns}
    cuts = [at for at, sign in enumerate(text) if sign == "="]
    if not cuts:
        raise UsageError(f'{option} "{text}" has no "="; write {option} SWITCH=LEVEL')
    found = [(text[:cut], read(text[cut + 1 :])) for cut in cuts if text[:cut] in names]
    for name, levels in found:
        if name in table.positions and set(levels) <= set(table.factor(name).levels):
            return name, levels
    if found:
        return found[0]
    name = text[: cuts[0]]
    raise UsageError(f'no switch "{name}"; {one_of(name, [factor.name for factor in table.factors])}')


def parse_location(text: str, table: RunTable) -> tuple[Term, ...]:
    """Terms of the location model: ``a,b,a:b`` are two main effects and their interaction.

    Parameters
    ----------
    text : str
        Terms between commas, CSV-quoted where a name has one, with ":" between the names of an
        interaction. What is the name of a factor as a whole is that factor, also with a ":" in it.
    table : RunTable

    Returns
    -------
    tuple of tuple of str
        As written; a term that is there already is dropped. Main effects of an interaction's factors
        are not added.

    Raises
    ------
    UsageError
        Nothing written, a name that is no factor, a factor twice in one term, or more than three in it.
    """
    try:
        written = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error as error:  # a line break outside quotes
        raise UsageError(f'location terms "{text}" can\'t be read: {error}') from error
    if not "".join(written).strip():
        raise UsageError("the location terms are empty; write names, as a,b,a:b, or leave --location out")
    terms: dict[frozenset[str], Term] = {}
    for word in written:
        term = _term(word, table)
        terms.setdefault(frozenset(term), term)
    return tuple(terms.values())


def _term(word: str, table: RunTable) -> Term:
    """One term: as few names as can be, since a name may hold a ":" itself."""
    if not word.strip():
        raise UsageError("the location terms have an empty one between two commas; write them as a,b,a:b")
    parts = word.split(":")
    for cuts in range(LARGEST_TERM):
        for places in itertools.combinations(range(1, len(parts)), cuts):
            ends = [0, *places, len(parts)]
            names = [_known(":".join(parts[a:b]), table) for a, b in itertools.pairwise(ends)]
            found = tuple(name for name in names if name is not None)
            if len(found) == len(names):
                if len(set(found)) < len(found):
                    raise UsageError(f'the location term "{word}" has a factor twice')
                return found
    for part in parts:
        if _known(part, table) is None:
            table.factor(part.strip())  # says why it is none, and what there is
    raise UsageError(f'the location term "{word}" has {len(parts)} factors; {LARGEST_TERM} are the most')


def _known(text: str, table: RunTable) -> str | None:
    """The factor that a text names, perhaps with blanks around it."""
    return next((name for name in (text, text.strip()) if name in table.positions), None)


def location_text(terms: tuple[Term, ...]) -> str:
    """Location terms as `parse_location` reads them."""
    words = [":".join(term) for term in terms]
    return _line(words)


def _line(words: Sequence[str]) -> str:
    """A line of CSV: quoted is what has blanks around it, a line break, or a sign of the grammar, and what is empty."""
    risky = [not word or word != word.strip() or any(sign in word for sign in ',"\r\n') for word in words]
    return ",".join('"' + word.replace('"', '""') + '"' if r else word for word, r in zip(words, risky, strict=True))


def parse_versus(text: str, table: RunTable) -> Versus:
    """Filters in one text: ``a=on,b=off``; a name twice keeps both levels.

    Parameters
    ----------
    text : str
        ``SWITCH=LEVEL`` between commas, each CSV-quoted where it has one. Nothing at all is all runs.
    table : RunTable

    Returns
    -------
    Versus

    Raises
    ------
    UsageError
        A switch or level that is not there.
    """
    try:
        words = next(csv.reader([text]), [])
    except csv.Error as error:
        raise UsageError(f'--versus "{text}" can\'t be read: a line break stands in quotes, as "A=x"') from error
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        name, levels = _split(word, table, "--versus", lambda level: (level,))
        found[name] = (*found.get(name, ()), *levels)
    return Versus(Slice.of(table, found).filters)


def versus_text(versus: Versus) -> str:
    """A second slice's filters as `parse_versus` reads them."""
    return _line([f"{name}={level}" for name, levels in versus.filters for level in levels])


def _levels(text: str) -> tuple[str, ...]:
    """A line of CSV; nothing at all is one empty level."""
    try:
        return tuple(next(csv.reader([text]), [])) or ("",)
    except csv.Error:  # a line break outside quotes
        return (text,)


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    name, sign, value = text.rpartition("=")
    if not sign or not name:
        raise UsageError(f'{option} "{text}" has no "="; write {option} {form}')
    return name, value


def _role(text: str) -> tuple[str, Role]:
    name, role = _pair(text, "--role", "COLUMN=ROLE")
    if role not in ROLES:
        raise UsageError(f'no role "{role}"; {one_of(role, ROLES)}')
    return name, role


def choice_words(choices: Choices) -> list[str]:
    """What was chosen about the columns, as words of a command line: what a look does not hold."""
    words = [] if choices.table is None else option_words("--table", choices.table)
    for option, chosen in (("--role", choices.roles), ("--on", choices.on)):
        words += [word for name, value in chosen.items() for word in option_words(option, f"{name}={value}")]
    return words


def option_words(option: str, value: str) -> list[str]:
    """An option with its value; a value that begins with a dash would pass for an option by itself."""
    return [f"{option}={value}"] if value.startswith("-") else [option, value]


def command_line(look: Look, source: str, view: str, extra: Sequence[str] = ()) -> str:
    """The `ablate-tui show` that gives a look again, ready to paste into a shell."""
    import shlex

    words = ["ablate-tui", "show", f"./{source}" if source.startswith("-") else source, "--view", view]
    for name, levels in look.slice.filters:
        words += option_words("--set", f"{name}={_line(levels)}")
    for option, value in (
        ("--contrast", look.slice.contrast),
        ("--color", look.color),
        ("--response", look.response),
        ("--goal", look.goal),
        ("--target", None if look.target == "mean" else look.target),
        ("--location", None if look.slice.location is None else location_text(look.slice.location)),
        ("--fail", look.fail or None),
        ("--versus", None if look.versus is None else versus_text(look.versus)),
    ):
        if value is not None:
            words += option_words(option, value)
    return shlex.join([*words, *extra])


def names(text: str) -> tuple[str, ...]:
    """Names in a line of CSV."""
    return tuple(name.strip() for name in _levels(text) if name.strip())

"""Options that are written, read, and written again: terms of the location model, whole slices."""

from __future__ import annotations

import argparse
import itertools
import shlex
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.queries.make import sweep

from ablate_tui.data.errors import UsageError
from ablate_tui.queries.slices import Slice, Versus
from ablate_tui.tui.session import Look
from ablate_tui.tui.slice_arguments import add
from ablate_tui.tui.slice_options import command_line, location_text, parse_location, parse_versus, read

NAMES = ("a", "b", "c", "d", "a:b", "x,y", 'say "z"', "none", " blank", "line\nbreak", ":", "e:")
TABLE = sweep(pd.DataFrame({name: [True, False] for name in NAMES} | {"constant": [1, 1], "y": [1.0, 2.0]}))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("a", [("a",)]),
        ("a,c,a:c", [("a",), ("c",), ("a", "c")]),
        ("c:a", [("c", "a")]),
        ("a:c:d", [("a", "c", "d")]),
        ("a:b", [("a:b",)]),  # an exact name comes first
        ("b:a", [("b", "a")]),
        ("a:b:c", [("a:b", "c")]),  # and as few names as can be
        ("c:a:b:d", [("c", "a:b", "d")]),
        ('"x,y",a', [("x,y",), ("a",)]),
        ('"x,y:a"', [("x,y", "a")]),
        ('"say ""z""":a', [('say "z"', "a")]),
        ('"say ""z"":a"', [('say "z"', "a")]),
        ("none", [("none",)]),
        ('" blank"', [(" blank",)]),
        (" a , c : d ", [("a",), ("c", "d")]),
        (":", [(":",)]),
        ("a:::c", [("a", ":", "c")]),
        ("e::a", [("e:", "a")]),
        ("a,c,a,a:c,c:a", [("a",), ("c",), ("a", "c")]),  # what is there already is dropped
        ("a:c", [("a", "c")]),  # and no main effect is added
    ],
)
def test_reading(text, terms):
    """Exact names first, then split at each ":"; commas as in a CSV file."""
    assert parse_location(text, TABLE) == tuple(terms)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "are empty"),
        ("  ", "are empty"),
        ('""', "are empty"),
        ("a,,b", "empty one between two commas"),
        ("a,nonne", 'no switch "nonne"; did you mean "none"'),
        ("a:q", 'no switch "q"'),
        ("a:", 'no switch ""'),
        ("constant", '"constant" has one level'),
        ("a:y", '"y" is taken as response'),
        ("a:a", "a factor twice"),
        ("a:c:a", "a factor twice"),
        ("d:c:b:a", "has 4 factors; 3 are the most"),
        ("a\nb", "can't be read"),
    ],
)
def test_what_can_not_be_read(text, words):
    """One line that says what is wrong, with the nearest name."""
    with pytest.raises(UsageError) as error:
        parse_location(text, TABLE)
    assert words in str(error.value)


@given(st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True), min_size=1, max_size=6))
def test_what_is_written_is_read_again(lists):
    """Every model whose terms have no shorter reading comes back as it was."""
    terms = []
    for names in lists:
        shorter = any(
            ":".join(names) == ":".join(other)
            for size in range(1, 4)
            for other in itertools.permutations(NAMES, size)
            if other != tuple(names)
        )
        if not shorter and all(set(names) != set(term) for term in terms):
            terms.append(tuple(names))
    if terms:
        assert parse_location(location_text(tuple(terms)), TABLE) == tuple(terms)


LEVELS = ("", " ", "a,b", 'say "z"', "two\nlines", "on", "x=1", "-1", "正", "[red]", "\x1b[31m", "it's", "\\", "\r")
BITING = sweep(
    pd.DataFrame(
        {name: [*LEVELS[at:], *LEVELS[:at]] for at, name in enumerate((*NAMES, "-dash", "a:b=x"))}
        | {"y": [0.5] * len(LEVELS)}
    ),
    factors=(*NAMES, "-dash", "a:b=x"),
)
FILTERS = st.dictionaries(
    st.sampled_from([factor.name for factor in BITING.factors]),
    st.lists(st.sampled_from(LEVELS), min_size=1, max_size=3, unique=True).map(tuple),
    max_size=4,
)


class OfBiting:
    """A session, as far as options ask for one."""

    def table(self, response, goal):
        return BITING


def looked_at(line: str) -> Look:
    """The look that a command line of `show` asks for, by way of a shell's splitting."""
    words = shlex.split(line)
    assert words[:2] == ["ablate-tui", "show"]
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("source")
    parser.add_argument("--view")
    add(parser)
    options = parser.parse_args(words[2:])
    return replace(
        read(options).look(OfBiting()),
        response=options.response,
        goal=options.goal,
        fail=options.fail,
    )


@given(FILTERS, st.one_of(st.none(), FILTERS), st.sampled_from([None, "a", "-dash", "x,y"]),
       st.sampled_from([None, "y", "-y", 'log("it\'s")\n+ 1']), st.sampled_from(["mean", "spread"]))  # fmt: skip
def test_a_command_line_gives_its_slice_again(filters, versus, contrast, response, target):
    """Through the shell and the parser, whatever is in names and levels."""
    look = Look(
        slice=Slice.of(BITING, filters, contrast),
        response=response,
        target=target,
        color=contrast,
        versus=None if versus is None else Versus(Slice.of(BITING, versus).filters),
    )
    assert looked_at(command_line(look, "it's a file.csv", "effects")) == look


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a=nowhere", 'no level "nowhere"'),
        ("nonne=1", 'no switch "nonne"'),
        ("a=two\nlines", "a line break stands in quotes"),
        ("a=on,b", 'has no "="'),
    ],
)
def test_a_second_slice_that_can_not_be_read(text, words):
    """One line that says what is wrong."""
    with pytest.raises(UsageError) as error:
        parse_versus(text, BITING)
    assert words in str(error.value)

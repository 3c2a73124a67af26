"""Tables as text, Markdown and CSV."""

import csv
import io
import json
import re

import pytest

from ablate_tui.tui import formats
from ablate_tui.tui.figure import Table, TableColumn

TABLE = Table(
    (TableColumn("name", "name", numeric=False), TableColumn("value", "value")),
    (("開關", 0.123456789012345), ("a|b\x1b[31m", None), ("long name", -1234)),
    title="T",
    notes=("a note",),
)


@pytest.mark.parametrize(
    ("value", "digits", "words"),
    [
        (None, 4, "–"), (0.0, 4, "0"), (2.28765, 4, "2.288"), (-0.0123456, 3, "−0.0123"), (9999.4, 4, "9999"),
        (28253.4, 4, "28,253"), (-463.2, 2, "−463"), (999_999.4, 2, "999,999"), (1_234_567, 4, "1.235e6"),
        (9.5e299, 2, "9.5e299"), (-2.5e7, 3, "−2.5e7"), (2.3e-28, 2, "2.3e−28"), (0.00001, 4, "1e−5"),
        (float("inf"), 4, "inf"),
    ],
)  # fmt: skip
def test_a_number_keeps_its_digits_and_is_short(value, digits, words):
    """Readable up to a million; beyond, no cell has its exponent cut off."""
    assert formats.number(value, digits) == words


def test_text_lines_up_in_cells():
    """CJK takes two cells, none is a dash, control characters are gone."""
    text = formats.as_text(TABLE)
    assert "\x1b" not in text
    lines = text.splitlines()
    assert lines[2] == "name        value"
    assert lines[4] == "開關       0.1235"
    assert lines[5] == "a|b�[31m        –"
    assert lines[6] == "long name  −1,234"
    assert lines[-1] == "a note"


def test_a_wide_table_goes_on_below():
    """In a terminal, columns that do not fit stand in another block, behind the first column again."""
    table = Table(
        tuple(TableColumn(name, name, numeric=name != "switch") for name in ("switch", "aaaa", "bbbb", "cccc")),
        (("use_norm", 1, 2, 3),),
        title="T",
    )
    assert formats.as_text(table, 20).splitlines() == [
        "T", "",
        "switch    aaaa  bbbb", "────────  ────  ────", "use_norm     1     2", "",
        "switch    cccc", "────────  ────", "use_norm     3",
    ]  # fmt: skip
    assert len(formats.as_text(table, None).splitlines()) == 5


def test_markdown_escapes_bars():
    """A bar in a name doesn't make a column."""
    line = next(line for line in formats.as_markdown(TABLE).splitlines() if "31m" in line)
    assert line == "| a\\|b�\\[31m | – |"


def test_markdown_shows_names_as_they_are():
    """Every sign that Markdown reads is escaped, in cells, title, headings and notes alike."""
    odd = "*a* `b` <i> | [x](y) &lt; ~~c~~ $x_1$ \\"
    made = formats.as_markdown(Table((TableColumn("n", odd, False),), ((odd,),), odd, (odd,)))
    plain = re.sub(r"\\.", "", made)
    assert not re.search(r"[`<\[\]~$]|&lt;", plain)
    assert plain.count("*") == 4  # the title is bold
    assert [line.count("|") for line in plain.splitlines() if line.startswith("|")] == [2, 2, 2]
    assert re.sub(r"\\(.)", r"\1", made).count(odd) == 4


def test_csv_keeps_every_digit():
    """CSV is for programs: field names, full precision, nothing for none, lists as JSON."""
    rows = [{"name": "a,b", "value": 0.123456789012345}, {"name": "c", "value": None, "levels": ["x", "y"]}]
    read = list(csv.reader(io.StringIO(formats.as_csv(rows))))
    assert read[0] == ["name", "value", "levels"]
    assert read[1][0] == "a,b"
    assert float(read[1][1]) == 0.123456789012345
    assert read[2][1] == ""
    assert json.loads(read[2][2]) == ["x", "y"]


def test_json_refuses_nan():
    """A NaN that slipped through would make invalid JSON."""
    with pytest.raises(ValueError, match="Out of range"):
        formats.as_json({"rows": [float("nan")]})
    assert json.loads(formats.as_json({"名": "開"})) == {"名": "開"}


@pytest.mark.parametrize(
    ("text", "cells", "made"), [("abc", 5, "abc  "), ("abcdef", 5, "abcd…"), ("開關開關", 6, "開關 …")]
)
def test_fit_fills_or_cuts(text, cells, made):
    """Always exactly so many cells."""
    assert formats.fit(text, cells) == made
    assert formats.width(made) == cells


PROSE = Table(
    (
        TableColumn("view", "view", numeric=False),
        TableColumn("text", "words", numeric=False, prose=True),
        TableColumn("p", "p"),
    ),
    (
        ("effects", "use_norm * [x](y) <b> narrows 95 % of it (q < .001)", 1.2345e-9),
        ("design", "開關 can't be told", None),
    ),
    title="Findings",
    notes=("a_note",),
)


def test_prose_is_numbered_paragraphs():
    """What stands beside a text follows it; nothing for none."""
    assert formats.as_text(PROSE).splitlines() == [
        "Findings",
        "",
        "1. use_norm * [x](y) <b> narrows 95 % of it (q < .001) (view effects, p 1.2e−9)",
        "2. 開關 can't be told (view design)",
        "",
        "a_note",
    ]


def test_prose_is_folded_under_its_number():
    """At spaces, in cells, but neither before a percent sign nor inside "q < .001"."""
    lines = formats.as_text(PROSE, 30).splitlines()[2:-2]
    assert max(map(formats.width, lines)) <= 30
    assert [line[:3] for line in lines if line[0] != " "] == ["1. ", "2. "]
    assert all(line.startswith("   ") for line in lines if not line[0].isdigit())
    text = " ".join(line[3:] for line in lines)
    assert text == " ".join(line[3:] for line in formats.as_text(PROSE).splitlines()[2:4])
    for room in range(24, 80):
        (folded,) = formats.fold(PROSE.columns[1], [PROSE.rows[0][1]], room)
        assert max(map(len, folded)) <= room
        assert sum("95 %" in line for line in folded) == sum("q < .001" in line for line in folded) == 1


def test_a_word_that_is_too_long_is_cut_up():
    (lines,) = formats.fold(PROSE.columns[1], ["a " + "開" * 20 + " b"], 24)
    assert lines == ["a", "開" * 12, "開" * 8 + " b"]


def test_prose_in_markdown_means_nothing_but_itself():
    """Signs of data are escaped; a name's underscore needs none."""
    lines = formats.as_markdown(PROSE).splitlines()
    assert lines[0] == "**Findings**"
    assert lines[2].startswith(r"1. use_norm \* \[x\](y) \<b> narrows 95 % of it (q < .001) (view effects")
    assert lines[-1] == "a_note"
    assert formats.escape_markdown("_a_ b_c |") == r"\_a\_ b_c \|"


def test_a_flag_is_as_wide_as_every_terminal_takes_it():
    """With the sign that asks for a coloured one, some draw it over one cell, others over two."""
    assert formats.clean("🏳\ufe0f flag") == "🏳 flag"
    assert formats.width(formats.clean("🏳\ufe0f")) == 1

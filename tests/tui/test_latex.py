"""LaTeX that shows what the data says, whatever is in it."""

from __future__ import annotations

import contextlib
import re
import string

import pytest

from ablate_tui.data.demo import demo_database
from ablate_tui.data.errors import UsageError
from ablate_tui.data.schema import Choices
from ablate_tui.queries.slices import Slice, Versus
from ablate_tui.tui.figure import Table, TableColumn
from ablate_tui.tui.latex import LONG, NAMED, as_latex, escape
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.show import text_of
from ablate_tui.tui.views.registry import VIEWS

SHOWN = {
    r"\textbackslash{}": "\\", r"\textasciicircum{}": "^", r"\textasciitilde{}": "~", r"\textless{}": "<",
    r"\textgreater{}": ">", r"\textbar{}": "|", r"{\ttfamily\symbol{34}}": '"', r"\textquotesingle{}": "'",
    r"\textasciigrave{}": "`", "{[}": "[", "{]}": "]", "{*}": "*", r"\kern0pt{}": "", r"\fbox{?}": "�",
    r"\{": "{", r"\}": "}", r"\$": "$", r"\&": "&", r"\#": "#", r"\%": "%", r"\_": "_",
}  # fmt: skip
ACTIVE = set("\\{}$&#%_^~<>|\"'`[]*")


def shown(latex: str) -> str:
    """What LaTeX would print: known commands as their sign; any other sign that means something is an error."""
    out, at = [], 0
    while at < len(latex):
        command = next((known for known in SHOWN if latex.startswith(known, at)), None)
        if command is None:
            assert latex[at] not in ACTIVE, f"{latex[at]!r} in {latex!r}"
            assert latex[at : at + 2] not in ("--", ",,"), "these would become one sign"
        out.append(latex[at] if command is None else SHOWN[command])
        at += len(command or " ")
    return "".join(out)


@pytest.mark.parametrize("sign", [chr(code) for code in range(128)])
def test_every_ascii_character_is_shown_as_itself(sign):
    """Alone, doubled, and within a word; control characters are replaced, as everywhere."""
    printed = sign if sign.isprintable() else "�"
    for text, wanted in ((sign, printed), (sign * 3, printed * 3), (f"a{sign}b", f"a{printed}b")):
        assert shown(escape(text)) == wanted


def test_all_at_once_and_other_scripts():
    text = string.printable[:95] * 2 + "開關 üß ا 🙂"
    assert shown(escape(text)) == text
    assert escape("a − b ≤ 5 × 2") == r"a $-$ b $\leq$ 5 $\times$ 2"
    assert all(not re.search("[^ -~]", named) for named in NAMED.values())


def table(rows: int) -> Table:
    columns = (TableColumn("s", "a_switch & more", numeric=False), TableColumn("v", "value"))
    return Table(columns, tuple((f"[x] {at}%", at + 0.5) for at in range(rows)), "100 % of it", ("a_note",))


@pytest.mark.parametrize("count", [0, 3, LONG, LONG + 1, 500])
def test_a_table_has_all_rows_and_the_rules_of_booktabs(count):
    """Beyond a page it goes on: `table` would float off the paper."""
    text = as_latex(table(count))
    kind = "longtable" if count > LONG else "tabular"
    assert text.count(rf"\begin{{{kind}}}{{lr}}") == text.count(rf"\end{{{kind}}}") == 1
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
    assert r"a\_switch \& more & value \\" in text
    lines = [line for line in text.splitlines() if line.startswith("{[}x{]}")]
    assert lines == [rf"{{[}}x{{]}} {at}\% & {cell} \\" for at, cell in enumerate(f"{n}.5" for n in range(count))]
    assert r"\caption{100 \% of it}" in text
    assert r"a\_note" in text


def test_prose_is_a_numbered_list():
    prose = Table((TableColumn("t", "t", False, prose=True), TableColumn("p", "p")), (("50 % & more", 0.5),), "Title")
    assert r"  \item 50 \% \& more (p 0.5)" in as_latex(prose).splitlines()
    assert r"\item" not in as_latex(Table(prose.columns, (), "Title"))


@pytest.mark.usefixtures("few_refits")
@pytest.mark.parametrize("look", ["slice", "failures", "two slices"])
def test_no_view_has_a_sign_that_pdflatex_refuses(look):
    """Of the shipped sweep, whose names are ASCII."""
    session = Session.open(str(demo_database(lambda words: None)), Choices(), keep=False)
    first, second = session.table(None, None).factors[:2]
    kept, other = (((second.name, (level,)),) for level in second.levels[:2])
    looked = {
        "slice": Look(slice=Slice((), first.name)),
        "failures": Look(slice=Slice((), first.name), fail="val_loss > 2.5"),
        "two slices": Look(slice=Slice(kept, first.name), versus=Versus(other, "the others")),
    }[look]
    found = {}
    for name in VIEWS:
        with contextlib.suppress(UsageError):  # a sweep without curves
            found[name] = set(re.findall("[^\n -~]", text_of(session, looked, name, "latex")))
    session.close()
    assert len(found) > 8
    assert {name: signs for name, signs in found.items() if signs} == {}

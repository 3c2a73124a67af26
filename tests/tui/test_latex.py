"""LaTeX that shows what the data says, whatever is in it."""

from __future__ import annotations

import re
import string

import pytest

from ablate_tui.tui.figure import Table, TableColumn
from ablate_tui.tui.latex import LONG, NAMED, as_latex, escape

SHOWN = {
    r"\textbackslash{}": "\\", r"\textasciicircum{}": "^", r"\textasciitilde{}": "~", r"\textless{}": "<",
    r"\textgreater{}": ">", r"\textbar{}": "|", r"\symbol{34}": '"', r"\textquotesingle{}": "'",
    r"\textasciigrave{}": "`", "{[}": "[", "{]}": "]", "{*}": "*", r"\kern0pt{}": "",
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

"""A table for a paper: LaTeX with the rules of booktabs."""

from __future__ import annotations

import re

from ablate_tui.tui.figure import Table
from ablate_tui.tui.formats import cell, clean, told

LONG = 40  # rows from which a table goes on on the next page

# what means something to LaTeX, as what shows the sign itself in every font encoding, also after a line's end
# (brackets, stars) and beside its like (dashes, commas, which would join); the straight quote is in the typewriter's
# letters in all of them, in others it would be a curved one
SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"{\ttfamily\symbol{34}}", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
    "[": "{[}", "]": "{]}", "*": "{*}",
}  # fmt: skip
# signs that this program writes, and that pdfLaTeX knows under a name only
NAMED = {
    "−": "$-$", "×": r"$\times$", "·": r"$\cdot$", "±": r"$\pm$", "≤": r"$\leq$", "≥": r"$\geq$", "≠": r"$\neq$",
    "≈": r"$\approx$", "→": r"$\rightarrow$", "∞": r"$\infty$", "Δ": r"$\Delta$", "μ": r"$\mu$", "σ": r"$\sigma$",
    "²": r"$^2$", "³": r"$^3$", "½": r"$\frac12$", "–": "--", "—": "---", "…": r"\ldots{}", "\N{NO-BREAK SPACE}": "~",
    "▲": r"$\blacktriangle$", "◆": r"$\blacklozenge$", "◇": r"$\lozenge$", "□": r"$\square$",
    "√": r"$\surd$", "✗": r"\ding{55}", "◈": r"\ding{118}",
    "�": r"\fbox{?}",
}  # fmt: skip


def escape(text: str) -> str:
    """A text from data as LaTeX that shows it as it is.

    Letters of other scripts stay: XeLaTeX and LuaLaTeX show them in a font that has them.
    """
    apart = re.sub(r"([-,])(?=\1)", "\\1\0", clean(text))
    return "".join(SPECIAL.get(sign) or NAMED.get(sign, sign) for sign in apart).replace("\0", r"\kern0pt{}")


def as_latex(table: Table) -> str:
    """A booktabs table of all rows; a long one goes on over the pages; prose becomes a numbered list.

    The first lines, comments, name the packages that it needs.
    """
    title = escape(table.title)
    notes = [escape(note) for note in table.notes]
    if any(column.prose for column in table.columns):
        items = [rf"  \item {escape(str(text))}" for (text,) in told(table).rows]
        body = [rf"\paragraph{{{title}}}"] if title else []
        body += [r"\begin{enumerate}", *items, r"\end{enumerate}"] if items else []
        return "\n".join([*_needs(()), *body, *notes]) + "\n"
    columns = "".join("r" if column.numeric else "l" for column in table.columns)
    head = _row([clean(column.label) for column in table.columns])
    rows = [_row([cell(value) for value in row]) for row in table.rows]
    if len(rows) > LONG:
        caption = [rf"\caption{{{title}}} \\"] if title else []
        return "\n".join([
            *_needs(("booktabs", "longtable")),
            rf"\begin{{longtable}}{{{columns}}}", *caption,
            r"\toprule", head, r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot", *rows,
            r"\end{longtable}", *notes,
        ]) + "\n"  # fmt: skip
    caption = [rf"\caption{{{title}}}"] if title else []
    told_notes = [r"\par\smallskip\footnotesize " + r" \\ ".join(notes)] if notes else []
    return "\n".join([
        *_needs(("booktabs",)),
        r"\begin{table}", r"\centering", *caption,
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule", head, r"\midrule", *rows, r"\bottomrule",
        r"\end{tabular}", *told_notes, r"\end{table}",
    ]) + "\n"  # fmt: skip


def _needs(packages: tuple[str, ...]) -> list[str]:
    names = ",".join((*packages, "amssymb", "pifont", "textcomp"))
    return [rf"% needs \usepackage{{{names}}}; letters of other scripts need XeLaTeX or LuaLaTeX"]


def _row(cells: list[str]) -> str:
    return " & ".join(escape(text) for text in cells) + r" \\"

"""Fonts and settings of pictures."""

from __future__ import annotations

from functools import cache
from typing import Any

from ablate_tui.tui.painters.palette import colour, hexed, ink

# sans-serif fonts with CJK glyphs, used where they are installed
_CJK = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Noto Sans JP",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "SimHei",
    "Arial Unicode MS",
)
SIZE = 8.5  # points, of tick labels and the like


def families() -> list[str]:
    """DejaVu Sans, which matplotlib brings along, then what is installed for other scripts."""
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in _CJK if name in installed)]


def settings(dark: bool) -> dict[str, Any]:
    """matplotlib's settings for one picture."""
    words, lines = hexed(ink(dark)), hexed(colour("muted", dark))
    return {
        "font.family": families(),
        "font.size": SIZE,
        "text.parse_math": False,  # "$" and "_" in a name are text
        "text.usetex": False,
        "text.hinting": "none",  # else words are up to a tenth wider at one resolution than at another
        "text.color": words,
        "axes.labelcolor": words,
        "axes.edgecolor": lines,
        "axes.facecolor": "none",
        "axes.linewidth": 0.7,
        "axes.unicode_minus": True,
        "axes.formatter.useoffset": False,
        "axes.formatter.use_mathtext": False,
        "axes.formatter.limits": (-4, 6),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.labelsize": SIZE,
        "xtick.labelsize": SIZE,
        "ytick.labelsize": SIZE,
        "xtick.color": lines,
        "ytick.color": lines,
        "xtick.labelcolor": words,
        "ytick.labelcolor": words,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "xtick.major.size": 3,
        "ytick.major.size": 3,
        "grid.color": lines,
        "grid.alpha": 0.28,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "legend.fontsize": SIZE,
        "hatch.linewidth": 0.8,
        "svg.fonttype": "path",
        "svg.hashsalt": "ablate-tui",
        "pdf.fonttype": 42,
        "savefig.bbox": None,
        "path.simplify": True,
    }


@cache
def has_glyph(character: str) -> bool:
    """Whether an installed font of ours can draw a character."""
    from matplotlib import font_manager

    paths = [font_manager.findfont(name) for name in families()]
    return any(font_manager.get_font(path).get_char_index(ord(character)) for path in paths)

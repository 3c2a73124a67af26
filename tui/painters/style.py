"""matplotlib's settings for pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ablate_tui.tui.painters.palette import colour, hexed, ink

SIZE = 8.5  # points, of tick labels and the like


def settings(dark: bool, fonts: Sequence[str]) -> dict[str, Any]:
    """matplotlib's settings for one picture."""
    words, lines = hexed(ink(dark)), hexed(colour("muted", dark))
    return {
        "font.family": list(fonts),
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

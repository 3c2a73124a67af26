"""Experiments of textbooks and papers: their runs, and the figures that are printed about them.

Each function gives a frame (factors 0 and 1, response "y") and a dictionary of printed figures; the pages
are those of the source named in its docstring.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd


def factorial(names: str) -> pd.DataFrame:
    """All combinations of switches 0 and 1 in standard order: the first one changes fastest."""
    rows = [row[::-1] for row in product((0, 1), repeat=len(names))]
    return pd.DataFrame(rows, columns=list(names))


def generated(frame: pd.DataFrame, word: str, negative: bool = False) -> np.ndarray:
    """The product of some switches' signs as a switch."""
    signs = np.prod(2 * frame[list(word)].to_numpy() - 1, axis=1)
    return ((-signs if negative else signs) > 0).astype(int)


def pilot_plant() -> tuple[pd.DataFrame, dict[str, Any]]:
    """Yield of a pilot plant: temperature, concentration and catalyst, 2³ run twice.

    Box, G. E. P., Hunter, W. G. & Hunter, J. S. (1978). Statistics for experimenters. Wiley. Runs and
    variances: table 10.3, p. 320; effects and their standard error: p. 317.
    """
    first = [59, 74, 50, 69, 50, 81, 46, 79]
    second = [61, 70, 58, 67, 54, 85, 44, 81]
    frame = pd.concat(
        [factorial("TCK").assign(run=1, y=first), factorial("TCK").assign(run=2, y=second)], ignore_index=True
    )
    return frame, {
        "mean": 64.25,
        "effects": {"T": 23.0, "C": -5.0, "K": 1.5, "T:C": 1.5, "T:K": 10.0, "C:K": 0.0, "T:C:K": 0.5},
        "variances": [2, 8, 32, 2, 8, 8, 2, 2],
        "pure_error": 8.0,
        "pure_error_degrees": 8,
        "effect_error": 1.4,
    }


def filtration() -> tuple[pd.DataFrame, dict[str, Any]]:
    """Filtration rate: temperature, pressure, concentration and stirring rate, 2⁴ without replicates.

    Montgomery, D. C. (2013). Design and analysis of experiments, 8th ed. Wiley. Runs: table 6.10, p. 257;
    effects: table 6.12, p. 258; Lenth's method: p. 263.
    """
    y = [45, 71, 48, 65, 68, 60, 80, 65, 43, 100, 45, 104, 75, 86, 70, 96]
    return factorial("ABCD").assign(y=y), {
        "effects": {
            "A": 21.625, "B": 3.125, "C": 9.875, "D": 14.625, "A:B": 0.125, "A:C": -18.125, "A:D": 16.625,
            "B:C": 2.375, "B:D": -0.375, "C:D": -1.125, "A:B:C": 1.875, "A:B:D": 4.125, "A:C:D": -1.625,
            "B:C:D": -2.625, "A:B:C:D": 1.375,
        },
        "pse": 2.625,
        "me": 6.75,
        "sme": 13.70,
        "beyond_sme": {"A", "A:C", "A:D", "D"},
        "beyond_me": {"A", "A:C", "A:D", "D", "C"},
    }  # fmt: skip


def panels() -> tuple[pd.DataFrame, dict[str, Any]]:
    """Defects of aircraft panels: temperature, clamp time, resin flow and closing time, 2⁴.

    Montgomery (2013). Runs: figure 6.26, p. 272; the active effects: p. 271; residual SDs at + and − and
    ln F* of the model A + C: table 6.17, p. 273. The printed ln F* are worked out from the rounded SDs.
    """
    y = [5, 11, 3.5, 9, 0.5, 8, 1.5, 9.5, 6, 12.5, 8, 15.5, 1, 6, 5, 5]
    return factorial("ABCD").assign(y=y), {
        "effects": {"A": 5.75, "C": -4.25},
        "location": ("A", "C"),
        "residual_sds": {"B": (2.72, 0.83), "C": (1.91, 2.20), "A:C": (1.81, 2.24), "B:C": (1.80, 2.26)},
        "ln_f_star": {
            "A": 0.39, "B": 2.37, "A:B": 0.34, "C": -0.28, "A:C": -0.43, "B:C": -0.46, "A:B:C": -0.44, "D": 0.74,
            "A:D": 0.12, "B:D": 0.70, "A:B:D": -0.14, "C:D": 0.40, "A:C:D": -0.70, "B:C:D": 0.20, "A:B:C:D": -0.74,
        },
        "ln_f_star_of_B": 2.386,  # from the residuals themselves
    }  # fmt: skip


def injection_moulding() -> tuple[pd.DataFrame, dict[str, Any]]:
    """Shrinkage of moulded parts: temperature, screw speed, holding time, cycle time, gate, pressure, 2⁶⁻².

    Montgomery (2013). Runs: table 8.10, p. 337; effects with their aliases: table 8.11, p. 337; ln F* of the
    model A + B + AB: table 8.12, p. 339. E = ABC, F = BCD.
    """
    frame = factorial("ABCD")
    frame = frame.assign(E=generated(frame, "ABC"), F=generated(frame, "BCD"))
    y = [6, 10, 32, 60, 4, 15, 26, 60, 8, 12, 34, 60, 16, 5, 37, 52]
    return frame.assign(y=y), {
        "effects": {
            "A": 13.875, "B": 35.625, "C": -0.875, "D": 1.375, "E": 0.375, "F": 0.375, "A:B = C:E": 11.875,
            "A:C = B:E": -1.625, "A:D = E:F": -5.375, "A:E = B:C = D:F": -1.875, "A:F = D:E": 0.625,
            "B:D = C:F": -0.125, "B:F = C:D": -0.125, "A:B:D": 0.125, "A:B:F": -4.875,
        },
        "location": ("A", "B", "A:B"),
        "ln_f_star": {
            "A": -0.38, "B": -0.19, "A:B = C:E": 0.11, "C": 2.50, "A:C = B:E": -0.42, "A:E = B:C = D:F": -0.23,
            "E": -0.04, "D": 0.51, "A:D = E:F": 0.42, "B:D = C:F": -0.19, "A:B:D": 0.52, "B:F = C:D": 0.51,
            "F": -0.31, "A:F = D:E": 0.72,
        },
    }  # fmt: skip


def welding() -> tuple[pd.DataFrame, dict[str, Any]]:
    """Tensile strength of welds in nine switches, 2⁹⁻⁵, the data of Taguchi & Wu (1980).

    Lenth, R. V. (1989). Quick and easy analysis of unreplicated factorials. Technometrics 31(4), 469–473,
    his example II. Runs: table 2, p. 471; contrasts: table 3, p. 471; margins: p. 470. P = WCR, M = −TWCR,
    A = −TR, O = −TC, H = TCR; a contrast that the table gives for −O, −A or −M has its sign turned here.
    Box, G. E. P. & Meyer, R. D. (1986), Technometrics 28(1), 19–27, find that M, the material, sets the spread.
    """
    frame = factorial("TWCR")
    frame = frame.assign(
        P=generated(frame, "WCR"),
        M=generated(frame, "TWCR", negative=True),
        A=generated(frame, "TR", negative=True),
        O=generated(frame, "TC", negative=True),
        H=generated(frame, "TCR"),
    )
    y = [43.7, 40.2, 42.4, 44.7, 42.4, 45.9, 42.2, 40.6, 42.4, 45.5, 43.6, 40.6, 44.0, 40.2, 42.5, 46.5]
    return frame.assign(y=y), {
        "mean": 42.96,
        "effects": {
            "T": 0.12, "W": -0.15, "C": 0.15, "R": 0.40, "P": 2.15, "M": -3.10, "A": 0.05, "O": -0.40, "H": -0.37,
            "T:W": 0.30, "W:C": -0.02, "W:R": 0.42, "W:A": -0.13, "C:R": 0.12, "W:O": -0.37,
        },
        "aliases": {"T": "C:O R:A P:M", "P": "T:M", "M": "T:P W:H", "C:R": "T:H W:P A:O", "W:C": "R:P M:A"},
        "pse": 0.225,
        "me": 0.58,
        "sme": 1.17,
        "beyond_sme": {"P", "M"},
    }  # fmt: skip


def isatin() -> tuple[pd.DataFrame, dict[str, Any]]:
    """Yield of isatin: acid strength, time, amount of acid and temperature, 2⁴.

    Lenth (1989), his example IV, the data of Davies (1954) less 6. Runs: table 2, p. 471; contrasts: table 3,
    p. 471; margins: p. 470. No contrast is beyond the margin of error.
    """
    y = [0.08, 0.04, 0.53, 0.43, 0.31, 0.09, 0.12, 0.36, 0.79, 0.68, 0.73, 0.08, 0.77, 0.38, 0.49, 0.23]
    return factorial("StAT").assign(y=y), {
        "effects": {
            "S": -0.191, "t": -0.021, "S:t": -0.001, "A": -0.076, "S:A": 0.034, "t:A": -0.066, "S:t:A": 0.149,
            "T": 0.274, "S:T": -0.161, "t:T": -0.251, "S:t:T": -0.101, "A:T": -0.026, "S:A:T": -0.006,
            "t:A:T": 0.124, "S:t:A:T": 0.019,
        },
        "pse": 0.114,
        "me": 0.29,
        "sme": 0.60,
        "beyond_me": set(),
    }  # fmt: skip


LENTH_QUANTILES = {  # contrasts: t(.975) and t(γ) on m/3 degrees of freedom; Lenth (1989), table 1, p. 470
    7: (3.76, 9.01),
    15: (2.57, 5.22),
    31: (2.22, 4.22),
    63: (2.08, 3.91),
    127: (2.02, 3.84),
    255: (1.99, 3.89),
}


def npk() -> tuple[pd.DataFrame, dict[str, Any]]:
    """Yield of peas: nitrogen, phosphate and potash in six blocks, N:P:K confounded with the blocks.

    Venables, W. N. & Ripley, B. D. (2002). Modern applied statistics with S, 4th ed. Springer. Section 6.7,
    p. 165 ff.; the data set `npk` of R, and its analysis of variance of yield ~ block + N*P*K: per term the
    degrees of freedom, sum of squares and p.
    """
    plots = """
    1 0 1 1 49.5  1 1 1 0 62.8  1 0 0 0 46.8  1 1 0 1 57.0  2 1 0 0 59.8  2 1 1 1 58.5  2 0 0 1 55.5  2 0 1 0 56.0
    3 0 1 0 62.8  3 1 1 1 55.8  3 1 0 0 69.5  3 0 0 1 55.0  4 1 0 0 62.0  4 1 1 1 48.8  4 0 0 1 45.5  4 0 1 0 44.2
    5 1 1 0 52.0  5 0 0 0 51.5  5 1 0 1 49.8  5 0 1 1 48.8  6 1 0 1 57.2  6 1 1 0 59.0  6 0 1 1 53.2  6 0 0 0 56.0
    """
    rows = np.array(plots.split(), dtype=float).reshape(24, 5)
    frame = pd.DataFrame(rows[:, :4].astype(int), columns=["block", "N", "P", "K"]).assign(y=rows[:, 4])
    return frame, {
        "effects": {"N": 5.617, "P": -1.183, "K": -3.983},
        "anova": {
            "block": (5, 343.2950, 0.01594),
            "N": (1, 189.2817, 0.00437),
            "P": (1, 8.4017, 0.47490),
            "K": (1, 95.2017, 0.02880),
            "N:P": (1, 21.2817, 0.26317),
            "N:K": (1, 33.1350, 0.16865),
            "P:K": (1, 0.4817, 0.86275),
        },
        "residual": (12, 185.2867),
    }

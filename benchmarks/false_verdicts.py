"""How often a verdict is wrong, and how often a true effect gets one: sweeps with a known truth.

    python benchmarks/false_verdicts.py              # 500 sweeps a scenario, writes docs/false_verdicts.md
    python benchmarks/false_verdicts.py --sweeps 100 --only "64 of 1,024 × 3" --only "strong"

Every sweep is judged by `queries.verdicts` and, beside it, by the tests that a notebook runs over runs:
Mann-Whitney and Welch for a shift, Brown-Forsythe for the spread. A scenario is a design and a truth; its
sweeps depend on nothing but their names and the sweep's number.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from judged_sweeps import (
    CLAIMS,
    TESTS,
    Judged,
    Power,
    Share,
    any_verdict,
    false_discoveries,
    judge,
    run_level,
    together,
)
from simulated_sweeps import DESIGNS, OVERLAP, SEED_SD, SHIPPED, TOP, TRUTHS, Design, Scenario, Truth, scenarios

from ablate_tui.queries.inference.verdicts import SIGNIFICANT

SWEEPS = 500
CHUNK = 50  # sweeps handed to a process at once


def run(work: tuple[Scenario, int, int]) -> Judged:
    """Judge the sweeps first … last − 1 of a scenario."""
    scenario, first, last = work
    return together([judge(scenario.sweep(number)) for number in range(first, last)])


def run_all(chosen: Sequence[Scenario], sweeps: int, processes: int) -> dict[str, Judged]:
    """Judge all sweeps, with a line of progress a scenario."""
    work = [(scenario, first, min(first + CHUNK, sweeps)) for scenario in chosen for first in range(0, sweeps, CHUNK)]
    parts: dict[str, list[Judged]] = {}
    begin = time.monotonic()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # a process has one thread: read when it imports numpy
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for (scenario, _, last), part in zip(work, pool.imap(run, work), strict=True):
            parts.setdefault(scenario.name, []).append(part)
            if last == sweeps:
                print(f"{time.monotonic() - begin:6.0f} s  {scenario.name}", file=sys.stderr)
    return {name: together(found) for name, found in parts.items()}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def marked(share: Share, most: float = SIGNIFICANT) -> str:
    """A share that is larger than it may be by more than two standard errors is printed bold."""
    return f"**{share}**" if share.value - 2 * share.error > most else str(share)


def null_table(found: dict[str, Judged]) -> str:
    """Sweeps in which nothing is there to be found."""
    truths = [truth for truth in TRUTHS if truth.null]
    rows = []
    for design in DESIGNS:
        row = [design.name]
        for truth in truths:
            judged = found.get(f"{design.name}: {truth.name}")
            if judged is None:
                continue
            at_05, by_q = (Share.of(run_level(judged, adjusted)[0].any(axis=1)) for adjusted in (False, True))
            row += [marked(any_verdict(judged)), str(at_05), str(by_q)]
        if len(row) == 1 + 3 * len(truths):
            rows.append(row)
    heads = [f"{truth.tail}: {what}" for truth in truths for what in ("ours", "run-level .05", "run-level q")]
    return table(["design", *heads], rows)


def discovery_table(found: dict[str, Judged]) -> str:
    """Sweeps with effects: mean false discovery proportions."""
    truths = [truth for truth in TRUTHS if not truth.null]
    rows = []
    for design in DESIGNS:
        row = [design.name]
        for truth in truths:
            judged = found.get(f"{design.name}: {truth.name}")
            if judged is None:
                row.append("–")
                continue
            claims, false = run_level(judged, True)
            discoveries = Share.of(false.sum(axis=1) / np.maximum(claims.sum(axis=1), 1))
            some = Share.of(run_level(judged, False)[1].any(axis=1))
            row.append(f"{marked(false_discoveries(judged))} / {discoveries} / {some.value * 100:.0f}")
        if set(row[1:]) != {"–"}:
            rows.append(row)
    return table(["design", *(truth.name for truth in truths)], rows)


def power_table(found: dict[str, Judged], truth: Truth) -> str:
    """One true effect: how often it is found."""
    ours, claim = ("location", "shift") if truth.shift else ("noise", "noise")
    peers = peers_of(truth)
    rows = []
    for design in DESIGNS:
        judged, without = (found.get(f"{design.name}: {name}") for name in (truth.name, truth.without))
        if judged is None or without is None:
            continue
        at = strong_of(design, truth)
        mine, *theirs = (Power.beside(judged, without, test, at, design.alike(at)) for test in (ours, *peers))
        row = [design.name, str(Share.of(judged.claims[claim][:, at])), *figures(mine)]
        for peer in theirs:
            less = mine.less(peer)
            sign = "**" if less.value < -2 * less.error else ""
            row += [*figures(peer), f"{sign}{100 * less.value:+.1f} ± {100 * less.error:.1f}{sign}"]
        rows.append(row)
    names = {"mann_whitney": "Mann-Whitney", "welch": "Welch", "brown_forsythe": "Brown-Forsythe"}
    each = ("p < .05", "level", "at true .05")
    heads = [f"{names[peer]}: {what}" for peer in peers for what in (*each, "ours less it")]
    return table(["design", "verdict", *each, *heads], rows)


def peers_of(truth: Truth) -> tuple[str, ...]:
    """The run-level tests that look for its target."""
    return ("mann_whitney", "welch") if truth.shift else ("brown_forsythe",)


def size_table(found: dict[str, Judged]) -> str:
    """Power where one critical value a design has to do, whatever the other switches do."""
    truths = [truth for truth in TRUTHS if truth.without]
    rows = []
    for design in DESIGNS:
        nulls = [found.get(f"{design.name}: {name}") for name in sorted({truth.without for truth in truths})]
        row = [design.name]
        for truth in truths:
            judged = found.get(f"{design.name}: {truth.name}")
            if judged is None or None in nulls:
                continue
            ours, claim = ("location", "mean") if truth.shift else ("noise", "scale")
            at, known = strong_of(design, truth), [null for null in nulls if null is not None]
            mine, *theirs = (Power.anywhere(judged, known, test, at, claim) for test in (ours, *peers_of(truth)))
            less = min((mine.less(peer) for peer in theirs), key=lambda share: share.value)
            sign = "**" if less.value < -2 * less.error else ""
            values = " / ".join(f"{100 * one.at_true_level:.1f}" for one in (mine, *theirs))
            row += [values, f"{sign}{100 * less.value:+.1f} ± {100 * less.error:.1f}{sign}"]
        if len(row) > 1 + len(truths):
            rows.append(row)
    heads = [head for truth in truths for head in (truth.name, "ours less the best")]
    return table(["design", *heads], rows)


def figures(power: Power) -> tuple[str, str, str]:
    """Power and level at p < .05, and the power where the level is .05."""
    return str(Share.of(power.target < SIGNIFICANT)), f"{100 * power.level:.1f}", f"{100 * power.at_true_level:.1f}"


def strong_of(design: Design, truth: Truth) -> int:
    """How many of the truth's strong switches a design has room for; also the target's place."""
    return min(truth.strong, design.switches - 2) if design.switches < 6 else truth.strong


def interaction_table(found: dict[str, Judged]) -> str:
    """A pure interaction, and a spread that comes from an interaction alone."""
    rows = []
    for design in DESIGNS:
        crossing, spread = (found.get(f"{design.name}: {name}") for name in ("crossover", "systematic"))
        if crossing is None or spread is None:
            continue
        rows.append(
            [
                design.name,
                str(Share.of(crossing.pair[:, 0])),
                str(Share.of(crossing.pair[:, 1] < SIGNIFICANT)),
                str(Share.of(spread.claims["interactions"][:, 0])),
                str(Share.of(spread.claims["noise"][:, 0])),
                str(Share.of(spread.p["brown_forsythe"][:, 0] < SIGNIFICANT)),
            ]
        )
    heads = ["crossover: active", "Welch of the product, p < .05"]
    return table(["design", *heads, "systematic: by interactions", "by noise (false)", "Brown-Forsythe p < .05"], rows)


def shipped_table(found: dict[str, Judged]) -> str:
    """The inert label on the shipped sweep."""
    rows = []
    for part in SHIPPED:
        judged = found.get(f"shipped: {part.name}")
        if judged is None:
            continue
        label = {name: claim[:, -1] for name, claim in judged.claims.items()}
        some = Share.of(np.logical_or.reduce(list(label.values())))
        p = {name: value[:, -1] for name, value in judged.p.items()}
        rows.append(
            [
                part.name,
                marked(false_discoveries(judged)),
                str(some),
                *(str(Share.of(label[name])) for name in CLAIMS),
                *(str(Share.of(p[name] < SIGNIFICANT)) for name in TESTS),
            ]
        )
    tests = ("location_p", "noise_p", "Mann-Whitney", "Welch", "Brown-Forsythe")
    return table(["part", "false discoveries", "verdict", *CLAIMS, *(f"{test} < .05" for test in tests)], rows)


def document(found: dict[str, Judged], sweeps: int) -> str:
    """The text of docs/false_verdicts.md."""
    error = 100 * math.sqrt(SIGNIFICANT * (1 - SIGNIFICANT) / sweeps)
    truths = "\n".join(f"- *{truth.name}*: {truth.words}." for truth in TRUTHS)
    powers_of = "\n\n".join(
        f"### {truth.name}: {truth.words}\n\n{power_table(found, truth)}"
        for truth in TRUTHS
        if truth.shift or truth.noise
    )
    return f"""# False verdicts and power

Simulated sweeps with a known truth, {sweeps:,} a scenario, judged by the effects table's verdicts and by the tests
that a notebook runs over runs. Again: `python benchmarks/false_verdicts.py --sweeps {sweeps}`.

All figures are percentages. A share of 5 % has a Monte Carlo standard error of {error:.1f} here, a share of 50 % one
of {50 / math.sqrt(sweeps):.1f}. Bold: worse than the target by more than two standard errors.

Targets: where nothing is there at most 5 % of the sweeps show any verdict; elsewhere the mean false discovery
proportion is at most 5 %; power is no less than that of a run-level test at its true level.

Designs: "2^6 × 3" is the full factorial of six switches with three replicates, "64 of 1,024 × 3" a random choice of
64 configurations of ten switches. Crossed seeds shift all configurations alike, with an SD of {SEED_SD:g} noise SDs.
In "overlapping" the last, inert, switch equals the product of the first two in {OVERLAP:.0%} of the configurations or
more: an interaction that is too faint to be found looks like an effect of that switch. Truths:

{truths}

Small designs have room for fewer strong switches (two in 2^4, three in 2^5). Interactions are products of centred
codes: a switch without a main effect has none on the average of the configurations that were run.

False are: a shift of a switch without a main effect; a spread by noise of one without a noise effect; a spread by
interactions of one without any. For the run-level tests a spread that an interaction makes counts as true.

## How to read it

- *Nothing there.* Benjamini and Hochberg's method gives some verdict in 5 % of the sweeps where the p-values are exact,
  so that the shares of large designs lie about 5 %; those of small ones lie below, since HC3 and Lenth's method are
  cautious there. (2^10 × 1 comes out high in the first 500 sweeps; 6,000 of them gave 5.0 %, on 2026-11-24.)
- *Run-level tests* go wrong in both directions. In random designs with replicates they take the runs of one
  configuration for independent and find what isn't there in most of the sweeps; in balanced factorials the strong
  switches are their noise, and they find next to nothing.
- *Power at the true level.* A critical value is chosen before one knows what the other switches do. Held at 5 % whether
  those are inert or strong ("One critical value a design"), ours is at least as powerful as the run-level tests but for
  a switch that alone shifts the mean of 16, or of 32 or 64 random, unreplicated configurations.
- *Given each its own critical value in every situation*, as if one knew that all else is inert or strong, the shift
  test is as good as Welch's in full factorials within the errors, alone and beside strong switches (but for 2^4 without
  replicates, where the noise has to be learned from 15 contrasts); in random designs, where what the other switches do
  is not balanced, it finds up to ten times as much beside strong switches.
- *Below the run-level test* it is then where one switch alone does something in a random design, 3 to 7 points in 64
  configurations and 17 in 32: it adjusts for the nine others, which costs 9 of 63 (of 31) degrees of freedom and as
  much precision. By arithmetic a t-test of 3.5 standard errors has a power of .93 alone and of .88 beside nine others
  in 64 configurations, of .92 and .78 in 32; whoever does not adjust has what the next tables show beside strong ones.
- *Overlapping.* A switch that nearly is an interaction of two others (correlation above .5) has to show its effect
  beside that interaction; without this rule 18 to 39 % of the discoveries were false under "systematic" and
  "crossover". It costs power where the overlapping switches really have the effect: the target of "shift" is one.
- *Noise with two replicates* is judged by what varies within configurations alone, because what varies between them
  can be an effect: 64 degrees of freedom of 127. Brown and Forsythe's test takes all, and is 7 to 10 points better
  where there is no other effect at all; beside strong switches it is 40 to 90 points worse.
- *Without replicates* noise is what the location model leaves, and the model takes up some of it: 5 to 11 points of
  power in 16 to 64 configurations where there is no other effect, 36 in 32 of 1,024. "heavy" has an interaction of
  three factors, which that model never has; what it leaves can look like noise, and in 64 of 1,024 configurations four
  of five false discoveries there are of this kind (2,000 sweeps of it gave 5.4 ± 0.2 % in all, on 2026-11-24). The
  verdict says so in its reason.
- *The inert label* stands beside ten real switches nearly all of which have an effect. Then a false discovery rate of
  5 % lets each of the label's own two tests through at nearly .05, and it is the share of false discoveries that is
  held at 5 %.

## Nothing there: sweeps with any verdict

Run-level: Mann-Whitney or Brown-Forsythe below .05 for some switch; and the same with q values over the table.

{null_table(found)}

## Something there: mean false discovery proportion

Each cell: ours / run-level Mann-Whitney and Brown-Forsythe with q values / share of the sweeps in which one of them
is false at .05.

{discovery_table(found)}

## Power for one true effect

"verdict": the effects table gives it. "level": here the share of p < .05 among the inert switches of the same truth
without the target's effect ("null" for those alone, "pairs" for those beside strong switches). "at true .05": power
with the critical p that makes this share exactly 5 %. ±: the bootstrap's standard error.

{powers_of}

### One critical value a design

The level of a test is the largest share of false findings wherever its hypothesis is true, since nobody knows
beforehand what the other switches do. Here the critical p gives at most 5 % in "null" and "pairs" both: for the shift
among inert switches; for the noise also among the strong ones of "pairs", which do nothing to the noise. Each cell:
ours / Mann-Whitney / Welch, or ours / Brown-Forsythe.

{size_table(found)}

### Interactions

{interaction_table(found)}

## An inert label on the shipped sweep

Half of the configurations of the real runs, chosen at random, get the label "on". "false discoveries": the label's
verdicts among all, those of the real switches taken as true. The rest is about the label alone.

{shipped_table(found)}
"""


def main() -> None:
    """Simulate, judge, and write the document."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sweeps", type=int, default=SWEEPS, help="a scenario (%(default)s)")
    parser.add_argument("--only", action="append", default=[], help="scenarios whose name contains this; repeatable")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=TOP / "docs/false_verdicts.md")
    given = parser.parse_args()
    chosen = [s for s in scenarios() if all(part in s.name for part in given.only)]
    if not chosen:
        parser.error("no scenario has such a name")
    text = document(run_all(chosen, given.sweeps, given.processes), given.sweeps)
    given.out.write_text(text, encoding="utf-8")
    print(f"written: {given.out}", file=sys.stderr)


if __name__ == "__main__":
    main()

"""How often a verdict is wrong, and how often a true effect gets one: sweeps with a known truth.

    python benchmarks/false_verdicts.py              # 500 sweeps a scenario, writes docs/false_verdicts.md
    python benchmarks/false_verdicts.py --sweeps 100 --only "64 of 1,024 × 3" --only "strong"

Every sweep is judged by `queries.verdicts` and, beside it, by the tests that a notebook runs over runs:
Mann-Whitney and Welch for a shift, Brown-Forsythe for the spread. A scenario is a design and a truth; its
sweeps depend on nothing but their names and the sweep's number.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy: one thread a process

import argparse
import math
import multiprocessing
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.schema import FINISHED, Factor, Response, RunTable
from ablate_tui.queries.families import benjamini_hochberg
from ablate_tui.queries.ordered import rank
from ablate_tui.queries.rank_tests import mann_whitney
from ablate_tui.queries.slices import Slice, take
from ablate_tui.queries.two_sample import brown_forsythe, side, welch
from ablate_tui.queries.verdicts import SIGNIFICANT, verdicts

TOP = Path(__file__).resolve().parents[1]
SWEEPS = 500
CHUNK = 50  # sweeps handed to a process at once
STRONG = (2.0, 5.0)  # size of a strong effect, in noise SDs; its sign is drawn
SEED_SD = 2.0  # of what a crossed seed does to all configurations, in noise SDs
SHIFT_ERRORS = 3.5  # a pure shift, in standard errors of the mean difference over all runs
CROSSING_ERRORS = 4.5  # a pure interaction, the same
RATIO = 2.0  # of a pure noise effect
OVERLAP = 0.85  # share of configurations in which the last switch is the product of the first two

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Design:
    """Which configurations are run, and how often."""

    switches: int
    configurations: int
    replicates: int
    crossed: bool = False  # every seed runs every configuration, and shifts them all alike
    overlapping: bool = False  # the last switch goes along with the product of the first two

    @property
    def name(self) -> str:
        """As "64 of 1,024 × 3" or "2^6 × 3, crossed seeds"."""
        whole = self.configurations == 2**self.switches
        what = f"2^{self.switches}" if whole else f"{self.configurations} of {2**self.switches:,}"
        more = (", crossed seeds" if self.crossed else "") + (", overlapping" if self.overlapping else "")
        return f"{what} × {self.replicates}{more}"

    @property
    def runs(self) -> int:
        """Number of runs."""
        return self.configurations * self.replicates

    def draw(self, rng: np.random.Generator) -> NDArray[np.int16]:
        """(switches, configurations) codes; a random choice without repetition unless it is the whole factorial."""
        chosen = rng.permutation(2**self.switches)[: self.configurations]
        codes = ((chosen >> np.arange(self.switches)[:, None]) & 1).astype(np.int16)
        if self.overlapping:
            follows = rng.random(self.configurations) < OVERLAP
            codes[-1] = np.where(follows, codes[0] ^ codes[1], codes[-1])
            codes = np.unique(codes, axis=1)
        return codes


@dataclass(frozen=True)
class Truth:
    """What the switches do. The first `strong` ones are strong; the next is the target."""

    name: str
    words: str
    strong: int = 0  # switches with strong main effects
    pairs: bool = False  # all two-factor interactions among them, as strong
    triple: bool = False  # and the three-factor interaction of the first three
    shift: bool = False
    noise: bool = False
    crossover: bool = False
    systematic: bool = False
    tail: str = "normal"

    @property
    def null(self) -> bool:
        """Whether there is no effect at all."""
        return not (self.strong or self.shift or self.noise or self.crossover or self.systematic)


@dataclass(frozen=True, eq=False)
class Sweep:
    """Runs and the truth about them."""

    table: RunTable
    mean: Bools  # (switches,) with a main effect
    scale: Bools  # with a noise effect
    mixed: Bools  # in some interaction
    place: NDArray[np.int64]  # (switches,) where each switch of the truth stands among the table's
    pair: tuple[int, int] | None = None  # the interaction to find


TRUTHS = (
    Truth("null", "nothing at all"),
    Truth("null, exponential", "nothing; exponential noise", tail="exponential"),
    Truth("null, lognormal", "nothing; lognormal noise (σ = 1)", tail="lognormal"),
    Truth("strong", "main effects of 2 to 5 noise SDs", strong=3),
    Truth("strong, lognormal", "the same, lognormal noise", strong=3, tail="lognormal"),
    Truth("pairs", "and two-factor interactions of 2 to 5 among them", strong=3, pairs=True),
    Truth("heavy", "four of them, six interactions and one of three factors", strong=4, pairs=True, triple=True),
    Truth("shift", "a shift of 3.5 standard errors", shift=True),
    Truth("shift, pairs", "the same beside strong interacting switches", strong=3, pairs=True, shift=True),
    Truth("noise", "twice the noise on one side", noise=True),
    Truth("noise, pairs", "the same beside strong interacting switches", strong=3, pairs=True, noise=True),
    Truth("crossover", "an interaction of 4.5 standard errors without main effects", crossover=True),
    Truth("systematic", "twice the spread, by an interaction alone", systematic=True),
)
DESIGNS = (
    Design(4, 16, 1),
    Design(5, 32, 1),
    Design(6, 64, 1),
    Design(10, 1024, 1),
    Design(6, 64, 2),
    Design(6, 64, 3),
    Design(6, 64, 5),
    Design(6, 64, 3, crossed=True),
    Design(10, 64, 1),
    Design(10, 64, 2),
    Design(10, 64, 3),
    Design(10, 64, 5),
    Design(10, 64, 3, crossed=True),
    Design(10, 64, 3, overlapping=True),
    Design(10, 256, 1),
    Design(10, 256, 3),
    Design(10, 256, 3, crossed=True),
)


def made(codes: NDArray[np.int16], y: Floats, replicate: NDArray[np.int32] | None) -> RunTable:
    """A run table of switches s0, s1, …"""
    n = len(y)
    return RunTable(
        path="simulated",
        table="simulated",
        columns=(),
        factors=tuple(Factor(f"s{at}", ("off", "on")) for at in range(len(codes))),
        replicates=() if replicate is None else ("seed",),
        response=Response("y", "y", "min"),
        codes=codes,
        y=y,
        status=np.full(n, FINISHED, dtype=np.uint8),
        failed=np.zeros(n, dtype=bool),
        replicate=np.zeros(n, dtype=np.int32) if replicate is None else replicate,
    )


def simulate(design: Design, truth: Truth, rng: np.random.Generator) -> Sweep:
    """Draw a sweep.

    Interactions are products of centred codes, so that a switch without a main effect has none on the
    average of the configurations that were run.
    """
    configurations = design.draw(rng)
    k, r = len(configurations), design.replicates
    codes = np.repeat(configurations, r, axis=1)
    n = codes.shape[1]
    x = codes - codes.mean(axis=1, keepdims=True)
    mean, scale, mixed = (np.zeros(k, dtype=bool) for _ in range(3))

    def size() -> float:
        return float(rng.uniform(*STRONG) * rng.choice([-1, 1]))

    strong = min(truth.strong, k - 2) if k < 6 else truth.strong
    target, other = strong, strong + 1
    spread = np.ones(n)
    y = np.zeros(n)
    for at in range(strong):
        y += size() * x[at]
        mean[at] = True
    for a, b in combinations(range(strong), 2) if truth.pairs else ():
        y += size() * x[a] * x[b]
        mixed[[a, b]] = True
    if truth.triple:
        y += 2 * size() * x[0] * x[1] * x[2]
    pair = None
    if truth.shift:
        y += SHIFT_ERRORS * 2 / math.sqrt(n) * x[target]
        mean[target] = True
    if truth.noise:
        spread = np.where(codes[target] == 1, RATIO, 1.0)
        scale[target] = True
    if truth.crossover:
        y += CROSSING_ERRORS * 4 / math.sqrt(n) * x[target] * x[other]
        mixed[[target, other]] = True
        pair = (target, other)
    if truth.systematic:  # the other's effect is 4.5 where the target is on and 1.5 where it is off
        y += 3 * x[other] + 3 * x[target] * x[other]
        mean[other] = True
        mixed[[target, other]] = True
    if truth.tail == "normal":
        noise = rng.standard_normal(n)
    elif truth.tail == "exponential":
        noise = rng.standard_exponential(n) - 1
    else:
        noise = (rng.lognormal(size=n) - math.exp(0.5)) / math.sqrt(math.e * (math.e - 1))
    y += spread * noise
    replicate = None
    if design.crossed:
        replicate = np.tile(np.arange(r, dtype=np.int32), n // r)
        y += (SEED_SD * rng.standard_normal(r))[replicate]
    order = rng.permutation(k)  # else strong switches would always come first
    return Sweep(made(codes[order], y, replicate), mean, scale, mixed, np.argsort(order), pair)


TESTS = ("location", "noise", "mann_whitney", "welch", "brown_forsythe")
CLAIMS = ("shift", "noise", "interactions")


@dataclass
class Judged:
    """What was found in the sweeps of a scenario; each array is (sweeps, switches), in the truth's order."""

    p: dict[str, Floats] = field(default_factory=dict)  # by TESTS; NaN where nothing could be tested
    claims: dict[str, Bools] = field(default_factory=dict)  # by CLAIMS
    truth: dict[str, Bools] = field(default_factory=dict)  # mean, scale, mixed
    pair: Floats = field(default_factory=lambda: np.zeros((0, 2)))  # found by ours, Welch's p of the product


def judge(sweep: Sweep) -> Judged:
    """Ours and the run-level tests, on one sweep."""
    table = sweep.table
    k = len(table.factors)
    found = verdicts(take(table, Slice()))
    p = {name: np.full(k, np.nan) for name in TESTS}
    claims = {name: np.zeros(k, dtype=bool) for name in CLAIMS}
    for at, factor in enumerate(table.factors):
        test = found.factors.get(factor.name)
        if test is None:
            continue
        for name, value in (("location", test.location_p), ("noise", test.noise_p)):
            p[name][at] = np.nan if value is None else value
        for name, q in (("shift", test.location_q), ("noise", test.noise_q), ("interactions", test.distance_q)):
            claims[name][at] = q is not None and q < SIGNIFICANT
    order = np.argsort(table.y)
    y, codes = table.y[order], table.codes[:, order]
    ranks = rank(y)
    for at in range(k):
        is_on = codes[at] == 1
        on, off = side(y[is_on]), side(y[~is_on])
        p["mann_whitney"][at] = mann_whitney(float(ranks.rank[is_on].sum()), on.n, off.n, ranks)
        p["welch"][at] = welch(on, off)
        p["brown_forsythe"][at] = brown_forsythe((on, off))
    pair = np.full((1, 2), np.nan)
    if sweep.pair is not None:
        a, b = sorted(sweep.place[list(sweep.pair)].tolist())
        same = codes[a] == codes[b]
        pair[0] = float((a, b) in found.location.active), welch(side(y[same]), side(y[~same]))
    truth = {"mean": sweep.mean, "scale": sweep.scale, "mixed": sweep.mixed}
    return Judged(
        {name: value[None, sweep.place] for name, value in p.items()},
        {name: value[None, sweep.place] for name, value in claims.items()},
        {name: value[None] for name, value in truth.items()},
        pair,
    )


def together(parts: Sequence[Judged]) -> Judged:
    """The sweeps of several parts."""
    made = Judged()
    for into, of in ((made.p, "p"), (made.claims, "claims"), (made.truth, "truth")):
        for name in getattr(parts[0], of):
            into[name] = np.concatenate([getattr(part, of)[name] for part in parts])
    made.pair = np.concatenate([part.pair for part in parts])
    return made


@dataclass(frozen=True)
class Share:
    """A mean over sweeps and its Monte Carlo standard error."""

    value: float
    error: float

    @classmethod
    def of(cls, values: NDArray[np.generic]) -> Share:
        """Of one value a sweep."""
        values = values.astype(np.float64)
        return cls(float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values))))

    def __str__(self) -> str:
        return f"{100 * self.value:.1f}"


def any_verdict(found: Judged) -> Share:
    """Share of sweeps in which some switch gets a verdict."""
    return Share.of(np.any([c.any(axis=1) for c in found.claims.values()], axis=0))


def false_discoveries(found: Judged) -> Share:
    """Mean false discovery proportion: false claims among all claims of a sweep, 0 without any."""
    truth = found.truth
    right = {"shift": truth["mean"], "noise": truth["scale"], "interactions": truth["mixed"]}
    claims = sum(c.sum(axis=1) for c in found.claims.values())
    false = sum((c & ~right[name]).sum(axis=1) for name, c in found.claims.items())
    return Share.of(false / np.maximum(claims, 1))


def run_level(found: Judged, adjusted: bool) -> tuple[Bools, Bools]:
    """(sweeps, 2 · switches) claims of Mann-Whitney and Brown-Forsythe at .05, and which are false.

    A spread that an interaction makes counts as true.

    Parameters
    ----------
    found : Judged
    adjusted : bool
        By Benjamini and Hochberg over both tests of all switches.
    """
    p = np.hstack([found.p["mann_whitney"], found.p["brown_forsythe"]])
    if adjusted:
        p = np.array([list(benjamini_hochberg(dict(enumerate(row.tolist()))).values()) for row in np.nan_to_num(p, nan=1)])
    true = np.hstack([found.truth["mean"], found.truth["scale"] | found.truth["mixed"]])
    return p < SIGNIFICANT, (p < SIGNIFICANT) & ~true


def inert(found: Judged) -> Bools:
    """(sweeps, switches) those that do nothing."""
    return ~(found.truth["mean"] | found.truth["scale"] | found.truth["mixed"])


def level(found: Judged, test: str) -> float:
    """True level of a test at .05: its share of inert switches."""
    p = found.p[test][inert(found)]
    return float(np.mean(p[np.isfinite(p)] < SIGNIFICANT)) if np.isfinite(p).any() else math.nan


def powers(found: Judged, test: str, at: int) -> Bools:
    """(sweeps,) whether a test finds the target at the level that is truly .05 among the inert switches."""
    p = found.p[test][inert(found)]
    critical = np.quantile(p[np.isfinite(p)], SIGNIFICANT)
    return np.asarray(found.p[test][:, at] <= critical)


@dataclass(frozen=True)
class Shipped:
    """Part of the shipped sweep, with an inert label put on half of its configurations at random."""

    configurations: int
    seeds: int

    @property
    def name(self) -> str:
        """As "64 configurations × 3 seeds"."""
        return f"{self.configurations:,} configurations × {self.seeds} seed{'s' * (self.seeds > 1)}"

    def draw(self, rng: np.random.Generator) -> Sweep:
        """Choose configurations and seeds, and label them."""
        codes, y, seed = shipped_runs()
        chosen = rng.permutation(codes.shape[1])[: self.configurations]
        seeds = rng.permutation(y.shape[1])[: self.seeds]
        label = rng.permutation(np.arange(self.configurations) % 2).astype(np.int16)
        all_codes = np.vstack([codes[:, chosen], label])
        true = np.arange(len(all_codes)) < len(codes)  # whatever the real switches do is taken to be so
        runs = made(
            np.repeat(all_codes, self.seeds, axis=1),
            y[np.ix_(chosen, seeds)].ravel(),
            np.tile(seed[seeds], self.configurations),
        )
        return Sweep(runs, true, true, true, np.arange(len(all_codes)))


@cache
def shipped_runs() -> tuple[NDArray[np.int16], Floats, NDArray[np.int32]]:
    """Codes (switches, configurations), losses (configurations, seeds), and the seeds."""
    import polars as pl

    frame = pl.read_parquet(TOP / "data/samples/tiny_lm/runs.parquet")
    switches = [name for name in frame.columns if frame[name].dtype == pl.Boolean and name != "diverged"]
    frame = frame.sort([*switches, "seed"])
    seeds = frame["seed"].n_unique()
    codes = frame.select(switches).to_numpy()[::seeds].T.astype(np.int16)
    return codes, frame["val_loss"].to_numpy().reshape(-1, seeds), np.arange(seeds, dtype=np.int32)


SHIPPED = (Shipped(1024, 3), Shipped(1024, 1), Shipped(256, 3), Shipped(64, 3), Shipped(64, 1))


@dataclass(frozen=True)
class Scenario:
    """A design and a truth, or a part of the shipped sweep."""

    design: Design | Shipped
    truth: Truth | None = None

    @property
    def name(self) -> str:
        """Of both."""
        return f"{self.design.name}: {self.truth.name}" if self.truth else f"shipped: {self.design.name}"

    def sweep(self, number: int) -> Sweep:
        """The sweep of that number, always the same."""
        rng = np.random.default_rng([zlib.crc32(self.name.encode()), number])
        if isinstance(self.design, Shipped):
            return self.design.draw(rng)
        assert self.truth is not None
        return simulate(self.design, self.truth, rng)


def scenarios() -> Iterator[Scenario]:
    """All of them; truths that need more switches than a design has are left out."""
    for design in DESIGNS:
        for truth in TRUTHS:
            if truth.strong < 4 or design.switches >= 10:
                yield Scenario(design, truth)
    for part in SHIPPED:
        yield Scenario(part)


def run(work: tuple[Scenario, int, int]) -> Judged:
    """Judge the sweeps first … last − 1 of a scenario."""
    scenario, first, last = work
    return together([judge(scenario.sweep(number)) for number in range(first, last)])


def run_all(chosen: Sequence[Scenario], sweeps: int, processes: int) -> dict[str, Judged]:
    """Judge all sweeps, with a line of progress a scenario."""
    work = [
        (scenario, first, min(first + CHUNK, sweeps)) for scenario in chosen for first in range(0, sweeps, CHUNK)
    ]
    parts: dict[str, list[Judged]] = {}
    begin = time.monotonic()
    with multiprocessing.Pool(processes) as pool:
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
        if any("/" in cell for cell in row[1:]):
            rows.append(row)
    return table(["design", *(truth.name for truth in truths)], rows)


def power_table(found: dict[str, Judged], truth: Truth) -> str:
    """One true effect: how often it is found."""
    ours, claim = ("location", "shift") if truth.shift else ("noise", "noise")
    peers = ("mann_whitney", "welch") if truth.shift else ("brown_forsythe",)
    rows = []
    for design in DESIGNS:
        judged = found.get(f"{design.name}: {truth.name}")
        if judged is None:
            continue
        at = int(np.flatnonzero(judged.truth["scale"][0])[0]) if truth.noise else strong_of(design, truth)
        mine = powers(judged, ours, at)
        row = [
            design.name,
            str(Share.of(judged.claims[claim][:, at])),
            str(Share.of(judged.p[ours][:, at] < SIGNIFICANT)),
            f"{100 * level(judged, ours):.1f}",
            str(Share.of(mine)),
        ]
        for peer in peers:
            theirs = powers(judged, peer, at)
            less = Share.of(mine.astype(float) - theirs.astype(float))
            sign = "**" if less.value < -2 * less.error else ""
            row += [
                f"{100 * level(judged, peer):.1f}",
                str(Share.of(theirs)),
                f"{sign}{100 * less.value:+.1f} ± {100 * less.error:.1f}{sign}",
            ]
        rows.append(row)
    names = {"mann_whitney": "Mann-Whitney", "welch": "Welch", "brown_forsythe": "Brown-Forsythe"}
    heads = [f"{names[peer]}{what}" for peer in peers for what in (": level", " at true .05", ": ours less it")]
    return table(["design", "verdict", "p < .05", "level", "at true .05", *heads], rows)


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
    return table(
        ["design", *heads, "systematic: by interactions", "by noise (false)", "Brown-Forsythe p < .05"], rows
    )


def shipped_table(found: dict[str, Judged]) -> str:
    """The inert label on the shipped sweep."""
    rows = []
    for part in SHIPPED:
        judged = found.get(f"shipped: {part.name}")
        if judged is None:
            continue
        label = {name: claim[:, -1] for name, claim in judged.claims.items()}
        p = {name: value[:, -1] for name, value in judged.p.items()}
        rows.append(
            [
                part.name,
                marked(Share.of(np.any(list(label.values()), axis=0))),
                *(str(Share.of(label[name])) for name in CLAIMS),
                *(str(Share.of(p[name] < SIGNIFICANT)) for name in TESTS),
            ]
        )
    tests = ("location_p", "noise_p", "Mann-Whitney", "Welch", "Brown-Forsythe")
    return table(["part", "verdict", *CLAIMS, *(f"{test} < .05" for test in tests)], rows)


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
of {50 / math.sqrt(sweeps) * 1:.1f}. Bold: worse than the target by more than two standard errors.

Targets: where nothing is there at most 5 % of the sweeps show any verdict; elsewhere the mean false discovery
proportion is at most 5 %; power is no less than that of a run-level test at its true level.

Designs: "2^6 × 3" is the full factorial of six switches with three replicates, "64 of 1,024 × 3" a random choice of
64 configurations of ten switches. Crossed seeds shift all configurations alike, with an SD of {SEED_SD:g} noise SDs.
In "overlapping" the last, inert, switch equals the product of the first two in {OVERLAP:.0%} of the configurations or
more. Truths:

{truths}

Small designs have room for fewer strong switches (two in 2^4, three in 2^5). Interactions are products of centred
codes: a switch without a main effect has none on the average of the configurations that were run.

False are: a shift of a switch without a main effect; a spread by noise of one without a noise effect; a spread by
interactions of one without any. For the run-level tests a spread that an interaction makes counts as true.

## Nothing there: sweeps with any verdict

Run-level: Mann-Whitney or Brown-Forsythe below .05 for some switch; and the same with q values over the table.

{null_table(found)}

## Something there: mean false discovery proportion

Each cell: ours / run-level Mann-Whitney and Brown-Forsythe with q values / share of the sweeps in which one of them
is false at .05.

{discovery_table(found)}

## Power for one true effect

"verdict": the effects table gives it. "level": share of the inert switches with p < .05. "at true .05": power with
the critical p that gives the same scenario's inert switches a share of exactly 5 %, for both.

{powers_of}

### Interactions

{interaction_table(found)}

## An inert label on the shipped sweep

Half of the configurations of the real runs, chosen at random, get the label "on".

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

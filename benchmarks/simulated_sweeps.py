"""Sweeps with a known truth: simulated ones, and the shipped one with an inert label."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data.cube import Combinations
from ablate_tui.data.schema import FINISHED, Factor, Response, RunTable

TOP = Path(__file__).resolve().parents[1]
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

    def alike(self, at: int) -> Bools:
        """(switches,) which of them the design treats like this one."""
        apart = np.isin(np.arange(self.switches), (0, 1, self.switches - 1)) & self.overlapping
        return apart == apart[at]

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
    without: str = ""  # the truth that is the same but for the target, which does nothing

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
    Truth("shift", "a shift of 3.5 standard errors", shift=True, without="null"),
    Truth(
        "shift, pairs", "the same beside strong interacting switches", strong=3, pairs=True, shift=True, without="pairs"
    ),
    Truth("noise", "twice the noise on one side", noise=True, without="null"),
    Truth(
        "noise, pairs", "the same beside strong interacting switches", strong=3, pairs=True, noise=True, without="pairs"
    ),
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
    Design(10, 32, 1),
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
        combinations=Combinations.of(codes, (2,) * len(codes)),
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

"""Findings: what is true of a made sweep is told, with its direction and figures; what is not true is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from tests.queries.make import SHARED, TOP, degenerate, json_ready, reference, sweep

from ablate_tui.data.schema import Choices, RunTable
from ablate_tui.data.store import open_store
from ablate_tui.queries.effect_row import EffectRow
from ablate_tui.queries.findings import Finding, Findings, findings
from ablate_tui.queries.findings.moved import of_the_mean
from ablate_tui.queries.findings.worst import changes
from ablate_tui.queries.inference.verdicts import verdicts
from ablate_tui.queries.slices import Slice, take

SWITCH = ("false", "true")
On = Mapping[str, np.ndarray]
Made = Callable[[On, np.ndarray], np.ndarray]  # the switches and standard normal noise to responses


def design(levels: Mapping[str, Sequence[str]], seeds: int) -> pd.DataFrame:
    """A full factorial with replicates."""
    rows = [(*row, str(seed)) for row in product(*levels.values()) for seed in range(seeds)]
    return pd.DataFrame(rows, columns=[*levels, "seed"])


def made(y: Made, switches: int = 5, seeds: int = 3, *, random: int = 0, **more: object) -> RunTable:
    """A sweep of switches a, b, c, … whose truth is known."""
    frame = design(dict.fromkeys("abcdefgh"[:switches], SWITCH), seeds)
    on = {name: frame[name].to_numpy() == "true" for name in frame.columns[:-1]}
    noise = np.random.default_rng(random).standard_normal(len(frame))
    return tabled(frame.assign(y=y(on, noise)), **more)


def tabled(frame: pd.DataFrame, fail: float | None = None, **more: object) -> RunTable:
    """The frame as a sweep; runs beyond `fail` have failed."""
    factors = [name for name in frame if name not in ("seed", "y")]
    replicates = ["seed"] if frame["seed"].nunique() > 1 else []
    if fail is None:
        return sweep(frame, factors=factors, replicates=replicates, **more)
    failed = (frame["y"] > fail).tolist()
    return replace(
        sweep(frame, factors=factors, replicates=replicates, failed=failed, **more), fail_condition=f"y > {fail}"
    )


def claims(found: Findings) -> list[Finding]:
    """What is told as found: not what could not be told."""
    silent = ("Unresolved", "No effect", "This sweep cannot", "Without replicates")
    return [row for row in found.rows if not row.text.startswith(silent) and "no factor is told" not in row.text]


def only(found: Findings) -> Finding:
    """The one claim."""
    (row,) = claims(found)
    return row


def about(found: Findings, words: str) -> Finding:
    """The first finding that says so."""
    return next(row for row in found.rows if words in row.text)


# -- what is true is told


@pytest.mark.parametrize(("goal", "worth"), [("min", "better"), ("max", "worse")])
def test_a_pure_shift(goal, worth):
    table = made(lambda on, noise: 3 - 0.2 * on["b"] + 0.05 * noise, goal=goal)
    row = only(findings(table))
    assert row.text.startswith("b lowers the mean y by 0.")
    assert f"for the {worth}: on is better in" in row.text
    assert row.view == "effects"
    assert row.figures["switch"] == "b"
    test = verdicts(take(table, Slice())).factors["b"]
    assert row.p == test.location_p
    low, high = row.figures["mean_diff_low"], row.figures["mean_diff_high"]
    assert low < row.figures["mean_diff"] < high < -0.15 < -0.1
    # the interval is said in the direction of the verb
    said = [float(text) for text in re.findall(r"by ([\d.]+) \(95 % ([\d.]+) to ([\d.]+)", row.text)[0]]
    assert said == pytest.approx([-row.figures["mean_diff"], -high, -low], abs=6e-4)


def test_a_goal_to_reach_upward():
    row = only(findings(made(lambda on, noise: 3 + 0.2 * on["b"] + 0.05 * noise, goal="max")))
    assert row.text.startswith("b raises the mean y by 0.")
    assert "for the better: on is better in 100 % of the matched pairs" in row.text


def test_a_mean_that_a_few_configurations_make():
    """A mean difference that most pairs do not have: both are told."""
    y = lambda on, noise: 3 - 0.01 * on["a"] - 1.0 * (on["a"] & on["b"] & on["c"]) + 0.002 * noise  # noqa: E731
    row = about(findings(made(y, switches=7)), "a lowers the mean")
    assert "the median pair differs by −0.01" in row.text
    assert "so some configurations make the mean" in row.text


def test_a_pure_noise_effect():
    table = made(lambda on, noise: 3 + 0.05 * noise * np.where(on["b"], 3, 1), 6, 5)
    row = only(findings(table))
    assert row.text.startswith("b widens the spread: SD 0.15")
    assert re.search(r"Runs of one configuration scatter (2\.\d+|3\.\d+) times as much \(q < \.001\)", row.text)
    assert "Whether it moves the mean is not told" in row.text
    assert "Other factors" not in row.text
    assert row.p == verdicts(take(table, Slice())).factors["b"].noise_p
    assert row.figures["noise_ratio"] == pytest.approx(3, rel=0.2)
    assert row.figures["sd_ratio"] == pytest.approx(3, rel=0.2)


def test_a_mean_that_its_own_interval_moves():
    """An interval beside zero whose q is no finding is called unresolved, not nothing."""
    row = EffectRow("a", "true", "false", 9, 9, 0, 0, mean_diff_low=0.1, mean_diff_high=0.9)
    assert of_the_mean(row, 0.02) == (
        "Whether it moves the mean is unresolved (95 % 0.100 to 0.900; p = .020 by itself)."
    )
    assert of_the_mean(row, 0.2) == "Whether it moves the mean is not told (95 % 0.100 to 0.900; p = .20)."


def test_noise_that_the_whole_spread_hides():
    """More noise and less of everything else: the raw SD ratio is below 1, and the noise is told as it is."""

    def y(on, noise):
        sign = np.where(on["b"], 1, -1) * np.where(on["c"], 1, -1)
        return 3 + 0.05 * noise * np.where(on["a"], 2.5, 1) + np.where(on["a"], 0, 0.15) * sign

    row = about(findings(made(y, switches=6, seeds=4)), "a raises the noise")
    assert row.text.startswith("a raises the noise, but not the whole spread: SD 0.1")
    assert row.figures["sd_ratio"] < 1 < 2 < row.figures["noise_ratio"]


def test_a_crossover_moves_no_mean():
    found = findings(made(lambda on, noise: 3 + 0.2 * np.where(on["a"] == on["b"], 1, -1) + 0.05 * noise))
    row = only(found)
    assert row.view == "interactions"
    assert re.match(
        r"a helps where b is off \(−0\.[34]\d+\) and hurts where it is on \(\+0\.[34]\d+\): a crossover of the mean y",
        row.text,
    )
    assert (row.figures["a"], row.figures["b"]) == ("a", "b")
    assert row.figures["effect at true"] == pytest.approx(0.4, abs=0.05)
    assert row.p < 1e-8


def test_a_crossover_upward():
    """With a goal of max, helping is raising."""
    found = findings(made(lambda on, noise: 3 + 0.2 * np.where(on["a"] == on["b"], 1, -1) + 0.05 * noise, goal="max"))
    assert only(found).text.startswith("a helps where b is on (+0.")


def test_a_spread_that_rests_on_an_interaction():
    """The other switch matters only where this one is on: no noise, and p is that of the distances."""
    table = made(lambda on, noise: 3 + 0.3 * on["a"] * np.where(on["b"], 1, -1) + 0.05 * noise)
    found = findings(table)
    row = about(found, "a widens the spread")
    assert "Whether the noise changes is not told" in row.text
    assert re.search(
        r"Other factors matter more with it \(SD between configurations .* it interacts with b; q", row.text
    )
    test = verdicts(take(table, Slice())).factors["a"]
    assert row.p == test.distance_p
    assert row.p < 0.001 < test.noise_p
    assert about(found, "crossover").text.startswith("a helps where b is off")


def test_shift_and_spread_are_one_finding():
    table = made(lambda on, noise: 3 - 0.2 * on["c"] + 0.05 * noise * np.where(on["c"], 0.3, 1), seeds=4)
    row = only(findings(table))
    assert row.text.startswith("c lowers the mean y by 0.")
    assert ". It also narrows the spread: SD 0.0" in row.text
    test = verdicts(take(table, Slice())).factors["c"]
    assert row.p == max(test.location_p, test.noise_p)


def test_the_best_runs_against_the_mean():
    """A mean no better, and the best runs nearly all on one side: the paradox of the wider spread."""
    found = findings(made(lambda on, noise: 3 + 0.3 * noise * np.where(on["a"], 1, 0.2), switches=7))
    row = about(found, "of the best 10 % of runs have a on")
    assert "though no difference of the means is told: they come of the wider spread" in row.text
    assert row.view == "best"
    assert row.figures["best_share_on"] > 0.9 > row.figures["base_share_on"] == 0.5
    found = findings(made(lambda on, noise: 3 + 0.1 * on["a"] + 0.3 * noise * np.where(on["a"], 1, 0.1), switches=7))
    assert (
        "though the mean is better with it off: they come of the wider spread" in about(found, "of the best 10 %").text
    )


def test_levels_with_names():
    """The best levels by name, those that can't be told apart together; noise by level."""
    frame = design({"act": ("relu", "gelu", "tanh", "swish"), "norm": ("a", "b", "c"), "gate": SWITCH}, 4)
    noise = np.random.default_rng(3).standard_normal(len(frame))
    shift, scale = {"relu": 0.0, "gelu": -0.2, "tanh": 0.3, "swish": -0.2}, {"a": 1.0, "b": 1.0, "c": 4.0}
    frame["y"] = 3 + frame["act"].map(shift) + 0.02 * noise * frame["norm"].map(scale)
    found = findings(tabled(frame))
    row = about(found, "act:")
    assert re.match(
        r"act: (gelu and swish|swish and gelu) are best for the mean y \(not told apart\); relu and tanh", row.text
    )
    assert row.view == "compare"
    assert row.figures["mean_diff tanh"] == pytest.approx(0.5, abs=0.02)
    row = about(found, "norm changes the spread")
    assert re.search(
        r"The noise differs \(SD of one configuration's runs 0\.0\d+ with [ab] to 0\.0\d+ with c; q", row.text
    )
    assert findings(tabled(frame, goal="max")).rows[0].text.startswith("act: tanh is best for the mean y; ")


def test_without_replicates():
    found = findings(made(lambda on, noise: 3 + 0.05 * noise * np.where(on["b"], 4, 1), switches=6, seeds=1))
    assert re.search(r"b widens the spread: .* The residuals scatter .* times as much \(ln F\* 2\.", only(found).text)
    assert found.rows[-1].text.startswith("Without replicates, noise is judged from the residuals")
    assert found.rows[-1].p is None


# -- failures come first


def test_a_rate_of_collapse_is_no_spread():
    """3 % of runs collapse on one side and 13 % on the other, which makes an SD ratio of .37: noise is 1.2."""
    frame = design(dict.fromkeys(("use_rms_norm", *"bcdefgh"), SWITCH), 4)
    random = np.random.default_rng(5)
    on = frame["use_rms_norm"].to_numpy() == "true"
    y = 2.3 + random.standard_normal(len(frame)) * np.where(on, 0.06, 0.05)
    for side, rate, height in ((on, 0.03, 0.49), (~on, 0.13, 0.8)):
        fallen = random.choice(np.flatnonzero(side), round(rate * side.sum()), replace=False)
        y[fallen] = 2.3 + height + random.uniform(-0.1, 0.1, len(fallen))
    frame["y"] = y
    ratio = y[on].std(ddof=1) / y[~on].std(ddof=1)
    assert ratio == pytest.approx(0.37, abs=0.01)

    row = findings(tabled(frame, fail=2.65)).rows[0]
    assert row.text.startswith("2.9 % of runs failed with use_rms_norm on, 13 % with it off (q < .001)")
    assert row.figures["failed_on"] == pytest.approx(0.03, abs=0.001)
    assert row.figures["failed_off"] == pytest.approx(0.13, abs=0.001)
    assert row.figures["sd_ratio"] == pytest.approx(ratio)
    good = y < 2.65
    assert row.figures["sd_ratio_given_success"] == pytest.approx(y[on & good].std(ddof=1) / y[~on & good].std(ddof=1))
    assert row.figures["noise_ratio_given_success"] == pytest.approx(1.2, abs=0.08)
    assert f"That makes the SD ratio of {ratio:.3f}: without failed runs it is 1.2" in row.text
    assert "the noise ratio among configurations without a failure 1." in row.text
    assert "given success, a selected comparison" in row.text

    found = findings(tabled(frame))
    warning = found.rows[0]
    assert warning.text.startswith(f"The SD ratio of use_rms_norm on, {ratio:.3f}, hangs on the worst 5 % of runs")
    assert "a rate of collapse may look like a spread" in warning.text
    border = float(re.search(r'--fail "y > ([\d.]+)"', warning.text)[1])
    assert y[y < 2.6].max() < border < y[y > 2.6].min()
    for one in (*found.rows[1:], *findings(tabled(frame, fail=2.65)).rows[1:]):
        assert "the spread" not in one.text  # it is told once


def test_the_worst_five_percent():
    """A few collapses on one side only: the SD ratio is told as theirs."""
    y = lambda on, noise: 3 + 0.05 * noise + (on["a"] & (np.arange(len(noise)) % 13 == 0)) * 1.0  # noqa: E731
    row = findings(made(y, switches=6, seeds=4)).rows[0]
    assert row.text.startswith("The SD ratio of a on, ")
    assert "hangs on the worst 5 % of runs" in row.text
    assert row.figures["worst_off"] < 0.03 < 0.06 < row.figures["worst_on"]
    assert row.figures["sd_ratio_without_worst"] < 2 < row.figures["sd_ratio"]


def test_a_shift_is_no_collapse():
    """The worst tenth lies on the side that is higher: its spread is the same, and no warning comes."""
    found = findings(made(lambda on, noise: 3 + 0.15 * on["a"] + 0.05 * noise, switches=6, seeds=4))
    assert not any("hangs on the worst" in row.text for row in found.rows)
    found = findings(made(lambda on, noise: 3 + 0.05 * noise * np.where(on["a"], 3, 1), switches=6, seeds=4))
    assert not any("hangs on the worst" in row.text for row in found.rows)


@pytest.mark.parametrize("change", [("1.79", "0.999", True), ("1.79", "1.01", True), ("1.79", "1.5", False),
                                    ("2.2", "1.1", True), ("1.2", "0.99", False), ("0.37", "0.75", True),
                                    ("1.0", "2.1", True), ("1.0", "1.0", False)])  # fmt: skip
def test_what_counts_as_hanging_on_the_worst(change):
    """Twofold, reversed from a ratio to speak of, or all but gone."""
    before, without, hangs = change
    assert changes(float(before), float(without)) is hangs


@pytest.mark.parametrize("name", ["PERF-", "val_loss"])
def test_the_condition_of_the_warning_is_sql(name):
    """A name that is no identifier is quoted."""
    frame = design(dict.fromkeys("abcdef", SWITCH), 4)
    on = frame["a"].to_numpy() == "true"
    noise = np.random.default_rng(0).standard_normal(len(frame))
    frame[name] = 3 + 0.05 * noise + (on & (np.arange(len(on)) % 13 == 0))
    row = findings(sweep(frame, name, factors=list("abcdef"), replicates=["seed"])).rows[0]
    assert ('--fail \'"PERF-" > 3.' if name == "PERF-" else '--fail "val_loss > 3.') in row.text


@pytest.mark.parametrize("fail", [None, 3.5])
def test_a_side_on_which_every_run_fails(fail):
    """The model of the rates fits exactly and has no p: Fisher's exact p over configurations says it."""
    frame = design(dict.fromkeys("abcd", SWITCH), 2)
    bad = frame["b"].to_numpy() == "true"
    noise = 0.05 * np.random.default_rng(0).standard_normal(len(frame))
    frame["y"] = np.where(bad, np.nan if fail is None else 4.0, 3.0) + noise
    row = findings(tabled(frame, fail=fail)).rows[0]
    verb = "diverged" if fail is None else "failed"
    assert row.text.startswith(f"All runs {verb} with b on, none with it off (q = .0")
    assert "Fisher's exact test over 16 configurations" in row.text
    assert row.p == pytest.approx(2 / 12870)  # both tables of 8 out of 16
    assert row.figures["failed_on"] == 1.0


def test_two_switches_that_fail_as_one():
    frame = design(dict.fromkeys("abcd", SWITCH), 2)
    frame.insert(4, "twin", frame["b"])
    bad = frame["b"].to_numpy() == "false"
    frame["y"] = np.where(bad, np.nan, 3.0) + 0.05 * np.random.default_rng(0).standard_normal(len(frame))
    rows = [row for row in findings(tabled(frame)).rows if "diverged" in row.text]
    (row,) = rows
    assert row.text.startswith("No run diverged with b on, all with it off")
    assert "twin changed with it: either may be the cause." in row.text


def test_too_few_configurations_for_a_claim():
    """Said first, and said to be no claim."""
    frame = design(dict.fromkeys("abc", SWITCH), 2)
    bad = frame["b"].to_numpy() == "true"
    frame["y"] = np.where(bad, np.nan, 3.0) + 0.05 * np.random.default_rng(0).standard_normal(len(frame))
    row = findings(tabled(frame)).rows[0]
    assert "over so few configurations chance might do that (p = .029" in row.text


def test_a_level_that_always_fails():
    frame = design({"act": ("relu", "gelu", "tanh"), "norm": ("a", "b"), "c": SWITCH, "d": SWITCH}, 2)
    bad = frame["act"].to_numpy() == "tanh"
    frame["y"] = np.where(bad, np.nan, 3.0) + 0.05 * np.random.default_rng(0).standard_normal(len(frame))
    assert findings(tabled(frame)).rows[0].text.startswith("All runs diverged with act = tanh, none with the others")


def test_failures_that_no_factor_changes():
    y = lambda on, noise: np.where(np.arange(len(noise)) % 17 == 0, np.nan, 3 + 0.05 * noise)  # noqa: E731
    row = about(findings(made(y)), "no factor is told to change how often")
    assert row.text.startswith("6.2 % of runs diverged;")
    assert row.p > 0.05


# -- what is not true is not told


def test_a_sweep_without_an_effect():
    """No switch is claimed, and what each may still do is told with its interval."""
    row = only_silence(findings(made(lambda on, noise: 3 + 0.05 * noise)))
    assert row.text.startswith("No effect on mean or spread is told of a (95 % −0.0")
    assert row.p > 0.05
    assert row.figures["mean_diff_low a"] < 0 < row.figures["mean_diff_high a"]


def only_silence(found: Findings) -> Finding:
    """The last row, of findings without a claim."""
    assert claims(found) == []
    return found.rows[-1]


@pytest.mark.parametrize("kind", ["plain", "skewed", "shared seeds", "configurations", "unreplicated"])
def test_null_sweeps_make_few_claims(kind):
    """At most 5 % of sweeps, but for chance: 60 sweeps have 7 or fewer in 99 %."""
    false = 0
    for random in range(60):
        rng = np.random.default_rng((random, len(kind)))
        frame = design(dict.fromkeys("abcd", SWITCH), 1 if kind == "unreplicated" else 3)
        n = len(frame)
        y = rng.gamma(0.5, 1.0, n) if kind == "skewed" else rng.standard_normal(n)
        if kind == "shared seeds":
            y += 2 * rng.standard_normal(3)[frame["seed"].astype(int)]
        if kind == "configurations":
            y += np.repeat(2 * rng.standard_normal(16), 3)
        false += bool(claims(findings(tabled(frame.assign(y=y)))))
    assert false <= 7


def test_an_inert_switch_beside_strong_ones():
    """A label that does nothing is named among those without an effect, or in no sentence."""
    table = made(lambda on, noise: 3 - 0.5 * on["a"] + 0.3 * (on["a"] == on["b"]) + 0.05 * noise, switches=5)
    for row in claims(findings(table)):
        assert not re.search(r"\b[cde]\b (lowers|raises|narrows|widens|helps|on|off)", row.text)


# -- what the design cannot tell


@pytest.mark.parametrize("twin", ["twin", "salt and pepper"])
def test_aliased_switches(twin):
    frame = design(dict.fromkeys("abcd", SWITCH), 3)
    frame.insert(4, twin, frame["b"])
    noise = 0.05 * np.random.default_rng(0).standard_normal(len(frame))
    frame["y"] = 3 - 0.2 * (frame["b"] == "true") + noise
    found = findings(tabled(frame))
    assert claims(found) == []
    limit = found.rows[-1]
    assert limit.text.startswith(f"This sweep cannot tell b from {twin} (untested: mean difference −0.1")
    assert f"{twin} from b" not in limit.text
    assert limit.view == "design"
    assert limit.p is None


def test_levels_that_only_the_replicates_judge():
    """Four configurations leave no residual degree of freedom: all errors are those of the replicates."""
    frame = design({"lr": tuple("wxyz")}, 5)
    noise = 0.2 * np.random.default_rng(0).standard_normal(len(frame))
    frame["y"] = frame["lr"].map({"w": 1.0, "x": 2.0, "y": 3.0, "z": 6.0}) + noise
    told = about(findings(tabled(frame)), "lr: ")
    assert "lr: w is best for the mean y; x, y and z are higher by" in told.text
    assert [told.figures[f"mean_diff {level}"] for level in "xyz"] == pytest.approx([1, 2, 5], abs=0.4)


def test_a_crossover_that_only_the_replicates_judge():
    found = findings(made(lambda on, noise: 3 + 2.0 * (on["a"] ^ on["b"]) + 0.1 * noise, switches=2, seeds=6))
    told = about(found, "a crossover of the mean y")
    assert re.match(r"(a|b) helps where (b|a) is on \(−\S+\) and hurts where it is off \(\+\S+\)", told.text)
    assert [told.figures["effect at true"], told.figures["effect at false"]] == pytest.approx([-2, 2], abs=0.2)


def test_a_switch_that_is_an_interaction():
    frame = design(dict.fromkeys("abcd", SWITCH), 3)
    on = {name: frame[name] == "true" for name in "abcd"}
    frame.insert(4, "e", np.where(on["a"] ^ on["b"], "true", "false"))  # e is the product of a and b
    noise = 0.05 * np.random.default_rng(0).standard_normal(len(frame))
    frame["y"] = 3 - 0.2 * (frame["e"] == "true") - 0.2 * on["c"] + noise
    found = findings(tabled(frame))
    told = about(found, "e lowers the mean y by 0.2")
    assert told.text.endswith("It may be a:b instead, which this design cannot tell from it.")
    assert told.figures["aliased"] == "a:b"
    assert "instead" not in about(found, "c lowers the mean y").text
    limit = about(found, "This sweep cannot tell some effects from interactions")
    assert ": a from b:e, b from a:e and e from a:b. " in limit.text
    assert limit.p is None


def test_an_interaction_that_is_another_one():
    frame = design(dict.fromkeys("abcd", SWITCH), 3)
    sign = {name: np.where(frame[name] == "true", 1, -1) for name in "abcd"}
    for at, (name, made_of) in enumerate((("e", "abc"), ("f", "bcd"))):  # 2^(6−2): a:b is c:e
        frame.insert(4 + at, name, np.where(np.prod([sign[one] for one in made_of], axis=0) > 0, "true", "false"))
    noise = 0.02 * np.random.default_rng(0).standard_normal(len(frame))
    frame["y"] = 3 - 0.5 * sign["a"] - 0.3 * sign["b"] - 0.5 * sign["a"] * sign["b"] + noise
    table = tabled(frame)
    found = findings(table)
    assert "; it interacts with a (or c:e); " in about(found, "b lowers the mean y").text
    assert about(found, "This sweep cannot tell some effects").text.split(": ")[1].startswith("a:b from c:e.")
    assert verdicts(take(table, Slice())).factors["b"].partners == ("a",)


def test_too_few_configurations():
    found = findings(tabled(design({"a": SWITCH}, 1).assign(y=[1.0, 2.0])))
    assert [row.p for row in found.rows] == [None]
    assert found.rows[0].text.startswith("This sweep cannot tell what moves the mean: ")
    assert found.rows[0].figures == {"configurations": 2, "finished": 2}


def test_a_spread_without_a_cause():
    """Three factors together make a spread that no test of two can tell: said so, not called nothing."""

    def y(on, noise):
        signs = np.where(on["b"], 1, -1) * np.where(on["c"], 1, -1)
        return 3 + np.where(on["a"], 0.3, 0.02) * signs + 0.03 * noise

    row = about(findings(made(y, switches=6)), "Unresolved: the spread of the runs differs by a (SD ratio ")
    assert row.figures["sd_ratio a"] > 3


# -- the whole


def every_sweep() -> dict[str, RunTable]:
    """Odd sweeps, and some with much to tell."""
    random = np.random.default_rng(1)
    wide = pd.DataFrame({f"s{i}": random.choice(SWITCH, 300) for i in range(40)})
    on = [wide[name].to_numpy() == "true" for name in wide]
    strong = sum((-1) ** i * (i + 1) * (on[i] & on[(i + 1) % 12]) for i in range(12))
    wide = wide.assign(seed="0", y=strong + random.standard_normal(300) * np.where(on[3], 3, 1))
    collapsed = wide.assign(y=wide["y"] + 300.0 * (random.random(300) < 0.3 * on[5] + 0.2 * on[7]))
    level = design({"act": [f"level {i}" for i in range(30)], "norm": [f"{i}" for i in range(9)]}, 2)
    level["y"] = level.groupby("act").ngroup() % 7 + random.standard_normal(len(level))
    return degenerate() | {
        "40 switches": tabled(wide),
        "40 switches, failures": tabled(collapsed, fail=150.0),
        "40 switches, collapses": tabled(collapsed),
        "many levels": tabled(level),
    }


EVERY = every_sweep()


@pytest.mark.parametrize("name", EVERY)
def test_odd_sweeps_are_answered(name):
    """At most a dozen, figures that JSON takes, p wherever something is said to be tested, no empty word."""
    found = findings(EVERY[name])
    assert len(found.rows) <= 12
    assert found.notes
    for row in found.rows:
        json_ready(dict(row.figures), name)
        assert row.figures, row.text
        assert row.p is not None or row.view == "design", row.text
        assert row.p is None or 0 <= row.p <= 1
        assert not re.search(r"None|nan|inf\b|  |\(\)|\( | ,|–", row.text.replace("− ", "")), row.text
        assert row.text.endswith(".")
        assert len(row.text) < 800, row.text


def test_no_switch():
    found = findings(EVERY["no factor"])
    assert found.rows == ()
    assert "nothing to tell" in found.notes[0].reason


def test_grouped_sentences_have_figures_by_switch():
    """Five factors have a sentence each; the others share one, with all of their figures."""
    y = lambda on, noise: 3 + sum(0.1 * at * on[name] for at, name in enumerate("abcdefg", 1)) + 0.01 * noise  # noqa: E731
    found = findings(made(y, switches=7, seeds=2))
    row = about(found, "Smaller shifts of the mean: b +0.2")
    assert set(row.figures) == {"mean_diff a", "mean_diff b", "q"}
    assert row.figures["mean_diff a"] == pytest.approx(0.1, abs=0.01)
    sizes = [float(re.search(r"by ([\d.]+) ", one.text)[1]) for one in found.rows[:5]]
    assert sizes == sorted(sizes, reverse=True)


def test_filters_play_no_part_and_terms_do():
    """Findings read the whole sweep; the location model's terms can be given."""
    table = made(lambda on, noise: 3 + 0.2 * np.where(on["a"] == on["b"], 1, -1) + 0.05 * noise)
    assert findings(table, (("a",), ("b",), ("a", "b"))).rows[0].text == findings(table).rows[0].text


# -- real sweeps


@pytest.mark.skipif(not (SHARED / "att_norm.csv").exists(), reason="the real sweep is not here")
def test_att_norm():
    """What its author found by hand, and what a run-level test gets wrong."""
    found = findings(reference("att_norm")[0])
    best = about(found, "attn_activ:")
    assert best.text.startswith("attn_activ: softmax and sigmoid are best for the mean last_val_loss (not told apart)")
    narrow = about(found, "narrows the spread")
    assert narrow.text.startswith(
        "post_attn_norm = rms_norm narrows the spread: SD 0.798 with rms_norm, 2.57 with none"
    )
    assert narrow.figures["sd_ratio"] == pytest.approx(0.3101, abs=1e-4)
    assert "Whether it moves the mean is not told" in narrow.text
    crossover = about(found, "crossover")
    assert re.match(
        r"post_attn_norm = rms_norm helps where attn_activ is none \(−1\.\d+\) or tanh \(−0\.9\d+\) and hurts where it "
        r"is sigmoid \(\+1\.74\) or softmax \(\+1\.72\)",
        crossover.text,
    )
    assert crossover.p < 1e-6
    assert all(row in found.rows[:3] for row in (best, narrow, crossover))
    nothing = found.rows[-1]
    assert nothing.text.startswith("No effect on mean or spread is told of qk_activ (95 % −0.")
    assert not any("qk_activ" in row.text for row in found.rows[:-1])


@pytest.fixture(scope="module")
def shipped() -> dict[str | None, Findings]:
    """The shipped sweep, with and without a condition for failures."""
    path = TOP / "data/samples/tiny_lm/runs.parquet"
    store = open_store(str(path))
    try:
        return {fail: findings(store.load(Choices(fail=fail))) for fail in (None, "val_loss > 2.9")}
    finally:
        store.close()


def test_the_shipped_sweep(shipped):
    """Its story: where the losses collapse, what lowers the mean, the crossover, and the paradox of the best runs."""
    rows = shipped["val_loss > 2.9"].rows
    assert rows[0].text.startswith("0.1 % of runs failed with use_rms_norm on, 3.8 % with it off (q < .001).")
    assert "without failed runs it is 0.538" in rows[0].text
    assert [row.text.split(" of runs failed")[0] for row in rows[:3]] == ["0.1 %", "3.6 %", "0.3 %"]
    found = shipped[None]
    paradox = about(found, "of the best 10 % of runs have use_rms_norm off")
    assert (
        "though the mean is better with it on: they come of the wider spread, SD 0.220 against 0.0914" in paradox.text
    )
    assert about(found, "crossover of the mean val_loss").figures["b"] == "use_rms_norm"
    row = about(found, "use_rms_norm lowers the mean")
    assert "the median pair differs by −0.00480 only" in row.text
    assert "narrows the spread" in row.text
    assert "Other factors matter less with it" in row.text

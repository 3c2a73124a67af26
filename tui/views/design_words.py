"""In plain words, what a design can and cannot tell, and what to run next."""

from __future__ import annotations

from collections.abc import Sequence

from ablate_tui.queries.design import Design
from ablate_tui.tui.formats import number

NAMED = 4  # aliases, pairs, correlations in a sentence
TOLD = 5  # configurations to run next


def some(parts: Sequence[str], limit: int = NAMED, between: str = ", ") -> str:
    """Some of the parts, and how many more there are."""
    more = f" … {len(parts) - limit:,} more" if len(parts) > limit else ""
    return between.join(parts[:limit]) + more


def facts(result: Design) -> tuple[str, ...]:
    """The design in a few sentences, what spoils conclusions first."""
    return (
        *mains(result),
        *interactions(result),
        coverage(result),
        *unmet(result),
        *noise(result),
        *correlated(result),
    )


def coverage(result: Design) -> str:
    """How many configurations there are, and how often each was run."""
    line = f"{result.configurations:,} of {large(result.possible)} configurations have runs"
    if result.replicates_min is None:
        return line
    low, high = result.replicates_min, result.replicates_max
    if low == high:
        return f"{line}, {low:,} each"
    return f"{line}, {low:,} to {high:,} each, median {number(result.replicates_median)}"


def mains(result: Design) -> list[str]:
    """Whether main effects can be told from each other."""
    if not result.vif:
        return ["too few configurations to tell any effect"] if result.balance else []
    if result.sums:
        told = [f"{names[0]} from {some(names[1:], between=' + ')}" for names in result.sums]
        return [f"can't be told apart, whatever the figures say: {some(told)}"]
    worst = result.vif_max
    if worst is None or len(result.vif) == 1:
        return []
    inflation = f"largest variance inflation {number(worst[1], 3)}, {worst[0]}" if worst[1] > 1.005 else "no inflation"
    return [f"every main effect can be told from the others ({inflation})"]


def interactions(result: Design) -> list[str]:
    """Aliases with and among two-factor interactions."""
    if len(result.vif) < 3:
        return []
    lines = []
    complete = [alias for alias in result.term_aliases if alias.complete and len(alias.a) == 1]
    near = [alias for alias in result.term_aliases if not alias.complete]
    if complete:
        first = complete[0]
        lines.append(
            f"main effects that may as well be interactions: {some([alias.words for alias in complete])} "
            f"(a shift by {first.a[0]} looks like {first.b[0]} and {first.b[1]} interacting)"
        )
    if near:
        told = [f"{alias.words} ({number(abs(alias.correlation), 2)})" for alias in near]
        lines.append(f"main effects near interactions: {some(told)}")
    looked = not any("term_aliases" in note.field.split() for note in result.notes)
    if looked and not complete and not near:
        lines.append("no main effect is near a two-factor interaction (all correlations below 0.5)")
    classes = [[":".join(term) for term in terms if len(term) == 2] for terms in result.alias_classes]
    same = [" = ".join(terms) for terms in classes if len(terms) > 1]
    same += [alias.words for alias in result.term_aliases if alias.complete and not alias.single and len(alias.a) == 2]
    if same:
        lines.append(f"interactions that can't be told apart: {some(same)}")
    return lines


def unmet(result: Design) -> list[str]:
    """Levels that no run has together."""
    aliased = {frozenset(names) for names in result.sums}
    pairs = [pair for pair in result.empty_pairs if frozenset((pair.a, pair.b)) not in aliased]
    told = [f"{pair.a} = {pair.level_a} with {pair.b} = {pair.level_b}" for pair in pairs]
    return [f"no run has {some(told)}"] if told else []


def noise(result: Design) -> list[str]:
    """What the replicates allow."""
    lines = []
    if result.replicates_max == 1:
        lines.append("no configuration was run twice: noise shows in residuals alone")
    elif result.replicates_min == 1:
        lines.append("some configurations were run once: they say nothing about noise")
    if result.reruns:
        lines.append(f"{result.reruns:,} runs repeat another in every factor, replicate and response")
    return lines


def correlated(result: Design) -> list[str]:
    """Factors that go together, but not always."""
    aliased = {frozenset(names) for names in result.sums}
    pairs = [pair for pair in result.correlations if frozenset((pair.a, pair.b)) not in aliased]
    told = [f"{pair.a} and {pair.b} ({number(pair.value, 2)})" for pair in pairs]
    return [f"factors that go together: {some(told)}"] if told else []


def to_run(result: Design, named: bool) -> tuple[str, ...]:
    """The first of the configurations to run next, and what each is for; `named`: with its levels."""
    if not result.next:
        return ()
    total = result.next_of if result.next_of is not None else len(result.next)
    heading = f"to run next: {total:,} {'configuration' if total == 1 else 'configurations'} (--json: next)"
    lines = []
    for at, run in enumerate(result.next[:TOLD], start=1):
        cell = some([f"{name} = {level}" for name, level in run.configuration.items()], 12)
        lines.append(f"{at}. {cell}: {run.why}" if named else f"{at}. {run.why}")
    return (heading, *lines)


def large(count: int) -> str:
    """A count, as a power of ten where it is too long to read."""
    return f"{count:,}" if count < 10**15 else f"some 10^{len(str(count)) - 1}"

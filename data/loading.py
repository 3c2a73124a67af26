"""From the table in memory to a RunTable: facts of the columns, roles, response, codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ablate_tui.data import curves, names
from ablate_tui.data.cube import NO_LEVEL, Combinations, Sorting, numbered
from ablate_tui.data.detect import (
    MOST_LEVELS,
    Facts,
    candidates,
    kind_of,
    natural,
    order_levels,
    roles,
)
from ablate_tui.data.engine import printable
from ablate_tui.data.errors import UsageError, one_of
from ablate_tui.data.responses import Values, condition, list_expressions, response_of, values
from ablate_tui.data.roles import ROLES, Role
from ablate_tui.data.schema import DIVERGED, FINISHED, MISSING, Choices, Column, Factor, Numbers, Response, RunTable
from ablate_tui.data.sql import literal, quote

if TYPE_CHECKING:
    from ablate_tui.data.store import Store

_EXACT = 200_000  # runs up to which distinct values are counted, not estimated, in every column
_MANY = 50_000  # distinct values from which on the estimate will do
_AT_ONCE = 32  # columns of one query for facts: DuckDB's planning grows with their square
_CASE = 64  # levels up to which a CASE is faster than a join
_NAMED = 3  # levels that a note names
_SPAN = 2**31  # numbers of combinations of levels that one pass makes
_NATIVE = ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "VARCHAR")  # equal where their texts are equal
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")


@dataclass(frozen=True)
class Survey:
    """What is known of a store's columns, whatever the user chooses."""

    facts: tuple[Facts, ...]
    roles: Mapping[str, tuple[Role, str]]

    def named(self, name: str) -> Facts:
        """The facts of one column."""
        return next(facts for facts in self.facts if facts.name == name)


def load(store: Store, choices: Choices) -> RunTable:
    """See `Store.load`."""
    survey = store.survey
    chosen = _chosen_roles(store, choices)
    notes = list(store.notes)
    text, guessed = _response_text(store, survey, chosen, choices, notes)
    said = store.goals.get(curves.metric_of(store, text) or text)
    goal = choices.goal or said or names.goal_of(text)
    response, column = response_of(store, text, goal)
    taken = {name: (role, why) for name, (role, why) in survey.roles.items()}
    taken.update({name: (role, "chosen") for name, role in chosen.items()})
    for name, (role, _) in list(taken.items()):
        if role == "response" and name != column:
            taken[name] = "covariate", "an outcome that is not the response"
    if column is not None:
        taken[column] = "response", "the likeliest outcome" if guessed else "chosen"
    if goal is None:
        goal = "min"
        notes.append(f"smaller {printable(text)} is taken as better: its name does not tell; --goal max reverses that")
    columns, factors = _factors(store, survey, taken, chosen, choices)
    replicates = tuple(name for name, (role, _) in taken.items() if role == "replicate")
    y, status = _outcomes(values(store, response, text, ours=column is not None))
    sorting = Sorting(y, status == FINISHED)  # beside the reading of the rest
    failed: NDArray[np.bool_] = status == DIVERGED
    if choices.fail:
        failed |= condition(store, choices.fail)
    combinations = _combinations(store, factors)
    replicate, labels = _replicate(store, replicates)
    table = RunTable(
        path=store.path,
        table=store.table,
        columns=columns,
        factors=factors,
        replicates=replicates,
        response=Response(text, response, goal),
        combinations=combinations,
        y=y,
        status=status,
        failed=failed,
        replicate=replicate,
        replicate_labels=labels,
        fail_condition=choices.fail,
        sorting=sorting,
    )
    return replace(table, notes=(*notes, *_gaps(table)))


def needed(store: Store, choices: Choices) -> tuple[tuple[str, ...], list[str]]:
    """What `load` reads of the runs: the factors; then replicates, response and condition of failure."""
    survey = store.survey
    chosen = _chosen_roles(store, choices)
    text, _ = _response_text(store, survey, chosen, choices, [])
    taken = {name: role for name, (role, _) in survey.roles.items()} | chosen
    factors = tuple(name for name, role in taken.items() if role in ("switch", "factor") and name != text)
    lists = [name for name, role in taken.items() if role == "replicate" and name != text] + [text]
    return factors, lists + ([choices.fail] if choices.fail else [])


def responses(store: Store) -> tuple[str, ...]:
    """See `Store.responses`."""
    survey = store.survey
    ranked = candidates(survey.facts, survey.roles, store.runs)
    offered = [name for name in ranked if survey.named(name).kind != "list"]
    for name in ranked:
        if survey.named(name).kind == "list":
            offered += list_expressions(store, name)
    offered += [form.format(curves.written(name)) for name in store.metrics for form in curves.OFFERED]
    return tuple(offered)


def survey_of(store: Store) -> Survey:
    """Look at every column once."""
    facts = _facts(store)

    def one_to_one(a: str, b: str) -> bool:
        with store.cursor() as cursor:
            pairs, left, right = cursor.execute(
                f"SELECT count(DISTINCT ({quote(a)}, {quote(b)})), count(DISTINCT {quote(a)}), "
                f"count(DISTINCT {quote(b)}) FROM runs"
            ).fetchall()[0]
        return bool(pairs == left == right)

    return Survey(facts, roles(facts, store.runs, one_to_one))


def _facts(store: Store) -> tuple[Facts, ...]:
    exact = store.runs <= _EXACT
    counts: list[tuple[str, ...]] = []
    for name, dtype in store.columns.items():
        column = quote(name)
        plain = kind_of(dtype) not in ("list", "other")
        # hash() because lists and nested values have no distinct count of their own
        value = column if plain else f"CASE WHEN {column} IS NOT NULL THEN hash({column}) END"
        distinct = f"count(DISTINCT {value})" if exact else f"approx_count_distinct({value})"
        if dtype == "BOOLEAN":
            distinct = f"CASE WHEN min({column}) = max({column}) THEN 1 ELSE least(2, 2 * count({column})) END"
        counts.append(
            (
                distinct,
                f"count({column})",
                f"CAST(min({column}) AS VARCHAR)" if plain else "NULL",
                f"CAST(max({column}) AS VARCHAR)" if plain else "NULL",
            )
        )
    with store.cursor() as cursor:
        row: list[Any] = []
        for start in range(0, len(counts), _AT_ONCE):
            few = ", ".join(chain.from_iterable(counts[start : start + _AT_ONCE]))
            row += cursor.execute(f"SELECT {few} FROM runs").fetchall()[0]
        facts = []
        for at, (name, dtype) in enumerate(store.columns.items()):
            distinct, filled, low, high = row[4 * at : 4 * at + 4]
            if not exact and 2 < distinct < _MANY and kind_of(dtype) not in ("list", "other"):
                distinct = cursor.execute(f"SELECT count(DISTINCT {quote(name)}) FROM runs").fetchall()[0][0]
            elif not exact:
                distinct = filled if distinct > 0.9 * filled else distinct
            facts.append(Facts(name, dtype, int(distinct), store.runs - int(filled), low, high, store.kinds.get(name)))
    return tuple(facts)


def _chosen_roles(store: Store, choices: Choices) -> dict[str, Role]:
    for name, role in choices.roles.items():
        if name not in store.survey.roles:
            raise UsageError(f'no column "{printable(name)}" to give a role; {one_of(name, tuple(store.columns))}')
        if role not in ROLES:
            raise UsageError(f'no role "{printable(role)}" for "{printable(name)}"; {one_of(role, ROLES)}')
    return dict(choices.roles)


def _response_text(
    store: Store, survey: Survey, chosen: Mapping[str, Role], choices: Choices, notes: list[str]
) -> tuple[str, bool]:
    """What the response is, and whether that is a guess."""
    if choices.response is not None:
        return choices.response, False
    named = [name for name, role in chosen.items() if role == "response"]
    if len(named) > 1:
        raise UsageError(f'two columns are given the role response, "{named[0]}" and "{named[1]}"; give it to one')
    if named:
        return named[0], False
    ranked = candidates(survey.facts, survey.roles, store.runs)
    free = [name for name in ranked if chosen.get(name) is None]
    if (not free or names.outcome(free[0]) is None) and store.metrics:
        text = f"last({curves.written(curves.metrics(store)[0])})"
        notes.append(f"no column is an outcome; the response is the last value of a curve, {printable(text)}")
        return text, True
    if not free:
        raise UsageError("no response: no numeric column looks like an outcome; choose one with --response")
    if names.outcome(free[0]) is None:
        notes.append(
            f'no column is named like an outcome; "{printable(free[0])}" is taken as the response, '
            "--response chooses another"
        )
    if survey.named(free[0]).kind == "list":
        notes.append(f'the response is the last value of each list in "{printable(free[0])}"')
    return free[0], True


def _factors(
    store: Store,
    survey: Survey,
    taken: Mapping[str, tuple[Role, str]],
    chosen: Mapping[str, Role],
    choices: Choices,
) -> tuple[tuple[Column, ...], tuple[Factor, ...]]:
    """Columns with their roles and levels, and those that are factors."""
    columns: list[Column] = []
    factors: list[Factor] = []
    for facts in survey.facts:
        role, why = taken[facts.name]
        levels: tuple[str, ...] = ()
        if role in ("switch", "factor"):
            if facts.kind in ("list", "other"):
                raise UsageError(f'"{printable(facts.name)}" can\'t be a {role}: its type is {facts.dtype}')
            if facts.distinct > MOST_LEVELS:
                raise UsageError(
                    f'"{printable(facts.name)}" can\'t be a {role}: it has {facts.distinct} values, '
                    f"more than the {MOST_LEVELS} that can be told apart"
                )
            levels = order_levels(_levels(store, facts.name), choices.on.get(facts.name))
            if chosen.get(facts.name) == "switch" and len(levels) > 2:
                raise UsageError(
                    f'"{printable(facts.name)}" has {len(levels)} levels and a switch has two; give it the role factor'
                )
            if len(levels) > 1:
                role = "switch" if len(levels) == 2 else "factor"
                factors.append(Factor(facts.name, levels))
        elif facts.distinct == 1 and facts.kind not in ("list", "other"):
            levels = (str(facts.low),)
        columns.append(Column(facts.name, facts.dtype, role, levels, facts.distinct, facts.nulls, why))
    switches = {factor.name: factor for factor in factors if factor.is_switch}
    for name, level in choices.on.items():
        if name not in switches:
            raise UsageError(f'no switch "{printable(name)}" to set on; {one_of(name, tuple(switches))}')
        if level not in switches[name].levels:
            known = one_of(level, switches[name].levels)
            raise UsageError(f'"{printable(name)}" has no level "{printable(level)}"; {known}')
    return tuple(columns), tuple(factors)


def _gaps(table: RunTable) -> list[str]:
    """Which factors have no value in some runs, and where that is since another factor decides on them."""
    told, codes = [], table.combinations.codes
    for factor, row in zip(table.factors, codes, strict=True):
        empty = row == NO_LEVEL
        if not empty.any():
            continue
        n = int(np.count_nonzero(empty[table.combinations.of_run]))
        words = f'"{printable(factor.name)}" has no value in {n:,} run{"s" * (n > 1)}'
        if factor.name in table.conditions:
            parent = table.factor(table.conditions[factor.name])
            there = np.unique(codes[table.positions[parent.name], ~empty])
            levels = [printable(parent.levels[code]) for code in there if code != NO_LEVEL]
            more = f" or {len(levels) - _NAMED} more" if len(levels) > _NAMED else ""
            words += f": it is set only where {printable(parent.name)} = {' or '.join(levels[:_NAMED])}{more}"
        told.append(words)
    return told


def _levels(store: Store, name: str) -> list[str]:
    facts = store.survey.named(name)
    if facts.distinct == 2 and facts.low != facts.high:
        return [str(facts.low), str(facts.high)]
    column = quote(name)
    with store.cursor() as cursor:
        rows = cursor.execute(
            f"SELECT DISTINCT CAST({column} AS VARCHAR) FROM runs WHERE {column} IS NOT NULL"
        ).fetchall()
    return [level for (level,) in rows]


def _combinations(store: Store, factors: Sequence[Factor]) -> Combinations:
    """The configurations that occur, numbered by DuckDB in one pass where the levels are few.

    The comparison is that of `queries.slices.where`: as text. Each run gets a number in mixed radix, whose
    digits are the codes + 1.
    """
    parts: list[tuple[list[Factor], int]] = [([], 1)]  # factors, and how many numbers there are of them
    for factor in factors:
        size = len(factor.levels) + 1
        if parts[-1][1] * size > _SPAN:
            parts.append(([], 1))
        parts[-1] = ([*parts[-1][0], factor], parts[-1][1] * size)
    found = [_keyed(store, *part) for part in parts]
    while len(found) > 1:  # numbers of numbers: what occurs of both together
        (left, of_left), (right, of_right) = found[0], found[1]
        both, of_run = numbered(of_left * np.int64(right.shape[1]) + of_right, left.shape[1] * right.shape[1])
        at, to = np.divmod(both, right.shape[1])
        found[:2] = [(np.vstack([left[:, at], right[:, to]]), of_run)]
    return Combinations(*found[0])


def _keyed(store: Store, factors: list[Factor], span: int) -> tuple[NDArray[np.int16], NDArray[np.int32]]:
    """(k, C) codes of the combinations of some factors that occur, and (runs,) which each run has."""
    there, of_run = numbered(_keys(store, factors), span)
    codes = np.empty((len(factors), len(there)), dtype=np.int16)
    for row, factor in reversed(list(enumerate(factors))):
        there, digit = np.divmod(there, len(factor.levels) + 1)
        codes[row] = digit - 1
    return codes, of_run


def _keys(store: Store, factors: Sequence[Factor]) -> NDArray[np.integer]:
    """(runs,) numbers in mixed radix, below _SPAN, the first factor's digit the highest."""
    sizes = [len(factor.levels) + 1 for factor in factors]
    key: NDArray[np.integer] | None = None
    short = list[str]()
    weights = np.cumprod([1, *sizes[:0:-1]])[::-1].tolist() if factors else []  # of the digits
    import pyarrow as pa  # at the start of the program time is dear

    with store.cursor() as cursor:
        for factor, weight in zip(factors, weights, strict=True):
            if len(factor.levels) <= _CASE:
                short.append(_digit(store, factor, weight))
                continue
            key = np.zeros(store.runs, dtype=np.int64) if key is None else key
            levels = np.arange(1, len(factor.levels) + 1, dtype=np.int64)
            known = pa.table({"level": pa.array(factor.levels, pa.string()), "digit": levels})
            cursor.register("ablate_tui_levels", known)
            rows = cursor.execute(
                f"SELECT runs.{quote(store.row)} AS place, ablate_tui_levels.digit AS digit FROM runs "
                f"JOIN ablate_tui_levels ON CAST(runs.{quote(factor.name)} AS VARCHAR) = ablate_tui_levels.level"
            ).fetchnumpy()
            key[rows["place"]] += rows["digit"] * weight
            cursor.unregister("ablate_tui_levels")
        if short:
            rows = cursor.execute(f"SELECT {' + '.join(short)} AS key FROM runs").fetchnumpy()
            key = rows["key"] if key is None else key + rows["key"]
    return np.zeros(store.runs, dtype=np.int64) if key is None else key


def _digit(store: Store, factor: Factor, weight: int) -> str:
    """SQL of a factor's code + 1, 0 for NULL, times a weight."""
    column, native = quote(factor.name), store.columns[factor.name] in _NATIVE
    value = column if native else f"CAST({column} AS VARCHAR)"  # as text a float has its own way to be equal
    # the weight is in the numbers, and they have their type: products and casts take DuckDB as long as the rest
    whens = " ".join(
        f"WHEN {value} = {literal(level)} THEN {digit * weight}::UINTEGER"
        for digit, level in enumerate(factor.levels[1:], start=2)
    )
    return f"CASE {whens} WHEN {value} IS NULL THEN 0::UINTEGER ELSE {weight}::UINTEGER END"


def _replicate(store: Store, columns: tuple[str, ...]) -> tuple[NDArray[np.int32], Sequence[str]]:
    """(runs,) dense number of the replicate columns' values together, and what they are by that number.

    Zeros, and nothing, without any column.
    """
    if len(columns) == 1 and store.columns[columns[0]] in _INTEGERS:
        facts = store.survey.named(columns[0])
        if facts.distinct and int(str(facts.high)) - int(str(facts.low)) < 2**62:
            return _integers(store, columns[0], int(str(facts.low)), int(str(facts.high)))
    levels = {name: sorted(_levels(store, name), key=natural) for name in columns}
    of_run = np.zeros(store.runs, dtype=np.int32)
    labels: list[str] = []
    for name, known in levels.items():
        texts = ["NULL", *known]
        own = _keys(store, [Factor(name, tuple(known))])
        # numbered anew after each column, so that the product stays within 64 bits
        found, of_run = numbered(of_run * np.int64(len(texts)) + own, (int(of_run.max()) + 1) * len(texts))
        so_far, last = np.divmod(found, len(texts))
        labels = [
            f"{labels[before]}, {texts[at]}" if labels else texts[at]
            for before, at in zip(so_far.tolist(), last.tolist(), strict=True)
        ]
    return of_run, tuple(labels)


def _integers(store: Store, column: str, low: int, high: int) -> tuple[NDArray[np.int32], Sequence[str]]:
    """The same of one column of whole numbers, which can be millions: no text is made of them."""
    with store.cursor() as cursor:
        dtype = "UINTEGER" if high - low + 1 < 2**32 else "BIGINT"
        key = f"CAST(coalesce(CAST({quote(column)} AS BIGINT) - ({low}) + 1, 0) AS {dtype})"
        rows = cursor.execute(f"SELECT {key} AS key FROM runs").fetchnumpy()
    found, of_run = numbered(rows["key"], high - low + 2)
    return of_run, Numbers(found + (low - 1), low - 1)


def _outcomes(found: Values) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    status = np.full(len(found.y), FINISHED, dtype=np.uint8)
    status[~np.isfinite(found.y)] = DIVERGED
    status[found.missing] = MISSING
    found.y[status != FINISHED] = np.nan  # infinities
    return found.y, status

"""Polars code for what the views count and average: the same figures as their SQL, for a notebook.

Every body reads a frame `runs` (the slice's runs: the factors as text, the replicate columns, the response) and
leaves a frame `table`. Names and levels stand in it as Python literals, whatever is in them; `col` is a column by its
name.
"""

from __future__ import annotations

from dataclasses import dataclass

from ablate_tui.queries.compare import ALL, QUANTILES
from ablate_tui.queries.curves import QUARTILES
from ablate_tui.queries.effect_row import REST
from ablate_tui.queries.inference.enrichment import SHARE
from ablate_tui.queries.pairs import Pairs
from ablate_tui.queries.slices import Sample
from ablate_tui.queries.sql import free_name

INPUT = (
    "# Tests, densities and SHAP values are computed from these rows: Polars has no function for them.\ntable = runs\n"
)
DISTINCT = """def distinct(frame, name):
    return frame.select(col(name).drop_nulls().unique().sort().alias("level"))["level"].to_list()


"""


@dataclass(frozen=True)
class PolarsCode:
    """The code of one view. Without a sample it has no use for `runs`: it asks `source`, a DuckDB connection."""

    body: str
    sample: Sample | None
    modules: tuple[str, ...] = ()  # to import beside Polars


def name_of(sample: Sample, wish: str) -> str:
    """A column's name that none of the source's columns has."""
    return free_name(sample, wish)[1:-1]


def input_rows(sample: Sample) -> PolarsCode:
    """The input rows alone."""
    return PolarsCode(INPUT, sample)


def _head(sample: Sample) -> str:
    return f"y = pl.col({name_of(sample, 'y')!r})\nfinished = y.is_finite()\n"


def compare_polars(sample: Sample) -> PolarsCode:
    """Counts, mean, SD and quantiles of every side, as `compare_sql` gives them."""
    contrast = sample.slice.contrast
    side = f"pl.lit({ALL!r})" if contrast is None else f"col({contrast!r})"
    quantiles = "".join(
        f'        {name}=y.filter(finished).quantile({q}, "linear"),\n' for name, q in QUANTILES.items()
    )
    return PolarsCode(
        _head(sample)
        + f"""table = (
    runs.select({side}.alias("level"), y)
    .filter(pl.col("level").is_not_null())
    .group_by("level")
    .agg(
        n=y.filter(finished).len(),
        diverged=(~finished).sum(),
        missing=y.is_null().sum(),
        mean=y.filter(finished).mean(),
        sd=y.filter(finished).std(),
        min=y.filter(finished).min(),
{quantiles}        max=y.filter(finished).max(),
    )
    .sort("level")
)
""",
        sample,
    )


def effects_polars(sample: Sample) -> PolarsCode:
    """Counts, means, medians, SDs and interquartile ranges of every side, as `effects_sql` gives them."""
    if not sample.table.factors:
        return input_rows(sample)
    switches = {f.name: (f.on, f.off) if f.is_switch else None for f in sample.table.factors}
    return PolarsCode(
        _head(sample)
        + f"switches = {_listed(switches)}  # on and off; None: each level against the rest\n\n\n"
        + f"""def sides(name, on, off):
    side = pl.when(col(name) == on).then(pl.lit(on)).otherwise(pl.lit(off))
    return (
        runs.filter(col(name).is_not_null())
        .group_by(side.alias("side"))
        .agg(
            n=y.filter(finished).len(),
            mean=y.filter(finished).mean(),
            median=y.filter(finished).median(),
            sd=y.filter(finished).std(),
            iqr=y.filter(finished).quantile(0.75, "linear") - y.filter(finished).quantile(0.25, "linear"),
        )
        .select(pl.lit(name).alias("switch"), pl.lit(on).alias("on"), pl.all())
        .sort(pl.col("side") == on, descending=True)
    )


{DISTINCT}def levels(name):
    if switches[name]:
        return [switches[name]]
    return [(level, {REST!r}) for level in distinct(runs, name)]


table = pl.concat([sides(name, *of) for name in sorted(switches) for of in levels(name)])
""",
        sample,
    )


def interactions_polars(sample: Sample) -> PolarsCode:
    """Runs, mean and SD of the cells of every pair of free factors, as `interactions_sql` gives them."""
    free = [factor.name for factor in sample.free]
    if len(free) < 2:
        return input_rows(sample)
    return PolarsCode(
        _head(sample)
        + f"switches = {_listed(free)}\n\n\n"
        + """def cells(a, b):
    return (
        runs.filter(col(a).is_not_null() & col(b).is_not_null())
        .group_by(col(a).alias("level_a"), col(b).alias("level_b"))
        .agg(n=y.filter(finished).len(), mean=y.filter(finished).mean(), sd=y.filter(finished).std())
        .select(pl.lit(a).alias("a"), "level_a", pl.lit(b).alias("b"), "level_b", "n", "mean", "sd")
    )


pairs = [(a, b) for at, a in enumerate(switches) for b in switches[at + 1 :]]
table = pl.concat([cells(a, b) for a, b in pairs]).sort("a", "b", "level_a", "level_b")
""",
        sample,
    )


def best_polars(sample: Sample) -> PolarsCode:
    """Shares among the best runs and among all finished ones, as `best_sql` gives them."""
    if not sample.table.factors:
        return input_rows(sample)
    switches = {f.name: f.on if f.is_switch else None for f in sample.table.factors}
    best, descending = name_of(sample, "best"), sample.table.response.goal == "max"
    return PolarsCode(
        _head(sample)
        + f"""ranked = runs.filter(finished)
k = math.ceil({SHARE!r} * ranked.height - 1e-9)
ranked = ranked.with_columns((y.rank("min", descending={descending}) <= k).alias({best!r}))  # ties are in together
switches = {_listed(switches)}  # on; None: every level


def shares(name, level):
    same = col(name) == level
    return ranked.filter(col(name).is_not_null()).select(
        pl.lit(name).alias("switch"),
        pl.lit(level).alias("level"),
        share=same.filter(pl.col({best!r})).mean(),
        base=same.mean(),
    )


{DISTINCT}def levels(name):
    return [switches[name]] if switches[name] is not None else distinct(ranked, name)


table = pl.concat([shares(name, level) for name in sorted(switches) for level in levels(name)])
table = table.filter(pl.col("base").is_not_null())
""",
        sample,
        ("math",),
    )


def design_polars(sample: Sample) -> PolarsCode:
    """The configurations with their runs, fewest first, as `design_sql` gives them."""
    names = [factor.name for factor in sample.table.factors]
    of = {wish: name_of(sample, wish) for wish in ("runs", "finished", "diverged", "missing")}
    counts = (
        f"    pl.len().alias({of['runs']!r}),\n    finished.sum().alias({of['finished']!r}),\n"
        f"    (~finished).sum().alias({of['diverged']!r}),\n    y.is_null().sum().alias({of['missing']!r}),\n"
    )
    grouped = f"runs.group_by(*map(col, {_listed(names)})).agg" if names else "runs.select"
    return PolarsCode(f"{_head(sample)}table = {grouped}(\n{counts}).sort({of['runs']!r})\n", sample)


def pairs_polars(sample: Sample, found: Pairs) -> PolarsCode:
    """The matched pairs, as `pairs_sql` gives them."""
    if found.figures is None or found.switch is None:
        return input_rows(sample)
    on, off, difference = (name_of(sample, wish) for wish in ("on", "off", "difference"))
    shared = [f.name for f in sample.table.factors if f.name != found.switch] + list(sample.table.replicates)
    grouped = f"runs.group_by(*map(col, {_listed(shared)})).agg" if shared else "runs.select"
    return PolarsCode(
        _head(sample)
        + f"""switch = col({found.switch!r})
table = (
    {grouped}(
        y.filter(finished & (switch == {found.figures.on!r})).mean().alias({on!r}),
        y.filter(finished & (switch == {found.figures.off!r})).mean().alias({off!r}),
    )
    .drop_nulls([{on!r}, {off!r}])
    .with_columns((pl.col({on!r}) - pl.col({off!r})).alias({difference!r}))
    .sort({difference!r})
)
""",
        sample,
    )


def curves_polars(points: str) -> PolarsCode:
    """Quartiles by side and step of the points that a SQL query gives, as `curves_sql` has them."""
    value = 'pl.col("value")'
    quartiles = "".join(
        f'        {name}={value}.quantile({share}, "linear"),\n'
        for share, name in zip(QUARTILES, ("q25", "median", "q75"), strict=True)
    )
    return PolarsCode(
        f"points = source.sql({sql_literal(points)}).pl()\n"
        f'table = (\n    points.filter(pl.col("level").is_not_null() & {value}.is_finite())\n'
        '    .group_by("level", "step")\n    .agg(\n        n=pl.len(),\n'
        f'{quartiles}    )\n    .sort("level", "step")\n)\n',
        None,
    )


def sql_literal(sql: str) -> str:
    """A query as Python text, a line a line."""
    lines = [f"    {line!r}" for line in sql.splitlines(keepends=True)]
    return "(\n" + "\n".join(lines) + "\n)" if len(lines) > 1 else repr(sql)


def _listed(values: object) -> str:
    """A list or mapping as Python text, an item a line where it is long."""
    text = repr(values)
    if len(text) <= 80:
        return text
    items = (
        [f"{name!r}: {value!r}" for name, value in values.items()]
        if isinstance(values, dict)
        else [repr(value) for value in values]  # type: ignore[attr-defined]
    )
    return text[0] + "".join(f"\n    {item}," for item in items) + f"\n{text[-1]}"

"""Parts of the SQL that the queries hand out: the runs of a slice, and their response."""

from __future__ import annotations

from ablate_tui.data.sql import quote
from ablate_tui.queries.slices import Sample


def as_text(name: str) -> str:
    """A factor as the text that its levels are written in."""
    return f"CAST({quote(name)} AS VARCHAR)"


def runs_in_slice(sample: Sample) -> str:
    """FROM and WHERE: the runs inside the filters."""
    return f"FROM {quote(sample.table.table)}\nWHERE {sample.slice.where()}"


def free_name(sample: Sample, wish: str) -> str:
    """A quoted name that no column of the source has (DuckDB does not tell capitals apart)."""
    taken = {column.name.lower() for column in sample.table.columns}
    taken |= {factor.name.lower() for factor in sample.table.factors}
    while wish in taken:
        wish += "_"
    return quote(wish)


def response_name(sample: Sample) -> str:
    """The quoted name that the response has in all SQL made here: y where that is free."""
    return free_name(sample, "y")


def factor_columns(sample: Sample) -> str:
    """All factors as text under their own names, each followed by a comma."""
    return "".join(f"{as_text(f.name)} AS {quote(f.name)}, " for f in sample.table.factors)


def with_input(sample: Sample, columns: str) -> str:
    """A common table expression "input": some columns (each followed by a comma), and the response."""
    return (
        f"WITH input AS (\nSELECT {columns}{sample.table.response.sql} AS {response_name(sample)}\n"
        f"{runs_in_slice(sample)}\n)"
    )


def over_finished(aggregate: str, y: str) -> str:
    """An aggregate over the runs whose response is a finite number."""
    return f"{aggregate} FILTER (isfinite({y}))"


def input_sql(sample: Sample) -> str:
    """SQL of the rows that tests, densities and SHAP values are computed from.

    Parameters
    ----------
    sample : Sample

    Returns
    -------
    str
        One row per run in the slice: the factors as text, the replicate columns, the response.
    """
    replicates = "".join(f"{quote(name)}, " for name in sample.table.replicates)
    return (
        "-- The input rows: what SQL has no function for is computed from these runs. The last column is"
        f" the response.\nSELECT {factor_columns(sample)}{replicates}{sample.table.response.sql}"
        f" AS {response_name(sample)}\n{runs_in_slice(sample)}"
    )

"""Polars code of a view, whole: where the runs come from, then what the view makes of them."""

from __future__ import annotations

from ablate_tui.data.addresses import is_server
from ablate_tui.data.errors import UsageError
from ablate_tui.data.sources.locate import locate
from ablate_tui.data.sources.object_storage import is_remote
from ablate_tui.data.sql import quote
from ablate_tui.queries.polars_code import PolarsCode, name_of, sql_literal
from ablate_tui.queries.slices import Sample
from ablate_tui.queries.sql import factor_columns, runs_in_slice
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.base import View, slice_words

WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
SAME_TEXT = ("VARCHAR", "BOOLEAN", *WHOLE)  # types whose values Polars and DuckDB write alike
NUMBERS = ("FLOAT", "DOUBLE", *WHOLE)


def polars_code(session: Session, view: View, look: Look) -> str:
    """Code that gives a view's figures in a notebook.

    Returns
    -------
    str
        Leaves them in `table`; of two slices, one below the other with a column "slice".

    Raises
    ------
    UsageError
        The runs are on a server, which Polars does not read by itself.
    """
    if is_server(session.store.path):
        raise UsageError("Polars can't read runs on a server by itself; the SQL of this view runs there")
    beside = session.beside(look) if view.two_slices else None
    codes = [view.polars(session.inputs(each)) for each in (look, beside) if each is not None]
    parts = [part(session, code, view, each) for code, each in zip(codes, (look, beside), strict=False) if each]
    text = "\n".join(parts) if beside is None else together(parts)
    modules = {module for code in codes for module in code.modules}
    modules |= {"polars as pl"} | ({"duckdb"} if "source = duckdb.connect(" in text else set())
    odd = any(name == "*" or (name[:1], name[-1:]) == ("^", "$") for name in session.store.columns)
    if odd:
        modules.add("polars.selectors as cs")
    imports = "".join(f"import {module}\n" for module in sorted(modules))
    col = "cs.by_name  # pl.col would read some of these names as patterns" if odd else "pl.col"
    return f"{imports}\ncol = {col}\n\n{text}"


def together(parts: list[str]) -> str:
    """The code of two slices, and their tables below each other."""
    kept = [f"{part}{name.lower()} = table\n" for name, part in zip("AB", parts, strict=True)]
    return (
        "\n".join(kept) + '\nslices = {"A": a, "B": b}\n'
        'table = pl.concat([of.select(pl.lit(name).alias("slice"), pl.all()) for name, of in slices.items()])\n'
    )


def part(session: Session, code: PolarsCode, view: View, look: Look) -> str:
    """The source and the body of one slice."""
    if code.sample is None:
        return f"{connected(session)}{code.body}"
    words = "".join(sign if sign.isprintable() else "�" for sign in slice_words(code.sample))
    heading = f"# {view.title}: {words}\n"
    return f"{heading}{rows(session, code.sample)}\n{code.body}"


def rows(session: Session, sample: Sample) -> str:
    """Statements that put the slice's runs into `runs`."""
    native = scanned(session, sample)
    if native is not None:
        return native
    replicates = "".join(f"{quote(name)}, " for name in sample.table.replicates)
    columns = f"{factor_columns(sample)}{replicates}{sample.table.response.sql} AS {quote(name_of(sample, 'y'))}"
    query = f"SELECT {columns}\n{runs_in_slice(sample)}"
    return f"{connected(session)}runs = source.sql({sql_literal(query)}).pl()\n"


def connected(session: Session) -> str:
    """Statements that give the DuckDB connection `source`, in which the runs have their table's name."""
    store = session.store
    if store.origin is None:
        return f"source = duckdb.connect({store.path!r}, read_only=True)\n"
    return f"source = duckdb.connect()\nsource.execute({session.file_as_table()!r})\n"


def scanned(session: Session, sample: Sample) -> str | None:
    """Statements that read one Parquet file with Polars; None where DuckDB has to: levels or a response in SQL."""
    store, table = session.store, sample.table
    if is_remote(store.path) or (found := locate(store.path)).kind != "parquet" or len(found.files) > 1:
        return None
    factors = [factor.name for factor in table.factors]
    response = table.response.name
    plain = (
        all(store.columns.get(name) in SAME_TEXT for name in factors)
        and store.columns.get(response) in NUMBERS
        and table.response.sql == f"CAST({quote(response)} AS DOUBLE)"
    )
    if not plain:
        return None
    kept = "".join(
        f"    .filter(col({name!r}).cast(pl.String).is_in({list(levels)!r}))\n" for name, levels in sample.slice.filters
    )
    columns = [f"col({name!r}).cast(pl.String)" for name in factors]
    columns += [f"col({name!r})" for name in table.replicates if name not in factors]
    columns.append(f"col({response!r}).cast(pl.Float64).alias({name_of(sample, 'y')!r})")
    literally = ", glob=False" if any(sign in found.files[0] for sign in "*?[]") else ""
    listed = "".join(f"        {column},\n" for column in columns)
    scan = f"    pl.scan_parquet({found.files[0]!r}{literally})\n"
    return f"runs = (\n{scan}{kept}    .select(\n{listed}    )\n    .collect()\n)\n"

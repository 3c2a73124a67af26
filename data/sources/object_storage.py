"""Parquet on object storage, through DuckDB's httpfs extension where that is installed."""

from __future__ import annotations

import os

from ablate_tui.data.engine import Connection, DatabaseError, printable, reason, shut
from ablate_tui.data.errors import SourceError
from ablate_tui.data.sql import literal

_SCHEMES = ("s3://", "gs://", "gcs://", "r2://", "https://", "http://", "hf://")
# DuckDB's names, and where the tools of the storages have them
_KEYS = {
    "KEY_ID": ("AWS_ACCESS_KEY_ID",),
    "SECRET": ("AWS_SECRET_ACCESS_KEY",),
    "SESSION_TOKEN": ("AWS_SESSION_TOKEN",),
    "REGION": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "ENDPOINT": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
}


def is_remote(source: str) -> bool:
    """Whether a source is an address on object storage or the web."""
    return source.startswith(_SCHEMES)


def copy_remote(connection: Connection, source: str) -> None:
    """Copy Parquet files at an address, which may be a glob, into "runs"; the connection is shut by this.

    Keys come from the environment, as the storage's own tools have them.

    Raises
    ------
    SourceError
        No httpfs, no access, or no Parquet files; no message has a key in it.
    """
    try:
        connection.execute("LOAD httpfs")
    except DatabaseError as error:
        raise SourceError(
            f'reading "{printable(source)}" needs DuckDB\'s httpfs extension, which is not installed here; where there '
            "is a network: python3 -c \"import duckdb; duckdb.sql('INSTALL httpfs')\""
        ) from error
    try:
        if source.startswith("s3://") and (secret := _secret()):
            connection.execute(secret)
        connection.execute(
            f"CREATE TABLE main.runs AS SELECT * FROM read_parquet({literal(source)}, union_by_name=true, "
            "hive_partitioning=false)"
        )
    except DatabaseError as error:
        words = reason(error)
        for names in _KEYS.values():
            for name in names:
                if value := os.environ.get(name):
                    words = words.replace(value, "…")
        raise SourceError(f'"{printable(source)}" can\'t be read: {words}') from None
    shut(connection)


def _secret() -> str:
    """The statement that gives DuckDB the keys of the environment; empty where it has none."""
    values = {key: next(filter(None, map(os.environ.get, names)), None) for key, names in _KEYS.items()}
    found = {key: value for key, value in values.items() if value}
    if "KEY_ID" not in found:
        return ""
    parts = [f"{key} {literal(value)}" for key, value in found.items() if key != "ENDPOINT"]
    if endpoint := found.get("ENDPOINT"):
        scheme, _, host = endpoint.rpartition("://")
        parts += [f"ENDPOINT {literal(host)}", "URL_STYLE 'path'", f"USE_SSL {str(scheme != 'http').lower()}"]
    return f"CREATE OR REPLACE TEMPORARY SECRET ablate_tui (TYPE s3, {', '.join(parts)})"

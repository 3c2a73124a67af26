"""Which files a source's name stands for, and of what kind they are."""

from __future__ import annotations

import glob
import gzip
import os
import zlib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from ablate_tui.data.engine import printable, refuse_odd_name
from ablate_tui.data.errors import SourceError

Kind = Literal["duckdb", "parquet", "csv", "json"]

_SUFFIXES: dict[str, Kind] = {
    ".duckdb": "duckdb",
    ".db": "duckdb",
    ".ddb": "duckdb",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
}
_READS = "DuckDB, Parquet, CSV or TSV, and JSON Lines files are read"
_FOREIGN = {  # first bytes of what people pass by mistake
    b"SQLite format 3\x00": "an SQLite file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"%PDF": "a PDF file",
    b"PK\x03\x04": "a ZIP archive or an Excel file",
    b"ARROW1": "an Arrow file",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
}


@dataclass(frozen=True)
class Located:
    """The files of a source, all of one kind, in the order in which they are read."""

    kind: Kind
    files: tuple[str, ...]


def locate(source: str) -> Located:
    """Find the files behind a name: a file, a folder, or a glob.

    Raises
    ------
    SourceError
        Nothing there, nothing readable, or files of different kinds.
    """
    if os.path.isfile(source):
        return Located(kind_of(source), (source,))
    files = members(source)
    kinds = sorted({kind_of(name) for name in files})
    where = printable(source)
    if len(kinds) > 1:
        raise SourceError(
            f'"{where}" mixes {" and ".join(kinds)} files; name those of one kind, such as '
            f'"{os.path.join(source if os.path.isdir(source) else os.path.dirname(source), "*.csv")}"'
        )
    if kinds == ["duckdb"] and len(files) > 1:
        raise SourceError(
            f'"{where}" holds {len(files)} DuckDB files; '
            f"name one, or gather them with: ablate-tui import {where} --into runs.duckdb"
        )
    return Located(kinds[0], files)


def members(source: str) -> tuple[str, ...]:
    """The readable files of a folder or glob, sorted by name; hidden ones are left out.

    Raises
    ------
    SourceError
        The name stands for nothing, or nothing in it has a known suffix.
    """
    if os.path.isdir(source):
        try:
            names = [os.path.join(source, name) for name in os.listdir(source)]
        except OSError as error:
            raise SourceError(f'"{printable(source)}" can\'t be read: {error.strerror}') from error
    elif glob.has_magic(source):
        names = glob.glob(source)
    else:
        raise SourceError(f'"{printable(source)}" is not there{_near(source)}')
    known = [name for name in names if _suffix(name) in _SUFFIXES and os.path.isfile(name)]
    files = sorted(name for name in known if not os.path.basename(name).startswith((".", "_")))
    if not files:
        raise SourceError(f'"{printable(source)}" holds no runs; {_READS}')
    return tuple(files)


def kind_of(path: str) -> Kind:
    """The kind of a file, by its first bytes where they tell, else by its suffix.

    Raises
    ------
    SourceError
        Empty, unreadable, or not a kind that is read.
    """
    name = printable(path)
    refuse_odd_name(path)
    head = head_of(path)
    if not head:
        raise SourceError(f'"{name}" is empty; {_READS}')
    if _is_duckdb(head):
        return "duckdb"
    if head[:4] == b"PAR1":
        return "parquet"
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise SourceError(f'"{name}" is {what}; {_READS}')
    kind = _SUFFIXES.get(_suffix(path))
    if kind is None:
        raise SourceError(f'"{name}" is of an unknown kind; {_READS}, known by suffixes such as .csv and .jsonl')
    if kind == "duckdb":
        raise SourceError(f'"{name}" is not a DuckDB file, or its beginning is lost')
    if kind == "parquet":
        raise SourceError(f'"{name}" is not a Parquet file, or its beginning is lost')
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError(f'"{name}" is UTF-16 text; save it as UTF-8')
    if b"\x00" in head:
        raise SourceError(f'"{name}" is a binary file, not text; {_READS}')
    return kind


def head_of(path: str, size: int = 4096) -> bytes:
    """The first bytes of a file, unpacked where it is gzipped.

    Raises
    ------
    SourceError
        The file can't be read, or its packing is damaged.
    """
    try:
        with open_text(path) as stream:
            return stream.read(size)
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or "its gzip packing is damaged or cut short"
        raise SourceError(f'"{printable(path)}" can\'t be read: {why}') from error


def is_gzip(path: str) -> bool:
    """Whether a file starts as gzip does, whatever it is called.

    A DuckDB file begins with a checksum of a random identifier, so that one in 65,536 starts so too.
    """
    with open(path, "rb") as stream:
        head = stream.read(12)
    return head[:2] == b"\x1f\x8b" and not _is_duckdb(head)


def _is_duckdb(head: bytes) -> bool:
    return head[8:12] == b"DUCK"


def open_text(path: str) -> gzip.GzipFile:
    """A file's bytes, unpacked where it is gzipped."""
    return gzip.open(path, "rb") if is_gzip(path) else open(path, "rb")  # type: ignore[return-value]


def pattern(path: str) -> str:
    """A path for DuckDB's readers, from wherever it is read."""
    return literally(os.path.abspath(path))


def literally(path: str) -> str:
    """A path as DuckDB's readers want it, which take every path for a glob."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in path)


def _suffix(path: str) -> str:
    name = os.path.basename(path).lower()
    return Path(name.removesuffix(".gz")).suffix


def _near(source: str) -> str:
    folder = os.path.dirname(source) or "."
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return f'; neither is the folder "{printable(folder)}"'
    near = get_close_matches(os.path.basename(source), names, n=3)
    near = near or [name for name in names if _suffix(name) in _SUFFIXES][:3]
    if not near:
        return "; give a DuckDB, Parquet, CSV or JSON Lines file, or a folder of them"
    return (
        "; did you mean " + " or ".join(f'"{printable(os.path.join(os.path.dirname(source), n))}"' for n in near) + "?"
    )

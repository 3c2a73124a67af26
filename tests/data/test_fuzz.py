"""Damaged files of every kind: the runs, or one clear line; never a traceback, never long. Seeds are kept."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.biting import as_duckdb
from tests.conftest import sweep

from ablate_tui.data.errors import AblateError
from ablate_tui.data.schema import Choices
from ablate_tui.data.store import open_store

KINDS = ("csv", "jsonl", "parquet", "duckdb")
SEEDS = range(40)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, bytes]:
    """A small sweep as a file of each kind."""
    folder, frame = tmp_path_factory.mktemp("whole"), sweep()
    frame.write_csv(folder / "runs.csv")
    frame.write_ndjson(folder / "runs.jsonl")
    frame.write_parquet(folder / "runs.parquet")
    as_duckdb(frame, folder / "runs.duckdb")
    return {kind: (folder / f"runs.{kind}").read_bytes() for kind in KINDS}


def damaged(content: bytes, seed: int) -> bytes:
    """Some bytes changed, mostly near the ends where the headers are; perhaps cut, doubled or shuffled."""
    chance = random.Random(seed)
    data = bytearray(content)
    for _ in range(chance.choice((1, 3, 30))):
        near = chance.choice((len(data), min(len(data), 4096), 64))
        at = chance.randrange(near) if chance.random() < 0.7 else len(data) - 1 - chance.randrange(near)
        data[at] = chance.randrange(256)
    what = chance.random()
    if what < 0.3:
        del data[chance.randrange(len(data)) :]
    elif what < 0.4:
        at = chance.randrange(len(data))
        data[at:at] = data[at : at + chance.randrange(1, 5000)]
    return bytes(data)


def opened(path: Path) -> str:
    """What becomes of a file: a word, or the line that refuses it."""
    try:
        store = open_store(str(path))
        try:
            table = store.load(Choices())
        finally:
            store.close()
    except AblateError as error:
        said = str(error)
        assert said
        assert "\n" not in said
        return said
    assert table.runs > 0
    return "runs"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_damage(kind, seed, whole, tmp_path):
    """Bytes changed, cut and doubled."""
    path = tmp_path / f"runs.{kind}"
    path.write_bytes(damaged(whole[kind], seed))
    opened(path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(KINDS), st.binary(max_size=300))
def test_any_bytes(tmp_path, kind, content):
    """Files that were never anything."""
    path = tmp_path / f"any.{kind}"
    path.write_bytes(content)
    opened(path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.text(max_size=6) | st.just("1.5"), min_size=1, max_size=4).map(",".join), min_size=1))
def test_any_lines_of_text(tmp_path, lines):
    """Text that is nearly CSV."""
    path = tmp_path / "text.csv"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    opened(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(st.text(max_size=4) | st.just("loss"), JSON, max_size=4), min_size=1, max_size=5))
def test_any_json_lines(tmp_path, rows):
    """Objects of any shape, with NaN as Python writes it."""
    import json

    path = tmp_path / "runs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    opened(path)

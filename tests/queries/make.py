"""Run tables for the tests, made from a pandas frame."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ablate_tui.data.cube import NO_LEVEL, Combinations
from ablate_tui.data.schema import DIVERGED, FINISHED, MISSING, Column, Factor, Response, RunTable
from ablate_tui.data.sql import quote

TOP = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ABLATE_SHARED", TOP / "../shared")) / "data"

REFERENCES: dict[str, dict[str, object]] = {
    "att_norm": {
        "factors": ["qk_activ", "qk_norm", "attn_activ", "post_attn_norm"],
        "response": "last_val_loss",
        "goal": "min",
        "replicates": ["seed"],
        "on": {"qk_activ": "gelu", "post_attn_norm": "rms_norm"},
    },
    "llvm": {"factors": None, "response": "PERF-", "goal": "min", "replicates": [], "on": {}},
    "npk": {
        "factors": ["block", "N", "P", "K"],
        "response": "yield",
        "goal": "max",
        "replicates": [],
        "on": {},
    },
}
REFERENCES["att_norm_raw"] = REFERENCES["att_norm"]


def text(value: object) -> str:
    """A value as DuckDB writes it as text."""
    return str(value).lower() if isinstance(value, (bool, np.bool_)) else str(value)


def combinations(codes: np.ndarray, factors: Sequence[Factor]) -> Combinations:
    """The configurations of (factors, runs) codes."""
    return Combinations.of(codes, tuple(len(factor.levels) for factor in factors))


def sweep(
    frame: pd.DataFrame,
    response: str = "y",
    *,
    factors: Sequence[str] | None = None,
    replicates: Sequence[str] = (),
    goal: str = "min",
    on: Mapping[str, str] | None = None,
    levels: Mapping[str, Sequence[str]] | None = None,
    failed: Sequence[bool] | None = None,
    table: str = "runs",
) -> RunTable:
    """A run table: None in a factor is NULL, None in the response is missing, NaN and infinity diverged.

    Columns of objects keep None and NaN apart. `levels` adds levels that do not occur.
    """
    y_raw = frame[response].to_numpy(dtype=object)
    missing = np.array([value is None or value is pd.NA for value in y_raw], dtype=bool)
    y = np.array([np.nan if gone else float(v) for v, gone in zip(y_raw, missing, strict=True)], dtype=float)
    status = np.where(missing, MISSING, np.where(np.isfinite(y), FINISHED, DIVERGED)).astype(np.uint8)
    names = list(factors) if factors is not None else [c for c in frame if c not in (response, *replicates)]
    found, codes, columns = [], [], []
    for name in frame.columns:
        values = [None if pd.isna(v) and name != response else text(v) for v in frame[name].tolist()]
        distinct = sorted({v for v in values if v is not None} | set((levels or {}).get(name, ())))
        if name in (on or {}):
            distinct.sort(key=lambda level: level == (on or {})[name])
        role = "response" if name == response else "replicate" if name in replicates else "ignored"
        if name in names:
            role = "switch" if len(distinct) == 2 else "factor"
            if len(distinct) > 1:
                found.append(Factor(name, tuple(distinct)))
                codes.append([NO_LEVEL if v is None else distinct.index(v) for v in values])
        nulls = sum(v is None for v in values)
        shown = tuple(distinct) if name in names else ()
        columns.append(Column(name, str(frame[name].dtype), role, shown, len(distinct), nulls, "made"))
    replicate = np.zeros(len(frame), dtype=np.int32)
    labels: dict[int, str] = {}
    if replicates:
        replicate = frame.groupby(list(replicates), dropna=False).ngroup().to_numpy(dtype=np.int32)
        values = zip(*(frame[name].astype(str) for name in replicates), strict=True)
        labels = {code: ", ".join(texts) for code, texts in zip(replicate.tolist(), values, strict=True)}
    return RunTable(
        path=f"{table}.csv",
        table=table,
        columns=tuple(columns),
        factors=tuple(found),
        replicates=tuple(replicates),
        response=Response(response, f"CAST({quote(response)} AS DOUBLE)", goal),
        combinations=combinations(np.array(codes, dtype=np.int16).reshape(len(found), len(frame)), found),
        y=np.where(status == FINISHED, y, np.nan),
        status=status,
        failed=np.array(failed, dtype=bool) if failed is not None else status == DIVERGED,
        replicate=replicate,
        replicate_labels=tuple(labels[code] for code in range(len(labels))),
    )


def reference(name: str) -> tuple[RunTable, pd.DataFrame]:
    """One of the real sweeps with known answers, and its frame."""
    path = SHARED / f"{name}.csv"
    if not path.exists():
        pytest.skip("the real sweeps are not here")
    frame = pd.read_csv(path, keep_default_na=False)
    known = REFERENCES[name]
    factors = known["factors"] or [c for c in frame if c != known["response"]]
    made = sweep(
        frame,
        known["response"],
        factors=factors,
        replicates=known["replicates"],
        goal=known["goal"],
        on=known["on"],
        table=name,
    )
    return made, frame


def degenerate() -> dict[str, RunTable]:
    """Sweeps that leave nothing, or nearly nothing, to compute."""
    a = ["true", "false"] * 4
    b = ["x", "y", "z", "x", "y", "z", "x", "y"]
    full = pd.DataFrame({"a": a, "b": b, "c": ["on", "on", "off", "off"] * 2, "y": np.arange(8.0)})
    made = {
        "empty": full.iloc[:0],
        "one run": full.iloc[:1],
        "two runs": full.iloc[:2],
        "constant": full.assign(y=0.1),
        "all NaN": full.assign(y=np.nan),
        "all NULL": full.assign(y=pd.Series([None] * 8, dtype=object)),
        "all infinite": full.assign(y=np.inf),
        "one finished": full.assign(y=[1.0] + [np.nan] * 7),
        "one side finished": full.assign(y=[1.0, np.nan] * 4),
        "one run on a side": full.assign(a=["true"] + ["false"] * 7),
        "no level": full.assign(a=pd.Series([None] * 8, dtype=object)),
        "huge": full.assign(y=[1e308, -1e308] * 4),
        "tiny": full.assign(y=[5e-324, 0.0] * 4),
        "two valued": full.assign(y=[1.1, 1.1, 1.3, 1.3] * 2),
    }
    levels = {"a": ("true", "false"), "b": ("x", "y", "z"), "c": ("on", "off")}
    return {name: sweep(frame, levels=levels, on={"a": "true", "c": "on"}) for name, frame in made.items()} | {
        "no factor": sweep(full[["y"]])
    }


def json_ready(value: object, where: str = "") -> None:
    """Fail unless a result holds only what JSON can: no numpy scalar, no NaN, no infinity."""
    if isinstance(value, dict):
        for key, inner in value.items():
            assert type(key) is str, where
            json_ready(inner, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for inner in value:
            json_ready(inner, where)
    else:
        assert value is None or type(value) in (str, bool, int, float), (where, type(value))
        assert not isinstance(value, float) or np.isfinite(value), where

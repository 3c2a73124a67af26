"""A start loads what the first figures need, and nothing of the researcher's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "lightgbm", "shap", "matplotlib", "sklearn", "pandas", "torch", "numba", "statsmodels", "plotext",
    "scipy.stats", "scipy.optimize", "pyarrow", "PIL",
)  # fmt: skip
LOADED = "print(' '.join(sys.modules))"


def modules(code: str, **more: object) -> set[str]:
    """What a fresh process has loaded after some code."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\n{LOADED}"],
        capture_output=True, text=True, check=True, timeout=60, **more,  # type: ignore[call-overload]
    )  # fmt: skip
    return set(done.stdout.splitlines()[-1].split())


def test_the_screen_starts_without_heavy_modules() -> None:
    """Models, pictures and distributions are loaded when they are needed."""
    loaded = modules("import ablate_tui.tui.app")
    assert {"textual", "duckdb", "numpy"} <= loaded
    assert loaded.isdisjoint({*HEAVY, "polars"})


def test_plots_come_without_the_manual_of_plotext() -> None:
    """It is two thirds of plotext's import, and no one's but its own command line."""
    loaded = modules("from ablate_tui.tui.painters import cloud\nassert cloud.load() is cloud.load()")
    assert "plotext" in loaded
    assert not any(name.startswith(("plotext._doc.", "plotext.prettydoc")) for name in loaded)


def test_the_command_line_starts_with_nearly_nothing() -> None:
    """Not even DuckDB and numpy before the first word is read."""
    loaded = modules("import ablate_tui.tui.cli")
    assert loaded.isdisjoint({*HEAVY, "duckdb", "polars", "numpy", "textual", "rich", "scipy"})


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["--help"], ["demo", "--help"], ["report", "--help"], ["--sett", "a=on"], ["completion"]]
    + [["completion", "bash", "--words", line] for line in ("ablate-tui --", "ablate-tui demo --goal ")],
)
def test_help_mistakes_and_completion_of_options_need_no_sweep(arguments: list[str]) -> None:
    """They come at once."""
    end = "contextlib.suppress(SystemExit)"
    loaded = modules(f"import contextlib\nfrom ablate_tui.tui import cli\nwith {end}: cli.main({arguments!r})")
    assert "ablate_tui.tui.parser" in loaded
    assert loaded.isdisjoint({*HEAVY, "duckdb", "polars", "numpy", "textual", "rich", "scipy"})


@pytest.mark.parametrize("form", ["--json", "--md"])
def test_an_effects_table_needs_no_model_and_no_screen(form: str, runs: Path) -> None:
    """`show --view effects`."""
    arguments = ["show", str(runs), "--view", "effects", form]
    loaded = modules(f"from ablate_tui.tui import cli\nassert cli.main({arguments!r}) == 0")
    assert "ablate_tui.queries.effects" in loaded
    assert loaded.isdisjoint({*HEAVY, "textual"} - {"pyarrow"})


def test_the_researchers_own_packages_are_left_alone(tmp_path: Path, runs: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """`data`, `queries` and `tui` are names that a project has itself: neither hides the other."""
    for name in ("data", "queries", "tui"):
        folder = tmp_path / "project" / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(f"raise RuntimeError('the {name} of a project was imported')\n")
    project = tmp_path / "project"
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(project))
    command = [sys.executable, "-m", "ablate_tui", "show", str(runs), "--view", "effects"]
    done = subprocess.run(command, capture_output=True, cwd=project, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"use_gate" in done.stdout
    loaded = modules("import ablate_tui.tui.app", cwd=project)
    assert loaded.isdisjoint({"data", "queries", "tui"})

"""What the measurements were made on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

OURS = ("duckdb", "polars", "numpy", "scipy", "lightgbm", "textual")
PEERS = ("harlequin", "visidata", "woodelf_explainer", "pandas", "scipy", "shap", "lightgbm", "duckdb", "numpy")


def describe(peers: Path) -> dict[str, str]:
    """Machine and versions, by what they are called on the page."""
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return {
        "processor": processor.group(1) if processor else platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "system": f"{system}, Linux {platform.release()}, {platform.machine()}",
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {version(name)}" for name in OURS),
        "the peers' packages": _peers(peers),
    }


def _peers(folder: Path) -> str:
    """Versions in the peers' environment, asked of its own Python."""
    code = (
        f"from importlib.metadata import version\nprint(', '.join(f'{{name}} {{version(name)}}' for name in {PEERS!r}))"
    )
    try:
        done = subprocess.run([folder / "python", "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.SubprocessError):
        return "not all installed"
    return done.stdout.strip()

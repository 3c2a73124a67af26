"""ablate-tui: a terminal explorer of machine-learning ablation sweeps."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ablate_tui.data.log import log as log

__version__ = "0.3.0"


def __getattr__(name: str) -> Any:
    """`log`, for training scripts; imported when it is asked for, since the program itself never does."""
    if name == "log":
        from ablate_tui.data.log import log

        return log
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

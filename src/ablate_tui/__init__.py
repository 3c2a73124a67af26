"""ablate-tui: a terminal explorer of machine-learning ablation sweeps."""

__version__ = "0.3.0"

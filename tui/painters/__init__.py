"""Two painters of one figure: the terminal (plotext) and a picture (matplotlib)."""

"""Which parts of a view fit on the screen, and where: pure arithmetic, so that it can be tested alone."""

from __future__ import annotations

from dataclasses import dataclass

PANEL_WIDTH, PANEL_HEIGHT = 33, 10  # the smallest plot that can be read beside another
HIGH = 20  # below this, a long table and the panels take turns


@dataclass(frozen=True)
class Arrangement:
    """What is shown of a view."""

    table_height: int  # rows of cells for the table; 0 hides it
    panels: tuple[int, ...]  # numbers of the panels that are shown
    columns: int
    panel_width: int
    panel_height: int
    parts: int  # how many parts `v` goes through; 1 where everything is shown


def arrange(
    rows: int,
    panels: int,
    width: int,
    height: int,
    part: int,
    table_first: bool,
    has_table: bool = True,
    least: tuple[int, int] = (PANEL_WIDTH, PANEL_HEIGHT),
) -> Arrangement:
    """Fit a table and some panels into an area.

    Parameters
    ----------
    rows : int
        Rows of the table, without its heading.
    panels : int
        Number of panels.
    width, height : int
        Cells of the area.
    part : int
        Which part is asked for: counts up without end.
    table_first : bool
        Whether the table comes before the panels where only one part is shown.
    has_table : bool
    least : (width, height)
        Cells that a panel needs to be read beside another.
    """
    if panels == 0:
        return Arrangement(height, (), 1, width, 0, 1)
    wanted = rows + 2 if has_table else 0  # the heading, and the bar that scrolls sideways
    if height < HIGH and wanted > height - PANEL_HEIGHT:
        parts = panels + has_table
        at = part % parts
        table_at = (0 if table_first else panels) if has_table else -1
        if at == table_at:
            return Arrangement(height, (), 1, width, 0, parts)
        panel = at - (table_first and has_table)
        return Arrangement(0, (panel,), 1, width, height, parts)
    # the plots get the larger part where they are the point of the view
    table_height = min(wanted, height // 2 if table_first else height // 3)
    left = height - table_height
    columns = max(1, min(width // least[0], panels, 3))
    lines = max(1, min(left // least[1], -(-panels // columns)))
    if lines > 1 and 4 * (columns * lines - panels) >= columns * lines:
        lines -= 1  # a quarter of the grid would be a hole: rather fewer, higher plots
    fit = min(panels, columns * lines)
    parts = panels if fit < panels else 1
    first = part % parts if parts > 1 else 0
    shown = tuple((first + at) % panels for at in range(fit))
    return Arrangement(table_height, shown, columns, width // columns, left // lines, parts)

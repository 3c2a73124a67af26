"""What pictures are for: a slide, a column of a paper, its whole page. Each has its widths, heights and dots.

Words keep their size in points, 7.5 to 12.5 of them, so that the width in inches says how large they are: a
picture for a column is as wide as a column, and one for a slide as narrow as its panels allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

PaperSize = Literal["slide", "column", "page"]
TALL = 2.55  # inches of a panel without categories
COLUMN, PAGE, TEXT_HEIGHT = 3.4, 7.0, 9.2  # inches: of two-column papers, on A4 and on US letter
SLIDE = tuple(6.8 * 1.1**step for step in range(10))  # widths that are tried, the largest words first
LEAST = 2.4  # inches of a panel on a slide
WIDE, PIXELS = 16 / 9, 1920  # of a slide


class Layout(Protocol):
    """A layout that can be made higher."""

    @property
    def width(self) -> float:
        """Inches."""

    @property
    def height(self) -> float:
        """Inches."""

    def stretched(self, height: float) -> Any:
        """The same in another height."""


L = TypeVar("L", bound=Layout)
Try = tuple[int, float | None, float]  # panels side by side, the picture's width (None: free), height of a panel


@dataclass(frozen=True)
class Paper:
    """One kind of paper."""

    tries: Callable[[int, int], Iterator[Try]]  # by the figure's own columns and its panels, the best first
    most: Callable[[float], float]  # height that a picture of a width should not exceed
    dpi: Callable[[float], float]
    shape: float | None = None  # width to height, where that is fixed

    def fitted(self, layout: L) -> L:
        """The layout in the paper's shape, by higher panels; one that is higher anyway stays so.

        Air at its sides would make a slide of it on which nobody can read a word: a long figure is to be cut up.
        """
        if self.shape is None:
            return layout
        made: L = layout.stretched(layout.width / self.shape)
        return made


def _free(columns: int, panels: int) -> Iterator[Try]:
    yield max(1, min(columns, panels)), None, TALL


def _slide(columns: int, panels: int) -> Iterator[Try]:
    own = max(1, min(columns, panels))
    for width in SLIDE:
        for beside in sorted(range(1, min(4, panels) + 1), key=lambda n: abs(n - own)):
            if width / beside >= LEAST:
                yield beside, width, 1.8


def _column(columns: int, panels: int) -> Iterator[Try]:
    yield from ((1, COLUMN, tall) for tall in (2.2, 1.9, 1.65))


def _page(columns: int, panels: int) -> Iterator[Try]:
    yield from ((max(1, min(columns, panels, 2)), PAGE, tall) for tall in (TALL, 2.2, 1.9))


FREE = Paper(_free, lambda width: float("inf"), lambda width: 160.0)
PAPERS: dict[PaperSize, Paper] = {
    "slide": Paper(_slide, lambda width: width / WIDE, lambda width: PIXELS / width, WIDE),
    "column": Paper(_column, lambda width: TEXT_HEIGHT, lambda width: 300.0),
    "page": Paper(_page, lambda width: TEXT_HEIGHT, lambda width: 300.0),
}

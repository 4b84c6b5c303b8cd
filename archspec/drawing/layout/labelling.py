"""Labels that would stand on each other, as those of two tensors of one box: later ones move along their lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, pairwise

from archspec.drawing.content.scene import Edge
from archspec.drawing.layout.geometry import Part, Point, Rect, overlap, points_on
from archspec.drawing.layout.setting import BESIDE, label_size

_CELL = 64.0
_STEPS = 4
"""Places that are tried on each part of a line."""
_MOST_LINES = 2_000
"""In a picture of more lines, which lie side by side, labels may stand on lines."""


class Grid:
    """Rectangles by the squares of a grid that they are in, so that few are compared."""

    def __init__(self, rects: Iterable[Rect] = ()) -> None:
        self._cells: dict[tuple[int, int], list[Rect]] = defaultdict(list)
        for rect in rects:
            self.add(rect)

    def add(self, rect: Rect) -> None:
        """Take a rectangle."""
        for cell in _covered(rect):
            self._cells[cell].append(rect)

    def meets(self, rect: Rect) -> bool:
        """Whether a rectangle has a part in common with one of them."""
        return any(overlap(rect, other) for cell in _covered(rect) for other in self._cells.get(cell, ()))


def lines_grid(lines: Iterable[tuple[Part, ...]]) -> Grid:
    """Rectangles that cover lines."""
    return Grid(rect for parts in lines for rect in _covering(parts))


def _covered(rect: Rect) -> Iterator[tuple[int, int]]:
    left, top, right, bottom = (int(number // _CELL) for number in rect)
    yield from ((x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))


def label_rect(edge: Edge, start: Point) -> Rect:
    """The rectangle of an edge's label in the picture, from where its text begins."""
    (width, height), (x, y) = label_size(edge), start
    return x, y - height / 2, x + width, y + height / 2


def shrunk(rect: Rect) -> Rect:
    """A rectangle without its outermost half point, which may touch what is beside it."""
    left, top, right, bottom = rect
    return left + 0.5, top + 0.5, right - 0.5, bottom - 0.5


def freed(
    labels: Mapping[Edge, Point], lines: Mapping[Edge, tuple[Part, ...]], boxes: Iterable[Rect]
) -> dict[Edge, Point]:
    """Where labels begin so that none is on another, on a box or on a line; one that has no room is left out."""
    placed, blocked = lines_grid(lines.values() if len(lines) <= _MOST_LINES else ()), Grid(boxes)
    found: dict[Edge, Point] = {}
    for edge, begun in labels.items():
        others = (start for start in _beside(edge, lines[edge]) if start[0] >= BESIDE)
        rects = ((start, label_rect(edge, start)) for start in chain((begun,), others))
        start = next((start for start, rect in rects if not (placed.meets(rect) or blocked.meets(shrunk(rect)))), None)
        if start is not None:
            found[edge] = start
            placed.add(label_rect(edge, start))
    return found


def _covering(parts: Iterable[Part]) -> Iterator[Rect]:
    """Rectangles that cover a line: of each part that leads along or across one, of others many small ones."""
    for part in parts:
        straight = len(part) == 2 and (part[0][0] == part[1][0] or part[0][1] == part[1][1])
        for (x, y), (x2, y2) in pairwise(part if straight else points_on(part)):
            yield min(x, x2), min(y, y2), max(x, x2), max(y, y2)


def _beside(edge: Edge, parts: tuple[Part, ...]) -> Iterator[Point]:
    """Places for an edge's label: right and left of its line, from part to part."""
    width, height = label_size(edge)
    for part in parts:
        (x, y), (end_x, end_y) = part[0], part[-1]
        for step in range(_STEPS + 1):
            t = step / _STEPS
            along, down = x + t * (end_x - x), y + t * (end_y - y)
            if abs(end_y - y) >= abs(end_x - x):
                yield along + BESIDE, down
                yield along - BESIDE - width, down
            else:
                yield along - width / 2, down - height / 2 - 1
                yield along - width / 2, down + height / 2 + 1

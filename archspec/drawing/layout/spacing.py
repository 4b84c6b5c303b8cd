"""How far down and across the cells of a layout by scales stand, and where lines may lead between them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import pairwise

from archspec.drawing.content.scene import Edge
from archspec.drawing.layout.cells import Cell
from archspec.drawing.layout.columns import PAD
from archspec.drawing.layout.geometry import hull, middle_of
from archspec.drawing.layout.levels import Place, Scales
from archspec.drawing.layout.setting import Setting, label_size
from archspec.drawing.layout.wiring import LANE

_ROW = 40.0
"""Between rows."""
_GUTTER = 28.0
"""Between columns."""
_ARROW = 13.0
"""Beside the label of a line between columns."""
_EDGE = 13.0
"""From boxes to the first line beside them."""


class Spacing:
    """Where cells stand.

    Args:
        found: The scales.
        setting: The setting.
        around: Frames that take no room in the cells that this stands in.
    """

    def __init__(self, found: Scales, setting: Setting, around: Container[str]) -> None:
        self.found = found
        self.setting = setting
        self.around = around
        self.place: dict[str, Place] = {id: place for place, ids in found.cells.items() for id in ids}
        edges = setting.scene.edges
        self.between = [edge for edge in edges if self.place[edge.source] != self.place[edge.target]]
        self.told = {edge.tensor for edge in edges if setting.boxes[edge.target].kind == "output"}

    def rows(self, cells: Mapping[Place, Cell]) -> tuple[dict[Place, float], dict[int, float]]:
        """How far down each cell goes, and where the middle of each row is.

        Rows are below each other, and in one is at one height what is joined across.
        """
        tops: dict[Place, float] = {}
        middles: dict[int, float] = {}
        below = 0.0
        for level in self.found.levels:
            row = sorted(place for place in cells if place[1] == level)
            within: dict[Place, float] = {}
            for place in row:
                within[place] = self._level_with(place, within, cells)
            top = min((within[place] + cells[place].bounds[1] for place in row), default=0.0)
            bottom = max((within[place] + cells[place].bounds[3] for place in row), default=0.0)
            tops |= {place: by + below - top for place, by in within.items()}
            middles[level] = below + (bottom - top) / 2
            below += bottom - top + self._room_below(level)
        return tops, middles

    def axes(self, cells: Mapping[Place, Cell], middles: Mapping[int, float]) -> dict[int, float]:
        """The height of lines at each level between boxes that are as high as several: that of a box on their way."""
        axes = dict(middles)
        for edge in reversed(self.between):
            for id, other in (edge[:2], edge[1::-1]):
                place = self.place[other]
                if id in self.found.spans and place[1] == self.found.carried[edge] and place[0] != self.place[id][0]:
                    axes[place[1]] = middle_of(cells[place].boxes[other])
        return axes

    def _room_below(self, level: int) -> float:
        """Between a row and the next: room for the lines between columns that have no row of their own."""
        crossing = {edge.tensor for edge in self.between if self._leads_past(edge, level)}
        return _ROW + LANE * max(0, len(crossing) - 2)

    def _leads_past(self, edge: Edge, level: int) -> bool:
        high, low = sorted((self._level(edge, edge.source), self._level(edge, edge.target)))
        return high <= level < low and self.place[edge.source][0] != self.place[edge.target][0]

    def _level(self, edge: Edge, id: str) -> int:
        """The level where an edge leaves or enters a box: of one as high as several, that of what it carries."""
        return self.found.carried[edge] if id in self.found.spans else self.place[id][1]

    def _level_with(self, place: Place, within: Mapping[Place, float], cells: Mapping[Place, Cell]) -> float:
        """How far down in its row a cell goes, so that a line from what is left of it is straight."""
        for id, beside in self._level_pairs(place, within):
            other = self.place[beside]
            return within[other] + middle_of(cells[other].boxes[beside]) - cells[place].entered(id)
        if not within:
            return 0.0
        return min(by + cells[other].bounds[1] for other, by in within.items()) - cells[place].bounds[1]

    def _level_pairs(self, place: Place, within: Container[Place]) -> Iterator[tuple[str, str]]:
        """Boxes of a cell, each with one left of it that stands at one height with it.

        That is one from which a line leads across, or for a line from below the beginning of one that is as high as
        several levels, another that is joined to such a one at the same level.
        """
        spans = self.found.spans
        entering = [edge for edge in self.between if self.place[edge.target] == place]
        for edge in entering:
            if self.place[edge.source] in within:
                yield edge.target, edge.source
        for edge in entering:
            if edge.source in spans and self.found.carried[edge] == place[1]:
                for other in self.between:
                    for id, far in (other[:2], other[1::-1]):
                        if far in spans and id not in spans and self.place[id] in within:
                            yield edge.target, id

    def columns(self, cells: Mapping[Place, Cell]) -> list[float]:
        """Where the middle of each column is."""
        found: list[float] = []
        right = 0.0
        for index in range(len(self.found.upwards)):
            held = [cell.bounds for place, cell in cells.items() if place[0] == index]
            left, end = min(rect[0] for rect in held), max(rect[2] for rect in held)
            found.append(right - left)
            right += end - left + self._gutter(index)
        return found

    def _gutter(self, index: int) -> float:
        """Between a column and the next: room for labels of lines across, and for lines beside each other."""
        leaving = [edge for edge in self.between if self.place[edge.source][0] == index != self.place[edge.target][0]]
        labelled = (edge for edge in leaving if self.setting.labelled(edge) and edge.tensor not in self.told)
        widths = [label_size(edge)[0] + PAD * self._borders(edge) for edge in labelled]
        turning = {edge.tensor for edge in self.between if self._turns(edge, index)}
        return max([_GUTTER, *(width + _ARROW for width in widths)]) + LANE * max(0, len(turning) - 2)

    def _borders(self, edge: Edge) -> int:
        """The borders of whole frames that an edge leads through."""
        ends = set(self.setting.frames(edge.source)) ^ set(self.setting.frames(edge.target))
        return sum(path in self.around for path in ends)

    def _turns(self, edge: Edge, index: int) -> bool:
        """Whether a line leads past a column's right side, from one level to another."""
        one, other = self.place[edge.source][0], self.place[edge.target][0]
        straight = self._level(edge, edge.source) == self._level(edge, edge.target)
        return not straight and min(one, other) <= index < max(one, other)


def lanes(cells: Mapping[Place, Cell], count: int) -> tuple[list[float], list[float]]:
    """Where lines may lead down between columns, and across between rows."""
    columns = [hull([c.bounds for place, c in cells.items() if place[0] == index]) for index in range(count)]
    rows = [
        hull([c.bounds for place, c in cells.items() if place[1] == level])
        for level in sorted({place[1] for place in cells})
    ]
    forks = [cell.fork for cell in cells.values() if cell.fork is not None]
    across = _between([(rect[1], rect[3]) for rect in rows])
    return _between([(rect[0], rect[2]) for rect in columns]), [*across, *forks]


def _between(spans: Sequence[tuple[float, float]]) -> list[float]:
    """Lanes between ranges, and on both sides of all."""
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    found = [each for number in range(3) for each in (low - _EDGE - LANE * number, high + _EDGE + LANE * number)]
    for before, after in pairwise(sorted(spans)):
        lane = before[1] + _EDGE
        while lane <= after[0] - _EDGE:
            found.append(lane)
            lane += LANE
    return found

"""The lines between the cells of a layout by scales: where they leave and enter boxes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from archspec.drawing.content.scene import Edge
from archspec.drawing.layout.cells import Cell
from archspec.drawing.layout.geometry import Part, Rect, middle_of, rounded
from archspec.drawing.layout.heights import Heights
from archspec.drawing.layout.levels import Place, Scales
from archspec.drawing.layout.setting import Setting
from archspec.drawing.layout.wiring import DOWN, LANE, LEFT, RIGHT, UP, Port, Wiring

_SIDE = 24.0
"""How much longer a line is made to leave or enter a box at a side other than that where its way leads through."""
_ASIDE = 150.0
"""The same, where it leads from another level: it enters a box from ahead."""
_INSIDE = 8.0
"""From the end of a side that is as high as several levels to the lines that leave there."""
_OFF = 6.0
"""How much longer a line may be that leaves such a side beside the middle of its level."""
_RADIUS = 7.0


def connected(
    edges: Sequence[Edge],
    cells: Mapping[Place, Cell],
    lanes: tuple[Sequence[float], Sequence[float]],
    heights: Heights,
    found: Scales,
    setting: Setting,
    texts: Iterable[Rect],
) -> dict[Edge, tuple[Part, ...]] | None:
    """The lines of edges between cells; None where one has no way.

    Args:
        edges: The edges.
        cells: What stands where.
        lanes: Where lines may lead down, and across.
        heights: Where lines leave what is as high as several levels.
        found: The scales.
        setting: The setting.
        texts: The titles of frames.
    """
    return _Connecting(cells, lanes, heights, found, setting, texts).lines(edges)


class _Connecting:
    def __init__(
        self,
        cells: Mapping[Place, Cell],
        lanes: tuple[Sequence[float], Sequence[float]],
        heights: Heights,
        found: Scales,
        setting: Setting,
        texts: Iterable[Rect],
    ) -> None:
        self.found = found
        self.heights = heights
        self.place = {id: place for place, ids in found.cells.items() for id in ids}
        self.boxes = {id: rect for cell in cells.values() for id, rect in cell.boxes.items()}
        self.piled = {id: _with_pile(rect, setting.cards[id].pile) for id, rect in self.boxes.items()}
        within = [edge for cell in cells.values() for edge in cell.lines]
        self.taking = {edge.target for edge in within}
        self.giving = {edge.source for edge in within}
        self.wiring = Wiring(self.piled.values(), *lanes, texts)
        for cell in cells.values():
            for parts in filter(None, cell.lines.values()):
                self.wiring.add("", [parts[0][0], *(part[-1] for part in parts)])

    def lines(self, edges: Sequence[Edge]) -> dict[Edge, tuple[Part, ...]] | None:
        """All, the shortest first."""
        found: dict[Edge, tuple[Part, ...]] = {}
        for edge in sorted(edges, key=self._length):
            corners = self.wiring.line(edge.tensor, list(self._leaving(edge)), list(self._entering(edge)))
            if not corners:
                return None
            found[edge] = rounded(corners, _RADIUS)
        return found

    def _length(self, edge: Edge) -> tuple[int, float]:
        """Levels that an edge leads past, and how far it leads across."""
        levels = abs(self.place[edge.source][1] - self.place[edge.target][1])
        return levels, abs(self.boxes[edge.source][0] - self.boxes[edge.target][0])

    def _leaving(self, edge: Edge) -> Iterator[Port]:
        """Where an edge may leave its box: where its way leads on, or beside."""
        id = edge.source
        left, top, right, _ = self.boxes[id]
        own, other = self.place[id][0], self.place[edge.target][0]
        if id in self.found.spans and other > own and (across := list(self._across(id, edge.target, edge))):
            yield from (Port((self.piled[id][2], height), RIGHT, cost) for height, cost in across)
            return
        ends = id not in self.giving
        if ends or own == other:
            up = self.found.upwards[own]
            end = top if up else self.piled[id][3]
            yield Port(((left + right) / 2, end), UP if up else DOWN, 0.0 if ends and own == other else _SIDE)
        if other >= own:
            yield Port((self.piled[id][2], middle_of(self.boxes[id])), RIGHT, 0.0 if other > own else _SIDE)
        if other <= own:
            yield Port((left, middle_of(self.boxes[id])), LEFT, 0.0 if other < own else _SIDE)

    def _entering(self, edge: Edge) -> Iterator[Port]:
        """Where an edge may enter its box: where its way leads in, or beside."""
        id = edge.target
        left, top, right, _ = self.boxes[id]
        if id in self.found.spans and self.place[edge.source][0] < self.place[id][0]:
            across = list(self._across(id, edge.source, edge))
            yield from (Port((left, height), RIGHT, cost) for height, cost in across)
            if across:
                return
        (other, before), (own, level) = self.place[edge.source], self.place[id]
        upwards, height = self.found.upwards[own], middle_of(self.boxes[id])
        begins = id not in self.taking
        ahead = begins and (self._is_beside_others(id) or (level != before and (before > level) == upwards))
        if begins:
            end = self.piled[id][3] if upwards else top
            yield Port(((left + right) / 2, end), UP if upwards else DOWN, 0.0 if ahead else _SIDE)
        aside = _ASIDE if ahead and edge.role != "skip" else 0.0
        for away, cost in self._off(id):
            yield Port((left, height + away), RIGHT, cost + aside + (0.0 if other < own else _SIDE))
            if other >= own or cost:
                side = 0.0 if other > own else _SIDE
                yield Port((self.piled[id][2], height + away), LEFT, cost + aside + side)

    def _off(self, id: str) -> Iterator[tuple[float, float]]:
        """How far from the middle of a side lines may enter a box, and what that costs: one in the middle is best."""
        away = min(LANE, (self.boxes[id][3] - self.boxes[id][1]) / 5)
        yield from ((0.0, 0.0), (away, _OFF), (-away, _OFF))

    def _across(self, id: str, other: str, edge: Edge) -> Iterator[tuple[float, float]]:
        """Heights at which a line leads straight from one that is as high as several levels to another, and costs."""
        _, top, _, bottom = self.boxes[id]
        height = self.heights.of(edge, id, other, self.boxes)
        for step in (0, 1, -1, 2, -2):
            if top + _INSIDE < height + step * LANE < bottom - _INSIDE / 2:
                yield height + step * LANE, abs(step) * _OFF

    def _is_beside_others(self, id: str) -> bool:
        """Whether there are boxes left or right of a box in its cell."""
        _, top, _, bottom = self.boxes[id]
        others = (self.boxes[other] for other in self.found.cells[self.place[id]] if other != id)
        return any(rect[1] < bottom and rect[3] > top for rect in others)


def _with_pile(rect: Rect, pile: float) -> Rect:
    left, top, right, bottom = rect
    return left, top, right + pile, bottom + pile

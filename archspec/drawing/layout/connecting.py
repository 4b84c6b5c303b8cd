"""The lines between the cells of a layout by scales: where they leave and enter boxes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from archspec.drawing.content.scene import Edge
from archspec.drawing.layout.cells import Cell
from archspec.drawing.layout.geometry import Part, Rect, middle_of, rounded
from archspec.drawing.layout.pieces import Setting
from archspec.drawing.layout.scales import Place, Scales
from archspec.drawing.layout.wiring import DOWN, LEFT, RIGHT, UP, Port, Wiring

_SIDE = 24.0
"""How much longer a line is made to leave or enter a box at a side other than that where its way leads through."""
_ASIDE = 150.0
"""The same, where it leads from another level: it enters a box from ahead."""
_INSIDE = 8.0
"""From the end of a side that is as high as several levels to the lines that leave there."""
_RADIUS = 7.0


def connected(
    edges: Sequence[Edge],
    cells: Mapping[Place, Cell],
    lanes: tuple[Sequence[float], Sequence[float]],
    found: Scales,
    setting: Setting,
) -> dict[Edge, tuple[Part, ...]] | None:
    """The lines of edges between cells; None where one has no way.

    Args:
        edges: The edges.
        cells: What stands where.
        lanes: Where lines may lead down, and across.
        found: The scales.
        setting: The setting.
    """
    return _Connecting(cells, lanes, found, setting).lines(edges)


class _Connecting:
    def __init__(
        self,
        cells: Mapping[Place, Cell],
        lanes: tuple[Sequence[float], Sequence[float]],
        found: Scales,
        setting: Setting,
    ) -> None:
        self.found = found
        self.place = {id: place for place, ids in found.cells.items() for id in ids}
        self.boxes = {id: rect for cell in cells.values() for id, rect in cell.boxes.items()}
        self.piled = {id: _with_pile(rect, setting.cards[id].pile) for id, rect in self.boxes.items()}
        within = [edge for cell in cells.values() for edge in cell.lines]
        self.taking = {edge.target for edge in within}
        self.giving = {edge.source for edge in within}
        self.wiring = Wiring(self.piled.values(), *lanes)
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
        left, top, right, bottom = self.boxes[id]
        own, other = self.place[id][0], self.place[edge.target][0]
        if id in self.found.spans and other > own:
            height = middle_of(self.boxes[edge.target])
            if top + _INSIDE < height < bottom - _INSIDE / 2:
                yield Port((right, height), RIGHT)
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
        (other, before), (own, level) = self.place[edge.source], self.place[id]
        upwards, height = self.found.upwards[own], middle_of(self.boxes[id])
        begins = id not in self.taking
        ahead = begins and (self._is_beside_others(id) or (level != before and (before > level) == upwards))
        if begins:
            end = self.piled[id][3] if upwards else top
            yield Port(((left + right) / 2, end), UP if upwards else DOWN, 0.0 if ahead else _SIDE)
        aside = _ASIDE if ahead and edge.role != "skip" else 0.0
        yield Port((left, height), RIGHT, aside + (0.0 if other < own else _SIDE))
        if other >= own:
            yield Port((self.piled[id][2], height), LEFT, aside + (0.0 if other > own else _SIDE))

    def _is_beside_others(self, id: str) -> bool:
        """Whether there are boxes left or right of a box in its cell."""
        _, top, _, bottom = self.boxes[id]
        others = (self.boxes[other] for other in self.found.cells[self.place[id]] if other != id)
        return any(rect[1] < bottom and rect[3] > top for rect in others)


def _with_pile(rect: Rect, pile: float) -> Rect:
    left, top, right, bottom = rect
    return left, top, right + pile, bottom + pile

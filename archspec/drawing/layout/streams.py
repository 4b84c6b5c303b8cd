"""Streams of several resolutions beside each other: a row for each, and a column for each step between exchanges."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.drawing.content.scene import Edge
from archspec.drawing.layout.levels import Levels, Place, Scales

_MOST_COLUMNS = 16
"""More than these are laid out as a flow."""


def exchanges(levels: Levels) -> list[str]:
    """The boxes that take tensors of several levels and give such: modules of streams, or heads for a pyramid."""
    return [id for id in levels.spans if len({levels.of_edge(edge) for edge in levels.into.get(id, ())}) > 1]


def streams(levels: Levels) -> Scales | None:
    """Where boxes stand that keep several resolutions; None where they take too many columns."""
    return _Streams(levels).scales()


class _Streams:
    """A cell holds a chain of boxes of one level; what takes from elsewhere begins another, in the next column."""

    def __init__(self, levels: Levels) -> None:
        self.levels = levels
        self.boxes, self.level, self.spans = levels.boxes, levels.level, levels.spans
        self.frames = _frames(levels)
        self.column: dict[str, int] = {}
        self.cells: dict[Place, list[str]] = {}
        self.upwards: dict[int, bool] = {}
        for id in levels.order:
            self._put(id)

    def scales(self) -> Scales | None:
        """Where all stand."""
        count = max(self.column.values(), default=0) + 1
        if count > _MOST_COLUMNS:
            return None
        cells = {place: tuple(ids) for place, ids in self.cells.items() if self.level[ids[0]] == place[1]}
        upwards = tuple(self.upwards.get(index, False) for index in range(count))
        return Scales(cells, upwards, self.spans, self.levels.carried)

    def _put(self, id: str) -> None:
        """Put a box into the first column that has room for it, behind what it takes from."""
        edges = self.levels.into.get(id, [])
        column = max((self.column[edge.source] for edge in edges), default=0)
        while not self._has_room(id, column, edges):
            column += 1
        self.column[id] = column
        for place in self._places(id, column):
            self.cells.setdefault(place, []).append(id)
        for edge in edges:
            if self.column[edge.source] == column and self.level[edge.source] != self.level[id]:
                self.upwards[column] = self.level[id] < self.level[edge.source]

    def _places(self, id: str, column: int) -> Iterator[Place]:
        """The cells that a box stands in."""
        yield from ((column, level) for level in range(self.level[id], self._last(id) + 1))

    def _last(self, id: str) -> int:
        return self.spans.get(id, self.level[id])

    def _has_room(self, id: str, column: int, edges: list[Edge]) -> bool:
        """Whether a box may stand in a column: at the end of a chain of its level, or where nothing else is."""
        before = [edge.source for edge in edges if self.column[edge.source] == column]
        if not all(self._may_lead(source, id, column) for source in before):
            return False
        held = [other for place in self._places(id, column) for other in self.cells.get(place, ())]
        if self.boxes[id].kind == "output" and held and all(self.boxes[other].kind == "output" for other in held):
            return True
        return not held or (id not in self.spans and held[-1] in before and self._is_beside(held[-1], id))

    def _is_beside(self, one: str, other: str) -> bool:
        """Whether two boxes are in the same open module of streams, whose frame holds no other boxes."""
        return self.frames[one] == self.frames[other]

    def _may_lead(self, source: str, id: str, column: int) -> bool:
        """Whether a line may lead from a box to another in its column: straight on, past nothing."""
        last, level = self._last(source), self.level[id]
        if source not in self.spans and level == last:
            return True
        if level <= last and (source in self.spans or self.upwards.get(column) is False):
            return False
        if level > last and self.upwards.get(column) is True:
            return False
        between = range(last + 1, level) if level > last else range(self._last(id) + 1, last)
        return not any((column, each) in self.cells for each in between)


def _frames(levels: Levels) -> dict[str, str]:
    """The innermost frame around each box that gives tensors of several levels; empty for none."""
    given: dict[str, set[int]] = {}
    for edges in levels.out.values():
        for edge in edges:
            inside = set(levels.chains[edge.target])
            for path in levels.chains[edge.source]:
                if path not in inside:
                    given.setdefault(path, set()).add(levels.of_edge(edge))
    return {
        id: next((path for path in reversed(chain) if len(given.get(path, ())) > 1), "")
        for id, chain in levels.chains.items()
    }

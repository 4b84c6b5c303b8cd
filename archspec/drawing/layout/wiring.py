"""Lines between boxes that stand anywhere: along and across, around boxes, and none on another's line."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import inf
from typing import NamedTuple

from archspec.drawing.layout.geometry import Point, Rect

Way = tuple[int, int]
"""A direction: right (1, 0), left (-1, 0), down (0, 1) or up (0, -1)."""

_State = tuple[int, int, Way]
"""A column and a row of the grid, and the direction in which a line comes there."""

_NOWHERE: _State = (-1, -1, (0, 0))
"""What comes before the beginning of a line."""

RIGHT, LEFT, DOWN, UP = (1, 0), (-1, 0), (0, 1), (0, -1)

LANE = 7.0
"""Between lines side by side."""
_CLEAR = 4.0
"""Between a line and a box that it passes."""
_NEAR = 3.0
"""Lines that are nearer than this look like one."""
_BEND = 36.0
_CROSSING = 30.0
"""How much longer a line may be that has a corner less, or crosses one less."""
_STRUCK = 1000.0
"""The same, where it leads through a text less."""


class Port(NamedTuple):
    """Where a line leaves or enters a box.

    Attributes:
        point: The point on its border.
        way: Which way a line leads there.
        cost: How much longer a line through another port may be.
    """

    point: Point
    way: Way
    cost: float = 0.0


class _Lines:
    """Straight parts of lines that lead the same way, in the order of their places across it."""

    def __init__(self) -> None:
        self._drawn: list[tuple[float, float, float, str]] = []

    def add(self, place: float, begin: float, end: float, tensor: str) -> None:
        """Take one that leads at a place from a lower end to a higher."""
        insort(self._drawn, (place, begin, end, tensor))

    def others(self, tensor: str, low: float, high: float) -> Iterator[tuple[float, float, float]]:
        """Place, begin and end of those of other tensors whose place lies between two, or on them."""
        first = bisect_left(self._drawn, (low,))
        last = bisect_right(self._drawn, (high, inf), first)
        yield from (drawn[:3] for drawn in self._drawn[first:last] if drawn[3] != tensor)


class Wiring:
    """The lines of a picture, drawn one after another.

    Args:
        boxes: What no line leads through.
        xs: Where lines may lead down.
        ys: Where they may lead across.
        texts: What a line leads through only where there is no other way.
    """

    def __init__(
        self, boxes: Iterable[Rect], xs: Iterable[float], ys: Iterable[float], texts: Iterable[Rect] = ()
    ) -> None:
        self.boxes = sorted(boxes)
        self.texts = list(texts)
        self.xs, self.ys = sorted(set(xs)), sorted(set(ys))
        self._across, self._down = _Lines(), _Lines()
        self._beside: dict[tuple[float, float], list[Rect]] = {}

    def line(self, tensor: str, leave: Sequence[Port], enter: Sequence[Port]) -> list[Point]:
        """The corners of the best line from one of some ports to one of others; nothing where there is none.

        Lines of one tensor may lead on each other.
        """
        corners = _straightened(_Search(self, tensor, leave, enter).points())
        self.add(tensor, corners)
        return corners

    def add(self, tensor: str, corners: Sequence[Point]) -> None:
        """Take a line that is drawn already."""
        for pair in pairwise(corners):
            (left, top), (right, bottom) = sorted(pair)
            if left == right:
                self._down.add(left, top, bottom, tensor)
            else:
                self._across.add(top, left, right, tensor)

    def cost(self, tensor: str, start: Point, end: Point) -> float | None:
        """What a step right or down costs; None where a box or another's line is in the way."""
        (left, top), (right, bottom) = start, end
        for box in self._near(left, right):
            near = top < box[3] + _CLEAR and bottom > box[1] - _CLEAR
            if near and (_inside(box, start, end) or not _touches(box, start, end)):
                return None
        if self._is_taken(tensor, start, end):
            return None
        struck = sum(_inside(text, start, end) for text in self.texts)
        return right - left + bottom - top + _STRUCK * struck + _CROSSING * self._crossed(tensor, start, end)

    def _near(self, left: float, right: float) -> list[Rect]:
        """The boxes that are near to what leads between two places across."""
        found = self._beside.get((left, right))
        if found is None:
            boxes = self.boxes[: bisect_left(self.boxes, (right + _CLEAR,))]
            found = [box for box in boxes if left < box[2] + _CLEAR and right > box[0] - _CLEAR]
            self._beside[left, right] = found
        return found

    def _is_taken(self, tensor: str, start: Point, end: Point) -> bool:
        """Whether a line of another tensor lies where a step leads."""
        down = start[0] == end[0]
        lines, (place, begin), stop = (self._down, start, end[1]) if down else (self._across, start[::-1], end[0])
        beside = lines.others(tensor, place - _NEAR, place + _NEAR)
        return any(abs(at - place) < _NEAR and low < stop + _NEAR and begin < high + _NEAR for at, low, high in beside)

    def _crossed(self, tensor: str, start: Point, end: Point) -> int:
        """How many lines of other tensors a step leads across."""
        down = start[0] == end[0]
        lines, (place, begin), stop = (self._across, start, end[1]) if down else (self._down, start[::-1], end[0])
        return sum(low <= place <= high for _, low, high in lines.others(tensor, begin, stop))


class _Search:
    """The search for a line: what leads least far on from what was reached, and to where it may end, comes first."""

    def __init__(self, wiring: Wiring, tensor: str, leave: Sequence[Port], enter: Sequence[Port]) -> None:
        self.wiring = wiring
        self.tensor = tensor
        self.leave, self.enter = leave, enter
        ports = (*leave, *enter)
        self.xs = sorted({*wiring.xs, *(port.point[0] for port in ports)})
        self.ys = sorted({*wiring.ys, *(port.point[1] for port in ports)})
        self.column = {x: index for index, x in enumerate(self.xs)}
        self.row = {y: index for index, y in enumerate(self.ys)}
        self.costs: dict[tuple[Point, Point], float | None] = {}
        self.lefts: dict[Point, float] = {}

    def points(self) -> list[Point]:
        """The points that the best line passes; nothing where there is none."""
        ends = {self._state(port): port.cost for port in self.enter}
        heap = [(port.cost + self._left(port.point), port.cost, self._state(port), _NOWHERE) for port in self.leave]
        heapq.heapify(heap)
        before: dict[_State, _State] = {}
        goal, best = _NOWHERE, inf
        while heap:
            least, cost, state, last = heapq.heappop(heap)
            if least >= best:
                break
            if state in before:
                continue
            before[state] = last
            if state in ends and last is not _NOWHERE and cost + ends[state] < best:
                goal, best = state, cost + ends[state]
            for step, after in self._steps(state, begins=last is _NOWHERE):
                left = self._left((self.xs[after[0]], self.ys[after[1]]))
                heapq.heappush(heap, (cost + step + left, cost + step, after, state))
        found: list[Point] = []
        while goal is not _NOWHERE:
            found.append((self.xs[goal[0]], self.ys[goal[1]]))
            goal = before[goal]
        return found[::-1]

    def _state(self, port: Port) -> _State:
        return self.column[port.point[0]], self.row[port.point[1]], port.way

    def _left(self, point: Point) -> float:
        """The least that it may cost to get from a point to an end."""
        if point not in self.lefts:
            x, y = point
            self.lefts[point] = min(abs(port.point[0] - x) + abs(port.point[1] - y) + port.cost for port in self.enter)
        return self.lefts[point]

    def _steps(self, state: _State, *, begins: bool) -> Iterator[tuple[float, _State]]:
        """What may come next, and what it costs; a line begins straight on."""
        x, y, way = state
        for turn in (way,) if begins else _turns(way):
            i, j = x + turn[0], y + turn[1]
            if 0 <= i < len(self.xs) and 0 <= j < len(self.ys):
                step = self._cost((self.xs[x], self.ys[y]), (self.xs[i], self.ys[j]))
                if step is not None:
                    yield step + (_BEND if turn != way else 0.0), (i, j, turn)

    def _cost(self, start: Point, end: Point) -> float | None:
        pair = (start, end) if start < end else (end, start)
        if pair not in self.costs:
            self.costs[pair] = self.wiring.cost(self.tensor, *pair)
        return self.costs[pair]


def _turns(way: Way) -> Iterator[Way]:
    """A direction, and those across it."""
    yield way
    yield way[1], way[0]
    yield -way[1], -way[0]


def _inside(box: Rect, start: Point, end: Point) -> bool:
    """Whether a line leads through a box itself."""
    (left, top), (right, bottom) = sorted((start, end))
    return left < box[2] and right > box[0] and top < box[3] and bottom > box[1]


def _touches(box: Rect, start: Point, end: Point) -> bool:
    """Whether a line right or down leads straight to a side of a box, or straight away from one."""
    down = start[0] == end[0]
    along, across = (1, 0) if down else (0, 1)
    faces = box[across] < start[across] < box[across + 2]
    return faces and (end[along] == box[along] or start[along] == box[along + 2])


def _straightened(points: Sequence[Point]) -> list[Point]:
    """Points without those between two others on a straight line."""
    kept = list(points[:1])
    for point, after in pairwise(points[1:]):
        if not (kept[-1][0] == point[0] == after[0] or kept[-1][1] == point[1] == after[1]):
            kept.append(point)
    return [*kept, *points[1:][-1:]]

"""Lines between boxes that stand anywhere: along and across, around boxes, and none on another's line."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import inf
from typing import NamedTuple

from archspec.drawing.layout.geometry import Point, Rect

Way = tuple[int, int]
"""A direction: right (1, 0), left (-1, 0), down (0, 1) or up (0, -1)."""

_State = tuple[int, int, Way]
"""A column and a row of the grid, and the direction in which a line comes there."""

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
_STRUCK = 100.0
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
        self.drawn: list[tuple[str, Point, Point]] = []

    def line(self, tensor: str, leave: Sequence[Port], enter: Sequence[Port]) -> list[Point]:
        """The corners of the best line from one of some ports to one of others; nothing where there is none.

        Lines of one tensor may lead on each other.
        """
        xs = sorted({*self.xs, *(port.point[0] for port in (*leave, *enter))})
        ys = sorted({*self.ys, *(port.point[1] for port in (*leave, *enter))})
        column, row = {x: index for index, x in enumerate(xs)}, {y: index for index, y in enumerate(ys)}
        ends = {(column[port.point[0]], row[port.point[1]], port.way): port.cost for port in enter}
        heap: list[tuple[float, _State, _State | None]] = [
            (port.cost, (column[port.point[0]], row[port.point[1]], port.way), None) for port in leave
        ]
        before: dict[_State, _State | None] = {}
        goal: _State | None = None
        best = inf
        heapq.heapify(heap)
        while heap:
            cost, state, last = heapq.heappop(heap)
            if cost >= best:
                break
            if state in before:
                continue
            before[state] = last
            if state in ends and last is not None and cost + ends[state] < best:
                goal, best = state, cost + ends[state]
            x, y, way = state
            for turn in _turns(way) if last is not None else (way,):
                i, j = x + turn[0], y + turn[1]
                if not (0 <= i < len(xs) and 0 <= j < len(ys)):
                    continue
                step = self._cost(tensor, (xs[x], ys[y]), (xs[i], ys[j]))
                if step is not None:
                    heapq.heappush(heap, (cost + step + (_BEND if turn != way else 0.0), (i, j, turn), state))
        corners: list[Point] = []
        while goal is not None:
            corners.append((xs[goal[0]], ys[goal[1]]))
            goal = before[goal]
        corners = _straightened(corners[::-1])
        self.add(tensor, corners)
        return corners

    def add(self, tensor: str, corners: Sequence[Point]) -> None:
        """Take a line that is drawn already."""
        self.drawn += [(tensor, min(pair), max(pair)) for pair in pairwise(corners)]

    def _cost(self, tensor: str, start: Point, end: Point) -> float | None:
        """What a step costs; None where a box or another's line is in the way."""
        (left, top), (right, bottom) = sorted((start, end))
        for box in self.boxes[: bisect_left(self.boxes, (right + _CLEAR,))]:
            near = left < box[2] + _CLEAR and right > box[0] - _CLEAR
            near = near and top < box[3] + _CLEAR and bottom > box[1] - _CLEAR
            if near and (_inside(box, start, end) or not _touches(box, start, end)):
                return None
        cost = right - left + bottom - top
        cost += _STRUCK * sum(_inside(text, start, end) for text in self.texts)
        for other, (x, y), (x2, y2) in self.drawn:
            if other == tensor:
                continue
            alike = (left == right) == (x == x2)
            if alike:
                apart, low, high = (
                    (x - left, (y, y2), (top, bottom)) if left == right else (y - top, (x, x2), (left, right))
                )
                if abs(apart) < _NEAR and low[0] < high[1] + _NEAR and high[0] < low[1] + _NEAR:
                    return None
            elif left <= x2 and x <= right and top <= y2 and y <= bottom:
                cost += _CROSSING
        return cost


def _turns(way: Way) -> Iterator[Way]:
    """A direction, and those across it."""
    yield way
    yield way[1], way[0]
    yield -way[1], -way[0]


def _inside(box: Rect, start: Point, end: Point) -> bool:
    """Whether a line leads through a box itself."""
    (left, top), (right, bottom) = sorted((start, end))
    return left < box[2] and right > box[0] and top < box[3] and bottom > box[1]


def _touches(box: Rect, *points: Point) -> bool:
    """Whether a line begins or ends on the border of a box."""
    return any(
        (x in (box[0], box[2]) and box[1] <= y <= box[3]) or (y in (box[1], box[3]) and box[0] <= x <= box[2])
        for x, y in points
    )


def _straightened(points: Sequence[Point]) -> list[Point]:
    """Points without those between two others on a straight line."""
    kept = list(points[:1])
    for point, after in pairwise(points[1:]):
        if not (kept[-1][0] == point[0] == after[0] or kept[-1][1] == point[1] == after[1]):
            kept.append(point)
    return [*kept, *points[1:][-1:]]

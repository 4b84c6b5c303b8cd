"""Lines inside a segment: straight along the chain, and across it in round corners; a curve where boxes are in the way.

Coordinates are along and across the chain.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise, product
from math import copysign
from typing import NamedTuple

from archspec.drawing.content.scene import Edge
from archspec.drawing.layout.geometry import (
    Part,
    Point,
    Rect,
    curve_parts,
    middle_of,
    overlap,
    point_rect,
    points_on,
    rounded,
)
from archspec.drawing.layout.tracks import Tracks

RADIUS = 7.0
_BUS = 10.0
"""How far before a box lines that come from beside turn to it."""
_LANE = 6.0
"""Between the turns of lines from ports side by side."""
_ROWS = 6
"""Rows before and behind a box that lines may turn in."""
_MOST_LANES = 100
"""Lanes beside boxes that are tried for a line."""
_CLEAR = 3.0
"""Between a line and a box that it passes."""
STRAIGHT = 0.6
"""Across, what is this near is straight ahead."""


class Port(NamedTuple):
    """Where a tensor leaves its box, one of several: across, and how far on its lines turn."""

    across: float
    turn: float


class Obstacles:
    """Boxes that a line must not lead through, in the order in which they begin along the chain."""

    def __init__(self, boxes: Iterable[Rect]) -> None:
        self._boxes = sorted(boxes)
        self._begins = [box[0] for box in self._boxes]
        self._longest = max((box[2] - box[0] for box in self._boxes), default=0.0)

    def stop(self, one: Point, other: Point, ends: tuple[Rect | None, ...]) -> bool:
        """Whether a line along or across meets a box, or comes near it; those at its ends do not count."""
        low, high = sorted((one[0], other[0]))
        left, right = sorted((one[1], other[1]))
        return any(
            left < box[3] + _CLEAR and right > box[1] - _CLEAR and box not in ends
            for box in self.near(low, high, _CLEAR)
        )

    def block(self, corners: Sequence[Point], ends: tuple[Rect | None, ...]) -> bool:
        """Whether a line with these corners meets a box, or comes near it; see `stop`."""
        return any(self.stop(one, other, ends) for one, other in pairwise(corners))

    def meet(self, parts: Iterable[Part], ends: tuple[Rect | None, ...]) -> bool:
        """Whether a line leads through a box; those at its ends do not count."""
        return any(
            overlap(point_rect(point), box) and box not in ends
            for part in parts
            for point in points_on(part)
            for box in self.near(point[0], point[0])
        )

    def near(self, low: float, high: float, clear: float = 0.0) -> Iterator[Rect]:
        """The boxes that are on the way from one place along the chain to another."""
        first = bisect_right(self._begins, low - self._longest - clear)
        for box in self._boxes[first : bisect_left(self._begins, high + clear)]:
            if low < box[2] + clear:
                yield box


def route(
    edge: Edge,
    source: Rect | None,
    target: Rect,
    curve: Sequence[Point],
    boxes: Obstacles,
    *,
    joins: bool,
    tracks: Tracks,
    port: Port | None = None,
) -> tuple[Part, ...]:
    """The line of an edge.

    Args:
        edge: The edge.
        source: The box that it leaves; None where it comes in at (0, 0).
        target: The box that it enters.
        curve: The curve that the layout engine drew.
        boxes: All boxes.
        joins: Whether the target is a sum or a concatenation.
        tracks: Where other lines lead, which this one keeps clear of.
        port: Where it leaves a box that gives several tensors.
    """
    start = (0.0, 0.0) if source is None else _end(source)
    ways = _ways(edge, start, source is None, target, curve, joins)
    if source and port:
        ways = chain(_ways_from(port, source[2], target), ways)
    ends = (source, target)
    usual = [way for way in ways if not boxes.block(way, ends)]
    aside = joins and edge.role == "skip"
    others = (way for way in _lanes(start, target, curve, boxes, aside=aside) if not boxes.block(way, ends))
    apart = next((way for way in chain(usual, others) if tracks.are_free(edge, way)), None)
    found = _first_free([apart] if apart else usual, ends, curve, boxes)
    tracks.add(edge, found)
    tracks.shared += [edge] if apart is None else []
    return found


def _lanes(
    start: Point, target: Rect, curve: Sequence[Point], boxes: Obstacles, *, aside: bool
) -> Iterator[list[Point]]:
    """The corners of lines that turn in rows further from their boxes, or lead through a lane between others.

    A line that comes from beside enters at the side of its box, if it can.
    """
    begin, low, end, high = target
    middle = middle_of(target)
    leaving = [start[0] + _BUS + _LANE * number for number in range(_ROWS)]
    arriving = [begin - _BUS - _LANE * number for number in range(_ROWS)]
    passed = list(boxes.near(leaving[0], arriving[0], _CLEAR))
    drawn = {point[1] for point in curve[3:-1:3]}
    sides = {side for box in passed for side in (box[1] - _LANE, box[3] + _LANE)} - drawn
    order = sorted(sides, key=lambda lane: (abs(lane - start[1]) + abs(lane - middle), lane))[:_MOST_LANES]
    outermost = max(drawn, key=lambda lane: abs(lane - middle), default=middle)
    beside = [outermost + copysign(by, middle - outermost) for by in (_LANE, -_LANE, 2 * _LANE, -2 * _LANE)]
    lanes = [*((outermost, *beside) if aside else ()), *sorted(drawn), *order]
    for lane, leave in product(lanes if aside else (), leaving):
        if not low < lane < high:
            centre = (begin + end) / 2
            yield [start, (leave, start[1]), (leave, lane), (centre, lane), (centre, low if lane < low else high)]
    for turn in (*arriving, *leaving):
        if start[0] < turn < begin:
            yield [start, (turn, start[1]), (turn, middle), (begin, middle)]
    for lane, leave, arrive in product(lanes, leaving, arriving):
        if leave < arrive:
            yield [start, (leave, start[1]), (leave, lane), (arrive, lane), (arrive, middle), (begin, middle)]


def way_out(port: Port, source: Rect, end: Point, curve: Sequence[Point], boxes: Obstacles) -> tuple[Part, ...]:
    """The line from a port to where a tensor leaves the segment; see `route`."""
    return _first_free(_ways_from(port, source[2], point_rect(end)), (source,), curve, boxes)


def _first_free(
    ways: Iterable[list[Point]], ends: tuple[Rect | None, ...], curve: Sequence[Point], boxes: Obstacles
) -> tuple[Part, ...]:
    """The first line that leads through no box, else the engine's, or where that does too one around all boxes."""
    for corners in ways:
        if not boxes.block(corners, ends):
            return rounded(corners, RADIUS)
    return free_curve(curve, ends, boxes)


def free_curve(
    curve: Sequence[Point], ends: tuple[Rect | None, ...], boxes: Obstacles, number: int = 0
) -> tuple[Part, ...]:
    """The curve that the layout engine drew, or where that leads through a box, a line past all boxes.

    Args:
        curve: The curve.
        ends: The boxes that it joins.
        boxes: All boxes.
        number: Which it is of several lines between the same boxes.
    """
    drawn = curve_parts(curve)
    if boxes.meet(drawn, ends):
        for corners in _around(curve[0], curve[-1], boxes, _BUS + _LANE * number):
            if not boxes.block(corners, ends):
                return rounded(corners, RADIUS)
    return drawn


def _around(start: Point, end: Point, boxes: Obstacles, away: float) -> Iterator[list[Point]]:
    """The corners of lines past all boxes between two points, on the nearer side first."""
    leave, arrive = start[0] + _BUS, end[0] - _BUS
    passed = list(boxes.near(leave, arrive, _CLEAR))
    lanes = [min(box[1] for box in passed) - away, max(box[3] for box in passed) + away] if passed else []
    for lane in sorted(lanes, key=lambda lane: abs(lane - start[1]) + abs(lane - end[1])):
        yield [start, (leave, start[1]), (leave, lane), (arrive, lane), (arrive, end[1]), end]


def ports(source: Rect, targets: Mapping[str, Sequence[float]]) -> dict[str, Port]:
    """Ports for the tensors that a box gives, from where each leads to, across: none of their lines cross.

    Args:
        source: The box.
        targets: For each tensor the middles of the boxes that take it.
    """
    _, low, end, high = source
    order = sorted(targets, key=lambda tensor: sum(targets[tensor]) / len(targets[tensor]))
    step = (high - low) / (len(order) + 1)
    acrosses = {tensor: low + step * number for number, tensor in enumerate(order, 1)}
    left = [tensor for tensor in order if min(targets[tensor]) < acrosses[tensor]]
    right = [tensor for tensor in reversed(order) if max(targets[tensor]) > acrosses[tensor]]
    lanes = {tensor: max(each.index(tensor) for each in (left, right) if tensor in each) for tensor in {*left, *right}}
    return {tensor: Port(across, end + _BUS + _LANE * lanes.get(tensor, 0)) for tensor, across in acrosses.items()}


def _ways_from(port: Port, end: float, target: Rect) -> Iterator[list[Point]]:
    """The corners of a line from a port, which turns at once or right before its target."""
    begin, middle = target[0], middle_of(target)
    if abs(port.across - middle) < STRAIGHT:
        yield [(end, port.across), (begin, port.across)]
        return
    for turn in (port.turn, begin - _BUS):
        if end < turn < begin:
            yield [(end, port.across), (turn, port.across), (turn, middle), (begin, middle)]


def _ways(
    edge: Edge, start: Point, forks: bool, target: Rect, curve: Sequence[Point], joins: bool
) -> Iterator[list[Point]]:
    """The corners of lines to try, the best first."""
    begin, middle = target[0], middle_of(target)
    if joins and edge.role == "skip":
        lane = start[1] if abs(start[1] - middle) > _CLEAR else curve[len(curve) // 2][1]
        side = target[1] if lane < middle else target[3]
        centre = (target[0] + target[2]) / 2
        leave = start[0] if forks else start[0] + RADIUS
        if start[1] == lane:
            yield [start, (centre, lane), (centre, side)]
        elif abs(lane - middle) > (target[3] - target[1]) / 2:
            yield [start, *([] if forks else [(leave, start[1])]), (leave, lane), (centre, lane), (centre, side)]
        return
    if abs(start[1] - middle) < STRAIGHT:
        yield [start, (begin, start[1])]
        return
    if forks:
        yield [start, (start[0], middle), (begin, middle)]
    turns = (begin - _BUS, start[0] + _BUS)
    for turn in turns if joins else turns[::-1]:  # the lines of one tensor part in one row, and join in one
        yield [start, (turn, start[1]), (turn, middle), (begin, middle)]


def _end(rect: Rect) -> Point:
    return rect[2], middle_of(rect)

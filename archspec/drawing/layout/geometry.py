"""Points, rectangles and lines. Along the chain of a picture is the main axis, across it the cross axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

Point = tuple[float, float]
Rect = tuple[float, float, float, float]
"""The least of both coordinates, then the greatest."""

Part = tuple[Point, ...]
"""A part of a line: two points for a straight one, four for a cubic Bézier curve."""

_STEP = 10.0
"""Between points on a line."""


def shifted(point: Point, by: Point) -> Point:
    """A point moved."""
    return point[0] + by[0], point[1] + by[1]


def shifted_rect(rect: Rect, by: Point) -> Rect:
    """A rectangle moved."""
    return (*shifted(rect[:2], by), *shifted(rect[2:], by))


def shifted_parts(parts: Iterable[Part], by: Point) -> tuple[Part, ...]:
    """A line moved."""
    return tuple(tuple(shifted(point, by) for point in part) for part in parts)


def swapped(point: Point) -> Point:
    """A point with its coordinates exchanged."""
    return point[1], point[0]


def swapped_rect(rect: Rect) -> Rect:
    """A rectangle with its coordinates exchanged."""
    return (*swapped(rect[:2]), *swapped(rect[2:]))


def around(width: float, height: float, centre: Point) -> Rect:
    """A rectangle of a size around a point."""
    x, y = centre
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def sides(rect: Rect) -> tuple[Rect, Rect, Rect, Rect]:
    """The four sides of a rectangle, which have no breadth."""
    left, top, right, bottom = rect
    return (
        (left, top, right, top),
        (left, bottom, right, bottom),
        (left, top, left, bottom),
        (right, top, right, bottom),
    )


def hull(rects: Sequence[Rect]) -> Rect:
    """The smallest rectangle that holds all."""
    lows, lefts, highs, rights = zip(*rects, strict=True)
    return min(lows), min(lefts), max(highs), max(rights)


def overlap(one: Rect, other: Rect) -> bool:
    """Whether two rectangles have a part in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def middle_of(rect: Rect) -> float:
    """The middle of a rectangle's second coordinate."""
    return (rect[1] + rect[3]) / 2


def point_rect(point: Point) -> Rect:
    """A point as a rectangle."""
    return (*point, *point)


def curve_parts(points: Sequence[Point]) -> tuple[Part, ...]:
    """A start and three points for each Bézier curve, as parts."""
    return tuple(tuple(points[index : index + 4]) for index in range(0, len(points) - 1, 3))


def points_on(part: Part) -> list[Point]:
    """Points on a part of a line, from its start to its end."""
    steps = max(4, round(sum(abs(one - other) for one, other in zip(part[0], part[-1], strict=True)) / _STEP))
    return [_point_on(part, step / steps) for step in range(steps + 1)]


def _point_on(part: Part, t: float) -> Point:
    """The point of a Bézier curve at a time from 0 to 1."""
    points = list(part)
    while len(points) > 1:
        points = [(x + (x2 - x) * t, y + (y2 - y) * t) for (x, y), (x2, y2) in pairwise(points)]
    return points[0]


def line(start: Point, end: Point) -> tuple[Part, ...]:
    """A straight line; nothing where the points are one."""
    return () if start == end else ((start, end),)


def rounded(points: Sequence[Point], radius: float, last: float | None = None) -> tuple[Part, ...]:
    """Straight lines between points, with rounded corners; ``last``: the radius of the last two, if another."""
    parts: list[Part] = []
    start, usual = points[0], radius
    for number, (before, corner, after) in enumerate(zip(points, points[1:], points[2:], strict=False)):
        radius = usual if last is None or number < len(points) - 4 else last
        arrive, leave = _towards(corner, before, radius), _towards(corner, after, radius)
        parts += line(start, arrive)
        parts.append((arrive, _towards(corner, before, radius / 2), _towards(corner, after, radius / 2), leave))
        start = leave
    return (*parts, *line(start, points[-1]))


def _towards(start: Point, end: Point, distance: float) -> Point:
    """The point at a distance from one point, on the way to another, but at most half of that way."""
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    part = min(distance, length / 2) / length if length else 0.0
    return start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part

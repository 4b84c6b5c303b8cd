"""Lines as their legs: from corner to corner, without the curves that round these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archspec.drawing.layout.geometry import Part, Point

NEAR = 0.05
"""Places that are this near are one."""


class Leg(NamedTuple):
    """A part of a line, from the end of the one before: straight, or a curve with two points that draw it."""

    end: Point
    controls: tuple[Point, ...] = ()


def legs(parts: Sequence[Part]) -> tuple[Point, list[Leg]]:
    """Where a line begins, and its legs, with corners in place of the curves that round them."""
    start = parts[0][0]
    found: list[Leg] = []
    for part in parts:
        corner = _corner(part, _way(start, found)) if len(part) == 4 else None
        if len(part) == 4 and corner is None:
            found.append(Leg(part[3], (part[1], part[2])))
            continue
        for point in [corner, part[-1]] if corner else [part[-1]]:
            before = found[-1].end if found else start
            if not same(before, point):
                _extend(start, found, Leg(point))
    return start, found


def _way(start: Point, found: Sequence[Leg]) -> str:
    """Where the last of some legs leads, as `along` says it; empty for a curve, or where there is none."""
    if not found or found[-1].controls:
        return ""
    return along(found[-2].end if len(found) > 1 else start, found[-1].end)


def _extend(start: Point, found: list[Leg], leg: Leg) -> None:
    """Add a leg, or make the last one longer where it leads on as that does."""
    way = _way(start, found)
    if way and way == along(found[-1].end, leg.end):
        found[-1] = leg
    else:
        found.append(leg)


def _corner(part: Part, before: str) -> Point | None:
    """The corner that a curve rounds; None for any other curve.

    Of a curve that takes all of its legs, the part before tells the way.
    """
    start, one, other, end = part
    across = abs(start[1] - one[1]) < NEAR and abs(other[0] - end[0]) < NEAR
    down = abs(start[0] - one[0]) < NEAR and abs(other[1] - end[1]) < NEAR
    if across and down:
        across = before == "-"
    if across:
        return end[0], start[1]
    return (start[0], end[1]) if down else None


def same(one: Point, other: Point) -> bool:
    """Whether two points are one."""
    return max(abs(one[0] - other[0]), abs(one[1] - other[1])) < NEAR


def along(start: Point, end: Point) -> str:
    """Whether a leg leads ``-`` across or ``|`` down; empty where it leads aslant."""
    if abs(start[1] - end[1]) < NEAR:
        return "-"
    return "|" if abs(start[0] - end[0]) < NEAR else ""

"""Lines in TikZ, said by the boxes that they join: a person who moves a box moves its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from archspec.drawing.layout.geometry import Part, Point, Rect

_NEAR = 0.05
"""Places that are this near are one."""


class Anchors:
    """Where boxes have their sides.

    Args:
        rects: The boxes by id.
        piles: How far the copies behind each stand out.
        names: The names of their nodes.
        scale: Points for each unit.
    """

    def __init__(
        self, rects: Mapping[str, Rect], piles: Mapping[str, float], names: Mapping[str, str], scale: float
    ) -> None:
        self.rects = rects
        self.piles = piles
        self.names = names
        self.scale = scale

    def number(self, value: float) -> str:
        """A length in points, short."""
        text = f"{value * self.scale:.1f}".removesuffix(".0")
        return "0" if text == "-0" else text

    def at(self, point: Point, id: str) -> str:
        """A place, from the middle of the nearest side of a box."""
        point = self.on_border(point, id)
        side, (x, y) = self._nearest(point, id)
        by = point[0] - x, y - point[1]
        if max(map(abs, by)) < _NEAR:
            return f"({self.names[id]}.{side})"
        return f"([shift={{{self.step(by)}}}]{self.names[id]}.{side})"

    def step(self, by: Point) -> str:
        """How far right and up."""
        return f"({self.number(by[0])},{self.number(by[1])})"

    def middle(self, id: str) -> Point:
        """The middle of a box."""
        left, top, right, bottom = self.rects[id]
        return (left + right) / 2, (top + bottom) / 2

    def place(self, id: str, near: str) -> str:
        """Where a box stands, from another: below or beside it, or so far from its middle."""
        (x, y), (near_x, near_y) = self.middle(id), self.middle(near)
        left, top, right, bottom = self.rects[id]
        rect, name = self.rects[near], self.names[near]
        if abs(x - near_x) < _NEAR:
            room = {"below": top - rect[3], "above": rect[1] - bottom}
        elif abs(y - near_y) < _NEAR:
            room = {"right": left - rect[2], "left": rect[0] - right}
        else:
            room = {}
        for way, length in room.items():
            if length >= 0:
                return f"{way}={self.number(length)}bp of {name}"
        return f"([shift={{{self.step((x - near_x, near_y - y))}}}]{name}.center)"

    def on_border(self, point: Point, id: str) -> Point:
        """A place: on the border of a box where it is on that of the last copy behind it, which is no node."""
        _, _, right, bottom = self.rects[id]
        (x, y), pile = self.middle(id), self.piles[id]
        for behind, before in (((x, bottom + pile), (x, bottom)), ((right + pile, y), (right, y))):
            if _same(behind, point):
                return before
        return point

    def _nearest(self, point: Point, id: str) -> tuple[str, Point]:
        left, top, right, bottom = self.rects[id]
        x, y = self.middle(id)
        sides = {"north": (x, top), "south": (x, bottom), "west": (left, y), "east": (right, y)}
        return min(sides.items(), key=lambda each: abs(each[1][0] - point[0]) + abs(each[1][1] - point[1]))


class Leg(NamedTuple):
    """A part of a line, from the end of the one before: straight, or a curve with two points that draw it."""

    end: Point
    controls: tuple[Point, ...] = ()


def legs(parts: Sequence[Part]) -> tuple[Point, list[Leg]]:
    """Where a line begins, and its legs, with corners in place of the curves that round them."""
    start = parts[0][0]
    found: list[Leg] = []
    for part in parts:
        corner = _corner(part) if len(part) == 4 else None
        if len(part) == 4 and corner is None:
            found.append(Leg(part[3], (part[1], part[2])))
            continue
        for point in [corner, part[-1]] if corner else [part[-1]]:
            before = found[-1].end if found else start
            if not _same(before, point):
                _extend(start, found, Leg(point))
    return start, found


def _extend(start: Point, found: list[Leg], leg: Leg) -> None:
    """Add a leg, or make the last one longer where it leads on as that does."""
    if found and not found[-1].controls:
        first = found[-2].end if len(found) > 1 else start
        if _along(first, found[-1].end) and _along(first, found[-1].end) == _along(found[-1].end, leg.end):
            found[-1] = leg
            return
    found.append(leg)


def _same(one: Point, other: Point) -> bool:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1])) < _NEAR


def _along(start: Point, end: Point) -> str:
    """Whether a leg leads ``-`` across or ``|`` down; empty where it leads aslant."""
    if abs(start[1] - end[1]) < _NEAR:
        return "-"
    return "|" if abs(start[0] - end[0]) < _NEAR else ""


def _corner(part: Part) -> Point | None:
    """The corner that a curve rounds; None for any other curve."""
    start, one, other, end = part
    ways = _along(start, one), _along(other, end)
    if ways == ("-", "|"):
        return end[0], start[1]
    return (start[0], end[1]) if ways == ("|", "-") else None


def path(parts: Sequence[Part], source: str, target: str, anchors: Anchors, arch: float | None = None) -> str:
    r"""The path of a line between two boxes, as TikZ has it after ``\draw``.

    Args:
        parts: The line.
        source: The box where it begins.
        target: That where it ends.
        anchors: Where their sides are.
        arch: The radius of its last two corners, if not that of its style.
    """
    start, all_legs = legs(parts)
    start = anchors.on_border(start, source)
    begin, goal = anchors.at(start, source), anchors.at(all_legs[-1].end, target)
    if len(all_legs) == 1 and not all_legs[0].controls:
        return f"{_straight(begin, goal, _along(start, all_legs[0].end))} -- {goal}"
    points = [start, *(leg.end for leg in all_legs)]
    ways = ["" if leg.controls else _along(*pair) for leg, pair in zip(all_legs, pairwise(points), strict=True)]
    turn = "".join(ways[-2:]) if all(ways[-2:]) else ""
    kept = len(all_legs) - (2 if turn in ("-|", "|-") else 1)
    words = [begin]
    for number, leg in enumerate(all_legs[:kept]):
        if arch is not None and number == len(all_legs) - 3:
            words.append(f"[rounded corners={anchors.number(arch)}bp]")
        words.append(_leg(points[number], leg, f"++{anchors.step(_by(points[number], leg.end))}", anchors))
    if turn in ("-|", "|-"):
        return " ".join([*words, turn, goal])
    return " ".join([*words, _leg(points[-2], all_legs[-1], goal, anchors)])


def _straight(begin: str, goal: str, way: str) -> str:
    """Where a straight line begins: at the height, or the place across, of where it ends, if not at a side's middle."""
    if "shift" not in begin or not way or "shift" in goal:
        return begin
    side = begin.rpartition("]")[2]
    return f"({goal[1:-1]} |- {side}" if way == "|" else f"({goal[1:-1]} -| {side}"


def _leg(start: Point, leg: Leg, end: str, anchors: Anchors) -> str:
    if not leg.controls:
        return f"-- {end}"
    first, second = leg.controls
    return f".. controls +{anchors.step(_by(start, first))} and +{anchors.step(_by(leg.end, second))} .. {end}"


def _by(start: Point, end: Point) -> Point:
    """From one point to another, right and up."""
    return end[0] - start[0], start[1] - end[1]

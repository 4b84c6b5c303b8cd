"""Lines in TikZ, said by the boxes that they join: a person who moves a box moves its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from archspec.drawing.layout.geometry import Part, Point, Rect
from archspec.drawing.layout.legs import NEAR, Leg, along, legs, same


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
        if max(map(abs, by)) < NEAR:
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
        if abs(x - near_x) < NEAR:
            room = {"below": top - rect[3], "above": rect[1] - bottom}
        elif abs(y - near_y) < NEAR:
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
            if same(behind, point):
                return before
        return point

    def _nearest(self, point: Point, id: str) -> tuple[str, Point]:
        left, top, right, bottom = self.rects[id]
        x, y = self.middle(id)
        sides = {"north": (x, top), "south": (x, bottom), "west": (left, y), "east": (right, y)}
        return min(sides.items(), key=lambda each: abs(each[1][0] - point[0]) + abs(each[1][1] - point[1]))


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
        return f"{_straight(begin, goal, along(start, all_legs[0].end))} -- {goal}"
    points = [start, *(leg.end for leg in all_legs)]
    ways = ["" if leg.controls else along(*pair) for leg, pair in zip(all_legs, pairwise(points), strict=True)]
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

"""Where lines lead already: two tensors on one track, on their way to different boxes, could not be told apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from archspec.drawing.content.scene import Edge
from archspec.drawing.layout.geometry import Part, Point

_NEAR = 3.0
"""Lines that are nearer than this look like one."""


_SAME = 0.1
"""Lines that are nearer than this are one, as lines are that meet before they enter a box."""


class _Stretch(NamedTuple):
    """A straight part of a line: the axis that it leads along, its place on the other one, and from where to where."""

    axis: int
    place: float
    low: float
    high: float


class Tracks:
    """The straight parts of lines, by their places.

    Attributes:
        shared: The edges whose lines had no way apart from those before.
    """

    def __init__(self) -> None:
        self.shared: list[Edge] = []
        self._held: dict[tuple[int, int], list[tuple[_Stretch, Edge]]] = defaultdict(list)

    def add(self, edge: Edge, parts: Sequence[Part]) -> None:
        """Take the line of an edge."""
        for part in parts:
            for stretch in _stretches([part[0], part[-1]] if len(part) == 2 else []):
                self._held[stretch.axis, int(stretch.place // _NEAR)].append((stretch, edge))

    def are_free(self, edge: Edge, corners: Sequence[Point]) -> bool:
        """Whether a line leads nowhere on that of another tensor to another box, nor so near one to its own box."""
        return not any(
            other.tensor != edge.tensor and (other.target != edge.target or abs(held.place - stretch.place) > _SAME)
            for stretch in _stretches(corners)
            for held, other in self._near(stretch)
            if held.low < stretch.high - _NEAR
            and stretch.low < held.high - _NEAR
            and abs(held.place - stretch.place) < _NEAR
        )

    def _near(self, stretch: _Stretch) -> Iterator[tuple[_Stretch, Edge]]:
        cell = int(stretch.place // _NEAR)
        for number in (cell - 1, cell, cell + 1):
            yield from self._held.get((stretch.axis, number), ())


def _stretches(corners: Sequence[Point]) -> Iterator[_Stretch]:
    """The parts of a line with these corners that lead along an axis."""
    for one, other in pairwise(corners):
        for axis in (0, 1):
            if one[1 - axis] == other[1 - axis] and one[axis] != other[axis]:
                low, high = sorted((one[axis], other[axis]))
                yield _Stretch(axis, one[1 - axis], low, high)

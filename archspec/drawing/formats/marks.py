"""A picture as marks: rectangles, lines and texts in named styles, which SVG and PDF print alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

from archspec.drawing.content.cards import Span
from archspec.drawing.layout.geometry import Point, Rect

Commands = tuple[tuple[str, tuple[Point, ...]], ...]
"""Of a path, as in SVG: M, L and C with their points, Z."""


class RectMark(NamedTuple):
    """A rectangle with round corners."""

    rect: Rect
    radius: float
    style: str


class PathMark(NamedTuple):
    """Lines, open or closed."""

    commands: Commands
    style: str


class TextMark(NamedTuple):
    """A line of text; ``anchor``: whether ``at`` is its ``start``, ``middle`` or ``end``."""

    at: Point
    spans: tuple[Span, ...]
    anchor: str = "start"


class BandMark(NamedTuple):
    """The stripe of a family's colour or pattern at the left of a card, round where that is."""

    rect: Rect
    radius: float
    family: str

    def outline(self) -> Commands:
        """Its outline."""
        left, top, right, bottom = self.rect
        r, k = self.radius, self.radius * 0.45
        return (
            ("M", ((right, top),)),
            ("L", ((left + r, top),)),
            ("C", ((left + k, top), (left, top + k), (left, top + r))),
            ("L", ((left, bottom - r),)),
            ("C", ((left, bottom - k), (left + k, bottom), (left + r, bottom))),
            ("L", ((right, bottom),)),
            ("Z", ()),
        )

    def hatching(self, pattern: str) -> Commands:
        """Strokes of a pattern: ``lines``, ``cross``, ``bars`` or ``dots``; nothing for others."""
        return tuple(_strokes(self.rect, pattern))


def _strokes(rect: Rect, pattern: str) -> Iterator[tuple[str, tuple[Point, ...]]]:
    left, top, right, bottom = rect
    middle, y = (left + right) / 2, top + 5.0
    while y < bottom - 3:
        if pattern in ("lines", "cross"):
            yield from (("M", ((left, y + 2),)), ("L", ((right, y - 2),)))
        if pattern in ("falls", "cross"):
            yield from (("M", ((left, y - 2),)), ("L", ((right, y + 2),)))
        if pattern == "bars":
            yield from (("M", ((left, y),)), ("L", ((right, y),)))
        if pattern == "dots":
            yield from (("M", ((middle - 0.8, y),)), ("L", ((middle + 0.8, y),)))
        y += 3.0


class FaceMark(NamedTuple):
    """The front of a volume in a style, with the pattern of a family; an empty one has none."""

    rect: Rect
    style: str
    family: str

    def hatching(self, pattern: str) -> Commands:
        """Strokes of a pattern, as those of a band."""
        return tuple(_hatched(self.rect, pattern))


_DENSITY = 4.0
"""Between strokes on the front of a volume."""


def _hatched(rect: Rect, pattern: str) -> Iterator[tuple[str, tuple[Point, ...]]]:
    left, top, right, bottom = rect
    slopes = {"lines": (-1.0,), "falls": (1.0,), "cross": (-1.0, 1.0), "bars": (0.0,), "dots": (0.0,)}
    for slope in slopes.get(pattern, ()):
        rise = abs(slope) * (right - left)
        steps = range(1, ceil((bottom - top + rise) / _DENSITY))
        for start in (top - max(slope, 0.0) * rise + _DENSITY * step for step in steps):
            ends = _clipped(left, right, start, slope, (top, bottom))
            yield from _dots(*ends) if pattern == "dots" else (("M", ends[:1]), ("L", ends[1:]))


def _clipped(left: float, right: float, start: float, slope: float, within: Point) -> tuple[Point, Point]:
    """A stroke from the left, as far as it is within a height."""
    if not slope:
        return (left, start), (right, start)
    begin, end = sorted(left + (y - start) / slope for y in within)
    begin, end = max(begin, left), min(end, right)
    return (begin, start + slope * (begin - left)), (end, start + slope * (end - left))


def _dots(start: Point, end: Point) -> Iterator[tuple[str, tuple[Point, ...]]]:
    x, y = start
    while x + 1.5 < end[0]:
        yield from (("M", ((x + 0.5, y),)), ("L", ((x + 1.5, y),)))
        x += _DENSITY


Mark = RectMark | PathMark | TextMark | BandMark | FaceMark


@dataclass(frozen=True)
class Group:
    """Marks that belong together.

    Attributes:
        kind: ``frame``, ``edge``, ``node``, ``legend`` or ``notes``.
        id: What it shows, unlike every other group's.
        title: What it is, in a few words.
        description: Its figures.
        marks: The marks.
        data: What a script may want to know of it.
    """

    kind: str
    id: str
    title: str
    description: str
    marks: tuple[Mark, ...]
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """A picture; the unit is a point.

    Attributes:
        name: The network's name.
        title: What it shows.
        description: Its figures.
        size: Width and height.
        groups: The marks, those behind first.
    """

    name: str
    title: str
    description: str
    size: Point
    groups: tuple[Group, ...]

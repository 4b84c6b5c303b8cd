"""A picture as marks: rectangles, lines and texts in named styles, which SVG and PDF print alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
        if pattern == "cross":
            yield from (("M", ((left, y - 2),)), ("L", ((right, y + 2),)))
        if pattern == "bars":
            yield from (("M", ((left, y),)), ("L", ((right, y),)))
        if pattern == "dots":
            yield from (("M", ((middle - 0.8, y),)), ("L", ((middle + 0.8, y),)))
        y += 3.0


Mark = RectMark | PathMark | TextMark | BandMark


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

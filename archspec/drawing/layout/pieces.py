"""What a laid out segment is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from archspec.drawing.content.scene import Edge
from archspec.drawing.layout.geometry import Part, Point, Rect


@dataclass(frozen=True)
class Piece:
    """A segment laid out, in coordinates along and across the chain; (0, 0) is where what it takes comes in.

    Attributes:
        boxes: The rectangle of each box, by id.
        frames: The rectangle of each frame inside, by path.
        lines: The line of each edge inside, and of those that enter, from (0, 0) on.
        labels: Where the text of those edges begins that have one.
        exit: Where what it gives leaves; None where it gives nothing.
        leaving: The line from the box that gives it to there.
        bounds: What holds all of it.
        ends: Where edges leave it that lead on by themselves.
    """

    boxes: Mapping[str, Rect]
    frames: Mapping[str, Rect]
    lines: Mapping[Edge, tuple[Part, ...]]
    labels: Mapping[Edge, Point]
    exit: Point | None
    leaving: tuple[Part, ...]
    bounds: Rect
    ends: Mapping[Edge, Point] = field(default_factory=dict)

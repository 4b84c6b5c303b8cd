"""Where everything stands in a picture: what a laid out scene is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from archspec.drawing.content.cards import SMALL, Card
from archspec.drawing.content.fonts import text_width
from archspec.drawing.content.scene import Cluster, Edge, Scene
from archspec.drawing.layout.geometry import Part, Point, Rect, shifted, shifted_parts, shifted_rect, sides
from archspec.drawing.layout.labelling import freed, lines_grid
from archspec.drawing.layout.titles import Titling

_CLEAR = 2.0
"""Between a line and the title of a frame."""


class PlacedFrame(NamedTuple):
    """A frame, or its part in one column.

    Attributes:
        cluster: The frame.
        rect: Where it stands.
        continued: Whether it began in the column before.
        upwards: Whether what it holds is read from below, where its title stands then.
        titled: How its name and its title are written.
    """

    cluster: Cluster
    rect: Rect
    continued: bool = False
    upwards: bool = False
    titled: Titling = Titling()

    @property
    def name(self) -> str:
        """What is written as its name."""
        return f"… {self.cluster.name}" if self.continued else self.cluster.name

    @property
    def widths(self) -> Point:
        """The widths of its name and of its title."""
        return text_width(self.name, SMALL), text_width(self.cluster.title, SMALL)

    @property
    def titles(self) -> tuple[Rect, ...]:
        """Where its name and its title are written."""
        return self.titled.rects(self.widths, self.rect, upwards=self.upwards)


class PlacedEdge(NamedTuple):
    """An edge, its line, and where its label begins, if it has one."""

    edge: Edge
    parts: tuple[Part, ...]
    label: Point | None = None


@dataclass(frozen=True)
class Placing:
    """A scene laid out; y grows downwards, and the unit is a point.

    Attributes:
        scene: The scene.
        cards: The cards of its boxes.
        boxes: The rectangle of each box, by id.
        frames: The frames, each before those inside.
        edges: The edges.
        size: Width and height of all.
        columns: Columns, or rows, that the chain is broken into.
        rightwards: Whether it is read from left to right.
    """

    scene: Scene
    cards: Mapping[str, Card]
    boxes: Mapping[str, Rect]
    frames: tuple[PlacedFrame, ...]
    edges: tuple[PlacedEdge, ...]
    size: Point
    columns: int
    rightwards: bool

    def lowered(self, by: float) -> Placing:
        """The same with room above it."""
        down = 0.0, by
        return replace(
            self,
            boxes={id: shifted_rect(rect, down) for id, rect in self.boxes.items()},
            frames=tuple(frame._replace(rect=shifted_rect(frame.rect, down)) for frame in self.frames),
            edges=tuple(
                PlacedEdge(edge, shifted_parts(parts, down), shifted(label, down) if label else None)
                for edge, parts, label in self.edges
            ),
            size=(self.size[0], self.size[1] + by),
        )


def without_overlaps(
    edges: tuple[PlacedEdge, ...], boxes: Mapping[str, Rect], frames: Iterable[PlacedFrame]
) -> tuple[PlacedEdge, ...]:
    """The edges, without labels on each other, on boxes, or on the border or the title of a frame."""
    labels = {placed.edge: placed.label for placed in edges if placed.label}
    blocked = [*boxes.values(), *(rect for frame in frames for rect in (*sides(frame.rect), *frame.titles))]
    found = freed(labels, {placed.edge: placed.parts for placed in edges}, blocked)
    return tuple(placed._replace(label=found.get(placed.edge)) for placed in edges)


def retitled(frames: Iterable[PlacedFrame], edges: Iterable[PlacedEdge]) -> tuple[PlacedFrame, ...]:
    """Frames, those through whose names or titles a line leads with them where none does, if there is room."""
    grid = lines_grid(placed.parts for placed in edges)

    def is_free(rect: Rect) -> bool:
        left, top, right, bottom = rect
        return not grid.meets((left - _CLEAR, top, right + _CLEAR, bottom))

    return tuple(
        frame._replace(titled=frame.titled.free(frame.widths, frame.rect, is_free, upwards=frame.upwards))
        for frame in frames
    )

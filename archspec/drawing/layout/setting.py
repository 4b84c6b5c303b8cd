"""What is known of a picture before anything has its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from archspec.drawing.content.cards import SMALL, Card
from archspec.drawing.content.fonts import text_width
from archspec.drawing.content.labels import edge_text
from archspec.drawing.content.scene import Box, Cluster, Edge, Scene
from archspec.drawing.layout.geometry import Part, Point, Rect, swapped, swapped_rect
from archspec.drawing.layout.segments import Segment, frame_chain

HEADER = 11.0
"""The height of a frame's title."""

_FIRST_LABEL = 14.0
_NEAREST_LABEL = 8.5
"""How far from its box the label of an edge stands, if that is long, and at least."""
_LAST_LABEL = 14.0
"""How far before its box the label of an edge stands at its end."""
BESIDE = 5.0
"""Between a line and its label."""


@dataclass(frozen=True)
class Setting:
    """What is known of a picture before anything has its place.

    Attributes:
        scene: What it shows.
        cards: The cards of its boxes.
        rightwards: Whether it is read from left to right.
        labelled: Whether an edge's shape is written beside it.
        boxes: The boxes by id.
        clusters: The frames by path.
        parents: The frame around each frame; empty for none.
        chains: The frames around each box, the outermost first.
    """

    scene: Scene
    cards: Mapping[str, Card]
    rightwards: bool
    labelled: Callable[[Edge], bool]
    boxes: Mapping[str, Box]
    clusters: Mapping[str, Cluster]
    parents: Mapping[str, str]
    chains: Mapping[str, tuple[str, ...]]

    def frames(self, id: str) -> tuple[str, ...]:
        """The frames around a box, the outermost first."""
        return self.chains[id]

    def depth(self, segment: Segment) -> int:
        """The number of frames around all of a segment."""
        chains = [self.chains[id] for id in segment.boxes]
        return next(
            (depth for depth, names in enumerate(zip(*chains, strict=False)) if len(set(names)) > 1),
            min(map(len, chains)),
        )

    def turned(self, point: Point) -> Point:
        """From x and y to along and across, or back."""
        return point if self.rightwards else swapped(point)

    def turned_rect(self, rect: Rect) -> Rect:
        """From x and y to along and across, or back."""
        return rect if self.rightwards else swapped_rect(rect)

    def joins(self, edge: Edge) -> bool:
        """Whether an edge enters a sum or a concatenation."""
        return self.boxes[edge.target].kind == "merge"

    def label_rect(self, edge: Edge, start: Point) -> Rect:
        """The rectangle of an edge's label, along and across, from where its text begins."""
        width, height = label_size(edge)
        x, y = self.turned(start)
        return self.turned_rect((x, y - height / 2, x + width, y + height / 2))

    def label(self, edge: Edge, parts: tuple[Part, ...], side: int = 1, *, late: bool = False) -> Point:
        """Where the label of an edge begins: beside the first part of its line, or above where that leads right.

        Args:
            edge: The edge.
            parts: Its line.
            side: 1 for right of a line, or above it; -1 for the other side.
            late: Beside the last part of its line.
        """
        width, height = label_size(edge)
        if late and len(parts[-1]) == 2:
            (start, across), (end, _) = parts[-1]
            if self.rightwards:
                return end - _LAST_LABEL - width, across - side * (height / 2 + 1)
            return max(start, end - _LAST_LABEL), across + (BESIDE if side > 0 else -BESIDE - width)
        (start, across), (end, _) = parts[0][0], parts[0][-1]
        if self.rightwards:
            return start + 5, across - side * (height / 2 + 1)
        along = start + max(_NEAREST_LABEL, min((end - start) / 2 - 1, _FIRST_LABEL))
        return along, across + (BESIDE if side > 0 else -BESIDE - width)


def setting_of(
    scene: Scene, cards: Mapping[str, Card], labelled: Callable[[Edge], bool], *, rightwards: bool
) -> Setting:
    """What is known of a picture before anything has its place."""
    parents = {cluster.path: cluster.parent for cluster in scene.clusters}
    return Setting(
        scene=scene,
        cards=cards,
        rightwards=rightwards,
        labelled=labelled,
        boxes=scene.by_id,
        clusters={cluster.path: cluster for cluster in scene.clusters},
        parents=parents,
        chains={box.id: frame_chain(box.cluster, parents) for box in scene.boxes},
    )


def usually_labelled(scene: Scene, *, terse: bool = False) -> Callable[[Edge], bool]:
    """Whether the shape is written beside an edge: once a tensor, and in detail only where an op changes it.

    Args:
        scene: The scene.
        terse: Whether it is only where an op gives another than all that it takes, in an overview as well.
    """
    kinds = {box.id: box.kind for box in scene.boxes}
    taken: dict[str, set[tuple[int, ...]]] = {}
    first: dict[str, Edge] = {}
    for edge in sorted(scene.edges, key=lambda edge: edge.role == "skip"):
        taken.setdefault(edge.target, set()).add(edge.shape)
        first.setdefault(edge.tensor, edge)

    def labelled(edge: Edge) -> bool:
        if first[edge.tensor] is not edge or kinds[edge.source] == "input" or kinds[edge.target] == "output":
            return False
        if scene.symbolic or edge.role == "gap":
            return False
        if terse:
            return edge.shape not in taken.get(edge.source, ())
        return scene.detail == "overview" or taken.get(edge.source) != {edge.shape}

    return labelled


def label_size(edge: Edge) -> Point:
    """The width and height of what is written beside an edge."""
    return text_width(edge_text(edge), SMALL), SMALL + 2


def header_widths(cluster: Cluster) -> Point:
    """How wide a frame's name, at its left, and its title, at its right, may be: it may go on in a next column."""
    return text_width(f"… {cluster.name}", SMALL), text_width(cluster.title, SMALL)

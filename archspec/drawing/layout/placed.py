"""Where everything stands in a picture, and the pages that it stands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from archspec.drawing.content.cards import Card
from archspec.drawing.content.scene import Cluster, Edge, Scene
from archspec.drawing.layout.geometry import Part, Point, Rect
from archspec.drawing.layout.labelling import freed
from archspec.drawing.layout.pieces import Setting
from archspec.drawing.layout.segments import frame_chain
from archspec.errors import UsageError, did_you_mean

PAPERS = {"a3": (842.0, 1191.0), "a4": (595.0, 842.0), "a5": (420.0, 595.0), "letter": (612.0, 792.0)}
"""Width and height of upright pages, in points."""
PAGES = (*PAPERS, *(f"{name}-landscape" for name in PAPERS))
"""Names of pages."""

MARGIN = 12.0
"""Around the picture."""
PAGE_MARGIN = 36.0
"""Around the picture on a page."""


class PlacedFrame(NamedTuple):
    """A frame, or its part in one column.

    Attributes:
        cluster: The frame.
        rect: Where it stands.
        continued: Whether it began in the column before.
        upwards: Whether what it holds is read from below, where its title stands then.
    """

    cluster: Cluster
    rect: Rect
    continued: bool = False
    upwards: bool = False


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


def page_size(paper: str | None) -> Point:
    """The width and height of a page: ``a4`` upright, or ``a4-landscape``; A4 unless named.

    Raises:
        UsageError: No page has that name.
    """
    name, dash, way = (paper or "a4").partition("-")
    if name not in PAPERS or (dash and way not in ("landscape", "portrait")):
        raise UsageError(f"there is no paper `{paper}`; {did_you_mean(str(paper), PAGES) or 'such as `a4`'}")
    width, height = PAPERS[name]
    return (height, width) if way == "landscape" else (width, height)


def fitted(size: Point, page: Point) -> float:
    """How much smaller a picture is made to fit a page; 1 where it fits as it is."""
    return min(1.0, *((room - 2 * PAGE_MARGIN) / length for length, room in zip(size, page, strict=True)))


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


def usually_labelled(scene: Scene) -> Callable[[Edge], bool]:
    """Whether the shape is written beside an edge: once a tensor, and in detail only where an op changes it."""
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
        return scene.detail == "overview" or taken.get(edge.source) != {edge.shape}

    return labelled


def without_overlaps(edges: tuple[PlacedEdge, ...], boxes: Mapping[str, Rect]) -> tuple[PlacedEdge, ...]:
    """The edges, without labels on each other or on boxes."""
    labels = {placed.edge: placed.label for placed in edges if placed.label}
    found = freed(labels, {placed.edge: placed.parts for placed in edges}, boxes.values())
    return tuple(placed._replace(label=found.get(placed.edge)) for placed in edges)

"""Where boxes stand in a picture by scales, for each way in which the frames of the overview can be open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, combinations, islice
from typing import Any

from archspec.drawing.content.cards import cards
from archspec.drawing.content.labels import edge_text
from archspec.drawing.content.scene import Scene
from archspec.drawing.content.staging import stage
from archspec.drawing.formats.page.levels import Tree
from archspec.drawing.layout.geometry import Part, Rect
from archspec.drawing.layout.ladder import ladder
from archspec.drawing.layout.legs import legs
from archspec.drawing.layout.placement import PlacedEdge, Placing
from archspec.drawing.layout.scales import scales

_MOST = 8
"""Ways for which a placement is made; a picture with more frames is a flow where others of them are closed."""


def placements(tree: Tree, overview: Scene) -> Iterator[dict[str, Any]]:
    """The placements of a network's picture, that of its overview first; none where this has no scales.

    Each is that of the picture in which the same blocks are closed. It holds for whatever else is opened: the page
    moves apart what is beside a box that grows.
    """
    for closed in islice(_closings(tree), _MOST):
        found = _placed(stage(tree.network, collapse=closed) if closed else overview)
        if found is None and not closed:
            return
        numbers = {tree.path(number): number for number in _shown(tree, closed)}
        if found is not None and set(numbers) == {*found.boxes, *(frame.cluster.path for frame in found.frames)}:
            yield _written(found, numbers, tree.tensors)


def _placed(scene: Scene) -> Placing | None:
    found = scales(scene)
    return ladder(found, scene, cards(scene)) if found else None


def _closings(tree: Tree) -> Iterator[tuple[str, ...]]:
    """The blocks that are closed of those that are open at first, none inside of another; fewer first."""
    opened = [item.box.id for item in tree.items if item and item.is_open]
    for chosen in chain.from_iterable(combinations(opened, count) for count in range(len(opened) + 1)):
        if not any(one.startswith(f"{other}.") for one in chosen for other in chosen):
            yield chosen


def _shown(tree: Tree, closed: Sequence[str], around: int = 0) -> Iterator[int]:
    """The numbers of the items that are seen where those blocks are closed."""
    for number in tree.children(around):
        yield number
        item = tree.items[number]
        if item and item.is_open and item.box.id not in closed:
            yield from _shown(tree, closed, number)


def _written(placing: Placing, numbers: Mapping[str, int], tensors: Mapping[str, int]) -> dict[str, Any]:
    """A placement as the script reads it; items and tensors by number."""
    frames: dict[int, list[list[float]]] = {}
    for frame in placing.frames:
        frames.setdefault(numbers[frame.cluster.path], []).append([*_rect(frame.rect), int(frame.upwards)])
    labels = [
        [round(placed.label[0], 1), round(placed.label[1], 1), edge_text(placed.edge)]
        for placed in placing.edges
        if placed.label
    ]
    return {
        "size": [round(length, 1) for length in placing.size],
        "boxes": [[numbers[id], *_rect(rect)] for id, rect in placing.boxes.items()],
        "frames": list(frames.items()),
        "edges": [_edge(placed, numbers, tensors) for placed in placing.edges if placed.parts],
        "labels": labels,
    }


def _rect(rect: Rect) -> list[float]:
    return [round(side, 1) for side in rect]


def _edge(placed: PlacedEdge, numbers: Mapping[str, int], tensors: Mapping[str, int]) -> list[Any]:
    """Source, target, tensor, whether a shortcut, and the line."""
    edge = placed.edge
    ends = numbers[edge.source], numbers[edge.target]
    return [*ends, tensors[edge.tensor], int(edge.role == "skip"), line(placed.parts)]


def line(parts: Sequence[Part]) -> list[list[float]]:
    """The corners of a line, which the page makes round; a curve as its two control points and its end."""
    start, found = legs(parts)
    points = [(start,), *((*leg.controls, leg.end) for leg in found)]
    return [[round(number, 1) for point in each for number in point] for each in points]

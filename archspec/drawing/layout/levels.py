"""How deep each box of a scene stands: how often what it gives is halved from the network's largest input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2

from archspec.drawing.content.scene import Edge, Scene
from archspec.drawing.layout.segments import frame_chain, in_order

Place = tuple[int, int]
"""A column and a level."""

_ALIKE = 0.6
"""How far the logarithms of how much smaller height and width are may be apart in a map of the image."""
_SHRUNK = 0.1
"""Logarithms by which what was not padded may be smaller still than half of its resolution to the next."""


@dataclass(frozen=True)
class Scales:
    """Where boxes stand by the resolution of what they give.

    Attributes:
        cells: The boxes at a column and a level, each after those it takes from; level 0 is the largest input's.
        upwards: For each column whether its resolution grows, so that it is read from below.
        spans: The deepest level of boxes that give tensors of several.
        carried: The level of what each edge carries.
    """

    cells: Mapping[Place, tuple[str, ...]]
    upwards: tuple[bool, ...]
    spans: Mapping[str, int]
    carried: Mapping[Edge, int]

    @property
    def levels(self) -> list[int]:
        """All levels, the largest resolution first."""
        between = {level for id in self.spans for edge, level in self.carried.items() if id in edge[:2]}
        return sorted({level for _, level in self.cells} | set(self.spans.values()) | between)


class Levels:
    """The levels of a scene's boxes.

    Attributes:
        boxes: The boxes by id.
        order: Their ids, each after those it takes from.
        into: The edges that each takes.
        out: The edges that each gives.
        chains: The frames around each, the outermost first.
        level: The level of what each gives, of several tensors the least.
        last: The deepest level of what each gives.
    """

    def __init__(self, scene: Scene) -> None:
        self.boxes = scene.by_id
        self.order = in_order(scene.boxes, scene.edges)
        self.into, self.out = _by(scene.edges, lambda edge: edge.target), _by(scene.edges, lambda edge: edge.source)
        self._image = max((box.shape or () for box in scene.boxes if box.kind == "input"), key=_extent, default=())
        parents = {cluster.path: cluster.parent for cluster in scene.clusters}
        self.chains = {box.id: frame_chain(box.cluster, parents) for box in scene.boxes}
        self.level: dict[str, int] = {}
        self.last: dict[str, int] = {}
        for id in self.order:
            self._follow(id)

    def _follow(self, id: str) -> None:
        """The levels of a box whose operands have theirs."""
        given = [level for edge in self.out.get(id, ()) if (level := self.of(edge.shape)) is not None]
        shape = self.boxes[id].shape
        own = self.of(shape) if shape is not None else min(given, default=None)
        if own is None:
            own = max((self.last[edge.source] for edge in self.into.get(id, ())), default=0)
        self.level[id] = own
        self.last[id] = max(given, default=own) if shape is None else own

    @property
    def spans(self) -> dict[str, int]:
        """The deepest level of boxes that give tensors of several."""
        return {id: last for id, last in self.last.items() if last > self.level[id]}

    @property
    def carried(self) -> dict[Edge, int]:
        """The level of what each edge carries."""
        return {edge: self.of_edge(edge) for edges in self.into.values() for edge in edges}

    def of(self, shape: Sequence[int]) -> int | None:
        """How often a map was halved; None for what is no map of the image, such as tokens or what was pooled whole."""
        places = shape[1:]
        if len(self._image) < 2 or len(shape) != len(self._image) or max(places) == 1 or min(places) < 1:
            return None
        halvings = [log2(whole / size) for whole, size in zip(self._image[1:], places, strict=True)]
        # Layers without padding take a little off, once more on the way up: it is nearer to the larger resolution.
        return round(sum(halvings) / len(halvings) - _SHRUNK) if max(halvings) - min(halvings) < _ALIKE else None

    def of_edge(self, edge: Edge) -> int:
        """The level of what an edge carries; of what is no map, that of the box which gives it."""
        found = self.of(edge.shape)
        return self.last[edge.source] if found is None else found


def _by(edges: Iterable[Edge], key: Callable[[Edge], str]) -> dict[str, list[Edge]]:
    found: dict[str, list[Edge]] = {}
    for edge in edges:
        found.setdefault(key(edge), []).append(edge)
    return found


def _extent(shape: Sequence[int]) -> int:
    """The number of places of a map; 0 for what is none."""
    places = 1
    for size in shape[1:]:
        places *= size
    return places if len(shape) > 1 else 0

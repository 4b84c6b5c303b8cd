"""The scales of a network that comes back to a resolution or keeps several: a row for each, a column for each way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2

from archspec.drawing.content.scene import Edge, Scene
from archspec.drawing.layout.segments import in_order

Place = tuple[int, int]
"""A column and a level."""

_MOST_BOXES = 400
_MOST_COLUMNS = 7
"""More than these are laid out as a flow."""
_ALIKE = 0.6
"""How far the logarithms of how much smaller height and width are may be apart in a map of the image."""


@dataclass(frozen=True)
class Scales:
    """Where boxes stand by the resolution of what they give.

    Attributes:
        cells: The boxes at a column and a level, each after those it takes from; level 0 is the largest input's.
        upwards: For each column whether its resolution grows, so that it is read from below.
        spans: The deepest level of boxes that give tensors of several.
    """

    cells: Mapping[Place, tuple[str, ...]]
    upwards: tuple[bool, ...]
    spans: Mapping[str, int]

    @property
    def levels(self) -> list[int]:
        """All levels, the largest resolution first."""
        return sorted({level for _, level in self.cells} | set(self.spans.values()))


def scales(scene: Scene) -> Scales | None:
    """The scales of a scene; None where its resolution only falls, or comes back at once and takes nothing along.

    It has scales as well where it only falls and there are outputs at several levels, as behind a feature pyramid.
    """
    if scene.symbolic or len(scene.boxes) > _MOST_BOXES:
        return None
    return _Finder(scene).scales()


class _Finder:
    """What each box is among the ways down and up.

    A way goes on as long as the resolution moves in one direction: the ways down have even numbers, those up odd ones.
    """

    def __init__(self, scene: Scene) -> None:
        self.boxes = scene.by_id
        self.order = in_order(scene.boxes, scene.edges)
        self.into, self.out = _by(scene.edges, lambda edge: edge.target), _by(scene.edges, lambda edge: edge.source)
        self.image = max((box.shape or () for box in scene.boxes if box.kind == "input"), key=_extent, default=())
        self.level: dict[str, int] = {}
        self.last: dict[str, int] = {}
        self.way: dict[str, int] = {}
        for id in self.order:
            self._follow(id)

    def _follow(self, id: str) -> None:
        """The levels and the way of a box whose operands have theirs."""
        before = self.into.get(id, [])
        given = [level for edge in self.out.get(id, ()) if (level := self._level_of(edge.shape)) is not None]
        shape = self.boxes[id].shape
        own = self._level_of(shape) if shape is not None else min(given, default=None)
        if own is None:
            own = max((self.last[edge.source] for edge in before), default=0)
        self.level[id] = own
        self.last[id] = max(given, default=own) if shape is None else own
        self.way[id] = max((self._step(edge, own) for edge in before), default=0)

    def _level_of(self, shape: Sequence[int]) -> int | None:
        """How often a map was halved; None for what is no map of the image, such as tokens or what was pooled whole."""
        places = shape[1:]
        if len(self.image) < 2 or len(shape) != len(self.image) or max(places) == 1 or min(places) < 1:
            return None
        halvings = [log2(whole / size) for whole, size in zip(self.image[1:], places, strict=True)]
        return round(sum(halvings) / len(halvings)) if max(halvings) - min(halvings) < _ALIKE else None

    def _step(self, edge: Edge, level: int) -> int:
        """The way that an edge leads on to."""
        way, found = self.way[edge.source], self._level_of(edge.shape)
        before = self.last[edge.source] if found is None else found
        return way if level == before or (level < before) == way % 2 else way + 1

    def scales(self) -> Scales | None:
        """Where all stand."""
        ways = max(self.way.values(), default=0)
        if not (self._comes_back() or self._ends_at_several()):
            return None
        trunk = self._trunk({id for id in self.order if self.way[id] == ways}, ways)
        core = self._leading_to(trunk)
        core -= self._alike_at_end(core, set(self.order) - core, ways)
        columns: list[tuple[bool, list[str]]] = []
        for way in range(ways + 1):
            members = {id for id in core if self.way[id] == way}
            own = self._trunk(members, way)
            beside = members - own
            beside |= self._alike_at_end(own, beside, way)
            columns += [(bool(way % 2), self._ordered(members - beside)), (False, self._ordered(beside))]
        columns.append((False, self._ordered(set(self.order) - core)))
        columns = [column for column in columns if column[1]]
        if len(columns) > _MOST_COLUMNS:
            return None
        cells: dict[Place, tuple[str, ...]] = {}
        for index, (_, ids) in enumerate(columns):
            for id in ids:
                cells[index, self.level[id]] = (*cells.get((index, self.level[id]), ()), id)
        spans = {id: last for id, last in self.last.items() if last > self.level[id]}
        return Scales(cells, tuple(upwards for upwards, _ in columns), spans)

    def _comes_back(self) -> bool:
        """Whether the resolution falls over several levels, and grows over several or meets what was kept of before."""
        down = {level for id in self.order if not self.way[id] for level in (self.level[id], self.last[id])}
        up = [id for id in self.order if self.way[id] == 1]
        joins = any(self.way[edge.source] == 0 for id in up for edge in self.into[id] if self._same(edge))
        return len(down) > 2 and (joins or len({self.level[id] for id in up}) > 1)

    def _ends_at_several(self) -> bool:
        """Whether maps of more than two levels are outputs."""
        ends = [box for box in self.boxes.values() if box.kind == "output" and not box.training_only]
        return len({level for box in ends if (level := self._level_of(box.shape or ())) is not None}) > 2

    def _same(self, edge: Edge) -> bool:
        return self._level_of(edge.shape) == self.level[edge.target]

    def _trunk(self, members: set[str], way: int) -> set[str]:
        """The boxes of a way from which it leads to its end."""
        end = self._end(members, way)
        found: set[str] = set()
        for id in reversed(self.order):
            if id in members and (
                end in (self.level[id], self.last[id]) or any(edge.target in found for edge in self.out.get(id, ()))
            ):
                found.add(id)
        return found

    def _end(self, members: Iterable[str], way: int) -> int:
        """The level where a way ends."""
        levels = [level for id in members for level in (self.level[id], self.last[id])]
        return (min if way % 2 else max)(levels, default=0)

    def _leading_to(self, ids: set[str]) -> set[str]:
        found = set(ids)
        for id in reversed(self.order):
            if any(edge.target in found for edge in self.out.get(id, ())):
                found.add(id)
        return found

    def _alike_at_end(self, trunk: set[str], beside: set[str], way: int) -> set[str]:
        """What stands at the end of a way and is like what is beside it at the other levels, with what follows."""
        kinds = {self._kind(id) for id in beside if self.boxes[id].kind not in ("input", "merge", "output")}
        end = self._end((id for id in trunk if self.way[id] == way), way)
        found: set[str] = set()
        for id in self._ordered(trunk):
            if (
                self.way[id] == way
                and self.level[id] == end
                and (self._kind(id) in kinds or any(edge.source in found for edge in self.into.get(id, ())))
            ):
                found.add(id)
        return found

    def _kind(self, id: str) -> tuple[str, str]:
        return self.boxes[id].title, self.boxes[id].arguments

    def _ordered(self, ids: set[str]) -> list[str]:
        return [id for id in self.order if id in ids]


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

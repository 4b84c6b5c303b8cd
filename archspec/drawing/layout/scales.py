"""The scales of a network that comes back to a resolution or keeps several: a row for each, a column for each way."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace

from archspec.drawing.content.scene import Edge, Scene
from archspec.drawing.layout.levels import Levels, Place, Scales
from archspec.drawing.layout.streams import exchanges, streams

_MOST_BOXES = 400
_MOST_COLUMNS = 7
"""More than these are laid out as a flow."""


def scales(scene: Scene) -> Scales | None:
    """The scales of a scene; None where its resolution only falls, or comes back at once and takes nothing along.

    It has scales as well where it only falls and there are outputs at several levels, as behind a feature pyramid, and
    where boxes take several resolutions and give several.
    """
    if scene.symbolic or len(scene.boxes) > _MOST_BOXES:
        return None
    levels = Levels(scene)
    heads = exchanges(levels)
    if heads and all(_ends(id, levels) for id in heads):
        before = _ways(Levels(_without(scene, {*heads, *_targets(heads, levels)})))
        if before:
            return _followed(before, heads, levels)
    return streams(levels) if heads else _ways(levels)


def _ways(levels: Levels) -> Scales | None:
    finder = _Finder(levels)
    return (finder.scales() or streams(levels)) if finder.has_scales else None


def _ends(id: str, levels: Levels) -> bool:
    """Whether outputs alone take what a box gives."""
    return all(levels.boxes[edge.target].kind == "output" for edge in levels.out.get(id, ()))


def _targets(ids: Iterable[str], levels: Levels) -> list[str]:
    """What takes what some boxes give, in the order of the spec."""
    found = {edge.target for id in ids for edge in levels.out.get(id, ())}
    return [id for id in levels.boxes if id in found]


def _without(scene: Scene, ids: Container[str]) -> Scene:
    boxes = tuple(box for box in scene.boxes if box.id not in ids)
    edges = tuple(edge for edge in scene.edges if edge.source not in ids and edge.target not in ids)
    return replace(scene, boxes=boxes, edges=edges)


def _followed(before: Scales, heads: Sequence[str], levels: Levels) -> Scales:
    """Scales with a column for each of some boxes behind them, and one for their outputs."""
    count, cells = len(before.upwards), dict(before.cells)
    for index, id in enumerate(heads):
        cells[count + index, levels.level[id]] = (id,)
    last = count + len(heads)
    for id in _targets(heads, levels):
        place = last, levels.level[id]
        cells[place] = (*cells.get(place, ()), id)
    upwards = (*before.upwards, *[False] * (len(heads) + 1))
    return Scales(cells, upwards, levels.spans, levels.carried)


class _Finder:
    """What each box is among the ways down and up.

    A way goes on as long as the resolution moves in one direction: the ways down have even numbers, those up odd ones.
    """

    def __init__(self, levels: Levels) -> None:
        self.levels = levels
        self.boxes, self.order, self.into, self.out = levels.boxes, levels.order, levels.into, levels.out
        self.level, self.last = levels.level, levels.last
        self.way: dict[str, int] = {}
        for id in self.order:
            self.way[id] = max((self._step(edge, self.level[id]) for edge in self.into.get(id, ())), default=0)

    def _step(self, edge: Edge, level: int) -> int:
        """The way that an edge leads on to."""
        way, before = self.way[edge.source], self.levels.of_edge(edge)
        return way if level == before or (level < before) == way % 2 else way + 1

    @property
    def has_scales(self) -> bool:
        """Whether the network comes back to a resolution, or ends at several."""
        return self._comes_back() or self._ends_at_several()

    def scales(self) -> Scales | None:
        """Where all stand; None where there are more ways than a page has room for."""
        ways = max(self.way.values(), default=0)
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
        return Scales(cells, tuple(upwards for upwards, _ in columns), self.levels.spans, self.levels.carried)

    def _comes_back(self) -> bool:
        """Whether the resolution falls over several levels, and grows over several or meets what was kept of before."""
        down = {level for id in self.order if not self.way[id] for level in (self.level[id], self.last[id])}
        up = [id for id in self.order if self.way[id] == 1]
        joins = any(self.way[edge.source] == 0 for id in up for edge in self.into[id] if self._same(edge))
        return len(down) > 2 and (joins or len({self.level[id] for id in up}) > 1)

    def _ends_at_several(self) -> bool:
        """Whether maps of more than two levels are outputs."""
        ends = [box for box in self.boxes.values() if box.kind == "output" and not box.training_only]
        return len({level for box in ends if (level := self.levels.of(box.shape or ())) is not None}) > 2

    def _same(self, edge: Edge) -> bool:
        return self.levels.of(edge.shape) == self.level[edge.target]

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
        """What stands at the end of a way and is like what leads aside from it at other levels, with what follows."""
        leading = {edge.target for id in trunk for edge in self.out.get(id, ())} & beside
        kinds = {self._kind(id) for id in leading if self.boxes[id].kind not in ("input", "merge", "output")}
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

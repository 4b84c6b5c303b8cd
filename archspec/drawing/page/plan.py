"""How a level is arranged, whatever the sizes of its boxes: a column of boxes, of branches in a row, and of layers.

The page gives sizes and places; an edge that leads past boxes goes by way of gaps, which a plan holds like boxes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from archspec.drawing.scene import Box, Edge
from archspec.drawing.segments import Segment, segments

_ABOVE = "above"
_SWEEPS = 6
"""How often layers are put in order after their neighbours."""


@dataclass(frozen=True, slots=True)
class Row:
    """Branches side by side, between a fork and a join: those of the body, and shortcuts beside them."""

    body: tuple[Column, ...]
    skips: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Layers:
    """What is neither chain nor branches: rows of boxes and gaps, each edge from one row to the next."""

    rows: tuple[tuple[str, ...], ...]


Column = tuple[str | Row | Layers, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The arrangement of a level.

    Attributes:
        column: What stands below each other.
        ways: The gaps that edges go through, in order.
    """

    column: Column
    ways: Mapping[Edge, tuple[str, ...]]


def plan(boxes: Sequence[Box], edges: Sequence[Edge]) -> Plan:
    """Arrange boxes, which have no frames around them.

    >>> boxes = [Box(id, "merge" if id == "add" else "op", "conv", id) for id in ("x", "conv", "add")]
    >>> ends = [("x", "conv"), ("conv", "add"), ("x", "add")]
    >>> edges = [Edge(*pair, pair[0], (), role="skip" if pair == ("x", "add") else "body") for pair in ends]
    >>> plan(boxes, edges).column
    ('x', Row(body=(('conv',),), skips=(('~0',),)), 'add')
    """
    taking = {edge.target for edge in edges}
    sources = [box.id for box in boxes if box.id not in taking]
    if len(sources) < 2:
        planner = _Planner({box.id: box for box in boxes}, edges)
        return Plan(planner.column(), planner.ways)
    above = Box(_ABOVE, "input", "input", "")  # what enters at several places enters below one
    forks = [Edge(_ABOVE, id, _ABOVE, ()) for id in sources]
    planner = _Planner({box.id: box for box in (above, *boxes)}, [*forks, *edges])
    return Plan(planner.column()[1:], planner.ways)


@dataclass
class _Planner:
    boxes: Mapping[str, Box]
    edges: Sequence[Edge]
    ways: dict[Edge, tuple[str, ...]] = field(default_factory=dict)
    gaps: int = 0

    def column(self) -> Column:
        """What stands below each other."""
        return self._column(segments(list(self.boxes.values()), self.edges, {}))

    def _column(self, chain: Sequence[Segment]) -> Column:
        return tuple(part for segment in chain for part in self._parts(segment))

    def _parts(self, segment: Segment) -> Column:
        if len(segment.boxes) == 1:
            return segment.boxes
        branches = _branches(segment, self.boxes)
        if branches is None:
            return (self._layers(segment),)
        columns = [(last.role == "skip", self._branch(chain, last)) for chain, last in branches]
        row = Row(tuple(each for skip, each in columns if not skip), tuple(each for skip, each in columns if skip))
        return (row, segment.boxes[-1])

    def _branch(self, chain: Sequence[Segment], last: Edge) -> Column:
        if chain:
            return self._column(chain)
        gap = self._gap()
        self._through(last, (gap,))
        return (gap,)

    def _gap(self) -> str:
        self.gaps += 1
        return f"~{self.gaps - 1}"

    def _through(self, edge: Edge, gaps: Sequence[str]) -> None:
        self.ways[edge] = (*self.ways.get(edge, ()), *gaps)

    def _layers(self, segment: Segment) -> Layers:
        """Rows by the longest way from where the segment is entered."""
        rank = _ranks(segment, self.boxes)
        rows: list[list[str]] = [[] for _ in range(max(rank.values()) + 1)]
        for id in segment.boxes:
            rows[rank[id]].append(id)
        links: set[tuple[str, str]] = set()
        gaps: dict[tuple[str, int], str] = {}
        inside = set(segment.boxes)
        for edge in self.edges:
            if edge.target not in inside and edge.source not in inside:
                continue
            if edge.source not in inside and edge not in segment.entering:
                continue
            way = range(rank.get(edge.source, -1) + 1, rank.get(edge.target, len(rows)))
            through = [self._shared(gaps, rows, edge.tensor, index) for index in way]
            self._through(edge, through)
            links |= set(pairwise([edge.source, *through, edge.target]))
        _put_in_order(rows, links)
        return Layers(tuple(map(tuple, rows)))

    def _shared(self, gaps: dict[tuple[str, int], str], rows: list[list[str]], tensor: str, index: int) -> str:
        """The gap of a tensor in a row, which all its edges go through."""
        if (tensor, index) not in gaps:
            gaps[tensor, index] = self._gap()
            rows[index].append(gaps[tensor, index])
        return gaps[tensor, index]


def _branches(segment: Segment, boxes: Mapping[str, Box]) -> list[tuple[Sequence[Segment], Edge]] | None:
    """The branches of a segment that is a fork, branches apart from each other, and a join, each with its last edge."""
    *inside, join = segment.boxes
    if not segment.entering or segment.exit not in ("", join) or any(edge.source == join for edge in segment.inner):
        return None
    edges = (*segment.entering, *segment.inner)
    found: list[tuple[Sequence[Segment], Edge]] = [((), edge) for edge in segment.entering if edge.target == join]
    for ids in _components(inside, segment.inner):
        lasts = [edge for edge in segment.inner if edge.target == join and edge.source in ids]
        chain = segments([boxes[id] for id in inside if id in ids], [edge for edge in edges if edge.target in ids], {})
        if len(lasts) != 1 or lasts[0].source not in chain[-1].boxes:
            return None
        if not chain[0].entering or any(not one.exit for one in chain[:-1]):
            return None
        found.append(((*chain[:-1], replace(chain[-1], exit=lasts[0].source)), lasts[0]))
    order = {edge: index for index, edge in enumerate(edges)}
    return sorted(found, key=lambda branch: (branch[1].operand, order[branch[1]]))


def _components(ids: Sequence[str], edges: Sequence[Edge]) -> list[set[str]]:
    """The boxes in groups between which no edge leads, in order."""
    group = {id: {id} for id in ids}
    for edge in edges:
        one, other = group.get(edge.source), group.get(edge.target)
        if one is None or other is None or one is other:
            continue
        one |= other
        group |= dict.fromkeys(other, one)
    return list({id(members): members for members in group.values()}.values())


def _ranks(segment: Segment, boxes: Mapping[str, Box]) -> dict[str, int]:
    """The row of each box; ports at which tensors leave stand in the last."""
    rank = dict.fromkeys(segment.boxes, 0)
    for id in segment.boxes:
        rank[id] = max((rank[edge.source] + 1 for edge in segment.inner if edge.target == id), default=0)
    last = max(rank.values())
    return rank | {id: last for id in segment.boxes if boxes[id].kind == "output" and id.startswith("o")}


def _put_in_order(rows: list[list[str]], links: set[tuple[str, str]]) -> None:
    """Order each row after its neighbours above and below in turn, so that fewer edges cross."""
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for source, target in sorted(links):
        above.setdefault(target, []).append(source)
        below.setdefault(source, []).append(target)
    for sweep in range(_SWEEPS):
        neighbours, ordered = (above, rows) if sweep % 2 == 0 else (below, rows[::-1])
        place = {id: each for row in rows for id, each in _places(row).items()}
        for row in ordered:
            wanted = {
                id: _mean([place[near] for near in neighbours.get(id, ()) if near in place], place[id]) for id in row
            }
            row.sort(key=wanted.__getitem__)
            place |= _places(row)


def _places(row: Sequence[str]) -> dict[str, float]:
    """Where each stands in its row, from 0 to 1."""
    return {id: (index + 0.5) / len(row) for index, id in enumerate(row)}


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise

"""How a level is arranged, whatever the sizes of its boxes: a column of boxes, of branches in a row, and of layers.

The page gives sizes and places; an edge that leads past boxes goes by way of gaps, which a plan holds like boxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from archspec.drawing.content.scene import Box, Edge, Kind
from archspec.drawing.content.shortcuts import with_roles
from archspec.drawing.formats.page.layers import Layers, in_order, ranks
from archspec.drawing.layout.branches import Branch, branches
from archspec.drawing.layout.segments import Segment, segments

_ABOVE = "above"


class Piece(NamedTuple):
    """What decides where a box stands: its id and kind, the sign of one that joins, whether only training has it."""

    id: str
    kind: Kind
    title: str = ""
    training_only: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Branches side by side, between a fork and a join: those of the body, and others beside them."""

    body: tuple[Column, ...]
    beside: tuple[Column, ...]


Column = tuple[str | Row | Layers, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The arrangement of a level.

    Attributes:
        column: What stands below each other.
        shortcuts: For each edge, in order, whether it is a shortcut.
        ways: For each edge the gaps that it goes through, in order.
    """

    column: Column
    shortcuts: tuple[bool, ...]
    ways: tuple[tuple[str, ...], ...]


def plan(pieces: Sequence[Piece], edges: Sequence[Edge]) -> Plan:
    """Arrange boxes, which have no frames around them. Levels that are alike are arranged once.

    >>> pieces = [Piece("x", "op"), Piece("conv", "op"), Piece("add", "merge", "+")]
    >>> ends = [("x", "conv"), ("conv", "add"), ("x", "add")]
    >>> found = plan(pieces, [Edge(*pair, pair[0], ()) for pair in ends])
    >>> found.column
    ('x', Row(body=(('conv',),), beside=(('~0',),)), 'add')
    >>> found.shortcuts, found.ways
    ((False, False, True), ((), (), ('~0',)))
    """
    names = {piece.id: _name(number, piece) for number, piece in enumerate(pieces)}
    tensors: dict[str, int] = {}
    numbered = tuple([Piece(names[id], kind, title, training) for id, kind, title, training in pieces])
    links = tuple([
        (names[edge.source], names[edge.target], tensors.setdefault(edge.tensor, len(tensors)), edge.operand)
        for edge in edges
    ])  # fmt: skip
    found = _planned(numbered, links)
    return replace(found, column=_renamed(found.column, {name: id for id, name in names.items()}))


def _name(number: int, piece: Piece) -> str:
    """What a box is called in a plan: by its number, and a port at which a tensor leaves as such."""
    return f"o{number}" if piece.kind == "output" and piece.id.startswith("o") else str(number)


def _renamed(column: Column, ids: Mapping[str, str]) -> Column:
    """A column of boxes that are called otherwise; gaps keep their names."""
    return tuple([_part_renamed(part, ids) for part in column])


def _part_renamed(part: str | Row | Layers, ids: Mapping[str, str]) -> str | Row | Layers:
    if isinstance(part, Row):
        body, beside = (tuple([_renamed(each, ids) for each in side]) for side in (part.body, part.beside))
        return Row(body, beside)
    if isinstance(part, Layers):
        return Layers(tuple([tuple([ids.get(name, name) for name in row]) for row in part.rows]))
    return ids.get(part, part)


_Link = tuple[str, str, int, int]
"""An edge: the names of its ends, the number of its tensor, and the operand that it is."""


@lru_cache(maxsize=1024)
def _planned(pieces: tuple[Piece, ...], links: tuple[_Link, ...]) -> Plan:
    boxes = [Box(id, kind, "", title, training_only=training) for id, kind, title, training in pieces]
    given = [Edge(source, target, str(tensor), (), operand=operand) for source, target, tensor, operand in links]
    edges = with_roles(boxes, given)
    planner = _Planner({box.id: box for box in boxes}, edges)
    columns = [planner.column(part) for part in _apart(boxes, edges)]
    column = columns[0] if len(columns) == 1 else (Row(tuple(columns), ()),)
    return Plan(
        column, tuple([edge.role == "skip" for edge in edges]), tuple([planner.ways.get(edge, ()) for edge in edges])
    )


def _apart(boxes: Sequence[Box], edges: Iterable[Edge]) -> list[list[Box]]:
    """Boxes in parts between which no edge leads, in order."""
    parts: dict[str, list[Box]] = {box.id: [box] for box in boxes}
    for edge in edges:
        other, one = sorted((parts[edge.source], parts[edge.target]), key=len)
        if one is not other:
            one += other
            parts.update((box.id, one) for box in other)
    order = {box.id: number for number, box in enumerate(boxes)}
    different = {id(part): part for part in parts.values()}.values()
    found = [sorted(part, key=lambda box: order[box.id]) for part in different]
    return sorted(found, key=lambda part: order[part[0].id])


@dataclass
class _Planner:
    boxes: Mapping[str, Box]
    edges: Sequence[Edge]
    ways: dict[Edge, tuple[str, ...]] = field(default_factory=dict)
    gaps: int = 0

    def column(self, boxes: Sequence[Box]) -> Column:
        """What stands below each other, of boxes that are connected."""
        ids = {box.id for box in boxes}
        edges = [edge for edge in self.edges if edge.target in ids]
        taking = {edge.target for edge in edges}
        sources = [box.id for box in boxes if box.id not in taking]
        if len(sources) == 1:
            return self._column(segments(boxes, edges, {}))
        above = Box(_ABOVE, "input", "input", "")  # what enters at several places enters below one
        forks = [Edge(_ABOVE, id, _ABOVE, ()) for id in sources]
        self.boxes = {_ABOVE: above, **self.boxes}
        return self._column(segments([above, *boxes], [*forks, *edges], {}))[1:]

    def _column(self, chain: Sequence[Segment], last: Edge | None = None) -> Column:
        """A chain, of which an edge may lead on."""
        column: list[str | Row | Layers] = []
        for index, segment in enumerate(chain):
            if segment.exit and segment.exit not in segment.boxes:
                column.append(self._passed(segment, self._past(segment, chain[index + 1 :], last)))
            else:
                column += self._parts(segment)
        return tuple(column)

    def _parts(self, segment: Segment) -> Column:
        if len(segment.boxes) == 1:
            return segment.boxes
        found = branches(segment, self.boxes, {})
        if not found:
            return (self._layers(segment),)
        columns = [(branch.is_skip, self._branch(branch)) for branch in found]
        row = Row(tuple(each for skip, each in columns if not skip), tuple(each for skip, each in columns if skip))
        return (row, segment.boxes[-1])

    def _branch(self, branch: Branch) -> Column:
        if branch.segments:
            return self._column(branch.segments, branch.last)
        gap = self._gap()
        self._through(branch.last, (gap,))
        return (gap,)

    def _past(self, segment: Segment, after: Sequence[Segment], last: Edge | None) -> Iterator[Edge]:
        """The edges that lead past a segment: into those after it, or on."""
        for edge in (edge for each in after for edge in (*each.entering, *each.inner)):
            if edge.source == segment.exit:
                yield edge
        if last is not None and last.source == segment.exit:
            yield last

    def _passed(self, segment: Segment, edges: Iterator[Edge]) -> Row:
        """What ends by itself, beside edges that lead on: a column for each of its parts that nothing joins."""
        gap = self._gap()
        for edge in edges:
            self._through(edge, (gap,))
        parts = _apart([self.boxes[id] for id in segment.boxes], segment.inner)
        within = {box.id: number for number, part in enumerate(parts) for box in part}
        into: list[list[Edge]] = [[] for _ in parts]
        for edge in (*segment.entering, *segment.inner):
            into[within[edge.target]].append(edge)
        columns = [self._column(segments(part, given, {})) for part, given in zip(parts, into, strict=True)]
        return Row(((gap,),), tuple(columns))

    def _gap(self) -> str:
        self.gaps += 1
        return f"~{self.gaps - 1}"

    def _through(self, edge: Edge, gaps: Sequence[str]) -> None:
        self.ways[edge] = (*self.ways.get(edge, ()), *gaps)

    def _layers(self, segment: Segment) -> Layers:
        rank = ranks(segment, self.boxes)
        rows: list[list[str]] = [[] for _ in range(max(rank.values()) + 1)]
        for id in segment.boxes:
            rows[rank[id]].append(id)
        links: list[tuple[str, str]] = []
        gaps: dict[tuple[str, int], str] = {}
        for edge in self._crossing(segment):
            way = range(rank.get(edge.source, -1) + 1, rank.get(edge.target, len(rows)))
            through = [self._shared(gaps, rows, edge.tensor, index) for index in way]
            self._through(edge, through)
            links += pairwise([edge.source, *through, edge.target])
        return Layers(in_order(rows, links))

    def _crossing(self, segment: Segment) -> Iterator[Edge]:
        """The edges that enter a segment, lead inside it, or leave it."""
        inside = set(segment.boxes)
        yield from (*segment.entering, *segment.inner)
        yield from (edge for edge in self.edges if edge.source in inside and edge.target not in inside)

    def _shared(self, gaps: dict[tuple[str, int], str], rows: list[list[str]], tensor: str, index: int) -> str:
        """The gap of a tensor in a row, which all its edges go through."""
        if (tensor, index) not in gaps:
            gaps[tensor, index] = self._gap()
            rows[index].append(gaps[tensor, index])
        return gaps[tensor, index]

"""How a level is arranged, whatever the sizes of its boxes: a column of boxes, of branches in a row, and of layers.

The page gives sizes and places; an edge that leads past boxes goes by way of gaps, which a plan holds like boxes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from archspec.drawing.content.scene import Box, Edge
from archspec.drawing.formats.page.layers import Layers, in_order, ranks
from archspec.drawing.layout.branches import Branch, branches
from archspec.drawing.layout.segments import Segment, segments

_ABOVE = "above"


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
    ('x', Row(body=(('conv',),), beside=(('~0',),)), 'add')
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
        """What ends by itself, beside edges that lead on."""
        gap = self._gap()
        for edge in edges:
            self._through(edge, (gap,))
        boxes = [self.boxes[id] for id in segment.boxes]
        return Row(((gap,),), (self._column(segments(boxes, (*segment.entering, *segment.inner), {})),))

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

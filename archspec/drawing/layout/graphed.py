"""The layout of a segment by the engine, where it is neither a box nor branches side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import cached_property

from archspec.drawing.content.cards import SMALL
from archspec.drawing.content.extent import rows_passed
from archspec.drawing.content.scene import Edge
from archspec.drawing.layout import engine
from archspec.drawing.layout.geometry import (
    Part,
    Point,
    Rect,
    around,
    curve_parts,
    hull,
    middle_of,
    overlap,
    point_rect,
    shifted,
    shifted_rect,
)
from archspec.drawing.layout.pieces import Piece
from archspec.drawing.layout.placement import PlacedFrame
from archspec.drawing.layout.routes import STRAIGHT, Obstacles, Port, free_curve, ports, route, way_out
from archspec.drawing.layout.segments import Segment
from archspec.drawing.layout.setting import HEADER, Setting, header_widths, label_size
from archspec.drawing.layout.titles import Titling
from archspec.drawing.layout.tracks import Tracks

_STRAIGHT = 100
"""How much Graphviz prefers the body straight to a shortcut."""

_OUT = ""
"""In the place of a tensor's name: the one that leaves the segment."""

_ROOMS = 24.0, 44.0, 72.0
"""Between rows: the first that has a track for each line that turns there."""

_TANGLED = 1_000
"""Rows that edges lead past, from which on labels, each of which is a box to the engine, would only be in the way."""


class Graphed:
    """A segment of several boxes, laid out by the engine."""

    def __init__(self, segment: Segment, setting: Setting) -> None:
        self.segment = segment
        self.setting = setting
        self.index = {id: number for number, id in enumerate(segment.boxes)}
        self.sizes: list[Point] = [(setting.cards[id].width, setting.cards[id].height) for id in segment.boxes]
        self.entry = self._point() if segment.entering else None
        self.way_out = self._point() if segment.exit and self._is_passed() else None
        self.edges = (*segment.entering, *segment.inner)
        self.is_tangled = rows_passed(segment.boxes, self.edges) > _TANGLED
        self.depth = setting.depth(segment)
        self.paths = tuple(self._inner_frames())

    def _point(self) -> int:
        """The index of a new node, a point that edges pass."""
        self.sizes.append((0.0, 0.0))
        return len(self.sizes) - 1

    def _is_passed(self) -> bool:
        """Whether other boxes may stand in the way of what leaves the segment."""
        sinks = set(self.segment.boxes) - {edge.source for edge in self.segment.inner}
        return sinks != {self.segment.exit}

    def _inner_frames(self) -> Iterator[str]:
        """The frames that hold a part of the segment, each before those inside."""
        inside = {path for id in self.segment.boxes for path in self.setting.frames(id)[self.depth :]}
        yield from (path for path in self.setting.clusters if path in inside)

    def request(self, room: float = _ROOMS[0]) -> engine.Request:
        """What the engine is to lay out, with so much room between rows."""
        links = [self._link(edge) for edge in self.edges]
        if self.way_out is not None:
            links.append(engine.Link(self.index[self.segment.exit], self.way_out, None, _STRAIGHT))
            inner = {edge.source for edge in self.edges} | {self.segment.exit}
            links += [engine.Link(index, self.way_out, None, 0) for index in self._others(inner)]
        if self.entry is not None:
            inner = {edge.target for edge in self.edges}
            links += [engine.Link(self.entry, index, None, 0) for index in self._others(inner)]
        around = self.setting.frames(self.segment.boxes[0])[: self.depth]
        frames = self._frames(around[-1] if around else "")
        return engine.Request(tuple(self.sizes), tuple(links), frames, room, self.setting.rightwards, self.is_tangled)

    def _others(self, inner: set[str]) -> list[int]:
        """Boxes that are none of those: such as those that take nothing, which are to stand below what comes in."""
        return [index for id, index in self.index.items() if id not in inner]

    def _link(self, edge: Edge) -> engine.Link:
        tail = self.index.get(edge.source, self.entry)
        assert tail is not None
        return engine.Link(tail, self.index[edge.target], self._label_room(edge), self._weight(edge))

    def _weight(self, edge: Edge) -> int:
        if edge.role != "skip":
            return _STRAIGHT
        ends = edge.source not in self.index or self.setting.joins(edge)
        return 1 if ends else _STRAIGHT // 2

    def _is_labelled(self, edge: Edge) -> bool:
        return not self.is_tangled and edge not in self.segment.entering and self.setting.labelled(edge)

    def _label_room(self, edge: Edge) -> Point | None:
        """How much longer an edge is for its label, which stands beside it."""
        if not self._is_labelled(edge):
            return None
        width, height = label_size(edge)
        return (width, 1.0) if self.setting.rightwards else (1.0, height)

    def _frames(self, parent: str) -> tuple[engine.Frame, ...]:
        boxes, clusters = self.setting.boxes, self.setting.clusters
        return tuple(
            engine.Frame(
                members=tuple(self.index[id] for id in self.segment.boxes if boxes[id].cluster == path),
                frames=self._frames(path),
                label=(self._title_room(header_widths(clusters[path])), HEADER),
            )
            for path in self.paths
            if clusters[path].parent == parent
        )

    def _title_room(self, widths: Point) -> float:
        """How wide a frame is at least: a line through its middle leaves name and title free."""
        return sum(widths) + 2 * SMALL if self.setting.rightwards else 2 * max(widths) + 4 * SMALL

    def piece(self) -> Piece:
        """The layout, seen from where it is entered: with more room where lines would lead on each other else."""
        tracks, found = self._laid(_ROOMS[0])
        for room in _ROOMS[1:]:
            if not tracks.shared:
                break
            tracks, found = self._laid(room, tracks.shared)
        return found

    def _laid(self, room: float, first: Container[Edge] = ()) -> tuple[Tracks, Piece]:
        """The layout with so much room between rows, and where its lines lead, some of which are drawn first."""
        found = engine.layout(self.request(room))
        turned, by = self.setting.turned, self._origin(found)

        def moved(point: Point) -> Point:
            return shifted(turned(point), by)

        boxes = {id: self._rect(id, moved(found.nodes[number])) for id, number in self.index.items()}
        frames = {
            path: shifted_rect(self.setting.turned_rect(rect), by)
            for path, rect in zip(self.paths, found.frames, strict=True)
        }
        curves = [[moved(point) for point in points] for points in found.links]
        obstacles = Obstacles([*boxes.values(), *self._titles(frames)])
        leads = curves[len(self.edges)] if self.way_out is not None else []
        ports, tracks = self._ports(boxes, leads), Tracks()
        lines = {
            edge: self._line(edge, curve, boxes, obstacles, ports.get(edge.tensor), tracks)
            for edge, curve in sorted(
                zip(self.edges, curves, strict=False),
                key=lambda drawn: (drawn[0] not in first, _turns(drawn[0], boxes)),
            )
        }
        labels = {
            edge: self._label(edge, lines[edge], obstacles, late=edge.tensor in ports)
            for edge in self.edges
            if self._is_labelled(edge)
        }
        leaving = curve_parts(leads)
        if _OUT in ports:
            leaving = way_out(ports[_OUT], boxes[self.segment.exit], leads[-1], leads, obstacles)
        exit = leaving[-1][-1] if leaving else self._side(boxes)
        points = [point for parts in (*lines.values(), leaving) for part in parts for point in part]
        rects = [*boxes.values(), *frames.values(), *map(point_rect, points)]
        rects += [self.setting.label_rect(edge, start) for edge, start in labels.items()]
        return tracks, Piece(boxes, frames, lines, labels, exit, leaving, hull(rects))

    @cached_property
    def _between(self) -> Counter[tuple[str, str]]:
        """How many edges lead from one box to another."""
        return Counter((edge.source, edge.target) for edge in self.edges)

    def _line(
        self,
        edge: Edge,
        curve: Sequence[Point],
        boxes: Mapping[str, Rect],
        obstacles: Obstacles,
        port: Port | None,
        tracks: Tracks,
    ) -> tuple[Part, ...]:
        """The line of an edge; of several between the same boxes each is a curve of its own."""
        if edge.source not in boxes:
            curve = [(0.0, 0.0), *curve[1:]]
        if self._between[edge.source, edge.target] > 1:
            return free_curve(curve, (boxes.get(edge.source), boxes[edge.target]), obstacles, edge.operand)
        joins = self.setting.joins(edge)
        ends = boxes.get(edge.source), boxes[edge.target]
        return route(edge, *ends, curve, obstacles, joins=joins, port=port, tracks=tracks)

    def _ports(self, boxes: Mapping[str, Rect], leads: Sequence[Point]) -> dict[str, Port]:
        """Where tensors leave, by their names, where one box gives several; one may lead out of the segment."""
        given: dict[str, dict[str, list[float]]] = {}
        for edge in self.segment.inner:
            _, low, _, high = boxes[edge.target]
            given.setdefault(edge.source, {}).setdefault(edge.tensor, []).append((low + high) / 2)
        if leads and len(given.get(self.segment.exit, ())) > 1:
            given[self.segment.exit][_OUT] = [leads[-1][1]]
        found: dict[str, Port] = {}
        for source, tensors in given.items():
            if len(tensors) > 1:
                found |= ports(boxes[source], tensors)
        return found

    def _label(self, edge: Edge, parts: tuple[Part, ...], obstacles: Obstacles, *, late: bool) -> Point:
        """Where the label of an edge begins: on the side of its line where no box is; late, where its line ends."""
        sides = [self.setting.label(edge, parts, side, late=late) for side in (1, -1)]
        return next((start for start in sides if not self._covers(edge, start, obstacles)), sides[0])

    def _covers(self, edge: Edge, start: Point, obstacles: Obstacles) -> bool:
        """Whether the label of an edge, begun there, would cover a part of a box."""
        place = self.setting.label_rect(edge, start)
        return any(overlap(place, box) for box in obstacles.near(place[0], place[2]))

    def _titles(self, frames: Mapping[str, Rect]) -> Iterator[Rect]:
        """Where the names and titles of frames are written."""
        titled = Titling(together=self.setting.rightwards)
        for path, rect in frames.items():
            placed = PlacedFrame(self.setting.clusters[path], self.setting.turned_rect(rect), titled=titled)
            yield from map(self.setting.turned_rect, placed.titles)

    def _origin(self, found: engine.Layout) -> Point:
        """By what all is moved, so that (0, 0) is where the segment is entered, or above what leaves it."""
        if self.entry is not None:
            along, across = self.setting.turned(found.nodes[self.entry])
            return -along, -across
        main = self.index[self.segment.exit] if self.segment.exit else 0
        return 0.0, -self.setting.turned(found.nodes[main])[1]

    def _rect(self, id: str, centre: Point) -> Rect:
        card = self.setting.cards[id]
        return around(*self.setting.turned((card.width, card.height)), centre)

    def _side(self, boxes: Mapping[str, Rect]) -> Point | None:
        """The middle of the far side of the box that gives what leaves the segment."""
        if not self.segment.exit:
            return None
        _, low, end, high = boxes[self.segment.exit]
        return end, (low + high) / 2


def _turns(edge: Edge, boxes: Mapping[str, Rect]) -> bool:
    """Whether a line is not straight: those that are have no other way, and are drawn first."""
    return edge.source in boxes and abs(middle_of(boxes[edge.source]) - middle_of(boxes[edge.target])) > STRAIGHT

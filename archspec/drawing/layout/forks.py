"""The layout of a segment: one box, branches side by side between a fork and a join, or what the engine makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archspec.drawing.content.scene import Edge
from archspec.drawing.layout.branches import Branch, Fork, branches, heads
from archspec.drawing.layout.columns import Column, Place, column, places, trunk_of
from archspec.drawing.layout.geometry import (
    Part,
    Point,
    Rect,
    hull,
    line,
    point_rect,
    rounded,
    shifted,
    shifted_parts,
    shifted_rect,
)
from archspec.drawing.layout.pieces import Piece
from archspec.drawing.layout.routes import RADIUS
from archspec.drawing.layout.segments import Segment, segments
from archspec.drawing.layout.setting import Setting, label_size

_FORK = 18.0
"""From a fork to its branches."""
_JOIN = 20.0
"""From the branches to where they join."""
_LABELLED = 30.0
"""From branches to where they join, where the lines have labels."""
_BUS = 10.0
"""How far before the join the lines turn to it."""
_BETWEEN = 16.0
"""Between branches."""
_STEP = 24.0
"""A branch that would stand so little beside the line that leads to it stands below it."""
_DEEPEST = 20
"""Branches inside each other; what is deeper is left to the engine as a whole."""


def piece(segment: Segment, setting: Setting, level: int = 0) -> Piece:
    """Lay out a segment, which stands on so many branches inside each other."""
    if segment.exit and segment.exit not in segment.boxes:
        return _passed(segment, setting, level)
    if len(segment.boxes) == 1 and len(segment.entering) <= 1:
        return _single(segment, setting)
    framed = len(setting.frames(segment.boxes[-1])) > setting.depth(segment)  # the join alone, as a copy of its own
    if level < _DEEPEST and not framed:
        depth = setting.depth(segment)
        found = branches(segment, setting.boxes, setting.parents, depth, _DEEPEST - level)
        if found:
            return _Joined(segment, setting, found, level).piece()
        fork = heads(segment, setting.boxes, setting.parents, depth)
        if fork:
            return _ended(fork, setting, level)
    from archspec.drawing.layout.graphed import Graphed  # few pictures need the engine

    return Graphed(segment, setting).piece()


def _single(segment: Segment, setting: Setting) -> Piece:
    (id,) = segment.boxes
    card = setting.cards[id]
    length, breadth = setting.turned((card.width, card.height))
    rect = (0.0, -breadth / 2, length, breadth / 2)
    end = length + card.pile
    bounds = (0.0, -breadth / 2, end, breadth / 2 + card.pile)
    return Piece({id: rect}, {}, dict.fromkeys(segment.entering, ()), {}, (end, 0.0), (), bounds)


def _passed(segment: Segment, setting: Setting, level: int) -> Piece:
    """A branch that ends by itself, beside the line that leads on."""
    boxes = [setting.boxes[id] for id in segment.boxes]
    edges = (*segment.entering, *segment.inner)
    chain: Sequence[Segment] = (segment._replace(exit=""),)
    if level < _DEEPEST:
        chain = segments(boxes, edges, setting.parents, setting.depth(segment))
    side = _chained(chain, setting, level + 1)
    by = _FORK, _BETWEEN - side.bounds[1]
    end = _FORK + side.bounds[2], 0.0
    stem = rounded([(0.0, 0.0), (0.0, by[1]), shifted(side.entry, by)], RADIUS)
    trunk = trunk_of(segment.entering)
    lines = {edge: (*(stem if edge is trunk else ()), *shifted_parts(parts, by)) for edge, parts in side.lines.items()}
    return Piece(
        boxes={id: shifted_rect(rect, by) for id, rect in side.boxes.items()},
        frames={path: shifted_rect(rect, by) for path, rect, _ in side.frames},
        lines=lines,
        labels={edge: shifted(start, by) for edge, start in side.labels.items()},
        exit=end,
        leaving=(((0.0, 0.0), end),),
        bounds=hull([shifted_rect(side.bounds, by), (0.0, 0.0, 0.0, 0.0)]),
    )


def _chained(chain: Sequence[Segment], setting: Setting, level: int) -> Column:
    """Segments as a column."""
    return column(places(chain, [piece(each, setting, level) for each in chain], setting), setting)


def _ended(fork: Fork, setting: Setting, level: int) -> Piece:
    """A fork, and branches side by side that each lead to an output, in a row below them."""
    targets = {branch.last: branch.last.target for branch in fork.branches}
    sizes = {edge: setting.turned((setting.cards[id].width, setting.cards[id].height)) for edge, id in targets.items()}
    ways = _Forked(fork, setting, level, {edge: breadth for edge, (_, breadth) in sizes.items()}).piece()
    held = column([Place(fork.segment, ways, 0.0, 0, len(fork.segment.frames))], setting)
    boxes, lines = dict(held.boxes), dict(held.lines)
    trunk = trunk_of(fork.segment.entering)
    if trunk:
        lines[trunk] = (*line((0.0, 0.0), held.entry), *lines[trunk])
    begin = held.bounds[2] + _JOIN
    for edge, (along, across) in held.ends.items():
        length, breadth = sizes[edge]
        boxes[edge.target] = begin, across - breadth / 2, begin + length, across + breadth / 2
        lines[edge] = (*lines[edge], *line((along, across), (begin, across)))
    frames = {path: rect for path, rect, _ in held.frames}
    return Piece(boxes, frames, lines, held.labels, None, (), hull([held.bounds, *boxes.values()]))


class _Forked:
    """A fork, and branches side by side, of which each leads on by itself.

    Args:
        fork: The fork.
        setting: The setting.
        level: How many branches inside each other it stands on.
        beneath: How broad what stands below the ends of branches is.
    """

    def __init__(self, fork: Fork, setting: Setting, level: int, beneath: Mapping[Edge, float] | None = None) -> None:
        self.segment, self.branches = fork
        self.setting = setting
        self.level = level
        self.columns = [self._column(branch) for branch in self.branches]
        self.sides = [self._side(*pair, beneath or {}) for pair in zip(self.branches, self.columns, strict=True)]
        self.begin = _FORK if self.segment.entering else 0.0
        self.length = self.begin + max((each.bounds[2] for each in self.columns), default=0.0)

    def _column(self, branch: Branch) -> Column:
        chain, level = list(branch.segments), self.level + 1
        pieces = [piece(each, self.setting, level) for each in chain]
        if branch.forked:
            chain.append(branch.forked.segment)
            pieces.append(_Forked(branch.forked, self.setting, level).piece())
        return column(places(chain, pieces, self.setting), self.setting) if chain else Column()

    def _side(self, branch: Branch, each: Column, beneath: Mapping[Edge, float]) -> Point:
        """From where to where a branch leads, across."""
        end, half = each.exit[1] if each.exit else 0.0, beneath.get(branch.last, 0.0) / 2
        return min(each.bounds[1], end - half), max(each.bounds[3], end + half)

    def piece(self) -> Piece:
        """The layout."""
        boxes: dict[str, Rect] = {}
        frames: dict[str, Rect] = {}
        lines: dict[Edge, tuple[Part, ...]] = {}
        labels: dict[Edge, Point] = {}
        ends: dict[Edge, Point] = {}
        for branch, each, across in zip(self.branches, self.columns, self._crosses(), strict=True):
            by = self._begin(branch, each), across
            boxes |= {id: shifted_rect(rect, by) for id, rect in each.boxes.items()}
            frames |= {path: shifted_rect(rect, by) for path, rect, _ in each.frames}
            labels |= {edge: shifted(start, by) for edge, start in each.labels.items()}
            lines |= self._lines(branch, each, by)
            ends |= self._ends(branch, each, by)
        points = [point for parts in lines.values() for part in parts for point in part]
        rects = [*boxes.values(), *frames.values(), *map(point_rect, points), (0.0, 0.0, self.length, 0.0)]
        rects += [self.setting.label_rect(edge, start) for edge, start in labels.items()]
        return Piece(boxes, frames, lines, labels, None, (), hull(rects), ends)

    def _begin(self, branch: Branch, each: Column) -> float:
        """Where a branch begins: half way if it has room to spare, an input and what is like a fork's first at once."""
        if not branch.segments:
            return 0.0
        forks = {self._title(other) for other in self.branches if other.forked}
        spare = self.length - self.begin - each.bounds[2]
        return self.begin + (spare / 2 if branch.segments[0].entering and self._title(branch) not in forks else 0.0)

    def _title(self, branch: Branch) -> str:
        """What the first box of a branch is called."""
        return self.setting.boxes[branch.segments[0].boxes[0]].title if branch.segments else ""

    def _crosses(self) -> list[float]:
        """Where each branch is entered, across: bodies around the middle, others beside them."""
        found = [0.0] * len(self.branches)
        beside = [index for index, branch in enumerate(self.branches) if self._is_beside(branch)]
        bodies = [index for index in range(len(self.branches)) if index not in beside]
        widths = [self.sides[index][1] - self.sides[index][0] for index in bodies]
        low = -(sum(widths) + _BETWEEN * (len(bodies) - 1)) / 2
        for index, width in zip(bodies, widths, strict=True):
            if len(bodies) > 1:
                found[index] = low - self.sides[index][0]
            low += width + _BETWEEN
        near = min((found[index] for index in bodies), key=abs, default=0.0)
        if abs(near) < _STEP:
            found = [across - near for across in found]
        high = max((found[index] + self.sides[index][1] for index in bodies), default=0.0)
        for index in beside:
            found[index] = max(high, 0.0) + _BETWEEN - self.sides[index][0]
            high = found[index] + self.sides[index][1]
        return found

    def _is_beside(self, branch: Branch) -> bool:
        """Whether a branch has no box, or is an input's way beside what the segment before gives."""
        starts = bool(branch.segments) and not branch.segments[0].entering
        return not branch.segments or (starts and bool(self.segment.entering))

    def _lines(self, branch: Branch, each: Column, by: Point) -> dict[Edge, tuple[Part, ...]]:
        """The lines of a branch, from the fork to where it ends."""
        across = by[1]
        if not branch.segments:
            turn = [(0.0, across)] if across else []
            return {branch.last: rounded([(0.0, 0.0), *turn, (self.length, across)], RADIUS)}
        entry = shifted(each.entry, by)
        stem = rounded([(0.0, 0.0), (0.0, across), entry] if across else [(0.0, 0.0), entry], RADIUS)
        trunk = trunk_of([edge for edge in self.segment.entering if edge in each.lines])
        lines = {
            edge: (*(stem if edge is trunk else ()), *shifted_parts(parts, by)) for edge, parts in each.lines.items()
        }
        return lines if branch.forked else lines | {branch.last: shifted_parts(each.leaving, by)}

    def _ends(self, branch: Branch, each: Column, by: Point) -> dict[Edge, Point]:
        """Where a branch ends, or each into which it has forked."""
        if not branch.segments:
            return {branch.last: (self.length, by[1])}
        if branch.forked:
            return {edge: shifted(end, by) for edge, end in each.ends.items()}
        assert each.exit is not None
        return {branch.last: shifted(each.exit, by)}


class _Joined:
    """A fork, branches side by side, and a join."""

    def __init__(self, segment: Segment, setting: Setting, branches: tuple[Branch, ...], level: int) -> None:
        self.segment = segment
        self.setting = setting
        self.forked = _Forked(Fork(segment, branches), setting, level)
        self.ways = self.forked.piece()

    def piece(self) -> Piece:
        """The layout."""
        ways, id = self.ways, self.segment.boxes[-1]
        join = self._join(self.forked.length + self._room())
        boxes = {**ways.boxes, id: join}
        lines, labels = dict(ways.lines), dict(ways.labels)
        for edge, end in ways.ends.items():
            parts = rounded(self._into_join(edge, end, join), RADIUS)
            lines[edge] = (*ways.lines[edge], *parts)  # past boxes beside the line
            if self._is_labelled(edge):
                labels[edge] = self.setting.label(edge, parts)
        points = [point for parts in lines.values() for part in parts for point in part]
        rects = [ways.bounds, *boxes.values(), *map(point_rect, points)]
        rects += [self.setting.label_rect(edge, start) for edge, start in labels.items()]
        exit = (join[2], 0.0) if self.segment.exit else None
        return Piece(boxes, ways.frames, lines, labels, exit, (), hull(rects))

    def _is_labelled(self, edge: Edge) -> bool:
        """Whether the shape of what enters the join is told where it leaves its box."""
        return edge.source in self.ways.boxes and self.setting.labelled(edge)

    def _room(self) -> float:
        """From the longest branch to the join."""
        labelled = list(filter(self._is_labelled, self.ways.ends))
        if self.setting.rightwards:
            return _JOIN + max((label_size(edge)[0] for edge in labelled), default=0.0)
        return _LABELLED if labelled else _JOIN

    def _join(self, begin: float) -> Rect:
        card = self.setting.cards[self.segment.boxes[-1]]
        length, breadth = self.setting.turned((card.width, card.height))
        return begin, -breadth / 2, begin + length, breadth / 2

    def _into_join(self, edge: Edge, exit: Point, join: Rect) -> list[Point]:
        """The corners of a line into the join: a shortcut from beside, others from ahead."""
        begin, low, end, high = join
        across = exit[1]
        if edge.role == "skip" and not low <= across <= high:
            middle = (begin + end) / 2
            return [exit, (middle, across), (middle, high if across > 0 else low)]
        if across == 0.0:
            return [exit, (begin, 0.0)]
        return [exit, (begin - _BUS, across), (begin - _BUS, 0.0), (begin, 0.0)]

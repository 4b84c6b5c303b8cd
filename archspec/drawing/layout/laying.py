"""The layout of a segment: one box, branches side by side between a fork and a join, or what the engine makes of it."""

from __future__ import annotations

from collections.abc import Sequence

from archspec.drawing.content.scene import Edge
from archspec.drawing.layout.branches import Branch, branches
from archspec.drawing.layout.columns import Column, column, places, trunk_of
from archspec.drawing.layout.geometry import (
    Part,
    Point,
    Rect,
    hull,
    point_rect,
    rounded,
    shifted,
    shifted_parts,
    shifted_rect,
)
from archspec.drawing.layout.pieces import Piece, Setting, label_size
from archspec.drawing.layout.routes import RADIUS
from archspec.drawing.layout.segments import Segment, segments

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
        found = branches(segment, setting.boxes, setting.parents, setting.depth(segment))
        if found:
            return _Branched(segment, setting, found, level).piece()
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


class _Branched:
    """A fork, branches side by side, and a join."""

    def __init__(self, segment: Segment, setting: Setting, branches: Sequence[Branch], level: int) -> None:
        self.segment = segment
        self.setting = setting
        self.level = level
        self.branches = branches
        self.columns = [self._column(branch) for branch in branches]

    def _column(self, branch: Branch) -> Column:
        return _chained(branch.segments, self.setting, self.level + 1) if branch.segments else Column()

    def piece(self) -> Piece:
        """The layout."""
        crosses = self._crosses()
        fork = _FORK if self.segment.entering else 0.0
        length = max((each.bounds[2] for each in self.columns), default=0.0)
        moves = [
            (self._begin(branch, fork, length - each.bounds[2]), across)
            for branch, each, across in zip(self.branches, self.columns, crosses, strict=True)
        ]
        join = self._join(fork + length + self._room())
        boxes = {self.segment.boxes[-1]: join}
        frames: dict[str, Rect] = {}
        lines: dict[Edge, tuple[Part, ...]] = {}
        labels: dict[Edge, Point] = {}
        for branch, each, by in zip(self.branches, self.columns, moves, strict=True):
            boxes |= {id: shifted_rect(rect, by) for id, rect in each.boxes.items()}
            frames |= {path: shifted_rect(rect, by) for path, rect, _ in each.frames}
            labels |= {edge: shifted(start, by) for edge, start in each.labels.items()}
            lines |= self._lines(branch, each, by, join)
            if branch.segments and self.setting.labelled(branch.last):
                parts = lines[branch.last][len(each.leaving) :]  # past boxes beside the line
                labels[branch.last] = self.setting.label(branch.last, parts)
        points = [point for parts in lines.values() for part in parts for point in part]
        rects = [*boxes.values(), *frames.values(), *map(point_rect, points)]
        rects += [self.setting.label_rect(edge, start) for edge, start in labels.items()]
        exit = (join[2], 0.0) if self.segment.exit else None
        return Piece(boxes, frames, lines, labels, exit, (), hull(rects))

    def _begin(self, branch: Branch, fork: float, spare: float) -> float:
        """Where a branch begins: half way if it has room to spare, an input at once."""
        if not branch.segments:
            return 0.0
        return fork + spare / 2 if branch.segments[0].entering else fork

    def _room(self) -> float:
        """From the longest branch to the join."""
        labelled = [branch.last for branch in self.branches if branch.segments and self.setting.labelled(branch.last)]
        if self.setting.rightwards:
            return _JOIN + max((label_size(edge)[0] for edge in labelled), default=0.0)
        return _LABELLED if labelled else _JOIN

    def _join(self, begin: float) -> Rect:
        card = self.setting.cards[self.segment.boxes[-1]]
        length, breadth = self.setting.turned((card.width, card.height))
        return begin, -breadth / 2, begin + length, breadth / 2

    def _crosses(self) -> list[float]:
        """Where each branch is entered, across: bodies around the middle, others beside them."""
        found = [0.0] * len(self.branches)
        beside = [index for index, branch in enumerate(self.branches) if self._is_beside(branch)]
        bodies = [index for index in range(len(self.branches)) if index not in beside]
        widths = [self.columns[index].bounds[3] - self.columns[index].bounds[1] for index in bodies]
        low = -(sum(widths) + _BETWEEN * (len(bodies) - 1)) / 2
        high = 0.0
        for index, width in zip(bodies, widths, strict=True):
            if len(bodies) > 1:
                found[index] = low - self.columns[index].bounds[1]
            high = max(high, found[index] + self.columns[index].bounds[3])
            low += width + _BETWEEN
        for index in beside:
            found[index] = high + _BETWEEN - self.columns[index].bounds[1]
            high = found[index] + self.columns[index].bounds[3]
        return found

    def _is_beside(self, branch: Branch) -> bool:
        """Whether a branch is a shortcut, or an input's way beside what the segment before gives."""
        starts = bool(branch.segments) and not branch.segments[0].entering
        return branch.is_skip or (starts and bool(self.segment.entering))

    def _lines(self, branch: Branch, each: Column, by: Point, join: Rect) -> dict[Edge, tuple[Part, ...]]:
        """The lines of a branch, from the fork into the join."""
        across = by[1]
        if not branch.segments:
            return {branch.last: rounded(self._into_join(branch, (0.0, across), join, [(0.0, 0.0)]), RADIUS)}
        entry = shifted(each.entry, by)
        stem = rounded([(0.0, 0.0), (0.0, across), entry] if across else [(0.0, 0.0), entry], RADIUS)
        trunk = trunk_of([edge for edge in self.segment.entering if edge in each.lines])
        lines = {
            edge: (*(stem if edge is trunk else ()), *shifted_parts(parts, by)) for edge, parts in each.lines.items()
        }
        assert each.exit is not None
        exit = shifted(each.exit, by)
        last = rounded(self._into_join(branch, exit, join, []), RADIUS)
        return lines | {branch.last: (*shifted_parts(each.leaving, by), *last)}

    def _into_join(self, branch: Branch, exit: Point, join: Rect, before: list[Point]) -> list[Point]:
        """The corners of a line into the join: a shortcut from beside, others from ahead."""
        begin, low, end, high = join
        across = exit[1]
        if branch.is_skip:
            middle = (begin + end) / 2
            return [*before, exit, (middle, across), (middle, high if across > 0 else low)]
        if across == 0.0:
            return [*before, exit, (begin, 0.0)]
        return [*before, exit, (begin - _BUS, across), (begin - _BUS, 0.0), (begin, 0.0)]

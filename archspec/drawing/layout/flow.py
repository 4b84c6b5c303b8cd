"""The layout as a flow: the chain of segments in columns that fill a page, or in rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import ceil, floor, inf, sqrt

from archspec.drawing.content.cards import Card, evened
from archspec.drawing.content.scene import Scene
from archspec.drawing.layout.columns import PAD, Builder, Column, Place, places
from archspec.drawing.layout.forks import piece
from archspec.drawing.layout.geometry import Part, Point, rounded, shifted, shifted_parts, shifted_rect
from archspec.drawing.layout.labelling import label_rect
from archspec.drawing.layout.pages import MARGIN, Fit, Page
from archspec.drawing.layout.placement import (
    PlacedEdge,
    PlacedFrame,
    Placing,
    retitled,
    without_overlaps,
)
from archspec.drawing.layout.segments import segments
from archspec.drawing.layout.setting import Setting, setting_of, usually_labelled
from archspec.drawing.layout.titles import Titling

_GUTTER = 36.0
"""Between columns."""
_TURN = 14.0
"""From the end of a column to where the line to the next one turns."""
_RADIUS = 7.0
_BROKEN_FRAME = 0.05
_BROKEN_BLOCK = 0.4
"""How much shorter or longer than the others a column may be, in its length, so that it breaks none."""
_BETTER = 1.04
"""More columns must make the picture this much larger."""

_TRIES = 24
"""Numbers of columns that are tried for a width."""


def flow(scene: Scene, cards: Mapping[str, Card], page: Page, *, rightwards: bool) -> Columns:
    """The fewest columns that make the picture about as large as it can be; on a page of any height, the lowest."""
    setting = setting_of(scene, evened(cards), usually_labelled(scene), rightwards=rightwards)
    chain = segments(scene.boxes, scene.edges, setting.parents, abreast=True)
    row = places(chain, [piece(segment, setting) for segment in chain], setting)
    if page.fit is Fit.WIDTH:
        return _lowest(row, page, setting)
    best, scale = None, 0.0
    for count in _counts(row, setting.turned((page.width, page.height))):
        tried = Columns(row, count, setting)
        size = page.fitted(tried.size)
        if best is None or size > scale * _BETTER:
            best, scale = tried, size
        if scale == 1.0:
            break
    assert best is not None
    return best


def _lowest(row: Sequence[Place], page: Page, setting: Setting) -> Columns:
    """The lowest picture of a width; the narrowest where none is as narrow."""
    length = sum(place.length for place in row)
    first = max(1, min(len(row), floor(length / page.room[0]))) if setting.rightwards else 1
    best = Columns(row, first, setting)
    for count in range(first + 1, min(len(row), first + _TRIES) + 1):
        tried = Columns(row, count, setting)
        if _rank(tried, page) > _rank(best, page):
            best = tried
        fits = page.fitted(tried.size) == 1.0
        if fits == setting.rightwards:  # more rows are higher, more columns broader
            break
    return best


def _rank(columns: Columns, page: Page) -> tuple[float, float]:
    return page.fitted(columns.size), -columns.size[1]


def _counts(row: Sequence[Place], page: Point) -> list[int]:
    """Numbers of columns worth trying: around the one whose columns would fill the page if all were equally broad."""
    length = sum(place.length for place in row)
    breadth = max(place.piece.bounds[3] - place.piece.bounds[1] for place in row) + _GUTTER
    ideal = sqrt(length * page[1] / (page[0] * breadth))
    low, high = floor(ideal * 0.8) - 1, ceil(ideal * 1.5) + 1
    return [count for count in range(1, min(high, len(row)) + 1) if count == 1 or count >= low]


class Columns:
    """The chain in at most so many columns, side by side: first how large that is, then what stands where."""

    def __init__(self, row: Sequence[Place], count: int, setting: Setting) -> None:
        starts = _starts(row, count, setting)
        ends = [*starts[1:], len(row)]
        self.setting = setting
        self.builders = [Builder(row, start, end, setting) for start, end in zip(starts, ends, strict=True)]
        several = len(starts) > 1
        lead = MARGIN + (_TURN + PAD if several else 0.0)
        across = MARGIN
        self.moves: list[Point] = []
        for each in self.builders:
            _, low, _, high = each.bounds
            self.moves.append((lead, across - low))
            across += high - low + _GUTTER
        length = lead + max(each.bounds[2] for each in self.builders) + (_TURN if several else 0.0) + MARGIN
        self.size = setting.turned((length, across - _GUTTER + MARGIN))

    def placing(self) -> Placing:
        """What stands where."""
        setting, built = self.setting, [builder.built() for builder in self.builders]
        turned = setting.turned_rect
        titled = Titling(together=setting.rightwards)
        frames = [
            PlacedFrame(setting.clusters[path], turned(shifted_rect(rect, by)), continued, titled=titled)
            for each, by in zip(built, self.moves, strict=True)
            for path, rect, continued in each.frames
        ]
        boxes = {
            id: turned(shifted_rect(rect, by))
            for each, by in zip(built, self.moves, strict=True)
            for id, rect in each.boxes.items()
        }
        placed = tuple(_edges(built, self.moves, setting))
        order = {path: index for index, path in enumerate(setting.clusters)}
        framed = retitled(sorted(frames, key=lambda frame: order[frame.cluster.path]), placed)
        edges = without_overlaps(placed, boxes, framed)
        ends = [label_rect(placed.edge, placed.label)[2] for placed in edges if placed.label]
        return Placing(
            scene=setting.scene,
            cards=setting.cards,
            boxes=boxes,
            frames=framed,
            edges=edges,
            size=(max(self.size[0], max(ends, default=0.0) + MARGIN), self.size[1]),
            columns=len(built),
            rightwards=setting.rightwards,
        )


def _edges(built: Sequence[Column], moves: Sequence[Point], setting: Setting) -> Iterator[PlacedEdge]:
    """The edges of all columns, with the lines that join these."""
    way: tuple[Part, ...] = ()
    for index, (each, by) in enumerate(zip(built, moves, strict=True)):
        if index:
            way = _between(built[index - 1], moves[index - 1], each, by)
        for edge, parts in each.lines.items():
            line = (*(way if edge is each.trunk else ()), *shifted_parts(parts, by))
            turned = tuple(tuple(map(setting.turned, part)) for part in line)
            label = each.labels.get(edge)
            yield PlacedEdge(edge, turned, setting.turned(shifted(label, by)) if label else None)


def _between(before: Column, by: Point, after: Column, to: Point) -> tuple[Part, ...]:
    """The line from the end of a column, between both, to the beginning of the next."""
    if before.exit is None:
        return ()
    exit, entry = shifted(before.exit, by), shifted(after.entry, to)
    end = by[0] + before.bounds[2] + _TURN
    gutter = by[1] + before.bounds[3] + _GUTTER / 2
    top = to[0] - _TURN
    corners = [exit, (end, exit[1]), (end, gutter), (top, gutter), (top, entry[1]), entry]
    return (*shifted_parts(before.leaving, by), *rounded(corners, _RADIUS))


def _starts(row: Sequence[Place], columns: int, setting: Setting) -> list[int]:
    """Where columns begin: about equally long, and rather between blocks than inside one."""
    lengths = [place.length for place in row]
    left = sum(lengths)
    costs = [0.0, *(_break_cost(*pair, setting) for pair in pairwise(row))]
    starts = [0]
    for more in range(columns, 1, -1):
        target, filled = left / more, 0.0
        best, least = None, inf
        for index in range(starts[-1] + 1, len(row)):
            filled += lengths[index - 1]
            cost = abs(filled - target) / target + costs[index]
            if cost < least:
                best, least = index, cost
            if filled > 1.5 * target:
                break
        if best is None:
            break
        left -= sum(lengths[starts[-1] : best])
        starts.append(best)
    return starts


def _break_cost(before: Place, after: Place, setting: Setting) -> float:
    """How bad it is that a column ends between two segments, for the frames that are around both."""
    shared = [one for one, other in zip(before.segment.frames, after.segment.frames, strict=False) if one == other]
    return sum(_BROKEN_BLOCK if setting.clusters[path].is_block else _BROKEN_FRAME for path in shared)

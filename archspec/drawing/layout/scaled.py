"""The layout by scales: a row for each resolution, in which a U-Net is a U and a feature pyramid a ladder."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from archspec.drawing.content.cards import Card, evened
from archspec.drawing.content.scene import Edge, Scene
from archspec.drawing.layout.cells import Cell, cell_of
from archspec.drawing.layout.columns import PAD
from archspec.drawing.layout.connecting import connected
from archspec.drawing.layout.framing import cut, framed, spanning, whole, without
from archspec.drawing.layout.geometry import (
    Part,
    Point,
    Rect,
    hull,
    middle_of,
    point_rect,
    shifted,
    shifted_parts,
    shifted_rect,
)
from archspec.drawing.layout.heights import Heights
from archspec.drawing.layout.labelling import label_rect
from archspec.drawing.layout.levels import Place, Scales
from archspec.drawing.layout.pages import MARGIN
from archspec.drawing.layout.pieces import BESIDE, Setting, label_size
from archspec.drawing.layout.placed import (
    PlacedEdge,
    PlacedFrame,
    Placing,
    retitled,
    setting_of,
    usually_labelled,
    without_overlaps,
)
from archspec.drawing.layout.wiring import LANE

_ROW = 40.0
"""Between rows."""
_GUTTER = 28.0
"""Between columns."""
_ARROW = 13.0
"""Beside the label of a line between columns."""
_EDGE = 13.0
"""From boxes to the first line beside them."""


def scaled(found: Scales, scene: Scene, cards: Mapping[str, Card], *, terse: bool = False) -> Placing | None:
    """Lay out a scene by its scales; None where a line has no way.

    Args:
        found: The scales.
        scene: The scene.
        cards: The cards of its boxes.
        terse: Whether shapes are written only where they change, so that columns stand closer.
    """
    columns = {id: column for (column, _), ids in found.cells.items() for id in ids}
    usually = usually_labelled(scene, terse=terse)

    def labelled(edge: Edge) -> bool:
        return usually(edge) or (not terse and columns[edge.source] != columns[edge.target])

    even: dict[str, Card] = {}
    for column in range(len(found.upwards)):
        even |= evened({id: card for id, card in cards.items() if columns[id] == column})
    setting = setting_of(scene, even, labelled, rightwards=False)
    around = spanning(scene, {id: place for place, ids in found.cells.items() for id in ids})
    scaling = _Scaling(found, setting, around)
    while scaling.cut:
        around -= scaling.cut
        scaling = _Scaling(found, setting, around)
    return scaling.placing()


class _Scaling:
    """A layout.

    Args:
        found: The scales.
        setting: The setting.
        around: Frames that are drawn around all that they hold, and take no room in the cells that this stands in.
    """

    def __init__(self, found: Scales, setting: Setting, around: Container[str]) -> None:
        self.found = found
        self.setting = setting
        self.around = around
        self.place: dict[str, Place] = {id: place for place, ids in found.cells.items() for id in ids}
        self.edges = setting.scene.edges
        self.between = [edge for edge in self.edges if self.place[edge.source] != self.place[edge.target]]
        self.told = {edge.tensor for edge in self.edges if setting.boxes[edge.target].kind == "output"}
        inner = setting_of(without(setting.scene, around), setting.cards, setting.labelled, rightwards=False)
        cells = {place: cell_of(ids, inner, upwards=found.upwards[place[0]]) for place, ids in found.cells.items()}
        (tops, rows), lefts = self._rows(cells), self._columns(cells)
        self.cells = {place: cell.moved((lefts[place[0]], tops[place])) for place, cell in cells.items()}
        self.lanes = self._lanes(self.cells)
        self.heights = Heights(self.found, self.place, setting.cards, self._axes(self.cells, rows))
        self._stretch(self.cells, self.heights)
        self.whole = whole(around, self.cells.values(), setting)
        self.cut = cut(self.whole, self.cells.values(), setting)
        """Frames that cannot be drawn so, since something else stands in them."""

    def placing(self) -> Placing | None:
        """What stands where."""
        cells, frames = self.cells, self._frames()
        texts = [rect for frame in frames for rect in frame.titles]
        between = connected(self.between, cells, self.lanes, self.heights, self.found, self.setting, texts)
        if between is None:
            return None
        labels = self._labels(between, [frame.rect for frame in frames])
        for cell in cells.values():
            between |= cell.lines
            labels |= cell.labels
        rects = [cell.bounds for cell in cells.values()]
        rects += [point_rect(point) for parts in between.values() for part in parts for point in part]
        rects += [label_rect(edge, start) for edge, start in labels.items()]
        rects += self.whole.values()
        left, top, right, bottom = hull(rects)
        by = MARGIN - left, MARGIN - top
        boxes = {id: shifted_rect(rect, by) for cell in cells.values() for id, rect in cell.boxes.items()}
        edges = tuple(
            PlacedEdge(edge, shifted_parts(between[edge], by), shifted(labels[edge], by) if edge in labels else None)
            for edge in self.edges
            if edge in between
        )
        placed = retitled([frame._replace(rect=shifted_rect(frame.rect, by)) for frame in frames], edges)
        return Placing(
            scene=self.setting.scene,
            cards=self.setting.cards,
            boxes=boxes,
            frames=placed,
            edges=without_overlaps(edges, boxes, placed),
            size=(right - left + 2 * MARGIN, bottom - top + 2 * MARGIN),
            columns=len(self.found.upwards),
            rightwards=False,
        )

    def _frames(self) -> list[PlacedFrame]:
        """The frames, each whole or in parts for the cells that it holds boxes of."""
        parts = [
            PlacedFrame(self.setting.clusters[path], rect, upwards=self.found.upwards[place[0]])
            for place, cell in sorted(self.cells.items())
            for path, rect in cell.frames
        ]
        return framed(parts, self.whole, self.cells.values(), self.setting)

    def _labels(self, lines: Mapping[Edge, tuple[Part, ...]], frames: Sequence[Rect]) -> dict[Edge, Point]:
        """Where labels begin, one for each tensor that no output says the shape of."""
        found: dict[Edge, Point] = {}
        told = set(self.told)
        for edge, parts in lines.items():
            if self.setting.labelled(edge) and edge.tensor not in told:
                told.add(edge.tensor)
                found[edge] = _label(edge, parts, frames)
        return found

    def _rows(self, cells: Mapping[Place, Cell]) -> tuple[dict[Place, float], dict[int, float]]:
        """How far down each cell goes, and where the middle of each row is.

        Rows are below each other, and in one is at one height what is joined across.
        """
        tops: dict[Place, float] = {}
        middles: dict[int, float] = {}
        below = 0.0
        for level in self.found.levels:
            row = sorted(place for place in cells if place[1] == level)
            within: dict[Place, float] = {}
            for place in row:
                within[place] = self._level_with(place, within, cells)
            top = min((within[place] + cells[place].bounds[1] for place in row), default=0.0)
            bottom = max((within[place] + cells[place].bounds[3] for place in row), default=0.0)
            tops |= {place: by + below - top for place, by in within.items()}
            middles[level] = below + (bottom - top) / 2
            below += bottom - top + self._room_below(level)
        return tops, middles

    def _axes(self, cells: Mapping[Place, Cell], middles: Mapping[int, float]) -> dict[int, float]:
        """The height of lines at each level between boxes that are as high as several: that of a box on their way."""
        axes = dict(middles)
        for edge in reversed(self.between):
            for id, other in (edge[:2], edge[1::-1]):
                place = self.place[other]
                if id in self.found.spans and place[1] == self.found.carried[edge] and place[0] != self.place[id][0]:
                    axes[place[1]] = middle_of(cells[place].boxes[other])
        return axes

    def _room_below(self, level: int) -> float:
        """Between a row and the next: room for the lines between columns that have no row of their own."""
        crossing = {edge.tensor for edge in self.between if self._leads_past(edge, level)}
        return _ROW + LANE * max(0, len(crossing) - 2)

    def _leads_past(self, edge: Edge, level: int) -> bool:
        high, low = sorted((self._level(edge, edge.source), self._level(edge, edge.target)))
        return high <= level < low and self.place[edge.source][0] != self.place[edge.target][0]

    def _level(self, edge: Edge, id: str) -> int:
        """The level where an edge leaves or enters a box: of one as high as several, that of what it carries."""
        return self.found.carried[edge] if id in self.found.spans else self.place[id][1]

    def _level_with(self, place: Place, within: Mapping[Place, float], cells: Mapping[Place, Cell]) -> float:
        """How far down in its row a cell goes, so that a line from what is left of it is straight."""
        for id, beside in self._level_pairs(place, within):
            other = self.place[beside]
            return within[other] + middle_of(cells[other].boxes[beside]) - cells[place].entered(id)
        if not within:
            return 0.0
        return min(by + cells[other].bounds[1] for other, by in within.items()) - cells[place].bounds[1]

    def _level_pairs(self, place: Place, within: Container[Place]) -> Iterator[tuple[str, str]]:
        """Boxes of a cell, each with one left of it that stands at one height with it.

        That is one from which a line leads across, or for a line from below the beginning of one that is as high as
        several levels, another that is joined to such a one at the same level.
        """
        spans = self.found.spans
        entering = [edge for edge in self.between if self.place[edge.target] == place]
        for edge in entering:
            if self.place[edge.source] in within:
                yield edge.target, edge.source
        for edge in entering:
            if edge.source in spans and self.found.carried[edge] == place[1]:
                for other in self.between:
                    for id, far in (other[:2], other[1::-1]):
                        if far in spans and id not in spans and self.place[id] in within:
                            yield edge.target, id

    def _columns(self, cells: Mapping[Place, Cell]) -> list[float]:
        """Where the middle of each column is."""
        found: list[float] = []
        right = 0.0
        for index in range(len(self.found.upwards)):
            held = [cell.bounds for place, cell in cells.items() if place[0] == index]
            left, end = min(rect[0] for rect in held), max(rect[2] for rect in held)
            found.append(right - left)
            right += end - left + self._gutter(index)
        return found

    def _gutter(self, index: int) -> float:
        """Between a column and the next: room for labels of lines across, and for lines beside each other."""
        leaving = [edge for edge in self.between if self.place[edge.source][0] == index != self.place[edge.target][0]]
        labelled = (edge for edge in leaving if self.setting.labelled(edge) and edge.tensor not in self.told)
        widths = [label_size(edge)[0] + PAD * self._borders(edge) for edge in labelled]
        turning = {edge.tensor for edge in self.between if self._turns(edge, index)}
        return max([_GUTTER, *(width + _ARROW for width in widths)]) + LANE * max(0, len(turning) - 2)

    def _borders(self, edge: Edge) -> int:
        """The borders of whole frames that an edge leads through."""
        ends = set(self.setting.frames(edge.source)) ^ set(self.setting.frames(edge.target))
        return sum(path in self.around for path in ends)

    def _turns(self, edge: Edge, index: int) -> bool:
        """Whether a line leads past a column's right side, from one level to another."""
        one, other = self.place[edge.source][0], self.place[edge.target][0]
        straight = self._level(edge, edge.source) == self._level(edge, edge.target)
        return not straight and min(one, other) <= index < max(one, other)

    def _stretch(self, cells: Mapping[Place, Cell], heights: Heights) -> None:
        """Make what gives tensors of several levels as high as its rows."""
        for id, last in self.found.spans.items():
            column, level = self.place[id]
            below = [place[1] for place in cells if place[0] == column and place[1] > level]
            rows = [place for place in cells if level <= place[1] <= min([last, *(deep - 1 for deep in below)])]
            cell = cells[column, level]
            left, top, right, bottom = cell.boxes[id]
            alone = [other for other, rect in cell.boxes.items() if other != id and rect[3] > bottom]
            if alone:
                continue
            deepest = max(self._heights(id, {place[1] for place in rows}, cells, heights), default=bottom)
            lower = max(bottom, deepest + 12.0) - bottom
            cell.boxes[id] = left, top, right, bottom + lower
            around = self.setting.frames(id)
            cell.frames = [(path, (*rect[:3], rect[3] + lower * (path in around))) for path, rect in cell.frames]
            cell.bounds = hull([cell.bounds, cell.boxes[id], *(rect for _, rect in cell.frames)])

    def _heights(
        self, id: str, levels: Container[int], cells: Mapping[Place, Cell], heights: Heights
    ) -> Iterator[float]:
        """The heights at which lines leave or enter one that is as high as several levels."""
        boxes = {each: rect for cell in cells.values() for each, rect in cell.boxes.items()}
        for edge in self.between:
            other = edge.target if edge.source == id else edge.source
            if id in edge[:2] and self.found.carried[edge] in levels and self.place[other][0] != self.place[id][0]:
                yield heights.of(edge, id, other, boxes)

    def _lanes(self, cells: Mapping[Place, Cell]) -> tuple[list[float], list[float]]:
        """Where lines may lead down between columns, and across between rows."""
        columns = [
            hull([c.bounds for place, c in cells.items() if place[0] == index])
            for index in range(len(self.found.upwards))
        ]
        rows = [
            hull([c.bounds for place, c in cells.items() if place[1] == level])
            for level in sorted({place[1] for place in cells})
        ]
        forks = [cell.fork for cell in cells.values() if cell.fork is not None]
        across = _between([(rect[1], rect[3]) for rect in rows])
        return _between([(rect[0], rect[2]) for rect in columns]), [*across, *forks]


def _label(edge: Edge, parts: tuple[Part, ...], frames: Iterable[Rect]) -> Point:
    """Above the first part across with room for it beside the frames that it leaves, else beside the first part."""
    width, height = label_size(edge)
    for part in parts:
        (x, y), (end, bottom) = part[0], part[-1]
        if len(part) != 2 or y != bottom:
            continue
        borders = [border for left, top, right, low in frames if top < y < low for border in (left, right)]
        passed = sorted({x, end, *(border for border in borders if min(x, end) < border < max(x, end))})
        free = [pair for pair in pairwise(passed) if pair[1] - pair[0] > width + 8]
        if free:
            begin, stop = free[0] if end > x else free[-1]
            return (begin + 5 if end > x else stop - 5 - width), y - height / 2 - 1
    (x, y), (_, bottom) = parts[0][0], parts[0][-1]
    return x + BESIDE, (y + bottom) / 2


def _between(spans: Sequence[tuple[float, float]]) -> list[float]:
    """Lanes between ranges, and on both sides of all."""
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    found = [each for number in range(3) for each in (low - _EDGE - LANE * number, high + _EDGE + LANE * number)]
    for before, after in pairwise(sorted(spans)):
        lane = before[1] + _EDGE
        while lane <= after[0] - _EDGE:
            found.append(lane)
            lane += LANE
    return found

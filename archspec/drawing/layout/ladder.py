"""The layout by scales: a row for each resolution, in which a U-Net is a U and a feature pyramid a ladder."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from archspec.drawing.content.cards import Card, evened
from archspec.drawing.content.scene import Edge, Scene
from archspec.drawing.layout.cells import Cell, cell_of
from archspec.drawing.layout.connecting import connected
from archspec.drawing.layout.framing import cut, framed, spanning, whole, without
from archspec.drawing.layout.geometry import (
    Part,
    Point,
    Rect,
    hull,
    point_rect,
    shifted,
    shifted_parts,
    shifted_rect,
)
from archspec.drawing.layout.heights import Heights
from archspec.drawing.layout.labelling import label_rect
from archspec.drawing.layout.levels import Place, Scales
from archspec.drawing.layout.pages import MARGIN
from archspec.drawing.layout.placement import (
    PlacedEdge,
    PlacedFrame,
    Placing,
    retitled,
    without_overlaps,
)
from archspec.drawing.layout.setting import BESIDE, Setting, label_size, setting_of, usually_labelled
from archspec.drawing.layout.spacing import Spacing, lanes


def ladder(found: Scales, scene: Scene, cards: Mapping[str, Card], *, terse: bool = False) -> Placing | None:
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
    made = _Ladder(found, setting, around)
    while made.cut:
        around -= made.cut
        made = _Ladder(found, setting, around)
    return made.placing()


class _Ladder:
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
        spacing = Spacing(found, setting, around)
        self.place, self.between, self.told = spacing.place, spacing.between, spacing.told
        inner = setting_of(without(setting.scene, around), setting.cards, setting.labelled, rightwards=False)
        cells = {place: cell_of(ids, inner, upwards=found.upwards[place[0]]) for place, ids in found.cells.items()}
        (tops, rows), lefts = spacing.rows(cells), spacing.columns(cells)
        self.cells = {place: cell.moved((lefts[place[0]], tops[place])) for place, cell in cells.items()}
        self.lanes = lanes(self.cells, len(found.upwards))
        self.heights = Heights(self.found, self.place, setting.cards, spacing.axes(self.cells, rows))
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
            for edge in self.setting.scene.edges
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

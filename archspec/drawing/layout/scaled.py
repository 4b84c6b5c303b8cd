"""The layout by scales: a row for each resolution, in which a U-Net is a U and a feature pyramid a ladder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from archspec.drawing.content.cards import Card, evened
from archspec.drawing.content.scene import Edge, Scene
from archspec.drawing.layout.cells import Cell, cell_of
from archspec.drawing.layout.connecting import connected
from archspec.drawing.layout.geometry import (
    Part,
    Point,
    hull,
    middle_of,
    point_rect,
    shifted,
    shifted_parts,
    shifted_rect,
)
from archspec.drawing.layout.labelling import label_rect
from archspec.drawing.layout.pieces import BESIDE, Setting, label_size
from archspec.drawing.layout.placed import (
    MARGIN,
    PlacedEdge,
    PlacedFrame,
    Placing,
    setting_of,
    usually_labelled,
    without_overlaps,
)
from archspec.drawing.layout.scales import Place, Scales
from archspec.drawing.layout.wiring import LANE

_ROW = 40.0
"""Between rows."""
_GUTTER = 28.0
"""Between columns."""
_ARROW = 13.0
"""Beside the label of a line between columns."""
_EDGE = 13.0
"""From boxes to the first line beside them."""


def scaled(found: Scales, scene: Scene, cards: Mapping[str, Card]) -> Placing | None:
    """Lay out a scene by its scales; None where a line has no way."""
    columns = {id: column for (column, _), ids in found.cells.items() for id in ids}
    usually = usually_labelled(scene)

    def labelled(edge: Edge) -> bool:
        return usually(edge) or columns[edge.source] != columns[edge.target]

    even: dict[str, Card] = {}
    for column in range(len(found.upwards)):
        even |= evened({id: card for id, card in cards.items() if columns[id] == column})
    return _Scaling(found, setting_of(scene, even, labelled, rightwards=False)).placing()


class _Scaling:
    def __init__(self, found: Scales, setting: Setting) -> None:
        self.found = found
        self.setting = setting
        self.place: dict[str, Place] = {id: place for place, ids in found.cells.items() for id in ids}
        self.edges = setting.scene.edges
        self.between = [edge for edge in self.edges if self.place[edge.source] != self.place[edge.target]]

    def placing(self) -> Placing | None:
        """What stands where."""
        cells = {
            place: cell_of(ids, self.setting, upwards=self.found.upwards[place[0]])
            for place, ids in self.found.cells.items()
        }
        tops, lefts = self._rows(cells), self._columns(cells)
        cells = {place: cell.moved((lefts[place[0]], tops[place])) for place, cell in cells.items()}
        lanes = self._lanes(cells)
        self._stretch(cells)
        between = connected(self.between, cells, lanes, self.found, self.setting)
        if between is None:
            return None
        labels = self._labels(between)
        for cell in cells.values():
            between |= cell.lines
            labels |= cell.labels
        rects = [cell.bounds for cell in cells.values()]
        rects += [point_rect(point) for parts in between.values() for part in parts for point in part]
        rects += [label_rect(edge, start) for edge, start in labels.items()]
        left, top, right, bottom = hull(rects)
        by = MARGIN - left, MARGIN - top
        boxes = {id: shifted_rect(rect, by) for cell in cells.values() for id, rect in cell.boxes.items()}
        edges = tuple(
            PlacedEdge(edge, shifted_parts(between[edge], by), shifted(labels[edge], by) if edge in labels else None)
            for edge in self.edges
            if edge in between
        )
        return Placing(
            scene=self.setting.scene,
            cards=self.setting.cards,
            boxes=boxes,
            frames=tuple(self._frames(cells, by)),
            edges=without_overlaps(edges, boxes),
            size=(right - left + 2 * MARGIN, bottom - top + 2 * MARGIN),
            columns=len(self.found.upwards),
            rightwards=False,
        )

    def _frames(self, cells: Mapping[Place, Cell], by: Point) -> list[PlacedFrame]:
        """The frames, each in parts for the cells that it holds boxes of."""
        order = {path: index for index, path in enumerate(self.setting.clusters)}
        seen: set[str] = set()
        found: list[PlacedFrame] = []
        for place, cell in sorted(cells.items()):
            for path, rect in cell.frames:
                upwards = self.found.upwards[place[0]]
                frame = self.setting.clusters[path]
                found.append(PlacedFrame(frame, shifted_rect(rect, by), path in seen, upwards))
            seen.update(path for path, _ in cell.frames)
        return sorted(found, key=lambda frame: order[frame.cluster.path])

    def _labels(self, lines: Mapping[Edge, tuple[Part, ...]]) -> dict[Edge, Point]:
        """Where labels begin, one for each tensor that no output says the shape of."""
        found: dict[Edge, Point] = {}
        told = {edge.tensor for edge in self.edges if self.setting.boxes[edge.target].kind == "output"}
        for edge, parts in lines.items():
            if self.setting.labelled(edge) and edge.tensor not in told:
                told.add(edge.tensor)
                found[edge] = self._label(edge, parts)
        return found

    def _rows(self, cells: Mapping[Place, Cell]) -> dict[Place, float]:
        """How far down each cell goes: rows below each other, and in one what is joined across at one height."""
        tops: dict[Place, float] = {}
        below = 0.0
        for level in self.found.levels:
            row = sorted(place for place in cells if place[1] == level)
            within: dict[Place, float] = {}
            for place in row:
                within[place] = self._level_with(place, within, cells)
            if not row:
                continue
            top = min(within[place] + cells[place].bounds[1] for place in row)
            bottom = max(within[place] + cells[place].bounds[3] for place in row)
            tops |= {place: by + below - top for place, by in within.items()}
            below += bottom - top + self._room_below(level)
        return tops

    def _room_below(self, level: int) -> float:
        """Between a row and the next: room for the lines between columns that have no row of their own."""
        crossing = {edge.tensor for edge in self.between if self._leads_past(edge, level)}
        return _ROW + LANE * max(0, len(crossing) - 2)

    def _leads_past(self, edge: Edge, level: int) -> bool:
        (one, high), (other, low) = sorted(
            (self.place[edge.source], self.place[edge.target]), key=lambda place: place[1]
        )
        return high <= level < low and one != other

    def _level_with(self, place: Place, within: Mapping[Place, float], cells: Mapping[Place, Cell]) -> float:
        """How far down in its row a cell goes, so that a line from what is left of it is straight."""
        for edge in self.between:
            other = self.place[edge.source]
            if self.place[edge.target] == place and other in within and edge.source not in self.found.spans:
                return (
                    within[other]
                    + middle_of(cells[other].boxes[edge.source])
                    - middle_of(cells[place].boxes[edge.target])
                )
        if not within:
            return 0.0
        return min(by + cells[other].bounds[1] for other, by in within.items()) - cells[place].bounds[1]

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
        widths = [label_size(edge)[0] for edge in leaving if self.setting.labelled(edge)]
        turning = {edge.tensor for edge in self.between if self._turns(edge, index)}
        return max([_GUTTER, *(width + _ARROW for width in widths)]) + LANE * max(0, len(turning) - 2)

    def _turns(self, edge: Edge, index: int) -> bool:
        """Whether a line leads past a column's right side, from one level to another."""
        (one, level), (other, last) = self.place[edge.source], self.place[edge.target]
        straight = level <= last <= self.found.spans.get(edge.source, level)
        return not straight and min(one, other) <= index < max(one, other)

    def _stretch(self, cells: Mapping[Place, Cell]) -> None:
        """Make what gives tensors of several levels as high as its rows."""
        for id, last in self.found.spans.items():
            column, level = self.place[id]
            below = [place[1] for place in cells if place[0] == column and place[1] > level]
            rows = [place for place in cells if level <= place[1] <= min([last, *(deep - 1 for deep in below)])]
            cell = cells[column, level]
            left, top, right, bottom = cell.boxes[id]
            alone = [other for other, rect in cell.boxes.items() if other != id and rect[3] > bottom]
            if alone or any(self.setting.frames(id)):
                continue
            deepest = max(
                (middle_of(cells[self.place[edge.target]].boxes[edge.target]) for edge in self.between
                 if edge.source == id and self.place[edge.target] in rows),
                default=bottom,
            )  # fmt: skip
            cell.boxes[id] = left, top, right, max(bottom, deepest + 12.0)
            cell.bounds = hull([cell.bounds, cell.boxes[id]])

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
        return _between([(rect[0], rect[2]) for rect in columns]), _between([(rect[1], rect[3]) for rect in rows])

    def _label(self, edge: Edge, parts: tuple[Part, ...]) -> Point:
        """Above the first part that leads across with room for it, else beside the first."""
        width, height = label_size(edge)
        for part in parts:
            (x, y), (end, bottom) = part[0], part[-1]
            if len(part) == 2 and y == bottom and abs(end - x) > width + 8:
                return (x + 5 if end > x else x - 5 - width), y - height / 2 - 1
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

"""Where volumes stand, from left to right, and how lines lead from one to another.

Volumes stand in a grid (`grid`), each at the middle of its lane with its label below. Lines run along the middles of
lanes where no volume stands, in the gutters between columns, and in the room above lanes: so none crosses a volume or
a label.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from archspec.drawing.content.volume import Flow, Volume, Volumes
from archspec.drawing.layout.bodies import USUAL, Body, Measures, Scales, body_of, is_labelled, label_size, scales_of
from archspec.drawing.layout.geometry import Part, Point, Rect, middle_of, rounded
from archspec.drawing.layout.grid import Cell, Grid, Link, Route, grid_of
from archspec.drawing.layout.pages import MARGIN
from archspec.drawing.layout.skyline import Extent, Key, Span, axes, runs, with_runs

_BELOW = 3.0
"""Between a volume and its label."""
_TRACK = 5.0
"""Between lines in a gutter."""
_TIP = 13.0
"""Room for the tip of an arrow."""
_CHANNEL = 8.0
"""Between what stands in a lane and the first line above it."""
_LANES = 12.0
_END = 8.0
"""Between the last line at the side of what is as high as several lanes, and its end."""
_CLEAR = 3.0
"""Beside a line along a lane."""
_RADIUS = 4.0
_ARCH = 16.0
"""Of the corners of a shortcut into a sum, as figures of residual blocks have it."""
_ASIDE = 5.0
"""Between the middle of a volume and where lines from other lanes arrive."""


class PlacedVolume(NamedTuple):
    """A volume, its rectangle, how it is drawn, and the rectangle of its label."""

    volume: Volume
    rect: Rect
    body: Body
    label: Rect | None

    @property
    def left(self) -> Point:
        """Where lines arrive at its middle."""
        return self.rect[0] + self.body.ends(self.body.tall / 2)[0], middle_of(self.rect)

    @property
    def right(self) -> Point:
        """Where lines leave."""
        return self.rect[0] + self.body.ends(self.body.tall / 2)[1], middle_of(self.rect)


class PlacedFlow(NamedTuple):
    """A line, and the radius of its last two corners where it is an arch."""

    flow: Flow
    parts: tuple[Part, ...]
    arch: float | None = None


@dataclass(frozen=True)
class Solids:
    """Volumes laid out; y grows downwards, and the unit is a point."""

    volumes: Volumes
    placed: tuple[PlacedVolume, ...]
    lines: tuple[PlacedFlow, ...]
    scales: Scales
    size: Point


def lay_out(shown: Volumes, measures: Measures = USUAL) -> Solids:
    """Where everything stands, in one row."""
    return row(shown, scales_of(shown.volumes, measures))


def row(shown: Volumes, scales: Scales) -> Solids:
    """Where everything stands, in scales that are given."""
    ids, links = [volume.id for volume in shown.volumes], [flow[:2] for flow in shown.flows]
    return in_grid(shown, scales, grid_of(ids, links))


def in_grid(shown: Volumes, scales: Scales, grid: Grid) -> Solids:
    """Where everything stands, in scales and cells that are given."""
    return _Layout(shown, scales, grid).solids()


class _Layout:
    """The places of volumes and lines.

    Attributes:
        covered: On what a line of its column comes down.
        rising: Lines that come up, or down, into the middle of a join from a lane of their own.
        exits, entries: Per gutter, by the column before it: who leaves or arrives there by a track of its own.
        lefts, widths: Where each column begins, and how wide it is.
        heights: How far above the middles of lanes lines run.
        axes: The middle of each lane.
    """

    def __init__(self, shown: Volumes, scales: Scales, grid: Grid) -> None:
        self.shown = shown
        self.by_id = {volume.id: volume for volume in shown.volumes}
        self.scales = scales
        self.bodies = {volume.id: body_of(volume, self.scales) for volume in shown.volumes}
        self.cells, self.last, links, self.routes, self.floors = grid
        self.links = dict(zip(shown.flows, links, strict=True))
        self.covered = {link.target for link, route in self.routes.items()
                        if route.way == "along" and link.start < link.end}  # fmt: skip
        self.rising = set(self._rising())
        self.exits, self.entries = self._tracks()
        self.lefts, self.widths, self.width = self._across()
        self.heights, self.axes, self.height = self._down()
        self.bodies |= {id: self._stretched(id) for id in self.last}

    def solids(self) -> Solids:
        """Everything in its place."""
        return Solids(
            self.shown,
            tuple(self._volume(volume) for volume in self.shown.volumes),
            tuple(map(self._line, self.shown.flows)),
            self.scales,
            (self.width, self.height),
        )

    # The grid

    def _tracks(self) -> tuple[dict[int, list[Cell]], dict[int, list[Cell]]]:
        """Tracks in gutters: one for each cell of lines that turn there."""
        exits: dict[int, list[Cell]] = {}
        entries: dict[int, list[Cell]] = {}
        for link, route in self.routes.items():
            if route.straight or link in self.rising:
                continue
            if route.way in ("target", "above"):
                _add(exits.setdefault(link.start[0], []), link.start)
            if route.way == "own" or (route.way == "above" and not self._may_drop(link)):
                _add(entries.setdefault(link.end[0] - 1, []), link.end)
        return exits, entries

    def _rising(self) -> Iterator[Link]:
        """Lines along lanes below joins, or above those that no line comes down on, where nothing else is between."""
        taken, over = self._taken()
        for link, route in self.routes.items():
            (column, lane), own = link.end, link.start[1]
            is_beside = route.way == "target" and column == link.start[0] + 1
            if self.by_id[link.target].form != "join" or not (route.way == "own" or is_beside) or own == lane:
                continue
            between = range(lane + 1, own + 1) if own > lane else range(own, lane)
            passed = {(column, each + (own < lane)) for each in between}
            if taken.isdisjoint((column, each) for each in between) and over.isdisjoint(passed):
                yield link

    def _taken(self) -> tuple[set[Cell], set[Cell]]:
        """The cells in which something stands or leads along, and those above which lines lead."""
        taken = set(self.cells.values())
        over: set[Cell] = set()
        for id, last in self.last.items():
            taken |= {(self.cells[id][0], lane) for lane in range(self.cells[id][1], last + 1)}
        for link, route in self.routes.items():
            if route.way == "above":
                over |= {(column, route.over) for column in range(link.start[0], link.end[0] + 1)}
            elif route.way != "along":
                lane = link.start[1] if route.way == "own" else link.end[1]
                taken |= {(column, lane) for column in range(link.start[0] + 1, link.end[0])}
        return taken, over

    def _drops(self, link: Link) -> bool:
        """Whether lines from above come down on the middle of a volume: a join at whose left none turns."""
        return self._may_drop(link) and link.end not in self.entries.get(link.end[0] - 1, ())

    def _may_drop(self, link: Link) -> bool:
        is_join = self.by_id[link.target].form == "join"
        return is_join and link.target not in self.covered and self.routes[link].over == link.end[1]

    def _across(self) -> tuple[list[float], list[float], float]:
        last = max((column for column, _ in self.cells.values()), default=-1)
        widths = [0.0] * (last + 1)
        for id, (column, _) in self.cells.items():
            label = label_size(self.by_id[id])[0] + 2 * self.scales.measures.beside
            widths[column] = max(widths[column], self.bodies[id].width, label)
        lefts, x = [], MARGIN
        for column, width in enumerate(widths):
            lefts.append(x)
            tracks = len(self.exits.get(column, ())) + len(self.entries.get(column, ()))
            x += width + self.scales.measures.gutter + (_TRACK * (tracks + 1) if tracks else 0.0)
        end = lefts[-1] + widths[-1] if lefts else MARGIN
        return lefts, widths, end + MARGIN

    def _spans(self) -> dict[Key, Span]:
        """What lines above lanes lead past."""
        ends: dict[Key, list[float]] = {}
        for link, route in self.routes.items():
            if route.way == "above":
                ends.setdefault((route.over, link.start), []).extend((self._exit(link), self._entry(link)))
        return {key: self._span(min(found), max(found)) for key, found in ends.items()}

    def _span(self, low: float, high: float) -> Span:
        first = bisect_right([left + width for left, width in zip(self.lefts, self.widths, strict=True)], low)
        return Span(low, high, range(first, bisect_left(self.lefts, high)))

    def _extents(self) -> dict[Cell, Extent]:
        """How far volumes with their labels, and lines along lanes, stand out in each cell."""
        found: dict[Cell, Extent] = {}
        for link, route in self.routes.items():
            lane = {"own": link.start[1], "target": link.end[1]}.get(route.way)
            if lane is not None:
                if link in self.rising:
                    found[link.end[0], link.start[1]] = Extent(_CLEAR, _CLEAR)
                found |= {(column, lane): Extent(_CLEAR, _CLEAR) for column in range(link.start[0] + 1, link.end[0])}
        for id, (column, first) in self.cells.items():
            half, label = self.bodies[id].tall / 2, label_size(self.by_id[id])[1]
            last = self.last.get(id, first)
            if last > first:  # over lanes that are at least so far apart
                half = max(_END, half - (last - first) * (_END + _LANES / 2))
            for lane in range(first, last + 1):
                found[column, lane] = Extent(max(half, _CLEAR), max(half + (_BELOW + label if label else 0.0), _CLEAR))
        return found

    def _down(self) -> tuple[dict[Key, float], list[float], float]:
        """How high lines run above lanes, the middles of lanes, and the height of all."""
        extents, spans = self._extents(), self._spans()
        heights = runs(spans, extents, _CHANNEL + _ASIDE, _TRACK)
        found, end = axes(with_runs(extents, spans, heights, _TRACK), self.floors, MARGIN, _LANES)
        return heights, found, end + MARGIN

    def _stretched(self, id: str) -> Body:
        """What is as high as several lanes."""
        body, across = self.bodies[id], self.axes[self.last[id]] - self.axes[self.cells[id][1]]
        return body._replace(height=max(body.height, across + 2 * _END))

    # Volumes

    def _centre(self, id: str) -> float:
        """The middle of its column."""
        column = self.cells[id][0]
        return self.lefts[column] + self.widths[column] / 2

    def _middle(self, id: str) -> Point:
        first = self.cells[id][1]
        return self._centre(id), (self.axes[first] + self.axes[self.last.get(id, first)]) / 2

    def _volume(self, volume: Volume) -> PlacedVolume:
        (x, y), body = self._middle(volume.id), self.bodies[volume.id]
        rect = (x - body.width / 2, y - body.tall / 2, x + body.width / 2, y + body.tall / 2)
        if not is_labelled(volume):
            return PlacedVolume(volume, rect, body, None)
        width, height = label_size(volume)
        top = rect[3] + _BELOW
        return PlacedVolume(volume, rect, body, (x - width / 2, top, x + width / 2, top + height))

    # Lines

    def _exit(self, link: Link) -> float:
        """The track by which a line leaves."""
        column = link.start[0]
        return self.lefts[column] + self.widths[column] + _TRACK * (1 + self.exits[column].index(link.start))

    def _entry(self, link: Link) -> float:
        """The track by which a line arrives; at joins that lines come down on, the middle."""
        if self._drops(link):
            return self._centre(link.target)
        column = link.end[0]
        return self.lefts[column] - _TIP - _TRACK * self.entries[column - 1].index(link.end)

    def _line(self, flow: Flow) -> PlacedFlow:
        link = self.links[flow]
        points = self._points(link, self.routes[link])
        is_arch = self.routes[link].way == "above" and self._drops(link)
        arch = min(_ARCH, *map(_half, points[1:], points[2:])) if is_arch else None
        return PlacedFlow(flow, rounded(points, _RADIUS, arch), arch)

    def _points(self, link: Link, route: Route) -> list[Point]:
        """The corners of a line."""
        if route.way == "along":
            return self._along(link)
        start = self._right(link)
        if route.straight:
            return [start, self._left(link, 0.0)]
        if route.way == "above":
            return [start, *self._over(link, start[1])]
        if link in self.rising:
            x, half = self._centre(link.target), self.bodies[link.target].tall / 2
            from_below = link.start[1] > link.end[1]
            return [start, (x, start[1]), (x, self.axes[link.end[1]] + (half if from_below else -half))]
        end = self._left(link, start[1] - self.axes[link.end[1]])
        x = self._exit(link) if route.way == "target" else self._entry(link)
        return [start, (x, start[1]), (x, end[1]), end]

    def _along(self, link: Link) -> list[Point]:
        """Down or up a column: from below the label of what stands higher, or to there."""
        high, low = sorted(link[:2], key=lambda each: self.cells[each][1])
        (x, y), body = self._middle(high), self.bodies[high]
        label = label_size(self.by_id[high])[1]
        upper = y + body.tall / 2 + (_BELOW + label if label else 0.0)
        body = self.bodies[low]
        lower = self._middle(low)[1] - body.tall / 2 + body.top(body.width / 2)
        ends = [(x, upper), (x, lower)]
        return ends if high == link.source else ends[::-1]

    def _over(self, link: Link, start: float) -> list[Point]:
        """The turns of a line in the room above a lane, and its end."""
        over = self.routes[link].over
        y = self.axes[over] - self.heights[over, link.start]
        out, into = self._exit(link), self._entry(link)
        turns = [(out, start), (out, y), (into, y)]
        if self._drops(link):
            return [*turns, (into, self.axes[over] - self.bodies[link.target].tall / 2)]
        end = self._left(link, -1.0)
        return [*turns, (into, end[1]), end]

    def _right(self, link: Link) -> Point:
        """Where a line leaves."""
        x, body = self._centre(link.source), self.bodies[link.source]
        return x - body.width / 2 + body.ends(body.tall / 2)[1], self.axes[link.start[1]]

    def _left(self, link: Link, side: float) -> Point:
        """Where a line arrives: at the middle, or from above (below 0) or below beside it, so that each is seen."""
        x, body = self._centre(link.target), self.bodies[link.target]
        off = min(_ASIDE, body.tall / 4) * ((side > 0) - (side < 0))
        return x - body.width / 2 + body.ends(body.tall / 2 + off)[0], self.axes[link.end[1]] + off


def _half(start: Point, end: Point) -> float:
    """Half of the way from one point to another, along one of the axes."""
    return (abs(end[0] - start[0]) + abs(end[1] - start[1])) / 2


def _add(cells: list[Cell], cell: Cell) -> None:
    if cell not in cells:
        cells.append(cell)

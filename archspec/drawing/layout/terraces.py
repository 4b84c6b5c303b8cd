"""Volumes by resolution: a terrace for each, on which they stand from left to right, with the next one below.

What makes maps smaller or larger stands right below or above what it takes, where there is room: so a U-Net is the U of
its paper. Which networks have scales, and how deep everything stands, is what the layout by scales of cards finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from archspec.drawing.content.cards import LEGIBLE
from archspec.drawing.content.scene import Box, Edge, Scene
from archspec.drawing.content.volume import Flow, Volume, Volumes
from archspec.drawing.layout.bodies import LABEL, USUAL, Measures, Scales, scales_of
from archspec.drawing.layout.forms import CLEARER, LAYOUTS, NO_SCALES, Layout, require_known
from archspec.drawing.layout.grid import Cell, Grid, Link, neighbours, routed
from archspec.drawing.layout.pages import Fit, Page
from archspec.drawing.layout.rows import for_page
from archspec.drawing.layout.scales import scales
from archspec.drawing.layout.solids import Solids, in_grid, row
from archspec.errors import UsageError

_MOST_TIMES = 4
"""How often what is alike is tried in one column."""

Lane = tuple[int, int]
"""A level, and which of the ways on it."""


def fitting(
    shown: Volumes, page: Page, layout: Layout = "auto", measures: Measures = USUAL, *, one_row: bool = False
) -> Solids:
    """Volumes by resolution where it comes back or several are kept, else in as many rows as suit a page, or in one.

    Args:
        shown: The volumes.
        page: The page.
        layout: By scales or as a flow.
        measures: How large they are drawn.
        one_row: Whether a flow is one row.

    Raises:
        UsageError: There is no such layout, or they have no scales to be laid out by.
    """
    require_known("layout", layout, LAYOUTS)
    drawn = scales_of(shown.volumes, measures)
    found = by_scales(shown, drawn) if layout != "flow" else None
    if layout == "scales":
        if found is None:
            raise UsageError(NO_SCALES)
        return found
    if page.fit is Fit.FREE or (found is None and one_row):
        return found or row(shown, drawn)
    if found and page.scale * LABEL * page.fitted(found.size) >= LEGIBLE:
        return found
    rows = row(shown, drawn) if one_row else for_page(shown, page, measures)
    return found if found and page.fitted(found.size) * CLEARER >= page.fitted(rows.size) else rows


def by_scales(shown: Volumes, drawn: Scales) -> Solids | None:
    """Volumes by resolution; None where it only falls.

    What gives or takes several resolutions is as high as they are, and has a line for each.

    Args:
        shown: The volumes.
        drawn: The scales in which they are drawn.
    """
    found = scales(scene_of(shown))
    if found is None:
        return None
    boxes, ids = shown.scene.by_id, {volume.id for volume in shown.volumes}
    level = {id: level for (_, level), held in found.cells.items() for id in held}
    alike: dict[tuple[int, str, str], list[str]] = {}
    for (column, _), held in found.cells.items():
        for id in (id for id in held if id in ids):
            alike.setdefault((column, boxes[id].title, boxes[id].arguments), []).append(id)
    last = {id: last for id, last in found.spans.items() if id in ids}
    volumes = {volume.id: volume for volume in shown.volumes}
    flows = [each for flow in shown.flows for each in _apart(flow, last)]
    carried = [found.carried[next(_edges(flow, volumes[flow.source]))] for flow in flows]
    pairs = [flow[:2] for flow in flows]
    grid = terraces(list(volumes), pairs, level, last=last, carried=carried, alike=list(alike.values()))
    return in_grid(replace(shown, flows=tuple(flows)), drawn, grid)


def _apart(flow: Flow, last: Mapping[str, int]) -> Iterator[Flow]:
    """A flow of several tensors between what is as high as several levels: one for each."""
    if flow.source in last and flow.target in last:
        yield from (flow._replace(shapes=(shape,)) for shape in flow.shapes)
    else:
        yield flow


def scene_of(shown: Volumes) -> Scene:
    """The volumes as the boxes of a scene, with the network's outputs."""
    boxes, volumes = shown.scene.by_id, {volume.id: volume for volume in shown.volumes}
    found = [_box(boxes[volume.id], volume) for volume in shown.volumes]
    edges = [edge for flow in shown.flows for edge in _edges(flow, volumes[flow.source])]
    for end in shown.ends:
        found.append(end.box)
        edges.append(Edge(end.source, end.box.id, end.source, end.box.shape or ()))
    return replace(shown.scene, boxes=tuple(found), edges=tuple(edges))


def _box(box: Box, volume: Volume) -> Box:
    return replace(box, shape=volume.shape or box.shape)


def _edges(flow: Flow, source: Volume) -> Iterator[Edge]:
    for shape in (source.shape,) if source.shape else flow.shapes:
        yield Edge(flow.source, flow.target, flow.source, shape, flow.role)


def terraces(
    ids: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    level: Mapping[str, int],
    *,
    last: Mapping[str, int],
    carried: Sequence[int],
    alike: Sequence[Sequence[str]],
) -> Grid:
    """The grid of what stands by its level.

    Args:
        ids: What stands in it, each behind those that it is made from.
        pairs: What is made from what.
        level: How deep each stands.
        last: The deepest level of what is as high as several.
        carried: The level of what each pair passes on; between two that are as high as several it counts.
        alike: What stands in one column, as far as none of it leads to another.
    """
    before, after = neighbours(ids, pairs)
    least = dict.fromkeys(ids, 0)
    groups = [group for group in alike if len(group) > 1 and not _follows(group, after)]
    for _ in range(_MOST_TIMES):
        places = _Terraces(ids, before, after, level, last, least).places
        moved = {id: max(places[other][0] for other in group) for group in groups for id in group}
        if all(column == places[id][0] for id, column in moved.items()):
            break
        least |= moved
    return _grid(places, pairs, last, carried)


def _grid(
    places: Mapping[str, tuple[int, Lane]], pairs: Sequence[tuple[str, str]], last: Mapping[str, int],
    carried: Sequence[int],
) -> Grid:  # fmt: skip
    """The grid of what has its column and lane."""
    lanes = sorted({lane for _, lane in places.values()} | {(level, 0) for level in last.values()})
    number = {lane: index for index, lane in enumerate(lanes)}
    cells = {id: (column, number[lane]) for id, (column, lane) in places.items()}
    ends = {id: number[level, 0] for id, level in last.items()}

    def within(id: str, lane: Lane) -> Cell:
        """Where lines of a lane end at one that is as high as several, or at the nearest of its lanes."""
        column, first = cells[id]
        held = [each for each in lanes[first : ends.get(id, first) + 1] if each[1] == 0] or [lanes[first]]
        nearest = min(held, key=lambda each: abs(each[0] - lane[0]))
        return (column, number[nearest]) if id in ends else cells[id]

    links = []
    for index, (source, target) in enumerate(pairs):
        both = source in ends and target in ends
        lane = (carried[index], 0) if both else places[target if source in ends else source][1]
        links.append(Link(source, target, within(source, lane), within(target, lane)))
    taken = [(column, lane) for id, (column, first) in cells.items() for lane in range(first, ends.get(id, first) + 1)]
    tall = [(cells[id], end) for id, end in ends.items()]
    return Grid(cells, ends, links, routed(taken, links, tall), [level for level, _ in lanes])


def _follows(group: Sequence[str], after: Mapping[str, Sequence[str]]) -> bool:
    """Whether one of a group leads to another."""
    near = list(group)
    seen: set[str] = set()
    for id in near:
        new = [each for each in after[id] if each not in seen]
        seen.update(new)
        near += new
    return not seen.isdisjoint(group)


class _Terraces:
    """The column and lane of each."""

    def __init__(
        self,
        ids: Sequence[str],
        before: Mapping[str, Sequence[str]],
        after: Mapping[str, Sequence[str]],
        level: Mapping[str, int],
        last: Mapping[str, int],
        least: Mapping[str, int],
    ) -> None:
        self.before, self.level, self.last, self.least = before, level, last, least
        self.places: dict[str, tuple[int, Lane]] = {}
        self.taken: dict[int, set[Lane]] = {}
        self.climbs: dict[int, list[tuple[Lane, Lane]]] = {}
        for id in ids:
            if before[id] or not after[id]:
                self._put(id)

    def _put(self, id: str) -> None:
        """Put one behind what it is made from; what that is made from nothing, right before it."""
        placed = [source for source in self.before[id] if source in self.places]
        start = max((self.places[source][0] for source in placed), default=0)
        for source in self.before[id]:
            if source not in self.places:
                self._settle(source, max(0, start - 1) if placed else 0)
        beside = [self.places[source][0] for source in self.before[id]]
        start = max([self.least[id], *beside])
        if id not in self.last and self._has_way(id, start, self._own(id)):
            self._take(id, start, self._own(id))
        else:
            self._settle(id, start + (start in beside))

    def _settle(self, id: str, column: int) -> None:
        """Put one into a column, or the next where it has room."""
        lane = self._own(id)
        if id not in self.last:
            self._take(id, *self._free(column, lane))
            return
        while not self._has_room(id, column, lane):
            column += 1
        self._take(id, column, lane)

    def _has_room(self, id: str, column: int, lane: Lane) -> bool:
        """Whether nothing stands in a column where one as high as several levels would."""
        end = self.last[id], 0
        within = any(_between(lane, each, end) for each in self.taken.get(column, ()))
        return not within and self._is_free(column, lane) and self._is_free(column, end)

    def _own(self, id: str) -> Lane:
        """The lane where one goes on with what it is made from; of one as high as several levels, their first."""
        level = self.level[id]
        if id in self.last:
            return level, 0
        lanes = [self.places[source][1] for source in self.before[id] if self.level[source] == level]
        return min(lanes, key=lambda lane: abs(lane[1]), default=(level, 0))

    def _has_way(self, id: str, column: int, lane: Lane) -> bool:
        """Whether one may stand in a column with some that it is made from, above or below them."""
        held = self.taken.get(column, set())
        if not self._is_free(column, lane):
            return False
        for source in self.before[id]:
            beside, other = self.places[source]
            if beside == column and (
                other[0] == lane[0] or source in self.last or any(_between(lane, each, other) for each in held)
            ):
                return False
        return True

    def _is_free(self, column: int, lane: Lane) -> bool:
        climbs = self.climbs.get(column, ())
        return lane not in self.taken.get(column, set()) and not any(_between(low, lane, high) for low, high in climbs)

    def _free(self, column: int, lane: Lane) -> tuple[int, Lane]:
        """The first column where a lane of the level is free, the nearest there: lines may climb past all of them."""
        level, way = lane
        while True:
            steps = range(len(self.taken.get(column, ())) + 1)
            ways = (way + step * sign for step in steps for sign in ((1, -1) if step else (1,)))
            found = next((each for each in ((level, way) for way in ways) if self._is_free(column, each)), None)
            if found:
                return column, found
            column += 1

    def _take(self, id: str, column: int, lane: Lane) -> None:
        self.places[id] = column, lane
        self.taken.setdefault(column, set()).add(lane)
        if id in self.last:
            end = self.last[id], 0
            self.taken[column].add(end)
            self.climbs.setdefault(column, []).append((lane, end))
        for source in self.before[id]:
            beside, other = self.places[source]
            if beside == column:
                self.climbs.setdefault(column, []).append((lane, other))


def _between(one: Lane, lane: Lane, other: Lane) -> bool:
    return min(one, other) < lane < max(one, other)

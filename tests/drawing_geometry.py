"""What must hold of where things stand in a picture: nothing on top of what it is not part of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations, pairwise

from archspec.drawing.content.cards import SMALL
from archspec.drawing.content.fonts import text_width
from archspec.drawing.layout.geometry import Part, Point, Rect, overlap
from archspec.drawing.layout.placement import PlacedEdge, PlacedFrame, Placing
from archspec.drawing.layout.segments import frame_chain
from archspec.drawing.layout.setting import HEADER, label_size

CELL = 150
SLACK = 0.5
Grid = dict[tuple[int, int], list[tuple[str, Rect]]]


def faults(placing: Placing) -> list[str]:
    """What is wrong with a layout, in words."""
    grid = cells(placing)
    return [
        *overlapping_boxes(grid),
        *boxes_outside_their_frame(placing),
        *(fault for edge in placing.edges for fault in (*broken_lines(edge, placing), *crossings(edge, grid))),
        *(fault for edge in placing.edges for fault in labels_on_boxes(edge, grid)),
        *labels_on_labels(placing),
        *lines_on_labels(placing),
        *loose_lines(placing),
        *faults_of_frames(placing),
        *(f"frame {frame.cluster.path} is outside" for frame in placing.frames if not inside(frame.rect, placing)),
    ]


def cells(placing: Placing) -> Grid:
    """The boxes by the squares of a grid that they are in."""
    grid: Grid = defaultdict(list)
    for id, rect in placing.boxes.items():
        for cell in covered(rect):
            grid[cell].append((id, rect))
    return grid


def covered(rect: Rect) -> Iterator[tuple[int, int]]:
    left, top, right, bottom = (int(number // CELL) for number in rect)
    yield from ((x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))


def shrunk(rect: Rect) -> Rect:
    return rect[0] + SLACK, rect[1] + SLACK, rect[2] - SLACK, rect[3] - SLACK


def inside(rect: Rect, placing: Placing) -> bool:
    return min(rect) >= 0 and rect[2] <= placing.size[0] and rect[3] <= placing.size[1]


def overlapping_boxes(grid: Grid) -> Iterator[str]:
    for boxes in grid.values():
        for (id, rect), (other, over) in combinations(boxes, 2):
            if overlap(shrunk(rect), over):
                yield f"{id} overlaps {other}"


def boxes_outside_their_frame(placing: Placing) -> Iterator[str]:
    frames: dict[str, list[Rect]] = defaultdict(list)
    for frame in placing.frames:
        frames[frame.cluster.path].append(frame.rect)
    for box in placing.scene.boxes:
        left, top, right, bottom = placing.boxes[box.id]
        around = frames[box.cluster] if box.cluster else [(0.0, 0.0, *placing.size)]
        if not any(a <= left and b <= top and c >= right and d >= bottom for a, b, c, d in around):
            yield f"{box.id} is outside of its frame"


def points(part: Part, steps: int = 24) -> Iterator[Point]:
    """Points on a part of a line."""
    for step in range(steps + 1):
        t = step / steps
        cubic = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3)
        weights = (1 - t, t) if len(part) == 2 else cubic
        yield tuple(sum(w * point[axis] for w, point in zip(weights, part, strict=True)) for axis in (0, 1))


def broken_lines(placed: PlacedEdge, placing: Placing) -> Iterator[str]:
    name = f"{placed.edge.source} -> {placed.edge.target}"
    for before, after in pairwise(placed.parts):
        if max(abs(one - other) for one, other in zip(before[-1], after[0], strict=True)) > 0.01:
            yield f"{name} has a gap"
    if not all(inside((*point, *point), placing) for part in placed.parts for point in part):
        yield f"{name} is outside"


def crossings(placed: PlacedEdge, grid: Grid) -> Iterator[str]:
    edge = placed.edge
    over = {
        id
        for part in placed.parts
        for x, y in points(part)
        for id, rect in grid.get((int(x // CELL), int(y // CELL)), ())
        if overlap(shrunk(shrunk(rect)), (x, y, x, y))
    }
    yield from (f"{edge.source} -> {edge.target} leads over {id}" for id in over - {edge.source, edge.target})


def label_of(placed: PlacedEdge) -> Rect:
    assert placed.label is not None
    width, height = label_size(placed.edge)
    x, y = placed.label
    return shrunk((x, y - height / 2, x + width, y + height / 2))


def labels_on_labels(placing: Placing) -> Iterator[str]:
    grid: Grid = defaultdict(list)
    for placed in placing.edges:
        if placed.label is None:
            continue
        rect, name = label_of(placed), f"{placed.edge.source} -> {placed.edge.target}"
        if rect[0] < 0 or rect[2] > placing.size[0]:
            yield f"the label of {name} is outside"
        for cell in covered(rect):
            for other, over in grid[cell]:
                if overlap(rect, over):
                    yield f"the label of {name} is on that of {other}"
            grid[cell].append((name, rect))


def lines_on_labels(placing: Placing) -> Iterator[str]:
    """Labels that a line leads through, their own as well."""
    grid: Grid = defaultdict(list)
    for placed in placing.edges:
        if placed.label is not None:
            for cell in covered(label_of(placed)):
                grid[cell].append((f"{placed.edge.source} -> {placed.edge.target}", label_of(placed)))
    for placed in placing.edges:
        struck = {
            name
            for part in placed.parts
            for x, y in points(part, 100)
            for name, rect in grid.get((int(x // CELL), int(y // CELL)), ())
            if overlap(rect, (x - 0.01, y - 0.01, x + 0.01, y + 0.01))
        }
        yield from (f"{placed.edge.source} -> {placed.edge.target} leads over the label of {name}" for name in struck)


def labels_on_boxes(placed: PlacedEdge, grid: Grid) -> Iterator[str]:
    if placed.label is None:
        return
    rect = label_of(placed)
    for cell in covered(rect):
        for id, box in grid.get(cell, ()):
            if overlap(rect, box):
                yield f"the label of {placed.edge.source} -> {placed.edge.target} is on {id}"


def faults_of_frames(placing: Placing) -> Iterator[str]:
    """What lies on the border or the title of a frame, and what is in a frame that does not hold it."""
    boxes, labels, frames = cells(placing), labels_by_cell(placing), frames_by_cell(placing)
    parents = {cluster.path: cluster.parent for cluster in placing.scene.clusters}
    around = {box.id: {"", *frame_chain(box.cluster, parents)} for box in placing.scene.boxes}
    for frame in placing.frames:
        path, border = frame.cluster.path, list(borders(frame.rect))
        yield from (f"{id} is in {path}" for id in met(boxes, frame.rect) if path not in around[id])
        yield from (f"the label of {name} is on the border of {path}" for side in border for name in met(labels, side))
        for title in titles(frame):
            yield from (f"{id} is on the title of {path}" for id in met(boxes, title))
            yield from (f"the label of {name} is on the title of {path}" for name in met(labels, title))
        others = {other for side in border for other in met(frames, side)}
        own = {*frame_chain(path, parents)}
        yield from (f"{path} cuts {other}" for other in others - own if path not in frame_chain(other, parents))
    yield from lines_on_titles(placing)


def frames_by_cell(placing: Placing) -> Grid:
    grid: Grid = defaultdict(list)
    for frame in placing.frames:
        for cell in covered(frame.rect):
            grid[cell].append((frame.cluster.path, frame.rect))
    return grid


def labels_by_cell(placing: Placing) -> Grid:
    grid: Grid = defaultdict(list)
    for placed in placing.edges:
        if placed.label is not None:
            for cell in covered(label_of(placed)):
                grid[cell].append((f"{placed.edge.source} -> {placed.edge.target}", label_of(placed)))
    return grid


def met(grid: Grid, rect: Rect) -> set[str]:
    """What of a grid a rectangle has a part in common with."""
    found = ((id, other) for cell in covered(rect) for id, other in grid.get(cell, ()))
    return {id for id, other in found if overlap(shrunk(other), rect)}


def borders(rect: Rect) -> Iterator[Rect]:
    """The four sides of a frame."""
    left, top, right, bottom = rect
    yield from ((left, top, right, top), (left, bottom, right, bottom))
    yield from ((left, top, left, bottom), (right, top, right, bottom))


def titles(frame: PlacedFrame) -> Iterator[Rect]:
    """Where the name of a frame is written, and what it is called."""
    (left, top, right, bottom), title = frame.rect, text_width(frame.cluster.title, SMALL)
    name = text_width("… " * frame.continued + frame.cluster.name, SMALL)
    high, low = (bottom - HEADER, bottom - 3) if frame.upwards else (top + 4, top + HEADER)
    begin, end = left + frame.titled.name, right - frame.titled.title
    if frame.titled.together:
        yield begin, high, begin + name + title + (8 if title else 0), low
        return
    yield begin, high, begin + name, low
    if title and not frame.titled.untold:
        yield end - title, high, end, low


def lines_on_titles(placing: Placing) -> Iterator[str]:
    grid: Grid = defaultdict(list)
    for frame in placing.frames:
        for title in titles(frame):
            for cell in covered(title):
                grid[cell].append((frame.cluster.path, title))
    for placed in placing.edges:
        struck = {
            path
            for part in placed.parts
            for x, y in points(part, 100)
            for path, rect in grid.get((int(x // CELL), int(y // CELL)), ())
            if overlap(rect, (x - 0.01, y - 0.01, x + 0.01, y + 0.01))
        }
        yield from (f"{placed.edge.source} -> {placed.edge.target} leads over the title of {path}" for path in struck)


def lines_on_lines(placing: Placing) -> Iterator[str]:
    """Lines that lead on that of another tensor on its way to another box, so that no one can tell them apart."""
    held: dict[tuple[int, int], list[tuple[float, float, PlacedEdge]]] = defaultdict(list)
    for placed in placing.edges:
        for start, end in (part for part in placed.parts if len(part) == 2):
            axis = 0 if start[1] == end[1] else 1
            if start[1 - axis] == end[1 - axis]:
                low, high = sorted((start[axis], end[axis]))
                held[axis, round(start[1 - axis])].append((low, high, placed))
    for (axis, place), stretches in held.items():
        near = [*stretches, *held.get((axis, place + 1), ())]
        for (low, high, one), (begin, end, other) in combinations(near, 2):
            apart = one.edge.tensor == other.edge.tensor or one.edge.target == other.edge.target
            if not apart and min(high, end) - max(low, begin) > 4:
                yield f"{one.edge.source} -> {one.edge.target} is on {other.edge.source} -> {other.edge.target}"


def lines_too_near(placing: Placing) -> Iterator[str]:
    """Lines of two tensors to one box that lead so near each other for a while that they look like one, and are not."""
    stretches = [
        (axis, part[0][axis], *sorted((part[0][1 - axis], part[1][1 - axis])), placed.edge)
        for placed in placing.edges
        for part in placed.parts
        for axis in (0, 1)
        if len(part) == 2 and part[0][axis] == part[1][axis]
    ]
    for (axis, place, low, high, one), (along, other_place, begin, end, other) in combinations(stretches, 2):
        meet = axis == along and one.target == other.target and one.tensor != other.tensor
        if meet and 0.1 < abs(place - other_place) < 2.5 and min(high, end) - max(low, begin) > 20:
            yield f"{one.source} -> {one.target} is beside {other.source} -> {other.target}"


def loose_lines(placing: Placing) -> Iterator[str]:
    """Lines that begin neither at their box nor on another line of their tensor, or do not end at their box."""
    lines: dict[str, list[PlacedEdge]] = defaultdict(list)
    for placed in placing.edges:
        lines[placed.edge.tensor].append(placed)
    for placed in placing.edges:
        edge, start, end = placed.edge, placed.parts[0][0], placed.parts[-1][-1]
        others = (other for other in lines[edge.tensor] if other is not placed)
        if not (at_box(start, edge.source, placing) or any(leads_past(other, start) for other in others)):
            yield f"{edge.source} -> {edge.target} begins nowhere"
        if not at_box(end, edge.target, placing):
            yield f"{edge.source} -> {edge.target} ends nowhere"


def at_box(point: Point, id: str, placing: Placing) -> bool:
    """Whether a point is on a box, or the copies behind it."""
    (left, top, right, bottom), more = placing.boxes[id], placing.cards[id].pile + 1.0
    return left - 1.0 <= point[0] <= right + more and top - more <= point[1] <= bottom + more


def leads_past(placed: PlacedEdge, point: Point) -> bool:
    """Whether a line leads over a point, or rounds a corner there."""
    around = point[0] - 4.0, point[1] - 4.0, point[0] + 4.0, point[1] + 4.0
    rects = ((*map(min, zip(*part, strict=True)), *map(max, zip(*part, strict=True))) for part in placed.parts)
    return any(overlap((left - 0.1, top - 0.1, right + 0.1, low + 0.1), around) for left, top, right, low in rects)

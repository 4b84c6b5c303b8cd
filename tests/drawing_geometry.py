"""What must hold of where things stand in a picture: nothing on top of what it is not part of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations, pairwise

from archspec.drawing.layout.geometry import Part, Point, Rect, overlap
from archspec.drawing.layout.pieces import label_size
from archspec.drawing.layout.placed import PlacedEdge, Placing

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


def labels_on_boxes(placed: PlacedEdge, grid: Grid) -> Iterator[str]:
    if placed.label is None:
        return
    rect = label_of(placed)
    for cell in covered(rect):
        for id, box in grid.get(cell, ()):
            if overlap(rect, box):
                yield f"the label of {placed.edge.source} -> {placed.edge.target} is on {id}"

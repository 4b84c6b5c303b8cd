"""Where everything stands in a picture: the chain of segments in columns that fill a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, inf, sqrt
from typing import Literal, NamedTuple, get_args

from archspec.drawing.content.cards import Card
from archspec.drawing.content.scene import Cluster, Edge, Scene
from archspec.drawing.layout.columns import PAD, Builder, Column, Place, places
from archspec.drawing.layout.geometry import Part, Point, Rect, rounded, shifted, shifted_parts, shifted_rect
from archspec.drawing.layout.labelling import freed, label_rect
from archspec.drawing.layout.laying import piece
from archspec.drawing.layout.pieces import Setting
from archspec.drawing.layout.segments import frame_chain, segments
from archspec.errors import UsageError, did_you_mean

Direction = Literal["auto", "down", "right"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

PAPERS = {"a3": (842.0, 1191.0), "a4": (595.0, 842.0), "a5": (420.0, 595.0), "letter": (612.0, 792.0)}
"""Width and height of upright pages, in points."""
PAGES = (*PAPERS, *(f"{name}-landscape" for name in PAPERS))
"""Names of pages."""

MARGIN = 12.0
"""Around the picture."""
PAGE_MARGIN = 36.0
"""Around the picture on a page."""

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
_MANY = 500
"""Pictures of more boxes are read downwards; the other direction is not tried."""
_TURNED = 1.15
"""Reading from left to right must make the picture this much larger."""


class PlacedFrame(NamedTuple):
    """A frame, or its part in one column; ``continued``: it began in the column before."""

    cluster: Cluster
    rect: Rect
    continued: bool = False


class PlacedEdge(NamedTuple):
    """An edge, its line, and where its label begins, if it has one."""

    edge: Edge
    parts: tuple[Part, ...]
    label: Point | None = None


@dataclass(frozen=True)
class Placing:
    """A scene laid out; y grows downwards, and the unit is a point.

    Attributes:
        scene: The scene.
        cards: The cards of its boxes.
        boxes: The rectangle of each box, by id.
        frames: The frames, each before those inside.
        edges: The edges.
        size: Width and height of all.
        columns: Columns, or rows, that the chain is broken into.
        rightwards: Whether it is read from left to right.
    """

    scene: Scene
    cards: Mapping[str, Card]
    boxes: Mapping[str, Rect]
    frames: tuple[PlacedFrame, ...]
    edges: tuple[PlacedEdge, ...]
    size: Point
    columns: int
    rightwards: bool


def page_size(paper: str | None) -> Point:
    """The width and height of a page: ``a4`` upright, or ``a4-landscape``; A4 unless named.

    Raises:
        UsageError: No page has that name.
    """
    name, dash, way = (paper or "a4").partition("-")
    if name not in PAPERS or (dash and way not in ("landscape", "portrait")):
        raise UsageError(f"there is no paper `{paper}`; {did_you_mean(str(paper), PAGES) or 'such as `a4`'}")
    width, height = PAPERS[name]
    return (height, width) if way == "landscape" else (width, height)


def fitted(size: Point, page: Point) -> float:
    """How much smaller a picture is made to fit a page; 1 where it fits as it is."""
    return min(1.0, *((room - 2 * PAGE_MARGIN) / length for length, room in zip(size, page, strict=True)))


def place(scene: Scene, cards: Mapping[str, Card], direction: Direction = "auto", paper: str | None = None) -> Placing:
    """Lay out a scene so that it is large on a page; to the right without one, in a single row.

    Raises:
        UsageError: There is no such direction or paper.
    """
    if direction not in DIRECTIONS:
        raise UsageError(f"there is no direction `{direction}`; {did_you_mean(direction, DIRECTIONS)}".rstrip("; "))
    page = page_size(paper)
    if direction == "right":
        return _best(scene, cards, page if paper else (inf, page[1]), rightwards=True).placing()
    down = _best(scene, cards, page, rightwards=False)
    upright = direction == "down" or page[0] < page[1]
    if upright or fitted(down.size, page) == 1.0 or len(scene.boxes) > _MANY:
        return down.placing()
    right = _best(scene, cards, page, rightwards=True)
    gain = fitted(right.size, page) / fitted(down.size, page)
    return right.placing() if gain > _TURNED else down.placing()


def _best(scene: Scene, cards: Mapping[str, Card], page: Point, *, rightwards: bool) -> _Columns:
    """The fewest columns that make the picture about as large as it can be."""
    parents = {cluster.path: cluster.parent for cluster in scene.clusters}
    setting = Setting(
        scene=scene,
        cards=cards,
        rightwards=rightwards,
        labelled=_labelled(scene),
        boxes=scene.by_id,
        clusters={cluster.path: cluster for cluster in scene.clusters},
        parents=parents,
        chains={box.id: frame_chain(box.cluster, parents) for box in scene.boxes},
    )
    chain = segments(scene.boxes, scene.edges, parents)
    row = places(chain, [piece(segment, setting) for segment in chain], setting)
    best, scale = None, 0.0
    for count in _counts(row, setting.turned(page)):
        tried = _Columns(row, count, setting)
        size = fitted(tried.size, page)
        if best is None or size > scale * _BETTER:
            best, scale = tried, size
        if scale == 1.0:
            break
    assert best is not None
    return best


def _counts(row: Sequence[Place], page: Point) -> list[int]:
    """Numbers of columns worth trying: around the one whose columns would fill the page if all were equally broad."""
    length = sum(place.length for place in row)
    breadth = max(place.piece.bounds[3] - place.piece.bounds[1] for place in row) + _GUTTER
    ideal = sqrt(length * page[1] / (page[0] * breadth))
    low, high = floor(ideal * 0.8) - 1, ceil(ideal * 1.5) + 1
    return [count for count in range(1, min(high, len(row)) + 1) if count == 1 or count >= low]


def _labelled(scene: Scene) -> Callable[[Edge], bool]:
    """Whether the shape is written beside an edge: once a tensor, and in detail only where an op changes it."""
    kinds = {box.id: box.kind for box in scene.boxes}
    taken: dict[str, set[tuple[int, ...]]] = {}
    first: dict[str, Edge] = {}
    for edge in sorted(scene.edges, key=lambda edge: edge.role == "skip"):
        taken.setdefault(edge.target, set()).add(edge.shape)
        first.setdefault(edge.tensor, edge)

    def labelled(edge: Edge) -> bool:
        if first[edge.tensor] is not edge or kinds[edge.source] == "input" or kinds[edge.target] == "output":
            return False
        if scene.symbolic or edge.role == "gap":
            return False
        return scene.detail == "overview" or taken.get(edge.source) != {edge.shape}

    return labelled


class _Columns:
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
        order = {path: index for index, path in enumerate(setting.clusters)}
        frames = [
            PlacedFrame(setting.clusters[path], turned(shifted_rect(rect, by)), continued)
            for each, by in zip(built, self.moves, strict=True)
            for path, rect, continued in each.frames
        ]
        boxes = {
            id: turned(shifted_rect(rect, by))
            for each, by in zip(built, self.moves, strict=True)
            for id, rect in each.boxes.items()
        }
        edges = _free(tuple(_edges(built, self.moves, setting)), boxes)
        ends = [label_rect(placed.edge, placed.label)[2] for placed in edges if placed.label]
        return Placing(
            scene=setting.scene,
            cards=setting.cards,
            boxes=boxes,
            frames=tuple(sorted(frames, key=lambda frame: order[frame.cluster.path])),
            edges=edges,
            size=(max(self.size[0], max(ends, default=0.0) + MARGIN), self.size[1]),
            columns=len(built),
            rightwards=setting.rightwards,
        )


def _free(edges: tuple[PlacedEdge, ...], boxes: Mapping[str, Rect]) -> tuple[PlacedEdge, ...]:
    """The edges, without labels on each other."""
    labels = {placed.edge: placed.label for placed in edges if placed.label}
    found = freed(labels, {placed.edge: placed.parts for placed in edges}, boxes.values())
    return tuple(placed._replace(label=found.get(placed.edge)) for placed in edges)


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

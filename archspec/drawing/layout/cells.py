"""The boxes of one resolution in one column of a layout by scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from archspec.drawing.content.cards import Card
from archspec.drawing.content.scene import Edge
from archspec.drawing.layout.columns import column, places
from archspec.drawing.layout.geometry import Part, Point, Rect, shifted, shifted_parts, shifted_rect
from archspec.drawing.layout.laying import piece
from archspec.drawing.layout.pieces import Setting
from archspec.drawing.layout.segments import Segment, segments


@dataclass
class Cell:
    """The boxes of a column and a level, in coordinates right and down.

    Attributes:
        boxes: The rectangle of each.
        frames: Path and rectangle of each frame.
        lines: The lines inside.
        labels: Where the text of those edges begins that have one.
        bounds: What holds all.
    """

    boxes: dict[str, Rect]
    frames: list[tuple[str, Rect]] = field(default_factory=list)
    lines: dict[Edge, tuple[Part, ...]] = field(default_factory=dict)
    labels: dict[Edge, Point] = field(default_factory=dict)
    bounds: Rect = (0.0, 0.0, 0.0, 0.0)

    def moved(self, by: Point) -> Cell:
        """The cell elsewhere."""
        return Cell(
            {id: shifted_rect(rect, by) for id, rect in self.boxes.items()},
            [(path, shifted_rect(rect, by)) for path, rect in self.frames],
            {edge: shifted_parts(parts, by) for edge, parts in self.lines.items()},
            {edge: shifted(start, by) for edge, start in self.labels.items()},
            shifted_rect(self.bounds, by),
        )


def cell_of(ids: Sequence[str], setting: Setting, *, upwards: bool) -> Cell:
    """Lay out boxes below each other, or above each other where they are read from below."""
    inside = set(ids)
    inner = [edge for edge in setting.scene.edges if edge.source in inside and edge.target in inside]
    chain = segments([setting.boxes[id] for id in ids], inner, setting.parents) if inner else _apart(ids, setting)
    made = column(places(chain, [piece(each, setting) for each in chain], setting), setting)
    turned = setting.turned
    cell = Cell(
        {id: setting.turned_rect(rect) for id, rect in made.boxes.items()},
        [(path, setting.turned_rect(rect)) for path, rect, _ in made.frames],
        {edge: tuple(tuple(map(turned, part)) for part in parts) for edge, parts in made.lines.items()},
        {edge: turned(start) for edge, start in made.labels.items()},
        setting.turned_rect(made.bounds),
    )
    return _flipped(cell, setting.cards) if upwards else cell


def _apart(ids: Sequence[str], setting: Setting) -> list[Segment]:
    """Boxes of which none leads to another, each by itself; outputs in the order of the spec."""
    order = {id: index for index, id in enumerate(setting.boxes)}
    if all(setting.boxes[id].kind == "output" for id in ids):
        ids = sorted(ids, key=order.__getitem__)
    return [Segment((id,), (), (), "", setting.frames(id)) for id in ids]


def _flipped(cell: Cell, cards: Mapping[str, Card]) -> Cell:
    """A cell that is read from below."""

    def over(rect: Rect, pile: float = 0.0) -> Rect:
        left, top, right, bottom = rect
        return left, -bottom - pile, right, -top - pile

    return Cell(
        {id: over(rect, cards[id].pile) for id, rect in cell.boxes.items()},
        [(path, over(rect)) for path, rect in cell.frames],
        {edge: tuple(tuple((x, -y) for x, y in part) for part in parts) for edge, parts in cell.lines.items()},
        {edge: (x, -y) for edge, (x, y) in cell.labels.items()},
        over(cell.bounds),
    )

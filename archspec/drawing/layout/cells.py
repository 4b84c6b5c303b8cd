"""The boxes of one resolution in one column of a layout by scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from archspec.drawing.content.cards import Card
from archspec.drawing.content.scene import Edge
from archspec.drawing.layout.columns import column, places
from archspec.drawing.layout.forks import piece
from archspec.drawing.layout.geometry import Part, Point, Rect, middle_of, shifted, shifted_parts, shifted_rect
from archspec.drawing.layout.segments import Segment, segments
from archspec.drawing.layout.setting import Setting


@dataclass
class Cell:
    """The boxes of a column and a level, in coordinates right and down.

    Attributes:
        boxes: The rectangle of each.
        frames: Path and rectangle of each frame.
        lines: The lines inside.
        labels: Where the text of those edges begins that have one.
        bounds: What holds all.
        fork: The height at which a line from outside parts to several of them; None where none does.
    """

    boxes: dict[str, Rect]
    frames: list[tuple[str, Rect]] = field(default_factory=list)
    lines: dict[Edge, tuple[Part, ...]] = field(default_factory=dict)
    labels: dict[Edge, Point] = field(default_factory=dict)
    bounds: Rect = (0.0, 0.0, 0.0, 0.0)
    fork: float | None = None

    def entered(self, id: str) -> float:
        """The height at which a line from beside leads straight to a box."""
        return middle_of(self.boxes[id]) if self.fork is None else self.fork

    def moved(self, by: Point) -> Cell:
        """The cell elsewhere."""
        return Cell(
            {id: shifted_rect(rect, by) for id, rect in self.boxes.items()},
            [(path, shifted_rect(rect, by)) for path, rect in self.frames],
            {edge: shifted_parts(parts, by) for edge, parts in self.lines.items()},
            {edge: shifted(start, by) for edge, start in self.labels.items()},
            shifted_rect(self.bounds, by),
            None if self.fork is None else self.fork + by[1],
        )


def cell_of(ids: Sequence[str], setting: Setting, *, upwards: bool) -> Cell:
    """Lay out boxes below each other, or above each other where they are read from below."""
    inside = set(ids)
    inner = [edge for edge in setting.scene.edges if edge.source in inside and edge.target in inside]
    chain = segments([setting.boxes[id] for id in ids], inner, setting.parents) if inner else _apart(ids, setting)
    forked = _forked(ids, inner, setting) if inner else None
    chain = forked or chain
    made = column(places(chain, [piece(each, setting) for each in chain], setting), setting)
    turned = setting.turned
    cell = Cell(
        {id: setting.turned_rect(rect) for id, rect in made.boxes.items()},
        [(path, setting.turned_rect(rect)) for path, rect, _ in made.frames],
        {edge: tuple(tuple(map(turned, part)) for part in made.lines[edge]) for edge in inner},
        {edge: turned(start) for edge, start in made.labels.items()},
        setting.turned_rect(made.bounds),
        turned(made.entry)[1] if forked else None,
    )
    return _flipped(cell, setting.cards) if upwards else cell


def _forked(ids: Sequence[str], inner: Sequence[Edge], setting: Setting) -> tuple[Segment, ...] | None:
    """Boxes as a chain that begins with a fork; None where not one tensor from outside leads to several of them."""
    inside = set(ids)
    taken = [edge for edge in setting.scene.edges if edge.target in inside and edge.source not in inside]
    if len({edge.tensor for edge in taken}) != 1 or len({edge.target for edge in taken}) < 2:
        return None
    chain = segments([setting.boxes[id] for id in ids], [*taken, *inner], setting.parents)
    return chain if len(chain[0].entering) == len(taken) else None


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
        None if cell.fork is None else -cell.fork,
    )

"""A picture as marks: rectangles, lines and texts in named styles, which SVG and PDF print alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import hypot

from archspec.drawing.content.cards import BAND, SPACE, Card, Span, wrapped
from archspec.drawing.content.colouring import Colouring, Legend, LegendItem
from archspec.drawing.content.labels import shape_text
from archspec.drawing.content.scene import Box, Figures, Scene
from archspec.drawing.layout.geometry import Part, Point, Rect
from archspec.drawing.layout.placing import MARGIN, PlacedEdge, PlacedFrame, Placing
from archspec.reports.table import short

Commands = tuple[tuple[str, tuple[Point, ...]], ...]
"""Of a path, as in SVG: M, L and C with their points, Z."""

_CORNER = 4.0
_TIP = 7.0, 3.0
"""Length and half the breadth of the tip of an arrow."""
_BASELINE = 16.0
_LINE = 13.0
_ROW = 16.0
_LEGEND = 300.0
"""The height of a line of a legend; and how broad it may be in a picture that is less broad."""


@dataclass(frozen=True, slots=True)
class RectMark:
    """A rectangle with round corners."""

    rect: Rect
    radius: float
    style: str


@dataclass(frozen=True, slots=True)
class PathMark:
    """Lines, open or closed."""

    commands: Commands
    style: str


@dataclass(frozen=True, slots=True)
class TextMark:
    """A line of text; ``anchor``: whether ``at`` is its ``start``, ``middle`` or ``end``."""

    at: Point
    spans: tuple[Span, ...]
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class BandMark:
    """The stripe of a family's colour or pattern at the left of a card, round where that is."""

    rect: Rect
    radius: float
    family: str

    def outline(self) -> Commands:
        """Its outline."""
        left, top, right, bottom = self.rect
        r, k = self.radius, self.radius * 0.45
        return (
            ("M", ((right, top),)),
            ("L", ((left + r, top),)),
            ("C", ((left + k, top), (left, top + k), (left, top + r))),
            ("L", ((left, bottom - r),)),
            ("C", ((left, bottom - k), (left + k, bottom), (left + r, bottom))),
            ("L", ((right, bottom),)),
            ("Z", ()),
        )

    def hatching(self, pattern: str) -> Commands:
        """Strokes of a pattern: ``lines``, ``cross``, ``bars`` or ``dots``; nothing for others."""
        return tuple(_strokes(self.rect, pattern))


def _strokes(rect: Rect, pattern: str) -> Iterator[tuple[str, tuple[Point, ...]]]:
    left, top, right, bottom = rect
    middle, y = (left + right) / 2, top + 5.0
    while y < bottom - 3:
        if pattern in ("lines", "cross"):
            yield from (("M", ((left, y + 2),)), ("L", ((right, y - 2),)))
        if pattern == "cross":
            yield from (("M", ((left, y - 2),)), ("L", ((right, y + 2),)))
        if pattern == "bars":
            yield from (("M", ((left, y),)), ("L", ((right, y),)))
        if pattern == "dots":
            yield from (("M", ((middle - 0.8, y),)), ("L", ((middle + 0.8, y),)))
        y += 3.0


Mark = RectMark | PathMark | TextMark | BandMark


@dataclass(frozen=True)
class Group:
    """Marks that belong together.

    Attributes:
        kind: ``frame``, ``edge``, ``node``, ``legend`` or ``notes``.
        id: What it shows, unlike every other group's.
        title: What it is, in a few words.
        description: Its figures.
        marks: The marks.
        data: What a script may want to know of it.
    """

    kind: str
    id: str
    title: str
    description: str
    marks: tuple[Mark, ...]
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """A picture; the unit is a point.

    Attributes:
        name: The network's name.
        title: What it shows.
        description: Its figures.
        size: Width and height.
        groups: The marks, those behind first.
    """

    name: str
    title: str
    description: str
    size: Point
    groups: tuple[Group, ...]


def picture(placing: Placing, colouring: Colouring) -> Picture:
    """The marks of a scene that is laid out."""
    scene = placing.scene
    boxes = {box.id: box for box in scene.boxes}
    groups = [_frame(frame, placing.rightwards, number) for number, frame in enumerate(placing.frames)]
    edges = sorted(placing.edges, key=lambda placed: placed.edge.role != "skip")
    groups += [_edge(placed, boxes) for placed in edges]
    groups = [replace(group, description="") for group in groups] if scene.symbolic else groups
    groups += [
        _node(box, placing.boxes[box.id], placing.cards[box.id], colouring, scene.symbolic) for box in scene.boxes
    ]
    width, height = placing.size
    if colouring.legend:
        legend, width, height = _legend(colouring.legend, width, height)
        groups.append(legend)
    if scene.notes:
        notes, width, height = _notes(scene, width, height)
        groups.append(notes)
    return Picture(
        name=scene.name,
        title=f"{scene.name}: {_LEVELS[scene.detail]}",
        description=" ".join(filter(None, (scene.doc, _total(scene)))),
        size=(width, height),
        groups=tuple(groups),
    )


def _total(scene: Scene) -> str:
    return "" if scene.symbolic else _sentence(replace(scene.figures, share=0.0))


_LEVELS = {"overview": "overview", "blocks": "blocks", "ops": "every op"}


def _sentence(figures: Figures, output: str = "") -> str:
    """The figures as a sentence."""
    texts = [f"output {output}"] if output else []
    texts.append(f"{figures.params:,} parameters")
    texts.append("MACs unknown" if figures.macs is None else f"{figures.macs:,} MACs")
    if figures.share:
        texts.append(f"{figures.share:.1%} of all MACs")
    if figures.other_ops:
        texts.append(f"{short(figures.other_ops)} other operations")
    if figures.receptive_field:
        texts.append(f"receptive field {'×'.join(map(str, figures.receptive_field))}")
    return ", ".join(texts) + "."


# Frames


def _frame(placed: PlacedFrame, rightwards: bool, number: int) -> Group:
    cluster, (left, top, right, _) = placed.cluster, placed.rect
    name = Span(f"… {cluster.name}" if placed.continued else cluster.name, "name")
    title = Span(cluster.title, "label")
    marks: list[Mark] = [RectMark(placed.rect, 6.0, "frame-failed" if cluster.problem else "frame-box")]
    if rightwards:
        marks.append(TextMark((left + 6, top + 11), (name, Span(SPACE * 3 + cluster.title, "label"))))
    else:
        marks.append(TextMark((left + 6, top + 11), (name,)))
        marks.append(TextMark((right - 6, top + 11), (title,), "end"))
    text = f"{cluster.title} {cluster.arguments}".strip() or "group"
    suffix = f" {number}" if placed.continued else ""
    return Group(
        "frame", f"frame {cluster.path}{suffix}", f"{cluster.path}: {text}",
        " ".join(filter(None, (cluster.problem, _sentence(cluster.figures)))), tuple(marks),
        {"path": cluster.path},
    )  # fmt: skip


# Edges


def _edge(placed: PlacedEdge, boxes: Mapping[str, Box]) -> Group:
    edge = placed.edge
    marks: list[Mark] = []
    if placed.parts:
        parts, tip = _with_tip(placed.parts)
        marks = [PathMark(_commands(parts), f"edge-{edge.role}"), PathMark(tip, f"tip-{edge.role}")]
    if placed.label:
        x, y = placed.label
        marks.append(TextMark((x, y + 3.2), (Span(shape_text(edge.shape), "shape"),)))
    source, target = boxes[edge.source], boxes[edge.target]
    kind = "shortcut " if edge.role == "skip" else ""
    number = f" {edge.operand}" if edge.operand else ""
    return Group(
        "edge",
        f"edge {edge.tensor} {edge.target}{number}",
        f"{kind}{_called(source)} to {_called(target)}",
        shape_text(edge.shape),
        tuple(marks),
        {"source": edge.source, "target": edge.target, "tensor": edge.tensor, "role": edge.role},
    )


def _called(box: Box) -> str:
    return box.title if box.kind in ("input", "output") else box.id


def _with_tip(parts: Sequence[Part]) -> tuple[tuple[Part, ...], Commands]:
    """A line that ends where the tip of an arrow begins, and the tip."""
    *before, last = parts
    end = last[-1]
    earlier = [point for part in parts for point in part if point != end]
    back = earlier[-1]
    length = hypot(end[0] - back[0], end[1] - back[1])
    along = (end[0] - back[0]) / length, (end[1] - back[1]) / length
    size, half = _TIP
    base = end[0] - along[0] * size, end[1] - along[1] * size
    corners = (
        (base[0] - along[1] * half, base[1] + along[0] * half),
        (base[0] + along[1] * half, base[1] - along[0] * half),
    )
    tip: Commands = (("M", (end,)), ("L", (corners[0],)), ("L", (corners[1],)), ("Z", ()))
    cut = end[0] - along[0] * (size - 1), end[1] - along[1] * (size - 1)
    if len(last) == 2:
        return (*before, (last[0], cut)), tip
    shift = cut[0] - end[0], cut[1] - end[1]
    control = last[2][0] + shift[0], last[2][1] + shift[1]
    return (*before, (last[0], last[1], control, cut)), tip


def _commands(parts: Sequence[Part]) -> Commands:
    """Parts as one path; straight ones that go on in the same direction become one."""
    found: list[tuple[str, tuple[Point, ...]]] = [("M", (parts[0][0],))]
    for part in parts:
        if found[-1][1][-1] != part[0]:
            found.append(("L", (part[0],)))
        if part[0] != part[-1]:
            found.append(("L" if len(part) == 2 else "C", part[1:]))
    return tuple(found)


# Boxes


def _node(box: Box, rect: Rect, card: Card, colouring: Colouring, symbolic: bool) -> Group:
    family = "failed" if box.problem else box.family
    fill = colouring.styles.get(box.id, family)
    marks = list(_card(rect, card, family, fill) if card.shape == "card" else ())
    if card.shape == "pill":
        marks = [RectMark(rect, min(rect[3] - rect[1], 22.0) / 2, _outline(box, fill)), *_centred(rect, card)]
    elif card.shape == "circle":
        marks = [RectMark(rect, (rect[3] - rect[1]) / 2, _outline(box, fill)), *_centred(rect, card)]
    return Group("node", box.id, _title(box), _description(box, symbolic), tuple(marks), _data(box))


def _outline(box: Box, fill: str) -> str:
    return f"pill-{fill}" + (" faint" if box.training_only else "")


def _title(box: Box) -> str:
    times = f" {box.times}" if box.times else ""
    text = f"{box.title} {box.arguments}".strip() + times
    return text if box.kind in ("input", "output") else f"{box.id}: {text}"


def _description(box: Box, symbolic: bool) -> str:
    if box.kind in ("input", "output"):
        owner = "block" if symbolic else "network"
        return f"{box.kind} of the {owner}" + (", in training only" if box.training_only else "")
    texts = [f"{text.rstrip('.')}." for text in (*box.lines, box.remark, box.problem, box.doc) if text]
    shape = shape_text(box.shape) if box.shape is not None else ""
    return " ".join(texts if symbolic else [*texts, _sentence(box.figures, shape)])


def _data(box: Box) -> dict[str, str]:
    data = {"path": box.id.rpartition(" ")[2], "kind": box.kind, "family": box.family}
    return data | ({"count": str(box.count)} if box.count > 1 else {})


def _card(rect: Rect, card: Card, family: str, fill: str) -> Iterator[Mark]:
    left, top, right, bottom = rect
    for depth in (2, 1) if card.count > 1 else ():
        by = card.pile * depth / 2
        yield RectMark((left + by, top + by, right + by, bottom + by), _CORNER, f"card-{fill}")
    yield RectMark(rect, _CORNER, f"card-{fill}")
    yield BandMark((left, top, left + BAND, bottom), _CORNER, family)
    for number, line in enumerate(card.lines):
        y = top + _BASELINE + _LINE * number
        yield TextMark((left + card.start, y), tuple(_readable(span, fill) for span in line.left))
        if line.right:
            yield TextMark((left + card.end, y), tuple(_readable(span, fill) for span in line.right), "end")


def _readable(span: Span, fill: str) -> Span:
    """A text, in the colour of titles where it stands on a scale."""
    return replace(span, style="text") if fill.startswith("heat") and not span.bold else span


def _centred(rect: Rect, card: Card) -> Iterator[Mark]:
    left, top, right, bottom = rect
    size = card.lines[0].left[0].size
    first = (top + bottom) / 2 + size * 0.36 - _LINE / 2 * (len(card.lines) - 1)
    for number, line in enumerate(card.lines):
        yield TextMark(((left + right) / 2, first + _LINE * number), line.left, "middle")


# Below it


def _notes(scene: Scene, width: float, height: float) -> tuple[Group, float, float]:
    """The notes below a picture of a size, and the size with them."""
    style = "name" if scene.symbolic else "problem"
    lines = [Span(line, style) for note in scene.notes for line in wrapped(note, max(width, _LEGEND) - 2 * MARGIN)]
    marks = tuple(TextMark((MARGIN, height + 9 + _LINE * number), (line,)) for number, line in enumerate(lines))
    group = Group("notes", "notes", "Notes", " ".join(scene.notes), marks)
    return group, max(width, *(line.width + 2 * MARGIN for line in lines)), height + _LINE * len(lines) + MARGIN / 2


def _legend(legend: Legend, width: float, height: float) -> tuple[Group, float, float]:
    """The legend below a picture of a size, and the size with it."""
    marks: list[Mark] = []
    x, y, most = MARGIN, height, max(width, _LEGEND) - MARGIN
    for item in legend.items:
        span = Span(item.text, "name")
        room = item.swatch + (span.width + 4 if item.text else 0.0)
        if x > MARGIN and x + room > most:
            x, y = MARGIN, y + _ROW
        marks += _swatch(item, x, y)
        if item.text:
            marks.append(TextMark((x + item.swatch + (4 if item.swatch else 0), y + 9), (span,)))
        x += room + legend.gap
        width = max(width, x - legend.gap + MARGIN)
    return Group("legend", "legend", "Legend", "", tuple(marks)), width, y + _ROW + MARGIN / 2


def _swatch(item: LegendItem, x: float, y: float) -> Iterator[Mark]:
    if item.style.startswith("edge"):
        yield PathMark((("M", ((x, y + 6),)), ("L", ((x + item.swatch, y + 6),))), item.style)
    elif item.style:
        yield RectMark((x, y, x + item.swatch, y + 12), 2.0 if item.family else 0.0, item.style)
    if item.family:
        yield BandMark((x, y, x + BAND, y + 12), 2.0, item.family)

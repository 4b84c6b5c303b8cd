"""A scene that is laid out becomes marks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import inf
from typing import NamedTuple

from archspec.drawing.content.cards import BAND, LINE_HEIGHT, SPACE, Card, Span
from archspec.drawing.content.colouring import Colouring
from archspec.drawing.content.labels import edge_text, shape_text
from archspec.drawing.content.scene import Box, Figures, Scene
from archspec.drawing.formats import legends
from archspec.drawing.formats.arrows import commands, with_tip
from archspec.drawing.formats.looks import HIGHLIGHT
from archspec.drawing.formats.marks import BandMark, Group, Mark, PathMark, Picture, RectMark, TextMark
from archspec.drawing.layout.geometry import Rect
from archspec.drawing.layout.placement import PlacedEdge, PlacedFrame, Placing
from archspec.reports.table import short

_CORNER = 4.0
_BASELINE = 16.0


class Caption(NamedTuple):
    """What is said of a picture as a whole.

    Attributes:
        title: What stands above it, in lines.
        totals: Whether the figures of the network stand below it.
        room: How broad that may be where the picture is less broad.
    """

    title: tuple[Span, ...] = ()
    totals: bool = False
    room: float = inf


def picture(placing: Placing, colouring: Colouring, caption: Caption = Caption()) -> Picture:  # noqa: B008 - frozen
    """The marks of a scene that is laid out, with room above it for its title."""
    scene = placing.scene
    boxes = {box.id: box for box in scene.boxes}
    groups = [_frame(frame, number) for number, frame in enumerate(placing.frames)]
    edges = sorted(placing.edges, key=lambda placed: placed.edge.role != "skip")
    groups += [_edge(placed, boxes) for placed in edges]
    groups = [replace(group, description="") for group in groups] if scene.symbolic else groups
    groups += [
        _node(box, placing.boxes[box.id], placing.cards[box.id], colouring, scene.symbolic) for box in scene.boxes
    ]
    width, height = placing.size
    if caption.title:
        title, width = legends.title(caption.title, width)
        groups.insert(0, title)
    if caption.totals:
        totals, width, height = legends.totals(scene, width, height, caption.room)
        groups.append(totals)
    if colouring.legend:
        legend, width, height = legends.legend(colouring.legend, width, height, caption.room)
        groups.append(legend)
    if scene.notes:
        notes, width, height = legends.notes(scene, width, height, caption.room)
        groups.append(notes)
    return Picture(
        name=scene.name,
        title=" ".join(line.text for line in caption.title) or f"{scene.name}: {_LEVELS[scene.detail]}",
        description=" ".join(filter(None, (scene.doc, _total(scene)))),
        size=(width, height),
        groups=tuple(groups),
    )


def height_around(scene: Scene, colouring: Colouring, caption: Caption, width: float) -> float:
    """How much higher a picture so broad is made by what stands above and below it."""
    height = legends.title_height(caption.title)
    if caption.totals:
        height = legends.totals(scene, width, height, caption.room)[2]
    if colouring.legend:
        height = legends.legend(colouring.legend, width, height, caption.room)[2]
    return legends.notes(scene, width, height, caption.room)[2] if scene.notes else height


def _total(scene: Scene) -> str:
    return "" if scene.symbolic else _sentence(scene.figures._replace(share=0.0))


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


def _frame(placed: PlacedFrame, number: int) -> Group:
    cluster, (left, top, right, bottom) = placed.cluster, placed.rect
    line = bottom - 4 if placed.upwards else top + 11
    name = Span(placed.name, "name")
    title = Span(cluster.title, "label")
    marks: list[Mark] = [RectMark(placed.rect, 6.0, "frame-failed" if cluster.problem else "frame-box")]
    if cluster.highlighted:
        marks.append(_highlight(placed.rect, 6.0))
    if placed.titled.together:
        marks.append(TextMark((left + placed.titled.name, line), (name, Span(SPACE * 3 + cluster.title, "label"))))
    else:
        marks.append(TextMark((left + placed.titled.name, line), (name,)))
        if not placed.titled.untold:
            marks.append(TextMark((right - placed.titled.title, line), (title,), "end"))
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
        parts, tip = with_tip(placed.parts)
        marks = [PathMark(commands(parts), f"edge-{edge.role}"), PathMark(tip, f"tip-{edge.role}")]
    if placed.label:
        x, y = placed.label
        marks.append(TextMark((x, y + 3.2), (Span(edge_text(edge), "shape"),)))
    source, target = boxes[edge.source], boxes[edge.target]
    kind = "shortcut " if edge.role == "skip" else ""
    return Group(
        "edge",
        f"edge {edge.tensor} {edge.target}",
        f"{kind}{_called(source)} to {_called(target)}",
        shape_text(edge.shape),
        tuple(marks),
        {"source": edge.source, "target": edge.target, "tensor": edge.tensor, "role": edge.role},
    )


def _called(box: Box) -> str:
    return box.title if box.kind in ("input", "output") else box.id


# Boxes


def _node(box: Box, rect: Rect, card: Card, colouring: Colouring, symbolic: bool) -> Group:
    family = "failed" if box.problem else box.family
    fill = colouring.styles.get(box.id, family)
    marks = list(_card(rect, card, family, fill) if card.shape == "card" else ())
    if card.shape == "pill":
        marks = [RectMark(rect, min(rect[3] - rect[1], 22.0) / 2, _outline(box, fill)), *_centred(rect, card)]
    elif card.shape == "circle":
        marks = [RectMark(rect, (rect[3] - rect[1]) / 2, _outline(box, fill)), *_centred(rect, card)]
    if box.highlighted:
        radius = _CORNER if card.shape == "card" else min(rect[3] - rect[1], 22.0) / 2
        marks.append(_highlight(rect, radius))
    return Group("node", box.id, _title(box), _description(box, symbolic), tuple(marks), _data(box))


def _highlight(rect: Rect, radius: float) -> RectMark:
    """An outline inside a rectangle: it covers nothing beside it, and texts are further in."""
    left, top, right, bottom = rect
    by = HIGHLIGHT / 2
    return RectMark((left + by, top + by, right - by, bottom - by), radius - by, "highlight")


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
    texts = [f"{text.rstrip('.')}." for text in (*box.lines, box.remark, box.problem, box.note, box.doc) if text]
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
        y = top + _BASELINE + LINE_HEIGHT * number
        yield TextMark((left + card.start, y), tuple(_readable(span, fill) for span in line.left))
        if line.right:
            yield TextMark((left + card.end, y), tuple(_readable(span, fill) for span in line.right), "end")


def _readable(span: Span, fill: str) -> Span:
    """A text, in the colour of titles where it stands on a scale."""
    return span._replace(style="text") if fill.startswith("heat") and not span.bold else span


def _centred(rect: Rect, card: Card) -> Iterator[Mark]:
    left, top, right, bottom = rect
    size = card.lines[0].left[0].size
    first = (top + bottom) / 2 + size * 0.36 - LINE_HEIGHT / 2 * (len(card.lines) - 1)
    for number, line in enumerate(card.lines):
        yield TextMark(((left + right) / 2, first + LINE_HEIGHT * number), line.left, "middle")

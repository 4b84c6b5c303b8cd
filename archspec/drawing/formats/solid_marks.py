"""Volumes that are laid out become marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archspec.drawing.content.cards import Span, wrapped
from archspec.drawing.content.colouring import Colouring
from archspec.drawing.formats import legends
from archspec.drawing.formats.arrows import commands, with_tip
from archspec.drawing.formats.marking import Caption
from archspec.drawing.formats.marks import Commands, FaceMark, Group, Mark, PathMark, Picture, RectMark, TextMark
from archspec.drawing.layout.bodies import LABEL, LABEL_LINE, Scales
from archspec.drawing.layout.geometry import Point
from archspec.drawing.layout.pages import MARGIN
from archspec.drawing.layout.solids import PlacedFlow, PlacedVolume, Solids

_NOTE = 8.0


def picture(solids: Solids, colouring: Colouring, caption: Caption = Caption()) -> Picture:  # noqa: B008 - frozen
    """The marks of volumes, with room above them for a title."""
    scene = solids.volumes.scene
    ordered = sorted(solids.lines, key=lambda line: line.flow.role != "skip")
    groups = [_line(line) for line in ordered]
    groups += [_volume(each, colouring) for each in solids.placed]
    width, height = solids.size
    if caption.title:
        title, width = legends.title(caption.title, width)
        groups.insert(0, title)
    below, size = told_below(solids.scales, colouring, (width, height), caption.room)
    figures = f"{scene.figures.params:,} parameters."
    return Picture(
        name=scene.name,
        title=" ".join(line.text for line in caption.title) or f"{scene.name}: volumes",
        description=" ".join(filter(None, (scene.doc, figures, scales_text(solids.scales)))),
        size=size,
        groups=(*groups, *below),
    )


def told_below(scales: Scales, colouring: Colouring, size: Point, room: float) -> tuple[list[Group], Point]:
    """The legend and the scales below volumes of a size, and the size with them.

    Args:
        scales: What lengths mean.
        colouring: What colours mean.
        size: The width and height of the volumes.
        room: How broad a picture may be that is less broad.
    """
    groups: list[Group] = []
    width, height = size
    if colouring.legend:
        legend, width, height = legends.legend(colouring.legend, width, height, room)
        groups.append(legend)
    note = scales_text(scales)
    lines = wrapped(note, legends.breadth(width, room) - 2 * MARGIN)
    marks = [TextMark((MARGIN, height + 6 + 10 * n), (Span(line, "name", _NOTE),)) for n, line in enumerate(lines)]
    if marks:
        groups.append(Group("notes", "notes", "Scales", note, tuple(marks)))
        width = max(width, *(mark.spans[0].width + 2 * MARGIN for mark in marks))
        height += 10 * len(lines) + MARGIN
    return groups, (width, height)


def scales_text(scales: Scales) -> str:
    """What lengths mean, in a sentence."""
    told = (
        ("height and width to {}those of maps", scales.side),
        ("thickness to {}channels", scales.channels),
        ("vectors to {}their length", scales.vector),
    )
    texts = [text.format(scale.of) for text, scale in told if scale]
    return f"In proportion: {', '.join(texts)}." if texts else ""


def _line(placed: PlacedFlow) -> Group:
    flow = placed.flow
    parts, tip = with_tip(placed.parts)
    marks = (PathMark(commands(parts), f"edge-{flow.role}"), PathMark(tip, f"tip-{flow.role}"))
    title = f"{'shortcut ' if flow.role == 'skip' else ''}{flow.source} to {flow.target}"
    data = {"source": flow.source, "target": flow.target, "role": flow.role}
    return Group("edge", f"edge {flow.source} {flow.target}", title, "", marks, data)


def _volume(placed: PlacedVolume, colouring: Colouring) -> Group:
    volume = placed.volume
    fill = colouring.styles.get(volume.id, volume.family)
    if volume.form in ("join", "card"):
        marks = tuple(_worded(placed, fill))
    else:
        slabs = [colouring.styles.get(slab.id, slab.family) for slab in volume.slabs]
        marks = (*_solid(placed, slabs or [fill] * len(placed.body.slabs)), *_label(placed))
    data = {"path": volume.id.rpartition(" ")[2], "form": volume.form, "family": volume.family}
    return Group("node", volume.id, volume.title, " ".join(volume.lines), marks, data)


def _solid(placed: PlacedVolume, fills: Sequence[str]) -> Iterator[Mark]:
    """The slabs of a volume from left to right, each its side, its top and its front; the next hides its side."""
    (left, top, _, bottom), body = placed.rect, placed.body
    for start, thickness, fill in zip(body.starts(), body.slabs, fills, strict=True):
        x, y = left + start, bottom - body.height
        right = x + thickness
        if body.back:
            back = body.back
            yield PathMark(_closed((right, y), (right + back, top), (right + back, bottom - back), (right, bottom)),
                           f"side-{fill}")  # fmt: skip
            yield PathMark(_closed((x, y), (x + back, top), (right + back, top), (right, y)), f"top-{fill}")
        yield FaceMark((x, y, right, bottom), f"front-{fill}", "" if fill.startswith("heat") else fill)


def _closed(*points: Point) -> Commands:
    first, *others = points
    return (("M", (first,)), *(("L", (point,)) for point in others), ("Z", ()))


def _label(placed: PlacedVolume) -> Iterator[Mark]:
    assert placed.label is not None
    left, top, right, _ = placed.label
    yield from _lines(placed, (left + right) / 2, top + LABEL_LINE - 2.2)


def _worded(placed: PlacedVolume, fill: str) -> Iterator[Mark]:
    """What a join or card is, within it."""
    left, top, right, bottom = placed.rect
    is_join = placed.volume.form == "join"
    yield RectMark(placed.rect, (bottom - top) / 2 if is_join else 3.0, f"card-{fill}")
    middle = (top + bottom) / 2 - LABEL_LINE / 2 * (len(placed.volume.lines) - 1)
    yield from _lines(placed, (left + right) / 2, middle + LABEL * 0.36)


def _lines(placed: PlacedVolume, x: float, y: float) -> Iterator[Mark]:
    for number, line in enumerate(placed.volume.lines):
        style = "title" if number == 0 else "text"
        yield TextMark((x, y + LABEL_LINE * number), (Span(line, style, LABEL),), "middle")

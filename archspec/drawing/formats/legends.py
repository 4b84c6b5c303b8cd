"""What stands below a picture: the legend of its colours, and notes."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.drawing.content.cards import BAND, LINE_HEIGHT, Span, wrapped
from archspec.drawing.content.colouring import Legend, LegendItem
from archspec.drawing.content.scene import Scene
from archspec.drawing.formats.marks import BandMark, Group, Mark, PathMark, RectMark, TextMark
from archspec.drawing.layout.placed import MARGIN

_ROW = 16.0
_LEGEND = 300.0
"""The height of a line of a legend; and how broad it may be in a picture that is less broad."""


def notes(scene: Scene, width: float, height: float) -> tuple[Group, float, float]:
    """The notes below a picture of a size, and the size with them."""
    style = "name" if scene.symbolic else "problem"
    lines = [Span(line, style) for note in scene.notes for line in wrapped(note, max(width, _LEGEND) - 2 * MARGIN)]
    marks = tuple(TextMark((MARGIN, height + 9 + LINE_HEIGHT * number), (line,)) for number, line in enumerate(lines))
    group = Group("notes", "notes", "Notes", " ".join(scene.notes), marks)
    width = max(width, *(line.width + 2 * MARGIN for line in lines))
    return group, width, height + LINE_HEIGHT * len(lines) + MARGIN / 2


def legend(legend: Legend, width: float, height: float) -> tuple[Group, float, float]:
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

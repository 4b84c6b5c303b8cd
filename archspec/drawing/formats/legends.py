"""What stands above and below a picture: its title, the network's figures, the legend of its colours, and notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from archspec.drawing.content.cards import BAND, LINE_HEIGHT, SMALL, Span, wrapped
from archspec.drawing.content.colouring import Legend, LegendItem
from archspec.drawing.content.labels import printable
from archspec.drawing.content.scene import Scene
from archspec.drawing.formats.marks import BandMark, FaceMark, Group, Mark, PathMark, RectMark, TextMark
from archspec.drawing.layout.geometry import Point
from archspec.drawing.layout.pages import MARGIN
from archspec.reports.table import short

_ROW = 16.0
_LEGEND = 300.0
"""The height of a line of a legend; and how broad it may be in a picture that is less broad."""
_BOLDER = 1.2
"""How much wider bold letters are than others, at most."""

_TITLE = 13.0
_TITLE_HEIGHT = 17.0


def breadth(width: float, room: float = inf) -> float:
    """How broad what stands above and below a picture may be: as the picture, or broader where there is room."""
    return max(width, min(_LEGEND, room))


def title_lines(text: str, width: float) -> list[Span]:
    """A title in lines for a picture so broad."""
    room = (width - 2 * MARGIN) * SMALL / _TITLE / _BOLDER
    return [Span(line, "title", _TITLE) for line in wrapped(printable(text), room)]


def title_height(lines: Sequence[Span]) -> float:
    """How high a title is."""
    return _TITLE_HEIGHT * len(lines) + (MARGIN / 2 if lines else 0.0)


def title(lines: Sequence[Span], width: float) -> tuple[Group, float]:
    """The title at the top of a picture so broad, and how broad that is with it."""
    marks = tuple(
        TextMark((MARGIN, MARGIN + _TITLE + _TITLE_HEIGHT * number), (line,)) for number, line in enumerate(lines)
    )
    text = " ".join(line.text for line in lines)
    return Group("title", "title", text, "", marks), max(width, *(line.width + 2 * MARGIN for line in lines))


def totals(scene: Scene, width: float, height: float, room: float) -> tuple[Group, float, float]:
    """The figures of the network below a picture of a size, and the size with them."""
    figures = scene.figures
    macs = "" if figures.macs is None else f", {short(figures.macs)} MACs"
    return _below("totals", "Totals", [f"{scene.name}: {short(figures.params)} parameters{macs}"], "name",
                  (width, height), room)  # fmt: skip


def notes(scene: Scene, width: float, height: float, room: float) -> tuple[Group, float, float]:
    """The notes below a picture of a size, and the size with them."""
    style = "name" if scene.symbolic else "problem"
    return _below("notes", "Notes", scene.notes, style, (width, height), room)


def _below(
    kind: str, title: str, texts: Sequence[str], style: str, size: Point, room: float
) -> tuple[Group, float, float]:
    """Lines of text below a picture of a size, and the size with them."""
    width, height = size
    broad = breadth(width, room) - 2 * MARGIN
    lines = [Span(line, style) for text in texts for line in wrapped(text, broad)]
    marks = tuple(TextMark((MARGIN, height + 9 + LINE_HEIGHT * number), (line,)) for number, line in enumerate(lines))
    width = max(width, *(line.width + 2 * MARGIN for line in lines))
    group = Group(kind, kind, title, " ".join(texts), marks)
    return group, width, height + LINE_HEIGHT * len(lines) + MARGIN


def legend(legend: Legend, width: float, height: float, room: float) -> tuple[Group, float, float]:
    """The legend below a picture of a size, and the size with it."""
    marks: list[Mark] = []
    x, y, most = MARGIN, height, breadth(width, room) - MARGIN
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
    elif item.style.startswith("front"):
        yield FaceMark((x, y, x + item.swatch, y + 12), item.style, item.family)
        return
    elif item.style:
        yield RectMark((x, y, x + item.swatch, y + 12), 2.0 if item.family else 0.0, item.style)
    if item.family:
        yield BandMark((x, y, x + BAND, y + 12), 2.0, item.family)

"""What is written in a box, line by line, and how large that makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from archspec.drawing.content.fonts import text_width
from archspec.drawing.content.labels import shape_text, times
from archspec.drawing.content.scene import Box, Scene
from archspec.errors import UsageError, did_you_mean
from archspec.reports.table import short, show_bytes

TITLE, SMALL = 11.0, 9.0
"""Sizes of text, in points."""

LEGIBLE = 6.0
"""The least size that can be read on paper, in points."""

FIGURES = ("shape", "params", "macs", "share", "activations", "receptive_field")
"""What a box can say it costs."""

TOTALS = "totals"
SHOWN = (*FIGURES, TOTALS)
"""What a picture can say: the figures of its boxes, and below it those of the network."""

SPACE = " "
"""Between spans."""

_PADDING = 9.0
BAND = 6.0
"""The stripe of a family's colour at the left of a box."""
LINE_HEIGHT = 13.0
_FIRST = 20.0
_GAP = 14.0
"""Between what stands left and right in a line."""
ROOMS = (190.0, 150.0, 120.0, 80.0)
"""Lines of arguments are broken at the first width; in a picture that has to be narrower, other lines too."""
_FEW = 25
"""Boxes of a picture of up to so many are all of one width."""
_ALIKE = 0.8
"""The part of the boxes that are of one width in others; the rest is wider."""


class Span(NamedTuple):
    """A text in one style: ``title``, ``text``, ``name``, ``remark``, ``note``, ``problem`` or ``count``."""

    text: str
    style: str
    size: float = SMALL

    @property
    def bold(self) -> bool:
        """Whether it is bold."""
        return self.style in ("title", "count")

    @property
    def width(self) -> float:
        """Its width in points."""
        return text_width(self.text, self.size, bold=self.bold)


class Line(NamedTuple):
    """A line of a card: what stands at its left, and at its right."""

    left: tuple[Span, ...]
    right: tuple[Span, ...] = ()

    @property
    def width(self) -> float:
        """Its least width."""
        sides = [sum(span.width for span in side) for side in (self.left, self.right) if side]
        return sum(sides) + _GAP * (len(sides) - 1)


@dataclass(frozen=True, slots=True)
class Card:
    """A box as it is drawn.

    Attributes:
        shape: ``card``; ``pill`` for inputs, outputs and concatenations; ``circle`` for sums.
        lines: What it says.
        width: Its width in points.
        height: Its height in points.
        count: The number of copies, drawn as a pile.
    """

    shape: str
    lines: tuple[Line, ...]
    width: float
    height: float
    count: int = 1

    @property
    def pile(self) -> float:
        """How far the copies behind it stand out, to the right and below."""
        return 6.0 if self.count > 1 else 0.0

    @property
    def start(self) -> float:
        """Where its lines begin, from the left."""
        return BAND + _PADDING - 2 if self.shape == "card" else _PADDING

    @property
    def end(self) -> float:
        """Where its lines end."""
        return self.width - _PADDING


def cards(scene: Scene, show: Sequence[str] = (), room: float = ROOMS[0]) -> Mapping[str, Card]:
    """The cards of a scene's boxes, each as wide as what it says.

    Args:
        scene: The scene.
        show: What each box says, of `SHOWN`.
        room: How wide lines are before they are broken, of `ROOMS`.

    Raises:
        UsageError: There is no such figure, or the scene has none.
    """
    if scene.symbolic and show:
        raise UsageError("a block that is drawn by itself has no figures to show")
    for name in show:
        if name not in SHOWN:
            raise UsageError(f"there is no figure `{name}` to show; {did_you_mean(name, SHOWN)}".rstrip("; "))
    figures = [name for name in show if name != TOTALS]
    return {box.id: _card(box, scene, figures, room) for box in scene.boxes}


def evened(cards: Mapping[str, Card]) -> Mapping[str, Card]:
    """Cards that stand below each other, most of one width."""
    widths = sorted(card.width for card in cards.values() if card.shape == "card") or [0.0]
    usual = widths[-1] if len(widths) <= _FEW else widths[round(_ALIKE * (len(widths) - 1))]
    return {id: _widened(card, usual) for id, card in cards.items()}


def _widened(card: Card, width: float) -> Card:
    if card.shape != "card" or card.width > width:
        return card
    return Card(card.shape, card.lines, width, card.height, card.count)


def _card(box: Box, scene: Scene, show: Sequence[str], room: float) -> Card:
    if box.kind == "merge" and not box.problem:
        return _join(box)
    if box.kind in ("input", "output"):
        return _end(box, room)
    lines = tuple(_lines(box, scene.detail != "blocks", show, room))
    width = BAND + 2 * _PADDING - 2 + max(line.width for line in lines)
    return Card("card", lines, _even(width), _FIRST + 4 + LINE_HEIGHT * (len(lines) - 1), box.count)


def _even(width: float) -> float:
    return 2.0 * -(-width // 2)


def _join(box: Box) -> Card:
    if len(box.title) == 1 and not box.note and not box.arguments:
        return Card("circle", (Line((Span(box.title, "title", 13.0),)),), 20.0, 20.0)
    arguments = (Span(SPACE + box.arguments, "text"),) if box.arguments else ()
    lines = (Line((Span(box.title, "title"), *arguments)), *_note(box, ROOMS[-1]))
    width = max(line.width for line in lines)
    return Card("pill", lines, _even(width + 2 * _PADDING), 18.0 + LINE_HEIGHT * (len(lines) - 1))


def _end(box: Box, room: float) -> Card:
    title, shape = Span(box.title, "title", TITLE), Span(SPACE * 2 + box.arguments, "text", TITLE)
    notes = [*(Line((Span(line, "name"),)) for line in box.lines), *_note(box, room)]
    if room < ROOMS[0] and title.width + shape.width > room and box.arguments:
        notes = [Line((Span(box.arguments, "text"),)), *notes]
        lines = (Line((title,)), *notes)
    else:
        lines = (Line((title, shape)), *notes)
    width = max(line.width for line in lines) + 2 * _PADDING + 4
    return Card("pill", lines, _even(width), 22.0 + LINE_HEIGHT * len(notes))


def _note(box: Box, room: float) -> list[Line]:
    """The lines of what a reader is told of a box."""
    return [Line((Span(text, "note"),)) for text in wrapped(box.note, room)]


def _lines(box: Box, beside: bool, show: Sequence[str], room: float) -> list[Line]:
    """The lines of a card; ``beside``: its name stands beside its title, not below."""
    title = Span(box.title, "title", TITLE)
    name = (Span(box.name, "name"),) if box.name else ()
    arguments = Span(SPACE + box.arguments, "text", TITLE) if box.arguments else None
    times_ = (Span(SPACE * 2 + box.times, "count", TITLE),) if box.times else ()
    if arguments and title.width + arguments.width > room:
        texts = wrapped(box.arguments, room, ", ")
        first = (title, *times_)
    else:
        texts = []
        first = (title, *([arguments] if arguments else []), *times_)
    more = box.lines
    if room < ROOMS[0]:
        more = tuple(part for line in box.lines for part in wrapped(line, room, ", "))
        beside = beside and sum(span.width for span in (*first, *name)) + _GAP <= room
    below = [*texts, *more]
    lines = [Line(first, name if beside else ())]
    if name and not beside:
        joined = Line((Span(below[0], "text"),), name) if below else Line(name)
        if room < ROOMS[0] and joined.width > room:
            lines += [Line((Span(text, "name"),)) for text in wrapped(box.name, room, ", ")]
        else:
            lines.append(joined)
            below = below[1:]
    lines += [Line((Span(text, "text"),)) for text in below]
    lines += [Line((Span(text, "remark"),)) for text in wrapped(box.remark, room, ", ")]
    lines += [Line((Span(text, "problem"),)) for text in wrapped(box.problem, room)]
    lines += _note(box, room)
    figures = [text for text in (figure(box, name) for name in show) if text]
    return lines + [Line((Span(text, "name"),)) for text in _pairs(figures)]


def wrapped(text: str, room: float, between: str = " ") -> list[str]:
    """A text in lines no broader than ``room``, broken between words, or where ``between`` stands."""
    lines: list[str] = []
    for word in text.split(between) if text else ():
        longer = f"{lines[-1]}{between}{word}" if lines else word
        if lines and text_width(longer, SMALL) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _pairs(texts: Sequence[str]) -> list[str]:
    return [" · ".join(texts[index : index + 2]) for index in range(0, len(texts), 2)]


def figure(box: Box, name: str) -> str:
    """A figure of a box as text; empty where there is none to tell."""
    figures = box.figures
    if name == "shape":
        return shape_text(box.shape) if box.shape is not None else ""
    if name == "params":
        return f"{short(figures.params)} params" if figures.params else ""
    if name == "macs":
        return f"{short(figures.macs)} MACs" if figures.macs != 0 else ""
    if name == "share":
        return f"{figures.share:.1%} of MACs" if figures.macs else ""
    if name == "activations":
        return f"{show_bytes(figures.activations)} activations"
    field = figures.receptive_field
    return f"receptive field {times(field)}" if field else ""

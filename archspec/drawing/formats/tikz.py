"""A picture as TikZ that a person can edit: styles first, a node for each box, places and lines said by other nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from typing_extensions import override

from archspec.drawing.content.cards import LINE_HEIGHT, Card, Line
from archspec.drawing.content.colouring import Colouring
from archspec.drawing.content.labels import edge_text
from archspec.drawing.content.scene import Box
from archspec.drawing.content.typefaces import Typeface
from archspec.drawing.formats.latex import escaped
from archspec.drawing.formats.marks import Picture
from archspec.drawing.formats.themes import Theme
from archspec.drawing.formats.tikz_document import Printer
from archspec.drawing.formats.tikz_lines import Anchors, path
from archspec.drawing.formats.tikz_names import distance, frame_id, held_by_frames, holds, node_names
from archspec.drawing.formats.tikz_styles import Styles, card_bases
from archspec.drawing.layout.pages import Sheet
from archspec.drawing.layout.placement import PlacedEdge, PlacedFrame, Placing
from archspec.drawing.layout.titles import INSET


class CardPrinter(Printer):
    """Prints cards: a node for each, with what is written in it."""

    swatch = "card"

    def __init__(
        self, placing: Placing, picture: Picture, colouring: Colouring, theme: Theme, sheet: Sheet, face: Typeface
    ) -> None:
        self.placing = placing
        self.colouring = colouring
        self.names = node_names(placing.scene.boxes, placing.frames)
        self.held = held_by_frames(placing)
        piles = {id: card.pile for id, card in placing.cards.items()}
        anchors = Anchors(placing.boxes, piles, self.names, sheet.scale)
        styles = Styles(theme, face, anchors.number, card_bases(anchors.number))
        super().__init__(picture, sheet, anchors, styles)

    @override
    def _drawn(self) -> Iterator[str]:
        yield from self._nodes()
        yield from self._behind()

    # Boxes

    def _nodes(self) -> Iterator[str]:
        """A node for each box, below or beside one that is there already where it stands so."""
        boxes = self.placing.scene.by_id
        yield from (self._box(boxes[id], near) for id, near in self._beside(boxes, self._sources()))

    def _sources(self) -> Mapping[str, list[str]]:
        """The boxes that each box takes from, those whose lines are shortcuts last."""
        found: dict[str, list[str]] = {}
        for placed in self.placing.edges:
            sources = found.setdefault(placed.edge.target, [])
            sources.insert(len(sources) if placed.edge.role == "skip" else 0, placed.edge.source)
        return found

    def _box(self, box: Box, near: str) -> str:
        card = self.placing.cards[box.id]
        options = [self._style(box, card), self._size(box.id, card), *self._extras(box, card)]
        text = self._text(card)
        if self._stretched(box.id, card) > 1:
            text += rf" \\[{self.number(self._stretched(box.id, card) - LINE_HEIGHT)}bp] ~"
        return self._node(options, box.id, near, text)

    def _stretched(self, id: str, card: Card) -> float:
        """How much higher a box is than what it says, as one that gives tensors of several levels."""
        _, top, _, bottom = self.placing.boxes[id]
        return bottom - top - card.height

    def _style(self, box: Box, card: Card) -> str:
        return self.styles.box("failed" if box.problem else box.family, card.shape)

    def _size(self, id: str, card: Card) -> str:
        if card.shape == "circle":
            return f"minimum size={self.number(card.width)}bp"
        width, height = self.number(card.width), self.number(card.height + self._stretched(id, card))
        if card.shape == "pill":
            return f"minimum width={width}bp, minimum height={height}bp"
        return f"size={{{width}}}{{{height}}}"

    def _extras(self, box: Box, card: Card) -> Iterator[str]:
        fill = self.colouring.styles.get(box.id)
        if fill is not None:
            yield f"fill={self.styles.heat(fill)}"
        if card.count > 1:
            yield self.styles.named("pile")
        if box.training_only:
            yield "dashed"
        if box.highlighted:
            yield self.styles.named("highlight")

    def _text(self, card: Card) -> str:
        if card.shape != "card":
            return r" \\ ".join(self._spans(line.left) for line in card.lines)
        return r" \\ ".join(map(self._line, card.lines))

    def _line(self, line: Line) -> str:
        right = rf" \hfill {self._spans(line.right)}" if line.right else ""
        return self._spans(line.left) + right

    # Frames and lines, behind the boxes

    def _behind(self) -> Iterator[str]:
        yield r"\begin{scope}[on background layer]"
        yield from (f"  {line}" for line in self._background())
        yield r"\end{scope}"

    def _background(self) -> Iterator[str]:
        if self.styles.has_page:
            yield r"\fill[page] (current bounding box.south west) rectangle (current bounding box.north east);"
        for number, frame in enumerate(self.placing.frames):
            yield from self._frame(frame, self.names[frame_id(number)])
        for placed in sorted(self.placing.edges, key=lambda placed: placed.edge.role != "skip"):
            if placed.parts:
                yield self._edge(placed)
            if placed.label:
                yield self._label(placed)

    def _frame(self, frame: PlacedFrame, name: str) -> Iterator[str]:
        left, top, right, bottom = frame.rect
        inside = self.held[frame.cluster.path]
        held = [id for id in inside if holds(frame.rect, self.placing.boxes[id])] or inside
        first, last = held[0], held[-1]
        corners = self._corner((left, top), first, "north west"), self._corner((right, bottom), last, "south east")
        style = "failed frame" if frame.cluster.problem else "frame"
        bright = f", {self.styles.named('highlight')}" if frame.cluster.highlighted else ""
        yield rf"\node[{self.styles.named(style)}{bright}, fit={{{' '.join(corners)}}}] ({name}) {{}};"
        side = "south" if frame.upwards else "north"
        texts = {"west": frame.name, "east": "" if frame.titled.untold else frame.cluster.title}
        if frame.titled.together:
            texts = {"west": f"{frame.name}   {frame.cluster.title}"}
        aside = {"west": frame.titled.name - INSET, "east": INSET - frame.titled.title}
        for end, text in texts.items():
            if text.strip():
                options = f"{self.styles.named('frame title')}, anchor={side} {end}"
                options += f", xshift={self.number(aside[end])}bp" if aside[end] else ""
                yield rf"\node[{options}] at ({name}.{side} {end}) {{{self._muted(text)}}};"

    def _muted(self, text: str) -> str:
        return rf"\{self.styles.command('boxname')}{{{escaped(text)}}}"

    def _corner(self, point: tuple[float, float], id: str, side: str) -> str:
        left, top, right, bottom = self.placing.boxes[id]
        x, y = (left, top) if side == "north west" else (right, bottom)
        return f"([shift={{{self.anchors.step((point[0] - x, y - point[1]))}}}]{self.names[id]}.{side})"

    def _edge(self, placed: PlacedEdge) -> str:
        edge = placed.edge
        style = self.styles.line(edge.role)
        return rf"\draw[{style}] {path(placed.parts, edge.source, edge.target, self.anchors)};"

    def _label(self, placed: PlacedEdge) -> str:
        assert placed.label is not None
        edge = placed.edge
        ends = [(self.placing.boxes[id], id) for id in (edge.source, edge.target)]
        _, id = min(ends, key=lambda end: distance(end[0], placed.label or (0.0, 0.0)))
        place = self.anchors.at(placed.label, id)
        return rf"\node[{self.styles.named('tensor')}] at {place} {{{self._muted(edge_text(edge))}}};"

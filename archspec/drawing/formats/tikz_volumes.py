"""Volumes as TikZ that a person can edit: a node for each, its faces and its label said by it, lines by their ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from typing_extensions import override

from archspec.drawing.content.colouring import Colouring
from archspec.drawing.content.typefaces import Typeface
from archspec.drawing.formats.latex import escaped
from archspec.drawing.formats.marks import Picture
from archspec.drawing.formats.themes import Theme
from archspec.drawing.formats.tikz_document import Printer
from archspec.drawing.formats.tikz_lines import Anchors, path
from archspec.drawing.formats.tikz_names import node_names
from archspec.drawing.formats.tikz_styles import Styles, arrow_base, font_of
from archspec.drawing.layout.bodies import LABEL, LABEL_LINE
from archspec.drawing.layout.geometry import Point, Rect
from archspec.drawing.layout.pages import Sheet
from archspec.drawing.layout.solids import PlacedFlow, PlacedVolume, Solids

_NEAR = 0.05
_RAISED = 0.8
"""How much nearer a label stands than the letters in it: a strut is that much higher."""
_SOLID = r"""\def\solid[#1]#2#3#4#5#6{% a face's style, a node, from its left, thickness, height, how far back
    \begin{scope}[shift={([xshift=#3bp]#2.south west)}]
      \path[#1 side] (#4,0) -- ++(#6,#6) -- ++(0,#5) -- ++(-#6,-#6) -- cycle;
      \path[#1 top] (0,#5) -- ++(#6,#6) -- ++(#4,0) -- ++(-#6,-#6) -- cycle;
      \path[#1 front] (0,0) rectangle (#4,#5);
    \end{scope}}"""


def _bases(face: Typeface, number: Callable[[float], str]) -> Iterator[str]:
    """What the styles of nodes and lines have in common."""
    text = f"align=center, font={font_of(face, number(LABEL), number(LABEL_LINE))}"
    line = f"line width={number(1)}bp, {text}"
    yield "volume/.style 2 args={minimum width=#1bp, minimum height=#2bp}"
    yield f"caption/.style={{{text}}}"
    yield f"card/.style={{{line}, rounded corners={number(3)}bp}}"
    yield f"round/.style={{{line}, shape=circle}}"
    yield arrow_base(number, 4.0)


def _label_id(id: str) -> str:
    """The key of a label among the nodes."""
    return f"label {id}"


class VolumePrinter(Printer):
    """Prints volumes: a node for each, with its faces, and one for its label."""

    swatch = "plain"

    def __init__(
        self, solids: Solids, picture: Picture, colouring: Colouring, theme: Theme, sheet: Sheet, face: Typeface
    ) -> None:
        self.solids = solids
        self.colouring = colouring
        boxes = solids.volumes.scene.by_id
        names = node_names([boxes[placed.volume.id] for placed in solids.placed], ())
        self.labels = {placed.volume.id: placed.label for placed in solids.placed if placed.label}
        rects: dict[str, Rect] = {placed.volume.id: placed.rect for placed in solids.placed}
        for id, rect in self.labels.items():
            rects[_label_id(id)] = rect
            names[_label_id(id)] = f"{names[id]} label"
        anchors = Anchors(rects, dict.fromkeys(rects, 0.0), names, sheet.scale)
        super().__init__(picture, sheet, anchors, Styles(theme, face, anchors.number, _bases(face, anchors.number)))

    @override
    def _drawn(self) -> Iterator[str]:
        placed = {each.volume.id: each for each in self.solids.placed}
        for id, near in self._beside(placed, self._sources()):
            yield from self._volume(placed[id], near)
        yield r"\begin{scope}[on background layer]"
        if self.styles.has_page:
            yield r"  \fill[page] (current bounding box.south west) rectangle (current bounding box.north east);"
        yield from (f"  {self._line(line)}" for line in sorted(self.solids.lines, key=_is_body))
        yield r"\end{scope}"

    def _sources(self) -> Mapping[str, list[str]]:
        """What each is made from, the one whose line is no shortcut first."""
        found: dict[str, list[str]] = {}
        for line in sorted(self.solids.lines, key=lambda line: line.flow.role == "skip"):
            found.setdefault(line.flow.target, []).append(line.flow.source)
        return found

    # Volumes

    def _volume(self, placed: PlacedVolume, near: str) -> Iterator[str]:
        """The node of a volume, its slabs from left to right, and its label."""
        volume, body = placed.volume, placed.body
        fill = self.colouring.styles.get(volume.id, volume.family)
        if placed.label is None:
            yield self._node(self._card(placed, fill), volume.id, near, self._lines(placed))
            return
        size = f"volume={{{self.number(body.width)}}}{{{self.number(body.tall)}}}"
        yield self._node([size], volume.id, near, "")
        command = self.styles.define("solid", _SOLID)
        fills = [self.colouring.styles.get(slab.id, slab.family) for slab in volume.slabs]
        for start, thickness, each in zip(body.starts(), body.slabs, fills or [fill] * len(body.slabs), strict=True):
            lengths = "".join(f"{{{self.number(length)}}}" for length in (start, thickness, body.height, body.back))
            yield rf"\{command}[{self.styles.face(each)}]{{{self.anchors.names[volume.id]}}}{lengths}"
        below = self.number(placed.label[1] - placed.rect[3] + _RAISED)
        name = self.anchors.names[volume.id]
        yield rf"\node[caption, below={below}bp of {name}] ({name} label) {{\strut {self._lines(placed)}\strut}};"

    def _card(self, placed: PlacedVolume, fill: str) -> Iterator[str]:
        """The options of a join or card."""
        is_join = placed.volume.form == "join"
        yield self.styles.box(placed.volume.family, "circle" if is_join else "plain")
        if fill != placed.volume.family:
            yield f"fill={self.styles.heat(fill)}"
        width, height = self.number(placed.body.width), self.number(placed.body.tall)
        yield f"minimum size={width}bp" if is_join else f"minimum width={width}bp, minimum height={height}bp"

    def _lines(self, placed: PlacedVolume) -> str:
        first, *others = placed.volume.lines
        bold = self.styles.define("shape", r"\def\shape#1{{\bfseries #1}}")
        return r" \\ ".join([rf"\{bold}{{{escaped(first)}}}", *map(escaped, others)])

    # Lines

    def _line(self, placed: PlacedFlow) -> str:
        flow = placed.flow
        start, end = placed.parts[0][0], placed.parts[-1][-1]
        leads = path(
            placed.parts, self._end(flow.source, start), self._end(flow.target, end), self.anchors, placed.arch
        )
        return rf"\draw[{self.styles.line(flow.role)}] {leads};"

    def _end(self, id: str, point: Point) -> str:
        """The node where a line begins or ends: a volume, or its label where it does below that."""
        label = self.labels.get(id)
        return _label_id(id) if label and abs(point[1] - label[3]) < _NEAR else id


def _is_body(line: PlacedFlow) -> bool:
    return line.flow.role != "skip"

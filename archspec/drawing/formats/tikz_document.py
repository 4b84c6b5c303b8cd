"""What every picture in TikZ has: its document or fragment, its styles first, and what stands above and below it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from archspec.drawing.content.cards import TITLE, Span
from archspec.drawing.formats.latex import CHARACTER, comment, escaped
from archspec.drawing.formats.marks import FaceMark, Group, PathMark, Picture, RectMark, TextMark
from archspec.drawing.formats.tikz_lines import Anchors
from archspec.drawing.formats.tikz_styles import LIBRARIES, Styles
from archspec.drawing.layout.pages import Sheet

_COMMANDS = {"title": "boxtitle", "count": "boxtitle", "name": "boxname", "label": "boxname", "shape": "boxname",
             "remark": "boxremark", "note": "boxnote", "problem": "boxproblem"}  # fmt: skip
"""The commands that texts of a style stand in; others stand as they are."""


class Printer(ABC):
    """Prints a picture.

    Attributes:
        swatch: The shape of boxes whose colours its legend explains.

    Args:
        picture: Its marks, of which those around it are printed.
        sheet: What it stands on.
        anchors: Where its nodes have their sides.
        styles: What it uses.
    """

    swatch: ClassVar[str]

    def __init__(self, picture: Picture, sheet: Sheet, anchors: Anchors, styles: Styles) -> None:
        self.picture = picture
        self.sheet = sheet
        self.anchors = anchors
        self.styles = styles
        self.number = anchors.number

    def text(self, *, fragment: bool) -> str:
        r"""The LaTeX text: a document of its own, or the picture alone, for a document to ``\input``."""
        return "\n".join(self._fragment() if fragment else self._document()) + "\n"

    @abstractmethod
    def _drawn(self) -> Iterator[str]:
        """The picture itself: nodes, and the lines between them."""

    def _document(self) -> Iterator[str]:
        """A document of its own."""
        body = list(self._body())
        yield from self._about()
        yield r"\documentclass[tikz,border=0bp]{standalone}"
        yield r"\ifdefined\Umathchar\usepackage{fontspec}\else\usepackage[T1]{fontenc}\fi"
        yield r"\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}"
        yield rf"\usetikzlibrary{{{','.join(LIBRARIES)}}}"
        yield r"\begin{document}"
        yield from body
        yield r"\end{document}"

    def _fragment(self) -> Iterator[str]:
        """The picture alone."""
        body = list(self._body())
        yield from self._about()
        yield "% The preamble of the document needs:"
        yield r"%   \usepackage[T1]{fontenc}  % not with LuaLaTeX or XeLaTeX"
        yield r"%   \usepackage{lmodern}  % or other letters that there are in every size"
        yield r"%   \usepackage{tikz}"
        yield rf"%   \usetikzlibrary{{{','.join((*LIBRARIES, 'babel'))}}}"
        yield from body

    def _about(self) -> Iterator[str]:
        yield comment(self.picture.title)
        if self.picture.description:
            yield comment(self.picture.description)

    def _body(self) -> Iterator[str]:
        drawn = [*self._drawn(), *self._around()]
        yield r"\begin{tikzpicture}["
        yield from (f"  {line}," for line in self.styles.options())
        yield "]"
        yield from (f"  {line}" for line in self.styles.definitions())
        if any(r"\character{" in line for line in drawn):
            yield f"  {CHARACTER}"
        width, height = (length / self.sheet.scale for length in self.sheet.size)
        yield rf"  \path[use as bounding box] (0,0) rectangle {self.anchors.step((width, -height))};"
        yield from (f"  {line}" for line in drawn)
        yield r"\end{tikzpicture}"

    def _spans(self, spans: Iterable[Span]) -> str:
        return "".join(map(self._span, spans))

    def _span(self, span: Span) -> str:
        space = "~" * min(len(span.text) - len(span.text.lstrip()), 1)
        command = _COMMANDS.get(span.style, "boxargs" if span.size >= TITLE else "boxtext")
        return rf"{space}\{self.styles.command(command)}{{{escaped(span.text)}}}"

    # What stands above and below

    def _around(self) -> Iterator[str]:
        for group in self.picture.groups:
            if group.kind in ("title", "totals", "legend", "notes"):
                yield f"% {group.kind}"
                yield from self._marks(group)

    def _marks(self, group: Group) -> Iterator[str]:
        for mark in group.marks:
            if isinstance(mark, RectMark | FaceMark):
                left, top, right, bottom = mark.rect
                size = self.anchors.step((right - left, top - bottom))
                yield rf"\path[{self._sample(mark)}] {self._on_sheet(left, top)} rectangle ++{size};"
            elif isinstance(mark, PathMark):
                (_, (start,)), (_, (end,)) = mark.commands
                by = end[0] - start[0], start[1] - end[1]
                role = mark.style.removeprefix("edge-")
                yield rf"\draw[{self.styles.line(role)}, -] {self._on_sheet(*start)} -- ++{self.anchors.step(by)};"
            elif isinstance(mark, TextMark):
                style = self.styles.named("beside")
                yield rf"\node[{style}] at {self._on_sheet(*mark.at)} {{{self._sized(mark.spans)}}};"

    def _sample(self, mark: RectMark | FaceMark) -> str:
        """The style of a sample of the legend."""
        if isinstance(mark, FaceMark):
            return f"{self.styles.face(mark.style.removeprefix('front-'))} front"
        return self.styles.sample(mark.style, self.swatch)

    def _sized(self, spans: Sequence[Span]) -> str:
        size = max(span.size for span in spans)
        font = "" if size <= TITLE else rf"\fontsize{{{self.number(size)}bp}}{{{self.number(size + 4)}bp}}\selectfont"
        text = self._spans(spans)
        if font:
            return rf"{font}\bfseries {''.join(escaped(span.text) for span in spans)}"
        return text

    def _on_sheet(self, x: float, y: float) -> str:
        corner = self.sheet.corner
        return self.anchors.step((x + corner[0] / self.sheet.scale, -y - corner[1] / self.sheet.scale))

    @staticmethod
    def _beside(ids: Iterable[str], sources: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
        """Each of what is drawn, with what is there already that it stands beside: a source, or else the one before.

        Args:
            ids: What is drawn, in order.
            sources: What each is made from, the most fitting first.
        """
        there: set[str] = set()
        last = ""
        for id in ids:
            yield id, next((each for each in sources.get(id, ()) if each in there), last)
            there.add(id)
            last = id

    def _place(self, id: str, near: str) -> str:
        """Where a node stands: of the first, on the sheet; of others, from one that is there."""
        return self.anchors.place(id, near) if near else self._on_sheet(*self.anchors.middle(id))

    def _node(self, options: Iterable[str], id: str, near: str, text: str) -> str:
        """A node, below or beside another where it stands so."""
        place = self._place(id, near)
        at = "" if place.startswith(("below", "above", "right", "left")) else f" at {place}"
        options = [*options, *([] if at else [place])]
        return rf"\node[{', '.join(options)}] ({self.anchors.names[id]}){at} {{{text}}};"

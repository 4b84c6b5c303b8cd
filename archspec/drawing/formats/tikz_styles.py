"""The styles, colours and commands at the top of a TikZ picture: those that it uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from archspec.drawing.content.cards import BAND, LINE_HEIGHT, SMALL, TITLE
from archspec.drawing.content.typefaces import Typeface
from archspec.drawing.formats.looks import looks
from archspec.drawing.formats.themes import Paint, Theme

LIBRARIES = ("arrows.meta", "backgrounds", "fit", "patterns", "positioning", "shadows")
"""Of TikZ, which a picture needs."""

PADDING = 10.0
"""Left and right of the text of a card."""
PILE = 3.0
"""How far each copy stands out from the one before."""

_PATTERNS = {"lines": "north east lines", "falls": "north west lines", "cross": "crosshatch",
             "bars": "horizontal lines", "dots": "dots"}  # fmt: skip
_FONTS = {"sans-serif": r"\sffamily", "serif": r"\rmfamily", "monospace": r"\ttfamily"}
_COLOURS = {"boxname": "muted", "boxremark": "remark", "boxnote": "highlight", "boxproblem": "failed-line"}
"""The colours of commands, where they are not that of titles."""


def card_bases(number: Callable[[float], str]) -> Iterator[str]:
    """What the styles of cards and their lines have in common."""
    pad, line = number(PADDING), f"line width={number(1)}bp"
    yield f"card/.style={{{line}, rounded corners={number(4)}bp, align=left, inner xsep={pad}bp}}"
    yield f"pill/.style={{{line}, rounded corners={number(9)}bp, align=center}}"
    yield f"round/.style={{{line}, shape=circle}}"
    yield arrow_base(number, 7.0)
    yield f"size/.style 2 args={{minimum height=#2bp, text width=#1bp-{number(2 * PADDING)}bp}}"
    stripe = f"([xshift={number(BAND)}bp]path picture bounding box.south west)"
    yield rf"band/.style={{path picture={{\path[#1] (path picture bounding box.north west) rectangle {stripe};}}}}"


def font_of(face: Typeface, size: str, line: str) -> str:
    """What sets letters of a size, in lines of a height, in a font."""
    return rf"{_FONTS[face.kind]}\fontsize{{{size}bp}}{{{line}bp}}\selectfont"


def arrow_base(number: Callable[[float], str], radius: float) -> str:
    """What all lines have in common: a tip, and corners of a radius."""
    tip = f"-{{Latex[length={number(7)}bp, width={number(6)}bp]}}"
    return f"arrow/.style={{{tip}, rounded corners={number(radius)}bp}}"


class Styles:
    """What a picture uses; the last to be printed, and first in the file.

    Args:
        theme: How it looks.
        face: The font of its texts.
        number: A length of the picture as a text, in points.
        bases: What the styles of nodes and lines have in common.
    """

    def __init__(self, theme: Theme, face: Typeface, number: Callable[[float], str], bases: Iterable[str]) -> None:
        self.theme = theme
        self.looks = looks(theme)
        self.typeface = face
        self.number = number
        self.bases = bases
        self._named: dict[str, str] = {}
        self._colours: dict[str, str] = {"ink": theme.ink}
        self._commands: dict[str, str] = {}

    @property
    def has_page(self) -> bool:
        """Whether what is behind the picture has a colour."""
        if self.theme.page == "#ffffff":
            return False
        self._colours["page"] = self.theme.page
        return True

    def options(self) -> Iterator[str]:
        """Options of the picture: the styles."""
        size, line = self.number(SMALL), self.number(LINE_HEIGHT)
        font = font_of(self.typeface, size, line)
        yield "x=1bp, y=1bp"
        yield f"every node/.style={{font={font}, text=ink, inner sep=0pt, outer sep=0pt}}"
        yield from self.bases
        yield from (f"{name}/.style={{{text}}}" for name, text in self._named.items())

    def definitions(self) -> Iterator[str]:
        """Colours and commands, which hold inside of the picture alone."""
        for name, colour in self._colours.items():
            yield rf"\definecolor{{{name}}}{{HTML}}{{{colour.removeprefix('#').upper()}}}"
        yield from self._commands.values()

    def box(self, family: str, shape: str) -> str:
        """The style of the boxes of a family."""
        paint = self.theme.paint(family)
        self._colours |= {f"{family}-fill": paint.fill, f"{family}-line": paint.stroke}
        look = f"draw={family}-line, fill={family}-fill"
        shape = "round" if shape == "circle" else shape
        if shape == "plain":
            return self._add(f"{family} card", f"card, {look}")
        if shape == "card":
            return self._add(f"{family} box", f"card, {look}{self._dash(paint.dash)}{self._band(family, paint)}")
        return self._add(f"{family} {shape}", f"{shape}, {look}{self._dash(paint.dash)}")

    def _band(self, family: str, paint: Paint) -> str:
        """The stripe at the left of a card."""
        if paint.pattern == "none":
            return f", band={{draw={family}-line}}"
        if paint.pattern in _PATTERNS:
            return f", band={{draw={family}-line, pattern={_PATTERNS[paint.pattern]}, pattern color={family}-line}}"
        return f", band={{fill={family}-line}}"

    def _dash(self, dash: str) -> str:
        if not dash:
            return ""
        on, off = (self.number(float(part)) for part in dash.split())
        return f", dash pattern=on {on}bp off {off}bp"

    def heat(self, style: str) -> str:
        """The colour of a step of a scale."""
        self._colours[style] = self.looks[f"swatch-{style}"].fill
        return style

    def sample(self, style: str, shape: str) -> str:
        """The style of a rectangle of a legend, for boxes of a shape."""
        name = style.removeprefix("swatch-")
        return f"fill={self.heat(name)}" if name.startswith("heat") else self.box(name, shape)

    def line(self, role: str) -> str:
        """The style of edges of a role."""
        name = {"skip": "shortcut", "gap": "gap edge"}.get(role, "flow")
        look = self.looks[f"edge-{role}"]
        self._colours[f"{name.split()[0]}-line"] = look.stroke
        text = f"arrow, draw={name.split()[0]}-line, line width={self.number(look.width)}bp{self._dash(look.dash)}"
        return self._add(name, text)

    def named(self, name: str) -> str:
        """One of the styles that are alike in every picture."""
        fill, outline = self.theme.frame
        if name == "highlight":
            self._colours["highlight"] = self.theme.highlight
            return self._add(name, f"draw=highlight, line width={self.number(self.looks['highlight'].width)}bp")
        if name in ("frame", "failed frame"):
            stroke = outline if name == "frame" else self.theme.paint("failed").stroke
            self._colours |= {"frame-fill": fill, f"{name.replace(' ', '-')}-line": stroke}
            look = f"draw={name.replace(' ', '-')}-line, fill=frame-fill"
            return self._add(
                name, f"line width={self.number(1)}bp, {look}, rounded corners={self.number(6)}bp, inner sep=0pt"
            )
        if name == "pile":
            by = self.number(PILE)
            return self._add(
                name,
                f"double copy shadow={{shadow xshift={by}bp, shadow yshift=-{by}bp, line width={self.number(1)}bp}}",
            )
        texts = {
            "frame title": f"inner xsep={self.number(6)}bp, inner ysep={self.number(3)}bp",
            "tensor": "anchor=west",
            "beside": "anchor=base west",
        }
        return self._add(name, texts[name])

    def face(self, fill: str) -> str:
        """The beginning of the names of three styles: the front, the top and the side of volumes of a colour."""
        for side in ("front", "top", "side"):
            look = self.looks[f"{side}-{fill}"]
            self._colours |= {f"{fill}-{side}": look.fill, f"{fill}-line": look.stroke}
            text = f"draw={fill}-line, fill={fill}-{side}, line width={self.number(look.width)}bp"
            self._add(f"{fill} {side}", text + (self._hatching(fill) if side == "front" else ""))
        return fill

    def _hatching(self, fill: str) -> str:
        """The strokes on a front; on that of a step of a scale there are none."""
        pattern = _PATTERNS.get(self.theme.paint(fill).pattern)
        return f", postaction={{pattern={pattern}, pattern color={fill}-line}}" if pattern else ""

    def define(self, name: str, text: str) -> str:
        """A command of the picture's own."""
        self._commands[name] = text
        return name

    def _add(self, name: str, text: str) -> str:
        self._named.setdefault(name, text)
        return name

    def command(self, name: str) -> str:
        """A command around a text."""
        colour = _COLOURS.get(name, "ink")
        found = {"muted": self.theme.muted, "remark": self.theme.remark, "highlight": self.theme.highlight,
                 "failed-line": self.theme.paint("failed").stroke, "ink": self.theme.ink}  # fmt: skip
        self._colours[colour] = found[colour]
        size, line = self.number(TITLE), self.number(LINE_HEIGHT)
        large = rf"\fontsize{{{size}bp}}{{{line}bp}}\selectfont"
        look = {"boxtitle": rf"{large}\bfseries ", "boxargs": f"{large} ", "boxtext": ""}
        before = look.get(name, rf"\color{{{colour}}}")
        self._commands[name] = rf"\def\{name}#1{{{{{before}#1}}}}"
        return name

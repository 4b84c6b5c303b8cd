"""A picture as PDF: vectors, with the fonts embedded."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import Any

from archspec.drawing.content.cards import Span
from archspec.drawing.content.fonts import text_width
from archspec.drawing.formats.looks import Look, looks
from archspec.drawing.formats.marks import BandMark, Commands, FaceMark, Mark, PathMark, Picture, RectMark, TextMark
from archspec.drawing.formats.themes import Theme
from archspec.drawing.layout.geometry import Point
from archspec.drawing.layout.pages import Sheet
from archspec.errors import UsageError

REGULAR, BOLD = "Vera", "VeraBd"
"""Bitstream Vera Sans, which reportlab brings along."""


def font_files() -> tuple[str, ...]:
    """The fonts that pictures are printed with.

    Raises:
        UsageError: They are not installed.
    """
    try:
        import reportlab
    except ModuleNotFoundError:
        raise UsageError("this needs reportlab and its fonts: pip install reportlab") from None
    folder = Path(reportlab.__file__).parent / "fonts"
    return tuple(str(folder / f"{name}.ttf") for name in (REGULAR, BOLD))


def render(picture: Picture, theme: Theme, sheet: Sheet, files: tuple[str, ...] = ()) -> bytes:
    """The PDF file of a picture, the same bytes for the same picture.

    Args:
        picture: The picture.
        theme: How it looks.
        sheet: What it stands on.
        files: Those of the regular and bold letters of its font; Bitstream Vera Sans unless given.

    Raises:
        UsageError: reportlab is not installed.
    """
    names = _registered(files or font_files())
    from reportlab.pdfgen.canvas import Canvas

    size, scale, offset = sheet
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=size, invariant=1, initialFontName=names[0])  # type: ignore[arg-type]
    canvas.setTitle(picture.title)
    canvas.setSubject(picture.description)
    canvas.setCreator("archspec")
    printer = _Printer(canvas, theme, names)
    printer.fill_page(size)
    canvas.translate(offset[0], size[1] - offset[1])
    canvas.scale(scale, scale)
    for group in picture.groups:
        for mark in group.marks:
            printer.mark(mark)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


@cache
def _registered(files: tuple[str, ...]) -> tuple[str, str]:
    """The names of the regular and bold letters of some files."""
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    own = files == font_files()
    regular, bold = (REGULAR, BOLD) if own else files
    for name, file in {regular: files[0], bold: files[1]}.items():
        registerFont(TTFont(name, file))
    return regular, bold


class _Printer:
    """Prints marks on a canvas, whose y grows upwards."""

    def __init__(self, canvas: Any, theme: Theme, fonts: tuple[str, str]) -> None:
        self.canvas = canvas
        self.theme = theme
        self.looks = looks(theme)
        self.fonts = fonts

    def fill_page(self, size: Point) -> None:
        """Paint what is behind all."""
        self._apply(self.looks["page"])
        self.canvas.rect(0, 0, *size, stroke=0, fill=1)

    def mark(self, mark: Mark) -> None:
        """Print a mark."""
        if isinstance(mark, TextMark):
            self._text(mark)
        elif isinstance(mark, BandMark):
            self._path(mark.outline(), self.looks[f"band-{mark.family}"])
            self._hatch(mark)
        elif isinstance(mark, PathMark):
            self._path(mark.commands, self.looks[mark.style])
        elif isinstance(mark, FaceMark):
            self._rect(RectMark(mark.rect, 0.0, mark.style))
            self._hatch(mark)
        else:
            self._rect(mark)

    def _hatch(self, mark: BandMark | FaceMark) -> None:
        if mark.family:
            strokes = mark.hatching(self.theme.paint(mark.family).pattern)
            self._path(strokes, self.looks[f"hatch-{mark.family}"])

    def _apply(self, look: Look) -> None:
        from reportlab.lib.colors import HexColor

        if look.fill:
            self.canvas.setFillColor(HexColor(look.fill))
        if look.stroke:
            self.canvas.setStrokeColor(HexColor(look.stroke))
            self.canvas.setLineWidth(look.width)
            self.canvas.setDash([float(part) for part in look.dash.split()])

    def _rect(self, mark: RectMark) -> None:
        style, *more = mark.style.split()
        look = self.looks[style]
        self._apply(look)
        if "faint" in more:
            self.canvas.setDash([3, 2])
        left, top, right, bottom = mark.rect
        shape = left, -bottom, right - left, bottom - top, mark.radius
        self.canvas.roundRect(*shape, stroke=int(bool(look.stroke)), fill=int(bool(look.fill)))

    def _path(self, commands: Commands, look: Look) -> None:
        self._apply(look)
        path = self.canvas.beginPath()
        draw = {"M": path.moveTo, "L": path.lineTo, "C": path.curveTo}
        for name, points in commands:
            if name == "Z":
                path.close()
            else:
                draw[name](*(number for x, y in points for number in (x, -y)))
        self.canvas.drawPath(path, stroke=int(bool(look.stroke)), fill=int(bool(look.fill)))

    def _text(self, mark: TextMark) -> None:
        widths = [text_width(span.text, span.size, bold=span.bold) for span in mark.spans]
        x, y = mark.at
        x -= {"start": 0.0, "middle": 0.5, "end": 1.0}[mark.anchor] * sum(widths)
        for span, width in zip(mark.spans, widths, strict=True):
            self._span(span, (x, y))
            x += width

    def _span(self, span: Span, at: Point) -> None:
        self._apply(self.looks[span.style])
        self.canvas.setFont(self.fonts[span.bold], span.size)
        self.canvas.drawString(at[0], -at[1], span.text)

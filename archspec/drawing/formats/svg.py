"""A picture as SVG: one file that needs no other, the same bytes for the same picture."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping

from archspec.drawing.content.cards import Span
from archspec.drawing.content.fonts import FAMILY
from archspec.drawing.formats.looks import Look, looks
from archspec.drawing.formats.marks import (
    BandMark,
    Commands,
    FaceMark,
    Group,
    Mark,
    PathMark,
    Picture,
    RectMark,
    TextMark,
)
from archspec.drawing.formats.themes import Theme
from archspec.drawing.layout.pages import Page, Sheet


def render(picture: Picture, theme: Theme, sheet: Sheet | None = None, family: str = FAMILY) -> str:
    """The SVG text of a picture.

    Args:
        picture: The picture.
        theme: How it looks; one with a dark side follows the page around the picture.
        sheet: What it stands on; None for a picture of its own size.
        family: The font of its texts.
    """
    return "\n".join(_Printer(picture, theme, sheet or Page().sheet(picture.size), family).lines()) + "\n"


class _Printer:
    def __init__(self, picture: Picture, theme: Theme, sheet: Sheet, family: str) -> None:
        self.picture = picture
        self.theme = theme
        self.sheet = sheet
        self.family = family
        title = picture.title if picture.title.startswith(picture.name) else f"{picture.name} {picture.title}"
        self.prefix = re.sub(r"[^\w-]+", "-", f"{title} {theme.name}".lower())
        self.looks = looks(theme)
        self.used: set[str] = {"page"}

    def lines(self) -> Iterator[str]:
        """The lines of the file."""
        body = [line for group in self.picture.groups for line in self._group(group)]
        view, size = self.sheet.view, self.sheet.size
        ids = f"{self.prefix}-title {self.prefix}-desc"
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="archspec {self.prefix}" role="img" '
            f'aria-labelledby="{ids}" width="{_number(size[0])}pt" height="{_number(size[1])}pt" '
            f'viewBox="{" ".join(map(_number, view))}">'
        )
        yield f'<title id="{self.prefix}-title">{_text(self.picture.title)}</title>'
        yield f'<desc id="{self.prefix}-desc">{_text(self.picture.description)}</desc>'
        yield f"<style>{self._style()}</style>"
        x, y, width, height = map(_number, view)
        yield f'<rect class="page" x="{x}" y="{y}" width="{width}" height="{height}"/>'
        yield from body
        yield "</svg>"

    def _style(self) -> str:
        """The rules of the styles that are used, for this picture alone."""
        root = f".archspec.{self.prefix}"
        rules = [f"{root}{{font-family:{self.family}}}", f"{root} .title,{root} .count{{font-weight:bold}}"]
        rules += [f"{root} .faint{{stroke-dasharray:3 2}}"]
        rules += self._rules(root, self.looks)
        if self.theme.dark:
            dark = "".join(self._rules(root, looks(self.theme.dark)))
            rules.append(f"@media (prefers-color-scheme:dark){{{dark}}}")
        return "".join(rules)

    def _rules(self, root: str, table: Mapping[str, Look]) -> list[str]:
        return [f"{root} .{name}{{{_declarations(look)}}}" for name, look in table.items() if name in self.used]

    def _group(self, group: Group) -> Iterator[str]:
        data = "".join(f" data-{name}={_attribute(value)}" for name, value in group.data.items())
        name = f"{self.prefix}-{group.id.replace(' ', ':')}"
        yield f"<g class={_attribute(group.kind)} id={_attribute(name)}{data}>"
        yield f"<title>{_text(group.title)}</title>"
        if group.description:
            yield f"<desc>{_text(group.description)}</desc>"
        for mark in group.marks:
            yield from self._mark(mark)
        yield "</g>"

    def _mark(self, mark: Mark) -> Iterator[str]:
        if isinstance(mark, TextMark):
            yield self._text_mark(mark)
            return
        if isinstance(mark, BandMark):
            yield self._path_mark(f"band-{mark.family}", mark.outline())
            yield from self._hatching(mark)
            return
        self.used.update(mark.style.split())
        if isinstance(mark, PathMark):
            yield self._path_mark(mark.style, mark.commands)
        elif isinstance(mark, RectMark):
            yield self._rect(mark)
        else:
            yield self._rect(RectMark(mark.rect, 0.0, mark.style))
            yield from self._hatching(mark)

    def _hatching(self, mark: BandMark | FaceMark) -> Iterator[str]:
        strokes = mark.hatching(self.theme.paint(mark.family).pattern) if mark.family else ()
        if strokes:
            yield self._path_mark(f"hatch-{mark.family}", strokes)

    def _rect(self, mark: RectMark) -> str:
        left, top, right, bottom = mark.rect
        return (
            f'<rect class="{mark.style}" x="{_number(left)}" y="{_number(top)}" width="{_number(right - left)}" '
            f'height="{_number(bottom - top)}" rx="{_number(mark.radius)}"/>'
        )

    def _path_mark(self, style: str, commands: Commands) -> str:
        self.used.add(style)
        return f'<path class="{style}" d="{_path(commands)}"/>'

    def _text_mark(self, mark: TextMark) -> str:
        x, y = mark.at
        anchor = "" if mark.anchor == "start" else f' text-anchor="{mark.anchor}"'
        spans = mark.spans
        self.used.update(span.style for span in spans)
        place = f'x="{_number(x)}" y="{_number(y)}"{anchor}'
        if len(spans) == 1:
            (span,) = spans
            size = _number(span.size)
            return f'<text class="{span.style}" {place} font-size="{size}">{_text(span.text)}</text>'
        return f'<text {place} xml:space="preserve">{"".join(map(_span, spans))}</text>'


def _span(span: Span) -> str:
    return f'<tspan class="{span.style}" font-size="{_number(span.size)}">{_text(span.text)}</tspan>'


def _declarations(look: Look) -> str:
    texts = [f"fill:{look.fill or 'none'}"]
    if look.stroke:
        texts += [f"stroke:{look.stroke}", f"stroke-width:{_number(look.width)}"]
    if look.dash:
        texts.append(f"stroke-dasharray:{look.dash}")
    return ";".join(texts)


def _path(commands: Commands) -> str:
    return "".join(f"{name}{' '.join(f'{_number(x)},{_number(y)}' for x, y in points)}" for name, points in commands)


def _number(value: float) -> str:
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML cannot hold. Those that it can would be a pattern that takes Python ten times as long."""


def _text(text: str) -> str:
    return html.escape(_FORBIDDEN.sub("\ufffd", text), quote=False)


def _attribute(text: str) -> str:
    escaped = html.escape(_FORBIDDEN.sub("\ufffd", text))
    return f'"{escaped}"'

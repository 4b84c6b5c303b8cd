"""What a picture is fitted to: a page, a width, a size, a shape, and the size of its text."""

from __future__ import annotations

from enum import Enum
from math import inf
from typing import NamedTuple

from archspec.drawing.content.cards import LEGIBLE, SMALL
from archspec.drawing.layout import lengths
from archspec.drawing.layout.geometry import Point
from archspec.errors import UsageError, did_you_mean

PAPERS = {"a3": (842.0, 1191.0), "a4": (595.0, 842.0), "a5": (420.0, 595.0), "letter": (612.0, 792.0)}
"""Width and height of upright pages, in points."""
PAGES = (*PAPERS, *(f"{name}-landscape" for name in PAPERS))
"""Names of pages."""

MARGIN = 12.0
"""Around the picture."""
PAGE_MARGIN = 36.0
"""Around the picture on a page."""
HIGHEST = PAPERS["a4"][1] - 2 * PAGE_MARGIN
"""How high a picture can be printed on an upright page."""
_CUT = 10.0
"""Of the margin around a picture that goes into a text, which has margins of its own."""
_UPRIGHT = 2**0.5
"""How high a picture of a width is at most, for each point of that, where it can be smaller."""
_SHAPE = 1000.0
"""The height of a page of which only the shape counts."""


class Fit(Enum):
    """What of a page counts."""

    FREE = "nothing: the picture has its own size"
    PAPER = "a sheet with margins, on which the text is no larger than asked"
    WIDTH = "its width: the picture is as high as it becomes"
    SIZE = "its width and height, with text of a size"
    FILLED = "its width and height, with text as large as they allow"
    SHAPE = "its shape: the picture is as large as it becomes"


class Sheet(NamedTuple):
    """Where a picture stands on what it is printed on.

    Attributes:
        size: Width and height of the sheet, in points.
        scale: Points for each unit of the picture.
        corner: Where the corner of the picture is on it, in points.
    """

    size: Point
    scale: float
    corner: Point

    @property
    def view(self) -> tuple[float, float, float, float]:
        """The left, the top, the width and the height of the sheet in units of the picture."""
        x, y = self.corner
        return -x / self.scale, -y / self.scale, self.size[0] / self.scale, self.size[1] / self.scale


class Page(NamedTuple):
    """What a picture is fitted to.

    Attributes:
        name: What was asked for, for messages.
        fit: What of it counts.
        width: Its width in points.
        height: Its height in points.
        text: The size asked of the smallest text, in points; None for the usual one.
        least: The size of the smallest text of the picture, in its units.
    """

    name: str = ""
    fit: Fit = Fit.FREE
    width: float = inf
    height: float = inf
    text: float | None = None
    least: float = SMALL

    @property
    def scale(self) -> float:
        """Points for each unit of a picture with text as large as asked."""
        return (self.text or self.least) / self.least

    @property
    def room(self) -> Point:
        """What a picture may be as large as, with text as large as asked."""
        margin = PAGE_MARGIN if self.fit is Fit.PAPER else 0.0
        more = 2 * self._cut
        return (self.width - 2 * margin) / self.scale + more, (self.height - 2 * margin) / self.scale + more

    @property
    def _cut(self) -> float:
        return 0.0 if self.fit in (Fit.FREE, Fit.PAPER) else _CUT

    def without(self, height: float) -> Page:
        """What is left for a picture below and above which something is so high."""
        return self._replace(height=max(self.height - height * self.scale, 1.0)) if self.fit is Fit.SIZE else self

    def fitted(self, size: Point) -> float:
        """How much smaller a picture is made than its text asks for; 1 where it fits as it is."""
        parts = [
            (room - 2 * self._cut) / (length - 2 * self._cut) for length, room in zip(size, self.room, strict=True)
        ]
        return min(parts) if self.fit in (Fit.FILLED, Fit.SHAPE) else min(1.0, *parts)

    def suits(self, size: Point) -> bool:
        """Whether a picture can be read there as it is asked, and is no higher than an upright page is."""
        text = self.least * self.scale * (1.0 if self.fit is Fit.SHAPE else self.fitted(size))
        fits = self.fit is not Fit.WIDTH or size[1] <= _UPRIGHT * max(size[0], self.room[0])
        return fits and text >= (self.text or LEGIBLE) - 0.01

    def prints(self, size: Point) -> bool:
        """Whether a picture can be read there and is no higher than a sheet of paper."""
        fitted = self.fitted(size)
        height = (size[1] - 2 * self._cut) * self.scale * fitted
        return height <= HIGHEST and self.least * self.scale * fitted >= LEGIBLE

    def sheet(self, size: Point) -> Sheet:
        """The sheet that a picture of a size is printed on."""
        scale = self.scale * (1.0 if self.fit is Fit.SHAPE else self.fitted(size))
        inner = tuple((length - 2 * self._cut) * scale for length in size)
        page = self._held((inner[0], inner[1]))
        left, top = ((room - length) / 2 - self._cut * scale for room, length in zip(page, inner, strict=True))
        return Sheet(page, scale, (left, PAGE_MARGIN if self.fit is Fit.PAPER else top))

    def _held(self, inner: Point) -> Point:
        """The size of the sheet around a picture of a size in points."""
        if self.fit is Fit.FREE:
            return inner
        if self.fit is Fit.WIDTH:
            return self.width, inner[1]
        return _grown(inner, self.width / self.height) if self.fit is Fit.SHAPE else (self.width, self.height)


def _grown(size: Point, ratio: float) -> Point:
    """The least size of a shape that holds another."""
    width = max(size[0], size[1] * ratio)
    return width, width / ratio


def page_of(
    paper: str | None = None, width: str | None = None, size: str | None = None, font_size: str | None = None
) -> Page:
    """The page that is asked for.

    Args:
        paper: The name of a page; see `PAGES`.
        width: A length, or one of `lengths.NAMED`.
        size: A shape such as ``16:9``, or a width and a height such as ``160x90mm``.
        font_size: The size of the smallest text.

    Raises:
        UsageError: There is no such page or length, or two of them contradict each other.
    """
    text = lengths.length(font_size, "font size", "8pt") if font_size is not None else None
    given = [name for name, value in (("paper", paper), ("width", width), ("size", size)) if value is not None]
    ratio = lengths.shape(size) if isinstance(size, str) else None
    if len(given) > 1 and not (given == ["width", "size"] and ratio):
        raise UsageError(f"a picture has a {given[0]} or a {given[1]}, not both; a width goes with a shape, as `16:9`")
    if paper is not None:
        return Page(paper, Fit.PAPER, *page_size(paper), text)
    if ratio:
        if width is None:
            return Page(str(size), Fit.SHAPE, _SHAPE * ratio[0] / ratio[1], _SHAPE, text)
        wide = lengths.width(width)
        return _sized(f"{width}, {size}", (wide, wide * ratio[1] / ratio[0]), text)
    if size is not None:
        return _sized(size, lengths.size(size), text)
    return Page(str(width), Fit.WIDTH, lengths.width(width), inf, text) if width is not None else Page(text=text)


def _sized(name: str, size: Point, text: float | None) -> Page:
    return Page(name, Fit.FILLED if text is None else Fit.SIZE, *size, text)


def page_size(paper: str | None) -> Point:
    """The width and height of a page: ``a4`` upright, or ``a4-landscape``; A4 unless named.

    Raises:
        UsageError: No page has that name.
    """
    name, dash, way = (paper or "a4").partition("-")
    if name not in PAPERS or (dash and way not in ("landscape", "portrait")):
        raise UsageError(f"there is no paper `{paper}`; {did_you_mean(str(paper), PAGES) or 'such as `a4`'}")
    width, height = PAPERS[name]
    return (height, width) if way == "landscape" else (width, height)

"""Where the name and the title of a frame are written: at its corners, or further in where a line leads there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from archspec.drawing.content.cards import SMALL
from archspec.drawing.layout.geometry import Point, Rect
from archspec.drawing.layout.setting import HEADER

INSET = 6.0
"""From the side of a frame to what is written there."""
_ABOVE = 3.0
"""From the top of a frame to the text of its title."""
_BETWEEN = 3 * 0.318 * SMALL
"""Between a name and a title beside each other: three spaces."""

_STEP = 4.0
"""Between places that are tried for a title."""


class Titling(NamedTuple):
    """How the name and the title of a frame are written.

    Attributes:
        together: Whether the title stands beside the name, not at the other side.
        name: From the left side of the frame to its name.
        title: From the title to the right side.
        untold: Whether the title is left out, since lines leave it no room.
    """

    together: bool = False
    name: float = INSET
    title: float = INSET
    untold: bool = False

    def rects(self, widths: Point, rect: Rect, *, upwards: bool = False) -> tuple[Rect, ...]:
        """Where name and title are written, in the picture.

        Args:
            widths: Of name and title; no title has none.
            rect: Where the frame stands.
            upwards: Whether what it holds is read from below, so that they are written at its bottom.
        """
        left, top, right, bottom = rect
        name, title = widths
        high = bottom - HEADER if upwards else top + _ABOVE
        begin, end, low = left + self.name, right - self.title, high + SMALL
        if self.together:
            return ((begin, high, begin + name + (_BETWEEN + title) * bool(title), low),)
        if self.untold or not title:
            return ((begin, high, begin + name, low),)
        return (begin, high, begin + name, low), (end - title, high, end, low)

    def free(self, widths: Point, rect: Rect, is_free: Callable[[Rect], bool], *, upwards: bool = False) -> Titling:
        """The same, or where that is not free the name further right and the title further left, or left out."""

        def first(index: int, tried: Iterator[Titling]) -> Titling | None:
            return next((each for each in tried if is_free(each.rects(widths, rect, upwards=upwards)[index])), None)

        room = rect[2] - rect[0] - INSET - sum(widths) - _BETWEEN
        steps = range(max(1, int(room / _STEP)))
        named = first(0, (self._replace(name=self.name + _STEP * step) for step in steps))
        if named is None or len(named.rects(widths, rect)) == 1:
            return named or self
        left = range(max(1, int((room - named.name) / _STEP)))
        found = first(1, (named._replace(title=named.title + _STEP * step) for step in left))
        return found or named._replace(untold=True)

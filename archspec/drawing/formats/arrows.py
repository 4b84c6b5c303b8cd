"""Lines and the tips at their ends, as paths."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

from archspec.drawing.formats.marks import Commands
from archspec.drawing.layout.geometry import Part, Point

_TIP = 7.0, 3.0
"""Length and half the breadth of the tip of an arrow."""


def with_tip(parts: Sequence[Part]) -> tuple[tuple[Part, ...], Commands]:
    """A line that ends where the tip of an arrow begins, and the tip."""
    *before, last = parts
    end = last[-1]
    earlier = [point for part in parts for point in part if point != end]
    back = earlier[-1]
    length = hypot(end[0] - back[0], end[1] - back[1])
    along = (end[0] - back[0]) / length, (end[1] - back[1]) / length
    size, half = _TIP
    base = end[0] - along[0] * size, end[1] - along[1] * size
    corners = (
        (base[0] - along[1] * half, base[1] + along[0] * half),
        (base[0] + along[1] * half, base[1] - along[0] * half),
    )
    tip: Commands = (("M", (end,)), ("L", (corners[0],)), ("L", (corners[1],)), ("Z", ()))
    cut = end[0] - along[0] * (size - 1), end[1] - along[1] * (size - 1)
    if len(last) == 2:
        return (*before, (last[0], cut)), tip
    shift = cut[0] - end[0], cut[1] - end[1]
    control = last[2][0] + shift[0], last[2][1] + shift[1]
    return (*before, (last[0], last[1], control, cut)), tip


def commands(parts: Sequence[Part]) -> Commands:
    """Parts as one path; straight ones that go on in the same direction become one."""
    found: list[tuple[str, tuple[Point, ...]]] = [("M", (parts[0][0],))]
    for part in parts:
        if found[-1][1][-1] != part[0]:
            found.append(("L", (part[0],)))
        if part[0] != part[-1]:
            found.append(("L" if len(part) == 2 else "C", part[1:]))
    return tuple(found)

"""Names of points in a plot, beside them and on nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

Spot = tuple[float, float]

_BESIDE: tuple[tuple[float, float, str, str], ...] = (
    (-5, 4, "right", "bottom"),
    (-6, 0, "right", "center_baseline"),
    (5, -4, "left", "top"),
)
"""Where a name may stand: points to the right and upwards of its spot, and which side of it is there.

First on the empty side of the front, in the order of the points; on the other side where there is nothing.
"""
_OTHER_SIDE = {"bottom": "top", "top": "bottom", "center_baseline": "center_baseline"}
_DOT = 3.5
"""Half of what a point takes, in pixels."""
_BETWEEN = 6.0
"""Pixels between places of a line that a name keeps away from."""


def place_labels(
    axes: Axes, named: Sequence[tuple[Spot, str]], spots: Sequence[Spot], line: Sequence[Spot], *, below: bool
) -> None:
    """Write names beside points, each where it covers no point, no line, no other name and no edge.

    A name for which there is no such place is left out.

    Args:
        axes: The plot, all of whose points are there.
        named: Points and their names; those at both ends have a place first.
        spots: All points.
        line: The corners of the line.
        below: Whether names stand below the line, and not above it.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    inside = axes.get_window_extent()
    places = [(float(x), float(y)) for x, y in axes.transData.transform([*spots, *line])]
    dots, corners = places[: len(spots)], places[len(spots) :]
    dots += [place for one, other in pairwise(corners) for place in _along(one, other)]
    taken: list[Bbox] = []
    for spot, name in _from_the_ends(named):
        for right, up, side, edge in _BESIDE:
            up, edge = (-up, _OTHER_SIDE[edge]) if below else (up, edge)
            text = axes.annotate(
                name,
                spot,
                (right, up),
                textcoords="offset points",
                ha=side,
                va=edge,
                fontsize=7.5,
                annotation_clip=False,
            )
            box = text.get_window_extent()
            if _holds(inside, box) and not any(box.overlaps(other) for other in taken) and not _covers(box, dots):
                taken.append(box)
                break
            text.remove()


def _holds(outer: Bbox, inner: Bbox) -> bool:
    """Whether a rectangle is inside of another."""
    across = outer.x0 <= inner.x0 and inner.x1 <= outer.x1
    return bool(across and outer.y0 <= inner.y0 and inner.y1 <= outer.y1)


def _from_the_ends(named: Sequence[tuple[Spot, str]]) -> list[tuple[Spot, str]]:
    """The first, the last, the middle one, then those in the middles of what is between."""
    order: list[int] = []
    parts = [(0, len(named) - 1)]
    if named:
        order += [0, len(named) - 1]
    while parts:
        low, high = parts.pop(0)
        if high - low > 1:
            middle = (low + high) // 2
            order.append(middle)
            parts += [(low, middle), (middle, high)]
    return [named[number] for number in dict.fromkeys(order)]


def _along(start: Spot, end: Spot) -> list[Spot]:
    """Places on the way from one to another."""
    steps = 1 + int(max(abs(end[0] - start[0]), abs(end[1] - start[1])) / _BETWEEN)
    parts = (number / steps for number in range(steps + 1))
    return [(start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])) for part in parts]


def _covers(box: Bbox, dots: Sequence[Spot]) -> bool:
    """Whether a name would cover a point, or a line."""
    return any(box.x0 - _DOT < x < box.x1 + _DOT and box.y0 - _DOT < y < box.y1 + _DOT for x, y in dots)

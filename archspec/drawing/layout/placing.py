"""How a scene is laid out: by its scales where it has some, else as a flow down a page or to the right."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Literal, get_args

from archspec.drawing.content.cards import LEGIBLE, SMALL, Card
from archspec.drawing.content.scene import Scene
from archspec.drawing.layout.flow import flow
from archspec.drawing.layout.geometry import Point
from archspec.drawing.layout.placed import Placing, fitted, page_size
from archspec.drawing.layout.scaled import scaled
from archspec.drawing.layout.scales import scales
from archspec.errors import UsageError, did_you_mean

Direction = Literal["auto", "down", "right"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
Layout = Literal["auto", "flow", "scales"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)

_MANY = 500
"""Pictures of more boxes are read downwards; the other direction is not tried."""
_CLEARER = 1.3
"""Where the text of a layout by scales is too small, a flow must make it this much larger to be drawn instead."""
_TURNED = 1.15
"""Reading from left to right must make the picture this much larger."""


def place(
    scene: Scene,
    cards: Mapping[str, Card],
    direction: Direction = "auto",
    paper: str | None = None,
    layout: Layout = "auto",
) -> Placing:
    """Lay out a scene by its scales, or so that it is large on a page; to the right without one, in a single row.

    Raises:
        UsageError: There is no such direction, paper or layout, or the scene has no scales to be laid out by.
    """
    for kind, name, known in (("direction", direction, DIRECTIONS), ("layout", layout, LAYOUTS)):
        if name not in known:
            raise UsageError(f"there is no {kind} `{name}`; {did_you_mean(name, known)}".rstrip("; "))
    page = page_size(paper)
    found = None
    if layout == "scales" or (layout == "auto" and direction == "auto"):
        levels = scales(scene)
        found = scaled(levels, scene, cards) if levels else None
        if found is None and layout == "scales":
            why = "its lines find no way between boxes" if levels else "its resolution neither comes back nor stays"
            raise UsageError(f"it cannot be laid out by scales: {why}")
    if found and (layout == "scales" or fitted(found.size, page) >= LEGIBLE / SMALL):
        return found
    flowing = _flow(scene, cards, direction, page, paged=bool(paper))
    return found if found and fitted(found.size, page) * _CLEARER >= fitted(flowing.size, page) else flowing


def _flow(scene: Scene, cards: Mapping[str, Card], direction: Direction, page: Point, *, paged: bool) -> Placing:
    """The flow that is largest on a page."""
    if direction == "right":
        return flow(scene, cards, page if paged else (inf, page[1]), rightwards=True).placing()
    down = flow(scene, cards, page, rightwards=False)
    upright = direction == "down" or page[0] < page[1]
    if upright or fitted(down.size, page) == 1.0 or len(scene.boxes) > _MANY:
        return down.placing()
    right = flow(scene, cards, page, rightwards=True)
    gain = fitted(right.size, page) / fitted(down.size, page)
    return right.placing() if gain > _TURNED else down.placing()
